"""ImFilter: verdicts and their evidence."""

from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from corpus import corpus
from file_offers import file_session
from instant_messages import file_offer, first_message, im, invitation, request

from sipcore._parser import Message, parse
from sipcore.imfilter import LCS2005, LYNC, STRICT, Action, Finding, ImFilter, Rules, Verdict
from sipcore.imfilter.searching import LONGEST_READ, MOST_LINKS

FILTER = ImFilter()
STRICTLY = ImFilter(STRICT)
HTML = "text/html; charset=utf-8"


def rules_found(text: str | bytes) -> list[str]:
    return [finding.rule for finding in FILTER.check(im(text)).findings]


def found(message: Message, **changes: object) -> list[tuple[str, str]]:
    """(rule, matched) of what LCS2005 with these changes finds."""
    findings = ImFilter(dataclasses.replace(LCS2005, **changes)).check(message).findings
    return [(finding.rule, finding.matched) for finding in findings]


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_clean_message_passes_without_findings():
    verdict = FILTER.check(im("see you at eight"))
    assert verdict == Verdict(Action.PASS, ())
    assert verdict.passed


def test_a_link_is_blocked_with_the_evidence():
    verdict = FILTER.check(im("see http://www.contoso.example/a now"))
    (finding,) = verdict.findings
    assert (finding.rule, finding.text, finding.span) == ("http:", "body", (4, 32))
    assert (finding.matched, finding.action, finding.note) == ("http://www.contoso.example/a", Action.BLOCK, "")
    assert (verdict.action, verdict.blocked, verdict.passed) == (Action.BLOCK, True, False)


def test_a_finding_says_where_it_stands_in_the_message():
    message = im("see http://www.contoso.example/a now")
    ((start, end),) = [finding.where for finding in FILTER.check(message).findings]
    assert message.buffer[start:end] == b"http://www.contoso.example/a"


def test_a_finding_in_an_encoded_text_has_no_place_in_the_message():
    (finding,) = FILTER.check(im("http://x".encode("utf-16-le"), "utf-16le")).findings
    assert finding.where is None


@pytest.mark.parametrize("prefix", LCS2005.prefixes)
def test_f110_every_default_prefix_is_found_in_any_case(prefix):
    for written in (prefix, prefix.upper(), prefix.title()):
        assert rules_found(f"({written.replace('*', '7')}x") == [prefix]


@pytest.mark.parametrize(
    "text",
    [
        "gossip: they say",
        "gossip:x",
        "profile:x",
        "hotel:x",
        "notftp.contoso.example",
        "News: today it rains",
        "call me by tel: or not",
        "the word href",
        "www and www2",
        "contoso.example",
        "mail@contoso.example",
        "12:30",
        "http",
    ],
)
def test_prose_passes(text):
    assert rules_found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contoso.com", []),  # a bare domain: this profile goes by prefixes alone
        ("_contoso.com", []),
        ("www.contoso.com", ["www*."]),
        ("_www.contoso.com", []),
        ("http://_contoso.com", ["http:"]),  # the underscore must stand before the prefix
        ("_http://contoso.com", []),
        ("__http://x", []),
        ("_http://www.contoso.com/a", []),  # the host name belongs to the escaped link
        ("_http://contoso.com/http://fabrikam.com", ["http:"]),  # what else follows does not
        ("_http://contoso.com,http://fabrikam.com", ["http:"]),
        ("xhttp://www.contoso.com", ["www*."]),
        ("_ http://contoso.com", ["http:"]),
    ],
)
def test_the_underscore_escapes_the_link_it_stands_before(text, expected):
    assert rules_found(text) == expected


def test_the_end_of_the_text_is_nothing_to_follow_a_prefix():
    assert rules_found("http:") == []
    assert rules_found("http:/") == ["http:"]


def test_every_link_of_a_text_is_reported_in_order():
    assert rules_found("ftp://a.example www.b.example\r\nmailto:c@d.example") == ["ftp:", "www*.", "mailto:"]


#: Prefixes make links in two of the profiles, and an underscore before them none; a bare domain is one in the third.
#: The guide's own example of the underscore is a bare domain, which the filter that it describes leaves alone.
TABLE = {
    "contoso.com": ([], [], ["bare-domain"]),
    "_contoso.com": ([], [], []),
    "www.contoso.com": (["www*."], ["www*."], ["www*."]),
    "_www.contoso.com": ([], [], []),
    "http://_contoso.com": (["http:"], ["http:"], ["http:"]),
    "_http://contoso.com": ([], [], []),
    "__http://x": ([], [], []),
}


@pytest.mark.parametrize("text", TABLE)
def test_f111_what_each_profile_does_with_the_guides_examples(text):
    profiles = (LCS2005, LYNC, STRICT)
    rules = tuple([finding.rule for finding in ImFilter(profile).check(im(text)).findings] for profile in profiles)
    assert rules == TABLE[text]


def test_evidence_is_bounded():
    findings = FILTER.check(im("http://x " * 1000 + "http://" + "y" * 1000)).findings
    assert len(findings) == 32
    (long,) = FILTER.check(im("http://" + "ü" * 1000)).findings
    assert long.matched == "http://" + "ü" * 73
    assert long.span == (0, 2007)


def test_evidence_cannot_disturb_a_terminal():
    (finding,) = FILTER.check(im("http://\u202ea\u200b\x9b")).findings
    assert finding.matched == "http://\ufffda\ufffd\ufffd"


def test_evidence_is_shown_in_the_character_set_of_the_text():
    (finding,) = FILTER.check(im("http://grün.example".encode("latin-1"), "iso-8859-1")).findings
    assert finding.matched == "http://grün.example"


def test_a_link_in_utf16_is_found():
    (finding,) = FILTER.check(im("中 http://x".encode("utf-16-le"), "UTF-16LE")).findings
    assert (finding.span, finding.matched) == ((4, 12), "http://x")


def test_a_link_in_the_first_message_of_a_session_is_blocked():
    verdict = FILTER.check(invitation(first_message("see http://www.contoso.example", padded=False)))
    assert verdict.findings == (Finding("http:", "ms-text-format", (4, 30), "http://www.contoso.example"),)


def test_a_clean_invitation_passes():
    assert FILTER.check(invitation(first_message("hello"))).passed
    assert FILTER.check(invitation()).passed


def test_the_worst_of_many_links_is_among_the_evidence():
    links = "http://a.example/ " * 40 + "http://b.example/x.exe"
    findings = ImFilter(LYNC).check(im(links)).findings
    assert (len(findings), findings[-1].rule) == (32, ".exe")
    assert ImFilter(LYNC).check(im(links)).action is Action.BLOCK


def test_more_links_than_are_looked_at_count_as_links_even_where_those_looked_at_pass():
    local = "http://intranet/ " * (MOST_LINKS + 1)
    for rules in (LCS2005, LYNC):
        verdict = ImFilter(dataclasses.replace(rules, ignore_local=True)).check(im(local))
        assert [(each.rule, each.matched) for each in verdict.findings] == [("unseen", f"{MOST_LINKS} links or more")]
        assert verdict.blocked


def test_a_text_that_would_take_long_to_read_counts_as_a_link_but_plain_text_does_not():
    long = "lunch? " * (LONGEST_READ // 7) + " http://a.example"
    assert found(im(long)) == [("http:", "http://a.example")]
    for message, rules in ((request(long, HTML), {}), (im(long), {"tricks": True}), (im("{\\rtf1 " + long), {})):
        assert found(message, **rules) == [("unseen", "longer than 262144 bytes")]


# -- where text hides -------------------------------------------------------------------------------------------------


def test_a_link_that_html_follows_is_found_though_nothing_shows_it():
    assert found(request("<p>see <a href='//x.example'>this</a>", HTML)) == [("href", "href=//x.example")]


def test_comments_and_scripts_are_searched_where_the_rules_say_so():
    page = request("<!-- http://a.example --><script>open('http://b.example')</script>lunch?", HTML)
    assert FILTER.check(page).passed
    assert [finding.rule for finding in STRICTLY.check(page).findings] == ["http:", "http:"]


def test_a_link_in_rtf_is_found():
    text = r'{\rtf1 {\field{\*\fldinst{HYPERLINK "http://a.example/"}}{\fldrslt lunch}}}'
    assert found(request(text, "text/rtf")) == [("href", "href=http://a.example/")]


@pytest.mark.parametrize("target", ["a.example", "//a.example", r"\\a\b", "javascript:a", "#", "a.htm"])
def test_what_a_click_follows_is_a_link_whatever_it_begins_with(target):
    field = rf'{{\rtf1 {{\field{{\*\fldinst{{HYPERLINK "{target}"}}}}{{\fldrslt lunch}}}}}}'
    assert [rule for rule, _ in found(request(field, "text/rtf"))] == ["href"]
    for tag in ("<a href='{}'>lunch</a>", "<form action='{}'>", "<button formaction='{}'>"):
        assert [rule for rule, _ in found(request(tag.format(target), HTML))] == ["href"]


@pytest.mark.parametrize(
    ("message", "source"),
    [
        (request("lunch?", "text/plain", headers=[("Subject", "http://a.example")]), "subject"),
        (request("<p>http://a.example</p>", HTML), "html"),
        (request(r"{\rtf1 http://a.example }", "text/rtf"), "rtf"),
    ],
)
def test_sources_can_be_left_unread(message, source):
    assert found(message) == [("http:", "http://a.example")]
    others = [each for each in LCS2005.sources if each != source]
    assert found(message, sources=others) == []


def test_other_types_are_read_when_they_are_asked_for():
    message = request("<say>http://a.example</say>", "application/soap+xml")
    assert FILTER.check(message).passed
    assert {rule for rule, _ in found(message, types=("application/soap+xml",))} == {"http:"}


@pytest.mark.parametrize("text", ["h\u200bttp://a.example", "\uff48ttp://a.example", "http%3A//a.example"])
def test_hiding_tricks_are_undone_where_the_rules_say_so(text):
    assert found(im(text)) == []
    assert found(im(text), tricks=True) == [("http:", "http://a.example")]


def test_an_entity_is_no_trick_in_html_for_a_client_shows_the_letter():
    assert found(request("<p>&#104;ttp://a.example</p>", HTML)) == [("http:", "http://a.example")]


def test_one_link_read_in_two_ways_is_one_finding():
    assert found(im("http://a.example\u200b now"), tricks=True) == [("http:", "http://a.example\ufffd")]


# -- where links lead -------------------------------------------------------------------------------------------------

LOCAL = {"ignore_local": True, "local_domains": ("contoso.example",), "local_networks": ("192.0.2.0/24",)}


@pytest.mark.parametrize(
    "link", ["http://intranet/a", "https://wiki.contoso.example/", "mailto:bob@contoso.example", "http://192.0.2.7/"]
)
def test_links_to_local_hosts_pass_where_they_are_ignored(link):
    assert found(im(link), **LOCAL) == []
    assert found(im(link)) != []


@pytest.mark.parametrize(
    "link", ["http://fabrikam.example/", "http://contoso.example.fabrikam.example/", "http://198.51.100.7/"]
)
def test_links_to_other_hosts_do_not(link):
    assert found(im(link), **LOCAL) == [("http:", link)]


@pytest.mark.parametrize("between", [",", "看", "?to=", "/"])
def test_a_local_link_does_not_cover_another_one_in_the_same_word(between):
    word = f"http://intranet/{between}http://www.wiki.contoso.example/{between}http://evil.example/x"
    assert found(im(word), **LOCAL) == [("http:", "http://evil.example/x")]
    assert found(im(word.removesuffix("http://evil.example/x")), **LOCAL) == []
    bare = "http://intranet/,evil.example http://contoso.example/x,y.contoso.example"
    assert found(im(bare), bare_domains=True, **LOCAL) == [("bare-domain", "evil.example")]


def test_local_links_within_one_another_are_not_followed_for_ever():
    assert found(im(",".join(["http://intranet/"] * 30)), **LOCAL)[0][0] == "http:"


def test_a_link_to_a_listed_extension_is_found_even_on_a_local_host():
    files = {"extensions": (".exe",)} | LOCAL
    assert found(im("http://intranet/setup.EXE http://intranet/a.txt"), **files) == [
        (".exe", "http://intranet/setup.EXE")
    ]


@pytest.mark.parametrize("links", ["pass", "observe", "warn"])
def test_listed_extensions_are_refused_even_where_links_are_not_looked_for(links):
    verdict = ImFilter(dataclasses.replace(LCS2005, links=links, extensions=("exe",))).check(
        im("http://a/b.exe http://c")
    )
    assert (verdict.action, verdict.findings[0].rule) == (Action.BLOCK, ".exe")


def test_a_link_whose_extension_is_only_observed_is_still_a_link():
    rules = dataclasses.replace(LCS2005, extensions=("exe",), extension_action="observe")
    (finding,) = ImFilter(rules).check(im("http://a/b.exe")).findings
    assert (finding.rule, finding.action) == ("http:", Action.BLOCK)


def test_a_bare_domain_is_found_by_its_own_name_and_not_inside_a_link():
    message = im("a.b.example/x, http://c.example and alice@d.example or e.doc")
    assert found(message, bare_domains=True) == [
        ("bare-domain", "a.b.example/x"), ("http:", "http://c.example"), ("bare-domain", "d.example")
    ]  # fmt: skip


# -- file offers ------------------------------------------------------------------------------------------------------


def test_f112_a_file_offer_in_a_message_is_blocked_with_name_and_size():
    text = file_offer()
    message = request(text, "text/x-msmsgsinvite; charset=UTF-8")
    (finding,) = FILTER.check(message).findings
    assert (finding.rule, finding.span, finding.matched) == (
        "file-transfer",
        (0, len(text)),
        "report.doc (46080 bytes)",
    )
    assert (finding.offer.name, finding.offer.size) == ("report.doc", 46080)
    assert message.buffer[slice(*finding.where)] == text.encode()


def test_a_file_offer_as_the_first_message_of_a_session_is_blocked():
    verdict = FILTER.check(invitation(first_message(file_offer(), "Text/X-MsMsgsInvite")))
    assert [(finding.rule, finding.text) for finding in verdict.findings] == [("file-transfer", "ms-text-format")]


def test_a_file_offer_in_a_session_description_is_blocked():
    assert found(request(file_session(), "application/sdp", "INVITE")) == [
        ("file-transfer", "report.doc (46080 bytes)")
    ]


def test_an_invitation_is_a_text_too_and_is_searched_for_links():
    assert found(request("http://a.example", "text/x-msmsgsinvite")) == [("http:", "http://a.example")]


@pytest.mark.parametrize("command", ["ACCEPT", "CANCEL"])
def test_the_answer_to_a_file_offer_passes(command):
    assert FILTER.check(request(file_offer(Invitation_Command=command), "text/x-msmsgsinvite")).passed


@pytest.mark.parametrize(
    ("name", "rules"), [("report.doc", []), ("report.doc.EXE", [".exe"]), (None, ["file-transfer"])]
)
def test_only_listed_files_are_refused_where_the_rules_say_so_and_those_without_a_name(name, rules):
    offer = request(file_offer(Application_File=name), "text/x-msmsgsinvite")
    assert [rule for rule, _ in found(offer, files="listed", extensions=("exe",))] == rules


def test_file_offers_can_be_let_pass_or_only_observed():
    offer = request(file_offer(), "text/x-msmsgsinvite")
    assert found(offer, files="none") == []
    assert found(request("x" * 70_000, "application/sdp"), files="none") == []
    assert ImFilter(Rules(file_action="observe")).check(offer).action is Action.OBSERVE


# -- what cannot be read ----------------------------------------------------------------------------------------------

UNREADABLE = request(b"\x1f\x8b\x08", "text/plain", headers=[("Content-Encoding", "br")])


def test_what_cannot_be_read_is_blocked_with_the_reason():
    verdict = FILTER.check(UNREADABLE)
    assert verdict == Verdict(Action.BLOCK, (Finding("undecodable", "body", (0, 3), "Content-Encoding: br"),))


@pytest.mark.parametrize(("action", "findings"), [("observe", 1), ("pass", 0)])
def test_what_cannot_be_read_may_have_another_action(action, findings):
    verdict = ImFilter(Rules(undecodable=action)).check(UNREADABLE)
    assert (verdict.action, verdict.passed, len(verdict.findings)) == (action, True, findings)


def test_an_offer_that_cannot_be_read_is_undecodable():
    ((rule, matched),) = found(request("x" * 70_000, "text/x-msmsgsinvite"))
    assert (rule, matched) == ("undecodable", "an offer of more than 65536 bytes")


def test_a_first_message_that_cannot_be_read_is_blocked():
    (finding,) = FILTER.check(invitation("text/plain;ms-body=a")).findings
    assert (finding.rule, finding.text) == ("undecodable", "ms-text-format")


# -- text without a message -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["see http://a.example", b"see http://a.example"])
def test_text_without_a_message_gets_the_same_verdict(text):
    verdict = FILTER.check_text(text)
    (finding,) = verdict.findings
    assert (verdict.action, finding.rule, finding.text, finding.span) == (Action.BLOCK, "http:", "text", (4, 20))
    assert finding.where == finding.span
    assert verdict.rewritten is None
    assert FILTER.check_text(text[:3]) == Verdict(Action.PASS)


def test_spans_of_text_are_in_bytes_of_utf8():
    (finding,) = FILTER.check_text("süß: http://a.example").findings
    assert finding.span == (7, 23)


def test_text_that_is_no_unicode_is_read_all_the_same():
    assert FILTER.check_text("\ud800 http://a.example").findings[0].span == (4, 20)
    assert FILTER.check_text(b"\xff http://a.example").findings[0].span == (2, 18)


# -- the filter as an object ------------------------------------------------------------------------------------------


def test_rules_decide_what_is_looked_for():
    only_irc = ImFilter(Rules(prefixes=("irc:",), files="none"))
    assert only_irc.check(im("http://www.contoso.example")).passed
    assert not only_irc.check(im("irc://contoso.example")).passed
    assert only_irc.check(request(file_offer(), "text/x-msmsgsinvite")).passed


def test_no_prefixes_means_no_links():
    assert ImFilter(Rules(prefixes=())).check(im("http://www.contoso.example")).passed


def test_a_filter_is_immutable_comparable_and_picklable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FILTER.rules = Rules(prefixes=())
    assert ImFilter(Rules()) == FILTER
    assert hash(ImFilter(Rules())) == hash(FILTER)
    for each in (FILTER, ImFilter(LYNC), STRICTLY):
        assert pickle.loads(pickle.dumps(each)) == each
        assert pickle.loads(pickle.dumps(each)).check(im("http://x.example")).findings


def test_a_verdict_is_picklable_with_its_changes():
    message = im("http://x.example")
    verdict = pickle.loads(pickle.dumps(ImFilter(LYNC).check(message)))
    edit = message.edit()
    verdict.apply(edit)
    assert bytes(edit).endswith(b"\r\n\r\n_http://x.example")


def test_threads_share_one_filter():
    messages = [im("see http://x" if number % 3 else "see you" * number * 1000) for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(FILTER.check, messages, timeout=60))
    assert [verdict.passed for verdict in verdicts] == [number % 3 == 0 for number in range(60)]


def test_actions_are_strings():
    assert (Action.PASS, Action.BLOCK) == ("pass", "block")


def test_actions_have_an_order():
    words = ["pass", "observe", "defang", "warn", "block"]
    assert [action.value for action in sorted(Action, key=lambda action: action.severity)] == words


# -- messages written down from the protocol's documentation ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("syn-url-message-plain", ["http:"]),
        ("syn-url-message-underscore", []),
        ("syn-url-message-rtf", ["href"]),
        ("syn-url-invite-ms-text-format", ["http:"]),
        ("syn-ft-msmsgsinvite-message", ["file-transfer"]),
        ("syn-ft-msmsgsinvite-accept", []),
        ("syn-ft-msmsgsinvite-cancel", []),
        ("syn-ft-invite-ms-text-format", ["file-transfer"]),
        ("syn-benotify-federated", []),
        ("syn-606-309-response", []),
    ],
)
def test_the_corpus_gets_the_verdicts_it_was_written_for(name, found):
    message = parse(corpus("ms", f"{name}.sip").read_bytes())
    assert [finding.rule for finding in FILTER.check(message).findings] == found
