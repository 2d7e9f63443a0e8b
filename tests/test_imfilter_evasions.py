"""Messages that try to pass with a link that a client would show, written by hand as a sender of spam would.

Each says by which rule a profile finds it. What passes is listed too, with the reason why nobody can click it.
"""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from instant_messages import Headers, first_message, im, request

from sipcore import parse
from sipcore._parser import Message
from sipcore.imfilter import ImFilter
from sipcore.imfilter.profiles import Profile

FILTERS = {profile.value: ImFilter(profile.rules) for profile in Profile}
LINK = "http://fabrikam.example/x"
MIXED = "multipart/mixed;boundary=b"
HTTP, UNREAD, DOMAIN, HREF = "http:", "undecodable", "bare-domain", "href"


def part(header: str, body: bytes | str = LINK) -> Message:
    """A multipart of one part."""
    content = body.encode() if isinstance(body, str) else body
    lines = f"--b\r\n{header}\r\n\r\n" if header else "--b\r\n"
    return request(lines.encode() + content + b"\r\n--b--", MIXED)


def headed(headers: Headers, body: bytes | str = LINK, content_type: str | None = "text/plain") -> Message:
    return request(body, content_type, headers=headers)


def invite(*headers: tuple[str, str | bytes]) -> Message:
    return request(b"", None, "INVITE", headers)


def compact(content: bytes) -> Message:
    """A message with the short names of its headers."""
    return parse(
        b"MESSAGE sip:bob@contoso.example SIP/2.0\r\ns: hello\r\nc: text/plain\r\ne: gzip\r\n"
        b"l: %d\r\n\r\n%b" % (len(content), content)
    )


def base64_of(text: str) -> bytes:
    return base64.b64encode(text.encode())


#: Message, and what lcs2005 and strict find in it.
EVASIONS = {
    # types and character sets
    "compact names": (compact(gzip.compress(LINK.encode())), HTTP, HTTP),
    "no type": (request(LINK, None), HTTP, HTTP),
    "two types": (headed([("Content-Type", "image/png")]), UNREAD, UNREAD),
    "two types, one of them compact": (headed([("c", "image/png")]), UNREAD, UNREAD),
    "a folded type": (request(LINK, "text/\r\n plain"), HTTP, HTTP),
    "a type in quotes": (request(LINK, '"text/plain"'), UNREAD, UNREAD),
    "an unheard-of text": (request(LINK, "text/x-plain"), UNREAD, UNREAD),
    "UTF-16 without a mark": (im(LINK.encode("utf-16-be"), "utf-16"), HTTP, HTTP),
    "UTF-16 that says UTF-8": (im(LINK.encode("utf-16-le")), None, HTTP),
    "UTF-16 with a mark that says UTF-8": (im(("\ufeff" + LINK).encode("utf-16-le")), HTTP, HTTP),
    "UTF-32": (im(LINK.encode("utf-32"), "utf-32"), UNREAD, UNREAD),
    "UTF-7": (im(LINK.encode("utf-7"), "utf-7"), UNREAD, UNREAD),
    "UTF-7 that HTML names": (request("<meta charset=utf-7>+AGgAdAB0AHA-://x", "text/html"), UNREAD, UNREAD),
    "two character sets": (request(LINK, "text/plain;charset=utf-8;charset=utf-16"), UNREAD, UNREAD),
    "a character set in pieces": (request(LINK, "text/plain;charset*0=utf;charset*1=-7"), UNREAD, UNREAD),
    "an escaped character set": (request(LINK, 'text/plain;charset="utf\\-16"'), UNREAD, UNREAD),
    "EBCDIC": (im(LINK.encode("cp037"), "cp037"), UNREAD, UNREAD),
    "shifts inside a prefix": (im(b"ht\x1b(J\x1b(Btp://x", "iso-2022-jp"), HTTP, HTTP),
    # letters
    "NUL": (im(LINK.replace("t", "t\0")), None, HTTP),
    "half a surrogate pair": (im(b"ht\xed\xa0\x80tp://fabrikam.example"), None, DOMAIN),
    "too long a form": (im(b"\xc1\xa8ttp://fabrikam.example"), None, DOMAIN),
    "an underscore that shows elsewhere": (im("_\u200bwww.fabrikam.example"), "www*.", "www*."),
    "full stops of other scripts": (im("fabrikam。example"), None, DOMAIN),
    # transfer and content encodings
    "base64 around a body": (headed([("Content-Transfer-Encoding", "base64")], base64_of(LINK)), HTTP, HTTP),
    "base64 with bytes behind its end": (part("Content-Transfer-Encoding: base64", "aGk=aHR0cA=="), UNREAD, UNREAD),
    "base64 with a stray byte": (part("Content-Transfer-Encoding: base64", "aHR0!cDovL3g="), UNREAD, UNREAD),
    "two transfer encodings": (
        part("Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64", base64_of(LINK)), UNREAD, UNREAD
    ),
    "a transfer encoding behind a comment": (
        part("Content-Transfer-Encoding: (x) base64", base64_of(LINK)), UNREAD, UNREAD
    ),
    "soft breaks": (part("Content-Transfer-Encoding: quoted-printable", "ht=\r\ntp=3a//x"), HTTP, HTTP),
    "gzip in base64": (
        part("Content-Encoding: gzip\r\nContent-Transfer-Encoding: base64",
             base64.b64encode(gzip.compress(LINK.encode()))), HTTP, HTTP,
    ),
    "two streams of gzip": (
        headed([("Content-Encoding", "gzip")], gzip.compress(b"hi") + gzip.compress(LINK.encode())), UNREAD, UNREAD
    ),
    "bare deflate": (headed([("Content-Encoding", "deflate")], zlib.compress(LINK.encode())[2:-4]), HTTP, HTTP),
    "a content encoding of today": (headed([("Content-Encoding", "br")]), UNREAD, UNREAD),
    # containers
    "no header in a part": (part(""), UNREAD, UNREAD),
    "no boundary": (request(LINK, "multipart/mixed"), UNREAD, UNREAD),
    "two boundaries": (request("--b\r\n\r\nhi\r\n--b--", "multipart/mixed;boundary=a;boundary=b"), UNREAD, UNREAD),
    "a boundary in another case": (request(f"--b\r\n\r\n{LINK}", "multipart/mixed;boundary=B"), UNREAD, UNREAD),
    "a boundary that begins another": (
        part("Content-Type: multipart/mixed;boundary=bb", f"--bb\r\n\r\n{LINK}\r\n--bb--"), UNREAD, UNREAD
    ),
    "in front of the parts": (request(f"{LINK}\r\n--b\r\n\r\nhi\r\n--b--", MIXED), HTTP, HTTP),
    "behind the parts": (request(f"--b\r\n\r\nhi\r\n--b--\r\n{LINK}", MIXED), HTTP, HTTP),
    "CPIM in a part": (
        part("Content-Type: message/cpim", f"From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\n{LINK}"), HTTP, HTTP
    ),
    "CPIM without its empty line": (
        request(f"From: <im:a@b>\r\nContent-Type: text/plain\r\n\r\n{LINK}", "message/cpim"), UNREAD, UNREAD
    ),
    "a body elsewhere": (
        request("Content-Type: a/b\r\n\r\n", f'message/external-body;access-type=URL;URL="{LINK}"'), UNREAD, UNREAD
    ),
    # headers
    "an encoded subject": (invite(("Subject", f"=?utf-8?b?{base64_of(LINK).decode()}?=")), HTTP, HTTP),
    "a second version of the first message": (
        invite(("ms-text-format", first_message("hi")), ("ms-im-format", first_message(LINK))), HTTP, HTTP
    ),
    "a first message in another case": (
        invite(("MS-TEXT-FORMAT", first_message(LINK).replace("ms-body", "MS-BODY"))), HTTP, HTTP
    ),
    # HTML and RTF
    "a target without its scheme": (request("<a href=//fabrikam.example>x</a>", "text/html"), HREF, HREF),
    "a script": (request("<a href='java&#115;cript:x'>x</a>", "text/html"), HREF, HREF),
    "a form": (request("<form action=//fabrikam.example/x>", "text/html"), HREF, HREF),
    "a picture": (request("<img src=\\\\fabrikam.example/x>", "text/html"), None, DOMAIN),
    "a page within": (request("<iframe srcdoc='&lt;a href=//x&gt;'>", "text/html"), None, HREF),
    "a prefix split by a comment": (request("ht<!-- -->tp://x", "text/html"), HTTP, HTTP),
    "an entity of the sender's own": (
        request("<!DOCTYPE html [<!ENTITY a 'ht'>]>&a;tp://x", "application/xhtml+xml"), UNREAD, UNREAD
    ),
    "HTML in plain text": (im("<html><a hre&#102;=//x>"), None, HREF),
    "a field without a scheme": (
        request(r'{\rtf1{\field{\*\fldinst HYPERLINK \\o "tip" "//x"}{\fldrslt y}}}', "text/rtf"), HREF, HREF
    ),
    "RTF that says plain text": (im(r"{\rtf1 h\'74tp://x}"), HTTP, HTTP),
    # other dialects
    "an invitation that is none": (request(LINK, "text/x-msmsgsinvite"), HTTP, HTTP),
    "another program's scheme": (im("skype:fabrikam?call or outlook:inbox"), None, "skype:"),
}  # fmt: skip

#: What passes strict, and why that is no hole.
HARMLESS = {
    "an image of text": (request(LINK, "image/png"), "shown as an image, or not at all"),
    "a file": (request(LINK, "application/octet-stream"), "offered for saving, if at all"),
    "composing": (request(f"<a>{LINK}</a>", "application/im-iscomposing+xml"), "no text is shown of it"),
    "formatting": (request("hi", f"text/plain; msgr={base64_of(LINK).decode().rstrip('=')}"), "no text is shown of it"),
    "gzip unannounced": (im(gzip.compress(LINK.encode())), "no client expands what does not say so"),
    "right to left": (im("\u202ex/elpmaxe.makirbaf//:ptth"), "clients look for links in the order of the letters"),
    "a word before it": (im("1http://x xhttp://y"), "no link begins within a word"),
    "first messages in a MESSAGE": (headed([("ms-text-format", first_message(LINK))], "hi"), "read in an INVITE only"),
    "a mistyped scheme": (im("hxxp://x htttp:x http;//x"), "nothing to follow"),
}


@pytest.mark.parametrize("name", EVASIONS)
def test_a_hidden_link_is_found_or_refused(name):
    message, *expected = EVASIONS[name]
    for profile, rule in zip(("lcs2005", "strict"), expected, strict=True):
        verdict = FILTERS[profile].check(message)
        assert verdict.blocked == (rule is not None), profile
        assert rule in {finding.rule for finding in verdict.findings} or rule is None


@pytest.mark.parametrize("name", HARMLESS)
def test_what_nobody_can_follow_passes(name):
    message, _ = HARMLESS[name]
    assert FILTERS["strict"].check(message).passed


@pytest.mark.parametrize(
    "text",
    [
        "http://intranet/,http://fabrikam.example",
        "http://intranet/看http://fabrikam.example",
        "http://intranet@fabrikam.example/",
        "http://fabrikam.example\\@intranet/",
        "http://intranet。fabrikam。example/",
        "http://intranet%2efabrikam%2eexample/",
        "http://0x7f.1/ http://2130706433/ http://127.1/",
        "mailto:bob@intranet?bcc=eve%40fabrikam.example",
        "sip:bob@intranet;maddr=fabrikam.example",
        "file:////fabrikam.example/a",
        "http://a/ " * 1100 + "http://fabrikam.example",
    ],
)
def test_no_link_passes_as_one_to_a_host_of_ones_own_that_leads_elsewhere(text):
    assert not FILTERS["lync"].check_text(text).passed
