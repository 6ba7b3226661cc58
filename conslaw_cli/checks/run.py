"""Checking files: every case of every file has its turn, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conslaw_cli.checks.judge import crashed, judged, unusable
from conslaw_cli.checks.outcome import Finding, Outcome
from conslaw_cli.expectations import results
from conslaw_cli.files import write_file
from conslaw_cli.report.model import Report
from conslaw_cli.spec import ExpectSpec, Spec, SpecError, read_cases, read_spec
from conslaw_cli.spec.locate import Lines
from conslaw_cli.spec.reader import LARGEST_FILE
from conslaw_cli.spec.update import UpdateError, updated


@dataclass(frozen=True)
class Settings:
    """How to check. ``analyse`` makes the report of a spec; ``laws`` takes the place of every [expect] table."""

    analyse: Callable[[Spec], Report]
    laws: int | None = None
    strict: bool = False
    update: bool = False


def check_files(
    paths: Iterable[str], settings: Settings, on_crash: Callable[[Exception], None] = lambda error: None
) -> Iterator[Outcome]:
    """The outcome of every case, in order. ``on_crash`` hears of every bug that an outcome ``crashed`` stands for."""
    for path in paths:
        try:
            cases = read_cases(path)
        except SpecError as error:
            yield unusable(path, error, _lines(path))
            continue
        except Exception as error:
            on_crash(error)
            yield crashed(path, path, error)
            continue
        if settings.update and (refused := _cannot_update(cases, path)):
            yield _refused(path, None, refused)
            continue
        lines = _lines(path)
        for case in cases:
            try:
                yield _checked(case, path, lines, settings)
            except Exception as error:
                on_crash(error)
                yield crashed(case.name, path, error)


def _checked(case: Spec, path: str, lines: Lines, settings: Settings) -> Outcome:
    report = settings.analyse(case)
    expect = case.expect if settings.laws is None else ExpectSpec(laws=settings.laws)
    if not settings.update or report.status == "undecided":
        return judged(report, expect, path, lines, settings.strict)
    return _updated(report, expect, path, lines, settings.strict)


def _cannot_update(cases: list[Spec], path: str) -> str | None:
    if path == "-":
        return "standard input cannot be rewritten: give --update a file"
    if any(case.name != path for case in cases):
        return "the cases of a sweep share what they expect: --update cannot rewrite it, change it by hand"
    return None


def _refused(path: str, key: str | None, message: str) -> Outcome:
    return Outcome(path, path, "unusable", findings=(Finding(key, None, message),))


def _updated(report: Report, expect: ExpectSpec, path: str, lines: Lines, strict: bool) -> Outcome:
    """The outcome against [expect] as it stands after rewriting."""
    found = results(report)
    given = {key: value for key, value in msgspec.structs.asdict(expect).items() if value is not None}
    met = given and not any(found[key] not in (None, value) for key, value in given.items())
    if met:
        return judged(report, expect, path, lines, strict)
    try:
        text = Path(path).read_bytes().decode("utf-8")
        write_file(Path(path), updated(text, found))
    except (OSError, UpdateError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _refused(path, "[expect]", f"[expect] cannot be updated: {reason}")
    outcome = judged(report, read_spec(path).expect, path, _lines(path), strict)
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
