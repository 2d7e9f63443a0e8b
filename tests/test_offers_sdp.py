"""File offers in session descriptions (RFC 5547)."""

from __future__ import annotations

import pytest
from corpus import corpus
from file_offers import file_session, session
from hypothesis import given
from hypothesis import strategies as st

from sipcore import parse
from sipcore.imfilter.offers import sdp
from sipcore.imfilter.offers.offer import Offer, OfferedFile

REPORT = Offer("sdp", (OfferedFile("report.doc", 46080),))
MSRP = "message 7654 TCP/MSRP *"


def read(text: str) -> Offer | None:
    return sdp.read(text.encode())


@pytest.mark.parametrize(
    "medium",
    [
        "message 7654 TCP/MSRP *",
        "message 7654 TCP/TLS/MSRP *",
        "message 7654/1 tcp/msrp *",
        "message 9 TCP/WSS/MSRP *",
        "message",
    ],
)
def test_a_medium_with_a_file_is_an_offer_whatever_carries_it(medium):
    assert read(file_session(medium=medium)) == REPORT


def test_a_file_in_a_data_channel_is_found_in_its_wrapping():
    channel = 'application 9 UDP/DTLS/SCTP webrtc-datachannel|a=dcmap:2 subprotocol="msrp"'
    assert read(session(f'{channel}|a=dcsa:2 file-selector:name:"report.doc" size:46080')) == REPORT


@pytest.mark.parametrize(
    "attribute",
    [
        "file-selector",
        "file-selector:",
        "file-transfer-id:1",
        "file-disposition:attachment",
        'file-date:creation:"x"',
        "file-icon:cid:1@a.example",
        "file-range:1-*",
        "FILE-RANGE:1-*",
    ],
)
def test_any_of_the_attributes_makes_it_an_offer(attribute):
    assert read(session(f"{MSRP}|a={attribute}")) == Offer("sdp")


def test_sending_and_asking_are_told_apart():
    assert read(file_session(direction="sendonly")) == REPORT
    assert read(file_session(direction="sendrecv")) == REPORT
    asked = read(file_session(direction="recvonly"))
    assert asked == Offer("sdp", REPORT.files, pull=True)


def test_the_direction_of_the_session_counts_where_the_medium_has_none():
    offer = read(session(f"{MSRP}|a=file-range:1-*", attributes="a=recvonly"))
    assert offer is not None
    assert offer.pull


def test_an_attribute_of_the_session_counts_for_every_medium():
    described = 'a=file-selector:name:"report.doc" size:46080'
    assert read(session(MSRP, attributes=described)) == REPORT
    assert read(session(attributes=described)) is None


def test_a_stopped_medium_offers_nothing():
    assert read(file_session(medium="message 0 TCP/MSRP *")) is None
    assert read(file_session(medium="message 00/2 TCP/MSRP *")) is None
    assert read(session("message 0 TCP/MSRP *|a=file-range:1-*", MSRP)) is None
    assert read(session("audio 0 RTP/AVP 0", f"{MSRP}|a=file-range:1-*")) == Offer("sdp")


@pytest.mark.parametrize(
    "medium",
    [
        "audio 49170 RTP/AVP 0",
        "message 7654 TCP/MSRP *|a=accept-types:message/cpim|a=accept-wrapped-types:*",
        "message 5060 sip null",
        "x-ms-message 5060 sip null",
        "application 1503 tcp msdata",
        "applicationsharing 50000 TCP/RTP/SAVP 127",
        "data 50000 TCP/RTP/SAVP 127|a=mid:1",
        "application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ],
)
def test_calls_chats_and_shared_applications_are_no_files(medium):
    assert read(session(medium)) is None


@pytest.mark.parametrize(
    ("selector", "name", "size"),
    [
        ('name:"report.doc" size:46080', "report.doc", 46080),
        ('size:46080 name:"report.doc"', "report.doc", 46080),
        ('name:"my report.doc" size:1', "my report.doc", 1),
        ('name:"a%22b%25.doc"', 'a"b%.doc', None),
        ('name:"a size:7 b" size:8', "a size:7 b", 8),
        ('type:text/plain;charset="name:x" name:"a.doc"', "a.doc", None),
        ("hash:sha-1:72:24:5F size:9", None, 9),
        ('NAME:"a.doc" Size:5', "a.doc", 5),
        ("name:a.doc", "a.doc", None),
        ('name:"a.doc', "a.doc", None),
        ('name:""', None, None),
        ("size:many", None, None),
        ('name:"bericht%C3%A4.doc"', "berichtä.doc", None),
    ],
)
def test_a_selector_is_read_in_any_order_with_its_quotes_and_percent_signs(selector, name, size):
    assert read(file_session(selector)) == Offer("sdp", (OfferedFile(name, size),))


def test_every_file_of_a_session_is_reported():
    offer = read(session(f'{MSRP}|a=file-selector:name:"a"', f'{MSRP}|a=file-selector:name:"b" name:"c" size:1'))
    assert offer is not None
    assert offer.files == (OfferedFile("a"), OfferedFile("b", 1), OfferedFile("c", 1))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_any_line_end_and_stray_space_will_do(end):
    assert read(file_session().replace("\r\n", end).replace("a=file", " a = file")) == REPORT


@given(st.text(st.characters(exclude_characters="\r\n\0|", exclude_categories=["Cs"]), max_size=80))
def test_a_selector_of_anything_is_an_offer_and_keeps_a_quoted_name(name):
    assert read(session(f"{MSRP}|a=file-selector:{name}")) is not None
    quoted = name.replace("%", "%25").replace('"', "%22")
    assert read(session(f'{MSRP}|a=file-selector:name:"{quoted}"')) == Offer("sdp", (OfferedFile(name or None),))


def test_the_offer_of_a_phone_is_read():
    message = parse(corpus("ms", "rcs-msrp-ft-invite.sip").read_bytes())
    assert sdp.read(message.body) == Offer("sdp", (OfferedFile("phototmp_3_1_1_1.jpg", 195490),))


def test_no_call_in_the_captures_offers_a_file():
    bodies = 0
    for path in sorted(corpus("captures").rglob("*INVITE*.sip")):
        _, blank, body = path.read_bytes().partition(b"\r\n\r\n")
        if blank and body:
            bodies += 1
            assert sdp.read(body) is None, path.name
    assert bodies > 50
