"""The kinds of malformed input that have brought SIP software down: each has vectors, or a test elsewhere by name."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from every_value import read_every_value
from guard import flush_against_guard_page
from malformed_messages import CLASSES, SOUND
from messages import INVITE, OK, OPTIONS, message

from sipcore import Framer, FramingError, ImFilter, Limits, Message, ParseError, parse, respond, validate
from sipcore.validate import Role

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "protocol.md"

#: What holds a class besides its vectors, by file and test; a reason where there is nothing that could go wrong.
ELSEWHERE: dict[str, dict[str, list[str]] | str] = {
    "D1": {
        "test_parser.py": ["test_what_leaves_the_end_open_is_a_framing_error"],
        "test_framer.py": ["test_a_lost_stream_is_named_and_stays_lost"],
    },
    "D2": {
        "test_malformed.py": ["test_bytes_behind_a_body_are_the_next_message_or_the_end_of_the_stream"],
        "test_framer.py": ["test_a_lost_stream_is_named_and_stays_lost"],
    },
    "D3": {
        "test_framer.py": [
            "test_any_chunk_size_gives_the_same_messages_and_pings",
            "test_one_ping_is_two_newlines_and_half_a_ping_is_none",
        ]
    },
    "D4": {
        "test_framer.py": ["test_limits_hold_while_a_message_is_still_incomplete"],
        "test_relay_links.py": ["test_a_message_has_so_long_from_its_first_byte_however_its_bytes_drip"],
        "test_relay.py": ["test_a_connection_too_many_is_closed_at_once"],
    },
    "D5": "no WebSocket is spoken here",
    "D6": {"test_build.py": ["test_a_request_with_nothing_at_all_is_answered"]},
    "D13": {"test_imfilter_content.py": ["test_what_a_client_might_show_is_refused_unread_in_a_message"]},
    "D14": {"test_parser.py": ["test_many_headers_spill_and_stay_right"]},
    "D15": {
        "test_edit.py": ["test_any_sequence_of_edits_equals_the_same_edits_on_a_plain_list"],
        "test_malformed.py": ["test_what_is_written_may_be_much_longer_than_what_was_read"],
    },
    "D16": {"test_edit.py": ["test_remove_takes_every_field_of_the_name_however_it_is_spelt"]},
    "D17": {
        "test_edit.py": ["test_what_would_end_the_field_is_refused"],
        "test_build.py": ["test_parts_that_would_break_the_message_are_refused"],
    },
    "D18": {"test_routing.py": ["test_a_partner_speaks_for_its_own_domain_only", "test_nobody_outside_speaks_for_us"]},
    "D19": "bodies of session descriptions are not read",
    "D21": "no XML is read",
    "D24": {"test_framer.py": ["test_a_lost_stream_is_named_and_stays_lost"]},
    "D27": {
        "test_linear.py": ["test_twice_the_attack_is_twice_the_work", "test_the_default_limits_stop_an_attack_early"],
        "test_relay.py": ["test_a_flood_of_refusals_does_not_flood_the_log"],
    },
    "D28": "no name is resolved here",
    "D29": {"test_torture.py": ["test_every_message_gets_what_its_section_asks"]},
}

VECTORS = [
    pytest.param(data, outcome, id=f"{name}-{number}")
    for name, vectors in CLASSES.items()
    for number, (data, outcome) in enumerate(vectors)
]
every_vector = pytest.mark.parametrize(("data", "outcome"), VECTORS)


def outcome_of(data: bytes) -> str:
    """What becomes of a datagram at a user agent."""
    try:
        found = parse(data)
    except ParseError as error:
        return error.code
    refusal = validate(found, Role.USER_AGENT)
    return SOUND if refusal is None else f"{refusal.status} {refusal.header}"


@every_vector
def test_it_ends_as_it_should(data, outcome):
    assert outcome_of(data) == outcome


@every_vector
def test_whatever_it_is_it_can_be_read_answered_judged_and_written_again(data, outcome):
    with flush_against_guard_page(data) as view:
        try:
            found = parse(view)
        except ParseError as error:
            assert 0 <= error.offset <= len(data)
            return
        read_every_value(found)
        ImFilter().check(found)
        assert validate(found) is None or found.head_size
        assert bytes(found.edit()) == bytes(found)
        if found.is_request:
            assert parse(respond(found, 400, to_tag="ours")).status == 400


@every_vector
def test_in_any_chunks_it_is_the_same_on_a_stream(data, outcome):
    stream = OPTIONS + data
    whole = framed([stream])
    assert whole[0][0] == OPTIONS, "what came before it is delivered"
    for size in (1, 3, 64):
        assert framed([stream[at : at + size] for at in range(0, len(stream), size)]) == whole


def framed(chunks: list[bytes]) -> tuple[list[bytes], str]:
    """The messages of a stream, and how it ended."""
    framer, found = Framer(), []
    try:
        for chunk in chunks:
            framer.feed(chunk)
            for one in framer:
                found.append(bytes(one))
    except ParseError as error:
        return found, f"{error}"
    return found, ""


def test_bytes_behind_a_body_are_the_next_message_or_the_end_of_the_stream():
    grafted = message(body=b"hi") + INVITE
    assert framed([grafted + OK]) == ([message(body=b"hi"), INVITE, OK], "")
    found, end = framed([message(body=b"hi") + b"left over\r\n" + OPTIONS])
    assert (found, end.split()[0]) == ([message(body=b"hi")], "bad-start-line"), "nobody looks for the next good byte"


def test_a_stream_never_goes_on_behind_a_fault():
    framer = Framer()
    framer.feed(message().replace(b"Content-Length: 14\r\n", b"") + OPTIONS)
    for _ in range(3):
        with pytest.raises(FramingError, match="missing-content-length"):
            framer.next_message()


def test_what_is_written_may_be_much_longer_than_what_was_read():
    found = parse(OPTIONS)
    edit = found.edit()
    for number in range(300):
        edit.add(f"X-{number}", "v" * 500).push_via(f"SIP/2.0/UDP h{number}.example;branch=z9hG4bK{number}")
    written: Message = parse(bytes(edit), Limits(head=1 << 20, headers=1000, via=1000))
    assert (len(written.vias), len(written)) == (301, len(found) + 600)
    assert b"".join(edit.parts()) == bytes(edit)


# -- nothing is left out


def test_every_class_has_vectors_or_a_test_or_a_reason():
    assert {f"D{number}" for number in range(1, 30)} == set(CLASSES) | set(ELSEWHERE)


def test_the_tests_that_are_named_are_there():
    for named in ELSEWHERE.values():
        for file, tests in named.items() if isinstance(named, dict) else ():
            text = (TESTS / file).read_text()
            assert [test for test in tests if not re.search(rf"^def {test}\(", text, re.MULTILINE)] == [], file


def test_the_document_has_every_class_in_its_order():
    section = DOCUMENT.read_text().split("## Malformed input")[1]
    numbers = [int(number) for number in re.findall(r"^\| D(\d+) \|", section, re.MULTILINE)]
    assert numbers == list(range(1, 30))
    assert all(before < after for before, after in pairwise(numbers))
