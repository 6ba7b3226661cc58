"""Some laws of a report as JSON: a document of its own kind, without a certificate, for what it says is not the whole."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from conslaw_cli.report import ascii, latex
from conslaw_cli.report.document import EXPRESSIONS_SHOWN, SCHEMA
from conslaw_cli.report.formula import FormEntry, Formula, IntegralSum
from conslaw_cli.report.integrals import definitions
from conslaw_cli.report.model import Chosen, Report
from conslaw_cli.report.places import Place
from conslaw_cli.report.written import Shapes, formula_of


def excerpt(report: Report, expand: bool) -> dict:
    """``only`` says what was asked for and how many of the laws that are written down hold it; ``report`` what the whole report says."""
    asked, whole = report.only, report.laws
    return {
        "schema": SCHEMA,
        "name": report.name,
        "only": {"places": [_place(place) for place in asked.places], "laws": asked.laws, "of": asked.total},
        "model": {"architecture": report.model.architecture, "title": report.model.title, "parameters": report.model.parameters},
        "metric": dict(report.metric.blocks),
        "dynamics": {"kind": report.dynamics.kind, "rate": report.dynamics.rate},
        "report": {"independent": whole.independent, "found": whole.found, "complete": report.complete, "status": report.status},
        "items": list(_items(report, expand)),
        "reproduce": msgspec.to_builtins(report.reproduce),
    }


def _place(place: Place) -> str:
    return f"{place.block}[{','.join(place.slots)}]" if place.slots else place.block


def _items(report: Report, expand: bool) -> Iterator[dict]:
    """The families that hold a law that is asked for; as in a report, what theory knows and nothing verified is its form alone."""
    left, shapes = EXPRESSIONS_SHOWN, dict(report.model.blocks)
    for chosen in report.only.families:
        shown = chosen.laws if expand else chosen.laws[:left]
        left -= 0 if expand else len(shown)
        if chosen.laws:
            yield _item(chosen, [label for label, _ in shown], [_expression(law, shapes) for _, law in shown if chosen.family.verified])


def _item(chosen: Chosen, labels: list[str], expressions: list[str]) -> dict:
    """``laws`` are labels: numbers in the report, or indices in the form."""
    family, form = chosen.family, chosen.family.form
    meant = definitions(form.curve, ascii.PROSE) if isinstance(form, IntegralSum) else ()
    return {
        "family": family.name,
        "number": len(chosen.laws),
        "of": chosen.total,
        "laws": labels,
        "expressions": expressions,
        "form": ascii.form(form) if form else None,
        "latex": latex.formula(chosen.laws[0][1]) if len(chosen.laws) == 1 else latex.family(family),
        "depends_on_time": family.depends_on_time,
        "source": family.source,
        "everywhere": family.everywhere,
        "definitions": {found.letter: found.meaning for found in meant},
        "truncated": len(expressions) < len(chosen.laws),
    }


def _expression(law: FormEntry | Formula | IntegralSum, shapes: Shapes) -> str:
    return ascii.formula(formula_of(law, shapes) if isinstance(law, FormEntry) else law)
