"""conslaw schema: JSON Schemas of what the tool reads and writes."""

from __future__ import annotations

from importlib import import_module

import click

from conslaw_cli.cli.exits import Exit
from conslaw_cli.cli.output import refuse_loss, write
from conslaw_cli.cli.specs import force_option, output_option

SCHEMAS = {
    "spec": "conslaw_cli.spec.jsonschema",
    "report": "conslaw_cli.assembling.jsonschema",
    "check": "conslaw_cli.checks.outcome",
}
"""Each a module with ``schema()``."""


@click.command(
    epilog="""\b
Examples:
  conslaw schema spec -o spec.schema.json    then, at the top of a spec, for editors
  #:schema ./spec.schema.json                that know it (Taplo, Even Better TOML)
  conslaw schema report > report.schema.json
  conslaw schema check                       of `conslaw check --format json`
"""
)
@click.argument("name", type=click.Choice(list(SCHEMAS)), metavar="spec|report|check")
@output_option
@force_option
def schema(name: str, output: str | None, force: bool) -> Exit:
    """Print the JSON Schema (draft 2020-12) of a spec, of the JSON report, or of the JSON result of `check`."""
    refuse_loss([output], [], force)
    from conslaw_cli.report.jsonreport import dumps
    from conslaw_cli.spec.jsonschema import DIALECT

    write(dumps({"$schema": DIALECT, **import_module(SCHEMAS[name]).schema()}) + "\n", output)
    return Exit.OK
