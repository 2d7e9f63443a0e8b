"""What is done about a link: observe, defang and warn, in every kind of text."""

from __future__ import annotations

import base64

import pytest
from instant_messages import first_message, im, invitation, request

from sipcore._parser import Message, parse
from sipcore.imfilter import Action, Finding, ImFilter, Rules, Verdict
from sipcore.imfilter.filter import _refused
from sipcore.imfilter.rewriting import CannotRewriteError

DEFANG = ImFilter(Rules(links="defang"))
NOTICE = "Careful: <http://policy.contoso.example/> & co.\nThis is from outside."
WARN = ImFilter(Rules(links="warn", notice=NOTICE))
HTML = "text/html; charset=utf-8"


def changed(content: ImFilter, message: Message) -> Message:
    """The message as it goes on, which passes and says how long it is."""
    verdict = content.check(message)
    assert not verdict.passed
    assert not verdict.blocked, verdict.findings
    edit = message.edit()
    verdict.apply(edit)
    again = parse(bytes(edit))
    assert content.check(again).passed
    assert again.content_length == len(again.body)
    return again


def body(content: ImFilter, message: Message) -> str:
    """The body as it goes on."""
    return bytes(changed(content, message).body).decode()


def note_on(content: ImFilter, message: Message) -> str:
    """Why a message that could not be changed is blocked."""
    verdict = content.check(message)
    assert verdict.blocked
    assert verdict.changes is None
    return next(finding.note for finding in verdict.findings if finding.note)


# -- observe ----------------------------------------------------------------------------------------------------------


def test_observing_reports_and_changes_nothing():
    message = im("see http://a.example")
    verdict = ImFilter(Rules(links="observe")).check(message)
    assert (verdict.action, verdict.passed, verdict.blocked) == (Action.OBSERVE, True, False)
    assert [finding.rule for finding in verdict.findings] == ["http:"]
    edit = message.edit()
    verdict.apply(edit)
    assert bytes(edit) == bytes(message)


def test_the_severest_finding_decides():
    rules = Rules(links="observe", extensions=("exe",))
    verdict = ImFilter(rules).check(im("http://a.example http://b.example/c.exe"))
    assert [finding.action for finding in verdict.findings] == [Action.OBSERVE, Action.BLOCK]
    assert verdict.action is Action.BLOCK


def test_what_is_only_observed_is_not_defanged():
    rules = Rules(links="defang", extensions=("exe",), extension_action="observe", ignore_local=True)
    assert (
        body(ImFilter(rules), im("http://intranet/a.exe http://b.example")) == "http://intranet/a.exe _http://b.example"
    )


# -- defang -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://a.example, www.b.example", "see _http://a.example, _www.b.example"),
        ("_http://a.example http://b.example", "_http://a.example _http://b.example"),
        ("http://a.example/?to=http://b.example", "_http://a.example/?to=_http://b.example"),
        ("http://a,http://b,http://c", "_http://a,_http://b,_http://c"),
        ("xhttp://www.a.example", "xhttp://_www.a.example"),
    ],
)
def test_an_underscore_is_put_before_each_link(text, expected):
    assert body(DEFANG, im(text)) == expected


def test_a_defanged_message_differs_in_its_links_and_its_length_alone():
    message = im("see http://a.example")
    expected = bytes(message).replace(b"http://a", b"_http://a").replace(b"Length: 20", b"Length: 21")
    assert bytes(changed(DEFANG, message)) == expected


def test_each_representation_of_a_text_is_defanged_in_its_own_encoding():
    page = base64.b64encode(b"<a href='http://a.example'>http://a.example</a>").decode()
    parts = [
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nna=C3=AFve http://a.example",
        f"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{page}",
    ]
    mixed = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    again = body(DEFANG, request(mixed, "multipart/alternative; boundary=b"))
    assert "\r\n\r\nna=C3=AFve _http://a.example\r\n" in again
    encoded = base64.b64encode(b"<a _href='http://a.example'>_http://a.example</a>").decode()
    assert f"\r\n\r\n{encoded}\r\n" in again


def test_the_first_message_of_a_session_is_defanged_in_its_header():
    again = changed(DEFANG, invitation(first_message("http://a.example", padded=False)))
    assert again["ms-text-format"] == first_message("_http://a.example", padded=False)


def test_a_subject_is_defanged():
    message = request("lunch?", "text/plain", headers=[("Subject", "http://a.example")])
    assert changed(DEFANG, message)["Subject"] == "_http://a.example"


def test_wide_character_sets_are_kept():
    message = im("中 http://a.example".encode("utf-16-le"), "utf-16le")
    assert bytes(changed(DEFANG, message).body).decode("utf-16-le") == "中 _http://a.example"


def test_the_places_of_findings_are_those_of_the_message_that_was_checked():
    message = im("http://a.example http://b.example")
    verdict = DEFANG.check(message)
    pieces = [bytes(message.buffer[slice(*finding.where)]) for finding in verdict.findings if finding.where]
    assert pieces == [b"http://a.example", b"http://b.example"]


def test_defanging_may_put_a_notice_first():
    content = ImFilter(Rules(links="defang", notice="Careful."))
    assert body(content, im("http://a.example")) == "Careful.\r\n_http://a.example"


# -- what cannot be changed safely ------------------------------------------------------------------------------------


def test_a_signed_text_is_blocked_and_the_finding_says_why():
    part = "Content-Type: text/plain\r\n\r\nhttp://a.example\r\n"
    signed = f"--b\r\n{part}--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    message = request(signed, 'multipart/signed; boundary=b; protocol="application/pgp-signature"')
    assert note_on(DEFANG, message) == "cannot be rewritten: covered by multipart/signed"
    assert note_on(WARN, message) == "cannot be rewritten: covered by multipart/signed"


def test_a_field_of_rtf_is_blocked_and_the_finding_says_why():
    message = request(r'{\rtf1 {\field{\*\fldinst{HYPERLINK "http://a.example/"}}{\fldrslt x}}}', "text/rtf")
    assert note_on(DEFANG, message) == "cannot be rewritten: a link in text/rtf that cannot be escaped in place"
    assert note_on(WARN, message) == "cannot be rewritten: no place for a notice in text/rtf"


def test_what_is_found_only_in_another_way_to_read_a_text_is_blocked():
    message = request("lunch?", "text/plain", headers=[("Subject", "=?utf-8?q?http=3A//a.example?=")])
    assert note_on(DEFANG, message) == "cannot be rewritten: http: would still be found"


def test_a_text_that_can_be_read_raw_too_is_changed_in_both_ways_at_once():
    message = request("see http://a.example", "text/plain", headers=[("Content-Transfer-Encoding", "quoted-printable")])
    assert body(DEFANG, message) == "see _http://a.example"


def test_too_many_links_to_escape_are_blocked_but_can_be_warned_of():
    message = im("http://a " * 2000)
    assert note_on(DEFANG, message) == "cannot be rewritten: 1024 links or more"
    assert body(WARN, message) == IN_PLAIN + "http://a " * 2000


def test_a_reason_that_concerns_another_text_stands_with_every_finding():
    found = Finding("http:", "body", (0, 8), "http://a", Action.DEFANG)
    verdict = _refused(Verdict(Action.DEFANG, (found,)), CannotRewriteError("subject", "broken"))
    assert (verdict.action, verdict.findings[0].note) == (Action.BLOCK, "cannot be rewritten: broken")


def test_links_nested_deeper_than_anybody_writes_are_blocked():
    assert note_on(DEFANG, im(",".join(["http://a"] * 20))) == "cannot be rewritten: links within links"


def test_a_notice_that_the_character_set_does_not_have_is_blocked():
    content = ImFilter(Rules(links="warn", notice="注意"))
    assert "cannot be written" in note_on(content, im("http://a.example", "iso-8859-1"))


def test_a_blocked_message_cannot_be_changed_by_mistake():
    message = im("http://a.example")
    with pytest.raises(ValueError, match="does not go on"):
        ImFilter().check(message).apply(message.edit())


# -- warn -------------------------------------------------------------------------------------------------------------

IN_PLAIN = "Careful: <http://policy.contoso.example/> & co.\r\nThis is from outside.\r\n"
IN_HTML = "<p>Careful: &lt;http://policy.contoso.example/&gt; &amp; co.<br>This is from outside.</p>"


def test_a_notice_is_the_first_line_of_plain_text():
    assert body(WARN, im("http://a.example")) == IN_PLAIN + "http://a.example"


def test_a_notice_is_the_first_word_of_a_subject():
    message = request("lunch?", "text/plain", headers=[("Subject", "http://a.example")])
    assert changed(WARN, message)["Subject"] == IN_PLAIN.replace("\r\n", " ") + "http://a.example"


@pytest.mark.parametrize(
    "before",
    [
        "",
        "<body>",
        '<!DOCTYPE html>\r\n<HTML><head></head><BODY class="im" dir=ltr >',
        "\ufeff<html><body>",
        "\ufeff",
    ],
)
def test_a_notice_is_the_first_paragraph_of_html(before):
    page = before + "<a href='http://a.example'>this</a>"
    assert body(WARN, request(page, HTML)) == before + IN_HTML + "<a href='http://a.example'>this</a>"


@pytest.mark.parametrize(
    "before", ["<!-- <body> -->", '<body title=">', '<body a"><!--">', "<title><body></title>", "<html lang=x><body>"]
)
def test_a_notice_is_not_put_where_the_sender_could_have_hidden_it(before):
    page = before + " --></title><a href='http://a.example'>this</a>"
    assert body(WARN, request(page, HTML)) == IN_HTML + page


def test_only_the_texts_with_links_get_the_notice():
    parts = ["Content-Type: text/plain\r\n\r\nclean", "Content-Type: text/plain\r\n\r\nhttp://a.example"]
    mixed = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    again = body(WARN, request(mixed, "multipart/mixed; boundary=b"))
    assert again == mixed.replace("http", IN_PLAIN + "http")


def test_a_text_that_begins_with_the_notice_passes_whoever_put_it_there():
    assert WARN.check(im(IN_PLAIN + "http://a.example")).passed
    assert not WARN.check(im(IN_PLAIN[1:] + "http://a.example")).passed
    assert not WARN.check(im(" " + IN_PLAIN + "http://a.example")).passed


def test_the_notice_does_not_excuse_a_listed_extension():
    content = ImFilter(Rules(links="warn", notice=NOTICE, extensions=("exe",)))
    assert content.check(im(IN_PLAIN + "http://a.example/b.exe")).blocked


def test_the_notice_does_not_excuse_what_is_to_be_defanged():
    content = ImFilter(Rules(links="defang", notice=NOTICE))
    assert body(content, im(IN_PLAIN + "http://a.example")) == IN_PLAIN + "_http://a.example"


def test_warning_without_a_notice_lets_links_pass():
    assert ImFilter(Rules(links="warn")).check(im("http://a.example")) == Verdict(Action.PASS)


# -- without a message ------------------------------------------------------------------------------------------------


def test_text_without_a_message_is_given_back_changed_in_the_type_it_had():
    assert DEFANG.check_text("grüße http://a.example").rewritten == "grüße _http://a.example"
    assert DEFANG.check_text(b"\xff http://a.example").rewritten == b"\xff _http://a.example"
    assert WARN.check_text("http://a.example").rewritten == IN_PLAIN + "http://a.example"
    assert DEFANG.check_text("\ud800 http://a.example").rewritten == "\ud800 _http://a.example"


def test_text_without_a_message_that_cannot_be_changed_is_blocked():
    verdict = DEFANG.check_text(",".join(["http://a"] * 20))
    assert (verdict.action, verdict.rewritten) == (Action.BLOCK, None)
