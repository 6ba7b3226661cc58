"""The motions that laws come from, read off their forms.

Along a dynamics d/dt h contains the loss E as -<xi, grad E>, with xi = M dh/dtheta for first order, xi = M dh/dtheta' for second order with M
at theta (at the lookahead point y, M(y)). A law has none of it for any E, so xi leaves the loss of every data set as it is. Here xi is
computed: for the entries of matrix forms, h = tr(X H), it is linear, for sums over a neuron's entries it is a scaling or a shift, for
polynomials it is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from msgspec.structs import replace

from conslaw_cli.explaining.derivative import Shapes, field_of
from conslaw_cli.laws.matrices import scalar
from conslaw_cli.metrics import Metric
from conslaw_cli.metrics.base import Matrix
from conslaw_cli.report.explanation import Explained, MatrixAction, SliceAction, Symmetry
from conslaw_cli.report.formula import (
    BlockRef,
    Formula,
    IntegralSum,
    MatrixForm,
    MatrixTerm,
    NeuronForm,
    NeuronTerm,
    TravelForm,
)
from conslaw_cli.report.model import Family
from conslaw_cli.report.written import neuron_slots

Metrics = Mapping[str, Metric]
FIELDS_SHOWN = 3
"""Laws without a form whose motions are written down, of each family."""
UNKNOWN = "general"


def explain_family(family: Family, metrics: Metrics, shapes: Shapes, order: int) -> Explained:
    """The family with its symmetries under metrics of the blocks."""
    form = family.form
    if isinstance(form, (IntegralSum, TravelForm)):
        return Explained(family, "integral" if isinstance(form, IntegralSum) else "travel")
    if isinstance(form, MatrixForm):
        found = _of_matrix(form, metrics, order)
        return Explained(family, ("product" if order == 1 else "rotation") if found else UNKNOWN, (found,) if found else ())
    if isinstance(form, NeuronForm):
        found = _of_neuron(form, metrics, order)
        return Explained(family, _why_of_neuron(form, order) if found else UNKNOWN, (found,) if found else ())
    fields = tuple(field_of(law, metrics, shapes, order) for law in family.members[:FIELDS_SHOWN] if isinstance(law, Formula))
    return Explained(family, "field" if fields and all(fields) else UNKNOWN, fields if all(fields) else ())


def _of_matrix(form: MatrixForm, metrics: Metrics, order: int) -> Symmetry | None:
    """Of h = tr(X H): every block whose rows are the form's moves by a multiple of X times itself."""
    kind = {1: ("symmetric", "diagonal"), 2: ("antisymmetric",)}[order]
    terms = form.terms if order == 1 else tuple(term for term in form.terms if term.right.velocity)
    rates = [(term.left, _rate(term, metrics)) for term in terms if _turned(term, order)]
    known = {rate for _, rate in rates}
    if form.symmetry not in kind or len(rates) < len(terms) or None in known or not rates:
        return None
    actions = tuple(_matrix_action(ref, rate / rates[0][1], form.symmetry) for ref, rate in rates)
    return Symmetry(form.symmetry, actions, form.size, form.blocks)


def _turned(term: MatrixTerm, order: int) -> bool:
    """Whether a term is a block times its own transpose, the right one moving under second order."""
    left, right = term.left, term.right
    mirrored = replace(left, transposed=not left.transposed, velocity=order == 2)
    return not left.velocity and right == mirrored


def _rate(term: MatrixTerm, metrics: Metrics) -> Fraction | None:
    """The number that M times coefficient X L N is of X L, for the left factor L and the middle N; None where it is none."""
    inverses = metrics[term.left.block].inverses
    if inverses is None or (term.left.axes and any(inverse is not None for inverse in inverses)):
        return None
    own, other = reversed(inverses) if term.left.transposed else inverses
    ratio, along = _ratio(term.middle, other), scalar(own)
    return None if ratio is None or along is None else term.coefficient * ratio / Fraction(along)


def _ratio(middle: tuple[tuple[int, ...], ...] | None, inverse: Matrix | None) -> Fraction | None:
    """middle = ratio * inverse, matrices that are None being identities."""
    if middle is None:
        number = scalar(inverse)
        return None if number is None else 1 / Fraction(number)
    size = range(len(middle))
    known = inverse or tuple(tuple(Fraction(i == j) for j in size) for i in size)
    ratio = Fraction(middle[0][0]) / known[0][0]
    return ratio if all(middle[i][j] == ratio * known[i][j] for i in size for j in size) else None


def _matrix_action(ref: BlockRef, exponent: Fraction, symmetry: str) -> MatrixAction:
    """L -> A^exponent L; of a transpose that is the block times A^exponent, or A^-exponent for a rotation."""
    plain = replace(ref, transposed=False)
    if not ref.transposed:
        return MatrixAction(plain, "left", exponent)
    return MatrixAction(plain, "right", -exponent if symmetry == "antisymmetric" else exponent)


def _of_neuron(form: NeuronForm, metrics: Metrics, order: int) -> Symmetry | None:
    """Every slice of a neuron is scaled or shifted."""
    terms = [term for term in form.terms if order == 1 or term.velocity or term.function == "mirror"]
    actions = [_slice_action(term, metrics[term.block], order) for term in terms if term.function != "one"]
    places = {(action.block, action.slots) for action in actions if action}
    if not actions or None in actions or len(places) < len(actions) or len({term.time for term in terms if term.function != "one"}) > 1:
        return None
    first = actions[0].rate
    return Symmetry("neuron", tuple(replace(action, rate=action.rate / first) for action in actions), form.size)


def _slice_action(term: NeuronTerm, metric: Metric, order: int) -> SliceAction | None:
    """The velocity of an entry is rate times itself, or the rate; None for anything else."""
    found = _speed_of_mirror(term, metric) if term.function == "mirror" else _speed(term, metric) if order == 1 else _speed_in_motion(term, metric)
    return found and SliceAction(term.block, neuron_slots(term), *found, term.shape)


def _speed(term: NeuronTerm, metric: Metric) -> tuple[str, Fraction] | None:
    """M f' for a term's function f: a multiple of theta where f is one of the metric's primitive of theta/M."""
    exponent = 0 if term.function == "log" else term.exponent
    primitive = metric.primitive
    if primitive and (primitive.exponent, primitive.constant) == (exponent, term.constant):
        return "scale", Fraction(term.coefficient) / primitive.coefficient
    if metric.power is not None and term.constant is None and exponent + metric.power == 1:
        return "shift", term.coefficient * Fraction(exponent or 1)
    return None


def _speed_in_motion(term: NeuronTerm, metric: Metric) -> tuple[str, Fraction] | None:
    """M times the coefficient of a velocity."""
    if term.function != "power" or term.exponent != 1 or term.constant is not None:
        return None
    kind = {0: "shift", 1: "scale"}.get(metric.power)
    return kind and (kind, Fraction(term.coefficient))


def _speed_of_mirror(term: NeuronTerm, metric: Metric) -> tuple[str, Fraction] | None:
    """y^2 times the derivative of theta'/y by theta' is tau theta, for y = tau theta + theta'; that of theta/theta' is -theta for tau = 0."""
    return ("scale", Fraction(term.coefficient)) if metric.power == 2 else None


def _why_of_neuron(form: NeuronForm, order: int) -> str:
    if order == 1:
        return "sum"
    if any(term.function == "mirror" for term in form.terms):
        return "mirror undamped" if all(term.rate == "0" for term in form.terms if term.function == "mirror") else "mirror"
    return "momentum" if all(term.velocity for term in form.terms) else "centre"
