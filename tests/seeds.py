"""Messages of every kind that the tests have, and broken ones made of them: where fuzzing and the leak test start."""

from __future__ import annotations

import random

from instant_messages import file_offer, first_message, im, invitation, request
from malformed_messages import CLASSES
from messages import CONTORTED, INVITE, OK, OPTIONS, message

MESSAGES = [
    OPTIONS,
    message(),
    INVITE,
    OK,
    CONTORTED,
    bytes(im("see http://www.contoso.example/a, or _http://not.example")),
    bytes(im("http://a.example".encode("utf-16-le"), "utf-16le")),
    bytes(invitation(first_message("mailto:alice@fabrikam.example"), first_message("hello", padded=False))),
    bytes(request(file_offer(), "text/x-msmsgsinvite; charset=UTF-8")),
]

#: What has brought others down.
MALFORMED = [data for vectors in CLASSES.values() for data, _ in vectors]

#: Bytes that mean something somewhere in a message.
_TELLING = b'\r\n \t:;,<>"\\=@[]?%*/0\x00\x7f\xff'


def broken(count: int, seed: int = 1) -> list[bytes]:
    """So many messages cut short or with some bytes replaced; the same ones for the same seed."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        data = bytearray(dice.choice(MESSAGES))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.choice(_TELLING)
        found.append(bytes(data[: dice.randrange(1, len(data))] if dice.random() < 0.3 else data))
    return found
