"""The report and its formats, each in a module of its own that is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from conslaw_cli.report.options import Options

if TYPE_CHECKING:
    from conslaw_cli.report.comparison import Comparison
    from conslaw_cli.report.model import Report
    from conslaw_cli.report.regions import Regions


@dataclass(frozen=True)
class Renderer:
    """A format: a module with ``reports`` and ``comparison``, both (data, Options) -> str."""

    module: str

    def reports(self, reports: Sequence[Report], options: Options) -> str:
        return import_module(self.module).reports(reports, options)

    def comparison(self, comparison: Comparison, options: Options) -> str:
        return import_module(self.module).comparison(comparison, options)


FORMATS = {
    "text": Renderer("conslaw_cli.report.text"),
    "json": Renderer("conslaw_cli.report.jsonreport"),
    "markdown": Renderer("conslaw_cli.report.markdown"),
    "latex": Renderer("conslaw_cli.report.latexreport"),
    "html": Renderer("conslaw_cli.report.html"),
}
"""Every output format, named here once."""


def render(
    reports: Sequence[Report],
    format: str,
    *,
    expand: bool = False,
    color: bool = False,
    width: int | None = None,
    ascii_only: bool = False,
) -> str:
    """The whole output for one report or several: in JSON an object or an array, otherwise one after another.

    Raises KeyError for an unknown format.
    """
    return FORMATS[format].reports(reports, Options(expand, color, width or None, ascii_only))


def render_comparison(
    comparison: Comparison, format: str, *, color: bool = False, width: int | None = None, ascii_only: bool = False
) -> str:
    """The whole output for a comparison. Raises KeyError for an unknown format."""
    return FORMATS[format].comparison(comparison, Options(False, color, width or None, ascii_only))


def render_regions(
    tables: Sequence[Regions], others: Sequence[Report], format: str, *, color: bool = False, width: int | None = None, ascii_only: bool = False
) -> str:
    """The whole output for counts over many regions, in the formats ``regions.FORMATS``, and for ``others`` that have but one."""
    return import_module(FORMATS[format].module).regions(tables, others, Options(False, color, width or None, ascii_only))
