"""sippy, the B2BUA's own message classes, read as its transaction manager reads what arrives.

Its documentation is about running the B2BUA and shows no message; `sippy.SipTransactionManager` decides by the first
word between `SipRequest` and `SipResponse`, which parse the start line, and each header when it is asked for.

Content-Length has no accessor. The classes refuse a body that is shorter and cut one that is longer, so the size of the
body stands for it. They count characters, though: a body with an accent is refused, or mended with words on the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sipcore_bench.contestant import Contestant
from sipcore_bench.fields import Fields
from sipcore_bench.peers.reading import Reader, package

__all__ = ["contestants"]


def contestants() -> Iterator[Contestant]:
    """Parse, and parse with twelve fields. Raises: Unavailable."""
    requests, version = package("sippy", "sippy.SipRequest")
    responses, _ = package("sippy", "sippy.SipResponse")
    request_class, response_class = requests.SipRequest, responses.SipResponse

    def parse(item: bytes) -> Any:
        text = item.decode()
        return response_class(text) if text.startswith("SIP/2.0 ") else request_class(text)

    # The classes raise whatever their line of code meets, plain Exception included.
    name, refusals = f"sippy {version}", (Exception,)
    yield Reader(f"{name}: parse", version, "index", parse, _start, refusals=refusals)
    yield Reader(f"{name}: 12 fields", version, "fields", lambda item: _read(parse(item)), _fields, refusals=refusals)


def _start(message: Any) -> str | int:
    return message.getMethod() if hasattr(message, "getMethod") else message.getSCode()[0]  # type: ignore[no-any-return]


def _read(message: Any) -> tuple[Any, ...]:
    """What the accessors give, in the order of `Fields`."""
    sender, to, body = message.getHFBody("from"), message.getHFBody("to"), message.getBody()
    request = hasattr(message, "getMethod")
    return (
        message.getMethod() if request else message.getSCode()[0],
        message.getRURI() if request else None,
        sender.getUrl(),
        sender.getTag(),
        to.getUrl(),
        to.getTag(),
        message.getHFBody("call-id"),
        *message.getHFBody("cseq").getCSeq(),
        message.getHFBody("via").getBranch(),
        body and body.getType(),
        None,
        body and str(body),
    )


def _fields(values: tuple[Any, ...]) -> Fields:
    read = Fields(*values)
    size = len(str(read.body_size or "").encode())
    return read._replace(
        uri=read.uri and str(read.uri),
        from_uri=str(read.from_uri),
        to_uri=str(read.to_uri),
        call_id=str(read.call_id),
        content_length=size,
        body_size=size,
    )
