"""Reads a spec from a file, from text or from a mapping; every problem of a spec is reported at once."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.spec.dynamics_table import read_dynamics
from conslaw_cli.problems import MOST_ALIKE, Collector, Problem, SpecError, Table, as_toml, suggestion
from conslaw_cli.spec.metric_table import block_names, read_metric
from conslaw_cli.spec.model_table import read_expect, read_model
from conslaw_cli.spec.schema import DynamicsSpec, MetricSpec, Spec
from conslaw_cli.spec.sweep import expand

LARGEST_FILE = 1 << 20
_MOST_DOTS = 20
_TABLES = ("model", "metric", "dynamics", "expect")
_ONE_CASE = "name the case as a report does, such as spec.toml[kind=momentum]; report, explain, check and batch take sweeps; or remove [sweep]"
_NEW = "`conslaw new linear` writes a spec to start from"


def read_spec(path: str | os.PathLike[str], text: str | None = None) -> Spec:
    """Reads the spec at a path, "-" being standard input; with ``text`` given, the path is only its name.

    A case of a sweep is read by its name. Raises SpecError with every problem of the spec.
    """
    name = os.fspath(path)
    if text is None and (file := _swept(name)):
        return _case(name, file)
    return parse_spec(_mapping(name, text), name, _folder(name))


def read_cases(path: str | os.PathLike[str], text: str | None = None) -> list[Spec]:
    """Like ``read_spec``, but takes sweeps: the case of an ordinary spec, or every case of one with a table [sweep].

    A case of a sweep has the name ``path[name of the case]``, and is read alone by it. Raises SpecError with every problem of the spec.
    """
    name = os.fspath(path)
    if text is None and (file := _swept(name)):
        return [_case(name, file)]
    return parse_cases(_mapping(name, text), name, _folder(name))


def parse_cases(mapping: Mapping[str, object], name: str = "<mapping>", folder: str = "") -> list[Spec]:
    """Like ``parse_spec``, but takes sweeps: every case of the spec. Raises SpecError with every problem of the spec."""
    if not isinstance(mapping, Mapping) or "sweep" not in mapping:
        return [parse_spec(mapping, name, folder)]
    collector = Collector(name, folder)
    if not isinstance(mapping["sweep"], Mapping):
        collector.add("sweep", as_toml(mapping["sweep"]), "sweep must be a table", "write [sweep] and its keys below it")
        collector.raise_if_any()
    cases: list[Spec] = []
    problems: dict[tuple, Problem] = {}
    for case, tables in expand(mapping, Table("sweep", mapping["sweep"], collector)):
        try:
            cases.append(parse_spec(tables, f"{name}[{case}]", folder))
        except SpecError as error:
            for problem in error.problems:
                problems.setdefault((problem.key, problem.value, problem.message), problem)
    collector.raise_if_any()
    if problems:
        raise SpecError(list(problems.values())[:MOST_ALIKE])
    return cases


def _swept(name: str) -> str | None:
    """The file of a sweep whose case has this name; None where the name is a path as it is."""
    file, bracket, _ = name.partition("[")
    return file if bracket and name.endswith("]") and not os.path.exists(name) and os.path.isfile(file) else None


def _case(name: str, file: str) -> Spec:
    """Raises SpecError where the sweep has no such case."""
    cases = {case.name: case for case in read_cases(file)}
    if name not in cases:
        raise _failure(name, "there is no such case", suggestion(name, cases))
    return cases[name]


def _folder(name: str) -> str:
    """The folder of a spec; the working directory for standard input."""
    return "" if name == "-" else os.path.dirname(name)


def _mapping(name: str, text: str | None) -> dict[str, object]:
    if text is None:
        text = _decoded(_content(name), name)
    elif len(text) > LARGEST_FILE:
        raise _too_large(name)
    return _parsed(text, name)


def parse_spec(mapping: Mapping[str, object], name: str = "<mapping>", folder: str = "") -> Spec:
    """Validates the tables of a spec, given as a mapping like the one TOML gives; paths in it are relative to ``folder``.

    Raises SpecError with every problem of the spec.
    """
    collector = Collector(name, folder)
    tables = _tables(mapping, collector)
    model = read_model(tables["model"]) if "model" in tables else None
    dynamics = read_dynamics(tables["dynamics"], block_names(model)) if "dynamics" in tables else None
    metric = read_metric(tables["metric"], model, dynamics) if "metric" in tables else None
    expect = read_expect(tables["expect"]) if "expect" in tables else None
    if model is not None and model.options.as_given:
        _check_as_given(model.architecture, tables, metric, dynamics)
    collector.raise_if_any()
    return Spec(name, model, metric, dynamics, expect)


def _tables(mapping: object, collector: Collector) -> dict[str, Table]:
    """The spec's tables, empty ones for those left out; those that are no tables are noted and missing here."""
    if not isinstance(mapping, Mapping):
        collector.add(None, None, f"a spec is a mapping of tables, not {as_toml(mapping)}", _NEW)
        collector.raise_if_any()
    if "sweep" in mapping:
        collector.add("[sweep]", None, "this spec is a sweep, one case is wanted here", _ONE_CASE)
    for key in [key for key in mapping if key not in (*_TABLES, "sweep")][:MOST_ALIKE]:
        _note_unknown(collector, key, mapping[key])
    if "model" not in mapping:
        collector.add("[model]", None, "missing table", f"add [model] with architecture and what it takes; {_NEW}")
    tables = {}
    for name in _TABLES:
        data = mapping.get(name, {})
        if not isinstance(data, Mapping):
            collector.add(name, as_toml(data), f"{name} must be a table", f"write [{name}] and its keys below it")
        elif name in mapping or name != "model":
            tables[name] = Table(name, data, collector)
    return tables


def _check_as_given(name: str, tables: Mapping[str, Table], metric: MetricSpec | None, dynamics: DynamicsSpec | None) -> None:
    """Notes a metric or dynamics that would act on fields that are taken as they are."""
    if dynamics is not None and DYNAMICS[dynamics.kind].drifts:
        tables["dynamics"].problem("kind", f"{name} are followed as they are, under gradient-flow only", "remove [dynamics], or write phi = … or network = …")
    if metric is not None and not metric.euclidean:
        key = next(key for key in tables["metric"].data if key != "at")
        tables["metric"].problem(key, f"{name} are followed as they are, without a metric", "remove [metric], and write the metric into the fields")


def _note_unknown(collector: Collector, key: object, value: object) -> None:
    name = key if isinstance(key, str) else as_toml(key)
    if isinstance(value, Mapping):
        collector.add(f"[{name}]", None, "unknown table", suggestion(key, (*_TABLES, "sweep")))
    else:
        collector.add(name, as_toml(value), "unknown key", f"a spec has the tables {', '.join(_TABLES)} only")


def _failure(name: str, message: str, remedy: str) -> SpecError:
    return SpecError([Problem(name, None, None, message, remedy)])


def _too_large(name: str) -> SpecError:
    return _failure(name, f"is larger than {LARGEST_FILE} bytes", "a spec is a few lines; check the path")


def _content(name: str) -> bytes:
    """The bytes of the file or of standard input."""
    try:
        if name == "-":
            return _limited(sys.stdin.buffer, name)
        if _is_named_pipe(name):
            raise _failure(name, "is a pipe, and reading it might never end", "give a file, or - for standard input")
        with Path(name).open("rb") as file:
            return _limited(file, name)
    except FileNotFoundError:
        raise _failure(name, "no such file", _elsewhere(name)) from None
    except IsADirectoryError:
        raise _failure(name, "is a directory", "give the path of a spec in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _failure(name, f"cannot be read ({reason})", "check the path and its permissions") from None


def _is_named_pipe(name: str) -> bool:
    """Whether the path is a pipe or socket in a folder; /dev/stdin and a process substitution are meant to be read."""
    mode = os.stat(name).st_mode
    return (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)) and not os.path.abspath(name).startswith(("/dev/", "/proc/"))


def _limited(file: BinaryIO, name: str) -> bytes:
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise _too_large(name)
    return content


def _elsewhere(name: str) -> str:
    """What to do about a path that leads nowhere; one that is called as a network of the zoo may be meant as that."""
    from conslaw_cli.zoofiles import zoo

    entry = os.path.basename(name).removesuffix(".toml")
    return f"`conslaw new {entry}` prints the spec of the zoo's {entry}" if entry in zoo() else f"check the path; {_NEW}"


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _failure(name, f"is not UTF-8 (line {line}, byte {error.start})", "save it as UTF-8") from None


def _refuse_long_dotted_keys(text: str, name: str) -> None:
    """tomllib takes memory quadratic in the parts of a dotted key: gigabytes for a key of this file size."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.partition("#")[0].count(".") > _MOST_DOTS:
            raise _failure(name, f"more than {_MOST_DOTS} dots in line {number}", "write plain tables and keys")


def _parsed(text: str, name: str) -> dict[str, object]:
    _refuse_long_dotted_keys(text, name)
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _failure(name, f"broken TOML: {error}", "correct the file there") from None
    except RecursionError:
        raise _failure(name, "broken TOML: nested too deeply", "write plain tables") from None
    except (ValueError, ArithmeticError):
        raise _failure(name, "broken TOML: a number is out of range", "use smaller numbers") from None
