"""The engine: every level, assertion and forged mark, on requests and responses, in both directions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from edge_world import FROM_FABRIKAM, FROM_SERVER, TABLES, engine, inbound, only, outbound, receive, with_level
from federated_world import CROSSROADS, WITH_DEFAULT, link

from sipcore import parse, respond
from sipcore.edge.facts import SrvFact
from sipcore.edge.tables import ArchivingNotice, Tables, Verification, VerificationLevel

MARK = "ms-edge-proxy-message-trust"

#: level, what the message asserts, then: verified?
LEVELS: list[tuple[VerificationLevel, tuple[str, ...], bool]] = [
    (VerificationLevel.CONTACT_LIST, ("X-Verified-User: verified",), False),
    (VerificationLevel.CONTACT_LIST, ("X-Verified-User: unverified",), False),
    (VerificationLevel.CONTACT_LIST, (), False),
    (VerificationLevel.CONTACT_LIST, ("X-Verified-User: maybe",), False),
    (VerificationLevel.CONTACT_LIST, ("X-Verified-User: verified", "X-Verified-User: verified"), False),
    (VerificationLevel.VERIFIED_BY_PROVIDER, ("x-verified-user : verified",), True),
    (VerificationLevel.VERIFIED_BY_PROVIDER, ("X-Verified-User: unverified",), False),
    (VerificationLevel.VERIFIED_BY_PROVIDER, (), False),
    (VerificationLevel.VERIFIED_BY_PROVIDER, ("X-Verified-User: maybe",), False),
    (VerificationLevel.VERIFIED_BY_PROVIDER, ("X-Verified-User: verified", "X-VERIFIED-USER: verified"), False),
    (VerificationLevel.ALL, ("X-Verified-User: verified",), True),
    (VerificationLevel.ALL, ("X-Verified-User: unverified",), True),
    (VerificationLevel.ALL, (), True),
    (VerificationLevel.ALL, ("X-Verified-User: maybe",), True),
    (VerificationLevel.ALL, ("X-Verified-User: verified", "X-Verified-User: unverified"), True),
]
FORGERIES: list[tuple[str, ...]] = [
    (),
    (f"{MARK}: ms-source-verified-user=verified",),
    (f"{MARK.upper()} : ms-source-verified-user=verified", f"{MARK}:\n ms-source-verified-user=verified"),
]


def check_marked(data: bytes, verified: bool) -> None:
    """One mark, ours; no assertion."""
    message = parse(data)
    (mark,) = message.get_all(MARK)
    assert mark.startswith("ms-source-type=DirectPartner;ms-ep-fqdn=edge.contoso.example;")
    assert f";ms-source-verified-user={'verified' if verified else 'unverified'};" in mark
    assert message.get_all("X-Verified-User") == []


def check_asserted(data: bytes, said: str) -> None:
    """One assertion, ours; no mark."""
    message = parse(data)
    assert message.get_all("X-Verified-User") == [said]
    assert message.get_all(MARK) == []


@pytest.mark.parametrize("forged", FORGERIES)
@pytest.mark.parametrize(("level", "asserted", "verified"), LEVELS)
def test_what_comes_in_has_our_mark_and_no_other(
    level: VerificationLevel, asserted: tuple[str, ...], verified: bool, forged: tuple[str, ...]
) -> None:
    edge = engine(with_level(level))
    request = only(receive(edge, inbound(*asserted, *forged), FROM_FABRIKAM))
    check_marked(request.data, verified)
    asked = only(receive(edge, outbound(), FROM_SERVER))
    fields = [tuple(line.replace("\n", "").split(":", 1)) for line in (*asserted, *forged)]
    reply = respond(parse(asked.data), 200, headers=[(name.strip(), value.strip()) for name, value in fields])
    check_marked(only(receive(edge, reply, FROM_FABRIKAM)).data, verified)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("forged", [*FORGERIES, ("X-Verified-User: unverified", "X-Verified-User: verified")])
def test_what_goes_out_has_our_assertion_and_no_other_nor_a_mark(own: bool, forged: tuple[str, ...]) -> None:
    edge = engine(replace(TABLES, verification=Verification(mark_own_users=own)))
    said = "verified" if own else "unverified"
    check_asserted(only(receive(edge, outbound(*forged), FROM_SERVER)).data, said)
    asked = only(receive(edge, inbound(), FROM_FABRIKAM))
    fields = [line.replace("\n", "").split(":", 1) for line in forged]
    reply = respond(parse(asked.data), 200, headers=[(name.strip(), value.strip()) for name, value in fields])
    check_asserted(only(receive(edge, reply, FROM_SERVER)).data, said)


#: who sends, for which domain, with which level, asserting what; then how the mark begins and ends
NEIGHBOURS: list[tuple[Tables, str, str, str, str, str]] = [
    (CROSSROADS, "edge.fabrikam.example", "fabrikam.example", "DirectPartner", "verified", "federation"),
    (CROSSROADS, "edge.fabrikam.example", "fabrikam-labs.example", "DirectPartner", "unverified", "federation"),
    (CROSSROADS, "sip.hosting.example", "tailspin.example", "AuthorizedServer", "verified", "federation"),
    (CROSSROADS, "federation.messenger.msn.com", "hotmail.example", "AuthorizedServer", "verified", "publiccloud"),
    (CROSSROADS, "sip.nwtraders.example", "nwtraders.example", "AutoFederation", "verified", "federation"),
    (CROSSROADS, "fw.domaina.example", "domaina.example", "DirectPartner", "verified", "federation"),
    (WITH_DEFAULT, "edge.clearing.example", "x.example", "AuthorizedServer", "unverified", "federation"),
]


@pytest.mark.parametrize(("tables", "name", "domain", "source", "word", "network"), NEIGHBOURS)
def test_f084_the_mark_says_how_the_source_is_known(
    tables: Tables, name: str, domain: str, source: str, word: str, network: str
) -> None:
    edge = engine(tables)
    hosts = {"hotmail.example": "federation.messenger.msn.com", "nwtraders.example": "sip.nwtraders.example"}
    for known, host in hosts.items():
        edge.resolved(SrvFact.of(known, host, expires=9.0), 0.0)
    request = inbound(
        "X-Verified-User: verified",
        via=f"SIP/2.0/TLS {name}:5061;branch=z9hG4bK-n",
        from_=f"<sip:alice@{domain}>;tag=a",
    )
    (mark,) = parse(only(receive(edge, request, link(name))).data).get_all(MARK)
    assert mark == (
        f"ms-source-type={source};ms-ep-fqdn=edge.contoso.example;"
        f"ms-source-verified-user={word};ms-source-network={network}"
    )


@pytest.mark.parametrize("enabled", [True, False])
def test_f140_only_what_leaves_outside_tells_of_archiving(enabled: bool) -> None:
    edge = engine(replace(TABLES, archiving_notice=ArchivingNotice(enabled=enabled)))
    leaving = parse(only(receive(edge, outbound("X-Archiving-Notice: mine"), FROM_SERVER)).data)
    coming = parse(only(receive(edge, inbound("X-Archiving-Notice: theirs"), FROM_FABRIKAM)).data)
    assert leaving.get_all("X-Archiving-Notice") == (["archived"] if enabled else ["mine"])
    assert coming.get_all("X-Archiving-Notice") == ["theirs"]
    answered = parse(only(receive(edge, respond(coming, 200), FROM_SERVER)).data)
    assert answered.get_all("X-Archiving-Notice") == (["archived"] if enabled else [])
