"""A message with everything that can be asked of it.

Contract: what parses can be read whole. Every span lies inside the message, texts and views agree, a copy of its bytes
is the same message, no edit changes nothing, `validate` finds a refusal or none, and every request can be answered.

Allowed: `ParseError` from `parse`; `HeaderError` from typed access; each with an offset inside the input.
"""

from __future__ import annotations

import pickle

from every_value import read_every_value
from pieces import exact
from seeds import MALFORMED, MESSAGES

from sipcore import ParseError, parse, respond, validate

SEEDS = MESSAGES + MALFORMED


def one_input(data: bytes) -> None:
    """One run of the target."""
    try:
        message = parse(exact(data))
    except ParseError as error:
        assert 0 <= error.offset <= len(data)
        return
    read_every_value(message)
    whole = bytes(message)
    assert data.lstrip(b"\r\n").startswith(whole) or whole in data
    for copy in (parse(exact(whole)), message.detach(), pickle.loads(pickle.dumps(message))):
        assert copy == message
        assert list(copy) == list(message)
    assert bytes(message.edit()) == whole
    validate(message)
    if message.is_request:
        assert parse(respond(message, 400, to_tag="t")).status == 400
