"""A TLS handshake that is over only when the other end has shown who it is.

asyncio and uvloop ask a context for the object that does a handshake (``wrap_bio``) and hand its exceptions to whoever
opens or accepts the connection. So identity is checked in that object: no protocol ever sees a connection whose peer
has not been proven, and a refusal is an exception with its reason in both directions.
"""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sipcore.edge.actions import Certificate, Failure

__all__ = [
    "SHUTDOWN_SECONDS",
    "Farewell",
    "Handshake",
    "HandshakeFault",
    "Untrusted",
    "certificate_of",
    "farewell_over",
    "fault_of",
    "handing_to",
    "is_awaiting_verdict",
    "say_nothing",
    "verified_chain",
]

#: How long a peer may take to say that it has seen the end of a connection, in seconds.
SHUTDOWN_SECONDS = 2

#: Says who the peer is, from its verified chain in DER, which is empty where it has shown no certificate.
#: Raises: `Untrusted`.
Examine = Callable[[Sequence[bytes]], Certificate | None]
#: Takes the bytes of an alert.
Farewell = Callable[[bytes], object]


def say_nothing(alert: bytes) -> None:
    """Where there is no socket."""


def farewell_over(connected: socket.socket) -> Farewell:
    """A farewell that leaves at once, if there is room for it: nobody waits for a peer that is refused."""

    def say(alert: bytes) -> None:
        with suppress(OSError):
            connected.send(alert)

    return say


class Untrusted(ssl.SSLCertVerificationError):
    """A certificate with a good chain that is not what it should be.

    Attributes:
        why: one of a few words, for counters.
    """

    def __init__(self, why: str, what: str) -> None:
        super().__init__(ssl.SSL_ERROR_SSL, what)
        self.why = why


class Handshake(ssl.SSLObject):
    """One side of a connection.

    Attributes:
        certificate: the peer's, once the handshake is over; None of a client that has none, where that is allowed.
    """

    certificate: Certificate | None = None
    _examine: Examine
    _say_farewell: Callable[[], object]

    def do_handshake(self) -> None:
        """Go on with the handshake. Raises: ssl.SSLError, of which `Untrusted` is one.

        Whom OpenSSL refuses gets its alert. Whom we refuse has finished his handshake with that, and OpenSSL would send
        him no other alert than that the connection is closed: he gets this one, and not the mere end of a connection.
        """
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            self._say_farewell()
            raise
        try:
            self.certificate = self._examine(verified_chain(self))
        except Untrusted:
            self._close()
            raise
        except ValueError as error:  # of cryptography: OpenSSL is more forgiving
            self._close()
            raise Untrusted("malformed", f"a malformed certificate: {error}") from error

    def _close(self) -> None:
        with suppress(ssl.SSLError):  # it would wait for the peer to close as well
            self.unwrap()
        self._say_farewell()


def certificate_of(handshake: object) -> Certificate | None:
    """What a finished handshake has proven of the other end. ``handshake``: a transport's ``ssl_object``, or None."""
    return handshake.certificate if isinstance(handshake, Handshake) else None


def is_awaiting_verdict(handshake: object) -> bool:
    """Whether the handshake was over for us, as its client, before the server could look at our certificate."""
    return isinstance(handshake, Handshake) and not handshake.server_side and handshake.version() == "TLSv1.3"


class _HandingOver(ssl.SSLContext):
    """A context without keys or roots of its own: left to itself it agrees to nothing."""

    wraps: Callable[..., Handshake]

    def wrap_bio(self, *arguments: Any, **named: Any) -> Handshake:
        """What asyncio and uvloop ask for with each connection."""
        return self.wraps(*arguments, **named)


def handing_to(context: ssl.SSLContext, examine: Examine, farewell: Farewell = say_nothing) -> ssl.SSLContext:
    """A context for connections whose peers are examined like that; it shares roots and keys with ``context``.

    Args:
        context: with roots and keys.
        examine: says who the peer is.
        farewell: sends what is left to say to a peer whom we leave: an alert with the reason, without which its
            operator sees no more than the end of a connection. asyncio and uvloop drop it.
    """
    handing = _HandingOver(context.protocol)

    def wraps(incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **named: Any) -> Handshake:
        handshake = context.wrap_bio(incoming, outgoing, **named)
        assert isinstance(handshake, Handshake)
        handshake._examine = examine
        handshake._say_farewell = lambda: farewell(outgoing.read())
        return handshake

    handing.wraps = wraps
    return handing


def verified_chain(handshake: ssl.SSLObject) -> Sequence[bytes]:
    """The chain that OpenSSL has built, in DER: the peer's certificate first, the root last."""
    if sys.version_info >= (3, 13):
        return handshake.get_verified_chain()
    chain = handshake._sslobj.get_verified_chain()  # type: ignore[attr-defined] # there since 3.10, named since 3.13
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain or ()]


# -- what went wrong


@dataclass(frozen=True, slots=True)
class HandshakeFault:
    """Why a handshake failed.

    Attributes:
        why: one of a few words, for counters.
        what: a sentence for the log.
        failure: what the engine is told.
    """

    why: str
    what: str
    failure: Failure


#: By X509_V_ERR_*: what peers meet in practice. The rest is "unverified".
_VERIFY_CODES = {
    9: "not-yet-valid",
    10: "expired",
    18: "unknown-issuer",  # self-signed
    19: "unknown-issuer",  # self-signed in the chain
    20: "unknown-issuer",  # no issuer
    21: "unknown-issuer",  # not even the first step
    26: "purpose",
    79: "bad-issuer",  # an authority that is none
}
#: By OpenSSL's reason. The rest is "tls-failed".
_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "no-certificate",
    "UNSUPPORTED_PROTOCOL": "version",
    "WRONG_VERSION_NUMBER": "no-tls",
    "HTTP_REQUEST": "no-tls",
}


def fault_of(error: OSError) -> HandshakeFault:
    """What a failed handshake was about. An error that is not TLS's own is a connection that went down in it."""
    if isinstance(error, Untrusted):
        return HandshakeFault(error.why, error.strerror or "", Failure.UNTRUSTED)
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _VERIFY_CODES.get(error.verify_code, "unverified")
        return HandshakeFault(why, error.verify_message, Failure.UNTRUSTED)
    if isinstance(error, ssl.SSLError):
        what = f"{error.reason or error.strerror or error}".lower().replace("_", " ")
        return HandshakeFault(_REASONS.get(error.reason or "", "tls-failed"), what, Failure.NO_TLS)
    slow = isinstance(error, TimeoutError | ConnectionAbortedError)
    what = "the handshake took too long" if slow else "the connection ended inside the handshake"
    return HandshakeFault("too-slow" if slow else "ended", what, Failure.NO_TLS)
