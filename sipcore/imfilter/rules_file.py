"""Rules from TOML: a profile, and what is to be different from it. Needs the extra ``settings``.

    profile = "lync"
    links = "warn"
    notice = "This link leads out of our network."
    local_domains = ["contoso.example"]

Every key but ``profile`` is an attribute of `Rules` and means what it means there. The same keys stand in the section
``[filter]`` of ``edge.toml``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from enum import Enum, StrEnum
from pathlib import Path as FilePath
from typing import Annotated, Any

from msgspec import Meta, Struct

from sipcore.errors import ConfigError, Problem, RulesError
from sipcore.imfilter.profiles import Profile
from sipcore.imfilter.rules import FileOffers, Rules, Source
from sipcore.imfilter.verdict import Action
from sipcore.settings.decoding import Decoder
from sipcore.settings.document import read_toml
from sipcore.settings.positions import Path, Positions, undotted

__all__ = ["RulesTable", "load", "loads", "rules_of"]


def _one_of(choices: Collection[StrEnum]) -> Meta:
    return Meta(description=" or ".join(f'"{choice}"' for choice in choices))


_Switch = Annotated[bool | None, Meta(description="true or false")]
_Action = Annotated[Action | None, _one_of(Action)]
_Prefix = Annotated[str, Meta(description='a prefix, "http:"')]
_Type = Annotated[str, Meta(description='a media type, "application/soap+xml"')]
_Host = Annotated[str, Meta(description='a name, "contoso.example"')]
_Network = Annotated[str, Meta(description='a network, "192.0.2.0/24"')]
_Extension = Annotated[str, Meta(description='an extension, ".exe"')]


class RulesTable(Struct, frozen=True):
    """The keys of a rules file. None leaves a rule as it is in the profile."""

    profile: Annotated[Profile | None, _one_of(Profile)] = None
    links: _Action = None
    prefixes: Annotated[list[_Prefix] | None, Meta(description='prefixes, ["http:", "www*."]')] = None
    bare_domains: _Switch = None
    tricks: _Switch = None
    sources: Annotated[
        list[Annotated[Source, _one_of(Source)]] | None, Meta(description='sources, ["subject", "html"]')
    ] = None
    ignore_local: _Switch = None
    types: Annotated[list[_Type] | None, Meta(description='media types, ["application/soap+xml"]')] = None
    local_domains: Annotated[list[_Host] | None, Meta(description='domains, ["contoso.example"]')] = None
    local_hosts: Annotated[list[_Host] | None, Meta(description='hosts, ["wiki.contoso.example"]')] = None
    local_networks: Annotated[list[_Network] | None, Meta(description='networks, ["192.0.2.0/24"]')] = None
    extensions: Annotated[list[_Extension] | None, Meta(description='extensions, [".exe"]')] = None
    extension_action: _Action = None
    files: Annotated[FileOffers | None, _one_of(FileOffers)] = None
    file_action: _Action = None
    undecodable: _Action = None
    notice: Annotated[str | None, Meta(description="a text of at most 65,535 characters")] = None

    @property
    def changes(self) -> dict[str, object]:
        """What is to be different from the profile, by the names of `Rules`."""
        found = ((field.name, getattr(self, field.name)) for field in fields(Rules))
        return {name: value for name, value in found if value is not None}


def load(path: FilePath | str) -> Rules:
    """Read a rules file.

    Raises:
        ConfigError: with every problem found, or that the file cannot be read.
    """
    path = FilePath(path)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None
    return loads(source, path)


def loads(source: bytes | str, path: FilePath | str = "rules.toml") -> Rules:
    """Read rules from their text; ``path`` names it in problems.

    Raises:
        ConfigError: with every problem found.
    """
    path = FilePath(path)
    source = source.encode() if isinstance(source, str) else source
    values = read_toml(source, path)
    decoder = Decoder(str(path), Positions(source), _refuse, _stand_in)
    rules = rules_of(decoder, decoder.struct(RulesTable, values))
    if rules is None or decoder.problems:
        raise ConfigError(sorted(decoder.problems, key=lambda problem: int(problem.where.rpartition(":")[2])))
    return rules


def rules_of(decoder: Decoder, table: RulesTable, path: Path = ()) -> Rules | None:
    """The rules of a table at ``path``; None when they are faulty, which has then been noted."""
    profile = table.profile or Profile.LCS2005
    try:
        return replace(profile.rules, **table.changes)  # type: ignore[arg-type]
    except RulesError as error:
        for problem in error.problems:
            place = (*path, *undotted(problem.key))
            if not decoder.is_mended(place):
                decoder.complain(place, problem.message)
        return None


def _refuse(kind: type[Any], value: object) -> object:
    raise ValueError(f"{kind.__name__} is not read from TOML")


def _stand_in(kind: type[Any]) -> object:
    return next(iter(kind)) if issubclass(kind, Enum) else kind()
