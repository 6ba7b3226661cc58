"""A function of time that multiplies a whole law, and the gradients of the laws listed beside it."""

from __future__ import annotations

from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.parse import ExpressionError, Node, parse
from conslaw_cli.checker.polynomials import values
from conslaw_cli.checker.result import ReportError, Undecided
from conslaw_cli.checker.system import System
from conslaw_cli.checker.worlds import Unlucky


def require_factor(system: System, found: Evaluation, text: str, weight: int) -> None:
    """Whether text is a function T of time, not zero, with T' = weight * rate * T. Raises ReportError, Undecided."""
    node = function_of_time(system, text)
    value, slope = jet(found, node)
    if (slope - weight * found.rate[0] * value) % found.world.p or not value:
        raise ReportError(f"{text[:60]!r} is not a function of time that grows as it must")
    if not system.rate.moment.is_nonzero(node):
        raise Undecided("a factor that is not certainly different from zero")


def function_of_time(system: System, text: str) -> Node:
    """Raises ReportError."""
    try:
        return parse(text, names=system.rate.letters | {"t"})
    except ExpressionError as error:
        raise ReportError(f"a formula cannot be read: {error}") from None


def jet(found: Evaluation, node: Node) -> tuple[int, int]:
    """Value and derivative of a function of time. Raises Undecided."""
    try:
        return found.world.jet(node)
    except Unlucky:
        raise Undecided("a function of time has no value at the point tried") from None


def listed_gradients(formulas: Formulas, point: list[int], p: int) -> list[list[int]]:
    """Gradients of the laws listed at a point, but for the functions of time that multiply them. Raises Undecided."""
    system, rows = formulas.system, []
    for law in formulas.laws:
        if len(law.parts) != 1:
            raise Undecided("laws in which functions of time mix, beside laws that are no sums of monomials")
        (part,) = law.parts.values()
        gradient = values(part, point, [0] * system.space, 0, p).gradient
        rows.append([gradient.get(k, 0) for k in range(system.space)])
    return rows
