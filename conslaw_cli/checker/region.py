"""The region of a report: real parameters, real inputs, and the branches that they take, computed again in floating point.

The cases of a certificate must be the branches that occur: those of inputs that never occur would give fields that the network does not
have. The recipe is the certificate's: normal numbers from the stream by counter (Box and Muller), seed 0 for the parameters and constants, 1
for the inputs; every case is one that some of these inputs take.
"""

from __future__ import annotations

from collections.abc import Collection
from math import erf, pi, prod, sqrt

import numpy as np

from conslaw_cli.checker.cases import Cases
from conslaw_cli.checker.draws import words
from conslaw_cli.checker.graph import Graph, Step
from conslaw_cli.checker.result import Check, ReportError, count, entry
from conslaw_cli.checker.system import System

INPUTS = 4096
MOST_CASES = 4096
CHUNK = 10_000_000
NAME = "region"
SEED_OF_INPUTS = 1
AROUND = "a Gaussian initialization, seed {}"
KEYS = frozenset("around patterns inputs units dead linear".split())


def check_region(report: dict, system: System) -> list[Check]:
    """Whether a report has a region just where there are branches, and the cases are those of real inputs. Raises ReportError."""
    stated, part = entry(report, "region", (dict, type(None))), system.network
    if part is None:
        return [] if stated is None else [Check(NAME, False, "a region, of a model without branches")]
    branching = bool(part.graph.branches)
    if (stated is not None) != branching:
        return [Check(NAME, False, "a region where there are no branches" if stated is not None else "branches, and no region is named")]
    if not branching and not part.graph.one_hot:
        return []
    return [_compared(stated, system, part.cases)] if branching else [_discrete(part.graph, part.cases)]


def _discrete(graph: Graph, cases: Cases) -> Check:
    """Whether all discrete inputs are among the cases."""
    total = prod(shape[-1] ** prod(shape[:-1]) for name, shape in graph.coefficients.items() if name in graph.one_hot)
    if cases.number == total:
        return Check(NAME, True, f"all {total} discrete inputs are among the cases")
    if total <= INPUTS:
        return Check(NAME, False, f"there are {total} discrete inputs, the certificate has {cases.number}")
    return Check(NAME, True, f"{cases.number} of {total} discrete inputs are among the cases", proved=False)


def _compared(stated: dict, system: System, cases: Cases) -> Check:
    if set(stated) != KEYS:
        raise ReportError(f"region must have {', '.join(sorted(KEYS))}")
    numbers = {key: count(stated, key, "region") for key in KEYS - {"around"}}
    if numbers["patterns"] != cases.number:
        return Check(NAME, False, f"{numbers['patterns']} patterns are announced, the certificate has {cases.number}")
    at = system.model.keys.get("at")
    seed = at.get("seed") if isinstance(at, dict) else None
    graph = system.network.graph
    if type(seed) is not int or not 0 <= seed < 2**63:
        return Check(NAME, True, "the weights of a file are not in the report, so its branches were not computed again", proved=False)
    if entry(stated, "around", str, "region") != AROUND.format(seed):
        return Check(NAME, False, f"region.around must be {AROUND.format(seed)}")
    if graph.one_hot:
        return Check(NAME, True, "branches beside discrete inputs were not computed again", proved=False)
    positive = {name for name, exponent in system.exponents.items() if exponent}
    own, found = _Own(graph, seed, positive), _rows(graph, cases)
    seen, units = own.patterns()
    if not found <= seen:
        return Check(NAME, False, "a case of branches that none of the inputs takes")
    expected = {"patterns": min(len(seen), MOST_CASES), "inputs": INPUTS, **units}
    wrong = next((key for key, value in expected.items() if numbers[key] != value), None)
    if wrong:
        return Check(NAME, False, f"region.{wrong} is {numbers[wrong]}, {expected[wrong]} by the checker's own inputs")
    return Check(NAME, True, f"{cases.number} patterns of branches that {INPUTS} real inputs take around real parameters, computed again")


def _rows(graph: Graph, cases: Cases) -> set[bytes]:
    flat = np.concatenate([cases.branches[number].reshape(cases.number, -1) for number in graph.branches], axis=1)
    return set(map(bytes, np.packbits(flat > 0, axis=1)))


class _Own:
    """A network at real parameters."""

    def __init__(self, graph: Graph, seed: int, positive: Collection[str]) -> None:
        """``positive`` blocks, those on which the metric is one for positive entries, at the size of their entries."""
        self.graph = graph
        drawn = {name: normal(seed, f"initial/{name}", np.array([0]), shape) for name, shape in graph.blocks}
        self.theta = {name: np.abs(array) if name in positive else array for name, array in drawn.items()}
        self.generics = {name: _generic(name, shape) for name, shape in graph.generics.items()}

    def patterns(self) -> tuple[set[bytes], dict[str, int]]:
        """The different patterns, and the numbers of units, dead and always active ones."""
        graph, found = self.graph, set()
        step = max(1, CHUNK // max(1, sum(step.work for step in graph.steps)))
        thresholds = [number for number in graph.branches if graph.steps[number].detail.kind == "positive"]
        active = {number: np.zeros(graph.steps[number].shape) for number in thresholds}
        for start in range(0, INPUTS, step):
            values = self._values(np.arange(start, min(start + step, INPUTS)))
            size = min(step, INPUTS - start)
            rows = [np.broadcast_to(values[k], (size, *graph.steps[k].shape)).reshape(size, -1) for k in graph.branches]
            found |= set(map(bytes, np.packbits(np.concatenate(rows, axis=1) > 0.5, axis=1)))
            for number in thresholds:
                active[number] += np.broadcast_to(values[number], (size, *graph.steps[number].shape)).sum(axis=0)
        units = sum(total.size for total in active.values())
        dead = sum(int((total == 0).sum()) for total in active.values())
        return found, {"units": units, "dead": dead, "linear": sum(int((total == INPUTS).sum()) for total in active.values())}

    def _values(self, ids: np.ndarray) -> list[np.ndarray]:
        """Of all steps up to the last branch."""
        found: list[np.ndarray] = []
        for step in self.graph.steps[: max(self.graph.branches) + 1]:
            if step.operation == "coefficient":
                scales = (4.0 ** (ids % 5 - 1)).reshape(len(ids), *(1 for _ in step.shape))
                found.append(normal(SEED_OF_INPUTS, f"input/{step.detail}", ids, step.shape) * scales)
            elif step.operation in ("parameter", "generic"):
                found.append((self.theta if step.operation == "parameter" else self.generics)[step.detail])
            else:
                with np.errstate(all="ignore"):
                    found.append(_real(step, [found[k] for k in step.arguments]))
        return found


def _real(step: Step, of: list[np.ndarray]) -> np.ndarray:
    match step.operation:
        case "constant":
            return np.array([float(value) for value in step.detail]).reshape(1, *step.shape)
        case "add":
            return of[0] + of[1]
        case "multiply":
            return of[0] * of[1]
        case "matmul":
            return of[0] @ of[1]
        case "permute":
            return of[0].transpose(0, *(axis + 1 for axis in step.detail))
        case "sum":
            return of[0].sum(axis=tuple(axis + 1 for axis in step.detail))
        case "held":
            return of[0]
        case "broadcast":
            return np.broadcast_to(of[0], (len(of[0]), *step.shape))
        case "reshape":
            return of[0].reshape(len(of[0]), *step.shape)
        case "gather":
            return of[0].reshape(len(of[0]), -1)[:, step.detail.index].reshape(len(of[0]), *step.shape)
        case "scatter":
            total = np.zeros((len(of[0]), prod(step.shape)))
            np.add.at(total, (slice(None), step.detail.index), of[0].reshape(len(of[0]), -1))
            return total.reshape(len(of[0]), *step.shape)
        case "power":
            return of[0] ** float(step.detail)
        case "apply":
            return _REAL[step.detail](of[0])
    return _branch(step, of[0])


def _branch(step: Step, a: np.ndarray) -> np.ndarray:
    """The first of equal ones are the largest."""
    if step.detail.kind == "positive":
        return (a > 0).astype(np.float64)
    rank = np.argsort(np.argsort(-a, axis=-1, kind="stable"), axis=-1, kind="stable")
    return (rank < step.detail.count).astype(np.float64)


_REAL = {
    "exp": np.exp,
    "log": np.log,
    "normal_pdf": lambda x: np.exp(-(x**2) / 2) / sqrt(2 * pi),
    "normal_cdf": lambda x: (1 + np.vectorize(erf, otypes=[float])(x / sqrt(2))) / 2,
    "sin": np.sin,
    "cos": np.cos,
    "smooth": lambda x: np.sin(x) + np.exp(-((x - 1) ** 2)) + x / 3,
}
"""The unknown smooth function is one that is neither even nor odd."""


def _generic(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A constant that is generic modulo p, as a real number: that of its name, or a normal one."""
    if name == "sqrt(2/pi)":
        return np.full((1, *shape), sqrt(2 / pi))
    if name.startswith("tan(") and name.endswith("/2)"):
        return np.full((1, *shape), np.tan(float(name[4:-3]) / 2))
    return normal(0, f"generic/{name}", np.array([0]), shape)


def normal(seed: int, name: str, ids: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers by counter, (len(ids), *shape)."""
    size = prod(shape)
    drawn = words(seed, name, ids, 2 * size)
    uniform = ((drawn >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
    radius, angle = np.sqrt(-2 * np.log(uniform[:, :size])), 2 * np.pi * uniform[:, size:]
    return (radius * np.cos(angle)).reshape(len(ids), *shape)
