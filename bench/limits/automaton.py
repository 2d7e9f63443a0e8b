"""The tables of prefixes.c, made from a list of prefixes."""

from __future__ import annotations

import ctypes
from collections import defaultdict, deque
from collections.abc import Collection, Sequence

__all__ = ["Prefixes", "dense_table", "look_back_table"]

_FOUND = 255
_COLUMNS = 256
_WORD_BYTES = 8
_ENDING_BYTES = 4
_BITS = 8
_SLOT_BITS = 7
_SLOTS = 1 << _SLOT_BITS
_SHARERS = 2
_GOLDEN = 0x9E3779B1
_TRIES = 10_000


def dense_table(prefixes: Sequence[str]) -> bytes:
    """The Aho-Corasick automaton that says only *whether* something matches: one row of 256 states for each state.

    Both cases of a letter lead to the same state. A state in which some prefix has ended is not one: what leads there
    is `_FOUND`, which ends the walk.

    Raises: ValueError for more states than a byte can name.
    """
    children, ends = _trie(prefixes)
    rows: list[bytearray] = [bytearray(_COLUMNS) for _ in children]
    shorter = [0] * len(children)
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        # The root's row starts as "stay at the root", every other as that of the state for the longest proper suffix.
        rows[state][:] = rows[shorter[state]]
        for byte, child in children[state].items():
            shorter[child] = rows[shorter[state]][byte] if state else 0
            for case in _cases(byte):
                rows[state][case] = _FOUND if child in ends else child
            if child not in ends:
                waiting.append(child)
    return b"".join(rows)


def _trie(prefixes: Sequence[str]) -> tuple[list[dict[int, int]], set[int]]:
    """(children of each state by byte, states in which a prefix ends)."""
    children: list[dict[int, int]] = [{}]
    ends = set()
    for prefix in prefixes:
        state = 0
        for byte in prefix.lower().encode("ascii"):
            if byte not in children[state]:
                children[state][byte] = len(children)
                children.append({})
            state = children[state][byte]
        ends.add(state)
    if len(children) > _FOUND:
        raise ValueError(f"{len(children)} states do not fit into a byte")
    return children, ends


class _Prefix(ctypes.Structure):
    """``struct prefix`` of prefixes.c."""

    _fields_ = (("fold", ctypes.c_uint64), ("mask", ctypes.c_uint64), ("want", ctypes.c_uint64))


#: For the low and for the high half of a byte.
_Halves = ctypes.c_uint8 * 16 * 2


class Prefixes(ctypes.Structure):
    """``struct prefixes`` of prefixes.c."""

    _fields_ = (
        ("last", _Halves),
        ("before", _Halves),
        ("factor", ctypes.c_uint32),
        ("slot", _Prefix * _SHARERS * _SLOTS),
    )


def look_back_table(prefixes: Sequence[str]) -> Prefixes:
    """Each prefix in the slot of its last four bytes.

    Raises: ValueError for a list that the vector search is not made for: a prefix of less than 4 or more than 8 bytes,
    more than 8 bytes to end in, three prefixes with the same four bytes at the end, or simply too many.
    """
    texts = [prefix.lower().encode("ascii") for prefix in prefixes]
    for text in texts:
        if not _ENDING_BYTES <= len(text) <= _WORD_BYTES:
            raise ValueError(f"{text!r} is not of 4 to 8 bytes")
    table = Prefixes(factor=_factor_for({text[-_ENDING_BYTES:] for text in texts}))
    _fill_halves(table, texts)
    in_slot = defaultdict(list)
    for text in texts:
        in_slot[_slot(text[-_ENDING_BYTES:], table.factor)].append(_Prefix(*(_word(part) for part in _parts(text))))
    nobody = _Prefix(fold=0, mask=0, want=1)
    for slot in range(_SLOTS):
        sharers = in_slot[slot]
        if len(sharers) > _SHARERS:
            raise ValueError(f"more than {_SHARERS} prefixes end in the same four bytes")
        table.slot[slot][:] = sharers + [nobody] * (_SHARERS - len(sharers))
    return table


def _fill_halves(table: Prefixes, texts: Sequence[bytes]) -> None:
    """One bit for each last byte: at that byte, and at every byte that stands before it in some prefix."""
    last_bytes = sorted({text[-1] for text in texts})
    if len(last_bytes) > _BITS:
        raise ValueError(f"prefixes end in more than {_BITS} different bytes")
    for text in texts:
        bit = 1 << last_bytes.index(text[-1])
        for halves, letter in ((table.last, text[-1]), (table.before, text[-2])):
            for byte in _cases(letter):
                halves[0][byte & 15] |= bit
                halves[1][byte >> 4] |= bit


def _cases(letter: int) -> set[int]:
    """The byte in lower and upper case."""
    return {letter, *chr(letter).upper().encode()}


def _factor_for(endings: Collection[bytes]) -> int:
    """The first odd multiple of the golden ratio's bits that gives each ending a slot of its own."""
    for multiple in range(1, 2 * _TRIES, 2):
        factor = _GOLDEN * multiple & 0xFFFFFFFF
        if len({_slot(ending, factor) for ending in endings}) == len(endings):
            return factor
    raise ValueError(f"no factor out of {_TRIES} keeps these endings apart: {sorted(endings)!r}")


def _slot(ending: bytes, factor: int) -> int:
    """As prefixes.c computes it."""
    return ((int.from_bytes(ending, "little") | 0x20202020) * factor & 0xFFFFFFFF) >> (32 - _SLOT_BITS)


def _parts(text: bytes) -> tuple[bytes, bytes, bytes]:
    """(fold, mask, want). Only letters are folded, or an at sign would count as a backquote."""
    return bytes(0x20 if chr(byte).isalpha() else 0 for byte in text), b"\xff" * len(text), text


def _word(part: bytes) -> int:
    """The bytes at the end of a word, zeros before them."""
    return int.from_bytes(part.rjust(_WORD_BYTES, b"\0"), "little")
