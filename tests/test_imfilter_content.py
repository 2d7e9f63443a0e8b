"""Which texts of a message are read, in how many ways, and what is refused unread."""

from __future__ import annotations

import base64
import gzip
import sys
import zlib

import pytest
from corpus import corpus
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import first_message, im, invitation, request
from mime_strategies import CHARSETS, entities, examples
from mime_trees import CONTENT, TRANSFER, Entity, enclosed, leaf, multipart

from sipcore._parser import Message, parse
from sipcore.errors import ParseError
from sipcore.imfilter.content import DEFAULT_BOUNDS, PLAIN, Bounds, Text, Undecodable, texts


def read(message: Message, **options: object) -> list[str]:
    """The texts of a message, decoded; fails on anything undecodable."""
    found = list(texts(message, **options))
    assert all(isinstance(text, Text) for text in found), found
    return [str(text.data, text.codec) for text in found]


def by_path(message: Message) -> dict[str, str]:
    """The texts of a message by their paths, the reasons where they cannot be read."""
    return {
        found.path: str(found.data, found.codec, "replace") if isinstance(found, Text) else f"! {found.why}"
        for found in texts(message)
    }


def why_unread(message: Message, **options: object) -> str:
    """Why the only text of a message cannot be read."""
    (found,) = texts(message, **options)
    assert isinstance(found, Undecodable), found
    return found.why


def mime(lines: str, body: bytes | str, method: str = "MESSAGE") -> Message:
    """A request with so many header lines about its body."""
    fields = [tuple(line.split(": ", 1)) for line in lines.split("\n")]
    return request(body, None, method, fields)


def mixed(*parts: str, subtype: str = "mixed", method: str = "MESSAGE", end: str = "--b--\r\n") -> Message:
    """A multipart of parts with their headers."""
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + end
    return request(body, f"multipart/{subtype}; boundary=b", method)


# -- the body ---------------------------------------------------------------------------------------------------------


def test_the_body_of_a_plain_message_is_its_text():
    (text,) = texts(im("hello"))
    assert text == Text("body", PLAIN, b"hello", "utf-8", im("hello").head_size)


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
    (text,) = texts(request("<b>", None, headers=[("c", "text/html")]))
    assert text.essence == "text/html"


@pytest.mark.parametrize("method", ["INVITE", "INFO", "NOTIFY", "BENOTIFY", "message"])
def test_plain_text_is_read_in_any_request(method):
    assert read(request("hello", "text/plain", method)) == ["hello"]


def test_plain_text_is_read_in_a_response():
    response = parse(b"SIP/2.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
    assert read(response) == ["hello"]


@pytest.mark.parametrize(
    "essence",
    [
        *("text/plain", "text/html", "text/rtf", "application/rtf", "text/x-msmsgsinvite", "application/sdp"),
        *("application/vnd.gsma.rcs-ft-http+xml", "application/ms-filetransfer+xml", "application/x-msnmsgrp2p"),
    ],
)
def test_texts_and_offers_are_read_as_they_stand(essence):
    (text,) = texts(request("hello", essence, "INVITE"))
    assert (text.path, text.essence, bytes(text.data)) == ("body", essence, b"hello")


@pytest.mark.parametrize(
    "essence",
    [
        *("text/x-unheard-of", "text/enriched", "message/sipfrag", "message/external-body", "message/partial"),
        *("application/pkcs7-mime", "application/cipher.x", "multipart/encrypted"),
    ],
)
def test_what_a_client_might_show_is_refused_unread_in_a_message(essence):
    assert why_unread(request("hello", f"{essence};boundary=x")) == f"Content-Type: {essence}"
    assert read(request("hello", f"{essence};boundary=x", "NOTIFY")) == []


@pytest.mark.parametrize(
    "essence",
    [
        *("application/im-iscomposing+xml", "message/imdn+xml", "application/ms-imdn+xml", "message/delivery-status"),
        *("image/gif", "application/x-ms-ink", "application/soap+xml", "application/pidf+xml", "application/x-a"),
    ],
)
@pytest.mark.parametrize("method", ["MESSAGE", "NOTIFY"])
def test_what_no_client_shows_as_text_is_left_alone(essence, method):
    assert read(request("http://www.contoso.example", essence, method)) == []


def test_further_types_may_be_read():
    message = request("hello", "application/soap+xml", "SERVICE")
    assert read(message, also={"application/soap+xml"}) == ["hello"]
    assert read(message) == []


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


# -- character sets and encodings -------------------------------------------------------------------------------------


def test_a_superset_of_ascii_is_not_decoded_and_has_a_place_in_the_message():
    message = im(b"gr\xfcn", "iso-8859-1")
    (text,) = texts(message)
    assert bytes(message.buffer[text.start :]) == bytes(text.data)
    assert str(text.data, text.codec) == "grün"


def test_a_decoded_text_has_no_place_in_the_message():
    (text,) = texts(im("hello".encode("utf-16-le"), "UTF-16LE"))
    assert (text.data, text.codec, text.start) == (b"hello", "utf-8", None)


def test_a_plain_body_that_begins_like_utf16_is_read_as_that_too():
    assert by_path(im("\ufeffhttp:".encode("utf-16-le"), "iso-8859-1"))["body@utf-16-le"] == "http:"


def test_bad_utf8_is_read_all_the_same_for_its_ascii_is_clear():
    (text,) = texts(im(b"\xc3(\xff http:"))
    assert bytes(text.data) == b"\xc3(\xff http:"


@pytest.mark.parametrize("charset", ["utf-7", "x-none", "cp037"])
def test_an_unknown_character_set_is_refused(charset):
    assert why_unread(im("hello", charset)) == f"charset={charset}"


@pytest.mark.parametrize("name", ["Content-Encoding", "e"])
def test_a_compressed_body_is_expanded(name):
    assert read(request(gzip.compress(b"hello"), "text/plain", headers=[(name, "GZIP")])) == ["hello"]


def test_encodings_are_undone_from_the_last_one_on():
    data = zlib.compress(gzip.compress(b"hello"))
    assert read(request(data, "text/plain", headers=[("e", "identity, gzip, deflate")])) == ["hello"]


def test_a_container_may_be_compressed():
    body = gzip.compress(b"--b\r\n\r\nhello\r\n--b--")
    assert read(request(body, "multipart/mixed;boundary=b", headers=[("e", "gzip")])) == ["hello"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_xhtml_that_declares_entities_is_refused_for_a_reader_of_xml_puts_text_for_them(charset):
    page = "<!DOCTYPE html [<!ENTITY a 'ht'><!ENTITY b 'tp://x'>]><p>&a;&b;</p>"
    message = request(page.encode(charset), f"application/xhtml+xml; charset={charset}")
    assert why_unread(message) == "XHTML that declares entities of its own"
    assert read(request(page, "text/html")) == {"body": page}


def test_an_unknown_encoding_is_refused():
    assert why_unread(request("x", "text/plain", headers=[("e", "br")])) == "Content-Encoding: br"
    unknown = [("Content-Transfer-Encoding", "x-uuencode")]
    assert why_unread(request("x", "text/plain", headers=unknown)) == "Content-Transfer-Encoding: x-uuencode"


@pytest.mark.parametrize("coding", ["7bit", "8BIT", "binary", "", "7bit, 8bit"])
def test_a_transfer_encoding_that_changes_nothing_is_no_encoding(coding):
    (text,) = texts(request("hello", "text/plain", headers=[("Content-Transfer-Encoding", coding)]))
    assert (bytes(text.data), text.start is None) == (b"hello", False)


def test_a_body_in_base64_is_read():
    assert read(request("aGVsbG8=", "text/plain", headers=[("Content-Transfer-Encoding", "base64")])) == ["hello"]


def test_a_body_in_quoted_printable_is_read_as_it_stands_too_for_not_every_client_decodes_it():
    message = request("=5Fhttp://x", "text/plain", headers=[("Content-Transfer-Encoding", "quoted-printable")])
    assert by_path(message) == {"body": "_http://x", "body@raw": "=5Fhttp://x"}


def test_an_encoded_body_that_nobody_shows_is_left_alone():
    assert read(request(b"\x1f\x8b", "image/gif", "INVITE", [("Content-Encoding", "br")])) == []


# -- multiparts -------------------------------------------------------------------------------------------------------


def test_every_part_is_read_with_its_own_headers():
    message = mixed(
        "\r\none",
        "Content-Type: text/html; charset=iso-8859-1\r\n\r\ntwo",
        "Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\ndABoAHIAZQBlAA==",
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nfo=\r\nur",
        "Content-Type: image/gif\r\nContent-Transfer-Encoding: x-unheard-of\r\n\r\nhttp://x",
    )
    assert by_path(message) == {
        "body/multipart[0]/plain": "one",
        "body/multipart[1]/html": "two",
        "body/multipart[2]/plain": "three",
        "body/multipart[3]/plain": "four",
    }


@pytest.mark.parametrize("subtype", ["mixed", "alternative", "related", "signed", "report", "digest-less", "x-new"])
@pytest.mark.parametrize("method", ["MESSAGE", "INVITE", "NOTIFY"])
def test_every_kind_of_multipart_is_read_in_every_method(subtype, method):
    assert read(mixed("\r\nhello", subtype=subtype, method=method)) == ["hello"]


def test_an_unencoded_part_has_a_place_in_the_message():
    message = mixed("\r\none", "Content-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\ntwo\r\n--c--")
    for text in texts(message):
        assert bytes(message.buffer[text.start : text.start + len(text.data)]) == bytes(text.data)
    assert read(message) == ["one", "two"]


def test_what_stands_around_the_parts_is_read_too():
    message = request("before\r\n--b\r\n\r\nhello\r\n--b--\r\nbehind", "multipart/mixed;boundary=b")
    assert by_path(message) == {
        "body/multipart/preamble": "before",
        "body/multipart[0]/plain": "hello",
        "body/multipart/epilogue": "\r\nbehind".strip(),
    }


def test_parts_of_a_digest_are_mail_where_they_do_not_say_otherwise():
    message = mixed("\r\nSubject: lunch\r\n\r\nhello", subtype="digest")
    assert by_path(message) == {"body/multipart[0]/subject": "lunch", "body/multipart[0]/rfc822": "hello"}


@pytest.mark.parametrize(
    "body", ["--b\n\nhello\n--b--", "--b\r\nContent-Type: image/gif\r\n\r\nhttp://x"], ids=["bare LF", "no end"]
)
def test_a_multipart_that_a_strict_reader_does_not_take_for_one_is_read_as_it_stands_too(body):
    assert by_path(request(body, "multipart/mixed;boundary=b"))["body@raw"] == body


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (request("hello", "multipart/mixed"), "a multipart without a usable boundary"),
        (request("hello", "multipart/mixed;boundary=b"), "a multipart without its boundary"),
        (request("hello", "multipart/mixed;boundary=b;boundary=c"), "boundary given twice"),
        (mime("Content-Type: multipart/mixed;boundary=b\nContent-Transfer-Encoding: base64", "LS1i"),
         "multipart/mixed in a transfer encoding"),
        (mixed("Content-Type: image/gif\r\nContent-Type: text/plain\r\n\r\nx"), "more than one Content-Type"),
        (mixed("Content-Type: text/plain;charset=utf-8;charset=utf-7\r\n\r\nx"), "charset given twice"),
        (mixed("Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\nx"),
         "more than one Content-Transfer-Encoding"),
        (mixed("Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=aGVs"), "not base64"),
        (mixed("X: y\nContent-Type: image/gif\r\n\r\nhttp://x"),
         "a header with a control character, or with mixed line ends"),
        (mixed("Content-Length: 9\r\n\r\nhello"), "a part with a Content-Length that is not its own"),
        (mixed("Content-Length: 1\r\nContent-Length: 2\r\n\r\nhello"),
         "a part with a Content-Length that is not its own"),
        (mixed("http://x"), "a header that does not end"),
        (mixed("Content-Type: text/x-new\r\n\r\nhello"), "Content-Type: text/x-new"),
    ],
)  # fmt: skip
def test_what_readers_take_differently_is_refused(message, why):
    assert why_unread(message) == why


def test_a_part_that_cannot_be_read_keeps_no_other_from_being_read():
    found = list(texts(mixed("Content-Type: text/plain;charset=utf-7\r\n\r\nx", "\r\nhello")))
    assert found[0] == Undecodable("body/multipart[0]", "charset=utf-7", 1)
    assert (found[1].path, bytes(found[1].data)) == ("body/multipart[1]/plain", b"hello")


# -- CPIM and mail ----------------------------------------------------------------------------------------------------

CPIM = "From: <im:a@fabrikam.example>\r\nSubject: {}\r\n\r\n{}"


def test_cpim_is_read_with_its_subject():
    message = request(CPIM.format("lunch", "Content-Type: text/html\r\n\r\nhello"), "Message/CPIM")
    assert by_path(message) == {"body/subject": "lunch", "body/cpim": "hello"}
    assert [text.essence for text in texts(message)] == [PLAIN, "text/html"]


def test_a_subject_in_cpim_may_have_escapes():
    message = request(CPIM.format("http\\u003a//x", "\r\n"), "message/cpim")
    assert by_path(message) == {"body/subject": "http\\u003a//x", "body/subject@unescaped": "http://x"}


def test_several_subjects_are_told_apart():
    message = request("Subject: a\r\nSubject: b\r\n\r\nhello", "message/rfc822", headers=[("Subject", "c"), ("s", "d")])
    assert by_path(message) == {
        "body/subject[0]": "a",
        "body/subject[1]": "b",
        "body/rfc822": "hello",
        "subject[0]": "c",
        "subject[1]": "d",
    }


@pytest.mark.parametrize("inner", ["message/imdn+xml", "application/im-iscomposing+xml"])
def test_notifications_in_cpim_are_no_text(inner):
    assert read(request(f"A: b\r\n\r\nContent-Type: {inner}\r\n\r\nhttp://x", "message/cpim")) == []


def test_nested_mail_is_read_with_its_subject():
    body = "Subject: lunch\r\nContent-Type: text/plain\r\n\r\nhello"
    assert by_path(request(body, "message/rfc822")) == {"body/subject": "lunch", "body/rfc822": "hello"}


def test_cpim_in_bare_lf_is_read_as_it_stands_too():
    body = "A: b\n\nContent-Type: image/gif\n\nhttp://x"
    assert by_path(request(body, "message/cpim")) == {"body@raw": body}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("hello", "a header that does not end"),
        ("A: b\r\n\r\nhello", "a header that does not end"),
        ("\r\nA: b\r\n\r\nContent-Type: image/gif\r\n\r\nx", "CPIM without a header of its own"),
        ("Content-Type: image/gif\r\n\r\n\r\nhttp://x", "CPIM without a header of its own"),
        ("A: b\r\n\r\nContent-Type: multipart/mixed\r\n\r\nx", "a multipart without a usable boundary"),
    ],
)
def test_cpim_that_readers_take_differently_is_refused(body, why):
    assert why_unread(request(body, "message/cpim")) == why


# -- the first message of a session, and the subject ------------------------------------------------------------------


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("text", ["a", "ab", "abc", "Grüße, 世界"])
def test_the_first_message_of_a_session_is_read_with_or_without_padding(text, padded):
    assert first_texts(first_message(text, padded=padded)) == [text]


def first_texts(*values: str | bytes, method: str = "INVITE") -> list[str]:
    """What an invitation holds besides its session description."""
    return [text for path, text in by_path(invitation(*values, method=method)).items() if path != "body"]


@pytest.mark.parametrize(
    "written",
    [
        "text/plain;charset=UTF-8;ms-body=aGVsbG8=",
        "text/plain; ms-body=aGVsbG8=; charset=UTF-8",
        "TEXT/PLAIN ; MS-Body = aGVsbG8=",
        'text/plain; ms-body="aGVsbG8="',
        "text/plain; charset=UTF-8;\r\n ms-body=aGVs\r\n\tbG8=",
        "text/plain; charset=UTF-8;msgr=WAAtAE0ATQBTAA;ms-body=aGVsbG8=",
        "text/html; charset=UTF-16LE;ms-body=aABlAGwAbABvAA==",
    ],
)
def test_the_first_message_is_read_however_it_is_written(written):
    assert first_texts(written) == ["hello"]


def test_formatting_is_not_text():
    link = base64.b64encode(b"http://www.contoso.example").decode()
    assert first_texts(f"text/plain;msgr={link};ms-body=aGVsbG8=") == ["hello"]
    assert read(request("hello", f"text/plain;msgr={link}")) == ["hello"]


def test_several_first_messages_are_all_read():
    assert by_path(invitation(first_message("one"), first_message("two"))) | {"body": ""} == {
        "body": "",
        "ms-text-format[0]": "one",
        "ms-text-format[1]": "two",
    }


def test_every_alternate_of_the_first_message_is_read():
    headers = [("ms-text-format", first_message("plain"))]
    headers += [("ms-im-format", first_message(text, f"text/{text}")) for text in ("html", "rtf")]
    message = request("", "application/sdp", "INVITE", headers)
    assert [(text.path, text.essence, bytes(text.data)) for text in texts(message)] == [
        ("ms-text-format", "text/plain", b"plain"),
        ("ms-im-format[0]", "text/html", b"html"),
        ("ms-im-format[1]", "text/rtf", b"rtf"),
    ]


def test_two_first_messages_in_one_header_are_refused():
    both = first_message("one") + ", " + first_message("two")
    assert first_texts(both) == ["! more than one value in one header"]


@pytest.mark.parametrize("written", ["text/plain", "text/plain;ms-body", "text/plain;ms-body=", "text/html"])
def test_a_format_without_a_message_has_no_text(written):
    assert first_texts(written) == []


def test_only_an_invite_has_a_first_message():
    assert first_texts(first_message("hello"), method="OPTIONS") == []


@pytest.mark.parametrize("encoded", ["a", "a*bc", "aGVs-G8_", "aG=VsbG8", "a=", "\udcff\udcff"])
def test_a_first_message_that_is_not_base64_is_refused(encoded):
    value = f'text/plain;ms-body="{encoded}"'.encode("utf-8", "surrogateescape")
    assert first_texts(value) in (["! not base64"], ["! not a media type"])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("nonsense", "not a media type"),
        ("text/plain;ms-body=aGVsbG8=;MS-BODY=aGVsbG8=", "ms-body given twice"),
        ("text/plain;ms-body*=aGVsbG8=", "ms-body is unclear"),
        ('text/plain;ms-body="aGVs\\bG8="', "ms-body is unclear"),
        (first_message("x", "text/x-new"), "Content-Type: text/x-new"),
        (first_message("x", "multipart/mixed;boundary=b"), "multipart/mixed in a transfer encoding"),
    ],
)
def test_a_first_message_that_readers_take_differently_is_refused(value, why):
    assert first_texts(value, first_message("hello")) == [f"! {why}", "hello"]


def test_a_first_message_that_no_client_shows_is_left_alone():
    assert first_texts(first_message("x", "application/x-ms-ink")) == []


@pytest.mark.parametrize(("method", "is_read"), [("INVITE", True), ("MESSAGE", True), ("OPTIONS", False)])
def test_the_subject_of_an_invitation_or_a_message_is_read(method, is_read):
    message = request("", None, method, [("s", "go to http://x")])
    assert by_path(message) == ({"subject": "go to http://x"} if is_read else {})


def test_a_subject_stands_in_the_message_unless_it_is_folded():
    message = request("", None, headers=[("Subject", "  lunch "), ("Subject", "at\r\n noon")])
    first, second = texts(message)
    assert bytes(message.buffer[first.start : first.start + 5]) == bytes(first.data) == b"lunch"
    assert (second.path, bytes(second.data), second.start) == ("subject[1]", b"at noon", None)


def test_a_subject_in_encoded_words_is_read_in_both_ways():
    message = request("", None, headers=[("Subject", "=?utf-8?q?ht?= =?utf-8?q?tp:?=//x")])
    assert by_path(message)["subject@decoded"] == "http://x"


# -- bounds -----------------------------------------------------------------------------------------------------------


def nest(depth: int, wrap: bool = True) -> Entity:
    inner = Entity(["Content-Type: text/plain"], b"hello", {"": ("hello", "")}, "plain")
    for level in range(depth):
        inner = multipart([inner], "mixed", level) if wrap else enclosed(inner, cpim=True)
    return inner


def about(entity: Entity, method: str = "MESSAGE") -> Message:
    return mime("\n".join(entity.lines), entity.body, method)


@pytest.mark.parametrize("wrap", [True, False])
def test_nesting_is_read_up_to_the_limit_and_refused_beyond(wrap):
    assert read(about(nest(DEFAULT_BOUNDS.depth, wrap))) == ["hello"]
    assert why_unread(about(nest(DEFAULT_BOUNDS.depth + 1, wrap))) == "nested deeper than the limit"


def test_parts_are_read_up_to_the_limit_of_the_whole_message():
    inner = multipart([nest(0)] * 3, "mixed", 2)
    message = about(multipart([inner, inner], "mixed", 1))
    assert len(read(message, bounds=Bounds(parts=8))) == 6
    found = list(texts(message, bounds=Bounds(parts=7)))
    assert [type(each) for each in found] == [Text, Text, Text, Undecodable]
    assert found[-1].why == "more parts than the limit"


def test_what_all_parts_expand_to_is_counted_together():
    bomb = Entity(["Content-Encoding: gzip"], gzip.compress(b"a" * 1000), {})
    message = about(multipart([bomb] * 3, "mixed", 1))
    found = list(texts(message, bounds=Bounds(expanded=2500)))
    assert [len(each.data) for each in found[:2]] == [1000, 1000]
    assert found[2] == Undecodable("body/multipart[2]", "expands past the limit", len(bomb.body))


def test_layers_of_compression_are_bounded():
    headers = [("Content-Encoding", "gzip, " * 8 + "gzip")]
    assert why_unread(request("x", "text/plain", headers=headers)) == "more content encodings than the limit"


def calls(message: Message) -> int:
    """How many functions are called to read all of a message."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        for found in texts(message):
            assert found.path
    finally:
        sys.setprofile(before)
    return count


NESTED = "--{:05}\r\nContent-Type: multipart/mixed;boundary={:05}\r\n\r\n"
HOSTILE = {
    "nested deeper than the limit": "".join(NESTED.format(n, n + 1) for n in range(10_000)),
    "more parts than the limit": "--00000\r\n\r\nx\r\n" * 60_000,
    "a header of too many lines": "--00000\r\n" + "a:b\r\n" * 200_000 + "\r\n\r\n--00000--",
    "a header of too many lines ": "--00000\r\na:b" + "\r\n c" * 200_000 + "\r\n\r\n\r\n--00000--",
    "not a media type": "--00000\r\nContent-Type: text/plain" + ";a=b" * 200_000 + "\r\n\r\nx\r\n--00000--",
    "a multipart without its boundary": "\r--00000" * 130_000,
    "a multipart without its boundary ": "-" * 1_000_000,
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_multiparts_are_refused_in_a_bounded_number_of_steps(hostile):
    message = request(HOSTILE[hostile], "multipart/mixed;boundary=00000")
    assert hostile.strip() in [each.why for each in texts(message) if isinstance(each, Undecodable)]
    assert calls(message) < 5_000


def test_compressed_parts_cannot_expand_to_more_than_the_limit_together():
    bomb = Entity(["Content-Encoding: gzip"], gzip.compress(bytes(1_000_000)), {})
    found = list(texts(about(multipart([bomb] * 200, "mixed", 1))))
    assert sum(len(each.data) for each in found if isinstance(each, Text)) <= DEFAULT_BOUNDS.expanded


def test_a_subject_of_any_length_costs_a_bounded_number_of_steps():
    body = b"Subject: " + b"=?a*" * 200_000 + b"\r\n\r\n\r\n"
    assert calls(request(body, "message/cpim")) < 1_000


# -- whatever comes ---------------------------------------------------------------------------------------------------


@examples
@given(entities())
def test_every_text_of_a_tree_is_found_where_it_stands(entity):
    name = ""
    expected = {f"body{name}{path}": text for path, (text, _) in entity.texts.items()}
    message = about(entity)
    found = {each.path: each for each in texts(message) if isinstance(each, Text) and "@" not in each.path}
    assert {path: str(each.data, each.codec) for path, each in found.items()} == expected
    assert not [each for each in texts(message) if isinstance(each, Undecodable)]
    for each in found.values():
        if each.start is not None:
            assert bytes(message.buffer[each.start : each.start + len(each.data)]) == bytes(each.data)


#: What a header's value may hold: no controls, or it would not parse.
header_bytes = st.binary(max_size=60).map(lambda raw: raw.translate(None, bytes(range(32)) + b"\x7f"))


@given(st.sampled_from([b"", b"text/plain;charset=", b"multipart/mixed;boundary="]), header_bytes, header_bytes,
       st.binary(max_size=60))  # fmt: skip
def test_no_content_makes_it_raise(beginning, content_type, first, body):
    headers = [
        ("Content-Type", beginning + content_type),
        ("Content-Encoding", first),
        ("ms-text-format", b"text/plain;ms-body=" + first),
        ("Subject", first),
    ]
    found = list(texts(request(body, None, "INVITE", headers)))
    assert all(isinstance(text, Text) or text.why for text in found)


@examples
@given(entities(), st.integers(0, 5000), st.binary(max_size=3), st.booleans())
def test_a_broken_tree_makes_it_neither_raise_nor_grow(entity, at, piece, cut):
    at %= len(entity.body) + 1
    broken = entity.body[:at] + piece + (b"" if cut else entity.body[at + len(piece) :])
    found = list(texts(about(entity._replace(body=broken))))
    made = sum(len(each.data) if isinstance(each, Text) else each.size for each in found)
    assert made <= 1 << 17
    paths = [each.path for each in found if isinstance(each, Text)]
    assert len(set(paths)) == len(paths)


def test_every_beginning_of_a_message_is_read_or_refused():
    parts = [leaf("http://x=", CHARSETS[0], "plain", content, coding) for content in CONTENT for coding in TRANSFER]
    whole = multipart([enclosed(multipart(parts, "related", 2), cpim=True, subject="\\u0041")], "mixed", 1, "before")
    for size in range(len(whole.body)):
        found = list(texts(about(whole._replace(body=whole.body[:size]))))
        assert len(found) <= 3 * len(whole.texts)
        assert sum(len(each.data) for each in found if isinstance(each, Text)) <= 4 * len(whole.body)


# -- messages of others -----------------------------------------------------------------------------------------------


def test_the_samples_say_what_their_index_says():
    folder = corpus("ms")

    def sample(name: str) -> dict[str, str]:
        return by_path(parse((folder / f"{name}.sip").read_bytes()))

    assert sample("syn-url-invite-ms-text-format")["ms-text-format"] == "see http://www.example.com/a"
    assert "HYPERLINK" in sample("syn-url-message-rtf")["body"]
    assert "Invitation-Command: INVITE" in sample("syn-ft-invite-ms-text-format")["ms-text-format"]
    assert "file-selector" in sample("rcs-msrp-ft-invite")["body"]
    assert "file-name" in sample("syn-ft-rcs-http-message")["body"]


def test_nothing_in_the_corpus_makes_it_raise_and_presence_is_left_alone():
    seen = 0
    for path in sorted(corpus().rglob("*")):
        if path.suffix not in (".sip", ".dat"):
            continue
        try:
            message = parse(path.read_bytes())
        except ParseError:
            continue
        found = by_path(message)
        seen += 1
        if path.name.startswith("ms-sip-"):
            assert found == {}, path.name
    assert seen > 500
