"""A capture file with datagrams of tests."""

from __future__ import annotations

import io

import dpkt


def capture(*payloads: bytes) -> bytes:
    """A pcap file of datagrams from 192.0.2.7:5062 to 192.0.2.1:5060."""
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, linktype=dpkt.pcap.DLT_RAW)
    for payload in payloads:
        datagram = dpkt.udp.UDP(sport=5062, dport=5060, ulen=8 + len(payload), data=payload)
        packet = dpkt.ip.IP(src=b"\xc0\0\x02\x07", dst=b"\xc0\0\x02\x01", p=17, len=28 + len(payload), data=datagram)
        writer.writepkt(bytes(packet), 1_700_000_000.5)
    return file.getvalue()
