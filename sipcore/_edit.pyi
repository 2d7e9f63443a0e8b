"""`Message` plus edits to bytes: what is not edited leaves byte for byte as it came."""

from sipcore._parser import Message

__all__ = ["Edit"]

class Edit:
    """Changes to one message, collected and read back before they are written.

    Names are matched like `Message` matches them. Values are text or bytes without CR, LF, NUL or any other control
    character but HTAB. Each method returns the edit itself, so calls can be chained. Raises: EditError, always before
    anything is changed; it names the byte of the value that is at fault.
    """

    def set(self, name: str, value: str | bytes) -> Edit:
        """Give the header this one value: the first field keeps its place, the others go; added when absent."""
    def add(self, name: str, value: str | bytes) -> Edit:
        """Add a field behind the last one of its name, at the end of the head where there is none."""
    def insert(self, name: str, value: str | bytes) -> Edit:
        """Add a field before the first one of its name, at the top of the head where there is none."""
    def remove(self, name: str) -> Edit:
        """Remove every field of that name; nothing happens when there is none."""
    def remove_value(self, name: str, index: int = 0) -> Edit:
        """Remove one value of a comma-separated header, counted over all its fields. Raises: EditError when absent."""
    def replace_value(self, name: str, index: int, value: str | bytes) -> Edit:
        """Replace one value of a comma-separated header. Raises: EditError when absent."""
    # -- the lists that a proxy works on: a pushed value has a field of its own before the first, a popped one is the
    # first of all; each pop raises EditError when there is none
    def push_via(self, value: str | bytes) -> Edit: ...
    def pop_via(self) -> Edit: ...
    def push_route(self, value: str | bytes) -> Edit: ...
    def pop_route(self) -> Edit: ...
    def push_record_route(self, value: str | bytes) -> Edit: ...
    def pop_record_route(self) -> Edit: ...
    def decrement_max_forwards(self, default: int = 70) -> Edit:
        """One less; ``default`` is added when absent (RFC 3261 section 16.6). Raises: EditError at 0."""
    def set_method(self, method: str) -> Edit:
        """Replace the method in the first line; CSeq, which has it too, is a header like others."""
    def set_uri(self, uri: str | bytes) -> Edit: ...
    def set_body(self, body: bytes, content_type: str | bytes | None = None) -> Edit:
        """Replace the body; Content-Length follows, and is not to be written by any other method."""
    def declare_length(self) -> Edit:
        """Make Content-Length say how long the body is: due before a datagram without it goes on to a stream."""
    # -- reads see every write made so far
    def get(self, name: str, default: str | None = None) -> str | None: ...
    def get_all(self, name: str) -> list[str]: ...
    def values(self, name: str) -> list[str]:
        """As `Message.values`. Raises: EditError when a quote or an angle bracket stays open."""
    def __contains__(self, name: object) -> bool: ...
    @property
    def message(self) -> Message:
        """What is being edited, unchanged."""
    def __bytes__(self) -> bytes:
        """The edited message, in one copy."""
    def parts(self) -> list[memoryview | bytes]:
        """The same bytes as a gathered list, for ``socket.sendmsg``."""
