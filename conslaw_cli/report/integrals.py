"""What the letters in laws that are integrals stand for, in any notation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from conslaw_cli.report.formula import Curve, IntegralSum
from conslaw_cli.report.notation import Notation

if TYPE_CHECKING:
    from conslaw_cli.report.model import Family
    from conslaw_cli.report.prose import Prose

LOCALLY = "An integral over s is constant while no sign in it changes; where one does, it may jump by a period."


class Definition(NamedTuple):
    """A letter as it is written, and what it stands for: a formula, or words."""

    letter: str
    meaning: str
    in_words: bool = False


def footnotes(families: Iterable[Family], prose: Prose) -> Iterator[str]:
    """A sentence on the letters for each family of integrals."""
    for family in families:
        if isinstance(family.form, IntegralSum):
            found = definitions(family.form.curve, prose)
            said = "; ".join(f"{d.letter}{':' if d.in_words else ' ='} {d.meaning}" for d in found)
            yield f"{said}. {prose.text(LOCALLY)}"


def definitions(curve: Curve, prose: Prose) -> list[Definition]:
    """The letters in the laws of a curve, those of one definition after it."""
    write, math, text = prose.notation, prose.math, prose.text
    first, middle, last = (write.letter(name) for name in (curve.first, curve.middle, curve.last))
    into = write.sum([(1, _gram(first, write, False)), (-1, _gram(middle, write, True))])
    leaving = write.sum([(1, _gram(middle, write, False)), (-1, _gram(last, write, True))])
    s, v, e, epsilon = (math(write.indexed(letter, "k")) for letter in ("s", "v", "e", "epsilon"))
    polynomial, squares = math(write.letter("R")), math(_gram(middle, write, True))
    return [
        Definition(math(write.apply("R", [write.letter("s")])), math(_polynomial(curve, write))),
        Definition(math(write.letter("C1")), math(into)),
        Definition(math(write.letter("C2")), math(leaving)),
        Definition(s, f"{text('the nonzero eigenvalues of ')}{squares}{text(', from the largest on')}", True),
        Definition(v, text("their eigenvectors"), True),
        Definition(e, f"{text('the largest real root of ')}{polynomial}{text(' below ')}{s}", True),
        Definition(epsilon, f"{text('the sign of ')}{math(_side(first, middle, last, write))}", True),
    ]


def _gram(block: str, write: Notation, transposed_first: bool) -> str:
    factors = (write.transposed(block), block) if transposed_first else (block, write.transposed(block))
    return write.matrix_product(factors)


def _polynomial(curve: Curve, write: Notation) -> str:
    """s^(1 - |m - n|) det(s + C1) det(s - C2)."""
    s, exponent = write.letter("s"), 1 - curve.excess
    power = [] if not exponent else [s if exponent == 1 else write.power(s, write.sum([(exponent, "")]))]
    sums = [write.sum([(1, s), (sign, write.letter(name))]) for sign, name in ((1, "C1"), (-1, "C2"))]
    return write.product([*power, *(write.apply("det", [found]) for found in sums)])


def _side(first: str, middle: str, last: str, write: Notation) -> str:
    """(-1)^(k - 1) W3 W2 v_k v_k^T W1."""
    v, product = write.indexed("v", "k"), last
    for factor in (middle, v, write.transposed(v), first):
        product = write.matrix_product([product, factor])
    sign = write.power(write.group(write.sum([(-1, "")])), write.sum([(1, write.letter("k")), (-1, "")]))
    return write.product([sign, product])
