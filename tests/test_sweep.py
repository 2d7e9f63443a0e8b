"""Nothing goes from outside to outside: every combination of sender, From, Route and Request-URI, on real sockets.

The places outside only listen. Whatever reaches one of them must be an answer to itself, or have come from inside.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice, product
from typing import NamedTuple

import pytest
from surrounded_relay import DOMAINS, OUTSIDE, Surrounded, surrounded_relay

pytestmark = pytest.mark.timeout(180)

METHODS = ("MESSAGE", "INVITE", "BYE", "BENOTIFY", "NOTIFY", "ACK", "OPTIONS")
#: What From may say, and the Request-URI: every domain that is known, one that is not, one that is blocked.
SAID = ("contoso.example", "fabrikam.example", "nwtraders.example", "tailspin.example", "spam.example")
#: So many are on their way at once: a socket's default buffer holds some 90 datagrams.
BATCH = 40


class Dialog(NamedTuple):
    """A dialog that a route was recorded for: who began it with whom."""

    begun_by: str
    begun_with: str

    @property
    def call_id(self) -> str:
        """The same for whatever belongs to it."""
        return f"recorded-{self.begun_by}-{self.begun_with}"

    def ends(self, sender: str) -> tuple[str, str]:
        """The From tag of that sender, and To: everybody but the one who was called pretends to be the caller."""
        if sender == self.begun_with:
            return "called", f"<sip:user@{DOMAINS[self.begun_by]}>;tag=caller"
        return "caller", f"<sip:user@{DOMAINS[self.begun_with]}>;tag=called"


class Along(NamedTuple):
    """The Route header of a request, and the dialog that it is a request of, if it is."""

    routes: tuple[str, ...] = ()
    dialog: Dialog | None = None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surrounded]:
    """One relay for both tests."""
    with surrounded_relay(tmp_path_factory.mktemp("relay")) as surrounded:
        yield surrounded


def begun(world: Surrounded, dialog: Dialog) -> str:
    """The INVITE that begins that dialog, as the one who is called has it."""
    uri, near = f"sip:user@{DOMAINS[dialog.begun_with]}", f"<sip:user@{DOMAINS[dialog.begun_by]}>;tag=caller"
    world.say(dialog.begun_by, world.request(dialog.begun_by, "INVITE", uri, near, f"<{uri}>", dialog.call_id))
    world.settle()
    *_, heard = (text for text in world.sinks[dialog.begun_with].requests() if dialog.call_id in text)
    return heard


def routes(world: Surrounded) -> list[Along]:
    """Ways that a Route header may lead: through the edge, past it, beyond it, or where it led somebody else."""
    edges = [f"<sip:{host}:{port};lr>" for host, port in (world.relay.edge_outside, world.relay.edge_inside)]
    edges.append("<sip:edge.contoso.example;lr>")
    beyond = [f"<sip:{host}:{port};lr>" for host, port in (world.sinks[name].place for name in ("nwtraders", "nobody"))]
    forged = f"{edges[0][:-1]};fd=nwtraders.example;sig={'0' * 32}>"
    found = [(), *((edge,) for edge in edges), *((there,) for there in beyond), (forged,)]
    found += [(edge, there) for edge in edges for there in beyond]
    found += [(forged, beyond[0]), (edges[0], edges[1], beyond[1])]
    every = [Along(each) for each in found]
    for dialog in (Dialog("server", "fabrikam"), Dialog("server", "nwtraders"), Dialog("fabrikam", "server")):
        recorded = tuple(re.findall(r"Record-Route: ([^\r]*)", begun(world, dialog)))
        for each in (recorded, recorded[::-1]):
            every += [Along(each), Along(each, dialog), Along((*each, beyond[1]), dialog)]
    return every


def request_uris(world: Surrounded) -> list[str]:
    """Where a Request-URI may point: at every domain, at every place, and at one by way of another."""
    places = [*(sink.place for sink in world.sinks.values()), world.relay.edge_inside, world.relay.edge_outside]
    host, port = world.sinks["nwtraders"].place
    return [
        *(f"sip:somebody@{domain}" for domain in SAID),
        *(f"sip:somebody@{place[0]}:{place[1]}" for place in places),
        f"sip:somebody@contoso.example;maddr={host}",
        f"sip:somebody%40nwtraders.example@contoso.example:{port}",
        f"sip:somebody@{host}:{port};transport=tcp",
    ]


def test_of_thousands_of_requests_none_goes_from_outside_to_outside(world: Surrounded) -> None:
    methods = cycle(METHODS)
    combinations = iter(list(product(DOMAINS, SAID, routes(world), request_uris(world))))
    sent = Counter[str]()
    while batch := list(islice(combinations, BATCH)):
        for sender, domain, along, uri in batch:
            tag, far = along.dialog.ends(sender) if along.dialog else ("t", "<sip:user@tailspin.example>")
            call_id = along.dialog.call_id if along.dialog else ""
            route = [f"Route: {', '.join(along.routes)}"] if along.routes else []
            near = f"<sip:user@{domain}>;tag={tag}"
            text = world.request(sender, next(methods), uri, near, far, call_id, *route)
            world.say(sender, text)
            sent[sender] += 1
        world.settle()
    assert min(sent.values()) > 1_000
    heard = {name: Counter(map(origin, sink.requests())) for name, sink in world.sinks.items()}
    assert not heard["nobody"]
    for name in ("fabrikam", "nwtraders"):
        assert set(heard[name]) == {("server", "contoso.example")}
    # Inside, each domain by its own link alone: the sweep has found the ways that are open, too.
    assert set(heard["server"]) == {("fabrikam", "fabrikam.example"), ("nwtraders", "nwtraders.example")}
    # Outside of dialogs that were recorded nothing asks the inside to carry it further.
    assert not [text for text in world.sinks["server"].requests() if "recorded-" not in text and leads_on(text)]
    # And nothing has gone where nobody listens.
    for side, names in (("outside", ("fabrikam", "nwtraders")), ("inside", ("server",))):
        for method in METHODS:
            number = sum(text.startswith(f"{method} ") for name in names for text in world.sinks[name].requests())
            assert world.relay.comes_to(number, "forwarded", side=side, kind=method)


def test_no_answer_is_led_from_outside_to_outside(world: Surrounded) -> None:
    beyond = [sink.place for sink in world.sinks.values() if sink is not world.sinks["server"]]
    forwarded = begun(world, Dialog("server", "fabrikam"))
    ours, theirs = re.findall(r"Via: ([^\r]*)", forwarded)
    for sender, (host, port), status in product(OUTSIDE, beyond, ("100", "180", "200", "302", "487")):
        elsewhere = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK-elsewhere"
        for vias in (
            [ours, elsewhere],
            [ours, re.sub(r"(UDP) [^;]*", rf"\1 {host}:{port}", theirs)],
            [ours, f"{theirs};received={host};rport={port}"],
            [ours, elsewhere, theirs],
            [re.sub("branch=[^;]*", "branch=z9hG4bKguessed", ours), elsewhere],
            [elsewhere],
        ):
            world.say(sender, answer(forwarded, status, vias))
        world.settle()
    for name in OUTSIDE:
        assert not [text for text in world.sinks[name].heard if "X-Answer" in text]
    # The true answer goes where the request came from.
    world.say("fabrikam", answer(forwarded, "200", [ours, theirs]))
    world.settle()
    assert [text for text in world.sinks["server"].heard if "X-Answer" in text]


def test_no_refusal_is_led_to_another_than_who_asked(world: Surrounded) -> None:
    number = 0
    for sender, other in product(OUTSIDE, OUTSIDE):
        host, port = world.sinks[other].place
        for via in (
            f"{host}:{port};branch=",
            f"{host}:{port};rport;branch=",
            f"x;maddr={host};received={host};rport={port};branch=",
        ):
            number += 1
            text = world.request(
                sender, "MESSAGE", "sip:x@tailspin.example", "<sip:x@y.example>;tag=r", "<sip:x@y.example>"
            )
            world.say(
                sender,
                re.sub("UDP [^;]*;branch=", f"UDP {via}", text).replace("Call-ID: ", f"Call-ID: asked-by-{sender}-"),
            )
    world.settle()
    asked = {name: re.findall("Call-ID: asked-by-([^-]*)", "".join(world.sinks[name].heard)) for name in OUTSIDE}
    assert {name: set(senders) for name, senders in asked.items()} == {name: {name} for name in OUTSIDE}


def answer(request: str, status: str, vias: list[str]) -> str:
    """An answer to a request with other Vias."""
    copied = re.findall(r"((?:From|To|Call-ID|CSeq): [^\r]*)", request)
    lines = [
        f"SIP/2.0 {status} Whatever",
        *(f"Via: {via}" for via in vias),
        *copied,
        "X-Answer: 1",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""])


def leads_on(request: str) -> bool:
    """Whether whoever gets the request is asked to send it somewhere else."""
    first = request.partition("\r\n")[0]
    return "\r\nRoute:" in request or "maddr=" in first or "@contoso.example" not in first


def origin(request: str) -> tuple[str, str]:
    """Who sent a request, and the domain that it says so of."""
    found = re.search(r"From: [^@]*@([^>]*)>.*X-Sender: ([^\r]*)", request, re.DOTALL)
    assert found, request
    return found[2], found[1]
