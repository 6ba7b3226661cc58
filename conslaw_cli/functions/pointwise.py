"""Functions entry by entry: what is rational in exp is written with exp, what has folds with branches."""

from __future__ import annotations

import math
from fractions import Fraction

from conslaw_cli.functions.arrays import array
from conslaw_cli.graph import functions as catalogue
from conslaw_cli.graph.nodes import POSITIVE, Branch, Constant, Generic, Node, Number, exact_number

_HALF = Fraction(1, 2)


def exp(x: Number) -> Node:
    """e to the power x."""
    return array(x).applied(catalogue.EXP)


def log(x: Number) -> Node:
    """The natural logarithm. Raises ValueError for known numbers that are not positive."""
    return _known(array(x), lambda entry: entry > 0, "log", "positive numbers").applied(catalogue.LOG)


def sqrt(x: Number) -> Node:
    """The positive square root, a rational number where the roots of known numbers are. Raises ValueError for negative ones."""
    node = _known(array(x), lambda entry: entry >= 0, "sqrt", "numbers that are not negative")
    if isinstance(node, Constant):
        roots = [_rational_root(entry) for entry in node.fractions]
        if None not in roots:
            return Constant(node.shape, tuple(exact_number(root) for root in roots))
    return node**_HALF


def _rational_root(number: Fraction) -> Fraction | None:
    root = Fraction(math.isqrt(number.numerator), math.isqrt(number.denominator))
    return root if root**2 == number else None


def _known(node: Node, holds, name: str, domain: str) -> Node:
    """The node itself. Raises ValueError where it is a constant outside the function's domain."""
    wrong = next((entry for entry in node.fractions if not holds(entry)), None) if isinstance(node, Constant) else None
    if wrong is not None:
        raise ValueError(f"{name} is defined for {domain}, not {wrong}")
    return node


def sin(x: Number) -> Node:
    return array(x).applied(catalogue.SIN)


def cos(x: Number) -> Node:
    return array(x).applied(catalogue.COS)


def square(x: Number) -> Node:
    return array(x) ** 2


def tanh(x: Number) -> Node:
    """1 - 2/(1 + exp(x)^2)."""
    return 1 - 2 / (1 + exp(x) ** 2)


def sigmoid(x: Number) -> Node:
    """1/(1 + exp(-x))."""
    return 1 / (1 + exp(-array(x)))


def softplus(x: Number) -> Node:
    """log(1 + exp(x))."""
    return log(1 + exp(x))


def silu(x: Number) -> Node:
    """x sigmoid(x), also known as swish."""
    x = array(x)
    return x * sigmoid(x)


def gelu(x: Number) -> Node:
    """x Phi(x), Phi being the distribution function of the standard normal distribution."""
    x = array(x)
    return x * x.applied(catalogue.NORMAL_CDF)


def gelu_tanh(x: Number) -> Node:
    """The approximation of gelu with tanh: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    x, scale = array(x), Generic((), "sqrt(2/pi)", (math.sqrt(2 / math.pi),))
    return x * _HALF * (1 + tanh((x + x**3 * Fraction(44715, 10**6)) * scale))


def smooth(x: Number) -> Node:
    """An unknown smooth function, the same at every call: what holds for it holds for every smooth function."""
    return array(x).applied(catalogue.smooth(0))


def positive(x: Node) -> Node:
    """1 where entries are positive, 0 elsewhere."""
    return Branch(x.shape, x, POSITIVE)


def relu(x: Number) -> Node:
    x = array(x)
    return x * positive(x)


def abs(x: Number) -> Node:
    x = array(x)
    return x * (2 * positive(x) - 1)


def leaky_relu(x: Number, negative_slope: Number = Fraction(1, 100)) -> Node:
    """x where it is positive, ``negative_slope`` x elsewhere."""
    return prelu(x, negative_slope)


def prelu(x: Number, weight: Number) -> Node:
    """x where it is positive, ``weight`` x elsewhere; the weight broadcasts to x."""
    x = array(x)
    mask = positive(x)
    return x * mask + array(weight) * (x * (1 - mask))


def relu6(x: Number) -> Node:
    """x between 0 and 6, else the nearer of them."""
    return clip(x, 0, 6)


def clip(x: Number, min: Number, max: Number) -> Node:
    """x between ``min`` and ``max``, else the nearer of them."""
    x = array(x)
    return min + relu(x - min) - relu(x - max)


def maximum(x: Number, y: Number) -> Node:
    """The larger of two arrays, entry by entry."""
    return y + relu(array(x) - y)


def minimum(x: Number, y: Number) -> Node:
    """The smaller of two arrays, entry by entry."""
    return y - relu(y - array(x))


def elu(x: Number, alpha: Number = 1) -> Node:
    """x where it is positive, ``alpha`` (exp(x) - 1) elsewhere."""
    x = array(x)
    mask = positive(x)
    return x * mask + alpha * ((1 - mask) * (exp(x) - 1))
