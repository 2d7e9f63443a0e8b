"""Explanations: every example configuration is explained, rule by rule, as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from edge_world import KEYS, OWN
from edge_world import TABLES as PLAIN
from federated_world import CROSSROADS, INSIDE, OUTSIDE, WITH_DEFAULT

from sipcore import parse
from sipcore.configuration import load, loads
from sipcore.edge.explaining import Explanation, explain, link_for, link_named, message_of, record_of
from sipcore.edge.facts import SrvFact
from sipcore.edge.tables import Transport

EXAMPLES = Path(__file__).parent.parent / "examples" / "edges"
BOB = "bob@contoso.example"
MSN = SrvFact.of("hotmail.example", "federation.messenger.msn.com", expires=1.0)
NWTRADERS = SrvFact.of("nwtraders.example", "sip.nwtraders.example", expires=1.0)
ANYBODY = SrvFact.of("anybody.example", "sip.anybody.example", expires=1.0)


def explained(name: str, sender: str, recipient: str, *facts: SrvFact, link: str = "") -> Explanation:
    """What an example does with a message between these two."""
    config = load(EXAMPLES / name)
    tables = config.tables
    peer = link_named(link, tables) if link else link_for(sender.partition("@")[2], tables, facts)
    assert peer is not None
    message = parse(message_of(sender, recipient, "MESSAGE", "verified", peer, tables))
    return explain(message, peer, tables, content=None, keys=KEYS, users=config.users, facts=facts)


#: example, sender, recipient, what is known of DNS; then one rule of the chain, and what leaves
TOPOLOGIES: list[tuple[str, str, str, tuple[SrvFact, ...], str, str]] = [
    ("direct-partner.toml", "alice@fabrikam.example", BOB, (),
     "fabrikam.example is direct partner 'Fabrikam' ([[partner]], line 24), whose link this is",
     "sent inside to tcp 192.0.2.10:5060"),
    ("enhanced-restricted.toml", BOB, "joe@nwtraders.example", (NWTRADERS,),
     "nwtraders.example is discovered ([discovered], line 20): SRV of nwtraders.example: sip.nwtraders.example",
     "sent outside to tls sip.nwtraders.example:5061"),
    ("enhanced-restricted.toml", BOB, "joe@nwtraders.example", (),
     "", "waits for the SRV record of nwtraders.example: _sipfederationtls._tcp.nwtraders.example"),
    ("enhanced-open.toml", "joe@anybody.example", BOB, (ANYBODY,),
     "anybody.example is discovered ([discovered] any_domain), and the SRV of anybody.example", "sent inside to tls"),
    ("enhanced-open.toml", BOB, "joe@spam.example", (), "spam.example is blocked ([blocked], line 25)", "SIP/2.0 403"),
    ("public-providers.toml", BOB, "joe@hotmail.example", (MSN,),
     "the proxy of provider 'MSN' ([[provider]], line 18)", "sent outside to tls federation.messenger.msn.com:5061"),
    ("public-providers.toml", BOB, "joe@hotmail.example", (MSN,),
     "plain text only: 'MSN' ([[provider]], line 18) is a public provider", "sent outside to tls federation."),
    ("public-providers.toml", BOB, "joe@tailspin.example", (),
     "tailspin.example is listed for provider 'Hosting by Fabrikam' ([[provider]], line 24)",
     "sent outside to tls sip.hosting.fabrikam.example:5061"),
    ("clearing-house-user.toml", BOB, "joe@anybody.example", (),
     "no other table knows anybody.example, so it takes the default route 'Exchange of the Trade Association'",
     "  X-Archiving-Notice: archived"),
    ("clearing-house-operator.toml", "tim@contoso.example", "ann@fabrikam-labs.example", (),
     "as a clearing house: fabrikam-labs.example is direct partner 'Fabrikam, laboratories' ([[partner]], line 29)",
     "sent outside to tls edge.fabrikam.example:5061"),
    ("director.toml", "alice@fabrikam.example", BOB, (),
     "bob@contoso.example says allow of alice@fabrikam.example ([[user]], line 3)",
     "bob@contoso.example is to be archived as without-body: stored, nothing is archived yet"),
    ("cisco-neighbour.toml", "ann@domaina.example", BOB, (),
     "domaina.example is federated ([[federated_domain]], line 17), by the static route of domaina.example",
     "sent inside to tls sip.contoso.example:5061"),
    ("aol.toml", BOB, "joe@aim.com", (),
     "aol.com is federated, of type aol ([[federated_domain]], line ", "sent outside to tls sip.oscar.aol.com:5061"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sender", "recipient", "facts", "rule", "outcome"), TOPOLOGIES)
def test_an_example_is_explained(
    name: str, sender: str, recipient: str, facts: tuple[SrvFact, ...], rule: str, outcome: str
) -> None:
    found = explained(name, sender, recipient, *facts)
    chain = found.trace.decision.chain if found.trace else ("",)
    assert [line for line in chain if rule in line], chain
    assert [line for line in found.outcome if outcome in line], found.outcome


def test_every_example_is_explained() -> None:
    assert {row[0] for row in TOPOLOGIES} == {path.name for path in EXAMPLES.glob("*.toml")} - {"users.toml"}


def test_what_is_written_for_the_other_side_is_shown() -> None:
    inward = explained("direct-partner.toml", "alice@fabrikam.example", BOB)
    assert [line for line in inward.outcome if "ms-source-verified-user=verified" in line]
    outward = explained("direct-partner.toml", BOB, "alice@fabrikam.example")
    assert "  X-Verified-User: verified" in outward.outcome
    refused = explained("direct-partner.toml", BOB, "x@nowhere.example")
    assert [line for line in refused.outcome if line.startswith("  ms-diagnostics: 1005;")]


@pytest.mark.parametrize("example", ["direct-partner.toml", "enhanced-restricted.toml"])
def test_an_answer_goes_back_to_whoever_asked_and_not_to_an_address(example: str) -> None:
    assert "sent back: SIP/2.0 403 Forbidden" in explained(example, BOB, "x@spam.example").outcome


def test_what_is_discarded_is_said_to_be() -> None:
    found = explained("direct-partner.toml", "x@spam.example", BOB, link="203.0.113.7")
    assert found.outcome == ("nothing is sent",)


@pytest.mark.parametrize(
    ("text", "side", "transport"),
    [
        ("inside", INSIDE, Transport.UDP),
        ("127.0.0.6", INSIDE, Transport.UDP),
        ("192.0.2.20", OUTSIDE, Transport.UDP),
        ("[2001:db8::9]", OUTSIDE, Transport.UDP),
        ("inside:192.0.2.20", INSIDE, Transport.UDP),
        ("edge.fabrikam.example", OUTSIDE, Transport.TLS),
        ("inside:edge.fabrikam.example", INSIDE, Transport.TLS),
    ],
)
def test_a_link_is_named_by_an_address_or_a_certificate(text: str, side: str, transport: str) -> None:
    link = link_named(text, PLAIN)
    assert (link.side, link.transport) == (side, transport)
    assert (link.certificate is None) is (transport is not Transport.TLS)


def test_an_address_comes_over_what_is_listened_for_on_its_side() -> None:
    both = (EXAMPLES / "direct-partner.toml").read_text()
    streams = "".join(line for line in both.splitlines(keepends=True) if '"udp"' not in line)
    for source, transport in ((both, Transport.UDP), (streams, Transport.TCP)):
        assert link_named("inside", loads(source).tables).transport is transport


def test_where_the_tables_tell_no_link_has_to_be_named() -> None:
    hosts = {
        "fabrikam.example": "edge.fabrikam.example",
        "tailspin.example": "sip.hosting.example",
        "domaina.example": "fw.domaina.example",
        "nwtraders.example": "sip.nwtraders.example",
    }
    for domain, host in hosts.items():
        link = link_for(domain, CROSSROADS, [NWTRADERS])
        assert link is not None
        assert link.certificate is not None
        assert link.certificate.names == (host,)
    assert link_for("nobody.example", CROSSROADS) is None
    assert link_for("nobody.example", WITH_DEFAULT) is not None
    own = link_for("contoso.example", PLAIN)
    assert own is not None
    assert own.remote_host in OWN.servers


@pytest.mark.parametrize("text", ["", "fabrikam.example", "-=a.example", "a.example=*.a.example"])
def test_a_record_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected domain=host"):
        record_of(text)


def test_a_record_has_hosts_or_is_proven_to_be_none() -> None:
    assert record_of("a.example=sip.a.example, b.a.example").hosts == ("sip.a.example", "b.a.example")
    assert record_of("a.example=").hosts == ()
