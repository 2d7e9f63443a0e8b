"""Mutual TLS: one certificate for each side, trust roots for each class of links, and who the other end is.

A peer that connects may be of any class of its side, so its handshake takes the roots of all of them; which of them
the verified chain ends in says for which rows its certificate counts (`Certificate.classes`). A hop that we connect to
is of one class, and its certificate has to name it.

Files are read when a `TlsBook` is made and when it is told to read them again. New handshakes then use what is new, and
links that stand are left alone.

Source: docs/protocol.md "Certificates" (F038, F046, F058, F059, F082, F181, F204).
"""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography import x509

from sipcore.edge.actions import Certificate, Link
from sipcore.edge.neighbours import Expected, expected_at, is_ruled_out
from sipcore.edge.tables import Hop, LinkClass, Side, Tables, Transport
from sipcore.errors import ConfigError, Problem
from sipcore.relay.certificates import (
    date_fault,
    described,
    parse_chain,
    purpose_fault,
    quoted,
    serves,
    spoken_names,
)
from sipcore.relay.handshakes import Farewell, Handshake, Untrusted, handing_to, say_nothing
from sipcore.relay.openssl import take_any_purpose
from sipcore.relay.own_certificates import OwnCertificate, expiry_warnings, read_own
from sipcore.relay.revocation import Revocations, read_revocations
from sipcore.relay.roots import Roots, read_roots
from sipcore.relay.tls_settings import TlsSettings

__all__ = ["TlsBook", "time_of_day"]

#: Nobody's address (RFC 5737): of a peer with a certificate it says nothing.
_ANYWHERE = "192.0.2.255"


@dataclass(frozen=True, slots=True)
class _Files:
    """What was in the files when they were last read, and the contexts that were made of it."""

    own: Mapping[Side, OwnCertificate]
    roots: Roots
    revocations: Revocations
    warnings: tuple[Problem, ...]
    servers: Mapping[Side, ssl.SSLContext]
    clients: Mapping[LinkClass, ssl.SSLContext]


class TlsBook:
    """Contexts for handshakes on both sides.

    Args:
        settings: which files.
        tables: who is expected where.
        now: the time of day, for the dates in certificates.

    Raises:
        ConfigError: every fault of the files; a side that needs a certificate has none.
        OpenSslError: the system's TLS library cannot do what is needed.
    """

    def __init__(self, settings: TlsSettings, tables: Tables, now: Callable[[], datetime.datetime]) -> None:
        self._settings = settings
        self._tables = tables
        self._now = now
        self._files = self._read()

    def reload(self) -> None:
        """Read all files again. Raises: ConfigError, and then nothing has changed."""
        self._files = self._read()

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What an operator should know, though it is no fault."""
        now = self._now()
        expiring = (each for own in self._files.own.values() for each in expiry_warnings(own, now))
        return (*self._files.warnings, *expiring, *self._files.revocations.warnings(now))

    def expiries(self) -> Mapping[Side, datetime.datetime]:
        """When each side's certificate ends."""
        return {side: own.expires for side, own in self._files.own.items()}

    # -- for handshakes

    def server_context(self, side: Side, farewell: Farewell = say_nothing) -> ssl.SSLContext:
        """For a peer that connects on a side. To be asked for with every connection: the next one may be another.

        Args:
            side: of the listener.
            farewell: as in `handing_to`.
        """
        files = self._files
        return handing_to(files.servers[side], lambda chain: self._examine_guest(chain, side, files), farewell)

    def client_context(self, side: Side, hop: Hop, farewell: Farewell = say_nothing) -> tuple[ssl.SSLContext, str]:
        """For a connection of ours to a hop, and the name to ask for there; empty where only an address is known.

        Args:
            farewell: as in `handing_to`.
        """
        files, expected = self._files, expected_at(side, hop, self._tables)
        context = files.clients[expected.link_class]
        examined = handing_to(context, lambda chain: self._examine_host(chain, side, expected, files), farewell)
        return examined, expected.server_name or ""

    def may_stand_for(self, side: Side, hop: Hop, chain: Sequence[bytes]) -> bool:
        """Whether a peer that has come to us may be taken for a hop that we would connect to (RFC 5923 section 9.2).

        Args:
            chain: as it was verified when it came, and by the roots of all classes; asked is what is true today.
        """
        files, expected, now = self._files, expected_at(side, hop, self._tables), self._now()
        if not chain or expected.link_class not in files.roots.classes_of(chain[-1], side):
            return False
        try:
            certificates = parse_chain(chain)
            if not serves(certificates) or any(date_fault(each, now) for each in certificates):
                return False
            self._examine_host(chain, side, expected, files)
        except (Untrusted, ValueError):
            return False
        return True

    def _examine_guest(self, chain: Sequence[bytes], side: Side, files: _Files) -> Certificate | None:
        if not chain:
            return None  # the context has asked for one and lets nobody in without, unless users of ours may come
        leaf = parse_chain(chain[:1])[0]
        certificate = self._proven(chain, files)
        certificate = replace(certificate, classes=files.roots.classes_of(chain[-1], side))
        if is_ruled_out(Link(0, side, Transport.TLS, _ANYWHERE, 0, certificate), self._tables):
            allowed = " and ".join(sorted(certificate.classes)) or "no"
            raise Untrusted("class", f"{_card(leaf, certificate)}, which vouches for {allowed} links only")
        return certificate

    def _examine_host(self, chain: Sequence[bytes], side: Side, expected: Expected, files: _Files) -> Certificate:
        certificate = replace(self._proven(chain, files), classes=files.roots.classes_of(chain[-1], side))
        if not expected.admits(certificate):
            leaf = parse_chain(chain[:1])[0]
            raise Untrusted("name", f"{_card(leaf, certificate)}; expected {expected}")
        return certificate

    def _proven(self, chain: Sequence[bytes], files: _Files) -> Certificate:
        """The names in a verified chain that passes what OpenSSL does not ask."""
        certificates = parse_chain(chain)
        if fault := purpose_fault(certificates):
            raise Untrusted("purpose", fault)
        if fault := files.revocations.fault(certificates, self._now()):
            raise Untrusted("revoked", fault)
        return spoken_names(certificates[0])

    # -- the files

    def _read(self) -> _Files:
        problems: list[Problem] = []
        complain, now = problems.append, self._now()
        own: dict[Side, OwnCertificate] = {}
        warnings: list[Problem] = []
        for side, files in self._settings.identities.items():
            found, noted = read_own(side, files, self._tables.own, now, complain)
            warnings += noted
            if found is not None:
                own[side] = found
        for side in Side:
            if side not in self._settings.identities and (key := _needs_tls(side, self._tables)):
                complain(
                    Problem(
                        self._settings.file,
                        f"tls.{side}",
                        f"missing: {key} is a link over TLS; expected its certificate",
                    )
                )
        roots = read_roots(self._settings.roots, complain)
        revocations = read_revocations(self._settings.revoked, complain)
        if problems:
            raise ConfigError(problems)
        servers = {side: self._server(side, each, roots) for side, each in own.items()}
        return _Files(own, roots, revocations, tuple(warnings), servers, self._clients(own, roots))

    def _server(self, side: Side, own: OwnCertificate, roots: Roots) -> ssl.SSLContext:
        context = self._context(ssl.PROTOCOL_TLS_SERVER, own, roots.of_side(side))
        remote_users = side is Side.OUTSIDE and self._tables.federation.remote_access
        context.verify_mode = ssl.CERT_OPTIONAL if remote_users else ssl.CERT_REQUIRED
        take_any_purpose(context)
        return context

    def _clients(self, own: Mapping[Side, OwnCertificate], roots: Roots) -> Mapping[LinkClass, ssl.SSLContext]:
        found = {}
        for link_class in LinkClass:
            side = Side.INSIDE if link_class is LinkClass.INSIDE else Side.OUTSIDE
            if side in own:
                found[link_class] = self._context(ssl.PROTOCOL_TLS_CLIENT, own[side], roots.of(link_class))
        return found

    def _context(self, protocol: int, own: OwnCertificate, roots: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.sslobject_class = Handshake
        context.minimum_version = self._settings.minimum
        context.check_hostname = False  # `Handshake` does that, by the rules of docs/protocol.md "Certificates"
        context.verify_mode = ssl.CERT_REQUIRED
        file = own.files.certificate
        try:
            context.load_cert_chain(file.path, own.files.key.path)
        except OSError as error:  # what OpenSSL's rules forbid: a key that is too short, say
            raise ConfigError([file.problem(f"{file.path} cannot be used ({error.strerror})")]) from None
        if roots:
            context.load_verify_locations(cadata=roots)
        return context


def time_of_day() -> datetime.datetime:
    """The clock that certificates are held against."""
    return datetime.datetime.now(datetime.UTC)


def _needs_tls(side: Side, tables: Tables) -> str:
    """The key of a TLS link on a side; empty when there is none."""
    if (side, Transport.TLS) in tables.own.listen:
        return f"{side}.listen"
    hops = [("inside.next_hop", tables.own.next_hop)] if side is Side.INSIDE else list(tables.hops())
    return next((key for key, hop in hops if hop.transport is Transport.TLS), "")


def _card(leaf: x509.Certificate, certificate: Certificate) -> str:
    """Subject, names and issuer for a log line."""
    names = quoted(", ".join(certificate.names)) or "no name"
    return f"{described(leaf)} with {names}, from {quoted(leaf.issuer.rfc4514_string())}"
