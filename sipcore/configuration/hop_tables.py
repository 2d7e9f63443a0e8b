"""The parts that several sections of ``edge.toml`` have: hops, listeners, certificate names."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from sipcore.configuration.leaves import Address, Domain, Host, ListenPort, Port, Switch, TransportName
from sipcore.edge.tables import Transport

__all__ = ["HopTable", "ListenTable", "SubjectTable"]


class HopTable(Struct, frozen=True):
    """Where messages go to; a text alone is its address, over TLS and port 5061."""

    short_form: ClassVar[str] = "address"

    address: Host
    transport: TransportName = Transport.TLS
    port: Port | None = None
    insecure: Switch = False


class ListenTable(Struct, frozen=True):
    """Where messages come in."""

    address: Address
    transport: TransportName = Transport.TLS
    port: ListenPort | None = None
    insecure: Switch = False


class SubjectTable(Struct, frozen=True):
    """A name in a certificate; a text alone is that name."""

    short_form: ClassVar[str] = "name"

    name: Domain
    match_cn: Switch = False
