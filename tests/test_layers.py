"""Which room imports which: the contracts of [tool.importlinter] in pyproject.toml, held by import-linter."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def test_contracts_are_kept():
    pytest.importorskip("importlinter")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert f"{len(CONTRACTS)} kept, 0 broken" in done.stdout


def test_the_contract_of_the_checker_names_every_other_room():
    """A new file or folder beside the checker has to be added to what the checker must not import."""
    (checker,) = (c for c in CONTRACTS if c.get("source_modules") == ["conslaw_cli.checker"])
    package = ROOT / "conslaw_cli"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")} | {path.stem for path in package.glob("*.py")}
    expected = {f"conslaw_cli.{name}" for name in rooms - {"__init__", "__main__", "checker"}}
    assert set(checker["forbidden_modules"]) == expected
