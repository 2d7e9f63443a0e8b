"""What a response to a request is, line by line (RFC 3261 section 8.2.6): what the native writer must come to."""

from __future__ import annotations

from sipcore import HeaderError, Message

__all__ = ["answered"]


def answered(request: Message, before: bytes, behind: bytes, tag: bytes = b"", *, trying: bool = False) -> bytes:
    """The response; its arguments as of `sipcore._respond.copied`, the tag for a To that takes one."""
    lines = [before]
    for name in ("Via", "From", "To", "Call-ID", "CSeq", *(["Timestamp"] if trying else [])):
        fields = [name.encode() + b": " + bytes(value) for value in _values(request, name)]
        if name == "To" and fields and _takes_tag(request):
            fields[0] += tag
        lines += [field + b"\r\n" for field in (fields if name == "Via" else fields[:1])]
    return b"".join(lines) + behind


def _values(request: Message, name: str) -> list[memoryview]:
    count = len(request.get_all(name))
    return [value for value in (request.view(name, index) for index in range(count)) if value is not None]


def _takes_tag(request: Message) -> bool:
    try:
        return request.to is not None and request.to.tag is None
    except HeaderError:
        return False
