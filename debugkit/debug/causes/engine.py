"""Asks the modules for each kind of mistake, in order, and takes the first answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from debugkit.debug.causes import (
    calls,
    contexts,
    conversions,
    django,
    files,
    imports,
    jinja,
    kinds,
    lookups,
    nothing,
    operators,
    unpacking,
)
from debugkit.debug.causes.scene import Scene
from debugkit.debug.safe.processor_time import ProcessorTime
from debugkit.debug.source.sources import Sources
from debugkit.debug.tracebacks.model import CapturedException, plain_frames
from debugkit.debug.values.describe import Describer
from debugkit.raised import traceback_of


def _in_template(scene: Scene) -> str:
    """What a tag of a template did to its values, where no other expression of the tag may have failed like that."""
    sentences = set()
    for place in scene.tag_places():
        at = replace(scene, at=place)
        sentences.add(nothing.cause(at) or kinds.cause(at) or operators.cause(at))
    sentences.discard("")
    return sentences.pop() if len(sentences) == 1 else ""


#: What knows more of a case comes first. Each is asked of the exceptions that it can say something about.
_KINDS: Final[tuple[tuple[Callable[[Scene], str], tuple[type[BaseException], ...]], ...]] = (
    (django.cause, (Exception,)),
    (jinja.cause, (Exception,)),
    (_in_template, (TypeError, ZeroDivisionError)),
    (nothing.cause, (AttributeError, TypeError)),
    (imports.cause, (AttributeError, ImportError)),
    (calls.cause, (AttributeError, TypeError)),
    (kinds.cause, (TypeError,)),
    (unpacking.cause, (TypeError, ValueError)),
    (operators.cause, (TypeError, ZeroDivisionError)),
    (conversions.cause, (ArithmeticError, ValueError)),
    (files.cause, (FileNotFoundError, ValueError)),
    (lookups.cause, (AttributeError, LookupError, TypeError)),
    (contexts.cause, (BaseException,)),
)
#: Seconds of the processor after which no further kind is asked, and characters of a sentence.
_MOST_SECONDS: Final = 0.1
_LONGEST: Final = 300


def cause(
    captured: CapturedException,
    hidden: Mapping[int, Mapping[str, object]],
    describer: Describer,
    processor_time: ProcessorTime | None = None,
    *,
    sources: Sources | None = None,
) -> str:
    """Why ``captured`` was raised, in one sentence without secrets; "" where that is not certain. Never raises.

    ``hidden`` are variables that must not be quoted, by the index of their frame. ``sources`` are those of the error,
    where somebody looks for them too.
    """
    scene = _scene(captured, hidden, describer, sources)
    if scene is None:
        return ""
    left = processor_time or ProcessorTime(_MOST_SECONDS)
    for kind, exceptions in _KINDS:
        if left.used_up:
            return ""
        if not issubclass(type(scene.exc), exceptions):
            continue
        try:
            sentence = left.run(kind, scene)
        except Exception:  # the page is about another exception
            continue
        if sentence:
            return describer.text(sentence) if len(sentence) <= _LONGEST else ""
    return ""


def _scene(
    captured: CapturedException,
    hidden: Mapping[int, Mapping[str, object]],
    describer: Describer,
    sources: Sources | None,
) -> Scene | None:
    """`None` when the frames were released, or when the one that raised is not listed."""
    exc = captured.exception
    tb = traceback_of(exc) if exc is not None else None
    frames = [frame for frame in plain_frames(captured) if frame.frame is not None]
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    if exc is None or (tb is not None and (not frames or frames[-1].frame is not tb.tb_frame)):
        return None
    return Scene(exc, captured.message, frames, hidden, describer, sources or Sources(frames))
