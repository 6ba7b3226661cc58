"""Laws, the textbook way: in the original variables (t, theta, theta') each one's gradient annihilates every control field
M(y) grad phi_i, its derivative along the drift vanishes, and the gradients are independent.

A law is a sum of functions of time T_g times polynomials P_g (terms.py). That both derivatives vanish is tested at a random
point of a world (worlds.py), where only true identities hold. That something does not vanish is never concluded there: functions
of time are bounded away from zero by balls (balls.py), and polynomials by their residues, as they are rational.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import log2

import numpy as np

from conslaw_cli.checker.draws import residues, words
from conslaw_cli.checker.duals import raised
from conslaw_cli.checker.parse import ExpressionError, degree, parse
from conslaw_cli.checker.parts import control
from conslaw_cli.checker.polynomials import Values, values
from conslaw_cli.checker.rates import at_some_point
from conslaw_cli.checker.result import Check, ReportError
from conslaw_cli.checker.steering import Steering, check_steering, degree_bits, rounds_for
from conslaw_cli.checker.system import System
from conslaw_cli.checker.terms import Law, Times
from conslaw_cli.checker.worlds import Jet, World, WrongPrime


@dataclass
class Formulas:
    """Laws as read: item by item, with the functions of time they share."""

    system: System
    items: list[list[Law]] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    degree: int = 1

    def add(self, texts: list[str]) -> None:
        """The laws of one more item. Raises ReportError."""
        numbering, names = self.system.numbering(), self.system.rate.letters | {"t"}
        laws = []
        for text in texts:
            try:
                tree = parse(text, numbering.__getitem__, names)
                laws.append(Law.read(tree, self.times))
            except ExpressionError as error:
                raise ReportError(f"a formula cannot be read: {error}") from None
            self.degree = max(self.degree, degree(tree))
        self.items.append(laws)
        self.texts.append(texts)

    @property
    def laws(self) -> list[Law]:
        return [law for laws in self.items for law in laws]


@dataclass
class Evaluation:
    """All laws at one point modulo p: functions of time with derivatives, and what their polynomials do."""

    world: World
    rate: Jet
    times: list[Jet]
    point: list[int]
    """Variables; the velocities follow the parameters."""
    logarithms: list[int]
    """Random numbers in place of the logarithms of the entries."""
    root: int = 1
    """The number q where the parameters are q-th powers of the variables, so that they have the roots that the metric calls for."""
    ahead: list[int] = field(default_factory=list)
    """Such roots of the lookahead point."""
    laws: list[dict[int, Values]] = field(default_factory=list)
    """For each law, by number of the function of time."""


def draw(formulas: Formulas, seed: bytes) -> Evaluation:
    """A point at which all functions of time have values. Raises Undecided where there is none."""
    system, nodes = formulas.system, formulas.times.nodes
    rooted = any(part.graph.rooted for part in system.parts)

    def jets(world: World) -> list[Jet]:
        _require_roots(system, world)
        return [world.jet(node) for node in [system.rate.tree, *nodes]]

    world, found = at_some_point(jets, system.rate.moment, seed, 2 if rooted else None)
    count = system.space if formulas.items else 0
    number = int.from_bytes(seed[:8], "big")
    point = residues(world.p, number, "variable", np.array([0]), count)[0].tolist()
    logarithms = residues(world.p, number, "logarithm", np.array([0]), count)[0].tolist()
    evaluation = Evaluation(world, found[0], found[1:], point, logarithms)
    return evaluation if system.root == 1 else _with_roots(system, evaluation, number)


def _require_roots(system: System, world: World) -> None:
    """Raises WrongPrime where a constant under a root of a network is no square."""
    constants = {value for part in system.parts for value in part.graph.radicands}
    if any(pow(world.number(value), (world.p - 1) // 2, world.p) != 1 for value in constants if value):
        raise WrongPrime("a constant that is no square")


def _with_roots(system: System, found: Evaluation, number: int) -> Evaluation:
    """The point with roots: of the parameters, or of the lookahead point, from which the velocities follow."""
    p, root, n = found.world.p, system.root, system.size
    if not system.lookahead:
        return replace(found, root=root)
    ahead = residues(p, number, "ahead", np.array([0]), n)[0].tolist()[: len(found.point) // 2]
    velocities = [(pow(y, root, p) - found.rate[0] * x) % p for x, y in zip(found.point, ahead)]
    return replace(found, point=found.point[: len(ahead)] + velocities, ahead=ahead)


def evaluate(formulas: Formulas, found: Evaluation) -> None:
    """Evaluates the laws at the point."""
    size = formulas.system.size if formulas.system.second_order else 0
    found.laws = [
        {g: values(part, found.point, found.logarithms, size, found.world.p, found.root) for g, part in law.parts.items()}
        for law in formulas.laws
    ]


def check_laws(formulas: Formulas, found: Evaluation, everywhere: list[bool], chance: bool) -> list[Check]:
    """Whether every law is constant along the drift and under every loss, and of a network for all branches if so said (steering.py)."""
    texts = [text for texts in formulas.texts for text in texts]
    moving = [text for text, law in zip(texts, found.laws) if _drift(formulas.system, found, law)]
    bound = f"at a random point modulo a 61-bit prime; error probability below 2^-{_bits(formulas)}"
    nothing = [text for text, law in zip(texts, formulas.laws) if any(not found.times[g][0] for g in law.parts)]
    return [
        Check("laws: factors", not nothing, _about(len(texts), nothing, "free of factors that are zero", "in the same world")),
        Check("laws: drift", not moving, _about(len(texts), moving, "constant along the drift", bound)),
        *(_by_inputs(formulas, found, everywhere, chance, texts) if formulas.system.network else [_by_losses(formulas, found, texts, bound)]),
    ]


def _by_losses(formulas: Formulas, found: Evaluation, texts: list[str], bound: str) -> Check:
    fields = _control(formulas.system, found) if texts else []
    steered = [text for text, law in zip(texts, found.laws) if _steering(formulas.system, found, law, fields)]
    return Check("laws: control", not steered, _about(len(texts), steered, "constant for every loss", bound))


def _by_inputs(formulas: Formulas, found: Evaluation, everywhere: list[bool], chance: bool, texts: list[str]) -> list[Check]:
    system, seed = formulas.system, int.from_bytes(found.world.seed[-8:], "big")
    if not texts:
        return [Check("laws: control", True, "there are no laws")]
    bits = degree_bits(system, formulas.degree, len(texts))
    times = tuple(value for value, _ in found.times)
    steering = Steering(
        system, tuple(formulas.laws), found.world, times, found.rate[0], tuple(found.point), found.logarithms, seed, rounds_for(bits)
    )
    return check_steering(steering, everywhere, texts, chance, bits)


def _bits(formulas: Formulas) -> int:
    """Functions of time are 24th powers, and a law is tested three times."""
    system = formulas.system
    fields = 2 * (system.degree + degree(system.rate.tree)) + sum(system.exponents.values())
    return max(0, int(57 - log2(72 * system.root * (formulas.degree + fields) * max(1, len(formulas.laws)))))


def _about(total: int, failed: list[str], what: str, bound: str) -> str:
    if failed:
        return f"{len(failed)} of {total} laws are not {what}: {failed[0] if len(failed[0]) <= 80 else failed[0][:77] + '...'}"
    return f"all {total} laws are {what} ({bound})"


def _drift(system: System, found: Evaluation, law: dict[int, Values]) -> int:
    """The derivative along the flow without loss."""
    rate, total = found.rate[0], 0
    for g, part in law.items():
        value, slope = found.times[g]
        along = part.by_position - rate * part.by_velocity if system.second_order else -rate * part.by_velocity * pow(found.root, -1, found.world.p)
        total += slope * part.value + value * along
    return total % found.world.p


def _steering(system: System, found: Evaluation, law: dict[int, Values], fields: list[int]) -> int:
    """The pairing with a random control field: zero for all of them if it is for this one."""
    shift, total = system.size if system.second_order else 0, 0
    for g, part in law.items():
        total += found.times[g][0] * sum(x * fields[k - shift] for k, x in part.gradient.items() if k >= shift)
    return total % found.world.p


def _control(system: System, found: Evaluation) -> list[int]:
    """M(y) grad f(theta) for a random functional f of phi, whose coefficients are monomials that tell all entries of phi apart."""
    p, n, root = found.world.p, system.size, system.root
    at = _row_vector(found.point[:n])
    theta = at if found.root == 1 else raised(at, root, p)
    if system.lookahead:
        at = (theta * found.rate[0] + _row_vector(found.point[n:])) % p if root == 1 else _row_vector(found.ahead)
    moved = control(system.parts, theta[0], at[0], found.world, root)[None, :]
    if found.root > 1:
        moved = moved * raised(root * raised(at, root - 1, p), p - 2, p) % p
    return moved[0].tolist()


def _row_vector(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=object)[None, :]


def buckets(variables: int, width: int, p: int) -> tuple[list, list, int]:
    """Columns and entries of a random matrix (variables x width) with three entries in a row; the identity if it is square."""
    if width >= variables:
        return [[k] for k in range(variables)], [[1]] * variables, variables
    drawn = words(variables, "buckets", np.arange(6), variables)
    columns = (drawn[:3] % np.uint64(width)).T.tolist()
    factors = (drawn[3:] % np.uint64(p - 1) + np.uint64(1)).T.tolist()
    return columns, factors, width
