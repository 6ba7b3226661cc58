"""The folder a batch writes: reports/ with one JSON report for each case, summary.csv, and a manifest of what it should hold.

Everything is written to a temporary name and renamed. The same cases give the same bytes whatever the number of workers,
the time they took or what the cache had; so there are no seconds in the summary.

The manifest says what is ours: only the summary, the reports of its cases and temporary names of ours are ever replaced
or removed, none of them through a link, and a folder that holds anything but no manifest is not written to.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path, PurePath

import msgspec

from conslaw_cli.batch.cases import Shard
from conslaw_cli.batch.rows import Row
from conslaw_cli.files import files_below, is_temporary, remove_leftovers, write_file
from conslaw_cli.report.jsonreport import dumps

MANIFEST, SUMMARY, REPORTS = "manifest.json", "summary.csv", "reports"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,+#~\[\]-]")
_LONGEST_PART = 150
_SHOWN = 3


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a folder belongs to: a part of a batch. ``cases`` names those of all parts, in order."""

    version: str
    seed: int
    shard: int
    shards: int
    cases: tuple[str, ...]
    schema: int = 1

    @property
    def files(self) -> dict[str, str]:
        """The reports that this part writes: the case of each file within the folder."""
        own = Shard(self.shard, self.shards)
        return {report_file(case): case for case in self.cases if own.holds(case)}


class NotOurs(Exception):
    """An output folder, or something in it, that no batch wrote; the message says what to do."""


class Outputs:
    """An output folder that is being written. Raises NotOurs before anything is changed, OSError where it cannot be written.

    ``removed`` names the cases whose reports an earlier batch wrote here and this one has no place for.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        earlier = _earlier(folder)
        self._earlier = earlier.files if earlier else {}
        wanted = manifest.files
        for file in (MANIFEST, SUMMARY, *wanted):
            _refuse_what_is_not_ours(folder, file, known=file in (MANIFEST, SUMMARY) or file in self._earlier)
        folder.mkdir(parents=True, exist_ok=True)
        if earlier:
            remove_leftovers(entry for entry in os.scandir(folder) if entry.is_file(follow_symlinks=False))
            remove_leftovers(files_below(folder / REPORTS))
        gone = [(file, case) for file, case in self._earlier.items() if file not in wanted]
        self.removed = [case for file, case in gone if self._removed(file, case)]
        (folder / SUMMARY).unlink(missing_ok=True)
        write_file(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)).decode() + "\n")

    def write(self, case: str, body: str) -> str:
        """Write the report of a case under its name; returns the file's path within the folder."""
        return self.put(report_file(case), named(body, case))

    def put(self, file: str, text: str) -> str:
        """Write a file within the folder; returns its path there."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text)
        return file

    def finish(self, rows: Iterable[Row]) -> None:
        """Write the summary, and remove what an earlier batch reported of cases that have no report now."""
        rows = list(rows)
        for row in rows:
            if not row.report and report_file(row.spec) in self._earlier:
                self._removed(report_file(row.spec), row.spec)
        write_file(self.folder / SUMMARY, as_csv(rows))

    def _removed(self, file: str, case: str) -> bool:
        """Remove the report of a case, if that is what the file is, and folders that this empties."""
        path = self.folder / file
        try:
            _refuse_what_is_not_ours(self.folder, file, known=True)
            if msgspec.json.decode(path.read_bytes(), type=_Named).name != case:
                return False
            path.unlink()
            for parent in path.relative_to(self.folder).parents[:-1]:
                (self.folder / parent).rmdir()
            return True
        except (NotOurs, FileNotFoundError, ValueError):
            return False
        except OSError:
            return not path.exists()


class _Named(msgspec.Struct):
    """The name in a report."""

    name: str


def manifest_of(folder: Path) -> Manifest:
    """The manifest of a folder that a batch wrote. Raises OSError and ValueError where there is none."""
    path = folder / MANIFEST
    if path.exists() and not path.is_file():
        raise ValueError(f"its {MANIFEST} is no file")
    return msgspec.json.decode(path.read_bytes(), type=Manifest)


def _earlier(folder: Path) -> Manifest | None:
    """The manifest of the batch that wrote a folder; None for a new or empty one. Raises NotOurs for any other."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return None
    try:
        return manifest_of(folder)
    except (FileNotFoundError, ValueError):
        pass
    foreign = [name for name in names if not is_temporary(name)]
    if not foreign:
        return None
    shown = ", ".join([*foreign[:_SHOWN], *(["…"] if len(foreign) > _SHOWN else [])])
    raise NotOurs(
        f"{folder}: holds files ({shown}) and no manifest of a batch, so nothing is written there; "
        "choose a new or empty folder, or one that `conslaw batch --output-dir` wrote"
    )


def _refuse_what_is_not_ours(folder: Path, file: str, known: bool) -> None:
    """Raises NotOurs where a file's way within the folder leads through a link, or ends at anything but a file of ours."""
    path, *above = [folder / part for part in (PurePath(file), *PurePath(file).parents[:-1])]
    for place, wanted, kind in (*((place, stat.S_ISDIR, "folder") for place in reversed(above)), (path, stat.S_ISREG, "file")):
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return
        if not wanted(mode):
            what = "a link" if stat.S_ISLNK(mode) else f"no {kind}"
            raise NotOurs(f"{place}: is {what}, and no batch wrote that; move it away, or choose another folder")
    if not known:
        raise NotOurs(f"{path}: is no report of the batch that wrote this folder; move it away, or choose another folder")


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
