"""The command line: exit codes, what goes to which stream, what is imported, and input of every kind that is bad."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest
from helpers import SLOW_SPECS, quick

from conslaw_cli.cli import main
from conslaw_cli.models import ARCHITECTURES

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "model_specs"
MOMENTUM = str(SPECS / "linear_momentum.toml")
FLOW = str(SPECS / "linear_gradient_flow.toml")
ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
Result = namedtuple("Result", "code out err")
SMALL = [str(path) for path in sorted(SPECS.glob("*.toml")) if path.stem != "relu_mnist"]
QUICK = [path for path in SMALL if Path(path).stem not in SLOW_SPECS]


@pytest.fixture
def conslaw(monkeypatch, capsysbinary):
    """conslaw(*arguments, stdin="") runs main() here, with exit code and both streams as a process would give them."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["conslaw", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
        with pytest.raises(SystemExit) as exited:
            main()
        return Result(int(exited.value.code), *(stream.decode() for stream in capsysbinary.readouterr()))

    return run


def command(*arguments, before="", after=""):
    """A Python command line that is the tool's, with code to run before and after."""
    code = f"import sys\nfrom conslaw_cli.cli import main\n{before}\ntry:\n    main()\nfinally:\n    {after or 'pass'}"
    return [sys.executable, "-c", code, *arguments]


def environment(**changes):
    """A clean environment in which the package is found wherever the tests run."""
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **changes}


def process(*arguments, stdin="", timeout=60, **options):
    done = subprocess.run(
        command(*arguments, **options), input=stdin.encode(), capture_output=True, timeout=timeout, env=environment()
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def toml(architecture, widths, extra=""):
    return f'[model]\narchitecture = "{architecture}"\nwidths = {widths}\n{extra}'


def refused(result):
    """Unusable input: code 2, nothing on stdout, no traceback, nothing a terminal would obey."""
    assert result.code == 2
    assert result.out == ""
    assert result.err and "Traceback" not in result.err and "internal error" not in result.err
    assert not ESCAPE.search(result.err)
    return result.err


# --- report ----------------------------------------------------------------------------------------------------------


def test_report_text(conslaw):
    code, out, err = conslaw("report", MOMENTUM)
    assert (code, err) == (0, "")
    assert out.startswith("linear network 2 → 3 → 2") and out.endswith("\n")
    assert "24 = 21 + 3   complete, proved" in out


def test_report_json_of_one_spec_is_an_object_and_of_several_an_array(conslaw):
    one = json.loads(conslaw("report", "--format", "json", MOMENTUM).out)
    two = json.loads(conslaw("report", "--format", "json", MOMENTUM, FLOW).out)
    assert one["trace"] == {"space": 24, "filtration": [12, 21], "dimension": 21}
    assert [report["laws"]["independent"] for report in two] == [3, 6]
    assert two[0] == one


@pytest.mark.parametrize("format_", ["markdown", "latex", "html"])
def test_other_formats_go_to_stdout_whole(conslaw, format_):
    code, out, err = conslaw("report", "--format", format_, MOMENTUM)
    assert (code, err) == (0, "") and "24" in out and not ESCAPE.search(out)


def test_text_of_several_specs_follows_their_order(conslaw):
    out = conslaw("report", MOMENTUM, FLOW).out
    assert out.index("24 = 21 + 3") < out.index("12 = 6 + 6")


def test_standard_input_is_a_spec_like_any_other(conslaw):
    assert conslaw("report", "-", stdin=Path(MOMENTUM).read_text()) == conslaw("report", MOMENTUM)


def test_expand_writes_out_every_law(conslaw):
    short, long = (conslaw("report", *flags, MOMENTUM).out for flags in ((), ("--expand",)))
    assert [f"h{k} = " in long for k in range(1, 5)] == [True, True, True, False]
    assert "h1 = " not in short


def test_the_seed_changes_the_certificate_and_no_count(conslaw):
    first, second = (
        json.loads(conslaw("report", "--format", "json", "--seed", s, MOMENTUM).out) for s in ("0", "12345")
    )
    assert first["certificate"] != second["certificate"]
    assert first["reproduce"]["seed"] == 0 and second["reproduce"]["seed"] == 12345
    assert (first["trace"], first["status"]) == (second["trace"], second["status"])
    for key in ("independent", "found", "time_dependent", "time_free"):
        assert first["laws"][key] == second["laws"][key]


@pytest.mark.parametrize("seed", ["-1", str(2**53), "x", "1.5"])
def test_a_seed_json_cannot_hold_is_refused(conslaw, seed):
    assert "--seed" in refused(conslaw("report", "--seed", seed, MOMENTUM))


@pytest.mark.parametrize("paths", quick([QUICK[::6]], [QUICK[::6], SMALL], len))
def test_two_runs_give_the_same_bytes(paths):
    runs = [process("report", "--format", "json", "--expand", *paths) for _ in range(2)]
    assert runs[0] == runs[1] and runs[0].code == 0 and len(json.loads(runs[0].out)) == len(paths)


def test_a_bad_spec_does_not_keep_the_others_from_their_turn(conslaw, tmp_path):
    code, out, err = conslaw("report", "--format", "json", str(tmp_path / "no.toml"), MOMENTUM)
    assert code == 2 and "no such file" in err
    assert json.loads(out)["laws"]["independent"] == 3


# --- output to a file ------------------------------------------------------------------------------------------------


def test_output_file_is_what_stdout_would_have_been(conslaw, tmp_path):
    target = tmp_path / "report.json"
    target.write_text("old")
    assert conslaw("report", "--format", "json", "-o", str(target), MOMENTUM) == Result(0, "", "")
    assert target.read_text(encoding="utf-8") == conslaw("report", "--format", "json", MOMENTUM).out
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_an_output_file_is_readable_as_the_umask_says(conslaw, tmp_path):
    (tmp_path / "plain").touch()
    conslaw("report", "-o", str(tmp_path / "report"), FLOW)
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("target", ["no/such/folder/report", "taken"])
def test_an_output_that_cannot_be_written_leaves_nothing_behind(conslaw, tmp_path, target):
    (tmp_path / "taken").mkdir()
    assert "cannot be written" in refused(conslaw("report", "-o", str(tmp_path / target), FLOW))
    assert [path.name for path in tmp_path.rglob("*")] == ["taken"]


def test_a_full_disk_is_unusable_output(tmp_path):
    """stdout on /dev/full: no traceback, and not success."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(command("report", FLOW), stdout=full, stderr=subprocess.PIPE, env=environment())
    assert done.returncode == 2 and done.stderr.startswith(b"Error: standard output cannot be written")


# --- check -----------------------------------------------------------------------------------------------------------


def test_check(conslaw, tmp_path):
    unknown = tmp_path / "unknown.toml"
    unknown.write_text(toml("linear", [2, 2]))
    assert conslaw("check", MOMENTUM) == Result(0, f"ok    {MOMENTUM}: 3 laws, proved\n", "")
    code, out, err = conslaw("check", "--laws", "4", MOMENTUM)
    assert (code, err) == (1, "") and out.startswith(f"FAIL  {MOMENTUM}: laws: expected 4, found 3")
    assert conslaw("check", str(unknown)).out.startswith("--    ")
    code, out, err = conslaw("check", str(tmp_path / "missing.toml"))
    assert code == 2 and "missing.toml" in err and "Traceback" not in err and ": ok" not in out


def test_check_goes_through_all_specs_and_exits_with_the_worst_code(conslaw, tmp_path):
    large = tmp_path / "large.toml"
    large.write_text(toml("nmf", [10**6] * 3))
    code, out, _ = conslaw("check", "--laws", "3", FLOW, MOMENTUM)
    assert (code, [line[:4] for line in out.splitlines()]) == (1, ["FAIL", "ok  "])
    assert conslaw("check", str(large), MOMENTUM).code == 3
    assert conslaw("check", "--laws", "3", str(large)).code == 3
    assert conslaw("check", str(large), str(tmp_path / "none"), MOMENTUM).code == 2


@pytest.mark.parametrize(
    "expect, message",
    [
        ("time_dependent = false", "time_dependent: expected false, found true"),
        ("complete = false", "complete: expected false, found true"),
        ("time_free = 0", "time_free: expected 0, found 2"),
        ("dimension = 20", "dimension: expected 20, found 21"),
        ('status = "exact"', "status: expected exact, found proved"),
    ],
)
def test_every_expectation_can_fail(conslaw, expect, message):
    text = toml("linear", [2, 3, 2], f'[dynamics]\nkind = "momentum"\n[expect]\n{expect}\n')
    code, out, err = conslaw("check", "-", stdin=text)
    assert (code, err) == (1, "") and out.startswith(f"FAIL  -: {message}")


# --- the other commands ----------------------------------------------------------------------------------------------


def test_compare(conslaw):
    code, out, err = conslaw("compare", MOMENTUM)
    assert (code, err) == (0, "")
    assert re.search(r"Euclidean +6 proved +3 \(−3\) proved +3 \(−3\) proved", out)
    cells = json.loads(conslaw("compare", "--format", "json", MOMENTUM).out)
    assert cells["schema"] == 2


def test_compare_refuses_and_stays_undecided_like_report(conslaw):
    refused(conslaw("compare", "/no/such/spec"))
    code, out, _ = conslaw("compare", "-", stdin=toml("nmf", [10**6] * 3))
    assert code == 3 and "undecided" in out


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_new_spec_can_be_reported_at_once(conslaw, architecture, tmp_path):
    code, text, err = conslaw("new", architecture)
    assert (code, err) == (0, "")
    assert conslaw("report", "-", stdin=text).code == 0
    assert conslaw("new", architecture, "-o", str(tmp_path / "new.toml")) == Result(0, "", "")
    assert (tmp_path / "new.toml").read_text() == text


def test_architectures(conslaw):
    code, out, err = conslaw("architectures")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line and line[0] != " "] == [*ARCHITECTURES, "zoo"]


@pytest.mark.parametrize("paths", quick([QUICK[::3]], [QUICK[::3], SMALL], len))
def test_certificates_of_all_small_specs_verify(conslaw, paths):
    reports = conslaw("report", "--format", "json", *paths).out
    code, out, err = conslaw("verify-certificate", "-", stdin=reports)
    in_part = [line for line in out.splitlines() if line.endswith(": confirmed in part")]
    assert (code, err) == (3, "") and out.count(": verified") == len(paths) - len(in_part)
    expected = [SPECS / f"{name}.toml" for name in ("linear_hyperbolic", "linear_metric_field", "linear_not_all_written_down")]
    assert [line.split("(")[1].split(")")[0] for line in in_part] == [str(path) for path in expected if str(path) in paths]


def test_a_wrong_report_is_rejected(conslaw):
    report = json.loads(conslaw("report", "--format", "json", MOMENTUM).out)
    report["laws"]["items"][0]["expressions"][0] = report["laws"]["items"][0]["expressions"][1]
    code, out, _ = conslaw("verify-certificate", "-", stdin=json.dumps(report))
    assert code == 1 and "REJECTED" in out and "FAIL" in out


@pytest.mark.parametrize("text", ["", "{", "[" * 100000])
def test_what_is_no_json_cannot_be_verified(conslaw, text):
    refused(conslaw("verify-certificate", "-", stdin=text))


@pytest.mark.parametrize("text", ["[1, 2]", "{}", "null", '{"schema": 99}'])
def test_json_that_is_no_report_is_not_verified(conslaw, text):
    code, out, err = conslaw("verify-certificate", "-", stdin=text)
    assert code in (1, 2) and "verified" not in out and "internal error" not in err


def test_no_report_at_all_is_no_success(conslaw):
    """An empty array holds nothing that could be verified."""
    refused(conslaw("verify-certificate", "-", stdin="[]"))


def test_files_that_are_no_reports_cannot_be_verified(conslaw, tmp_path):
    for name in ("no such", "."):
        refused(conslaw("verify-certificate", str(tmp_path / name)))


# --- usage, imports --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["report"],
        ["check"],
        ["report", "--format", "x", "-"],
        ["report", "--nope"],
        ["new", "gpt"],
        ["compare"],
    ],
)
def test_wrong_usage(conslaw, arguments):
    refused(conslaw(*arguments))


HEAVY = ("sympy", "numpy", "flint", "rich", "scipy", "mpmath", "tomlkit", "platformdirs")
PROBE = f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]])
def test_help_and_version_import_no_library(arguments):
    code, out, err = process(*arguments, after=PROBE)
    assert (code, err.split()) == (0, []) and "conslaw" in out


def test_a_small_report_imports_no_sympy():
    """Nor does one in JSON, with a damping that is a letter or a number."""
    code, _, err = process("report", "--format", "json", MOMENTUM, FLOW, str(SPECS / "relu_deep.toml"), after=PROBE)
    imported = err.split()
    assert code == 0 and "numpy" in imported and not {"sympy", "scipy", "mpmath"} & set(imported)


@pytest.mark.parametrize("name", ["report", "check", "compare", "new", "architectures", "verify-certificate"])
def test_every_command_has_help(conslaw, name):
    code, out, err = conslaw(name, "--help")
    assert (code, err) == (0, "") and out.startswith(f"Usage: conslaw {name}")


# --- bad input -------------------------------------------------------------------------------------------------------


BAD = {
    "broken": ("[model", "broken TOML"),
    "not utf-8": (b"[model]\n# \xff\n", "UTF-8"),
    "empty": ("", "missing table"),
    "unknown key": (toml("linear", [2, 2], 'bais = "none"\n'), 'did you mean "bias"?'),
    "unknown table": (toml("linear", [2, 2], "[metrics]\n"), 'did you mean "metric"?'),
    "architecture": (toml("lineer", [2, 2]), 'did you mean "linear"?'),
    "widths": (toml("linear", '[2, "a"]'), "widths must be positive integers"),
    "zero width": (toml("linear", [2, 0, 2]), "widths"),
    "one width": (toml("linear", [2]), "widths"),
    "four widths": (toml("nmf", [2, 2, 2, 2]), "widths"),
    "endless width": (toml("linear", f"[2, {10**30}]"), "widths"),
    "code": (
        toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = \"__import__('os').system('x')\"\n"),
        "valid:",
    ),
    "attribute": (toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = 't.__class__'\n"), "damping"),
    "tower": (toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = '9^9^9^9^9'\n"), "damping"),
    "pole": (toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = '3/t'\nstart = 0\n"), "pole at t = 0"),
    "constant pole": (toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = '1/0'\n"), "damping"),
    "negative": (toml("linear", [2, 2], "[dynamics]\nkind = 'momentum'\ndamping = -1\n"), "negative"),
    "misplaced": (toml("linear", [2, 2], "[dynamics]\ndamping = 1\n"), "damping"),
    "expect": (toml("linear", [2, 2], '[expect]\nlaws = "three"\n'), "laws must be a non-negative integer"),
    "expect flag": (toml("linear", [2, 2], "[expect]\ncomplete = 1\n"), "complete"),
    "block": (toml("linear", [2, 2], '[metric]\nW7 = "entropy"\n'), "W7"),
    "metric": (toml("linear", [2, 2], '[metric]\nW1 = "manhattan"\n'), "W1"),
    "control": (toml("linear\\u001b[31m\\u202e", [2, 2]), "\\x1b[31m\\u202e"),
    "nested": ("a = " + "[" * 5000, "broken TOML"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_specs_are_refused_with_a_reason(conslaw, tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / "bad.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    err = refused(conslaw("report", str(path)))
    assert reason in err and err.startswith(f"{path}:")


def test_all_problems_of_a_spec_come_at_once(conslaw):
    text = toml("lineer", [0], '[metric]\nat = "here"\n[dynamics]\nkind = "momentun"\n[expect]\nlaws = -1\n[more]\n')
    err = refused(conslaw("report", "-", stdin=text))
    for key in ("[model] architecture", "[model] widths", "[metric] at", "[dynamics] kind", "[expect] laws", "[more]"):
        assert key in err
    assert len(err.splitlines()) == 6


def test_files_that_are_none(conslaw, tmp_path):
    assert "no such file" in refused(conslaw("report", str(tmp_path / "missing.toml")))
    assert "is a directory" in refused(conslaw("report", str(tmp_path)))
    assert "larger than" in refused(conslaw("report", "/dev/zero"))


def test_a_damping_never_runs_code(conslaw, tmp_path):
    trap = tmp_path / "trap"
    damping = f"__import__('pathlib').Path({str(trap)!r}).touch()"
    text = toml("linear", [2, 2], f'[dynamics]\nkind = "momentum"\ndamping = """{damping}"""\n')
    refused(conslaw("report", "-", stdin=text))
    assert not trap.exists()


@pytest.mark.parametrize(
    "arguments", [["report"], ["check"], ["report", "--format", "json"], ["report", "--format", "latex"]]
)
def test_control_characters_in_a_file_name_are_inert(conslaw, tmp_path, arguments):
    path = tmp_path / "a\x1b[31m\u202eb\nc.toml"
    path.write_text(toml("linear", [2, 2]))
    code, out, err = conslaw(*arguments, str(path))
    assert code == 0 and not ESCAPE.search(out + err)
    assert "\nc.toml" not in out + err


# --- sizes beyond the engine -----------------------------------------------------------------------------------------


MOMENTUM_TABLE = '[dynamics]\nkind = "momentum"\n'
LARGE = {
    "linear 10^5": (toml("linear", [10**5] * 3), 0, "theorem"),
    "linear 10^9": (toml("linear", [10**9, 10**9, 1]), 0, "theorem"),
    "linear momentum": (toml("linear", [10**5] * 3, MOMENTUM_TABLE), 3, "undecided"),
    "linear deep": (toml("linear", [10**4] * 4), 3, "undecided"),
    "relu 10^9 momentum": (toml("relu", [10**9, 10**9, 1], MOMENTUM_TABLE), 3, "undecided"),
    "relu 5000 momentum": (toml("relu", [5000] * 3, MOMENTUM_TABLE), 3, "undecided"),
    "relu neurons momentum": (toml("relu", [1, 10**9, 1], MOMENTUM_TABLE), 3, "undecided"),
    "nmf": (toml("nmf", [10**9] * 3), 3, "undecided"),
    "icnn": (toml("icnn", [10**9] * 3, MOMENTUM_TABLE), 3, "undecided"),
}
LIMITED = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2 * 10**9,) * 2)"


@pytest.mark.parametrize("name", quick(["linear 10^9", "icnn"], LARGE))
def test_what_is_too_large_is_said_at_once(name):
    """Within ten seconds and two gigabytes of address space, and with the reason."""
    text, expected, status = LARGE[name]
    code, out, err = process("report", "--format", "json", "-", stdin=text, timeout=10, before=LIMITED)
    assert (code, err) == (expected, "")
    report = json.loads(out)
    assert report["status"] == status and report["trace"]["dimension"] is None


@pytest.mark.parametrize("bias", quick(["all"], ["none", "all"]))
def test_relu_gradient_flow_of_any_size(bias):
    """One law per hidden neuron: proved, by a theorem, or undecided, but never an error."""
    text = toml("relu", [10**9, 10**9, 1], f'bias = "{bias}"\n')
    code, out, err = process("report", "--format", "json", "-", stdin=text, timeout=10, before=LIMITED)
    report = json.loads(out)
    assert err == "" and (code, report["status"]) in [(0, "proved"), (0, "theorem"), (3, "undecided")]
    assert report["laws"]["independent"] in (10**9, None)


DEEP = [(architecture, kind) for architecture in ("linear", "relu") for kind in ("gradient-flow", "momentum")]


@pytest.mark.heavy
@pytest.mark.parametrize("case", quick([("linear", "gradient-flow"), ("relu", "momentum")], DEEP, "-".join))
def test_very_deep_networks_are_no_internal_error(case):
    architecture, kind = case
    text = toml(architecture, [1] * 600, f'[dynamics]\nkind = "{kind}"\n')
    code, out, err = process("report", "-", stdin=text, timeout=30)
    assert code in (0, 3) and err == "" and out


@pytest.mark.heavy
def test_a_wide_layer_between_two_narrow_ones_stays_within_memory():
    """[1, 300, 1]: 600 parameters, 599 laws, though the balancedness matrix has 45150 entries."""
    code, out, _ = process("check", "--laws", "599", "-", stdin=toml("linear", [1, 300, 1]), timeout=60, before=LIMITED)
    assert code == 0 and "proved" in out


# --- terminals, pipes, signals ---------------------------------------------------------------------------------------


LIVE_LINE = re.compile(r"\r[^\x00-\x1f]*\x1b\[K")
"""What shows on a machine that is slow enough, and is gone at the end."""


def on_terminal(*arguments, columns=100, code=0, live=False, before="", **changes):
    """What the tool writes to a terminal, ``live`` lines only if asked for; ``code`` is the exit code it must have."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, columns.to_bytes(2, sys.byteorder).rjust(4, b"\0") + b"\0" * 4)
    running = subprocess.Popen(command(*arguments, before=before), stdout=theirs, stderr=theirs, env=environment(**changes))
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert running.wait(timeout=30) == code
    text = b"".join(pieces).decode().replace("\r\n", "\n")
    return text if live else LIVE_LINE.sub("", text)


def test_styles_on_a_terminal_only_and_never_with_no_color(conslaw):
    styled, plain = on_terminal("report", MOMENTUM), on_terminal("report", MOMENTUM, NO_COLOR="1")
    assert "\x1b[" in styled
    assert "\x1b" not in plain + conslaw("report", MOMENTUM).out
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled) == plain


HOSTILE = "a\x1b[31m\x9b1m\u202eb"


PLACES = {
    "report": ["report", HOSTILE],
    "check": ["check", HOSTILE],
    "verify-certificate": ["verify-certificate", HOSTILE],
    "output": ["report", "-o", f"{HOSTILE}/x", FLOW],
    "new": ["new", HOSTILE],
    "command": [HOSTILE],
    "format": ["report", "--format", HOSTILE, FLOW],
}


@pytest.mark.parametrize("place", quick(["report", "output", "command"], PLACES))
def test_hostile_names_are_inert_on_a_terminal(place):
    """Where stderr is no terminal, click strips escape sequences by itself; here it does not."""
    assert not ESCAPE.search(on_terminal(*PLACES[place], code=2, NO_COLOR="1"))


def test_lines_fit_a_narrow_terminal_and_are_never_folded_in_pipes(conslaw):
    narrow = on_terminal("report", FLOW, columns=72, NO_COLOR="1")
    assert max(map(len, narrow.splitlines())) <= 72
    assert max(map(len, conslaw("report", FLOW).out.splitlines())) > 72


def test_a_terminal_of_unknown_width_folds_nothing():
    assert "24 = 21 + 3   complete, proved" in on_terminal("report", MOMENTUM, columns=0, NO_COLOR="1")


def test_force_color_does_not_reach_a_pipe():
    done = subprocess.run(
        command("report", FLOW), capture_output=True, env=environment(FORCE_COLOR="1", CLICOLOR_FORCE="1")
    )
    assert done.returncode == 0 and b"\x1b" not in done.stdout


def test_a_reader_that_goes_away_is_no_error():
    running = subprocess.Popen(
        command("report", "--expand", "--format", "json", str(SPECS / "linear_deep.toml")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    running.stdout.close()
    assert running.stderr.read() == b"" and running.wait(timeout=30) == 0


def test_an_interrupt_ends_with_130(tmp_path):
    running = subprocess.Popen(
        command("report", "-o", str(tmp_path / "out"), "-"),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    running.stdin.write(toml("linear", [64, 64, 64]).encode())
    running.stdin.close()
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    err = running.stderr.read().decode()
    assert (running.wait(timeout=30), err.strip()) == (130, "interrupted")
    assert not list(tmp_path.iterdir())


# --- internal errors -------------------------------------------------------------------------------------------------


BREAK = "import conslaw_cli.analysis as a\ndef broken(*_): raise RuntimeError('oh')\na.run = broken"


def test_an_internal_error_has_a_code_of_its_own_and_a_traceback_on_demand_only():
    code, out, err = process("report", FLOW, before=BREAK)
    assert (code, out) == (4, "") and "RuntimeError: oh" in err and "Traceback" not in err
    code, out, err = process("--debug", "report", FLOW, before=BREAK)
    assert out == "" and "Traceback" in err
    assert code == 4
