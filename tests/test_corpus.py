"""Every public message we have goes through the parser; what it rejects is listed here, by file and code.

A rejection that is new, and an entry that has become stale, both fail.
"""

from __future__ import annotations

import pytest
from corpus import corpus
from guard import flush_against_guard_page

from sipcore import Framer, ParseError, parse

#: What the captures hold besides SIP that is whole, and why it cannot be represented.
REJECTED = {
    # Keep-alives and other bytes on the SIP port: there is no message.
    "captures/gprshome/0009-udp-crlf.sip": "no-end-of-head",
    "captures/suricata-verify/0019-udp-nonsip.sip": "no-end-of-head",
    "captures/wireshark-samples/0023-udp-crlf.sip": "no-end-of-head",
    "captures/zeek/0005-udp-nul.sip": "control-byte",
    # Their senders left out the empty line behind the headers.
    "captures/pcapplusplus/0005-udp-ACK.sip": "no-end-of-head",
    "captures/pcapplusplus/0006-udp-BYE.sip": "no-end-of-head",
    # Made to be wrong: Content-Length is no number.
    "captures/zeek/0001-udp-INVITE.sip": "bad-content-length",
    "captures/zeek/0002-udp-200-INVITE.sip": "bad-content-length",
}


def files(folder: str, ending: str) -> list[tuple[str, bytes]]:
    """(path below the corpus, bytes) of every file, in order."""
    root = corpus()
    return [
        (str(path.relative_to(root)), path.read_bytes()) for path in sorted(root.joinpath(folder).rglob(f"*{ending}"))
    ]


@pytest.mark.parametrize("folder", ["captures", "ms"])
def test_every_message_parses_or_is_rejected_as_listed(folder):
    rejected = {}
    messages = files(folder, ".sip")
    for name, data in messages:
        try:
            parsed = parse(data)
        except ParseError as error:
            rejected[name] = error.code
        else:
            assert data.lstrip(b"\r\n").startswith(bytes(parsed)), f"{name} does not come back as it went in"
    assert len(messages) > 30
    assert rejected == {name: code for name, code in REJECTED.items() if name.startswith(f"{folder}/")}


@pytest.mark.parametrize("folder", ["captures", "ms"])
def test_no_message_makes_the_parser_read_behind_its_end(folder):
    for _, data in files(folder, ".sip"):
        for piece in (data, data[: len(data) // 2], data[:-1]):
            with flush_against_guard_page(piece) as view:
                try:
                    parsed = parse(view)
                except ParseError:
                    continue
                del parsed


@pytest.mark.parametrize("size", [1, 17, 1460])
def test_captured_streams_are_followed_to_their_end(size):
    streams = files("captures", ".tcp")
    for name, data in streams:
        framer, found = Framer(), b""
        for at in range(0, len(data), size):
            framer.feed(data[at : at + size])
            found += b"".join(bytes(each) for each in framer)
        assert (found, framer.pending) == (data, 0), name
    assert len(streams) == 9
