"""The framer: any chunking of a stream gives the same messages, and a stream that is lost stays lost."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import CONTORTED, OK, OPTIONS, message

from sipcore import Framer, FramingError, Limits, ParseError, parse

PING = b"\r\n\r\n"
STREAM = [PING, message(), b"\r\n", OPTIONS, PING, PING, CONTORTED, OK, message(body=b"\r\n\r\n" * 9), b"\r\n"]
MESSAGES = [piece for piece in STREAM if piece.strip()]


def collect(framer: Framer, chunks) -> tuple[list[bytes], int]:
    """The bytes of every message, and the number of pings."""
    found, pings = [], 0
    for chunk in chunks:
        framer.feed(chunk)
        found += [bytes(each) for each in framer]
        pings += framer.take_pings()
    return found, pings


def in_chunks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64, 1000, 100_000])
def test_any_chunk_size_gives_the_same_messages_and_pings(size):
    framer = Framer()
    assert collect(framer, in_chunks(b"".join(STREAM), size)) == (MESSAGES, 3)
    assert framer.offset + framer.pending == len(b"".join(STREAM))


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=40), st.lists(st.sampled_from(STREAM), max_size=12))
def test_any_chunking_of_any_sequence_gives_the_same_messages(sizes, pieces):
    data, chunks, at = b"".join(pieces), [], 0
    while at < len(data):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(data[at : at + size])
        at += size
    assert collect(Framer(), chunks) == collect(Framer(), [data])
    assert collect(Framer(), [data])[0] == [piece for piece in pieces if piece.strip()]


def test_reading_into_the_room_is_the_same_as_feeding():
    framer, data, found = Framer(), b"".join(STREAM) * 50, []
    while data:
        room = framer.get_buffer(-1)
        size = min(len(room), len(data), 1500)
        room[:size] = data[:size]
        framer.buffer_updated(size)
        data = data[size:]
        found += [bytes(each) for each in framer]
    assert found == MESSAGES * 50


def test_the_room_has_bounds():
    framer = Framer()
    room = framer.get_buffer(10)
    assert len(room) >= 10
    with pytest.raises(ValueError, match="do not fit"):
        framer.buffer_updated(len(room) + 1)
    with pytest.raises(ValueError, match="do not fit"):
        framer.buffer_updated(-1)


def test_kept_messages_stay_as_they_were_while_the_framer_goes_on():
    framer, kept = Framer(), []
    for number in range(2000):
        framer.feed(message(call_id=f"kept-{number}"))
        kept += list(framer)
    assert [each.call_id for each in kept] == [f"kept-{number}" for number in range(2000)]


def test_a_message_that_is_kept_is_not_overwritten_by_what_is_read_into_the_room():
    framer, kept = Framer(), []
    for number in range(300):
        data = message(call_id=f"kept-{number}")
        with framer.get_buffer() as room:
            room[: len(data)] = data
        framer.buffer_updated(len(data))
        got = framer.next_message()
        assert got.call_id == f"kept-{number}"
        if number % 3 == 0:
            kept.append((number, got))
        del got
    assert [each.call_id for _, each in kept] == [f"kept-{number}" for number, _ in kept]


def test_a_view_of_a_message_keeps_its_bytes_too():
    framer = Framer()
    framer.feed(message(body=b"the first body"))
    view = memoryview(framer.next_message())
    framer.feed(message(body=b"another body!!"))
    assert framer.next_message() is not None
    assert bytes(view).endswith(b"the first body")


def test_a_room_that_somebody_holds_is_not_written_by_another_read():
    framer = Framer()
    room = framer.get_buffer()
    room[:4] = b"\r\n\r\n"
    framer.buffer_updated(4)
    assert (framer.next_message(), framer.take_pings()) == (None, 1)
    framer.feed(message())
    assert bytes(room[:4]) == b"\r\n\r\n"
    assert bytes(framer.next_message()) == message()


@pytest.mark.parametrize("sizes", [(1, 1), (7, 300), (300, 100_000)])
def test_framers_that_take_turns_do_not_mix_what_they_read(sizes):
    framers = [Framer() for _ in sizes]
    streams = [b"".join(message(call_id=f"{who}-{number}") + b"\r\n" * (number % 3) for number in range(30))
               for who in range(len(sizes))]  # fmt: skip
    chunks = [list(in_chunks(stream, size)) for stream, size in zip(streams, sizes, strict=True)]
    got = [[] for _ in sizes]
    for turn in range(max(map(len, chunks))):
        for framer, theirs, mine in zip(framers, chunks, got, strict=True):
            for chunk in theirs[turn : turn + 1]:
                framer.feed(chunk)
                mine.extend(framer if turn % 2 else [each.detach() for each in framer])
    assert [[each.call_id for each in mine] for mine in got] == [
        [f"{who}-{number}" for number in range(30)] for who in range(len(sizes))
    ]
    assert [framer.offset + framer.pending for framer in framers] == list(map(len, streams))


def test_a_framer_that_has_consumed_everything_takes_nothing_that_it_gave_no_room_for():
    framer = Framer()
    for _ in range(2):
        with pytest.raises(ValueError, match="do not fit"):
            framer.buffer_updated(1)
        framer.feed(message())
        assert len(list(framer)) == 1


def test_what_a_message_holds_outlives_its_framer_and_the_reads_of_others():
    framer, other = Framer(), Framer()
    framer.feed(message(call_id="kept"))
    kept = framer.next_message()
    assert framer.next_message() is None
    del framer
    other.feed(message(call_id="other") * 50)
    assert len(list(other)) == 50
    assert kept.call_id == "kept"


def test_a_room_of_one_framer_is_never_that_of_another():
    first, second = Framer(), Framer()
    data = message(call_id="first")
    room = first.get_buffer()
    room[: len(data)] = data
    first.buffer_updated(len(data))
    assert len(list(first)) == 1
    second.feed(message(call_id="second"))
    room[: len(data)] = bytes(len(data))
    assert second.next_message().call_id == "second"


def test_framers_that_take_turns_read_into_the_same_memory():
    places = set()
    for framer in [Framer() for _ in range(100)]:
        places.add(ctypes.addressof(ctypes.c_char.from_buffer(framer.get_buffer())))
        framer.feed(message())
        assert len(list(framer)) == 1
    assert len(places) == 1


def test_memory_is_free_for_the_next_with_the_last_message_though_nobody_asked_for_more():
    first, second = Framer(), Framer()
    place = ctypes.addressof(ctypes.c_char.from_buffer(first.get_buffer()))
    first.feed(message())
    assert first.next_message() is not None
    assert first.pending == 0
    assert ctypes.addressof(ctypes.c_char.from_buffer(second.get_buffer())) == place


def test_a_kept_last_message_is_not_written_over_by_the_next_framer():
    first, second = Framer(), Framer()
    first.feed(message(body=b"first"))
    kept = first.next_message()
    second.feed(message(body=b"other"))
    assert second.next_message() is not None
    assert bytes(kept.body) == b"first"


def test_a_body_larger_than_any_block_arrives_whole():
    data = message(body=bytes(range(256)) * 3000)
    assert collect(Framer(), in_chunks(data, 4096))[0] == [data]


def test_one_ping_is_two_newlines_and_half_a_ping_is_none():
    framer = Framer()
    framer.feed(b"\r\n")
    assert (framer.next_message(), framer.take_pings()) == (None, 0)
    framer.feed(b"\r\n")
    assert (framer.next_message(), framer.take_pings(), framer.take_pings()) == (None, 1, 0)


def test_the_answer_to_a_ping_is_one_newline_wherever_it_stands():
    framer = Framer()
    framer.feed(b"\r\n" + message() + b"\r\n" + message() + b"\r\n")
    assert (len(list(framer)), framer.take_pongs(), framer.take_pongs()) == (2, 3, 0)
    assert (framer.pending, framer.take_pings()) == (0, 0)
    framer.feed(b"\r")
    assert (framer.next_message(), framer.take_pongs(), framer.pending) == (None, 0, 1)


def test_two_answers_in_a_row_are_no_ping_for_who_takes_each():
    framer = Framer()
    for _ in range(2):
        framer.feed(b"\r\n")
        assert (framer.next_message(), framer.take_pongs()) == (None, 1)
    assert framer.take_pings() == 0


def test_newlines_between_messages_are_no_part_of_one():
    framer = Framer()
    assert not framer.in_message
    for data, inside in ((b"\r", False), (b"\n\r", False), (b"\nM", True), (message()[1:], False)):
        framer.feed(data)
        list(framer)
        assert framer.in_message is inside


def test_pending_bytes_are_counted():
    framer = Framer()
    framer.feed(message()[:50])
    assert (framer.next_message(), framer.pending, framer.offset) == (None, 50, 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", "http-request"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "http-request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http-request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", "tls-hello"),
        (b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12), "stun-message"),
        (message().replace(b"Content-Length: 14\r\n", b""), "missing-content-length"),
        (message().replace(b"Content-Length: 14", b"Content-Length: x"), "bad-content-length"),
        (message().replace(b"\r\n", b"\n"), "bare-lf"),
        (b"x" * 70_000, "start-line-too-long"),
        (b"\xde\xad\xbe\xef\r\n", "bad-start-line"),
        # What could be named only when it comes in one piece is not named at all.
        (b"\x10 HTTP/1.1\r\n", "control-byte"),
        (b"REGISTER si\x01 HTTP/2.0.org SIP/2.0\r\n", "control-byte"),
        (b"ABCD\x21\x12\xa4\x42\r\n", "control-byte"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_lost_stream_is_named_and_stays_lost(data, code, size):
    framer = Framer()
    framer.feed(message())
    assert bytes(framer.next_message()) == message(), "what came before is delivered"
    with pytest.raises(ParseError) as caught:
        for chunk in in_chunks(data, size):
            framer.feed(chunk)
            assert framer.next_message() is None
    assert caught.value.code == code
    assert caught.value.offset >= len(message()), "the place counts from the start of the stream"
    framer.feed(message())
    with pytest.raises(type(caught.value), match=code):
        framer.next_message()


UNSAID = message(body=b"").replace(b"Content-Length: 0\r\n", b"")


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_without_content_length_there_is_no_body_when_the_limits_say_so(size):
    framer = Framer(Limits(dangerous_missing_length=True))
    assert collect(framer, in_chunks(UNSAID + message() + PING + UNSAID, size)) == ([UNSAID, message(), UNSAID], 1)


def test_the_danger_of_a_length_that_is_not_said_is_that_a_body_is_read_as_a_message():
    framer = Framer(Limits(dangerous_missing_length=True))
    framer.feed(UNSAID + OPTIONS)
    assert [each.method for each in framer] == ["MESSAGE", "OPTIONS"]


def test_no_leniency_lets_a_stream_have_bare_line_feeds():
    framer = Framer(Limits(dangerous_bare_lf=True, dangerous_missing_length=True))
    framer.feed(message().replace(b"\r\n", b"\n"))
    with pytest.raises(FramingError, match="bare-lf"):
        framer.next_message()


def test_limits_hold_while_a_message_is_still_incomplete():
    framer = Framer(Limits(head=1000, header=500))
    with pytest.raises(FramingError, match="head-too-large"):
        for chunk in [b"OPTIONS sip:a SIP/2.0\r\n"] + [b"X: 1234567890\r\n"] * 100:
            framer.feed(chunk)
            framer.next_message()
    assert framer.pending < 2100, "the limit acts when it is passed, or at the latest when the head has doubled"
    framer = Framer(Limits(body=100))
    framer.feed(message(body=b"x" * 101)[:-101])
    with pytest.raises(FramingError, match="body-too-large"):
        framer.next_message()


@given(st.binary(max_size=200), st.integers(1, 50))
def test_garbage_ends_the_same_way_in_any_chunking(data, size):
    def outcome(chunks):
        framer = Framer()
        found = []
        try:
            for chunk in chunks:
                framer.feed(chunk)
                for each in framer:
                    found.append(bytes(each))
        except ParseError:
            pass
        return found

    stream = message() + data + message()
    assert outcome(in_chunks(stream, size)) == outcome([stream])


def test_framed_and_parsed_messages_are_equal():
    framer = Framer()
    framer.feed(CONTORTED)
    framed = framer.next_message()
    assert framed == parse(CONTORTED)
    assert framed.detach() == framed
    assert list(framed) == list(parse(CONTORTED))


def test_asking_a_lost_stream_again_and_again_leaves_nothing_behind():
    framer, depths = Framer(), []
    framer.feed(b"GET / HTTP/1.1\r\n\r\n")
    for _ in range(3):
        with pytest.raises(FramingError) as caught:
            framer.next_message()
        depths.append(len(caught.traceback))
    assert depths[1] == depths[2], "the fault does not carry the traceback of earlier calls"
