"""Weights moved along the symmetries that laws come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conslaw_cli.balancing.balance import Balanced

__all__ = ["balance"]


def balance(
    spec: str | PathLike[str] | Mapping[str, object],
    arrays: Mapping[str, Any],
    to: Mapping[str, Any] | None = None,
    laws: Sequence[str] = (),
    seed: int = 0,
) -> Balanced:
    """Move weights along the symmetries of a spec's laws until these are zero, or as they are on the weights ``to``; the function stays.

    ``arrays`` maps the names of blocks to arrays of their shapes; ``laws`` are ASCII names as in ``analyze(spec).laws(arrays)``, none for
    all that can be balanced. What comes back has the weights, ``arrays``, in float64, and a ``table``: the laws before and after, how far
    the weights moved, and by how much the output changed on random inputs.

    Raises conslaw_cli.spec.SpecError for an unusable spec, conslaw_cli.balancing.errors.BalanceError for laws that cannot be balanced
    and weights that do not fit.
    """
    from conslaw_cli.balancing.balance import balanced, balancing
    from conslaw_cli.spec import parse_spec, read_spec

    parsed = parse_spec(spec) if isinstance(spec, Mapping) else read_spec(spec)
    return balanced(balancing(parsed, laws, to is None, seed), arrays, to)
