"""The tricks by which letters hide in running text, and how they are undone.

Undone is what a client, or a person who copies what the client shows, undoes too (docs/protocol.md "What a client
shows"):

    left out    characters that show nothing: Default_Ignorable_Code_Point of Unicode (zero width, soft hyphen, bidi
                controls, variation selectors, tags), and the controls that are no white space
    respelt     characters whose NFKC form (Unicode Standard Annex 15) is ASCII: full width, mathematical, circled,
                superscript, ligatures, leaders; and the full stops that a host name may have (RFC 3490 section 3.1)
    decoded     percent encoding (RFC 3986 section 2.1) of visible characters, character references of HTML

Not undone is what only looks alike, Cyrillic for Latin: no client makes a link of that. White space stays as it is in
any form, for it parts words in any form.

One regular expression over bytes finds every trick of a character set, so what is no trick costs a step a byte in C.
Each round of undoing is linear, and tricks within tricks are undone to a fixed depth.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from html.entities import html5
from typing import NamedTuple

from sipcore.imfilter.traces import Traced, Tracer

__all__ = ["IGNORABLE", "PLAIN_BYTES", "decoded", "is_utf8", "spellings", "undone"]

#: Code points that show nothing, first and last of each run. Default_Ignorable_Code_Point of the Unicode Character
#: Database (DerivedCoreProperties.txt, version 16), the marks of interlinear text U+FFF9 to U+FFFB, and
#: the controls but for white space and U+0085, which breaks a line.
IGNORABLE = (
    *((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F)),
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)

#: Where Unicode has characters that NFKC turns into ASCII; normalising all of it would take a fifth of a second.
COMPATIBLE = (
    *((0xAA, 0x2FF), (0x37E, 0x37E), (0x1D00, 0x33FF), (0xA700, 0xA7FF), (0xFB00, 0xFFEF), (0x10780, 0x107BF)),
    *((0x1CCD0, 0x1CCFF), (0x1D400, 0x1D7FF), (0x1F100, 0x1F1FF), (0x1FBF0, 0x1FBFF)),
)
#: Full stops between the labels of a host name that NFKC leaves as they are (RFC 3490 section 3.1).
_FULL_STOPS = {0x3002: ".", 0xFF61: "."}

#: A text of only these bytes holds no trick: ASCII without controls, ``%`` and ``&``. All others have to be looked at.
PLAIN_BYTES = bytes(byte for byte in (*range(0x09, 0x0E), *range(0x20, 0x7F)) if byte not in b"%&")

#: How many tricks deep: a full-width sign of percent encoding in a character reference is three. No client goes so far.
_ROUNDS = 4

#: Code points have at most seven digits; with more it is none (and `int` of thousands would take its time).
_MOST_DIGITS = 7
#: ``&thorn`` and such, which count without their semicolon.
_LONGEST_UNENDED_NAME = max(len(name) for name in html5 if not name.endswith(";"))

_REFERENCE = rb"&(?:\#(?:[0-9]+|[xX][0-9A-Fa-f]+);?|[A-Za-z][A-Za-z0-9]{1,30};?)"
_PERCENT = (
    rb"%(?:[2-7][0-9A-Fa-f]|[Cc][2-9A-Fa-f]%[89ABab][0-9A-Fa-f]|[Dd][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]"
    rb"|[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}|[Ff][0-4](?:%[89ABab][0-9A-Fa-f]){3})"
)

#: What stands for a trick, and how many of its bytes that covers; None where it is no trick after all.
_Answer = tuple[bytes, int] | None


class _Tricks(NamedTuple):
    """The tricks of one character set."""

    codec: str
    letters: Mapping[bytes, bytes]
    pattern: re.Pattern[bytes]


@cache
def spellings() -> Mapping[int, str]:
    """Code points that are undone, and the ASCII that each stands for, empty where it shows nothing.

    Left out are forms that would put the beginning of a word inside the character, such as U+2100, "a/c": nothing can
    be written before that word.
    """
    spelt = dict.fromkeys(_points(IGNORABLE), "")
    for point in _points(COMPATIBLE):
        plain = unicodedata.normalize("NFKC", chr(point))
        if plain.isascii() and not re.search(r"\s|\W\w", plain):
            spelt.setdefault(point, plain)
    return spelt | _FULL_STOPS


def _points(runs: Iterable[tuple[int, int]]) -> Iterable[int]:
    return (point for first, last in runs for point in range(first, last + 1))


@cache
def _tricks(codec: str) -> _Tricks:
    """The tricks of a character set: UTF-8, or one of one byte a character, by its Python codec."""
    spelt = spellings()
    if is_utf8(codec):
        letters = {chr(point).encode(): plain.encode() for point, plain in spelt.items()}
    else:
        singles = {bytes((byte,)): bytes((byte,)).decode(codec, "replace") for byte in range(256)}
        letters = {byte: spelt[ord(char)].encode() for byte, char in singles.items() if ord(char) in spelt}
    pattern = b"|".join((_any_of(letters), _PERCENT, _REFERENCE))
    return _Tricks(codec, letters, re.compile(pattern))


def is_utf8(codec: str) -> bool:
    """UTF-8, which is also what clients make of bytes outside ASCII in a text that says it is ASCII."""
    return codec.replace("_", "-").lower() in ("utf-8", "utf8", "us-ascii", "ascii")


def _any_of(sequences: Iterable[bytes]) -> bytes:
    """A pattern for any of them, none of which begins another; branches only where they part."""
    rests: dict[int, list[bytes]] = {}
    for sequence in sequences:
        rests.setdefault(sequence[0], []).append(sequence[1:])
    single = b"".join(b"\\x%02x" % byte for byte, tails in rests.items() if tails == [b""])
    branches = [b"[" + single + b"]"] if single else []
    branches += [b"\\x%02x" % byte + _any_of(tails) for byte, tails in rests.items() if tails != [b""]]
    return b"(?:" + b"|".join(branches) + b")"


def undone(traced: Traced, codec: str) -> Traced | None:
    """A text with every trick in it undone; None when there is none."""
    if not traced.data.translate(None, PLAIN_BYTES):
        return None
    tricks, plain = _tricks(codec), None
    for _ in range(_ROUNDS):
        plainer = _rewritten(plain or traced, tricks.pattern, partial(_plain, tricks))
        if plainer is None:
            break
        plain = plainer
    return plain


def decoded(traced: Traced, codec: str, in_links: bool = False) -> Traced:
    """A text with its character references decoded as HTML has it, once.

    In links (the text is one link a line), white space written as a reference is left out: what stands around a URL or
    breaks it is no part of it (the URL Standard, "URL parsing").
    """
    if b"&" not in traced.data:
        return traced
    answer = partial(_decoded_reference, codec, b"\t\n\r " if in_links else b"")
    return _rewritten(traced, _REFERENCES, answer) or traced


_REFERENCES = re.compile(_REFERENCE)


def _rewritten(traced: Traced, pattern: re.Pattern[bytes], answer: Callable[[bytes], _Answer]) -> Traced | None:
    """A text with each match put as its answer says; None when nothing is."""
    tracer, done = None, 0
    for match in pattern.finditer(traced.data):
        found = answer(match[0])
        if found is None:
            continue
        tracer = tracer or Tracer(traced)
        start = match.start()
        tracer.keep(done, start)
        done = start + found[1]
        tracer.put(found[0], start, done)
    if tracer is None:
        return None
    tracer.keep(done, len(traced.data))
    return tracer.traced()


def _plain(tricks: _Tricks, trick: bytes) -> _Answer:
    """What a trick stands for."""
    if trick[0] == ord("%"):
        shown, used = _percent_decoded(trick), len(trick)
    elif trick[0] == ord("&"):
        shown, used = _dereferenced(trick)
    else:
        return tricks.letters[trick], len(trick)
    if shown is None:
        return None
    respelt = "".join(spellings().get(ord(letter), letter) for letter in shown)
    return respelt.encode(tricks.codec, "replace"), used


def _decoded_reference(codec: str, unwanted: bytes, reference: bytes) -> _Answer:
    shown, used = _dereferenced(reference)
    if shown is None:
        return None
    encoded = shown.encode("utf-8" if is_utf8(codec) else codec, "replace")
    return encoded.translate(None, unwanted), used


def _percent_decoded(escape: bytes) -> str | None:
    """One character in percent encoding, if it is a visible one: a space would make words, not spell one."""
    try:
        letter = bytes.fromhex(escape.replace(b"%", b"").decode()).decode()
    except UnicodeDecodeError:  # too long a form, or half of a surrogate pair
        return None
    return letter if "!" <= letter != "\x7f" else None


def _dereferenced(reference: bytes) -> tuple[str | None, int]:
    """What a character reference stands for, and its length, which may be shorter where the semicolon is missing.

    The rules are those of `html.unescape`, which is the HTML Standard's; a reference that is none gives None.
    """
    if reference[1] == ord("#"):
        return _numbered(reference), len(reference)
    name = reference[1:].decode()
    if name in html5:
        return html5[name], len(reference)
    for length in range(min(len(name), _LONGEST_UNENDED_NAME), 1, -1):
        if name[:length] in html5:
            return html5[name[:length]], 1 + length
    return None, 0


def _numbered(reference: bytes) -> str:
    """What a numeric character reference stands for: nothing for most controls, U+FFFD for what is no character."""
    base = b"x" if reference[2] in b"xX" else b""
    digits = reference[2 + len(base) :].rstrip(b";").lstrip(b"0")
    if len(digits) > _MOST_DIGITS:
        return "\ufffd"
    return html.unescape((b"&#" + base + (digits or b"0") + b";").decode())
