"""Whether the graphs of a certificate are the functional that the checker states of the architecture, at random points modulo a prime.

Let G(theta, mu) be the statement's functional and f the certificate's, a sum over copies c of f_c(theta_c, lambda_c). If G = f as
polynomials, where the coefficients of each copy are other ones of the mu_j, then f has the fields of G, which are those of phi. Any such
assignment will do, and G = f is tested at one random point. The assignment is found from the derivatives of dG/dmu_j: that along
c theta_c, the copies being numbered, is c times that along theta if it depends on copy c alone.
"""

from __future__ import annotations

from math import log2, prod

import numpy as np
from flint import fmpz

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.graph import Graph
from conslaw_cli.checker.parts import Part, split
from conslaw_cli.checker.result import Check
from conslaw_cli.checker.statement import NO_STATEMENT
from conslaw_cli.checker.system import System
from conslaw_cli.checker.textread import check_text

NAME = "graph"
SMALL = 2**23 - 15
"""A prime whose residues are multiplied in int64; with it only the assignment is found."""
ATTEMPTS = 3


def check_graph(system: System, stated: bool, seed: bytes) -> Check:
    """Whether the graphs of a certificate, which are there if ``stated``, are the architecture's. Raises Undecided."""
    model, number = system.model, int.from_bytes(seed[16:24], "big")
    p = 2**60 + number % 2**59
    while not fmpz(p).is_prime():
        p += 1
    if not stated:
        return _without(system)
    if model.composed:
        return check_text(system, number)
    if model.statement is None:
        if not _apart(system, p, number):
            return Check(NAME, False, "a part has fields where its coefficients are zero, so the parts are not independent")
        detail = f"brackets, count and laws are those of the graph in the certificate; {NO_STATEMENT.format(model.architecture)}"
        return Check(NAME, True, f"{detail}, with which it would be compared", proved=False)
    own = model.statement.graph(model.options)
    fault = _difference(system, own, p, number)
    if not fault and not _apart(system, p, number):
        fault = "a part has fields where its coefficients are zero"
    if fault:
        return Check(NAME, False, f"the graph in the certificate is not that of {model.title[:200]}: {fault}")
    bits = int(60 - log2(4 * system.size * max(sum(own.degrees), system.degree)))
    return Check(NAME, True, f"that of {model.title[:200]}, compared at random points modulo a 61-bit prime; error probability below 2^-{bits}")


def _without(system: System) -> Check:
    """Where the certificate has no graph."""
    if system.model.statement is None:
        return Check(NAME, True, f"there is none; {NO_STATEMENT.format(system.model.architecture)}", proved=False)
    return Check(NAME, True, "none in the certificate, so that of the checker's statement of the architecture is taken")


def _apart(system: System, p: int, seed: int) -> bool:
    """Whether the fields of several parts or copies are independent: each has none where its coefficients are zero."""
    return sum(part.copies for part in system.parts) == 1 or all(_vanishes(part, p, seed) for part in system.parts)


def _vanishes(part: Part, p: int, seed: int) -> bool:
    """Whether a part has no gradient where all coefficients are zero."""
    theta = residues(p, seed, "theta of a part", np.array([0]), part.size)
    zeros = {name: {0: np.zeros((1, *shape), dtype=object)} for name, shape in part.graph.coefficients.items()}
    found = part.graph.gradient(split({0: theta}, part.graph.blocks), zeros, p)
    return not any(v.any() for dual in found.values() for v in dual.values())


def _difference(system: System, own: Graph, p: int, seed: int) -> str | None:
    """What differs, None if nothing does."""
    if more := {name for part in system.parts for name in part.graph.functions} - own.functions:
        return f"the function {min(more)}, which it does not have"
    theta = residues(p, seed, "theta", np.array([0]), system.size)
    mu = {name: residues(p, seed, f"mu {name}", np.array([0]), prod(shape)).reshape(1, *shape) for name, shape in own.coefficients.items()}
    owners = _owners(system, own, seed)
    total, first = 0, 0
    for part in system.parts:
        coefficients = _coefficients(part, mu, owners, first)
        if isinstance(coefficients, str):
            return coefficients
        first += part.copies
        value = part.graph.value(split({0: theta[0][part.places]}, part.graph.blocks), coefficients, p)
        total += int(np.broadcast_to(value[0], (part.copies,)).sum())
    expected = own.value(split({0: theta}, own.blocks), {name: {0: values} for name, values in mu.items()}, p)
    return None if (total - int(expected[0][0])) % p == 0 else "their values differ"


def _owners(system: System, own: Graph, seed: int) -> dict[str, np.ndarray]:
    """For each coefficient the number of the copy that it belongs to, from 0; -1 where it seems to belong to none or several."""
    number, copies = np.zeros(system.size, dtype=np.int64), sum(part.copies for part in system.parts)
    if copies == 1:
        return {name: np.zeros(prod(shape), dtype=np.int64) for name, shape in own.coefficients.items()}
    first = 1
    for part in system.parts:
        number[part.places] = np.arange(first, first + part.copies)[:, None]
        first += part.copies
    owners: dict[str, np.ndarray] = {name: np.full(prod(shape), -1) for name, shape in own.coefficients.items()}
    for attempt in range(ATTEMPTS):
        drawn = {
            name: {0: residues(SMALL, seed, f"{attempt} {name}", np.array([0]), prod(shape)).reshape(1, *shape)}
            for name, shape in own.coefficients.items()
        }
        theta = residues(SMALL, seed, f"{attempt}", np.array([0]), system.size)
        moving = {0: theta, 1: theta, 2: theta * number % SMALL}
        found = own.gradient(split(moving, own.blocks), drawn, SMALL, "coefficient")
        owners = {name: np.where(known < 0, _ratios(found[name], copies), known) for name, known in owners.items()}
        if all((known >= 0).all() for known in owners.values()):
            break
    return owners


def _ratios(derivative: Dual, copies: int) -> np.ndarray:
    """The numbers by which the second derivatives are multiples of the first, less 1; -1 for what is no copy's number."""
    along, numbered = (derivative.get(mask, np.zeros_like(derivative[0])).ravel() for mask in (1, 2))
    inverse, square = np.ones_like(along), along
    for bit in reversed(bin(SMALL - 2)[2:]):
        inverse = inverse * square % SMALL if bit == "1" else inverse
        square = square * square % SMALL
    ratios = numbered * inverse % SMALL
    return np.where(ratios <= copies, ratios - 1, -1)


def _coefficients(part: Part, mu: dict[str, np.ndarray], owners: dict[str, np.ndarray], first: int) -> dict[str, Dual] | str:
    """The values of the part's coefficients, or what is wrong with them."""
    shapes, found = part.graph.coefficients, {}
    for name, values in mu.items():
        flat, places = values.ravel(), [np.flatnonzero(owners[name] == first + copy) for copy in range(part.copies)]
        if (owners[name] < 0).any():
            return f"coefficients {name} that belong to no part or to several"
        needed = prod(shapes[name]) if name in shapes else 0
        if any(len(mine) != needed for mine in places):
            return f"another number of coefficients {name}"
        if needed:
            found[name] = {0: np.array([flat[mine] for mine in places]).reshape(part.copies, *shapes[name])}
    if unknown := set(shapes) - set(mu):
        return f"coefficients {min(unknown)}, which it does not have"
    return found
