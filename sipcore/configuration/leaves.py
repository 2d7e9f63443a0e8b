"""The leaves of ``edge.toml``: types of single values, what is expected of each in plain words, and stand-ins.

The description is what an operator reads when the value is wrong, so it says what would be right.
"""

from __future__ import annotations

import ipaddress
from enum import Enum, StrEnum
from itertools import count
from typing import Annotated, Any, Self

from msgspec import Meta

from sipcore.edge.tables import (
    FarEnd,
    Media,
    Pattern,
    Side,
    Transport,
    VerificationLevel,
    canonical_host,
    domain_name,
    is_address,
    name_fault,
)

__all__ = [
    "Address",
    "Count",
    "Domain",
    "DomainName",
    "Header",
    "Host",
    "HostName",
    "HostPort",
    "Interval",
    "IpAddress",
    "Level",
    "ListenPort",
    "LogFormat",
    "LogLevel",
    "LookUpSeconds",
    "NameServer",
    "PlainName",
    "Port",
    "Route",
    "RoutePattern",
    "Seconds",
    "Server",
    "SideName",
    "StandIns",
    "Switch",
    "Text",
    "Title",
    "TransportName",
    "choices",
    "read_special",
]


_DNS_PORT = 53
_LONGEST_NAME = 80


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
        if fault := name_fault(name):
            raise ValueError(fault)
        return name


def _ascii_form(name: str) -> str:
    try:
        return f'"{name.encode("idna").decode()}"'
    except UnicodeError:
        return '"xn--..."'


class PlainName(Text):
    """What an operator calls somebody; logs and answers show it, so all of it can be printed."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        if not 0 < len(text) <= _LONGEST_NAME:
            raise ValueError(f"it has {len(text)} characters")
        if not text.isprintable():
            raise ValueError("it has a character that cannot be printed")
        return text


class IpAddress(Text):
    """An IPv4 or IPv6 address in its shortest form, so that two spellings of one address are equal."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        if not is_address(host := canonical_host(text)):
            raise ValueError("a name is not listened on, an address is")
        return host


class HostName(Text):
    """The name or the IP address of another host."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        host = canonical_host(text)
        return host if is_address(host) else DomainName.canonical(host)


class RoutePattern(Text):
    """The pattern of a static route, in the spelling that the operator chose."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        Pattern.parse(text)
        return text


class HostPort(Text):
    """``"127.0.0.1:9090"`` or ``"[::1]:9090"``."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        host, _, port = text.rpartition(":")
        if not host or is_address(canonical_host(text)):
            raise ValueError("its port is missing")
        if not is_address(canonical_host(host)):
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


class LogLevel(StrEnum):
    """From the most to the least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line of the log is written."""

    AUTO = "auto"  #: for a person at a terminal, `LOGFMT` for everything else
    LOGFMT = "logfmt"
    JSON = "json"


class NameServer(Text):
    """``"192.0.2.53"``, or with a port, ``"192.0.2.53:5353"`` and ``"[2001:db8::53]:5353"``."""

    __slots__ = ()

    @staticmethod
    def canonical(text: str) -> str:
        host = canonical_host(text)
        return f"[{host}]:{_DNS_PORT}" if is_address(host) else HostPort.canonical(text)

    @property
    def place(self) -> tuple[str, int]:
        """Address and port."""
        listed = HostPort(self)
        return listed.host, listed.port


def read_special(kind: type[Any], value: object) -> object:
    """msgspec's hook for the types above. Raises: ValueError, saying what is wrong."""
    return kind.read(value)


class StandIns:
    """Values in place of faulty ones. Names and addresses are new each time, so no two are the same by accident."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, kind: type[Any]) -> object:
        """A value of the type of any required leaf."""
        if kind in (DomainName, HostName, RoutePattern):
            return kind(f"stand-in-{next(self._numbers)}.invalid")  # RFC 2606 section 2
        if kind is IpAddress:  # 240.0.0.0/4 is reserved, no machine has such an address (RFC 1112 section 4)
            return IpAddress(ipaddress.IPv4Address("240.0.0.0") + next(self._numbers))
        if kind is int:
            return next(self._numbers)
        return next(iter(kind)) if issubclass(kind, Enum) else kind()


def choices(kind: type[Enum]) -> str:
    """What is expected where one of its members is."""
    return " or ".join(f'"{choice.value}"' for choice in kind)


Domain = Annotated[DomainName, Meta(description='a domain name, "contoso.example"')]
Address = Annotated[IpAddress, Meta(description='an IP address, "192.0.2.1"')]
Host = Annotated[HostName, Meta(description='a name or an IP address, "sip.contoso.example"')]
Route = Annotated[
    RoutePattern, Meta(description='a pattern, "domaina.example", "*.domaina.example" or ".example.domaina.*"')
]
TransportName = Annotated[Transport, Meta(description=choices(Transport))]
Level = Annotated[VerificationLevel, Meta(description=choices(VerificationLevel))]
SideName = Annotated[Side, Meta(description=choices(Side))]
FarEndName = Annotated[FarEnd, Meta(description=choices(FarEnd))]
FarEnds = Annotated[list[FarEndName], Meta(description='kinds of far ends, ["partner", "provider"]')]
MediaName = Annotated[Media, Meta(description=choices(Media))]
Switch = Annotated[bool, Meta(description="true or false")]
LookUpSeconds = Annotated[int, Meta(ge=1, le=9, description="whole seconds from 1 to 9")]
Server = Annotated[NameServer, Meta(description='the address of a name server, "192.0.2.53" or "192.0.2.53:5353"')]
Header = Annotated[str, Meta(min_length=1, description='the name of a header, "X-Verified-User"')]
Title = Annotated[PlainName, Meta(description="a text of at most 80 characters")]
Count = Annotated[int, Meta(ge=1, le=1 << 29, description="a whole number from 1 to 536870912")]
Seconds = Annotated[int, Meta(ge=1, le=86_400, description="whole seconds from 1 to 86400")]
Interval = Annotated[int, Meta(ge=0, le=86_400, description="whole seconds up to 86400, 0 for never")]
Port = Annotated[int, Meta(ge=1, le=65_535, description="a port from 1 to 65535")]
ListenPort = Annotated[int, Meta(ge=0, le=65_535, description="a port from 0 (the system chooses) to 65535")]
