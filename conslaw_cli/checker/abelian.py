"""Abelian integrals of a linear network 1-n-m-1, W3 W2 W1 a number: I_j = sum_k int s^j ds / sqrt(R(s)), j = 0 ... r - 2, r = min(n, m).

R(s) = s^(1 - |m - n|) det(s + F) det(s - G) has the entries of F = W1 W1^T - W2^T W2 and G = W2 W2^T - W3^T W3 for coefficients. Where

- the entries of F and G are laws,
- R(s_k) = (sqrt(s_k) a_k b_k prod_(l != k) (s_k - s_l))^2 at the squares s_k of the singular values of W2 = sum_k sqrt(s_k) u_k v_k^T,
  a_k = W3 u_k and b_k = v_k^T W1, so that this is a root of R(s_k), and
- the form g_j = sum_k s_k^j ds_k / sqrt(R(s_k)), ds_k = 2 sqrt(s_k) u_k^T dW2 v_k, annihilates every control field,

I_j is a law, as dI_j is g_j plus multiples of the dF and dG. All three are identities of rational functions of W1, W3, the singular values and
two skew matrices, whose Cayley transforms are U and V, so they are tested at a random point modulo a large prime; and g_j that are
independent of dF, dG and the gradients of the laws listed there are so generically. Under weight decay I_j grows by
its weight 2 j + 1 - 2 r, as R is homogeneous, of degree 2 r + 1, in s, F and G, so its factor T must have T' = (2 j + 1 - 2 r) lambda T.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, prod

import numpy as np
from flint import nmod_mat

from conslaw_cli.checker.draws import residues
from conslaw_cli.checker.laws import Evaluation, Formulas
from conslaw_cli.checker.lawtable import Item
from conslaw_cli.checker.parts import control
from conslaw_cli.checker.result import Check, ReportError, Undecided
from conslaw_cli.checker.statement import integral_texts, is_abelian
from conslaw_cli.checker.system import System
from conslaw_cli.checker.timefactor import listed_gradients, require_factor

LARGEST = 3000
"""Parameters up to which the rank of all laws is computed."""


@dataclass(frozen=True)
class _Point:
    """A random point modulo p; ``u``, ``v`` hold the singular vectors as columns."""

    p: int
    state: list[int]
    u: list[list[int]]
    v: list[list[int]]
    roots: list[int]
    a: list[int]
    b: list[int]

    @property
    def squares(self) -> list[int]:
        return [x * x % self.p for x in self.roots]

    def distances(self, k: int) -> int:
        squares = self.squares
        return prod(squares[k] - s for l, s in enumerate(squares) if l != k) % self.p

    def form(self, j: int) -> list[int]:
        """g_j as a row."""
        p, (m, n), row = self.p, (len(self.u), len(self.v)), [0] * len(self.state)
        for k, square in enumerate(self.squares):
            scale = 2 * pow(square, j, p) * pow(self.a[k] * self.b[k] * self.distances(k), -1, p) % p
            for i in range(m):
                for l in range(n):
                    row[n + i * n + l] += scale * self.u[i][k] % p * self.v[l][k]
        return [x % p for x in row]


def check_integrals(
    system: System, items: tuple[Item, ...], formulas: Formulas, found: Evaluation, seed: bytes
) -> list[Check]:
    """Checks of the items that hold integrals; none without such items. Raises ReportError."""
    if not items:
        return []
    if len(items) > 1 or not is_abelian(system):
        return [Check("laws: integrals", False, "this system has no such family of integrals")]
    try:
        checks = _statement(system, items[0], found)
        if system.space > LARGEST:
            raise Undecided(f"{system.space} parameters, integrals are evaluated up to {LARGEST}")
        return [*checks, _identities(system, formulas, found, seed)]
    except Undecided as error:
        return [Check("laws: integrals", True, f"not decided by this checker: {error}", proved=False)]


def _statement(system: System, item: Item, found: Evaluation) -> list[Check]:
    """Holds the texts against this checker's own; a check where some of them are not read. Raises ReportError, Undecided."""
    texts = integral_texts(system)
    if item.definitions != texts.definitions or item.source != "theory, verified":
        raise ReportError(f"{item.family}: definitions or source are not those of the integrals of this system")
    if len(item.expressions) != len(texts.expressions):
        raise ReportError(f"{item.family}: there are {len(texts.expressions)} of them")
    moving = not system.rate.zero
    if item.depends_on_time != moving:
        raise ReportError(f"{item.family}: whether they depend on time is wrong")
    if not moving:
        if (item.expressions, item.form, item.latex) != (texts.expressions, texts.form, texts.latex):
            raise ReportError(f"{item.family}: not the integrals of this system")
        return []
    for j, (expression, body) in enumerate(zip(item.expressions, texts.expressions)):
        _factor(system, found, expression, f"*({body})", 2 * j + 1 - 2 * min(system.model.options.widths[1:3]))
    return [Check("laws: forms of integrals", True, "with functions of time they were not read", proved=False)]


def _factor(system: System, found: Evaluation, expression: str, body: str, weight: int) -> None:
    """Whether an integral stands with a function T of time, not zero, T' = weight * rate * T. Raises ReportError, Undecided."""
    if not expression.endswith(body):
        raise ReportError("an expression that is not an integral of this system")
    require_factor(system, found, expression.removesuffix(body), weight)


def _identities(system: System, formulas: Formulas, found: Evaluation, seed: bytes) -> Check:
    """The three identities and the rank at a random point. Raises Undecided."""
    name, p = "laws: integrals", found.world.p
    point = _draw(system, p, int.from_bytes(seed[8:16], "big"))
    theta = np.array(point.state, dtype=object)
    field = control(system.parts, theta, theta, found.world).tolist()
    forms = [point.form(j) for j in range(len(point.roots) - 1)]
    balance = _balance(point.state, len(point.u), len(point.v), p)
    if any(sum(x * y for x, y in zip(row, field)) % p for row in [*forms, *balance]):
        return Check(name, False, "some integral is not constant for every loss")
    if not _on_the_curve(point):
        return Check(name, False, "R does not have the values it must have")
    known = [*balance, *listed_gradients(formulas, point.state, p)]
    if _rank([*known, *forms], p) != _rank(known, p) + len(forms):
        return Check(name, False, "the integrals depend on the other laws")
    bits = int(57 - log2(4 * (len(point.u) + len(point.v) + 2) ** 2))
    detail = f"{len(forms)} independent of the other laws and constant for every loss (at a random point modulo a 61-bit prime; "
    return Check(name, True, f"{detail}error probability below 2^-{bits})")


def _draw(system: System, p: int, seed: int) -> _Point:
    """Raises Undecided where a denominator is zero."""
    _, n, m, _ = system.model.options.widths
    r = min(n, m)

    def drawn(name: str, size: int) -> list[int]:
        return residues(p, seed, f"integrals {name}", np.array([0]), size)[0].tolist()

    a, c, roots = drawn("A", n), drawn("C", m), drawn("roots", r)
    try:
        u, v = (_orthogonal(drawn(name, size * size), size, p) for name, size in (("U", m), ("V", n)))
    except ZeroDivisionError:
        raise Undecided("no such point modulo this prime") from None
    middle = [sum(u[i][k] * roots[k] * v[l][k] for k in range(r)) % p for i in range(m) for l in range(n)]
    ends = ([sum(x * row[k] for x, row in zip(side, basis)) % p for k in range(r)] for side, basis in ((c, u), (a, v)))
    point = _Point(p, [*a, *middle, *c], u, v, roots, *ends)
    if not all(point.a[k] * point.b[k] * point.distances(k) % p for k in range(r)):
        raise Undecided("no such point modulo this prime")
    return point


def _orthogonal(drawn: list[int], size: int, p: int) -> list[list[int]]:
    """The Cayley transform of a random skew matrix. Raises ZeroDivisionError."""
    skew = [[0 if i == j else drawn[i * size + j] if i < j else -drawn[j * size + i] for j in range(size)] for i in range(size)]
    unit = nmod_mat([[int(i == j) for j in range(size)] for i in range(size)], p)
    moved = nmod_mat([[x % p for x in row] for row in skew], p)
    return [[int(x) for x in row] for row in ((unit - moved) * (unit + moved).inv()).tolist()]


def _balance(state: list[int], m: int, n: int, p: int) -> list[list[int]]:
    """The gradients of the entries of F and G."""
    a, c = range(n), range(n + m * n, len(state))
    b = [[n + i * n + l for l in range(n)] for i in range(m)]
    rows = []
    for lines in ([list(a), *b], [list(c), *(list(column) for column in zip(*b))]):
        for k in range(len(lines[0])):
            for l in range(k, len(lines[0])):
                row = [0] * len(state)
                for number, line in enumerate(lines):
                    sign = -1 if number else 1
                    row[line[k]] += sign * state[line[l]]
                    row[line[l]] += sign * state[line[k]]
                rows.append([x % p for x in row])
    return rows


def _on_the_curve(point: _Point) -> bool:
    """Whether R(s_k) = (sqrt(s_k) a_k b_k prod(s_k - s_l))^2 for all k."""
    p, (m, n) = point.p, (len(point.u), len(point.v))
    a, c = point.state[:n], point.state[n + m * n :]
    b = [point.state[n + i * n : n + i * n + n] for i in range(m)]
    into = [[(a[i] * a[l] - sum(row[i] * row[l] for row in b)) % p for l in range(n)] for i in range(n)]
    leaving = [[(sum(x * y for x, y in zip(b[i], b[l])) - c[i] * c[l]) % p for l in range(m)] for i in range(m)]
    for k, s in enumerate(point.squares):
        root = point.roots[k] * point.a[k] * point.b[k] * point.distances(k)
        value = pow(s, 1 - abs(m - n), p) * _determinant(into, s, 1, p) * _determinant(leaving, s, -1, p)
        if (value - root * root) % p:
            return False
    return True


def _determinant(matrix: list[list[int]], s: int, sign: int, p: int) -> int:
    """det(s + sign * matrix)."""
    rows = [[(s * (i == j) + sign * x) % p for j, x in enumerate(row)] for i, row in enumerate(matrix)]
    return int(nmod_mat(rows, p).det())


def _rank(rows: list[list[int]], p: int) -> int:
    return nmod_mat(rows, p).rank()
