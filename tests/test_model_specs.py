"""The specs of model_specs: each begins with a comment, says what is expected, and passes `conslaw check`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers import SLOW_SPECS, quick

from conslaw_cli.cli import group
from conslaw_cli.cli.exits import Exit
from conslaw_cli.dynamics import DYNAMICS
from conslaw_cli.models import ARCHITECTURES

FOLDER = Path(__file__).parent.parent / "model_specs"
SPECS = sorted(FOLDER.glob("*.toml"))
EXPERIMENTS = sorted((FOLDER / "experiments").glob("*.toml"))
"""What the papers plot, or would: the systems to follow with `conslaw simulate`."""
ZOO = sorted((FOLDER / "zoo").glob("*.toml"))
FAST = [path for path in SPECS if path.stem not in SLOW_SPECS] + EXPERIMENTS + [path for path in ZOO if path.stem == "attention"]
"""The counts of the zoo are those of test_zoo.py too, for a dozen by default."""


@pytest.mark.parametrize("path", [*SPECS, *EXPERIMENTS], ids=lambda path: path.stem)
def test_begins_with_a_comment_and_expects_something(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ") and len(text.splitlines()[0]) > 10
    assert {"laws", "time_dependent", "complete"} <= tomllib.loads(text)["expect"].keys()


@pytest.mark.parametrize("path", quick(FAST, [*SPECS, *EXPERIMENTS, *ZOO], lambda path: path.stem))
def test_passes_check(path):
    result = CliRunner().invoke(group, ["check", str(path)], standalone_mode=False)
    assert result.exception is None
    assert (result.return_value, result.stderr) == (Exit.OK, "")
    assert {line.split()[0] for line in result.stdout.splitlines()} <= {"ok", "2"}


def test_every_system_has_a_spec():
    """Each architecture under each dynamics, by the name of the file and by what is in it."""
    for architecture, definition in ARCHITECTURES.items():
        for kind in (kind for kind, dynamics in DYNAMICS.items() if not (definition.table.options.as_given and dynamics.drifts)):
            tables = tomllib.loads((FOLDER / f"{architecture}_{kind.replace('-', '_')}.toml").read_text())
            assert tables["model"]["architecture"] == architecture
            assert tables.get("dynamics", {}).get("kind", "gradient-flow") == kind


def test_nothing_else_is_in_the_folder():
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} == {".toml"}
