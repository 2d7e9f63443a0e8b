"""Looking names up: what answers prove, how long they hold, and that no name is asked for twice at a time.

Real answers come from Knot DNS, those that no server should give from one of ours. The clock is the test's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import dns.asyncresolver
import dns.message
import dns.rcode
import dns.rrset
import pytest
import structlog
import uvloop
from dns.rdatatype import AAAA, A
from dns.resolver import NoResolverConfiguration
from name_server import (
    BROKEN,
    HOST,
    NEGATIVE_TTL,
    Datagrams,
    NameServer,
    OddServer,
    name_server,
    odd_server,
    saying,
    silence,
)

from sipcore.edge.facts import Found, SrvFact, Target
from sipcore.edge.tables import Side
from sipcore.errors import ConfigError
from sipcore.relay import resolver as resolving
from sipcore.relay.config import DnsSettings, loads
from sipcore.relay.metrics import Metrics
from sipcore.relay.resolver import Resolver

_T = TypeVar("_T")
NOWHERE: dict[Side, list[tuple[str, int]]] = {side: [(HOST, 9)] for side in Side}
SETTINGS = DnsSettings(NOWHERE, timeout_seconds=2, lookup_seconds=6, min_ttl=5, max_ttl=3_600, max_queries=256)
PATIENCE = 20


@dataclass
class World:
    """A resolver with a clock and counters."""

    resolver: Resolver
    metrics: Metrics
    now: float = 0.0

    def count(self, kind: str, outcome: str, side: Side = Side.OUTSIDE) -> int:
        return self.metrics.value("dns_lookups", side, kind, outcome)


def world(*places: tuple[str, int], families: tuple[object, ...] = (A,), **changes: object) -> World:
    """A resolver that asks the servers at these places, on both sides."""
    settings = replace(SETTINGS, **{"servers": {side: list(places) for side in Side}} | changes)
    metrics = Metrics()
    here: World

    def now() -> float:
        return here.now

    here = World(Resolver(settings, dict.fromkeys(Side, families), metrics, now), metrics)
    return here


def run(scenario: Callable[[], Awaitable[_T]]) -> _T:
    """The scenario on the relay's kind of loop, within a bound."""

    async def bounded() -> _T:
        async with asyncio.timeout(PATIENCE):
            return await scenario()

    return uvloop.run(bounded())


def srv_of(server: NameServer, domain: str, **changes: object) -> SrvFact:
    return run(lambda: world((server.host, server.port), **changes).resolver.srv(domain))


def asked_of(answer: Callable[[dns.message.Message], Datagrams], **changes: object) -> tuple[SrvFact, OddServer]:
    """What is made of that answer for nwtraders.example."""

    async def scenario() -> tuple[SrvFact, OddServer]:
        async with odd_server(answer) as server:
            return await world(server.place, **changes).resolver.srv("nwtraders.example"), server

    return run(scenario)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    with name_server(tmp_path_factory.mktemp("knot")) as server:
        yield server


# -- records


def test_records_are_told_with_all_they_say_and_hold_for_their_ttl(names: NameServer) -> None:
    names.federate("a.example", "10 30 5061 one.a.example", "20 0 5099 two.a.example", ttl=120)
    fact = srv_of(names, "a.example")
    assert fact.found is Found.RECORDS
    assert set(fact.targets) == {Target("one.a.example", 5061, 10, 30), Target("two.a.example", 5099, 20, 0)}
    assert fact.expires == 120


@pytest.mark.parametrize(("ttl", "holds"), [(0, 5), (4, 5), (60, 60), (7_200, 3_600)])
def test_a_ttl_is_bounded_below_and_above(names: NameServer, ttl: int, holds: int) -> None:
    names.federate("b.example", "sip.b.example", ttl=ttl)
    assert srv_of(names, "b.example").expires == holds


def test_a_changed_record_is_seen_by_the_next_look_up(names: NameServer) -> None:
    for host in ("old.c.example", "new.c.example"):
        names.federate("c.example", host)
        assert srv_of(names, "c.example").hosts == (host,)


@pytest.mark.parametrize("has_other_records", [True, False])
def test_that_there_is_none_holds_for_the_negative_ttl_of_the_zone(names: NameServer, has_other_records: bool) -> None:
    domain = f"d{has_other_records}.example".lower()
    if has_other_records:
        names.set(f"_sipfederationtls._tcp.{domain}", "TXT", '"no SRV"')
    fact = srv_of(names, domain)
    assert (fact.found, fact.expires) == (Found.ABSENT, NEGATIVE_TTL)


def test_the_root_as_a_target_says_that_there_is_none(names: NameServer) -> None:
    names.set("_sipfederationtls._tcp.e.example", "SRV", "0 0 0 .", ttl=90)
    fact = srv_of(names, "e.example")
    assert (fact.found, fact.expires) == (Found.ABSENT, 90)


def test_a_server_that_fails_proves_nothing_and_is_not_asked_again_at_once(names: NameServer) -> None:
    fact = srv_of(names, BROKEN)
    assert (fact.found, fact.expires) == (Found.FAILED, SETTINGS.min_ttl)


def test_more_records_than_fit_a_datagram_come_over_tcp(names: NameServer) -> None:
    hosts = {f"a-rather-long-name-of-edge-number-{number}.f.example" for number in range(60)}
    names.federate("f.example", *hosts)
    assert set(srv_of(names, "f.example").hosts) == hosts


def test_a_record_may_stand_under_an_alias_and_holds_as_long_as_the_shorter_of_both(names: NameServer) -> None:
    names.set("_sipfederationtls._tcp.g.example", "CNAME", "hosted.g2.example.", ttl=40)
    names.set("hosted.g2.example", "SRV", "0 0 5061 sip.g.example.", ttl=200)
    fact = srv_of(names, "g.example")
    assert (fact.hosts, fact.expires) == (("sip.g.example",), 40)


@pytest.mark.parametrize(
    "records",
    [
        ["0 0 0 sip.nwtraders.example."],
        ["0 0 5061 192.0.2.7."],
        ["0 0 5061 *.nwtraders.example."],
        [r"0 0 5061 si\.p.nwtraders.example."],
        [r"0 0 5061 sip\000.nwtraders.example."],
        ["0 0 5061 sip.nwtraders.example.", "0 0 0 other.nwtraders.example."],
        [f"0 0 5061 sip{number}.nwtraders.example." for number in range(65)],
    ],
)
def test_records_that_cannot_be_meant_prove_nothing(records: list[str]) -> None:
    fact, _ = asked_of(saying(*records))
    assert fact.found is Found.FAILED


def test_a_server_that_only_refers_to_others_proves_nothing() -> None:
    fact, _ = asked_of(saying("ns.elsewhere.example.", kind="NS", section="authority"))
    assert fact.found is Found.FAILED


def test_an_alias_that_ends_nowhere_is_an_absence(names: NameServer) -> None:
    names.set("_sipfederationtls._tcp.h.example", "CNAME", "nothing.h.example.")
    assert srv_of(names, "h.example").found is Found.ABSENT


# -- servers


def to_another_question(query: dns.message.Message) -> Datagrams:
    other = dns.message.make_query("_sipfederationtls._tcp.evil.example", "SRV", id=query.id)
    return saying("0 0 5061 evil.nwtraders.example.")(other)


def to_another_query(query: dns.message.Message) -> Datagrams:
    other = dns.message.make_query(query.question[0].name, "SRV", id=query.id ^ 1)
    return saying("0 0 5061 evil.nwtraders.example.")(other)


@pytest.mark.parametrize("no_answer", [lambda query: [b"\xff" * 40, b""], to_another_question, to_another_query])
def test_what_is_no_answer_to_our_question_is_waited_past(
    no_answer: Callable[[dns.message.Message], Datagrams],
) -> None:
    true = saying("0 0 5061 sip.nwtraders.example.")
    fact, server = asked_of(lambda query: [*no_answer(query), *true(query)])
    assert (fact.hosts, len(server.questions)) == (("sip.nwtraders.example",), 1)


def test_silence_ends_and_proves_nothing() -> None:
    async def scenario() -> None:
        async with odd_server(silence) as server:
            here = world(server.place, timeout_seconds=0.05, lookup_seconds=0.1)
            assert (await here.resolver.srv("nwtraders.example")).found is Found.FAILED
            assert here.count("SRV", "timeout") == 1

    run(scenario)


def test_the_next_server_is_asked_when_the_first_is_silent(names: NameServer) -> None:
    names.federate("i.example", "sip.i.example")

    async def scenario() -> None:
        async with odd_server(silence) as server:
            here = world(server.place, (names.host, names.port), timeout_seconds=0.1)
            assert (await here.resolver.srv("i.example")).hosts == ("sip.i.example",)
            assert server.questions

    run(scenario)


def test_each_side_asks_its_own_servers() -> None:
    async def scenario() -> list[object]:
        async with (
            odd_server(saying("127.0.0.1", kind="A")) as inner,
            odd_server(saying("127.0.0.2", kind="A")) as outer,
        ):
            here = world(servers={Side.INSIDE: [inner.place], Side.OUTSIDE: [outer.place]})
            return [await here.resolver.addresses(side, "sip.contoso.example", 5061) for side in Side]

    assert run(scenario) == [(("127.0.0.1", 5061),), (("127.0.0.2", 5061),)]


def test_without_any_name_servers_every_look_up_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: object, path: object) -> None:
        raise NoResolverConfiguration

    monkeypatch.setattr(dns.asyncresolver.Resolver, "read_resolv_conf", read)
    here = world()
    assert run(lambda: here.resolver.srv("nwtraders.example")).found is Found.FAILED
    assert here.count("SRV", "failed") == 1


# -- many at a time


def test_a_name_is_asked_for_once_however_many_want_it() -> None:
    async def scenario() -> None:
        async with odd_server(saying("0 0 5061 sip.nwtraders.example.")) as server:
            here = world(server.place)
            facts = await asyncio.gather(*(here.resolver.srv("nwtraders.example") for _ in range(10)))
            assert {fact.hosts for fact in facts} == {("sip.nwtraders.example",)}
            assert len(server.questions) == here.count("SRV", "found") == 1
            await here.resolver.srv("nwtraders.example")
            assert len(server.questions) == 2

    run(scenario)


def test_whose_patience_ends_does_not_end_it_for_the_others() -> None:
    async def scenario() -> tuple[SrvFact, int]:
        async with odd_server(saying("0 0 5061 sip.nwtraders.example.")) as server:
            server.open.clear()
            here = world(server.place)
            patient, impatient = (asyncio.ensure_future(here.resolver.srv("nwtraders.example")) for _ in range(2))
            while not server.questions:
                await asyncio.sleep(0)
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
            server.open.set()
            return await patient, len(server.questions)

    fact, questions = run(scenario)
    assert (fact.hosts, questions) == (("sip.nwtraders.example",), 1)


def test_names_past_the_bound_are_not_asked_for_and_may_be_at_once_when_there_is_room() -> None:
    async def scenario() -> None:
        async with odd_server(saying("0 0 5061 sip.nwtraders.example.")) as server:
            server.open.clear()
            here = world(server.place, max_queries=2)
            waiting = [asyncio.ensure_future(here.resolver.srv(f"{name}.example")) for name in "ab"]
            await asyncio.sleep(0)
            crowded = await here.resolver.srv("c.example")
            assert (crowded.found, crowded.expires) == (Found.FAILED, here.now)
            server.open.set()
            await asyncio.gather(*waiting)
            assert (await here.resolver.srv("c.example")).found is Found.RECORDS
            assert [here.count("SRV", outcome) for outcome in ("found", "crowded")] == [3, 1]

    run(scenario)


def test_what_comes_from_outside_has_half_of_the_look_ups_and_what_our_users_need_all_of_them() -> None:
    async def scenario() -> None:
        async with odd_server(saying("0 0 5061 sip.nwtraders.example.")) as server:
            server.open.clear()
            here = world(server.place, max_queries=4)
            strangers = [asyncio.ensure_future(here.resolver.srv(f"{name}.example", Side.OUTSIDE)) for name in "ab"]
            await asyncio.sleep(0)
            assert (await here.resolver.srv("c.example", Side.OUTSIDE)).found is Found.FAILED
            ours = [asyncio.ensure_future(here.resolver.srv(f"{name}.example", Side.INSIDE)) for name in "cd"]
            await asyncio.sleep(0)
            server.open.set()
            assert {fact.found for fact in await asyncio.gather(*strangers, *ours)} == {Found.RECORDS}
            assert [here.count("SRV", outcome) for outcome in ("found", "crowded")] == [4, 1]

    run(scenario)


def test_the_one_look_up_that_is_allowed_is_for_either_side() -> None:
    async def scenario() -> None:
        async with odd_server(saying("0 0 5061 sip.nwtraders.example.")) as server:
            here = world(server.place, max_queries=1)
            assert [(await here.resolver.srv("a.example", side)).found for side in Side] == [Found.RECORDS] * 2

    run(scenario)


def test_a_closed_resolver_leaves_nobody_waiting() -> None:
    async def scenario() -> list[object]:
        async with odd_server(silence) as server:
            here = world(server.place)
            waiting = [asyncio.ensure_future(here.resolver.srv(f"{name}.example")) for name in "ab"]
            await asyncio.sleep(0)
            await here.resolver.close()
            return await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(outcome) for outcome in run(scenario)] == [asyncio.CancelledError] * 2


def test_failures_are_logged_by_name_and_never_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with odd_server(saying("0 0 0 sip.nwtraders.example.")) as server:
            here = world(server.place)
            for number in range(30):
                await here.resolver.srv(f"n{number}.example")

    with structlog.testing.capture_logs() as lines:
        run(scenario)
    assert len(lines) == 10
    assert (lines[0]["event"], lines[0]["outcome"]) == ("look-up failed", "malformed")
    assert lines[0]["name"] == "_sipfederationtls._tcp.n0.example"


# -- addresses


def test_a_name_has_its_addresses_until_their_ttl_is_over_and_then_its_new_ones(names: NameServer) -> None:
    async def scenario() -> None:
        here = world((names.host, names.port))
        names.set("sip.j.example", "A", "127.0.0.1", ttl=60)
        for now, moved_to, expected in ((0.0, "127.0.0.2", 1), (59.9, "127.0.0.3", 1), (60.0, "127.0.0.4", 3)):
            here.now = now
            assert await here.resolver.addresses(Side.OUTSIDE, "sip.j.example", 5061) == (
                (f"127.0.0.{expected}", 5061),
            )
            names.set("sip.j.example", "A", moved_to, ttl=60)
        assert (here.count("A", "found"), here.metrics.value("dns_remembered", Side.OUTSIDE)) == (2, 1)

    run(scenario)


def test_a_name_may_be_an_alias_and_have_addresses_of_both_families(names: NameServer) -> None:
    names.set("sip.k.example", "CNAME", "host.k.example.")
    names.set("host.k.example", "A", "127.0.0.1", "127.0.0.2")
    names.set("host.k.example", "AAAA", "::1")

    async def hosts(*families: object) -> set[str]:
        here = world((names.host, names.port), families=families)
        return {host for host, _ in await here.resolver.addresses(Side.INSIDE, "sip.k.example", 5061)}

    assert run(lambda: hosts(A, AAAA)) == {"::1", "127.0.0.1", "127.0.0.2"}
    assert run(lambda: hosts(A)) == {"127.0.0.1", "127.0.0.2"}
    assert run(lambda: hosts(AAAA)) == {"::1"}


def test_a_name_without_an_address_is_nowhere_for_as_long_as_the_zone_says(names: NameServer) -> None:
    async def scenario() -> None:
        here = world((names.host, names.port))
        assert await here.resolver.addresses(Side.OUTSIDE, "nobody.l.example", 5061) == ()
        names.set("nobody.l.example", "A", "127.0.0.1")
        here.now = NEGATIVE_TTL - 1
        assert await here.resolver.addresses(Side.OUTSIDE, "nobody.l.example", 5061) == ()
        here.now = NEGATIVE_TTL
        assert await here.resolver.addresses(Side.OUTSIDE, "nobody.l.example", 5061) == (("127.0.0.1", 5061),)

    run(scenario)


def test_one_family_that_fails_does_not_hide_the_other_and_is_asked_for_again_soon() -> None:
    def only_of_the_fourth(query: dns.message.Message) -> Datagrams:
        if query.question[0].rdtype == A:
            return saying("127.0.0.1", kind="A")(query)
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
        return [response.to_wire()]

    async def scenario() -> None:
        async with odd_server(only_of_the_fourth) as server:
            here = world(server.place, families=(A, AAAA))
            for now in (0.0, SETTINGS.min_ttl):
                here.now = now
                assert await here.resolver.addresses(Side.OUTSIDE, "sip.m.example", 5061) == (("127.0.0.1", 5061),)
            assert len(server.questions) == 4

    run(scenario)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_an_address_is_not_looked_up(address: str) -> None:
    here = world((HOST, 9))
    assert run(lambda: here.resolver.addresses(Side.INSIDE, address, 5060)) == ((address, 5060),)
    assert here.metrics.value("dns_lookups", Side.INSIDE, "A", "failed") == 0


def test_the_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "_REMEMBERED_NAMES", 2)

    async def scenario() -> None:
        async with odd_server(saying("127.0.0.1", kind="A")) as server:
            here = world(server.place)
            for name in ("a", "b", "c", "c", "b", "a"):
                await here.resolver.addresses(Side.OUTSIDE, f"{name}.example", 5061)
            assert server.questions == [f"{name}.example A" for name in "abca"]

    run(scenario)


# -- settings

EDGE = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ address = "192.0.2.1" }]
next_hop = "sip.contoso.example"
[outside]
listen = [{ address = "198.51.100.1" }]
"""


def test_every_key_of_the_section_reaches_its_setting() -> None:
    section = """\
[dns]
inside = ["192.0.2.53"]
outside = ["198.51.100.53:5353", "2001:db8::53", "[2001:db8::54]:54"]
timeout_seconds = 1
lookup_seconds = 3
min_ttl = 10
max_ttl = 20
max_queries = 30
"""
    outside = [("198.51.100.53", 5353), ("2001:db8::53", 53), ("2001:db8::54", 54)]
    servers = {Side.INSIDE: [("192.0.2.53", 53)], Side.OUTSIDE: outside}
    assert loads(EDGE + section).dns == DnsSettings(servers, 1, 3, 10, 20, 30)
    assert loads(EDGE).dns == replace(SETTINGS, servers={side: [] for side in Side})


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('outside = ["ns.contoso.example"]', "dns.outside[0]"),
        ('inside = ["192.0.2.53:"]', "dns.inside[0]"),
        ("lookup_seconds = 10", "dns.lookup_seconds"),
        ("min_ttl = 0", "dns.min_ttl"),
        ("max_ttl = 4", "dns.max_ttl"),
    ],
)
def test_a_faulty_section_is_refused_with_the_key(line: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads(f"{EDGE}[dns]\n{line}\n")
    assert [problem.key for problem in caught.value.problems] == [key]
