"""Which texts of a message are read, and what is refused unread."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import first_message, im, invitation, request

from sipcore._parser import parse
from sipcore.imfilter import content
from sipcore.imfilter.content import Text, Undecodable, texts


def read(message: object) -> list[str]:
    """The texts of a message, decoded; fails on anything undecodable."""
    found = list(texts(message))
    assert all(isinstance(text, Text) for text in found), found
    return [str(text.data, text.codec) for text in found]


def why_unread(message: object) -> str:
    """Why the only text of a message cannot be read."""
    (found,) = texts(message)
    assert isinstance(found, Undecodable), found
    return found.why


# -- the body ---------------------------------------------------------------------------------------------------------


def test_the_body_of_a_plain_message_is_its_text():
    assert read(im("hello")) == ["hello"]


def test_the_body_is_not_copied():
    buffer = bytearray(bytes(im("hello")))
    (text,) = texts(parse(buffer))
    buffer[-5:] = b"jello"
    assert bytes(text.data) == b"jello"


def test_no_body_is_no_text():
    assert read(im("")) == []


def test_a_body_without_content_type_is_read_as_plain_text():
    assert read(request("hello", None)) == ["hello"]


@pytest.mark.parametrize(
    "written", ["TEXT/Plain", "text/plain;charset=utf-8", "text/plain ; Charset=UTF-8", "text/ plain"]
)
def test_the_type_is_recognised_however_it_is_written(written):
    assert read(request("hello", written)) == ["hello"]


def test_the_compact_form_of_content_type_counts():
    assert why_unread(request("<b>", None, headers=[("c", "text/html")])) == "Content-Type: text/html"


@pytest.mark.parametrize("method", ["INVITE", "INFO", "NOTIFY", "BENOTIFY", "message"])
def test_plain_text_is_read_in_any_request(method):
    assert read(request("hello", "text/plain", method)) == ["hello"]


def test_plain_text_is_read_in_a_response():
    response = parse(b"SIP/2.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
    assert read(response) == ["hello"]


@pytest.mark.parametrize(
    "essence",
    ["text/html", "text/rtf", "multipart/alternative", "multipart/mixed", "message/cpim", "text/x-unheard-of"],
)
def test_what_a_client_might_show_is_refused_unread_in_a_message(essence):
    assert why_unread(request("hello", f"{essence};boundary=x")) == f"Content-Type: {essence}"


@pytest.mark.parametrize(
    "essence", ["application/im-iscomposing+xml", "message/imdn+xml", "application/sdp", "image/gif", "application/x-a"]
)
def test_what_no_client_shows_as_text_is_left_alone(essence):
    assert read(request("http://www.contoso.example", essence)) == []


@pytest.mark.parametrize("essence", ["multipart/mixed", "application/sdp", "text/xml+msrtc.pidf", "message/sipfrag"])
@pytest.mark.parametrize("method", ["INVITE", "NOTIFY", "BENOTIFY"])
def test_other_methods_may_carry_other_types(method, essence):
    assert read(request("http://www.contoso.example", f"{essence};boundary=x", method)) == []


@pytest.mark.parametrize("written", ["", "text", "text/", "text/plain;", "text/plain;;a=b", "/plain"])
@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_a_type_that_is_none_is_refused(method, written):
    assert why_unread(request("hello", written, method)) == "not a media type"


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_two_types_are_refused_for_it_is_unclear_which_one_counts(method):
    two_fields = [("Content-Type", "application/sdp"), ("c", "text/plain")]
    assert why_unread(request("hello", None, method, two_fields)) == "more than one Content-Type"
    one_list = [("Content-Type", "application/sdp, text/plain")]
    assert why_unread(request("hello", None, method, one_list)) == "more than one Content-Type"


@pytest.mark.parametrize("name", ["Content-Type", "Content-Encoding", "Content-Transfer-Encoding"])
def test_a_quote_that_never_ends_is_refused(name):
    message = request("hello", None, headers=[(name, 'text/plain;charset="utf-8')])
    assert why_unread(message) == f"{name}: unterminated-quote"


# -- character sets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", sorted(content._ASCII_SUPERSETS))
def test_a_superset_of_ascii_is_searched_as_it_stands(charset):
    ascii_bytes = bytes(range(128))
    (text,) = texts(im(ascii_bytes, charset))
    assert isinstance(text.data, memoryview)
    assert ascii_bytes.decode(charset) == ascii_bytes.decode("ascii")
    assert str(text.data, text.codec) == ascii_bytes.decode("ascii")


@pytest.mark.parametrize("charset", sorted(content._CODECS))
def test_other_character_sets_are_decoded(charset):
    hello = "see 中 http:"
    encoded = hello.encode(content._CODECS[charset])
    (text,) = texts(im(encoded, charset.upper()))
    assert text.data == hello.encode()
    assert text.codec == "utf-8"


def test_a_letter_that_is_half_of_another_character_does_not_hide_a_link():
    # In Shift_JIS the second byte of this character is the letter A: undecoded, "http:" would stand inside a word.
    tricky = b"\x83Ahttp://www.contoso.example"
    assert read(im(tricky, "Shift_JIS")) == ["アhttp://www.contoso.example"]


@pytest.mark.parametrize("charset", ["utf-7", "utf-16", "x-none", "rot13", "idna", "cp037"])
def test_an_unknown_character_set_is_refused(charset):
    assert why_unread(im("hello", charset)) == f"charset={charset}"


@pytest.mark.parametrize("charset", [None, '""', "utf8"])
def test_without_a_character_set_it_is_utf8(charset):
    assert read(im("Grüße", charset)) == ["Grüße"]


@pytest.mark.parametrize(("charset", "body"), [("utf-16le", b"odd"), ("utf-16le", b"\0\xd8a\0"), ("gbk", b"\xff\xff")])
def test_a_text_that_is_not_in_its_character_set_is_refused(charset, body):
    assert why_unread(im(body, charset)) == f"not {charset}"


def test_bad_utf8_is_read_all_the_same_for_its_ascii_is_clear():
    (text,) = texts(im(b"\xc3(\xff http:"))
    assert bytes(text.data) == b"\xc3(\xff http:"


def test_a_character_set_given_twice_is_refused():
    assert why_unread(request("hello", "text/plain;charset=utf-8;charset=utf-16le")) == "charset given twice"


# -- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Content-Encoding", "e"])
def test_an_encoded_body_is_refused(name):
    assert why_unread(request(b"\x1f\x8b", "text/plain", headers=[(name, "gzip")])) == "Content-Encoding: gzip"


def test_one_real_encoding_among_others_is_enough():
    assert why_unread(request("x", "text/plain", headers=[("e", "identity, deflate")])) == "Content-Encoding: deflate"
    two = [("Content-Encoding", "identity"), ("Content-Encoding", "br")]
    assert why_unread(request("x", "text/plain", headers=two)) == "Content-Encoding: br"


@pytest.mark.parametrize("coding", ["base64", "Quoted-Printable", "x-uuencode"])
def test_a_body_in_a_transfer_encoding_is_refused(coding):
    message = request("aGVsbG8=", "text/plain", headers=[("Content-Transfer-Encoding", coding)])
    assert why_unread(message) == f"Content-Transfer-Encoding: {coding}"


@pytest.mark.parametrize(
    "header",
    [("Content-Encoding", "Identity"), *(("Content-Transfer-Encoding", it) for it in ("7bit", "8BIT", "binary"))],
)
def test_an_encoding_that_changes_nothing_is_read(header):
    assert read(request("hello", "text/plain", headers=[header])) == ["hello"]


def test_an_encoded_body_that_nobody_shows_is_left_alone():
    assert read(request(b"\x1f\x8b", "application/sdp", "INVITE", [("Content-Encoding", "gzip")])) == []


# -- the first message of a session -----------------------------------------------------------------------------------


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("text", ["a", "ab", "abc", "Grüße, 世界"])
def test_the_first_message_of_a_session_is_read_with_or_without_padding(text, padded):
    assert read(invitation(first_message(text, padded=padded))) == [text]


@pytest.mark.parametrize(
    "written",
    [
        "text/plain;charset=UTF-8;ms-body=aGVsbG8=",
        "text/plain; ms-body=aGVsbG8=; charset=UTF-8",
        "TEXT/PLAIN ; MS-Body = aGVsbG8=",
        'text/plain; ms-body="aGVsbG8="',
        "text/plain; charset=UTF-8;\r\n ms-body=aGVs\r\n\tbG8=",
        "text/plain; charset=UTF-8;msgr=WAAtAE0ATQBTAA;ms-body=aGVsbG8=",
    ],
)
def test_the_first_message_is_read_however_it_is_written(written):
    assert read(invitation(written)) == ["hello"]


def test_formatting_is_not_text():
    link = base64.b64encode(b"http://www.contoso.example").decode()
    assert read(invitation(f"text/plain;msgr={link};ms-body=aGVsbG8=")) == ["hello"]


def test_several_first_messages_are_all_read():
    assert read(invitation(first_message("one"), first_message("two"))) == ["one", "two"]


def test_two_first_messages_in_one_header_are_refused():
    both = first_message("one") + ", " + first_message("two")
    assert why_unread(invitation(both)) == "more than one ms-text-format in one header"


def test_a_first_message_and_a_plain_body_are_both_read():
    headers = [("ms-text-format", first_message("first"))]
    assert read(request("body", "text/plain", "INVITE", headers)) == ["body", "first"]


@pytest.mark.parametrize("written", ["text/plain", "text/plain;ms-body", "text/plain;ms-body=", "text/html"])
def test_a_format_without_a_message_has_no_text(written):
    assert read(invitation(written)) == []


def test_only_an_invite_has_a_first_message():
    assert read(invitation(first_message("hello"), method="OPTIONS")) == []


@pytest.mark.parametrize("encoded", ["a", "a*bc", "aGVs-G8_", "aG=VsbG8", "a=", "\udcff\udcff"])
def test_a_first_message_that_is_not_base64_is_refused(encoded):
    value = f'text/plain;ms-body="{encoded}"'.encode("utf-8", "surrogateescape")
    assert why_unread(invitation(value)) in ("ms-body is not base64", "not a media type")


def test_a_first_message_given_twice_is_refused():
    assert why_unread(invitation("text/plain;ms-body=aGVsbG8=;MS-BODY=aGVsbG8=")) == "ms-body given twice"


@pytest.mark.parametrize("essence", ["text/html", "text/rtf", "multipart/alternative"])
def test_a_first_message_of_another_type_is_refused_unread(essence):
    assert why_unread(invitation(first_message("x", essence))) == f"ms-text-format: {essence}"


def test_a_first_message_that_no_client_shows_is_left_alone():
    assert read(invitation(first_message("x", "application/x-ms-ink"))) == []


def test_what_cannot_be_read_keeps_nothing_else_from_being_read():
    found = list(texts(invitation("nonsense", first_message("hello"))))
    assert [type(text) for text in found] == [Undecodable, Text]
    assert found[0] == Undecodable("ms-text-format", "not a media type", len("nonsense"))


#: What a header's value may hold: no controls, or it would not parse.
header_bytes = st.binary(max_size=60).map(lambda raw: raw.translate(None, bytes(range(32)) + b"\x7f"))


@given(st.sampled_from([b"", b"text/plain;charset="]), header_bytes, header_bytes, st.binary(max_size=60))
def test_no_content_makes_it_raise(beginning, content_type, first, body):
    headers = [
        ("Content-Type", beginning + content_type),
        ("Content-Encoding", first),
        ("ms-text-format", b"text/plain;ms-body=" + first),
    ]
    found = list(texts(request(body, None, "INVITE", headers)))
    assert all(isinstance(text, Text) or text.why for text in found)
