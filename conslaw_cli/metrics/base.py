"""What a metric of a parameter block is: all that its block's weights, laws and names depend on.

A metric M turns the gradient of the loss into the motion -M grad E. The engine asks the object; nobody asks which kind it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Protocol, Self

Shape = tuple[int, int]
Place = tuple[int, int]
"""Row and column of an entry in its block, from 0."""
Matrix = tuple[tuple[Fraction, ...], ...]


class Ring(Protocol):
    """Arithmetic on the entries of a block, (…, rows, columns): what a metric needs to be applied in a ring."""

    def multiply(self, a: Any, b: Any) -> Any: ...

    def power(self, a: Any, exponent: int | Fraction) -> Any: ...

    def add(self, a: Any, b: Any) -> Any: ...

    def constant(self, value: Fraction) -> Any: ...

    def columns(self, a: Any) -> list[Any]: ...

    def joined(self, columns: list[Any]) -> Any: ...

    def transform(self, left: Matrix | None, a: Any, right: Matrix | None) -> Any: ...


class Element(Protocol):
    """One element of a ring, such as a polynomial."""

    def __add__(self, other: Self) -> Self: ...

    def __mul__(self, other: Self) -> Self: ...

    def __pow__(self, exponent: int | Fraction) -> Self: ...

    @property
    def has_powers(self) -> bool: ...

    @property
    def variables(self) -> Set: ...

    def whole_in(self, variables: Set) -> Self | None: ...

    def scaled(self, factor: Fraction) -> Self: ...


@dataclass(frozen=True)
class Divisor:
    """What multiplies a function of the parameters so that it and its derivatives are polynomials in theta and the roots in it.

    A product ``bound`` (:class:`conslaw_cli.rings.bounds.Bound`, None for one) of the function's denominator and those of the roots'
    derivatives; the latter stretch the 1-norm of a polynomial of degree d at most d * ``stretch``-fold; and a monomial of degree d in the
    roots is one of lower degree in each times a polynomial of a 1-norm of at most ``reduction``^d.
    """

    bound: Any = None
    stretch: int = 1
    reduction: int = 1


class MetricError(Exception):
    """A value of [metric] that is no metric: what is wrong with it, and the remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


@dataclass(frozen=True)
class Primitive:
    """coefficient * B^exponent, or coefficient * log B for exponent 0: a primitive of theta/M for a metric M = diag(M(theta)).

    B is theta, or theta^2 + ``constant``. ``symbolic`` says that M, or the primitive, is no Laurent polynomial in theta, so that a law is
    verified by M times the derivative of the primitive, which is theta: at the parameters themselves, under gradient flow.
    """

    coefficient: Fraction
    exponent: int | Fraction
    constant: Fraction | None = None
    symbolic: bool = False

    @property
    def logarithm(self) -> bool:
        return self.exponent == 0

    def slope(self, x: int, p: int) -> int:
        """The derivative of B^exponent, or of log B, at a residue modulo p where it is defined (:meth:`conslaw_cli.rings.field.Field.power`)."""
        base, inner = x, 1
        if self.constant is not None:
            base, inner = x * x + self.constant.numerator * pow(self.constant.denominator, -1, p), 2 * x
        lower, order = Fraction(self.exponent) - 1, (p - 1) // 2
        if lower.denominator > 1:
            power = pow(base, lower.numerator * pow(lower.denominator, -1, order) % order, p)
        else:
            power = pow(base, int(lower), p)
        outer = Fraction(self.exponent or 1)
        return outer.numerator * pow(outer.denominator, -1, p) * inner * power % p


def common_scale(primitives: Iterable[Primitive]) -> Fraction:
    """The factor that makes the coefficients of primitives whole numbers without a common factor."""
    coefficients = [primitive.coefficient for primitive in primitives]
    return Fraction(lcm(*(c.denominator for c in coefficients)), gcd(*(c.numerator for c in coefficients)))


class Metric(ABC):
    """The metric of one parameter block: frozen, compared by value."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The canonical text: what the JSON report writes, and a spec may."""

    @property
    def euclidean(self) -> bool:
        """Whether M is the identity."""
        return False

    @property
    def constant(self) -> bool:
        """Whether M is the same at every point."""
        return self.euclidean

    @property
    def separate(self) -> bool:
        """Whether every entry has a metric of its own, the same for all: M = diag(m(theta_k)), whatever the block's shape."""
        return False

    @property
    def of_all(self) -> bool:
        """Whether it is one metric of all parameters, so that every block must have it."""
        return False

    @property
    def size(self) -> int | None:
        """Number of parameters that a metric of all of them has; None for any number."""
        return None

    def placed(self, names: tuple[str, ...]) -> Metric:
        """The metric for parameters of these names, in state order. Raises MetricError where it holds others."""
        return self

    def on_blocks(self, shapes: Iterable[Shape]) -> tuple[Metric, ...]:
        """The metric of each block by itself, for blocks of such shapes in state order; itself where it is not made of such."""
        return tuple(self for _ in shapes)

    @property
    def only_at_theta(self) -> bool:
        """Whether it can be taken at theta only, at no lookahead point."""
        return False

    @property
    def of_gradients(self) -> bool:
        """Whether it is made of the gradients of the model's output, as the natural gradient is; :meth:`apply` then leaves it out."""
        return False

    @property
    def note(self) -> str | None:
        """What a reader of the report must know of the metric."""
        return None

    @property
    def numbers(self) -> set[int]:
        """Denominators of the numbers in M: a prime that the engine works modulo must divide none."""
        return set()

    @property
    def mixed(self) -> Iterable[tuple[int, int, int]]:
        """(axis, i, k) for indices i, k along an axis of the block, rows being axis 0, of which M mixes the entries."""
        return ()

    def restricted(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Metric:
        """The metric of the entries in some rows and columns of the block, which M mixes with no others."""
        return self

    @property
    def root(self) -> int:
        """The least common multiple of the q whose q-th roots are in M: the engine then works with points that have them."""
        return 1

    @property
    def scales(self) -> bool:
        """Whether M(c theta) is M(theta) times a power of c."""
        return self.constant

    @property
    def everywhere(self) -> bool:
        """Whether M can be computed at every point modulo every prime: it has no roots and no denominators."""
        return self.root == 1

    def defined(self, ring: Ring, point: Any) -> Any:
        """Computes all that M needs at a point, so that a ring can tell where that is not possible."""
        return point

    def divisor(self, point: Any) -> Divisor:
        """What makes an entry of M and its derivatives polynomials."""
        return Divisor()

    @property
    def power(self) -> int | Fraction | None:
        """The number a where M = diag(theta^a), else None."""
        return None

    @property
    def primitive(self) -> Primitive | None:
        """The primitive of theta/M by which laws of a scaling symmetry separate into a sum over entries; None if they do not."""
        return None

    @property
    def inverses(self) -> tuple[Matrix | None, Matrix | None] | None:
        """Where M acts on the out and the in axis of its block by constant matrices: their inverses, None for the identity."""
        return (None, None) if self.euclidean else None

    @property
    def positive(self) -> bool:
        """Whether M is a metric only where the entries of the point that it is taken at are positive."""
        return False

    @property
    @abstractmethod
    def weight(self) -> Fraction | None:
        """The weight w of theta under which M grad f scales as theta does, f having weight 0; None where there is none."""

    @abstractmethod
    def apply(self, ring: Ring, gradient: Any, point: Any) -> Any:
        """M(point) gradient for a block's entries in a ring."""

    @abstractmethod
    def covector(
        self, partials: Mapping[Place, Element], point: Callable[[Place], Element], symbol: Callable[[Place], Element]
    ) -> dict[Place, Element]:
        """M(point) times the derivatives of a law, by the places where they are not zero.

        ``symbol`` is a free variable for each place: what holds for any value there holds for the entry of a diagonal M.
        """

    @abstractmethod
    def bound(self, gradient: Any, point: Any, shape: Shape) -> Any:
        """Bound of every entry of M(point) gradient, from bounds of the entries (:class:`conslaw_cli.rings.bounds.Bound`)."""

    @abstractmethod
    def same_signs(self, shape: Shape) -> list[tuple[Place, ...]]:
        """Groups of entries of which an even number must change sign for M grad f to do as grad f; one alone must not."""
