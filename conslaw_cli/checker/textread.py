"""The graph of a certificate is the network of the report's text: the text is read and evaluated by the checker's own means.

Python's parser makes a tree of the text, of which a small part is read: arithmetic, @, indexing, .T, .mT and calls of functions that
textfunctions.py states. At random residues for parameters, inputs, constants and cotangents v, the certificate's functional must be the sum of v
times the text's value; two rational functions that differ agree at a random point with a probability of about their degree over 2^60.
Of fields as they are, of which nothing but the gradient counts, it must have the gradient sum_k v_k X_k. Where arguments of exp are said to be
written through one another, values modulo a tower of primes, of which exp is a homomorphism, must be the same (towers.py).
"""

from __future__ import annotations

import ast
import json
import textwrap
from dataclasses import dataclass
from fractions import Fraction
from math import log2, prod

import numpy as np

from conslaw_cli.checker.duals import Dual
from conslaw_cli.checker.graph import Graph, Surroundings
from conslaw_cli.checker.graphread import read_graph
from conslaw_cli.checker.models import FIELDS
from conslaw_cli.checker.result import Check, ReportError, entry
from conslaw_cli.checker.system import System
from conslaw_cli.checker.textfunctions import MOST_WORK, Formal, Language, Unknown
from conslaw_cli.checker.towers import is_fitting, tower

NAME = "graph"
LONGEST = 20_000
ROUNDS = 2
KEYS = {
    "network": frozenset("network loss at shapes inputs constants".split()),
    "phi": frozenset("expression at shapes constants".split()),
    FIELDS: frozenset("expressions at shapes constants".split()),
}
MOST_FIELDS = 1_000
LOSSES = ("any", "cross-entropy")
SQUARES = (2, 3, 5, 7, 11, 13)
"""Squares modulo the prime, so that rational roots of known numbers are the formal ones."""
MOST_ENTRIES = 300_000
MOST_BITS = 4000
"""Of a number that is known."""
_FAILURES = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError, SyntaxError)


@dataclass(frozen=True)
class Text:
    """A model's table, read: the text, or those of several fields, the loss, and shapes by name."""

    texts: tuple[str, ...]
    loss: str
    inputs: dict[str, tuple[tuple[int, ...], str]]
    constants: dict[str, object]


def check_text(system: System, seed: int) -> Check:
    """Raises ReportError, Undecided."""
    table = _read(system)
    if len(system.parts) > 1 or system.parts[0].copies > 1:
        return Check(NAME, True, "several parts, which were not compared with the text", proved=False)
    graph = system.parts[0].graph
    fault = _leaves_differ(graph, table)
    if fault:
        return Check(NAME, False, f"the graph in the certificate is not that of the text: {fault}")
    written = system.parts[0].written
    try:
        fault = _differs(system, graph, table, seed, False)
        by_rules = bool(fault) and written
        if by_rules:
            fault = _differs(system, graph, table, seed, True)
    except Unknown as unknown:
        return Check(NAME, True, f"not held against the text, of which this checker does not read {unknown}", proved=False)
    except _FAILURES as error:
        return Check(NAME, False, f"the text is none that has a value ({type(error).__name__})")
    if fault:
        return Check(NAME, False, f"the graph in the certificate is not that of the text: {fault}")
    if by_rules:
        detail = "with arguments of exp written through one another that of the text, compared at random points modulo towers of primes"
        return Check(NAME, True, f"{detail}, where exp(u + v) = exp(u) exp(v); no bound of the error", proved=False)
    if written:
        detail = "arguments of exp are said to be written through one another, and it is that of the text without"
        return Check(NAME, True, detail, proved=False)
    bits = int(ROUNDS * (60 - log2(4 * max(2, sum(graph.degrees)))))
    bound = f"; error probability below 2^-{bits}" if bits > 0 else ""
    return Check(NAME, True, f"that of the text, compared at random points modulo 61-bit primes{bound}", proved=bits > 0)


def _differs(system: System, graph: Graph, table: Text, seed: int, by_rules: bool) -> str | None:
    """What differs at random points, where exp is a random function or, ``by_rules``, a homomorphism. Raises Unknown, and what a text may raise."""
    for number in range(ROUNDS):
        p, own = _prime(seed + number), (seed + number) % 2**64
        functions = tower(p, _fits, graph, own) if by_rules else Formal(p, own)
        if fault := _Compared(system, graph, table, functions).difference():
            return fault
    return None


def _prime(seed: int) -> int:
    """3 modulo 4, with squares of small numbers."""
    p = 2**60 + seed % 2**59 // 4 * 4 + 3
    while not _fits(p):
        p += 4
    return p


def _fits(p: int) -> bool:
    return is_fitting(p, SQUARES)


def _read(system: System) -> Text:
    keys, name = system.model.keys, system.model.architecture
    if set(keys) != KEYS[name]:
        raise ReportError(f"model must have {', '.join(sorted(KEYS[name]))} as its own keys")
    texts, loss = _texts(keys, name), keys.get("loss", "any")
    if loss not in LOSSES:
        raise ReportError(f"model.loss must be one of {', '.join(LOSSES)}")
    shapes = entry(keys, "shapes", dict, "model")
    if [(key, list(shape)) for key, shape in system.blocks] != list(shapes.items()):
        raise ReportError("model.shapes are not the blocks of the certificate")
    inputs = entry(keys, "inputs", dict, "model") if name == "network" else {}
    return Text(texts, loss, {key: _input(key, value) for key, value in inputs.items()}, entry(keys, "constants", dict, "model"))


def _texts(keys: dict, name: str) -> tuple[str, ...]:
    if name != FIELDS:
        return (entry(keys, "network" if name == "network" else "expression", str, "model"),)
    stated = entry(keys, "expressions", list, "model")
    if not 0 < len(stated) <= MOST_FIELDS or not all(isinstance(text, str) for text in stated):
        raise ReportError(f"model.expressions must hold from 1 to {MOST_FIELDS} texts")
    return tuple(stated)


def _input(name: str, stated: object) -> tuple[tuple[int, ...], str]:
    shape, values = stated, "free"
    if isinstance(stated, dict) and set(stated) == {"one-hot"}:
        shape, values = stated["one-hot"], "one-hot"
    return _shape(shape, name), values


def _shape(shape: object, name: str) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(type(size) is int and 0 < size <= MOST_ENTRIES for size in shape) or prod(shape) > MOST_ENTRIES:
        raise ReportError(f"model: {name[:40]} must be a list of sizes, not too large for this checker")
    return tuple(shape)


def _in_graph(name: str) -> str:
    """An input that is called as the cotangents has another name in a graph."""
    return "v'" if name == "v" else name


def _leaves_differ(graph: Graph, table: Text) -> str | None:
    inputs = {_in_graph(name): value for name, value in table.inputs.items()}
    for name, shape in graph.coefficients.items():
        if name != "v" and inputs.get(name) != (shape, "one-hot" if name in graph.one_hot else "free"):
            return f"{name[:40]} is not an input of this shape and kind"
    return None if "v" in graph.coefficients else "it has no cotangents"


class _Compared:
    """Text and graph at random residues."""

    def __init__(self, system: System, graph: Graph, table: Text, functions: Formal) -> None:
        self.graph, self.table, self.p, self.functions = graph, table, functions.p, functions
        self.architecture = system.model.architecture
        self.language = Language(self.functions)
        self.theta = {name: self._drawn(f"theta {name}", shape) for name, shape in system.blocks}
        shapes = {name: shape for name, (shape, _) in table.inputs.items()}
        self.inputs = {name: self._drawn(f"x {name}", shape) for name, shape in shapes.items()}
        self.v = self._drawn("v", graph.coefficients["v"])

    def _drawn(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        return self.functions.drawn(name, shape)

    def difference(self) -> str | None:
        """What differs, None if nothing does."""
        if self.architecture == FIELDS:
            return self._fields_differ()
        (text,) = self.table.texts
        value = self.from_graph(text) if text.startswith("{") else self.from_text(text)
        total, found = int(np.sum(self._cotangent(value.shape) * value)) % self.p, self._evaluated(self.graph)
        if not self._same(total, found[-1].reshape(-1)[0]):
            return "their values differ"
        if (self.graph.output is not None) != (self.architecture == "network"):
            return "output must be the number of a network's value"
        return self._output_differs(found, value)

    def _fields_differ(self) -> str | None:
        """The gradient is sum_k v_k X_k; all X_k are the output where they may be undefined, or have branches."""
        size = sum(value.size for value in self.theta.values())
        fields = np.stack([self.from_text(text).reshape(size) for text in self.table.texts])
        if self.v.shape != (len(fields), 1):
            return "it has no coefficient for each field"
        found = self.graph.gradient(*self._leaves(), self.p, around=self._around())
        pieces = [found[name][0].reshape(-1) if name in found else np.zeros(value.size, dtype=object) for name, value in self.theta.items()]
        if not self._same((self.v * fields).sum(axis=0), np.concatenate(pieces)):
            return "their values differ"
        graph = self.graph
        if (graph.output is not None) != bool(graph.functions or graph.branches or graph.partial):
            return "output must be the number of the fields, just where they are no polynomials"
        return self._output_differs(self._evaluated(graph), fields)

    def _output_differs(self, found: list[np.ndarray], value: np.ndarray) -> str | None:
        output = self.graph.output
        if output is not None and not (found[output].shape[1:] == value.shape and self._same(found[output][0], value)):
            return "output is not the number of its value"
        return None

    def _same(self, one: object, other: object) -> bool:
        return not np.any((one - other) % self.functions.top)

    def _cotangent(self, shape: tuple[int, ...]) -> np.ndarray:
        """Any, or for classes on the last axis those that sum to zero."""
        if self.table.loss == "cross-entropy":
            v = np.concatenate([self.v, -self.v.sum(axis=-1, keepdims=True)], axis=-1)
        else:
            v = self.v
        if v.shape != shape:
            raise ValueError
        return v

    def _evaluated(self, graph: Graph) -> list[np.ndarray]:
        return [dual[0] for dual in graph.values(*self._leaves(), self.p, self._around(graph))]

    def _around(self, graph: Graph | None = None) -> Surroundings:
        generics = {name: self.language.generic(name, shape)[None] for name, shape in (graph or self.graph).generics.items()}
        return Surroundings(generics, {}, self.functions, lambda chosen, x: self.functions.branch(chosen.kind, chosen.count, x))

    def _leaves(self) -> tuple[dict[str, Dual], dict[str, Dual]]:
        """Parameters and coefficients."""
        leaves = {_in_graph(name): {0: value[None]} for name, value in self.inputs.items()} | {"v": {0: self.v[None]}}
        return {name: {0: value[None]} for name, value in self.theta.items()}, leaves

    def from_graph(self, text: str) -> np.ndarray:
        """A network that was given as a graph."""
        data = json.loads(text)
        nodes = [node[:3] if node[:1] == ["generic"] else node for node in data["nodes"]]
        last = data["functional"]
        if last != len(nodes) - 1:
            raise Unknown("a graph whose value is not its last node")
        try:
            shape = read_graph({"nodes": [*nodes, ["reshape", last, [1]]], "functional": last + 1}, self.graph.blocks, "text")
        except ReportError:
            shape = None
        if shape is not None:
            return self._evaluated(shape)[last][0]
        raise Unknown("a graph in the place of a text, with a value of several entries")

    def from_text(self, text: str) -> np.ndarray:
        if text.startswith("{"):
            raise Unknown("a field that is given as a graph")
        text = textwrap.dedent(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
        if len(text) > LONGEST:
            raise Unknown("so long a text")
        names: dict[str, object] = {**self.theta, **self.inputs}
        for name, stated in self.table.constants.items():
            names[name] = self._constant(name, stated)
        return _Reader(self.language, names).value_of(ast.parse(text).body)

    def _constant(self, name: str, stated: object) -> np.ndarray:
        if isinstance(stated, list):
            return self.language.generic(name, _shape(stated, name))
        exact = np.array(stated["value"], dtype=object)
        numbers = [self.language.array(Fraction(value)) for value in exact.ravel()]
        return np.array([int(number) for number in numbers], dtype=object).reshape(exact.shape)


class _Reader:
    """The value of a text; numbers alone stay exact."""

    def __init__(self, language: Language, names: dict[str, object]) -> None:
        self.language, self.names, self.p = language, names, language.p

    def value_of(self, body: list[ast.stmt]) -> np.ndarray:
        *lines, last = body
        for line in lines:
            if not isinstance(line, ast.Assign) or len(line.targets) != 1 or not isinstance(line.targets[0], ast.Name):
                raise Unknown("a line that gives no name to a value")
            value = self._value(line.value)
            self.names[line.targets[0].id] = value if _is_number(value) else self.language.array(value)
        if not isinstance(last, ast.Expr):
            raise Unknown("a last line that is no value")
        return self.language.array(self._value(last.value))

    def _value(self, tree: ast.expr) -> object:
        match tree:
            case ast.Constant(value=value):
                return Fraction(repr(value)) if isinstance(value, float) else value
            case ast.Name(id=name):
                return self.names[name]
            case ast.UnaryOp(op=ast.USub()):
                value = self._value(tree.operand)
                return -value if _is_number(value) else _array(-self.language.array(value) % self.p)
            case ast.UnaryOp(op=ast.UAdd()):
                return self._value(tree.operand)
            case ast.BinOp():
                a, b = self._value(tree.left), self._value(tree.right)
                found = self._binary(tree.op, a, b)
                return found if _is_number(a) and _is_number(b) else _array(found)
            case ast.Call(func=ast.Name(id=name)):
                arguments = [self._value(one) for one in tree.args]
                return _array(self.language.named(name)(*arguments, **{key.arg: self._value(key.value) for key in tree.keywords}))
            case ast.Subscript():
                parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
                found = self.language.array(self._value(tree.value))[tuple(map(self._index, parts))]
                return found if isinstance(found, np.ndarray) else np.array(found, dtype=object)
            case ast.Attribute(attr="T"):
                return self.language.array(self._value(tree.value)).T
            case ast.Attribute(attr="mT"):
                return np.swapaxes(self.language.array(self._value(tree.value)), -1, -2)
            case ast.List(elts=values) | ast.Tuple(elts=values):
                found = [self._value(one) for one in values]
                return found if isinstance(tree, ast.List) else tuple(found)
        raise Unknown(f"{type(tree).__name__}")

    def _index(self, tree: ast.expr) -> object:
        if isinstance(tree, ast.Slice):
            return slice(*(None if one is None else self._value(one) for one in (tree.lower, tree.upper, tree.step)))
        return self._value(tree)

    def _binary(self, operator: ast.operator, a: object, b: object) -> object:
        both = _is_number(a) and _is_number(b)
        if not both and not _is_number(a) and not _is_number(b):
            self._bounded(operator, self.language.array(a), self.language.array(b))
        match operator:
            case ast.Add():
                return a + b if both else (self.language.array(a) + self.language.array(b)) % self.p
            case ast.Sub():
                return a - b if both else (self.language.array(a) - self.language.array(b)) % self.p
            case ast.Mult():
                if both and _bits(a) + _bits(b) > MOST_BITS:
                    raise Unknown("so large a number")
                return a * b if both else self.language.array(a) * self.language.array(b) % self.p
            case ast.Div():
                return _whole(Fraction(a) / b) if both else self.language.array(a) * self.language.inverse(b) % self.p
            case ast.MatMult():
                return np.asarray(np.matmul(self.language.array(a), self.language.array(b)), dtype=object) % self.p
            case ast.Pow() if _is_number(b) and Fraction(b).denominator <= 2 and 0 < abs(b) <= 1000:
                whole = both and Fraction(b).denominator == 1
                if both and abs(b) * _bits(a) > MOST_BITS:
                    raise Unknown("so large a number")
                return _whole(Fraction(a) ** int(b)) if whole else self.language.power(a, Fraction(b))
        raise Unknown(f"the operator {type(operator).__name__}")

    def _bounded(self, operator: ast.operator, a: np.ndarray, b: np.ndarray) -> None:
        """Raises Unknown for a result that is too large."""
        if isinstance(operator, ast.MatMult):
            work = a.size * (b.shape[-1] if b.ndim > 1 else 1) + b.size * (a.shape[-2] if a.ndim > 1 else 1)
        else:
            work = prod(np.broadcast_shapes(a.shape, b.shape))
        if work > MOST_WORK:
            raise Unknown("arrays of this size")


def _array(value: object) -> np.ndarray:
    """NumPy makes numbers of arrays without axes; they are residues, which are not exact."""
    return np.asarray(value, dtype=object)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def _bits(value: int | Fraction) -> int:
    return max(abs(value.numerator).bit_length(), value.denominator.bit_length())


def _whole(value: Fraction) -> int | Fraction:
    return int(value) if value.denominator == 1 else value
