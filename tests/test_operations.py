"""What an operator's tools are told over HTTP: counters, and whether the relay is well."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest
from addresses import require_ipv6

from sipcore.configuration.leaves import HostPort
from sipcore.relay.metrics import Metrics
from sipcore.relay.operations import Health, OperationsServer


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock)


@pytest.fixture(params=["127.0.0.1:0", "[::1]:0"])
def address(request: pytest.FixtureRequest, health: Health) -> Iterator[tuple[str, int]]:
    if ":" in HostPort(request.param).host:
        require_ipv6()
    metrics = Metrics()
    metrics.count("links_opened", "inside")
    server = OperationsServer(metrics.registry, health, HostPort(request.param))
    yield HostPort(request.param).host, server.port
    server.close()


def asked(address: tuple[str, int], path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_metrics_are_served(address):
    status, text = asked(address, "/metrics")
    assert status == 200
    assert 'sipcore_links_opened_total{side="inside"} 1.0' in text


def test_a_relay_whose_loop_turns_is_well(address, clock, health):
    clock.seconds += 4
    assert asked(address, "/healthz") == (200, "ok\n")
    clock.seconds += 4
    health.beat()
    assert asked(address, "/healthz") == (200, "ok\n")


def test_a_loop_that_does_not_come_round_is_stalled(address, clock):
    clock.seconds += 6
    assert asked(address, "/healthz") == (503, "stalled\n")


def test_a_relay_that_is_being_stopped_wants_no_new_work(address, health):
    health.stop()
    assert asked(address, "/healthz") == (503, "stopping\n")


def test_nothing_else_is_there(address):
    assert asked(address, "/") == (404, "there are /metrics and /healthz\n")


def test_somebody_who_never_asks_keeps_nobody_waiting(address):
    slow = http.client.HTTPConnection(*address, timeout=10)
    slow.connect()
    assert asked(address, "/healthz") == (200, "ok\n")
    slow.close()


def test_nobody_is_asked_for_the_name_of_the_address(monkeypatch: pytest.MonkeyPatch, health: Health) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda name="": pytest.fail(f"{name} was looked up"))
    OperationsServer(Metrics().registry, health, HostPort("127.0.0.1:0")).close()
