"""TLS links of a running relay, over real sockets: up with an identity, refused with a reason, and reloaded."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from addresses import free_port, require_ipv6
from authority import DAY, FOR_CLIENTS, FOR_CODE, FOR_SERVERS, NOW, Leaf
from patience import PATIENCE_S, eventually
from relay_process import COMMAND
from relay_stage import (
    EDGE_IN,
    EDGE_OUT,
    SERVER,
    Connection,
    Peer,
    header,
    ok,
    outward,
    request,
    running_relay,
    status,
)
from tls_stage import PRIVATE, PUBLIC, TRUST, accepted, connected, connecting, serving, write_files

from sipcore.edge.tables import Side, Transport
from sipcore.relay import dialling
from sipcore.relay.server import Relay

PARTNER = "127.0.0.34"
FABRIKAM = PUBLIC.leaf("edge.fabrikam.example")

CONFIG = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{{ transport = "udp", address = "{EDGE_IN}", port = 0, insecure = true }}]
next_hop = {{ transport = "udp", address = "{SERVER}", port = {server}, insecure = true }}
[outside]
listen = [{{ address = "{EDGE_OUT}", port = {listen} }}]
[[partner]]
domain = "fabrikam.example"
proxy = {{ address = "{PARTNER}", port = {partner} }}
subjects = ["edge.fabrikam.example"]
[limits]
connect_seconds = {seconds}
"""


class Stage:
    """A running relay between an inside server without TLS and a partner's proxy with TLS."""

    def __init__(self, relay: Relay, server: Peer, proxy: Peer, folder: Path) -> None:
        self.relay = relay
        self.server = server
        self.proxy = proxy
        self.folder = folder
        hop = relay.listen[Side.OUTSIDE, Transport.TLS]
        self.place = hop.host, hop.port

    @contextmanager
    def peer(self, leaf: Leaf | None) -> Iterator[Connection]:
        """A connection from the partner's address, whose owner shows that certificate."""
        with connected(self.place, connecting(self.folder, leaf), PARTNER) as peer:
            yield peer

    @contextmanager
    def asked(self, leaf: Leaf) -> Iterator[Connection]:
        """The next connection from the edge to the partner's proxy, which shows that certificate."""
        with accepted(self.proxy.listener, serving(self.folder, leaf)) as peer:
            yield peer

    def ask(self, number: int) -> None:
        """Let the inside server write to the partner."""
        hop = self.relay.listen[Side.INSIDE, Transport.UDP]
        self.server.udp.sendto(outward(number, "UDP", "fabrikam"), (hop.host, hop.port))

    def count(self, name: str, *labels: str) -> int:
        """What a counter stands at."""
        return self.relay.metrics.value(name, *labels)

    def failed(self, why: str) -> bool:
        """Whether one handshake has failed for that reason: a peer may see its end before it is counted."""
        return eventually(lambda: self.count("tls_failed", "outside", why)) == 1


def config_text(server: int, partner: int, listen: int = 0, more: str = "", seconds: int = int(PATIENCE_S)) -> str:
    """The configuration, with the ports of the peers, more keys of ``[limits]``, and the seconds for a handshake."""
    addresses = {"EDGE_IN": EDGE_IN, "SERVER": SERVER, "EDGE_OUT": EDGE_OUT, "PARTNER": PARTNER}
    return CONFIG.format(server=server, partner=partner, listen=listen, seconds=seconds, **addresses) + more + TRUST


@contextmanager
def stage(folder: Path, more: str = "", seconds: int = int(PATIENCE_S)) -> Iterator[Stage]:
    """The relay in a thread of its own, its peers around it."""
    write_files(folder)
    with ExitStack() as held:
        server, proxy = (held.enter_context(Peer(host)) for host in (SERVER, PARTNER))
        text = config_text(server.port, proxy.port, more=more, seconds=seconds)
        yield Stage(held.enter_context(running_relay(text, folder / "edge.toml")), server, proxy, folder)


def inward(number: int) -> bytes:
    """A request from the partner, over TLS."""
    over = f"TLS {PARTNER}"
    return request(number, "bob@fabrikam.example", "alice@contoso.example", over, "MESSAGE", "Lunch at noon?")


def reach_the_server(on: Stage, peer: Connection, number: int) -> None:
    """A request from the peer, and its answer back on the same connection."""
    peer.send(inward(number))
    delivered = on.server.read()
    assert header(delivered, "Call-ID") == str(number)
    hop = on.relay.listen[Side.INSIDE, Transport.UDP]
    on.server.udp.sendto(ok(delivered), (hop.host, hop.port))
    assert status(peer.read()) == 200


def reach_the_partner(on: Stage, peer: Connection, number: int) -> None:
    """What the inside server has asked arrives at the partner, and its answer back."""
    delivered = peer.read()
    assert header(delivered, "Call-ID") == str(number)
    assert header(delivered, "Via").startswith(f"SIP/2.0/TLS {EDGE_OUT}:{on.place[1]};")
    peer.send(ok(delivered))
    assert status(on.server.read()) == 200


# -- links that stand


@pytest.mark.parametrize(
    "purposes",
    [(FOR_SERVERS,), (FOR_CLIENTS,), (FOR_SERVERS, FOR_CLIENTS), None],
    ids=["servers", "clients", "both", "none"],
)
def test_f046_a_partner_comes_in_with_a_certificate_for_serving_or_for_connecting(
    purposes: tuple[object, ...] | None, tmp_path: Path
) -> None:
    leaf = PUBLIC.leaf("edge.fabrikam.example", purposes=purposes)  # type: ignore[arg-type]
    with stage(tmp_path) as on, on.peer(leaf) as peer:
        reach_the_server(on, peer, 1)
        assert on.count("received", "outside", "MESSAGE") == 1


def test_a_partner_is_reached_and_answers_on_the_same_connection(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        with on.asked(FABRIKAM) as peer:
            reach_the_partner(on, peer, 1)
            on.ask(2)
            reach_the_partner(on, peer, 2)
            assert on.count("links_opened", "outside") == 1


def test_the_edge_shows_its_certificate_and_asks_by_name(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        context, names = serving(tmp_path, FABRIKAM), []
        context.sni_callback = lambda handshake, name, context: names.append(name)
        with accepted(on.proxy.listener, context) as peer:
            assert isinstance(peer.socket, ssl.SSLSocket)
            shown = peer.socket.getpeercert()
            assert shown is not None
            assert shown["subjectAltName"] == (("DNS", "edge.contoso.example"),)
    assert names == ["edge.fabrikam.example"]


def test_a_request_never_leaves_on_a_connection_that_the_partner_has_opened_and_not_offered(tmp_path: Path) -> None:
    with stage(tmp_path) as on, on.peer(FABRIKAM) as peer:
        reach_the_server(on, peer, 1)
        on.ask(2)
        with on.asked(FABRIKAM) as proxy:
            reach_the_partner(on, proxy, 2)


def test_over_ipv6_a_partner_comes_in_and_is_reached_by_certificates_as_well(tmp_path: Path) -> None:
    require_ipv6()
    write_files(tmp_path)
    with Peer(SERVER) as server, Peer("::1") as proxy:
        text = config_text(server.port, proxy.port).replace(EDGE_OUT, "::1").replace(PARTNER, "::1")
        with running_relay(text, tmp_path / "edge.toml") as relay:
            on = Stage(relay, server, proxy, tmp_path)
            with connected(on.place, connecting(tmp_path, FABRIKAM), "::1") as peer:
                reach_the_server(on, peer, 1)
            on.ask(2)
            with on.asked(FABRIKAM) as peer:
                delivered = peer.read()
                assert header(delivered, "Via").startswith(f"SIP/2.0/TLS [::1]:{on.place[1]};")
                peer.send(ok(delivered))
                assert status(on.server.read()) == 200


# -- links that do not


@pytest.mark.parametrize(
    ("leaf", "why", "what"),
    [
        (PUBLIC.leaf("edge.fabrikam.example", purposes=(FOR_CODE,)), "purpose", "for codeSigning, and neither"),
        (PUBLIC.leaf("edge.fabrikam.example", ends=NOW - DAY / 2), "expired", "certificate has expired"),
        (PRIVATE.leaf("sip.nwtraders.example", common_name="Sip"), "class",
         "CN=Sip with sip.nwtraders.example, from CN=Fabrikam's Own Root, which vouches for partner links only"),
        (None, "no-certificate", "peer did not return a certificate"),
    ],
    ids=["purpose", "expired", "class", "no certificate"],
)  # fmt: skip
def test_a_peer_that_is_refused_is_closed_counted_and_logged(
    leaf: Leaf | None, why: str, what: str, tmp_path: Path
) -> None:
    with structlog.testing.capture_logs() as lines, stage(tmp_path) as on:
        with pytest.raises((ssl.SSLError, OSError, AssertionError)), on.peer(leaf) as peer:
            peer.send(inward(1))
            peer.read()
        with on.peer(FABRIKAM) as good:  # and the next one comes in
            reach_the_server(on, good, 2)
        assert on.failed(why)
        assert on.count("links_opened", "outside") == 1
    (line,) = (line for line in lines if line["event"] == "no TLS link")
    assert (line["why"], line["side"], line["log_level"]) == (why, "outside", "warning")
    assert line["peer"].startswith(f"{PARTNER}:")
    assert what in line["what"]


def test_a_peer_that_is_refused_is_told_why_in_an_alert(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        context = connecting(tmp_path, PUBLIC.leaf("edge.fabrikam.example", ends=NOW - DAY / 2))
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # the alert of 1.3 comes with the first read
        with pytest.raises(ssl.SSLError, match=r"(?i)alert certificate expired"), connected(on.place, context, PARTNER):
            pass


@contextmanager
def plain_connection(on: Stage) -> Iterator[socket.socket]:
    """A connection from the partner's address that has not said anything yet."""
    with socket.create_connection(on.place, PATIENCE_S, (PARTNER, 0)) as plain:
        plain.settimeout(PATIENCE_S)
        yield plain


@pytest.mark.parametrize(
    ("said", "why"),
    [(inward(1), "no-tls"), (b"GET / HTTP/1.1\r\nHost: edge\r\n\r\n", "no-tls"),
     (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "tls-failed")],
    ids=["SIP in clear text", "HTTP", "no hello"],
)  # fmt: skip
def test_what_is_no_handshake_is_closed_and_counted(said: bytes, why: str, tmp_path: Path) -> None:
    with stage(tmp_path) as on, plain_connection(on) as plain:
        plain.sendall(said)
        read_to_end(plain)
        assert on.failed(why)


def test_a_peer_that_says_nothing_is_closed_when_its_time_is_over(tmp_path: Path) -> None:
    with stage(tmp_path, seconds=1) as on, plain_connection(on) as plain:
        read_to_end(plain)
        assert on.failed("too-slow")


def test_handshakes_at_once_are_bounded(tmp_path: Path) -> None:
    with stage(tmp_path, "max_links = 2") as on, ExitStack() as held:
        for _ in range(2):
            held.enter_context(plain_connection(on))
        with plain_connection(on) as third:
            read_to_end(third)
        assert on.failed("too-many-handshakes")


def test_one_source_cannot_take_all_handshakes(tmp_path: Path) -> None:
    with stage(tmp_path, "max_links_per_source = 2") as on, ExitStack() as held:
        for _ in range(2):
            held.enter_context(plain_connection(on))
        with plain_connection(on) as third:
            read_to_end(third)
        assert on.failed("too-many-links-of-source")


def read_to_end(plain: socket.socket) -> None:
    """Wait until the edge closes."""
    try:
        while plain.recv(4096):
            pass
    except ConnectionResetError:
        pass


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (PUBLIC.leaf("edge.mallory.example"), "name"),
        (PUBLIC.leaf("*.fabrikam.example"), "name"),
        (PUBLIC.leaf("edge.fabrikam.example", purposes=(FOR_CLIENTS,)), "purpose"),
    ],
    ids=["another name", "a wildcard", "for clients only"],
)
def test_a_message_for_an_untrusted_hop_is_answered_504_with_1010(leaf: Leaf, why: str, tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        with pytest.raises((ssl.SSLError, OSError, AssertionError)), on.asked(leaf) as peer:
            peer.read()
        answer = on.server.read()
        assert status(answer) == 504
        assert header(answer, "ms-diagnostics").startswith("1010;")
        assert on.failed(why)
        assert on.count("links_opened", "outside") == 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_hop_that_we_leave_is_told_why_in_an_alert(version: ssl.TLSVersion, tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        context = serving(tmp_path, PUBLIC.leaf("edge.fabrikam.example", ends=NOW - DAY / 2))
        context.maximum_version = version
        with pytest.raises(ssl.SSLError, match=r"(?i)alert certificate expired"), accepted(on.proxy.listener, context):
            pass


def test_a_hop_that_we_leave_for_its_name_is_closed_and_not_cut_off(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        with on.asked(PUBLIC.leaf("edge.mallory.example")) as peer:
            assert isinstance(peer.socket, ssl.SSLSocket)
            peer.socket.suppress_ragged_eofs = False  # the end of the connection alone would be an error
            assert peer.socket.recv(1) == b""
        assert on.failed("name")


@pytest.mark.parametrize(
    ("version", "why"), [(ssl.TLSVersion.TLSv1_2, "tls-failed"), (ssl.TLSVersion.TLSv1_3, "not-let-in")]
)
def test_a_message_for_a_hop_that_does_not_take_our_certificate_is_answered_504_with_1047(
    version: ssl.TLSVersion, why: str, tmp_path: Path
) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        context = serving(tmp_path, FABRIKAM, PRIVATE)  # whose authority is not ours
        context.maximum_version = version
        with pytest.raises(ssl.SSLError), accepted(on.proxy.listener, context):
            pass
        answer = on.server.read()
        assert status(answer) == 504
        assert header(answer, "ms-diagnostics").startswith("1047;")
        assert on.failed(why)


#: Who closes a TLS connection without a word of farewell may be told so by the edge when nobody is there any more.
RESET = ("links_closed", "outside", "connection-error")


def test_a_peer_that_has_spoken_and_ends_the_connection_had_let_us_in(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        with on.asked(FABRIKAM) as peer:
            reach_the_partner(on, peer, 1)
        eventually(lambda: on.count("links_closed", "outside", "ended-by-peer") or on.count(*RESET))
        on.ask(2)
        with on.asked(FABRIKAM) as peer:
            reach_the_partner(on, peer, 2)
        assert on.count("tls_failed", "outside", "not-let-in") == 0


def test_a_message_for_a_hop_without_tls_is_answered_504_with_1047(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.ask(1)
        plain, _ = on.proxy.listener.accept()
        with plain:
            plain.sendall(b"SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            answer = on.server.read()
        assert status(answer) == 504
        assert header(answer, "ms-diagnostics").startswith("1047;")


def test_a_message_for_a_hop_that_does_not_finish_its_handshake_is_answered_504_with_1047(tmp_path: Path) -> None:
    with stage(tmp_path, seconds=1) as on:
        on.ask(1)
        plain, _ = on.proxy.listener.accept()
        with plain:
            assert header(on.server.read(), "ms-diagnostics").startswith("1047;")
        assert on.failed("too-slow")


def test_a_handshake_gets_what_its_connection_has_left_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    async def connected_late(*place: Any) -> socket.socket:
        await asyncio.sleep(0.5)
        return await at_once(*place)

    at_once = dialling._connected
    monkeypatch.setattr(dialling, "_connected", connected_late)
    with stage(tmp_path, seconds=20) as on:
        dialler = on.relay._shell._dialler
        secured = dialler._secured
        monkeypatch.setattr(dialler, "_secured", lambda *of: given.append(of[-1]) or secured(*of))
        on.ask(1)
        with on.asked(FABRIKAM) as peer:
            reach_the_partner(on, peer, 1)
    assert 0 < given[0] <= 19.5


def test_a_message_for_a_hop_that_is_not_there_is_answered_503(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        on.proxy.listener.close()
        on.ask(1)
        assert status(on.server.read()) == 503


# -- files that change


def shown_to(peer: Connection) -> int:
    """The serial number of the certificate that the edge has shown."""
    assert isinstance(peer.socket, ssl.SSLSocket)
    shown = peer.socket.getpeercert()
    assert shown is not None
    return int(str(shown["serialNumber"]), 16)


def test_new_certificates_are_for_new_handshakes_and_links_stay(tmp_path: Path) -> None:
    with stage(tmp_path) as on, on.peer(FABRIKAM) as early:
        reach_the_server(on, early, 1)
        renewed = PUBLIC.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS))
        write_files(tmp_path, renewed)
        on.relay.reload()
        with on.peer(FABRIKAM) as late:
            assert shown_to(early) != shown_to(late) == renewed.certificate.serial_number
            reach_the_server(on, late, 2)
        reach_the_server(on, early, 3)
        expires = on.relay.metrics.registry.get_sample_value("sipcore_certificate_expires_seconds", {"side": "outside"})
        assert expires == renewed.certificate.not_valid_after_utc.timestamp()


def test_whom_a_new_list_revokes_does_not_come_in_again(tmp_path: Path) -> None:
    (tmp_path / "revoked.pem").write_bytes(PUBLIC.revocations())
    write_files(tmp_path)
    with Peer(SERVER) as server, Peer(PARTNER) as proxy:
        text = config_text(server.port, proxy.port).replace("[tls]", '[tls]\nrevoked = ["revoked.pem"]')
        with running_relay(text, tmp_path / "edge.toml") as relay:
            on = Stage(relay, server, proxy, tmp_path)
            with on.peer(FABRIKAM) as early:
                reach_the_server(on, early, 1)
                (tmp_path / "revoked.pem").write_bytes(PUBLIC.revocations(FABRIKAM))
                relay.reload()
                with pytest.raises((ssl.SSLError, OSError, AssertionError)), on.peer(FABRIKAM) as late:
                    late.send(inward(2))
                    late.read()
                assert on.failed("revoked")


def test_files_with_faults_change_nothing_and_are_named(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines, stage(tmp_path) as on:
        (tmp_path / "outside.pem").write_bytes(b"")
        (tmp_path / "public.pem").unlink()
        on.relay.reload()
        with on.peer(FABRIKAM) as peer:
            reach_the_server(on, peer, 1)
    faults = {line["key"]: line["event"] for line in lines if line.get("consequence") == "nothing was reloaded"}
    keys = ["tls.outside.certificate", *(f"tls.roots.{each}[0]" for each in ("discovered", "partner", "provider"))]
    assert sorted(faults) == keys
    assert faults["tls.roots.discovered[0]"].endswith("public.pem cannot be read (No such file or directory)")


def test_sighup_makes_the_process_read_its_certificates_again(tmp_path: Path) -> None:
    write_files(tmp_path)
    port = free_port(EDGE_OUT)
    (tmp_path / "edge.toml").write_text(config_text(9, 9, port))
    context = connecting(tmp_path, FABRIKAM)
    with subprocess.Popen([*COMMAND, str(tmp_path / "edge.toml")], stderr=subprocess.DEVNULL) as process:
        try:
            first = eventually(lambda: serial_at((EDGE_OUT, port), context))
            write_files(tmp_path, PUBLIC.leaf("edge.contoso.example"))
            os.kill(process.pid, signal.SIGHUP)
            eventually(lambda: serial_at((EDGE_OUT, port), context) != first)
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


def serial_at(place: tuple[str, int], context: ssl.SSLContext) -> int:
    """The serial number of the certificate that is shown there; 0 where nobody listens yet."""
    try:
        with connected(place, context, PARTNER) as peer:
            return shown_to(peer)
    except ConnectionRefusedError:
        return 0
