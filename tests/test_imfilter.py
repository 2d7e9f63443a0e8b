"""ImFilter: verdicts and their evidence."""

from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
from corpus import corpus
from instant_messages import file_offer, first_message, im, invitation, request

from sipcore._parser import parse
from sipcore.imfilter import LCS2005, Action, Finding, ImFilter, Rules, Verdict

FILTER = ImFilter()


def rules_found(text: str | bytes) -> list[str]:
    return [finding.rule for finding in FILTER.check(im(text)).findings]


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_clean_message_passes_without_findings():
    verdict = FILTER.check(im("see you at eight"))
    assert verdict == Verdict(Action.PASS, ())
    assert verdict.passed


def test_a_link_is_blocked_with_the_evidence():
    verdict = FILTER.check(im("see http://www.contoso.example/a now"))
    assert verdict == Verdict(Action.BLOCK, (Finding("http:", "body", (4, 32), "http://www.contoso.example/a"),))
    assert not verdict.passed


@pytest.mark.parametrize("prefix", LCS2005.prefixes)
def test_every_default_prefix_is_found_in_any_case(prefix):
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
    expected = Finding("http:", "ms-text-format", (4, 30), "http://www.contoso.example")
    assert verdict == Verdict(Action.BLOCK, (expected,))


def test_a_clean_invitation_passes():
    assert FILTER.check(invitation(first_message("hello"))).passed
    assert FILTER.check(invitation()).passed


# -- file offers ------------------------------------------------------------------------------------------------------


def test_a_file_offer_in_a_message_is_blocked_with_name_and_size():
    text = file_offer()
    verdict = FILTER.check(request(text, "text/x-msmsgsinvite; charset=UTF-8"))
    expected = Finding("file-transfer", "body", (0, len(text)), "report.doc (46080 bytes)")
    assert verdict == Verdict(Action.BLOCK, (expected,))


def test_a_file_offer_as_the_first_message_of_a_session_is_blocked():
    verdict = FILTER.check(invitation(first_message(file_offer(), "Text/X-MsMsgsInvite")))
    assert [(finding.rule, finding.text) for finding in verdict.findings] == [("file-transfer", "ms-text-format")]


@pytest.mark.parametrize("command", ["ACCEPT", "CANCEL"])
def test_the_answer_to_a_file_offer_passes(command):
    assert FILTER.check(request(file_offer(Invitation_Command=command), "text/x-msmsgsinvite")).passed


# -- what cannot be read ----------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_blocked_with_the_reason():
    verdict = FILTER.check(request(b"\x1f\x8b\x08", "text/plain", headers=[("Content-Encoding", "gzip")]))
    assert verdict == Verdict(Action.BLOCK, (Finding("undecodable", "body", (0, 3), "Content-Encoding: gzip"),))


def test_a_first_message_that_cannot_be_read_is_blocked():
    (finding,) = FILTER.check(invitation("text/plain;ms-body=a")).findings
    assert (finding.rule, finding.text) == ("undecodable", "ms-text-format")


# -- the filter as an object ------------------------------------------------------------------------------------------


def test_rules_decide_what_is_looked_for():
    only_irc = ImFilter(Rules(prefixes=("irc:",), file_transfer=False))
    assert only_irc.check(im("http://www.contoso.example")).passed
    assert not only_irc.check(im("irc://contoso.example")).passed
    assert only_irc.check(request(file_offer(), "text/x-msmsgsinvite")).passed


def test_no_prefixes_means_no_links():
    assert ImFilter(Rules(prefixes=())).check(im("http://www.contoso.example")).passed


def test_a_filter_is_immutable_comparable_and_picklable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FILTER.rules = Rules(prefixes=())
    assert ImFilter(Rules()) == FILTER
    assert not pickle.loads(pickle.dumps(FILTER)).check(im("http://x")).passed


def test_threads_share_one_filter():
    messages = [im("see http://x" if number % 3 else "see you" * number * 1000) for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(FILTER.check, messages, timeout=60))
    assert [verdict.passed for verdict in verdicts] == [number % 3 == 0 for number in range(60)]


def test_actions_are_strings():
    assert (Action.PASS, Action.BLOCK) == ("pass", "block")


# -- messages written down from the protocol's documentation ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("syn-url-message-plain", ["http:"]),
        ("syn-url-message-underscore", []),
        ("syn-url-message-rtf", ["undecodable"]),
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
