"""Bytes to `Message`: one pass, no copy, an index of offsets, and typed values on demand."""

from collections.abc import Iterator

from typing_extensions import Buffer

from sipcore._edit import Edit
from sipcore._headers import (
    ContentDisposition,
    Credentials,
    Diagnostics,
    Event,
    Parameterized,
    Reason,
    SipWarning,
    SubscriptionState,
    Tokens,
)
from sipcore._values import CSeq, MediaType, NameAddr, Uri, Via
from sipcore.limits import Limits

__all__ = ["Message", "parse"]

def parse(buffer: Buffer, limits: Limits = ...) -> Message:
    """Index one message that fills the buffer, without copying it.

    The buffer stays exported for as long as the message or any view of it lives, so a `bytearray` cannot be resized
    meanwhile. What follows Content-Length is ignored (RFC 3261 section 18.3); a body shorter than Content-Length sets
    ``truncated``. Values of headers are not looked into, apart from Content-Length.

    With ``limits.dangerous_bare_lf`` a message with bare line feeds in its head is put right in a copy first: then it
    owns its bytes, all lines end with CRLF, and offsets count in these bytes, not in the buffer.

    Raises:
        ParseError: the bytes cannot be represented; ``code`` and ``offset`` say what and where.
        FramingError: it cannot be told where the message ends.
        BufferError, TypeError: not a contiguous buffer.
    """

class Message:
    """One SIP request or response over the caller's buffer. Immutable; `edit` makes changed bytes.

    Text properties decode UTF-8 with surrogateescape. Typed properties give None when the header is absent, raise
    `HeaderError` when its value is malformed, and are read from the first header of that name.
    """

    # -- the start line
    @property
    def is_request(self) -> bool: ...
    @property
    def method(self) -> str | None:
        """The request's method as sent (methods are case-sensitive); None for a response."""
    @property
    def uri(self) -> Uri:
        """The Request-URI. Raises: HeaderError when malformed, AttributeError for a response."""
    @property
    def status(self) -> int | None:
        """The response's status code, 100 to 699; None for a request."""
    @property
    def reason(self) -> str | None: ...
    @property
    def version(self) -> str:
        """``"SIP/2.0"`` as sent; another version parses too, so that it can be answered 505."""
    # -- typed values
    @property
    def via(self) -> Via | None:
        """The topmost Via value."""
    @property
    def vias(self) -> list[Via]: ...
    @property
    def from_(self) -> NameAddr | None: ...
    @property
    def to(self) -> NameAddr | None: ...
    @property
    def call_id(self) -> str | None: ...
    @property
    def cseq(self) -> CSeq | None: ...
    @property
    def max_forwards(self) -> int | None: ...
    @property
    def routes(self) -> list[NameAddr]: ...
    @property
    def record_routes(self) -> list[NameAddr]: ...
    @property
    def contacts(self) -> list[NameAddr]: ...
    @property
    def content_type(self) -> MediaType | None: ...
    @property
    def content_length(self) -> int | None:
        """As declared; None where the header is absent."""
    # -- typed values of headers that are read less often; see `sipcore.values`
    @property
    def expires(self) -> int | None:
        """Seconds, below 2**32 (RFC 3261 section 20.19)."""
    @property
    def content_disposition(self) -> ContentDisposition | None: ...
    @property
    def event(self) -> Event | None: ...
    @property
    def subscription_state(self) -> SubscriptionState | None: ...
    @property
    def supported(self) -> Tokens:
        """Option tags; empty where the header is absent, as with all lists (``"Supported" in message`` tells)."""
    @property
    def require(self) -> Tokens:
        """Option tags. Raises: HeaderError also for an empty header, which the grammar allows for Supported only."""
    @property
    def proxy_require(self) -> Tokens: ...
    @property
    def unsupported(self) -> Tokens: ...
    @property
    def allow(self) -> Tokens:
        """Methods."""
    @property
    def accept(self) -> list[MediaType]:
        """Media ranges with their parameters, ``q`` among them."""
    @property
    def warnings(self) -> list[SipWarning]: ...
    @property
    def reasons(self) -> list[Reason]: ...
    @property
    def asserted_identities(self) -> list[NameAddr]:
        """P-Asserted-Identity (RFC 3325 section 9.1): claims, as trustworthy as who sent them."""
    @property
    def diagnostics(self) -> list[Diagnostics]:
        """What ``ms-diagnostics`` says of a failure (docs/protocol.md)."""
    def parameterized(self, name: str) -> list[Parameterized]:
        """Every value of a header of the form ``value;name=value, ...``, from all its fields.

        For headers that have no property of their own: Session-Expires, Retry-After, Alert-Info, Replaces. Raises:
        HeaderError.
        """
    def credentials(self, name: str) -> list[Credentials]:
        """One value for each field of a header of the form ``scheme name=value, ...``.

        For Authorization, WWW-Authenticate and their like, whose commas do not separate values (RFC 3261 section
        7.3.1). Raises: HeaderError.
        """
    # -- the body
    @property
    def body(self) -> memoryview:
        """A read-only view; empty where there is no body."""
    @property
    def truncated(self) -> bool:
        """The buffer ended before Content-Length was reached."""
    # -- headers by name: any case, compact forms included
    def __getitem__(self, name: str) -> str:
        """The first value of that name, outer white space off and folds as one space. Raises: KeyError."""
    def get(self, name: str, default: str | None = None) -> str | None: ...
    def get_all(self, name: str) -> list[str]:
        """One string a header field; comma lists are not split."""
    def values(self, name: str) -> list[str]:
        """Every value of a comma-separated header, from all its fields, in wire order.

        Commas inside quotes and angle brackets do not separate. Raises: HeaderError when one of either stays open.
        """
    def __contains__(self, name: object) -> bool: ...
    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(name as sent, value) in wire order."""
    def __len__(self) -> int:
        """The number of header fields."""
    # -- the zero-copy road
    def span_of(self, name: str | int, index: int = 0) -> tuple[int, int] | None:
        """Where the value of the index-th field of that name stands: (start, end) in bytes, None when absent.

        A number stands for a header by its id, which is its place in `sipcore.grammar.HEADERS`; ids are not stable
        between versions. Raises: ValueError when there is no such id.
        """
    def view(self, name: str | int, index: int = 0) -> memoryview | None:
        """The bytes at `span_of`, read-only and not copied."""
    @property
    def head_size(self) -> int:
        """Bytes up to and with the empty line."""
    @property
    def size(self) -> int:
        """Bytes of the whole message: head and as much of the body as there is."""
    @property
    def buffer(self) -> memoryview:
        """The whole message, read-only and not copied."""
    def __bytes__(self) -> bytes: ...
    def detach(self) -> Message:
        """A message that owns its bytes; this one when it already does."""
    def edit(self) -> Edit:
        """Collect changes; see `Edit`."""
    def __eq__(self, other: object) -> bool:
        """Equality of bytes."""
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[object, ...]: ...
