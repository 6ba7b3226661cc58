"""What the tests of batches share: specs on disk, and the tool as a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).parent.parent
Result = namedtuple("Result", "code out err")
START = [sys.executable, "-c", "from conslaw_cli.cli import main; main()"]


def environment(cache):
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "XDG_CACHE_HOME": str(cache)}


def started(*arguments, cwd, **options):
    """The tool as a process that runs on, with a cache of its own below the working directory."""
    return subprocess.Popen(
        [*START, *map(str, arguments)], cwd=cwd, env=environment(Path(cwd) / "xdg"), text=True, **options
    )


def conslaw(*arguments, cwd, timeout=120):
    process = started(*arguments, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=timeout)
    assert "Traceback" not in err
    return Result(process.returncode, out, err)


def batch(*arguments, cwd):
    """A batch with one worker process, where their number does not matter."""
    return conslaw("batch", *arguments, "-j", 1, cwd=cwd)


def spec(folder, name, text):
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def linear(*widths, laws=None, rest=""):
    expect = "" if laws is None else f"[expect]\nlaws = {laws}\n"
    return f'[model]\narchitecture = "linear"\nwidths = {list(widths)}\n{expect}{rest}'


def small_specs(folder):
    """A folder with a sweep of small cases, a spec of its own, and one that occurs in the sweep."""
    spec(
        folder,
        "sweep.toml",
        '[model]\narchitecture = "linear"\n[sweep]\nmodel.widths = [[2, { from = 1, to = 4 }, 2]]\n',
    )
    spec(folder, "deep/single.toml", linear(2, 3, 4, 2, laws=16))
    spec(folder, "twin.toml", linear(2, 3, 2, laws=6))


def contents(folder):
    """Every file below a folder with the hash of its bytes, but for temporary ones."""
    files = [path for path in Path(folder).rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check_outputs(folder):
    """Every report is whole; gives their number."""
    reports = [path for path in (Path(folder) / "reports").rglob("*.json") if not path.name.startswith(".")]
    for path in reports:
        assert json.loads(path.read_text(encoding="utf-8"))["schema"]
    json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return len(reports)
