"""Bodies that offer report.doc of 46,080 bytes in each dialect, written for these tests."""

from __future__ import annotations

import base64
import struct

from instant_messages import file_offer

FILE_TRANSFER_GUID = "{5D3E02AB-6190-11D3-BBBB-00C04F795683}"


def publish_file(name: str = "report.doc", size: str = "46080", prefix: str = "") -> str:
    """The request that opens a transfer in application/ms-filetransfer+xml."""
    p = f"{prefix}:" if prefix else ""
    namespace = f"xmlns{':' if prefix else ''}{prefix}"
    return (
        f'<{p}request {namespace}="http://schemas.microsoft.com/rtc/2009/05/filetransfer" requestId="1">'
        f"<{p}publishFile><{p}fileInfo><{p}id>{{A0}}</{p}id><{p}name>{name}</{p}name><{p}size>{size}</{p}size></{p}fileInfo>"
        f"</{p}publishFile></{p}request>"
    )


def session(*media: str, attributes: str = "") -> str:
    """A session description of so many media, each given without its ``m=`` and with lines parted by ``|``."""
    lines = ["v=0", "o=- 0 0 IN IP4 192.0.2.10", "s=-", "c=IN IP4 192.0.2.10", "t=0 0"]
    lines += attributes.split("|") if attributes else []
    for medium in media:
        lines += f"m={medium}".split("|")
    return "\r\n".join(lines) + "\r\n"


def file_session(selector: str = 'name:"report.doc" type:application/msword size:46080', direction: str = "sendonly",
                 medium: str = "message 7654 TCP/MSRP *") -> str:  # fmt: skip
    """A session of RFC 5547 that transfers one file."""
    return session(f"{medium}|a={direction}|a=accept-types:*|a=file-selector:{selector}|a=file-transfer-id:vBn9")


def file_on_a_server(name: str | None = "report.doc", url: str = "https://ft.example/f/1", kind: str = "file") -> str:
    """A document of application/vnd.gsma.rcs-ft-http+xml."""
    named = "" if name is None else f"<file-name>{name}</file-name>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\r\n<file xmlns="urn:gsma:params:xml:ns:rcs:rcs:fthttp">'
        '<file-info type="thumbnail"><file-size>2048</file-size><content-type>image/jpeg</content-type>'
        '<data url="https://ft.example/t/1.jpg" until="2026-12-31T00:00:00Z"/></file-info>'
        f'<file-info type="{kind}"><file-size>46080</file-size>{named}<content-type>application/msword</content-type>'
        f'<data url="{url}" until="2026-12-31T00:00:00Z"/></file-info></file>'
    )


def file_context(name: str = "report.doc", size: int = 46080) -> str:
    """The context of a file in MSNSLP."""
    encoded = name.encode("utf-16-le")[:518].ljust(520, b"\0")
    return base64.b64encode(struct.pack("<IIQI", 574, 2, size, 0) + encoded + bytes(34)).decode()


def slp(guid: str | None = FILE_TRANSFER_GUID, app_id: str | None = "2", context: str | None = None,
        start: str = "INVITE MSNMSGR:bob@contoso.example MSNSLP/1.0") -> bytes:  # fmt: skip
    """An MSNSLP message without its binary header."""
    fields = {
        "To": "<msnmsgr:bob@contoso.example>",
        "From": "<msnmsgr:alice@fabrikam.example>",
        "Call-ID": "{2B073406-65D8-A7B2-5B13-B287C64B2B3C}",
        "Content-Type": "application/x-msnmsgr-sessionreqbody",
    }
    body = {"EUF-GUID": guid, "SessionID": "1980589", "AppID": app_id, "Context": context or file_context()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    content = "".join(f"{name}: {value}\r\n" for name, value in body.items() if value is not None)
    return f"{start}\r\n{head}\r\n{content}\r\n\0".encode()


def framed(message: bytes, session_id: int = 0, offset: int = 0, whole: int | None = None) -> bytes:
    """A piece of a message behind the binary header, and the footer."""
    size = len(message) if whole is None else whole
    header = struct.pack("<IIQQIIIIQ", session_id, 41, offset, size, len(message), 0, 7, 0, 0)
    return header + message + bytes(4)


#: Media type to a body of that type that offers the file.
OFFERS = {
    "text/x-msmsgsinvite": file_offer().encode(),
    "application/ms-filetransfer+xml": publish_file().encode(),
    "application/sdp": file_session().encode(),
    "application/vnd.gsma.rcs-ft-http+xml": file_on_a_server().encode(),
    "application/cipher.vnd.gsma.rcs-ft-http+xml": b"\x00 whatever the key makes of it",
    "application/x-msnmsgrp2p": framed(slp()),
}
