"""How long batches take: run by hand, `python tests/benchmarks/batch.py`. Prints a table; the test suite asserts nothing.

The goals: the 220 cases of the papers' experiments, cold and with two jobs, in less than 10 times `python -c "import sympy"`
(both the median of several runs); the same from the cache in less than a second; 5,000 small cases in a couple of minutes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent.parent
PAPER = str(ROOT / "model_specs" / "paper")
CLI = [sys.executable, "-c", "from conslaw_cli.cli import main; main()"]
RUNS = 5
SMALL = """[model]
architecture = "{}"
[sweep]
model.widths = [[{{ from = 1, to = 25 }}, {{ from = 1, to = 4 }}, {{ from = 1, to = 25 }}]]
model.bias = ["none", "hidden"]
"""


def seconds(*command: str) -> float:
    """Wall time of a command that succeeds."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return perf_counter() - start


def batch(path: str, cache: str | None) -> float:
    stored = ["--no-cache"] if cache is None else ["--cache-dir", cache]
    return seconds(*CLI, "batch", path, "--jobs", "2", "--quiet", *stored)


def median(measure, runs: int = RUNS) -> float:
    return statistics.median(measure() for _ in range(runs))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sympy = median(lambda: seconds(sys.executable, "-c", "import sympy"))
        print(f"python -c 'import sympy'          {sympy:8.2f} s")
        cold = median(lambda: batch(PAPER, None))
        print(f"220 cases, cold, two jobs         {cold:8.2f} s   {cold / sympy:.1f} times that; goal: less than 10")
        cache = str(Path(folder) / "cache")
        batch(PAPER, cache)
        warm = median(lambda: batch(PAPER, cache))
        print(f"220 cases, warm                   {warm:8.2f} s   goal: less than 1 s")
        small = Path(folder) / "relu.toml"
        small.write_text(SMALL.format("relu"), encoding="utf-8")
        print(f"5,000 small cases, cold, two jobs {batch(str(small), cache):8.2f} s   goal: a couple of minutes")
        print(f"5,000 small cases, warm           {batch(str(small), cache):8.2f} s")


if __name__ == "__main__":
    main()
