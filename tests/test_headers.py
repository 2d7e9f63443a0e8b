"""Typed values of the less common headers: what they say, where they stand, and how they fail."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import crlf

from sipcore import HeaderError, Limits, Message, Uri, parse
from sipcore.values import Credentials, Parameterized, SipWarning, Tokens


def having(*fields: str) -> Message:
    """A request with these header fields and nothing else."""
    return parse(crlf("\n".join(["OPTIONS sip:a SIP/2.0", *fields])))


def fault(field: str, read) -> tuple[str, str, str]:
    """Code and header of the error that reading raises, and the bytes from the place it points at."""
    message = having(field)
    with pytest.raises(HeaderError) as caught:
        read(message)
    place = bytes(message)[caught.value.offset :].split(b"\r\n")[0].decode()
    return caught.value.code, caught.value.header, place


def cut(message: Message, span: tuple[int, int]) -> str:
    """What stands at a span."""
    return bytes(message)[slice(*span)].decode()


# -- absent headers


def test_a_header_that_is_absent_is_none_or_an_empty_list():
    message = having()
    for name in ("expires", "content_disposition", "event", "subscription_state"):
        assert getattr(message, name) is None
    for name in ("supported", "require", "proxy_require", "unsupported", "allow"):
        assert getattr(message, name) == []
        assert not getattr(message, name)
    for name in ("accept", "warnings", "reasons", "asserted_identities", "diagnostics"):
        assert getattr(message, name) == []
    assert message.parameterized("Session-Expires") == message.credentials("Authorization") == []


# -- Expires


def test_expires_is_a_number_of_seconds_below_two_to_the_32():
    assert having("Expires: 3600").expires == 3600
    assert having("Expires: 0").expires == 0
    assert having("Expires: 4294967295").expires == 4294967295
    for value in ("4294967296", "-1", "", "1h", "3600;x", "Thu, 01 Dec 1994 16:00:00 GMT"):
        assert fault(f"Expires: {value}", lambda message: message.expires) == ("bad-number", "Expires", value)


# -- value;name=value


def test_content_disposition_is_required_unless_it_says_optional():
    disposition = having("Content-Disposition: Session;handling=Optional").content_disposition
    assert (disposition.kind, disposition.value, disposition.handling) == ("session", "Session", "optional")
    assert having("Content-Disposition: render").content_disposition.handling == "required"


def test_an_event_has_a_package_and_perhaps_an_id():
    message = having("o: presence.winfo ; id=7")
    assert (message.event.package, message.event.id, cut(message, message.event.span)) == (
        "presence.winfo", "7", "presence.winfo ; id=7")  # fmt: skip
    assert having("Event: dialog").event.id is None


def test_a_subscription_state_knows_its_numbers():
    state = having("Subscription-State: Terminated;reason=giveup;Retry-After=30;expires=0").subscription_state
    assert (state.state, state.reason, state.retry_after, state.expires) == ("terminated", "giveup", 30, 0)
    assert having("Subscription-State: pending").subscription_state.expires is None
    for value, place in (
        ("active;expires=soon", "soon"),
        ("active;expires", ""),
        ("active;expires=4294967296;x=1", "4294967296;x=1"),
        ("active;expires=-1;expires=1", "-1;expires=1"),
    ):
        assert fault(f"Subscription-State: {value}", lambda message: message.subscription_state.expires) == (
            "bad-number", "Subscription-State", place)  # fmt: skip


def test_reasons_come_from_all_fields_in_order():
    message = having('Reason: SIP;cause=600;text="Busy, \\"all\\" over", Q.850;cause=16', "Reason: preemption")
    assert [(reason.protocol, reason.cause, reason.text) for reason in message.reasons] == [
        ("SIP", 600, 'Busy, "all" over'), ("Q.850", 16, None), ("preemption", None, None)]  # fmt: skip
    assert [cut(message, reason.span) for reason in message.reasons][1:] == ["Q.850;cause=16", "preemption"]


def test_diagnostics_have_a_number_and_say_who_found_what():
    message = having('ms-diagnostics: 1005;reason="Cannot route";source="edge.contoso.example"')
    (found,) = message.diagnostics
    assert (found.code, found.reason, found.source) == (1005, "Cannot route", "edge.contoso.example")
    assert fault("ms-diagnostics: x1;reason=a", lambda message: message.diagnostics) == (
        "bad-number", "ms-diagnostics", "x1;reason=a")  # fmt: skip


@pytest.mark.parametrize(
    ("field", "code", "place"),
    [
        ("Event:", "empty-value", ""),
        ("Event: ;id=1", "bad-token", ";id=1"),
        ("Event: @", "bad-token", "@"),
        ("Event: a b", "trailing-bytes", "b"),
        ("Event: a, b", "trailing-bytes", ", b"),
        ("Event: a;", "bad-parameter", ""),
        ('Event: a;x="', "unterminated-quote", ""),
    ],
)
def test_a_value_that_is_no_token_with_parameters_is_named_with_its_place(field, code, place):
    assert fault(field, lambda message: message.event) == (code, "Event", place)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("x: 1800;refresher=uac", [("1800", {"refresher": "uac"})]),
        ("Retry-After: 120 (I'm; in, a (long) \\) meeting) ;duration=60",
         [("120 (I'm; in, a (long) \\) meeting)", {"duration": "60"})]),
        ("Alert-Info: <http://a.example/x;y,z>;q=1 , <http://b.example/>",
         [("<http://a.example/x;y,z>", {"q": "1"}), ("<http://b.example/>", {})]),
        ('X-Any: "a;b,c" d;e', [('"a;b,c" d', {"e": None})]),
        ("Replaces: 98732(x@sip.example;from-tag=r33;to-tag=ff", [("98732(x@sip.example",
                                                                  {"from-tag": "r33", "to-tag": "ff"})]),
    ],
)  # fmt: skip
def test_any_header_can_be_read_as_values_with_parameters(field, values):
    message = having(field)
    found = message.parameterized(field.split(":")[0])
    assert [(each.value, dict(each.params)) for each in found] == values
    assert all(cut(message, each.span) == str(each) for each in found)


@pytest.mark.parametrize(
    ("value", "code", "place"),
    [
        ("", "empty-value", ""),
        ("a,,b", "empty-value", ",b"),
        ("a,", "empty-value", ""),
        (";a", "empty-value", ";a"),
        ("<a", "unterminated-bracket", ""),
        ('"a', "unterminated-quote", ""),
        ("a (b", "unterminated-bracket", "(b"),
        ("a;b c", "trailing-bytes", "c"),
    ],
)
def test_a_general_value_fails_by_name_and_place(value, code, place):
    assert fault(f"x: {value}", lambda message: message.parameterized("session-EXPIRES")) == (
        code, "Session-Expires", place)  # fmt: skip


def test_a_folded_value_reads_as_one_line():
    (value,) = having("X-A: one", "  two;b", "\t=c").parameterized("X-A")
    assert (value.value, dict(value.params)) == ("one two", {"b": "c"})


# -- lists of tokens


def test_option_tags_come_from_all_fields_and_compare_without_case():
    message = having("k: 100rel , Timer", "Supported:", "Supported: x-a")
    assert message.supported == ["100rel", "Timer", "x-a"]
    assert "TIMER" in message.supported
    assert "gruu" not in message.supported
    assert [cut(message, span) for span in message.supported.spans] == message.supported


def test_methods_compare_with_case():
    allow = having("Allow: INVITE, ack").allow
    assert "INVITE" in allow
    assert "ACK" not in allow
    assert having("Allow:").allow == []


@pytest.mark.parametrize("name", ["Require", "Proxy-Require", "Unsupported"])
def test_only_supported_and_allow_may_be_empty(name):
    read = {"Require": "require", "Proxy-Require": "proxy_require", "Unsupported": "unsupported"}[name]
    assert fault(f"{name}:", lambda message: getattr(message, read)) == ("empty-value", name, "")
    assert getattr(having(f"{name}: a"), read) == ["a"]


def test_a_list_with_a_gap_or_with_what_is_no_token_is_malformed():
    for value, code, place in (
        ("a,,b", "empty-value", ",b"),
        ("a,", "empty-value", ""),
        ("a b", "trailing-bytes", "b"),
        ("<a>", "bad-token", "<a>"),
        ("a;b", "trailing-bytes", ";b"),
    ):
        assert fault(f"Supported: {value}", lambda message: message.supported) == (code, "Supported", place)


def test_tokens_are_a_sequence():
    tokens = having("Allow: A, B, A").allow
    assert isinstance(tokens, Sequence)
    assert (tokens[0], tokens[-1], tokens[1:], list(reversed(tokens))) == ("A", "A", ["B", "A"], ["A", "B", "A"])
    assert (tokens.index("B"), tokens.count("A"), len(tokens), repr(tokens)) == (1, 2, 3, "Tokens(['A', 'B', 'A'])")
    assert tokens != "ABA"
    assert 1 not in tokens


# -- Accept, Warning, P-Asserted-Identity


def test_accept_lists_media_ranges_and_may_be_empty():
    message = having("Accept: application/sdp;level=1, */*;q=0.5", "Accept:")
    assert [(media.essence, dict(media.params)) for media in message.accept] == [
        ("application/sdp", {"level": "1"}), ("*/*", {"q": "0.5"})]  # fmt: skip
    assert fault("Accept: text", lambda message: message.accept)[:2] == ("bad-media-type", "Accept")


def test_warnings_have_a_code_an_agent_and_a_text():
    message = having('Warning: 309 edge.contoso.example:5061 "Not \\"this\\", please" , 399 x "y"')
    first, second = message.warnings
    assert (first.code, first.agent, first.text) == (309, "edge.contoso.example:5061", 'Not "this", please')
    assert cut(message, second.span) == str(second) == '399 x "y"'
    assert repr(second) == "SipWarning('399 x \"y\"')"


@pytest.mark.parametrize(
    ("value", "code", "place"),
    [
        ("", "empty-value", ""),
        ('30 a "b"', "bad-number", '30 a "b"'),
        ('3090 a "b"', "bad-number", '3090 a "b"'),
        ("309", "bad-warning", ""),
        ('309 "b"', "bad-warning", ""),
        ("309 a b", "bad-warning", "b"),
        ('309 a "b', "unterminated-quote", ""),
        ('309 a "b" c', "trailing-bytes", "c"),
    ],
)
def test_a_broken_warning_is_named_with_its_place(value, code, place):
    assert fault(f"Warning: {value}", lambda message: message.warnings) == (code, "Warning", place)


def test_asserted_identities_are_addresses():
    message = having('P-Asserted-Identity: "Cullen" <sip:c@contoso.example>, <tel:+14085264000>')
    assert [str(each.uri) for each in message.asserted_identities] == ["sip:c@contoso.example", "tel:+14085264000"]


# -- credentials


def test_credentials_are_a_scheme_with_parameters_and_one_field_is_one_value():
    message = having(
        'Authorization: Digest username="bob", realm="a, b" ,nonce = "x\\"y",algorithm=MD5',
        'Authorization: NTLM qop="auth"',
    )
    digest, ntlm = message.credentials("authorization")
    assert (digest.scheme, ntlm.scheme, dict(ntlm.params)) == ("Digest", "NTLM", {"qop": "auth"})
    assert dict(digest.params) == {"username": "bob", "realm": "a, b", "nonce": 'x"y', "algorithm": "MD5"}
    assert cut(message, digest.span) == str(digest) == message["Authorization"]


def test_authentication_info_has_no_scheme_unless_microsoft_wrote_it():
    (plain,) = having('Authentication-Info: nextnonce="47"').credentials("Authentication-Info")
    (theirs,) = having('Authentication-Info: NTLM rspauth="01", snum="1"').credentials("Authentication-Info")
    assert (plain.scheme, dict(plain.params)) == (None, {"nextnonce": "47"})
    assert (theirs.scheme, dict(theirs.params)) == ("NTLM", {"rspauth": "01", "snum": "1"})


@pytest.mark.parametrize("token", ["mF_9.B5f-4.1JqM", "YII/ab+c~1==", "x"])
def test_one_token_may_stand_for_parameters_as_behind_bearer(token):
    message = having(f"Authorization: Bearer  {token} ")
    (found,) = message.credentials("Authorization")
    assert (found.scheme, found.token, dict(found.params)) == ("Bearer", token, {})
    assert cut(message, found.span) == f"Bearer  {token}"
    assert token not in repr(found)
    (digest,) = having('Authorization: Digest realm="a"').credentials("Authorization")
    assert (digest.token, dict(digest.params)) == (None, {"realm": "a"})
    (bare,) = having("Proxy-Authenticate: Negotiate").credentials("Proxy-Authenticate")
    assert (bare.scheme, bare.token, dict(bare.params)) == ("Negotiate", None, {})


def test_credentials_do_not_get_into_logs_by_accident():
    (found,) = having('Authorization: Digest response="secret"').credentials("Authorization")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("value", "code", "place"),
    [
        ("", "empty-value", ""),
        ('"x"', "bad-token", '"x"'),
        ("Digest , a=1", "bad-parameter", ", a=1"),
        ("Digest a, b", "bad-parameter", ", b"),
        ("Bearer a b", "bad-parameter", "b"),
        ("Bearer a*", "bad-parameter", ""),
        ("Digest a=1,", "bad-parameter", ""),
        ("Digest a=1 b=2", "trailing-bytes", "b=2"),
        ("Digest a=1;b=2", "trailing-bytes", ";b=2"),
        ('Digest a="1', "unterminated-quote", ""),
    ],
)
def test_broken_credentials_are_named_with_their_place(value, code, place):
    assert fault(f"Authorization: {value}", lambda message: message.credentials("Authorization")) == (
        code, "Authorization", place)  # fmt: skip


# -- what holds for all of them


def test_parameters_are_limited_here_too():
    data = crlf("OPTIONS sip:a SIP/2.0\nEvent: a" + ";p=1" * 5 + "\nAuthorization: D " + ",".join(["p=1"] * 5))
    assert len(parse(data, Limits(params=5)).credentials("Authorization")[0].params) == 1
    for read in (lambda message: message.event, lambda message: message.credentials("Authorization")[0]):
        with pytest.raises(HeaderError, match="too-many-parameters"):
            len(read(parse(data, Limits(params=4))).params)


def test_values_are_made_by_messages_only_and_keep_them_alive():
    for kind in (Parameterized, SipWarning, Credentials, Tokens):
        with pytest.raises(TypeError):
            kind()
    buffer = bytearray(bytes(having("Event: a;id=1")))
    event = parse(buffer).event
    with pytest.raises(BufferError):
        buffer.clear()
    assert event.id == "1"


def test_escapes_that_change_nothing_do_not_make_parameters_differ():
    assert Uri.parse("sip:a@b;x=%61%2c") == Uri.parse("sip:a@b;x=a%2C")
    assert hash(Uri.parse("sip:a@b;user=%70hone")) == hash(Uri.parse("sip:a@b;user=phone"))


TOKEN = st.from_regex(r"[A-Za-z0-9!%*_+`'~.-]{1,12}", fullmatch=True)
QUOTED = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(TOKEN, st.dictionaries(TOKEN.map(str.lower), st.one_of(TOKEN, QUOTED.map(quote)), min_size=1, max_size=5))
def test_what_is_written_as_credentials_reads_back(scheme, params):
    written = ", ".join(f"{name}={value}" for name, value in params.items())
    (found,) = having(f"Authorization: {scheme} {written}").credentials("Authorization")
    plain = {
        name: value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value[0] == '"' else value
        for name, value in params.items()
    }
    assert (found.scheme, dict(found.params)) == (scheme, plain)


@given(st.lists(TOKEN, min_size=1, max_size=6), st.sampled_from([",", " , ", ",\r\n  "]))
def test_what_is_written_as_tokens_reads_back(tokens, separator):
    assert having("Supported: " + separator.join(tokens).replace("\r\n", "\n")).supported == tokens


@given(st.binary(max_size=30))
def test_no_bytes_in_a_value_do_anything_but_read_or_raise_a_header_error(noise):
    clean = bytes(byte for byte in noise if byte >= 0x20 and byte != 0x7F)
    names = [b"Event", b"Reason", b"Warning", b"Supported", b"Authorization", b"Expires", b"Accept", b"ms-diagnostics"]
    head = b"".join(name + b": " + clean + b"\r\n" for name in names)
    message = parse(b"OPTIONS sip:a SIP/2.0\r\n" + head + b"\r\n")
    for name in ("event", "reasons", "warnings", "supported", "expires", "accept", "diagnostics"):
        expect_spans_inside(message, lambda name=name: getattr(message, name))
    expect_spans_inside(message, lambda: message.credentials("Authorization"))
    expect_spans_inside(message, lambda: message.parameterized("Event"))


def expect_spans_inside(message: Message, read) -> None:
    """Whatever is read stands inside the head; whatever fails points there."""
    try:
        found = read()
    except HeaderError as error:
        assert error.offset <= message.head_size
        return
    spans = found.spans if isinstance(found, Tokens) else [each.span for each in found if hasattr(each, "span")] \
        if isinstance(found, list) else [found.span] if hasattr(found, "span") else []  # fmt: skip
    assert all(0 < start <= end <= message.head_size for start, end in spans)
