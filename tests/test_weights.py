"""Weights of one's own: branches are taken at the arrays of an .npz file, and every way in which a file can be wrong is one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conslaw_cli import analyze
from conslaw_cli.spec import SpecError, normalised, parse_spec, read_spec, spec_sha256

RNG = np.random.default_rng(0)
W1, W2 = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))
MODEL = {"network": "W2 @ relu(W1 @ x + b)", "parameters": {"W1": [3, 2], "W2": [2, 3], "b": [3]}, "inputs": {"x": [2]}}
DEAD = np.array([-1000.0, 0.0, 1000.0])
"""Biases with which one unit is dead, and one always active."""
SPEC = """\
[model]
network = "W2 @ relu(W1 @ x + b)"
at = { weights = "init.npz" }
[model.parameters]
W1 = [3, 2]
W2 = [2, 3]
b = 3
[model.inputs]
x = 2
"""


def at(weights):
    return {"model": {**MODEL, "at": {"weights": weights}}}


def written(folder, **arrays):
    """The spec beside a file of these arrays."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / "init.npz", **arrays)
    (folder / "spec.toml").write_text(SPEC)
    return folder / "spec.toml"


def refused(spec):
    with pytest.raises(SpecError) as caught:
        read_spec(spec) if not isinstance(spec, dict) else parse_spec(spec)
    (problem,) = caught.value.problems
    assert problem.key == "[model] at" and "\n" not in str(problem)
    return problem.message


def test_branches_are_taken_at_the_weights(tmp_path):
    report = analyze(written(tmp_path, W1=W1, W2=W2, b=DEAD))
    assert (report.region.around, report.region.units, report.region.dead, report.region.linear) == ("init.npz", 3, 1, 1)
    usual = analyze(written(tmp_path, W1=W1, W2=W2, b=np.zeros(3)))
    assert (usual.region.dead, usual.region.linear) == (0, 0) and usual.laws.independent < report.laws.independent


def test_seeds_are_regions():
    assert analyze({"model": {**MODEL, "at": {"seed": 3}}}).region.around == "a Gaussian initialization, seed 3"
    assert analyze({"model": MODEL}).region.around == "a Gaussian initialization, seed 0"


def test_numbers_in_the_place_of_a_file():
    arrays = {"W1": W1, "W2": W2, "b": DEAD}
    report = analyze(at(arrays))
    assert (report.region.around, report.region.dead) == ("the weights given", 1)
    lists = {name: array.tolist() for name, array in arrays.items()}
    assert spec_sha256(parse_spec(at(arrays))) == spec_sha256(parse_spec(at(lists)))


def test_hash_and_normalised_spec_follow_what_the_file_holds(tmp_path):
    first = read_spec(written(tmp_path, W1=W1, W2=W2, b=DEAD))
    again = read_spec(written(tmp_path / "elsewhere", b=DEAD, W2=W2, W1=W1))
    other = read_spec(written(tmp_path, W1=W1, W2=W2, b=DEAD + 1))
    assert spec_sha256(first) == spec_sha256(again) != spec_sha256(other)
    assert normalised(first) == normalised(again) != normalised(other)


def test_the_normalised_spec_needs_no_file(tmp_path):
    path = written(tmp_path, W1=W1, W2=W2, b=DEAD)
    spec = read_spec(path)
    (tmp_path / "init.npz").unlink()
    back = parse_spec(json.loads(json.dumps(normalised(spec))))
    assert (back.model, spec_sha256(back)) == (spec.model, spec_sha256(spec))


def test_a_report_has_the_digest_not_the_numbers(tmp_path):
    model = analyze(written(tmp_path, W1=W1, W2=W2, b=DEAD)).to_dict()["model"]
    assert model["at"]["weights"] == "init.npz" and len(model["at"]["sha256"]) == 64 and len(model["at"]) == 2


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"W1": W1.T, "W2": W2, "b": DEAD}, "W1 has shape (2, 3) in init.npz, (3, 2) in parameters"),
        ({"W1": W1, "w2": W2, "b": DEAD}, "init.npz has no W2 (but w2)"),
        ({"W1": W1, "W2": W2, "b": DEAD, "zeta": W1}, "init.npz has zeta, which is no parameter"),
        ({"W1": np.full((3, 2), np.nan), "W2": W2, "b": DEAD}, "W1 has entries that are not finite"),
        ({"W1": W1, "W2": W2, "b": np.full(3, np.inf)}, "b has entries that are not finite"),
        ({"W1": np.array([[object()]]), "W2": W2, "b": DEAD}, "holds Python objects, which are never unpickled"),
        ({"W1": np.array([["a"]]), "W2": W2, "b": DEAD}, "W1 holds no real numbers (<U1)"),
        ({"W1": W1 + 1j, "W2": W2, "b": DEAD}, "W1 holds no real numbers (complex128)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, said):
    assert said in refused(written(tmp_path, **arrays))


def test_files_that_cannot_be_read(tmp_path):
    path = written(tmp_path, W1=W1, W2=W2, b=DEAD)
    file = tmp_path / "init.npz"
    whole = file.read_bytes()
    for content, said in [(whole[:300], "is no .npz file, or a damaged one"), (b"", "is no .npz file"), (b"cos\nsystem\n", "is no .npz file")]:
        file.write_bytes(content)
        assert said in refused(path)
    damaged = bytearray(whole)
    damaged[whole.index(b"W1.npy") + 200] ^= 255
    file.write_bytes(damaged)
    assert "cannot be read" in refused(path)
    file.unlink()
    assert "no such file" in refused(path)
    file.mkdir()
    assert "is no file" in refused(path)


@pytest.mark.parametrize("given", [{}, {"seed": -1}, {"seed": 1.5}, {"weights": 3}, {"weights": ""}, {"seed": 1, "weights": "x.npz"}, "init.npz", {"weights": "a\0"}])
def test_what_names_no_parameters(given):
    refused({"model": {**MODEL, "at": given}})


def test_sweeps_find_the_file_too(tmp_path, monkeypatch):
    from conslaw_cli.spec import read_cases

    path = written(tmp_path, W1=W1, W2=W2, b=DEAD)
    path.write_text(SPEC + '[sweep]\ndynamics.damping = ["3/t", "tau"]\n[dynamics]\nkind = "momentum"\n')
    monkeypatch.chdir("/")
    assert len(read_cases(path)) == 2


def test_a_phi_with_branches_has_a_region():
    report = analyze({"model": {"phi": "relu(U) @ V", "parameters": {"U": [3, 2], "V": [2, 3]}}})
    assert (report.region.patterns, report.region.units) == (1, 6) and report.status == "proved"
    assert "around theta*" in report.model.domain
