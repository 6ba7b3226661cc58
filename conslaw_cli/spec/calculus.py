"""Trees as functions: building them with the obvious simplifications, differentiating them, and putting trees for names."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from conslaw_cli.spec.tree import Apply, Name, Node, Number, names_of

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
    if isinstance(node, Apply) and node.op == "neg":
        return node.args[0]
    if isinstance(node, Apply) and node.op in ("*", "/") and isinstance(node.args[0], Number):
        return Apply(node.op, (Number(-node.args[0].value), node.args[1]))
    return Apply("neg", (node,))


def plus(left: Node, right: Node) -> Node:
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    if isinstance(right, Apply) and right.op == "neg":
        return Apply("-", (left, right.args[0]))
    if isinstance(right, Number) and right.value < 0:
        return Apply("-", (left, Number(-right.value)))
    if isinstance(right, Apply) and right.op in ("*", "/") and isinstance(right.args[0], Number) and right.args[0].value < 0:
        return Apply("-", (left, negative(right)))
    return Apply("+", (left, right))


def minus(left: Node, right: Node) -> Node:
    return plus(left, negative(right))


def times(left: Node, right: Node) -> Node:
    if isinstance(right, Number) and not isinstance(left, Number):
        left, right = right, left
    if isinstance(left, Number):
        if isinstance(right, Number):
            return Number(left.value * right.value)
        if left.value == 0:
            return ZERO
        if abs(left.value) == 1:
            return right if left.value == 1 else negative(right)
        if left.value.denominator != 1:  # 2*t/3, not (2/3)*t
            return over(times(Number(Fraction(left.value.numerator)), right), Number(Fraction(left.value.denominator)))
    return Apply("*", (left, right))


def over(left: Node, right: Node) -> Node:
    if isinstance(right, Number) and right.value:
        if isinstance(left, Number):
            return Number(left.value / right.value)
        if right.value == 1:
            return left
    return ZERO if left == ZERO else Apply("/", (left, right))


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
