"""Laws as plain data that every renderer can write: sums of terms in entries of blocks, and matrix forms of families."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct


class Entry(Struct, frozen=True):
    """One parameter or velocity: the entry of a block with these indices, from 1."""

    block: str
    indices: tuple[int, ...]
    velocity: bool = False

    @property
    def name(self) -> str:
        """The contract's name, e.g. W1_2_3, b1_2, dW1_2_3."""
        return ("d" if self.velocity else "") + self.block + "".join(f"_{index}" for index in self.indices)


class Shifted(Struct, frozen=True):
    """The square of an entry plus a constant."""

    entry: Entry
    constant: Fraction

    @property
    def name(self) -> str:
        return self.entry.name


class Term(Struct, frozen=True):
    """coefficient * product of entry**exponent, or coefficient * log(entry) when ``log``."""

    coefficient: int | Fraction
    factors: tuple[tuple[Entry | Shifted, int | Fraction], ...]
    log: bool = False


class MirrorTerm(Struct, frozen=True):
    """coefficient * theta'/(rate theta + theta') for an entry theta, or coefficient * theta/theta' where the rate is "0"."""

    coefficient: int
    entry: Entry
    rate: str


class TravelTerm(Struct, frozen=True):
    """coefficient * T(u, v) for the weights u out of a neuron and v into it, whose metrics are theta^``powers``.

    T is log(v/u)/(u - v) for the powers (1, 1), (u + 1/v) log u - u for (1, 3), (v + 1/u) log v - v for (3, 1).
    """

    coefficient: int
    outgoing: Entry
    incoming: Entry
    powers: tuple[int, int]


class Group(Struct, frozen=True):
    """A function of time (SymPy-readable ASCII such as "exp(tau*t)", "1" for none) times a sum of terms."""

    time: str
    terms: tuple[Term | MirrorTerm | TravelTerm, ...]


class Formula(Struct, frozen=True):
    """A scalar law: the sum of its groups. ``log_scale`` multiplies every argument of a logarithm (weight decay)."""

    groups: tuple[Group, ...]
    log_scale: str = "1"


class BlockRef(Struct, frozen=True):
    """A block in a matrix form: W, W^T, or its velocity.

    ``axes`` of a block that is no matrix, from 1, are those along the rows of its unfolding (Kolda and Bader 2009); () for a matrix.
    """

    block: str
    transposed: bool = False
    velocity: bool = False
    axes: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    """Another shape that its entries are read in, row by row; () for its own."""


class MatrixTerm(Struct, frozen=True):
    """coefficient * left * middle * right; the matrix of integers ``middle`` is None for the identity."""

    coefficient: int
    left: BlockRef
    right: BlockRef
    middle: tuple[tuple[int, ...], ...] | None = None


class MatrixForm(Struct, frozen=True):
    """``time * (sum of terms)``, a size x size matrix; ``symmetry`` is "symmetric", "antisymmetric" or, for its diagonal alone, "diagonal".

    With several ``blocks``, equal ones along the diagonal, only the entries in these are laws.
    """

    time: str
    terms: tuple[MatrixTerm, ...]
    size: int
    symmetry: str
    blocks: int = 1


class NeuronTerm(Struct, frozen=True):
    """coefficient * time * sum of function(entries) over a neuron's column ("out") or row ("in") of a block, or its bias ("bias").

    ``side`` "slice": over the entries with the neuron's indices along some axes, ``slots`` being ":" along all others.

    ``function`` is "power" with the exponent, "log", "mirror" (:class:`MirrorTerm`, with its ``rate``), or "one": the coefficient alone.
    """

    coefficient: int | Fraction
    block: str
    side: str
    function: str = "power"
    exponent: int = 1
    velocity: bool = False
    time: str = "1"
    rate: str = "0"
    slots: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    """Another shape that the block's entries are read in, row by row; () for its own."""
    constant: Fraction | None = None
    """The function is of the entry's square plus this constant; None: of the entry."""


class NeuronForm(Struct, frozen=True):
    """One law for each hidden neuron k = 1 … size: ``time * (sum of terms)``; or for all values of the indices k, l, … up to ``ranges``."""

    time: str
    terms: tuple[NeuronTerm, ...]
    size: int
    log_scale: str = "1"
    ranges: tuple[int, ...] | None = None


class TravelForm(Struct, frozen=True):
    """T of neuron k less T of neuron 1 (:class:`TravelTerm`), k = 2 … size, for blocks of one row out and one column in."""

    outgoing: str
    incoming: str
    powers: tuple[int, int]
    size: int


class Curve(Struct, frozen=True):
    """y^2 = R(s) for the blocks of a linear network 1-n-m-1; ``rank`` singular values, ``excess`` |m - n|."""

    first: str
    middle: str
    last: str
    rank: int
    excess: int


class IntegralSum(Struct, frozen=True):
    """``time`` * sum over k of the integral of s^power / sqrt(R(s)) from e_k to s_k, with its sign epsilon_k.

    ``power`` None stands for j: all of them at once, j = 0 … rank - 2.
    """

    curve: Curve
    time: str
    power: int | None = None


class FormEntry(Struct, frozen=True):
    """One law of a form: the entry (k, l) of a matrix, k alone on a diagonal, or the law of a neuron, with indices from 1."""

    form: MatrixForm | NeuronForm | TravelForm
    indices: tuple[int, ...]

    @property
    def label(self) -> str:
        """The indices, 1,3."""
        return ",".join(map(str, self.indices))

    @property
    def unfolds(self) -> bool:
        """Whether its blocks are no matrices, so that it has no rows and columns to be written with."""
        return isinstance(self.form, MatrixForm) and any(ref.axes for term in self.form.terms for ref in (term.left, term.right))
