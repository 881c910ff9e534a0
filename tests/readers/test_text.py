"""Opening and decoding: only regular local text files, whatever their encoding."""

import os

import pytest

from closo.errors import ReadError
from closo.readers import read
from closo.readers.tools import text

CSV = "f/Hz,Z' [kΩ],-Z''/kOhm\n" + "".join(f"{10.0**k},{k + 1},{2 * k + 1}\n" for k in range(6, 0, -1))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_give_the_same_numbers(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.encode(encoding))
    (data,) = read(path)
    assert data["impedance"].values[0] == 7000 - 13000j


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_line_ends_give_the_same_numbers(tmp_path, end):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.replace("\n", end).encode())
    assert read(path)[0].sizes["point"] == 6


def test_latin_1_micro_sign_and_next_line_character(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("comment \x85 with 5 µm\n".encode("latin-1") + b"f/Hz,Z'/ohm,Z''/ohm\n1,2,-3\n2,3,-4\n")
    loaded = text.load(path)
    assert (loaded.encoding, len(loaded.lines)) == ("latin-1", 5)
    assert read(path)[0].sizes["point"] == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "white space"),
        (b"\x93NUMPY\x01\x00v\x00{'descr'", "NumPy .npy"),
        (b"BIO-LOGIC MODULAR FILE\x1a   ", "Export it as .mpt"),
        (b"PK\x03\x04\x14\x00", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (bytes(range(256)) * 20, "byte 0 is 0x00"),
        (b"freq/Hz\n" + b"\x01\x02\x03" * 900, "byte 8 is 0x01"),
    ],
)
def test_what_is_no_text_is_refused_with_advice(tmp_path, content, message):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=message) as caught:
        read(path)
    assert caught.value.file == str(path)
    assert caught.value.hint


def test_folder_missing_file_and_odd_names_are_refused(tmp_path):
    for path, message in (
        (tmp_path, "a folder"),
        (tmp_path / "none.par", "no such file"),
        (tmp_path / "none.par" / "x", "no such file"),
        (tmp_path / ("x" * 5000), "cannot be opened"),
        ("http://example.org/a.par", "only local files"),
        ("a\0b", "cannot be opened"),
    ):
        with pytest.raises(ReadError, match=message):
            read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFO on this system")
def test_link_fifo_and_device_are_refused_without_waiting(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text(CSV, encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(target)
    os.mkfifo(tmp_path / "fifo.csv")
    for path, message in (
        (tmp_path / "link.csv", "symbolic link"),
        (tmp_path / "fifo.csv", "not a regular file"),
        ("/dev/null", "not a regular"),
    ):
        with pytest.raises(ReadError, match=message):
            read(path)


def test_too_large_a_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text(CSV, encoding="utf-8")
    monkeypatch.setattr(text, "MAX_BYTES", 20)
    monkeypatch.setattr(text, "HEAD_BYTES", 10)
    with pytest.raises(ReadError, match="too large"):
        read(path)


def test_message_shows_printable_text_only():
    assert text.shown("a\x1b[31m\x00b") == "'a?[31m?b'"
    assert len(text.shown("x" * 10_000)) < 60


@pytest.mark.parametrize("size", [12, 13, 20, 1000])
def test_pieces_are_whole_lines_and_lose_no_byte(tmp_path, size):
    content = b"".join(b"%d\n" % 7**k for k in range(12))
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    found = [bytes(piece) for piece in text.pieces(path, 2, len(content), size)]
    assert b"".join(found) == content[2:]
    assert all(piece.endswith(b"\n") and len(piece) <= size for piece in found)


@pytest.mark.parametrize(("size", "beyond"), [(5, 0), (1000, 10)])
def test_a_piece_without_the_end_of_a_line_is_refused(tmp_path, size, beyond):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1\n12345678\n")
    with pytest.raises(ReadError, match="too long, or its end is missing"):
        list(text.pieces(path, 0, 11 + beyond, size))
