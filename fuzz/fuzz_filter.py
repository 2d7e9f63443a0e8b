"""The filter for instant messages on anything that parses, by every profile and action.

Contract: `check` gives a verdict, the same each time; it passes exactly when nothing worse than an observation was
found; each finding names a rule and a text, and shows a short piece that cannot disturb a terminal. What may go on,
changed or not, passes when it is checked again.

Allowed: nothing may be raised.
"""

from __future__ import annotations

from dataclasses import replace

from instant_messages import file_offer, request
from pieces import exact, join, split
from seeds import MESSAGES

from sipcore import ParseError, parse
from sipcore.imfilter import LCS2005, LYNC, STRICT, Action, ImFilter
from sipcore.limits import WIDEST

NOTICE = "Careful: <http://policy.contoso.example/>\nThis came from outside."
FILTERS = [
    ImFilter(rules)
    for rules in (
        LCS2005,
        LYNC,
        STRICT,
        replace(LYNC, links="warn", notice=NOTICE),
        replace(STRICT, links="defang", notice=NOTICE, undecodable="observe", files="none", extensions=()),
        replace(STRICT, links="observe", ignore_local=True, local_domains=("contoso.example",)),
    )
]
NAMED = {"file-transfer", "undecodable", "unseen", "bare-domain"}
#: What an input that is not a message itself is the body of.
TYPES = (None, "text/plain", "text/x-msmsgsinvite", "text/html", *(
    f"text/plain; charset={charset}"
    for charset in ("utf-16le", "utf-16be", "gbk", "big5", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "koi8-r")
), "text/rtf", "message/cpim", "multipart/mixed;boundary=b", "application/ms-filetransfer+xml")  # fmt: skip
SEEDS = [
    *(join(each, 0, 1 + number % len(FILTERS)) for number, each in enumerate(MESSAGES)),
    join(b"http://a.example", 2, 3),
    join("看 http://a.example".encode("gbk"), 7),
    join("看 http://a.example".encode("iso-2022-jp"), 11),
    join(b"_a.example b.example/?c=http://d.example,www.e", 2, 4),
    join(b"<body><p>see <b>ht</b>tp://a <a href=b.exe>c</a> &#104;ttp://d<!-- e.example -->", 4, 4),
    join(rb'{\rtf1 see {\b ht}tp://a {\field{\*\fldinst{HYPERLINK "http://b"}}{\fldrslt \u8203?c}}}', 14, 1),
    join(b"From: <im:a@b>\r\nSubject: http://a\r\n\r\nContent-Type: text/plain\r\n\r\nhttp://lan/,http://b", 15, 1),
    join(b"--b\r\n\r\nhttp://a\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>www.b</i>\r\n--b--\r\n", 16, 3),
    join(file_offer(Application_File="a.exe").encode(), 3, 1),
]


def one_input(data: bytes) -> None:
    """One run of the target."""
    content, decisions = split(data)
    kind, chosen = next(decisions, 0) % (len(TYPES) + 1), FILTERS[next(decisions, 0) % len(FILTERS)]
    try:
        message = request(content, TYPES[kind - 1]) if kind else parse(exact(content))
    except ParseError:
        return
    verdict = chosen.check(message)
    assert chosen.check(message.detach()) == verdict
    assert verdict.passed == all(finding.action is Action.OBSERVE for finding in verdict.findings)
    known = NAMED.union(chosen.rules.prefixes, (f".{each}" for each in chosen.rules.extensions))
    for finding in verdict.findings:
        assert finding.rule in known
        assert finding.text.startswith(("body", "ms-text-format", "ms-im-format", "subject"))
        assert 0 <= finding.span[0] <= finding.span[1] <= 4 * len(data)
        assert len(finding.matched) <= 80
        assert finding.matched.isprintable()
    if not verdict.blocked:
        edit = message.edit()
        verdict.apply(edit)
        assert chosen.check(parse(bytes(edit), WIDEST)).passed
