"""Changed texts put back into their message: in every representation, every other byte exact, or not at all."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import first_message, im, invitation, request
from mime_strategies import entities, examples
from mime_trees import Entity, enclosed, leaf, multipart

from sipcore._parser import Message, parse
from sipcore.errors import EditError
from sipcore.imfilter.content import Text, texts
from sipcore.imfilter.rewriting import CannotRewriteError, Changes, rewritten

LATIN = ("iso-8859-1", "latin-1", "")
UTF8 = ("utf-8", "utf-8", "")
SAMPLES = [
    im("see http://x"),
    im("http://ä".encode("utf-16-le"), "utf-16le"),
    request(gzip.compress(b"http://x"), "text/plain", headers=[("e", "gzip")]),
    request("aHR0cDov\r\nL3g=", "text/html", headers=[("Content-Transfer-Encoding", "base64")]),
    request("--b\n\nhttp://x\n--b--", "multipart/mixed;boundary=b"),
    request("A: b\r\nSubject: http\\u003a//x\r\n\r\n\r\nhttp://x", "message/cpim", headers=[("Subject", "http://y")]),
    invitation(first_message("http://x"), first_message("http://y", padded=False)),
]


def changed(message: Message, changes: dict[str, bytes]) -> Message:
    """The message that carries the changed texts."""
    edit = message.edit()
    rewritten(message, changes).apply(edit)
    return parse(bytes(edit))


def why_not(message: Message, changes: dict[str, bytes]) -> tuple[str, str]:
    """Which text cannot be changed, and why."""
    with pytest.raises(CannotRewriteError) as caught:
        rewritten(message, changes)
    return caught.value.path, caught.value.why


def about(entity: Entity, *headers: tuple[str, str]) -> Message:
    fields = [tuple(line.split(": ", 1)) for line in entity.lines]
    return request(entity.body, None, "MESSAGE", [*headers, *fields])


def data_of(message: Message) -> dict[str, bytes]:
    return {text.path: bytes(text.data) for text in texts(message) if isinstance(text, Text)}


def defanged(message: Message) -> bytes:
    """The message with an underscore before every link, by way of its texts."""
    changes = {path: data.replace(b"http:", b"_http:") for path, data in data_of(message).items()}
    return bytes(changed(message, changes))


# -- each representation ----------------------------------------------------------------------------------------------


def test_a_plain_body_is_replaced_and_its_length_follows():
    message = im("see http://x")
    assert defanged(message) == bytes(im("see _http://x"))


def test_a_text_in_utf16_is_written_in_utf16():
    for codec, label in (("utf-16-le", "utf-16le"), ("utf-16-be", "UTF-16BE"), ("utf-16", "utf-16")):
        message = im("中 http://x".encode(codec), label)
        assert changed(message, {"body": "中 _http://x".encode()}) == im("中 _http://x".encode(codec), label)


def test_a_compressed_body_is_compressed_again():
    for name, encode, decode in (("gzip", gzip.compress, gzip.decompress), ("deflate", zlib.compress, zlib.decompress)):
        message = request(encode(b"http://x"), "text/plain", headers=[("Content-Encoding", name)])
        result = changed(message, {"body": b"_http://x"})
        assert decode(bytes(result.body)) == b"_http://x"
        assert result["Content-Encoding"] == name


def test_parts_are_encoded_as_they_were_and_nothing_else_changes():
    parts = [
        leaf("a=http://ä", LATIN, "plain", "", "quoted-printable"),
        leaf("http://" + "x" * 80, UTF8, "html", "", "base64"),
        leaf("http://中", ("utf-16le", "utf-16-le", ""), "plain", "", "Base64"),
        leaf("http://x", UTF8, "plain", "gzip", "base64"),
        Entity(["Content-Type: image/gif"], b"http:\0\xff", {}),
    ]
    inner = multipart(parts, "alternative", 2, "http://old readers", sized=True)
    message = about(
        multipart([enclosed(inner, cpim=True, subject="http://s"), leaf("", UTF8, "plain", "", "")], "x", 1)
    )
    after = parse(defanged(message))
    assert data_of(after) == {path: data.replace(b"http:", b"_http:") for path, data in data_of(message).items()}
    back = after.edit()
    rewritten(after, data_of(message)).apply(back)
    gzipped = base64.encodebytes(gzip.compress(b"http://x", mtime=0))
    assert bytes(back).replace(gzipped, b"").count(b"_http:") == 0
    assert b"image/gif\r\nContent-Length: 7\r\n\r\nhttp:\0\xff\r\n--=_0002--" in bytes(after)
    assert b"a=3D_http://=E4\r\n" in bytes(after)
    assert base64.encodebytes(b"_http://" + b"x" * 80) in bytes(after)
    assert base64.b64encode("_http://中".encode("utf-16-le")).rstrip(b"=") + b"\r\n--" in bytes(after)


def test_the_length_of_a_part_follows():
    message = about(multipart([leaf("http://x", UTF8, "plain", "", "")], "mixed", 1, sized=True))
    assert b"Content-Length: 9\r\n\r\n_http://x\r\n" in defanged(message)


def test_what_is_in_cpim_is_replaced_with_its_subject():
    body = "A: b\r\nSubject: http://s\r\n\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nhttp://x"
    after = body.replace("http:", "_http:").replace("Length: 8", "Length: 9")
    assert defanged(request(body, "message/cpim")) == bytes(request(after, "message/cpim"))


def test_a_first_message_keeps_its_padding_and_everything_around_it():
    before = 'text/plain;ms-body="aHR0cDovL3g" ; charset=UTF-8;msgr=WAAt'
    after = 'text/plain;ms-body="X2h0dHA6Ly94" ; charset=UTF-8;msgr=WAAt'
    assert changed(invitation(before), {"ms-text-format": b"_http://x"}) == invitation(after)
    padded = first_message("abcd http:")
    assert changed(invitation(padded), {"ms-text-format": b"abcd"}) == invitation(first_message("abcd"))


def test_one_of_several_first_messages_is_replaced():
    values = [first_message(text) for text in ("one", "two", "three")]
    result = changed(invitation(*values), {"ms-text-format[1]": b"deux"})
    assert result == invitation(values[0], first_message("deux"), values[2])


def test_a_subject_is_replaced_under_the_name_it_has():
    message = request("", None, headers=[("s", "go, to http://x")])
    result = changed(message, {"subject": b"go, to _http://x"})
    assert result == request("", None, headers=[("s", "go, to _http://x")])


def test_texts_of_body_and_headers_are_replaced_together():
    message = request("http://x", "text/plain", "INVITE", [("Subject", "http://s"), ("ms-text-format",
                                                            first_message("http://f"))])  # fmt: skip
    assert data_of(parse(defanged(message))) == {
        "body": b"_http://x",
        "ms-text-format": b"_http://f",
        "subject": b"_http://s",
    }


def test_an_edit_that_has_other_changes_keeps_them():
    message = im("http://x")
    edit = message.edit().set("X-Other", "yes").push_via("SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKx")
    rewritten(message, {"body": b"_http://x"}).apply(edit)
    result = parse(bytes(edit))
    assert (bytes(result.body), result["X-Other"], len(result.vias)) == (b"_http://x", "yes", 2)


def test_an_edit_without_the_header_is_refused():
    message = invitation(first_message("one"), first_message("two"))
    edit = message.edit().remove("ms-text-format")
    with pytest.raises(EditError):
        rewritten(message, {"ms-text-format[1]": b"x"}).apply(edit)


# -- what cannot be rewritten -----------------------------------------------------------------------------------------


def test_the_error_says_where_and_why():
    with pytest.raises(CannotRewriteError, match=r"^body/cpim: there is no such text$"):
        rewritten(im("hello"), {"body/cpim": b""})


@pytest.mark.parametrize("name", ["Identity-Info", "Content-MD5", "Content-Digest"])
def test_a_body_that_a_header_vouches_for_is_not_changed(name):
    message = request("http://x", "text/plain", headers=[(name, "x"), ("Subject", "http://s")])
    assert why_not(message, {"body": b"x"}) == ("body", f"covered by {name}")
    assert data_of(changed(message, {"subject": b"x"}))["subject"] == b"x"


@pytest.mark.parametrize(("ppt", "is_sealed"), [(";ppt=msgi", True), (";ppt=div", False), ("", False)])
def test_identity_vouches_for_the_body_only_where_it_says_so(ppt, is_sealed):
    message = request("http://x", "text/plain", headers=[("Identity", f"e30.e30.x;info=<https://x.example>{ppt}")])
    if is_sealed:
        assert why_not(message, {"body": b"x"}) == ("body", "covered by Identity")
    else:
        assert bytes(changed(message, {"body": b"x"}).body) == b"x"


def test_a_signed_part_is_not_changed_however_deep():
    signed = multipart([enclosed(leaf("http://x", UTF8, "plain", "", ""), cpim=True)], "signed", 2, "before")
    other = leaf("http://y", UTF8, "plain", "", "")
    message = about(multipart([signed, other], "mixed", 1))
    for path in ("body/multipart[0]/multipart[0]/cpim", "body/multipart[0]/multipart/preamble"):
        assert why_not(message, {path: b"x"}) == (path, "covered by multipart/signed")
    assert data_of(changed(message, {"body/multipart[1]/plain": b"x"}))["body/multipart[1]/plain"] == b"x"


def test_a_part_with_a_digest_is_not_changed():
    part = leaf("http://x", UTF8, "plain", "", "")
    part.lines.append("Content-MD5: x")
    assert (
        why_not(about(multipart([part], "mixed", 1)), {"body/multipart[0]/plain": b"x"})[1] == "covered by content-md5"
    )


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (im("hello", "us-ascii"), "ü".encode()),
        (im("hello", "utf-8"), b"\xff"),
        (im("hello", "shift_jis"), "😀".encode()),
    ],
)
def test_what_its_encoding_cannot_hold_is_refused(message, data):
    path = list(data_of(message))[-1]
    assert why_not(message, {path: data})[0] == path


@pytest.mark.parametrize(
    "path", ["body@raw", "body/subject@unescaped", "subject@decoded", "body@utf-16-be", "body@cp932", "body@utf-16-le"]
)
def test_what_shows_in_another_way_than_the_first_is_not_changed(path):
    messages = [
        *SAMPLES,
        request("", None, headers=[("Subject", "=?utf-8?q?http:?=//x")]),
        im("http".encode("utf-16-be"), "utf-16"),
        im("\ufeffhttp".encode("utf-16-le"), "utf-8"),
        request("<meta charset=shift_jis>", "text/html"),
    ]
    message = next(each for each in messages if path in data_of(each))
    assert why_not(message, {path: b"x"}) == (path, "read in more than one way")


@pytest.mark.parametrize(
    ("message", "path", "data"),
    [
        (
            about(multipart([leaf("x", UTF8, "plain", "", "")], "mixed", 1)),
            "body/multipart[0]/plain",
            b"\r\n--=_0001\r\n",
        ),
        (about(multipart([leaf("x", UTF8, "plain", "", "")] * 2, "mixed", 1)), "body/multipart[0]/plain", b""),
        (SAMPLES[5], "body/subject", b"x\r\n\r\ny"),
        (SAMPLES[5], "subject", b" padded "),
        (request("", None, headers=[("Subject", "a, b"), ("Subject", "c")]), "subject[1]", b"x"),
    ],
)
def test_a_change_that_would_make_another_message_is_refused(message, path, data):
    assert why_not(message, {path: data}) == (path, "the message would read differently in another place")


@pytest.mark.parametrize(
    ("message", "path", "data"),
    [
        (invitation(first_message("x")), "ms-text-format", b"x" * 10_000),
        (SAMPLES[5], "subject", b"a\r\nb"),
    ],
)
def test_a_change_that_would_make_no_message_is_refused(message, path, data):
    where, why = why_not(message, {path: data})
    assert (where, why.partition(":")[0]) == (path, "no message any more")


def test_changes_are_values():
    message = invitation(first_message("x"))
    assert rewritten(message, {"ms-text-format": b"y"}) == rewritten(message, {"ms-text-format": b"y"})
    assert hash(rewritten(message, {"ms-text-format": b"y"})) != hash(Changes())


# -- whatever comes ---------------------------------------------------------------------------------------------------


@examples
@given(entities() | st.sampled_from(SAMPLES))
def test_unchanged_texts_leave_every_byte_as_it_is(entity):
    message = entity if isinstance(entity, Message) else about(entity)
    found = rewritten(message, data_of(message))
    assert found == Changes()
    edit = message.edit()
    found.apply(edit)
    assert bytes(edit) == bytes(message)


@examples
@given(entities(), st.data())
def test_changed_texts_read_back_and_the_others_stay(entity, data):
    message = about(entity)
    before = {path: found for path, found in data_of(message).items() if "@" not in path}
    changes = {}
    for path, (_, letters) in entity.texts.items():
        if data.draw(st.booleans()):
            text = data.draw(st.text(st.sampled_from(letters), min_size=1, max_size=30))
            known = next(each for each in texts(message) if each.path == f"body{path}")
            # White space around a header's value is not part of it, and a preamble of nothing else is none.
            if "subject" in path or "preamble" in path:
                text = f"x{text}x"
            changes[f"body{path}"] = text.encode(known.codec)
    after = changed(message, changes)
    assert {path: found for path, found in data_of(after).items() if "@" not in path} == before | changes
    assert bytes(changed(message, {})) == bytes(message)


@examples
@given(entities(), st.integers(0, 5000), st.binary(max_size=3))
def test_a_broken_tree_is_rewritten_right_or_not_at_all(entity, at, piece):
    at %= len(entity.body) + 1
    message = about(entity._replace(body=entity.body[:at] + piece + entity.body[at + len(piece) :]))
    for path, data in data_of(message).items():
        try:
            after = changed(message, {path: b"_" + data})
        except CannotRewriteError as error:
            assert error.path == path
        else:
            assert data_of(after)[path] == b"_" + data
