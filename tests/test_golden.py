"""Text reports of one spec per system (architecture x dynamics), compared whole with tests/golden/*.txt.

When a change of the text is meant, write the files anew and read the diff before it is committed:

    CONSLAW_REGENERATE_GOLDEN=1 python -m pytest tests/test_golden.py
"""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from conslaw_cli import analyze
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.models import ARCHITECTURES
from conslaw_cli.report import render

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SYSTEMS = [
    f"{name}_{kind}".replace("-", "_")
    for (name, architecture), (kind, dynamics) in product(ARCHITECTURES.items(), DYNAMICS.items())
    if not (architecture.table.options.as_given and dynamics.drifts)
]
REGENERATE = bool(os.environ.get("CONSLAW_REGENERATE_GOLDEN"))


def report_of(system: str) -> str:
    """What `conslaw report` prints for a system's spec."""
    report = analyze(HERE.parent / "model_specs" / f"{system}.toml")
    return render([report], "text", expand=False, color=False, width=None)


@pytest.mark.parametrize("system", SYSTEMS)
def test_report(system):
    path, text = GOLDEN / f"{system}.txt", report_of(system).rstrip("\n") + "\n"
    if REGENERATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_golden_report_belongs_to_a_system():
    assert sorted(path.stem for path in GOLDEN.glob("*")) == sorted(SYSTEMS)
