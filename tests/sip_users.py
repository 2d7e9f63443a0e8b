"""People with a SIP phone of the simplest kind: one UDP socket, registered at a SIP server, for instant messages.

They share no code with sipcore: they read messages with regular expressions.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Self

from addresses import Address, family_of, written
from patience import PATIENCE_S

_numbers = count(1)


@dataclass(frozen=True)
class SipMessage:
    """A request or a response as it was read."""

    data: bytes

    @property
    def start(self) -> str:
        """The first line."""
        return self.data.partition(b"\r\n")[0].decode()

    @property
    def status(self) -> int:
        """Of a response; 0 of a request."""
        return int(self.start[8:11]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def body(self) -> bytes:
        """What stands behind the head."""
        return self.data.partition(b"\r\n\r\n")[2]

    def fields(self, name: str) -> list[str]:
        """Every value of a header, as lines have them."""
        head = self.data.partition(b"\r\n\r\n")[0].decode()
        return re.findall(rf"(?im)^{re.escape(name)} *: *(.*?)\r?$", head)

    def field(self, name: str) -> str:
        """The one value of a header."""
        (value,) = self.fields(name)
        return value


class User:
    """Somebody with an address of record, at one SIP server.

    Args:
        address: ``alice@contoso.example``.
        place: the phone's own.
        server: the SIP server's place, over UDP.

    Attributes:
        met: the Call-IDs of all requests that have come.
    """

    def __init__(self, address: str, place: Address, server: Address) -> None:
        self.address = address
        self.met: set[str] = set()
        self._server = server
        self._socket = socket.socket(family_of(place[0]), socket.SOCK_DGRAM)
        self._socket.bind(place)
        self._socket.settimeout(PATIENCE_S)
        self._place = written(place)
        self._unread: list[SipMessage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Put the phone away; the registration stays."""
        self._socket.close()

    def register(self, contact: str = "") -> None:
        """Be reachable at the server from now on, here or at the contact's place."""
        domain = self.address.partition("@")[2]
        place = contact or self._place
        headers = (f"Contact: <sip:{self.address.partition('@')[0]}@{place}>", "Expires: 600")
        response = self.answer_to(self._ask("REGISTER", domain, self.address, headers))
        assert response.status == 200, response.data

    def say(self, to: str, text: str, kind: str = "text/plain", headers: Sequence[str] = ()) -> str:
        """Send an instant message. Returns its Call-ID."""
        return self._ask("MESSAGE", to, to, (*headers, f"Content-Type: {kind}"), text)

    def answer_to(self, call_id: str) -> SipMessage:
        """The final response to a request of ours."""
        return self._next(lambda message: message.status >= 200 and message.field("Call-ID") == call_id)

    def take(self, call_id: str) -> SipMessage:
        """The request with that Call-ID, which has been answered 200 as all others that came before it."""
        return self._next(lambda message: message.status == 0 and message.field("Call-ID") == call_id)

    def _next(self, wanted: Callable[[SipMessage], bool]) -> SipMessage:
        while not (found := [message for message in self._unread if wanted(message)]):
            self._read()
        self._unread.remove(found[0])
        return found[0]

    def _read(self) -> None:
        data, sender = self._socket.recvfrom(65_535)
        message = SipMessage(data)
        if message.status == 0:
            self.met.add(message.field("Call-ID"))
            self._socket.sendto(_ok(message), sender)
        self._unread.append(message)

    def _ask(self, method: str, target: str, to: str, headers: Sequence[str], body: str = "") -> str:
        number = next(_numbers)
        call_id = f"{number}-{self.address}"
        content = body.encode()
        lines = (
            f"{method} sip:{target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._place};branch=z9hG4bK-{number};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.address}>;tag=u{number}",
            f"To: <sip:{to}>",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            *headers,
            f"Content-Length: {len(content)}",
        )
        self._socket.sendto("".join(f"{line}\r\n" for line in (*lines, "")).encode() + content, self._server)
        return call_id


def _ok(request: SipMessage) -> bytes:
    """200, with everything that a response copies (RFC 3261 section 8.2.6.2)."""
    copied = [f"{name}: {value}" for name in ("Via", "From", "Call-ID", "CSeq") for value in request.fields(name)]
    to = f"To: {request.field('To')};tag=taken"
    return "\r\n".join(["SIP/2.0 200 OK", *copied, to, "Content-Length: 0", "", ""]).encode()
