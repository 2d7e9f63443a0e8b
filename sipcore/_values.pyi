"""Typed header values: what `Message` hands out when it is asked for more than bytes.

A value is a set of offsets into the message's buffer, which it keeps alive; text is made when an attribute is read.
Every value knows its ``span``: ``(start, end)`` in bytes from the start of the message. Text is UTF-8 with
surrogateescape, folds inside it read as one space, and nothing is unescaped unless the name says so.
Malformed values raise `HeaderError` when the value is asked for, naming the header and the byte.
"""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView

__all__ = ["CSeq", "MediaType", "NameAddr", "Params", "Uri", "Via"]

class Params(Mapping[str, str | None]):
    """The ``;name=value`` parameters of a value, in wire order; names compare without case.

    A parameter without a value maps to None. Quoted values come without their quotes and with ``\\x`` unescaped. Of a
    name given twice the first counts. At most ``limits.params`` are read; one more is a `HeaderError`.
    """

    def __getitem__(self, name: str) -> str | None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def get(self, name: str, default: str | None = None) -> str | None: ...  # type: ignore[override]
    def keys(self) -> KeysView[str]: ...
    def values(self) -> ValuesView[str | None]: ...
    def items(self) -> ItemsView[str, str | None]: ...

class Uri:
    """A SIP or SIPS URI (RFC 3261 section 19.1), or a tel URI (RFC 3966): ``user`` is its number, ``host`` is None.

    Any other scheme is kept whole: all but ``scheme`` is None. Equality is that of RFC 3261 section 19.1.4, for IPv6
    hosts with RFC 5954 section 4.2, for tel that of RFC 3966 section 4, for other schemes that of the text. It is not
    transitive, as parameters of no standing count only where both URIs have them. Equal URIs have equal hashes.
    """

    @staticmethod
    def parse(text: str | bytes) -> Uri:
        """Parse a URI that stands alone. Raises: HeaderError."""
    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def scheme(self) -> str:
        """In lower case: ``"sip"``."""
    @property
    def user(self) -> str | None:
        """As written: escapes are kept (see `urllib.parse.unquote`). Of tel the number, with its visual separators."""
    @property
    def password(self) -> str | None: ...
    @property
    def host(self) -> str | None:
        """In lower case, IPv6 with its brackets; a trailing dot is kept. None where the scheme is not sip or sips."""
    @property
    def port(self) -> int | None: ...
    @property
    def params(self) -> Params: ...
    @property
    def headers(self) -> str | None:
        """What follows the question mark, as written."""
    def __str__(self) -> str: ...
    def __bytes__(self) -> bytes: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class NameAddr:
    """One address with its parameters: a From, To, Contact, Route or Record-Route value."""

    @staticmethod
    def parse(text: str | bytes) -> NameAddr:
        """Parse an address that stands alone. Raises: HeaderError, also when more than one stands there."""
    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def display_name(self) -> str | None:
        """Without quotes, unescaped; None where there is none."""
    @property
    def uri(self) -> Uri: ...
    @property
    def tag(self) -> str | None: ...
    @property
    def params(self) -> Params: ...
    @property
    def is_star(self) -> bool:
        """True for the Contact value ``*``; then ``uri`` raises HeaderError."""
    def __str__(self) -> str: ...

class Via:
    """One Via value (RFC 3261 section 20.42)."""

    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def transport(self) -> str:
        """In upper case: ``"UDP"``."""
    @property
    def host(self) -> str:
        """As written in sent-by, in lower case."""
    @property
    def port(self) -> int | None: ...
    @property
    def branch(self) -> str | None: ...
    @property
    def received(self) -> str | None: ...
    @property
    def rport(self) -> str | None:
        """``""`` when the client asks for it (``;rport``), digits when a server has filled it in, None when absent."""
    @property
    def params(self) -> Params: ...
    def __str__(self) -> str: ...

class CSeq:
    """The sequence number (0 to 2**32-1, never wrapped) and the method, both as sent."""

    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def number(self) -> int: ...
    @property
    def method(self) -> str: ...
    def __str__(self) -> str: ...

class MediaType:
    """Content-Type: ``type/subtype;name=value``."""

    @staticmethod
    def parse(text: str | bytes) -> MediaType:
        """Parse a media type that stands alone (of a MIME part, of an ``ms-text-format``). Raises: HeaderError."""
    @property
    def span(self) -> tuple[int, int]: ...
    @property
    def essence(self) -> str:
        """``type/subtype`` in lower case."""
    @property
    def params(self) -> Params: ...
