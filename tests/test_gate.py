"""The gate before the filter: what it passes holds nothing, and what people mostly write it passes."""

from __future__ import annotations

import copy
import pickle
from base64 import b64encode
from dataclasses import replace

import pytest
from guard import flush_against_guard_page
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcore import ImFilter, Message, parse
from sipcore.imfilter import _gate
from sipcore.imfilter._gate import Gate
from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter.content import READ_TYPES, SHOWN_TYPES, texts
from sipcore.imfilter.hiding import spellings
from sipcore.imfilter.profiles import LCS2005, STRICT
from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore.imfilter.verdict import Action

LINKS = LinkFinder(DEFAULT_PREFIXES)
GATES = {
    "lcs2005": Gate(LINKS, read=READ_TYPES, shown=SHOWN_TYPES),
    "strict": Gate(LINKS, dots=True, undone=spellings(), read=READ_TYPES, shown=SHOWN_TYPES),
}
FILTERS = {"lcs2005": ImFilter(LCS2005), "strict": ImFilter(STRICT)}
profiles = pytest.mark.parametrize("profile", GATES)

UTF8 = "text/plain; charset=UTF-8"


def message(body: bytes | str, *headers: str, start: str = "MESSAGE sip:b@a.example SIP/2.0") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [start, *headers, f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def text_message(body: bytes | str, content_type: str = UTF8) -> Message:
    return parse(message(body, f"Content-Type: {content_type}"))


def first_message(value: str) -> Message:
    return parse(message("v=0\r\n", f"ms-text-format: {value}", "Content-Type: application/sdp", start=STARTS[1]))


def long_road_finds_nothing(profile: str, parsed: Message) -> bool:
    return FILTERS[profile]._judged(texts(parsed)).findings == ()


def assert_says_only_what_is_so(parsed: Message) -> None:
    for profile, gate in GATES.items():
        if gate.is_clean(parsed):
            assert long_road_finds_nothing(profile, parsed), (profile, bytes(parsed))
        if FILTERS[profile].refuses_links and gate.has_link(parsed):
            assert_is_blocked_for_a_link(FILTERS[profile], parsed)


def assert_is_blocked_for_a_link(content: ImFilter, parsed: Message) -> None:
    verdict = content.check(parsed)
    assert verdict.blocked
    assert verdict.worst is not None
    assert (verdict.worst.kind, verdict.worst.text) == ("prefix", "body")


# -- it never passes what the filter would find -----------------------------------------------------------------------

PIECES = [
    *("http:", "www.", "//", "x", " ", ".", ":", "_", "\r\n", "\t", "%", "&", "#", ";", "amp", "68", "%68", "&#104;"),
    *("h", "ttp", "contoso", ".com", ".example", "1.2", "\u200b", "\u00ad", "\u3002", "\uff48", "\U0001d4f1", "é"),
    *(
        "看",
        "“",
        "😀",
        "\x00",
        "\x7f",
        "{\\rtf",
        "{urtf",
        "\ufeff",
        "Lunch. See you at noon",
        "\U000e0020",
        "\U00020000",
    ),
]
BYTES = [b"\x80", b"\xc3", b"\xe2\x80", b"\xff\xfe", b"\xfe\xff", b"\xc0\xae", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
bodies = st.lists(st.sampled_from([piece.encode() for piece in PIECES] + BYTES)).map(b"".join)
TYPES = [
    *("text/plain", UTF8, "TEXT/Plain;charset=us-ascii", 'text/plain; charset="utf-8"', "text/plain;charset=utf-16le"),
    *("text/plain; charset=UTF-8; msgr=WAAtAE0ATQ", "text/plain;msgr=AA==;charset=utf-8", "text/plain; msgr=xcharset="),
    *("text/plain; charset=utf-8; charset=utf-8", "text/plain;charset", "text/plain;", "text/plain; ;charset=utf-8"),
    *("text/plain; charset=", 'text/plain; charset="utf-8', 'text/plain; charset="utf-8"x', "text/plainx", "text/html"),
    *("text/plain; charset=utf-8, text/html", "text/plain\r\n ;charset=utf-16", "text/x-msmsgsinvite", "", "text"),
    *(
        "text/plain; format=flowed; delsp=yes",
        "text/plain; charset=utf-7",
        "text/plain; charset*=utf-8''utf-16",
        "message/cpim",
    ),
    *("text/plain; charset=utf\\-8", "text/plain; charset=utf-8;ms-body=aHR0cDp4", "text/plain/x", "text/plain a"),
    *(
        "application/sdp",
        "Application/SDP",
        "application/sdp; charset=utf-16",
        "application/sdp;x",
        "application/sdp, text/x",
    ),
    *(
        "application/im-iscomposing+xml",
        'application/pidf+xml; charset="UTF-8"',
        "application/x; a",
        'application/x;a="b',
    ),
    *("application/soap+xml;charset=utf-8;charset=x", "image/png", "image /png", "application/", "/xml", "x", "a/b;=c"),
    *("application/pkcs7-mime", "APPLICATION/Cipher.x", "text/enriched", "text/xml+msrtc.pidf", "message/sipfrag"),
    *("message/imdn+xml", "multipart/related; boundary=x", "application/xhtml+xml", "application/x-msnmsgrp2p", "*/*"),
]
HEADERS = [
    *(
        "Subject: http://x",
        "s: http://x",
        "SUBJECT: =?utf-8?Q?lunch?=",
        "Content-Encoding: gzip",
        "e: deflate",
        "X-Y: http://x",
    ),
    *("Content-Transfer-Encoding: base64", "content-transfer-encoding: 7bit", "c: text/html", "Content-Type: text/rtf"),
    *("ms-text-format: text/plain; ms-body=aHR0cDovL3g", "MS-IM-Format: text/plain; ms-body=aHR0cDovL3g"),
]
STARTS = ["MESSAGE sip:b@a.example SIP/2.0", "INVITE sip:b@a.example SIP/2.0", "SIP/2.0 200 OK", "NOTIFY sip:b SIP/2.0"]


@settings(deadline=None)
@given(bodies, st.sampled_from(TYPES), st.lists(st.sampled_from(HEADERS), max_size=2), st.sampled_from(STARTS))
def test_what_it_passes_holds_nothing(body, content_type, headers, start):
    assert_says_only_what_is_so(parse(message(body, *headers, f"Content-Type: {content_type}", start=start)))
    assert_says_only_what_is_so(parse(message(body, *headers, start=start)))


SESSION_PIECES = [
    *(
        b"v=0\r\n",
        b"\r\n",
        b"\n",
        b"m=message 7654 TCP/MSRP *\r\n",
        b"m=audio 0 RTP/AVP 0\r\n",
        b"a=",
        b"A =",
        b"file",
        b"-",
    ),
    *(
        b'file-selector:name:"x"',
        b"FILE-Range:1-2",
        b"fi\0le-date",
        b"dcsa:1 ",
        b"file-",
        b"rtpmap:0 PCMU/8000",
        b"\xff",
    ),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(SESSION_PIECES)).map(b"".join), st.sampled_from(STARTS))
def test_a_session_that_it_passes_offers_no_file(body, start):
    assert_says_only_what_is_so(parse(message(body, "Content-Type: application/sdp", start=start)))


VALUES = ["text/plain; ms-body={}", f"{UTF8};ms-body={{}}", "text/plain; charset=UTF-8;msgr=WAAt;ms-body={}; charset=x"]
VALUES += [
    "TEXT/plain;Ms-Body={};msgr=WAAt;charset=us-ascii",
    "text/plain;ms-body={}=",
    "text/plain;ms-body={};ms-body={}",
]
VALUES += [
    "text/plain;ms-body=={}",
    "text/plain;ms-body={}x",
    "text/html;ms-body={}",
    "text/plain;ms-body={}, text/plain",
]
VALUES += [
    "text/plain;ms-body=\r\n {}",
    "text/plain ; ms-body={} ",
    "text/plain;charset=utf-16;ms-body={}",
    "text/plain",
]


@settings(deadline=None)
@given(bodies, st.sampled_from(VALUES), st.sampled_from(["ms-text-format", "Ms-IM-Format"]), st.integers(0, 3))
def test_a_first_message_that_it_passes_holds_nothing(text, value, name, dropped):
    encoded = b64encode(text).decode()
    header = f"{name}: {value.replace('{}', encoded[: len(encoded) - dropped])}"
    assert_says_only_what_is_so(parse(message("", header, start=STARTS[1])))
    assert_says_only_what_is_so(parse(message("", f"{name}: {VALUES[0]}".format("SGk="), header, start=STARTS[1])))


@settings(deadline=None)
@given(
    bodies.filter(lambda text: not {*text} & {*b"\0\r\n\x7f"}),
    st.sampled_from(["=?", "=", "?", ""]),
    st.sampled_from(STARTS),
)
def test_a_subject_that_it_passes_holds_nothing(text, mark, start):
    head = message("", "Subject: X", start=start)
    for subject in (text, mark.encode() + text, b"=?utf-8?B?" + b64encode(text) + b"?="):
        assert_says_only_what_is_so(parse(head.replace(b"X", subject)))


@settings(deadline=None)
@given(bodies)
def test_plain_text_that_it_passes_holds_nothing(body):
    assert_says_only_what_is_so(text_message(body))


def test_no_character_that_the_filter_undoes_gets_past_the_strict_one():
    gate = GATES["strict"]
    passed = [hex(point) for point in spellings() if gate.is_clean(text_message(b"a" + chr(point).encode() + b"b"))]
    assert passed == []


def test_every_other_character_that_it_passes_hides_nothing():
    for first in range(0x80, 0x30000, 64):
        letters = "".join(chr(point) for point in range(first, first + 64) if not 0xD800 <= point < 0xE000)
        for body in (letters, letters + "http:x", letters + "ww" + letters + "w.x"):
            assert_says_only_what_is_so(text_message(body))


def test_every_pair_of_bytes_that_it_passes_hides_nothing():
    for first in range(256):
        for second in range(256):
            pair = bytes((first, second))
            assert_says_only_what_is_so(text_message(b"a%bcom x" % pair))
        assert_says_only_what_is_so(text_message(bytes((first,)) + b"x"))


@profiles
@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_carries_a_link_or_changes_text_is_left_to_the_filter(profile, header):
    clean = header.startswith("X-Y")
    invite = parse(message("Hi", header, f"Content-Type: {UTF8}", start=STARTS[1]))
    assert GATES[profile].is_clean(invite) == clean


@profiles
@pytest.mark.parametrize("before", range(7))
def test_a_link_in_a_first_message_is_left_to_the_filter_wherever_it_stands(profile, before):
    for behind in range(4):
        text = b64encode(b"-" * before + b" http://x" + b"-" * behind).decode()
        assert not GATES[profile].is_clean(first_message(f"text/plain; charset=UTF-8;ms-body={text}"))


@profiles
@pytest.mark.parametrize("link", ["http://x", "see www.contoso.example", "HREF=x"])
def test_a_link_is_left_to_the_filter(profile, link):
    assert not GATES[profile].is_clean(text_message(link))


# -- links that are refused without being read


@pytest.mark.parametrize("content_type", ["text/plain", UTF8, f"{UTF8};msgr=WAAtAE0ATQ"])
def test_a_link_in_plain_text_is_told_whatever_else_is_there(content_type):
    gate = FILTERS["lcs2005"].gate
    assert gate.has_link(text_message("see http://a.example", content_type))
    both = parse(message("see http://a.example", "Subject: www.b.example", f"Content-Type: {content_type}"))
    assert gate.has_link(both)
    assert_is_blocked_for_a_link(FILTERS["lcs2005"], both)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("Lunch at noon?", ["Content-Type: text/plain"]),
        ("", ["Content-Type: text/plain"]),
        ("<a href=http://a.example>", ["Content-Type: text/html"]),
        ("http://a.example", []),
        ("http://a.example", ["Content-Type: text/plain", "Content-Type: text/plain"]),
        ("http://a.example", ["Content-Type: text/plain;\r\n charset=utf-8"]),
        ("http://a.example", ["Content-Type: text/plain", "Content-Encoding: gzip"]),
        ("http://a.example", ["Content-Type: text/plain", "Content-Transfer-Encoding: 8bit"]),
        ("http://a.example", ["Content-Type: text/plain;ms-body=SGk="]),
        ("{\\rtf http://a.example}", ["Content-Type: text/plain"]),
        ("http://a.example " + "x" * 70_000, ["Content-Type: text/plain"]),
    ],
)
def test_a_link_in_anything_else_is_for_the_filter_to_find(body, headers):
    assert not FILTERS["lcs2005"].gate.has_link(parse(message(body, *headers)))


@pytest.mark.parametrize(
    "changes",
    [
        {"links": Action.DEFANG},
        {"links": Action.OBSERVE},
        {"bare_domains": True},
        {"tricks": True},
        {"ignore_local": True},
        {"extensions": ("exe",)},
    ],
)
def test_a_filter_that_makes_a_difference_between_links_has_to_find_them_itself(changes):
    assert FILTERS["lcs2005"].refuses_links
    assert not ImFilter(replace(LCS2005, **changes)).refuses_links


@profiles
@pytest.mark.parametrize("beginning", [b"{\\rtf1 x}", b"{urtf x}", b"\xff\xfeh\0:\0x\0", b"\xfe\xff\0h\0t\0:"])
def test_a_body_that_begins_like_another_format_is_left_to_the_filter(profile, beginning):
    assert not GATES[profile].is_clean(text_message(beginning))


# -- and passes what people mostly write ------------------------------------------------------------------------------


@profiles
@pytest.mark.parametrize(
    "body",
    [
        "Lunch at noon?",
        "News: today at 12:30... R & D is 100% sure, 5 % off. _really_ (yes)\r\n\tOK!",
        "Grüße aus Köln, “bis morgen”, ça va? Привет, 你好吗 😀",
        "x" * 5000,
        "no more. No less.",
    ],
)
def test_ordinary_text_passes(profile, body):
    assert GATES[profile].is_clean(text_message(body))


@profiles
@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "Text/PLAIN", UTF8, "text/plain;charset=utf-8", 'text/plain; charset="us-ascii"'),
        *("text/plain; charset=UTF-8; msgr=WAAtAE0ATQBTAC0ASQBNAA", "text/plain;msgr=AA==;charset=UTF-8 "),
    ],
)
def test_the_usual_spellings_of_plain_text_pass(profile, content_type):
    assert GATES[profile].is_clean(text_message("Hi", content_type))


@profiles
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("content_type", ["application/sdp", "multipart/mixed; boundary=x", "message/cpim"])
def test_a_message_without_a_body_passes_whatever_its_type(profile, start, content_type):
    assert GATES[profile].is_clean(parse(message("", f"Content-Type: {content_type}", start=start)))


@profiles
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "content_type",
    [
        *(
            "application/im-iscomposing+xml",
            "application/pidf+xml;charset=UTF-8",
            'application/soap+xml; charset="utf-8"',
        ),
        *("application/dtmf-relay", "image/png", "APPLICATION/ADRL+XML", "application/sdp"),
    ],
)
def test_a_body_that_no_client_shows_passes(profile, start, content_type):
    assert GATES[profile].is_clean(parse(message("<x>http://x</x>", f"Content-Type: {content_type}", start=start)))


@profiles
@pytest.mark.parametrize("content_type", ["text/xml+msrtc.pidf", "message/sipfrag", "application/pkcs7-mime"])
def test_what_a_client_shows_in_an_instant_message_passes_in_others(profile, content_type):
    passed = {
        start: GATES[profile].is_clean(parse(message("Hi", f"Content-Type: {content_type}", start=start)))
        for start in STARTS
    }
    assert passed == {start: not start.startswith("MESSAGE") for start in STARTS}


@profiles
@pytest.mark.parametrize("content_type", [*READ_TYPES, "multipart/mixed", "MULTIPART/x", "Text/HTML; charset=utf-8"])
@pytest.mark.parametrize("start", STARTS)
def test_a_body_of_a_type_that_is_read_is_left_to_the_filter(profile, content_type, start):
    body = "m=message 1 TCP/MSRP *\r\na=File-selector:\r\nhttp://x"
    assert not GATES[profile].is_clean(parse(message(body, f"Content-Type: {content_type}", start=start)))


def test_a_type_that_the_rules_name_is_read_too():
    soap = text_message("<x/>", "application/soap+xml")
    assert Gate(LINKS, read=READ_TYPES).is_clean(soap)
    assert not Gate(LINKS, read=(*READ_TYPES, "application/SOAP+xml")).is_clean(soap)
    assert not Gate(LINKS).is_clean(soap)


@profiles
@pytest.mark.parametrize("subject", ["Subject: Lunch at noon?", "s: lunch", "Subject:"])
def test_an_ordinary_subject_passes(profile, subject):
    for start in STARTS:
        assert GATES[profile].is_clean(parse(message("Hi", subject, f"Content-Type: {UTF8}", start=start)))


@profiles
@pytest.mark.parametrize("text", ["Lunch at noon?", "Hi", "Lunch", "Grüße aus Köln", "x" * 3072])
@pytest.mark.parametrize("padding", [True, False])
def test_an_ordinary_first_message_passes(profile, text, padding):
    encoded = b64encode(text.encode()).decode()
    encoded = encoded if padding else encoded.rstrip("=")
    assert GATES[profile].is_clean(first_message(f"{UTF8};msgr=WAAtAE0ATQ;ms-body={encoded}"))


@profiles
@pytest.mark.parametrize("encoded", ["", "=", "S", "SGk!", "SG=k", "SGl=", b64encode(b"x" * 3073).decode()])
def test_what_is_no_clear_base64_is_left_to_the_filter(profile, encoded):
    assert not GATES[profile].is_clean(first_message(f"text/plain;ms-body={encoded}"))


def test_dots_count_where_bare_domains_do():
    for body in ("contoso.com", "version 1.2", "beispiel.рф"):
        assert Gate(LINKS).is_clean(text_message(body))
        assert not Gate(LINKS, dots=True).is_clean(text_message(body))


def test_a_long_body_passes_too():
    for body in (b"x" * 60_000, b"x" * 60_000 + b" http://x"):
        assert Gate(LINKS, undone=[0x200B]).is_clean(text_message(body)) == (b"http" not in body)


# -- manners ----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(bodies.filter(len), st.integers(0, 70))
def test_both_ways_to_look_for_bytes_agree(body, padding):
    for gate in (Gate(LINKS, True), Gate(LINKS, False, [0, 0x41, 0x7F, 0x200B]), GATES["strict"]):
        fast, slow = _gate._listed_twins(gate, b"-" * padding + body)
        assert fast == slow


@profiles
def test_never_reads_past_the_end(profile):
    for body in (b"Lunch. ", b"100%", b"R&", b"x." * 40, "Grüße 😀".encode(), b"http:", b"x" * 70 + b"\xf0\x9f"):
        for end in range(len(body) + 1):
            with flush_against_guard_page(message(body[:end], f"Content-Type: {UTF8}")) as view:
                parsed = parse(view)
                assert GATES[profile].is_clean(parsed) in (True, False)
                del parsed


@profiles
@pytest.mark.parametrize("content_type", [each for each in TYPES if "\r" not in each])
def test_never_reads_past_the_end_of_any_body(profile, content_type):
    for body in (b"", b"-", b"file-", b"a=fil-", b"x\0"):
        with flush_against_guard_page(message(body, f"Content-Type: {content_type}")) as view:
            parsed = parse(view)
            assert GATES[profile].is_clean(parsed) in (True, False)
            del parsed


@pytest.mark.parametrize("clone", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy])
def test_a_clone_passes_the_same(clone):
    again = clone(Gate(LINKS, dots=True, undone=[0x200B], read=["text/*"], shown=("x/y",)))
    assert (again.dots, again.undone, again.finder.prefixes) == (True, {0x200B}, LINKS.prefixes)
    assert (again.read, again.shown) == (("text/*",), ("x/y",))
    assert not again.is_clean(text_message("Hi", "text/html"))
    assert again.is_clean(text_message("Hi", "x/z"))
    assert not again.is_clean(text_message("Hi", "x/y"))
    assert not again.is_clean(text_message("a.b"))
    assert not again.is_clean(text_message("a\u200bb"))


@pytest.mark.parametrize("point", [-1, 0x110000])
def test_refuses_what_is_no_code_point(point):
    with pytest.raises(ValueError, match="code point"):
        Gate(LINKS, undone=[point])


@pytest.mark.parametrize("other", [None, b"MESSAGE", "text"])
def test_takes_only_messages(other):
    with pytest.raises(TypeError):
        Gate(LINKS).is_clean(other)
