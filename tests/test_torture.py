"""The torture tests of RFC 4475 and RFC 5118: what their sections ask for, and that it is so.

One table for two sets of messages: those of the RFCs, from the public corpus, and our own with the same traits.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from corpus import corpus
from torture_messages import OWN_4475, OWN_5118

from sipcore import Framer, FramingError, Message, ParseError, Uri, parse, validate
from sipcore.validate import Role, ValidationRules

OWN = OWN_4475 | OWN_5118

#: Parses, and nothing is wrong with it that `validate` looks for.
VALID = "valid"
#: A response that must not be acted on, or anything that cannot be represented: nobody gets an answer.
DROP = "drop"

#: name: (section, what a proxy owes it, what a user agent owes it). Every extension is foreign to both.
ASKED: dict[str, tuple[str, object, object]] = {
    # RFC 4475 section 3.1.1: valid
    "wsinv": ("3.1.1.1", VALID, VALID),
    "intmeth": ("3.1.1.2", VALID, VALID),  # a user agent's 501 is for who knows its methods
    "esc01": ("3.1.1.3", VALID, VALID),
    "escnull": ("3.1.1.4", VALID, VALID),
    "esc02": ("3.1.1.5", VALID, VALID),
    "lwsdisp": ("3.1.1.6", VALID, VALID),
    "longreq": ("3.1.1.7", VALID, VALID),
    "dblreq": ("3.1.1.8", VALID, VALID),
    "semiuri": ("3.1.1.9", VALID, VALID),
    "transports": ("3.1.1.10", VALID, VALID),
    "mpart01": ("3.1.1.11", VALID, VALID),
    "unreason": ("3.1.1.12", VALID, VALID),
    "noreason": ("3.1.1.13", VALID, VALID),
    # Section 3.1.2: not valid
    "badinv01": ("3.1.2.1", 400, 400),
    "clerr": ("3.1.2.2", 400, 400),
    "ncl": ("3.1.2.3", 400, 400),
    "scalar02": ("3.1.2.4", 400, 400),
    "scalarlg": ("3.1.2.5", DROP, DROP),
    "quotbal": ("3.1.2.6", 400, 400),
    "ltgtruri": ("3.1.2.7", 400, 400),
    "lwsruri": ("3.1.2.8", 400, 400),
    "lwsstart": ("3.1.2.9", 400, 400),
    "trws": ("3.1.2.10", 400, 400),
    "escruri": ("3.1.2.11", 400, 400),
    "baddate": ("3.1.2.12", VALID, VALID),  # 400 is allowed, ignoring the date too: nobody here reads it
    "regbadct": ("3.1.2.13", 400, 400),
    "badaspec": ("3.1.2.14", 400, 400),
    "baddn": ("3.1.2.15", 400, 400),
    "badvers": ("3.1.2.16", 505, 505),
    "mismatch01": ("3.1.2.17", 400, 400),
    "mismatch02": ("3.1.2.18", 400, 400),  # 501 is liked better, but is for who knows the methods
    "bigcode": ("3.1.2.19", DROP, DROP),
    # Sections 3.2 to 3.4: transactions, applications, RFC 2543
    "badbranch": ("3.2.1", 400, 400),
    "insuf": ("3.3.1", 400, 400),
    "unkscm": ("3.3.2", 416, 416),
    "novelsc": ("3.3.3", 416, 416),
    "unksm2": ("3.3.4", VALID, 400),
    "bext01": ("3.3.5", 420, 420),
    "invut": ("3.3.6", VALID, VALID),  # 415 is for who reads bodies
    "regaut01": ("3.3.7", VALID, VALID),  # 401 is for who has passwords
    "multi01": ("3.3.8", 400, 400),
    "mcl01": ("3.3.9", 400, 400),
    "bcast": ("3.3.10", DROP, DROP),
    "zeromf": ("3.3.11", 483, VALID),
    "cparam01": ("3.3.12", VALID, VALID),
    "cparam02": ("3.3.13", VALID, VALID),
    "regescrt": ("3.3.14", VALID, VALID),
    "sdp01": ("3.3.15", VALID, VALID),  # 406 is for who writes bodies
    "inv2543": ("3.4.1", VALID, VALID),
    # RFC 5118
    "ipv6-good": ("4.1", VALID, VALID),
    "ipv6-bad": ("4.2", 400, 400),
    "port-ambiguous": ("4.3", VALID, VALID),
    "port-unambiguous": ("4.4", VALID, VALID),
    "via-received-param-with-delim": ("4.5", VALID, VALID),
    "via-received-param-no-delim": ("4.5", VALID, VALID),
    "ipv6-in-sdp": ("4.6", VALID, VALID),
    "mult-ip-in-header": ("4.7", VALID, VALID),
    "mult-ip-in-sdp": ("4.8", VALID, VALID),
    "ipv4-mapped-ipv6": ("4.9", VALID, VALID),
    "ipv6-bug-abnf-3-colons": ("4.10", VALID, VALID),
    "ipv6-correct-abnf-2-colons": ("4.10", VALID, VALID),
}

_NO_LENGTH = "one owner of framing: where a message ends is not guessed, on a datagram no more than on a stream"
#: What we do otherwise, and why. An entry that is no longer true fails.
DEVIATIONS: dict[tuple[str, Role], tuple[object, str]] = {
    ("ncl", Role.PROXY): (DROP, _NO_LENGTH),
    ("ncl", Role.USER_AGENT): (DROP, _NO_LENGTH),
    ("mcl01", Role.PROXY): (DROP, _NO_LENGTH),
    ("mcl01", Role.USER_AGENT): (DROP, _NO_LENGTH),
    ("regbadct", Role.PROXY): (
        VALID,
        "a proxy needs no Contact, so it does not read it (RFC 3261 section 16.3 item 1)",
    ),
}

#: What cannot be represented, and as what it is reported.
UNREPRESENTABLE = {
    "ncl": "bad-content-length",
    "mcl01": "conflicting-content-length",
    "bigcode": "bad-status-code",
}

#: No extension is spoken here, so every required one is unsupported.
PLAIN = ValidationRules(supported=frozenset())


def owed(data: bytes, role: Role) -> object:
    """What the message gets from that role."""
    try:
        message = parse(data)
    except ParseError:
        return DROP
    refusal = validate(message, role, PLAIN)
    if refusal is None:
        return VALID
    assert 0 <= refusal.offset <= message.head_size
    return refusal.status if message.is_request else DROP


def archived(folder: str) -> dict[str, bytes]:
    """The RFC's own messages by name."""
    return {path.stem: path.read_bytes() for path in sorted(Path(corpus(folder)).glob("*.dat"))}


def of_the_rfcs() -> dict[str, bytes]:
    """All 61; for the one whose archived form has no end, the form that the RFC prints."""
    unended = {"baddn": corpus("rfc4475", "extra", "baddn-terminated.dat").read_bytes()}
    return archived("rfc4475") | unended | archived("rfc5118/wire")


@pytest.fixture(params=["own", "rfc"])
def messages(request: pytest.FixtureRequest) -> dict[str, bytes]:
    return OWN if request.param == "own" else of_the_rfcs()


def test_the_table_and_both_sets_of_messages_have_the_same_names(messages):
    assert sorted(ASKED) == sorted(messages)
    assert len(OWN_4475) == 49
    assert len(OWN_5118) == 12


@pytest.mark.parametrize("role", Role)
def test_every_message_gets_what_its_section_asks(messages, role):
    asked = {name: row[1 + list(Role).index(role)] for name, row in ASKED.items()}
    deviating = {name: did for (name, who), (did, _) in DEVIATIONS.items() if who is role}
    assert {name: owed(data, role) for name, data in messages.items()} == asked | deviating


def test_no_deviation_is_stale():
    stale = [
        (name, role) for (name, role), (did, _) in DEVIATIONS.items() if ASKED[name][1 + list(Role).index(role)] == did
    ]
    assert stale == []


def test_what_cannot_be_represented_says_why(messages):
    codes = {}
    for name, data in messages.items():
        try:
            parse(data)
        except ParseError as error:
            codes[name] = error.code
    assert codes == UNREPRESENTABLE


def test_the_message_that_was_archived_without_its_end_has_none():
    with pytest.raises(FramingError, match="no-end-of-head"):
        parse(archived("rfc4475")["baddn"])


def test_unsupported_extensions_are_named(messages):
    required = {Role.PROXY: "Proxy-Require", Role.USER_AGENT: "Require"}
    message = parse(messages["bext01"])
    for role, header in required.items():
        refusal = validate(message, role, PLAIN)
        assert refusal is not None
        assert refusal.headers == (("Unsupported", ", ".join(message.values(header))),)
        assert len(message.values(header)) == 2


# -- as stream


def framed(data: bytes) -> list[Message]:
    framer = Framer()
    framer.feed(data)
    return list(framer)


def test_behind_the_end_of_a_message_the_next_begins(messages):
    datagram = parse(messages["dblreq"])
    assert (datagram.method, datagram.size < len(messages["dblreq"])) == ("REGISTER", True)
    framer = Framer()
    framer.feed(messages["dblreq"])
    assert next(iter(framer)) == datagram
    assert framed(OWN["dblreq"])[1].method == "INVITE"


def test_a_short_body_is_waited_for_on_a_stream(messages):
    assert parse(messages["clerr"]).truncated
    assert framed(messages["clerr"]) == []


@pytest.mark.parametrize("name", ["ncl", "mcl01"])
def test_a_length_that_cannot_be_is_the_end_of_a_stream(messages, name):
    with pytest.raises(FramingError):
        framed(messages[name])


# -- typed values, where the section is about them

Reader = Callable[[Message], Any]

#: name, what is read, of the RFC's message, of our own.
READ: list[tuple[str, Reader, Any, Any]] = [
    ("wsinv", lambda m: (m.from_.display_name, m.from_.tag), ('J Rosenberg \\"', "98asjd8"), ('Emil \\"E"', "e2")),
    ("wsinv", lambda m: m.to.tag, "1918181833n", "d2"),
    ("wsinv", lambda m: (m.max_forwards, m.cseq.number, m.cseq.method), (68, 9, "INVITE"), (7, 12, "INVITE")),
    ("wsinv", lambda m: [via.transport for via in m.vias], ["UDP", "TCP", "UDP"], ["UDP", "TCP", "TLS"]),
    (
        "wsinv",
        lambda m: [via.branch for via in m.vias],
        ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"],
        ["old-style", "z9hG4bKhop", "z9hG4bKtop"],
    ),
    ("wsinv", lambda m: m.contacts[0].display_name, 'Quoted string ""', 'A "quoted" name'),
    (
        "wsinv",
        lambda m: dict(m.contacts[0].params),
        {"newparam": "newvalue", "secondparam": None, "q": "0.33"},
        {"novel": "value", "bare": None, "q": "0.5"},
    ),
    ("wsinv", lambda m: (m["Subject"], m.content_type.essence), ("", "application/sdp"), ("", "application/sdp")),
    ("wsinv", lambda m: len(m.body) == m.content_length > 0, True, True),
    ("intmeth", lambda m: m.cseq.method == m.method, True, True),
    ("intmeth", lambda m: m.to.display_name, "BEL:\x07 NUL:\x00 DEL:\x7f", "bell \x07 nul \x00 del \x7f"),
    ("intmeth", lambda m: m.from_.display_name, "token1~` token2'+_ token3*%!.-", "!%*_ +`'~ .-x"),
    ("intmeth", lambda m: m.from_.tag, "_token~1'+`*%!-.", "t!%*_+`'~.-"),
    ("intmeth", lambda m: m.from_.params["fromParam''~+*_!.-%" if "tok" in m["To"] + m["From"] else "p!%*_+`'~.-"],
     "работающий", "пр"),
    ("intmeth", lambda m: m.uri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", ";/?&=+$,!*'(~)-_."),
    ("intmeth", lambda m: m.uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", "p&w=$,"),
    (
        "intmeth",
        lambda m: m.call_id,
        "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
        "w-.!%*_+`'~()<>:\\\"/[]?{}@x-.!%*_+`'~()<>:\\\"/[]?{}",
    ),
    ("esc01", lambda m: (m.uri.user, m.uri.host), ("sips%3Auser%40example.com", "example.net"),
     ("sip%3Adora%40hidden.example", "contoso.example")),
    ("esc01", lambda m: unquote(m.from_.uri.user), "I have spaces", "one two"),
    ("esc01", lambda m: m.to.uri == Uri.parse(unquote(str(m.to.uri))), True, True),
    ("esc01", lambda m: dict(m.contacts[0].uri.params), {"%6C%72": None, "n%61me": "v%61lue%25%34%31"},
     {"%6Cr": None, "n%61me": "v%2541"}),
    ("escnull", lambda m: [c.uri.user for c in m.contacts], ["%00", "%00%00"], ["%00", "a%00%00"]),
    ("escnull", lambda m: unquote(m.to.uri.user), "null-\x00-null", "d\x00d"),
    ("esc02", lambda m: (m.method, m.to.display_name), ("RE%47IST%45R", "%Z%45"), ("REG%49STER", "%44ora")),
    ("esc02", lambda m: (m.via.branch, len(m.contacts)), ("z9hG4bK209%fzsnel234", 2), ("z9hG4bK%61", 2)),
    ("lwsdisp", lambda m: (m.from_.display_name, m.from_.uri.user), ("caller", "caller"), ("emil", "emil")),
    ("longreq", lambda m: len(m.vias), 34, 20),
    ("longreq", lambda m: (max(map(len, m.from_.params)), max(len(name) for name, _ in m)), (106, 93), (200, 247)),
    ("semiuri", lambda m: (m.uri.user, m.uri.host, dict(m.uri.params)), ("user;par=u%40example.net", "example.com", {}),
     ("dora;day=1;x=%40contoso.example", "fabrikam.example", {})),
    ("transports", lambda m: [v.transport for v in m.vias], ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"],
     ["UDP", "SCTP", "TLS", "CARRIER-PIGEON", "TCP"]),
    ("mpart01", lambda m: m.content_type.params["boundary"], "7a9cbec02ceef655", "edge"),
    ("mpart01", lambda m: len(m.body) == m.content_length, True, True),
    ("unreason", lambda m: m.reason[:8], "= 2**3 *", "gut = sü"),
    ("noreason", lambda m: (m.status, m.reason), (100, ""), (100, "")),
    ("unksm2", lambda m: (m.to.uri.scheme, m.from_.uri.scheme, m.contacts[0].uri.scheme), ("isbn", "http", "name"),
     ("isbn", "http", "name")),
    ("novelsc", lambda m: (m.uri.scheme, m.uri.host), ("soap.beep", None), ("soap.beep", None)),
    ("cparam01", lambda m: (dict(m.contacts[0].params), dict(m.contacts[0].uri.params)), ({"unknownparam": None}, {}),
     ({"novel": None}, {})),
    ("cparam02", lambda m: (dict(m.contacts[0].params), dict(m.contacts[0].uri.params)), ({}, {"unknownparam": None}),
     ({}, {"novel": None})),
    ("regescrt", lambda m: m.contacts[0].uri.headers, "Route=%3Csip:sip.example.com%3E",
     "Route=%3Csip:contoso.example%3E"),
    ("inv2543", lambda m: (m.via.branch, m.from_.tag, m.max_forwards), (None, None, None), (None, None, None)),
    ("inv2543", lambda m: (dict(m.to.params), dict(m.to.uri.params)), ({"user": "phone"}, {}), ({"user": "phone"}, {})),
    ("inv2543", lambda m: (m.content_length, bytes(m.body[:5])), (None, b"v=0\r\n"), (None, b"v=0\r\n")),
    ("ipv6-good", lambda m: (m.uri.user, m.uri.host, m.uri.port), (None, "[2001:db8::10]", None),
     (None, "[2001:db8::88]", None)),
    ("ipv6-good", lambda m: (m.via.host, m.via.port), ("[2001:db8::9:1]", None), ("[2001:db8::77:1]", None)),
    ("port-ambiguous", lambda m: (m.uri.host, m.uri.port), ("[2001:db8::10:5070]", None),
     ("[2001:db8::88:5070]", None)),
    ("port-unambiguous", lambda m: (m.uri.host, m.uri.port), ("[2001:db8::10]", 5070), ("[2001:db8::88]", 5070)),
    ("via-received-param-with-delim", lambda m: m.via.received, "[2001:db8::9:255]", "[2001:db8::99]"),
    ("via-received-param-no-delim", lambda m: m.via.received, "2001:db8::9:255", "2001:db8::99"),
    ("mult-ip-in-header", lambda m: [(v.host, v.port, v.received) for v in m.vias],
     [("[2001:db8::9:1]", 6050, None), ("192.0.2.1", None, None), ("[2001:db8::9:255]", None, "192.0.2.200")],
     [("[2001:db8::77]", 6050, None), ("192.0.2.77", None, None), ("[2001:db8::99]", None, "192.0.2.99")]),
    ("ipv4-mapped-ipv6", lambda m: (m.via.host, m.via.port), ("[::ffff:192.0.2.10]", 19823),
     ("[::ffff:192.0.2.77]", 5071)),
    ("ipv4-mapped-ipv6", lambda m: m.contacts[0].uri.host, "[::ffff:192.0.2.2]", "[::ffff:192.0.2.77]"),
    ("ipv6-bug-abnf-3-colons", lambda m: m.uri.host, "[2001:db8:::192.0.2.1]", "[2001:db8:::192.0.2.88]"),
    ("ipv6-correct-abnf-2-colons", lambda m: m.to.uri.host, "[2001:db8::192.0.2.1]", "[2001:db8::192.0.2.88]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "read", "of_the_rfc", "own"), READ, ids=[row[0] for row in READ])
def test_values_are_read_as_the_section_says(messages, name, read, of_the_rfc, own):
    assert read(parse(messages[name])) == (own if messages is OWN else of_the_rfc)


@pytest.mark.parametrize(
    "host",
    ["[2001:db8:::1]", "[::::192.0.2.1]", "[1::2:::192.0.2.1]", "[2001:db8:::192.0.2]", "[1:2:3:4:5:6:7:::192.0.2.1]"],
)
def test_a_third_colon_is_overlooked_before_an_ipv4_tail_only(host):
    with pytest.raises(ParseError, match="bad-host"):
        Uri.parse(f"sip:a@{host}")
    assert Uri.parse("sip:[:::192.0.2.1]:5060").port == 5060
