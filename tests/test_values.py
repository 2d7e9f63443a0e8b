"""Typed header values: URIs, addresses, Via, CSeq, media types, and their faults by name and place."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import CONTORTED, crlf, message

from sipcore import HeaderError, Limits, MediaType, NameAddr, Uri, Via, parse
from sipcore._values import CSeq


def uri_fault(text: str) -> tuple[str, int]:
    with pytest.raises(HeaderError) as caught:
        Uri.parse(text)
    return caught.value.code, caught.value.offset


def header_fault(field: str, read) -> tuple[str, str]:
    """The code of the error that reading raises, and the message's bytes from the place it points at."""
    data = crlf(f"OPTIONS sip:a SIP/2.0\n{field}")
    with pytest.raises(HeaderError) as caught:
        read(parse(data))
    return caught.value.code, data[caught.value.offset :].split(b"\r\n")[0].decode()


# -- Uri


def test_a_sip_uri_is_taken_apart():
    uri = Uri.parse("SIPS:alice%20b;x:secret@Example.COM:5071;transport=TLS;lr?Subject=hi&To=b")
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port) == (
        "sips", "alice%20b;x", "secret", "example.com", 5071)  # fmt: skip
    assert dict(uri.params) == {"transport": "TLS", "lr": None}
    assert uri.headers == "Subject=hi&To=b"
    assert str(uri) == "SIPS:alice%20b;x:secret@Example.COM:5071;transport=TLS;lr?Subject=hi&To=b"


@pytest.mark.parametrize(
    "host", ["a", "a.example", "a.example.", "192.0.2.1", "[2001:db8::1]", "[::ffff:192.0.2.1]", "a_b"]
)
def test_host_forms(host):
    uri = Uri.parse(f"sip:{host}:1")
    assert (uri.host, uri.port, uri.user, uri.password, uri.headers, len(uri.params)) == (host, 1, None, None, None, 0)


def test_a_tel_uri_has_a_number_and_parameters():
    uri = Uri.parse("TEL:863-1234;Phone-Context=+1-914-555;ext=7")
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.headers) == (
        "tel", "863-1234", None, None, None, None)  # fmt: skip
    assert dict(uri.params) == {"Phone-Context": "+1-914-555", "ext": "7"}
    assert Uri.parse("tel:+1?x").headers == "x", "what RFC 3966 does not know is not taken for a part of the number"


def test_other_schemes_stay_whole():
    uri = Uri.parse("urn:service:sos;x=y")
    assert (uri.scheme, uri.host, uri.user, uri.port, len(uri.params)) == ("urn", None, None, None, 0)
    assert str(uri) == "urn:service:sos;x=y"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ("bad-uri-scheme", 0)),
        ("sip", ("bad-uri-scheme", 3)),
        ("1sip:a", ("bad-uri-scheme", 4)),
        ("sip:", ("bad-host", 4)),
        ("tel:", ("bad-address", 4)),
        ("tel:;ext=1", ("bad-userinfo", 4)),
        ("sip:@a", ("bad-userinfo", 4)),
        ("sip::pw@a", ("bad-userinfo", 4)),
        ("sip:a@", ("bad-host", 6)),
        ("sip:a@b@c", ("bad-host", 7)),
        ("sip:;lr", ("bad-host", 4)),
        ("sip:[::1", ("bad-host", 4)),
        ("sip:[]", ("bad-host", 4)),
        ("sip:[1.2.3.4]", ("bad-host", 4)),
        ("sip:[1:2:3:4:5:6:7:8:9]", ("bad-host", 4)),
        ("sip:a:", ("bad-port", 6)),
        ("sip:a:65536", ("bad-port", 6)),
        ("sip:a:4294972356", ("bad-port", 6)),
        ("sip:a:50x", ("bad-host", 8)),
        ("sip:a b", ("bad-address", 5)),
        ("sip:a<b>", ("bad-address", 5)),
    ],
)
def test_a_broken_uri_is_named_with_its_place(text, fault):
    assert uri_fault(text) == fault


#: The examples of RFC 3261 section 19.1.4: each group is equal, pair by pair.
EQUAL_BY_THE_RFC = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
]
DIFFERENT_BY_THE_RFC = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    # Each equals the same without the parameter, and not each other: equality is not transitive.
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *EQUAL_BY_THE_RFC,
        ("sip:a@example.com;x=1;y=2?b=1&a=2", "sip:a@example.com;y=2;x=1?a=2&b=1"),
        ("sip:a%2cb@example.com", "sip:a%2Cb@example.com"),
        ("sip:a@example.com?Subject=x", "sip:a@example.com?sUBJECT=%78"),
        ("sip:a@example.com;user=phone", "sip:a@example.com;%75ser=phone"),
        ("sip:a@[2001:db8::9:1]", "sip:a@[2001:DB8:0::9:01]"),
        ("sip:a@[::ffff:192.0.2.1]", "sip:a@[::FFFF:c000:201]"),
        ("sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:db8::192.0.2.1]"),
        ("tel:+1-201-555-0123", "TEL:+1(201)5550123"),
        ("tel:7042;phone-context=Example.com;ext=1-2", "tel:7042;EXT=12;phone-context=example.com"),
        ("tel:7042;phone-context=+1-914", "tel:7042;phone-context=+1914"),
        ("URN:service:sos", "urn:service:sos"),
    ],
)
def test_equal_uris_are_equal_and_hash_alike(left, right):
    assert Uri.parse(left) == Uri.parse(right)
    assert hash(Uri.parse(left)) == hash(Uri.parse(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *DIFFERENT_BY_THE_RFC,
        ("sip:alice@example.com", "sip:Alice@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com:5060"),
        ("sip:bob@example.com", "sip:bob@example.com;transport=udp"),
        ("sip:bob@example.com", "sips:bob@example.com"),
        ("sip:bob@example.com", "sip:bob@example.com?Subject=x"),
        ("sip:bob@example.com;x=1", "sip:bob@example.com;x=2"),
        ("sip:a,b@example.com", "sip:a%2cb@example.com"),
        ("sip:a@example.com?x=1&x=1", "sip:a@example.com?x=1"),
        ("sip:a:b@example.com", "sip:a:B@example.com"),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"),
        ("tel:1", "tel:2"),
        ("tel:+1201", "tel:1201"),
        ("tel:7042;phone-context=a-b.example", "tel:7042;phone-context=ab.example"),
        ("tel:7042;phone-context=a", "tel:7042"),
        ("tel:7042", "sip:7042"),
        ("urn:service:sos", "urn:service:SOS"),
    ],
)
def test_different_uris_differ(left, right):
    assert Uri.parse(left) != Uri.parse(right)


def test_a_uri_can_be_pickled_and_is_no_string():
    uri = Uri.parse("sip:a@b")
    assert pickle.loads(pickle.dumps(uri)) == uri
    assert uri != "sip:a@b"
    assert bytes(uri) == b"sip:a@b"
    assert repr(uri) == "Uri('sip:a@b')"


def test_a_uri_that_was_let_in_under_wider_limits_can_be_pickled():
    uri = parse(message(uri="sip:a" + ";p=1" * 100), Limits(params=100)).uri
    again = pickle.loads(pickle.dumps(uri))
    assert (again, len(again.params)) == (uri, 1)


# -- addresses


def test_an_address_with_everything_is_taken_apart():
    from_ = parse(CONTORTED).from_
    assert from_.display_name == 'Watson, John "W"'
    assert str(from_.uri) == "sip:watson@fabrikam.example;x=1"
    assert from_.tag == "f-tag"
    assert dict(from_.params) == {"tag": "f-tag", "epid": "01"}
    assert "EPID" in from_.params
    assert from_.params.get("none", "x") == "x"


@pytest.mark.parametrize(
    ("value", "name", "uri", "tag"),
    [
        ("sip:a@b;tag=1", None, "sip:a@b", "1"),
        ("<sip:a@b>", None, "sip:a@b", None),
        ("<sip:a@b;x>;tag=1", None, "sip:a@b;x", "1"),
        ("A B  <sip:a@b>;TAG=1;tag=2", "A B", "sip:a@b", "1"),
        ('"" <sip:a@b>', "", "sip:a@b", None),
        ('"a\\\\" <sip:a@b>', "a\\", "sip:a@b", None),
        ("tel:+1;tag=x", None, "tel:+1", "x"),
        ("<sip:a@b> ; tag = 1 ; x", None, "sip:a@b", "1"),
    ],
)
def test_address_forms(value, name, uri, tag):
    to = parse(crlf(f"OPTIONS sip:a SIP/2.0\nTo: {value}")).to
    assert (to.display_name, str(to.uri), to.tag, str(to)) == (name, uri, tag, value)


def test_an_address_can_be_parsed_alone():
    assert NameAddr.parse('"A" <sip:a@b>;tag=1').tag == "1"
    for text in ("", "<sip:a@b>, <sip:c@d>", "<sip:a"):
        with pytest.raises(HeaderError, match=r"^address: "):
            NameAddr.parse(text)


def test_a_contact_star_is_no_address():
    parsed = parse(crlf("REGISTER sip:a SIP/2.0\nContact: *"))
    assert [contact.is_star for contact in parsed.contacts] == [True]
    with pytest.raises(HeaderError, match="Contact: bad-address"):
        _ = parsed.contacts[0].uri


def test_routes_come_from_all_fields_in_order():
    hosts = [route.uri.host for route in parse(CONTORTED).routes]
    assert hosts == ["one.example", "two.example", "three.example"]


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("To:", ("empty-value", "")),
        ("To: ,", ("empty-value", ",")),
        ('To: "a <sip:a@b>', ("unterminated-quote", "")),
        ("To: <sip:a@b", ("unterminated-bracket", "")),
        ("To: <>", ("bad-address", "")),
        ('To: "a" sip:a@b', ("bad-address", "sip:a@b")),
        ("To: <sip:a@b>;", ("bad-parameter", "")),
        ("To: <sip:a@b>;=1", ("bad-parameter", "=1")),
        ("To: <sip:a@b> x", ("trailing-bytes", "x")),
        ("To: <sip:a@b>;tag=a b", ("trailing-bytes", "b")),
        ("To: <sip:a b>", ("bad-address", " b>")),
        ("To: *", ("bad-address", "*")),
        ("To: <sip:a@b>;x=<y", ("bad-parameter", "<y")),
        ('To: <sip:a@b>;x=y"z"', ("bad-parameter", '"z"')),
    ],
)
def test_a_broken_address_is_named_with_its_place(field, fault):
    assert header_fault(field, lambda parsed: parsed.to.uri) == fault


# -- Via


def test_via_values_are_taken_apart():
    first, second, third = parse(CONTORTED).vias
    assert (first.transport, first.host, first.port, first.branch, first.rport) == (
        "TCP", "edge.fabrikam.example", 5061, "z9hG4bK-1", "")  # fmt: skip
    assert (second.transport, second.host, second.port, second.rport, second.received) == (
        "UDP", "192.0.2.7", None, None, None)  # fmt: skip
    assert (third.host, third.received, third.rport) == ("[2001:db8::7]", "192.0.2.8", "1024")
    assert parse(CONTORTED).via.span == first.span
    assert str(second) == "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK-2"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", ("empty-value", "")),
        (",", ("empty-value", ",")),
        ("SIP/2.0", ("bad-protocol", "")),
        ("SIP/2.0/UDP", ("bad-protocol", "")),
        ("SIP/2.0/UDP ", ("bad-protocol", " ")),
        ("SIP/2.0/UDP ;branch=1", ("bad-host", ";branch=1")),
        ("SIP/2.0/UDP a:;branch=1", ("bad-port", ";branch=1")),
        ("SIP/2.0/UDP a:99999", ("bad-port", "99999")),
        ("SIP/2.0/UDP a;", ("bad-parameter", "")),
        ("SIP/2.0/UDP a b", ("trailing-bytes", "b")),
        ('SIP/2.0/UDP a;x="', ("unterminated-quote", "")),
    ],
)
def test_a_broken_via_is_named_with_its_place(value, fault):
    assert header_fault(f"Via: {value}", lambda parsed: parsed.via) == fault


# -- the rest


def test_cseq_is_read_to_its_full_width_and_never_wrapped():
    cseq = parse(CONTORTED).cseq
    assert (cseq.number, cseq.method, repr(cseq)) == (4294967295, "BENOTIFY", "CSeq(4294967295 BENOTIFY)")
    assert str(cseq) == "4294967295 BENOTIFY", "as text it is what stands there, like every other value"
    for field in ("4294967296 A", "36893488147419103232 A", "-1 A", "A", "", "1e2 A"):
        assert header_fault(f"CSeq: {field}", lambda parsed: parsed.cseq)[0] == "bad-number"
    assert header_fault("CSeq: 1", lambda parsed: parsed.cseq)[0] == "bad-method"
    assert header_fault("CSeq: 1 A B", lambda parsed: parsed.cseq) == ("trailing-bytes", "B")


def test_max_forwards_is_a_number():
    assert parse(CONTORTED).max_forwards == 69
    for field in ("", "-1", "x", "99999999999999999999"):
        assert header_fault(f"Max-Forwards: {field}", lambda parsed: parsed.max_forwards)[0] == "bad-number"


def test_media_types_compare_in_lower_case_without_white_space():
    media = parse(CONTORTED).content_type
    assert (media.essence, media.params["CHARSET"]) == ("text/plain", "utf-8")
    assert MediaType.parse("Text/X-MSMSGSINVITE; charset=UTF-8").essence == "text/x-msmsgsinvite"
    with pytest.raises(HeaderError, match="trailing-bytes at byte 8"):
        MediaType.parse("a/b; x=1, c/d")
    for text in ("", "text", "text/", "/plain", "text plain"):
        with pytest.raises(HeaderError, match="media type: bad-media-type"):
            MediaType.parse(text)


def test_a_name_given_twice_counts_once_and_first():
    params = parse(crlf("OPTIONS sip:a SIP/2.0\nTo: <sip:a>;A=1;b;a=2")).to.params
    assert list(params) == ["A", "b"]
    assert (params["a"], params["B"], len(params)) == ("1", None, 2)
    with pytest.raises(KeyError):
        _ = params["c"]


def test_parameters_are_limited():
    data = message(to="<sip:a@b>" + ";p=1" * 5)
    assert len(parse(data, Limits(params=5)).to.params) == 1
    with pytest.raises(HeaderError, match="too-many-parameters"):
        len(parse(data, Limits(params=4)).to.params)


def test_values_keep_their_message_alive():
    buffer = bytearray(message())
    host = parse(buffer).from_.uri.params
    with pytest.raises(BufferError):
        buffer.clear()
    assert len(host) == 0


def test_a_number_is_no_text_to_parse():
    for kind in (Uri, NameAddr, MediaType):
        with pytest.raises(TypeError, match="not a number"):
            kind.parse(10**12)


def test_values_are_made_by_messages_only():
    for kind in (Uri, NameAddr, Via, CSeq, MediaType):
        with pytest.raises(TypeError):
            kind()


HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){0,2}", fullmatch=True)
USERS = st.from_regex(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,12}", fullmatch=True)


@given(
    st.one_of(st.none(), USERS),
    HOSTS,
    st.one_of(st.none(), st.integers(0, 65535)),
    st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True),
        st.one_of(st.none(), st.from_regex(r"[a-z0-9]{1,6}", fullmatch=True)),
        max_size=4,
    ),
)
def test_built_uris_read_back_as_they_were_built(user, host, port, params):
    text = "sip:" + (f"{user}@" if user else "") + host + (f":{port}" if port is not None else "")
    text += "".join(f";{name}" + (f"={value}" if value is not None else "") for name, value in params.items())
    uri = Uri.parse(text)
    assert (uri.user, uri.host, uri.port, dict(uri.params)) == (user, host, port, params)
    assert uri == Uri.parse(text)
