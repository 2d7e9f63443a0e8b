"""The parser: bytes to Message, byte exact, without copying, and with a named place for every fault."""

from __future__ import annotations

import gc
import pickle
import sys
import tracemalloc
import weakref

import pytest
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message
from oracle import sip_index
from seeds import MALFORMED, broken

from sipcore import FramingError, HeaderError, Limits, Message, ParseError, parse
from sipcore._index import _scan_twins, _wide_twins
from sipcore.grammar import COMPACT_FORMS, HEADERS

MESSAGES = {"options": OPTIONS, "message": message(), "invite": INVITE, "ok": OK, "contorted": CONTORTED}
every_message = pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())


def fault_of(data: bytes, limits: Limits | None = None) -> tuple[type, str, int]:
    """Which error the parser raises, with its code and place."""
    with pytest.raises(ParseError) as caught:
        parse(data) if limits is None else parse(data, limits)
    return type(caught.value), caught.value.code, caught.value.offset


# -- the start line


def test_a_request_line_is_read():
    parsed = parse(message(method="MESSAGE", uri="sip:bob@contoso.example"))
    assert (parsed.is_request, parsed.method, str(parsed.uri), parsed.version) == (
        True, "MESSAGE", "sip:bob@contoso.example", "SIP/2.0")  # fmt: skip
    assert (parsed.status, parsed.reason) == (None, None)


def test_a_status_line_is_read():
    parsed = parse(OK)
    assert (parsed.is_request, parsed.status, parsed.reason, parsed.method) == (False, 200, "OK", None)
    with pytest.raises(AttributeError, match="no Request-URI"):
        _ = parsed.uri


@pytest.mark.parametrize(
    ("line", "reason"),
    [("SIP/2.0 200 ", ""), ("SIP/2.0 200", ""), ("SIP/2.0 200 = 2**3 * 5**2 \u20ac", "= 2**3 * 5**2 \u20ac")],
)
def test_the_reason_phrase_may_be_empty_or_anything(line, reason):
    assert parse(crlf(line)).reason == reason


def test_extension_methods_are_kept_as_they_are():
    assert parse(message(method="!interesting-Method0123456789_*+`.%indeed'~")).method.startswith("!interesting")


def test_another_version_parses_so_that_it_can_be_answered():
    assert parse(crlf("OPTIONS sip:a SIP/7.0")).version == "SIP/7.0"


def test_white_space_inside_the_request_line_parses_so_that_it_can_be_answered():
    assert parse(crlf("OPTIONS sip:a; lr SIP/2.0")).method == "OPTIONS"


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        ("INVITE", "bad-start-line", 6),
        ("INVITE sip:a", "bad-start-line", 7),
        ("INVITE sip:a HTTP/1.1", "bad-start-line", 13),
        ("INVITE SIP/2.0", "bad-start-line", 7),
        ("IN\u00c4VITE sip:a SIP/2.0", "bad-start-line", 2),
        (" INVITE sip:a SIP/2.0", "bad-start-line", 0),
        ("SIP/2.0 99 Low", "bad-status-code", 8),
        ("SIP/2.0 700 High", "bad-status-code", 8),
        ("SIP/2.0 20 Short", "bad-status-code", 8),
        ("SIP/2.0 2000 Long", "bad-status-code", 8),
        ("SIP/2.0 4294967301 Long", "bad-status-code", 8),
    ],
)
def test_a_broken_start_line_is_named_with_its_place(data, code, offset):
    assert fault_of(crlf(data)) == (ParseError, code, offset)


# -- header fields


def test_every_header_name_is_known_in_any_case_and_by_its_compact_form():
    for name in HEADERS:
        if name != "Content-Length":
            parsed = parse(crlf(f"OPTIONS sip:a SIP/2.0\n{name.swapcase()}: value"))
            assert parsed[name] == parsed[name.upper()] == "value"
    for short, name in COMPACT_FORMS.items():
        if name != "Content-Length":
            parsed = parse(crlf(f"OPTIONS sip:a SIP/2.0\n{short.upper()}: value"))
            assert (parsed[name], parsed[short]) == ("value", "value")


def test_unknown_headers_are_found_in_any_case():
    parsed = parse(message("X-Unknown_Header.1: here"))
    assert parsed["x-UNKNOWN_header.1"] == "here"
    assert "X-Unknown_Header.2" not in parsed
    assert "X-Unknown" not in parsed


def test_a_name_that_could_not_be_a_header_is_never_found():
    assert "Call\rID" not in parse(message())
    assert "" not in parse(message())


def test_headers_come_in_wire_order_with_names_as_sent():
    names = [name for name, _ in parse(CONTORTED)]
    assert names[:5] == ["v", "Via", "MAX-FORWARDS", "f", "t"]
    assert len(parse(CONTORTED)) == len(names) == 14


def test_repeated_headers_are_all_given_and_the_first_is_the_one_looked_up():
    parsed = parse(CONTORTED)
    assert parsed["Route"] == "<sip:one.example;lr>, <sip:two.example;lr>"
    assert parsed.get_all("route") == ["<sip:one.example;lr>, <sip:two.example;lr>", "<sip:three.example;lr>"]


def test_folds_read_as_one_space_and_stay_in_the_bytes():
    parsed = parse(CONTORTED)
    assert parsed["Subject"] == "first second third"
    assert bytes(parsed.view("Subject")) == b"first\r\n  second \r\n\t third"


def test_comma_lists_are_split_outside_quotes_and_brackets_only():
    assert parse(CONTORTED).values("X-List") == ["a", '"b, c"', "<d,e>"]


def test_a_list_with_an_open_quote_is_a_header_error():
    with pytest.raises(HeaderError, match="unterminated-quote"):
        parse(message('X-List: a, "b')).values("X-List")


def test_a_missing_header_is_none_or_a_key_error():
    parsed = parse(crlf("OPTIONS sip:a SIP/2.0"))
    assert [parsed.via, parsed.from_, parsed.to, parsed.call_id, parsed.cseq, parsed.max_forwards] == [None] * 6
    assert [parsed.vias, parsed.routes, parsed.record_routes, parsed.contacts] == [[]] * 4
    assert (parsed.content_type, parsed.content_length, parsed.get("Subject", "none")) == (None, None, "none")
    with pytest.raises(KeyError):
        _ = parsed["Subject"]


def test_text_that_is_no_utf8_survives_a_round_trip():
    parsed = parse(message().replace(b"c1@", b"\xff\xfe@"))
    assert parsed.call_id.encode("utf-8", "surrogateescape") == b"\xff\xfe@192.0.2.10"


@pytest.mark.parametrize(
    ("field", "code", "offset"),
    [
        (b"no colon", "missing-colon", 26),
        (b": no name", "bad-header-name", 23),
        (b"X@Y: bad", "missing-colon", 24),
        (b" folded: onto the start line", "bad-header-name", 23),
        (b"X: nul \0", "control-byte", 30),
        (b"X: bell \a", "control-byte", 31),
        (b"X: delete \x7f", "control-byte", 33),
        (b'X: "quoted but plain \a"', "control-byte", 44),
        (b"X\v: control before the colon", "missing-colon", 24),
    ],
)
def test_a_broken_field_is_named_with_its_place(field, code, offset):
    assert fault_of(b"OPTIONS sip:a SIP/2.0\r\n" + field + b"\r\n\r\n") == (ParseError, code, offset)


def test_a_control_byte_is_let_pass_only_as_a_quoted_pair():
    parsed = parse(b'OPTIONS sip:a SIP/2.0\r\nX: "bell \\\a nul \\\0 del \\\x7f"\r\n\r\n')
    assert parsed["X"] == '"bell \\\a nul \\\0 del \\\x7f"'


# -- where the message ends


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "no-end-of-head", 0),
        (b"\r\n\r\n", "no-end-of-head", 4),
        (b"OPTIONS sip:a SIP/2.0\r\n", "no-end-of-head", 23),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n", "no-end-of-head", 30),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\r\n\r", "no-end-of-head", 31),
        (b"OPTIONS sip:a SIP/2.0\n\n", "bare-lf", 21),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\n\r\n", "bare-lf", 28),
        (b"OPTIONS sip:a SIP/2.0\r\n\n", "bare-lf", 23),
        (b"OPTIONS sip:a SIP/2.0\rTo: a\r\n\r\n", "bare-cr", 21),
        (b"OPTIONS sip:a SIP/2.0\r\nTo: a\rb\r\n\r\n", "bare-cr", 28),
        (b"OPTIONS sip:a SIP/2.0\r\n\rX", "bare-cr", 23),
        (b"OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n", "bad-content-length", 26),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 1e3\r\n\r\n", "bad-content-length", 27),
        (b"OPTIONS sip:a SIP/2.0\r\nl:\r\n\r\n", "bad-content-length", 25),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 1, 1\r\n\r\n", "bad-content-length", 27),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 4294967296\r\n\r\n", "body-too-large", 26),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 18446744073709551617\r\n\r\n", "body-too-large", 26),
        (b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab", "conflicting-content-length", 45),
    ],
)
def test_what_leaves_the_end_open_is_a_framing_error(data, code, offset):
    assert fault_of(data) == (FramingError, code, offset)


def test_equal_content_lengths_are_one():
    assert bytes(parse(b"OPTIONS sip:a SIP/2.0\r\nl: 2\r\nContent-Length: 02\r\n\r\nabc").body) == b"ab"


def test_newlines_before_the_start_line_are_ignored_and_not_part_of_the_message():
    parsed = parse(b"\r\n\r\n" + message())
    assert bytes(parsed) == message()
    assert fault_of(b"\r\nnonsense\r\n\r\n")[2] == 10, "offsets of faults count from the start of the buffer"


def test_the_body_is_what_content_length_says():
    parsed = parse(message(body=b"exact") + b"left over")
    assert (bytes(parsed.body), parsed.truncated, parsed.size) == (b"exact", False, len(message(body=b"exact")))


def test_without_content_length_the_body_is_the_rest_of_the_datagram():
    parsed = parse(b"MESSAGE sip:a SIP/2.0\r\n\r\nall of it")
    assert (bytes(parsed.body), parsed.content_length) == (b"all of it", None)


def test_a_short_body_is_marked_truncated_and_can_still_be_answered():
    parsed = parse(message(body=b"complete")[:-3])
    assert (parsed.truncated, parsed.content_length, bytes(parsed.body)) == (True, 8, b"compl")


# -- line ends without CR, which only a named leniency lets pass

LENIENT = Limits(dangerous_bare_lf=True)


@every_message
@pytest.mark.parametrize("newline", [b"\n", b"\n\r\n\n"], ids=["everywhere", "mixed"])
def test_bare_line_feeds_are_put_right_when_the_limits_say_so(data, newline):
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.split(b"\r\n")
    broken = newline[1:] + b"".join(line + newline[:1] for line in lines) + b"\n" + body
    assert fault_of(broken)[1] == "bare-lf"
    assert bytes(parse(bytearray(broken), LENIENT)) == data, "all lines end with CRLF, the body is as it came"


def test_a_body_with_line_feeds_is_left_alone_when_the_head_is_put_right():
    body = b"one\ntwo\n\nthree\r\n"
    assert bytes(parse(message(body=body).replace(b"\r\n", b"\n", 3), LENIENT).body) == body
    assert bytes(parse(message(body=body), LENIENT)) == message(body=body)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"OPTIONS sip:a SIP/2.0\nTo: a\n", "no-end-of-head"),
        (b"OPTIONS sip:a SIP/2.0\nTo: a\rb\n\n", "bare-cr"),
        (b"OPTIONS sip:a SIP/2.0\r\r\n\n", "bare-cr"),
        (b"\n\n", "no-end-of-head"),
        (b"OPTIONS sip:a SIP/2.0\nnonsense\n\n", "missing-colon"),
        (b"\nOPTIONS sip:a SIP/2.0\nX: " + b"a" * 9000 + b"\n\n", "header-too-long"),
    ],
)
def test_what_is_put_right_may_still_be_broken(data, code):
    assert fault_of(data, LENIENT)[1] == code


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b" ", b"a", b":", b"To: a", b'"\\']), max_size=20).map(b"".join)
)
def test_whatever_stands_for_a_line_end_is_put_right_or_refused(tail):
    data = b"OPTIONS sip:a SIP/2.0" + tail
    try:
        repaired = bytes(parse(data, LENIENT))
    except ParseError:
        return
    assert bytes(parse(repaired)) == repaired, "what was put right needs no leniency"


# -- limits


def test_each_limit_is_exact():
    start, field = b"OPTIONS sip:a SIP/2.0\r\n", b"X: 12345\r\n"
    data = start + field * 4 + b"\r\n"
    assert parse(data, Limits(head=len(data))).head_size == len(data)
    assert fault_of(data, Limits(head=len(data) - 1))[1] == "head-too-large"
    assert len(parse(data, Limits(headers=4))) == 4
    assert fault_of(data, Limits(headers=3))[1] == "too-many-headers"
    assert parse(data, Limits(header=8))
    assert fault_of(data, Limits(header=7))[1:] == ("header-too-long", len(start) + 7)
    assert parse(data, Limits(start_line=21))
    assert fault_of(data, Limits(start_line=20))[1:] == ("start-line-too-long", 20)
    vias = start + b"Via: x\r\n" * 3 + b"\r\n"
    assert parse(vias, Limits(via=3))
    assert fault_of(vias, Limits(via=2))[1] == "too-many-vias"
    body = start + b"l: 4\r\n\r\nbody"
    assert parse(body, Limits(body=4))
    assert fault_of(body, Limits(body=3))[1] == "body-too-large"
    assert fault_of(start + b"\r\nbody", Limits(body=3))[1] == "body-too-large"


def test_via_values_in_one_field_are_limited_too():
    data = message(via=", ".join(["SIP/2.0/UDP a;branch=z9hG4bK1"] * 4))
    assert len(parse(data, Limits(via=4)).vias) == 4
    with pytest.raises(HeaderError, match="too-many-vias"):
        _ = parse(data, Limits(via=3)).vias


def test_many_headers_spill_and_stay_right():
    fields = [f"X-{number}: {number}" for number in range(250)]
    parsed = parse(crlf("\n".join(["OPTIONS sip:a SIP/2.0", *fields])))
    assert [f"{name}: {value}" for name, value in parsed] == fields


# -- a message over the caller's buffer


@every_message
@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview], ids=["bytes", "bytearray", "memoryview"])
def test_no_edit_means_identical_bytes(data, wrap):
    assert bytes(parse(wrap(data))) == data


def test_a_message_is_one_small_object_and_nothing_else():
    data = message(*[f"X-{number}: y" for number in range(12)])
    kept = [parse(data) for _ in range(2000)]
    assert len(kept[0]) == 20
    assert sys.getsizeof(kept[0]) <= 1024
    tracemalloc.start()
    try:
        before = tracemalloc.take_snapshot()
        kept += [parse(data) for _ in range(2000)]
        grown = tracemalloc.take_snapshot().compare_to(before, "filename")
    finally:
        tracemalloc.stop()
    here = [each for each in grown if each.traceback[0].filename == __file__]
    assert sum(each.count_diff for each in here) <= 2000 + 10, "one allocation a message"


def test_nothing_is_copied():
    buffer = bytearray(message(body=b"before"))
    parsed = parse(buffer)
    buffer[-6:] = b"after!"
    assert bytes(parsed.body) == b"after!"


def test_the_buffer_stays_exported_while_message_or_views_live():
    buffer = bytearray(message())
    parsed = parse(buffer)
    body = parsed.body
    del parsed
    with pytest.raises(BufferError):
        buffer.append(0)
    body.release()
    gc.collect()
    buffer.append(0)


def test_views_are_read_only_and_spans_point_into_the_buffer():
    parsed = parse(CONTORTED)
    start, end = parsed.span_of("Route", 1)
    assert CONTORTED[start:end] == bytes(parsed.view("Route", 1)) == b"<sip:three.example;lr>"
    assert parsed.view("Route").readonly
    assert parsed.body.readonly
    assert parsed.span_of("Route", 2) is parsed.view("Route", 2) is parsed.span_of("Subject", -1) is None


def test_a_header_can_be_asked_for_by_its_id():
    parsed = parse(CONTORTED)
    for number, name in enumerate(HEADERS):
        assert parsed.span_of(number) == parsed.span_of(name)
        assert parsed.span_of(number, 1) == parsed.span_of(name, 1)
    assert bytes(parsed.view(HEADERS.index("Route"), 1)) == b"<sip:three.example;lr>"
    for wrong in (-1, len(HEADERS), 255):
        with pytest.raises(ValueError, match="no header's id"):
            parsed.span_of(wrong)
    with pytest.raises(TypeError):
        parsed.span_of(b"Via")


def test_a_detached_message_owns_its_bytes():
    buffer = bytearray(message())
    detached = parse(buffer).detach()
    buffer.clear()
    assert bytes(detached) == message()
    assert detached.detach() is detached


@pytest.mark.parametrize("copied", [lambda each: each.detach(), lambda each: pickle.loads(pickle.dumps(each))])
def test_what_bounded_a_message_bounds_its_copy_too(copied):
    wide = Limits(params=100, via=100)
    data = message(to="<sip:a@b>" + ";p=1" * 100, via=", ".join(["SIP/2.0/UDP a;branch=z9hG4bK1"] * 80))
    copy = copied(parse(bytearray(data), wide))
    assert (list(copy.to.params), len(copy.vias)) == (["p"], 80)
    narrow = copied(parse(bytearray(message(to="<sip:a@b>;p;q")), Limits(params=1)))
    with pytest.raises(HeaderError, match="too-many-parameters"):
        list(narrow.to.params)


def test_messages_compare_by_bytes_and_can_be_pickled_hashed_and_referred_to_weakly():
    first, second = parse(message()), parse(bytearray(message()))
    assert first == second
    assert hash(first) == hash(second)
    assert first != parse(OK)
    assert first != bytes(first)
    assert pickle.loads(pickle.dumps(second)) == first
    reference = weakref.ref(first)
    del first
    gc.collect()
    assert reference() is None


def test_the_repr_says_what_it_is():
    assert repr(parse(message(body=b"12345"))) == (
        "<Message MESSAGE sip:bob@contoso.example, 8 headers, 5 bytes of body>"
    )
    assert repr(parse(OK)) == "<Message 200 OK, 7 headers, 0 bytes of body>"
    assert len(repr(parse(message(uri="sip:" + "x" * 5000)))) < 200, "it ends up in tracebacks"


def test_messages_are_made_by_parsing_only():
    with pytest.raises(TypeError, match="parse"):
        Message()


def test_what_is_no_buffer_is_a_type_error():
    with pytest.raises(TypeError):
        parse("text")
    with pytest.raises(BufferError):
        parse(memoryview(b"abcdef")[::2])


# -- against the oracle, and against the end of memory


def agree(data: bytes) -> None:
    """The parser and the oracle say the same of these bytes."""
    try:
        expected = sip_index.read(data)
    except sip_index.NotSipError:
        with pytest.raises(ParseError):
            parse(data)
        return
    parsed = parse(data)
    assert [name.encode() for name, _ in parsed] == [name for name, _ in expected.fields]
    assert [value for _, value in parsed] == [sip_index.unfolded(value) for _, value in expected.fields]
    assert (bytes(parsed.body), parsed.truncated) == (expected.body, expected.truncated)
    if parsed.is_request:
        assert expected.start[0].decode() == parsed.method
    else:
        assert int(expected.start[1]) == parsed.status


@every_message
def test_the_oracle_agrees_on_every_prefix(data):
    for end in range(len(data) + 1):
        agree(data[:end])


@every_message
def test_the_oracle_agrees_on_every_single_byte_changed(data):
    for at in range(len(data)):
        for byte in (0x00, 0x07, 0x0A, 0x0D, 0x20, 0x22, 0x2C, 0x3A, 0x3B, 0x5C, 0x7F, 0xFF):
            agree(data[:at] + bytes([byte]) + data[at + 1 :])


PIECES = [
    *(bytes([byte]) for byte in b"\r\n \t:;,\"\\\0<>@=7x\xff"),
    *(b"\r\n", b"Via", b"l", b"SIP/2.0", b"INVITE", b"sip:a", b"200", b"Content-Length: 3\r\n", b"To: a\r\n"),
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join))
def test_the_oracle_agrees_behind_a_good_start_line(tail):
    agree(b"INVITE sip:a SIP/2.0\r\n" + tail)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_the_oracle_agrees_on_start_lines(start):
    agree(start + b"\r\n\r\n")


def touch_everything(parsed: Message) -> None:
    """Ask for every typed value; malformed ones must raise HeaderError and nothing else."""
    names = [
        *("uri", "via", "vias", "from_", "to", "call_id", "cseq", "max_forwards"),
        *("routes", "record_routes", "contacts", "content_type"),
    ]  # fmt: skip
    for name in names:
        if name == "uri" and not parsed.is_request:
            continue
        try:
            value = getattr(parsed, name)
            for one in value if isinstance(value, list) else [value]:
                _ = str(one), dict(getattr(one, "params", {}))
        except HeaderError as error:
            assert 0 <= error.offset <= parsed.size


@every_message
def test_no_byte_behind_the_end_is_read_for_any_prefix(data):
    for end in range(len(data) + 1):
        with flush_against_guard_page(data[:end]) as view:
            try:
                parsed = parse(view)
            except ParseError:
                continue
            touch_everything(parsed)
            del parsed


NEEDLES = [b"", b"\r\n\r\n", b"\t", b"\x1f", b"\x7f", b"\r", b" ", b"<", b">", b'"', b"\x80", b"="]


@given(
    st.one_of(st.binary(max_size=70), st.text("abcYZ019:;@,/-._!%`~", max_size=70).map(str.encode)),
    st.sampled_from(NEEDLES),
    st.integers(0, 70),
)
def test_the_scanners_and_their_scalar_twins_agree(data, needle, at):
    data = data[:at] + needle + data[at:] + b"."
    twins = _scan_twins(data)
    assert all(fast == slow for fast, slow in twins.values()), twins
    assert twins["head end"][0] == (data.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in data else -1)
    assert twins["control"][0] == next(
        (i for i, byte in enumerate(data) if (byte < 32 and byte != 9) or byte == 127), len(data)
    )
    assert twins["uri"][0] == next((i for i, byte in enumerate(data) if byte <= 32 or byte in b'<>"'), len(data))


# Fields that begin or end, or have a tab or nothing in them, at each place that 32 bytes can have.
_SHIFTED = [
    message(f"Subject: {'x' * n}{tail}", f"X-{'y' * n}: {tail}z", f"{'q' * n}: 1", call_id="c" * n)
    for n in range(1, 67)
    for tail in ("", "\t", " ", "\x7f", "\r\n more", '"\\\x01"')
]


@pytest.mark.parametrize("tight", [{}, {"headers": 5}, {"header": 40}, {"header": 20}, {"head": 300}])
def test_the_index_is_the_same_at_every_width(tight):
    limits = Limits(**tight)
    whole = [*MESSAGES.values(), *MALFORMED, *_SHIFTED, message(*[f"Via: SIP/2.0/UDP h{n}" for n in range(40)])]
    prefixes = [full[:size] for full in MESSAGES.values() for size in range(1, len(full))]
    for data in [*whole, *prefixes, *broken(2000)]:
        bytewise, *wide = _wide_twins(data, limits)
        assert all(found == bytewise for found in wide), data


@pytest.mark.parametrize("name", sorted({*HEADERS, *COMPACT_FORMS} - {"Content-Length", "l"}))
def test_every_name_is_known_at_every_width_in_any_case(name):
    for spelt in (name, name.upper(), name.lower(), name.swapcase()):
        data = message().replace(b"Max-Forwards: 70", f"{spelt}: {'y' * 30}".encode(), 1)
        for _, _, _, slots in _wide_twins(data):
            assert HEADERS[slots[1]["id"]] == COMPACT_FORMS.get(name, name)


@pytest.mark.parametrize("fields", [0xFFFE, 0xFFFF, 0x10000, 70_000])
def test_more_fields_than_can_be_numbered_are_refused_whatever_the_limits(fields):
    message = b"OPTIONS sip:a@b.example SIP/2.0\r\n" + b"X: y\r\n" * fields + b"\r\n"
    raised = Limits(head=1 << 20, headers=1 << 20)
    if fields == 0xFFFE:
        assert len(parse(message, raised)) == fields
        return
    with pytest.raises(ParseError, match="too-many-headers"):
        parse(message, raised)
