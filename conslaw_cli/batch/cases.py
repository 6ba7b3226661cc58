"""The cases of a batch: what the files hold, and which of them a shard takes."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from itertools import count

from conslaw_cli.spec import Spec, SpecError, read_cases
from conslaw_cli.visible import visible


@dataclass(frozen=True)
class Case:
    """One spec, one case of a sweep, or a file that cannot be used: then ``problem`` says why and there is no spec.

    ``name`` can be written anywhere: what is unprintable or no UTF-8 in a file's name is spelled out. ``crashed`` says that
    the problem is a bug of the reader.
    """

    name: str
    spec: Spec | None
    problem: str | None = None
    crashed: bool = False


@dataclass(frozen=True)
class Shard:
    """Part ``index`` of ``number``, from 1."""

    index: int = 1
    number: int = 1

    def holds(self, case: str) -> bool:
        """Whether a case belongs to this part: by a hash of its name alone, so that other cases do not matter."""
        return int.from_bytes(hashlib.sha256(case.encode()).digest()[:8]) % self.number == self.index - 1


def read(files: Iterable[str]) -> list[Case]:
    """The cases of all files, in order, each with a name of its own."""
    cases: dict[str, Case] = {}
    for file in files:
        for case in _cases(file):
            name = _unused(visible(case.name), cases)
            cases[name] = replace(case, name=name)
    return list(cases.values())


def _cases(file: str) -> list[Case]:
    try:
        return [Case(spec.name, spec) for spec in read_cases(file)]
    except SpecError as error:
        return [Case(file, None, str(error))]
    except Exception as error:
        return [Case(file, None, f"internal error: {type(error).__name__}: {visible(str(error))}", crashed=True)]


def _unused(name: str, taken: Container[str]) -> str:
    """The name, with a number where another file's is spelled the same."""
    return name if name not in taken else next(new for i in count(2) if (new := f"{name}~{i}") not in taken)
