"""conslaw simulate: train a spec's model, and watch its laws along the flow and at several step sizes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from conslaw_cli.cli.exits import Exit, worst
from conslaw_cli.cli.life import SignOfLife
from conslaw_cli.cli.output import complain, refuse_loss, wants_ascii, wants_color, width, write
from conslaw_cli.cli.specs import files, force_option, format_option, output_option, read_all
from conslaw_cli.cli.streams import OutputError
from conslaw_cli.limits import LIMITS
from conslaw_cli.report.simulation import FORMATS
from conslaw_cli.spec import Spec
from conslaw_cli.visible import visible
from conslaw_cli.vocabulary import UPDATES

if TYPE_CHECKING:
    from conslaw_cli.report.simulation import Simulation
    from conslaw_cli.simulating.saving import Checkpoints

NO_SCIPY = "the flow is integrated by SciPy, which is not installed: pip install 'conslaw[simulate]', or take --no-flow"


class _Positive(click.FloatRange):
    """A finite positive number."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        number = super().convert(value, param, context)
        return number if isfinite(number) else self.fail(f"{value} is no finite number", param, context)


class _Sizes(_Positive):
    """Numbers with commas between them."""

    name = "h,h,…"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(super(_Sizes, self).convert(one.strip(), param, context) for one in str(value).split(","))


class _Setting(click.ParamType):
    """A letter and its number, tau=0.7."""

    name = "letter=number"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, sign, number = str(value).partition("=")
        if not sign or not name.strip():
            self.fail(f"{visible(str(value))} is no setting; write e.g. --set tau=0.7", param, context)
        return name.strip(), _Positive().convert(number, param, context)


@click.command(
    epilog="""\b
Examples:
  conslaw simulate model_specs/relu_gradient_flow.toml
  conslaw simulate spec.toml --steps 10000 --plot drift.png
  conslaw simulate spec.toml --step-sizes 0.1,0.05,0.025 --time 2 --set tau=0.7
  conslaw simulate spec.toml --data digits.npz --save run.npz && conslaw drift spec.toml run.npz
  conslaw new attention | conslaw simulate -
"""
)
@click.argument("spec", metavar="SPEC", shell_complete=files)
@click.option("--time", type=_Positive(), metavar="T", help="Time to train over; default: parameters move by about half, at most 2.")
@click.option(
    "--steps", type=click.IntRange(1, LIMITS.training_steps), metavar="N", help="Steps of the finest of 5 runs, each of twice the step size of the next; default 1600."
)
@click.option("--step-sizes", type=_Sizes(), default=(), help="Step sizes instead, which divide the time.")
@click.option(
    "--data", metavar="FILE.npz", shell_complete=files, help="Inputs by their names, samples along the first axis, and targets; default: random data."
)
@click.option("--samples", type=click.IntRange(1, 10**7), default=16, show_default=True, help="Samples of random data.")
@click.option("--seed", type=click.IntRange(0, 2**53 - 1), default=0, show_default=True, help="Seed of data, start and velocities.")
@click.option("--set", "numbers", type=_Setting(), multiple=True, help="A number for a letter of the damping or decay; default 0.5.")
@click.option(
    "--update",
    type=click.Choice(UPDATES),
    default=UPDATES[0],
    show_default=True,
    help="Steps of gradient descent under metrics theta^a: exact in the mirror map's dual coordinates (exponentiated for entropy), or theta - h M grad E.",
)
@click.option("--no-flow", is_flag=True, help="The optimizer alone, without the continuous flow; this needs no SciPy.")
@click.option("--plot", metavar="FILE", shell_complete=files, help="Plot the drifts too, to a file that ends in .png, .svg or .html.")
@click.option("--save", metavar="FILE.npz", shell_complete=files, help="Write the states of the finest run, for conslaw drift.")
@format_option(FORMATS)
@output_option
@force_option
def simulate(spec: str, plot: str | None, save: str | None, format_: str, output: str | None, force: bool, **choices: object) -> Exit:
    """Train SPEC's model ("-" reads standard input) on random data, and show how far each of its laws drifts.

    The continuous flow keeps a law up to the integrator's tolerance; a discrete optimizer up to its step size: over a fixed time the
    drift of a law is of order 1 in it. A law that depends on time stands next to the same expression without its function of time,
    which moves. All of this is floating point, and proves nothing.
    """
    _refuse_idle(choices)
    refuse_loss([output, plot, save], [spec, *filter(None, [choices["data"]])], force)
    if plot:
        _refuse_plot(plot)
    if save and not save.endswith(".npz") and os.path.splitext(save)[1]:
        raise click.UsageError(f"--save {visible(save)}: states are written as .npz")
    cases = list(read_all([spec]))
    if len(cases) > 1 and (plot or save):
        names = ", ".join(visible(case.name) for _, case, _ in cases[:2] if case)
        raise click.UsageError(f"--plot and --save take one case, and the spec has {len(cases)}: name one, such as {names}")
    codes, tables = [], []
    with SignOfLife() as life:
        for _, case, code in cases:
            found = _simulated(case, choices, bool(save), life) if case else None
            codes.append(Exit.OK if found else worst([code, Exit.UNUSABLE]))
            if found:
                tables.append(found[0])
            if found and save:
                _save(found[1], save)
            if found and plot:
                _draw(found[0], plot)
    if tables:
        write(_rendered(tables, format_, output), output)
    return worst(codes)


def _simulated(case: Spec, choices: dict, keep: bool, life: SignOfLife) -> tuple[Simulation, Checkpoints] | None:
    """The table of a case, or None after saying why there is none."""
    from conslaw_cli.reporting import report_of
    from conslaw_cli.simulating.simulate import Sizes, simulate
    from conslaw_cli.training.flow import NoScipy
    from conslaw_cli.training.problems import Untrainable
    from conslaw_cli.training.training import Choices

    life.begin(case.name)
    chosen = Choices(choices["seed"], choices["samples"], choices["data"], dict(choices["numbers"]), choices["update"])
    sizes = Sizes(choices["time"], choices["steps"], choices["step_sizes"], not choices["no_flow"])
    try:
        return simulate(case, report_of(case, 0, life), chosen, sizes, keep, life)
    except NoScipy:
        complain(NO_SCIPY)
    except Untrainable as error:
        complain(f"{case.name}: {error}")
    return None


def _refuse_idle(choices: dict) -> None:
    """Refuse options that another one leaves without effect."""
    source = click.get_current_context().get_parameter_source
    for option, other in (("steps", "step_sizes"), ("samples", "data")):
        if choices[other] and source(option) != ParameterSource.DEFAULT:
            raise click.UsageError(f"--{option} has no effect beside --{other.replace('_', '-')}: give one of them")


def _refuse_plot(plot: str) -> None:
    from conslaw_cli.report.plots import PlotError, refuse_plot

    try:
        refuse_plot(plot)
    except PlotError as error:
        raise OutputError(str(error)) from None


def _save(checkpoints: Checkpoints, path: str) -> None:
    """Raises OutputError."""
    try:
        checkpoints.save(Path(path))
    except OSError as error:
        raise OutputError(f"{visible(path)}: cannot be written: {error.strerror or error}; name a file where there is room") from None


def _draw(table: Simulation, path: str) -> None:
    """Raises OutputError."""
    from conslaw_cli.report.plots import PlotError, write_plot

    try:
        write_plot(table.plot, path)
    except PlotError as error:
        raise OutputError(str(error)) from None


def _rendered(tables: Sequence[Simulation], format_: str, output: str | None) -> str:
    from conslaw_cli.report.options import Options
    from conslaw_cli.report.simulationformats import render

    return render(tables, format_, Options(False, wants_color(output), width(output), wants_ascii(output)))
