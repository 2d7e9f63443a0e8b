"""Bytes that know where they came from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.traces import Traced, Tracer


def traced(data: bytes, *steps: tuple[bytes | None, int, int]) -> Traced:
    """Bytes made of others: what is put for a span, or None where the span is kept."""
    tracer = Tracer(Traced(data))
    for put, start, end in steps:
        if put is None:
            tracer.keep(start, end)
        else:
            tracer.put(put, start, end)
    return tracer.traced()


def test_bytes_as_they_stand_lead_back_to_themselves():
    whole = Traced(b"abc")
    assert whole.source(1, 3) == (1, 3)
    assert whole.source(3, 3) == (3, 3)
    assert Traced(b"").source(0, 0) == (0, 0)


def test_kept_bytes_lead_back_one_by_one_and_put_ones_as_a_whole():
    made = traced(b"0123456789", (None, 1, 3), (b"xyz", 4, 6), (None, 8, 10))
    assert made.data == b"12xyz89"
    assert [made.source(place, place + 1) for place in range(7)] == [
        *((1, 2), (2, 3)), *((4, 6),) * 3, *((8, 9), (9, 10)),
    ]  # fmt: skip
    assert made.source(1, 3) == (2, 6)
    assert made.source(0, 7) == (1, 10)


def test_what_is_left_out_lies_inside_a_span_over_it_and_outside_of_spans_beside_it():
    made = traced(b"ht--tp", (None, 0, 2), (b"", 2, 4), (None, 4, 6))
    assert made.source(0, 4) == (0, 6)
    assert made.source(0, 2) == (0, 2)
    assert made.source(2, 4) == (4, 6)


def test_an_empty_span_leads_to_one_place():
    made = traced(b"0123", (None, 0, 1), (b"x", 2, 4))
    assert [made.source(place, place) for place in range(3)] == [(0, 0), (2, 2), (4, 4)]


def test_the_end_of_nothing_is_its_beginning():
    assert traced(b"abc").source(0, 0) == (0, 0)


pieces = st.lists(
    st.tuples(st.sampled_from([None, b"", b"p", b"put"]), st.integers(0, 3), st.integers(0, 3)), max_size=8
)


def steps(data: bytes, drawn: list[tuple[bytes | None, int, int]]) -> list[tuple[bytes | None, int, int]]:
    """Pieces from left to right: each so far behind the last one, and so long."""
    made, at = [], 0
    for put, gap, size in drawn:
        start = min(at + gap, len(data))
        at = min(start + size, len(data))
        made.append((put, start, at))
    return made


@given(st.binary(min_size=1, max_size=20), pieces, pieces)
def test_a_trace_of_a_trace_leads_all_the_way_back(data, first, second):
    inner = traced(data, *steps(data, first))
    tracer = Tracer(inner)
    expected: list[tuple[int, int]] = []
    for put, start, end in steps(inner.data, second):
        if put is None:
            tracer.keep(start, end)
            expected += [inner.source(place, place + 1) for place in range(start, end)]
        else:
            tracer.put(put, start, end)
            expected += [inner.source(start, end)] * len(put)
    outer = tracer.traced()
    assert [outer.source(place, place + 1) for place in range(len(outer.data))] == expected
    begins = [start for start, _ in expected]
    assert begins == sorted(begins)
