"""Messages made from parts, and responses made from requests (RFC 3261 section 8.2.6)."""

from __future__ import annotations

import pytest
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message, without
from oracle.answering import answered
from strategies import mutated

from sipcore import EditError, Message, ParseError, Uri, parse, respond
from sipcore._respond import copied, takes_tag
from sipcore.build import request, response

# -- the answer to a request


def test_a_response_copies_what_a_response_must_copy():
    request = parse(CONTORTED)
    response = parse(respond(request, 404))
    assert (response.status, response.reason, response.content_length) == (404, "Not Found", 0)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        assert [bytes(response.view(name, i)) for i in range(len(response.get_all(name)))] == [
            bytes(request.view(name, i)) for i in range(len(request.get_all(name)))]  # fmt: skip
    assert "Route" not in response
    assert "Max-Forwards" not in response


def test_trying_and_nothing_else_copies_the_timestamp():
    request = parse(message("Timestamp: 54.21 (ms)"))
    assert parse(respond(request, 100))["Timestamp"] == "54.21 (ms)"
    assert "Timestamp" not in parse(respond(request, 180))
    assert "Timestamp" not in parse(respond(parse(message()), 100))


def test_a_to_without_tag_gets_one_and_a_to_with_tag_keeps_its_own():
    assert parse(respond(parse(message()), 606, to_tag="ours")).to.tag == "ours"
    assert parse(respond(parse(message(to="<sip:b@c>;tag=theirs")), 606, to_tag="ours")).to.params["tag"] == "theirs"


def test_headers_and_body_are_written_behind_the_copied_ones():
    response = parse(respond(parse(message()), 606, "No", [("Warning", '309 e "x"'), ("X", "1")], b"body"))
    assert (response.reason, response["Warning"], bytes(response.body), response.content_length) == (
        "No", '309 e "x"', b"body", 4)  # fmt: skip


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_request_that_lacks_what_is_copied_is_answered_all_the_same(name):
    response = parse(respond(parse(without(message(), name)), 400, to_tag="t"))
    assert response.status == 400
    assert name not in response


def test_a_request_with_nothing_at_all_is_answered():
    assert respond(parse(crlf("OPTIONS sip:a SIP/2.0")), 400) == crlf("SIP/2.0 400 Bad Request\nContent-Length: 0")


def test_a_to_that_cannot_be_read_is_copied_as_it_is():
    assert b"\r\nTo: <sip:b\r\n" in respond(parse(message(to="<sip:b")), 400, to_tag="t")


def test_of_a_repeated_header_the_first_is_copied():
    response = parse(respond(parse(message("Call-ID: second")), 400))
    assert response.get_all("Call-ID") == ["c1@192.0.2.10"]


def test_an_unknown_status_speaks_for_its_class():
    assert parse(respond(parse(message()), 499)).reason == "Request Failure"
    assert parse(respond(parse(message()), 699)).reason == "Global Failure"


def test_what_cannot_be_answered_or_written_is_refused():
    with pytest.raises(ValueError, match="only a request"):
        respond(parse(OK), 400)
    for status in (99, 700):
        with pytest.raises(ValueError, match="not a status code"):
            respond(parse(message()), status)
    for arguments in (
        {"reason": "a\r\nb"},
        {"headers": [("X", "a\nb")]},
        {"to_tag": "a\r\nX: b"},
    ):
        with pytest.raises(EditError, match="control character"):
            respond(parse(message()), 400, **arguments)
    with pytest.raises(EditError, match="not a header name"):
        respond(parse(message()), 400, headers=[("X\r", "a")])


def test_a_response_needs_its_content_length_right_as_well():
    assert respond(parse(message()), 200, headers=[("l", "0")]).count(b"0\r\n\r\n") == 1
    with pytest.raises(EditError, match="Content-Length is '5', and the body has 0 bytes"):
        respond(parse(message()), 200, headers=[("Content-Length", "5")])


# -- requests and responses from parts


def test_a_request_is_its_parts_and_the_length_of_its_body():
    assert request("MESSAGE", Uri.parse("sip:b@c"), [("To", " <sip:b@c>\t"), ("Subject", "")], b"hi") == (
        b"MESSAGE sip:b@c SIP/2.0\r\nTo: <sip:b@c>\r\nSubject:\r\nContent-Length: 2\r\n\r\nhi")  # fmt: skip


def test_a_response_is_its_parts_and_knows_its_reason():
    assert response(404) == b"SIP/2.0 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    assert response(404, "Gone fishing", [("l", "1")], b"x") == b"SIP/2.0 404 Gone fishing\r\nl: 1\r\n\r\nx"
    assert parse(response(200, "")).reason == ""


@pytest.mark.parametrize("data", [OPTIONS, INVITE, message()], ids=["OPTIONS", "INVITE", "MESSAGE"])
def test_the_parts_of_a_request_make_it_again(data):
    parsed = parse(data)
    assert request(parsed.method, parsed.uri, parsed, bytes(parsed.body)) == data


def test_the_parts_of_a_response_make_it_again():
    parsed = parse(OK)
    assert response(parsed.status, parsed.reason, parsed, bytes(parsed.body)) == OK


@pytest.mark.parametrize(
    ("method", "uri", "headers"),
    [
        ("", "sip:a", []),
        ("A B", "sip:a", []),
        ("INVITE\r\n", "sip:a", []),
        ("INVITE", "", []),
        ("INVITE", "sip:a b", []),
        ("INVITE", "sip:a\tb", []),
        ("INVITE", "sip:a\r\nX: y", []),
        ("INVITE", "sip:a", [("", "a")]),
        ("INVITE", "sip:a", [("X Y", "a")]),
        ("INVITE", "sip:a", [("X:", "a")]),
        ("INVITE", "sip:a", [("X\n", "a")]),
        ("INVITE", "sip:a", [("X", "a\r\n b")]),
        ("INVITE", "sip:a", [("X", "a\nb")]),
        ("INVITE", "sip:a", [("X", "a\rb")]),
        ("INVITE", "sip:a", [("X", "a\0b")]),
        ("INVITE", "sip:a", [("X", "a\x7fb")]),
        ("INVITE", "sip:a", [("Content-Length", "3")]),
        ("INVITE", "sip:a", [("L", "+4")]),
        ("INVITE", "sip:a", [("Content-Length", "")]),
    ],
)
def test_parts_that_would_break_the_message_are_refused(method, uri, headers):
    with pytest.raises(EditError):
        request(method, uri, headers, b"body")


def test_a_status_out_of_range_is_refused():
    for status in (0, 99, 700):
        with pytest.raises(ValueError, match="not a status code"):
            response(status)


TOKENS = st.from_regex(r"[A-Za-z0-9!%*_+`'~.-]{1,12}", fullmatch=True)
#: What may stand in a line: everything but control characters, bytes that are no UTF-8 included.
LINES = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30) | st.binary(max_size=20).map(
    lambda noise: bytes(byte for byte in noise if byte >= 0x20 and byte != 0x7F).decode("utf-8", "surrogateescape")
)
URIS = LINES.map(lambda line: "".join(line.split(" "))).filter(bool)
HEADERS = st.lists(
    st.tuples(TOKENS.filter(lambda name: name.lower() not in ("content-length", "l", "v", "via")), LINES), max_size=8
)


def without_length(headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name != "Content-Length"]


def stripped(headers) -> list[tuple[str, str]]:
    return [(name, value.strip(" \t")) for name, value in headers]


@given(TOKENS, URIS, HEADERS, st.binary(max_size=40))
def test_a_request_that_was_built_parses_into_its_parts(method, uri, headers, body):
    built = request(method, uri, headers, body)
    parsed = parse(built)
    assert (parsed.method, bytes(parsed.body), parsed.content_length) == (method, body, len(body))
    assert built.startswith(f"{method} {uri} SIP/2.0\r\n".encode("utf-8", "surrogateescape"))
    assert without_length(parsed) == stripped(headers)
    assert request(method, uri, parsed, body) == built


@given(st.integers(100, 699), LINES, HEADERS, st.binary(max_size=40))
def test_a_response_that_was_built_parses_into_its_parts(status, reason, headers, body):
    built = response(status, reason, headers, body)
    parsed = parse(built)
    assert (parsed.status, parsed.reason, bytes(parsed.body)) == (status, reason, body)
    assert without_length(parsed) == stripped(headers)
    assert response(status, reason, parsed, body) == built


# -- the native writer of responses


def parsed(data: bytes) -> Message | None:
    """The message, if it is a request."""
    try:
        request = parse(data)
    except ParseError:
        return None
    return request if request.is_request else None


@given(mutated(), st.binary(max_size=20), st.booleans())
def test_a_response_is_the_same_as_one_written_line_by_line(data, tag, trying):
    if (request := parsed(data)) is not None:
        added = tag if takes_tag(request) else b""
        written = copied(request, b"first\r\n", b"last", added, trying=trying)
        assert written == answered(request, b"first\r\n", b"last", tag, trying=trying)


def test_the_first_via_is_written_as_it_is_given_and_the_others_stay():
    request = parse(message("v: SIP/2.0/UDP third", via="SIP/2.0/UDP first, SIP/2.0/UDP second"))
    response = parse(copied(request, b"SIP/2.0 400 No\r\n", b"\r\n", via=b"SIP/2.0/TCP noted"))
    assert response.get_all("Via") == ["SIP/2.0/TCP noted", "SIP/2.0/UDP third"]
    assert b"Via" not in copied(parse(without(message(), "Via")), b"", b"", via=b"SIP/2.0/TCP noted")


def test_no_byte_behind_a_request_is_read_for_its_response():
    data = message(body=b"")
    for end in range(len(data) // 2, len(data) + 1):
        with flush_against_guard_page(data[:end]) as view:
            try:
                respond(parse(view), 400, to_tag="t")
            except ParseError:
                continue
