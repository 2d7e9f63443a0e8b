"""What a parsed message is owed when it must not be acted on."""

from __future__ import annotations

from dataclasses import fields

import pytest
from messages import CONTORTED, INVITE, OK, OPTIONS, message, without

from sipcore import Refusal, parse, validate
from sipcore.validate import STRICT, Role, ValidationRules

CONTORTED = CONTORTED.replace(b"?Subject=hi", b"")
REGISTER = message(method="REGISTER", uri="sip:contoso.example", body=b"")


def refusal(data: bytes) -> tuple[int, str, str, bytes]:
    """Status, reason, header, and the bytes at the place that the refusal points at."""
    found = validate(parse(data))
    assert isinstance(found, Refusal)
    return found.status, found.reason, found.header, data[found.offset :].split(b"\r\n")[0]


@pytest.mark.parametrize(
    "data", [OPTIONS, message(), INVITE, OK, CONTORTED], ids=["options", "message", "invite", "ok", "contorted"]
)
def test_sound_messages_pass(data):
    assert validate(parse(data)) is None


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_every_mandatory_header_is_missed_by_name(name):
    assert refusal(without(message(), name))[:3] == (400, f"Missing {name}", name)


@pytest.mark.parametrize("field", ["From: <sip:x@y>;tag=2", "To: <sip:x@y>", "Call-ID: 2", "CSeq: 1 MESSAGE"])
def test_headers_that_stand_once_must_not_be_repeated(field):
    name = field.split(":")[0]
    assert refusal(message(field))[:3] == (400, f"Repeated {name}", name)


def test_max_forwards_may_be_missing():
    assert validate(parse(message(max_forwards=None))) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"via": "SIP/2.0/UDP"}, (400, "Malformed Via", "Via", b"")),
        ({"via": "SIP/2.0/UDP a, nonsense"}, (400, "Malformed Via", "Via", b"")),
        ({"from_": "<sip:alice"}, (400, "Malformed From", "From", b"")),
        ({"from_": "*"}, (400, "Malformed From", "From", b"*")),
        ({"to": "<nonsense>"}, (400, "Malformed To", "To", b">")),
        ({"call_id": ""}, (400, "Malformed Call-ID", "Call-ID", b"")),
        ({"cseq": "x"}, (400, "Malformed CSeq", "CSeq", b"x MESSAGE")),
        ({"cseq": 2**32}, (400, "Malformed CSeq", "CSeq", b"4294967296 MESSAGE")),
        ({"uri": "sip:a@"}, (400, "Malformed Request-URI", "Request-URI", b" SIP/2.0")),
        ({"uri": "sip:a b"}, (400, "Malformed Request-URI", "Request-URI", b" b SIP/2.0")),
        ({"uri": "<sip:a>"}, (400, "Malformed Request-URI", "Request-URI", b"<sip:a> SIP/2.0")),
        ({"uri": " sip:a"}, (400, "Malformed Request-URI", "Request-URI", b" sip:a SIP/2.0")),
        ({"uri": "tel:+1"}, (416, "Unsupported URI Scheme", "Request-URI", b"tel:+1 SIP/2.0")),
        ({"uri": "nobodyKnows:a"}, (416, "Unsupported URI Scheme", "Request-URI", b"nobodyKnows:a SIP/2.0")),
        ({"max_forwards": 256}, (400, "Malformed Max-Forwards", "Max-Forwards", b"256")),
        ({"max_forwards": -1}, (400, "Malformed Max-Forwards", "Max-Forwards", b"-1")),
    ],
)
def test_malformed_values_are_named_with_their_place(changes, expected):
    assert refusal(message(**changes)) == expected


def test_a_malformed_route_is_refused():
    assert refusal(message("Route: <sip:>"))[:3] == (400, "Malformed Route", "Route")


def test_white_space_behind_the_version_is_refused():
    data = message().replace(b"SIP/2.0\r\n", b"SIP/2.0  \r\n", 1)
    assert refusal(data)[:3] == (400, "Malformed Request-Line", "Request-Line")


def test_another_version_is_owed_505():
    assert refusal(message().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1))[:2] == (505, "Version Not Supported")
    assert validate(parse(message().replace(b"SIP/2.0\r\n", b"sip/2.0\r\n", 1))) is None


def test_the_method_of_cseq_must_be_that_of_the_request():
    data = message().replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 INVITE")
    assert refusal(data) == (400, "CSeq method does not match", "CSeq", b"1 INVITE")


def test_a_body_shorter_than_declared_is_refused():
    found = validate(parse(message()[:-1]))
    assert (found.status, found.header) == (400, "Content-Length")


def test_responses_are_checked_for_what_their_routing_needs():
    assert validate(parse(without(OK, "Via"))).header == "Via"
    assert validate(parse(without(OK, "CSeq"))).header == "CSeq"
    assert validate(parse(OK.replace(b"SIP/2.0/UDP 192", b"SIP/2.0/UDP ?")))
    assert validate(parse(OK.replace(b"SIP/2.0 200", b"SIP/3.0 200"))).status == 505


# -- what a header that stands once must not be


@pytest.mark.parametrize(
    ("changes", "reason", "rest"),
    [
        ({"from_": "<sip:a@x.example>;tag=1, <sip:b@y.example>;tag=2"}, "Malformed From", b", <sip:b@y.example>;tag=2"),
        ({"to": "sip:a@x.example,sip:b@y.example"}, "Malformed To", b",sip:b@y.example"),
        ({"from_": "<sip:a@x.example>;tag="}, "Malformed From", b"<sip:a@x.example>;tag="),
        ({"call_id": "one two"}, "Malformed Call-ID", b"one two"),
        ({"via": "SIP/2.0/UDP a.example;branch="}, "Branch names no transaction", b"SIP/2.0/UDP a.example;branch="),
    ],
)
def test_single_values_are_single_and_whole(changes, reason, rest):
    found = refusal(message(**changes))
    assert (found[0], found[1], found[3]) == (400, reason, rest)


# -- what we can do


def test_unknown_extensions_are_owed_420_that_names_them_as_they_were_written():
    data = message("Require: 100rel, Novel", "Require: odd", "Proxy-Require: sec-agree, NOVEL")
    rules = ValidationRules(supported=frozenset({"100REL", "sec-agree"}))
    found = validate(parse(data), Role.USER_AGENT, rules)
    assert (found.status, found.header, found.headers) == (420, "Require", (("Unsupported", "Novel, odd"),))
    found = validate(parse(data), Role.PROXY, rules)
    assert (found.status, found.header, found.headers) == (420, "Proxy-Require", (("Unsupported", "NOVEL"),))
    everything = ValidationRules(supported=frozenset({"100rel", "novel", "odd", "sec-agree"}))
    assert [validate(parse(data), role, everything) for role in Role] == [None, None]
    assert validate(parse(data)) is None, "without a word on what is supported it is for the caller to judge"


def test_extensions_are_not_asked_for_where_they_cannot_be_negotiated():
    nothing = ValidationRules(supported=frozenset())
    for method in ("ACK", "CANCEL"):
        data = message("Require: novel", "Proxy-Require: novel", method=method, body=b"")
        assert [validate(parse(data), role, nothing) for role in Role] == [None, None]


@pytest.mark.parametrize("tags", ["", "a,,b", "a b", "<a>"])
def test_extensions_that_are_no_tokens_are_malformed(tags):
    found = validate(parse(message(f"Proxy-Require: {tags}")), rules=ValidationRules(supported=frozenset({"a", "b"})))
    assert (found.status, found.reason) == (400, "Malformed Proxy-Require")


def test_what_is_too_large_for_us_is_told_so():
    data = message(uri="sip:bob@contoso.example")
    assert validate(parse(data), rules=ValidationRules(longest_uri=23, largest=len(data))) is None
    found = validate(parse(data), rules=ValidationRules(longest_uri=22))
    assert (found.status, found.header, found.offset) == (414, "Request-URI", 8)
    found = validate(parse(data), rules=ValidationRules(largest=len(data) - 1))
    assert (found.status, found.reason, found.header) == (513, "Message Too Large", "Content-Length")
    cut = validate(parse(data[:-3]), rules=ValidationRules(largest=len(data) - 1))
    assert cut.status == 513, "what is declared counts, not what has arrived"


def test_further_schemes_can_be_spoken():
    data = message(uri="tel:+15550100")
    assert validate(parse(data)).status == 416
    assert validate(parse(data), rules=ValidationRules(schemes=frozenset({"sip", "tel"}))) is None


# -- what is overlooked

LENIENCIES = [
    ("zero_max_forwards", Role.PROXY, message(max_forwards=0), 483),
    ("large_max_forwards", Role.PROXY, message(max_forwards=256), 400),
    ("large_cseq", Role.USER_AGENT, message(cseq=2**31), 400),
    ("bare_branch_cookie", Role.PROXY, message(via="SIP/2.0/UDP a.example;branch=Z9hG4bK"), 400),
    ("repeated_content_length", Role.PROXY, message("l: 14"), 400),
    ("dangerous_repeated_headers", Role.PROXY, message("From: <sip:x@y.example>;tag=2"), 400),
    ("dangerous_repeated_headers", Role.PROXY, message("Max-Forwards: 9"), 400),
    ("dangerous_short_body", Role.PROXY, message()[:-1], 400),
    ("dangerous_trailing_spaces", Role.PROXY, message().replace(b"SIP/2.0\r\n", b"SIP/2.0 \r\n", 1), 400),
    ("dangerous_uri_headers", Role.PROXY, message(uri="sip:bob@contoso.example?Route=x"), 400),
]


@pytest.mark.parametrize(("flag", "role", "data", "status"), LENIENCIES)
def test_every_leniency_is_off_and_lets_pass_what_it_names(flag, role, data, status):
    assert validate(parse(data), role).status == status
    assert validate(parse(data), role, ValidationRules(**{flag: True})) is None


def test_every_flag_is_tried_and_off():
    flags = {field.name for field in fields(ValidationRules) if field.type == "bool"}
    assert flags == {flag for flag, *_ in LENIENCIES}
    assert not any(getattr(STRICT, flag) for flag in flags)


# -- roles


def test_a_user_agent_has_no_use_for_the_hops_that_are_left():
    assert validate(parse(message(max_forwards=0)), Role.USER_AGENT) is None


def test_a_proxy_carries_any_sequence_number_that_there_is():
    assert validate(parse(message(cseq=2**32 - 1))) is None


@pytest.mark.parametrize(
    "field", ["Contact: <sip:>", "Contact: sip:a@b.example?x=y", "Record-Route: <nonsense>", "Content-Type: text"]
)
@pytest.mark.parametrize("data", [REGISTER, OK.replace(b"Via: SIP/2.0/TCP edge", b"X-Was: ")], ids=["request", "200"])
def test_what_only_a_user_agent_needs_only_a_user_agent_reads(field, data):
    broken = data.replace(b"Content-Length: 0", field.encode() + b"\r\nContent-Length: 0")
    assert validate(parse(data), Role.USER_AGENT) is None
    assert validate(parse(broken), Role.PROXY) is None
    assert validate(parse(broken), Role.USER_AGENT).header == field.split(":")[0]


def test_quotes_in_the_uri_of_a_contact_are_no_business_of_a_proxy():
    data = message('Contact: <sip:u@server.contoso.example;maddr=192.0.2.1;transport="tcp">;proxy=replace')
    assert validate(parse(data)) is None
    assert bytes(parse(data).edit()) == data
    found = validate(parse(data), Role.USER_AGENT)
    assert (found.status, found.header, data[found.offset :][:1]) == (400, "Contact", b'"')


def test_a_user_agent_takes_one_content_type_and_any_contact_that_means_all():
    twice = message("Content-Type: text/html")
    assert (validate(parse(twice)), validate(parse(twice), Role.USER_AGENT).reason) == (None, "Repeated Content-Type")
    everything = REGISTER.replace(b"Content-Length", b"Contact: *\r\nContent-Length")
    assert validate(parse(everything), Role.USER_AGENT) is None


def test_only_sip_uris_can_be_registered():
    data = message(method="REGISTER", uri="sip:contoso.example", to="<tel:+15550100>", body=b"")
    assert validate(parse(data)) is None
    found = validate(parse(data), Role.USER_AGENT)
    assert (found.status, found.header) == (400, "To")
    assert validate(parse(message(to="<tel:+15550100>")), Role.USER_AGENT) is None


def test_a_user_agent_drops_responses_that_are_not_for_it():
    assert validate(parse(OK), Role.PROXY) is None
    found = validate(parse(OK), Role.USER_AGENT)
    assert (found.header, OK[found.offset :].startswith(b"SIP/2.0/UDP 192.0.2.10")) == ("Via", True)


@pytest.mark.parametrize("via", [b"255.255.255.255", b"a.example;received=255.255.255.255", b"a;maddr=255.255.255.255"])
def test_a_proxy_drops_responses_that_would_go_to_everybody(via):
    data = OK.replace(b"192.0.2.10:5060", via)
    assert validate(parse(data)).reason == "Broadcast address in Via"
    assert validate(parse(OK.replace(b"z9hG4bK-a1", b"z9hG4bK255.255.255.255"))) is None
