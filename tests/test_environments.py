"""Odd terminals, encodings, streams, targets and file names: the tool as a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import quick
from test_cli import FLOW, MOMENTUM, command, environment, on_terminal

from conslaw_cli.batch.cases import read
from conslaw_cli.cli.output import OutputError, refuse_existing, refuse_loss, write
from conslaw_cli.report.transliteration import ascii_text
from conslaw_cli.visible import visible

pytestmark = pytest.mark.skipif(os.name != "posix", reason="streams and files of a POSIX system")

SPEC = '[model]\narchitecture = "linear"\nwidths = [2, 2]\n'
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "", "NO_COLOR": "1"}


def shell(line, cwd=None, **changes):
    """(exit code, stdout, stderr) of a line of bash in which $conslaw is the tool."""
    script = f'conslaw() {{ "{sys.executable}" -c "$code" "$@"; }}\n{line}'
    env = environment(code=command()[2], **changes)
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60, env=env, cwd=cwd, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", quick(["utf-16"], ["latin-1", "cp1252", "utf-16"]))
def test_output_in_a_pipe_is_utf_8_whatever_the_encoding(encoding):
    code, out, err = shell(f"conslaw report {MOMENTUM}", PYTHONIOENCODING=encoding)
    assert (code, err) == (0, "") and "2 → 3 → 2" in out and "Ẇ₂" in out


def test_an_ascii_terminal_gets_ascii_that_can_be_read():
    shown = on_terminal("report", MOMENTUM, columns=120, **ASCII)
    assert shown.isascii() and "\\" not in shown and "?" not in shown
    assert "linear network 2 -> 3 -> 2 | Euclidean metric | momentum, damping tau" in shown
    assert "exp(tau*t)*(W2^T*dW2 - dW2^T*W2 + W1*dW1^T - dW1*W1^T)" in shown


@pytest.mark.parametrize(
    "text, expected",
    [("2 → 3 · τ ≥ 0 …", "2 -> 3 | tau >= 0 ..."), ("Ẇ₁₂ᵀ − U̇²", "dW12^T - dU^2"), ("x⁻¹² ‖½‖ é\u200b", "x^-12 ||1/2|| \\xe9\\u200b")],
)
def test_ascii_text(text, expected):
    assert ascii_text(text) == expected


@pytest.mark.heavy
def test_workers_do_not_hang_in_an_encoding_of_several_bytes(tmp_path):
    (tmp_path / "é.toml").write_text(SPEC)
    code, out, err = shell("conslaw batch --no-cache --timeout 30 .", tmp_path, PYTHONIOENCODING="utf-16")
    assert code == 0 and "é.toml" in out and "1 unchecked" in err
    code, out, err = shell("conslaw batch --no-cache .", tmp_path, **ASCII)
    assert code == 0 and "\\udcc3\\udca9.toml" in out and "1 unchecked" in err


# --- streams that cannot be written or read --------------------------------------------------------------------------


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
@pytest.mark.parametrize("arguments", quick([f"report {FLOW}", "--help"], [f"report {FLOW}", f"check {FLOW}", "--help"]))
def test_a_standard_output_that_cannot_be_written(redirection, arguments):
    code, out, err = shell(f"conslaw {arguments} {redirection}")
    assert code == 2 and err.startswith("Error: standard output cannot be written") and len(err.splitlines()) == 1


@pytest.mark.parametrize("redirection", quick(["<&- 2>&-"], ["2>&-", "2>/dev/full", "<&-", "<&- 2>&-"]))
def test_the_other_streams_are_not_needed(redirection):
    assert shell(f"conslaw check {FLOW} {redirection}") == (0, f"ok    {FLOW}: 6 laws, proved\n", "")


def test_diagnostics_that_nobody_hears_do_not_change_the_exit_code():
    assert shell("conslaw report missing.toml 2>/dev/full") == (2, "", "")


def test_standard_input_that_is_closed_cannot_be_read():
    for line in ("conslaw report - <&-", "conslaw verify-certificate - <&-"):
        code, out, err = shell(line)
        assert (code, out) == (2, "") and "standard input is closed" in err and len(err.splitlines()) == 1


def test_a_reader_that_goes_away_does_not_turn_a_failure_into_success():
    code, _, err = shell(f"set -o pipefail; conslaw check --laws 5 {FLOW} | true")
    assert (code, err) == (1, "")


# --- where results go ------------------------------------------------------------------------------------------------


def test_a_pipe_is_written_and_stays_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    code, out, err = shell(f"head -1 pipe & conslaw report {FLOW} -o pipe; wait", tmp_path)
    assert (code, err) == (0, "") and out.startswith("linear network") and (tmp_path / "pipe").is_fifo()


def test_a_pipe_that_a_run_is_saved_to_stays_one(tmp_path):
    """write_file, which checkpoints and plots are written by, replaces no device or pipe either, not even through a link."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "run.npz").symlink_to("pipe")
    line = f"wc -c < pipe & conslaw simulate {FLOW} --steps 2 --no-flow --save run.npz > text; wait"
    code, out, err = shell(line, tmp_path)
    assert (code, err) == (0, "") and int(out) > 1000 and (tmp_path / "pipe").is_fifo()


def test_a_device_is_written_and_stays_one():
    before = os.stat("/dev/null").st_rdev
    write("x", "/dev/null")
    assert os.stat("/dev/null").st_rdev == before
    with pytest.raises(OutputError, match="No space left"):
        write("x", "/dev/full")


def test_process_substitution_and_standard_output_by_name(tmp_path):
    line = f"echo first > log; conslaw report {FLOW} -o /dev/stdout >> log; conslaw check {FLOW} --also jsonl=>(cat >> log); sleep .3"
    assert shell(line, tmp_path)[::2] == (0, "")
    log = (tmp_path / "log").read_text().splitlines()
    assert log[0] == "first" and log[1].startswith("linear network") and json.loads(log[-1])["verdict"] == "ok"


@pytest.mark.parametrize("target", ["spec.toml", "link", "hard"])
def test_what_is_read_is_not_replaced(tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    Path("spec.toml").write_text(SPEC)
    Path("link").symlink_to("spec.toml")
    os.link("spec.toml", "hard")
    for targets in ([target], [None, target]):
        with pytest.raises(OutputError, match="is what is read.*--force"):
            refuse_loss(targets, ["missing", "spec.toml"], force=False)
    refuse_loss([target], ["spec.toml"], force=True)
    refuse_loss(["new", "-", None, "/dev/null"], ["spec.toml", "/dev/null"], force=False)
    with pytest.raises(OutputError, match="exists already.*--force"):
        refuse_existing(target, force=False)


LOSSES = [
    "report s.toml -o s.toml",
    "report - -o s.toml < s.toml",
    "compare s.toml -o s.toml",
    "check . --also json=s.toml",
    "check s.toml -o s.toml",
    "new relu -o s.toml",
    "schema spec -o s.toml",
    f"report {FLOW} -o s.toml",
]


@pytest.mark.parametrize("line", quick(LOSSES[1:6:2], LOSSES))
def test_commands_leave_specs_alone(tmp_path, line):
    (tmp_path / "s.toml").write_text(SPEC)
    code, out, err = shell(f"conslaw {line}", tmp_path)
    assert (code, out) == (2, "") and "--force" in err and (tmp_path / "s.toml").read_text() == SPEC


def test_a_spec_is_replaced_by_force(tmp_path):
    (tmp_path / "s.toml").write_text(SPEC)
    assert shell("conslaw new relu --force -o s.toml", tmp_path) == (0, "", "")
    assert 'architecture = "relu"' in (tmp_path / "s.toml").read_text()


# --- file names ------------------------------------------------------------------------------------------------------

NAMES = [b"a\xff.toml", b"a\\udcff.toml", b"b\n::error::b.toml", b"::error::c.toml", b" ##[error]d.toml", b"e\x1b[31m.toml"]


@pytest.fixture
def hostile(tmp_path):
    try:
        for name in NAMES:
            with open(os.fsencode(tmp_path) + b"/" + name, "w", encoding="utf-8") as file:
                file.write(SPEC)
    except OSError:
        pytest.skip("the file system refuses such names")
    os.mkfifo(tmp_path / "pipe.toml")
    return tmp_path


def harmless(text):
    assert "\x1b" not in text
    return not any(line.lstrip().startswith(("::error::", "##[")) for line in text.splitlines())


def test_a_batch_takes_any_name_and_writes_none_that_harms(hostile):
    code, out, err = shell("conslaw batch --no-cache --output-dir out .", hostile)
    assert code == 0 and "6 cases" in err and harmless(out) and harmless(err)
    summary = (hostile / "out" / "summary.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(summary.splitlines()))
    assert harmless(summary) and len({row["spec"] for row in rows}) == len({row["report"] for row in rows}) == len(NAMES)
    assert all(json.loads((hostile / "out" / row["report"]).read_text())["name"] == row["spec"] for row in rows)
    assert shell("conslaw merge out", hostile)[0] == 0


@pytest.mark.parametrize("format_", quick(["github"], ["text", "github", "junit"]))
def test_check_writes_no_name_that_harms(hostile, format_):
    for name in NAMES:
        with open(os.fsencode(hostile) + b"/" + name, "w", encoding="utf-8") as file:
            file.write("[model")
    code, out, err = shell(f"conslaw check --format {format_} .", hostile)
    assert code == 2 and harmless(out) and harmless(err) and len(err.splitlines()) == len(NAMES)


def test_a_pipe_given_by_name_is_refused_and_one_of_the_shell_is_read(hostile):
    code, out, err = shell("conslaw report pipe.toml", hostile)
    assert (code, out) == (2, "") and "is a pipe" in err
    assert shell(f"conslaw check <(cat {FLOW}) /dev/stdin < {FLOW}")[0] == 0


def test_cases_that_are_spelled_the_same_keep_names_of_their_own(hostile, monkeypatch):
    monkeypatch.chdir(hostile)
    assert [case.name for case in read([os.fsdecode(name) for name in NAMES[:2]])] == ["a\\udcff.toml", "a\\udcff.toml~2"]


@pytest.mark.parametrize("text", ["::error::x", "  ::x", "##[error]x", "##vso[x]", "a\nb", "a\u202eb", "\udcff"])
def test_visible_text_obeys_nobody(text):
    shown = visible(text)
    assert shown != text and shown.isprintable() and not shown.lstrip().startswith(("::", "##")) and visible(shown) == shown


# --- terminals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", quick([40], [40, 50, 60, 69]))
def test_a_narrow_terminal_folds_the_report_under_its_labels(columns):
    lines = on_terminal("report", MOMENTUM, columns=columns, NO_COLOR="1").splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[lines.index("laws") + 1] == "  3   24 = 21 + 3   complete, proved"


def test_a_table_that_does_not_fit_has_its_cells_below(tmp_path):
    spec = str(Path(FLOW).parent / "relu_deep.toml")
    shown = on_terminal("report", spec, columns=50, NO_COLOR="1")
    assert "\n    number        4\n    depends on t  no\n" in shown and max(map(len, shown.splitlines())) <= 50


def test_a_dumb_terminal_gets_no_escape_sequences():
    assert "\x1b" not in on_terminal("report", MOMENTUM, TERM="dumb")


# --- verify-certificate ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    code, out, _ = shell(f"conslaw report --format json {FLOW}")
    assert code == 0
    for name, encoding in (("plain", "utf-8"), ("bom", "utf-8-sig"), ("utf16", "utf-16"), ("utf16le", "utf-16-le")):
        (folder / f"{name}.json").write_text(out, encoding=encoding)
    return folder


def test_reports_are_read_in_the_encodings_that_editors_and_shells_write(saved):
    code, out, err = shell("conslaw verify-certificate *.json", saved)
    assert (code, err) == (0, "")
    for name in ("plain", "bom", "utf16", "utf16le"):
        assert f"{name}.json ({FLOW}): verified\n" in out
    assert shell("conslaw verify-certificate -q *.json", saved) == (0, "", "")


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty"),
        pytest.param(b"hello", "is no JSON", marks=pytest.mark.heavy),
        (b'\x80"', "neither UTF-8 nor UTF-16"),
        pytest.param(b"[]", "holds no report", marks=pytest.mark.heavy),
        pytest.param(b'{"a": 1}', "is no report of conslaw", marks=pytest.mark.heavy),
        pytest.param(b"[1]", "a report is an object", marks=pytest.mark.heavy),
    ],
)
def test_what_is_no_report_is_named(tmp_path, content, reason):
    (tmp_path / "x.json").write_bytes(content)
    code, out, err = shell("conslaw verify-certificate -q x.json", tmp_path)
    assert (code, out) == (2, "") and err.startswith("x.json") and reason in err and "conslaw report --format json" in err
    assert len(err.splitlines()) == 1


def test_a_report_that_is_rejected_is_never_silent(saved, tmp_path):
    text = (saved / "plain.json").read_text(encoding="utf-8")
    (tmp_path / "bad.json").write_text(text.replace('"time_free": 6', '"time_free": 5'), encoding="utf-8")
    code, out, _ = shell("conslaw verify-certificate -q bad.json", tmp_path)
    assert code == 1 and "REJECTED" in out
