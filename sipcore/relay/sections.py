"""The shape of ``edge.toml``: one struct a section, one field a key, and what is expected of each in plain words.

The description of a field is what an operator reads when the value is wrong, so it says what would be right. Checks
that need more than one key are in `config`.
"""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from itertools import count
from typing import Annotated, Any, Self

from msgspec import Meta, Struct, field

from sipcore.edge.tables import Transport, VerificationLevel, canonical_host, domain_name
from sipcore.imfilter.rules_file import RulesTable
from sipcore.limits import DEFAULT

__all__ = [
    "Document",
    "DomainName",
    "FilterSection",
    "HopTable",
    "HostPort",
    "Insecure",
    "IpAddress",
    "LimitsSection",
    "ListenTable",
    "PartnerTable",
    "StandIns",
    "Text",
    "read_special",
]

#: Underscores are not in RFC 3261's grammar, but in the names of real Windows domains.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
#: RFC 1035 section 2.3.4 counts 255 octets on the wire: a length octet a label and the root leave 253 characters.
_LONGEST_NAME = 253
_LONGEST_LABEL = 63


class Text(str):
    """A text with a rule of its own."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """The text in its canonical form. Raises: ValueError, saying what is wrong."""
        if not isinstance(value, str):
            raise ValueError("a text in quotes is needed")  # noqa: TRY004 (msgspec turns ValueError into its own)
        return cls(cls.canonical(value))

    @staticmethod
    def canonical(text: str) -> str:
        """What two spellings of the same thing have in common; here the text itself. Raises: ValueError."""
        return text


class DomainName(Text):
    """A DNS name, in lower case and without the root's dot (RFC 3261 section 25.1, ``hostname``)."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        name = domain_name(text)
        if not name.isascii():
            raise ValueError(f"write it in its ASCII form, {_ascii_form(name)}")
        if len(name) > _LONGEST_NAME:
            raise ValueError(f"a name has at most {_LONGEST_NAME} characters, this one has {len(name)}")
        labels = name.split(".")
        for label in labels:
            _check_label(label)
        if labels[-1].isdigit():
            raise ValueError("an address is not a domain")
        return name


def _ascii_form(name: str) -> str:
    try:
        return f'"{name.encode("idna").decode()}"'
    except UnicodeError:
        return '"xn--..."'


def _check_label(label: str) -> None:
    if len(label) > _LONGEST_LABEL:
        raise ValueError(f'the label "{label[:12]}..." has {len(label)} characters, {_LONGEST_LABEL} are allowed')
    if not _LABEL.fullmatch(label):
        raise ValueError(f'the label "{label}" is not made of letters, digits and hyphens inside')


class IpAddress(Text):
    """An IPv4 or IPv6 address in its shortest form, so that two spellings of one address are equal."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        if not is_ip_address(host := canonical_host(text)):
            raise ValueError("names are not resolved")
        return host


def is_ip_address(text: str) -> bool:
    """Whether a text is an IP address without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class HostPort(Text):
    """``"127.0.0.1:9090"`` or ``"[::1]:9090"``."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        host, _, port = text.rpartition(":")
        if not is_ip_address(canonical_host(host)):
            raise ValueError("names are not resolved")
        if not (port.isascii() and port.isdigit() and int(port) <= 65_535):
            raise ValueError("the port is a number from 0 to 65535")
        return text

    @property
    def host(self) -> str:
        """The address without brackets."""
        return canonical_host(self.rpartition(":")[0])

    @property
    def port(self) -> int:
        """0 lets the system choose."""
        return int(self.rpartition(":")[2])


class Insecure:
    """The value ``true``, and nothing else: a link in clear text is asked for, not fallen into."""

    __slots__ = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Raises: ValueError for anything but true."""
        if value is not True:
            raise ValueError("there are no links with TLS yet")
        return cls()


def read_special(kind: type[Any], value: object) -> object:
    """msgspec's hook for the types above. Raises: ValueError, saying what is wrong."""
    return kind.read(value)


class StandIns:
    """Values in place of faulty ones. Names and addresses are new each time, so no two are the same by accident."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, kind: type[Any]) -> object:
        """A value of the type of any required leaf below."""
        if kind is DomainName:
            return DomainName(f"stand-in-{next(self._numbers)}.invalid")  # RFC 2606 section 2
        if kind is IpAddress:  # 240.0.0.0/4 is reserved, no machine has such an address (RFC 1112 section 4)
            return IpAddress(ipaddress.IPv4Address("240.0.0.0") + next(self._numbers))
        if kind is int:
            return next(self._numbers)
        return next(iter(kind)) if issubclass(kind, Enum) else kind()


_Domain = Annotated[DomainName, Meta(description='a domain name, "contoso.example"')]
_Address = Annotated[IpAddress, Meta(description='an IP address, "192.0.2.1"')]
_Transport = Annotated[Transport, Meta(description='"udp" or "tcp"')]
_Switch = Annotated[bool, Meta(description="true or false")]
_Header = Annotated[str, Meta(min_length=1, description='the name of a header, "X-Verified-User"')]
_Insecure = Annotated[
    Insecure, Meta(description="insecure = true (the link carries clear text, and the configuration has to say so)")
]
_LISTEN = 'addresses to listen on, [{ transport = "udp", address = "192.0.2.1", port = 5060, insecure = true }]'
_Count = Annotated[int, Meta(ge=1, le=1 << 29, description="a whole number from 1 to 536870912")]
_Seconds = Annotated[int, Meta(ge=1, le=86_400, description="whole seconds from 1 to 86400")]


class HopTable(Struct, frozen=True):
    """Where messages go to."""

    transport: _Transport
    address: _Address
    port: Annotated[int, Meta(ge=1, le=65_535, description="a port from 1 to 65535")]
    insecure: _Insecure


class ListenTable(Struct, frozen=True):
    """Where messages come in."""

    transport: _Transport
    address: _Address
    port: Annotated[int, Meta(ge=0, le=65_535, description="a port from 0 (the system chooses) to 65535")]
    insecure: _Insecure


class EdgeSection(Struct, frozen=True):
    """``[edge]``: who we are."""

    fqdn: Annotated[DomainName, Meta(description='the name of this edge, "edge.contoso.example"')]
    domains: Annotated[list[_Domain], Meta(min_length=1, description='the domains inside, ["contoso.example"]')]
    key_file: Annotated[str, Meta(min_length=1, description="the path of a file with one or two lines of hex")] = ""


class InsideSection(Struct, frozen=True):
    """``[inside]``: the side of our own servers."""

    listen: Annotated[list[ListenTable], Meta(min_length=1, description=_LISTEN)]
    next_hop: HopTable
    servers: Annotated[list[_Address], Meta(min_length=1, description='IP addresses, ["192.0.2.1"]')] = []


class OutsideSection(Struct, frozen=True):
    """``[outside]``: the side of the federated world."""

    listen: Annotated[list[ListenTable], Meta(min_length=1, description=_LISTEN)]


class PartnerTable(Struct, frozen=True):
    """``[[partner]]``: a directly federated domain with its proxy."""

    domain: _Domain
    proxy: HopTable
    name: Annotated[str, Meta(min_length=1, max_length=80, description="a name of at most 80 characters")] = ""
    verification: Annotated[
        VerificationLevel, Meta(description=" or ".join(f'"{level}"' for level in VerificationLevel))
    ] = VerificationLevel.VERIFIED_BY_PROVIDER


class BlockedSection(Struct, frozen=True):
    """``[blocked]``: domains nobody may exchange messages with."""

    domains: Annotated[list[_Domain], Meta(description='domain names, ["spam.example"]')] = []
    answer: _Switch = False


class VerificationSection(Struct, frozen=True):
    """``[verification]``: the header by which edges assert that a sender is verified."""

    assertion_header: _Header = "X-Verified-User"
    mark_own_users: _Switch = True


class FilterSection(RulesTable, frozen=True):
    """``[filter]``: on or off, and the rules: the keys of a rules file, or the path of one."""

    enabled: _Switch = True
    file: Annotated[str, Meta(min_length=1, description='the path of a rules file, "rules.toml"')] = ""


class SwitchSection(Struct, frozen=True):
    """``[benotify]``: on or off."""

    enabled: _Switch = True


class LimitsSection(Struct, frozen=True):
    """``[limits]``: of one message, by the names of `sipcore.Limits` and in bytes; of links and of what waits."""

    head: _Count = DEFAULT.head
    body: _Count = DEFAULT.body
    headers: _Count = DEFAULT.headers
    header: _Count = DEFAULT.header
    start_line: _Count = DEFAULT.start_line
    via: _Count = DEFAULT.via
    params: _Count = DEFAULT.params
    max_links: _Count = 4_096
    max_queue_bytes: _Count = 4 << 20
    max_waiting_bytes: _Count = 16 << 20
    idle_seconds: _Seconds = 300
    connect_seconds: _Seconds = 4


class MetricsSection(Struct, frozen=True):
    """``[metrics]``: where Prometheus may ask."""

    listen: Annotated[HostPort, Meta(description='an address and a port, "127.0.0.1:9090"')]


class Document(Struct, frozen=True):
    """The whole file."""

    edge: EdgeSection
    inside: InsideSection
    outside: OutsideSection
    partner: list[PartnerTable] = []
    blocked: BlockedSection = field(default_factory=BlockedSection)
    verification: VerificationSection = field(default_factory=VerificationSection)
    filter: FilterSection = field(default_factory=FilterSection)
    benotify: SwitchSection = field(default_factory=SwitchSection)
    limits: LimitsSection = field(default_factory=LimitsSection)
    metrics: MetricsSection | None = None
