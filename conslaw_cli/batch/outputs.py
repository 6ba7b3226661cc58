"""The folder a batch writes: reports/ with one JSON report for each case, summary.csv, and a manifest of what it should hold.

Everything is written to a temporary name and renamed. The same cases give the same bytes whatever the number of workers,
the time they took or what the cache had; so there are no seconds in the summary.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import time
from collections.abc import Iterable
from pathlib import Path, PurePath

import msgspec

from conslaw_cli.batch.cases import Shard
from conslaw_cli.batch.rows import Row
from conslaw_cli.files import write_file
from conslaw_cli.report.jsonreport import dumps

MANIFEST, SUMMARY, REPORTS = "manifest.json", "summary.csv", "reports"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,+#~\[\]-]")
_LONGEST_PART = 150
_STALE = 3600


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a folder belongs to: a part of a batch. ``cases`` names those of all parts, in order."""

    version: str
    seed: int
    shard: int
    shards: int
    cases: tuple[str, ...]
    schema: int = 1

    @property
    def part(self) -> Shard:
        return Shard(self.shard, self.shards)


class Outputs:
    """An output folder that is being written. Raises OSError where it cannot be."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        (folder / SUMMARY).unlink(missing_ok=True)
        write_file(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)).decode() + "\n")

    def write(self, case: str, body: str) -> str:
        """Write the report of a case under its name; returns the file's path within the folder."""
        file = report_file(case)
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, named(body, case))
        return file

    def finish(self, rows: Iterable[Row]) -> None:
        """Write the summary."""
        write_file(self.folder / SUMMARY, as_csv(rows))


def named(body: str, case: str) -> str:
    """A report without a name, given one."""
    return body.replace('"name": ""', f'"name": {dumps(case)}', 1)


def report_file(case: str) -> str:
    """Where the report of a case is within the output folder: its name with what file systems mind replaced.

    Different cases have different files: a hash is added where something was replaced.
    """
    path, bracket, values = case.partition("[")
    parts = [part for part in PurePath(path.removesuffix(".toml")).as_posix().split("/") if part not in ("", ".")] or [""]
    parts[-1] += bracket + values
    safe = [_UNSAFE.sub("_", part)[:_LONGEST_PART] if part != ".." else "_up" for part in parts] or ["_"]
    if safe != parts:
        safe[-1] += "~" + hashlib.sha256(case.encode()).hexdigest()[:12]
    return "/".join((REPORTS, *safe)) + ".json"


def as_csv(rows: Iterable[Row]) -> str:
    """The summary: a line with the columns' names, then one for each case."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row.__struct_fields__)
    for row in rows:
        writer.writerow(_cell(getattr(row, field)) for field in Row.__struct_fields__)
    return text.getvalue()


def _cell(value: object) -> object:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def from_csv(text: str) -> list[Row]:
    """The rows of a summary. Raises ValueError for what is none."""
    rows = []
    for record in csv.DictReader(io.StringIO(text), strict=True):
        if tuple(record) != Row.__struct_fields__ or None in record.values():
            raise ValueError("its columns are not those of a summary")
        given = {key: value for key, value in record.items() if value != ""}
        rows.append(msgspec.convert(given, Row, strict=False))
    return rows


def _remove_leftovers(folder: Path) -> None:
    """Temporary files of batches that were killed long ago."""
    for path in [*folder.glob(".*.*"), *(folder / REPORTS).rglob(".*.*")]:
        if path.is_file() and path.stat().st_mtime < time.time() - _STALE:
            path.unlink(missing_ok=True)
