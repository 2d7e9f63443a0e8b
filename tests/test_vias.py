"""The way back: what we note in a client's Via, and that nobody else's note is believed."""

from __future__ import annotations

import pytest
from edge_world import INSIDE, OUTSIDE, TABLES, TCP, UDP
from hypothesis import given
from hypothesis import strategies as st
from messages import message

from sipcore import Via, parse
from sipcore.edge.actions import Link
from sipcore.edge.links import OpenLinks
from sipcore.edge.tables import Hop, Transport
from sipcore.edge.vias import WayBack, is_ours, own_via, stamped, way_back, way_noted

DATAGRAM = Link(1, OUTSIDE, UDP, "192.0.2.20", 5060)
STREAM = Link(2, OUTSIDE, TCP, "192.0.2.20", 40123)


def via(text: str) -> Via:
    """The Via as a message has it."""
    found = parse(message(via=text)).via
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("sent", "link", "noted"),
    [
        ("SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK1", DATAGRAM, None),
        (
            "SIP/2.0/UDP 192.0.2.21;branch=z9hG4bK1",
            DATAGRAM,
            "SIP/2.0/UDP 192.0.2.21;branch=z9hG4bK1;received=192.0.2.20",
        ),
        ("SIP/2.0/UDP edge.fabrikam.example", DATAGRAM, "SIP/2.0/UDP edge.fabrikam.example;received=192.0.2.20"),
        (
            "SIP/2.0/UDP 192.0.2.20;rport;branch=z9hG4bK1",
            DATAGRAM,
            "SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1;received=192.0.2.20;rport=5060",
        ),
        ("SIP/2.0/TCP 192.0.2.20:40123;branch=z9hG4bK1", STREAM, None),
        (
            "SIP/2.0/TCP 192.0.2.20;branch=z9hG4bK1",
            STREAM,
            "SIP/2.0/TCP 192.0.2.20;branch=z9hG4bK1;ms-received-port=40123",
        ),
        ("SIP/2.0/TCP 192.0.2.20;rport", STREAM, "SIP/2.0/TCP 192.0.2.20;received=192.0.2.20;rport=40123"),
    ],
)
def test_the_source_is_noted_where_sent_by_does_not_say_it(sent: str, link: Link, noted: str | None) -> None:
    assert stamped(via(sent), link) == noted


@pytest.mark.parametrize(
    ("forged", "link", "noted"),
    [
        ("SIP/2.0/UDP 192.0.2.20;received=203.0.113.9", DATAGRAM, "SIP/2.0/UDP 192.0.2.20"),
        ("SIP/2.0/UDP 192.0.2.20;ReceiveD = 203.0.113.9;x=1", DATAGRAM, "SIP/2.0/UDP 192.0.2.20;x=1"),
        ("SIP/2.0/UDP 192.0.2.20;rport=25", DATAGRAM, "SIP/2.0/UDP 192.0.2.20;received=192.0.2.20;rport=5060"),
        ("SIP/2.0/UDP 192.0.2.20;received=1.1.1.1;received=2.2.2.2", DATAGRAM, "SIP/2.0/UDP 192.0.2.20"),
        ("SIP/2.0/TCP 192.0.2.20:40123;ms-received-port=25", STREAM, "SIP/2.0/TCP 192.0.2.20:40123"),
        ("SIP/2.0/UDP 192.0.2.20;ms-received-port=25", DATAGRAM, "SIP/2.0/UDP 192.0.2.20"),
    ],
)
def test_a_note_that_the_sender_brings_is_overwritten(forged: str, link: Link, noted: str) -> None:
    assert stamped(via(forged), link) == noted


def test_other_parameters_stay_as_they_are_written() -> None:
    odd = 'SIP/2.0/UDP 192.0.2.20 ;branched=FALSE; x="a;received=1.1.1.1;\\";rport" ;branch=z9hG4bK1'
    assert stamped(via(f"{odd};rport"), DATAGRAM) == (
        'SIP/2.0/UDP 192.0.2.20;branched=FALSE; x="a;received=1.1.1.1;\\";rport" ;branch=z9hG4bK1'
        ";received=192.0.2.20;rport=5060"
    )


NOTES = st.lists(
    st.sampled_from(["rport", "rport=7", "Rport=", "received=192.0.2.9", "ms-received-port=7", "branch=z9hG4bK1"])
)


@given(
    st.sampled_from(["UDP", "TCP", "tcp", "SCTP"]),
    st.sampled_from(["192.0.2.20", "192.0.2.20:5080", "192.0.2.21:40123", "pool.fabrikam.example", "[2001:db8::20]:0"]),
    NOTES,
    st.sampled_from([DATAGRAM, STREAM, Link(3, OUTSIDE, UDP, "::ffff:192.0.2.20", 5080)]),
)
def test_the_way_that_is_signed_is_the_one_that_the_note_leads(
    transport: str, place: str, notes: list[str], link: Link
) -> None:
    client = via(";".join([f"SIP/2.0/{transport} {place}", *notes]))
    noted = via(stamped(client, link) or str(client))
    back = way_back(noted)
    assert way_noted(client, link) == (back and back.way)


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("SIP/2.0/UDP 192.0.2.20", WayBack(Hop(UDP, "192.0.2.20", 5060), None)),
        ("SIP/2.0/UDP 192.0.2.20:5080", WayBack(Hop(UDP, "192.0.2.20", 5080), None)),
        ("SIP/2.0/udp x.example;received=192.0.2.20", WayBack(Hop(UDP, "192.0.2.20", 5060), None)),
        ("SIP/2.0/UDP 192.0.2.20:5080;rport=6000", WayBack(Hop(UDP, "192.0.2.20", 6000), None)),
        ("SIP/2.0/UDP [2001:db8::20]", WayBack(Hop(UDP, "2001:db8::20", 5060), None)),
        ("SIP/2.0/UDP 192.0.2.20;maddr=203.0.113.9", WayBack(Hop(UDP, "192.0.2.20", 5060), None)),
        ("SIP/2.0/UDP 192.0.2.20;rport=65536", WayBack(Hop(UDP, "192.0.2.20", 5060), None)),
        ("SIP/2.0/UDP 192.0.2.20;rport=0", WayBack(Hop(UDP, "192.0.2.20", 5060), None)),
        ("SIP/2.0/TCP 192.0.2.20:5080;rport=6000", WayBack(Hop(TCP, "192.0.2.20", 5080), 6000)),
        ("SIP/2.0/TCP 192.0.2.20:5080;ms-received-port=6000", WayBack(Hop(TCP, "192.0.2.20", 5080), 6000)),
        ("SIP/2.0/TCP 192.0.2.20:5080", WayBack(Hop(TCP, "192.0.2.20", 5080), 5080)),
        ("SIP/2.0/SCTP 192.0.2.20", None),
    ],
)
def test_a_response_follows_the_next_via(text: str, back: WayBack | None) -> None:
    assert way_back(via(text)) == back


def test_our_via_names_the_address_that_answers_come_to() -> None:
    written = own_via(Hop(UDP, "192.0.2.1", 5060), "z9hG4bKx", "f00")
    assert written == "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;sig=f00;rport"
    written = own_via(Hop(Transport.TLS, "192.0.2.1", 5061), "z9hG4bKx", "f00")
    assert written == "SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKx;sig=f00;alias", "RFC 5923 section 8.1"
    written = own_via(Hop(TCP, "2001:db8::1", 5060), "z9hG4bKx", "f00")
    assert written == "SIP/2.0/TCP [2001:db8::1]:5060;branch=z9hG4bKx;sig=f00"


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("SIP/2.0/UDP 192.0.2.1:5060", True),
        ("SIP/2.0/TCP 192.0.2.1", True),
        ("SIP/2.0/UDP 192.0.2.1:5061", False),
        ("SIP/2.0/UDP 127.0.0.1:5060", False),
        ("SIP/2.0/TLS 192.0.2.1:5060", False),
        ("SIP/2.0/UDP edge.contoso.example:5060", False),
    ],
)
def test_a_via_is_ours_on_the_side_that_it_names(text: str, ours: bool) -> None:
    assert is_ours(via(text), OUTSIDE, TABLES) is ours


# -- the connection that an answer leaves by


def test_an_open_connection_is_found_by_side_transport_address_and_port() -> None:
    links = OpenLinks()
    links.add(STREAM)
    back = WayBack(Hop(TCP, "192.0.2.20", 5060), 40123)
    assert links.leading_to(OUTSIDE, back) == STREAM.id
    assert links.leading_to(INSIDE, back) is None
    assert links.leading_to(OUTSIDE, WayBack(back.hop, 40124)) is None
    assert links.leading_to(OUTSIDE, WayBack(Hop(UDP, "192.0.2.20", 40123), None)) is None


def test_a_connection_that_is_down_is_forgotten_but_not_its_successor() -> None:
    links = OpenLinks()
    successor = Link(9, OUTSIDE, TCP, "192.0.2.20", 40123)
    back = WayBack(Hop(TCP, "192.0.2.20", 5060), 40123)
    links.add(STREAM)
    links.add(successor)
    links.remove(STREAM)
    assert links.leading_to(OUTSIDE, back) == successor.id
    links.remove(successor)
    assert links.leading_to(OUTSIDE, back) is None
    links.remove(successor)


def test_connections_of_one_port_of_a_peer_with_two_of_our_listeners_are_told_apart() -> None:
    links, secured = OpenLinks(), Link(9, OUTSIDE, Transport.TLS, "192.0.2.20", 40123)
    links.add(STREAM)
    links.add(secured)
    ways = [WayBack(Hop(transport, "192.0.2.20", 5060), 40123) for transport in (TCP, Transport.TLS)]
    assert [links.leading_to(OUTSIDE, back) for back in ways] == [STREAM.id, secured.id]
    links.remove(secured)
    assert [links.leading_to(OUTSIDE, back) for back in ways] == [STREAM.id, None]


def test_a_connection_is_found_again_when_a_later_one_of_the_same_port_is_down() -> None:
    links, later = OpenLinks(), Link(9, OUTSIDE, TCP, "192.0.2.20", 40123)
    links.add(STREAM)
    links.add(later)
    links.remove(later)
    assert links.leading_to(OUTSIDE, WayBack(Hop(TCP, "192.0.2.20", 5060), 40123)) == STREAM.id


def test_datagrams_need_no_connection() -> None:
    links = OpenLinks()
    links.add(DATAGRAM)
    assert links.leading_to(OUTSIDE, WayBack(Hop(UDP, "192.0.2.20", 5060), 5060)) is None
