"""The rule sets that have a name. Each may be altered with `dataclasses.replace`, or in a rules file."""

from __future__ import annotations

from enum import StrEnum

from sipcore.imfilter.extensions import DEFAULT_EXTENSIONS
from sipcore.imfilter.rules import DEFAULT_PREFIXES, FileOffers, Rules, Source
from sipcore.imfilter.verdict import Action

__all__ = ["LCS2005", "LYNC", "STRICT", "Profile"]

#: The filter of Live Communications Server 2005 SP1: links by prefix and file offers, both refused (F110 to F112).
#: That it had no other setting is documented, its list of prefixes is not (docs/protocol.md "IM filter").
LCS2005 = Rules()

#: The filter of the later servers as it comes: an underscore before each link, links to local hosts pass, and of files
#: only those with an extension that runs something are refused. What it does with what it cannot read nobody has
#: written down; here that is told and goes on (docs/protocol.md "What is done about it").
LYNC = Rules(
    links=Action.DEFANG,
    ignore_local=True,
    extensions=DEFAULT_EXTENSIONS,
    files=FileOffers.LISTED,
    undecodable=Action.OBSERVE,
)

#: Schemes beyond the default list that some client makes clickable, rich edit controls for one, or that do something
#: when they are followed.
_MORE_SCHEMES = (
    "data:", "ftps:", "im:", "irc:", "ircs:", "javascript:", "magnet:", "mms:", "notes:", "onenote:", "outlook:",
    "pres:", "prospero:", "rtsp:", "sftp:", "skype:", "smb:", "sms:", "steam:", "tg:", "vbscript:", "wais:", "webcal:",
    "xmpp:",
)  # fmt: skip

#: Everything that a person could be brought to follow, with everything that hides it undone. Refuses more than links:
#: ``report.doc`` is a name in prose, ``report.zip`` a bare domain.
STRICT = Rules(
    prefixes=(*DEFAULT_PREFIXES, *_MORE_SCHEMES),
    bare_domains=True,
    tricks=True,
    sources=tuple(Source),
    extensions=DEFAULT_EXTENSIONS,
)


class Profile(StrEnum):
    """The names that rules files and the command line know the rule sets by."""

    LCS2005 = "lcs2005"
    LYNC = "lync"
    STRICT = "strict"

    @property
    def rules(self) -> Rules:
        """The rule set of that name."""
        return _RULES[self]


_RULES = {Profile.LCS2005: LCS2005, Profile.LYNC: LYNC, Profile.STRICT: STRICT}
