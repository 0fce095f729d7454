"""Things to describe."""

from __future__ import annotations

import dataclasses
import enum


class Color(enum.Enum):
    RED = 1


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@dataclasses.dataclass
class Item:
    name: str
    price: object = None
    password: str = "hunter2"
    cache: dict = dataclasses.field(default_factory=dict, repr=False)


class Shown:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text
