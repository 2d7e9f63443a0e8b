"""Messages made by the grammar, and the same ones broken: what hypothesis shows to the parser and to the oracle.

`messages()` follows RFC 3261 section 25.1 and uses its freedoms: white space, folds, case, compact names, lists or
repeated fields, quotes with commas in them, escapes. `mutated()` takes such a message and breaks it in a few places.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

# Drawing is what takes the time, so leaves are sampled, and every strategy is made once.

# -- section 25.1, basic rules

TOKENS = st.sampled_from(["a", "Z", "0", "lr", "x-y", "A.b", "!%*_+`'~-.", "epid", "%41", "5060", "TAGS", "viaduct"])
WORDS = st.sampled_from(["c1", "A9@192.0.2.1", "0", "x" * 70, "z9hG4bK-1"])
#: SWS; a fold is one of its forms (section 7.3.1).
BLANKS = st.sampled_from(["", "", "", " ", "  ", "\t", " \t ", "\r\n ", " \r\n\t", "\r\n \r\n  "])
#: LWS where some must stand.
GAPS = st.sampled_from([" ", " ", " ", "  ", "\t", "\r\n ", " \r\n\t "])
QUOTED_PIECES = st.sampled_from(
    [
        "",
        "",
        "a",
        " B ",
        ",",
        ";tag=q",
        ":",
        "<sip:q@q>",
        "@=",
        '\\"',
        "\\\\",
        "\\a",
        "\\\x07",
        "\\\x00",
        "\u20ac",
        "\r\n ",
    ]
)
COINS = st.booleans()
COUNTS = st.integers(0, 3)


def _quoted(draw: st.DrawFn) -> str:
    return '"' + "".join(draw(QUOTED_PIECES) for _ in range(draw(COUNTS))) + '"'


def _spelt(draw: st.DrawFn, *words: str) -> str:
    """One of the words in some mixture of cases."""
    return draw(CASES)(draw(st.sampled_from(words)))


CASES = st.sampled_from([str, str.lower, str.upper, str.swapcase, str.title])

# -- section 19.1.1: URIs

HOSTS = st.sampled_from(
    ["a.example", "A-1.Example.", "192.0.2.1", "[2001:db8::1]", "[::FFFF:192.0.2.1]", "x_y", "a", "9.Z", "h--h.a1"]
)
PORTS = st.sampled_from(["", "", ":0", ":65535", ":05060", ":1", ":5061"])
SCHEMES = st.sampled_from(["sip", "sip", "sips", "SIP", "SipS"])
USERS = st.sampled_from(
    [
        "",
        "alice@",
        "%00%41@",
        "a;x=1@",
        "-_.!~*'()&=+$,;?/@",
        "+1-201:pw@",
        "a::@",
        "u:@",
        "u:%2c&=+$,@",
        "sip%3aq@",
        "a?b@",
    ]
)
URI_PARAMS = st.sampled_from(
    ["", "", ";lr", ";LR;lr=on", ";transport=TCP", ";maddr=[2001:db8::2];ttl=1", ";%6c=%25", ";a=:&+$/;A=2", ";b;c;d"]
)
URI_HEADERS = st.sampled_from(["", "", "", "?Subject=hi", "?a=&B=%20c", "?Route=%3Csip:x%3E", "?a?;b=/:"])
OTHER_URIS = st.sampled_from(["tel:+1-201-555-0123;phone-context=x", "urn:service:sos", "h323:a@b", "Z+.-1:?"])
BARE_URIS = st.sampled_from(
    ["sip:a@b.example", "SIPS:[::1]:5061", "tel:+1-201", "sip:x:y@z", "im:bob@x", "sip:192.0.2.1:0"]
)
ONE_IN_FOUR = st.sampled_from([False, False, False, True])


def _uri(draw: st.DrawFn) -> str:
    if draw(ONE_IN_FOUR):
        return draw(OTHER_URIS)
    return f"{draw(SCHEMES)}:{draw(USERS)}{draw(HOSTS)}{draw(PORTS)}{draw(URI_PARAMS)}{draw(URI_HEADERS)}"


# -- generic parameters and what carries them

VALUES = st.sampled_from(["1", "a.example", "[2001:db8::3]", "!%*_+`'~-.", "z9hG4bKx", "x/y:z", "UTF-8"])
#: These have no form without a value.
VALUED = ("tag", "branch", "received")


def _params(draw: st.DrawFn, *names: str) -> str:
    """``*(SEMI generic-param)``; the names are likely to be among them."""
    done = ""
    for _ in range(draw(COUNTS)):
        name = _spelt(draw, *names) if names and draw(COINS) else draw(TOKENS)
        done += draw(BLANKS) + ";" + draw(BLANKS) + name
        if name.lower() in VALUED or draw(COINS):
            value = _quoted(draw) if draw(ONE_IN_FOUR) else draw(VALUES)
            done += draw(BLANKS) + "=" + draw(BLANKS) + value
    return done


KINDS = st.sampled_from(["bare", "quoted", "tokens", "nameless", "close"])


def _address(draw: st.DrawFn) -> str:
    """name-addr or addr-spec (section 20.10), with parameters."""
    kind = draw(KINDS)
    if kind == "bare":
        return draw(BARE_URIS) + _params(draw, "tag")
    display = ""
    if kind == "quoted":
        display = _quoted(draw) + draw(BLANKS)
    elif kind != "nameless":
        display = "".join(draw(TOKENS) + draw(GAPS) for _ in range(draw(COUNTS)))
    return f"{display.rstrip() if kind == 'close' else display}<{_uri(draw)}>" + _params(draw, "tag")


TRANSPORTS = st.sampled_from(["UDP", "TCP", "tls", "Sctp", "x-New"])


def _via(draw: st.DrawFn) -> str:
    """via-parm (section 20.42)."""
    slash = draw(BLANKS) + "/" + draw(BLANKS)
    port = draw(BLANKS).join(["", ":", draw(PORTS).strip(":") or "7"]) if draw(COINS) else ""
    tail = _params(draw, "branch", "received", "rport")
    return f"SIP{slash}2.0{slash}{draw(TRANSPORTS)}{draw(GAPS)}{draw(HOSTS)}{port}{tail}"


def _media_type(draw: st.DrawFn) -> str:
    return draw(TOKENS) + draw(BLANKS) + "/" + draw(BLANKS) + draw(TOKENS) + _params(draw, "charset")


TEXTS = st.sampled_from(["", "lunch", "a \r\n b\t\r\n\t c", "\u20ac; x=\\ :", '"q,"', "<u,>, v", ",,", 'a "b" <c> ;d'])


def _element(draw: st.DrawFn) -> str:
    return draw(TEXTS) if draw(COINS) else _address(draw)


# -- section 7: messages

COLONS = st.sampled_from([": ", ":", " : ", "\t:", ":\r\n "])
TAILS = st.sampled_from(["", "", " ", "\t", "\r\n "])
METHODS = st.sampled_from(["MESSAGE", "INVITE", "BENOTIFY", "options", "!%*_+`'~-."])
STATUSES = st.sampled_from(["100 Trying", "200 OK", "404 ", "699 a b", "299 \u20ac \t!"])
BODIES = st.sampled_from([b"", b"hello", b"\r\n\r\nnot a head\r\n", bytes(range(256))])
NUMBERS = st.sampled_from(["0", "1", "00017", "2147483648", "4294967295"])
HOPS = st.sampled_from(["0", "070", "255"])
ZEROS = st.sampled_from(["", "0"])
ORDERS = st.randoms(use_true_random=False)


def _fields(draw: st.DrawFn, name: str, compact: str, *values: str) -> list[str]:
    """The values in as many fields as it pleases, each under one of the name's forms."""
    done, rest = [], list(values)
    while rest:
        take = len(rest) if draw(COINS) else 1
        comma = draw(BLANKS) + "," + draw(BLANKS)
        done.append(_spelt(draw, name, compact) + draw(COLONS) + comma.join(rest[:take]) + draw(TAILS))
        rest = rest[take:]
    return done


def _several(draw: st.DrawFn, one: Callable[[st.DrawFn], str]) -> list[str]:
    return [one(draw) for _ in range(draw(COUNTS))]


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message in which every value follows its grammar."""
    method, body = draw(METHODS), draw(BODIES)
    start = f"{method} {_uri(draw)} SIP/2.0" if draw(COINS) else f"SIP/2.0 {draw(STATUSES)}"
    lines = [
        *_fields(draw, "Via", "v", _via(draw), *_several(draw, _via)),
        *_fields(draw, "From", "f", _address(draw)),
        *_fields(draw, "To", "t", _address(draw)),
        *_fields(draw, "Call-ID", "i", draw(WORDS)),
        *_fields(draw, "CSeq", "CSeq", draw(NUMBERS) + draw(GAPS) + method),
        *_fields(draw, "Max-Forwards", "max-forwards", draw(HOPS)),
        *_fields(draw, "Contact", "m", *_several(draw, _address)),
        *_fields(draw, "Record-Route", "RECORD-ROUTE", *_several(draw, _address)),
        *_fields(draw, "Content-Type", "c", _media_type(draw)),
        *_fields(draw, "Subject", "s", draw(TEXTS)),
        *_fields(draw, "X-List", "x-list", *_several(draw, _element)),
    ]
    if draw(COINS):
        lines += _fields(draw, "Content-Length", "l", draw(ZEROS) + str(len(body)))
    if draw(COINS):
        draw(ORDERS).shuffle(lines)
    return "\r\n".join([start, *lines, "", ""]).encode() + body


# -- and the same, broken

#: Bytes and pieces that mean something somewhere.
PIECES = st.sampled_from([
    *(bytes([byte]) for byte in b"\r\n \t:;,\"\\\0\x07\x7f<>@=?/*[]%09aZ\xff"),
    *(b"\r\n", b"\r\n ", b"\r\n\r\n", b"SIP/2.0", b"sip:", b";tag=x", b";TAG", b";a=\"", b"::", b"65536", b"*"),
    *(b"4294967296", b"\r\nl: 99999999999", b"\r\nContent-Length: 3", b"\r\nContact: *", b"\r\nv:", b"\r\nTo: a"),
])  # fmt: skip
CHANGES = st.sampled_from(["insert", "insert", "replace", "cut", "repeat", "swap case", "end"])


PLACES = st.floats(0, 1)
FAULTS = st.integers(1, 4)
LENGTHS = st.integers(0, 20)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message with one to four faults, which need not be faults for every reader."""
    data = draw(messages())
    for _ in range(draw(FAULTS)):
        at = round(draw(PLACES) * len(data))
        end = min(len(data), at + draw(LENGTHS))
        piece = draw(PIECES)
        data = {
            "insert": data[:at] + piece + data[at:],
            "replace": data[:at] + piece + data[at + len(piece) :],
            "cut": data[:at] + data[end:],
            "repeat": data[:end] + data[at:],
            "swap case": data[:at] + data[at:end].swapcase() + data[end:],
            "end": data[:at] + b"\r\n\r\n",
        }[draw(CHANGES)]
    return data
