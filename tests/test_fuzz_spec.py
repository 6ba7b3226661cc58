"""Fuzzing of the spec reader: whatever the bytes, there is a report or a clear error, never a traceback and never a hang."""

from __future__ import annotations

import signal
import tomllib
from contextlib import contextmanager
from math import prod
from pathlib import Path

import pytest
from helpers import quick
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conslaw_cli.analysis import run
from conslaw_cli.expectations import facts
from conslaw_cli.checks.judge import judged, unusable
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.report import FORMATS, render
from conslaw_cli.assembling.build import build
from conslaw_cli.spec import Spec, SpecError, new_spec, parse_cases, read_cases, visible
from conslaw_cli.spec.locate import Lines
from conslaw_cli.spec.update import UpdateError, updated

SPECS = Path(__file__).parent.parent / "model_specs"
EXAMPLES = sorted(SPECS.rglob("*.toml"))
TEXTS = [path.read_bytes() for path in EXAMPLES] + [new_spec(found).encode() for found in ARCHITECTURES.values()]
FOUND = {"laws": 3, "time_dependent": False, "complete": True, "time_free": 3, "dimension": 9, "status": "proved"}
SECONDS, MOST_PARAMETERS, MOST_CASES = 20, 16, 2_000

VALUES = """
0 1 -1 2 1_000 0x7f 0b1 1e3 1e400 -0.0 nan inf true false 1979-05-27 1979-05-27T07:32:00Z [] {} [[]] [2,3,2] [2,2] [1,1,1]
[2,3,2,] [2.0,3,2] [2,[3],2] [2,true,2] {from=1,to=3} {from=1,to=1e9} {a.b=1} {kind="momentum"} "" '' \"\"\"\"\"\" "tau" "lambda"
"t" "3/t" "1/(1+t)" "exp(-t)" "t**t" "1/t**2" "2**2**2**2" "9**9**9" "1/0" "sqrt(-1)" "((((" "))" "tau*t" "pi" "1*pi" "I" "E"
"sin(t)" "-1" "t-1" "log(t)" "__import__('os')" "a.b" "W1" "dW1_1_1" "\\u0000" "\\u202e" "\\x" "linear" "relu" "nmf" "icnn"
"euclidean" "entropy" "theta^2" "theta^3" "theta^99" "theta" "lookahead" "momentum" "nesterov" "weight-decay" "gradient-flow"
"none" "hidden" "all" "proved" "undecided" 99999999999999999999 = [ ] { } # , . [model] [metric] [[model]] [sweep] [sweep.zip]
zip=["widths"] model.widths=[[2,3,2]] "model.widths[1]"=[2,3] cases=[{}] expect.laws=[1,2]
""".split() + ["9" * 500, "9" * 5000, "[" * 300, "a." * 30, "\x00", "\x1b[31m", "\ufeff", "\r", "\r\n", "\u2028", "'''", '"""']  # fmt: skip
KEYS = "model metric dynamics expect sweep architecture widths bias default at W1 W2 b1 U V kind damping decay start laws status".split()


class Hang(BaseException):
    """Not an Exception, so that nothing swallows it."""


@contextmanager
def within(seconds):
    def stop(*_):
        raise Hang(f"still running after {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def is_small(case: Spec) -> bool:
    blocks = ARCHITECTURES[case.model.architecture]
    if not hasattr(case.model.options, "widths"):
        return sum(prod(shape) for _, shape in blocks.blocks(case.model.options)) <= MOST_PARAMETERS
    return len(case.model.options.widths) <= 5 and max(case.model.options.widths) <= 4 and (
        sum(rows * columns for _, (rows, columns) in blocks.blocks(case.model.options)) <= MOST_PARAMETERS
    )  # fmt: skip


def handled(content: bytes, path: Path, engine: bool) -> str:
    """What becomes of a spec with this content: "unusable", "read" or "reported"; anything else raises."""
    path.write_bytes(content)
    text = content.decode("utf-8", "replace")
    with within(SECONDS):
        lines = Lines(text)
        try:
            cases = read_cases(path)
        except SpecError as error:
            check_error(error, lines, text)
            return "unusable"
        check_update(content.decode("utf-8"))
        small = [case for case in cases[:MOST_CASES] if is_small(case)][:1]
        for case in small if engine else ():
            report = build(run(case))
            for name in FORMATS:
                assert render([report], name)
            assert judged(facts(report), case.expect, case.name, str(path), lines).verdict
        return "reported" if engine and small else "read"


def check_error(error: SpecError, lines: Lines, text: str) -> None:
    """Problems there are, printable ones, with a remedy, at lines the file has."""
    assert error.problems
    for problem in error.problems:
        assert problem.message and problem.remedy and visible(str(problem)) == str(problem)
    for finding in unusable("x", error, lines).findings:
        assert finding.line is None or 1 <= finding.line <= text.count("\n") + 1


def check_update(text: str) -> None:
    """Rewriting gives a text that expects what was found, or is refused."""
    try:
        result = updated(text, FOUND)
    except UpdateError:
        return
    given_keys = tomllib.loads(text.removeprefix("\ufeff")).get("expect") or {"laws": 0}
    after = tomllib.loads(result.removeprefix("\ufeff"))["expect"]
    assert all(after[key] == FOUND[key] for key in given_keys if key in FOUND)


# --- mutated examples ------------------------------------------------------------------------------------------------


def flip(text, data):
    at = data.draw(st.integers(0, len(text) - 1))
    return text[:at] + bytes([text[at] ^ data.draw(st.integers(1, 255))]) + text[at + 1 :]


def cut(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    return text[:start] + text[start + data.draw(st.integers(1, 20)) :]


def drop(text, data):
    lines = text.split(b"\n")
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    return b"\n".join(lines)


def double(text, data):
    lines = text.split(b"\n")
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines.insert(to, lines[at])
    return b"\n".join(lines)


def swap(text, data):
    lines = text.split(b"\n")
    at, to = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    lines[at], lines[to] = lines[to], lines[at]
    return b"\n".join(lines)


def replace_value(text, data):
    """Another value, or another key, in a line that has one."""
    lines = text.split(b"\n")
    assigned = [number for number, line in enumerate(lines) if b"=" in line]
    if not assigned:
        return text
    at = data.draw(st.sampled_from(assigned))
    key, _, value = lines[at].partition(b"=")
    if data.draw(st.integers(0, 3)):
        value = data.draw(st.sampled_from(VALUES)).encode()
    else:
        key = data.draw(st.sampled_from(KEYS)).encode()
    lines[at] = key + b"=" + value
    return b"\n".join(lines)


def insert(text, data):
    at = data.draw(st.integers(0, len(text)))
    return text[:at] + data.draw(st.sampled_from(VALUES)).encode() + text[at:]


MUTATIONS = (flip, cut, drop, double, swap, replace_value, replace_value, insert)


def mutate(data) -> bytes:
    text = data.draw(st.sampled_from(TEXTS))
    for change in data.draw(st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=4)):
        text = change(text or b"\n", data)
    return text


# --- specs made of valid pieces --------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from([v.strip('"') for v in VALUES]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(
    st.sampled_from(KEYS), st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4) | ANYTHING, max_size=5
)
FREELY = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=100, derandomize=True, **FREELY)
@given(st.data())
def test_mutated_examples(tmp_path_factory, data):
    handled(mutate(data), spec_path(tmp_path_factory), engine=True)


@settings(max_examples=100, derandomize=True, **FREELY)
@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(VALUES + KEYS), max_size=12).map(lambda parts: "\n".join(parts).encode())
)
def test_any_bytes(tmp_path_factory, content):
    handled(content, spec_path(tmp_path_factory), engine=False)


@settings(max_examples=60, derandomize=True, **FREELY)
@given(ANYTHING | TABLES)
def test_any_mapping(mapping):
    with within(SECONDS):
        try:
            parse_cases(mapping)
        except SpecError as error:
            assert all(problem.message and problem.remedy for problem in error.problems)


@pytest.mark.heavy
@settings(max_examples=6000, **FREELY)
@given(st.data())
def test_many_mutated_examples(tmp_path_factory, data):
    handled(mutate(data), spec_path(tmp_path_factory), engine=True)


@pytest.mark.heavy
@settings(max_examples=5000, **FREELY)
@given(ANYTHING | TABLES)
def test_many_mappings(mapping):
    test_any_mapping.hypothesis.inner_test(mapping)


def spec_path(factory) -> Path:
    return factory.getbasetemp() / "fuzzed.toml"


def test_the_fuzzer_reaches_the_engine(tmp_path):
    """Most examples are small enough to be analysed, so that mutated ones are too."""
    found = [handled(text, tmp_path / "a.toml", engine=True) for text in TEXTS[:16]]
    assert found.count("reported") >= 6


@pytest.mark.parametrize("bracket", quick(["[", '"""', "a."], ["[", "{a=", '"""', "#", "a.", "[[", "x = [", "\\"]))
def test_a_megabyte_of_brackets_is_no_hang(tmp_path, bracket):
    content = (bracket * (900_000 // len(bracket))).encode()
    assert handled(b"x = " + content, tmp_path / "a.toml", engine=False) == "unusable"
    assert handled(b"[model]\n" + content, tmp_path / "a.toml", engine=False) == "unusable"
