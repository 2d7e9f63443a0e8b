"""``edge.toml`` to frozen settings: every fault at once, each with file, line, key and what would be right.

Three passes: TOML, the shape of each section (`sections`, read by `settings.decoding`), and what several keys say
together (`assembly`). The third works on a document with stand-ins for whatever is wrong, so that one fault does not
hide another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path as FilePath
from typing import Any

from sipcore.edge.directory import Users
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import Side, Tables
from sipcore.errors import ConfigError, Problem
from sipcore.imfilter import Rules, rules_file
from sipcore.limits import Limits
from sipcore.relay.assembly import assemble, warnings_of
from sipcore.relay.keys import read_keys
from sipcore.relay.leaves import HostPort, LogFormat, LogLevel, StandIns, read_special
from sipcore.relay.sections import DnsSection, Document, FilterSection, LimitsSection
from sipcore.relay.tls_settings import TlsSettings, tls_settings
from sipcore.relay.users import read_users
from sipcore.settings.decoding import Decoder
from sipcore.settings.document import read_file, read_toml
from sipcore.settings.positions import Positions

__all__ = ["Config", "DnsSettings", "LinkLimits", "LogSettings", "load", "loads"]


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """Bounds of what links may hold; sizes are in bytes, times in seconds.

    Attributes:
        max_links: TCP connections at once: accepted on one side, and opened by us in all.
        max_links_per_source: of those accepted outside, how many one address may have; of IPv6, one /64.
        max_new_links_per_source: and how many it may open in a second.
        max_queue_bytes: what may wait to be written to one link, or for one connection that is being opened.
        max_waiting_bytes: what may wait for all connections that are being opened.
        max_unread_bytes: what may wait for all peers that do not read.
        max_unfinished_bytes: what all links that were accepted outside may hold of messages that are not whole; of the
            source that holds most the largest has to go.
        idle_seconds: how long a TCP connection may carry no whole message before it is closed.
        connect_seconds: how long opening a connection may take; below the 32 s of a transaction (RFC 3261 section
            17.1), so that the 503 still finds somebody who waits for it.
        first_message_seconds: how long an accepted connection may take for its first whole message.
        message_seconds: how long a message may take from its first byte to its last, and how long a peer may leave
            unread what is written to it; after the 32 s of a transaction nobody waits for it any more.
        keep_alive_seconds: how often a ping is sent on a connection that we opened; 0 for never.
        shutdown_seconds: how long peers may take for what is queued when the relay is told to end.
    """

    max_links: int
    max_links_per_source: int
    max_new_links_per_source: int
    max_queue_bytes: int
    max_waiting_bytes: int
    max_unread_bytes: int
    max_unfinished_bytes: int
    idle_seconds: int
    connect_seconds: int
    first_message_seconds: int
    message_seconds: int
    keep_alive_seconds: int
    shutdown_seconds: int


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """How names are looked up; times are in seconds.

    Attributes:
        servers: for each side the address and port of those that are asked, in this order; the system's when empty.
        timeout_seconds: how long one of them may take before the next is asked.
        lookup_seconds: how long a look-up may take with all its attempts. Whoever waits for a record waits for 10 at
            most (see `sipcore.edge.engine`).
        min_ttl, max_ttl: an answer holds no shorter and no longer than this, whatever it says of itself.
        max_queries: names that are looked up at once.
    """

    servers: Mapping[Side, Sequence[tuple[str, int]]]
    timeout_seconds: float
    lookup_seconds: float
    min_ttl: float
    max_ttl: float
    max_queries: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the log says.

    Attributes:
        level: the least that is worth a line.
        format: how a line is written.
        text: whether the beginning of a refused message's text is in its line.
    """

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO
    text: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that ``edge.toml`` says.

    Attributes:
        tables: what decides.
        users: from ``users.file``; None where nobody is listed, so nobody's rights are known.
        keys: from ``key_file``; None asks the relay to make one at start.
        filter: what content is looked at for; None switches the filter off.
        limits: of one message.
        links: of the links.
        dns: how names are looked up.
        tls: the files of certificates and trust roots.
        metrics: where counters are served, None for nowhere.
        log: what the log says.
        warnings: what an operator should know, though it is no fault.
    """

    tables: Tables
    users: Users | None
    keys: Keys | None
    filter: Rules | None
    limits: Limits
    links: LinkLimits
    dns: DnsSettings
    tls: TlsSettings
    metrics: HostPort | None
    log: LogSettings
    warnings: tuple[Problem, ...] = ()


def load(path: FilePath | str) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: with every problem found, or that the file cannot be read.
    """
    path = FilePath(path)
    return loads(read_file(path), path)


def loads(source: bytes | str, path: FilePath | str = "edge.toml") -> Config:
    """Read a configuration from its text.

    Args:
        source: the text.
        path: names it in problems; the files that it names are relative to its folder.

    Raises:
        ConfigError: with every problem found.
    """
    path = FilePath(path)
    source = source.encode() if isinstance(source, str) else source
    values = read_toml(source, path)
    decoder = Decoder(str(path), Positions(source), read_special, StandIns())
    document = decoder.struct(Document, values)
    _check_queues(decoder, document.limits)
    _check_ttls(decoder, document.dns)
    keys = read_keys(decoder, document.edge.key_file, path.parent) if document.edge.key_file else None
    rules = _rules(decoder, document.filter, path.parent)
    users = _users(decoder, document, path.parent)
    tables = assemble(decoder, document)
    if tables is None or decoder.problems:
        raise ConfigError(sorted(decoder.problems, key=_line))
    return Config(
        tables=tables,
        users=users,
        keys=keys,
        filter=rules if document.filter.enabled else None,
        limits=Limits(**_subset(document.limits, Limits)),
        links=LinkLimits(**_subset(document.limits, LinkLimits)),
        dns=_dns(document.dns),
        tls=tls_settings(decoder, document.tls, path.parent),
        metrics=document.metrics.listen if document.metrics else None,
        log=LogSettings(document.log.level, document.log.format, document.log.text),
        warnings=tuple(sorted(_warnings(decoder, document, tables), key=_line)),
    )


def _rules(decoder: Decoder, section: FilterSection, folder: FilePath) -> Rules | None:
    """The filter's rules, out of the section or the file that it names; None with faults, then noted."""
    place: tuple[str, str] = ("filter", "file")
    if not section.file:
        return rules_file.rules_of(decoder, section, place[:1])
    if section.profile is not None or section.changes:
        decoder.complain(place, "expected either a file or the rules themselves")
    path = folder / section.file
    try:
        return rules_file.loads(path.read_bytes(), path)
    except OSError as error:
        decoder.complain(place, f"{path} cannot be read ({error.strerror})")
    except ConfigError as error:
        decoder.problems.extend(error.problems)
    return None


def _users(decoder: Decoder, document: Document, folder: FilePath) -> Users | None:
    if document.users is None or decoder.is_mended(("users", "file")):
        return None
    return read_users(decoder, document.users.file, folder, document.edge.domains)


def _warnings(decoder: Decoder, document: Document, tables: Tables) -> Iterator[Problem]:
    yield from warnings_of(decoder, tables)
    if not document.filter.enabled:
        what = "content is not filtered at this edge: what comes is filtered once it is inside, if at all"
        yield decoder.problem(("filter", "enabled"), f"{what}; remove the key to filter here")


def _check_queues(decoder: Decoder, limits: LimitsSection) -> None:
    longest = limits.head + limits.body
    for name in ("max_queue_bytes", "max_waiting_bytes", "max_unread_bytes", "max_unfinished_bytes"):
        if getattr(limits, name) < longest and not decoder.is_mended(("limits", name)):
            message = f"a message of head + body bytes does not fit; expected at least {longest}"
            decoder.complain(("limits", name), message)


def _check_ttls(decoder: Decoder, dns: DnsSection) -> None:
    if dns.min_ttl > dns.max_ttl and not decoder.has_faults(("dns",)):
        decoder.complain(("dns", "max_ttl"), f"expected at least the {dns.min_ttl} of dns.min_ttl")


def _dns(section: DnsSection) -> DnsSettings:
    servers = {side: [server.place for server in getattr(section, side)] for side in Side}
    others = {field.name: getattr(section, field.name) for field in fields(DnsSettings) if field.name != "servers"}
    return DnsSettings(servers, **others)


def _line(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.where, 0)


def _subset(section: LimitsSection, kind: type[Limits] | type[LinkLimits]) -> dict[str, Any]:
    """What the section says of a kind. It has no word for what `Limits` can overlook: an edge overlooks nothing."""
    return {field.name: getattr(section, field.name) for field in fields(kind) if hasattr(section, field.name)}
