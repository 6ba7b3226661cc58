"""The command line: click commands, one file each; no mathematics, no formatting of results."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import complain
from conslaw_cli.cli.streams import standard_streams
from conslaw_cli.version import __version__
from conslaw_cli.visible import visible

COMMANDS = {
    "report": ("conslaw_cli.cli.report:report", "What is conserved, and why that is all."),
    "check": ("conslaw_cli.cli.check:check", "Hold specs against their [expect] tables, for CI."),
    "batch": ("conslaw_cli.cli.batch:batch", "Run every spec below files and folders."),
    "merge": ("conslaw_cli.cli.merge:merge", "Put the parts of a batch together."),
    "cache": ("conslaw_cli.cli.cache:cache", "Show or empty the cache of results."),
    "compare": ("conslaw_cli.cli.compare:compare", "One model under several dynamics and metrics, side by side."),
    "explain": ("conslaw_cli.cli.explain:explain", "Which symmetry each law comes from, and what the dynamics does to it."),
    "simulate": ("conslaw_cli.cli.simulate:simulate", "Train a spec's model and watch its laws, flow and step sizes."),
    "drift": ("conslaw_cli.cli.drift:drift", "Follow the laws along the checkpoints of a training run."),
    "balance": ("conslaw_cli.cli.balance:balance", "Move weights along symmetries to given values of the laws."),
    "export": ("conslaw_cli.cli.export:export", "Write the laws as code: NumPy, PyTorch, JAX, SymPy, LaTeX."),
    "diff": ("conslaw_cli.cli.diff:diff", "What differs between two saved JSON reports."),
    "new": ("conslaw_cli.cli.new:new", "Print a commented spec to start from."),
    "architectures": ("conslaw_cli.cli.architectures:architectures", "What there is, with phi and its domain."),
    "zoo": ("conslaw_cli.cli.zoo:zoo", "The counts of the networks that come with the tool."),
    "verify-certificate": ("conslaw_cli.cli.verify:verify_certificate", "Re-prove saved JSON reports independently."),
    "schema": ("conslaw_cli.cli.schema:schema", "Print a JSON Schema of specs or reports."),
    "completion": ("conslaw_cli.cli.completion:completion", "Print a shell completion script."),
}
"""Where each command is, and its line in the list of commands (which then needs no import)."""


class _Commands(click.Group):
    """Imports a command's module when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module, attribute = COMMANDS[name][0].split(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="conslaw")
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.pass_context
def group(context: click.Context, debug: bool) -> None:
    """Conservation laws of training dynamics: which quantities stay constant while a model trains, and is that all?

    A spec (TOML) names an architecture, a metric and a dynamics. Start with `conslaw new relu` or `conslaw report SPEC`.
    Exit codes: 0 as expected, 1 an expectation failed, 2 unusable input, 3 undecided, 4 internal error, 130 interrupted.
    """
    context.obj = {"debug": debug}


def main() -> None:
    """Run the command line and exit; the only place that maps what happened to an exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _end_as_interrupted()
    with standard_streams():
        code = _run(sys.argv[1:])
    sys.exit(code)


def _end_as_interrupted() -> None:
    """A terminal that closes and CI that gives up end a command as Ctrl-C does, so that it can tidy up."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _run(arguments: list[str]) -> int:
    try:
        code = group.main(arguments, prog_name="conslaw", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        complain(shown.getvalue().removesuffix("\n"))
        return Exit.UNUSABLE
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return Exit.INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
            return Exit.INTERNAL
        reason = visible(f"{type(error).__name__}: {error}")
        complain(f"internal error: {reason}; run again with --debug for the traceback")
        return Exit.INTERNAL
