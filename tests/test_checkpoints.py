"""Checkpoints: files of arrays read one by one, the order of a run, which array is which block; and every way in which they can be wrong."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from conslaw_cli.checkpoints.archives import natural, opened
from conslaw_cli.checkpoints.faults import CheckpointError
from conslaw_cli.checkpoints.options import maps, velocities
from conslaw_cli.checkpoints.runs import archives, array_at, moments, shapes_at
from conslaw_cli.checkpoints.searching import Wanted, match
from conslaw_cli.checkpoints.selecting import selection

RNG = np.random.default_rng(0)
W1, W2, B1 = RNG.normal(size=(3, 2)), RNG.normal(size=(1, 3)), RNG.normal(size=3)
STATE = {"fc1.weight": W1, "fc1.bias": B1, "fc2.weight": W2}
BLOCKS = {"W1": (3, 2), "b1": (3,), "W2": (1, 3)}


def raw_safetensors(path, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return str(path)


def saved(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return str(path)


def said(call, *arguments):
    """The one message of what is refused, safe to print."""
    with pytest.raises(CheckpointError) as caught:
        call(*arguments)
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    return str(caught.value)


def read_all(path):
    with opened(str(path)) as archive:
        return {name: archive.read(name) for name in archive.shapes}


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed, lambda path, **arrays: save_file(arrays, path)])
def test_arrays_are_read_as_they_were_written(tmp_path, save):
    arrays = {"W10": W1, "W2": W2.astype("f2"), "n": np.array(7), "empty": np.zeros((0, 3)), "columns": np.asfortranarray(W1.T)}
    arrays = {name: np.ascontiguousarray(array) if save not in (np.savez, np.savez_compressed) else array for name, array in arrays.items()}
    path = tmp_path / ("a.npz" if save in (np.savez, np.savez_compressed) else "a.safetensors")
    save(path, **arrays)
    found = read_all(path)
    assert all(np.array_equal(found[name], array) and found[name].dtype == array.dtype for name, array in arrays.items())
    assert list(found) == sorted(arrays, key=natural) and list(found).index("W2") < list(found).index("W10")


def test_natural_order_takes_numbers_as_numbers():
    assert sorted(["fc10.w", "fc2.w", "fc2.b", "a", "fc" + "9" * 5000, "fc007"], key=natural)[:5] == ["a", "fc2.b", "fc2.w", "fc007", "fc10.w"]


def test_bfloat16_is_read_as_float32(tmp_path):
    words = np.array([0x3F80, 0x4000, 0xBF80, 0x3EAA], dtype="<u2")
    path = raw_safetensors(tmp_path / "b_1.safetensors", {"w": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}, words.tobytes())
    assert np.array_equal(read_all(path)["w"], np.array([[1, 2], [-1, 0.33203125]], dtype="f4"))
    with opened(path) as archive:
        assert np.array_equal(archive.frame("w", 1), np.array([-1, 0.33203125], dtype="f4"))


def test_kinds_of_numbers_that_nobody_trains_in_are_refused(tmp_path):
    path = raw_safetensors(tmp_path / "b_1.safetensors", {"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, b"12")
    assert "F8_E4M3" in said(read_all, path)


WHOLE = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


@pytest.mark.parametrize(
    "header, data, length",
    [
        (WHOLE, b"1234", None),
        (WHOLE, b"", None),
        (WHOLE, b"12345678", 2**62),
        (b"{}{}", b"", None),
        ({"w": {"dtype": "F32", "shape": [2**60, 2**60], "data_offsets": [0, 8]}}, b"12345678", None),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, b"12345678", None),
        ({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**63]}}, b"12345678", None),
    ],
)
def test_truncated_and_hostile_headers_are_refused(tmp_path, header, data, length):
    path = raw_safetensors(tmp_path / "m_1.safetensors", header, data, length)
    message = said(opened, path)
    assert message.startswith(f"{path}: is no .safetensors file, or a damaged one") and "\n" not in message


def test_shapes_without_entries_that_numpy_does_not_have_are_refused(tmp_path):
    header = {"w": {"dtype": "F32", "shape": [2**62, 0], "data_offsets": [0, 0]}}
    with opened(raw_safetensors(tmp_path / "m_1.safetensors", header)) as archive:
        assert "cannot be read (array is too big" in said(archive.read, "w")


def test_without_safetensors_a_line_says_what_to_install(tmp_path, monkeypatch):
    path = raw_safetensors(tmp_path / "m_1.safetensors", WHOLE, b"12345678")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert said(opened, path).endswith("pip install 'conslaw[safetensors]'")


@pytest.mark.parametrize("cut", [0, 10, 300, -1])
def test_a_truncated_npz_is_refused(tmp_path, cut):
    path = tmp_path / "c_1.npz"
    np.savez(path, W1=np.zeros((50, 50)))
    path.write_bytes(path.read_bytes()[:cut])
    assert "is no .npz file, or a damaged one" in said(read_all, path)


def npy(shape, data=b""):
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(written, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return written.getvalue() + data


@pytest.mark.parametrize("content", [npy((10**7, 10**7)), npy((2,), b"12"), npy((10**30,)), b"\x93NUMPY\x01\x00", b"junk", b""])
def test_arrays_larger_than_their_file_allocate_nothing(tmp_path, content):
    path = tmp_path / "c_1.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("W1.npy", content)
    assert "cannot be read" in said(read_all, path)


def test_what_is_said_of_a_header_is_the_same_in_every_run(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (9**9**9,), }\n"
    with zipfile.ZipFile(tmp_path / "c_1.npz", "w") as file:
        file.writestr("W1.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    message = said(read_all, tmp_path / "c_1.npz")
    assert "malformed node" in message and "0x" not in message


def test_a_flipped_bit_is_seen(tmp_path):
    path = tmp_path / "c_1.npz"
    np.savez(path, W1=W1)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"W1.npy") + 200] ^= 1
    path.write_bytes(damaged)
    assert "cannot be read" in said(read_all, path)


def test_pickles_are_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    np.savez(tmp_path / "c_1.npz", W1=np.array([Bomb()], dtype=object))
    assert "holds Python objects, which are never unpickled" in said(read_all, tmp_path / "c_1.npz")
    for suffix in (".pt", ".pth", ".ckpt", ".pkl", ".bin"):
        path = tmp_path / f"c_1{suffix}"
        path.write_bytes(b"cos\nsystem\n")
        message = said(moments, [str(path)])
        assert "is a pickle" in message and "torch.load" in message and "safetensors.torch.save_file" in message
    (tmp_path / "c_2.npz").write_bytes(b"cos\nsystem\n")
    assert "is no .npz file" in said(moments, [str(tmp_path / "c_2.npz")])
    assert not (tmp_path / "harm").exists()


def test_other_files_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("step 1")
    assert "is no checkpoint that can be read" in said(moments, [str(tmp_path / "notes.txt")])
    assert "no such file or folder" in said(moments, [str(tmp_path / "no\x1bwhere")])
    assert "neither a file nor a folder" in said(moments, [os.devnull])


# --- runs -------------------------------------------------------------------------------------------------------------


def test_a_folder_is_sorted_by_step_not_by_name(tmp_path):
    for step in (2, 10, 1):
        saved(tmp_path / f"ckpt_v2_{step}.npz", W1=W1)
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / ".hidden_3.npz").write_text("")
    assert [moment.step for moment in moments([str(tmp_path)])] == [1, 2, 10]


def test_an_array_named_step_says_more_than_a_name(tmp_path):
    for number, step in ((1, 300), (2, np.array([200]))):
        saved(tmp_path / f"epoch_{number}.npz", W1=W1, step=step, t=0.5 * float(np.max(step)))
    assert [(moment.step, moment.time) for moment in moments([str(tmp_path)])] == [(200, 100.0), (300, 150.0)]


def test_the_step_may_be_in_the_folder_s_name(tmp_path):
    for name in ("model.npz", "model-00001-of-00001.npz"):
        for step in (100, 20):
            saved(tmp_path / name / f"checkpoint-{step}" / name, W1=W1)
        assert [moment.step for moment in moments([str(tmp_path / name)])] == [20, 100]
        assert [moment.step for moment in moments([str(tmp_path / name / f"checkpoint-{step}" / name) for step in (20, 100)])] == [20, 100]


def test_formats_may_be_mixed(tmp_path):
    saved(tmp_path / "a_1.npz", W1=W1)
    save_file({"W1": W1}, tmp_path / "a_2.safetensors")
    run = moments([str(tmp_path)])
    assert [array_at(moment, archive, "W1").tolist() for moment, archive in archives(run)] == [W1.tolist()] * 2


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no checkpoints" in said(moments, [str(tmp_path / "empty")])
    first, second = (saved(tmp_path / f"c_{step}.npz", W1=W1) for step in (100, 20))
    assert "one checkpoint only" in said(moments, [first])
    assert said(moments, [first, second]).startswith(f"{second}: unsorted steps: step 20 comes after step 100 of {first}")
    assert "step 20 is there twice" in said(moments, [second, second])
    assert "step 20 is there twice" in said(moments, [second, saved(tmp_path / "other" / "d_20.npz", W1=W1)])
    assert "has no step" in said(moments, [saved(tmp_path / "plain" / "model.npz", W1=W1)])
    assert "no whole number" in said(moments, [saved(tmp_path / "half.npz", W1=W1, step=0.5)])
    assert "no finite number" in said(moments, [saved(tmp_path / "nan.npz", W1=W1, step=np.nan)])
    assert '"t", which other' in said(moments, [saved(tmp_path / "x_1.npz", W1=W1, t=0.1), saved(tmp_path / "x_2.npz", W1=W1)])
    assert "unsorted times" in said(moments, [saved(tmp_path / "y_1.npz", W1=W1, t=0.1), saved(tmp_path / "y_2.npz", W1=W1, t=0.1)])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed, lambda path, **arrays: save_file(arrays, path)])
@pytest.mark.parametrize("columns", [False, True])
def test_a_run_in_one_file(tmp_path, save, columns):
    path = tmp_path / ("run.npz" if save in (np.savez, np.savez_compressed) else "run.safetensors")
    states = RNG.normal(size=(4, 3, 2))
    stored = np.asfortranarray(states) if columns and path.suffix == ".npz" else states
    save(path, W1=stored, step=np.array([0, 5, 10, 15]), t=np.arange(4) / 2)
    run = moments([str(path)])
    assert [(moment.step, moment.time, moment.counted) for moment in run] == [(0, 0.0, True), (5, 0.5, True), (10, 1.0, True), (15, 1.5, True)]
    found = [(shapes_at(moment, archive)["W1"], array_at(moment, archive, "W1").tolist()) for moment, archive in archives(run)]
    assert found == [((3, 2), state.tolist()) for state in states]


def test_frames_may_be_skipped_and_read_again(tmp_path):
    states = RNG.normal(size=(5, 3, 2))
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "run.npz", W1=states)
        with opened(str(tmp_path / "run.npz")) as archive:
            for k in (1, 3, 0, 0, 4):
                assert np.array_equal(archive.frame("W1", k), states[k])


def test_a_run_with_times_only_counts_its_states(tmp_path):
    run = moments([saved(tmp_path / "run.npz", W1=np.zeros((3, 3, 2)), t=np.array([0.0, 0.1, 0.2]))])
    assert [(moment.step, moment.counted) for moment in run] == [(0, False), (1, False), (2, False)]


def test_bad_runs_in_one_file(tmp_path):
    assert "unsorted steps" in said(moments, [saved(tmp_path / "a.npz", W1=np.zeros((3, 3, 2)), step=[0, 2, 1])])
    assert "unsorted times" in said(moments, [saved(tmp_path / "a.npz", W1=np.zeros((3, 3, 2)), t=[0, 2, 1])])
    message = said(moments, [saved(tmp_path / "a.npz", W1=np.zeros((2, 3, 2)), t=[0, 1, 2])])
    assert "W1 has shape 2×3×2, without the leading axis of 3 states" in message
    assert '"step" has shape 3×1' in said(moments, [saved(tmp_path / "a.npz", W1=np.zeros((3, 3, 2)), t=[0, 1, 2], step=[[1], [2], [3]])])


def test_numbers_that_are_not_finite_are_told_with_array_step_and_number(tmp_path):
    bad = W1.copy()
    bad[0, 0], bad[1] = np.nan, np.inf
    run = moments([saved(tmp_path / "c_1.npz", W1=W1), saved(tmp_path / "c_7.npz", W1=bad)])
    message = said(lambda: [array_at(moment, archive, "W1") for moment, archive in archives(run)])
    assert message.startswith(f"{run[1].file}: W1 has 3 entries that are not finite at step 7 (1 of them NaN, the others infinite)")


@pytest.mark.parametrize("array", [W1 + 1j, W1 > 0, np.array([["a"]])])
def test_what_is_no_real_number_is_refused(tmp_path, array):
    run = moments([saved(tmp_path / f"c_{step}.npz", W1=array) for step in (1, 2)])
    assert "W1 holds no real numbers" in said(lambda: [array_at(moment, archive, "W1") for moment, archive in archives(run)])


# --- parts of arrays --------------------------------------------------------------------------------------------------

A = np.arange(24.0).reshape(4, 6)
KEYS = {"a": A, "a.T": A + 100, "a.b": A + 200, "h.0[x]": A + 300, "-a": A + 400, "3d": np.arange(24.0).reshape(2, 3, 4)}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a", A),
        ("a.T", A + 100),
        ("a.T.T", (A + 100).T),
        ("a[0]", A[0]),
        ("a[ 1:3 , ::2 ]", A[1:3, ::2]),
        ("a[:, -1]", A[:, -1]),
        ("a[..., 0]", A[..., 0]),
        ("a[::-1].T[0:2]", A[::-1].T[0:2]),
        ("a.reshape(2, 12)", A.reshape(2, 12)),
        ("a.reshape(-1)[3]", A.reshape(-1)[3]),
        ("a.b[0:2, 1:]", (A + 200)[0:2, 1:]),
        ("h.0[x].T", (A + 300).T),
        ("h.0[x][1]", (A + 300)[1]),
        ("3d.T[1]", KEYS["3d"].T[1]),
        ("3d[:, 0].reshape(8,)", KEYS["3d"][:, 0].reshape(8)),
        ("-a", A + 400),
        ("-a.b.T", -(A + 200).T),
    ],
)
def test_selections_mean_what_numpy_means(text, expected):
    found = selection(text, KEYS)
    array = KEYS[found.key]
    assert np.array_equal(found.of(array), expected)
    assert found.shape_of(array.shape) == expected.shape
    assert np.array_equal(selection(str(found), KEYS).of(array), expected)


@pytest.mark.parametrize(
    "text, part",
    [
        ("b", "has no array b"),
        ("c.weight.T[0:3]", "has no array c.weight; did you mean"),
        ("a[", "[ is no part of an array"),
        ("a[0", "[0 is no part of an array"),
        ("a[None]", "is no part of an array"),
        ("a[__import__('os')]", "is no part of an array"),
        ("a[0:1:2:3]", "is no part of an array"),
        ("a.reshape()", "is no part of an array"),
        ("a.reshape(1e3)", "is no part of an array"),
        ("a[99999999999999]", "is no part of an array"),
        ("a.c", "has no array a.c"),
        ("", "has no array"),
    ],
)
def test_other_texts_are_refused(text, part):
    assert part in said(selection, text, [*KEYS, "c.weights"])


@pytest.mark.parametrize("text", ["a[9]", "a[0, 0, 0]", "a.reshape(5)", "a.reshape(-1, -1)", "a[::0]", "a[..., ...]"])
def test_operations_that_do_not_fit_are_refused(text):
    assert "does not fit a, which is 4×6" in said(selection(text, KEYS).shape_of, (4, 6))


def test_shapes_are_found_without_allocating():
    assert selection("a.b.T[0:10].reshape(-1)", KEYS).shape_of((10**9, 10**6)) == (10**10,)


# --- which array is which block ---------------------------------------------------------------------------------------


def found(shapes, blocks=BLOCKS, needed=None, moving=(), told=(), of_velocities=()):
    of_blocks, pattern = velocities(of_velocities, blocks)
    wanted = Wanted(blocks, frozenset(blocks if needed is None else needed), frozenset(moving), maps(told, blocks), of_blocks, pattern)
    shapes = {name: np.shape(array) if not isinstance(array, tuple) else array for name, array in shapes.items()}
    return {name: str(where) for name, where in match(wanted, dict(sorted(shapes.items(), key=lambda one: natural(one[0]))), "c_1.npz").found.items()}


BY_SHAPE = {"W1": "fc1.weight", "b1": "fc1.bias", "W2": "fc2.weight"}


def test_blocks_are_found_by_name_then_by_shape():
    assert found({"W1": W1, "b1": B1, "W2": W2, "other": W1}) == {"W1": "W1", "b1": "b1", "W2": "W2"}
    assert found(STATE) == BY_SHAPE
    assert found({**STATE, "running_mean": np.zeros(7), "step": 3, "t": 1.0}) == BY_SHAPE
    assert found({"W1": W1, "0.bias": B1, "2.weight": W2}) == {"W1": "W1", "b1": "0.bias", "W2": "2.weight"}


def test_equal_shapes_are_told_apart_by_numbers():
    blocks = {"W1": (3, 3), "W2": (3, 3), "W3": (3, 3)}
    assert list(found({f"layers.{k}.weight": (3, 3) for k in (10, 9, 2)}, blocks).values()) == [f"layers.{k}.weight" for k in (2, 9, 10)]
    for names in (("encoder", "decoder", "head"), ("a1", "a2", "b3")):
        message = said(found, {name: (3, 3) for name in names}, blocks)
        assert message.startswith("c_1.npz: W1, W2, W3 are 3×3, as are ") and all(name in message for name in names) and "--map W1=" in message
    message = said(found, {"fc1": (3, 3), "fc2": (3, 3)}, blocks)
    assert "W1, W2, W3 are 3×3, as are fc1, fc2" in message
    told = ("W1=head", "W2=encoder")
    assert found({name: (3, 3) for name in ("encoder", "decoder", "head")}, blocks, told=told)["W3"] == "decoder"


def test_state_of_the_optimizer_is_no_block():
    both = {**STATE, **{f"momentum.{name}": array for name, array in STATE.items()}}
    assert found(both) == BY_SHAPE
    assert found({**STATE, **{f"{name}.exp_avg": array for name, array in STATE.items()}}) == BY_SHAPE
    assert "W1 is 3×2, as are copy_of_fc1, fc1.weight" in said(found, {**STATE, "copy_of_fc1": W1})


def test_layers_that_are_stored_transposed_are_not_mixed_up():
    blocks, turned = {"W1": (3, 2), "W2": (2, 3)}, {"dense_1.kernel": (2, 3), "dense_2.kernel": (3, 2)}
    assert "--map W1=dense_1.kernel.T --map W2=dense_2.kernel.T" in said(found, turned, blocks)
    told = ("W1=dense_1.kernel.T", "W2=dense_2.kernel.T")
    assert found(turned, blocks, told=told) == {"W1": "dense_1.kernel.T", "W2": "dense_2.kernel.T"}
    message = said(found, {"W1": (2, 3), "W2": (3, 2)}, blocks)
    assert "W1 is 2×3 here and 3×2 in the spec; W2 is 3×2 here and 2×3 in the spec; --map W1=W1.T is of that shape" in message
    assert "fc1 is 2×3; --map W1=fc1.T is of that shape" in said(found, {"fc1": (2, 3), "fc2": (1, 3), "b": (3,)})


def test_arrays_that_are_found_are_no_hints():
    blocks = {"Q": (4, 2), "K": (4, 2), "O": (2, 4)}
    message = said(found, {"c_attn": (4, 4), "c_proj": (2, 4)}, blocks)
    assert message.startswith("c_1.npz: no array has the shape 4×2 of Q, K; ") and "c_proj.T" not in message


def test_what_is_missing_is_told_with_the_nearest():
    message = said(found, {"W1": W1, "b1": B1, "w_2": np.zeros((1, 4))})
    assert message.startswith('c_1.npz: no array has the shape 1×3 of W2; did you mean "w_2" (1×4)?') and "the file holds W1 3×2, b1 3, w_2 1×4" in message
    assert "W1" in said(found, {}) and "b1" in said(found, {}) and "holds no arrays" in said(found, {})


def test_blocks_that_no_law_is_of_may_be_missing():
    assert found({"fc1.weight": W1, "fc2.weight": W2}, needed=("W1", "W2")) == {"W1": "fc1.weight", "W2": "fc2.weight"}


@pytest.mark.parametrize(
    "told, part",
    [
        ("W1=fc2.weight", "fc2.weight is 1×3, W1 is 3×2"),
        ("W2=fc1.weight.T", "fc1.weight.T is 2×3, W2 is 1×3"),
        ("W1=fc1.weight.T", "--map W1=fc1.weight is of that shape"),
        ("W1=fc1.wieght", 'did you mean "fc1.weight"'),
        ("W3=fc1.weight", "there is no block W3"),
        ("W1", "is not BLOCK=KEY"),
        ("W1=", "is not BLOCK=KEY"),
    ],
)
def test_maps_that_are_wrong(told, part):
    assert part in said(lambda: found(STATE, told=(told,)))


def test_a_block_is_mapped_once():
    assert "W1 is said already" in said(lambda: found(STATE, told=("W1=fc1.weight", "W1=fc1.weight")))


def test_velocities():
    both = {**STATE, **{f"momentum.{name}": array for name, array in STATE.items()}}
    assert found({**STATE, "dW1": W1, "dW2": W2}, moving=("W1", "W2"))["dW1"] == "dW1"
    assert found(both, moving=("W1",), of_velocities=("-momentum.*",))["dW1"] == "-momentum.fc1.weight"
    assert found(both, moving=("W1",), of_velocities=("W1=-momentum.fc1.weight",))["dW1"] == "-momentum.fc1.weight"
    assert found(both, moving=("W1",), of_velocities=("dW1=momentum.fc1.weight",))["dW1"] == "momentum.fc1.weight"
    turned = {**both, "fc1.weight": W1.T, "momentum.fc1.weight": W1.T}
    assert found(turned, moving=("W1",), told=("W1=fc1.weight.T",), of_velocities=("-momentum.*",))["dW1"] == "-momentum.fc1.weight.T"
    vee = {**STATE, **{f"v.{name}": array for name, array in STATE.items()}, "v.fc3.weight": np.zeros((4, 4))}
    assert found(vee, {**BLOCKS, "W3": (4, 4)}, moving=("W1",), of_velocities=("-v.*",))["W3"] == "v.fc3.weight"
    renamed = {**STATE, **{f"buf_{name}": array for name, array in STATE.items()}}
    assert found(renamed, moving=("W1",), of_velocities=("-buf_*",))["W1"] == "fc1.weight"
    assert "momentum_buffer" in said(lambda: found(STATE, moving=("W1",)))
    assert "has no array momentum.fc1.weight, the velocity of W1; before its first step" in said(lambda: found(STATE, moving=("W1",), of_velocities=("-momentum.*",)))
    assert "a pattern already" in said(lambda: found(both, moving=("W1",), of_velocities=("-momentum.*", "x.*")))


@pytest.mark.parametrize(
    "later, part",
    [
        ({"fc1.weight": W1, "fc1.bias": B1, "fc2.wheight": W2}, 'has no array fc2.weight at step 2, as {} has; did you mean "fc2.wheight"?'),
        ({**STATE, "fc1.weight": W1.T}, "fc1.weight is 2×3 at step 2, and 3×2 in {}"),
    ],
)
def test_later_checkpoints_must_hold_the_same(tmp_path, later, part):
    run = moments([saved(tmp_path / "c_1.npz", **STATE), saved(tmp_path / "c_2.npz", **later)])
    wanted, shapes = Wanted(BLOCKS, frozenset(BLOCKS), frozenset(), {}, {}), {name: array.shape for name, array in STATE.items()}
    matching = match(wanted, shapes, run[0].file)
    message = said(lambda: [matching.arrays(moment, archive) for moment, archive in archives(run)])
    assert message.startswith(f"{run[1].file}: {part.format(run[0].file)}")


def test_parts_of_one_array_are_blocks(tmp_path):
    path = saved(tmp_path / "c_1.npz", **{"attn.c_attn.weight": np.arange(36.0).reshape(3, 12)})
    other = saved(tmp_path / "c_2.npz", **{"attn.c_attn.weight": np.arange(36.0).reshape(3, 12) + 1})
    blocks = {"Q": (4, 3), "K": (4, 3), "V": (4, 3)}
    told = {name: f"attn.c_attn.weight.T[{4 * k}:{4 * k + 4}]" for k, name in enumerate(blocks)}
    for moment, archive in archives(moments([path, other])):
        arrays = match(Wanted(blocks, frozenset(blocks), frozenset(), told, {}), archive.shapes, path).arrays(moment, archive)
        whole = np.arange(36.0).reshape(3, 12) + moment.step - 1
        assert all(np.array_equal(arrays[name], whole.T[4 * k : 4 * k + 4]) for k, name in enumerate(blocks))
