"""What the native keyed hashes compute, written out: values as text, put together as bytes, hashed by libsodium."""

from __future__ import annotations

from hashlib import blake2b

from nacl.bindings import crypto_shorthash_siphashx24

from sipcore import HeaderError, Message, NameAddr, Via

__all__ = ["Value", "condensed", "folded", "hashed", "transaction"]

Value = str | int | None


def condensed(key: bytes, purpose: bytes) -> bytes:
    """The 128 bits of a key for one purpose."""
    return blake2b(key=key, person=b"sipcore " + purpose, digest_size=16).digest()


def hashed(key: bytes, *values: Value) -> bytes:
    """The hash of a sequence of values."""
    return crypto_shorthash_siphashx24(b"".join(map(_written, values)), key)


def _written(value: Value) -> bytes:
    """A number is a word; a text the number of its bytes and the bytes, in whole words; an absent value all ones."""
    if value is None:
        return b"\xff" * 8
    if isinstance(value, int):
        return value.to_bytes(8, "little")
    data = value.encode("utf-8", "surrogateescape")
    return len(data).to_bytes(8, "little") + data + bytes(-len(data) % 8)


def folded(host: str | None) -> str | None:
    """A host as domains are compared."""
    return None if host is None else host.rstrip(".").lower()


def transaction(message: Message, via: Via) -> tuple[Value, ...]:
    """What all messages of a transaction have in common; None where it is absent or malformed."""
    return via.branch, message.call_id, _from_tag(message), _cseq_number(message)


def _from_tag(message: Message) -> str | None:
    try:
        sender: NameAddr | None = message.from_
    except HeaderError:
        return None
    return sender.tag if sender else None


def _cseq_number(message: Message) -> int | None:
    try:
        return message.cseq.number if message.cseq else None
    except HeaderError:
        return None
