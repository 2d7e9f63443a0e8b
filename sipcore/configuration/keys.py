"""The key file: one or two lines of hex, the current key and the one before it.

The previous key lets responses to requests that were forwarded before a change of keys still be recognised.
"""

from __future__ import annotations

from pathlib import Path

from sipcore.edge.hashes import Keys
from sipcore.errors import Problem
from sipcore.settings.decoding import Decoder

__all__ = ["parse_keys", "read_keys"]

_SHORTEST, _LONGEST = 16, 64
_HOW_TO = "make one with: openssl rand -hex 32"


def read_keys(decoder: Decoder, name: str, folder: Path) -> Keys | None:
    """The keys in the file that ``edge.key_file`` names, relative to ``folder``; None with faults, then noted."""
    path = folder / name
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        decoder.complain(("edge", "key_file"), f"{path} cannot be read ({error.strerror}); {_HOW_TO}")
        return None
    keys, problems = parse_keys(text, str(path))
    decoder.problems.extend(problems)
    return keys


def parse_keys(text: str, file: str) -> tuple[Keys | None, list[Problem]]:
    """The keys in a file's text, and every fault of it; None when there is any."""
    keys: list[bytes] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if word := line.strip():
            try:
                keys.append(_parse_key(word))
            except ValueError as error:
                problems.append(Problem(f"{file}:{number}", "edge.key_file", str(error)))
    if not problems and len(keys) not in (1, 2):
        problems.append(Problem(file, "edge.key_file", f"one key or two are expected, not {len(keys)}; {_HOW_TO}"))
    return (None if problems else Keys(keys[0], keys[1] if len(keys) > 1 else None)), problems


def _parse_key(word: str) -> bytes:
    try:
        key = bytes.fromhex(word)
    except ValueError:
        raise ValueError(f"not hexadecimal; {_HOW_TO}") from None  # never quote it: it may be a key after all
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a key has {_SHORTEST} to {_LONGEST} bytes, this one has {len(key)}; {_HOW_TO}")
    return key
