"""Where a found link leads: its host, the file at the end of its path, and whether the host is one of one's own.

Clients read links in their own ways, and a sender may choose a link that ours would read otherwise. So a host is given
only where all readings agree: no backslash, question mark or number sign before an at sign, no second at sign, no
number that may be an address, nothing behind the port. What is not clear has no host and is never local
(docs/protocol.md "Where a link leads").
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import unquote

from sipcore.errors import Problem, RulesError

__all__ = ["Destination", "LocalHosts", "destination"]

_HREF = re.compile(r"""href[ \t\r\n]*=[ \t\r\n]*["']?""", re.IGNORECASE)
#: Without a dot: ``contoso.example:8080`` is a host and a port.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+-]*):")
#: Schemes whose host follows however many slashes there are, none included: so say browsers.
_SLASHES_OPTIONAL = frozenset(("http", "https", "ftp", "ws", "wss"))
_OF_PEOPLE = frozenset(("sip", "sips", "mailto", "im", "pres", "xmpp"))
_DROPPED = re.compile(r"[\t\r\n]")
_SLASHES = re.compile(r"[/\\]*")
_END_OF_AUTHORITY = re.compile(r"[/\\?#]")
_END_OF_PATH = re.compile(r"[?#]")
_END_OF_ADDRESS = re.compile(r"[;?]")
#: What among the parameters and headers of an address names another place: more addresses, maddr, Route.
_LEADS_ELSEWHERE = ("@", "maddr", "route")
_END_OF_SENTENCE = ".,;:!?)'\"]}>*"

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MOST_HOST_LETTERS = 253
#: Letters of which two versions of IDNA make different names.
_DEVIATIONS = frozenset("\u00df\u1e9e\u03c2\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Destination:
    """What can be said of a link.

    Attributes:
        host: in lower case; international names as ``xn--``; an IPv6 address without brackets. None where the link
            has no host, or none that every client would agree on.
        file: the last segment of the path as it stands; None where there is none. `Extensions.of` reads it.
    """

    host: str | None = None
    file: str | None = None


def destination(link: bytes | memoryview | str) -> Destination:
    """Host and file of a link, with or without a scheme: ``http://h/f``, ``www.h.example``, ``sip:a@h``, ``href=...``.

    Never raises. Source: docs/protocol.md "Where a link leads".
    """
    text = link if isinstance(link, str) else str(link, "utf-8", "replace")
    text = _HREF.sub("", _DROPPED.sub("", text).strip(), count=1) if text[:4].lower() == "href" else text
    text = _DROPPED.sub("", text).strip()
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _of_place(_SLASHES.sub("", text, count=1))
    name, rest = scheme[1].lower(), text[scheme.end() :]
    slashes = _SLASHES.match(rest)
    count = slashes.end() if slashes else 0
    if name in _OF_PEOPLE and not count:
        return Destination(_host_of_person(rest))
    if name == "file":
        # With two slashes a host follows, with three none; more and fewer are read differently.
        return _of_place(rest[2:]) if count == 2 else Destination(None, _last_segment(rest))
    if count >= 2 or name in _SLASHES_OPTIONAL:
        return _of_place(rest[count:])
    return Destination()


def _of_place(text: str) -> Destination:
    """``user@host:port/path?query``."""
    end = _END_OF_AUTHORITY.search(text)
    if end is None:
        return Destination(_host_of_authority(text.rstrip(_END_OF_SENTENCE)))
    authority, tail = text[: end.start()], text[end.start() :]
    file = _last_segment(_END_OF_PATH.split(tail, maxsplit=1)[0])
    # "http://evil.example\@intranet/": a browser ends the host at the backslash, others at the slash.
    if tail[0] != "/" and "@" in tail.partition("/")[0]:
        return Destination(None, file)
    return Destination(_host_of_authority(authority), file)


def _last_segment(path: str) -> str | None:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or None


def _host_of_authority(authority: str) -> str | None:
    if authority.count("@") > 1:
        return None
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        address, bracket, port = place[1:].partition("]")
        return _ipv6(address) if bracket and re.fullmatch(r"(:[0-9]*)?", port) else None
    host, _, port = place.partition(":")
    return _host(host) if re.fullmatch(r"[0-9]*", port) else None


def _host_of_person(address: str) -> str | None:
    """The domain of ``alice@contoso.example;transport=tls?subject=x``, if that is all that the link reaches."""
    end = _END_OF_ADDRESS.search(address)
    place, more = (address[: end.start()], address[end.start() :]) if end else (address, "")
    if any(word in unquote(more).lower() for word in _LEADS_ELSEWHERE):
        return None
    place = unquote(place.rstrip(_END_OF_SENTENCE))
    return None if "," in place else _host_of_authority(place)


def _ipv6(address: str) -> str | None:
    try:
        return str(IPv6Address(address)) if "%" not in address else None
    except AddressValueError:
        return None


def _host(name: str) -> str | None:
    """The canonical form of a host's name; None where it is none, or not clear which."""
    text = unquote(name).lower()
    if len(text) > _MOST_HOST_LETTERS:
        return None
    if not text.isascii():
        text = _ascii_of(text)
    rooted = text.endswith(".")
    labels = text.removesuffix(".").split(".")
    if not all(map(_LABEL.fullmatch, labels)) or (rooted and len(labels) == 1):
        return None  # "intranet." is the top-level domain of that name, not a host of one's own
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(".".join(labels))
    return ".".join(labels)


def _ascii_of(name: str) -> str:
    """An international name as ``xn--``; empty, which is no host, where it is none or not clear which."""
    if any(letter in _DEVIATIONS or unicodedata.category(letter) == "Cf" for letter in name):
        return ""
    try:
        return unicodedata.normalize("NFKC", name).encode("idna").decode().lower()
    except UnicodeError:
        return ""


def _ipv4(text: str) -> str | None:
    """An address of four decimal numbers. Other forms (``0x7f.1``, ``2130706433``) are read by some clients only."""
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        return None


@dataclass(frozen=True, slots=True)
class LocalHosts:
    """Hosts of one's own, to which links are let pass (``ignore_local``).

    Attributes:
        domains: each stands for itself and for every name below it.
        hosts: names and addresses, each for itself.
        networks: ``"10.0.0.0/8"``; links that name an address in it. No network is local by itself, private ones
            included: what a receiver's machine would find there is not known here.
        dotless: names without a dot, ``http://intranet/``, are local, as they are for Windows.

    Raises:
        RulesError: with one problem for each fault.
    """

    domains: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    dotless: bool = True
    _hosts: frozenset[str] = field(init=False, repr=False, compare=False)
    _networks: tuple[IPv4Network | IPv6Network, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        for key in ("domains", "hosts"):
            names = tuple(_canonical(key, index, name, problems) for index, name in enumerate(getattr(self, key)))
            object.__setattr__(self, key, names)
        networks = [_network(index, network, problems) for index, network in enumerate(self.networks)]
        if problems:
            raise RulesError(problems)
        object.__setattr__(self, "networks", tuple(map(str, networks)))
        object.__setattr__(self, "_hosts", frozenset(self.hosts))
        object.__setattr__(self, "_networks", tuple(network for network in networks if network is not None))

    def covers(self, place: Destination) -> bool:
        """Whether a link leads to a host of one's own; never where its host is not clear."""
        host = place.host
        if host is None:
            return False
        if host in self._hosts:
            return True
        address = _address(host)
        if address is not None:
            return any(address in network for network in self._networks)
        if "." not in host:
            return self.dotless
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


def _canonical(key: str, index: int, name: str, problems: list[Problem]) -> str:
    """A listed name as links are compared with it."""
    host = _ipv6(name) if ":" in name else _host(name)
    if host is None or (key == "domains" and _address(host) is not None):
        problems.append(Problem("", f"{key}[{index}]", f"{name!r} is not the name of a {key[:-1]}"))
        return ""
    return host


def _network(index: int, text: str, problems: list[Problem]) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError as error:
        problems.append(Problem("", f"networks[{index}]", str(error)))
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a canonical host is; None for a name."""
    try:
        return IPv6Address(host) if ":" in host else IPv4Address(host)
    except AddressValueError:
        return None
