"""What laws are exported to: how each library spells the operations of a graph. A target is one entry here, named once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_CHECKED = '''\
def _checked(what, given, /, **shapes):
    """The arrays of these names. Raises ValueError for one that is missing or of another shape."""
    found = []
    for name, shape in shapes.items():
        if given is None or name not in given:
            raise ValueError(f"there is no {name} among the {what}; these laws need one of shape {shape}")
        array = READ
        if SHAPE != shape:
            raise ValueError(f"{name} among the {what} has the shape {SHAPE}, not {shape}")
        found.append(array)
    return found'''

_QUADRATURE = '''\
def _integral(f, t, start=START):
    """The integral of f from the start to t, by Gauss-Legendre quadrature."""
    points, weights = np.polynomial.legendre.leggauss(64)
    length = np.asarray(t)[..., None] - start
    return (f(start + length * (points + 1) / 2) * length / 2) @ weights'''

_QUADRATURE_OF_NUMBERS = '''\
def _integral(f, t, start=START, panels=64):
    """The integral of f from the start to t, by Gauss-Legendre quadrature with three points on each of the panels."""
    half = (t - start) / panels / 2
    middles = [start + (2 * k + 1) * half for k in range(panels)]
    shift = half * math.sqrt(3 / 5)
    return half / 9 * sum(5 * f(m - shift) + 8 * f(m) + 5 * f(m + shift) for m in middles)'''

_INTEGRAL = '''\
def _integral(f, t, start=START):
    """The integral of f from the start to t."""
    s = sympy.Dummy("s", positive=True)
    return sympy.Integral(f(s), (s, start, t))'''

_TOTALS = '''\
def _totals(values, places, size):
    """A vector with each value added to the entry of its place."""
    total = np.zeros(size, dtype=values.dtype)
    np.add.at(total, places, values)
    return total'''

_TOTALS_OF_TENSORS = '''\
def _totals(values, places, size):
    """A vector with each value added to the entry of its place."""
    return values.new_zeros(size).index_add(0, places.to(values.device), values)'''

_TOTALS_IN_JAX = '''\
def _totals(values, places, size):
    """A vector with each value added to the entry of its place."""
    return jnp.zeros(size, values.dtype).at[places].add(values)'''

_ENTRIES = '''\
def _entries(given, shape):
    """Exact entries of a SymPy matrix (a column where a vector is wanted), of nested lists, or one number."""
    entries = np.array(given.tolist() if hasattr(given, "tolist") else given, dtype=object)
    entries = entries.reshape(shape) if entries.shape == (*shape, 1) else entries
    return np.vectorize(sympy.sympify, otypes=[object])(entries) if shape else sympy.sympify(entries.item())'''


@dataclass(frozen=True)
class Target:
    """Spellings of a library; in texts ``{of}`` stands for the source of an argument."""

    title: str
    module: str
    """The name in the code of the module that arrays are of."""
    imports: Mapping[str, str]
    """Import lines by the names that they give."""
    array: str
    """A constant array from nested lists of numbers; ``{like}`` stands for a block."""
    index: str
    """Numbers of entries, from a list."""
    helpers: Mapping[str, str]
    """Functions that a file has where it uses them, by name."""
    functions: str
    """A function of an array by its ``{name}``, entry by entry."""
    permute: str = ".transpose({axes})"
    single: str = ""
    """One of an array without axes; "" for the same."""
    clock: str = ""
    """One of time, which is a number; "" for the same."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What it calls functions of time that others call otherwise."""
    fraction: str = "{top} / {bottom}"
    exact: str = ""
    """How a number of the caller's is read; "" for as it is."""
    results: tuple[str, ...] = ("{of}",)
    """What is made of a law with no axes, with one …; the last is for all others."""

    def of_time(self, function: str) -> str:
        """A function of one number, or pi."""
        return (self.clock or self.functions).format(name=self.names.get(function, function))

    def of_array(self, function: str, axes: int) -> str:
        """A function of an array with so many axes."""
        return (self.functions if axes else self.single or self.functions).format(name=function)

    def result(self, axes: int, text: str) -> str:
        """A law's value as the function gives it."""
        return self.results[min(axes, len(self.results) - 1)].format(of=text)


_ARCS = {"atan": "arctan", "atanh": "arctanh"}
_NUMPY = {"np": "import numpy as np"}


def _helpers(read: str, integral: str, totals: str, shape: str = "array.shape", **others: str) -> dict[str, str]:
    """The functions, with how an array ``given[name]`` is read, and what its shape is."""
    return {"_checked": _CHECKED.replace("READ", read).replace("SHAPE", shape), "_integral": integral, "_totals": totals, **others}


TARGETS = {
    "numpy": Target(
        title="NumPy",
        module="np",
        imports=_NUMPY,
        array="np.array({of})",
        index="np.array({of})",
        helpers=_helpers("np.asarray(given[name], dtype=float)", _QUADRATURE, _TOTALS),
        functions="np.{name}",
        names=_ARCS,
    ),
    "torch": Target(
        title="PyTorch",
        module="torch",
        imports={"math": "import math", "torch": "import torch"},
        array="{like}.new_tensor({of})",
        index="torch.tensor({of})",
        helpers=_helpers("given[name]", _QUADRATURE_OF_NUMBERS, _TOTALS_OF_TENSORS, "tuple(array.shape)"),
        permute=".permute({axes})",
        functions="torch.{name}",
        clock="math.{name}",
    ),
    "jax": Target(
        title="JAX",
        module="jnp",
        imports={**_NUMPY, "jnp": "import jax.numpy as jnp"},
        array="jnp.array({of})",
        index="np.array({of})",
        helpers=_helpers("jnp.asarray(given[name])", _QUADRATURE.replace("np.asarray", "jnp.asarray"), _TOTALS_IN_JAX),
        functions="jnp.{name}",
        names=_ARCS,
    ),
    "sympy": Target(
        title="SymPy",
        module="np",
        imports={**_NUMPY, "sympy": "import sympy"},
        array="np.array({of}, dtype=object)",
        index="np.array({of})",
        helpers=_helpers("_entries(given[name], shape)", _INTEGRAL, _TOTALS, "np.shape(array)", _entries=_ENTRIES),
        functions="np.vectorize(sympy.{name}, otypes=[object])",
        single="sympy.{name}",
        clock="sympy.{name}",
        fraction="sympy.Rational({top}, {bottom})",
        exact="sympy.sympify({of})",
        results=("{of}", "sympy.Matrix({of})", "sympy.Matrix({of})", "sympy.Array({of})"),
    ),
}
"""Every library that laws are exported to."""
