"""The zoo on the command line: it is listed with its sources, and every entry's spec is printed and reads back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conslaw_cli.cli import _run, group
from conslaw_cli.spec import read_cases
from conslaw_cli.zoofiles import zoo, zoo_spec

FOLDER = Path(__file__).parent.parent / "model_specs" / "zoo"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
WITHOUT_ENGINE = """
import sys
from conslaw_cli.cli import group
group.main(["architectures"], standalone_mode=False)
print(sorted({"sympy", "flint", "conslaw_cli.analysis", "conslaw_cli.laws", "conslaw_cli.lie"} & set(sys.modules)), file=sys.stderr)
"""


def run(*arguments):
    return CliRunner().invoke(group, arguments, standalone_mode=False)


def test_every_file_is_an_entry():
    assert list(zoo()) == NAMES and len(NAMES) > 80


def test_the_list_names_line_source_and_completeness():
    out = run("architectures").stdout
    for name, entry in zoo().items():
        assert entry.line and entry.source and entry.completeness
        assert any(line.split()[:1] == [name] and line.endswith(entry.line) for line in out.splitlines())
        assert f"source: {entry.source} · complete: {entry.completeness}" in out


@pytest.mark.parametrize("name", NAMES)
def test_the_spec_is_printed_and_reads_back(name):
    out = run("new", name).stdout
    assert out == zoo_spec(name) and "#:schema" not in out
    ours, theirs = read_cases(name, out), read_cases(FOLDER / f"{name}.toml")
    assert [(case.model, case.dynamics, case.expect) for case in ours] == [(case.model, case.dynamics, case.expect) for case in theirs]


@pytest.mark.parametrize(
    ("name", "said"),
    [("atention", 'did you mean "attention"?'), ("layernorm", 'did you mean "layer_norm"?'), ("gpt", 'write it as a "network"'), ("xyzzy", "`conslaw architectures` lists")],
)
def test_a_wrong_name(name, said, capsys):
    assert _run(["new", name]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["grouped-query", "grouped_query.toml"])
def test_a_name_written_otherwise(name):
    assert run("new", name).stdout == zoo_spec("grouped_query")


def test_listing_needs_no_engine():
    done = subprocess.run([sys.executable, "-c", WITHOUT_ENGINE], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_counts_as_a_table():
    out = run("zoo", "attention", "gelu").stdout.splitlines()
    assert [line.split() for line in out[0:1]] == [["network", "D", "gradient", "flow", "momentum"]]
    assert (out[1].split()[0], out[1].split()[-3:]) == ("attention", ["24", "6", "2"])
    assert (out[2].split()[0], out[2].split()[-3:]) == ("gelu", ["12", "0", "0"])
    assert "4 of these 4 counts are proved" in out[-1]


def test_counts_as_markdown():
    out = run("zoo", "gelu", "--format", "markdown").stdout.splitlines()
    assert out[0].startswith("| network |") and out[1] == "| --- | --- | --: | --: | --: |" and out[2].endswith("| 12 | 0 | 0 |")
    assert run("zoo", "gelv").exception is not None
