"""What the templates print of a frame: its source, its values, its console.

Plain, frozen values, as in `models`. What a page has by the dozen is a named tuple: a frozen dataclass costs three
times as much to make.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from debugkit.debug.source.excerpt import Gap

#: Characters of a value from which on the page shows its first lines only, and the rest on demand: three lines of the
#: narrowest column that values stand in.
CLAMPED = 320
#: Values of the failing line that stand one below the other. More would push the console off the first screen.
LINE_EACH = 6
#: Characters of a value that shares its line with others, where there are more.
SHARES_A_LINE = 24
#: Digits of a line number that the style sheet has a gutter for.
WIDEST_GUTTER = 6


Mark = Literal["", "only", "first", "inside", "last"]


class Span(NamedTuple):
    """A piece of a source line in one colour. ``css`` is Pygments' short class, ``mark`` the failing expression.

    A tuple, since a page has hundreds, and a template unpacks tuples faster than it asks for attributes.
    """

    text: str
    css: str = ""
    #: Where in the failing range this piece is, which is one thing to who has it read out; empty outside of it.
    mark: Mark = ""
    #: The value of the name or expression this piece belongs to, for the tooltip; empty when unknown.
    value: str = ""


class ValueView(NamedTuple):
    """One value in one line. ``handle`` opens its children and is empty when there are none (or nobody may)."""

    name: str
    text: str
    type: str = ""
    handle: str = ""
    #: What the colour of the text says: string, number, constant, container, object, error, redacted; "" for no colour.
    kind: str = "object"
    #: Stands on the failing line: shown first, and emphasised.
    relevant: bool = False
    #: What the value's own class or attributes say, one level down, when it has few: ("name", "text") pairs.
    #: Shown under the row without a click, so that the cause is on the first screen.
    details: tuple[ValueView, ...] = ()

    @property
    def clamped(self) -> bool:
        return len(self.text) > CLAMPED

    @property
    def wide(self) -> bool:
        """Takes a line of its own where values share lines."""
        return len(self.text) > SHARES_A_LINE


class LineView(NamedTuple):
    """A line of source. ``values`` stand beside it; those of the failing expression, below its last line.

    ``offset`` is what a line that was cut has lost at its start, in characters.
    """

    lineno: int
    spans: tuple[Span, ...]
    current: bool = False
    values: tuple[ValueView, ...] = ()
    offset: int = 0

    @property
    def tip(self) -> str:
        """The values in full, for where the room beside the line is short."""
        return "\n".join(f"{value.name} = {value.text}" for value in self.values)

    @property
    def crowded(self) -> bool:
        """Has more values than stand one below the other."""
        return len(self.values) > LINE_EACH


class SourceView(NamedTuple):
    """An excerpt. ``notice`` says why it is missing or may not match.

    ``url`` shows the whole file, and is empty where nobody may see it or there is none. ``above`` and ``below`` are the
    lines that it has beyond these.
    """

    lines: tuple[LineView | Gap, ...] = ()
    language: str = "python"
    notice: str = ""
    url: str = ""
    above: int = 0
    below: int = 0

    @property
    def has_failing_line(self) -> bool:
        """Whether the line is shown, and with it what it used."""
        return any(isinstance(line, LineView) and line.current for line in self.lines)

    @property
    def digits(self) -> int:
        """How wide the gutter is: the digits of the last line number, the lines that may be added included."""
        end = self.lines[-1] if self.lines else None
        last = end.last if isinstance(end, Gap) else end.lineno if end else 0
        return min(len(f"{last + self.below}"), WIDEST_GUTTER)


class BriefView(NamedTuple):
    """Another frame in brief: its line of source, and the values on it. ``url`` opens it."""

    id: str
    url: str
    name: str
    short_filename: str
    lineno: int
    line: LineView | None  # None when there is no source


class EditorLink(NamedTuple):
    """A place as the editor calls it; line and column from 1. The reader may choose another editor than the setting."""

    path: str
    line: int
    column: int
    template: str = ""  # the setting's, with {path}, {line} and {column}; empty without one
    url: str = ""  # the same for this place


class FrameView(NamedTuple):
    """The opened frame: all that the right-hand pane shows."""

    id: str
    name: str
    filename: str  # complete path
    short_filename: str  # what a person reads
    lineno: int
    library: str  # "flask 3.1.3", "Python 3.13"; empty for the application's own
    source: SourceView
    #: The values of the failing line first, attributes, items and globals included; without `shared_rows`.
    locals: tuple[ValueView, ...]
    locals_left_out: int  # how many more there are than are shown
    locals_notice: str  # why there are no values: not from this computer, released, ...
    info: str  # __traceback_info__
    evaluate_url: str  # empty when there is no console
    interrupt_url: str
    complete_url: str
    values_url: str  # says what every name in the source is; empty when nobody may see it
    console_notice: str  # why there is no console; empty when there is one
    editor: EditorLink | None  # None for what is no file
    #: Unlocking would open a console here.
    can_unlock: bool
    #: The application's frames that called this one, nearest first: often they hold the value that was wrong.
    callers: tuple[BriefView, ...] = ()
    #: Says why the page opened here, where the page would choose it.
    chosen: str = ""
    #: What the function was called with, as the signature has it: ("self", "*items").
    arguments: tuple[str, ...] = ()
    #: The locals that stand nowhere else in the frame: of these, the function was called with `argument_rows`.
    argument_rows: tuple[ValueView, ...] = ()
    local_rows: tuple[ValueView, ...] = ()
    #: What every template of a template engine has.
    shared_rows: tuple[ValueView, ...] = ()
