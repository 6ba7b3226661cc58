"""The laws of a linear network 1-n-m-1 beyond balancedness: Abelian integrals.

The field. phi is the scalar C B A with A (n x 1), B (m x n), C (1 x m), so every generator is a multiple of
Y = grad phi: A' = B^T C^T, B' = C^T A^T, C' = A^T B^T. Balancedness holds: F = A A^T - B^T B and G = B B^T - C^T C are constant, as
F' = B^T C^T A^T + A C B - A C B - B^T C^T A^T = 0, and likewise G.

The integrals. Let B = sum_k sqrt(s_k) u_k v_k^T with orthonormal u_k, v_k, k = 1 ... r = min(n, m), and a_k = C u_k, b_k = v_k^T A,
p_k = prod_(l != k) (s_k - s_l). Then s_k' = 2 sqrt(s_k) u_k^T B' v_k = 2 sqrt(s_k) a_k b_k. A determinant with a term of rank one is
det(s + F) = det(s - B^T B) (1 + A^T (s - B^T B)^-1 A), at s = s_k: s_k^(n - r) p_k b_k^2; so det(s_k - G) = s_k^(m - r) p_k a_k^2. With

    R(s) = s^(1 - |m - n|) det(s + F) det(s - G)      R(s_k) = s_k a_k^2 b_k^2 p_k^2.

For the root of R(s_k) that is sqrt(s_k) a_k b_k p_k, s_k' / sqrt(R(s_k)) = 2 / p_k, and Euler's identity sum_k s_k^j / p_k = 0 for
j <= r - 2 makes I_j = sum_k int^(s_k) s^j ds / sqrt(R(s)), j = 0 ... r - 2, constant: R has constant coefficients, as F and G do.
R is a polynomial (F has the eigenvalue 0 at least n - m - 1 times, G m - n - 1 times) of the odd degree 2 r + 1 with leading coefficient
one, so it is negative far to the left and has a real root e_k, the largest one below s_k, from which to integrate.

Scaling (A, B, C) by g scales s_k, e_k, F and G by g^2, R(s) by g^(2 (2 r + 1)), so I_j by g^(2 j + 1 - 2 r). Under weight decay the
generators at cQ are multiples of Y(Q) as well, and the same laws hold for Q.

Independence. Modulo dF and dG, dI_j is sum_k s_k^j ds_k / sqrt(R(s_k)), and ds_k = 2 sqrt(s_k) u_k^T dB v_k. At a point with
B = U diag(sigma) V^T, where U and V are Cayley transforms (1 - S) (1 + S)^-1 of integer skew matrices, these forms are rational: a rank
modulo p is a lower bound of that over the rationals there, thus of the generic one. This proves the number.

No further algebraic law. Y vanishes at A = 0, C = 0, B of singular values sigma_k, where its linear part A' = B^T C^T, C^T' = B A, B' = 0
is diagonalizable with eigenvalues +-sigma_k and zeros. The monomials that a diagonal linear field conserves have exponents with
sum n_i lambda_i = 0, of rank D less the rank of the lambda_i over Q; and there are at most so many independent rational first integrals
near such a point (Poincare; their lowest homogeneous parts can be made independent), so at most so many algebraic ones, as the coefficients
of an algebraic law's minimal polynomial are rational laws. For sigma_k the square roots of r different square-free numbers, which are
independent over Q (Besicovitch 1940), that is D - r. Balancedness gives D - r, so all algebraic laws are functions of F and G.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from conslaw_cli.flows.part import PartFlow
from conslaw_cli.laws.law import Law
from conslaw_cli.laws.selection import gradient_rows
from conslaw_cli.laws.verify import Verdict, pairings
from conslaw_cli.model import HiddenLayer
from conslaw_cli.rings.echelon import Echelon
from conslaw_cli.rings.field import Field
from conslaw_cli.rings.polynomials import Polynomial
from conslaw_cli.rings.stream import Stream

ABELIAN = "Abelian integrals"


@dataclass(frozen=True)
class AbelianFamily:
    """The integrals at the middle block of three: ``first`` (n x 1), ``middle`` (m x n), ``last`` (1 x m)."""

    first: str
    middle: str
    last: str
    rows: int
    """m"""
    columns: int
    """n"""

    name = ABELIAN

    @property
    def rank(self) -> int:
        """Number r of singular values."""
        return min(self.rows, self.columns)

    @property
    def size(self) -> int:
        return self.rank - 1

    def laws(self) -> list[AbelianLaw]:
        return [AbelianLaw(self, power) for power in range(self.size)]


@dataclass(frozen=True)
class AbelianLaw:
    """I_j for j = ``power``."""

    family: AbelianFamily
    power: int

    @property
    def weight(self) -> int:
        """The power of g by which scaling all parameters by g multiplies it."""
        return 2 * self.power + 1 - 2 * self.family.rank


def abelian_family(flow: PartFlow, hidden: tuple[HiddenLayer, ...]) -> AbelianFamily | None:
    """The family of a part, if its generators are shown to be multiples of Y, as identities of polynomials."""
    blocks = flow.program.blocks
    if len(blocks) != 3 or len(hidden) != 2 or flow.dynamics.second_order or not all(metric.euclidean for metric in flow.metrics):
        return None
    (first, (n, one)), (middle, (m, columns)), (last, (unit, rows)) = blocks
    chained = [((first,), (middle,)), ((middle,), (last,))]
    if [(layer.incoming, layer.outgoing) for layer in hidden] != chained or {layer.group for layer in hidden} != {"linear"}:
        return None
    if (one, unit) != (1, 1) or (rows, columns) != (m, n) or min(m, n) < 2:
        return None
    family = AbelianFamily(first, middle, last, m, n)
    return family if all(verdict is Verdict.HOLDS for verdict in pairings(flow, _minors(family))) else None


def _minors(family: AbelianFamily) -> list[dict[int, Polynomial]]:
    """Covectors that vanish on X just if X is a multiple of Y: the minors with the entry of Y at B_11, which is C_1 A_1."""
    m, n = family.rows, family.columns
    a, b, c = Polynomial.variable, lambda i, l: Polynomial.variable(n + i * n + l), lambda i: Polynomial.variable(n + m * n + i)
    field = [sum((b(i, l) * c(i) for i in range(m)), Polynomial({})) for l in range(n)]
    field += [c(i) * a(l) for i in range(m) for l in range(n)]
    field += [sum((b(i, l) * a(l) for l in range(n)), Polynomial({})) for i in range(m)]
    return [{k: field[n], n: y.scaled(-1)} for k, y in enumerate(field) if k != n]


def independent_integrals(flow: PartFlow, family: AbelianFamily, known: Sequence[Law], stream: Stream) -> list[AbelianLaw]:
    """The laws of a family whose differentials are independent of each other, of the known laws' and of dF and dG."""
    field, laws = flow.field(stream, "abelian prime"), family.laws()
    state, squares, forms = next(filter(None, (_point(family, field, stream, counter) for counter in count())))
    gradients = Echelon(field, flow.dimension)
    gradients.add(gradient_rows(field, state, known))
    gradients.add(field.residues(_balance_rows(family, field.integers(state))))
    differentials = [field.matmul(field.power(squares, law.power)[None, :], forms)[0] for law in laws]
    return [law for law, is_new in zip(laws, gradients.add(np.array(differentials))) if is_new]


def _point(family: AbelianFamily, field: Field, stream: Stream, counter: int) -> tuple[np.ndarray, ...] | None:
    """(A, B, C) as a state, the s_k, and the forms ds_k / sqrt(R(s_k)) modulo dF and dG as rows; None where a denominator is zero."""
    m, n, r = family.rows, family.columns, family.rank

    def draw(name: str, size: int) -> np.ndarray:
        return field.residues(stream.nonzero(field.p, f"abelian {name}", np.array([counter]), size)[0])

    try:
        u, v = _orthogonal(draw("U", m * m), field)[:, :r], _orthogonal(draw("V", n * n), field)[:, :r]
    except ZeroDivisionError:
        return None
    a, c, roots = draw("A", n), draw("C", m), draw("roots", r)
    squares = field.multiply(roots, roots)
    distances = field.subtract(squares[:, None], squares[None, :]) + np.eye(r)
    denominators = field.multiply(field.matmul(c[None, :], u)[0], field.matmul(a[None, :], v)[0])
    for column in distances.T:
        denominators = field.multiply(denominators, column)
    if not denominators.all():
        return None
    middle = field.matmul(field.multiply(u, roots), v.T)
    forms = np.zeros((r, n + m * n + m))
    scales = field.reduce(2 * field.inverses(denominators))
    planes = field.multiply(u.T[:, :, None], v.T[:, None, :]).reshape(r, m * n)
    forms[:, n : n + m * n] = field.multiply(scales[:, None], planes)
    return np.concatenate([a, middle.ravel(), c]), squares, forms


def _balance_rows(family: AbelianFamily, state: np.ndarray) -> np.ndarray:
    """The differentials of the entries of F and G, as integers."""
    m, n = family.rows, family.columns
    a, b, c = range(n), np.arange(n, n + m * n).reshape(m, n), range(n + m * n, len(state))
    sides = [(np.vstack([[a], b]), n), (np.vstack([[c], b.T]), m)]
    rows = []
    for numbers, width in sides:
        signs = np.array([1] + [-1] * (len(numbers) - 1))
        for k in range(width):
            for l in range(k, width):
                rows.append(row := np.zeros(len(state), dtype=np.int64))
                row[numbers[:, k]] += signs * state[numbers[:, l]]
                row[numbers[:, l]] += signs * state[numbers[:, k]]
    return np.array(rows)


def _orthogonal(entries: np.ndarray, field: Field) -> np.ndarray:
    """(1 - S)(1 + S)^-1 for the skew part S of a square matrix. Raises ZeroDivisionError."""
    from flint import nmod_mat

    size = round(len(entries) ** 0.5)
    upper = np.triu(field.integers(entries).reshape(size, size), 1)
    skew, unit = nmod_mat((upper - upper.T).tolist(), field.p), nmod_mat(np.eye(size, dtype=int).tolist(), field.p)
    rotation = (unit - skew) * (unit + skew).inv()
    return field.residues(np.array([[int(x) for x in row] for row in rotation.tolist()]))
