"""SIP out of packet captures (`sipcore.capture`): containers, links, datagrams, streams, and what is no SIP."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from io import BytesIO
from ipaddress import ip_address

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import INVITE, OK, OPTIONS, message

from sipcore import Message, ParseError
from sipcore.capture import Captured, CaptureError, read_capture

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
ELSEWHERE = ("192.0.2.3", 40000)
AT = 1_700_000_000.25


def ip(source, destination, carried, protocol: int) -> bytes:
    """An IP packet, of version 4 or 6 by its addresses."""
    src, dst = ip_address(source[0]).packed, ip_address(destination[0]).packed
    if len(src) == 16:
        return bytes(dpkt.ip6.IP6(src=src, dst=dst, nxt=protocol, plen=len(carried), data=carried))
    return bytes(dpkt.ip.IP(src=src, dst=dst, p=protocol, len=20 + len(carried), data=carried))


def udp(data: bytes, source=ALICE, destination=BOB) -> bytes:
    return ip(
        source, destination, dpkt.udp.UDP(sport=source[1], dport=destination[1], ulen=8 + len(data), data=data), 17
    )


def tcp(data: bytes, seq: int, source=ALICE, destination=BOB, flags: int = dpkt.tcp.TH_ACK) -> bytes:
    segment = dpkt.tcp.TCP(sport=source[1], dport=destination[1], seq=seq % (1 << 32), flags=flags, data=data)
    return ip(source, destination, segment, 6)


def ethernet(packet: bytes, tag: bytes = b"") -> bytes:
    return bytes(12) + tag + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet


def pcap(frames: Iterable[bytes], link: int = dpkt.pcap.DLT_EN10MB, **options) -> bytes:
    file = BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=link, **options)
    for number, frame in enumerate(frames):
        writer.writepkt(frame, AT + number)
    return file.getvalue()


def pcapng(frames: Iterable[bytes]) -> bytes:
    file = BytesIO()
    writer = dpkt.pcapng.Writer(file)
    for number, frame in enumerate(frames):
        writer.writepkt(frame, AT + number)
    return file.getvalue()


def read(*packets: bytes) -> list[Captured]:
    return list(read_capture(pcap(ethernet(packet) for packet in packets)))


def contents(found: Iterable[Captured]) -> list[bytes]:
    """The messages, all of them whole."""
    found = list(found)
    assert all(isinstance(each.found, Message) and bytes(each.found) == each.data for each in found)
    return [each.data for each in found]


# -- containers and links


@pytest.mark.parametrize("write", [pcap, pcapng, lambda frames: pcap(frames, nano=True)], ids=["pcap", "ng", "nano"])
def test_every_container_gives_the_same_messages(write):
    first, second = read_capture(write([ethernet(udp(INVITE)), ethernet(udp(OK, BOB, ALICE))]))
    assert (first.packet, first.time, first.transport) == (1, pytest.approx(AT, abs=1e-3), "udp")
    assert (first.source, first.destination, first.data) == ("192.0.2.1:5060", "192.0.2.2:5060", INVITE)
    assert (second.packet, second.source, second.found.status) == (2, "192.0.2.2:5060", 200)


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (1, ethernet),
        (1, lambda packet: ethernet(packet, tag=b"\x81\x00\x00\x05")),
        (0, lambda packet: struct.pack("<I", 2) + packet),
        (12, lambda packet: packet),
        (101, lambda packet: packet),
        (113, lambda packet: struct.pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + packet),
        (276, lambda packet: struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, bytes(8)) + packet),
    ],
    ids=["ethernet", "vlan", "null", "raw", "raw-101", "cooked", "cooked-2"],
)
def test_every_usual_link_is_read(link, frame):
    assert contents(read_capture(pcap([frame(udp(OPTIONS))], link=link))) == [OPTIONS]


def test_ipv6_addresses_are_written_with_brackets():
    (found,) = read(udp(OPTIONS, ("2001:db8::1", 5060), ("2001:db8::2", 5062)))
    assert (found.source, found.destination) == ("[2001:db8::1]:5060", "[2001:db8::2]:5062")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no capture"),
        (b"OPTIONS sip:a SIP/2.0\r\n\r\n", "no capture"),
        (pcap([], link=105), "link type 105"),
        (pcapng([])[:20], "no capture"),
        (pcap([ethernet(udp(OPTIONS))]) + b"\0" * 8, "behind packet 1"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data, why):
    with pytest.raises(CaptureError, match=why):
        list(read_capture(data))


# -- datagrams


def test_sip_on_any_port_is_found():
    assert contents(read(udp(OPTIONS, ELSEWHERE, ("192.0.2.4", 6666)))) == [OPTIONS]


def test_what_is_no_sip_is_shown_as_broken_where_sip_is_at_home_and_passed_over_elsewhere():
    noise = b"MESSAGE sip:a\r\n\r\n"
    (found,) = read(udp(noise), udp(noise, ELSEWHERE, ("192.0.2.4", 6666)))
    assert isinstance(found.found, ParseError)
    assert (found.packet, found.data, found.found.code) == (1, noise, "bad-start-line")


def test_keep_alives_and_stun_are_no_messages():
    stun = bytes.fromhex("000100002112a442") + bytes(12)
    assert read(*map(udp, (b"\r\n\r\n", b"\0\0\0\0", b"", stun))) == []


def test_packets_that_are_not_for_us_are_passed_over():
    arp = bytes(12) + b"\x08\x06" + bytes(28)
    icmp = ethernet(ip(ALICE, BOB, dpkt.icmp.ICMP(), 1))
    found = read_capture(pcap([arp, icmp, b"", b"\x01", ethernet(udp(OPTIONS))[:30], ethernet(udp(OPTIONS))]))
    assert contents(found) == [OPTIONS]


# -- streams


def segments(data: bytes, size: int, start: int = 1000) -> list[bytes]:
    return [tcp(data[at : at + size], start + at) for at in range(0, len(data), size)]


def test_messages_are_put_together_from_segments_and_cut_apart_again():
    data = INVITE + b"\r\n\r\n" + OPTIONS + OK
    found = read(tcp(b"", 999, flags=dpkt.tcp.TH_SYN), *segments(data, 100))
    assert contents(found) == [INVITE, OPTIONS, OK]
    assert {each.transport for each in found} == {"tcp"}
    assert found[0].packet == 1 + -(-len(INVITE) // 100)


def test_both_directions_are_streams_of_their_own():
    half = len(OPTIONS) // 2
    found = read(
        tcp(OPTIONS[:half], 1), tcp(OK[:half], 7, BOB, ALICE), tcp(OPTIONS[half:], 1 + half),
        tcp(OK[half:], 7 + half, BOB, ALICE),
    )  # fmt: skip
    assert contents(found) == [OPTIONS, OK]


@given(st.permutations(range(8)), st.integers(0, 1), st.sampled_from([1000, 2**32 - 60]))
def test_the_order_of_segments_and_their_repetition_do_not_matter(order, repeat, start):
    data = OPTIONS + OK
    size = -(-len(data) // 8)
    parts = segments(data, size, start)
    begin = tcp(b"", start - 1, flags=dpkt.tcp.TH_SYN)
    assert contents(read(begin, *[part for at in order for part in [parts[at]] * (1 + repeat)])) == [OPTIONS, OK]


def test_a_segment_that_overlaps_what_was_there_adds_only_what_is_new():
    assert contents(read(tcp(OPTIONS[:50], 1), tcp(OPTIONS[20:], 21))) == [OPTIONS]


def test_what_was_lost_in_a_stream_is_missing_and_nothing_else_is_made_up():
    parts = segments(OPTIONS + OK, 100)
    assert contents(read(*parts[:-1], tcp(b"", 1))) == [OPTIONS]
    assert read(*parts[:1], *parts[2:]) == []


def test_a_new_connection_between_the_same_ends_begins_anew():
    begin = tcp(b"", 0, flags=dpkt.tcp.TH_SYN)
    assert contents(read(begin, tcp(OPTIONS[:50], 1), begin, tcp(OK, 1))) == [OK]


def test_a_stream_that_breaks_is_shown_once_with_the_place_in_what_is_left():
    broken = OPTIONS.replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\n")
    whole, found = read(*segments(OK + b"\r\n" + broken, 150), tcp(OPTIONS, 5000))
    assert whole.data == OK
    assert found.found.code == "bare-lf"
    assert broken.startswith(found.data)
    assert found.data[found.found.offset :].startswith(b"\n")


def test_streams_of_other_protocols_are_passed_over():
    assert read(tcp(b"GET / HTTP/1.1\r\n\r\n", 1, ELSEWHERE, ("192.0.2.4", 80)),
                tcp(OPTIONS, 19, ELSEWHERE, ("192.0.2.4", 80))) == []  # fmt: skip


@given(st.data())
def test_a_damaged_capture_gives_messages_or_says_that_it_is_damaged(data):
    frames = [ethernet(udp(OPTIONS)), ethernet(tcp(message(), 1)), ethernet(udp(OK, ("::1", 1), ("::2", 5060)))]
    capture = bytearray(data.draw(st.sampled_from([pcap, pcapng]))(frames))
    for _ in range(data.draw(st.integers(1, 4))):
        capture[data.draw(st.integers(0, len(capture) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = list(read_capture(bytes(capture[: data.draw(st.integers(0, len(capture)))])))
    except CaptureError:
        return
    assert len(found) <= len(frames)
