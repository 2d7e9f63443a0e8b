"""Edits, against the same edits on a plain list of headers (tests/oracle/header_list.py).

Contract: after any sequence of edits the bytes parse to what the list says, request URI and body included; reads see
every write; what the list refuses is refused and changes nothing; gathered and joined output are the same bytes.

Allowed: `ParseError` from the first `parse`; `EditError` from an edit that the list refuses too.
"""

from __future__ import annotations

import random
from typing import Any

from oracle.header_list import HeaderList, RefusedError
from pieces import exact, join, split
from seeds import MESSAGES

from sipcore import Edit, EditError, Limits, Message, ParseError, parse

#: Edits may take a message past the default limits, but it stays a message.
WIDE = Limits(head=1 << 20, headers=2000, header=60_000, start_line=60_000, via=2000)
NAMES = ["Via", "v", "X-List", "x-list", "Route", "s", "Max-Forwards", "Content-Length", "L", "Content-Type", "a b", ""]
TEXTS = ["", "7", "b, c", '"q,q"', "<d,e>", "a\r\nX: 1", '"\\\x07"', "\t pad ", '"open', "\udcff", "SIP/2.0/UDP e;x=,"]
ARGUMENTS = {"n": NAMES, "t": TEXTS, "i": [*range(-1, 5)], "b": [b"", b"hello", b"\r\n\r\n"]}
#: What each edit takes, a letter of `ARGUMENTS` for each argument.
EDITS = [
    *[("set", "nt"), ("add", "nt"), ("insert", "nt"), ("remove", "n"), ("remove_value", "ni")],
    *[("replace_value", "nit"), ("push_via", "t"), ("pop_via", ""), ("pop_route", ""), ("decrement_max_forwards", "")],
    *[("push_route", "t"), ("push_record_route", "t"), ("pop_record_route", "")],
    *[("set_method", "n"), ("set_uri", "t"), ("declare_length", ""), ("set_body", "b"), ("set_body", "bt")],
]
SEEDS = [join(each, *random.Random(seed).randbytes(40)) for seed in range(5) for each in MESSAGES]


def start_line(message: Message) -> str:
    """As it stands in the message."""
    return bytes(message).split(b"\r\n", 1)[0].decode("utf-8", "surrogateescape")


def carried_out(owner: Edit | HeaderList, kind: str, arguments: list[Any]) -> bool:
    """Whether the edit was done; else it was refused."""
    try:
        getattr(owner, kind)(*arguments)
    except (EditError, RefusedError):
        return False
    return True


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    try:
        message = parse(exact(content))
    except ParseError:
        return
    edit, model = message.edit(), HeaderList(list(message), start_line(message), bytes(message.body))
    for decision in decisions:
        kind, letters = EDITS[decision % len(EDITS)]
        arguments = [ARGUMENTS[letter][next(decisions, 0) % len(ARGUMENTS[letter])] for letter in letters]
        before, done = bytes(edit), carried_out(model, kind, arguments)
        assert carried_out(edit, kind, arguments) == done
        assert done or bytes(edit) == before
        assert b"".join(edit.parts()) == bytes(edit)
        again = parse(exact(bytes(edit)), WIDE)
        assert list(again) == model.fields
        assert again.body == model.body
        assert start_line(again) == model.start_line
        for name in ("Via", "X-List", *arguments[: done and letters.startswith("n")]):
            assert edit.get_all(name) == model.get_all(name)
