"""The reader: several values in one call, the same that the attributes give."""

from __future__ import annotations

import pickle
import threading

import pytest
from guard import flush_against_guard_page
from messages import CONTORTED, INVITE, OK, OPTIONS, crlf, message

from sipcore import HeaderError, Limits, Message, ParseError, Reader, parse

#: What the others do not have: rarer headers, a URI that recurs, words in other cases, parameters of every form.
NOTIFY = crlf("""\
NOTIFY SIPS:bob:secret@CONTOSO.example;x=1?Subject=a SIP/2.0
v: sip/2.0/tls Edge.contoso.example : 5061 ; rport=7 ;received="192.0.2.1"; branch = z9hG4bK-1;bare;empty=
P-Asserted-Identity: "Al \\"x\\" Å" <sip:al@fabrikam.example>, <tel:+1>
From: "Al" <SIPS:bob:secret@CONTOSO.example;x=1?Subject=a>; tag=a;tag=b
To: SIPS:bob:secret@CONTOSO.example;x=1?Subject=a
Call-ID: rare@192.0.2.1
CSeq: 4294967295 notify
Event: presence;id="7 8"
Subscription-State: Active;expires=60;retry-after=5;reason=none
Content-Disposition: Session; handling=Optional
Content-Type: Text / Plain
Expires: 3600
Content-Length: 0

""")

MESSAGES = {
    "notify": NOTIFY,
    "options": OPTIONS,
    "message": message(),
    "invite": INVITE,
    "ok": OK,
    "contorted": CONTORTED,
}
every_message = pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES.keys())


def first(values: list) -> object | None:
    return values[0] if values else None


def address_paths(name: str, read) -> dict[str, object]:
    """The paths below an address, and what the attributes say of them."""

    def below(take):
        return lambda parsed: None if read(parsed) is None else take(read(parsed))

    return {
        name: below(str),
        f"{name}.display-name": below(lambda address: address.display_name),
        f"{name}.tag": below(lambda address: address.tag),
        f"{name}.uri": below(lambda address: str(address.uri)),
        f"{name}.uri.scheme": below(lambda address: address.uri.scheme),
        f"{name}.uri.user": below(lambda address: address.uri.user),
        f"{name}.uri.host": below(lambda address: address.uri.host),
        f"{name}.uri.port": below(lambda address: address.uri.port),
        f"{name}.uri.password": below(lambda address: address.uri.password),
        f"{name}.uri.headers": below(lambda address: address.uri.headers),
    }


def part_of(header: str, name: str):
    def read(parsed: Message):
        value = getattr(parsed, header.replace("-", "_"))
        return None if value is None else getattr(value, name.replace("-", "_"))

    return read


def via_part(name: str):
    return part_of("via", name)


#: Every path, with the attribute that says the same.
ATTRIBUTES = {
    "method": lambda parsed: parsed.method,
    "status": lambda parsed: parsed.status,
    "reason": lambda parsed: parsed.reason,
    "version": lambda parsed: parsed.version,
    "uri": lambda parsed: str(parsed.uri) if parsed.is_request else None,
    **{
        f"uri.{part}": (lambda parsed, part=part: getattr(parsed.uri, part) if parsed.is_request else None)
        for part in ("scheme", "user", "password", "host", "port", "headers")
    },
    **address_paths("from", lambda parsed: parsed.from_),
    **address_paths("to", lambda parsed: parsed.to),
    **address_paths("contact", lambda parsed: first(parsed.contacts)),
    **address_paths("route", lambda parsed: first(parsed.routes)),
    **address_paths("record-route", lambda parsed: first(parsed.record_routes)),
    "via": lambda parsed: str(parsed.via) if parsed.via else None,
    **{f"via.{part}": via_part(part) for part in ("transport", "host", "port", "branch", "received", "rport")},
    "cseq.number": lambda parsed: parsed.cseq.number if parsed.cseq else None,
    "cseq.method": lambda parsed: parsed.cseq.method if parsed.cseq else None,
    "max-forwards": lambda parsed: parsed.max_forwards,
    "expires": lambda parsed: parsed.expires,
    **{
        f"{header}.{part}": part_of(header, part)
        for header, parts in {
            "content-disposition": ("kind", "handling"),
            "event": ("package", "id"),
            "subscription-state": ("state", "reason", "expires", "retry-after"),
        }.items()
        for part in parts
    },
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
                if isinstance(one, str) and path.startswith(("contact", "route", "record-route", "p-asserted")):
                    continue  # the attribute reads the whole list and fails for a later value
                assert outcome(read, parsed) == one, path
            del parsed, one


def test_what_recurs_is_one_object_and_other_cases_of_it_stay_as_written():
    read = Reader("method", "cseq.method", "via.transport", "from.uri.host", "content-type.essence", "version")
    plain, other = parse(message()), parse(NOTIFY)
    assert all(one is two for one, two in zip(read(plain), read(parse(message())), strict=True))
    for _ in range(2):
        assert read(other) == ("NOTIFY", "notify", "TLS", "contoso.example", "text/plain", "SIP/2.0")
    uri, sender, recipient = Reader("uri", "from.uri", "to.uri")(other)
    assert uri is sender, "the same bytes are one text"
    assert recipient == "SIPS:bob:secret@CONTOSO.example", "without brackets the URI ends sooner"


def test_a_flood_of_new_words_changes_no_answer():
    read = Reader("method", "cseq.method", "uri.host")
    for n in range(3000):
        data = message(method=f"M{n}", uri=f"sip:b@h{n}.example")
        assert read(parse(data)) == (f"M{n}", f"M{n}", f"h{n}.example")


def test_it_is_called_with_one_message_and_nothing_else():
    read, parsed = Reader("method"), parse(message())
    for wrong in (read, lambda: read(parsed, parsed), lambda: read(parsed, x=1), lambda: read(b"")):
        with pytest.raises(TypeError):
            wrong()
    assert read(message=parsed) == read(*[parsed]) == read.__call__(parsed) == ("MESSAGE",)

    class Named(Reader):
        def __call__(self, message):
            return dict(zip(self.paths, super().__call__(message), strict=True))

    assert Named("method")(parsed) == {"method": "MESSAGE"}


def test_a_uri_of_too_many_parameters_is_refused_as_its_attribute_refuses_it():
    data = message(uri="sip:b@c" + ";p" * 9, to="<sip:b@c" + ";p" * 9 + ">")
    parsed = parse(data, Limits(params=8))
    for path in ("uri", "to.uri", "to.uri.host"):
        with pytest.raises(HeaderError) as read:
            Reader(path)(parsed)
        assert str(read.value) == outcome(ATTRIBUTES[path], parsed)


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
    with pytest.raises(ValueError, match="at most 128"):
        Reader(*["method"] * 129)
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
