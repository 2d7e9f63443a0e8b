"""What the log says: of refusals, in which form, and of messages' texts only when asked to (`sipcore.relay.logs`)."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from edge_world import FROM_FABRIKAM, FROM_SERVER, FROM_STRANGER, engine, inbound, outbound, receive

from sipcore import ImFilter
from sipcore.edge.actions import Link
from sipcore.relay.config import LogSettings
from sipcore.relay.leaves import LogFormat, LogLevel
from sipcore.relay.log_writer import LogWriter
from sipcore.relay.logs import configure_logging, log_refusals, logger
from sipcore.relay.peers_words import printable

URL = b"look at http://tailspin.example/"


def refused(data: bytes, link: Link, *, with_text: bool = False) -> dict[str, Any]:
    """The line that a message leaves in the log."""
    edge = engine(filter=ImFilter(), observe=log_refusals(lambda: 0.0, with_text=with_text))
    with structlog.testing.capture_logs() as lines:
        receive(edge, data, link)
    (line,) = lines
    return dict(line)


def test_a_refusal_says_who_to_whom_what_and_by_which_rule() -> None:
    assert refused(inbound(body=URL), FROM_FABRIKAM) == {
        "event": "refused",
        "log_level": "info",
        "why": "filtered",
        "status": 606,
        "side": "outside",
        "peer": "192.0.2.20:5060/udp",
        "method": "MESSAGE",
        "sender": "fabrikam.example",
        "recipient": "contoso.example",
        "because": "the content filter refuses it",
        "found": "http:",
        "left_out": 0,
    }


def test_why_is_the_last_rule_of_the_chain_and_not_what_was_done() -> None:
    assert refused(inbound(), FROM_STRANGER)["because"] == "the outside link is a stranger's"
    elsewhere = refused(outbound(uri="sip:x@nowhere.example"), FROM_SERVER)
    assert elsewhere["because"] == "no table leads to nowhere.example"
    assert (elsewhere["recipient"], elsewhere["why"]) == ("nowhere.example", "unknown-domain")


def test_a_discard_has_no_status() -> None:
    line = refused(inbound(method="BENOTIFY", body=URL), FROM_FABRIKAM)
    assert (line["why"], line["status"], line["because"]) == ("filtered", None, "the content filter refuses it")


def test_what_cannot_be_read_is_left_empty() -> None:
    line = refused(inbound().replace(b"From: ", b"From: <<", 1), FROM_FABRIKAM)
    assert (line["why"], line["sender"]) == ("invalid", "")


def test_a_messages_text_is_in_no_line_unless_that_is_configured() -> None:
    body = "the plan: http://tailspin.example/\r\nfor later\x1b[2J\u202e and on".encode()
    assert "plan" not in str(refused(inbound(body=body), FROM_FABRIKAM))
    line = refused(inbound(body=body), FROM_FABRIKAM, with_text=True)
    assert line["text"] == r"the plan: http://tailspin.example/\r\nfor later\x1b[2J\u202e and on"


def test_a_text_is_cut_whatever_its_letters_take() -> None:
    line = refused(inbound(body=b"http://a.example " + "\U0001f600".encode() * 500), FROM_FABRIKAM, with_text=True)
    assert len(line["text"]) == 120


@pytest.mark.parametrize(
    ("text", "shown"),
    [("as it is", "as it is"), ("a\nb\tc", r"a\nb\tc"), ("\x00\x7f", r"\x00\x7f"), ("é\udcff", r"é\udcff"), ("", "")],
)
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    assert printable(text, 80) == shown


def test_a_domain_of_a_peer_is_cut() -> None:
    line = refused(outbound(uri=f"sip:x@{'a.' * 100}example"), FROM_SERVER)
    assert len(line["recipient"]) == 80
    assert len(line["because"]) == 200


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def written(capfd: pytest.CaptureFixture[str], settings: LogSettings, say: Callable[[], object]) -> str:
    """What stands in the log when something was said."""
    with configure_logging(settings, pytest.fail):
        say()
    return capfd.readouterr().err


@pytest.mark.usefixtures("restored")
def test_lines_are_logfmt_or_json_and_begin_at_a_level(capfd: pytest.CaptureFixture[str]) -> None:
    read = json.loads(written(capfd, LogSettings(format=LogFormat.JSON), lambda: logger().info("refused", why="a b")))
    assert (read["event"], read["level"], read["why"]) == ("refused", "info", "a b")
    line = written(capfd, LogSettings(), lambda: logger().info("refused", why="a b"))
    assert line.endswith('level=info event=refused why="a b"\n')
    warnings = LogSettings(LogLevel.WARNING, LogFormat.LOGFMT)
    assert written(capfd, warnings, lambda: logger().info("refused")) == ""
    assert written(capfd, warnings, lambda: logger().warning("listening")).count("\n") == 1


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", [LogFormat.LOGFMT, LogFormat.JSON])
def test_an_error_of_ours_is_one_line_that_says_where_it_happened(
    form: LogFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError) as fault:
        _ = 1 / 0
    line = written(capfd, LogSettings(format=form), lambda: logger().error("internal error", exc_info=fault.value))
    assert line.count("\n") == 1
    assert Path(__file__).name in line
    assert "ZeroDivisionError: division by zero" in line


def test_a_line_that_cannot_be_written_is_lost_and_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lost: list[None] = []
    with LogWriter(writing, lambda: lost.append(None)) as writer:
        assert [writer.write("refused\n") for _ in range(2)] == [8, 8]
    os.close(writing)
    assert len(lost) == 2


def test_nobody_waits_for_a_reader_that_hangs_and_what_finds_no_room_is_counted() -> None:
    reading, writing = os.pipe()
    lost: list[None] = []
    with LogWriter(writing, lambda: lost.append(None)) as writer:
        for _ in range(1_100):
            writer.write("x" * 4_095 + "\n")
    kept = 1_100 - len(lost)
    assert 0 < len(lost) <= 100
    with open(reading, "rb") as late:
        assert [len(late.readline()) for _ in range(kept)] == [4_096] * kept
    os.close(writing)


def test_what_strangers_do_does_not_hide_what_befalls_our_own_users() -> None:
    edge = engine(observe=log_refusals(lambda: 0.0))
    with structlog.testing.capture_logs() as lines:
        for _ in range(50):
            receive(edge, inbound(), FROM_STRANGER)
        receive(edge, outbound(uri="sip:x@nowhere.example"), FROM_SERVER)
    assert [line["side"] for line in lines] == ["outside"] * 10 + ["inside"]


def test_a_peer_with_an_ipv6_address_is_written_so_that_it_can_be_read_back() -> None:
    line = refused(inbound(), dataclasses.replace(FROM_STRANGER, remote_host="2001:db8::1"))
    assert line["peer"] == "[2001:db8::1]:5060/udp"
