"""One network around many initializations: its count in each region."""

from __future__ import annotations

from collections.abc import Callable

from conslaw_cli.models.arrays import SEED
from conslaw_cli.report.model import Report
from conslaw_cli.report.regions import Regions
from conslaw_cli.spec import Spec, SpecError, normalised, parse_spec


def regions_of(spec: Spec, number: int, analysed: Callable[[Spec], Report]) -> Regions | Report:
    """The counts around the initializations of seeds 0 … number - 1; the report itself where there is but one region.

    Raises SpecError where the network has a value around none of them.
    """
    found, notes = [], []
    for seed in range(number):
        try:
            around = _around(spec, seed)
        except SpecError as error:
            notes.append(f"none for seed {seed}: {error.problems[0].message}")
            if len(notes) == number:
                raise
            continue
        report = analysed(around)
        if report.region is None:
            return report
        found.append((seed, report))
    return Regions(spec.name, tuple(found), tuple(notes))


def _around(spec: Spec, seed: int) -> Spec:
    """The spec around another initialization; as it is where a model takes none. Raises SpecError where it has no value there."""
    if "at" not in spec.model.plain:
        return spec
    tables = normalised(spec)
    return parse_spec({**tables, "model": {**tables["model"], "at": {SEED: seed}}}, spec.name)
