"""What holds of the filter whatever is sent: it raises nothing, its gate is no way round it, what it changes passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from disguises import IN_UNICODE, NOTHING_IN_UNICODE, disguised
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import file_offer, first_message, im, invitation, request
from mime_strategies import CHARSETS
from mime_trees import CONTENT, TRANSFER, Entity, enclosed, leaf, multipart

from sipcore import ParseError
from sipcore._parser import Message, parse
from sipcore.imfilter import LCS2005, LYNC, STRICT, ImFilter, Rules
from sipcore.imfilter.content import texts

NOTICE = "Careful: <http://policy.contoso.example/> & co.\nThis is from outside."
DEFANG = ImFilter(Rules(links="defang"))

FILTERS = [
    ImFilter(replace(rules, links=links, notice=notice))
    for rules in (LYNC, replace(STRICT, undecodable="observe", files="none", extensions=()))
    for links, notice in (("defang", ""), ("defang", NOTICE), ("warn", NOTICE), ("block", ""), ("observe", ""))
]
WORDS = st.one_of(
    st.sampled_from([
        *("http://a.example", "_http://b", "WWW.c.example/x", "mailto:d@e.example", "f.example", "_g.example", "http:"),
        *("href=x", "http://h,http://i", "_", "__", "/", "<", ">", "&", '"', "lunch?", "<p>", "<a href='http://j'>k</a>"),
        *("<b>ht</b>tp://l", "&#104;ttp://m", "<!--", "-->", "<body>", "{\\rtf1 ", "}", '\\field HYPERLINK "http://n"'),
    ]),
    disguised(IN_UNICODE, NOTHING_IN_UNICODE).map(lambda pair: pair[1]),
    st.text(max_size=5),
)  # fmt: skip
TEXTS = st.lists(WORDS, max_size=8).flatmap(
    lambda words: st.sampled_from(["", " ", "\r\n"]).map(lambda gap: gap.join(words))
)


@st.composite
def leaves(draw: st.DrawFn) -> Entity:
    """A text with links in it, in some encoding."""
    charset = draw(st.sampled_from(CHARSETS))
    letters = draw(TEXTS).encode(charset[1], "ignore").decode(charset[1], "ignore")
    codings = draw(st.sampled_from(list(CONTENT))), draw(st.sampled_from(list(TRANSFER)))
    return leaf(letters, charset, draw(st.sampled_from(["plain", "html", "rtf"])), *codings)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A message with some texts."""
    entity = draw(leaves())
    if draw(st.booleans()):
        entity = multipart([entity, draw(leaves())], draw(st.sampled_from(["alternative", "mixed", "signed"])), 1)
    elif draw(st.booleans()):
        entity = enclosed(entity, draw(st.booleans()), "see http://a.example")
    headers: list[tuple[str, str | bytes]] = [
        (name, value) for line in entity.lines[1:] for name, _, value in [line.partition(": ")]
    ]
    if draw(st.booleans()):
        headers.append(("Subject", draw(st.sampled_from(["http://a.example", "lunch", "=?utf-8?q?http=3A//a?="]))))
    return request(entity.body, entity.lines[0].partition(": ")[2], headers=headers)


@given(messages(), st.sampled_from(FILTERS))
def test_a_message_that_goes_on_passes_when_it_is_checked_again(message: Message, content: ImFilter) -> None:
    verdict = content.check(message)
    assert all(finding.action.severity <= verdict.action.severity for finding in verdict.findings)
    if not verdict.blocked:
        edit = message.edit()
        verdict.apply(edit)
        assert content.check(parse(bytes(edit))).passed


@given(TEXTS, st.sampled_from(FILTERS))
def test_text_that_goes_on_passes_when_it_is_checked_again(text: str, content: ImFilter) -> None:
    verdict: Any = content.check_text(text)
    assert verdict == content.check_text(text.encode("utf-8", "surrogatepass")) or verdict.rewritten is not None
    if not verdict.blocked:
        assert content.check_text(text if verdict.rewritten is None else verdict.rewritten).passed


@given(st.lists(st.sampled_from(["http://a.example", "lunch", "www.b.example", "(mailto:c@d)", "_ftp.e"]), max_size=9))
def test_in_plain_text_every_link_can_be_defanged_and_nothing_else_changes(words: list[str]) -> None:
    text = " ".join(words)
    verdict = DEFANG.check_text(text)
    assert not verdict.blocked
    expected = " ".join("_" + word if word[0] in "hw" else word.replace("(", "(_") for word in words)
    expected = expected.replace("_lunch", "lunch")
    assert (verdict.rewritten or text) == expected


PLAIN = [
    im("lunch? http://a.example"),
    request("hello", None),
    invitation(),
    request(b"", "text/plain"),
    im("{\\rtf1 }"),
]


@given(st.one_of(TEXTS.map(im), st.sampled_from(PLAIN), st.text().map(im)), st.sampled_from([LCS2005, LYNC, STRICT]))
def test_what_the_gate_lets_pass_has_nothing_in_it_on_the_long_road_either(message: Message, rules: Rules) -> None:
    content = ImFilter(rules)
    found, there = content.check(message).findings, content._judged(texts(message, rules.types)).findings
    assert [(each.rule, each.span) for each in found] == [(each.rule, each.span) for each in there]


SEEDS = [
    im("lunch? http://a.example www.b.example"),
    invitation(first_message("http://a.example"), first_message(file_offer(), "text/x-msmsgsinvite")),
    request("<p>&#104;ttp://a <a href='b'>c</a><!-- d -->", "text/html; charset=utf-8"),
    request(r'{\rtf1\ansi {\field{\*\fldinst{HYPERLINK "http://a"}}{\fldrslt \u8203?b}}}', "text/rtf"),
    request("--b\r\n\r\nhttp://a\r\n--b\r\nContent-Type: text/html\r\n\r\nb\r\n--b--", "multipart/mixed; boundary=b"),
    request("From: <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nhttp://a", "message/cpim"),
]


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """A message with some bytes replaced, put in or taken out."""
    data = bytearray(bytes(draw(st.sampled_from(SEEDS))))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 4)))
        data[start:end] = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"=", b"\r\n", b"--b", b"utf-16", b"<!--"]))
        )
    return bytes(data)


@given(mutants(), st.sampled_from(FILTERS))
def test_nothing_that_can_be_parsed_makes_the_filter_raise(data: bytes, content: ImFilter) -> None:
    try:
        message = parse(data)
    except ParseError:
        return
    verdict = content.check(message)
    assert verdict.passed or verdict.blocked or verdict.changes is not None
    assert all(0 <= start <= end for start, end in (finding.span for finding in verdict.findings))


@given(TEXTS, st.sampled_from(FILTERS))
def test_in_a_plain_body_every_finding_says_where_it_stands_in_the_message(text: str, content: ImFilter) -> None:
    message = im(text)
    for finding in content.check(message).findings:
        assert finding.where is not None
        assert message.buffer[slice(*finding.where)] == message.body[slice(*finding.span)]
        assert finding.span[0] < finding.span[1]
