"""Whether the graphs of a certificate are the functional that the checker states of the architecture, at random points modulo a prime.

Let G(theta, mu) be the statement's functional and f the certificate's, a sum over copies c of f_c(theta_c, lambda_c). The derivative of
dG/dmu_j along theta_c, scaled by a random u_c for each copy, is u_c times that along theta for the one copy that it depends on, and for
no other number if there are several: so each mu_j is found to belong to one copy. Then G = f as polynomials, with the coefficients
of a copy in place of those mu_j in order, is tested at one random point. So f is G, and its fields are those of phi.
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

NAME = "graph"


def check_graph(system: System, stated: bool, seed: bytes) -> Check:
    """Of a certificate with graphs (``stated``), that they are the architecture's; of copies, that no fields are lost at others' zeros."""
    model, number = system.model, int.from_bytes(seed[16:24], "big")
    p = 2**60 + number % 2**59
    while not fmpz(p).is_prime():
        p += 1
    copies = sum(part.copies for part in system.parts)
    if copies > 1 and not all(_vanishes(part, p, number) for part in system.parts):
        return Check(NAME, False, "a part has fields where its coefficients are zero, so the parts are not independent")
    if model.statement is None:
        detail = "brackets, count and laws are those of the graph in the certificate" if system.parts else "there is no graph"
        return Check(NAME, True, f"{detail}; {NO_STATEMENT.format(model.architecture)}, with which it would be compared", proved=False)
    if not stated:
        return Check(NAME, True, "no graph in the certificate: laws are checked against the checker's statement of the architecture")
    own = model.statement.graph(model.options)
    fault = _difference(system, own, p, number)
    if fault:
        return Check(NAME, False, f"the graph in the certificate is not that of {model.title[:200]}: {fault}")
    bits = int(60 - log2(4 * system.size * max(sum(own.degrees), system.degree)))
    return Check(NAME, True, f"that of {model.title[:200]}, compared at random points modulo a 61-bit prime; error probability below 2^-{bits}")


def _vanishes(part: Part, p: int, seed: int) -> bool:
    """Whether a part has no gradient where all coefficients are zero."""
    theta = residues(p, seed, "theta of a part", np.array([0]), part.size)
    zeros = {name: {0: np.zeros((1, *shape), dtype=object)} for name, shape in part.graph.coefficients.items()}
    found = part.graph.gradient(split({0: theta}, part.graph.blocks), zeros, p)
    return not any(v.any() for dual in found.values() for v in dual.values())


def _difference(system: System, own: Graph, p: int, seed: int) -> str | None:
    """What differs, None if nothing does."""
    theta = residues(p, seed, "theta", np.array([0]), system.size)
    mu = {name: residues(p, seed, f"mu {name}", np.array([0]), prod(shape)).reshape(1, *shape) for name, shape in own.coefficients.items()}
    zeros = {name: {0: np.zeros_like(values)} for name, values in mu.items()}
    if own.value(split({0: theta}, own.blocks), zeros, p)[0][0]:
        return "a functional that does not vanish with its coefficients"
    owners = _owners(system, own, theta, mu, p, seed)
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


def _owners(system: System, own: Graph, theta: np.ndarray, mu: dict[str, np.ndarray], p: int, seed: int) -> dict[str, np.ndarray]:
    """For each coefficient the number of the copy that it belongs to, -1 where it belongs to none or several."""
    copies = sum(part.copies for part in system.parts)
    if copies == 1:
        return {name: np.zeros(values.size, dtype=np.int64) for name, values in mu.items()}
    scales = residues(p, seed, "scale", np.array([0]), copies)[0]
    directions, first = np.zeros_like(theta), 0
    for part in system.parts:
        for number in range(part.copies):
            directions[0, part.places[number]] = theta[0, part.places[number]] * scales[first + number] % p
        first += part.copies
    moving: Dual = {0: theta, 1: theta, 2: directions}
    found = own.gradient(split(moving, own.blocks), {name: {0: values} for name, values in mu.items()}, p, "coefficient")
    known = {int(scale): number for number, scale in enumerate(scales)}
    return {name: _looked_up(found[name], known, p) for name in mu}


def _looked_up(derivative: Dual, known: dict[int, int], p: int) -> np.ndarray:
    if not {1, 2} <= set(derivative):
        return np.full(derivative[0].size, -1)
    along, scaled = (derivative[mask].ravel().tolist() for mask in (1, 2))
    return np.array([known.get(b * pow(a, -1, p) % p, -1) if a % p else -1 for a, b in zip(along, scaled)])


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
