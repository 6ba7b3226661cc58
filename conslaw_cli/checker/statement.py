"""What a report says in words, as the checker states it of the same system: a closed set of sentences, each with what makes it true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count, islice

from conslaw_cli.checker.models import FIELDS
from conslaw_cli.checker.system import System

NOWHERE = "nowhere for the network itself, the count is that of phi (see the note)"
GENERIC = "generic parameters (open dense)"
AROUND = "around theta* (see region); laws hold for all branches unless said"
NO_STATEMENT = "the checker has no statement of the architecture {!r}"
LONGEST_LIST = 8
"""Names listed before the middle ones are left out."""
NATURAL = (
    "the natural gradient has M = (J^T J)^+, J = dphi/dtheta: M J^T is the pseudoinverse of J and has the range of J^T, so at "
    "every point its fields span what those of the Euclidean metric span, and the laws are the same"
)
THEOREMS = {
    "linear": "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer linear networks",
    "relu": "Marcotte, Gribonval, Peyré, NeurIPS 2023, two-layer ReLU networks",
}
TOO_LARGE = re.compile(r"too large for the engine: [ -~]{1,300}")
AT_MOST = re.compile(
    r"the filtration (?:did not close within the bracket length tried|closed, but no error bound below 2\^-\d{1,3} is known at "
    r"this size): at most (\d{1,18}) laws \(proved\)"
)
UNVERIFIED = "theory, not verified at this size"
SOURCES = re.compile(
    rf"search, degree (-?\d{{1,3}})|search, separable|theory, verified|integer kernel of the path exponents|{UNVERIFIED}"
)
BALANCED, NEURON, ANGULAR = "balancedness", "neuron balance", "angular momentum"
MOMENTUM, CENTRE, FURTHER, SUMS = "conserved momentum", "centre of motion", "further laws", "conserved sums"


PHI_OF = {"network": "the network itself", "phi": "as given", "fields": "none: the fields are followed as they are"}
"""What phi is of a model that is a text."""
DEPENDENT = re.compile(
    r"no error bound: of (\d{1,9}) different arguments of exp, Phi, log, sin and cos (\d{1,9}) are independent modulo constants; "
    r"relations between the others' values are not used, so the trace may be smaller and there may be more laws"
)
UNCHECKED = (
    "no error bound: that the arguments of exp, Phi, log, sin and cos are independent was too large to find out, so the trace may be smaller"
)
REGIONAL = re.compile(
    r"no error bound: (\d{1,9}) of the laws hold for the branch patterns seen, and may be none for an input that takes another"
)
BOUNDARY = re.compile(
    r"(\d{1,9}) of the units are exactly at their threshold there, for every input: the count is that of the branches taken at theta\*, of no "
    r"region around it"
)
CHANCE = re.compile(r"(\d{1,9}) of the laws verified at random points modulo primes, with this error, not as identities")


def unused(system: System) -> list[str]:
    """The notes on parameters and inputs that a text does not use; fields have a component for every parameter."""
    if system.model.architecture == FIELDS:
        return []
    names, reached = composed_names(system.model.keys), reached_names(system)
    notes = [f"{name} is not used: its entries are conserved, one by one" for name, _ in system.blocks if name not in reached]
    return notes + [f"the network does not depend on the input {name}" for name in names if name not in reached]


def composed_names(keys: dict[str, object]) -> list[str]:
    """The inputs of a network."""
    inputs = keys.get("inputs")
    return [name for name in inputs if isinstance(name, str)] if isinstance(inputs, dict) else []


def reached_names(system: System) -> set[str]:
    """Parameters and inputs that the value depends on: what a zero multiplies is no use of it."""
    (part,) = system.parts
    steps, found = part.graph.steps, set()
    zeros = {k for k, step in enumerate(steps) if step.operation == "constant" and not any(step.detail)}
    left = [len(steps) - 1 if part.graph.output is None else part.graph.output]
    seen: set[int] = set()
    while left:
        number = left.pop()
        step = steps[number]
        if number in seen:
            continue
        seen.add(number)
        if step.operation in ("parameter", "coefficient"):
            found.add(step.detail.removesuffix("'"))
        if part.graph.output is not None or not (step.operation == "multiply" and zeros & set(step.arguments)):
            left.extend(step.arguments)
    return found


def domain(system: System) -> str:
    """Where phi stands for the model, and what must be positive: blocks of the architecture, and those the metric is taken at."""
    model = system.model
    if model.composed:
        branches = any(step.operation == "branch" for part in system.parts for step in part.graph.steps)
        return ", ".join([AROUND if branches else GENERIC, *_positive(system)])
    where = "" if model.statement is None else NOWHERE if model.caveat else model.statement.where(model.options)
    return ", ".join(filter(None, (where, *_positive(system)))) or "everywhere"


def _positive(system: System) -> list[str]:
    """The conditions on signs, in words."""
    kept = system.model.statement.positive if system.model.statement else lambda name: False
    metric = [n for n, a in system.exponents.items() if a]
    at_theta = [n for n in system.exponents if kept(n) or (n in metric and system.at == "theta")]
    ahead = [_ahead(system, n) for n in metric] if system.lookahead else []
    return [f"{', '.join(_shortened(names))} > 0" for names in (at_theta, ahead) if names]


def _ahead(system: System, block: str) -> str:
    """tau W + dW."""
    if system.rate.zero:
        return f"d{block}"
    return f"{block} + d{block}" if system.rate.text == "1" else f"{system.rate.text}*{block} + d{block}"


def _shortened(names: list[str]) -> list[str]:
    return names if len(names) <= LONGEST_LIST else [*names[: LONGEST_LIST - 2], "…", names[-1]]


def theorem(system: System) -> tuple[int, str] | None:
    """The number of laws and the source, where a theorem gives it: two layers, Euclidean gradient flow (Marcotte et al. 2023).

    ReLU: one law for each hidden neuron. Linear without biases, r hidden of k = inputs + outputs: r(r+1)/2 for r <= k, the symmetric
    matrix U'U - VV'; else the rank of the symmetric r x r matrices of rank k, k(2r + 1 - k)/2.
    """
    chain = system.model.chain(*THEOREMS)
    if not chain or chain.depth != 2 or system.dynamics.drifts or not system.euclidean or system.model.caveat:
        return None
    m, r, n = chain.widths
    if system.model.architecture == "relu":
        return r, THEOREMS["relu"]
    if chain.bias != "none":
        return None
    k = n + m
    return (r * (r + 1) // 2 if r <= k else k * (2 * r + 1 - k) // 2), THEOREMS["linear"]


def family_fits(name: str, is_matrix: bool, velocities: set[int]) -> bool:
    """Whether a form is one of the family's: its shape, and how many velocities its terms hold."""
    shapes = {
        BALANCED: (True, {0}),
        ANGULAR: (True, {1}),
        NEURON: (False, {0}),
        MOMENTUM: (False, {1}),
        CENTRE: (False, {0, 1}),
    }
    if name == SUMS:
        return not is_matrix
    return shapes.get(name) == (is_matrix, velocities)


ABELIAN, MIRROR, TRAVEL = "Abelian integrals", "mirror momentum", "travel times"
SPECIAL = (ABELIAN, MIRROR, TRAVEL)
"""Families of laws that are no sums of monomials and logarithms."""


@dataclass(frozen=True)
class IntegralTexts:
    """A family of integrals as a report has it, without functions of time."""

    expressions: tuple[str, ...]
    form: str
    latex: str
    definitions: dict[str, str]


def is_abelian(system: System) -> bool:
    """Whether the system is a linear network 1-n-m-1, n and m at least 2, under Euclidean gradient flow or weight decay."""
    chain = system.model.chain("linear")
    if not chain or chain.bias != "none" or not system.euclidean or system.second_order:
        return False
    return chain.depth == 3 and chain.widths[0] == chain.widths[3] == 1 < min(chain.widths[1:3])


def integral_texts(system: System) -> IntegralTexts:
    """What is said of the integrals s^j / sqrt(R(s)), j = 0 ... r - 2."""
    _, n, m, _ = system.model.options.widths
    r, power = min(n, m), 1 - abs(m - n)
    powers = ["1", "s", *(f"s**{j}" for j in range(2, r - 1))][: r - 1]
    terms = [[f"epsilon_{k}*Integral({x}/sqrt(R(s)), (s, e_{k}, s_{k}))" for k in range(1, r + 1)] for x in powers]
    top, latex_top = ("1", "1") if r == 2 else ("s^j", "s^j")
    monomial = {0: "", 1: "s*"}.get(power, f"s^({power})*")
    return IntegralTexts(
        tuple(" + ".join(term) for term in terms),
        f"sum_k epsilon_k*Integral({top}/sqrt(R(s)), (s, e_k, s_k))",
        rf"\sum_k \epsilon_k \int_{{e_k}}^{{s_k}} \frac{{{latex_top}}}{{\sqrt{{\operatorname{{R}}(s)}}}} \mathrm{{d}}s",
        {
            "R(s)": f"{monomial}det(s + C1)*det(s - C2)",
            "C1": "W1*W1^T - W2^T*W2",
            "C2": "W2*W2^T - W3^T*W3",
            "s_k": "the nonzero eigenvalues of W2^T*W2, from the largest on",
            "v_k": "their eigenvectors",
            "e_k": "the largest real root of R below s_k",
            "epsilon_k": "the sign of (-1)^(k - 1)*W3*W2*v_k*v_k^T*W1",
        },
    )


def algebraic(system: System) -> str:
    """That a linear network 1-n-m-1 under gradient flow has no algebraic laws but functions of balancedness.

    At W1 = 0, W3 = 0 and singular values of W2 that are independent over the rationals, as different square-free numbers' square roots
    are, the field vanishes and is linear with these, their negatives and zeros as eigenvalues, diagonalizable, to first order. There are
    at most as many independent algebraic laws as the rank of the resonances among those (Poincare), D - r.
    """
    r, shown = min(system.model.options.widths[1:3]), system.size - min(system.model.options.widths[1:3])
    free = (d for d in count(1) if all(d % (q * q) for q in range(2, d)))
    names = ["1" if d == 1 else f"sqrt({d})" for d in islice(free, r)]
    roots = ", ".join(names if r <= 4 else [*names[:3], "…", names[-1]])
    return (
        f"every algebraic law is a function of these {shown} of balancedness: where W1 and W3 are zero and W2 has the singular values "
        f"{roots}, the field vanishes with these, their negatives and zeros as eigenvalues, whose resonances have rank {shown} (Poincaré)"
    )
