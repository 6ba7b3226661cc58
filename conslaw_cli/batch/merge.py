"""Joining the output folders of shards: every case once, none missing, none twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conslaw_cli.batch.outputs import MANIFEST, SUMMARY, Manifest, Outputs, from_csv, manifest_of, report_file
from conslaw_cli.batch.rows import Row

_SHOWN = 20


class MergeError(Exception):
    """Folders that do not make a whole; ``str()`` has a line for each problem."""


@dataclass(frozen=True)
class Part:
    """What one folder holds."""

    folder: Path
    manifest: Manifest
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Merged:
    """The parts put together: what the whole batch would have given. ``home`` is the folder of every row."""

    manifest: Manifest
    rows: tuple[Row, ...]
    home: dict[str, Path]


def merged(folders: Sequence[str]) -> Merged:
    """The whole of which the folders are parts. Raises MergeError with everything that is missing, double or at odds."""
    problems: list[str] = []
    parts = [part for part in (_part(Path(folder), problems) for folder in folders) if part is not None]
    _check_alike(parts, problems)
    if problems:
        raise MergeError("\n".join(problems))
    first = parts[0].manifest
    places: dict[str, list[Part]] = {name: [] for name in first.cases}
    for part in parts:
        for row in part.rows:
            places.setdefault(row.spec, []).append(part)
    problems += _listed("missing case", [name for name in first.cases if not places[name]], _remedy(parts))
    doubled = [f"{name} ({', '.join(str(p.folder) for p in held)})" for name, held in places.items() if len(held) > 1]
    problems += _listed("duplicate case", doubled, "give every part once, and no folder that belongs to another part")
    problems += _listed(
        "unknown case", [name for name in places if name not in set(first.cases)], "run the batch again"
    )
    problems += _listed("lost report", list(_lost(parts)), "run that part again: the cache has what was computed")
    if problems:
        raise MergeError("\n".join(problems))
    rows = {row.spec: row for part in parts for row in part.rows}
    home = {name: places[name][0].folder for name in first.cases}
    whole = msgspec.structs.replace(first, shard=1, shards=1)
    return Merged(whole, tuple(rows[name] for name in first.cases), home)


def write_whole(whole: Merged, outputs: Outputs) -> None:
    """Copy every report, and write the summary. Raises OSError."""
    for row in whole.rows:
        if row.report:
            outputs.put(row.report, (whole.home[row.spec] / row.report).read_text(encoding="utf-8"))
    outputs.finish(whole.rows)


def _part(folder: Path, problems: list[str]) -> Part | None:
    try:
        manifest = manifest_of(folder)
        rows = from_csv((folder / SUMMARY).read_bytes().decode())
    except FileNotFoundError as error:
        unfinished = folder.joinpath(MANIFEST).exists()
        remedy = (
            "the batch did not end, run it again"
            if unfinished
            else "name folders that `conslaw batch --output-dir` wrote"
        )
        problems.append(f"{error.filename}: no such file; {remedy}")
    except (OSError, ValueError) as error:
        problems.append(f"{folder}: not what a batch wrote ({error}); run that part again")
    else:
        return Part(folder, manifest, tuple(rows))
    return None


def _check_alike(parts: Sequence[Part], problems: list[str]) -> None:
    """Whether all are parts of one batch."""
    for part in parts[1:]:
        first, other = parts[0].manifest, part.manifest
        for what in ("version", "seed", "shards", "cases"):
            if getattr(first, what) != getattr(other, what):
                shown = "" if what == "cases" else f" ({getattr(first, what)} and {getattr(other, what)})"
                problems.append(
                    f"{parts[0].folder}, {part.folder}: the {what} differ{shown}; "
                    "run all parts with the same version, seed, --shard I/N and paths"
                )


def _lost(parts: Sequence[Part]):
    for part in parts:
        for row in part.rows:
            if row.report and (row.report != report_file(row.spec) or not (part.folder / row.report).is_file()):
                yield f"{row.spec} ({part.folder})"


def _remedy(parts: Sequence[Part]) -> str:
    number = parts[0].manifest.shards
    absent = sorted(set(range(1, number + 1)) - {part.manifest.shard for part in parts})
    if absent:
        return f"add the folder of --shard {', '.join(f'{index}/{number}' for index in absent)}"
    return "a part was interrupted, run it again"


def _listed(what: str, names: Sequence[str], remedy: str) -> list[str]:
    """A line for each name, the first of very many, and the remedy."""
    if not names:
        return []
    more = [f"… and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    number = f"{len(names)} {what}s" if len(names) > 1 else f"1 {what}"
    return [f"{number}; {remedy}:", *(f"  {name}" for name in [*names[:_SHOWN], *more])]
