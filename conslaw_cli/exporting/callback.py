"""A file with a class that logs how the laws drift while a network trains."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from conslaw_cli.evaluation.graphs import LawGraph
from conslaw_cli.exporting import lawlogger
from conslaw_cli.exporting.layout import WIDTH, folded
from conslaw_cli.exporting.module import Module, Timed
from conslaw_cli.exporting.names import Names
from conslaw_cli.exporting.pieces import written

_LOGGER = '''\
class LawLogger(DriftLogger):
    """Logs the laws of this file along a training run, a line for each law and step, into the file at ``path``.

    ``map`` gives blocks the names of their parameters, {"W1": "fc1.weight"}, or parts of them, "fc1.weight.T[0:3]"; by default
    their own names. ``constants`` are numbers for letters; of ``every`` so many steps one is logged.
    """

    def __init__(self, path, map=None, constants=None, every=1):
'''


class Callback(Module):
    """The terms of the laws as a function in NumPy, and the class that logs them."""

    signature: ClassVar[str] = "law_terms(arrays, velocities=None, t=None{letters})"
    summary: ClassVar[str] = "The terms of the laws at one state, by name: pairs of a function of time and what it multiplies."
    brackets: ClassVar[tuple[str, str]] = ("(", ")")

    @property
    def about(self) -> str:
        """What the file has."""
        return "A logger of how conservation laws drift"

    @cached_property
    def names(self) -> Names:
        """Those of the class are taken too."""
        names = super().names
        names.taken.update(("law_terms", "LawLogger"), dir(lawlogger))
        return names

    @cached_property
    def imports(self) -> dict[str, str]:
        """Those of the class too."""
        return {**super().imports, **{name: f"import {name}" for name in ("importlib.util", "json", "math", "re")}}

    def heading(self) -> Iterator[str]:
        """What the file is, where it is from and how it is used."""
        yield from super().heading()
        numbers = ", ".join(f'"{name}": 0.1' for name in self.arguments.values())
        constants = f", constants={{{numbers}}}" if numbers else ""
        block = next(iter(self.needed[0] or self.needed[1]), "W1")
        yield ""
        yield f'    logger = LawLogger("drift.jsonl", map={{"{block}": "fc1.weight"}}{constants})'
        yield "    logger.log(model, optimizer, step)    in a loop, after each optimizer.step()"
        yield "    logger.lightning()                    for the callbacks of a Trainer of Lightning"
        yield "    logger.transformers()                 for those of one of Transformers"

    def value(self, law: LawGraph, terms: list[Timed]) -> str:
        """A law's terms, each behind its function of time."""
        pairs = [f"({written(self.writer.times.piece(time))}, {written(self.writer.full(code, law.shape))})" for time, code in terms]
        return ", ".join(pairs) + "," * (len(pairs) == 1)

    def parts(self) -> list[str]:
        """The function, those that it uses, and the class."""
        sources = [inspect.getsource(one).rstrip() for one in (lawlogger.first_of, lawlogger.DriftLogger, lawlogger._index)]
        return [*super().parts(), *sources, _LOGGER + "\n".join(self._initialized())]

    def _initialized(self) -> Iterator[str]:
        blocks, moving = self.needed
        shapes = ", ".join(f'"{name}": {self.shapes[name]}' for name in dict.fromkeys((*blocks, *moving)))
        listed = (_tuple(names) for names in (moving, self.arguments.values()))
        arguments = ", ".join(["law_terms", f"{{{shapes}}}", *listed, "path, map, constants, every"])
        line = f"        super().__init__({arguments})"
        yield from [line] if len(line) <= WIDTH else ["        super().__init__(", *folded(arguments, 12), "        )"]


def _tuple(names) -> str:
    inside = ", ".join(f'"{name}"' for name in names)
    return f"({inside}{',' * (len(names) == 1)})"
