"""What holds for every message, well made or broken: places in order, bytes unchanged, lists split one way only."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracle import sip_index
from strategies import messages, mutated

from sipcore import HeaderError, Message, ParseError, parse, respond

examples = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
broken_or_not = st.one_of(messages(), mutated())


def parsed_or_skipped(data: bytes) -> Message:
    try:
        return parse(data)
    except ParseError:
        assume(False)
        raise


def typed_lists(message: Message) -> list[tuple[str, list]]:
    """(header, its values) of the lists that can be read to the end, URIs included."""
    found = []
    for header, name in (
        ("Via", "vias"), ("Route", "routes"), ("Record-Route", "record_routes"), ("Contact", "contacts"),
    ):  # fmt: skip
        try:
            values = getattr(message, name)
            if name != "vias":
                _ = [value.uri for value in values if not value.is_star]
        except HeaderError:
            continue
        found.append((header, values))
    return found


def field_spans(message: Message) -> list[tuple[int, int]]:
    """Where the values of all fields are, in wire order."""
    counts: Counter[bytes] = Counter()
    spans = []
    for name, _ in message:
        full = sip_index.canonical(name.encode())
        spans.append(message.span_of(name, counts[full]))
        counts[full] += 1
    return spans


@examples
@given(broken_or_not)
def test_spans_are_in_order_and_inside_the_head(data):
    message = parsed_or_skipped(data)
    behind = 0
    for start, end in field_spans(message):
        assert behind < start <= end <= message.head_size - 4
        behind = end
    assert message.head_size <= message.size <= len(data)


@examples
@given(broken_or_not)
def test_typed_values_lie_in_their_fields_one_behind_the_other(data):
    message = parsed_or_skipped(data)
    for header, values in typed_lists(message):
        fields = [message.span_of(header, index) for index in range(len(message.get_all(header)))]
        behind = 0
        for value in values:
            start, end = value.span
            assert behind <= start < end
            assert any(first <= start and end <= last for first, last in fields)
            behind = end
            if header != "Via" and not value.is_star:
                assert start <= value.uri.span[0] < value.uri.span[1] <= end


@examples
@given(broken_or_not)
def test_a_typed_list_is_split_where_the_comma_list_is(data):
    """Edits count the values of the one, policy reads the other."""
    message = parsed_or_skipped(data)
    for header, values in typed_lists(message):
        assert [str(value) for value in values] == message.values(header)


@examples
@given(broken_or_not)
def test_without_an_edit_the_bytes_are_the_same(data):
    message = parsed_or_skipped(data)
    whole = bytes(message)
    assert data.lstrip(b"\r\n").startswith(whole.lstrip(b"\r\n"))
    assert bytes(message.edit()) == b"".join(message.edit().parts()) == whole
    again = parse(whole)
    assert list(again) == list(message)
    assert again.truncated == message.truncated


NAMES = st.sampled_from(["Warning", "Server", "X-a.b!c", "k"])
TEXTS = st.text(st.characters(exclude_characters="\r\n\0\x7f", exclude_categories=["Cc", "Cs"]), max_size=12)
FIELDS = st.lists(st.tuples(NAMES, TEXTS.map(lambda text: text.strip(" "))), max_size=3)
TAGS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@examples
@given(messages(), st.integers(100, 699), TEXTS, FIELDS, st.binary(max_size=20), TAGS)
def test_a_response_reads_back_as_it_was_built(data, status, reason, headers, body, tag):
    request = parse(data)
    if not request.is_request:
        with pytest.raises(ValueError, match="only a request"):
            respond(request, status)
        return
    response = parse(respond(request, status, reason, headers, body, tag))
    assert (response.status, response.reason, bytes(response.body)) == (status, reason, body)
    assert response.content_length == len(body)
    assert [str(via) for via in response.vias] == [str(via) for via in request.vias]
    assert (response.call_id, str(response.from_)) == (request.call_id, str(request.from_))
    assert (response.cseq.number, response.cseq.method) == (request.cseq.number, request.cseq.method)
    assert str(response.to.uri) == str(request.to.uri)
    assert response.to.tag == (tag if request.to.tag is None else request.to.tag)
    assert list(response)[-1 - len(headers) : -1] == headers
