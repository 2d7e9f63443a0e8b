"""Messages written for these tests, and small helpers to write more.

Everything here is ours: names under .example (RFC 2606), addresses from the documentation ranges (RFC 5737, 3849).
"""

from __future__ import annotations


def crlf(text: str) -> bytes:
    """Text with one header a line as a message head: CRLF line ends and the empty line."""
    return "\r\n".join(line for line in text.strip("\n").split("\n")).encode() + b"\r\n\r\n"


def message(
    *extra: str,
    method: str = "MESSAGE",
    uri: str = "sip:bob@contoso.example",
    body: bytes = b"Lunch at noon?",
    content_type: str | None = "text/plain",
    via: str = "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-a1",
    from_: str = "<sip:alice@fabrikam.example>;tag=a-tag",
    to: str = "<sip:bob@contoso.example>",
    call_id: str = "c1@192.0.2.10",
    cseq: int = 1,
    max_forwards: int | None = 70,
) -> bytes:
    """A request with everything that RFC 3261 section 8.1.1 asks for, and the extra header lines."""
    lines = [f"{method} {uri} SIP/2.0", f"Via: {via}"]
    if max_forwards is not None:
        lines.append(f"Max-Forwards: {max_forwards}")
    lines += [f"From: {from_}", f"To: {to}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}", *extra]
    if content_type is not None and body:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body)}")
    return crlf("\n".join(lines)) + body


def without(data: bytes, name: str) -> bytes:
    """The message without its header lines of that name."""
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(name.lower().encode() + b":")]
    assert len(kept) < len(lines), f"there is no {name} to leave out"
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


OPTIONS = message(method="OPTIONS", body=b"", content_type=None)

INVITE = message(
    "Contact: <sip:alice@192.0.2.10:5060;transport=udp>",
    "Supported: 100rel, timer",
    method="INVITE",
    content_type="application/sdp",
    body=b"v=0\r\no=alice 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\n",
)

OK = crlf(
    """
SIP/2.0 200 OK
Via: SIP/2.0/TCP edge.contoso.example:5060;branch=z9hG4bKedge
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-a1;received=192.0.2.99
From: <sip:alice@fabrikam.example>;tag=a-tag
To: "Bob" <sip:bob@contoso.example>;tag=b-tag
Call-ID: c1@192.0.2.10
CSeq: 1 MESSAGE
Content-Length: 0
"""
)

#: Compact names, every kind of white space, folds, comma lists, quotes with commas: all legal, none of it usual. Only
#: the header in the Request-URI is one that a sender must not put there (RFC 3261 section 19.1.1).
CONTORTED = (
    b"BENOTIFY sips:alice:pw%20d@[2001:db8::1]:5061;transport=tls;lr?Subject=hi SIP/2.0\r\n"
    b"v  :  SIP / 2.0 / TCP  edge.fabrikam.example:5061 ;branch=z9hG4bK-1;rport ,"
    b" SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK-2\r\n"
    b"Via:SIP/2.0/TLS [2001:db8::7]:5061;branch=z9hG4bK-3;received=192.0.2.8;rport=1024\r\n"
    b"MAX-FORWARDS\t:\t 69\r\n"
    b'f: "Watson, John \\"W\\"" <sip:watson@fabrikam.example;x=1>\r\n'
    b"\t;tag=f-tag;epid=01\r\n"
    b"t: Bob B <sip:bob@contoso.example> ; tag = t-tag\r\n"
    b"i: fold@contoso.example\r\n"
    b"CSeq:  4294967295\r\n"
    b"  BENOTIFY\r\n"
    b"Route: <sip:one.example;lr>, <sip:two.example;lr>\r\n"
    b"Route: <sip:three.example;lr>\r\n"
    b"s: first\r\n"
    b"  second \r\n"
    b"\t third\r\n"
    b'X-List: a, "b, c", <d,e>\r\n'
    b"Empty:\r\n"
    b'c: text / plain ;charset="utf-8"\r\n'
    b"l: 5\r\n"
    b"\r\n"
    b"hello"
)
