"""How fast laws are watched: run by hand, `python tests/benchmarks/watching.py`.

Prints a table as it goes; the test suite asserts nothing of it. Commands run in a process of their own, their times are those of the whole
command, Python's start and the report included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))
from speed import CLI, ROOT, row  # noqa: E402

MNIST = [784, 512, 256, 10]
LARGE = [3000, 2500, 1000, 10]
SMALL = '[model]\narchitecture = "relu"\nwidths = [4, 8, 3]\nbias = "hidden"\n'


def main() -> None:
    """The whole table."""
    row("", "seconds", "peak MiB", "")
    with tempfile.TemporaryDirectory() as folder:
        one_checkpoint(Path(folder))
        many_checkpoints(Path(folder), MNIST, 1000)
        many_checkpoints(Path(folder), LARGE, 3)
        (Path(folder) / "small.toml").write_text(SMALL)
        command("simulate, 5 step sizes, 10,000 steps", "simulate", str(Path(folder) / "small.toml"), "--steps", "10000")


def spec(widths: list[int]) -> str:
    return f'[model]\narchitecture = "relu"\nwidths = {widths}\nbias = "all"\n'


def drawn(widths: list[int], seed: int) -> dict:
    """Parameters of a network, as a state dict has them, float32."""
    import numpy as np

    rng = np.random.default_rng(seed)
    pairs = enumerate(zip(widths[1:], widths), start=1)
    weights = {f"W{k}": rng.normal(size=shape).astype(np.float32) for k, shape in pairs}
    return weights | {f"b{k[1:]}": weight[:, 0].copy() for k, weight in weights.items()}


def one_checkpoint(folder: Path) -> None:
    """The laws at one state against reading it with NumPy."""
    import numpy as np

    from conslaw_cli import analyze

    np.savez(folder / "one.npz", **drawn(MNIST, 0))
    found = analyze({"model": {"architecture": "relu", "widths": MNIST, "bias": "all"}})
    found.laws(drawn(MNIST, 1))
    start = perf_counter()
    with np.load(folder / "one.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    read = perf_counter()
    values = found.laws(arrays)
    row("768 laws at one checkpoint of 784-512-256-10", perf_counter() - read, "", f"reading it with NumPy {read - start:.4f}; {sum(v.size for v in values.values())} values")


def many_checkpoints(folder: Path, widths: list[int], number: int) -> None:
    """`conslaw drift` along a folder."""
    import numpy as np

    run = folder / f"run{widths[0]}"
    run.mkdir()
    for step in range(number):
        np.savez(run / f"step_{step}.npz", **drawn(widths, step % 10))
    path = folder / f"{widths[0]}.toml"
    path.write_text(spec(widths))
    size = sum(a * b + a for a, b in zip(widths[1:], widths))
    command(f"drift, {number} checkpoints of {size:,} parameters", "drift", str(path), str(run))


def command(name: str, *arguments: str) -> None:
    start = perf_counter()
    done = subprocess.run([sys.executable, "-c", CLI, *arguments], cwd=ROOT, capture_output=True, text=True)
    seconds = perf_counter() - start
    row(name, seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, "" if done.returncode == 0 else done.stderr[-200:])


if __name__ == "__main__":
    main()
