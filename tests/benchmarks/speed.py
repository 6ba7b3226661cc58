"""How fast the tool is, and how much memory it takes: run by hand, `python tests/benchmarks/speed.py`.

Prints a table as it goes; the test suite asserts nothing of it. Every full report runs in a process of its own on one
core, and its time is that of analysis, laws, certificate and JSON, without Python's start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
HERE = Path(__file__).resolve()
TESTS = HERE.parent.parent
ROOT = TESTS.parent
sys.path[:0] = [str(ROOT), str(TESTS)]
CLI = "import sys; from conslaw_cli.cli import main; sys.argv[0] = 'conslaw'; main()"

REPORTS = [
    ("linear 32-32-32", "linear", [32, 32, 32], "none", "gradient-flow"),
    ("linear 64-64-64", "linear", [64, 64, 64], "none", "gradient-flow"),
    ("linear 24-24-24, momentum", "linear", [24, 24, 24], "none", "momentum"),
    ("ReLU 784-512-256-10, all biases", "relu", [784, 512, 256, 10], "all", "gradient-flow"),
    ("ReLU 784-512-10", "relu", [784, 512, 10], "none", "gradient-flow"),
    ("ReLU 784-512-10, momentum", "relu", [784, 512, 10], "none", "momentum"),
]
DIMENSIONS = [[4, 5, 5, 4, 2], [5, 5, 5, 4, 3]]
REFERENCE = [
    ("linear", [2, 3, 2], "none", "gradient-flow"),
    ("linear", [2, 3, 2], "none", "momentum"),
    ("linear", [2, 2, 2, 2], "none", "gradient-flow"),
    ("nmf", [2, 3, 2], "none", "momentum"),
    ("relu", [2, 2, 2, 1], "hidden", "momentum"),
]


def main() -> None:
    """The whole table."""
    row("", "seconds", "peak MiB", "")
    start_up()
    experiments()
    for case in REPORTS:
        full_report(*case)
    for widths in DIMENSIONS:
        dimension(widths)
    for case in REFERENCE:
        against_sympy(*case)


def row(name: str, seconds: float | str, memory: float | str, remark: str) -> None:
    seconds = seconds if isinstance(seconds, str) else f"{seconds:.3f}"
    memory = memory if isinstance(memory, str) else f"{memory:.0f}"
    print(f"{name:<52}{seconds:>9}{memory:>10}   {remark}", flush=True)


def tables(architecture: str, widths: list[int], bias: str, kind: str) -> dict:
    model = {"architecture": architecture, "widths": widths}
    return {"model": model if architecture == "nmf" else {**model, "bias": bias}, "dynamics": {"kind": kind}}


# --- whole processes -------------------------------------------------------------------------------------------------


def process_time(arguments: list[str], repeats: int = 7) -> float:
    """Best of several runs of a Python command, start of Python included."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    times = []
    for _ in range(repeats):
        start = perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=environment)
        times.append(perf_counter() - start)
    return min(times)


def start_up() -> None:
    """Commands as a user waits for them, beside what importing SymPy alone takes."""
    python, sympy = process_time(["-c", "pass"]), process_time(["-c", "import sympy"])
    row('python -c "pass"', python, "", "")
    row('python -c "import sympy"', sympy, "", "")
    for arguments in (["--help"], ["--version"], ["report", str(ROOT / "model_specs" / "linear_momentum.toml")]):
        seconds = process_time(["-c", CLI, *arguments])
        name = " ".join(Path(argument).name for argument in arguments)
        row(f"conslaw {name}", seconds, "", f"{seconds / sympy:.2f} of importing SymPy")


# --- one spec in a process of its own --------------------------------------------------------------------------------


def in_child(task: str, argument: object) -> dict:
    """Run one of the tasks below in a fresh process: what it returns, with its seconds and its peak memory."""
    command = [sys.executable, str(HERE), task, json.dumps(argument)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def child(task: str, argument: object) -> None:
    """The other end of :func:`in_child`. Imports and a first tiny report are not counted."""
    import resource

    from conslaw_cli import analyze
    from conslaw_cli.report import render

    render([analyze(tables("linear", [1, 1, 1], "none", "gradient-flow"))], "json")
    start = perf_counter()
    result = TASKS[task](argument)
    result["seconds"] = perf_counter() - start
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps(result))


def report_task(spec: dict) -> dict:
    from conslaw_cli import analyze
    from conslaw_cli.report import render

    report = analyze(spec)
    text = render([report], "json")
    result = json.loads(text)
    sum_ = f"{result['trace']['space']} = {result['trace']['dimension']} + {result['laws']['independent']}"
    return {"remark": f"{sum_}, {result['status']}; JSON {len(text) / 1e6:.1f} MB"}


def experiments_task(path: str) -> dict:
    from conslaw_cli import analyze
    from conslaw_cli.report import render

    cases = json.loads(Path(path).read_text())
    specs = [tables(c["architecture"], c["widths"], c["bias"], c["dynamics"]) for c in cases]
    reports = [json.loads(render([analyze(spec)], "json")) for spec in specs]
    right = sum(r["laws"]["independent"] == c["laws"] for r, c in zip(reports, cases, strict=True))
    proved = sum(r["status"] == "proved" for r in reports)
    return {"remark": f"{right} of {len(cases)} counts as published, {proved} proved (target: all, < 10 s)"}


TASKS = {"report": report_task, "experiments": experiments_task}


def full_report(name: str, *case) -> None:
    result = in_child("report", tables(*case))
    row(f"{name}: full report", result["seconds"], result["peak"], result["remark"])


def experiments() -> None:
    result = in_child("experiments", str(TESTS / "data" / "paper_experiments.json"))
    row("220 configurations of the papers: full reports", result["seconds"], result["peak"], result["remark"])


# --- in this process -------------------------------------------------------------------------------------------------


def best_of(function, repeats: int = 5) -> tuple[float, object]:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        result = function()
        times.append(perf_counter() - start)
    return min(times), result


def growth(spec: dict):
    """A function that grows the trace of a spec's first part."""
    from conslaw_cli.dynamics import build_dynamics
    from conslaw_cli.flows.part import PartFlow
    from conslaw_cli.lie import trace
    from conslaw_cli.models import ARCHITECTURES
    from conslaw_cli.spec import parse_spec

    parsed = parse_spec(spec)
    program = ARCHITECTURES[parsed.model.architecture].build(parsed.model.options).program
    metrics = dict(parsed.metric.blocks)
    dynamics = build_dynamics(parsed.dynamics, parsed.metric.lookahead)
    flow = PartFlow(program, tuple(metrics[name] for name, _ in program.blocks), dynamics)
    return lambda: trace(flow, 0).dimension


def dimension(widths: list[int]) -> None:
    seconds, rank = best_of(growth(tables("linear", widths, "none", "gradient-flow")))
    row(f"linear {'-'.join(map(str, widths))}: dimension", seconds, "", f"{1000 * seconds:.1f} ms, dimension {rank}")


def against_sympy(architecture: str, widths: list[int], bias: str, kind: str) -> None:
    """The dimension by tests/reference.py, and by the engine."""
    from reference import drift_filtration

    spec = tables(architecture, widths, bias, kind)
    fast, rank = best_of(growth(spec))
    slow, filtration = best_of(lambda: drift_filtration(architecture, widths, bias=bias, kind=kind), 1)
    agreed = "same dimension" if filtration[-1] == rank else f"DIMENSION {filtration[-1]} NOT {rank}"
    name = f"{architecture} {'-'.join(map(str, widths))} {kind}: SymPy reference"
    row(name, slow, "", f"{slow / fast:.0f} times the engine's {1000 * fast:.1f} ms, {agreed}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], json.loads(sys.argv[2]))
    else:
        main()
