"""Checking files: every case of every file has its turn, whatever becomes of the others."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conslaw_cli.batch.cases import Case
from conslaw_cli.batch.tasks import Result
from conslaw_cli.checks.judge import crashed, judged, unusable
from conslaw_cli.checks.outcome import Finding, Outcome
from conslaw_cli.expectations import unknown
from conslaw_cli.files import write_file
from conslaw_cli.spec import ExpectSpec, Spec, SpecError, read_cases, read_spec
from conslaw_cli.spec.locate import Lines
from conslaw_cli.spec.reader import LARGEST_FILE

Analyse = Callable[[Sequence[Case]], Generator[Result]]
"""Gives the results of cases, in their order."""


@dataclass(frozen=True)
class Settings:
    """How to check. ``laws`` takes the place of every [expect] table; ``on_crash`` is given the traceback of every bug."""

    analyse: Analyse
    laws: int | None = None
    strict: bool = False
    update: bool = False
    on_crash: Callable[[str], None] = lambda traceback: None


@dataclass(frozen=True)
class _Item:
    """A case that was read, of the file with these lines."""

    case: Spec
    path: str
    lines: Lines


def check_files(paths: Iterable[str], settings: Settings) -> Iterator[Outcome]:
    """The outcome of every case, in order."""
    items = [item for path in paths for item in _read(path, settings)]
    cases = [Case(item.case.name, item.case) for item in items if isinstance(item, _Item)]
    with closing(settings.analyse(cases)) as results:
        for item in items:
            yield item if isinstance(item, Outcome) else _outcome(item, next(results), settings)


def _outcome(item: _Item, result: Result, settings: Settings) -> Outcome:
    try:
        return _checked(item, result, settings)
    except Exception as error:
        return _crashed(item.case.name, item.path, error, settings)


def _read(path: str, settings: Settings) -> list[_Item | Outcome]:
    """The cases of a file, or the outcome of one that cannot be used."""
    try:
        cases = read_cases(path)
        lines = _lines(path)
    except SpecError as error:
        return [unusable(path, error, _lines(path))]
    except Exception as error:
        return [_crashed(path, path, error, settings)]
    if settings.update and (refused := _cannot_update(cases, path)):
        return [_refused(path, None, refused)]
    return [_Item(case, path, lines) for case in cases]


def _crashed(name: str, path: str, error: Exception, settings: Settings) -> Outcome:
    settings.on_crash("".join(traceback.format_exception(error)))
    return crashed(name, path, f"{type(error).__name__}: {error}")


def _checked(item: _Item, result: Result, settings: Settings) -> Outcome:
    if result.crash is not None:
        settings.on_crash(result.traceback)
        return crashed(item.case.name, item.path, result.crash)
    facts = result.facts or unknown(result.stopped)
    expect = item.case.expect if settings.laws is None else ExpectSpec(laws=settings.laws)
    if settings.update and facts["status"] != "undecided":
        return _updated(item, facts, settings.strict)
    return judged(facts, expect, item.case.name, item.path, item.lines, settings.strict)


def _cannot_update(cases: list[Spec], path: str) -> str | None:
    if path == "-":
        return "standard input cannot be rewritten: give --update a file"
    if any(case.name != path for case in cases):
        return "the cases of a sweep share what they expect: --update cannot rewrite it, change it by hand"
    return None


def _refused(path: str, key: str | None, message: str) -> Outcome:
    return Outcome(path, path, "unusable", findings=(Finding(key, None, message),))


def _updated(item: _Item, facts: Mapping[str, object], strict: bool) -> Outcome:
    """The outcome against [expect] as it stands after rewriting."""
    name, path, expect = item.case.name, item.path, item.case.expect
    given = {key: value for key, value in msgspec.structs.asdict(expect).items() if value is not None}
    met = given and not any(facts[key] not in (None, value) for key, value in given.items())
    if met:
        return judged(facts, expect, name, path, item.lines, strict)
    from conslaw_cli.spec.update import UpdateError, updated

    try:
        text = Path(path).read_bytes().decode("utf-8")
        write_file(Path(path), updated(text, facts))
    except (OSError, UpdateError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _refused(path, "[expect]", f"[expect] cannot be updated: {reason}")
    outcome = judged(facts, read_spec(path).expect, name, path, _lines(path), strict)
    return msgspec.structs.replace(outcome, verdict="updated") if outcome.verdict == "ok" else outcome


def _lines(path: str) -> Lines:
    """The lines of a file's keys; none for standard input, pipes and what cannot be read."""
    try:
        if path == "-" or not Path(path).is_file():
            return Lines("")
        with Path(path).open("rb") as file:
            return Lines(file.read(LARGEST_FILE).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return Lines("")
