"""The peers of the benchmark: each one that is installed answers right, or its module says what it cannot do and why.

``make bench-peers`` installs them; one that is absent skips its tests with the reason.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import signal

import pytest

pytest.importorskip("sipcore_bench", reason="the benchmarks are not part of this build")

from sipcore_bench import peers
from sipcore_bench.contestant import Contestant, Rejected, Unavailable, Unreadable
from sipcore_bench.fields import read
from sipcore_bench.messages import MESSAGES
from sipcore_bench.peers import kamailio, native, reading
from sipcore_bench.peers.httptools import as_http
from sipcore_bench.pool import Pool
from sipcore_bench.runner import Input, check
from sipcore_bench.texts import TEXTS, holds_prefix

PARSERS = ("osip", "sofia", "kamailio", "sipmessage", "sippy")
COUSINS = ("httptools",)
MATCHERS = ("pyahocorasick", "ahocorasick_rs", "hyperscan", "stdlib_re")
EXPECTED = {"index": lambda item: read(item).start, "fields": read, "match": holds_prefix}
ENOUGH = 40


def module_of(peer: str):
    return importlib.import_module(f"sipcore_bench.peers.{peer}")


@functools.cache
def found(peer: str) -> list[Contestant] | str:
    """The contestants of a peer, or why there are none; asked once, for some of them compile."""
    try:
        return list(module_of(peer).contestants())
    except Unavailable as missing:
        return missing.reason


def contestants_of(peer: str) -> list[Contestant]:
    there = found(peer)
    if isinstance(there, str):
        pytest.skip(there)
    return there


@functools.cache
def pool_of(kind: str) -> Pool:
    return Pool(kind, size=ENOUGH)


def objection(contestant: Contestant, kind: str) -> tuple[str, str] | None:
    """The verdict of the benchmark's own check, and the fields that it names when some are unreadable."""
    given = Input(kind, pool_of(kind).items, EXPECTED[contestant.question])
    objection = check(contestant, given, ENOUGH)
    return objection and (objection.verdict, objection.why if objection.verdict == "unreadable" else "")


def known_objection(peer: str, question: str, kind: str) -> tuple[str, str] | None:
    """What the module of the peer says of this kind."""
    module = module_of(peer)
    if kind in getattr(module, "REFUSES", {}):
        return "rejected", ""
    unreadable = getattr(module, "CANNOT_READ", {}).get(kind)
    return ("unreadable", ", ".join(unreadable)) if unreadable and question == "fields" else None


def test_every_module_with_contestants_is_tested_here():
    names = [module.name for module in pkgutil.iter_modules(peers.__path__)]
    assert {name for name in names if hasattr(module_of(name), "contestants")} == {*PARSERS, *COUSINS, *MATCHERS}


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("peer", PARSERS + COUSINS)
def test_a_parser_reads_the_kind_right_or_its_module_says_why_not(peer, kind):
    for contestant in contestants_of(peer):
        assert objection(contestant, kind) == known_objection(peer, contestant.question, kind), contestant.name


@pytest.mark.parametrize("peer", PARSERS + COUSINS)
def test_what_a_module_says_of_its_peer_is_about_kinds_that_there_are(peer):
    module = module_of(peer)
    assert {*getattr(module, "REFUSES", {}), *getattr(module, "CANNOT_READ", {})} <= set(MESSAGES)


@pytest.mark.parametrize("peer", MATCHERS)
def test_a_matcher_says_of_every_text_whether_it_holds_a_prefix(peer):
    for contestant in contestants_of(peer):
        assert {kind: objection(contestant, kind) for kind in TEXTS} == dict.fromkeys(TEXTS), contestant.name


@pytest.mark.parametrize("peer", PARSERS + COUSINS)
def test_a_parser_answers_the_questions_of_a_parser(peer):
    questions = [contestant.question for contestant in contestants_of(peer)]
    assert questions == (["index"] if peer in COUSINS else ["index", "fields"])


@pytest.mark.parametrize("peer", PARSERS + COUSINS + MATCHERS)
def test_a_contestant_says_who_it_is(peer):
    for contestant in contestants_of(peer):
        assert contestant.kind == "peer"
        assert contestant.version in contestant.name


@pytest.mark.parametrize("peer", PARSERS + COUSINS)
def test_a_pass_takes_time(peer):
    for contestant in contestants_of(peer):
        one_pass = contestant.timed(pool_of("options").items)
        assert one_pass() > 0
        assert one_pass() > 0


@pytest.mark.parametrize("peer", PARSERS)
def test_what_is_no_message_is_rejected(peer):
    for contestant in contestants_of(peer):
        with pytest.raises(Rejected):
            contestant.answer(b"GET / of nothing in particular\r\n\r\n")


@pytest.mark.parametrize("peer", ["osip", "sofia", "kamailio"])
def test_a_pass_in_c_ends_at_a_message_that_is_not_taken(peer):
    for contestant in contestants_of(peer):
        one_pass = contestant.timed([*pool_of("options").items, b"GET / of nothing in particular\r\n\r\n"])
        with pytest.raises(Rejected):
            one_pass()


@pytest.mark.parametrize("kind", MESSAGES)
def test_the_request_for_the_cousin_has_the_size_of_the_message(kind):
    for message in pool_of(kind).items:
        request = as_http(message)
        assert len(request) == len(message)
        assert request.startswith(b"GET /")
        assert request.partition(b"\r\n")[2] == message.partition(b"\r\n")[2]


def test_a_package_that_is_not_there_is_unavailable_with_the_way_to_get_it():
    with pytest.raises(Unavailable, match=r"no-such-package .*make bench-peers"):
        reading.package("no-such-package", "no_such_module")


def test_a_library_that_is_not_there_is_unavailable_with_the_way_to_get_it():
    with pytest.raises(Unavailable, match="make bench-peers"):
        native.installed_version("no-such-library")


def test_a_library_that_prints_has_not_simply_taken_the_message():
    reader = reading.Reader("talkative", "1", "index", lambda item: print("mended", item.decode()))
    with pytest.raises(Rejected, match="mended x"):
        reader.answer(b"x")


def test_fields_that_a_shim_marks_as_unreadable_are_named():
    class Marking:
        def page(self, _item):
            texts = b"+OPTIONS - ? +sip:a@b.example - +sip:c@d.example - +id +1 +OPTIONS +z9hG4bK1 - +0 ?"
            return texts.replace(b" ", b"\0") + b"\0"

    with pytest.raises(Unreadable, match=r"^uri, body_size$"):
        native.Native("marking", "1", "fields", native.READ, Marking()).answer(b"")


def test_sippy_does_not_take_a_body_whose_characters_are_fewer_than_its_bytes():
    message = pool_of("message").items[0]
    accented = message[:-1].replace(b"\r\n\r\n", "\r\n\r\n\u00e9".encode(), 1)[:-1]
    assert len(accented) == len(message)
    for contestant in contestants_of("sippy"):
        with pytest.raises(Rejected, match="Truncated SIP body"):
            contestant.answer(accented)


class TestKamailio:
    def test_is_unavailable_when_a_field_of_the_known_message_comes_out_otherwise(self):
        class Shifted:
            def page(self, _item):
                return b"\0".join([b"+MESSAGE", b"-", *[b"+0"] * 12]) + b"\0"

        with pytest.raises(Unavailable, match="laid out otherwise"):
            kamailio._check_layout(Shifted(), "5.6.3")

    def test_is_unavailable_in_another_series(self, monkeypatch):
        contestants_of("kamailio")
        monkeypatch.setattr(kamailio, "_SERIES", "4.0.")
        with pytest.raises(Unavailable, match=r"known for 4\.0\.x"):
            next(kamailio.contestants())

    def test_is_unavailable_when_the_executable_is_not_there(self, monkeypatch):
        monkeypatch.setattr(kamailio.shutil, "which", lambda *_args, **_keywords: None)
        with pytest.raises(Unavailable, match="make bench-peers"):
            next(kamailio.contestants())

    def test_runs_any_number_of_loops_one_after_the_other(self):
        for contestant in contestants_of("kamailio"):
            for _ in range(200):
                assert contestant.timed(pool_of("options").items[:3])() > 0

    def test_says_with_which_status_its_process_ended(self):
        contestants_of("kamailio")
        shim = next(kamailio.contestants()).shim
        os.kill(shim._process._process.pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="status -9"):
            shim.page(pool_of("options").items[0])
