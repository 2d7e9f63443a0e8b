"""The lossy path itself: what the SIPp proof rests on."""

from __future__ import annotations

import socket

from addresses import free_port
from lossy_udp import LossyUdp, Weather, transaction_of

HOST = "127.0.0.1"


def request(number: int) -> bytes:
    """A message of its own transaction."""
    return (
        b"MESSAGE sip:bob@contoso.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK%d\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbelow\r\nCall-ID: %d@fabrikam.example\r\nCSeq: 7 MESSAGE\r\n\r\n"
    ) % (number, number)


def udp(port: int) -> socket.socket:
    """A socket that never waits for long."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((HOST, port))
    bound.settimeout(10)
    return bound


def carry(weather: Weather, count: int) -> tuple[LossyUdp, list[bytes]]:
    """Send requests through a path of that weather, one after the other, and wait for what comes out of it."""
    near, far, server = (free_port(HOST) for _ in range(3))
    with (
        udp(0) as client,
        udp(server) as sink,
        LossyUdp((HOST, near), (HOST, far), (HOST, server), weather) as path,
    ):
        received = []
        for number in range(count):
            client.sendto(request(number), (HOST, near))
            copies = weather.copies("request", transaction_of(request(number)), 1)
            received += [sink.recv(65_536) for _ in range(copies)]
    return path, received


def test_passes_everything_once_in_order_in_fine_weather() -> None:
    path, received = carry(Weather(), 50)
    assert received == [request(number) for number in range(50)]
    assert (path.requests.lost, path.requests.repeated) == (0, 0)


def test_loses_and_repeats_about_as_often_as_it_is_told() -> None:
    path, received = carry(Weather(seed=1, lost=0.2, repeated=0.1), 400)
    assert 40 < path.requests.lost < 120
    assert 20 < path.requests.repeated < 60
    assert len(received) == 400 - path.requests.lost + path.requests.repeated


def test_one_seed_is_the_same_weather_in_every_run_and_another_seed_is_not() -> None:
    weather = Weather(seed=5, lost=0.3, repeated=0.3)
    first, second = (carry(weather, 60)[1] for _ in range(2))
    assert first == second
    assert first != carry(Weather(seed=6, lost=0.3, repeated=0.3), 60)[1]


def test_brings_answers_back_to_the_client_and_records_both_ways() -> None:
    near, far, server = (free_port(HOST) for _ in range(3))
    with (
        udp(0) as client,
        udp(server) as answering,
        LossyUdp((HOST, near), (HOST, far), (HOST, server), Weather()) as path,
    ):
        client.sendto(request(1), (HOST, near))
        got, sender = answering.recvfrom(65_536)
        answering.sendto(got.replace(b"MESSAGE sip:bob@contoso.example SIP/2.0", b"SIP/2.0 200 OK"), sender)
        assert client.recv(65_536).startswith(b"SIP/2.0 200 OK")
    assert sender == (HOST, far)
    transaction = (b"1@fabrikam.example", b"7 MESSAGE")
    for record in (path.requests, path.answers):
        assert record.arrived == {transaction: 1} == record.passed
        assert record.branches == {transaction: {b"z9hG4bK1"}}
    assert path.answers.senders == {transaction: {(HOST, server)}}
