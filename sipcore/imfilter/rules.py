"""What the filter looks for, and what is to be done about it. The sets that have a name are in `profiles`.

A prefix is what makes a client turn a piece of text into a link. Its grammar (docs/protocol.md "IM filter"):

    prefix  = 1*char ( ":" / "." / "*." )  /  "href"
    char    = a letter or digit of ASCII, or one of # * + / = @ ^ _ ` | ~ and the backslash; "*" in "*." only

An entry ending in ``:`` or ``.`` stands for itself, in any case. One ending in ``*.`` stands for every host label that
begins so: ``www*.`` covers ``www.``, ``www2.`` and ``www-eu.``. ``href`` is the one word without a final mark, for the
attribute of a link in HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sipcore.errors import Problem, RulesError
from sipcore.imfilter.destinations import LocalHosts
from sipcore.imfilter.extensions import extension_fault
from sipcore.imfilter.verdict import Action

__all__ = ["DEFAULT_PREFIXES", "LONGEST_NOTICE", "FileOffers", "Rules", "Source"]

#: What later servers of the family filter by default; the list of Live Communications Server 2005 itself was never
#: published (docs/protocol.md "IM filter").
DEFAULT_PREFIXES = (
    "callto:", "file:", "ftp.", "ftp:", "gopher:", "href", "http:", "https:", "ldap:", "mailto:", "news:", "nntp:",
    "sip:", "sips:", "tel:", "telnet:", "www*.",
)  # fmt: skip

#: Characters; the same as in later servers of the family (docs/protocol.md "What is done about it").
LONGEST_NOTICE = 65_535

_FOREIGN = re.compile(r"[^#*+/0-9=@A-Z^_`\\a-z|~]")
#: RFC 2045 section 5.1.
_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+/[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: A notice is shown to a person: lines of text, and nothing that steers a terminal or cannot be encoded.
_UNFIT_FOR_A_NOTICE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class FileOffers(StrEnum):
    """Which offers of a file count."""

    NONE = "none"
    #: Those of a file with one of the listed extensions, or whose name is not said.
    LISTED = "listed"
    ALL = "all"


class Source(StrEnum):
    """What is read besides plain text, which always is."""

    SUBJECT = "subject"
    HTML = "html"
    RTF = "rtf"
    #: What HTML holds that is neither shown nor followed: comments, scripts, other attributes.
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an `ImFilter` looks for, and does. Checks itself, so a rule set that exists is a good one (F110 to F112).

    Where a collection is asked for any iterable is taken and a tuple kept; where an enumeration is, its word will do.

    Attributes:
        links: what is done about a link: any action. `Action.PASS` looks for none. `Action.WARN` with an empty notice
            passes links too, as documented of later servers.
        prefixes: what begins a link, in the grammar of this module; empty to look for no prefix.
        bare_domains: whether ``contoso.example`` is a link as well, by its top-level domain.
        tricks: whether texts are also read with what hides a link from a machine undone: zero-width characters,
            full-width letters, percent encoding.
        sources: what is read besides plain text.
        types: further media types to read as text, such as ``"application/soap+xml"``.
        ignore_local: whether links to hosts of one's own pass: those below, and names without a dot.
        local_domains, local_hosts, local_networks: see `LocalHosts`.
        extensions: ``("exe", ...)``: a link to such a file is found whatever its host, also where ``links`` passes.
        extension_action: what is done about it: `Action.BLOCK` or `Action.OBSERVE`.
        files: which offers of a file count.
        file_action: what is done about one: `Action.BLOCK` or `Action.OBSERVE`.
        undecodable: what is done about what cannot be read: `Action.BLOCK`, `Action.OBSERVE` or `Action.PASS`.
        notice: put before a text that is defanged (when it is not empty) or warned of; 65,535 characters at most.

    Raises:
        RulesError: with one problem for each fault.
    """

    links: Action = Action.BLOCK
    prefixes: tuple[str, ...] = DEFAULT_PREFIXES
    bare_domains: bool = False
    tricks: bool = False
    sources: tuple[Source, ...] = (Source.SUBJECT, Source.HTML, Source.RTF)
    types: tuple[str, ...] = ()
    ignore_local: bool = False
    local_domains: tuple[str, ...] = ()
    local_hosts: tuple[str, ...] = ()
    local_networks: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    extension_action: Action = Action.BLOCK
    files: FileOffers = FileOffers.ALL
    file_action: Action = Action.BLOCK
    undecodable: Action = Action.BLOCK
    notice: str = ""

    def __post_init__(self) -> None:
        check = _Check(self)
        check.choice("links", Action)
        check.items("prefixes", _fault_of_prefix)
        for name in ("bare_domains", "tricks", "ignore_local"):
            check.switch(name)
        check.items("sources", _fault_of_source, Source)
        check.items("types", _fault_of_type, str.lower)
        check.items("local_domains", _fault_in(lambda entry: LocalHosts(domains=entry)))
        check.items("local_hosts", _fault_in(lambda entry: LocalHosts(hosts=entry)))
        check.items("local_networks", _fault_in(lambda entry: LocalHosts(networks=entry)))
        check.items("extensions", extension_fault, _bare)
        check.choice("extension_action", Action, _FOR_WHAT_CANNOT_BE_REWRITTEN)
        check.choice("files", FileOffers)
        check.choice("file_action", Action, _FOR_WHAT_CANNOT_BE_REWRITTEN)
        check.choice("undecodable", Action, (Action.PASS, *_FOR_WHAT_CANNOT_BE_REWRITTEN))
        check.notice("notice")
        for name in _LOCAL if self.ignore_local is False else ():
            if isinstance(hosts := getattr(self, name), tuple) and hosts:
                check.complain(name, "has no effect unless ignore_local is true")
        if check.problems:
            raise RulesError(check.problems)

    @property
    def looks_for_links(self) -> bool:
        """Whether a link as such is a finding; listed extensions are looked for in any case."""
        return self.links is not Action.PASS and not (self.links is Action.WARN and not self.notice)

    @property
    def own_hosts(self) -> LocalHosts | None:
        """The hosts to which links pass; None where there are none."""
        return LocalHosts(self.local_domains, self.local_hosts, self.local_networks) if self.ignore_local else None


_LOCAL = ("local_domains", "local_hosts", "local_networks")

_FOR_WHAT_CANNOT_BE_REWRITTEN = (Action.OBSERVE, Action.BLOCK)

_Choice = TypeVar("_Choice", bound=StrEnum)


class _Check:
    """Looks at the fields of one set of rules, brings them into their proper type, and keeps what is wrong."""

    def __init__(self, rules: Rules) -> None:
        self.problems: list[Problem] = []
        self._rules = rules

    def switch(self, name: str) -> None:
        value = getattr(self._rules, name)
        if not isinstance(value, bool):
            self.complain(name, f"must be true or false, not {value!r}")

    def choice(self, name: str, kind: type[_Choice], among: Collection[_Choice] = ()) -> None:
        value = getattr(self._rules, name)
        among = among or tuple(kind)
        if value not in among:
            self.complain(name, f"must be {_either(among)}, not {_quoted(value)}")
        else:
            self._keep(name, kind(value))

    def items(self, name: str, fault_of: Callable[[str], str | None], kind: Callable[[str], str] = str) -> None:
        """A collection of texts, each good by itself and there once, whatever its case."""
        value = getattr(self._rules, name)
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            self.complain(name, f"must be a list, not {_quoted(value)}")
            return
        items = tuple(value)
        faulty = len(self.problems)
        seen: dict[str, int] = {}
        for index, item in enumerate(items):
            fault = fault_of(item) if isinstance(item, str) else "must be a string"
            if fault is None and (earlier := seen.setdefault(kind(item).lower(), index)) != index:
                fault = f"is listed already, as {name}[{earlier}]"
            if fault is not None:
                self.complain(f"{name}[{index}]", f"{_quoted(item)} {fault}")
        self._keep(name, items if len(self.problems) > faulty else tuple(map(kind, items)))

    def notice(self, name: str) -> None:
        value = getattr(self._rules, name)
        if not isinstance(value, str):
            self.complain(name, f"must be a text, not {value!r}")
            return
        if len(value) > LONGEST_NOTICE:
            self.complain(name, f"may have {LONGEST_NOTICE:,} characters, this one has {len(value):,}")
        if value and not value.strip():
            self.complain(name, "must say something, or be empty")
        if unfit := _UNFIT_FOR_A_NOTICE.search(value):
            self.complain(name, f"must not contain {unfit.group()!a}")

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self._rules, name, value)

    def complain(self, key: str, message: str) -> None:
        self.problems.append(Problem("", key, message))


def _either(choices: Collection[StrEnum]) -> str:
    return " or ".join(f'"{choice}"' for choice in choices)


def _quoted(value: object) -> str:
    return f"'{value}'" if isinstance(value, StrEnum) else repr(value)


def _fault_of_prefix(prefix: str) -> str | None:
    """What is wrong with one prefix; None when it is good."""
    if prefix.lower() == "href":
        return None
    stem = prefix.removesuffix("*.") if prefix.endswith("*.") else prefix[:-1]
    if prefix[-1:] not in (".", ":"):
        return "must end in ':', '.' or '*.'"
    if not stem:
        return "needs at least one character before its ending"
    if "*" in stem:
        return "may have '*' only right before the final '.'"
    if foreign := _FOREIGN.search(stem):
        return f"must not contain {foreign.group()!r}"
    return None


def _fault_of_source(source: str) -> str | None:
    return None if source in tuple(Source) else f"must be {_either(tuple(Source))}"


def _fault_of_type(media_type: str) -> str | None:
    return None if _TYPE.fullmatch(media_type) else "must be a media type without parameters"


def _fault_in(local: Callable[[tuple[str, ...]], LocalHosts]) -> Callable[[str], str | None]:
    """What is wrong with one entry of a list of hosts, which `LocalHosts` knows."""

    def fault_of(entry: str) -> str | None:
        try:
            local((entry,))
        except RulesError as error:
            return error.problems[0].message
        return None

    return fault_of


def _bare(extension: str) -> str:
    return extension.removeprefix(".").lower()
