"""How fast networks of one's own are counted: run by hand, `python tests/benchmarks/networks.py`.

Every report is a `conslaw report` in a process of its own, start of Python included, beside `python -c "import sympy"` in the same run.
The targets are those of the issue that brought networks: a zoo entry twice as long as importing SymPy, a block of 500 parameters 10 s,
one of 3,000 two minutes and 2 GiB, gelu 16-64-16 10 s, a convolutional network of 3,000 one minute, the whole zoo as a batch two minutes.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from speed import CLI, ROOT, process_time

ZOO = ["attention", "gelu", "llama", "gpt2_block", "conv2d_max_pool", "embedding_stream_rms_norm", "weight_norm_eps"]

BLOCK = '''
u = rms_norm(x, g1)
y = x + sum(attention(u @ Q, u @ K, u @ V, causal=True) @ O, axis=0)
y + gelu(rms_norm(y, g2) @ W1.T) @ W2.T
'''
CONVOLUTIONS = '''
a = relu(conv2d(x, F1, c1, padding=1))
b = relu(conv2d(a, F2, c2, stride=2, padding=1))
W @ reshape(b, (-1,)) + d
'''


def block(width: int, heads: int, hidden: int) -> dict:
    """A transformer block with RMS norms, heads of width/heads and so many hidden units."""
    inner = [heads, width, width // heads]
    sizes = {"g1": [width], "Q": inner, "K": inner, "V": inner, "O": [heads, width // heads, width], "g2": [width]}
    return {"network": BLOCK, "parameters": {**sizes, "W1": [hidden, width], "W2": [width, hidden]}, "inputs": {"x": [3, width]}}


NETWORKS = {
    "gelu 16-64-16 with biases, D = 2,112": {
        "network": "W2 @ gelu(W1 @ x + b1)", "parameters": {"W1": [64, 16], "b1": [64], "W2": [16, 64]}, "inputs": {"x": [16]},
    },
    "block of width 8, D = 528": block(8, 2, 16),
    "block of width 16, D = 3,104": block(16, 2, 64),
    "two convolutions and a dense layer, D = 2,813": {
        "network": CONVOLUTIONS,
        "parameters": {"F1": [12, 2, 3, 3], "c1": [12], "F2": [20, 12, 3, 3], "c2": [20], "W": [5, 80], "d": [5]},
        "inputs": {"x": [2, 4, 4]},
    },
}  # fmt: skip


def main() -> None:
    """The whole table."""
    sympy = process_time(["-c", "import sympy"])
    row('python -c "import sympy"', sympy, "")
    for name in ZOO:
        seconds = process_time(["-c", CLI, "report", str(ROOT / "model_specs" / "zoo" / f"{name}.toml")], repeats=3)
        row(f"zoo {name}, both dynamics", seconds, f"{seconds / sympy:.2f} of importing SymPy")
    with tempfile.TemporaryDirectory() as folder:
        for name, model in NETWORKS.items():
            report(name, model, Path(folder) / "network.toml")
        zoo_as_batch(folder)


def row(name: str, seconds: float, remark: str) -> None:
    print(f"{name:<52}{seconds:>9.2f} s   {remark}", flush=True)


def report(name: str, model: dict, path: Path) -> None:
    """One network, with what its report says of the count and the peak memory of its process."""
    tables = {key: model[key] for key in ("parameters", "inputs")}
    lines = ["[model]", f'network = """{model["network"]}"""']
    for key, table in tables.items():
        lines += [f"[model.{key}]", *(f"{array} = {sizes}" for array, sizes in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", CLI, "report", str(path)], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    seconds = perf_counter() - start
    counted = next(line for line in done.stdout.splitlines() if line.startswith("laws"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    row(name, seconds, f"{' '.join(counted.split())}, {peak:.0f} MiB at most so far")


def zoo_as_batch(folder: str) -> None:
    arguments = ["-c", CLI, "batch", str(ROOT / "model_specs" / "zoo"), "--no-cache", "--jobs", "2", "--output-dir", str(Path(folder) / "out")]
    row("the zoo as a batch, two jobs", process_time(arguments, repeats=1), "")


if __name__ == "__main__":
    main()
