"""Nothing stays behind when messages have gone, valid or broken. The long form is `make nightly`."""

from __future__ import annotations

import ctypes

from leaks import growth, inputs, use, weigh

from sipcore import parse

RUNS = 20_000


def test_20000_messages_leave_nothing_behind():
    grown = growth(use, inputs(), RUNS)
    assert not grown.leaks, str(grown)


def test_a_message_that_is_kept_would_be_seen():
    kept = []
    assert growth(lambda data: kept.append(data[:1] + data), [b"ab"], 1_000).leaks


def test_a_few_bytes_of_c_that_are_kept_would_be_seen():
    malloc = ctypes.CDLL(None).malloc
    assert growth(lambda _: malloc(16), [b""], RUNS).heap >= 16 * RUNS


def test_half_of_the_inputs_parse_and_of_the_others_some_do_not():
    refused = 0
    for data in inputs():
        try:
            parse(data)
        except Exception:
            refused += 1
    assert len(inputs()) // 20 < refused < len(inputs()) // 2


def test_weighing_itself_weighs_nothing():
    weigh()
    first, second = weigh(), weigh()
    assert (second - first).blocks < 10
