"""Typed values of headers that are read less often than those of `sipcore._values`, and the two general forms.

They follow the same rules: offsets into the message, a ``span`` each, text when it is asked for, `HeaderError` with
header and byte where a value is malformed. `sipcore.values` has them all under one roof.
"""

from collections.abc import Iterator, Sequence
from typing import overload

from sipcore._values import Params

__all__ = [
    "ContentDisposition",
    "Credentials",
    "Diagnostics",
    "Event",
    "Parameterized",
    "Reason",
    "SipWarning",
    "SubscriptionState",
    "Tokens",
]

class Parameterized:
    """``value;name=value;...``: the general form of most headers that have no type of their own.

    The value may be anything: a token, a number with a comment, a URI in angle brackets.
    """

    @property
    def span(self) -> tuple[int, int]:
        """Value and parameters."""
    @property
    def value(self) -> str:
        """What stands before the first parameter, as written."""
    @property
    def params(self) -> Params: ...
    def __str__(self) -> str: ...

class ContentDisposition(Parameterized):
    """Content-Disposition (RFC 3261 section 20.11)."""

    @property
    def kind(self) -> str:
        """In lower case: ``"session"``, ``"render"``."""
    @property
    def handling(self) -> str:
        """``"optional"`` or ``"required"``, which is also what a missing parameter means; in lower case."""

class Event(Parameterized):
    """Event (RFC 6665 section 8.2.1)."""

    @property
    def package(self) -> str:
        """The package with its templates, ``"presence.winfo"``, as written: names of packages are case-sensitive."""
    @property
    def id(self) -> str | None: ...

class SubscriptionState(Parameterized):
    """Subscription-State (RFC 6665 section 4.1.3)."""

    @property
    def state(self) -> str:
        """In lower case: ``"active"``, ``"pending"``, ``"terminated"`` or an extension."""
    @property
    def reason(self) -> str | None: ...
    @property
    def expires(self) -> int | None:
        """Seconds. Raises: HeaderError when it is no number below 2**32."""
    @property
    def retry_after(self) -> int | None:
        """Seconds. Raises: HeaderError when it is no number below 2**32."""

class Reason(Parameterized):
    """One Reason (RFC 3326)."""

    @property
    def protocol(self) -> str:
        """As written: ``"SIP"``, ``"Q.850"``."""
    @property
    def cause(self) -> int | None:
        """Raises: HeaderError when it is no number below 2**32."""
    @property
    def text(self) -> str | None:
        """Without quotes, unescaped."""

class Diagnostics(Parameterized):
    """One ``ms-diagnostics`` value (docs/protocol.md, "Routing and refusals": ``<id>;reason="...";source="..."``)."""

    @property
    def code(self) -> int:
        """The id, such as 1005."""
    @property
    def reason(self) -> str | None:
        """Without quotes, unescaped."""
    @property
    def source(self) -> str | None:
        """The name of the server that says so."""

class SipWarning:
    """One Warning value (RFC 3261 section 20.43)."""

    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def code(self) -> int:
        """Three digits."""
    @property
    def agent(self) -> str:
        """Host, host and port, or pseudonym, as written."""
    @property
    def text(self) -> str:
        """Without quotes, unescaped."""
    def __str__(self) -> str: ...

class Credentials:
    """``scheme name=value, ...`` or ``scheme token``: credentials and challenges (RFC 3261 sections 20.7, 20.27, 20.28,
    20.44; RFC 7235 section 2.1).

    Its ``repr`` leaves all but the scheme out, so that it does not get into logs by accident; ``str`` has it.
    """

    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def scheme(self) -> str | None:
        """As written: ``"Digest"``; None where there is none, as in Authentication-Info (RFC 3261 section 20.6)."""
    @property
    def token(self) -> str | None:
        """What stands in place of parameters: ``Bearer <token>`` (RFC 8898); None where there are parameters."""
    @property
    def params(self) -> Params:
        """Empty where there is a ``token``."""
    def __str__(self) -> str: ...

class Tokens(Sequence[str]):
    """The tokens of a comma list, from all header fields of a name, in wire order; equal to a list of the same.

    ``in`` compares option tags without case (RFC 3261 section 7.3.1) and methods with it (section 7.1).
    """

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each token stands: (start, end) in bytes from the start of the message."""
    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    def __reversed__(self) -> Iterator[str]: ...
    def __contains__(self, token: object) -> bool: ...
    def __eq__(self, other: object) -> bool: ...
    def index(self, value: str, start: int = 0, stop: int = ...) -> int: ...
    def count(self, value: str) -> int: ...
