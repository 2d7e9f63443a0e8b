"""The structure of MIME: headers of parts, parameters, boundaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.mime import Kind, content_of, kind_of, line_end, read_header, split, transfer_of
from sipcore.imfilter.places import UnreadableError


def header(data: bytes, eol: bytes = b"\r\n"):
    return read_header(data, 0, len(data), eol)


def parts(data: bytes, boundary: str = "b", most: int = 100) -> list[bytes]:
    return [data[start:end] for start, end in split(data, boundary, most).parts]


def why(reader, *arguments) -> str:
    with pytest.raises(UnreadableError) as caught:
        reader(*arguments)
    return str(caught.value)


# -- headers of parts -------------------------------------------------------------------------------------------------


def test_a_header_is_its_fields_and_where_the_body_begins():
    data = b"Content-Type: text/plain\r\nX:y \r\n\r\nbody"
    found = header(data)
    assert [(field.name, field.value) for field in found.fields] == [("content-type", "text/plain"), ("x", "y")]
    assert data[slice(*found.fields[0].span)] == b"text/plain"
    assert data[found.body :] == b"body"


def test_a_header_may_be_empty():
    found = header(b"\r\nbody")
    assert found == ((), 2)


def test_a_folded_value_is_put_together():
    assert header(b"a: one\r\n two\r\n\tthree\r\n\r\n").values("A") == ["one two\tthree"]


def test_a_list_of_encodings_comes_apart_and_nothing_else_does():
    found = header(b"Content-Encoding: gzip, deflate\r\nContent-Encoding: x\r\nContent-Type: a,b\r\n\r\n")
    assert found.values("Content-Encoding") == ["gzip", "deflate", "x"]
    assert found.values("Content-Type") == ["a,b"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Content-Type: text/plain", "a header that does not end"),
        (b"a: b\nContent-Type: image/gif\r\n\r\n", "a header with a control character, or with mixed line ends"),
        (b"a: b\rContent-Type: image/gif\r\n\r\n", "a header with a control character, or with mixed line ends"),
        (b"a: b\0c\r\n\r\n", "a header with a control character, or with mixed line ends"),
        (b"a: b\r\n \r\nc: d\r\n\r\n", "a header with a line that is no field"),
        (b" a: b\r\n\r\n", "a header with a line that is no field"),
        (b"hello\r\n\r\n", "a header with a line that is no field"),
        (b"a b: c\r\n\r\n", "a header with a line that is no field"),
        (b"a:b\r\n" * 257 + b"\r\n", "a header of too many lines"),
    ],
)
def test_a_header_that_readers_take_differently_is_refused(data, reason):
    assert why(header, data) == reason


def test_lines_end_as_the_first_one_does():
    assert [line_end(data) for data in (b"a\r\nb\n", b"a\nb\r\n", b"\na", b"a")] == [b"\r\n", b"\n", b"\n", b"\r\n"]


# -- media types and encodings ----------------------------------------------------------------------------------------


def test_a_parameter_is_found_in_any_case_and_quoted():
    kind = Kind.parse('Multipart/Mixed; BOUNDARY="a b"')
    assert (kind.essence, kind.param("boundary"), kind.param("charset")) == ("multipart/mixed", "a b", None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("text/plain;charset=a;charset=b", "charset given twice"),
        ("text/plain;charset=a;Charset*=utf-8''b", "charset given twice"),
        ('text/plain;x="charset=a";charset=b', "charset given twice"),
        ("text/plain;charset*=utf-8''b", "charset is unclear"),
        ("text/plain;charset*0=a", "charset is unclear"),
        ('text/plain;x="charset=a"', "charset is unclear"),
        ('text/plain;charset="utf\\-8"', "charset is unclear"),
    ],
)
def test_a_parameter_that_readers_take_differently_is_refused(written, reason):
    assert why(Kind.parse(written).param, "charset") == reason


@pytest.mark.parametrize(
    "written", ["", "text", "text/plain;", "text/plain (comment)", "text/plain, image/gif", "\udcff"]
)
def test_what_is_no_media_type_is_refused(written):
    assert why(Kind.parse, written) == "not a media type"


def test_two_types_are_refused_and_none_is_the_default():
    assert why(kind_of, lambda _: ["text/plain", "text/html"], "") == "more than one Content-Type"
    assert kind_of(lambda _: [], "message/rfc822").essence == "message/rfc822"


def test_the_same_type_written_twice_is_one():
    assert kind_of(lambda _: ["text/html", "text/html"], "").essence == "text/html"


def test_one_transfer_encoding_counts():
    assert transfer_of(lambda _: ["Base64"]) == "base64"
    assert transfer_of(lambda _: ["8bit", "7bit"]) == ""
    assert why(transfer_of, lambda _: ["7bit", "base64"]) == "more than one Content-Transfer-Encoding"


def test_content_encodings_come_in_order_without_those_that_change_nothing():
    assert content_of(lambda _: ["GZIP", "identity", "deflate", ""]) == ["gzip", "deflate"]


# -- multiparts -------------------------------------------------------------------------------------------------------


def test_a_multipart_comes_apart_at_its_boundaries():
    data = b"before\r\n--b\r\none\r\n\r\n--b \t\r\n--bb\r\n--b--\r\nafter"
    assert why(split, data, "b", 9) == "a line that may be a boundary or not"
    data = data.replace(b"--bb", b"-b")
    found = split(data, "b", 9)
    assert [data[slice(*span)] for span in found.parts] == [b"one\r\n", b"-b"]
    assert (data[slice(*found.preamble)], data[slice(*found.epilogue)]) == (b"before", b"after")
    assert (found.eol, found.whole) == (b"\r\n", True)


def test_a_boundary_inside_a_line_is_text():
    assert parts(b"--b\r\nx --b\r\n-- b\r\n--b--") == [b"x --b\r\n-- b"]


def test_parts_may_be_empty():
    assert parts(b"--b\r\n--b\r\n\r\n--b--") == [b"", b""]


def test_without_the_last_boundary_the_last_part_goes_to_the_end():
    data = b"--b\r\none\r\n--b\r\ntwo"
    assert parts(data) == [b"one", b"two"]
    assert not split(data, "b", 9).whole


def test_lines_may_end_in_a_bare_lf_but_not_for_every_reader():
    data = b"--b\none\n--b--\n"
    assert parts(data) == [b"one"]
    assert (split(data, "b", 9).eol, split(data, "b", 9).whole) == (b"\n", False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "a multipart without its boundary"),
        (b"--b\r\none\n--b\r\n\r\n--b--", "boundaries with mixed line ends"),
        (b"--b\r\none\r--b\r\n\r\n--b--", "boundaries with mixed line ends"),
        (b"--b\r\none\r\n--b\n\r\n--b--", "boundaries with mixed line ends"),
        (b"--b\rone\r\n--b--", "a line that may be a boundary or not"),
        (b"--b\r\none\r\n--b--x", "a line that may be a boundary or not"),
        (b"--b\r\none\r\n--b-", "a line that may be a boundary or not"),
        (b"--b\r\none\r\n--b--\r\ntwo\r\n--b\r\n", "a boundary behind the last one"),
        (b"--b--\r\ntwo\r\n--b--\r\n", "a boundary behind the last one"),
    ],
)
def test_a_boundary_that_readers_take_differently_is_refused(data, reason):
    assert why(split, data, "b", 9) == reason


@pytest.mark.parametrize("boundary", [None, "", "x" * 71, "a ", "a\tb", "a\0"])
def test_a_boundary_that_cannot_be_one_is_refused(boundary):
    assert why(split, b"--a", boundary, 9) == "a multipart without a usable boundary"


def test_parts_are_counted_before_they_are_looked_at():
    data = b"--b\r\n\r\n" * 3
    assert len(parts(data, most=3)) == 3
    assert why(split, data + b"--b\r\n", "b", 3) == "more parts than the limit"
    assert why(split, b"--b\r\n" * 100_000, "b", 3) == "more parts than the limit"


@given(
    st.lists(st.sampled_from([b"--b", b"--", b"b", b"\r\n", b"\n", b"\r", b" ", b"x: y", b"\r\n--b--"]), max_size=12)
)
def test_the_spans_of_a_multipart_leave_nothing_out_but_boundaries(pieces):
    data = b"".join(pieces)
    try:
        found = split(data, "b", 9)
    except UnreadableError:
        return
    spans = [found.preamble, *found.parts, found.epilogue]
    kept = b"".join(data[start:end] for start, end in spans)
    rest = data
    for span in spans:
        rest = rest.replace(data[slice(*span)], b"", 1)
    assert len(kept) <= len(data)
    assert all(start <= end for start, end in spans)
    assert rest.translate(None, b"-b \r\n") == b""
