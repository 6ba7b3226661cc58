"""The cases of a batch: what the files hold, and which of them a shard takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from conslaw_cli.spec import Spec, SpecError, read_cases


@dataclass(frozen=True)
class Case:
    """One spec, one case of a sweep, or a file that cannot be used: then ``problem`` says why and there is no spec.

    ``crashed`` says that the problem is a bug of the reader.
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
    """The cases of all files, in order."""
    cases = []
    for file in files:
        try:
            cases += [Case(spec.name, spec) for spec in read_cases(file)]
        except SpecError as error:
            cases.append(Case(file, None, str(error)))
        except Exception as error:
            cases.append(Case(file, None, f"internal error: {type(error).__name__}: {error}", crashed=True))
    return cases
