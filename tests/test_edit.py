"""Edits: byte exact around what changes, visible at once, composed or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message

from sipcore import EditError, parse

ALL = {"options": OPTIONS, "message": message(), "invite": INVITE, "ok": OK, "contorted": CONTORTED}
every_message = pytest.mark.parametrize("data", ALL.values(), ids=ALL.keys())


def edited(data: bytes, change) -> bytes:
    edit = parse(data).edit()
    change(edit)
    assert b"".join(edit.parts()) == bytes(edit), "gathered and joined output are the same bytes"
    return bytes(edit)


@every_message
def test_no_edit_means_identical_bytes(data):
    assert edited(data, lambda edit: None) == data


def test_bytes_behind_the_message_are_not_part_of_it():
    assert edited(b"\r\n" + message() + b"left over", lambda edit: None) == message()


@every_message
def test_a_pushed_via_stands_before_the_first_and_a_popped_one_is_gone(data):
    via = "SIP/2.0/TCP edge.example:5060;branch=z9hG4bKours"
    pushed = edited(data, lambda edit: edit.push_via(via))
    assert pushed == data.replace(data.split(b"\r\n")[0], data.split(b"\r\n")[0] + b"\r\nVia: " + via.encode(), 1)
    assert edited(pushed, lambda edit: edit.pop_via()) == data


def test_routes_and_recorded_routes_are_pushed_and_popped_like_a_via():
    edit = (
        parse(CONTORTED)
        .edit()
        .push_route("<sip:zero;lr>")
        .push_record_route("<sip:r2;lr>")
        .push_record_route("<sip:r1>")
    )
    assert edit.values("Route")[:2] == ["<sip:zero;lr>", "<sip:one.example;lr>"]
    assert edit.values("Record-Route") == ["<sip:r1>", "<sip:r2;lr>"]
    assert bytes(edit.pop_route().pop_record_route().pop_record_route()) == CONTORTED
    with pytest.raises(EditError, match="no Record-Route value"):
        edit.pop_record_route()


def test_popping_a_value_of_a_list_keeps_the_rest_of_the_line():
    once = edited(CONTORTED, lambda edit: edit.pop_route())
    assert once == CONTORTED.replace(b"Route: <sip:one.example;lr>, <sip:two", b"Route: <sip:two")
    assert edited(once, lambda edit: edit.pop_route()) == once.replace(b"Route: <sip:two.example;lr>\r\n", b"")
    twice = edited(CONTORTED, lambda edit: edit.pop_via().pop_via())
    assert [name for name, _ in parse(twice)][:2] == ["Via", "MAX-FORWARDS"]


def test_any_value_of_a_list_can_be_removed_or_replaced():
    def removed(index):
        return parse(edited(CONTORTED, lambda edit: edit.remove_value("X-List", index)))["X-List"]

    assert [removed(0), removed(1), removed(2)] == ['"b, c", <d,e>', "a, <d,e>", 'a, "b, c"']
    assert (
        parse(edited(CONTORTED, lambda edit: edit.replace_value("Route", 2, "<sip:4;lr>"))).values("Route")[2]
        == "<sip:4;lr>"
    )
    replaced = edited(CONTORTED, lambda edit: edit.replace_value("x-list", 1, "B"))
    assert replaced == CONTORTED.replace(b'"b, c"', b"B")


def test_an_emptied_value_leaves_no_white_space_of_its_own():
    edit = parse(message("X-List: a , b")).edit().replace_value("X-List", 0, "")
    assert edit.get("X-List") == parse(bytes(edit))["X-List"] == ", b"


def test_max_forwards_goes_down_by_one_in_place():
    assert edited(CONTORTED, lambda edit: edit.decrement_max_forwards()) == CONTORTED.replace(b"\t:\t 69", b"\t:\t 68")
    added = edited(message(max_forwards=None), lambda edit: edit.decrement_max_forwards())
    assert parse(added).max_forwards == 70
    with pytest.raises(EditError, match="0 already"):
        parse(message(max_forwards=0)).edit().decrement_max_forwards()
    with pytest.raises(EditError, match="not a number"):
        parse(message("Max-Forwards: 1x", max_forwards=None)).edit().decrement_max_forwards()


def test_set_replaces_the_value_in_place_and_drops_the_other_fields():
    result = edited(CONTORTED, lambda edit: edit.set("Route", "<sip:only.example;lr>"))
    assert parse(result).get_all("Route") == ["<sip:only.example;lr>"]
    assert [name for name, _ in parse(result)] == [name for name, _ in parse(CONTORTED)][:8] + [
        name for name, _ in parse(CONTORTED)][9:]  # fmt: skip
    assert edited(CONTORTED, lambda edit: edit.set("Subject", "short")) == CONTORTED.replace(
        b"first\r\n  second \r\n\t third", b"short")  # fmt: skip
    assert b"\r\nNew: 1\r\n\r\n" in edited(CONTORTED, lambda edit: edit.set("New", "1"))


def test_set_fills_an_empty_value():
    assert parse(edited(CONTORTED, lambda edit: edit.set("Empty", "no more")))["Empty"] == "no more"


def test_add_goes_behind_and_insert_before_its_kind():
    def names(change):
        return [value for name, value in parse(edited(CONTORTED, change)) if name in ("Route", "N")]

    routes = parse(CONTORTED).get_all("Route")
    assert names(lambda edit: edit.add("Route", "<sip:x>")) == [*routes, "<sip:x>"]
    assert names(lambda edit: edit.insert("Route", "<sip:x>")) == ["<sip:x>", *routes]
    assert names(lambda edit: edit.add("N", "x")) == [*routes, "x"]
    assert names(lambda edit: edit.insert("N", "x")) == ["x", *routes]


def test_remove_takes_every_field_of_the_name_however_it_is_spelt():
    for spelling in ("via", "V", "VIA"):
        assert "Via" not in parse(edited(CONTORTED, lambda edit, name=spelling: edit.remove(name)))
    smuggled = crlf("OPTIONS sip:a SIP/2.0\nX-Secret : 1\nx-secret\t: 2")
    assert edited(smuggled, lambda edit: edit.remove("X-Secret").remove("X-Secret")) == crlf("OPTIONS sip:a SIP/2.0")


def test_an_edit_reads_its_own_writes():
    edit = parse(message("X: 1")).edit()
    edit.add("X", "2").set("Subject", "s").push_via("SIP/2.0/UDP e")
    assert (edit.get_all("x"), edit.get("Subject"), edit.values("Via")[0], "subject" in edit) == (
        ["1", "2"], "s", "SIP/2.0/UDP e", True)  # fmt: skip
    edit.remove("X").remove("Subject")
    assert (edit.get_all("x"), edit.get("Subject", "gone"), "subject" in edit) == ([], "gone", False)
    edit.set("X", "a, b, c").remove_value("X", 1).replace_value("X", 1, "C")
    assert edit.values("X") == ["a", "C"]
    assert edit.message["X"] == "1", "the message itself does not change"


def test_the_method_can_be_replaced_beside_the_request_uri_in_any_order():
    result = edited(message(), lambda edit: edit.set_method("NOTIFY"))
    assert result == message().replace(b"MESSAGE sip:bob", b"NOTIFY sip:bob", 1)
    both = message().replace(b"MESSAGE sip:bob@contoso.example", b"BENOTIFY sip:a", 1)
    assert edited(message(), lambda edit: edit.set_method("BENOTIFY").set_uri("sip:a")) == both
    assert edited(message(), lambda edit: edit.set_uri("sip:a").set_method("X").set_method("BENOTIFY")) == both
    with pytest.raises(EditError, match="no method"):
        parse(OK).edit().set_method("NOTIFY")
    for bad in ("", "NOT IFY", "NOTIFY\r\n", "é"):
        with pytest.raises(EditError, match="not a method"):
            parse(message()).edit().set_method(bad)


def test_the_request_uri_can_be_replaced():
    result = edited(message(), lambda edit: edit.set_uri("sip:new@host;x"))
    assert result == message().replace(b"MESSAGE sip:bob@contoso.example SIP", b"MESSAGE sip:new@host;x SIP")
    with pytest.raises(EditError, match="no Request-URI"):
        parse(OK).edit().set_uri("sip:a")
    for bad in ("", "sip:a b", "sip:a\tb", "sip:a\x01"):
        with pytest.raises(EditError, match=r"not a Request-URI|Request-URI must not hold"):
            parse(message()).edit().set_uri(bad)


def test_a_new_body_brings_its_length():
    result = parse(edited(message(), lambda edit: edit.set_body(b"a longer body than before", "text/html")))
    assert (bytes(result.body), result.content_length, result["Content-Type"]) == (
        b"a longer body than before", 25, "text/html")  # fmt: skip
    bare = parse(edited(b"MESSAGE sip:a SIP/2.0\r\n\r\nrest", lambda edit: edit.declare_length()))
    assert (bare.content_length, bytes(bare.body)) == (4, b"rest")


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\0b", b"a\r\n b", "a\x07b", "a\x7f", '"\\\x01"'])
def test_what_would_end_the_field_is_refused(value):
    for method in ("set", "add", "insert"):
        with pytest.raises(EditError, match="CR, LF, NUL or another control character, as at byte"):
            getattr(parse(message()).edit(), method)("X", value)
    with pytest.raises(EditError, match="CR, LF, NUL or another control character, as at byte"):
        parse(message()).edit().replace_value("Via", 0, value)
    with pytest.raises(EditError, match="CR, LF, NUL or another control character, as at byte"):
        parse(message()).edit().set_uri(value)


def test_every_control_byte_is_refused_with_its_place_and_everything_else_goes_through_the_parser():
    for byte in range(256):
        value = b"ab" + bytes([byte]) + b"c"
        if (byte in range(0x20) and byte != 0x09) or byte == 0x7F:
            with pytest.raises(EditError, match=r"as at byte 2: b'ab"):
                parse(message()).edit().set("X", value)
        else:
            written = bytes(parse(message()).edit().set("X", value))
            assert bytes(parse(written).view("X")) == value


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ('a, "\\\x07"', lambda edit: edit.replace_value("X", 0, '"')),
        ('<">, \\\x07 <">', lambda edit: edit.remove_value("X", 0)),
    ],
)
def test_a_quoted_control_byte_cannot_lose_its_quotes_by_an_edit_beside_it(value, change):
    data = message(f"X: {value}")
    edit = parse(data).edit()
    with pytest.raises(EditError, match="X holds a control character"):
        change(edit)
    assert bytes(edit) == data
    assert parse(bytes(edit.set("X", "whole")))["X"] == "whole"


def test_what_could_be_no_header_is_not_in_an_edit():
    edit = parse(message()).edit()
    assert [name in edit for name in ("via", "X", "a b", "", 7)] == [True, False, False, False, False]


def test_a_number_is_no_value():
    for change in (lambda edit: edit.set("X", 7), lambda edit: edit.push_via(10**12), lambda edit: edit.set_uri(7)):
        with pytest.raises(TypeError, match="not a number"):
            change(parse(message()).edit())


def test_names_that_are_no_tokens_are_refused():
    for name in ("", "a b", "a:", "a\r\nb"):
        with pytest.raises(EditError, match="header name"):
            parse(message()).edit().set(name, "x")


def test_content_length_follows_the_body_only():
    for name in ("Content-Length", "l", "L"):
        for change in (
            lambda edit, n: edit.set(n, "1"),
            lambda edit, n: edit.add(n, "1"),
            lambda edit, n: edit.remove(n),
        ):
            with pytest.raises(EditError, match="follows the body"):
                change(parse(message()).edit(), name)


def test_a_refused_edit_changes_nothing():
    edit = parse(CONTORTED).edit()
    for change in (
        lambda: edit.remove_value("Route", 3),
        lambda: edit.remove_value("Route", -1),
        lambda: edit.replace_value("None", 0, "x"),
        lambda: edit.set("X", "\n"),
    ):
        with pytest.raises(EditError):
            change()
    assert bytes(edit) == CONTORTED


NAMES = st.sampled_from(["Via", "v", "X-A", "x-a", "Route", "Subject", "s"])
VALUES = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
CHANGES = st.one_of(
    st.tuples(st.just("set"), NAMES, VALUES),
    st.tuples(st.just("add"), NAMES, VALUES),
    st.tuples(st.just("insert"), NAMES, VALUES),
    st.tuples(st.just("remove"), NAMES),
)
FULL = {"v": "via", "s": "subject"}


def apply_to_list(fields: list[tuple[str, str]], change) -> None:
    """The same change on a plain list of (name, value): what an edit means."""
    kind, name, *value = change
    places = [at for at, (other, _) in enumerate(fields) if full(other) == full(name)]
    if kind == "remove" or (kind == "set" and places):
        for at in reversed(places[kind == "set" :]):
            del fields[at]
        if kind == "set":
            fields[places[0]] = (fields[places[0]][0], value[0])
    elif kind == "insert":
        fields.insert(places[0] if places else 0, (name, value[0]))
    else:
        fields.insert(places[-1] + 1 if places else len(fields), (name, value[0]))


def full(name: str) -> str:
    return FULL.get(name.lower(), name.lower())


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6), st.lists(CHANGES, max_size=8))
def test_any_sequence_of_edits_equals_the_same_edits_on_a_plain_list(fields, changes):
    data = crlf("\n".join(["OPTIONS sip:a SIP/2.0", *(f"{name}: {value}" for name, value in fields)]))
    edit = parse(data).edit()
    for change in changes:
        getattr(edit, change[0])(*change[1:])
        apply_to_list(fields, change)
        assert edit.get_all("Via") == [value for name, value in fields if full(name) == "via"]
    assert list(parse(bytes(edit))) == fields
    assert b"".join(edit.parts()) == bytes(edit)


def test_a_value_replaced_with_nothing_reads_back_as_it_will_be_sent():
    edit = parse(message("X-List: a, b")).edit().replace_value("X-List", 1, "")
    assert edit.get_all("X-List") == parse(bytes(edit)).get_all("X-List") == ["a,"]


def test_a_max_forwards_that_is_no_number_of_32_bits_is_refused():
    for digits in ("9" * 11, "9" * 5000):
        with pytest.raises(EditError, match="not a number"):
            parse(message(f"Max-Forwards: {digits}", max_forwards=None)).edit().decrement_max_forwards()
