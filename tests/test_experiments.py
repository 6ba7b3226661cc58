"""The experiments of model_specs/experiments show what their comments say: orders of drifts, what moves, and what is lost."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers import quick

from conslaw_cli import analyze
from conslaw_cli.cli import group
from conslaw_cli.cli.exits import Exit

pytest.importorskip("scipy")

FOLDER = Path(__file__).parent.parent / "model_specs" / "experiments"
TIMES = {
    "linear_gradient_descent": "0.5", "relu_gradient_descent": "0.1", "linear_momentum": "1", "nmf_exponentiated_gradient": "1",
    "nmf_mirror_momentum": "1", "residual_convolution": "0.016", "attention": "0.2",
}  # fmt: skip


@cache
def simulated(name, *options):
    """The rows of ``conslaw simulate``, laws first and then what is none."""
    path = str(FOLDER / f"{name}.toml")
    result = CliRunner().invoke(group, ["simulate", path, "--time", TIMES[name], "--format", "json", *options], standalone_mode=False)
    assert result.exception is None and result.return_value == Exit.OK
    rows = json.loads(result.stdout)["laws"]
    return [row for row in rows if row["conserved"]], [row for row in rows if not row["conserved"]]


def lost(name, of, folder):
    """The largest drift of laws of the experiment ``of`` along the finest run of another."""
    simulated(name, "--save", str(folder / "run.npz"))
    with np.load(folder / "run.npz") as run:
        states = [{block: run[block][n] for block, _ in report(of).model.blocks} for n in range(len(run["t"]))]
    return max(drift.largest for drift in report(of).drift(states).values())


@cache
def report(name):
    return analyze(FOLDER / f"{name}.toml")


def test_all_experiments_are_here():
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(TIMES)


@pytest.mark.parametrize("name", quick(["linear_momentum", "nmf_exponentiated_gradient"], sorted(set(TIMES) - {"nmf_mirror_momentum"})))
def test_laws_drift_in_proportion_to_the_step_and_not_along_the_flow(name):
    laws, _ = simulated(name)
    assert len(laws) == len(report(name).laws.families)
    for law in laws:
        assert law["flow"] < 1e-10
        assert 0.8 < law["order"] < 1.2
        assert law["drifts"] == sorted(law["drifts"], reverse=True) and 1e-6 < law["drifts"][-1] < law["drifts"][0] < 1e-2


def test_an_angular_momentum_without_its_time_factor_moves():
    _, (row,) = simulated("linear_momentum")
    assert all(0.2 < drift < 0.3 for drift in (row["flow"], *row["drifts"]))


def test_momentum_loses_the_laws_of_the_flow(tmp_path):
    assert lost("linear_momentum", "linear_gradient_descent", tmp_path) > 0.2


def test_mirror_momentum_loses_the_laws_of_the_mirror_flow(tmp_path):
    assert simulated("nmf_mirror_momentum") == ([], [])
    assert lost("nmf_mirror_momentum", "nmf_exponentiated_gradient", tmp_path) > 0.2
