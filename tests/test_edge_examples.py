"""One configuration for each topology in examples/edges: each is good, and says what its first lines promise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from authority import Authority

from sipcore.configuration import Config, load
from sipcore.edge.directory import Right, Users
from sipcore.edge.summary import summary
from sipcore.edge.tables import Federation, Side, Tables, Transport
from sipcore.relay.tls.book import TlsBook, time_of_day

EXAMPLES = Path(__file__).parent.parent / "examples" / "edges"
CONFIGURATIONS = sorted(path.name for path in EXAMPLES.glob("*.toml") if path.name != "users.toml")


def tables_of(name: str) -> Tables:
    return load(EXAMPLES / name).tables


def direct_partner(tables: Tables) -> bool:
    return list(tables.partners) == ["fabrikam.example"] and not tables.discovered.enabled


def enhanced_restricted(tables: Tables) -> bool:
    return tables.discovered.admits("fabrikam.example") and not tables.discovered.admits("unknown.example")


def enhanced_open(tables: Tables) -> bool:
    return tables.discovered.admits("unknown.example") and "spam.example" in tables.blocked.domains


def public_providers(tables: Tables) -> bool:
    enabled = {row.name: row.public for row in tables.providers if row.enabled}
    return enabled == {"MSN": True, "Hosting by Fabrikam": False} and len(tables.providers) == 4


def clearing_house_user(tables: Tables) -> bool:
    return tables.default_route is not None and tables.providers == () and tables.archiving_notice.enabled


def clearing_house_operator(tables: Tables) -> bool:
    return tables.federation == Federation(clearing_house=True) and len(tables.speakers("edge.fabrikam.example")) == 2


def director(tables: Tables) -> bool:
    own = tables.own
    names = own.name_on(Side.INSIDE), own.name_on(Side.OUTSIDE), own.public_fqdn
    return len(set(names)) == 3 and own.may_send_outward("director2.contoso.example")


def cisco_neighbour(tables: Tables) -> bool:
    routed = [domain for domain in ("domaina.example", "a.domaina.example", "xdomaina.example")
              if tables.static_routes.find(domain)]  # fmt: skip
    (speaker,) = tables.speakers("fw.domaina.example")
    return routed == ["domaina.example", "a.domaina.example"] and speaker.by_cn


def aol(tables: Tables) -> bool:
    hosted = tables.federated.find("hosted.example")
    alias = tables.federated.find("aim.com")
    return hosted is not None and len(tables.federated.chain(hosted)) == 4 and alias == tables.federated.find("aol.com")


TOPOLOGIES: dict[str, Callable[[Tables], bool]] = {
    "aol.toml": aol,
    "cisco-neighbour.toml": cisco_neighbour,
    "clearing-house-operator.toml": clearing_house_operator,
    "clearing-house-user.toml": clearing_house_user,
    "direct-partner.toml": direct_partner,
    "director.toml": director,
    "enhanced-open.toml": enhanced_open,
    "enhanced-restricted.toml": enhanced_restricted,
    "public-providers.toml": public_providers,
}


def test_every_example_is_one_of_these_topologies() -> None:
    assert list(TOPOLOGIES) == CONFIGURATIONS


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_an_example_is_the_topology_that_its_name_says(name: str) -> None:
    assert TOPOLOGIES[name](tables_of(name))


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_an_example_gives_no_warning_but_the_one_that_it_speaks_of(name: str) -> None:
    keys = [warning.key for warning in load(EXAMPLES / name).warnings]
    assert keys == (["discovered.any_domain"] if name == "enhanced-open.toml" else [])


@pytest.mark.parametrize("name", [name for name in TOPOLOGIES if name != "direct-partner.toml"])
def test_f184_an_example_has_no_link_in_clear_text_unless_it_says_so(name: str) -> None:
    tables = tables_of(name)
    hops = [*tables.own.listen.values(), tables.own.next_hop, *(hop for _, hop in tables.hops())]
    assert {hop.transport for hop in hops} == {Transport.TLS}


ROOT = Authority()


def with_files(name: str, folder: Path) -> Config:
    """The example in a folder of its own, with the certificates that it asks for."""
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    config = load(folder / name)
    own = config.tables.own
    for side, identity in config.tls.identities.items():
        names = {own.fqdn, own.public_fqdn} if side is Side.OUTSIDE else {own.inside_fqdn}
        ROOT.leaf(*sorted(names)).write(identity.certificate.path)
    for file in {file for files in config.tls.roots.values() for file in files if file is not None}:
        ROOT.write(file.path)
    return config


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_an_example_is_whole_with_the_certificates_that_its_comments_ask_for(name: str, tmp_path: Path) -> None:
    config = with_files(name, tmp_path)
    book = TlsBook(config.tls, config.tables, time_of_day)
    assert book.warnings == ()
    assert set(book.expiries()) == (set() if name == "direct-partner.toml" else set(Side))


@pytest.mark.parametrize("name", ["director.toml", "public-providers.toml"])
def test_the_example_of_users_gives_rights_one_by_one(name: str) -> None:
    users = load(EXAMPLES / name).users
    assert isinstance(users, Users)
    rights = {
        user.address.partition("@")[0]: {right for right in Right if user.may(right)} for user in users.rows.values()
    }
    assert rights == {"bob": {Right.FEDERATION, Right.PUBLIC_IM}, "carol": set(Right)}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("aol.toml", "hosted.example is federated with (aol): static route of hosted.example, then SRV of"),
        ("cisco-neighbour.toml", "domaina.example and everything below it: to tls cup.domaina.example:5061"),
        ("clearing-house-operator.toml", "this edge is a clearing house"),
        ("clearing-house-user.toml", "everybody else is reached through Exchange of the Trade Association, at tls"),
        ("direct-partner.toml", "fabrikam.example is Fabrikam, at tcp 203.0.113.7:5060 without TLS, verified-by"),
        ("director.toml", "2 users are listed; of these may: 2 federation, 2 public-im, 1 remote-access"),
        ("enhanced-open.toml", "discovered may be anybody, contact-list"),
        ("enhanced-restricted.toml", "discovered may be fabrikam.example, nwtraders.example, verified-by-provider"),
        ("public-providers.toml", "public provider MSN is at tls federation.messenger.msn.com:5061, verified-by"),
    ],
)
def test_a_summary_says_the_configuration_in_words(name: str, said: str) -> None:
    config = load(EXAMPLES / name)
    assert [line for line in summary(config.tables, config.users) if line.startswith(said)]


def test_f132_a_summary_says_that_nothing_is_archived_yet() -> None:
    config = load(EXAMPLES / "director.toml")
    assert "archiving modes are stored and not acted on yet, here of 1" in list(summary(config.tables, config.users))


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (Federation(enabled=False), "nobody is federated with: the switch of the edge is off"),
        (Federation(organisation=False), "nobody is federated with: the switch of the organisation is off"),
    ],
)
def test_f071_a_summary_says_which_switch_is_off(switches: Federation, said: str) -> None:
    assert said in list(summary(replace(tables_of("direct-partner.toml"), federation=switches), None))


def test_f057_a_summary_says_of_a_list_that_it_is_off() -> None:
    tables = tables_of("enhanced-restricted.toml")
    off = replace(tables, discovered=replace(tables.discovered, enabled=False))
    assert "discovered would be fabrikam.example, nwtraders.example, but that is off" in list(summary(off, None))
