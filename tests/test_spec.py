"""Specs: what a good one means, how a bad one is refused, and expressions that never run code."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from fractions import Fraction
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conslaw_cli.metrics import EUCLIDEAN
from conslaw_cli.metrics.power import Power
from conslaw_cli.models.chain import Chain, chain_table
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.spec import (
    ExpectSpec,
    ExpressionError,
    Pole,
    Problem,
    Spec,
    SpecError,
    new_spec,
    normalised,
    parse_expression,
    parse_spec,
    read_spec,
    spec_sha256,
)

LINEAR = {"architecture": "linear", "widths": [2, 3, 2]}


def spec_of(dynamics=None, metric=None, model=LINEAR, **tables) -> Spec:
    given_tables = {"model": model, "dynamics": dynamics, "metric": metric, **tables}
    return parse_spec({name: table for name, table in given_tables.items() if table is not None})


def problems_of(mapping, **tables) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        parse_spec({**mapping, **tables})
    return caught.value.problems


def problem_of(dynamics=None, metric=None, model=LINEAR, **tables) -> Problem:
    with pytest.raises(SpecError) as caught:
        spec_of(dynamics, metric, model, **tables)
    (problem,) = caught.value.problems
    return problem


def momentum(damping, **keys):
    return {"kind": "momentum", "damping": damping, **keys}


# --- a good spec -----------------------------------------------------------------------------------------------------


def test_defaults():
    spec = parse_spec({"model": LINEAR})
    assert spec.name == "<mapping>"
    assert (spec.model.options.widths, spec.model.options.bias) == ((2, 3, 2), "none")
    assert (spec.dynamics.kind, spec.dynamics.rate, spec.dynamics.start) == ("gradient-flow", None, 0)
    assert (spec.metric.blocks, spec.metric.at) == ((("W1", EUCLIDEAN), ("W2", EUCLIDEAN)), "theta")
    assert spec.metric.euclidean
    assert spec.expect == ExpectSpec()
    assert hash(spec) == hash(parse_spec({"model": dict(LINEAR)}))


@pytest.mark.parametrize(
    ("metric", "exponents"),
    [
        (None, [0, 1, 0]),
        ({}, [0, 1, 0]),
        ({"W1": "theta^3"}, [3, 1, 0]),
        ({"default": "entropy"}, [1, 1, 1]),
        ({"default": "entropy", "b1": "euclidean"}, [1, 1, 0]),
        ({"W2": "theta^0"}, [0, 0, 0]),
        ({"default": "theta^20"}, [20, 20, 20]),
    ],
)
def test_metric_is_resolved_for_every_block(metric, exponents):
    spec = spec_of(metric=metric, model={"architecture": "icnn", "widths": [2, 3, 1], "bias": "hidden"})
    blocks = dict(spec.metric.blocks)
    assert [blocks[name].power for name in ("W1", "W2", "b1")] == exponents
    assert tuple(blocks) == tuple(name for name, _ in ARCHITECTURES["icnn"].blocks(Chain((2, 3, 1), "hidden")))


@pytest.mark.parametrize(
    ("dynamics", "metric", "at"),
    [
        (momentum("tau"), {"default": "entropy"}, "lookahead"),
        (momentum(0), {"W1": "entropy"}, "lookahead"),
        (momentum("tau"), {"default": "entropy", "at": "theta"}, "theta"),
        (momentum("tau"), None, "theta"),
        (momentum("3/t"), {"default": "entropy"}, "theta"),
        ({"kind": "nesterov"}, {"default": "entropy"}, "theta"),
        ({"kind": "weight-decay"}, {"default": "entropy"}, "theta"),
        (momentum("tau"), {"default": "entropy", "at": "lookahead"}, "lookahead"),
    ],
)
def test_point_of_evaluation(dynamics, metric, at):
    assert spec_of(dynamics, metric).metric.at == at


@pytest.mark.parametrize(
    ("dynamics", "rate", "start"),
    [
        ({"kind": "momentum"}, "tau", 0),
        ({"kind": "weight-decay"}, "lambda", 0),
        ({"kind": "nesterov"}, "3/t", None),
        ({"kind": "nesterov", "start": 2}, "3/t", 2),
        ({"kind": "nesterov", "start": "1/3"}, "3/t", Fraction(1, 3)),
        (momentum(0.1), "1/10", 0),
        (momentum("0.10"), "1/10", 0),
        (momentum(0), "0", 0),
        (momentum("lambda"), "lambda", 0),
        (momentum("t"), "t", 0),
        (momentum("1/(1 + t)"), "1/(1+t)", 0),
        (momentum("3/t", start=1), "3/t", 1),
        (momentum("1/cos(pi*t)", start=1), "1/cos(pi*t)", 1),
        ({"kind": "weight-decay", "decay": "exp(-t)", "start": 0}, "exp(-t)", 0),
    ],
)
def test_rate_and_start(dynamics, rate, start):
    resolved = spec_of(dynamics).dynamics
    assert (resolved.kind, resolved.rate.text, resolved.start) == (dynamics["kind"], rate, start)
    assert resolved.varies_in_time == ("t" in resolved.rate.names)


def test_decimals_of_a_file_are_exact():
    text = '[model]\narchitecture = "linear"\nwidths = [2, 2]\n[dynamics]\nkind = "momentum"\ndamping = 0.1\nstart = 0.3\n'
    spec = read_spec("x.toml", text)
    assert spec.dynamics.rate.value_at({}) == Fraction(1, 10)
    assert spec.dynamics.start == Fraction(3, 10)


def test_expectations():
    expect = {"laws": 3, "time_dependent": True, "complete": False, "time_free": 2, "dimension": 21, "status": "proved"}
    assert spec_of(expect=expect).expect == ExpectSpec(**expect)


# --- the canonical form ----------------------------------------------------------------------------------------------

CANONICAL = [
    {"model": LINEAR},
    {"model": LINEAR, "dynamics": momentum("1/(1+t)"), "metric": {"W1": "theta^2"}},
    {"model": LINEAR, "dynamics": momentum("tau"), "metric": {"default": "entropy"}},
    {"model": LINEAR, "dynamics": {"kind": "nesterov", "start": 0.5}},
    {"model": LINEAR, "dynamics": {"kind": "nesterov"}},
    {"model": LINEAR, "dynamics": {"kind": "weight-decay"}},
    {"model": {"architecture": "nmf", "widths": [2, 3, 4]}},
]


@pytest.mark.parametrize("mapping", CANONICAL)
def test_canonical_form_reads_back_as_the_same_spec(mapping):
    spec = parse_spec(mapping)
    assert parse_spec(normalised(spec)) == spec


def test_hash_tells_different_specs_apart():
    assert len({spec_sha256(parse_spec(mapping)) for mapping in CANONICAL}) == len(CANONICAL)


def test_hash_ignores_comments_order_spelled_out_defaults_expectations_and_name():
    short = '[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n[dynamics]\nkind = "momentum"\n'
    long = (
        '# a comment\n[expect]\nlaws = 3\n[dynamics]\ndamping = "tau"\nstart = 0\nkind = "momentum"\n'
        '[metric]\nW2 = "euclidean"\n[model]\nbias = "none"\nwidths = [2, 3, 2]\narchitecture = "linear"\n'
    )
    assert spec_sha256(read_spec("a.toml", short)) == spec_sha256(read_spec("b.toml", long))


def test_json_schema_can_be_made():
    schema = msgspec.json.schema(Spec, schema_hook=lambda kind: {"type": "string"})
    assert schema["$defs"]["ModelSpec"]["properties"]["options"]["description"]
    assert schema["$defs"]["ExpectSpec"]["additionalProperties"] is False


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_template_reads_back(name):
    text = new_spec(ARCHITECTURES[name])
    spec = read_spec("new.toml", text)
    assert spec == msgspec.structs.replace(parse_spec({"model": normalised(spec)["model"]}), name="new.toml")
    assert spec.model.architecture == name


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_template_lists_every_key_and_its_comments_are_toml(name):
    lines = [line for line in new_spec(ARCHITECTURES[name]).splitlines() if not line.startswith("# damping")]
    keys = "\n".join(line.removeprefix("# ") for line in lines[3:])
    keys = keys.replace('"gradient-flow"', '"weight-decay"')
    spec = read_spec("new.toml", keys)
    assert None not in msgspec.structs.astuple(spec.expect)


# --- a bad spec ------------------------------------------------------------------------------------------------------


def model(**keys):
    return {**LINEAR, **keys}


@pytest.mark.parametrize(
    ("tables", "key", "message", "remedy"),
    [
        ({"model": model(wdths=1)}, "[model] wdths", "unknown key", '"widths"'),
        ({"model": {"widths": [2, 2]}}, "[model] architecture", "missing", "linear"),
        ({"model": {"architecture": "linear"}}, "[model] widths", "missing", "[2, 3, 2]"),
        ({"model": model(architecture="Linaer")}, "[model] architecture", "unknown", 'did you mean "linear"? valid: linear'),
        ({"model": model(architecture=3)}, "[model] architecture", "string", "linear"),
        ({"model": model(widths=[2, -3])}, "[model] widths", "positive integers", "write e.g."),
        ({"model": model(widths=[2, 0])}, "[model] widths", "positive integers", "write e.g."),
        ({"model": model(widths=[True, 2])}, "[model] widths", "positive integers", "write e.g."),
        ({"model": model(widths=[2, 2.0])}, "[model] widths", "positive integers", "write e.g."),
        ({"model": model(widths="2, 3")}, "[model] widths", "array", "write e.g."),
        ({"model": model(widths=[2])}, "[model] widths", "at least 2", "write e.g."),
        ({"model": model(widths=[2, 10**5000])}, "[model] widths", "exceed", "write e.g."),
        ({"model": model(widths=[1] * 10_001)}, "[model] widths", "10001 widths", "write e.g."),
        ({"model": {"architecture": "nmf", "widths": [2, 3]}}, "[model] widths", "exactly 3", "[3, 2, 3]"),
        ({"model": {"architecture": "nmf", "widths": [2, 3, 2], "bias": "all"}}, "[model] bias", "nmf", "none"),
        ({"model": model(bias="hiden")}, "[model] bias", "bias", '"hidden"'),
        ({"model": 3}, "model", "table", "[model]"),
        ({"metric": {"W3": "entropy"}}, "[metric] W3", "unknown key", "W1, W2"),
        ({"metric": {"b1": "entropy"}}, "[metric] b1", "unknown key", "W1, W2"),
        ({"metric": {"W1": "entrpy"}}, "[metric] W1", "unknown metric", '"entropy"'),
        ({"metric": {"W1": "theta^21"}}, "[metric] W1", "unknown metric", "20"),
        ({"metric": {"default": 2}}, "[metric] default", "string", "entropy"),
        ({"metric": {"at": "phi"}}, "[metric] at", "unknown", "lookahead"),
        ({"metric": {"at": "lookahead"}}, "[metric] at", "not gradient-flow", "theta"),
        ({"metric": {"at": "lookahead"}, "dynamics": momentum("3/t")}, "[metric] at", "constant damping", "theta"),
        ({"metric": {"at": "lookahead"}, "dynamics": {"kind": "nesterov"}}, "[metric] at", "not nesterov", "theta"),
        ({"dynamics": {"kind": "momentom"}}, "[dynamics] kind", "unknown", '"momentum"'),
        ({"dynamics": {"kind": "momentum", "dampng": 1}}, "[dynamics] dampng", "unknown key", '"damping"'),
        ({"dynamics": {"damping": 1}}, "[dynamics] damping", "gradient-flow takes no damping", '"momentum"'),
        ({"dynamics": {"start": 1}}, "[dynamics] start", "gradient-flow takes no start", "remove"),
        ({"dynamics": {"kind": "nesterov", "damping": 1}}, "[dynamics] damping", "nesterov takes no", '"momentum"'),
        ({"dynamics": {"kind": "weight-decay", "damping": 1}}, "[dynamics] damping", "takes no", "rename it to decay"),
        ({"dynamics": {"kind": "momentum", "decay": 1}}, "[dynamics] decay", "takes no", "rename it to damping"),
        ({"dynamics": momentum(-1)}, "[dynamics] damping", "negative", ">= 0"),
        ({"dynamics": momentum("1-pi")}, "[dynamics] damping", "negative", ">= 0"),
        ({"dynamics": momentum("log(0)")}, "[dynamics] damping", "finite", ">= 0"),
        ({"dynamics": momentum(float("nan"))}, "[dynamics] damping", "finite", "write e.g."),
        ({"dynamics": momentum(float("inf"))}, "[dynamics] damping", "finite", "write e.g."),
        ({"dynamics": momentum(True)}, "[dynamics] damping", "finite number", "write e.g."),
        ({"dynamics": momentum(10**101)}, "[dynamics] damping", "100 digits", "write e.g."),
        ({"dynamics": momentum([1])}, "[dynamics] damping", "finite number", "write e.g."),
        ({"dynamics": momentum("1/(t - t)")}, "[dynamics] damping", "t-t is 0", "real and finite"),
        ({"dynamics": momentum("sqrt(-t)")}, "[dynamics] damping", "sqrt of a negative number", "real and finite"),
        ({"dynamics": momentum("log(t - 1)")}, "[dynamics] damping", "log of a number that is not positive", "start = 2"),
        ({"dynamics": momentum("1/(t - tau)")}, "[dynamics] damping", "for all tau > 0", "real and finite"),
        ({"dynamics": momentum("tau - 1")}, "[dynamics] damping", "may be zero or negative for some tau > 0", "positive"),
        ({"dynamics": momentum("gamma/t")}, "[dynamics] damping", "SymPy", "another name"),
        ({"dynamics": momentum("e**t")}, "[dynamics] damping", "Euler", "exp(1)"),
        ({"dynamics": momentum("lambda*t + lamda")}, "[dynamics] damping", "spelled alike", "another name"),
        ({"dynamics": momentum("t*W1_2_3")}, "[dynamics] damping", "parameters", "tau"),
        ({"dynamics": momentum("W1")}, "[dynamics] damping", "parameters", "tau"),
        ({"dynamics": momentum("W1_2_3")}, "[dynamics] damping", "parameters", "tau"),
        ({"dynamics": momentum("dW1_2_3")}, "[dynamics] damping", "parameters", "tau"),
        ({"dynamics": momentum("pi")}, "[dynamics] damping", "pi is a number", "tau"),
        ({"dynamics": momentum("exp")}, "[dynamics] damping", "function", "another name"),
        ({"dynamics": momentum("import")}, "[dynamics] damping", "reserved", "another name"),
        ({"dynamics": momentum("E")}, "[dynamics] damping", "SymPy", "another name"),
        ({"dynamics": momentum("")}, "[dynamics] damping", "empty", "write"),
        ({"dynamics": momentum("3/t", start=0)}, "[dynamics] start", "pole at t = 0", "start = 1"),
        ({"dynamics": {"kind": "nesterov", "start": 0}}, "[dynamics] start", "pole", "start = 1"),
        ({"dynamics": momentum("1/cos(pi*t)", start=0.5)}, "[dynamics] start", "pole", "start = 1"),
        ({"dynamics": {"kind": "nesterov", "start": -1}}, "[dynamics] start", ">= 0", "start = 1"),
        ({"dynamics": {"kind": "nesterov", "start": "t"}}, "[dynamics] start", ">= 0", "start = 1"),
        ({"dynamics": {"kind": "nesterov", "start": True}}, "[dynamics] start", ">= 0", "start = 1"),
        ({"expect": {"laws": True}}, "[expect] laws", "integer", "laws = 3"),
        ({"expect": {"laws": 3.0}}, "[expect] laws", "integer", "laws = 3"),
        ({"expect": {"dimension": -1}}, "[expect] dimension", "non-negative", "dimension = 3"),
        ({"expect": {"complete": 1}}, "[expect] complete", "true or false", "true"),
        ({"expect": {"status": "prove"}}, "[expect] status", "unknown status", '"proved"'),
        ({"expect": {"law": 3}}, "[expect] law", "unknown key", '"laws"'),
        ({"expect": []}, "expect", "table", "[expect]"),
        ({"metrics": {}}, "[metrics]", "unknown table", '"metric"'),
        ({"widths": [2]}, "widths", "unknown key", "model"),
        ({3: {}}, "[3]", "unknown table", "model"),
    ],
)
def test_each_problem_names_key_and_remedy(tables, key, message, remedy):
    (problem,) = problems_of({"model": LINEAR, **tables})
    assert (problem.file, problem.key) == ("<mapping>", key)
    assert message in problem.message
    assert remedy in problem.remedy
    assert str(problem).startswith(f"<mapping>: {key}")


def test_missing_model_and_no_mapping():
    assert problems_of({})[0].key == "[model]"
    with pytest.raises(SpecError, match="mapping of tables"):
        parse_spec([1, 2])


def test_a_line_reads_like_the_spec():
    problem = problem_of(model=model(widths=[2, -3]))
    expected = "<mapping>: [model] widths = [2, -3]: widths must be positive integers; write e.g. widths = [2, 3, 2]"
    assert str(problem) == expected


def test_all_problems_at_once():
    found = problems_of(
        {
            "model": {"architecture": "rulu", "widths": [0], "bias": "x", "depth": 2},
            "metric": {"default": "entrpy", "at": "x"},
            "dynamics": {"kind": "momentom", "damping": "zeta/t", "start": -1},
            "expect": {"laws": "3", "complete": 1},
            "metrik": {},
        }
    )
    assert {problem.key for problem in found} == {
        "[model] architecture", "[model] widths", "[model] bias", "[model] depth", "[metric] default", "[metric] at",
        "[dynamics] kind", "[dynamics] damping", "[dynamics] start", "[expect] laws", "[expect] complete", "[metrik]",
    }  # fmt: skip
    assert len(str(SpecError(found)).splitlines()) == 12


def test_many_bad_keys_are_cut_short():
    assert len(problems_of({"model": LINEAR, **{f"X{i}": {} for i in range(5000)}})) <= 50
    assert len(problems_of({"model": LINEAR, "metric": {f"X{i}": "entropy" for i in range(5000)}})) <= 50


def test_architectures_are_those_of_the_models(monkeypatch):
    tiny = SimpleNamespace(
        name="tiny", table=chain_table((1,), least=1, most=2, biases=("none",)),
        blocks=lambda chain: (("A", (1, 1)),), default_metric=lambda block: "theta^2",
    )  # fmt: skip
    monkeypatch.setitem(ARCHITECTURES, "tiny", tiny)
    assert spec_of(model={"architecture": "tiny", "widths": [1]}).metric.blocks == (("A", Power(2)),)
    assert "at most 2" in problem_of(model={"architecture": "tiny", "widths": [1, 1, 1]}).message


# --- files -----------------------------------------------------------------------------------------------------------


def failure_of(path, text=None) -> str:
    with pytest.raises(SpecError) as caught:
        read_spec(path, text)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_file_and_name(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b'\xef\xbb\xbf[model]\r\narchitecture = "linear"\r\nwidths = [2, 2]\r\n')
    assert read_spec(path).name == str(path)


def test_standard_input(monkeypatch):
    content = io.BytesIO(b'[model]\narchitecture = "linear"\nwidths = [2, 2]\n')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=content))
    assert read_spec("-").name == "-"


def test_files_that_cannot_be_read(tmp_path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes("[model]\n# caf\xe9\n".encode("latin-1"))
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    assert "no such file" in failure_of(tmp_path / "none.toml")
    assert "is a directory" in failure_of(tmp_path)
    assert "not UTF-8 (line 2" in failure_of(latin)
    assert "larger than" in failure_of(large)
    assert "larger than" in failure_of("x.toml", "#" * ((1 << 20) + 1))
    assert "cannot be read" in failure_of("a\0b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[model]\nwidths = [2,\nbias", "line 3, column"),
        ("a = 1\na = 2\nb = 3", "line 2, column"),
        ("a = " + "[" * 5000, "nested"),
        ("a = " + "9" * 5000, "out of range"),
        ("\n" + "a." * 500_000 + "a = 1", "dots in line 2"),
        ("a = 1e99999999999999999999", "out of range"),
    ],
)
def test_broken_toml(text, message):
    assert message in failure_of("x.toml", text)


def test_control_characters_are_spelled_out():
    nasty = "\x1b[31m\x7f\x9b\u202e\u2028\r\n"
    found = problems_of({"model": model(architecture=nasty), nasty: {}, "expect": {nasty: nasty}})
    lines = str(SpecError(found))
    assert len(lines.splitlines()) == 3
    assert "\\x1b[31m\\x7f\\x9b\\u202e\\u2028\\x0d\\x0a" in found[0].key
    assert all(char.isprintable() for char in lines.replace("\n", ""))
    assert "a\\x1b[0m.toml: no such file" in failure_of("a\x1b[0m.toml")


# --- expressions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "canonical", "names"),
    [
        ("3 / t", "3/t", {"t"}),
        ("0.5", "1/2", set()),
        (".5e1", "5", set()),
        ("2^3", "8", set()),
        ("t^2", "t**2", {"t"}),
        ("-t^2", "-t**2", {"t"}),
        ("(-t)^2", "(-t)**2", {"t"}),
        ("a-(b-c)", "a-(b-c)", {"a", "b", "c"}),
        ("(a-b)-c", "a-b-c", {"a", "b", "c"}),
        ("t^(1/2)", "t**(1/2)", {"t"}),
        ("t*(-0.5)", "t*(-1/2)", {"t"}),
        ("2*pi", "2*pi", set()),
        ("exp(-lambda*t)", "exp(-lambda*t)", {"lambda", "t"}),
        ("(((tau)))", "tau", {"tau"}),
    ],
)
def test_canonical_text(text, canonical, names):
    expression = parse_expression(text)
    assert (expression.text, expression.names) == (canonical, names)
    assert parse_expression(canonical) == expression


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("__import__('os').system('x')", "__import__('os').system"),
        ("__import__", "__import__"),
        ("t.real", "t.real"),
        ("t[0]", "t[0]"),
        ("[t]", "[t]"),
        ("'t'", "'t'"),
        ("(lambda: t)()", "column"),
        ("t if t else 1", "'if'"),
        ("t > 1", "t > 1"),
        ("t // 2", "t // 2"),
        ("~t", "~t"),
        ("foo(t)", "'foo'"),
        ("exp(t, 2)", "exp takes one argument"),
        ("exp(x=t)", "exp takes one argument"),
        ("exp(*t)", "*t"),
        ("exp()", "exp takes one argument"),
        ("2(t+1)", "'2' is not a function"),
        ("exp*t", "'exp' is a function"),
        ("True", "'True'"),
        ("3j", "'3j'"),
        ("0x10", "'0x10'"),
        ("1_000", "'1_000'"),
        ("3t", "column 1"),
        ("t +", "column"),
        ("τ", "'τ'"),
        ("t # x", "'#'"),
        ("t\nt", "unexpected character"),
        ("", "empty"),
        ("1/0", "1/0"),
        ("t/(2-2) + 1/(1-1)", "1/0"),
        ("0^-1", "division by zero"),
        ("t^1001", "1001"),
        ("9^9^9", "387420489"),
        ("((9^99)^99)^99", "too large"),
        ("1e101", "1e101"),
        ("t" * 501, "500 characters"),
        ("-" * 400 + "t", "nested"),
        ("(" * 240 + "t" + ")" * 240, "nested"),
        ("+t" * 200, "nested"),
    ],
)
def test_refused_expressions_name_the_piece(text, piece):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert piece in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "t", "value"),
    [
        ("1/(1+t)", 2, Fraction(1, 3)),
        ("sqrt(t)", Fraction(4, 9), Fraction(2, 3)),
        ("exp(t) + cos(t) + log(1+t)", 0, 2),
        ("sin(pi*t)", 7, 0),
        ("cos(pi*t)", 1, -1),
        ("tan(pi*t)", Fraction(1, 2), Pole),
        ("1/sin(pi*t)", 3, Pole),
        ("pi/pi - 1", 0, 0),
        ("1/t", 0, Pole),
        ("log(t)", 0, Pole),
        ("log(t)", -1, Pole),
        ("sqrt(t)", -1, Pole),
        ("t^(1/3)", -8, Pole),
        ("t^(-1/2)", 0, Pole),
        ("exp(t)", 10**6, Pole),
        ("(t^1000)^1000", 7, Pole),
    ],
)
def test_exact_values_and_poles(text, t, value):
    expression = parse_expression(text)
    if value is Pole:
        with pytest.raises(Pole):
            expression.value_at({"t": Fraction(t)})
    else:
        found = expression.value_at({"t": Fraction(t)})
        assert isinstance(found, Fraction)
        assert found == value


def test_sympy_reads_the_text():
    sympy = pytest.importorskip("sympy")
    t, tau = sympy.symbols("t tau")
    expected = sympy.Rational(1, 10) * sympy.exp(-tau * t) / (1 + t) ** 2 - sympy.sqrt(sympy.pi)
    assert sympy.sympify(parse_expression("0.1*exp(-tau*t)/(1+t)^2 - sqrt(pi)").text) == expected


def trees():
    leaves = st.sampled_from(["t", "tau", "lambda", "pi", "0", "2", "0.5", "3e-1"])

    def grown(inner):
        binary = st.builds("({}){}({})".format, inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner)
        unary = st.builds("{}({})".format, st.sampled_from(["-", "exp", "sqrt", "tanh"]), inner)
        return binary | unary

    return st.recursive(leaves, grown, max_leaves=8)


@given(trees())
def test_text_reads_back_and_python_agrees(text):
    try:
        expression = parse_expression(text)
        value = expression.value_at({"t": Fraction(2), "tau": Fraction(3), "lambda": Fraction(5)})
        value = float(value)
    except (ExpressionError, Pole, OverflowError):
        return
    assert parse_expression(expression.text) == expression
    readable = expression.text.replace("lambda", "lam")
    names = {"t": 2, "tau": 3, "lam": 5, "pi": math.pi, "exp": math.exp, "sqrt": math.sqrt, "tanh": math.tanh}
    try:
        direct = eval(readable, {"__builtins__": {}}, names)  # text that parse_expression wrote from a whitelist
    except (ArithmeticError, ValueError):
        return
    assert direct == pytest.approx(value, rel=1e-6, abs=1e-6)


# --- nothing but Spec or SpecError -----------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["model", "metric", "dynamics", "expect", "architecture", "widths", "bias", "default", "at", "kind", "damping",
     "decay", "start", "laws", "status", "linear", "nmf", "icnn", "momentum", "weight-decay", "nesterov", "entropy",
     "theta^3", "lookahead", "3/t", "tau", "W1", "hidden"]
)  # fmt: skip
_SCALARS = _WORDS | st.text(max_size=8) | st.integers() | st.booleans() | st.floats() | st.none() | st.decimals() | st.binary()
_VALUES = st.recursive(
    _SCALARS | st.lists(st.integers(1, 4), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
_TABLES = st.fixed_dictionaries(
    {"model": st.fixed_dictionaries({"architecture": _WORDS, "widths": st.lists(st.integers(1, 4), max_size=4)})},
    optional={name: st.dictionaries(_WORDS, _VALUES, max_size=4) for name in ("metric", "dynamics", "expect")},
)


def is_spec_or_clean_error(read) -> bool:
    try:
        return isinstance(read(), Spec)
    except SpecError as error:
        lines = str(error).splitlines()
        return 0 < len(lines) == len(error.problems) and all(line.isprintable() for line in lines)


@given(_TABLES | _VALUES)
def test_any_mapping(mapping):
    assert is_spec_or_clean_error(lambda: parse_spec(mapping))


@given(st.text() | st.text(alphabet='[]{}=".\n#model12 ').map(lambda tail: f'[model]\narchitecture = "linear"\n{tail}'))
def test_any_text(text):
    assert is_spec_or_clean_error(lambda: read_spec("x.toml", text))


@given(st.text(max_size=40) | st.text(alphabet="t+-*/^().019e lambdpix", max_size=60))
def test_any_expression(text):
    assert is_spec_or_clean_error(lambda: spec_of(momentum(text)))


def test_reading_imports_nothing_heavy():
    code = (
        "import sys\nfrom conslaw_cli.spec import parse_spec\n"
        "parse_spec({'model': {'architecture': 'linear', 'widths': [2, 2]}, 'dynamics': {'kind': 'nesterov'}})\n"
        "sys.exit(bool({'numpy', 'sympy', 'flint', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
