"""From a spec to its report: the one way that Python, the commands, batches and comparisons all go."""

from __future__ import annotations

from msgspec import structs

from conslaw_cli.analysis import run, unanalysed
from conslaw_cli.assembling.build import build
from conslaw_cli.limits import LIMITS
from conslaw_cli.report.model import Report
from conslaw_cli.report.tables import NetworkCount
from conslaw_cli.spec import Spec, SpecError, normalised, parse_spec
from conslaw_cli.steps import Listener, Step, nobody


def report_of(spec: Spec, seed: int = 0, listener: Listener = nobody) -> Report:
    """Analyse a spec and write down what is known; the same spec and seed give the same report. ``listener`` hears what is being done."""
    analysis = run(spec, seed, listener)
    own = _own_count(spec, seed, listener)
    listener(Step("writing the report"))
    return structs.replace(build(analysis), network=own)


def _own_count(spec: Spec, seed: int, listener: Listener) -> NetworkCount | None:
    """The count of the network itself, where phi does not stand for it and it can be written as a text."""
    architecture, options = spec.model.definition, spec.model.options
    if not architecture.network or not architecture.caveat(options):
        return None
    size = architecture.outline(options).size
    if size > LIMITS.own_count:
        return NetworkCount("", None, 0, None, None, f"it has {size} parameters, more than {LIMITS.own_count}; write it as a network")
    table = architecture.network(options)
    try:
        found = build(run(parse_spec({**normalised(spec), "model": table}), seed, _saying("the network itself", listener)))
    except SpecError as error:
        return NetworkCount(table["network"], None, 0, None, None, error.problems[0].message)
    reason = "; ".join(found.notes) or None
    return NetworkCount(table["network"], found.laws.independent, found.laws.found, found.status, found.region, reason)


def _saying(what: str, listener: Listener) -> Listener:
    """Hears of another analysis, whose dimension and laws are not those of the first."""
    return lambda step: listener(Step(f"{what}: {step.what}", step.far))


def outline_of(spec: Spec, seed: int, reason: str) -> Report:
    """The report of a spec that was not analysed, for a reason: what theory says of it, nothing computed."""
    return build(unanalysed(spec, seed, reason))
