"""Vector fields as they are: counts, laws and refusals, and the graph of a functional in which they are held."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from conslaw_cli import analyze
from conslaw_cli.graph.nodes import Coefficient, Parameter, topological_order
from conslaw_cli.graph.program import Program
from conslaw_cli.graph.serial import from_data, to_data
from conslaw_cli.models.fields import ARCHITECTURE, Fields, build
from conslaw_cli.rings.bounds import VARIABLE, gradient_bounds
from conslaw_cli.rings.gradings import sign_words
from conslaw_cli.rings.stream import Stream
from conslaw_cli.spec import SpecError, parse_spec


def spec(fields, **tables):
    names = tables.pop("names", "x1 x2")
    parameters = {name: [] for name in names.split()} if isinstance(names, str) else names
    model = {
        "fields": fields if isinstance(fields, list) else [fields],
        "parameters": parameters,
        **tables.pop("model", {}),
    }
    return {"model": model, **tables}


def found(fields, **tables):
    """(number of laws, status, printed laws, dimensions)."""
    result = analyze(spec(fields, **tables)).to_dict()
    laws, trace = result["laws"], result["trace"]
    return (
        laws["independent"],
        result["status"],
        [law for item in laws["items"] for law in item["expressions"]],
        tuple(trace["filtration"]),
    )


@pytest.mark.parametrize(
    "fields, names, laws, filtration",
    [
        (["[x2, -x1]"], "x1 x2", 1, (1,)),
        (["[x1, -x2]"], "x1 x2", 1, (1,)),
        (["[1, 1]"], "x1 x2", 1, (1,)),
        (["[x1, x2]", "[-x2, x1]"], "x1 x2", 0, (2,)),
        (["[0, x3, -x2]", "[-x3, 0, x1]"], "x1 x2 x3", 1, (2,)),
        (["[1, 0, -x2]", "[0, 1, x1]"], "x1 x2 x3", 0, (2, 3)),
        (["[x2, x1]/(x1**2 + x2**2)"], "x1 x2", 1, (1,)),
        (["a = sqrt(x1**2 + x2**2)\n[x2/a, -x1/a]"], "x1 x2", 1, (1,)),
        (["[exp(x1 - x2), exp(x1 - x2)]", "[gelu(x1), gelu(x1)]"], "x1 x2", 1, (1,)),
        (["r = relu(x1)\n[r + 1, -r - 1]"], "x1 x2", 1, (1,)),
    ],
)
def test_counts_that_are_proved(fields, names, laws, filtration):
    counted, status, printed, dimensions = found(fields, names=names)
    assert (counted, status, dimensions) == (laws, "proved", filtration)
    assert len(printed) == laws


def test_the_laws_themselves():
    assert found("[x2, -x1]")[2] == ["x1**2 + x2**2"]
    assert found("[x1, -x2]")[2] == ["x1*x2"]
    assert found("[1, 1]")[2] == ["x1 - x2"]
    assert found(["[2*x1, -3*x2]"])[2] == ["x1**3*x2**2"]


def test_a_generic_polynomial_field_has_laws_but_no_polynomial_one():
    """D - 1 laws by the straightening of a field; that there are no more is exact, not a proof, as none is written down."""
    size = 4
    rows = [
        " + ".join(
            f"{Fraction(3 * i + 5 * j + 2 * k + i * j * k, 7)}*x[{j}]*x[{k}]" for j in range(size) for k in range(size)
        )
        for i in range(size)
    ]
    laws, status, printed, dimensions = found(
        f"[{', '.join(f'x[{i}] + 1 + {row}' for i, row in enumerate(rows))}]", names={"x": [size]}
    )
    assert (laws, status, printed, dimensions) == (size - 1, "exact", [], (1,))


def test_gradients_written_out_as_fields_count_as_their_phi():
    """phi = (u1 v1, u1 v2): its gradients as fields."""
    fields = ["[v[0], u[0], 0]", "[v[1], 0, u[0]]"]
    report = analyze({"model": {"phi": "u[0] * v", "parameters": {"u": [1], "v": [2]}}})
    laws, status, printed, dimensions = found(fields, names={"u": [1], "v": [2]})
    assert (laws, status, dimensions) == (report.laws.independent, report.status, report.trace.filtration)
    assert len(printed) == report.laws.found


def test_constants_and_arrays():
    assert found("[[a[0]*x[0, 1], -a[0]*x[0, 0]]]", names={"x": [1, 2]}, model={"constants": {"a": [1]}})[:2] == (
        1,
        "proved",
    )
    assert found("A @ x", names={"x": [2]}, model={"constants": {"A": {"value": [[0, 1], [-1, 0]]}}})[2] == [
        "x_1**2 + x_2**2"
    ]


def test_zero_fields_keep_everything():
    assert found("[0, 0]")[:2] == (2, "proved")


@pytest.mark.parametrize(
    "fields, tables, said",
    [
        ("[x2, -x1, 0]", {}, "3 entries for 2 parameters"),
        ("x1", {}, "1 entry for 2 parameters"),
        (["[x1, x2]", "[x2]"], {}, "field 2, [x2]: 1 entry for 2 parameters"),
        ("[x2, -y]", {}, "unknown name y"),
        ([], {}, "must be a list of texts"),
        ([3], {}, "must be a list of texts"),
        ("[x2, -x1]", {"dynamics": {"kind": "momentum"}}, "under gradient-flow only"),
        ("[x2, -x1]", {"dynamics": {"kind": "weight-decay"}}, "under gradient-flow only"),
        ("[x2, -x1]", {"metric": {"default": "entropy"}}, "without a metric"),
        ("[x2, -x1]", {"metric": {"x2": "entropy"}}, "without a metric"),
        ("[x2, -x1]", {"model": {"phi": "x1 * x2"}}, "unknown key"),
    ],
)
def test_refusals(fields, tables, said):
    with pytest.raises(SpecError) as error:
        parse_spec(spec(fields, **tables))
    assert said in str(error.value)


def test_the_graph_as_data_gives_the_same_gradients():
    options = Fields(fields=("[x2*x1, -x1]", "[1, x2]"), parameters=(("x1", ()), ("x2", ())))
    program = build(options).program
    leaves = {name: Parameter(shape, name) for name, shape in options.parameters} | {"v": Coefficient((2, 1), "v")}
    data = to_data(program.functional)
    read = Program(program.blocks, from_data(json.loads(json.dumps(data)), leaves))
    assert gradient_bounds(read, VARIABLE) == gradient_bounds(program, VARIABLE)
    assert [operation for operation, *_ in data["nodes"]].count("held") == 2


def test_nothing_is_held_in_a_gradient():
    program = plane("[x2, -x1]")
    assert "held" in {node.operation for node in program.nodes}
    assert "held" not in {node.operation for node in topological_order(*program.gradients)}


def plane(field):
    return build(Fields(fields=(field,), parameters=(("x1", ()), ("x2", ())))).program


def test_signs_are_those_of_the_field():
    """[x2, x1^2] keeps its form, up to its sign, where x1 changes sign with x2 or not; with x1 beside x1^2 only under s1 = s2^2 = 1."""
    free = sign_words(plane("[x2, x1**2]"), (), Stream(1))
    assert free[0] == 0 and free[1] != 0
    assert not sign_words(plane("[x2 + 1, x1**2 + x1]"), (), Stream(1)).any()


def test_the_title_and_the_template():
    parsed = parse_spec(spec(["[x2, -x1]"]))
    assert parsed.model.definition is ARCHITECTURE
    assert ARCHITECTURE.title(parsed.model.options) == "vector fields [x2, -x1]"
