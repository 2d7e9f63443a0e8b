"""What the log says: of refusals, in which form, and of messages' texts only when asked to (`sipcore.relay.logs`)."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from edge_world import FROM_FABRIKAM, FROM_SERVER, FROM_STRANGER, engine, inbound, outbound, receive

from sipcore import ImFilter
from sipcore.edge.actions import Link
from sipcore.relay.config import LogSettings
from sipcore.relay.leaves import LogFormat, LogLevel
from sipcore.relay.logs import Unfailing, configure_logging, log_refusals, logger, printable

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


def configure(settings: LogSettings) -> None:
    configure_logging(settings, pytest.fail)


@pytest.mark.usefixtures("restored")
def test_lines_are_logfmt_or_json_and_begin_at_a_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings(LogLevel.INFO, LogFormat.JSON))
    logger().info("refused", why="a b")
    read = json.loads(capsys.readouterr().err)
    assert (read["event"], read["level"], read["why"]) == ("refused", "info", "a b")
    configure(LogSettings())
    logger().info("refused", why="a b")
    assert capsys.readouterr().err.endswith('level=info event=refused why="a b"\n')
    configure(LogSettings(LogLevel.WARNING, LogFormat.LOGFMT))
    logger().info("refused")
    logger().warning("listening")
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("form", [LogFormat.LOGFMT, LogFormat.JSON])
def test_an_error_of_ours_is_one_line_that_says_where_it_happened(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LogSettings(format=form))
    with pytest.raises(ZeroDivisionError) as fault:
        _ = 1 / 0
    logger().error("internal error", exc_info=fault.value)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert f"{Path(__file__).name}" in written
    assert "ZeroDivisionError: division by zero" in written


def test_a_line_that_cannot_be_written_is_lost_and_counted_and_stops_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lost: list[None] = []
    with open(writing, "wb", buffering=0) as pipe:
        file = Unfailing(io.TextIOWrapper(pipe, write_through=True), lambda: lost.append(None))
        assert [file.write("refused\n") for _ in range(2)] == [8, 8]
    assert file.write("after its file was closed\n") > 0
    assert len(lost) == 3


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
