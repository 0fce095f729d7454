"""Where lines come from, and whether they are still those that ran."""

from __future__ import annotations

import doctest
import importlib
import linecache
import os
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import jinja2
import pytest
from process_support import TIMEOUT

from debugkit.debug.safe.text import encodable
from debugkit.debug.source import loading
from debugkit.debug.tracebacks import templates

LIMIT = 100_000


@dataclass(eq=False)
class Frame:
    """What is read of a captured frame."""

    filename: str
    frame: FrameType | None = None
    code: CodeType | None = None
    lineno: int = 1
    text: str = ""


def frames_of(function: Callable[[], object]) -> list[Frame]:
    """The frames of what ``function`` raises, outermost first, without the one of this helper."""
    try:
        function()
    except Exception as error:
        traceback = error.__traceback__
        found = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            found.append(Frame(code.co_filename, traceback.tb_frame, code, traceback.tb_lineno))
            traceback = traceback.tb_next
        return found[1:]
    raise AssertionError("nothing was raised")


def lines_of(frame: Frame, limit: int = LIMIT) -> tuple[str, ...]:
    return loading.find_source(frame, limit).lines


@pytest.fixture
def import_path(tmp_path: Path) -> Iterator[Path]:
    sys.path.insert(0, str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        del sys.modules[name]
    importlib.invalidate_caches()


def imported(folder: Path, name: str, text: str) -> ModuleType:
    (folder / f"{name}.py").write_text(text, "utf-8")
    importlib.invalidate_caches()
    return importlib.import_module(name)


# Text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("a", ("a",)),
        ("a\n", ("a",)),
        ("a\n\n", ("a", "")),
        ("a\r\nb\rc\n", ("a", "b", "c")),
        ("a\x0cb\u2028c\x85d\x1ce\vf\n", ("a\x0cb\u2028c\x85d\x1ce\vf",)),
    ],
)
def test_only_the_line_ends_of_the_compiler_end_a_line(text: str, lines: tuple[str, ...]) -> None:
    assert loading.split_lines(text) == lines


def test_lines_are_counted_as_the_interpreter_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "mixed.py"
    path.write_bytes(b"a = 1\r\nb = '\x0c\xe2\x80\xa8'\r\x0cc = 1\n\r\nraise ValueError(c)")
    [frame] = frames_of(lambda: exec(compile(path.read_bytes(), str(path), "exec"), {}))[1:]
    assert lines_of(frame)[frame.lineno - 1] == "raise ValueError(c)"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("ä".encode(), "ä"),
        (b"\xef\xbb\xbfa", "a"),
        (b"# coding: latin-1\n\xe4", "# coding: latin-1\nä"),
        (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n\x80", "#!/usr/bin/python\n# -*- coding: cp1252 -*-\n€"),
        (b"a\xffb", "a\ufffdb"),
        (b"\xef\xbb\xbf# coding: latin-1\n\xc3\xa4", "# coding: latin-1\nä"),
        (b"# coding: no-such-codec\n\xc3\xa4", "# coding: no-such-codec\nä"),
        (b"# coding: hex\nab", "# coding: hex\nab"),
        (b"# coding: utf-8\n\xed\xa0\x80", "# coding: utf-8\n\ufffd\ufffd\ufffd"),
    ],
)
def test_the_encoding_is_that_of_the_compiler_and_mistakes_do_not_raise(data: bytes, text: str) -> None:
    assert loading.decode(data) == text


def test_printable_text_can_always_be_encoded() -> None:
    assert encodable("a\ud800b\0c").encode() == "a?b\ufffdc".encode()


# Files


def test_a_file_is_read_once_for_each_state(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("first\n")
    frame = Frame(str(path))
    first = loading.find_source(frame, LIMIT)
    assert loading.find_source(frame, LIMIT) is first
    path.write_text("second, longer\n")
    assert lines_of(frame) == ("second, longer",)


def test_a_file_of_the_same_size_and_time_in_another_place_is_another_file(tmp_path: Path) -> None:
    path, other = tmp_path / "module.py", tmp_path / "other.py"
    path.write_text("one\n")
    other.write_text("two\n")
    os.utime(path, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    frame = Frame(str(path))
    assert lines_of(frame) == ("one",)
    other.replace(path)
    assert lines_of(frame) == ("two",)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    path.write_text("x" * 2000)
    found = loading.find_source(Frame(str(path)), 1999)
    assert found.lines == ()
    assert found.notice == f"{path} is too large to show: 2,000 bytes, and the limit is 1,999."
    assert lines_of(Frame(str(path)), 2000) == ("x" * 2000,)


def test_a_file_that_does_not_tell_its_size_is_read_up_to_the_limit() -> None:
    if not Path("/proc/self/maps").exists():
        pytest.skip("needs procfs")
    found = loading.find_source(Frame("/proc/self/maps"), 100)
    assert found.lines == ()
    assert "too large" in found.notice


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    found = loading.find_source(Frame(str(tmp_path / "pipe.py")), LIMIT)
    assert found.lines == ()
    assert found.notice.endswith("is not a regular file; it was not read.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_with_a_lazy_entry_in_linecache_does_not_block(tmp_path: Path) -> None:
    path = str(tmp_path / "lazy.py")
    os.mkfifo(path)
    linecache.cache[path] = (lambda: None,)
    try:
        assert lines_of(Frame(path)) == ()
    finally:
        del linecache.cache[path]


def test_devices_and_folders_are_not_read(tmp_path: Path) -> None:
    for name in ("/dev/zero", str(tmp_path)):
        assert lines_of(Frame(name)) == ()


@pytest.mark.parametrize(
    "name",
    ["", "\0", "a\0b.py", "\ud800.py", "/" + "x" * 5000, "<stdin>", "<>", "<", ">", "/no/such/file.py", " ", "\n"],
)
def test_a_hostile_file_name_has_no_source_and_a_notice(name: str) -> None:
    found = loading.find_source(Frame(name), LIMIT)
    assert found.lines == ()
    assert found.notice.endswith(" is not available.")
    assert found.notice.encode()


def test_a_relative_name_is_looked_up_on_the_path(import_path: Path) -> None:
    sys.path[0:0] = [b"bytes", 3]  # type: ignore[list-item]
    try:
        (import_path / "relative_name.py").write_text("here\n")
        assert lines_of(Frame("relative_name.py")) == ("here",)
    finally:
        del sys.path[0:2]


def test_a_frozen_module_is_read_from_its_file() -> None:
    frame = Frame("<frozen os>", eval("lambda: __import__('sys')._getframe()", vars(os))())
    assert "import abc" in lines_of(frame, 10_000_000)


def test_threads_may_ask_at_once(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("line\n" * 100)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(lines_of(Frame(str(path)))))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert found == [100] * 8


# Loaders and linecache


def test_a_module_in_a_zip_file_is_read_through_its_loader(import_path: Path) -> None:
    with zipfile.ZipFile(import_path / "app.zip", "w") as archive:
        archive.writestr("zipped_module.py", "def fail():\n    raise ValueError('in zip')\n")
    sys.path.insert(0, str(import_path / "app.zip"))
    try:
        module = importlib.import_module("zipped_module")
        frame = frames_of(module.fail)[-1]
    finally:
        sys.path.pop(0)
    assert lines_of(frame)[frame.lineno - 1] == "    raise ValueError('in zip')"


def executed(filename: str, **names: Any) -> Frame:
    code = compile("raise ValueError", filename, "exec")
    return frames_of(lambda: exec(code, names))[-1]


class Loader:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    def get_source(self, name: str) -> object:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def test_a_loader_is_believed_for_the_modules_own_code() -> None:
    frame = executed("/virtual/m.py", __name__="m", __file__="/virtual/m.py", __loader__=Loader("a\nb"))
    assert lines_of(frame) == ("a", "b")


def test_code_run_by_exec_in_a_module_does_not_get_the_modules_source() -> None:
    frame = executed("<string>", __name__="m", __file__="/virtual/m.py", __loader__=Loader("a\nb"))
    assert loading.find_source(frame, LIMIT).notice == "The source of <string> is not available."


@pytest.mark.parametrize(
    "answer", [None, b"bytes", 3, ImportError(), SystemExit(3), KeyboardInterrupt(), GeneratorExit(), RecursionError()]
)
def test_a_loader_that_answers_nothing_useful_or_raises_means_no_source(answer: object) -> None:
    frame = executed("/virtual/m.py", __name__="m", __file__="/virtual/m.py", __loader__=Loader(answer))
    assert lines_of(frame) == ()


def test_a_loader_may_be_any_object() -> None:
    frame = executed("/virtual/m.py", __name__="m", __file__="/virtual/m.py", __spec__=3, __loader__=object())
    assert lines_of(frame) == ()


def test_lone_surrogates_never_come_out() -> None:
    frame = executed("/virtual/m.py", __name__="m", __file__="/virtual/m.py", __loader__=Loader("a = '\ud800'"))
    assert lines_of(frame) == ("a = '?'",)


def test_code_registered_in_linecache_is_found() -> None:
    linecache.cache["<test console 1>"] = (5, None, ["a\n", "b\n"], "<test console 1>")
    try:
        assert lines_of(Frame("<test console 1>")) == ("a", "b")
    finally:
        del linecache.cache["<test console 1>"]


def test_an_entry_for_any_string_says_nothing_about_this_one() -> None:
    linecache.cache["<string>"] = (5, None, ["other\n"], "<string>")
    try:
        assert lines_of(Frame("<string>")) == ()
    finally:
        del linecache.cache["<string>"]


def test_a_doctest_shows_its_example() -> None:
    seen: list[tuple[str, ...]] = []

    def look() -> None:
        seen.append(lines_of(Frame(sys._getframe(1).f_code.co_filename)))

    test = doctest.DocTestParser().get_doctest(">>> look()  # here\n", {"look": look}, "example", None, None)
    doctest.DocTestRunner(verbose=False).run(test)
    assert seen == [("look()  # here",)]


# Templates


def rendered(templates: dict[str, str], name: str = "page.html", **options: Any) -> list[Frame]:
    environment = jinja2.Environment(loader=jinja2.DictLoader(templates), **options)
    return frames_of(lambda: environment.get_template(name).render())


def test_a_template_in_memory_is_read_through_its_environment() -> None:
    frame = rendered({"page.html": "<p>\n{{ 1 / 0 }}\n</p>"})[-1]
    source = loading.find_source(frame, LIMIT)
    assert (frame.lineno, source.lines, source.template) == (2, ("<p>", "{{ 1 / 0 }}", "</p>"), "page.html")
    assert templates.is_jinja(frame.frame)


def test_each_template_frame_has_the_source_of_its_own_template() -> None:
    frames = rendered(
        {
            "base.html": "base\n{% block body %}{% endblock %}",
            "page.html": "{% extends 'base.html' %}{% block body %}{% include 'part.txt' %}{% endblock %}",
            "part.txt": "{% import 'macros.html' as m %}\n{{ m.divide(0) }}",
            "macros.html": "{% macro divide(x) %}\n\n{{ 1 / x }}{% endmacro %}",
        }
    )
    found = [loading.find_source(frame, LIMIT).template for frame in frames if templates.is_jinja(frame.frame)]
    assert found == ["page.html", "base.html", "page.html", "part.txt", "macros.html"]


def test_a_template_that_cannot_be_compiled_shows_its_text() -> None:
    frame = rendered({"page.html": "one\n{% if %}"})[-1]
    source = loading.find_source(frame, LIMIT)
    assert (frame.lineno, source.lines, source.template) == (2, ("one", "{% if %}"), "page.html")


def render_template_string(source: str) -> str:
    """As Flask has it: the template has no name, and nothing but this frame has its text."""
    template = jinja2.Environment().from_string(source)
    return template.render()


def test_a_template_made_of_a_string_is_found_in_a_neighbour() -> None:
    frames = frames_of(lambda: render_template_string("\n{{ 1 / 0 }}"))
    assert loading.find_source(frames[-1], LIMIT, frames).lines == ("", "{{ 1 / 0 }}")
    assert loading.find_source(frames[-1], LIMIT).notice == "The source of <template> is not available."


def test_the_neighbour_must_have_rendered_this_template() -> None:
    frames = frames_of(lambda: render_template_string("\n{{ 1 / 0 }}"))
    others = frames_of(lambda: render_template_string("other{{ 1 / 0 }}"))
    assert loading.find_source(frames[-1], LIMIT, others).lines == ()


def test_a_template_in_a_file_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>\n{{ 1 / 0 }}", "utf-8")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(tmp_path))
    frame = frames_of(lambda: environment.get_template("page.html").render())[-1]
    source = loading.find_source(frame, LIMIT)
    assert source.lines == ("<p>", "{{ 1 / 0 }}")
    assert not loading.has_changed(source, frame)
    (tmp_path / "page.html").write_text("changed", "utf-8")
    os.utime(tmp_path / "page.html", (5, 5))
    assert loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_a_template_loader_that_raises_means_no_source() -> None:
    frame = rendered({"page.html": "{{ 1 / 0 }}"})[-1]
    maker = frame.frame.f_back  # type: ignore[union-attr]
    template = maker.f_locals["tb"].tb_frame.f_globals["__jinja_template__"]  # type: ignore[union-attr]
    template.environment.loader = None
    assert loading.find_source(frame, LIMIT).notice == "The source of <template> is not available."


def test_a_frame_that_only_looks_like_a_template_has_no_source() -> None:
    assert lines_of(executed("<template>", __jinja_exception__=3)) == ()

    def fake_traceback() -> None:
        exec(compile("raise ValueError", "<template>", "exec"), {"__jinja_exception__": 3})

    assert lines_of(frames_of(fake_traceback)[-1]) == ()


def test_a_released_frame_has_the_source_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("kept\n")
    assert lines_of(Frame(str(path), None, None)) == ("kept",)


# Changes


def test_a_file_older_than_the_process_has_not_changed(import_path: Path) -> None:
    module = imported(import_path, "older", "def fail():\n    raise ValueError\n")
    frame = frames_of(module.fail)[-1]
    path = import_path / "older.py"
    path.write_text("def other():\n    pass\n")
    assert loading.has_changed(loading.find_source(frame, LIMIT), frame)
    os.utime(path, (0, 0))
    assert not loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_a_file_saved_before_it_was_imported_has_not_changed(import_path: Path) -> None:
    module = imported(import_path, "fresh", "def fail():\n    raise ValueError\n")
    frame = frames_of(module.fail)[-1]
    assert not loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_a_change_elsewhere_that_moves_nothing_is_no_change(import_path: Path) -> None:
    module = imported(import_path, "elsewhere", "def fail():\n    raise ValueError\n\nx = 1\n")
    frame = frames_of(module.fail)[-1]
    (import_path / "elsewhere.py").write_text("def fail():\n    raise ValueError\n\nx = 2\n\n\ny = 3\n")
    assert not loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_a_line_added_above_is_a_change(import_path: Path) -> None:
    module = imported(import_path, "above", "def fail():\n    raise ValueError\n")
    frame = frames_of(module.fail)[-1]
    (import_path / "above.py").write_text("\ndef fail():\n    raise ValueError\n")
    assert loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_a_file_that_no_longer_compiles_has_changed(import_path: Path) -> None:
    module = imported(import_path, "broken_later", "def fail():\n    raise ValueError\n")
    frame = frames_of(module.fail)[-1]
    (import_path / "broken_later.py").write_text("def fail(:\n")
    assert loading.has_changed(loading.find_source(frame, LIMIT), frame)


def test_code_that_an_import_hook_rewrites_is_given_the_benefit_of_the_doubt() -> None:
    def fail() -> None:
        assert 1 == 2  # pytest rewrites the assertions of this file

    frame = frames_of(fail)[-1]
    source = loading.find_source(frame, 1_000_000)
    assert source.lines
    assert not loading.has_changed(source, frame)


def test_a_very_large_file_is_not_compiled_again(import_path: Path) -> None:
    module = imported(import_path, "large_one", "def fail():\n    raise ValueError\n")
    frame = frames_of(module.fail)[-1]
    (import_path / "large_one.py").write_text("#" * 1_000_001)
    assert not loading.has_changed(loading.find_source(frame, 2_000_000), frame)


def test_a_frame_without_code_or_file_has_not_changed(tmp_path: Path) -> None:
    assert not loading.has_changed(loading.Source(("a",)), Frame("<x>"))
    path = tmp_path / "module.py"
    path.write_text("a\n")
    frame = Frame(str(path))
    assert not loading.has_changed(loading.find_source(frame, LIMIT), frame)
