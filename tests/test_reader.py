"""The reader: several values in one call, the same that the attributes give."""

from __future__ import annotations

import pickle
import threading

import pytest
from guard import flush_against_guard_page
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message

from sipcore import HeaderError, Message, ParseError, Reader, parse

MESSAGES = {"options": OPTIONS, "message": message(), "invite": INVITE, "ok": OK, "contorted": CONTORTED}
every_message = pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())


def first(values: list) -> object | None:
    return values[0] if values else None


def address_paths(name: str, read) -> dict[str, object]:
    """The paths below an address, and what the attributes say of them."""

    def below(take):
        return lambda parsed: None if read(parsed) is None else take(read(parsed))

    return {
        name: below(str),
        f"{name}.tag": below(lambda address: address.tag),
        f"{name}.uri": below(lambda address: str(address.uri)),
        f"{name}.uri.scheme": below(lambda address: address.uri.scheme),
        f"{name}.uri.user": below(lambda address: address.uri.user),
        f"{name}.uri.host": below(lambda address: address.uri.host),
        f"{name}.uri.port": below(lambda address: address.uri.port),
    }


def via_part(name: str):
    return lambda parsed: None if parsed.via is None else getattr(parsed.via, name)


#: Every path, with the attribute that says the same.
ATTRIBUTES = {
    "method": lambda parsed: parsed.method,
    "status": lambda parsed: parsed.status,
    "reason": lambda parsed: parsed.reason,
    "version": lambda parsed: parsed.version,
    "uri": lambda parsed: str(parsed.uri) if parsed.is_request else None,
    **{
        f"uri.{part}": (lambda parsed, part=part: getattr(parsed.uri, part) if parsed.is_request else None)
        for part in ("scheme", "user", "host", "port")
    },
    **address_paths("from", lambda parsed: parsed.from_),
    **address_paths("to", lambda parsed: parsed.to),
    **address_paths("contact", lambda parsed: first(parsed.contacts)),
    **address_paths("route", lambda parsed: first(parsed.routes)),
    **address_paths("record-route", lambda parsed: first(parsed.record_routes)),
    "via": lambda parsed: str(parsed.via) if parsed.via else None,
    **{f"via.{part}": via_part(part) for part in ("transport", "host", "port", "branch", "received")},
    "cseq.number": lambda parsed: parsed.cseq.number if parsed.cseq else None,
    "cseq.method": lambda parsed: parsed.cseq.method if parsed.cseq else None,
    "max-forwards": lambda parsed: parsed.max_forwards,
    "content-length": lambda parsed: parsed.content_length,
    "content-type.essence": lambda parsed: parsed.content_type.essence if parsed.content_type else None,
    "body": lambda parsed: parsed.body,
    "Call-ID": lambda parsed: parsed.call_id,
    "subject": lambda parsed: parsed.get("Subject"),
    "X-List": lambda parsed: parsed.get("X-List"),
    "x-none": lambda parsed: None,
}


def outcome(read, parsed: Message) -> object:
    """The value, or the error as text."""
    try:
        return read(parsed)
    except HeaderError as error:
        return str(error)


@every_message
@pytest.mark.parametrize("path", ATTRIBUTES)
def test_each_path_gives_what_its_attribute_gives(data, path):
    parsed = parse(data)
    assert Reader(path)(parsed) == (ATTRIBUTES[path](parsed),)


@every_message
def test_all_at_once_is_the_same_as_one_by_one(data):
    parsed = parse(data)
    assert Reader(*ATTRIBUTES)(parsed) == tuple(read(parsed) for read in ATTRIBUTES.values())


@every_message
def test_every_prefix_reads_the_same_or_fails_the_same_and_nothing_is_read_behind_it(data):
    readers = {path: Reader(path) for path in ATTRIBUTES}
    for end in range(len(data) + 1):
        with flush_against_guard_page(data[:end] + b"\r\n\r\n") as view:
            try:
                parsed = parse(view)
            except ParseError:
                continue
            for path, read in readers.items():
                one = outcome(lambda parsed, path=path: (ATTRIBUTES[path](parsed),), parsed)
                if isinstance(one, str) and path.startswith(("contact", "route", "record-route")):
                    continue  # the attribute reads the whole list and fails for a later value
                assert outcome(read, parsed) == one, path
            del parsed, one


def test_names_are_free_of_case_and_underscores_are_hyphens():
    assert Reader("MAX_FORWARDS", "Call_Id", "FROM.URI.HOST")(parse(message())) == (
        70, "c1@192.0.2.10", "fabrikam.example")  # fmt: skip


def test_of_repeated_headers_the_first_is_read():
    assert Reader("route.uri.host", "via.branch", "X-A")(parse(CONTORTED.replace(b"Empty:", b"X-A: 1\r\nX-a: 2"))) == (
        "one.example", "z9hG4bK-1", "1")  # fmt: skip


def test_a_malformed_header_is_an_error_only_when_it_is_asked_for():
    parsed = parse(message(to="<sip:bob"))
    assert Reader("method", "from.tag")(parsed) == ("MESSAGE", "a-tag")
    with pytest.raises(HeaderError, match="To: unterminated-bracket"):
        Reader("method", "to.tag")(parsed)
    with pytest.raises(HeaderError, match="Contact: bad-address"):
        Reader("contact.uri")(parse(crlf("REGISTER sip:a SIP/2.0\nContact: *")))


def test_a_path_that_names_nothing_is_refused():
    for path in ("", "from.port", "uri.tag", "cseq", "cseq.x", "subject.tag"):
        if path == "cseq":
            assert Reader(path)(parse(message())) == ("1 MESSAGE",), "a header's name without a dot is that header"
        else:
            with pytest.raises(ValueError, match="is called"):
                Reader(path)
    with pytest.raises(ValueError, match="at most 64"):
        Reader(*["method"] * 65)
    with pytest.raises(TypeError):
        Reader("method")(None)


def test_a_reader_can_be_pickled_and_says_what_it_reads():
    reader = pickle.loads(pickle.dumps(Reader("method", "from.tag")))
    assert (reader.paths, repr(reader)) == (("method", "from.tag"), "Reader('method', 'from.tag')")
    assert reader(parse(message())) == ("MESSAGE", "a-tag")
    assert Reader()(parse(message())) == ()


def test_threads_may_share_a_reader():
    reader, wrong = Reader("from.tag", "call-id"), []

    def work(number: int) -> None:
        for turn in range(300):
            data = message(from_=f"<sip:a@b.example>;tag={number}", call_id=str(turn))
            if reader(parse(data)) != (str(number), str(turn)):
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []
