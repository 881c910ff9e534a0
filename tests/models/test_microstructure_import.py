"""Segmented stacks and element maps: round trips, and files that are damaged on purpose."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from closo.errors import ReadError, StudyError
from closo.models.microstructure import from_labels, phases_from_maps, read_stack

STACK = np.random.default_rng(0).integers(0, 3, (4, 6, 5)).astype(np.uint8)


def tiff(stack: np.ndarray, **keywords: object) -> bytes:
    frames = [PIL.Image.fromarray(frame) for frame in np.atleast_3d(stack.T).T]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], **keywords)
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def written(folder: Path, content: bytes, name: str = "stack.tif") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_a_tiff_comes_back(tmp_path, kind, compression):
    stack = STACK.astype(kind) * (1 if kind == np.uint8 else 257)
    found = read_stack(written(tmp_path, tiff(stack, compression=compression)))
    assert np.array_equal(found, stack)
    assert np.array_equal(read_stack(written(tmp_path, tiff(stack[0], compression=compression))), stack[0])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.int64, ">i4", bool])
def test_an_array_comes_back(tmp_path, kind):
    array = (STACK > 1) if kind is bool else STACK.astype(kind)
    for order in (array, np.asfortranarray(array), array[0]):
        assert np.array_equal(read_stack(written(tmp_path, npy(order), "a.npy")), order)


def test_numbers_become_phases_by_the_table_only():
    made = from_labels(STACK[0], {0: 1, 1: 0, 2: 3}, 5e-9)
    assert made.labels.shape == (6, 5, 1)
    assert np.array_equal(made.labels[:, :, 0], np.array([1, 0, 3])[STACK[0]])
    assert made.fractions[0] == pytest.approx((STACK[0] == 1).mean())
    for wrong, said in (({0: 1, 1: 0}, "2 has no phase"), ({0: 1, 1: 0, 2: 9}, "does not exist")):
        with pytest.raises(StudyError, match=said):
            from_labels(STACK, wrong, 5e-9)
    with pytest.raises(StudyError, match="whole numbers"):
        from_labels(STACK.astype(float), {0: 1}, 5e-9)
    with pytest.raises(StudyError, match="256 numbers"):
        from_labels(np.arange(256, dtype=np.uint8).reshape(16, 16), {0: 1}, 5e-9)


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }"


def raw_npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither"),
        (b"\x07\x91\x02\xba\x06\x16\xd8nothing", "neither"),
        (b"\x93NUMPY", "damaged"),
        (b"\x93NUMPY\x07\x00" + bytes(100), "version"),
        (raw_npy("{'descr': [" * 400), "damaged"),
        (raw_npy("nonsense"), "damaged"),
        (raw_npy("(" * 5000), "damaged"),
        (raw_npy(HEADER % "10**9, 10"), "damaged"),
        (raw_npy(HEADER % "99999999999, 99999999999, 99999999"), "announces"),
        (raw_npy(HEADER % "-4, 2", bytes(8)), "shape"),
        (raw_npy(HEADER % "2, 2, 2, 2", bytes(16)), "shape"),
        (raw_npy(HEADER % "0, 4"), "shape"),
        (npy(STACK)[:-1], "announces"),
        (npy(STACK) + b"x", "announces"),
        (npy(STACK.astype(float)), "whole numbers"),
        (npy(np.zeros((2, 2), "U3")), "whole numbers"),
        (npy(np.zeros(3, [("a", "u1")])), "shape"),
        (tiff(STACK)[:60], "damaged"),
        (tiff(STACK.astype(np.float32)), "one channel"),
        (b"II*\x00" + bytes(40), "damaged"),
        (b"II*\x00\xff\xff\xff\xff", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(tmp_path, content, said):
    with pytest.raises(ReadError, match=said) as caught:
        read_stack(written(tmp_path, content))
    assert "stack.tif" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_objects_are_never_loaded(tmp_path):
    content = io.BytesIO()
    np.save(content, np.array([[{"a": 1}]], dtype=object), allow_pickle=True)
    with pytest.raises(ReadError, match="whole numbers"):
        read_stack(written(tmp_path, content.getvalue()))


def test_colours_missing_files_and_folders_are_refused(tmp_path):
    picture = io.BytesIO()
    PIL.Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(picture, "TIFF")
    for path, said in (
        (written(tmp_path, picture.getvalue()), "RGB"),
        (tmp_path / "absent.npy", "opened"),
        (tmp_path, "regular"),
    ):
        with pytest.raises(ReadError, match=said):
            read_stack(path)


@pytest.mark.parametrize(
    "content", [tiff(STACK), tiff(STACK, compression="tiff_lzw"), npy(STACK)], ids=["raw", "lzw", "npy"]
)
def test_any_damage_gives_an_error_or_a_picture(tmp_path, content):
    random = np.random.default_rng(7)
    for _ in range(150):
        damaged = bytearray(content)
        for at in random.integers(0, len(damaged), random.integers(1, 6)):
            damaged[at] = random.integers(256)
        path = written(tmp_path, bytes(damaged[: random.integers(1, len(damaged) + 1)]))
        try:
            found = read_stack(path)
        except ReadError:
            continue
        assert found.ndim in (2, 3)
        assert found.size > 0


def test_element_maps_are_segmented_by_the_largest_signal_or_by_thresholds():
    silicon = np.array([[100.0, 10.0, 0.0], [90.0, 0.0, 0.0]])
    sodium = np.array([[1.0, 4.0, 5.0], [1.0, 5.0, 0.0]])  # weaker in counts, as strong in its own scale
    maps = {"Si": silicon, "Na": sodium, "C": np.ones((2, 3))}
    labels = phases_from_maps(maps, {"Si": 0, "Na": 1})
    assert labels.tolist() == [[0, 1, 1], [0, 1, 3]]
    assert phases_from_maps(maps, {"Si": 0, "Na": 1}, otherwise=1).tolist() == [[0, 1, 1], [0, 1, 1]]
    by_threshold = phases_from_maps(maps, {"Si": 0, "Na": 1}, thresholds={"Si": 10.0, "Na": 2.0})
    assert by_threshold.tolist() == [[0, 0, 1], [0, 1, 3]]  # silicon has precedence


@pytest.mark.parametrize(
    ("maps", "said"),
    [
        ({"Si": np.ones((2, 2))}, "no map of 'Na'"),
        ({"Si": np.ones((2, 2)), "Na": np.ones((2, 3))}, "sizes"),
        ({"Si": np.ones((2, 2)), "Na": np.full((2, 2), np.nan)}, "finite"),
        ({"Si": np.ones((2, 2)), "Na": -np.ones((2, 2))}, "negative"),
        ({"Si": np.ones((2, 2)), "Na": np.zeros((2, 2))}, "no signal"),
        ({"Si": np.ones((2, 2)), "Na": np.array([["a", "b"]])}, "finite"),
    ],
)
def test_maps_that_cannot_be_used_are_refused(maps, said):
    with pytest.raises(StudyError, match=said):
        phases_from_maps(maps, {"Si": 0, "Na": 1})
