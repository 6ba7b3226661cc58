"""From a spec to its report: the one way that Python, the commands, batches and comparisons all go."""

from __future__ import annotations

from conslaw_cli.analysis import run, unanalysed
from conslaw_cli.assembling.build import build
from conslaw_cli.report.model import Report
from conslaw_cli.spec import Spec
from conslaw_cli.steps import Listener, Step, nobody


def report_of(spec: Spec, seed: int = 0, listener: Listener = nobody) -> Report:
    """Analyse a spec and write down what is known; the same spec and seed give the same report. ``listener`` hears what is being done."""
    analysis = run(spec, seed, listener)
    listener(Step("writing the report"))
    return build(analysis)


def outline_of(spec: Spec, seed: int, reason: str) -> Report:
    """The report of a spec that was not analysed, for a reason: what theory says of it, nothing computed."""
    return build(unanalysed(spec, seed, reason))
