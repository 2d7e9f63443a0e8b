"""Input of the kinds that have brought SIP software down, and what becomes of each here.

The classes are those of docs/protocol.md, "Malformed input". An outcome is the code of a `ParseError`; or the status
and header of the refusal that a user agent owes, as the stricter of the two roles; or SOUND.
"""

from __future__ import annotations

from messages import INVITE, OK, crlf, message, without

SOUND = "sound"


def lengths(*values: str) -> list[bytes]:
    """The same message with each of these as its Content-Length."""
    return [message().replace(b"Content-Length: 14", f"Content-Length: {value}".encode()) for value in values]


def each(outcome: str, *vectors: bytes) -> list[tuple[bytes, str]]:
    """Vectors that end alike."""
    return [(vector, outcome) for vector in vectors]


MULTIPART = {"body": b"--b\r\n\r\nhi\r\n", "method": "INFO"}

CLASSES: dict[str, list[tuple[bytes, str]]] = {
    "D1": [
        *each("body-too-large", *lengths("4294967295", "4294967310", "18446744073709551630", "9" * 40, "1048577")),
        *each("bad-content-length", *lengths("-1", "-4294967282", "+14", "0x0e", "14.0", "1 4", "14;x", "", "14, 14")),
        *each("400 Content-Length", *lengths("15", "1048576")),
        *each(SOUND, *lengths("14", "0000000000000000000000014")),
    ],
    "D2": [
        (message("Content-Length: 13"), "conflicting-content-length"),
        (message("Content-Length: 14"), "400 Content-Length"),
        (message(body=OK), SOUND),
    ],
    "D3": [(b"\r\n" * 5 + message(), SOUND), (b"\r\n\r" + message(), "bare-cr"), (b"\r\n\n" + message(), "bare-lf")],
    "D4": each("no-end-of-head", message()[:40], INVITE[: INVITE.index(b"\r\n\r\n") + 2], b"INVITE "),
    "D6": [
        *[(without(message(), name), f"400 {name}") for name in ("Via", "From", "To", "Call-ID", "CSeq")],
        (message(from_="<sip:/>"), "400 From"),
        (message(to="/"), "400 To"),
        (crlf("OPTIONS sip:a SIP/2.0"), "400 Via"),
    ],
    "D7": [
        (message("To: <sip:b@c.example>;tag=2"), "400 To"),
        (message(to="<sip:b@c.example>;tag="), "400 To"),
        (message(to="<sip:b@c.example>;tag"), SOUND),
        (message(to=f"<sip:b@c.example>;tag={'t' * 4000}"), SOUND),
        (message(to=f"<sip:b@c.example>;tag={'t' * 9000}"), "header-too-long"),
    ],
    "D8": [
        *[
            (message(via=value), "400 Via")
            for value in (
                *("", ",", "SIP/2.0/UDP a,,,,,", "SIP/2.0", "SIP/2.0/UDP ;branch=x", "SIP//UDP a", "SIP/2.0/UDP a;="),
                *("SIP/2.0/UDP a;branch=", "SIP/2.0/UDP a:99999", "SIP/2.0/UDP [::1", 'SIP/2.0/UDP a;branch="x'),
            )
        ],
        (message(via="SIP/2.0/UDP a.example"), SOUND),
        (message(via="SIP/9.9/UDP a.example;branch=z9hG4bKx"), SOUND),
        (message(via=", ".join(["SIP/2.0/UDP a.example;branch=z9hG4bKx"] * 71)), "400 Via"),
    ],
    "D9": [
        (message(from_='"a <sip:a@b.example>;tag=1'), "400 From"),
        (message(from_='"a\\" <sip:a@b.example>;tag=1'), "400 From"),
        (message(to='<sip:a@b.example>;x="y'), "400 To"),
        (message(to="<sip:a@b.example>;x="), SOUND),
        (message(to="<sip:a@b.example>;"), "400 To"),
        (message(to='"'), "400 To"),
    ],
    "D10": [
        *[
            (message(uri=uri), "400 Request-URI")
            for uri in (
                *("sip:", "sip:;x", "sip:a@", "sip:@a", "sip:a%"),
                *("sip:[::1::]", "sip:[:::1]", "sip:a:65536", "sip:a:b:c"),
            )
        ],
        *each(SOUND, message(uri="sip:%@a.example"), message(to="<urn:x:y>"), message(to="<tel:1>")),
        *[(message(uri=uri), "416 Request-URI") for uri in ("tel:+1", "a:b")],
        (message(uri="urn:"), "400 Request-URI"),
        (message(to="<tel:>"), "400 To"),
    ],
    "D11": each(
        SOUND,
        message("Authorization: Digest username=   \t   "),
        message('Authorization: Digest response="' + "f" * 4000 + '"'),
        message("Authorization:"),
        message('Authorization: Digest a="'),
    ),
    "D12": [
        (message(cseq=2**31 - 1), SOUND),
        *[(message(cseq=number), "400 CSeq") for number in (2**31, 2**32 - 1, 2**32, 2**64 + 1)],
        (message().replace(b"1 MESSAGE", b"1 INVITE"), "400 CSeq"),
        (message(method="M" * 3000), SOUND),
        (message().replace(b"CSeq: 1 MESSAGE", b"CSeq: 1"), "400 CSeq"),
    ],
    "D13": each(
        SOUND,
        message(content_type="multipart/mixed", **MULTIPART),
        message(content_type='multipart/mixed;boundary=""', **MULTIPART),
        message(content_type="multipart/mixed;boundary=b", **MULTIPART),
        message(content_type="multipart/mixed;boundary=" + "b" * 4000, **MULTIPART),
    ),
    "D14": [
        (message(*["Accept: a/b"] * 100), SOUND),
        (message(*["X: y"] * 300), "too-many-headers"),
        (message(*["Via: SIP/2.0/UDP a.example;branch=z9hG4bKx"] * 70), "too-many-vias"),
        (message(*["Route: <sip:a.example;lr>"] * 200), SOUND),
    ],
    "D16": [
        (message("X-Secret : 1", "X-Secret\t: 2"), SOUND),
        *[(message(f"X-Secret{byte}: 1"), "missing-colon") for byte in ("\x00", "\x01", "\x0b", "\x7f", "\xa0", "@")],
    ],
    "D17": [
        (message("X: a\rInjected: 1"), "bare-cr"),
        (message().replace(b"Call-ID", b"X: a\nInjected: 1\r\nCall-ID"), "bare-lf"),
    ],
    "D20": [
        *each("control-byte", message("X: a\0b"), message(from_='"a\0b" <sip:a@b.example>'), message(uri="sip:a\0b")),
        (message("X\0: a"), "missing-colon"),
        (message(from_='"a\\\0b" <sip:a@b.example>;tag=1'), SOUND),
        (message(body=b"a\0b\0"), SOUND),
    ],
    "D22": [
        *[
            (crlf(f"SIP/2.0 {rest}"), "bad-status-code")
            for rest in ("99 x", "700 x", "2OO OK", "", "200OK", "-200 x")
        ],
        *each("400 Via", crlf("SIP/2.0 200"), crlf("SIP/2.0 100 "), crlf("SIP/2.0 699 x")),
        (crlf("SIP/3.0 200 OK"), "505 Request-Line"),
        (crlf("SIP/x 200 OK"), "bad-start-line"),
        (crlf("SIP/2.0 200 " + "x" * 9000), "start-line-too-long"),
    ],
    "D23": [
        (message(call_id="c" * 8000), SOUND),
        (message(uri="sip:" + "a" * 8000), SOUND),
        (message("X" * 8000 + ": y"), SOUND),
        (message(method="M" * 9000), "start-line-too-long"),
        (message("X" * 9000 + ": y"), "header-too-long"),
        (message(call_id="%s%n" * 100), SOUND),
    ],
    "D24": [
        *each("bad-start-line", b"GET / HTTP/1.1\r\n\r\n", crlf("OPTIONS rtsp://a RTSP/1.0"), b"\xf8\xe1\r\n\r\n"),
        *each("control-byte", b"\x16\x03\x01\x00\x05\x01\r\n", b"\0\x01\0\x08!\x12\xa4B" + bytes(12)),
    ],
    "D25": [
        (b"\xc9NVITE sip:a SIP/2.0\r\n\r\n", "bad-start-line"),
        (message().replace(b"Call-ID", b"C\xe4ll-ID"), "missing-colon"),
        (message().replace(b"<sip:bob", b'"\xff\xfe\x80" <sip:b\xf6b'), SOUND),
        (message(cseq=1).replace(b"CSeq: 1", b"CSeq: \xb1"), "400 CSeq"),
        (message().replace(b"sip:bob@contoso", b"sip:b\xf6b@c\xf6ntoso", 1), "400 Request-URI"),
    ],
    "D26": each(SOUND, *(message(body="gr\u00fc\u00df dich \u20ac".encode()[:size]) for size in range(1, 14))),
}  # fmt: skip
