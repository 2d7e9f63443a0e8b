"""`sipcore demo` says the truth: right when the edge is right, wrong when anything in it is broken."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys

import pytest
from rich.console import Console

from sipcore import demo
from sipcore.demo import stage, wire
from sipcore.demo.agents import Arrival
from sipcore.demo.play import Row, faults_of
from sipcore.demo.scenarios import SCENARIOS, Expected
from sipcore.demo.serve import first_message
from sipcore.demo.show import show_result, show_row
from sipcore.imfilter import Action, ImFilter, Verdict

pytestmark = pytest.mark.timeout(60)

REQUEST = b"MESSAGE sip:bob@contoso.example SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 2\r\n\r\nHi"


def console(width: int = 100, encoding: str = "utf-8") -> Console:
    """A console without a terminal that keeps what it is told."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=file, width=width, force_terminal=False)


def told(to: Console) -> str:
    """Everything printed so far."""
    assert isinstance(to.file, io.TextIOWrapper)
    assert isinstance(to.file.buffer, io.BytesIO)
    return to.file.buffer.getvalue().decode(to.file.encoding)


# -- the promises


def test_every_row_comes_out_as_stated_and_shows_what_the_far_side_read() -> None:
    shown = console()
    assert demo.main(serve=False, console=shown) == 0
    text = told(shown)
    assert "9 of 9 rows came out as stated." in text
    assert "+ Via: SIP/2.0/UDP 127.0.0.10:" in text
    assert "ms-source-verified-user=unverified" in text
    assert '309 edge.contoso.example "Message contents not allowed by policy"' in text
    assert "no answer, to anybody" in text
    assert "from direct partner 'Fabrikam'" in text


def test_the_rows_are_those_that_were_promised() -> None:
    assert [row.expected.status for row in SCENARIOS] == [200, 606, 200, 606, 404, 403, None, 200, 606]
    assert [row.expected.delivered for row in SCENARIOS] == [True, False, True, False, False, False, True, True, False]
    assert {row.over for row in SCENARIOS} == {"udp", "tcp"}


# -- the demo fails when the edge is broken


def altered(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> tuple[int, str]:
    """Play the demo with one line of its configuration changed."""
    shipped = stage.embedded_text()
    assert old in shipped
    monkeypatch.setattr(stage, "embedded_text", lambda: shipped.replace(old, new))
    shown = console(200)
    return demo.main(serve=False, console=shown), told(shown)


def wrong_rows(text: str) -> set[int]:
    """The rows that were named as wrong, by number."""
    return {int(line.split()[1].rstrip(",")) for line in text.splitlines() if line.startswith("row ")}


def test_without_the_filter_the_demo_fails_and_names_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = altered(monkeypatch, "enabled = true", "enabled = false")
    assert status == 1
    assert wrong_rows(text) == {2, 4, 9}
    assert "row 2, Clickable link: refused: answer: stated 606, came back 200" in text
    assert "row 2, Clickable link: refused: far side: stated no message, read 1 message" in text
    assert "6 of 9 rows came out as stated." in text


def test_a_filter_that_passes_everything_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImFilter, "check", lambda self, message: Verdict(Action.PASS, ()))
    shown = console(200)
    assert demo.main(serve=False, console=shown) == 1
    assert wrong_rows(told(shown)) == {2, 4, 9}


def test_a_filter_that_blocks_everything_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImFilter, "check", lambda self, message: Verdict(Action.BLOCK, ()))
    shown = console(200)
    assert demo.main(serve=False, console=shown) == 1
    assert {1, 3, 7, 8} <= wrong_rows(told(shown))


def test_an_edge_that_believes_every_sender_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = altered(monkeypatch, '"verified-by-provider"', '"all"')
    assert status == 1
    assert wrong_rows(text) == {8}
    assert "ms-source-verified-user=unverified" in text


def test_an_edge_without_benotify_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    status, text = altered(monkeypatch, "[filter]", "[benotify]\nenabled = false\n\n[filter]")
    assert status == 1
    assert 7 in wrong_rows(text)


# -- how a row is judged


def read(*messages: bytes) -> tuple[Arrival, ...]:
    """What a far side read."""
    return tuple(Arrival("udp", message) for message in messages)


@pytest.mark.parametrize(
    ("expected", "answers", "far", "faults"),
    [
        (Expected(200, delivered=True), (b"SIP/2.0 200 OK\r\n\r\n",), read(REQUEST), []),
        (Expected(None, delivered=True), (), read(REQUEST), []),
        (Expected(606, delivered=False), (), (), ["answer: stated 606, came back none"]),
        (
            Expected(None, delivered=True),
            (b"SIP/2.0 200 OK\r\n\r\n",),
            read(REQUEST),
            ["answer: stated none, came back 200"],
        ),
        (
            Expected(200, delivered=True),
            (b"SIP/2.0 200 OK\r\n\r\n",) * 2,
            read(REQUEST, REQUEST),
            ["answer: stated 200, came back 200, 200", "far side: stated 1 message, read 2 messages"],
        ),
        (
            Expected(None, delivered=True, far=(("Via", "127.0.0.10"), ("Call-ID", "1"))),
            (),
            read(REQUEST),
            ["far side: stated Via with '127.0.0.10', read none"],
        ),
    ],
)
def test_a_row_is_right_only_when_both_sides_read_exactly_what_was_stated(
    expected: Expected, answers: tuple[bytes, ...], far: tuple[Arrival, ...], faults: list[str]
) -> None:
    assert list(faults_of(expected, answers, far)) == faults


def test_the_agents_answer_with_the_headers_of_the_request_and_a_tag() -> None:
    request = (
        b"MESSAGE sip:bob@contoso.example SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=2\r\nVia: SIP/2.0/TCP a;branch=1\r\n"
        b"To: <sip:bob@contoso.example>\r\nFrom: <sip:alice@fabrikam.example>;tag=a\r\nCSeq: 1 MESSAGE\r\n"
        b"Call-ID: 1\r\nMax-Forwards: 70\r\nContent-Length: 2\r\n\r\nHi"
    )
    assert wire.answer_to(request, 200, "OK", "b") == (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b;branch=2\r\nVia: SIP/2.0/TCP a;branch=1\r\n"
        b"From: <sip:alice@fabrikam.example>;tag=a\r\nTo: <sip:bob@contoso.example>;tag=b\r\nCall-ID: 1\r\n"
        b"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
    )


# -- what a person sees


def a_row(*faults: str) -> Row:
    """A delivered message."""
    far = Arrival("udp", REQUEST.replace(b"Call-ID", b"Via: SIP/2.0/UDP 127.0.0.10:5060;branch=z9hG4bK1\r\nCall-ID"))
    answers, reasons = (b"SIP/2.0 200 OK\r\n\r\n",), ("contoso.example is ours",)
    return Row(SCENARIOS[0], REQUEST, answers, (far,), (3, 4), reasons, faults)


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_cards_and_table_fit_the_terminal_and_its_encoding(width: int, encoding: str) -> None:
    to = console(width, encoding)
    show_row(to, 1, a_row())
    show_result(to, [a_row(), a_row("far side: stated no message, read 1 message")])
    text = told(to)
    assert max(map(len, text.splitlines())) <= min(width, 120)
    assert "its counter of messages: 3 " in text
    assert "+ Via: SIP/2.0/UDP 127.0.0.10:5060;branch=z9hG4bK1" in text
    assert "1 of 2 rows came out as stated." in text


def test_lines_as_sent_are_folded_and_changed_ones_shown_whole() -> None:
    to = console()
    show_row(to, 1, a_row())
    text = told(to)
    assert "... 2 header lines as sent" in text
    assert "Call-ID" not in text


# -- for a person's own client


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize("host", [stage.EDGE_OUTSIDE, stage.INSIDE])
def test_a_port_that_is_taken_is_said_in_one_line(host: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        # TCP: only a listener keeps others out, and connections of an earlier run may not keep us out
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
        taken.bind((host, stage.FIXED_PORT))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        shown = console(80)
        assert demo.main(serve=True, console=shown) == 1
    (line,) = told(shown).splitlines()
    assert host in line
    assert str(stage.FIXED_PORT) in line


def test_serving_leaves_the_edge_running_and_its_directions_work() -> None:
    code = "from rich.console import Console; from sipcore.demo import main; raise SystemExit(main(True, Console()))"
    with (
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, encoding="utf-8") as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            command = next(line for line in lines if line.lstrip().startswith("printf "))
            assert first_message().decode().replace("\r\n", "\\r\\n") in command
            client.bind((stage.PARTNER, 0))
            client.settimeout(10)
            client.sendto(first_message(), (stage.EDGE_OUTSIDE, stage.FIXED_PORT))
            assert client.recv(65_536).startswith(b"SIP/2.0 200 OK\r\n")
            assert any("inside read" in line and "MESSAGE sip:bob@contoso.example" in line for line in lines)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
