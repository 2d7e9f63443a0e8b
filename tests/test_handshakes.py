"""Who is let in and whom we stay with: every shape of certificate, in both directions (`sipcore.relay.tls`).

Handshakes are real and in memory; `test_tls` has the same over sockets.
"""

from __future__ import annotations

import datetime
import ssl
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from authority import DAY, FOR_CLIENTS, FOR_CODE, FOR_SERVERS, NOW, Authority, Leaf, key_usage
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from tls_stage import (
    CONTOSO,
    EDGE,
    PRIVATE,
    PUBLIC,
    TRUST,
    config_in,
    connecting,
    refused,
    serving,
    shake,
    write_files,
)

from sipcore.edge.actions import Certificate, Failure, Link
from sipcore.edge.flow import PeerKind
from sipcore.edge.identity import evidence_for
from sipcore.edge.tables import Hop, LinkClass, Side, Transport
from sipcore.relay import openssl
from sipcore.relay.handshakes import Handshake, Untrusted, certificate_of, fault_of
from sipcore.relay.revocation import RevocationList
from sipcore.relay.tls import TlsBook, time_of_day

INSIDE, OUTSIDE = Side.INSIDE, Side.OUTSIDE
PARTNER, PROVIDER, DISCOVERED = LinkClass.PARTNER, LinkClass.PROVIDER, LinkClass.DISCOVERED
EVERYBODY = frozenset({PARTNER, PROVIDER, DISCOVERED})

WORLD = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ address = "192.0.2.1" }]
next_hop = "pool.contoso.example"
[outside]
listen = [{ address = "198.51.100.1" }]
[[partner]]
domain = "fabrikam.example"
proxy = "edge.fabrikam.example"
[[partner]]
domain = "adatum.example"
proxy = "edge.adatum.example"
subjects = ["gw.adatum.example", { name = "fw.adatum.example", match_cn = true }]
[[partner]]
domain = "tailspin.example"
proxy = "203.0.113.7"
[[provider]]
name = "Hosting"
proxy = "sip.hosting.example"
enabled = true
[discovered]
enabled = true
domains = ["nwtraders.example"]
"""

REVOKED = PUBLIC.leaf("edge.fabrikam.example")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def book(
    folder: Path, more: str = "", now: Callable[[], datetime.datetime] = time_of_day, world: str = WORLD
) -> TlsBook:
    config = config_in(folder, world + TRUST.replace("[tls.roots]", f"{more}\n[tls.roots]"))
    return TlsBook(config.tls, config.tables, now)


def hop(host: str) -> Hop:
    return Hop(Transport.TLS, host, 5061)


# -- those who come to us


def issuing(**shape: object) -> Authority:
    return Authority("Issuing", PUBLIC, **shape)  # type: ignore[arg-type]


FABRIKAM = "edge.fabrikam.example"

ACCEPTED: dict[str, tuple[Leaf, tuple[str, ...], frozenset[LinkClass]]] = {
    "F046 for servers only": (PUBLIC.leaf(FABRIKAM), (FABRIKAM,), EVERYBODY),
    "for clients only": (PUBLIC.leaf(FABRIKAM, purposes=(FOR_CLIENTS,)), (FABRIKAM,), EVERYBODY),
    "for both": (PUBLIC.leaf(FABRIKAM, purposes=(FOR_SERVERS, FOR_CLIENTS)), (FABRIKAM,), EVERYBODY),
    "without a purpose": (PUBLIC.leaf(FABRIKAM, purposes=None), (FABRIKAM,), EVERYBODY),
    "whose key signs": (PUBLIC.leaf(FABRIKAM, usage=key_usage(signs=True)), (FABRIKAM,), EVERYBODY),
    "from a partner's own authority": (PRIVATE.leaf(FABRIKAM), (FABRIKAM,), frozenset({PARTNER})),
    "from an authority below a root": (issuing().leaf(FABRIKAM), (FABRIKAM,), EVERYBODY),
    "of a peer to be discovered": (PUBLIC.leaf("sip.nwtraders.example"), ("sip.nwtraders.example",), EVERYBODY),
    "with a common name alone": (PUBLIC.leaf(common_name=FABRIKAM), (FABRIKAM,), EVERYBODY),
    "RFC 5922 with a SIP URI": (PUBLIC.leaf(uris=[f"sip:{FABRIKAM}"]), (FABRIKAM,), EVERYBODY),
    "with an address": (PUBLIC.leaf(addresses=["203.0.113.7"]), ("203.0.113.7",), EVERYBODY),
    "in capitals": (PUBLIC.leaf("EDGE.Fabrikam.Example"), (FABRIKAM,), EVERYBODY),
}  # fmt: skip


@pytest.mark.parametrize("shape", ACCEPTED)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_peer_is_let_in_with_a_certificate(shape: str, version: ssl.TLSVersion, folder: Path) -> None:
    leaf, names, classes = ACCEPTED[shape]
    client = connecting(folder, leaf)
    client.maximum_version = version
    _, server = shake(client, book(folder).server_context(OUTSIDE))
    certificate = certificate_of(server)
    assert certificate is not None
    assert (server.version(), certificate.names, certificate.classes) == (
        "TLSv1.3" if version is ssl.TLSVersion.TLSv1_3 else "TLSv1.2", names, classes
    )  # fmt: skip


SELF_SIGNED = Authority(FABRIKAM)
BELOW = issuing().leaf(FABRIKAM)

REFUSED: dict[str, tuple[Leaf | None, str, str]] = {
    "for signing code": (PUBLIC.leaf(FABRIKAM, common_name="Mallory", purposes=(FOR_CODE,)), "purpose",
                         "CN=Mallory is for codeSigning, and neither for servers nor for clients"),
    "for any purpose, which is none": (PUBLIC.leaf(FABRIKAM, purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
                                       "purpose", "neither for servers nor for clients"),
    "whose key may not be used here": (PUBLIC.leaf(FABRIKAM, usage=key_usage(signs=False)), "purpose",
                                       "may not be used in a handshake"),
    "from an authority for signing code": (issuing(purposes=[FOR_CODE]).leaf(FABRIKAM), "purpose", "CN=Issuing is for"),
    "from an authority that is none": (issuing(is_authority=False).leaf(FABRIKAM), "bad-issuer", "invalid CA"),
    "that has expired": (PUBLIC.leaf(FABRIKAM, ends=NOW - DAY / 2), "expired", "expired"),
    "that is not yet valid": (PUBLIC.leaf(FABRIKAM, begins=NOW + DAY), "not-yet-valid", "not yet valid"),
    "from an unknown authority": (Authority("Nobody").leaf(FABRIKAM), "unknown-issuer", "unable to get local issuer"),
    "signed by itself": (Leaf(SELF_SIGNED.certificate, SELF_SIGNED.key, ()), "unknown-issuer", "self-signed"),
    "F047 without what is between it and its root": (Leaf(BELOW.certificate, BELOW.key, ()), "unknown-issuer",
                                                     "unable to get local issuer"),
    "that is revoked": (REVOKED, "revoked", "is revoked"),
    "F038 of a provider from a partner's own authority": (PRIVATE.leaf("sip.hosting.example"), "class",
                                                          "sip.hosting.example, from CN=Fabrikam's Own Root"),
    "of a discovered peer from a partner's own authority": (PRIVATE.leaf("sip.nwtraders.example"), "class",
                                                            "which vouches for partner links only"),
    "of the inside": (CONTOSO.leaf("pool.contoso.example"), "unknown-issuer", "in certificate chain"),
    "that is none": (None, "no-certificate", "peer did not return a certificate"),
}  # fmt: skip


@pytest.mark.parametrize("shape", REFUSED)
def test_a_peer_is_refused_with_a_certificate(shape: str, folder: Path) -> None:
    leaf, why, what = REFUSED[shape]
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(REVOKED))
    fault = refused(connecting(folder, leaf), book(folder, 'revoked = ["revoked.pem"]').server_context(OUTSIDE))
    assert fault.why == why
    assert what in fault.what


def kind_of(certificate: Certificate | None, folder: Path, world: str = WORLD) -> tuple[PeerKind, list[str]]:
    """Who the engine takes the owner of a certificate for."""
    tables = config_in(folder, world + TRUST).tables
    evidence = evidence_for(Link(1, OUTSIDE, Transport.TLS, "203.0.113.99", 40_000, certificate), tables)
    return evidence.kind, [getattr(row, "name", "") for row in evidence.rows]


@pytest.mark.parametrize(
    ("leaf", "kind", "rows"),
    [
        (PUBLIC.leaf(FABRIKAM, "sip.hosting.example"), PeerKind.LISTED, ["fabrikam.example", "Hosting"]),
        (PRIVATE.leaf(FABRIKAM, "sip.hosting.example"), PeerKind.LISTED, ["fabrikam.example"]),
        (PUBLIC.leaf("sip.nwtraders.example"), PeerKind.NAMED, []),
        (PUBLIC.leaf("*.fabrikam.example"), PeerKind.STRANGER, []),
        (PUBLIC.leaf("edge.fabrikam.example\0.mallory.example"), PeerKind.STRANGER, []),
        (PUBLIC.leaf(common_name="edge.fabrikam.example\0.mallory.example"), PeerKind.STRANGER, []),
        (PUBLIC.leaf(uris=[f"sip:alice@{FABRIKAM}"]), PeerKind.STRANGER, []),
        (PUBLIC.leaf(uris=[f"https://{FABRIKAM}"]), PeerKind.STRANGER, []),
        (PUBLIC.leaf("mallory.example", common_name=FABRIKAM), PeerKind.NAMED, []),
        (PUBLIC.leaf("mallory.example", common_name="fw.adatum.example"), PeerKind.LISTED, ["adatum.example"]),
        (PUBLIC.leaf("mallory.example", common_name="gw.adatum.example"), PeerKind.NAMED, []),
        (PUBLIC.leaf("edge.adatum.example"), PeerKind.NAMED, []),
    ],
    ids=["two rows", "one row, for its class", "discoverable", "a wildcard", "a NUL", "a NUL in the common name",
         "a person's URI", "a web server's URI", "a common name beside other names",
         "F204 a common name that is asked for", "a common name that is not asked for",
         "the proxy's name where others are listed"],
)  # fmt: skip
def test_the_engine_takes_a_peer_for_whom_its_certificate_names(
    leaf: Leaf, kind: PeerKind, rows: list[str], folder: Path
) -> None:
    _, server = shake(connecting(folder, leaf), book(folder).server_context(OUTSIDE))
    assert kind_of(certificate_of(server), folder) == (kind, rows)


def test_a_server_of_ours_is_let_in_by_our_own_authority_alone(folder: Path) -> None:
    context = book(folder).server_context(INSIDE)
    _, server = shake(connecting(folder, CONTOSO.leaf("pool.contoso.example")), context)
    certificate = certificate_of(server)
    assert certificate == Certificate(("pool.contoso.example",), "", frozenset({LinkClass.INSIDE}))
    assert refused(connecting(folder, PUBLIC.leaf("pool.contoso.example")), context).why == "unknown-issuer"


def test_f082_each_side_shows_its_own_certificate(folder: Path) -> None:
    shown = {}
    for side in Side:
        leaf = (PUBLIC if side is OUTSIDE else CONTOSO).leaf("pool.contoso.example")
        client, _ = shake(connecting(folder, leaf), book(folder).server_context(side))
        issuer = (client.getpeercert() or {})["issuer"]
        shown[side] = issuer[0][0][1]  # type: ignore[index]
    assert shown == {INSIDE: "Contoso's Own Root", OUTSIDE: "Public Root"}


def test_a_user_of_ours_may_come_without_a_certificate_where_the_edge_is_open_to_them(folder: Path) -> None:
    world = WORLD + "[federation]\nremote_access = true\n"
    context = book(folder, world=world).server_context(OUTSIDE)
    _, server = shake(connecting(folder, None), context)
    assert certificate_of(server) is None
    assert refused(connecting(folder, PUBLIC.leaf(FABRIKAM, purposes=(FOR_CODE,))), context).why == "purpose"


def test_a_certificate_with_more_names_than_anybody_needs_is_refused(folder: Path) -> None:
    leaf = PUBLIC.leaf(*(f"edge{number}.fabrikam.example" for number in range(300)))
    fault = refused(connecting(folder, leaf), book(folder).server_context(OUTSIDE))
    assert (fault.why, fault.failure) == ("malformed", Failure.UNTRUSTED)
    assert "300 names" in fault.what


#: Subject alternative names in DER, beside the right name one of a kind that nobody reads: an X.400 address.
ODD_NAMES = b"\x30\x1b\x82\x15" + FABRIKAM.encode() + b"\xa3\x02\x30\x00"


def odd_names() -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, ODD_NAMES)


def test_a_certificate_with_names_that_nobody_can_read_is_refused_like_any_that_is_malformed(folder: Path) -> None:
    odd = PUBLIC.leaf(others=[odd_names()])
    fault = refused(connecting(folder, odd), book(folder).server_context(OUTSIDE))
    assert (fault.why, fault.failure) == ("malformed", Failure.UNTRUSTED)
    context, name = book(folder).client_context(OUTSIDE, hop(FABRIKAM))
    with pytest.raises(Untrusted, match="malformed"):
        shake(context, serving(folder, odd), name)


class Resuming(ssl.SSLContext):
    """A peer that goes on with an earlier session, if it is let."""

    client: ssl.SSLContext
    earlier: ssl.SSLSession | None

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        return self.client.wrap_bio(*arguments, **named, session=self.earlier)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_resumed_for_a_resumed_one_shows_no_certificate(version: ssl.TLSVersion, folder: Path) -> None:
    resuming = Resuming(ssl.PROTOCOL_TLS_CLIENT)
    resuming.client = connecting(folder, PUBLIC.leaf(FABRIKAM))
    resuming.client.maximum_version = version
    context = book(folder).server_context(OUTSIDE)
    first, _ = shake(resuming.client, context)
    resuming.earlier = first.session
    second, server = shake(resuming, context)
    assert not second.session_reused
    assert certificate_of(server) is not None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_1_0_and_1_1_are_refused(version: ssl.TLSVersion, folder: Path) -> None:
    client = connecting(folder, PUBLIC.leaf(FABRIKAM))
    client.set_ciphers("ALL:@SECLEVEL=0")  # or OpenSSL would not even offer them
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version, client.maximum_version = version, version
    fault = refused(client, book(folder).server_context(OUTSIDE))
    assert (fault.why, fault.failure) == ("version", Failure.NO_TLS)


def test_tls_1_2_is_refused_where_1_3_is_the_minimum(folder: Path) -> None:
    client = connecting(folder, PUBLIC.leaf(FABRIKAM))
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert refused(client, book(folder, 'minimum = "1.3"').server_context(OUTSIDE)).why == "version"


# -- those we connect to

GW = "gw.adatum.example"

REACHED: dict[str, tuple[str, Leaf]] = {
    "of the row's host": (FABRIKAM, PUBLIC.leaf(FABRIKAM)),
    "from the partner's own authority": (FABRIKAM, PRIVATE.leaf(FABRIKAM)),
    "with one of the names that the row lists": ("edge.adatum.example", PUBLIC.leaf(GW)),
    "F204 with a common name that the row lists": ("edge.adatum.example", PUBLIC.leaf("x.example",
                                                                                     common_name="fw.adatum.example")),
    "with a common name alone": (FABRIKAM, PUBLIC.leaf(common_name=FABRIKAM)),
    "of an address": ("203.0.113.7", PUBLIC.leaf(addresses=["203.0.113.7"])),
    "of a provider": ("sip.hosting.example", PUBLIC.leaf("sip.hosting.example")),
    "of a discovered peer": ("sip.nwtraders.example", PUBLIC.leaf("sip.nwtraders.example")),
    "of an array": ("sip.nwtraders.example", PUBLIC.leaf("n1.nwtraders.example", "sip.nwtraders.example")),
}  # fmt: skip


@pytest.mark.parametrize("shape", REACHED)
def test_we_stay_with_a_hop_that_has_a_certificate(shape: str, folder: Path) -> None:
    host, leaf = REACHED[shape]
    context, name = book(folder).client_context(OUTSIDE, hop(host))
    client, _ = shake(context, serving(folder, leaf), name)
    assert certificate_of(client) is not None


UNTRUSTED: dict[str, tuple[str, Leaf, str]] = {
    "of another name": (FABRIKAM, PUBLIC.leaf("edge.mallory.example"), "name"),
    "of the name's domain": (FABRIKAM, PUBLIC.leaf("fabrikam.example"), "name"),
    "of a name below": (FABRIKAM, PUBLIC.leaf("a.edge.fabrikam.example"), "name"),
    "with a wildcard": (FABRIKAM, PUBLIC.leaf("*.fabrikam.example"), "name"),
    "with a NUL in the name": (FABRIKAM, PUBLIC.leaf("edge.fabrikam.example\0.mallory.example"), "name"),
    "F181 whose common name is missing among its names": (
        FABRIKAM, PUBLIC.leaf("sip.fabrikam.example", "fe1.fabrikam.example", common_name=FABRIKAM), "name"),
    "of the host, where the row lists others": ("edge.adatum.example", PUBLIC.leaf("edge.adatum.example"), "name"),
    "with a listed name as common name that is not asked for": (
        "edge.adatum.example", PUBLIC.leaf("x.example", common_name=GW), "name"),
    "with an address in a name's place": ("203.0.113.7", PUBLIC.leaf("203.0.113.7"), "name"),
    "for clients only": (FABRIKAM, PUBLIC.leaf(FABRIKAM, purposes=(FOR_CLIENTS,)), "purpose"),
    "for signing code": (FABRIKAM, PUBLIC.leaf(FABRIKAM, purposes=(FOR_CODE,)), "purpose"),
    "that has expired": (FABRIKAM, PUBLIC.leaf(FABRIKAM, ends=NOW - DAY / 2), "expired"),
    "from an unknown authority": (FABRIKAM, Authority("Nobody").leaf(FABRIKAM), "unknown-issuer"),
    "F038 of a provider from a partner's authority": ("sip.hosting.example", PRIVATE.leaf("sip.hosting.example"),
                                                      "unknown-issuer"),
    "of a discovered peer from a partner's authority": ("sip.nwtraders.example", PRIVATE.leaf("sip.nwtraders.example"),
                                                        "unknown-issuer"),
    "that is revoked": (FABRIKAM, REVOKED, "revoked"),
}  # fmt: skip


@pytest.mark.parametrize("shape", UNTRUSTED)
def test_we_leave_a_hop_that_has_a_certificate(shape: str, folder: Path) -> None:
    host, leaf, why = UNTRUSTED[shape]
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(REVOKED))
    context, name = book(folder, 'revoked = ["revoked.pem"]').client_context(OUTSIDE, hop(host))
    fault = refused(context, serving(folder, leaf), name)
    assert (fault.why, fault.failure) == (why, Failure.UNTRUSTED)


def test_what_is_wrong_with_a_certificate_is_said_with_subject_names_issuer_and_what_was_expected(folder: Path) -> None:
    context, name = book(folder).client_context(OUTSIDE, hop("edge.adatum.example"))
    leaf = PUBLIC.leaf("www.mallory.example", common_name="Mallory\r\nand sons")
    assert refused(context, serving(folder, leaf), name).what == (
        "CN=Mallory\\r\\nand sons with www.mallory.example, from CN=Public Root;"
        " expected gw.adatum.example or fw.adatum.example"
    )


@pytest.mark.parametrize(
    ("host", "asked"),
    [(FABRIKAM, FABRIKAM), ("edge.adatum.example", "edge.adatum.example"), ("203.0.113.7", None)],
)
def test_a_hop_is_asked_for_by_the_name_of_its_row(host: str, asked: str | None, folder: Path) -> None:
    context, name = book(folder).client_context(OUTSIDE, hop(host))
    server, names = serving(folder, PUBLIC.leaf(FABRIKAM, GW, addresses=["203.0.113.7"])), []
    server.sni_callback = lambda handshake, name, context: names.append(name)
    shake(context, server, name)
    assert names == [asked]


def test_the_next_hop_inside_may_be_any_server_of_its_pool(folder: Path) -> None:
    world = WORLD.replace('pool.contoso.example"', 'pool.contoso.example"\nservers = ["fe1.contoso.example"]')
    for leaf in (CONTOSO.leaf("pool.contoso.example"), CONTOSO.leaf("fe1.contoso.example")):
        context, name = book(folder, world=world).client_context(INSIDE, hop("pool.contoso.example"))
        client, _ = shake(context, serving(folder, leaf), name)
        assert certificate_of(client) is not None
    stranger = serving(folder, CONTOSO.leaf("www.contoso.example"))
    assert refused(context, stranger, name).why == "name"


def test_f181_a_pool_whose_name_is_its_common_name_is_found_where_match_cn_says_so(folder: Path) -> None:
    pool = CONTOSO.leaf("sip.contoso.example", "fe1.contoso.example", common_name="pool.contoso.example")
    context, name = book(folder).client_context(INSIDE, hop("pool.contoso.example"))
    assert refused(context, serving(folder, pool), name).why == "name"
    world = WORLD.replace('pool.contoso.example"', 'pool.contoso.example"\nmatch_cn = true')
    context, name = book(folder, world=world).client_context(INSIDE, hop("pool.contoso.example"))
    client, _ = shake(context, serving(folder, pool), name)
    assert certificate_of(client) is not None


def test_a_host_of_two_rows_has_to_satisfy_both_and_the_stricter_class(folder: Path) -> None:
    shared = (
        '[[partner]]\ndomain = "litware.example"\nproxy = "sip.hosting.example"\nsubjects = ["gw.litware.example"]\n'
    )
    context, name = book(folder, world=WORLD + shared).client_context(OUTSIDE, hop("sip.hosting.example"))
    for leaf in (PUBLIC.leaf("sip.hosting.example"), PUBLIC.leaf("gw.litware.example")):
        assert refused(context, serving(folder, leaf), name).why == "name"
    both = "sip.hosting.example", "gw.litware.example"
    assert refused(context, serving(folder, PRIVATE.leaf(*both)), name).why == "unknown-issuer"
    shake(context, serving(folder, PUBLIC.leaf(*both)), name)


# -- those who come to us, in place of a hop


def stands_for(host: str, leaf: Leaf, book: TlsBook) -> bool:
    """Whether who came with that certificate may be taken for a hop, with the chain that OpenSSL makes of it."""
    roots = [each.certificate for each in (PUBLIC, PRIVATE) if each.certificate.subject == leaf.certificate.issuer]
    chain = [each.public_bytes(Encoding.DER) for each in (leaf.certificate, *leaf.between, *roots)]
    return book.may_stand_for(OUTSIDE, hop(host), chain)


@pytest.mark.parametrize("shape", REACHED)
def test_rfc_5923_whom_we_would_stay_with_may_stand_for_the_hop_when_he_comes(shape: str, folder: Path) -> None:
    host, leaf = REACHED[shape]
    assert stands_for(host, leaf, book(folder))


@pytest.mark.parametrize("shape", UNTRUSTED)
def test_rfc_5923_whom_we_would_leave_may_not_stand_for_the_hop_when_he_comes(shape: str, folder: Path) -> None:
    host, leaf, _ = UNTRUSTED[shape]
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(REVOKED))
    assert not stands_for(host, leaf, book(folder, 'revoked = ["revoked.pem"]'))


def test_rfc_5923_asked_is_what_is_true_today_and_not_when_he_came(folder: Path) -> None:
    leaf = PUBLIC.leaf(FABRIKAM, ends=NOW + DAY)
    assert stands_for(FABRIKAM, leaf, book(folder))
    assert not stands_for(FABRIKAM, leaf, book(folder, now=lambda: NOW + 2 * DAY))
    assert not stands_for(FABRIKAM, PUBLIC.leaf(FABRIKAM, begins=NOW + DAY / 2), book(folder))
    assert not book(folder).may_stand_for(OUTSIDE, hop(FABRIKAM), ()), "nor who has shown none"


def test_a_hop_counts_for_every_class_that_trusts_its_root_as_it_would_if_it_came_to_us(folder: Path) -> None:
    for leaf, classes in ((PUBLIC.leaf(FABRIKAM), EVERYBODY), (PRIVATE.leaf(FABRIKAM), {PARTNER})):
        context, name = book(folder).client_context(OUTSIDE, hop(FABRIKAM))
        client, _ = shake(context, serving(folder, leaf), name)
        certificate = certificate_of(client)
        assert certificate is not None
        assert certificate.classes == classes


# -- what somebody hears whom we leave


def heard(client: ssl.SSLContext, server: ssl.SSLContext, name: str, said: list[bytes]) -> str:
    """What is said at last to the one who has no context of ours: the name of an alert, or "closed"."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    for each in (theirs, ours) * 5:
        with suppress(ssl.SSLError):
            each.do_handshake()
    peer, incoming = (theirs, to_client) if isinstance(ours, Handshake) else (ours, to_server)
    incoming.write(b"".join(said))
    try:
        peer.do_handshake()
        return peer.read(1).decode() or "closed"
    except ssl.SSLError as error:
        return (error.reason or "").partition("_ALERT_")[2]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("leaf", "alert"),
    [
        (Authority("Nobody").leaf(FABRIKAM), "UNKNOWN_CA"),
        (PUBLIC.leaf(FABRIKAM, ends=NOW - DAY / 2), "CERTIFICATE_EXPIRED"),
        (PUBLIC.leaf(FABRIKAM, purposes=(FOR_CLIENTS,)), "UNSUPPORTED_CERTIFICATE"),
    ],
)
def test_a_hop_that_openssl_refuses_hears_why(leaf: Leaf, alert: str, version: ssl.TLSVersion, folder: Path) -> None:
    said: list[bytes] = []
    context, name = book(folder).client_context(OUTSIDE, hop(FABRIKAM), said.append)
    server = serving(folder, leaf)
    server.maximum_version = version
    assert heard(context, server, name, said) == alert


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("leaf", [PUBLIC.leaf("edge.mallory.example"), PUBLIC.leaf(others=[odd_names()])])
def test_a_hop_that_we_refuse_hears_that_the_connection_is_closed(
    leaf: Leaf, version: ssl.TLSVersion, folder: Path
) -> None:
    said: list[bytes] = []
    context, name = book(folder).client_context(OUTSIDE, hop(FABRIKAM), said.append)
    server = serving(folder, leaf)
    server.maximum_version = version
    assert heard(context, server, name, said) == "closed"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_peer_that_we_refuse_hears_that_the_connection_is_closed(version: ssl.TLSVersion, folder: Path) -> None:
    said: list[bytes] = []
    client = connecting(folder, PUBLIC.leaf(FABRIKAM, purposes=(FOR_CODE,)))
    client.maximum_version = version
    context = book(folder).server_context(OUTSIDE, said.append)
    assert heard(client, context, "edge.contoso.example", said) == "closed"


# -- revocation lists


def test_an_authority_without_a_list_is_not_asked_about(folder: Path) -> None:
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(REVOKED))
    context = book(folder, 'revoked = ["revoked.pem"]').server_context(OUTSIDE)
    shake(connecting(folder, PRIVATE.leaf(FABRIKAM)), context)
    shake(connecting(folder, PUBLIC.leaf(FABRIKAM)), context)


def test_an_authority_that_is_revoked_takes_its_certificates_along(folder: Path) -> None:
    middle = issuing()
    as_leaf = Leaf(middle.certificate, middle.key, ())
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(as_leaf) + middle.revocations())
    context = book(folder, 'revoked = ["revoked.pem"]').server_context(OUTSIDE)
    fault = refused(connecting(folder, middle.leaf(FABRIKAM)), context)
    assert (fault.why, fault.what) == ("revoked", "CN=Issuing is revoked")


@pytest.mark.parametrize(
    ("revocations", "what"),
    [
        (PUBLIC.revocations(until=NOW - DAY), "the revocation list of CN=Public Root is out of date"),
        (PUBLIC.revocations(signer=PRIVATE), "the revocation list of CN=Public Root is not signed by it"),
    ],
)
def test_a_list_that_cannot_be_used_closes_the_door(revocations: bytes, what: str, folder: Path) -> None:
    (folder / "revoked.pem").write_bytes(revocations)
    context = book(folder, 'revoked = ["revoked.pem"]').server_context(OUTSIDE)
    fault = refused(connecting(folder, PUBLIC.leaf(FABRIKAM)), context)
    assert (fault.why, fault.what) == ("revoked", what)


# -- the switches in OpenSSL


def test_python_alone_refuses_a_certificate_for_servers_which_is_why_there_are_switches(folder: Path) -> None:
    server = serving(folder, EDGE)
    assert refused(connecting(folder, PUBLIC.leaf(FABRIKAM)), server).why == "purpose"
    openssl.take_any_purpose(server)
    shake(connecting(folder, PUBLIC.leaf(FABRIKAM)), server)


def test_an_open_purpose_opens_nothing_else(folder: Path) -> None:
    server = serving(folder, EDGE)
    openssl.take_any_purpose(server)
    for shape in ("from an authority that is none", "that has expired", "that is not yet valid", "signed by itself",
                  "from an unknown authority", "that is none"):  # fmt: skip
        leaf, why, _ = REFUSED[shape]
        assert refused(connecting(folder, leaf), server).why == why, shape


def test_a_context_of_another_layout_is_an_error_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # its SSL_CTX does not have the method of servers
    with pytest.raises(openssl.OpenSslError, match="at a place that is not known"):
        openssl.take_any_purpose(context)
    for address in (0, 8, 1 << 46, (1 << 64) - 64):
        monkeypatch.setattr(openssl.ctypes.c_void_p, "from_address", lambda _, a=address: openssl.ctypes.c_void_p(a))
        with pytest.raises(openssl.OpenSslError, match="at a place that is not known"):
            openssl.take_any_purpose(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))


def test_an_openssl_without_the_functions_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssl._ssl, "__file__", openssl.ctypes.__file__)
    openssl._library.cache_clear()
    try:
        with pytest.raises(openssl.OpenSslError, match="cannot be reached"):
            openssl.take_any_purpose(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    finally:
        openssl._library.cache_clear()


# -- reasons


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionAbortedError("SSL handshake is taking longer than 4 seconds"), "too-slow"),
        (TimeoutError(), "too-slow"),
        (ConnectionResetError(), "ended"),
    ],
)
def test_a_handshake_that_is_not_finished_is_no_tls(error: OSError, why: str) -> None:
    fault = fault_of(error)
    assert (fault.why, fault.failure) == (why, Failure.NO_TLS)


def test_who_has_signed_a_revocation_list_is_found_out_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(REVOKED))
    asked: list[RevocationList] = []
    is_of = RevocationList.is_of
    monkeypatch.setattr(RevocationList, "is_of", lambda each, authority: asked.append(each) or is_of(each, authority))
    context = book(folder, 'revoked = ["revoked.pem"]').server_context(OUTSIDE)
    for _ in range(3):
        shake(connecting(folder, PUBLIC.leaf(FABRIKAM)), context)
        assert refused(connecting(folder, REVOKED), context).why == "revoked"
    assert len(asked) == 1
