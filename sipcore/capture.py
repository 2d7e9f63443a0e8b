"""SIP out of packet captures: pcap and pcapng files, UDP datagrams and TCP streams.

The container and the packets in it are read by dpkt. Put together are TCP segments, each direction of a connection by
itself; IP fragments are not, and what the capture missed of a stream is missing here too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from ipaddress import ip_address
from typing import Any

import dpkt

from sipcore._framer import Framer
from sipcore._parser import Message, parse
from sipcore.errors import ParseError
from sipcore.limits import DEFAULT, Limits

__all__ = ["CaptureError", "Captured", "read_capture"]

#: Where SIP is at home: here a payload that is none is shown as broken, elsewhere it is something else.
_SIP_PORTS = {5060, 5061}
#: dpkt takes packets at their word; what it trips over is a packet that is not for us.
_UNREADABLE = (dpkt.Error, struct.error, ValueError, IndexError, AttributeError, TypeError)
#: RFC 5389 section 6: clients behind a NAT send STUN to the port of SIP to keep the way open (RFC 5626 section 3.5.2).
_STUN_COOKIE = bytes.fromhex("2112a442")
_SEQUENCE_SPACE = 1 << 32

Read = Callable[[bytes], Any]


def _raw_ip(frame: bytes) -> Any:
    return (dpkt.ip6.IP6 if frame[:1] and frame[0] >> 4 == 6 else dpkt.ip.IP)(frame)


#: What begins a packet, by the link type of the capture; pcap files in the field have 101 for raw IP as well as 12.
_LINKS: dict[int, Read] = {
    dpkt.pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
    dpkt.pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
    dpkt.pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
    dpkt.pcap.DLT_NULL: dpkt.loopback.Loopback,
    dpkt.pcap.DLT_LOOP: dpkt.loopback.Loopback,
    **dict.fromkeys((dpkt.pcap.DLT_RAW, 14, 101, dpkt.pcap.DLT_IPV4, dpkt.pcap.DLT_IPV6), _raw_ip),
}


class CaptureError(ValueError):
    """A capture cannot be read, or not to its end; its text says why."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One SIP message of a capture, or what stands in its place.

    Attributes:
        packet: the number of the packet that completed it, from 1, as other tools count them.
        time: seconds since 1970.
        transport: ``"udp"`` or ``"tcp"``.
        source, destination: address and port, ``"192.0.2.1:5060"``, ``"[2001:db8::1]:5060"``.
        data: its bytes; of a broken one, what there is from its beginning.
        found: the message, or what is wrong with it, with an offset into ``data``.
    """

    packet: int
    time: float
    transport: str
    source: str
    destination: str
    data: bytes
    found: Message | ParseError


@dataclass(frozen=True, slots=True)
class _Packet:
    """One packet with its addresses; what it carries is still dpkt's."""

    number: int
    time: float
    source: str
    destination: str
    is_home: bool
    carried: Any

    def captured(self, transport: str, data: bytes, found: Message | ParseError) -> Captured:
        return Captured(self.number, self.time, transport, self.source, self.destination, data, found)


@dataclass(slots=True)
class _Stream:
    """One direction of a TCP connection."""

    framer: Framer
    expected: int
    waiting: dict[int, bytes] = field(default_factory=dict)
    #: What was fed and is not yet a message, so that a fault can be shown.
    tail: bytes = b""
    dead: bool = False

    def in_order(self, sequence: int, data: bytes) -> bytes:
        """What a segment adds to the stream: nothing if it is early or late, more than itself if others waited."""
        behind = (self.expected - sequence) % _SEQUENCE_SPACE
        if behind >= _SEQUENCE_SPACE // 2:
            self.waiting[sequence] = data
            return b""
        pieces = [data[behind:]]
        self.expected = (self.expected + len(pieces[0])) % _SEQUENCE_SPACE
        while piece := self.waiting.pop(self.expected, b""):
            pieces.append(piece)
            self.expected = (self.expected + len(piece)) % _SEQUENCE_SPACE
        return b"".join(pieces)

    def unread(self) -> bytes:
        """What was fed behind the last message."""
        return self.tail[len(self.tail) - self.framer.pending :]


def read_capture(data: bytes, limits: Limits = DEFAULT) -> Iterator[Captured]:
    """Every SIP message of a capture, in the order of the packets that complete them.

    A payload is taken for SIP if it parses, and also if it does not but goes to or comes from port 5060 or 5061.
    Keep-alives and STUN are passed over.

    Raises:
        CaptureError: the file is no capture, has a link type that is not known, or is broken behind some packet.
    """
    streams: dict[tuple[str, str], _Stream] = {}
    for packet in _packets(data):
        if isinstance(packet.carried, dpkt.udp.UDP):
            yield from _from_datagram(packet, limits)
        elif isinstance(packet.carried, dpkt.tcp.TCP):
            yield from _from_segment(packet, streams, limits)


def _packets(data: bytes) -> Iterator[_Packet]:
    """The packets that have addresses and ports."""
    try:
        reader = dpkt.pcap.UniversalReader(BytesIO(data))
    except _UNREADABLE as error:
        raise CaptureError(f"no capture: {error}") from None
    read = _LINKS.get(reader.datalink())
    if read is None:
        raise CaptureError(f"a capture of link type {reader.datalink()}, which is not known here")
    number = 0
    try:
        for number, (time, frame) in enumerate(reader, start=1):
            packet = _packet(number, float(time), frame, read)
            if packet is not None:
                yield packet
    except _UNREADABLE:
        raise CaptureError(f"the capture cannot be read behind packet {number}") from None


def _packet(number: int, time: float, frame: bytes, read: Read) -> _Packet | None:
    try:
        packet = read(frame)
        while not isinstance(packet, (dpkt.ip.IP, dpkt.ip6.IP6)):
            packet = packet.data  # whatever lies below IP; at its end there are bytes, which have no `data`
        carried = packet.data
        source, destination = (_address(packet.src, carried.sport), _address(packet.dst, carried.dport))
    except _UNREADABLE:
        return None
    is_home = not _SIP_PORTS.isdisjoint((carried.sport, carried.dport))
    return _Packet(number, time, source, destination, is_home, carried)


def _address(raw: bytes, port: int) -> str:
    address = ip_address(raw)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _from_datagram(packet: _Packet, limits: Limits) -> Iterator[Captured]:
    data = bytes(packet.carried.data)
    if not data.strip(b"\r\n\0 ") or data[4:8] == _STUN_COOKIE:
        return
    try:
        yield packet.captured("udp", data, parse(data, limits))
    except ParseError as error:
        if packet.is_home:
            yield packet.captured("udp", data, error)


def _from_segment(packet: _Packet, streams: dict[tuple[str, str], _Stream], limits: Limits) -> Iterator[Captured]:
    """Messages that the segment completes; a stream that turns out to be no SIP is left alone from then on."""
    key = (packet.source, packet.destination)
    segment = packet.carried
    begins = bool(segment.flags & dpkt.tcp.TH_SYN)
    if begins or key not in streams:
        streams[key] = _Stream(Framer(limits), (segment.seq + begins) % _SEQUENCE_SPACE)
    stream = streams[key]
    data = bytes(segment.data)
    if stream.dead or not data:
        return
    arrived = stream.in_order((segment.seq + begins) % _SEQUENCE_SPACE, data)
    stream.framer.feed(arrived)
    stream.tail += arrived
    try:
        for message in stream.framer:
            yield packet.captured("tcp", bytes(message), message)
    except ParseError as error:
        stream.dead = True
        if packet.is_home:
            yield packet.captured("tcp", stream.unread(), ParseError(error.code, error.offset - stream.framer.offset))
    stream.tail = stream.unread()
