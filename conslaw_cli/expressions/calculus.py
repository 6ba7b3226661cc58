"""Trees as functions: building them with the obvious simplifications, differentiating them, and putting trees for names."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from conslaw_cli.expressions.tree import Apply, Name, Node, Number, names_of

ZERO, ONE, TIME = Number(Fraction(0)), Number(Fraction(1)), Name("t")


def rational(value: Fraction | int) -> Number:
    """The tree that is one number."""
    return Number(Fraction(value))


def varies(node: Node) -> bool:
    """Whether t occurs."""
    return "t" in names_of(node)


def negative(node: Node) -> Node:
    if isinstance(node, Number):
        return Number(-node.value)
    if not isinstance(node, Apply):
        return Apply("neg", (node,))
    if node.op == "neg":
        return node.args[0]
    if node.op == "-":
        return minus(node.args[1], node.args[0])
    if node.op == "+":
        return minus(negative(node.args[0]), node.args[1])
    if node.op in ("*", "/") and isinstance(node.args[0], Number):
        return Apply(node.op, (Number(-node.args[0].value), node.args[1]))
    return Apply("neg", (node,))


def plus(left: Node, right: Node) -> Node:
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    if ZERO in (left, right):
        return right if left == ZERO else left
    if isinstance(right, Apply) and right.op in ("+", "-"):
        return Apply(right.op, (plus(left, right.args[0]), right.args[1]))
    coefficient, rest = _split(right)
    if coefficient < 0:
        return Apply("-", (left, _attached(-coefficient, rest)))
    coefficient, rest = _split(left)
    if coefficient < 0 and not isinstance(left, Number):
        return Apply("-", (right, _attached(-coefficient, rest)))
    return Apply("+", (left, right))


def minus(left: Node, right: Node) -> Node:
    return plus(left, negative(right))


def times(left: Node, right: Node) -> Node:
    if ONE in (left, right):
        return right if left == ONE else left
    (a, u), (b, v) = _split(left), _split(right)
    above = [part for w in (u, v) if (part := _numerator(w)) != ONE]
    below = [part for w in (u, v) if (part := _denominator(w)) != ONE]
    return _attached(a * b, _quotient(_product(above), _product(below)))


def over(left: Node, right: Node) -> Node:
    (a, u), (b, v) = _split(left), _split(right)
    if not b:
        return Apply("/", (left, right))
    above = [part for part in (_numerator(u), _denominator(v)) if part != ONE]
    below = [part for part in (_denominator(u), _numerator(v)) if part != ONE]
    return _attached(a / b, _quotient(_product(above), _product(below)))


def _split(node: Node) -> tuple[Fraction, Node]:
    """A number and what it multiplies."""
    if isinstance(node, Number):
        return node.value, ONE
    if isinstance(node, Apply) and node.op == "neg":
        coefficient, rest = _split(node.args[0])
        return -coefficient, rest
    if isinstance(node, Apply) and node.op == "*":
        (a, u), (b, v) = map(_split, node.args)
        return a * b, _product([part for part in (u, v) if part != ONE])
    if isinstance(node, Apply) and node.op == "/":
        (a, u), (b, v) = map(_split, node.args)
        return (a / b, _quotient(u, v)) if b else (Fraction(1), node)
    return Fraction(1), node


def _numerator(node: Node) -> Node:
    return node.args[0] if isinstance(node, Apply) and node.op == "/" else node


def _denominator(node: Node) -> Node:
    return node.args[1] if isinstance(node, Apply) and node.op == "/" else ONE


def _product(parts: list[Node]) -> Node:
    if not parts:
        return ONE
    total = parts[0]
    for part in parts[1:]:
        total = Apply("*", (total, part))
    return total


def _quotient(above: Node, below: Node) -> Node:
    return above if below == ONE else Apply("/", (above, below))


def _attached(coefficient: Fraction, node: Node) -> Node:
    """A number times a tree, in front of its numerator, its denominator in front of that of the tree."""
    if not coefficient or node == ONE:
        return Number(coefficient)
    if coefficient < 0:
        return negative(_attached(-coefficient, node))
    top, bottom = coefficient.numerator, coefficient.denominator
    above, below = _numerator(node), _denominator(node)
    if top != 1:
        above = _led(top, above)
    if bottom != 1:
        below = _led(bottom, below)
    return _quotient(above, below)


def _led(value: int, node: Node) -> Node:
    """A whole number before the first factor of a product."""
    if isinstance(node, Apply) and node.op == "*":
        return Apply("*", (_led(value, node.args[0]), node.args[1]))
    return rational(value) if node == ONE else Apply("*", (rational(value), node))


def raised(base: Node, exponent: Node) -> Node:
    if exponent == ONE:
        return base
    return ONE if exponent == ZERO else Apply("**", (base, exponent))


def call(function: str, argument: Node) -> Node:
    return Apply(function, (argument,))


def derivative(node: Node, name: str = "t") -> Node:
    """d node / d name, exactly. ``Integral`` stands for a primitive in t of its argument."""
    if not isinstance(node, Apply) or name not in names_of(node):
        return ONE if node == Name(name) else ZERO
    if len(node.args) == 1:
        inner = derivative(node.args[0], name)
        return node.args[0] if node.op == "Integral" else times(_slope(node.op, node), inner)
    u, v = node.args
    du, dv = derivative(u, name), derivative(v, name)
    if node.op in "+-":
        return plus(du, dv) if node.op == "+" else minus(du, dv)
    if node.op == "*":
        return plus(times(du, v), times(u, dv))
    if node.op == "/":
        return minus(over(du, v), over(times(u, dv), raised(v, rational(2))))
    if dv == ZERO:
        return times(times(v, raised(u, minus(v, ONE))), du)
    return times(node, plus(times(dv, call("log", u)), over(times(v, du), u)))


def _slope(function: str, node: Node) -> Node:
    """The derivative of a function of one argument, by the argument."""
    u = node.args[0]
    square = raised(u, rational(2))
    return {
        "neg": lambda: rational(-1),
        "exp": lambda: node,
        "log": lambda: over(ONE, u),
        "sqrt": lambda: over(ONE, times(rational(2), node)),
        "sin": lambda: call("cos", u),
        "cos": lambda: negative(call("sin", u)),
        "tan": lambda: plus(ONE, raised(node, rational(2))),
        "sinh": lambda: call("cosh", u),
        "cosh": lambda: call("sinh", u),
        "tanh": lambda: minus(ONE, raised(node, rational(2))),
        "atan": lambda: over(ONE, plus(square, ONE)),
    }[function]()


def substituted(node: Node, values: Mapping[str, Node]) -> Node:
    """The tree with trees in place of names."""
    if isinstance(node, Name):
        return values.get(node.name, node)
    if isinstance(node, Number) or not node.args:
        return node
    return Apply(node.op, tuple(substituted(arg, values) for arg in node.args))


def affine(node: Node) -> tuple[Node, Node] | None:
    """(a, b) of a tree that is a t + b with a and b free of t, a not the number 0; None for any other."""
    slope = derivative(node)
    if varies(slope) or slope == ZERO or _nonlinear(node):
        return None
    return slope, folded(substituted(node, {"t": ZERO}))


def _nonlinear(node: Node) -> bool:
    """Whether t stands below anything but sums, products and quotients by what is free of t."""
    if not varies(node) or isinstance(node, Name):
        return False
    below = {"+": node.args, "-": node.args, "neg": node.args, "*": node.args, "/": node.args[:1]}.get(node.op)
    if below is None or (node.op == "/" and varies(node.args[1])):
        return True
    return any(map(_nonlinear, below)) or (node.op == "*" and all(map(varies, node.args)))


def folded(node: Node) -> Node:
    """The tree rebuilt with the obvious simplifications."""
    if not isinstance(node, Apply) or not node.args:
        return node
    args = [folded(arg) for arg in node.args]
    build = {"+": plus, "-": minus, "*": times, "/": over, "**": raised, "neg": negative}.get(node.op)
    return build(*args) if build else Apply(node.op, tuple(args))
