"""Counts over many initializations: their frequencies, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from conslaw_cli.cli import _run

RELU = """\
[model]
network = "W2 @ relu(W1 @ x)"
[model.parameters]
W1 = [3, 1]
W2 = [1, 3]
[model.inputs]
x = 1
"""


@pytest.fixture
def report(tmp_path, capsys):
    def run(*arguments, text=RELU):
        path = tmp_path / "spec.toml"
        path.write_text(text)
        code = _run(["report", *arguments, str(path)])
        return (code, *capsys.readouterr())

    return run


def test_frequencies_of_the_counts(report):
    """Bias-free relu 1-3-1: 4 laws, where the three weights have both signs; 5 where they have one."""
    code, out, err = report("--regions", "12")
    assert (code, err) == (0, "")
    assert "2 different counts in 12 regions" in out
    assert [line.split()[:5] for line in out.splitlines()[-2:]] == [["4", "exact", "11", "of", "12"], ["5", "exact", "1", "of", "12"]]


def test_json(report):
    found = json.loads(report("--regions", "9", "--format", "json")[1])
    assert found["regions"] == 9 and [(one["laws"], one["regions"]) for one in found["counts"]] == [(4, 8), (5, 1)]
    assert sorted(seed for one in found["counts"] for seed in one["seeds"]) == list(range(9))
    assert all(one["patterns"] == [2, 2] for one in found["counts"])


def test_without_branches_there_is_one_region(report):
    code, out, err = report("--regions", "5", text=RELU.replace("relu", "gelu"))
    assert code == 0 and "no branches, so there is one region" in err and "valid where   generic parameters" in out


@pytest.mark.parametrize("text", [RELU + '[sweep]\ndynamics.kind = ["gradient-flow", "momentum"]\n', RELU])
def test_sweeps(report, text):
    found = json.loads(report("--regions", "2", "--format", "json", text=text)[1])
    assert len(found) == 2 if "sweep" in text else found["regions"] == 2


def test_architectures_have_one_region(report):
    code, out, err = report("--regions", "3", "--format", "json", text='[model]\narchitecture = "relu"\nwidths = [2, 3, 2]\n')
    assert code == 0 and "one region" in err and json.loads(out)["laws"]["independent"] == 3


def test_regions_without_a_value_are_told(report):
    code, out, _ = report("--regions", "5", text=RELU.replace("relu(W1", "relu(log(W1[0]) * W1"))
    assert code == 0 and "note  none for seed" in out
    code, _, err = report("--regions", "2", text=RELU.replace("relu(W1", "relu(log(-W1**2) * W1"))
    assert code == 2 and "log of a number that is not positive" in err


@pytest.mark.parametrize("arguments", [("--regions", "0"), ("--regions", "x"), ("--regions", "2", "--format", "html"), ("--regions", "2", "--expand")])
def test_wrong_usage(report, arguments):
    assert report(*arguments)[0] == 2
