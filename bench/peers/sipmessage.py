"""sipmessage, read as its documentation shows: `Message.parse`, then the typed properties of the request or response.

Parsing splits the head into lines; every property parses its header when it is asked for.
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
    module, version = package("sipmessage", "sipmessage")
    parse, name, refusals = module.Message.parse, f"sipmessage {version}", (ValueError, KeyError)
    yield Reader(f"{name}: parse", version, "index", parse, _start, refusals=refusals)
    yield Reader(f"{name}: 12 fields", version, "fields", lambda item: _read(parse(item)), _fields, refusals=refusals)


def _start(message: Any) -> str | int:
    return message.method if hasattr(message, "method") else message.code  # type: ignore[no-any-return]


def _read(message: Any) -> tuple[Any, ...]:
    """What the properties give; the order is that of `Fields`, with parameters where those have a tag or a branch."""
    sender, to, cseq, via = message.from_address, message.to_address, message.cseq, message.via
    request = hasattr(message, "method")
    return (
        message.method if request else message.code,
        message.uri if request else None,
        sender.uri,
        sender.parameters.get("tag"),
        to.uri,
        to.parameters.get("tag"),
        message.call_id,
        cseq.sequence,
        cseq.method,
        via[0].parameters.get("branch"),
        message.content_type,
        message.content_length,
        message.body,
    )


def _fields(values: tuple[Any, ...]) -> Fields:
    read = Fields(*values)
    return read._replace(
        uri=read.uri and str(read.uri),
        from_uri=str(read.from_uri),
        to_uri=str(read.to_uri),
        content_type=read.content_type and read.content_type.mime_type.lower(),  # type: ignore[attr-defined]
        body_size=len(read.body_size),  # type: ignore[arg-type]
    )
