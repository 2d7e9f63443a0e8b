"""Transfer and content encodings: undone where every reader would, done again as they were."""

from __future__ import annotations

import base64
import gzip
import quopri
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.codings import undo_content, undo_transfer
from sipcore.imfilter.places import UnreadableError

ROOM = 1 << 16


def why(reader, *arguments) -> str:
    with pytest.raises(UnreadableError) as caught:
        reader(*arguments)
    return str(caught.value)


def again(coding: str, written: bytes, data: bytes) -> bytes:
    """Other data, encoded as what is written was."""
    _, redo = undo_transfer(coding, written)
    return redo(data)


def bare(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


# -- base64


@pytest.mark.parametrize("written", [b"aGVsbG8=", b"aGVsbG8", b"aGVs\r\nbG8=\r\n", b" aGVsbG8=\n", b"a G\tV\r\nsbG8"])
def test_base64_is_read_with_or_without_padding_in_lines_of_any_length(written):
    assert undo_transfer("base64", written)[0] == b"hello"


@pytest.mark.parametrize("written", [b"a", b"aGVsbG8=aGVs", b"aGVs-G8_", b"aG=VsbG8", b"aGVsbG8=\0", b"aGVsb"])
def test_base64_that_readers_take_differently_is_refused(written):
    assert why(undo_transfer, "base64", written) == "not base64"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"aGVsbG8=", b"aGVsbG8gd29ybGQ="),
        (b"aGVsbG8", b"aGVsbG8gd29ybGQ"),
        (b"aGVs\r\nbG8=\r\n", b"aGVs\r\nbG8g\r\nd29y\r\nbGQ=\r\n"),
        (b"aGVsbG\n8=", b"aGVsbG\n8gd29y\nbGQ="),
    ],
)
def test_base64_is_written_with_the_lines_and_the_padding_it_had(written, expected):
    assert again("base64", written, b"hello world") == expected


# -- quoted-printable


@pytest.mark.parametrize(
    ("written", "data"),
    [
        (b"ht=\r\ntp://x", b"http://x"),
        (b"ht= \t\r\ntp", b"http"),
        (b"ht=\ntp=", b"http"),
        (b"a=3Db=3db\r\n", b"a=b=b\r\n"),
    ],
)
def test_quoted_printable_is_put_together(written, data):
    assert undo_transfer("quoted-printable", written)[0] == data


@pytest.mark.parametrize("written", [b"a=b", b"=\rhttp://x\n", b"=4=\r\n1", b"=4", b"==41", b"=  x"])
def test_quoted_printable_that_readers_take_differently_is_refused(written):
    assert why(undo_transfer, "quoted-printable", written) == "not quoted-printable"


def test_an_unknown_transfer_encoding_is_refused():
    assert why(undo_transfer, "x-uuencode", b"") == "Content-Transfer-Encoding: x-uuencode"


@given(st.sampled_from(["base64", "quoted-printable"]), st.binary(max_size=300), st.binary(max_size=300))
def test_what_is_encoded_again_reads_back(coding, before, after):
    encode = base64.encodebytes if coding == "base64" else quopri.encodestring
    data, redo = undo_transfer(coding, encode(before))
    assert data == before
    written = redo(after)
    assert undo_transfer(coding, written)[0] == after
    decode = base64.decodebytes if coding == "base64" else quopri.decodestring
    assert decode(written) == after
    assert coding == "base64" or all(len(line) <= 76 for line in written.split(b"\r\n"))


@given(st.sampled_from(["base64", "quoted-printable"]), st.binary(max_size=60))
def test_transfer_encodings_never_grow_and_never_raise_anything_else(coding, written):
    try:
        data, _ = undo_transfer(coding, written)
    except UnreadableError:
        return
    assert len(data) <= len(written)


# -- gzip and deflate


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("x-gzip", gzip.compress),
                                                ("deflate", zlib.compress), ("deflate", bare)])  # fmt: skip
def test_compressed_data_are_expanded_and_compressed_the_same_way_again(coding, encode):
    data, redo = undo_content(coding, encode(b"hello"), ROOM)
    assert data == b"hello"
    assert undo_content(coding, redo(b"good day"), ROOM)[0] == b"good day"
    assert redo(b"")[:1] == encode(b"")[:1]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_bomb_is_refused_at_the_limit(coding, size):
    encode = gzip.compress if coding == "gzip" else zlib.compress
    assert len(undo_content(coding, encode(b"a" * size), size)[0]) == size
    assert why(undo_content, coding, encode(b"a" * (size + 1)), size) == "expands past the limit"


def test_a_bomb_is_not_expanded_further_than_the_limit(monkeypatch):
    asked = []

    class Machine:
        eof, unused_data = True, b""

        def decompress(self, data, most):
            asked.append(most)
            return b"a" * most

    monkeypatch.setattr(zlib, "decompressobj", lambda wrapping: Machine())
    assert why(undo_content, "gzip", b"bomb", 1000) == "expands past the limit"
    assert asked == [1001]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_data_that_readers_take_differently_are_refused(coding):
    whole = (gzip.compress if coding == "gzip" else zlib.compress)(b"hello " * 100)
    for cut in range(len(whole)):
        with pytest.raises(UnreadableError):
            undo_content(coding, whole[:cut], ROOM)
    for behind in (b"x", whole):
        with pytest.raises(UnreadableError):
            undo_content(coding, whole + behind, ROOM)


def two_faced() -> bytes:
    """Deflate that is good with zlib's wrapping and without, and says something else each time.

    Without it, the two bytes of the wrapping begin a stored block of one byte, behind which stored blocks follow in
    what is text to the other reader.
    """

    def stored(data: bytes, last: bool, size: int | None = None) -> bytes:
        length = len(data) if size is None else size
        return bytes([last]) + length.to_bytes(2, "little") + (0xFFFF ^ length).to_bytes(2, "little") + data

    size = 0xFFFE
    text = b"\0\0\xff\xff" + stored(b"", True, size)
    text += b"a" * (size - len(text))
    return b"\x78\x01" + stored(text, False) + stored(b"", True) + zlib.adler32(text).to_bytes(4, "big")


def test_deflate_that_is_good_with_and_without_its_wrapping_is_refused():
    assert zlib.decompress(two_faced()) != zlib.decompress(two_faced(), -15)
    assert why(undo_content, "deflate", two_faced(), 1 << 20) == "deflate that can be read in two ways"


def test_an_unknown_content_encoding_is_refused():
    assert why(undo_content, "br", b"", ROOM) == "Content-Encoding: br"
