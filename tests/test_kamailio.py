"""IM between two organisations, each with somebody else's SIP server behind an edge of ours.

Two real Kamailios, two edges: whoever wrote the one has never seen the other. All of it once over IPv4, once over IPv6.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from addresses import Address, family_of, written
from authority import Authority
from federation_page import command
from instant_messages import file_offer
from kamailio_world import World, kamailio_world
from patience import PATIENCE_S
from peer_programs import require_program
from relay_stage import request, status
from sip_users import User
from sipp_runs import sipp

pytestmark = pytest.mark.timeout(300)

MARK = "ms-edge-proxy-message-trust"
ASSERTION = "X-Verified-User"
#: SIPp's counters of everything that may not happen on a sound path.
UNWANTED = ("FailedCall", "DeadCallMsgs", "OutOfCallMsgs", "FatalErrors")


@pytest.fixture(scope="module", params=[4, 6], ids=["IPv4", "IPv6"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kamailio_world(tmp_path_factory.mktemp("world"), request.param) as world:
        yield world


@pytest.fixture(scope="module")
def alice(world: World) -> Iterator[User]:
    with world.user("alice@contoso.example") as user:
        yield user


@pytest.fixture(scope="module")
def bob(world: World) -> Iterator[User]:
    with world.user("bob@fabrikam.example") as user:
        yield user


@pytest.fixture(params=["outward", "inward"])
def pair(request: pytest.FixtureRequest, alice: User, bob: User) -> tuple[User, User]:
    """Who writes, and to whom; as Contoso sees it."""
    return (alice, bob) if request.param == "outward" else (bob, alice)


# -- content


def test_a_message_arrives_as_it_was_written_and_its_answer_comes_back(pair: tuple[User, User]) -> None:
    sender, receiver = pair
    sent = sender.say(receiver.address, "Lunch at noon? \N{SLICE OF PIZZA}")
    assert receiver.take(sent).body == "Lunch at noon? \N{SLICE OF PIZZA}".encode()
    assert sender.answer_to(sent).status == 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [("text/plain", "see http://www.fabrikam.example/"), ("text/x-msmsgsinvite; charset=UTF-8", file_offer())],
    ids=["link", "file"],
)
def test_a_link_or_a_file_is_refused_by_the_senders_own_edge_and_never_arrives(
    kind: str, text: str, world: World, pair: tuple[User, User]
) -> None:
    sender, receiver = pair
    home, far = (each.counters for each in world.homes(sender.address))
    reached = far.counted("received", side="outside", kind="MESSAGE")
    refused = home.counted("refused", side="inside", why="filtered", status="606")
    answer = sender.answer_to(sender.say(receiver.address, text, kind))
    assert answer.status == 606
    assert answer.field("Warning").startswith("309 ")
    assert home.comes_to(refused + 1, "refused", side="inside", why="filtered", status="606")
    assert far.counted("received", side="outside", kind="MESSAGE") == reached


def test_a_link_from_a_peer_without_a_filter_is_refused_where_it_arrives(world: World, alice: User) -> None:
    forwarded = world.contoso.counters.counted("forwarded", side="inside")
    with world.knock("edge.nwtraders.example", world.authority) as peer:
        text = "see http://www.nwtraders.example/"
        peer.send(request(4, "tim@nwtraders.example", alice.address, "TLS edge.nwtraders.example", "MESSAGE", text))
        assert status(peer.read()) == 606
    assert world.contoso.counters.counted("forwarded", side="inside") == forwarded


# -- identity


def test_who_is_believed_arrives_verified(alice: User, bob: User) -> None:
    """Fabrikam says that its users are verified, and Contoso takes its word (level verified-by-provider)."""
    arrived = alice.take(sent := bob.say(alice.address, "It is me."))
    assert bob.answer_to(sent).status == 200
    assert arrived.fields(ASSERTION) == []
    assert "ms-source-verified-user=verified" in arrived.field(MARK).split(";")


def test_who_is_not_believed_arrives_unverified_whatever_is_said(alice: User, bob: User) -> None:
    """Contoso says the same of its users, and Fabrikam goes by its own users' contacts (level contact-list)."""
    forged = [f"{MARK}: ms-source-verified-user=verified", f"{ASSERTION}: verified"]
    arrived = bob.take(sent := alice.say(bob.address, "It is me.", headers=forged))
    assert alice.answer_to(sent).status == 200
    assert arrived.fields(ASSERTION) == []
    assert "ms-source-verified-user=unverified" in arrived.field(MARK).split(";")


def test_nobody_of_ours_speaks_in_the_name_of_another_domain(world: World, bob: User) -> None:
    reached = world.fabrikam.counters.counted("received", side="outside")
    with User("mallory@nwtraders.example", world.newcomer(), world.contoso.server) as mallory:
        assert mallory.answer_to(mallory.say(bob.address, "Hello")).status == 403
    assert world.fabrikam.counters.counted("received", side="outside") == reached


# -- who is at the other end


@pytest.mark.parametrize(
    ("domain", "code"),
    [("nwtraders.example", 1010), ("adatum.example", 1009), ("tailspin.example", 1014), ("woodgrove.example", 1008)],
    ids=["another's certificate", "another's host", "no address", "no record"],
)
def test_where_certificate_and_record_do_not_prove_a_domain_nothing_is_sent(
    domain: str, code: int, world: World, alice: User
) -> None:
    reached = world.fabrikam.counters.counted("received", side="outside")
    answer = alice.answer_to(alice.say(f"tim@{domain}", "Are you there?"))
    assert answer.status == 504
    assert answer.field("ms-diagnostics").startswith(f"{code};")
    assert world.fabrikam.counters.counted("received", side="outside") == reached


def test_a_peer_is_heard_when_its_certificate_and_its_domains_record_agree(world: World, alice: User) -> None:
    with world.knock("edge.nwtraders.example", world.authority) as peer:
        peer.send(request(1, "tim@nwtraders.example", alice.address, "TLS edge.nwtraders.example", "MESSAGE", "Hello"))
        assert alice.take("1").body == b"Hello"
        assert status(peer.read()) == 200


@pytest.mark.parametrize(
    ("name", "sender"),
    [("edge.nwtraders.example", "bob@fabrikam.example"), ("edge.adatum.example", "ann@adatum.example")],
    ids=["another's domain", "a record that names another"],
)
def test_a_peer_does_not_speak_for_a_domain_that_record_and_certificate_do_not_agree_on(
    name: str, sender: str, world: World, alice: User
) -> None:
    counters, why = world.contoso.counters, "claims-other-domain"
    refused = counters.counted("refused", side="outside", why=why, status="403")
    forwarded = counters.counted("forwarded", side="inside")
    with world.knock(name, world.authority) as peer:
        peer.send(request(2, sender, alice.address, f"TLS {name}", "MESSAGE", "It is me."))
        answer = peer.read()
    assert status(answer) == 403
    assert b"ms-diagnostics" not in answer
    assert counters.comes_to(refused + 1, "refused", side="outside", why=why, status="403")
    assert counters.counted("forwarded", side="inside") == forwarded


@pytest.mark.parametrize(
    ("authority", "why"),
    [(Authority("Somebody"), "unknown-issuer"), (None, "no-certificate")],
    ids=["of a strange authority", "none"],
)
def test_without_a_certificate_that_is_trusted_nobody_is_heard(
    authority: Authority | None, why: str, world: World, alice: User
) -> None:
    counters = world.contoso.counters
    received = counters.counted("received", side="outside")
    failed = counters.counted("tls_failed", side="outside", why=why)
    # the peer may hear of it at once, with the first word, or with the last
    with suppress(OSError), world.knock("edge.fabrikam.example", authority) as peer:
        peer.send(request(3, "bob@fabrikam.example", alice.address, "TLS edge.fabrikam.example", "MESSAGE", "Me."))
        assert peer.read_to_end() == b""
    assert counters.comes_to(failed + 1, "tls_failed", side="outside", why=why)
    assert counters.counted("received", side="outside") == received


def test_the_page_shows_how_the_other_edges_certificate_is_looked_at(world: World) -> None:
    require_program("openssl", "openssl")
    place = written(world.fabrikam.edge)
    looked = command("openssl s_client").replace("-connect edge.fabrikam.example:5061", f"-connect {place}")
    folder = world.contoso.folder
    said = subprocess.run(looked, shell=True, cwd=folder, check=True, capture_output=True, text=True, timeout=20).stderr
    assert "Verified peername: edge.fabrikam.example" in said


# -- a partner whose edge is away


def test_a_sender_is_told_that_the_partners_edge_is_away_and_writes_again_when_it_is_back(
    world: World, alice: User, bob: User
) -> None:
    """The edge says 503 where nobody listens, of which Kamailio makes its own 500 (RFC 3261 section 16.7, step 6)."""
    edge, undelivered = world.contoso.counters, {"side": "inside", "why": "undelivered", "status": "503"}
    with world.without_edge(world.fabrikam):
        assert edge.comes_to(edge.counted("links_opened", side="outside"), "links_closed", side="outside")
        before = edge.counted("refused", **undelivered)
        assert alice.answer_to(alice.say(bob.address, "Are you there?")).status == 500
        assert edge.comes_to(before + 1, "refused", **undelivered)
        with speaking_no_tls(world.fabrikam.edge):
            answer = alice.answer_to(alice.say(bob.address, "Who are you?"))
        assert answer.status == 504
        assert answer.field("ms-diagnostics").startswith("1047;")
    for sender, receiver in ((alice, bob), (bob, alice)):
        receiver.take(sent := sender.say(receiver.address, "There you are."))
        assert sender.answer_to(sent).status == 200


@contextmanager
def speaking_no_tls(place: Address) -> Iterator[None]:
    """Somebody at that place answers the first one who comes in words of another protocol."""
    with socket.create_server(place, family=family_of(place[0])) as listener, ThreadPoolExecutor(1) as beside:
        listener.settimeout(PATIENCE_S)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_535)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        answered = beside.submit(answer)
        yield
        answered.result()


# -- blocked


def test_to_a_blocked_domain_nothing_leaves(world: World, alice: User) -> None:
    reached = world.fabrikam.counters.counted("received", side="outside")
    assert alice.answer_to(alice.say("carol@litware.example", "Hello")).status == 403
    assert world.fabrikam.counters.counted("received", side="outside") == reached


def test_from_a_blocked_domain_nothing_arrives_and_nobody_is_told(world: World, alice: User, bob: User) -> None:
    counters = world.contoso.counters
    blocked = counters.counted("discarded", side="outside", why="blocked")
    with User("carol@litware.example", world.newcomer(), world.fabrikam.server) as carol:
        dropped = carol.say(alice.address, "Hello")
        alice.take(bob.say(alice.address, "I come behind her."))
    assert counters.comes_to(blocked + 1, "discarded", side="outside", why="blocked")
    assert dropped not in alice.met


# -- dialogs, played by SIPp


@pytest.mark.parametrize(
    ("near", "far"),
    [("carl@contoso.example", "cleo@fabrikam.example"), ("dora@fabrikam.example", "dave@contoso.example")],
)
def test_a_session_follows_the_routes_of_both_servers_and_both_edges(
    near: str, far: str, world: World, tmp_path: Path
) -> None:
    passes = {"INVITE": 1, "ACK": 1, "MESSAGE": 1, "BYE": 1, "1xx": 2, "2xx": 3}
    play("session_caller", near, "session_called", far, world, tmp_path, passes)


@pytest.mark.parametrize(
    ("near", "far"),
    [("amy@contoso.example", "ben@fabrikam.example"), ("eva@fabrikam.example", "eric@contoso.example")],
)
def test_presence_comes_by_benotify_which_nobody_answers_and_by_notify_which_is_answered(
    near: str, far: str, world: World, tmp_path: Path
) -> None:
    passes = {"SUBSCRIBE": 2, "NOTIFY": 1, "2xx": 3, "BENOTIFY": 1}
    play("presence_subscriber", near, "presence_notifier", far, world, tmp_path, passes)


def play(
    near_scenario: str, near: str, far_scenario: str, far: str, world: World, folder: Path, passes: Mapping[str, int]
) -> None:
    """Let two users play their scenarios, each behind their own server.

    Over TCP: where UDP is spoken Kamailio repeats what is answered late, which no scenario expects.

    Args:
        near, far: addresses of record; the near one begins. Who was reached elsewhere before is rung there, too.
        passes: how many messages of each kind both edges forward for each call.
    """
    calls = 50
    here, there = world.newcomer(), world.newcomer()
    world.user(far, f"{written(there)};transport=tcp").close()
    edges = (world.contoso.counters, world.fabrikam.counters)
    before = [{kind: edge.counted("forwarded", kind=kind) for kind in passes} for edge in edges]
    server = world.homes(near)[0].server
    called = sipp(far_scenario, there, "tcp", calls, folder, me=far, peer=near)
    calling = sipp(near_scenario, here, "tcp", calls, folder, "-users", "10", me=near, peer=far, to=server)
    with called as far_run, calling as near_run:
        for run in (near_run.finish(), far_run.finish()):
            assert run.total("SuccessfulCall") == calls
            assert [run.total(counter) for counter in UNWANTED] == [0] * len(UNWANTED)
    for edge, counts in zip(edges, before, strict=True):
        for kind, of_a_call in passes.items():
            assert edge.comes_to(counts[kind] + calls * of_a_call, "forwarded", kind=kind), kind
