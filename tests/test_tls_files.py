"""The files that ``[tls]`` names: every fault with its place, and what an operator should know."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from authority import DAY, FOR_CLIENTS, NOW, Authority, Leaf
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7
from tls_stage import EDGE, PRIVATE, PUBLIC, TRUST, config_in, write_files

from sipcore.edge.tables import LinkClass, Side
from sipcore.errors import ConfigError
from sipcore.relay import roots
from sipcore.relay.revocation import read_revocations
from sipcore.relay.tls import TlsBook, time_of_day

EDGE_TOML = """
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ address = "192.0.2.1" }]
next_hop = "pool.contoso.example"
[outside]
listen = [{ address = "198.51.100.1" }]
"""
#: One of an array, which partners know by another name.
ARRAY_TOML = EDGE_TOML.replace("[inside]", 'federation_fqdn = "sip.contoso.example"\n[inside]')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path)
    return tmp_path


def book(folder: Path, trust: str = TRUST, world: str = EDGE_TOML, now: datetime.datetime | None = None) -> TlsBook:
    config = config_in(folder, world + trust)
    return TlsBook(config.tls, config.tables, (lambda: now) if now else time_of_day)


def faults(folder: Path, trust: str = TRUST, world: str = EDGE_TOML) -> list[str]:
    """Each problem, without the folder."""
    with pytest.raises(ConfigError) as caught:
        book(folder, trust, world)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def warnings(folder: Path, world: str = EDGE_TOML, now: datetime.datetime | None = None) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in book(folder, TRUST, world, now).warnings]


# -- our own certificate


def test_every_fault_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    trust = TRUST.replace('outside = "outside.pem"', 'outside = "outside.pem"\nrevoked = ["revoked.pem"]')
    cannot = "cannot be read (No such file or directory)"
    assert faults(tmp_path, trust) == [
        f"edge.toml:12: tls.inside.certificate: inside.pem {cannot}",
        f"edge.toml:13: tls.outside.certificate: outside.pem {cannot}",
        f"edge.toml:16: tls.roots.inside[0]: contoso.pem {cannot}",
        f"edge.toml:17: tls.roots.partner[0]: public.pem {cannot}",
        f"edge.toml:17: tls.roots.partner[1]: private.pem {cannot}",
        f"edge.toml:18: tls.roots.provider[0]: public.pem {cannot}",
        f"edge.toml:19: tls.roots.discovered[0]: public.pem {cannot}",
        f"edge.toml:14: tls.revoked[0]: revoked.pem {cannot}",
    ]


def test_a_side_without_a_certificate_is_named_with_the_link_that_needs_it(folder: Path) -> None:
    trust = TRUST.replace('inside = "inside.pem"\n', "").replace('outside = "outside.pem"\n', "")
    assert faults(folder, trust) == [
        "edge.toml: tls.inside: missing: inside.listen is a link over TLS; expected its certificate",
        "edge.toml: tls.outside: missing: outside.listen is a link over TLS; expected its certificate",
    ]


def encrypted(leaf: Leaf) -> bytes:
    return leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(
    ("certificate", "key", "fault"),
    [
        (EDGE.pem, PRIVATE.leaf("edge.contoso.example").key_pem, "key: key.pem is not the key of outside.pem"),
        (EDGE.pem, b"", "key: key.pem has no private key in PEM"),
        (EDGE.pem, encrypted(EDGE), "key: key.pem is encrypted; expected a key without a passphrase"),
        (b"", EDGE.key_pem, "certificate: outside.pem has no certificate in PEM"),
        ((over := PUBLIC.leaf("edge.contoso.example", ends=NOW - DAY / 2)).pem, over.key_pem,
         f"certificate: outside.pem expired on {NOW - DAY / 2:%Y-%m-%d}"),
        ((early := PUBLIC.leaf("edge.contoso.example", begins=NOW + DAY)).pem, early.key_pem,
         f"certificate: outside.pem is not valid before {NOW + DAY:%Y-%m-%d}"),
        ((client := PUBLIC.leaf("edge.contoso.example", purposes=(FOR_CLIENTS,))).pem, client.key_pem,
         "certificate: outside.pem is not for server authentication, so no peer can connect to us"),
    ],
    ids=["another's key", "no key", "an encrypted key", "no certificate", "expired", "too early", "for clients"],
)  # fmt: skip
def test_f050_a_certificate_that_cannot_be_ours_is_a_fault(
    certificate: bytes, key: bytes, fault: str, folder: Path
) -> None:
    (folder / "outside.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    trust = TRUST.replace('"outside.pem"', '{ certificate = "outside.pem", key = "key.pem" }')
    (found,) = faults(folder, trust)
    assert found.startswith(f"edge.toml:13: tls.outside.{fault}")


def test_a_key_too_short_for_openssl_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = rsa.generate_private_key(65_537, 1024)
    monkeypatch.setattr("authority.ec.generate_private_key", lambda curve: short)
    PUBLIC.leaf("edge.contoso.example").write(folder / "outside.pem")
    (found,) = faults(folder)
    assert found.startswith("edge.toml:13: tls.outside.certificate: outside.pem cannot be used (")


@pytest.mark.parametrize(
    ("leaf", "world", "missing"),
    [
        (PUBLIC.leaf("sip.contoso.example"), EDGE_TOML, ["edge.contoso.example"]),
        (EDGE, ARRAY_TOML, ["sip.contoso.example"]),
        (PUBLIC.leaf("*.contoso.example"), EDGE_TOML, ["edge.contoso.example"]),
        (EDGE, EDGE_TOML, []),
    ],
    ids=["another name", "the federation's name", "a wildcard", "the right name"],
)  # fmt: skip
def test_a_certificate_without_the_name_that_peers_look_for_is_a_warning(
    leaf: Leaf, world: str, missing: list[str], folder: Path
) -> None:
    leaf.write(folder / "outside.pem")
    said = "outside.pem does not name {}, so peers that look for that name refuse it"
    assert [warning.partition(": tls.outside.certificate: ")[2] for warning in warnings(folder, world)] == [
        said.format(name) for name in missing
    ]


def test_a_certificate_that_ends_within_30_days_is_a_warning(folder: Path) -> None:
    ends = EDGE.certificate.not_valid_after_utc
    assert warnings(folder, now=ends - 31 * DAY) == []
    expiring = warnings(folder, now=ends - 29 * DAY)
    assert (
        expiring[1]
        == f"edge.toml:13: tls.outside.certificate: outside.pem expires on {ends:%Y-%m-%d %H:%M} UTC; renew it"
    )
    assert len(expiring) == 2


def test_a_revocation_list_that_is_out_of_date_is_a_warning(folder: Path) -> None:
    until = NOW + 3 * DAY
    (folder / "revoked.pem").write_bytes(PUBLIC.revocations(until=until))
    trust = TRUST.replace('outside = "outside.pem"', 'outside = "outside.pem"\nrevoked = ["revoked.pem"]')
    assert book(folder, trust).warnings == ()
    (late,) = book(folder, trust, now=until + DAY).warnings
    what = "revoked.pem is out of date; until it is replaced, all certificates of CN=Public Root are refused"
    assert str(late).replace(f"{folder}/", "") == f"edge.toml:14: tls.revoked[0]: {what}"


def test_an_own_certificate_with_names_that_nobody_can_read_is_a_fault(folder: Path) -> None:
    odd = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x04\xa3\x02\x30\x00")
    (folder / "outside.pem").write_bytes(PUBLIC.leaf(others=[odd]).pem)
    (found,) = faults(folder)
    assert "outside.pem is malformed (x400Address" in found


# -- roots and lists


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("public.pem", b"nothing", "public.pem has no certificate in PEM, DER or PKCS#7"),
        ("public.pem", bytes.fromhex("300b06092a864886f70d010702"), "public.pem: certificate 1 is malformed ("),
        ("public.pem", b"\x30\x03\x02\x01\x00", "public.pem: certificate 1 is malformed ("),
        ("public.pem", PUBLIC.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "public.pem: certificate 2 is malformed ("),
        ("public.pem", b"-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----\n",
         "public.pem: certificate 1 is malformed ("),
    ],
)  # fmt: skip
def test_a_bundle_of_roots_that_is_none_is_a_fault(name: str, content: bytes, fault: str, folder: Path) -> None:
    (folder / name).write_bytes(content)
    found = faults(folder)
    assert len(found) == 3
    assert all(fault in each for each in found)


def as_label(pem: bytes, label: bytes) -> bytes:
    return pem.replace(b"PKCS7", label)


BOTH = [PUBLIC.certificate, PRIVATE.certificate]
EXPORTED: dict[str, tuple[bytes, int]] = {
    "a certificate in DER": (PUBLIC.certificate.public_bytes(Encoding.DER), 1),
    "a bundle in DER": (pkcs7.serialize_certificates(BOTH, Encoding.DER), 2),
    "a bundle in PEM": (pkcs7.serialize_certificates(BOTH, Encoding.PEM), 2),
    "a bundle in PEM that is called a certificate": (
        as_label(pkcs7.serialize_certificates(BOTH, Encoding.PEM), b"CERTIFICATE"), 2),
    "a bundle and a certificate in PEM": (pkcs7.serialize_certificates(BOTH[:1], Encoding.PEM) + PRIVATE.pem, 2),
    "a certificate in PEM behind words, with Windows' line ends": (
        b"0 s:CN = Public Root\r\n" + PUBLIC.pem.replace(b"\n", b"\r\n"), 1),
}  # fmt: skip


@pytest.mark.parametrize("form", EXPORTED)
def test_roots_are_read_in_the_forms_that_authorities_hand_them_out_in(form: str, folder: Path) -> None:
    content, number = EXPORTED[form]
    (folder / "ca.p7b").write_bytes(content)
    settings = config_in(folder, EDGE_TOML + TRUST.replace("private.pem", "ca.p7b")).tls
    trusted = roots.read_roots(settings.roots, pytest.fail)
    others = [trusted.classes_of(each.public_bytes(Encoding.DER), Side.OUTSIDE) for each in BOTH[:number]]
    assert all(LinkClass.PARTNER in classes for classes in others)
    assert (LinkClass.PARTNER in trusted.classes_of(BOTH[1].public_bytes(Encoding.DER), Side.OUTSIDE)) == (number == 2)


def test_a_revocation_list_is_read_in_der_too(folder: Path) -> None:
    revoked = PUBLIC.leaf("edge.fabrikam.example")
    pem = PUBLIC.revocations(revoked)
    (folder / "list.crl").write_bytes(x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER))
    trust = TRUST.replace("[tls]", '[tls]\nrevoked = ["list.crl"]')
    lists = read_revocations(config_in(folder, EDGE_TOML + trust).tls.revoked, pytest.fail)
    assert "is revoked" in lists.fault((revoked.certificate, PUBLIC.certificate), NOW)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"nothing", "revoked.pem has no revocation list in PEM or DER"),
        (b"\x30\x03\x02\x01\x00", "revoked.pem is malformed ("),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "revoked.pem is malformed ("),
    ],
)
def test_a_revocation_list_that_is_none_is_a_fault(content: bytes, fault: str, folder: Path) -> None:
    (folder / "revoked.pem").write_bytes(content)
    (found,) = faults(folder, TRUST.replace("[tls]", '[tls]\nrevoked = ["revoked.pem"]'))
    assert fault in found


def test_the_systems_store_is_what_is_trusted_unless_something_else_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = folder / "store"
    store.mkdir()
    PUBLIC.write(store / "0a1b2c3d.0")
    Authority("Other").write(store / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "absent"))
    monkeypatch.setenv("SSL_CERT_DIR", str(store))
    assert len(roots.system_roots()) == 2
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "public.pem"))
    assert len(roots.system_roots()) == 1
    settings = config_in(folder, EDGE_TOML + TRUST.partition("[tls.roots]")[0]).tls
    trusted = roots.read_roots(settings.roots, pytest.fail)
    public, private = (each.certificate.public_bytes(Encoding.DER) for each in (PUBLIC, PRIVATE))
    assert trusted.classes_of(public, Side.INSIDE) == {LinkClass.INSIDE}
    assert trusted.classes_of(public, Side.OUTSIDE) == set(LinkClass) - {LinkClass.INSIDE}
    assert trusted.classes_of(private, Side.OUTSIDE) == set()
