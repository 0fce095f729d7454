"""Rules for static/ and templates/ as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from debugkit.debug.page import assets

TOKEN = "t-"


def classes(css: str) -> set[str]:
    """The classes that a style sheet names in its selectors."""
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    return set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", selectors))


def test_classes_of_tokens_have_a_prefix_that_no_class_of_the_page_has() -> None:
    sheets = {name: classes(assets.style(name)) for name in (*assets.STYLES, *assets.LATER)}

    assert {name for name in sheets.pop("syntax") if not name.startswith(TOKEN)} == set()
    assert {name for sheet in sheets.values() for name in sheet if name.startswith(TOKEN)} == set()


def test_pages_load_every_style_sheet_as_one_but_those_that_are_needed_later() -> None:
    styles = sorted(Path(entry.name).stem for entry in (assets.folder("static") / "styles").iterdir())
    files = {name: asset.body.decode() for name, asset in assets.static_files().items()}

    assert sorted((*assets.STYLES, *assets.LATER)) == styles
    assert all(assets.style(name) in files["page.css"] for name in assets.STYLES)
    for name in assets.LATER:
        assert files[f"{name}.css"] == assets.style(name)
        assert any(f'"./{name}.css"' in text for file, text in files.items() if file.endswith(".js"))


def test_lines_have_at_most_120_columns() -> None:
    files = [path for path in Path(str(assets.folder("static"))).rglob("*") if path.suffix in (".css", ".js")]
    files += [path for path in Path(str(assets.folder("templates"))).rglob("*.*") if path.is_file()]

    assert [
        f"{path.name}:{number}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > 120
    ] == []


@pytest.mark.parametrize("name", sorted(name for name in assets.static_files() if name.startswith("dk-")))
def test_a_file_defines_the_element_of_its_name_and_exports_its_class(name: str) -> None:
    script = assets.static_files()[name].body.decode()
    tag = name.removesuffix(".js")
    kind = "".join(part.capitalize() for part in tag.split("-"))

    assert script.startswith(f"// <{tag}>: ")
    assert re.findall(r"class (\w+) extends", script) == [kind]
    assert re.findall(r"customElements\.define\((.*)\)", script) == [f'"{tag}", {kind}']
    scripts = [asset.body.decode() for file, asset in assets.static_files().items() if file.endswith(".js")]
    later = any(f'import("./{name}")' in script for script in scripts)
    assert later is not (f'import "./{name}";' in assets.static_files()["debugkit.js"].body.decode())


def test_what_scripts_add_to_a_page_are_elements_and_the_theme() -> None:
    scripts = {name: asset.body.decode() for name, asset in assets.static_files().items() if name.endswith(".js")}

    assert {name for name in re.findall(r'import "\./(.*)"', scripts["debugkit.js"]) if name[:3] != "dk-"} == set()
    assert {name for name, script in scripts.items() if re.search(r"dataset\.theme [=]|debugkit\.theme", script)} == {
        "theme.js"
    }


def test_elements_are_told_of_each_other_by_events_only() -> None:
    scripts = {name: asset.body.decode() for name, asset in assets.static_files().items() if name.startswith("dk-")}

    dispatched = {name for name, script in scripts.items() if "dispatchEvent" in script or "CustomEvent" in script}
    assert dispatched == set()
    imported = {
        (name, other) for name, script in scripts.items() for other in re.findall(r'from "\./(dk-\S+)"', script)
    }
    assert imported == set()


def test_scripts_find_elements_by_attributes_and_never_by_classes() -> None:
    scripts = {name: asset.body.decode() for name, asset in assets.static_files().items() if name.endswith(".js")}
    lookup = re.compile(r"""(?:querySelector(?:All)?|closest|matches)\(\s*["'`]([^"'`]*)""")

    assert {
        (name, selector) for name in scripts for selector in lookup.findall(scripts[name]) if "." in selector
    } == set()
    assert {name for name in scripts if re.search(r"classList|className [!=]==|ByClassName", scripts[name])} == set()


def test_templates_measure_nothing() -> None:
    """What is long, large or many is said by the view models, where the number has a name and a reason."""
    folder = Path(str(assets.folder("templates")))
    measure = re.compile(r"{[{%][^}]*?(?:[<>]=? *[2-9]|[<>]=? *1\d|truncate|\[:? *\d)[^}]*}")

    found = {(path.name, text) for path in folder.rglob("*.*") for text in measure.findall(path.read_text("utf-8"))}
    assert found == set()


def test_macros_are_ascii() -> None:
    """A page of one "→" takes twice the memory, and ten times as long to encode."""
    folder = Path(str(assets.folder("templates")))
    assert [path.name for path in folder.glob("macros/*.html") if not path.read_bytes().isascii()] == []


def test_each_template_is_a_page_or_a_fragment_or_macros() -> None:
    folder = Path(str(assets.folder("templates")))
    templates = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.*")}

    assert {name.partition("/")[0] for name in templates} == {"pages", "fragments", "macros"}
    assert {
        name for name, text in templates.items() if text.count("{% macro") and name.startswith("fragments")
    } == set()
    named = set(re.findall(r'(?:{% (?:from|include|extends) |(?:kept|part)\()"(.*?)"', "".join(templates.values())))
    assert named - set(templates) == set()
    imported = set(re.findall(r'{% from "(.*?)" import', "".join(templates.values())))
    assert imported == {name for name in templates if name.startswith("macros")}
