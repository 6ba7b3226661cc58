"""conslaw check: verdicts, every format, lines of findings, --update."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from conslaw_cli.analysis import run
from conslaw_cli.checks import FORMATS, Finding, Outcome, render
from conslaw_cli.checks.outcome import VERDICTS, summary
from conslaw_cli.cli import group
from conslaw_cli.spec import SpecError, read_spec
from conslaw_cli.spec.locate import Lines, entries
from conslaw_cli.spec.update import UpdateError, updated

SPECS = Path(__file__).parent.parent / "model_specs"
MODEL = '[model]\narchitecture = "linear"\nwidths = [2, 3, 2]\n'
FILES = {
    "bad.toml": MODEL + 'bais = "none"\n[dynamics]\nkind = "momentun"\n',
    "broken.toml": "[model]\nwidths = [2,\n",
    "fails.toml": MODEL + "[expect]  # six laws\ncomplete = true\nlaws = 7\n",
    "good.toml": MODEL + "[expect]\nlaws = 6\n",
    "large.toml": '[model]\narchitecture = "nmf"\nwidths = [1000000, 1000000, 1000000]\n[expect]\nlaws = 3\n',
    "nothing.toml": MODEL,
    "sub/sweep.toml": MODEL + "[sweep]\nmodel.widths = [[2, 3, 2], [2, 2, 2]]\nexpect.laws = [6, 4]\n"
    'zip = [["model.widths", "expect.laws"]]\n',
}
VERDICT_OF = {
    "bad.toml": "unusable",
    "broken.toml": "unusable",
    "fails.toml": "failed",
    "good.toml": "ok",
    "large.toml": "undecided",
    "nothing.toml": "unchecked",
    "sub/sweep.toml[widths=2-3-2]": "ok",
    "sub/sweep.toml[widths=2-2-2]": "failed",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments, stdin="", before=()):
    """(exit code, stdout, stderr)."""
    result = CliRunner().invoke(group, [*before, "check", *map(str, arguments)], input=stdin, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout, result.stderr


def outcomes(*arguments):
    return [json.loads(line) for line in check("--format", "jsonl", *arguments)[1].splitlines()]


# --- verdicts and exit codes -----------------------------------------------------------------------------------------


def test_a_folder_is_checked_file_by_file_whatever_the_others_do(folder):
    code, out, err = check(".")
    assert code == 2
    assert [line.split(": ")[0].split(maxsplit=1)[1] for line in out.splitlines()] == list(VERDICT_OF)
    assert "bad.toml:4: [model] bais" in err and "bad.toml:6: [dynamics] kind" in err and "good" not in err


def test_verdicts_and_lines(folder):
    found = {outcome["name"]: outcome for outcome in outcomes(".")}
    assert {name: outcome["verdict"] for name, outcome in found.items()} == VERDICT_OF
    lines = {name: [finding["line"] for finding in outcome["findings"]] for name, outcome in found.items()}
    assert lines["bad.toml"] == [4, 6] and lines["fails.toml"] == [6]
    assert lines["broken.toml"] == [2] and lines["sub/sweep.toml[widths=2-2-2]"] == [6]
    assert found["fails.toml"]["findings"][0]["message"] == "laws: expected 7, found 6"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good.toml"], 0),
        (["good.toml", "nothing.toml"], 0),
        (["good.toml", "large.toml"], 3),
        (["large.toml", "fails.toml"], 1),
        (["fails.toml", "bad.toml", "large.toml"], 2),
        (["missing.toml", "good.toml"], 2),
    ],
)
def test_the_worst_spec_decides_the_exit_code(folder, names, code):
    assert check(*names)[0] == code


def test_an_internal_error_is_that_specs_alone(folder, monkeypatch):
    def broken(spec, seed, listener):
        if list(spec.model.options.widths) == [3, 3, 3]:
            raise RuntimeError("a bug")
        return run(spec, seed, listener)

    monkeypatch.setattr("conslaw_cli.reporting.run", broken)
    (folder / "buggy.toml").write_text(MODEL.replace("[2, 3, 2]", "[3, 3, 3]"), encoding="utf-8")
    code, out, err = check("buggy.toml", "fails.toml", "bad.toml")
    assert code == 4 and "FAIL  fails.toml" in out and "internal error: RuntimeError: a bug" in err
    assert "Traceback" not in err
    assert "Traceback" in check("buggy.toml", before=["--debug"])[2]


@pytest.mark.parametrize("name, cases", [("zoo/kan", 2), pytest.param("linear_not_all_written_down", 1, marks=pytest.mark.heavy)])
def test_strict_takes_less_than_proved_for_a_failure(name, cases):
    exact = SPECS / f"{name}.toml"
    assert check(exact)[0] == 0
    code, out, _ = check("--strict", exact, SPECS / "linear_momentum.toml")
    assert code == 1 and "status: expected proved, found exact" in out and out.count("\n") == cases + 1
    assert check("--strict", "-", stdin=FILES["large.toml"])[0] == 1


def test_an_expected_undecided_result_is_as_expected():
    text = FILES["large.toml"].replace("laws = 3", 'status = "undecided"')
    assert check("-", stdin=text)[0] == 0


@pytest.mark.parametrize("format_", ["text", "github", "markdown"])
def test_quiet_says_nothing_when_all_is_well(folder, format_):
    assert check("-q", "--format", format_, "good.toml", "nothing.toml") == (0, "", "")
    code, out, _ = check("-q", "--format", format_, "good.toml", "fails.toml")
    assert code == 1 and "fails.toml" in out and "good.toml" not in out


@pytest.mark.parametrize("format_", ["json", "jsonl", "junit"])
def test_what_programs_read_is_complete_even_quietly(folder, format_):
    assert check("-q", "--format", format_, ".") == check("--format", format_, ".")


def test_no_spec_in_a_folder_is_a_mistake(tmp_path):
    with pytest.raises(Exception, match="no spec") as caught:
        check(tmp_path)
    assert caught.value.exit_code == 2


# --- formats ---------------------------------------------------------------------------------------------------------


def test_json_counts_the_verdicts(folder):
    found = json.loads(check("--format", "json", ".")[1])
    assert found["schema"] == 1
    assert found["summary"] == {"failed": 2, "unusable": 2, "undecided": 1, "unchecked": 1, "ok": 2}
    assert found["specs"] == outcomes(".")


def test_junit(folder):
    root = ElementTree.fromstring(check("--format", "junit", ".")[1])
    suite = root.find("testsuite")
    assert {**suite.attrib, "name": ""} == {"name": "", "tests": "8", "failures": "2", "errors": "3", "skipped": "0"}
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == list(VERDICT_OF)
    assert cases["fails.toml"].find("failure").get("message") == "laws: expected 7, found 6"
    assert "fails.toml:6:" in cases["fails.toml"].find("failure").text
    assert not len(cases["good.toml"])


def test_github_annotations_stand_at_the_failing_key(folder):
    out = check("--format", "github", folder)[1].splitlines()
    assert "::error file=fails.toml,line=6,title=conslaw%3A expectation failed::" in out[-5]
    assert any(line.startswith("::error file=sub/sweep.toml,line=6,") for line in out)
    assert any(line.startswith("::warning file=large.toml,line=5,") for line in out)
    assert out[-1] == "conslaw check, 8 specs: 2 failed, 2 unusable, 1 undecided, 1 unchecked, 2 ok"
    assert "::error title=" in check("--format", "github", "-", stdin=FILES["fails.toml"])[1]


def test_markdown_shows_what_is_wrong_and_folds_what_is_well(folder):
    out = check("--format", "markdown", ".")[1]
    wrong, well = out.split("<details>")
    assert wrong.startswith("### ❌ conslaw check: 8 specs: 2 failed")
    assert "fails.toml, line 6 | 6 laws, proved | laws: expected 7, found 6 |" in wrong
    assert "good.toml" in well and "good.toml" not in wrong


def test_also_writes_other_formats_of_the_same_run(folder):
    code, out, _ = check("good.toml", "--also", "junit=a.xml", "--also", "markdown=b.md", "-o", "c.txt")
    assert (code, out) == (0, "")
    assert Path("a.xml").read_text() == check("--format", "junit", "good.toml")[1]
    assert Path("b.md").read_text().startswith("### ✅") and Path("c.txt").read_text().startswith("ok ")
    with pytest.raises(Exception, match="FORMAT=FILE"):
        check("good.toml", "--also", "pdf=x")


HOSTILE = st.text(st.characters(codec=None), max_size=12)


@st.composite
def any_outcome(draw):
    findings = st.lists(
        st.builds(Finding, st.none() | HOSTILE, st.none() | st.integers(1, 99), HOSTILE), min_size=1, max_size=2
    )
    status = draw(st.sampled_from([None, "proved"]))
    return Outcome(
        draw(HOSTILE), draw(HOSTILE) or "x", draw(st.sampled_from(VERDICTS)), 3, status, tuple(draw(findings))
    )


@given(st.lists(any_outcome(), max_size=3), st.booleans())
def test_no_name_or_message_breaks_a_format(found, quiet):
    texts = {name: "".join(render(found, name, quiet)) for name in FORMATS}
    for text in texts.values():
        text.encode("utf-8")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert len(ElementTree.fromstring(texts["junit"].encode())[0]) == len(found)
    assert len(json.loads(texts["json"])["specs"]) == len(texts["jsonl"].splitlines()) == len(found)
    commands = texts["github"].splitlines()
    bad = [outcome for outcome in found if not outcome.well]
    assert len(commands) == sum(len(outcome.findings) for outcome in bad) + (not quiet or bool(bad))
    assert all(
        re.match(r"::(error|warning) [^:]*::[^\n]*$", line)
        for line in commands[: len(commands) - 1 + (quiet and not bad)]
    )
    assert len(texts["text"].splitlines()) == (len(bad) if quiet else len(found))


def test_a_summary_of_nothing():
    assert summary([]) == "no specs"


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_key_of_an_example_is_found_at_its_line(path):
    text = path.read_text(encoding="utf-8")
    lines = Lines(text)
    for table, keys in tomllib.loads(text).items():
        for key in keys if table != "sweep" else ():
            assert re.match(rf"\s*\[?({table}\.)?{key}\b", text.splitlines()[lines.of(table, key) - 1])


AWKWARD = '''\ufeff# [expect]
title = """
[expect]
laws = 1
"""
model.widths = [ # [expect]
  "]", '"', [1, {a = "}"}],
]
model . "bi as" = 'x\\'
[[other]]
laws = 2
[ expect ] # laws = 3
  laws=4
inline = {a.b = 1, c = {d = "=", e = []}}
'''


def test_lines_of_awkward_toml():
    found = {entry.path: AWKWARD.count("\n", 0, entry.key) + 1 for entry in entries(AWKWARD)}
    assert found[("expect",)] == 12 and found[("expect", "laws")] == 13 and found[("other", "laws")] == 11
    assert found[("model", "widths")] == 6 and found[("model", "bi as")] == 9
    assert found[("expect", "inline", "c", "e")] == 14
    values = {entry.path: AWKWARD[entry.start : entry.end] for entry in entries(AWKWARD)}
    assert values[("model", "bi as")] == "'x\\'" and values[("expect", "laws")] == "4"
    assert values[("expect", "inline", "c", "d")] == '"="'


# --- update ----------------------------------------------------------------------------------------------------------


FOUND = {"laws": 6, "time_dependent": False, "complete": True, "time_free": 6, "dimension": None, "status": "proved"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[expect]\nlaws = 7   # why\n", "[expect]\nlaws = 6   # why\n"),
        ("[expect]\r\n  laws=7\r\n# end", "[expect]\r\n  laws=6\r\n# end"),
        ("expect = { status = 'exact', laws = 6 } # x\n", 'expect = { status = "proved", laws = 6 } # x\n'),
        ('expect.laws = 0x07\nexpect."complete" = false\n', 'expect.laws = 6\nexpect."complete" = true\n'),
        ("[expect]\nlaws = 0x06\ndimension = 3\n", "[expect]\nlaws = 0x06\ndimension = 3\n"),
        ('a = """\n[expect]\nlaws = 1"""\n[expect]\nlaws = 1', 'a = """\n[expect]\nlaws = 1"""\n[expect]\nlaws = 6'),
        ("[a]\n\n[expect] # x\n\n[b]\n", '[a]\n\n[expect] # x\nlaws = 6\ntime_dependent = false\ncomplete = true\nstatus = "proved"\n\n[b]\n'),
        ("[a]", '[a]\n\n[expect]\nlaws = 6\ntime_dependent = false\ncomplete = true\nstatus = "proved"\n'),
        ("[expect] # x\r\n\r\n# b\r\n[b]", '[expect] # x\r\nlaws = 6\r\ntime_dependent = false\r\ncomplete = true\r\nstatus = "proved"\r\n\r\n# b\r\n[b]'),
        ("\ufeff[expect]\ntime_free = 6 # a\n\n# b\n", "\ufeff[expect]\ntime_free = 6 # a\n\n# b\n"),
        ("expect = {}", 'expect = { laws = 6, time_dependent = false, complete = true, status = "proved" }'),
    ],
)  # fmt: skip
def test_updated_text(before, after):
    assert updated(before, FOUND) == after
    assert updated(after, FOUND) == after


def test_update_refuses_what_is_no_toml():
    with pytest.raises(UpdateError, match="broken TOML"):
        updated("[expect\nlaws = 3", FOUND)


def test_update_rewrites_the_file_and_then_all_is_well(folder):
    path = folder / "fails.toml"
    path.chmod(0o640)
    code, out, _ = check("--update", "fails.toml", "nothing.toml", "good.toml")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["new", "new", "ok"])
    assert path.read_text() == FILES["fails.toml"].replace("laws = 7", "laws = 6")
    assert path.stat().st_mode & 0o777 == 0o640
    assert (folder / "good.toml").read_text() == FILES["good.toml"]
    assert read_spec(folder / "nothing.toml").expect.status == "proved"
    assert [outcome["verdict"] for outcome in outcomes("fails.toml", "nothing.toml")] == ["ok", "ok"]
    assert sorted(file.name for file in folder.iterdir()) == sorted({name.split("/")[0] for name in FILES})


def test_update_leaves_alone_what_it_cannot_rewrite(folder):
    code, _, err = check("--update", "sub/sweep.toml")
    assert code == 2 and "sweep" in err and (folder / "sub/sweep.toml").read_text() == FILES["sub/sweep.toml"]
    code, _, err = check("--update", "-", stdin=FILES["good.toml"])
    assert code == 2 and "standard input" in err
    assert check("--update", "large.toml")[0] == 3 and (folder / "large.toml").read_text() == FILES["large.toml"]
    with pytest.raises(Exception, match="--laws"):
        check("--update", "--laws", "3", "good.toml")


def test_an_updated_example_keeps_every_comment(folder):
    for path in sorted(SPECS.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        try:
            read_spec(path)
        except SpecError:
            continue
        other = updated(text, {"laws": 999, "time_dependent": True, "complete": False, "status": "exact"})
        comments = [re.findall("#.*", version) for version in (text, other)]
        assert comments[0] == comments[1]
        if "expect" in tomllib.loads(text):
            assert tomllib.loads(other)["expect"].get("laws", 999) == 999


# --- pre-commit ------------------------------------------------------------------------------------------------------


def test_the_pre_commit_hook_takes_specs_only_and_runs(folder):
    text = (SPECS.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    hook = dict(re.findall(r"^[- ] (\w+): (.+)$", text, flags=re.MULTILINE))
    assert hook["id"] == "conslaw-check"
    taken = ["model_specs/a.toml", "specs/deep/a.toml", "x/spec/a.toml"]
    assert all(re.search(hook["files"], path) for path in taken)
    assert not any(
        re.search(hook["files"], path) for path in ["pyproject.toml", "a.toml", "specs/a.md", "inspect/a.toml"]
    )
    program, command, *options = hook["entry"].split()
    assert (program, command) == ("conslaw", "check") and check(*options, "good.toml") == (0, "", "")
