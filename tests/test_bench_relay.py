"""The relay benchmark counts exactly, catches who does not do what is claimed of it, and leaves nothing behind."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import product
from pathlib import Path

import pytest

from sipcore import ImFilter, parse, validate
from sipcore_bench.build import program
from sipcore_bench.contestant import Absent, Unavailable
from sipcore_bench.relay import measure, processes
from sipcore_bench.relay.checking import check_counts
from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.load import Load, generator, loading
from sipcore_bench.relay.measure import run
from sipcore_bench.relay.memory import weigh
from sipcore_bench.relay.mixes import BENOTIFIES, KINDS, MARKER, MESSAGES, MIXED, MIXES, numbered, templates
from sipcore_bench.relay.places import TRANSPORTS, Places, Transport, find_places
from sipcore_bench.relay.processes import BrokenRelay, resident, running, used
from sipcore_bench.relay.relays import relays
from sipcore_bench.relay.standing import Effort, standing, window_for

STRICT = ("-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion")
#: As little as can be counted.
TINY = Effort(rounds=1, warm=0.02, closed=0.05, paced=0.05, per_second=200)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the relay benchmark needs Linux")


@pytest.fixture(scope="module", autouse=True)
def _compiler() -> None:
    try:
        generator()
    except Unavailable as missing:
        pytest.skip(f"the generator cannot be built: {missing.reason}")


def relay_named(name: str, transport: Transport) -> Relay:
    """One of the relays under test; the test is skipped with the reason when it is not here."""
    for entry in relays(transport):
        if name in entry.name:
            if isinstance(entry, Absent):
                pytest.skip(f"{entry.name}: {entry.reason}")
            return entry
    raise AssertionError(f"nobody is called {name}")


@contextmanager
def datagram_relay(copies: Callable[[int], int]) -> Iterator[Places]:
    """A relay of datagrams in a thread, which passes on as many copies of each as it is told."""
    places = find_places("udp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(places.relay)
        bound.settimeout(20)

        def serve() -> None:
            number = 0
            while data := bound.recv(65_535):
                for _ in range(copies(number)):
                    bound.sendto(data, places.sink)
                number += 1

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield places
        finally:
            bound.sendto(b"", places.relay)
            thread.join(20)


def messages_for(places: Places, folder: Path) -> AbstractContextManager[Load]:
    """A generator of MESSAGE with one stream."""
    return loading(places, templates(places, []), 1, None, folder)


# -- what is sent


def test_what_is_sent_is_valid_and_the_filter_refuses_what_has_a_link():
    for kind, made in zip(KINDS, templates(find_places("udp"), ["<sip:127.0.0.1:5060;lr>"]), strict=True):
        message = parse(numbered(made, 7))
        assert validate(message) is None
        assert message.method == kind.method
        assert ImFilter().check(message).passed is not kind.is_refused


def test_no_two_messages_share_call_id_branch_tag_or_user():
    made = templates(find_places("tcp"), [])[0]
    for first, second in zip(*(re.split(rb"[\r\n;@]+", numbered(made, number)) for number in (1, 2)), strict=True):
        has_number = re.search(rb"branch=|tag=|Call-ID:|sip:(?:alice|bob)", first)
        assert (first != second) == bool(has_number)


def test_the_last_mix_is_seventy_twenty_ten():
    shares = {kind.name: MIXED.order.count(str(place)) for place, kind in enumerate(KINDS)}
    assert shares == {"BENOTIFY": 7, "MESSAGE": 2, "MESSAGE with a link": 1}
    assert [KINDS[int(mix.order)].method for mix in (MESSAGES, BENOTIFIES)] == ["MESSAGE", "BENOTIFY"]


# -- the generator


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_the_generator_compiles_without_a_warning(transport):
    try:
        generator(transport)
    except Unavailable as missing:
        pytest.skip(f"the generator cannot be built: {missing.reason}")
    assert generator(transport, STRICT).exists()


def test_a_latency_is_put_into_a_bucket_whose_middle_is_within_two_per_cent(tmp_path):
    """It is measured by a program of its own around the header, in C as it is used."""
    source = tmp_path / "buckets.c"
    source.write_text(
        f'#include "{Path(measure.__file__).with_name("histogram.h")}"\n#include <stdio.h>\n'
        "int main(void) {\n"
        "    for (uint64_t ns = 1; ns < 1ULL << 50; ns += ns / 7 + 1)\n"
        '        printf("%llu %.1f\\n", (unsigned long long)ns, middle_of(bucket_of(ns)));\n'
        "    uint64_t counts[BUCKETS] = {[10] = 98, [20] = 1, [30] = 1};\n"
        '    printf("10 %.1f\\n20 %.1f\\n30 %.1f\\n", percentile(counts, 100, 0.5), percentile(counts, 100, 0.98),\n'
        "           percentile(counts, 100, 0.99));\n"
        "    return 0;\n}\n"
    )
    built = program("buckets", [source], STRICT)
    lines = subprocess.run([built], capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()
    assert len(lines) > 200
    for line in lines:
        latency, found = map(float, line.split())
        assert found == pytest.approx(latency, rel=0.02)


def test_what_a_relay_drops_is_counted_as_lost_and_does_not_hold_up_the_rest(tmp_path):
    with datagram_relay(copies=lambda number: number % 10 != 9) as places, messages_for(places, tmp_path) as load:
        counts = load.closed("0", window=8, seconds=30, messages=200)
    assert (counts.sent, counts.arrived, counts.lost) == ((200, 0, 0), (180, 0, 0), 20)


def test_what_a_relay_doubles_is_counted_once_and_noticed(tmp_path):
    with datagram_relay(copies=lambda number: 1 + (number % 10 == 9)) as places, messages_for(places, tmp_path) as load:
        counts = load.closed("0", window=8, seconds=30, messages=195)
    assert (counts.arrived, counts.duplicates, counts.lost) == ((195, 0, 0), 19, 0)


def test_a_paced_phase_sends_as_many_messages_as_rate_and_time_say():
    with standing(relay_named("uvloop", "udp"), "udp") as found:
        counts = found.load.paced("0", per_second=500, seconds=0.4)
    assert (counts.sent, counts.arrived) == ((200, 0, 0), (200, 0, 0))
    assert 0 < counts.p50_ns <= counts.p99_ns


def test_a_relay_that_closes_the_connection_ends_the_generator_with_a_reason(tmp_path):
    places = find_places("tcp")
    with socket.create_server(places.relay) as listener, messages_for(places, tmp_path) as load:
        listener.accept()[0].close()
        with pytest.raises(BrokenRelay, match="closed a connection"):
            load.closed("0", window=1, seconds=10, messages=10)


def test_a_generator_without_a_relay_says_that_it_cannot_connect(tmp_path):
    with (
        pytest.raises(BrokenRelay, match="cannot connect to the relay"),
        messages_for(find_places("tcp"), tmp_path),
    ):
        pass


# -- through relays


@pytest.mark.parametrize(
    ("name", "transport"),
    [*product(["no relay", "uvloop"], TRANSPORTS), *product(["C forwarder"], ["udp", "tcp"])],
)
def test_what_does_not_look_lets_every_message_through_unchanged(name, transport):
    with standing(relay_named(name, transport), transport) as found:
        counts = found.load.closed(MIXED.order, window=32, seconds=30, messages=400)
    assert counts.arrived == counts.sent
    assert sum(counts.sent) == 400
    assert (counts.refused, counts.otherwise, counts.lost) == ((0, 0, 0), 0, 0)


@pytest.mark.parametrize(
    ("name", "transport"),
    [*product(["kamailio", "sipcore relay"], TRANSPORTS), *product(["C relay"], ["udp", "tcp"])],
)
def test_a_filtering_relay_lets_through_what_it_should_and_refuses_every_link(name, transport):
    with standing(relay_named(name, transport), transport) as found:
        counts = found.load.closed(MIXED.order, window=32, seconds=30, messages=400)
    messages, notifications, links = counts.sent
    assert (counts.arrived, counts.refused) == ((messages, notifications, 0), (0, 0, links))
    assert (counts.otherwise, counts.duplicates, counts.strange, counts.lost) == (0, 0, 0, 0)


def test_the_edge_without_its_filter_lets_links_through():
    with standing(relay_named("filter off", "tcp"), "tcp") as found:
        counts = found.load.closed(MIXED.order, window=32, seconds=30, messages=400)
    assert counts.arrived == counts.sent


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_turn_measures_processor_time_and_latency(transport):
    with standing(relay_named("sipcore relay", transport), transport) as found:
        for mix in MIXES:
            turn = found.turn(mix, TINY)
            assert turn.used.ns > 0
            assert turn.fast.done > 0
            assert turn.paced.done == TINY.per_second * TINY.paced


def test_a_relay_that_does_not_filter_is_not_measured_as_one_that_does():
    idle = relay_named("uvloop", "udp")
    liar = Relay("liar", "nothing", idle.command, filters=True)
    with pytest.raises(BrokenRelay, match="MESSAGE with a link: not refused"), standing(liar, "udp"):
        pass


def test_a_link_that_slips_through_while_it_is_timed_is_a_fault():
    idle = relay_named("uvloop", "udp")
    with standing(idle, "udp") as found:
        counts = found.load.closed("2", window=8, seconds=30, messages=10)
    check_counts(idle, counts)
    with pytest.raises(BrokenRelay, match="10 of 10 filtered wrongly"):
        check_counts(Relay("liar", "nothing", None, filters=True), counts)


def test_memory_is_weighed_before_and_after_and_at_its_most():
    with standing(relay_named("sipcore relay", "tcp"), "tcp") as found:
        weight = weigh(found, messages=300, seconds=30)
    assert (weight.messages, weight.wanted, weight.lost) == (300, 300, 0)
    assert 1 << 20 < weight.before <= weight.most
    assert weight.after <= weight.most


# -- all of it


def test_a_run_gives_one_row_a_relay_and_tells_who_is_left_out_and_why(monkeypatch):
    broken = Relay("broken", "nothing", lambda *_: ["sh", "-c", "echo I cannot; exit 3"])
    present = [Relay("no relay", "nothing", None), broken, Absent("missing", "it is not installed")]
    monkeypatch.setattr(measure, "relays", lambda _: iter(present))
    said: list[str] = []
    absent: list[Absent] = []
    results = run(MIXES[:2], TINY, said.append, absent.append, ("udp",)).results
    assert [(result.mix, result.relay) for result in results] == [(mix.name, "no relay") for mix in MIXES[:2]]
    reasons = {"missing, udp": "it is not installed", "broken, udp": "it ended at once: I cannot"}
    assert {entry.name: entry.reason for entry in absent} == reasons
    assert all(any(entry.reason in line for line in said) for entry in absent)
    first, second = (result.to_row() for result in results)
    assert list(first) == list(second)
    assert first["lost %"] == 0
    assert window_for("udp") == first["window"] >= 1


def test_who_breaks_in_the_middle_is_left_out_with_the_reason_and_the_others_go_on(monkeypatch):
    """It lets through what it is shown, and ends at the third message of the first turn."""
    script = "import socket, sys; s = socket.socket(type=2); s.bind(('127.0.0.1', int(sys.argv[1])))\n"
    script += "for _ in range(6): s.sendto(s.recv(65535), ('127.0.0.1', int(sys.argv[2])))\nprint('enough')"
    mortal = Relay(
        "mortal",
        "ends",
        lambda places, _: [sys.executable, "-c", script, str(places.relay[1]), str(places.sink[1])],
    )
    present = [mortal, Relay("no relay", "nothing", None)]
    monkeypatch.setattr(measure, "relays", lambda _: iter(present))
    absent: list[Absent] = []
    results = run(MIXES[:1], TINY, left_out=absent.append, transports=("udp",)).results
    assert [result.relay for result in results] == ["no relay"]
    assert [entry.name for entry in absent] == ["mortal, udp"]


def test_whatever_goes_wrong_nothing_is_left_running(tmp_path):
    command = ["sh", "-c", "trap '' TERM; sleep 300 & sleep 300"]
    with pytest.raises(ZeroDivisionError), running(command, None, lambda: True, tmp_path) as process:
        assert used(process.pid).ns >= 0
        assert resident(process.pid)[0] > 0
        raise ZeroDivisionError
    assert processes.members(process.pid) == []


def test_a_relay_that_ends_under_load_is_reported(tmp_path):
    with (
        pytest.raises(BrokenRelay, match="it ended under load: gone"),
        running(["sh", "-c", "echo gone"], None, lambda: True, tmp_path) as process,
    ):
        process.wait(20)


def test_the_marker_is_as_long_as_the_number_that_takes_its_place():
    assert len(numbered(MARKER.encode(), 1)) == len(MARKER)
