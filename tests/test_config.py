"""The configuration: TOML, every fault at once, each with file, line, key and correction (`sipcore.configuration`)."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from sipcore.configuration import federation_sections, hop_tables, load, loads, sections, tls, users
from sipcore.configuration.keys import parse_keys
from sipcore.configuration.sections import LimitsSection
from sipcore.configuration.users import UserTable
from sipcore.edge.hashes import Keys
from sipcore.edge.tables import (
    ArchivingNotice,
    BestEffort,
    Blocked,
    ContentSwitches,
    DefaultRoute,
    Discovered,
    Domains,
    DomainType,
    FarEnd,
    FederatedDomain,
    FederatedDomains,
    Federation,
    Hop,
    Media,
    Pattern,
    Provider,
    RateLimits,
    RowContent,
    Side,
    StaticRoute,
    Subject,
    Tables,
    Transport,
    Verification,
    VerificationLevel,
    WhenOff,
)
from sipcore.errors import ConfigError, Problem
from sipcore.imfilter import LCS2005, LYNC, Action
from sipcore.imfilter.rules_file import RulesTable
from sipcore.limits import DEFAULT, Limits
from sipcore.settings.positions import Positions, dotted, undotted

ROOT = Path(__file__).parent.parent

GOOD = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]

[inside]
listen = [
    { transport = "udp", address = "127.0.0.1", port = 5060, insecure = true },
    { transport = "tcp", address = "127.0.0.1", port = 5060, insecure = true },
]
next_hop = { transport = "udp", address = "127.0.0.2", port = 5070, insecure = true }

[outside]
listen = [
    { transport = "udp", address = "127.0.0.3", port = 5060, insecure = true },
    { transport = "tcp", address = "127.0.0.3", port = 5060, insecure = true },
]

[[partner]]
domain = "fabrikam.example"
name = "Fabrikam"
proxy = { transport = "tcp", address = "127.0.0.4", port = 5060, insecure = true }
"""


def changed(*changes: tuple[str, str]) -> str:
    """The good configuration with some of its text replaced."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def problems_of(text: str | bytes) -> list[Problem]:
    """What is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        loads(text)
    return list(caught.value.problems)


def only_problem_of(text: str | bytes) -> Problem:
    """The one thing that is wrong with a configuration."""
    (problem,) = problems_of(text)
    return problem


# -- what is read


def test_a_minimal_file_gives_tables_and_defaults() -> None:
    config = loads(GOOD)
    tables = config.tables
    own = tables.own
    assert (own.fqdn, own.domains) == ("edge.contoso.example", {"contoso.example"})
    assert own.next_hop == Hop(Transport.UDP, "127.0.0.2", 5070)
    assert own.servers == {"127.0.0.2"}
    assert own.listen[Side.OUTSIDE, Transport.TCP] == Hop(Transport.TCP, "127.0.0.3", 5060)
    assert set(own.listen) == {(side, transport) for side in Side for transport in (Transport.UDP, Transport.TCP)}
    assert tables.partners["fabrikam.example"].verification is VerificationLevel.VERIFIED_BY_PROVIDER
    assert tables == Tables(own=own, partners=tables.partners)
    assert (config.filter, config.keys, config.metrics, config.limits) == (LCS2005, None, None, DEFAULT)
    assert (config.users, config.warnings) == (None, ())


def test_every_key_reaches_its_setting() -> None:
    more = """
verification = "contact-list"
[blocked]
domains = ["spam.example", "Phish.example."]
answer = true
[verification]
assertion_header = "X-Contoso-Verified"
mark_header = "X-Contoso-Trust"
mark_own_users = false
enforce_at_edge = true
[filter]
enabled = false
[benotify]
enabled = false
when_off = "forward"
[limits]
head = 1000
body = 2000
via = 12
max_links = 7
max_queue_bytes = 3000
max_waiting_bytes = 4000
idle_seconds = 60
connect_seconds = 2
[metrics]
listen = "[::1]:9090"
"""
    config = loads(changed(('domains = ["contoso.example"]', 'domains = ["Contoso.example", "b.example"]')) + more)
    tables, links = config.tables, config.links
    assert tables.own.domains == {"contoso.example", "b.example"}
    assert tables.partners["fabrikam.example"].verification is VerificationLevel.CONTACT_LIST
    assert tables.blocked == Blocked(Domains(["spam.example", "phish.example"]), answer=True)
    assert tables.verification == Verification("X-Contoso-Verified", "X-Contoso-Trust", False, True)
    assert (tables.benotify, config.filter) == (BestEffort(enabled=False, when_off=WhenOff.FORWARD), None)
    assert config.limits == dataclasses.replace(DEFAULT, head=1000, body=2000, via=12)
    assert (links.max_links, links.max_queue_bytes, links.max_waiting_bytes) == (7, 3000, 4000)
    assert (links.idle_seconds, links.connect_seconds) == (60, 2)
    assert config.metrics is not None
    assert (config.metrics.host, config.metrics.port) == ("::1", 9090)


def test_a_partner_without_a_name_is_called_by_its_domain() -> None:
    assert loads(changed(('name = "Fabrikam"\n', ""))).tables.partners["fabrikam.example"].name == "fabrikam.example"


def test_who_may_send_outward_can_be_said() -> None:
    text = changed(("\n\n[outside]", '\nservers = ["127.0.0.2", "127.0.0.9"]\n\n[outside]'))
    assert loads(text).tables.own.servers == {"127.0.0.2", "127.0.0.9"}


def test_port_zero_is_allowed_where_we_listen() -> None:
    config = loads(changed(('"127.0.0.1", port = 5060', '"127.0.0.1", port = 0')))
    assert config.tables.own.listen[Side.INSIDE, Transport.UDP].port == 0


def test_ipv6_addresses_are_brought_into_their_shortest_form() -> None:
    text = GOOD
    for number in "1234":
        text = text.replace(f'"127.0.0.{number}"', f'"[2001:DB8:0:0::{number}]"')
    assert loads(text).tables.own.next_hop == Hop(Transport.UDP, "2001:db8::2", 5070)


def test_the_section_of_limits_has_every_limit_of_a_message() -> None:
    message_limits = {field.name for field in dataclasses.fields(Limits) if field.type == "int"}
    assert message_limits <= set(LimitsSection.__struct_fields__)


def test_no_configuration_makes_an_edge_overlook_a_fault_of_framing() -> None:
    overlooked = {field.name for field in dataclasses.fields(Limits) if field.type == "bool"}
    assert overlooked.isdisjoint(LimitsSection.__struct_fields__)
    assert not any(getattr(loads(GOOD).limits, name) for name in overlooked)


# -- TLS, names, and those who are found in other ways

SECURE = """\
[edge]
fqdn = "edge.contoso.example"
domains = ["contoso.example"]
[inside]
listen = [{ address = "192.0.2.1" }]
next_hop = "sip.contoso.example"
[outside]
listen = [{ address = "198.51.100.1" }]
"""


def secure(more: str) -> Tables:
    """The tables of a configuration with TLS on both sides and these sections."""
    return loads(f"{SECURE}{more}\n").tables


def test_f074_f184_every_hop_and_listener_is_tls_on_5061_unless_said_otherwise() -> None:
    tables = secure('[[partner]]\ndomain = "fabrikam.example"\nproxy = "edge.fabrikam.example"')
    assert {str(hop) for hop in tables.own.listen.values()} == {"tls 192.0.2.1:5061", "tls 198.51.100.1:5061"}
    assert str(tables.own.next_hop) == "tls sip.contoso.example:5061"
    assert str(tables.partners["fabrikam.example"].proxy) == "tls edge.fabrikam.example:5061"


@pytest.mark.parametrize(
    ("hop", "text"),
    [
        ('{ address = "sip.contoso.example", port = 5070 }', "tls sip.contoso.example:5070"),
        ('{ address = "192.0.2.10", transport = "tls" }', "tls 192.0.2.10:5061"),
        ('"[2001:DB8::0:2]"', "tls [2001:db8::2]:5061"),
    ],
)
def test_a_hop_is_a_host_or_a_table(hop: str, text: str) -> None:
    both = SECURE.replace('{ address = "192.0.2.1" }', '{ address = "192.0.2.1" }, { address = "::1" }')
    assert str(loads(both.replace('"sip.contoso.example"', hop)).tables.own.next_hop) == text


def test_without_tls_the_port_is_that_of_clear_text() -> None:
    text = GOOD.replace(", port = 5060, insecure = true },\n]\n\n[[", ", insecure = true },\n]\n\n[[")
    assert loads(text).tables.own.listen[Side.OUTSIDE, Transport.TCP].port == 5060


def test_f188_addresses_of_ipv6_alone_are_enough() -> None:
    text = SECURE.replace("192.0.2.1", "::1").replace("198.51.100.1", "2001:db8::1")
    assert loads(text).tables.own.listen[Side.INSIDE, Transport.TLS].authority == "[::1]:5061"


def test_names_of_the_edge_and_subjects_of_the_inside_reach_our_own_side() -> None:
    names = 'inside_fqdn = "edge-in.contoso.example"\nfederation_fqdn = "access.contoso.example"\n'
    inside = 'match_cn = true\nsubjects = ["a.contoso.example", { name = "b.contoso.example", match_cn = true }]\n'
    own = loads(SECURE.replace("domains =", names + "domains =").replace("[outside]", inside + "[outside]")).tables.own
    assert (own.inside_fqdn, own.public_fqdn, own.match_cn) == (
        "edge-in.contoso.example",
        "access.contoso.example",
        True,
    )
    assert own.subjects == (Subject("a.contoso.example"), Subject("b.contoso.example", match_cn=True))


def test_f087_f090_the_three_kinds_of_peers_need_what_they_need_and_no_more() -> None:
    tables = secure("""
[discovered]
enabled = true
domains = [
    "nwtraders.example",
    "adatum.example",
]
[[provider]]
name = "Hosting"
proxy = "sip.hosting.example"
[[partner]]
domain = "fabrikam.example"
proxy = "edge.fabrikam.example"
""")
    assert (tables.discovered.domains.line("adatum.example"), tables.partners["fabrikam.example"].line) == (14, 19)
    assert tables.discovered.admits("nwtraders.example")
    assert [(row.name, row.enabled, row.line) for row in tables.providers] == [
        ("Hosting", False, 16), ("AOL", False, 0), ("MSN", False, 0), ("Yahoo!", False, 0),
    ]  # fmt: skip


EVERYTHING = f"""{SECURE}
[federation]
organisation = false
clearing_house = true
remote_access = true
preload_providers = false
default_routing_domain = "aol.example"
methods = ["MESSAGE", "BENOTIFY"]
[discovered]
enabled = true
any_domain = true
verification = "contact-list"
per_second = 40
suspicious_per_second = 2
watched_targets = 50
[[provider]]
name = "MSN"
proxy = "federation.messenger.msn.com"
enabled = true
public = true
verification = "all"
domains = ["msn.example"]
subjects = [{{ name = "msn.example", match_cn = true }}]
[[static_route]]
pattern = ".example.domaina.*"
next_hop = {{ address = "192.0.2.99", port = 5065 }}
subjects = ["fw.domaina.example"]
[[federated_domain]]
domain = "domaina.example"
type = "aol"
description = "Domain A"
[archiving_notice]
enabled = true
header = "X-Archived"
value = "yes"
[benotify]
enabled = false
when_off = "forward"
"""


def test_every_key_of_the_other_tables_reaches_its_field() -> None:
    tables = loads(EVERYTHING).tables
    methods = frozenset({"MESSAGE", "BENOTIFY"})
    assert tables.federation == Federation(True, False, True, True, methods)
    level = VerificationLevel.CONTACT_LIST
    assert tables.discovered == Discovered(True, Domains(), True, level, RateLimits(40, 2, 50))
    msn = Hop(Transport.TLS, "federation.messenger.msn.com", 5061)
    subjects = (Subject("msn.example", match_cn=True),)
    assert tables.providers == (
        Provider("MSN", msn, True, True, VerificationLevel.ALL, Domains(["msn.example"]), subjects),
    )
    hop = Hop(Transport.TLS, "192.0.2.99", 5065)
    pattern = Pattern("domaina.example", itself=True, below=True)
    assert tables.static_routes.rows == (StaticRoute(pattern, hop, (Subject("fw.domaina.example"),)),)
    row = FederatedDomain("domaina.example", DomainType.AOL, "Domain A")
    assert tables.federated == FederatedDomains({"domaina.example": row}, "aol.example")
    assert tables.archiving_notice == ArchivingNotice(True, "X-Archived", "yes")
    assert tables.benotify == BestEffort(False, WhenOff.FORWARD)


def test_f107_a_default_route_has_a_proxy_a_name_and_a_level() -> None:
    tables = secure("""
[default_route]
name = "Exchange"
proxy = "edge.clearing.example"
verification = "contact-list"
subjects = ["clearing.example"]
[federation]
preload_providers = false
""")
    hop = Hop(Transport.TLS, "edge.clearing.example", 5061)
    level = VerificationLevel.CONTACT_LIST
    assert tables.default_route == DefaultRoute(hop, "Exchange", level, (Subject("clearing.example"),))
    assert tables.providers == ()


PROVIDER = '[[provider]]\nname = "Hosting"\nproxy = '


@pytest.mark.parametrize(
    ("more", "line", "key", "said"),
    [
        ('[default_route]\nproxy = "a.example"', 9, "default_route", "federation.preload_providers = false"),
        ('[discovered]\ndomains = [\n"*.a.example"]', 11, "discovered.domains[0]", "a wildcard has no meaning here"),
        ('[discovered]\ndomains = ["a.example", "A.example"]', 10, "discovered.domains[1]", "is there already"),
        ('[discovered]\ndomain = ["a.example"]', 10, "discovered.domain", 'did you mean "domains"?'),
        ('[federation]\nenabled = false\nclearing_house = true', 11, "federation.clearing_house", "remove this key"),
        ('[federation]\nmethods = ["IN VITE"]', 10, "federation.methods[0]", "a method by its exact name"),
        (f'{PROVIDER}{{ address = "a.example", transport = "tcp", insecure = true }}', 11,
         "provider[0].proxy.transport", "over TLS only; remove transport and insecure"),
        (f'{PROVIDER}{{ address = "sip.hosting.example", transport = "tcp" }}', 11,
         "provider[0].proxy.transport", "over TLS only"),
        (f'{PROVIDER}"-.example"', 11, "provider[0].proxy.address", 'the label "-"'),
        (f'{PROVIDER}5061', 11, "provider[0].proxy", "expected a table, not 5061"),
        (f'{PROVIDER}"a.example"\nflag = true', 12, "provider[0].flag", "known here: name, proxy, enabled, public"),
        ('[[static_route]]\npattern = "a.*"\nnext_hop = "a.example"', 10, "static_route[0].pattern",
         "whole first label"),
        ('[[static_route]]\npattern = "a.example"', 9, "static_route[0].next_hop", "missing: expected a table"),
        ('[[federated_domain]]\ndomain = "a.example"\ntype = "xmpp"', 11, "federated_domain[0].type", '"ocs" or "aol"'),
        ('[[federated_domain]]\ndomain = "a.example"\n[[federated_domain]]\ndomain = "a.example"', 12,
         "federated_domain[1].domain", "is a federated domain already"),
        ('[benotify]\nto_notify = ["in"]', 10, "benotify.to_notify[0]", '"inside" or "outside"'),
        ('[benotify]\nenabled = false\nto_notify = ["inside"]', 11, "benotify.to_notify", "remove this key"),
        ('[benotify]\nto_notify = ["inside"]\nto_benotify = ["inside"]', 11, "benotify.to_benotify", "one of the two"),
        ('[benotify]\nto_benotify = ["inside"]\n[federation]\nmethods = ["NOTIFY"]', 10, "benotify.to_benotify",
         "BENOTIFY may not cross; add it to federation.methods"),
        ('[[partner]]\ndomain = "a.example"\nproxy = "edge.a.example"\nsubjects = ["*.a.example"]', 12,
         "partner[0].subjects[0].name", "wildcard"),
        ('[users]', 9, "users.file", "missing"),
    ],
)  # fmt: skip
def test_a_fault_of_the_other_tables_names_line_key_and_correction(more: str, line: int, key: str, said: str) -> None:
    problem = only_problem_of(f"{SECURE}{more}\n")
    assert (problem.where, problem.key) == (f"edge.toml:{line}", key)
    assert said in problem.message


def test_f098_a_provider_cannot_be_allowed_to_one_user_and_not_to_another() -> None:
    assert not any("provider" in name for name in UserTable.__struct_fields__)


TWICE = """[[partner]]
domain = "a.example"
proxy = "edge.a.example"
[discovered]
enabled = true
domains = ["a.example"]"""


@pytest.mark.parametrize(
    ("more", "line", "key", "said"),
    [
        ("[discovered]\nenabled = true\nany_domain = true", 11, "discovered.any_domain", "anybody with a certificate"),
        ('[discovered]\ndomains = ["a.example"]\n[blocked]\ndomains = ["a.example"]', 10, "discovered.domains[0]",
         "blocked wins"),
        (TWICE, 14, "discovered.domains[0]", "on line 14 and a direct partner on line 9"),
        ("[filter]\nenabled = false", 10, "filter.enabled", "filtered once it is inside"),
        (f'{PROVIDER}"a.example"\npublic = true', 12, "provider[0].public", "none of the public providers"),
    ],
    ids=["F054", "F065", "F064", "F116", "F091"],
)  # fmt: skip
def test_a_warning_names_line_and_key_and_stops_nothing(more: str, line: int, key: str, said: str) -> None:
    (warning,) = loads(f"{SECURE}{more}\n").warnings
    assert (warning.where, warning.key) == (f"edge.toml:{line}", key)
    assert said in warning.message


def test_warnings_stand_in_the_order_of_the_file() -> None:
    more = "[filter]\nenabled = false\n[discovered]\nenabled = true\nany_domain = true\n"
    text = SECURE.replace("edge.contoso.example", "edge.dmz.contoso.example") + more
    assert [warning.where for warning in loads(text).warnings] == ["edge.toml:2", "edge.toml:10", "edge.toml:13"]


@given(st.data())
def test_whatever_is_written_is_a_configuration_or_a_list_of_problems_with_places(data: st.DataObject) -> None:
    lines = EVERYTHING.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(st.sampled_from([*lines, "", "x = 1", lines[place].replace('"', ""), "[x]"]))
    try:
        loads("\n".join(lines))
    except ConfigError as error:
        assert error.problems
        assert all(problem.where.startswith("edge.toml:") for problem in error.problems)


# -- what is refused, and how it is said


def test_every_fault_is_listed_at_once_in_the_order_of_the_file() -> None:
    text = changed(
        ('fqdn = "edge.contoso.example"', 'fqdn = "edge..example"\nkey_flie = "edge.key"'),
        ('"udp", address = "127.0.0.1"', '"upd", address = "127.0.0.1"'),
        ("port = 5070, insecure = true", "port = 70000"),
        ('domain = "fabrikam.example"', 'domain = "contoso.example"'),
    )
    found = problems_of(text + "[filtre]\nenabled = true\n[blocked]\nanswer = 1\n")
    assert [(problem.where, problem.key) for problem in found] == [
        ("edge.toml:2", "edge.fqdn"),
        ("edge.toml:3", "edge.key_flie"),
        ("edge.toml:8", "inside.listen[0].transport"),
        ("edge.toml:11", "inside.next_hop.port"),
        ("edge.toml:11", "inside.next_hop.insecure"),
        ("edge.toml:20", "partner[0].domain"),
        ("edge.toml:23", "filtre"),
        ("edge.toml:26", "blocked.answer"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said"),
    [
        ('"edge.contoso.example"', "5", 2, "edge.fqdn", 'expected the name of this edge, "edge.'),
        ('"edge.contoso.example"', '"192.0.2.1"', 2, "edge.fqdn", "an address is not a domain"),
        ('"edge.contoso.example"', f'"{"a" * 64}.example"', 2, "edge.fqdn", "64 characters, 63 are allowed"),
        ('"edge.contoso.example"', f'"{"a." * 127}example"', 2, "edge.fqdn", "at most 253 characters"),
        ('["contoso.example"]', '["bücher.example"]', 3, "edge.domains[0]", '"xn--bcher-kva.example"'),
        ('["contoso.example"]', '["a.example",\n"b_.-"]', 4, "edge.domains[1]", 'label "-"'),
        ('["contoso.example"]', "[]", 3, "edge.domains", '["contoso.example"], not []'),
        ('["contoso.example"]', '["a.example", "A.example."]', 3, "edge.domains[1]", "is there already"),
        ('{ transport = "udp", address = "127.0.0.2"', '{ transport = "udb", address = "127.0.0.2"', 10,
         "inside.next_hop.transport", 'did you mean "udp"?'),
        ('"127.0.0.2"', '"sip contoso"', 10, "inside.next_hop.address", 'the label "sip contoso" is not made of'),
        ('"127.0.0.1"', '"edge.contoso.example"', 7, "inside.listen[0].address", "a name is not listened on"),
        ("port = 5070", "port = 0", 10, "inside.next_hop.port", "a port from 1 to 65535, not 0"),
        ("port = 5070", "port = 5060.5", 10, "inside.next_hop.port", "not 5060.5"),
        (", insecure = true }\n\n[outside]", " }\n\n[outside]", 10, "inside.next_hop.insecure", "missing: expected"),
        ("true }\n\n[outside]", "false }\n\n[outside]", 10, "inside.next_hop.insecure", "udp carries clear text"),
        ('hop = { transport = "udp",', "hop = {", 10, "inside.next_hop.insecure", "a link over TLS is secure"),
        ('name = "Fabrikam"', 'nam = "Fabrikam"', 20, "partner[0].nam", 'unknown key, did you mean "name"?'),
        ('name = "Fabrikam"', 'colour = "red"', 20, "partner[0].colour", "unknown key; known here: domain, proxy"),
        ('"Fabrikam"', '"Fab\\u202erikam"', 20, "partner[0].name", "it has a character that cannot be printed"),
        ('"Fabrikam"', '""', 20, "partner[0].name", "it has 0 characters"),
        ('name = "Fabrikam"', 'verification = "none"', 20, "partner[0].verification", '"contact-list" or'),
        ('domain = "fabrikam.example"\n', "", 18, "partner[0].domain", "missing: expected a domain name"),
        ("[[partner]]", "[partner]", 18, "partner", "expected an array of tables, not {"),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_its_key_and_the_correction(old: str, new: str, line: int, key: str, said: str) -> None:
    problem = only_problem_of(changed((old, new)))
    assert (problem.where, problem.key) == (f"edge.toml:{line}", key)
    assert said in problem.message


@pytest.mark.parametrize(
    ("more", "key", "said"),
    [
        ("[limits]\nbody = 0", "limits.body", "from 1 to"),
        ("[limits]\nmax_queue_bytes = 10", "limits.max_queue_bytes", "at least 1114112"),
        ("[limits]\nidle_seconds = 86401", "limits.idle_seconds", "whole seconds"),
        ("[limits]\nidle_second = 5", "limits.idle_second", 'did you mean "idle_seconds"?'),
        ('[metrics]\nlisten = "localhost:9090"', "metrics.listen", "names are not resolved"),
        ('[metrics]\nlisten = "127.0.0.1"', "metrics.listen", "its port is missing"),
        ('[metrics]\nlisten = "::1"', "metrics.listen", "its port is missing"),
        ('[metrics]\nlisten = "127.0.0.1:99999"', "metrics.listen", "0 to 65535"),
        ("[metrics]", "metrics.listen", "missing"),
        ('[verification]\nassertion_header = "X Y"', "verification.assertion_header", "not a header name"),
        ("filter = 1", "partner[0].filter", "true or false"),
        ('media = "text"', "partner[0].media", '"any" or "plain-text"'),
        ('[filter]\nexempt_inbound = ["partners"]', "filter.exempt_inbound[0]", 'did you mean "partner"?'),
        ("[filter]\nenabled = 'yes'", "filter.enabled", "true or false"),
    ],
)
def test_a_fault_in_an_optional_section_is_told_too(more: str, key: str, said: str) -> None:
    problem = only_problem_of(GOOD + more + "\n")
    assert problem.key == key
    assert said in problem.message


def test_a_missing_section_is_one_problem_and_not_one_for_each_of_its_keys() -> None:
    problem = only_problem_of(re.sub(r"\[inside\].*?\n\n", "", GOOD, flags=re.DOTALL))
    assert (problem.where, problem.key) == ("edge.toml:1", "inside")


def test_an_empty_file_lists_what_is_required() -> None:
    assert [problem.key for problem in problems_of("")] == ["edge", "inside", "outside"]


# -- what several keys say together


def test_one_address_cannot_be_inside_and_outside() -> None:
    problem = only_problem_of(GOOD.replace("127.0.0.3", "127.0.0.1"))
    assert (problem.where, problem.key) == ("edge.toml:13", "outside.listen")


def test_a_side_listens_once_on_each_address() -> None:
    extra = '{ transport = "udp", address = "127.0.0.1", port = 5060, insecure = true }'
    problem = only_problem_of(changed((f"    {extra},\n", f"    {extra},\n    {extra},\n")))
    assert (problem.where, problem.key) == ("edge.toml:8", "inside.listen[1]")


def test_a_side_may_listen_on_several_addresses_of_a_transport() -> None:
    first = '{ transport = "udp", address = "127.0.0.1", port = 5060, insecure = true }'
    others = first.replace("127.0.0.1", "::1") + ", " + first.replace("5060", "5080")
    own = loads(changed((f"    {first},\n", f"    {first}, {others},\n"))).tables.own
    assert own.listen[Side.INSIDE, Transport.UDP].authority == "127.0.0.1:5060"
    assert [hop.authority for hop in own.further[Side.INSIDE, Transport.UDP]] == ["[::1]:5060", "127.0.0.1:5080"]


def test_a_hop_needs_a_listener_of_its_address_family() -> None:
    problem = only_problem_of(changed(('"127.0.0.2", port = 5070', '"::2", port = 5070')))
    assert problem.key == "inside.next_hop.address"
    assert "no IPv6 address" in problem.message


def test_a_hop_needs_a_listener_of_its_transport_to_be_answered_on() -> None:
    text = changed(('    { transport = "tcp", address = "127.0.0.3", port = 5060, insecure = true },\n', ""))
    problem = only_problem_of(text)
    assert (problem.where, problem.key) == ("edge.toml:20", "partner[0].proxy.transport")


def test_a_misspelt_listener_is_not_told_again_as_a_missing_one() -> None:
    problem = only_problem_of(changed(('"tcp", address = "127.0.0.3"', '"tpc", address = "127.0.0.3"')))
    assert problem.key == "outside.listen[1].transport"


def test_the_edge_is_not_its_own_next_hop() -> None:
    problem = only_problem_of(changed(('"127.0.0.2", port = 5070', '"127.0.0.1", port = 5060')))
    assert (problem.where, problem.key) == ("edge.toml:10", "inside.next_hop.address")


@pytest.mark.parametrize("domain", ["contoso.example", "spam.example", "SPAM.example."])
def test_a_partner_is_neither_our_own_domain_nor_blocked(domain: str) -> None:
    text = changed(('domain = "fabrikam.example"', f'domain = "{domain}"')) + '[blocked]\ndomains = ["spam.example"]\n'
    problem = only_problem_of(text)
    assert (problem.where, problem.key) == ("edge.toml:19", "partner[0].domain")


SECOND = """
[[partner]]
domain = "{domain}"
proxy = {{ transport = "tcp", address = "{address}", port = 5060, insecure = true }}
"""


def test_a_domain_is_a_partner_once() -> None:
    problem = only_problem_of(GOOD + SECOND.format(domain="Fabrikam.example", address="127.0.0.5"))
    assert (problem.where, problem.key) == ("edge.toml:24", "partner[1].domain")


def test_two_partners_cannot_share_the_address_by_which_they_are_told_apart() -> None:
    problem = only_problem_of(GOOD + SECOND.format(domain="nwtraders.example", address="127.0.0.4"))
    assert (problem.where, problem.key) == ("edge.toml:25", "partner[1].proxy.address")


def test_contradictions_are_found_beside_faults_of_other_keys() -> None:
    text = changed(("port = 5070", 'port = "5070"')) + SECOND.format(domain="contoso.example", address="127.0.0.4")
    keys = [problem.key for problem in problems_of(text)]
    assert keys == ["inside.next_hop.port", "partner[1].domain", "partner[1].proxy.address"]


# -- files


def test_a_syntax_error_has_its_line() -> None:
    problem = only_problem_of('[edge]\nfqdn = "a"\ndomains = [\n')
    assert problem.where == "edge.toml:4"
    assert problem.message.startswith("not TOML: ")
    assert only_problem_of("[edge]\nfqdn = \n").where == "edge.toml:2"
    assert only_problem_of("[edge]\nfqdn = 'a'\nfqdn = 'b'\n").where == "edge.toml:3"


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 5_000], ids=["nested", "digits"])
def test_what_is_more_than_can_be_read_is_told_as_a_problem(text: str) -> None:
    problem = only_problem_of(text)
    assert problem.where == "edge.toml:1"
    assert problem.message.endswith("to be read")


def test_a_file_that_is_not_utf8_is_told_with_its_line() -> None:
    assert only_problem_of(b"[edge]\n# caf\xe9\n").where == "edge.toml:2"


def test_a_file_that_is_not_there_is_told_as_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"edge\.toml: cannot be read: No such file"):
        load(tmp_path / "edge.toml")


def test_the_key_file_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "edge.key").write_text(f"{'0a' * 32}\n{'0b' * 16}\n")
    (tmp_path / "edge.toml").write_text(changed(("[edge]", '[edge]\nkey_file = "edge.key"')))
    assert load(tmp_path / "edge.toml").keys == Keys(b"\x0a" * 32, b"\x0b" * 16)


def test_a_missing_key_file_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(changed(("[edge]", '[edge]\nkey_file = "edge.key"')))
    with pytest.raises(ConfigError, match=r"edge\.toml:2: edge\.key_file: .*openssl rand"):
        load(tmp_path / "edge.toml")


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("", "k", "not 0"),
        (f"{'0a' * 32}\n" * 3, "k", "not 3"),
        ("\nsecret words\n", "k:2", "not hexadecimal"),
        ("0a0b\n", "k:1", "16 to 64 bytes, this one has 2"),
        (f"{'0a' * 65}\n", "k:1", "this one has 65"),
    ],
)
def test_a_faulty_key_file_is_told_and_never_quoted(text: str, where: str, said: str) -> None:
    keys, problems = parse_keys(text, "k")
    assert keys is None
    assert [problem.where for problem in problems] == [where]
    assert said in problems[0].message
    assert not any(word in problems[0].message for word in ("secret", "0a0b"))


# -- places


def test_positions_know_tables_arrays_inline_tables_and_quoted_keys() -> None:
    source = b"""a = 1
"b c".d = 2
[t] # comment
e = [ # comment
  1,
  { f = 3,   "g.h" = 4 },
] # comment
[[u]]
i = 5
[[u]]
j = 6
[u.v]
k = 7
"""
    positions = Positions(source)
    lines = {
        ("a",): 1, ("b c", "d"): 2, ("t",): 3, ("t", "e"): 4, ("t", "e", 0): 5, ("t", "e", 1, "g.h"): 6,
        ("u",): 8, ("u", 0): 8, ("u", 0, "i"): 9, ("u", 1): 10, ("u", 1, "j"): 11, ("u", 1, "v", "k"): 13,
    }  # fmt: skip
    assert {path: positions.line(path) for path in lines} == lines


def test_the_place_of_what_is_missing_is_that_of_the_table_around_it() -> None:
    positions = Positions(b"[a]\nb = 1\n[c]\n")
    assert (positions.line(("a", "x", 0, "y")), positions.line(("c", "z")), positions.line(("d",))) == (1, 3, 1)


def test_a_path_is_written_as_a_person_writes_it() -> None:
    assert dotted(("partner", 0, "proxy", "port")) == "partner[0].proxy.port"


# -- what we ship


def test_every_example_in_the_operators_page_is_a_good_configuration(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "running-an-edge.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "edge.key").write_text("0a" * 32)
    (tmp_path / "users.toml").write_text((ROOT / "examples" / "edges" / "users.toml").read_text())
    wholes = [block for block in blocks if "[edge]" in block and "[inside]" in block]
    assert [bool(loads(whole, tmp_path / "edge.toml").tables.partners) for whole in wholes] == [True, True]
    for block in blocks:
        if block in wholes:
            whole = block
        else:
            loads(merged(whole, block), tmp_path / "edge.toml")


def test_every_key_has_its_place_in_the_operators_page() -> None:
    page = (ROOT / "docs" / "running-an-edge.md").read_text("utf-8")
    modules = (sections, federation_sections, hop_tables, tls, users)
    structs = {kind for module in modules for kind in vars(module).values()
               if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct}  # fmt: skip
    assert len(structs) > 20
    structs -= {RulesTable, sections.FilterSection}  # the filter has a page of its own
    assert "(filter.md)" in page
    rest = {"headers", "header", "start_line", "via", "params"}  # "see sipcore.Limits"
    keys = {name for kind in structs for name in kind.__struct_fields__} - rest
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", page)) == []


def test_the_bounds_in_the_operators_page_are_the_defaults() -> None:
    page = (ROOT / "docs" / "running-an-edge.md").read_text("utf-8")
    (bounds,) = re.findall(r"```toml\n(\[limits\]\n.*?)```", page, re.DOTALL)
    shown, default = loads(merged(GOOD, bounds)), loads(GOOD)
    assert (shown.limits, shown.links) == (default.limits, default.links)


def merged(whole: str, part: str) -> str:
    """The whole example with one table replaced, or added where it has none of that name."""
    header = part.splitlines()[0]
    kept = whole if header.startswith("[[") else re.sub(rf"(?ms)^{re.escape(header)}\n.*?(?=^\[|\Z)", "", whole)
    return f"{kept}\n{part}"


# -- the filter's rules


def filtered(section: str) -> str:
    """The good configuration with these lines in its section on the filter, the first of them at line 23."""
    return GOOD + "[filter]\n" + section


def test_the_filter_has_the_rules_of_its_section() -> None:
    rules = loads(filtered('profile = "lync"\nlinks = "warn"\nnotice = "Careful."')).filter
    assert rules == dataclasses.replace(LYNC, links=Action.WARN, notice="Careful.")


def test_the_switches_of_the_filter_stand_beside_its_rules_and_in_the_rows() -> None:
    switched = filtered('exempt_inbound = ["partner"]\nexempt_outbound = ["discovered", "public-provider"]')
    rows = """
        [[provider]]
        name = "Hosting"
        proxy = "sip.hosting.example"
        filter = false
        media = "plain-text"
        [discovered]
        filter = true
        [[federated_domain]]
        domain = "domaina.example"
        media = "any"
        [[static_route]]
        pattern = "domaina.example"
        next_hop = { transport = "tcp", address = "192.0.2.45", insecure = true }
    """
    tables = loads(switched + rows).tables
    assert tables.content == ContentSwitches(
        frozenset({FarEnd.PARTNER}), frozenset({FarEnd.DISCOVERED, FarEnd.PUBLIC_PROVIDER})
    )
    assert tables.providers[0].content == RowContent(False, Media.PLAIN_TEXT)
    assert tables.discovered.content == RowContent(filter=True)
    assert tables.federated.rows["domaina.example"].content == RowContent(media=Media.ANY)
    assert {row.content for row in tables.partners.values()} == {RowContent()}
    assert (tables.content_is_uniform, loads(GOOD).tables.content_is_uniform) == (False, True)


def test_a_default_route_and_a_partner_have_switches_of_their_own() -> None:
    more = (
        "filter = false\n[federation]\npreload_providers = false\n[default_route]\nfilter = true\n"
        'proxy = { transport = "tcp", address = "192.0.2.44", insecure = true }'
    )
    tables = loads(GOOD + more).tables
    assert tables.default_route is not None
    assert (tables.default_route.content, next(iter(tables.partners.values())).content) == (
        RowContent(True), RowContent(False))  # fmt: skip


def test_the_filter_has_the_rules_of_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('profile = "lync"')
    (tmp_path / "edge.toml").write_text(filtered('file = "rules.toml"'))
    assert load(tmp_path / "edge.toml").filter == LYNC


def test_faults_in_the_filters_rules_are_told_with_the_others() -> None:
    found = problems_of(filtered('links = "drop"\nprefixes = ["http:", "www", 7]\nenable = true\n'))
    assert [(problem.where, problem.key) for problem in found] == [
        ("edge.toml:23", "filter.links"),
        ("edge.toml:24", "filter.prefixes[2]"),
        ("edge.toml:24", "filter.prefixes[1]"),
        ("edge.toml:25", "filter.enable"),
    ]


def test_faults_in_a_rules_file_are_told_with_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("\nfiles = 1\n")
    (tmp_path / "edge.toml").write_text(filtered('file = "rules.toml"\nenabled = 1'))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "edge.toml")
    assert {(problem.where, problem.key) for problem in caught.value.problems} == {
        (f"{tmp_path}/edge.toml:24", "filter.enabled"),
        (f"{tmp_path}/rules.toml:2", "files"),
    }


def test_a_rules_file_that_cannot_be_read_is_a_fault_of_the_key_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(filtered('file = "none.toml"'))
    with pytest.raises(ConfigError, match=r"edge\.toml:23: filter\.file: .*none\.toml cannot be read"):
        load(tmp_path / "edge.toml")


def test_rules_stand_in_the_section_or_in_a_file_but_not_in_both(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "edge.toml").write_text(filtered('file = "rules.toml"\nlinks = "warn"'))
    with pytest.raises(ConfigError, match="expected either a file or the rules themselves"):
        load(tmp_path / "edge.toml")


@pytest.mark.parametrize("path", [(), ("a",), ("a", 0), ("partner", 12, "proxy", "port")])
def test_a_path_that_is_written_down_can_be_read_again(path: tuple[str | int, ...]) -> None:
    assert undotted(dotted(path)) == path
