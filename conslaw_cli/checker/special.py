"""The families of laws that are no sums of monomials and logarithms, each checked by a file of its own."""

from __future__ import annotations

from conslaw_cli.checker.abelian import check_integrals
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Laws
from conslaw_cli.checker.mirror import check_mirror
from conslaw_cli.checker.result import Check
from conslaw_cli.checker.statement import ABELIAN, MIRROR, NO_STATEMENT, TRAVEL
from conslaw_cli.checker.system import System
from conslaw_cli.checker.travel import check_travel


def check_special(system: System, laws: Laws, formulas: Formulas, found: Evaluation, seed: bytes) -> tuple[list[Check], bool]:
    """(checks, whether translations of time, one field at most for such systems, move some of them). Raises ReportError."""
    if laws.special and system.model.statement is None:
        detail = f"not proved again: {NO_STATEMENT.format(system.model.architecture)}"
        return [Check("laws: integrals", True, detail, proved=False)], False
    integrals, mirrored, travel = (tuple(item for item in laws.special if item.family == name) for name in (ABELIAN, MIRROR, TRAVEL))
    checks, moving = check_mirror(system, mirrored, formulas, found, seed)
    checks += check_travel(system, travel, formulas, found, seed)
    return [*checks, *check_integrals(system, integrals, formulas, found, seed)], moving
