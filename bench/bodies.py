"""The bodies that the messages carry: session descriptions, presence, lists, file offers, multipart."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from sipcore_bench.draw import Draw, User

__all__ = ["adhoc_list", "audio_session", "file_offer", "html", "multipart", "pidf", "presentity", "text_session",
           "video_session"]  # fmt: skip


def lines(*text: str) -> str:
    """Lines with CRLF behind each."""
    return "".join(f"{line}\r\n" for line in text)


def audio_session(draw: Draw, host: str) -> str:
    """SDP (RFC 8866) for one audio stream, as a desk phone offers it."""
    session = draw.number(10**9, 2 * 10**9)
    return lines(
        "v=0",
        f"o=- {session} {session} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {draw.number(8000, 32000) * 2} RTP/AVP 9 0 8 101",
        "a=rtpmap:9 G722/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    )


def video_session(draw: Draw, host: str) -> str:
    """SDP for a call over LTE: AMR-WB with its bandwidth, and preconditions (RFC 3312)."""
    session = draw.number(10**9, 2 * 10**9)
    return lines(
        "v=0",
        f"o=- {session} {session} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "b=AS:41",
        "t=0 0",
        f"m=audio {draw.number(8000, 32000) * 2} RTP/AVP 107 97",
        "b=AS:41",
        "b=RS:512",
        "b=RR:1537",
        "a=rtpmap:107 AMR-WB/16000/1",
        "a=fmtp:107 mode-change-capability=2;max-red=0",
        "a=rtpmap:97 telephone-event/16000",
        "a=fmtp:97 0-15",
        "a=curr:qos local none",
        "a=curr:qos remote none",
        "a=des:qos mandatory local sendrecv",
        "a=des:qos optional remote sendrecv",
        "a=ptime:20",
        "a=maxptime:240",
        "a=sendrecv",
    )


def text_session(host: str) -> str:
    """SDP for a session of instant messages, in the form that Live Communications Server's clients use."""
    return lines(
        "v=0", f"o=- 0 0 IN IP4 {host}", "s=session", f"c=IN IP4 {host}", "t=0 0", "m=x-ms-message 5060 sip null"
    )


def pidf(draw: Draw, user: User) -> str:
    """Presence (RFC 3863, RFC 4480) of somebody with a desk and a phone."""
    desk, phone = draw.hex(8), draw.hex(8)
    stamp = f"2026-03-{draw.number(1, 28):02d}T{draw.number(0, 23):02d}:{draw.number(0, 59):02d}:00Z"
    return lines(
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"',
        f' xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:{user.address}">',
        f'<tuple id="d{desk}"><status><basic>open</basic></status>',
        f'<contact priority="0.8">{user.uri};gr={desk}</contact>',
        f"<note>{draw.prose(40)}</note><timestamp>{stamp}</timestamp></tuple>",
        f'<tuple id="p{phone}"><status><basic>closed</basic></status>',
        f'<contact priority="0.2">{user.uri};gr={phone}</contact><timestamp>{stamp}</timestamp></tuple>',
        f'<dm:person id="p1"><rpid:activities><rpid:meeting/></rpid:activities><dm:note>{draw.prose(60)}</dm:note>',
        "</dm:person>",
        "</presence>",
    )


def presentity(draw: Draw, user: User) -> str:
    """Presence as Live Communications Server sends it (``text/xml+msrtc.pidf``)."""
    endpoints = [draw.hex(10), draw.hex(10)]
    return lines(
        f'<presentity uri="{user.address}" xmlns="http://schemas.microsoft.com/2002/09/sip/presence">',
        f'<availability aggregate="300" description="" epid="{endpoints[0]}" />',
        f'<activity aggregate="{draw.number(1, 6)}00" description="" epid="{endpoints[0]}" />',
        f'<displayName displayName="{user.name}" />',
        "<devices>",
        *(_device(draw, endpoint) for endpoint in endpoints),
        "</devices>",
        "</presentity>",
    )


def _device(draw: Draw, endpoint: str) -> str:
    """What one of somebody's clients has published."""
    return (
        f'<devicePresence epid="{endpoint}" ageOfPresence="{draw.number(0, 9999)}">\r\n'
        '<availability aggregate="300" description="online" />\r\n'
        f'<activity aggregate="400" description="Active" note="{draw.prose(50)}" />\r\n'
        f'<deviceName name="DESK-{draw.hex(6)}" xmlns="http://schemas.microsoft.com/2002/09/sip/client/presence" />\r\n'
        "</devicePresence>"
    )


def adhoc_list(owner: User, members: Iterable[User]) -> str:
    """The contacts that one batched subscription names (``application/adrl+xml``)."""
    return lines(
        f'<adhoclist xmlns="urn:ietf:params:xml:ns:adrl" uri="{owner.uri}" name="{owner.uri}">',
        '<create xmlns="">',
        *(f'<resource uri="{member.uri}" />' for member in members),
        "</create>",
        "</adhoclist>",
    )


def file_offer(draw: Draw) -> str:
    """A file offer as the value of an ``ms-text-format`` header."""
    offer = lines(
        "Application-Name: File Transfer",
        "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}",
        "Invitation-Command: INVITE",
        f"Invitation-Cookie: {draw.number(1, 2**31)}",
        f"Application-File: figures-{draw.hex(6)}.xls",
        f"Application-FileSize: {draw.number(1000, 10**7)}",
        "Encryption: R",
    )
    return f"text/x-msmsgsinvite; charset=UTF-8;ms-body={base64.b64encode(offer.encode()).decode()}"


def html(text: str) -> str:
    """The text as a rich-text client writes it."""
    return f'<html><body><p style="margin:0"><span style="font-size:10pt;color:#1f3864">{text}</span></p></body></html>'


def multipart(boundary: str, *parts: tuple[str, str]) -> str:
    """Parts of (media type, text) with the boundary between them (RFC 2046 section 5.1.1)."""
    opened = "".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in parts)
    return f"{opened}--{boundary}--\r\n"
