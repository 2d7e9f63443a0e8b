"""Static routes: two spellings, whole labels, the most specific one, and few steps however many there are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.edge.tables import Hop, Pattern, StaticRoute, StaticRoutes, Transport

LABELS = st.sampled_from(["a", "b", "xa", "com"])
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)


def route(pattern: str, host: str = "192.0.2.9") -> StaticRoute:
    """A route with that pattern."""
    return StaticRoute(Pattern.parse(pattern), Hop(Transport.UDP, host, 5060))


def taken_by(pattern: str) -> list[str]:
    """Which of these domains a route with that pattern takes."""
    routes = StaticRoutes([route(pattern)])
    domains = ["domaina.com", "a.domaina.com", "b.a.domaina.com", "xdomaina.com", "com", "domaina.com.example"]
    return [domain for domain in domains if routes.find(domain)]


# -- patterns


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        ("domaina.com", ["domaina.com"]),
        ("DomainA.COM.", ["domaina.com"]),
        ("*.domaina.com", ["a.domaina.com", "b.a.domaina.com"]),
        (".com.domaina.*", ["domaina.com", "a.domaina.com", "b.a.domaina.com"]),
        (".com.domaina", ["domaina.com"]),
        (".com.domaina.a.*", ["a.domaina.com", "b.a.domaina.com"]),
    ],
)
def test_f201_a_pattern_takes_whole_labels_in_either_spelling(pattern: str, takes: list[str]) -> None:
    assert taken_by(pattern) == takes


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("*", "use [default_route]"),
        (".*", "use [default_route]"),
        ("", "not made of letters"),
        ("a.*.com", "whole first label"),
        ("*a.com", "whole first label"),
        ("domaina.*", "whole first label"),
        (".com.*.domaina", "whole first label"),
        ("*.com.domaina.*", "whole first label"),
        ("192.0.2.1", "an address is not a domain"),
        (f"*.{'a' * 64}.com", "64 characters"),
    ],
)
def test_f201_what_is_no_pattern_is_told_with_the_right_spelling(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Pattern.parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (".com.domaina", "domaina.com"),
        ("*.domaina.com", "everything below domaina.com"),
        (".com.domaina.*", "domaina.com and everything below it"),
    ],
)
def test_a_pattern_is_told_to_people_in_words(pattern: str, text: str) -> None:
    assert str(Pattern.parse(pattern)) == text


# -- the most specific one


def test_f200_the_most_specific_route_wins_in_whatever_order_they_stand() -> None:
    rows = [route(".com.domaina.*", "192.0.2.1"), route("a.domaina.com", "192.0.2.2"), route("*.com", "192.0.2.3")]
    for order in (rows, rows[::-1]):
        routes = StaticRoutes(order)
        found = {domain: routes.find(domain) for domain in ("a.domaina.com", "b.a.domaina.com", "x.com", "com")}
        hosts = {domain: row and row.next_hop.host for domain, row in found.items()}
        assert hosts == {
            "a.domaina.com": "192.0.2.2",
            "b.a.domaina.com": "192.0.2.1",
            "x.com": "192.0.2.3",
            "com": None,
        }


def specificity(pattern: Pattern, domain: str) -> int:
    """The slow, obvious judge: how well a pattern suits a domain, 0 for not at all."""
    if pattern.itself and domain == pattern.domain:
        return 1_000
    return len(pattern.domain) if pattern.below and domain.endswith(f".{pattern.domain}") else 0


SPELLINGS = st.sampled_from(["{0}", "*.{0}", ".{1}", ".{1}.*"])
PATTERNS = st.builds(
    lambda spelling, name: spelling.format(name, ".".join(reversed(name.split(".")))), SPELLINGS, NAMES
)


@given(st.lists(PATTERNS, max_size=8), NAMES)
def test_the_index_finds_what_a_search_through_all_routes_finds(patterns: list[str], domain: str) -> None:
    routes = StaticRoutes([route(pattern, f"192.0.2.{number}") for number, pattern in enumerate(patterns)])
    best = max(routes.rows, key=lambda row: specificity(row.pattern, domain), default=None)
    if best is not None and not specificity(best.pattern, domain):
        best = None
    assert routes.find(domain) == best


class Counting(dict[str, StaticRoute]):
    """A dictionary that counts how often it is asked."""

    asked = 0

    def get(self, key: str, default: object = None) -> StaticRoute | None:  # type: ignore[override]
        self.asked += 1
        return super().get(key)


def test_a_look_up_takes_as_many_steps_as_the_domain_has_labels() -> None:
    routes = StaticRoutes([route(f"*.d{number}.example") for number in range(10_000)])
    counting = Counting(routes._below)
    object.__setattr__(routes, "_below", counting)
    assert routes.find(".".join(["a"] * 100) + ".d9999.example")
    assert counting.asked == 100
    assert routes.find("a.b.c.example.net") is None
    assert counting.asked == 104


def test_without_patterns_only_the_domain_itself_is_looked_for() -> None:
    routes = StaticRoutes([route("domaina.com")])
    counting = Counting()
    object.__setattr__(routes, "_below", counting)
    assert routes.find("a.b.c.domaina.com") is None
    assert counting.asked == 0


# -- two routes for the same


@pytest.mark.parametrize(
    ("first", "second", "faulty"),
    [
        ("domaina.com", "DOMAINA.com", True),
        ("domaina.com", ".com.domaina", True),
        ("*.domaina.com", ".com.domaina.*", True),
        ("domaina.com", ".com.domaina.*", True),
        ("domaina.com", "*.domaina.com", False),
        ("*.domaina.com", "*.a.domaina.com", False),
    ],
)
def test_two_routes_for_the_same_domains_are_a_fault_of_the_second(first: str, second: str, faulty: bool) -> None:
    keys = [key for key, _ in StaticRoutes([route(first, "192.0.2.1"), route(second, "192.0.2.2")]).faults()]
    assert keys == (["static_route[1].pattern"] if faulty else [])
