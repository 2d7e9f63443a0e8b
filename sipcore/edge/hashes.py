"""The keyed hashes by which a stateless proxy recognises its own work.

A stateless proxy remembers nothing, so what it must know again is computed again: the branch of its Via, and the To tag
of its own answers. Both are hashes over what every message of one transaction has in common, and of nothing else: not
the method, so CANCEL and ACK match their INVITE; not the link, so a copy on another one matches too (RFC 3261 section
16.11). The key makes them unforgeable: a response that claims to be to a request of ours proves it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import blake2b

from sipcore.errors import ConfigError, Problem

__all__ = ["MAGIC_COOKIE", "Keys", "Transaction", "branch_for", "made_branch", "made_tag", "tag_for"]

#: What every RFC 3261 branch starts with (section 8.1.1.7).
MAGIC_COOKIE = "z9hG4bK"

#: Domain separation: one key, two uses, and a value of one is never a value of the other.
_BRANCH = b"sipcore branch"
_TO_TAG = b"sipcore to-tag"

#: 128 bits: no search will find a second, and a Via stays short.
_DIGEST_BYTES = 16
_KEY_BYTES = range(16, 65)

#: Stands for a value that is not there: no length can be mistaken for it.
_ABSENT = b"\xff\xff\xff\xff"


@dataclass(frozen=True, slots=True)
class Keys:
    """The edge's secret, the same for all edges of an array.

    Attributes:
        current: makes and recognises; 16 to 64 bytes.
        previous: only recognises, so that a key can be replaced under traffic.

    Raises:
        ConfigError: a key has another length.
    """

    current: bytes
    previous: bytes | None = None

    def __post_init__(self) -> None:
        for name, key in (("current", self.current), ("previous", self.previous)):
            if key is not None and len(key) not in _KEY_BYTES:
                message = f"the {name} key has {len(key)} bytes, 16 to 64 are needed"
                raise ConfigError([Problem("", "edge.key_file", message)])

    def __repr__(self) -> str:
        return "Keys(...)"  # a traceback must not print them


@dataclass(frozen=True, slots=True)
class Transaction:
    """What all messages of one transaction have in common where we receive its request.

    A value is None where the header is absent or malformed: such a request is answered too, and the ACK is recognised.
    """

    branch: str | None
    call_id: str | None
    from_tag: str | None
    cseq: int | None

    def encoded(self) -> bytes:
        """Unambiguous bytes: each value behind its length."""
        number = None if self.cseq is None else str(self.cseq)
        values = (self.branch, self.call_id, self.from_tag, number)
        return b"".join(_ABSENT if value is None else _with_length(value) for value in values)


def _with_length(value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape")
    return len(data).to_bytes(4) + data


def branch_for(transaction: Transaction, keys: Keys) -> str:
    """The branch of the Via that we push on a request."""
    return MAGIC_COOKIE + _hash(transaction, keys.current, _BRANCH)


def made_branch(branch: str | None, transaction: Transaction, keys: Keys) -> bool:
    """Whether we, or an edge with our key, made that branch for that transaction."""
    return _made(branch, MAGIC_COOKIE, transaction, keys, _BRANCH)


def tag_for(transaction: Transaction, keys: Keys) -> str:
    """The To tag of an answer of our own."""
    return _hash(transaction, keys.current, _TO_TAG)


def made_tag(tag: str | None, transaction: Transaction, keys: Keys) -> bool:
    """Whether the tag is one that an answer of ours gave: then an ACK with it is for us."""
    return _made(tag, "", transaction, keys, _TO_TAG)


def _made(value: str | None, prefix: str, transaction: Transaction, keys: Keys, label: bytes) -> bool:
    if value is None or not value.isascii():
        return False
    known = (key for key in (keys.current, keys.previous) if key is not None)
    # Compared in constant time: a peer can send as many guesses as it likes.
    return any(hmac.compare_digest(value, prefix + _hash(transaction, key, label)) for key in known)


def _hash(transaction: Transaction, key: bytes, label: bytes) -> str:
    return blake2b(transaction.encoded(), key=key, digest_size=_DIGEST_BYTES, person=label).hexdigest()
