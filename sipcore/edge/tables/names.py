"""Names of domains and hosts in one spelling, so that comparing them is comparing text."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

__all__ = ["Domains", "Fault", "canonical_host", "domain_name", "host_fault", "is_address", "name_fault", "name_faults"]

#: What is wrong with a table: the key that ``edge.toml`` has for it, and a sentence.
Fault = tuple[str, str]

#: Underscores are not in RFC 3261's grammar, but in the names of real Windows domains.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_LONGEST_LABEL = 63
#: F142. RFC 1035 section 2.3.4 counts 255 octets on the wire: a length octet a label and the root leave 253 characters.
_LONGEST_NAME = 253


def domain_name(host: str) -> str:
    """A host as domain tables know it: in lower case, without the root's dot.

    Only ASCII letters are folded: Unicode folding makes KELVIN SIGN a ``k``, and so a stranger a partner.
    """
    return host.rstrip(".").lower() if host.isascii() else host


@lru_cache(maxsize=4096)
def canonical_host(host: str) -> str:
    """A host as addresses are compared: an IP literal in its shortest form and without brackets, else a domain name.

    An IPv4 address mapped into IPv6 is the IPv4 address: a dual-stack socket reports the one, a Via names the other.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return domain_name(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Whether a host is an IP address, written without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def name_fault(name: str) -> str:
    """What is wrong with a domain name in its canonical spelling; empty when nothing is."""
    if len(name) > _LONGEST_NAME:
        return f"a name has at most {_LONGEST_NAME} characters, this one has {len(name)}"
    if "*" in name:
        return "a wildcard has no meaning here; expected each name by itself"
    labels = name.split(".")
    for label in labels:
        if len(label) > _LONGEST_LABEL:
            return f'the label "{label[:12]}..." has {len(label)} characters, {_LONGEST_LABEL} are allowed'
        if not _LABEL.fullmatch(label):
            return f'the label "{label}" is not made of letters, digits and hyphens inside'
    return "an address is not a domain" if labels[-1].isdigit() else ""


def host_fault(host: str) -> str:
    """What is wrong with a host that is sent to; empty for a name, and for the address of one place."""
    if not is_address(host):
        return name_fault(host)
    address = ipaddress.ip_address(host)
    if address.version == 6 and (address.is_link_local or address.scope_id):
        # RFC 4291 section 2.1, RFC 6874 section 1: without its zone it is nowhere, and a zone is known to one machine.
        return "it holds on one link of this machine only, and no Via could say which"
    return "it is not the address of one place" if address.is_unspecified or address.is_multicast else ""


class Domains(frozenset[str]):
    """A set of domain names that remembers where each stood in its list, and in the file.

    Membership is the native set's, for it is asked for every message; place and line are for the operator.

    Args:
        names: in any spelling; of a repeated one the first place counts.
        lines: the line of each name, counted from 1; none where there is no file.
    """

    __slots__ = ("_places",)
    _places: dict[str, tuple[int, int]]

    def __new__(cls, names: Iterable[str] = (), lines: Sequence[int] = ()) -> Domains:
        if isinstance(names, Domains):
            return names
        listed = [domain_name(name) for name in (sorted(names) if isinstance(names, AbstractSet) else names)]
        made = super().__new__(cls, listed)
        made._places = {}
        for index, name in enumerate(listed):
            made._places.setdefault(name, (index, lines[index] if lines else 0))
        return made

    def __iter__(self) -> Iterator[str]:
        """In the order of the list: what is printed and complained of follows the file."""
        return iter(self._places)

    def index(self, name: str) -> int:
        """The place of a member in its list, counted from 0."""
        return self._places[name][0]

    def line(self, name: str) -> int:
        """The line of a member in the file; 0 where there is no file, and of what is no member."""
        return self._places.get(name, (0, 0))[1]


def name_faults(key: str, domains: Domains) -> Iterator[Fault]:
    """Which names of a list are none."""
    for name in domains:
        if fault := name_fault(name):
            yield f"{key}[{domains.index(name)}]", f"{name!r} is not a domain name: {fault}"
