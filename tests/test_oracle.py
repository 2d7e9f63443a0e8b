"""The parser against the oracle: the same index and the same values, whatever the bytes.

First the oracle is tried, on what people wrote down: it judges the parser only after that.
"""

from __future__ import annotations

import pytest
from agreement import MALFORMED, by_oracle, disagreement, uri_by_oracle, uri_by_parser
from corpus import corpus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message
from oracle import sip_index, sip_values
from strategies import messages, mutated

from sipcore import Uri

OURS = {"options": OPTIONS, "message": message(), "invite": INVITE, "ok": OK, "contorted": CONTORTED}
every_message = pytest.mark.parametrize("data", OURS.values(), ids=OURS.keys())
examples = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def malformed(data: bytes) -> str:
    """What the oracle finds wrong: names of values, or "no message"."""
    account = by_oracle(data)
    if account is None:
        return "no message"
    return " ".join(name for name, value in account.items() if name != "lists" and repr(MALFORMED) in repr(value))


def agree(data: bytes, *, values: bool = True) -> None:
    difference = disagreement(data, values=values)
    assert difference is None, difference


# -- the oracle is tried

#: RFC 4475, by section: what is wrong in the messages that are wrong to a reader who knows syntax only.
TORTURE = {
    "badinv01": "via vias contacts",  # 3.1.2.1
    "ncl": "no message",  # 3.1.2.3
    "scalar02": "cseq",  # 3.1.2.4; overlarge Max-Forwards and Expires may be let pass, and fit our number
    "scalarlg": "cseq",  # 3.1.2.5
    "quotbal": "to",  # 3.1.2.6
    "ltgtruri": "uri",  # 3.1.2.7
    "lwsruri": "uri",  # 3.1.2.8
    "lwsstart": "uri",  # 3.1.2.9
    "regbadct": "contacts",  # 3.1.2.13
    "badaspec": "to",  # 3.1.2.14
    "baddn": "no message",  # 3.1.2.15: as archived it has no end
    "bigcode": "no message",  # 3.1.2.19
    "mcl01": "no message",  # 3.3.9
}
#: RFC 5118.
IPV6 = {"ipv6-bad": "uri"}  # 4.2
#: Their Contact URIs have transport="tcp" with quotes, which no URI may hold.
MICROSOFT = {"ms-sip-4.3-subscribe-batched": "contacts", "ms-sip-4.5-service-setpresence": "contacts"}


@pytest.mark.parametrize(
    ("folder", "ending", "faults"),
    [("rfc4475", ".dat", TORTURE), ("rfc5118/wire", ".dat", IPV6), ("ms", ".sip", MICROSOFT)],
    ids=["rfc4475", "rfc5118", "ms"],
)
def test_the_oracle_finds_in_the_corpus_what_its_authors_put_there(folder, ending, faults):
    found = {path.stem: malformed(path.read_bytes()) for path in corpus(folder).glob(f"*{ending}")}
    assert len(found) >= 12
    assert {name: fault for name, fault in found.items() if fault} == faults


def test_the_oracle_reads_the_short_tortuous_invite_of_the_corpus_as_its_rfc_does():
    data = corpus("rfc4475", "wsinv.dat").read_bytes()
    account = by_oracle(data)
    assert account["to"][5:] == ([("tag", "1918181833n")], "1918181833n")
    assert account["from"][2] == 'J Rosenberg \\"'
    assert account["from"][4][1] == "sip:jdrosen@example.com"
    assert account["cseq"][1:] == (9, "INVITE")
    assert account["max_forwards"] == 68
    assert [via[2:5] for via in account["vias"]] == [
        ("UDP", "192.0.2.2", None), ("TCP", "spindle.example.com", None), ("UDP", "192.168.255.111", None)]  # fmt: skip
    assert account["lists"]["NewFangledHeader"] == ["newfangled value continued newfangled value"]
    assert account["contacts"][0][4][1] == "sip:jdrosen@example.com"


def test_the_oracle_reads_our_own_contorted_message_as_we_wrote_it():
    account = by_oracle(CONTORTED)
    assert malformed(CONTORTED) == ""
    assert account["uri"][2:] == (
        "sips", "alice", "pw%20d", "[2001:db8::1]", 5061, [("transport", "tls"), ("lr", None)], "Subject=hi"
    )  # fmt: skip
    assert [via[2:5] + via[6:] for via in account["vias"]] == [
        ("TCP", "edge.fabrikam.example", 5061, "z9hG4bK-1", None, ""),
        ("UDP", "192.0.2.7", None, "z9hG4bK-2", None, None),
        ("TLS", "[2001:db8::7]", 5061, "z9hG4bK-3", "192.0.2.8", "1024"),
    ]
    assert account["from"][2:4] == ('Watson, John "W"', False)
    assert account["from"][5:] == ([("tag", "f-tag"), ("epid", "01")], "f-tag")
    assert account["to"][2] == "Bob B"
    assert account["cseq"][1:] == (4294967295, "BENOTIFY")
    assert account["content_type"][1:] == ('text / plain ;charset="utf-8"', "text/plain", [("charset", "utf-8")])
    assert account["lists"]["X-List"] == ["a", '"b, c"', "<d,e>"]
    assert [route[4][5] for route in account["routes"]] == ["one.example", "two.example", "three.example"]
    assert (account["body"], account["size"][3]) == (b"hello", 5)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        *((sip_values.uri, text) for text in ("", "sip:", "sip:@a", "sip:a@b@c", "sip:a:65536", "sip:[::1%1]", "1x:a")),
        *((sip_values.uri, text) for text in ("sip:[1.2.3.4]", "sip:[1:::2]", "sip:a b", "sip:a:", "tel:")),
        *((sip_values.address, text) for text in ("", ",", "<>", "<sip:a", '"a <sip:b>', '"a" b', "<sip:a>;", "<a> b")),
        *((sip_values.address, text) for text in ("sip:a?b", '<a>;x="', "<a>;x=<y", '<a>;x=y"z"', "<a>;=1")),
        *((sip_values.via, text) for text in ("", "SIP/2.0", "SIP/2.0/UDP", "SIP/2.0/UDP ;a", "SIP/2.0/UDP a:")),
        *((sip_values.via, text) for text in ("SIP/2.0/UDP a:99999", "SIP/2.0/UDP a b", 'SIP/2.0/UDP a;x="')),
        *((sip_values.cseq, text) for text in ("", "1", "-1 A", "4294967296 A", "1 A B", "1e2 A")),
        *((sip_values.media_type, text) for text in ("", "text", "text/", "/plain", "a/b c")),
        *((sip_values.max_forwards, text) for text in ("", "-1", "x", "4294967296", "1 2")),
        *((sip_values.elements, text) for text in ('"', "a, <b", '"\\"')),
    ],
)
def test_the_oracle_refuses_what_breaks_a_rule(rule, text):
    with pytest.raises(sip_values.MalformedError):
        rule(text.encode(), 0, len(text))


def test_nothing_of_sipcore_is_in_the_oracle():
    for module in (sip_index, sip_values):
        with open(module.__file__) as source:
            assert not [line for line in source if line.lstrip().startswith(("import sipcore", "from sipcore"))]


# -- the oracle judges: messages of ours

#: Where a value of ours could be read wrongly and the messages above do not tell.
TRAITS = [
    crlf("OPTIONS sip:a SIP/2.0\n" + line)
    for line in (
        "To: Bob<sip:a>",  # RFC 4475 section 3.1.1.6
        "To: <sip:a>;TAG=1;tag=2",
        "To: <sip:a>;tag",
        'To: "\\\\" <sip:a>;x="\\"\\\\,;";y=""',
        'To: "a \\" , <b>" <sip:a>',
        "To: <sip:a;b,c>, <sip:d>",
        "To: sip:a;tag=1?x",
        "Contact: *",
        "Contact: * ",
        "m: sip:a, <sip:b,c>;q=1,\n ,<sip:d>",
        "Via: SIP/2.0/UDP a:65535;RPORT;ReceiveD=1, SIP/2.0/UDP a:65536",
        "Via: SIP/2.0/UDP a;bRaNcH=1;branch=2;rport=1;rport",
        "Via: SIP/2.0/UDP [::1",
        "CSeq: 4294967296 A",
        "CSeq: 18446744073709551617 A",
        "Max-Forwards: 4294967296",
        "X: a\n\tb\n \n  c",
        'X: <a,b>, "c,d", "e\\",f", ',
        "X: <a,b",
        "X:  \t ",
        'Content-Type: A/b;c="d;e" , f/g',
        "Content-Length: 4294967297",
        "Content-Length: 18446744073709551617",
        "Content-Length: 0\nl: 00",
        "To: <sip:[2001:db8:::192.0.2.1]>",
        "To: <sip:u:@h>",
        "To: <sip:u;x=a@b:1?c>",
        "To: <SIP:U@H.Example;LR;lr=1;;=x?a?b>;p=1" + ";q" * 64,
        "To: <sip:a>" + ";p" * 64,
        "To: <sip:a" + ";p" * 65 + ">",
    )
] + [crlf("SIP/2.0 699 x"), crlf("SIP/2.0 700 x"), crlf("SIP/2.0 099 x"), crlf("sip/12.34 200"), crlf("A b SIP/2.0 ")]


@pytest.mark.parametrize("data", TRAITS)
def test_parser_and_oracle_agree_on_single_traits(data):
    agree(data)


@pytest.mark.parametrize("line", ["To: <sip:a>;tag;tag=1", "Via: SIP/2.0/UDP a;branch;branch=1"])
def test_parser_and_oracle_agree_that_the_first_of_a_name_counts_even_without_a_value(line):
    agree(crlf("OPTIONS sip:a SIP/2.0\n" + line))


@every_message
def test_parser_and_oracle_agree_on_every_prefix(data):
    for end in range(len(data) + 1):
        agree(data[:end])


@every_message
def test_parser_and_oracle_agree_on_every_prefix_that_is_given_an_end(data):
    for end in range(data.index(b"\r\n\r\n")):
        agree(data[:end] + b"\r\n\r\n")


@every_message
@pytest.mark.parametrize("byte", [*b'\x07\r ",:;<\\\xff'], ids="{:#04x}".format)
def test_parser_and_oracle_agree_on_every_byte_changed(data, byte):
    for at in range(len(data)):
        agree(data[:at] + bytes([byte]) + data[at + 1 :])


# -- ... messages that hypothesis makes


@settings(examples, max_examples=100)
@given(messages())
def test_parser_and_oracle_agree_where_the_grammar_was_followed(data):
    assert malformed(data) == "", "the oracle finds nothing wrong there"
    agree(data)


@settings(examples, max_examples=5)
@given(messages())
def test_parser_and_oracle_agree_on_every_prefix_of_a_made_message(data):
    head = data.index(b"\r\n\r\n")
    for end in range(len(data)):
        agree(data[:end], values=False)
        if end < head:
            agree(data[:end] + b"\r\n\r\n", values=end % 4 == 0)


@settings(examples, max_examples=400)
@given(mutated())
def test_parser_and_oracle_agree_where_the_grammar_was_broken(data):
    agree(data)


URI_PIECES = [
    *(bytes([byte]) for byte in b':;=?@[]%.,&/ <"\0\x7f'),
    b"sip:",
    b"a",
    b"Z9",
    b"::1",
    b"65536",
    b"1",
    b"\xff",
]


@settings(examples, max_examples=1000)
@given(st.lists(st.sampled_from(URI_PIECES), max_size=12).map(b"".join), st.sampled_from([b"", b"sip:", b"SIPS:u@h"]))
def test_parser_and_oracle_agree_on_uris_that_stand_alone(tail, start):
    assert uri_by_parser(lambda: Uri.parse(start + tail)) == uri_by_oracle(start + tail, 0, len(start + tail))


# -- ... and the corpus


def corpus_messages(*folders: str) -> list[bytes]:
    root = corpus()
    paths = [path for folder in folders for path in sorted(root.joinpath(folder).rglob("*"))]
    return [path.read_bytes() for path in paths if path.suffix in (".dat", ".sip")]


def test_parser_and_oracle_agree_on_the_corpus():
    found = corpus_messages("rfc4475", "rfc5118", "ms", "captures")
    assert len(found) > 1000
    for data in found:
        agree(data)


def test_parser_and_oracle_agree_on_every_prefix_of_the_corpus():
    """Of the captures every tenth will do: they are much alike."""
    for data in corpus_messages("rfc4475", "rfc5118", "ms") + corpus_messages("captures")[::10]:
        for end in range(len(data)):
            agree(data[:end], values=False)


def test_parser_and_oracle_agree_on_prefixes_of_the_corpus_that_are_given_an_end():
    """Every eleventh byte, each message from another one on."""
    for number, data in enumerate(corpus_messages("rfc4475", "rfc5118", "ms")):
        for end in range(number % 11, max(data.find(b"\r\n\r\n"), 0), 11):
            agree(data[:end] + b"\r\n\r\n")
