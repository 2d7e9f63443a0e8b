"""Responses made from requests (RFC 3261 section 8.2.6)."""

from __future__ import annotations

import pytest
from messages import CONTORTED, OK, crlf, message, without

from sipcore import EditError, parse, respond


def test_a_response_copies_what_a_response_must_copy():
    request = parse(CONTORTED)
    response = parse(respond(request, 404))
    assert (response.status, response.reason, response.content_length) == (404, "Not Found", 0)
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        assert [bytes(response.view(name, i)) for i in range(len(response.get_all(name)))] == [
            bytes(request.view(name, i)) for i in range(len(request.get_all(name)))]  # fmt: skip
    assert "Route" not in response
    assert "Max-Forwards" not in response


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
        {"headers": [("X\r", "a")]},
        {"to_tag": "a\r\nX: b"},
    ):
        with pytest.raises(EditError, match="CR, LF or NUL"):
            respond(parse(message()), 400, **arguments)
