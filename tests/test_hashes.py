"""The keyed hashes: the same for all that belongs together, different for all that does not, and not to be forged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from edge_world import inbound
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from messages import without
from nacl.bindings import crypto_shorthash_siphashx24
from oracle.keyed import Value, condensed, folded, hashed, transaction

from sipcore import Message, NameAddr, Via, parse
from sipcore.edge._keyed import RouteSigner, Signer, TransactionSigner, WaySigner, siphash128
from sipcore.edge.hashes import (
    Keys,
    branch_for,
    initiates,
    made_branch,
    made_tag,
    made_way,
    route_signature,
    tag_for,
    way_signature,
)
from sipcore.edge.tables import Side
from sipcore.errors import ConfigError, SipError

OLD, NEW = b"the key of yesterday", b"the key of today....."
KEYS, YESTERDAY = Keys(NEW, OLD), Keys(OLD)
INSIDE, OUTSIDE = Side.INSIDE, Side.OUTSIDE

#: Some of those that come with SipHash: the input is 00 01 02 ... of so many bytes, the key 00 01 02 ... 0f.
PUBLISHED = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    2: "8177228da4a45dc7fca38bdef60affe4",
    7: "a1f1ebbed8dbc153c0b84aa61ff08239",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    9: "264499060ad9baabc47f8b02bb6d71ed",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    16: "6ee2a4ca67b054bbfd3315bf85230577",
    31: "2939b0183223fafc1723de4f52c43d35",
    47: "e61c432b720b19d18ec8d84bdc63151b",
    62: "5853542321f567a005d547a4f04759bd",
    63: "5150d1772f50834a503e069a973fbd7c",
}


def read(data: bytes | memoryview) -> tuple[Message, Via]:
    """A message with its topmost Via."""
    parsed = parse(data)
    assert parsed.via is not None
    return parsed, parsed.via


MESSAGE = read(inbound())


# -- the hash itself


@pytest.mark.parametrize(("size", "digest"), PUBLISHED.items())
def test_the_hash_is_the_published_one(size: int, digest: str) -> None:
    assert siphash128(bytes(range(16)), bytes(range(size))).hex() == digest


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=300))
def test_the_hash_is_that_of_libsodium(key: bytes, data: bytes) -> None:
    assert siphash128(key, data) == crypto_shorthash_siphashx24(data, key)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_the_hash_takes_no_key_of_another_length(size: int) -> None:
    with pytest.raises(ValueError, match=f"the key has {size} bytes, 16 are needed"):
        siphash128(bytes(size), b"")
    with pytest.raises(ValueError, match="16 are needed"):
        Signer(bytes(16), bytes(size))


# -- branches and tags


def test_a_branch_has_the_magic_cookie_and_128_bits() -> None:
    assert branch_for(*MESSAGE, KEYS).startswith("z9hG4bK")
    assert len(branch_for(*MESSAGE, KEYS)) == 7 + 32


def test_branch_and_tag_of_one_transaction_have_nothing_in_common() -> None:
    branch, tag = branch_for(*MESSAGE, KEYS), tag_for(*MESSAGE, KEYS)
    assert branch != "z9hG4bK" + tag
    assert not made_branch("z9hG4bK" + tag, *MESSAGE, KEYS)
    assert not made_tag(branch.removeprefix("z9hG4bK"), *MESSAGE, KEYS)


@pytest.mark.parametrize(
    "other",
    [
        inbound(via="SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-other"),
        inbound(via="SIP/2.0/UDP 192.0.2.20:5060"),
        inbound(call_id="c2@192.0.2.10"),
        inbound(call_id="C1@192.0.2.10"),
        inbound(from_="<sip:alice@fabrikam.example>;tag=b-tag"),
        inbound(from_="<sip:alice@fabrikam.example>"),
        inbound(from_="<sip:alice@fabrikam.example>, <sip:b@x.example>;tag=a-tag"),
        inbound(cseq=2),
        without(inbound(), "Call-ID"),
        without(inbound(), "From"),
        without(inbound(), "CSeq"),
        inbound().replace(b"CSeq: 1 ", b"CSeq: one "),
    ],
)
def test_every_value_of_a_transaction_counts(other: bytes) -> None:
    assert branch_for(*read(other), KEYS) != branch_for(*MESSAGE, KEYS)


@pytest.mark.parametrize(
    "copy",
    [
        inbound(method="CANCEL"),
        inbound(method="ACK", to="<sip:bob@contoso.example>;tag=x"),
        inbound(via="SIP/2.0/TCP [2001:db8::1];rport;branch=z9hG4bK-in;received=192.0.2.9"),
        inbound(from_='"Alice" <sip:other@fabrikam.example>;x=1;tag=a-tag'),
        inbound("X-Odd: 1", uri="sip:carol@contoso.example", body=b"other", max_forwards=1),
        inbound().replace(b"CSeq: 1 ", b"CSeq: 0001 "),
        inbound().replace(b"Call-ID:", b"i :"),
    ],
)
def test_nothing_else_counts(copy: bytes) -> None:
    assert branch_for(*read(copy), KEYS) == branch_for(*MESSAGE, KEYS)


#: Values as they stand on the line: short, alike, and some of them broken.
ODD = st.sampled_from(["", "a", "b", "ab", "abcdefgh", "abcdefghi", "é", "\udcff", '"a', "a b", "a;tag=b", "<", ","])


@st.composite
def odd_messages(draw: st.DrawFn) -> bytes:
    """Messages that nobody but us would answer."""
    fields = {"branch": draw(ODD), "tag": draw(ODD), "call_id": draw(ODD), "cseq": draw(ODD | st.integers(0, 2**33))}
    lines = [
        "MESSAGE sip:bob@contoso.example SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1;branch={fields['branch']}",
        f"From: <sip:alice@fabrikam.example>;tag={fields['tag']}",
        f"Call-ID: {fields['call_id']}",
        f"CSeq: {fields['cseq']} MESSAGE",
    ]
    absent = draw(st.sets(st.sampled_from([2, 3, 4])))
    kept = [line for number, line in enumerate(lines) if number not in absent]
    return "\r\n".join([*kept, "", ""]).encode("utf-8", "surrogateescape")


def has_via(data: bytes) -> bool:
    """Whether there is a Via to answer by."""
    try:
        return parse(data).via is not None
    except SipError:
        return False


ANSWERABLE = odd_messages().filter(has_via)


@given(ANSWERABLE)
def test_a_transaction_is_hashed_as_the_oracle_does(data: bytes) -> None:
    key = condensed(NEW, b"branch")
    with flush_against_guard_page(data) as view:
        parsed, via = read(view)
        assert branch_for(parsed, via, KEYS) == "z9hG4bK" + hashed(key, *transaction(parsed, via)).hex()
        assert made_tag(tag_for(parsed, via, KEYS), parsed, via, KEYS)


@given(ANSWERABLE, ANSWERABLE)
def test_no_two_transactions_have_one_branch(one: bytes, other: bytes) -> None:
    alike = transaction(*read(one)) == transaction(*read(other))
    assert (branch_for(*read(one), KEYS) == branch_for(*read(other), KEYS)) is alike


# -- keys


#: each thing that is made, and how it is known again
MADE: dict[str, tuple[Callable[[Keys], str], Callable[[str, Keys], bool]]] = {
    "branch": (lambda keys: branch_for(*MESSAGE, keys), lambda text, keys: made_branch(text, *MESSAGE, keys)),
    "tag": (lambda keys: tag_for(*MESSAGE, keys), lambda text, keys: made_tag(text, *MESSAGE, keys)),
    "way": (
        lambda keys: way_signature("z9hG4bK1", "udp", "192.0.2.20", 5060, None, keys),
        lambda text, keys: made_way(text, "z9hG4bK1", "udp", "192.0.2.20", 5060, None, keys),
    ),
    "route": (
        lambda keys: signed(MESSAGE[0], keys),
        lambda text, keys: began(MESSAGE[0], f"fd=fabrikam.example;sig={text}", keys) is True,
    ),
}


def signed(data: Message, keys: Keys, **changes: Any) -> str:
    """The signature of the route for the side that the message comes from, outside."""
    sides = {"near": OUTSIDE, "across": INSIDE, "here": True, "initiates": True} | changes
    domain = sides.pop("domain", "fabrikam.example")
    return route_signature(data, domain, sides.pop("near"), sides.pop("across"), **sides, keys=keys)


def began(data: Message, params: str, keys: Keys, **changes: Any) -> bool | None:
    """Whether the sender of that message began the dialog that the route is recorded for."""
    uri = NameAddr.parse(f"<sip:192.0.2.1;lr;{params}>").uri
    sides = {"near": OUTSIDE, "across": INSIDE, "here": True} | changes
    return initiates(data, uri, sides["near"], sides["across"], here=sides["here"], keys=keys)


@pytest.mark.parametrize("what", MADE)
def test_the_previous_key_recognises_and_never_makes(what: str) -> None:
    make, knows = MADE[what]
    assert knows(make(KEYS), KEYS)
    assert knows(make(YESTERDAY), KEYS)
    assert make(KEYS) == make(Keys(NEW))
    assert not knows(make(KEYS), YESTERDAY)
    assert not knows(make(YESTERDAY), Keys(NEW))


@pytest.mark.parametrize("what", MADE)
def test_a_text_that_is_wrong_anywhere_is_not_ours(what: str) -> None:
    make, knows = MADE[what]
    text = make(KEYS)
    for place in range(len(text)):
        wrong = "0" if text[place] != "0" else "1"
        assert not knows(text[:place] + wrong + text[place + 1 :], KEYS), place
    for forged in ("", text[:-1], text + "0", text.upper(), "é" * len(text), "\udcff" * len(text), "0" * len(text)):
        assert not knows(forged, KEYS), forged


def test_what_is_absent_is_not_ours() -> None:
    assert not made_branch(None, *MESSAGE, KEYS)
    assert not made_tag(None, *MESSAGE, KEYS)
    assert not made_way(None, "z9hG4bK1", "udp", "192.0.2.20", 5060, None, KEYS)
    assert began(MESSAGE[0], "fd=fabrikam.example", KEYS) is None
    assert began(MESSAGE[0], f"sig={signed(MESSAGE[0], KEYS)}", KEYS) is None


@pytest.mark.parametrize("size", [0, 15, 65])
def test_a_key_has_16_to_64_bytes(size: int) -> None:
    with pytest.raises(ConfigError, match=f"current key has {size} bytes"):
        Keys(b"x" * size)
    with pytest.raises(ConfigError, match="previous key"):
        Keys(NEW, b"x" * size)


def test_every_byte_of_a_long_key_counts() -> None:
    assert branch_for(*MESSAGE, Keys(bytes(64))) != branch_for(*MESSAGE, Keys(bytes(63) + b"1"))
    assert branch_for(*MESSAGE, Keys(bytes(64))) != branch_for(*MESSAGE, Keys(bytes(63)))


def test_keys_do_not_print_themselves_and_compare_by_what_they_are() -> None:
    assert "today" not in repr(KEYS)
    assert Keys(NEW, OLD) == KEYS != Keys(NEW)


# -- ways back

WAYS = st.tuples(
    st.sampled_from(["z9hG4bK1", "z9hG4bK12"]),
    st.sampled_from(["udp", "tcp"]),
    st.sampled_from(["192.0.2.2", "192.0.2.20", "2001:db8::1", "é", "\udcff"]),
    st.sampled_from([5060, 5061]),
    st.sampled_from([None, 5060, 40001]),
)


@given(WAYS, WAYS)
def test_a_way_back_is_signed_for_itself_alone(
    one: tuple[str, str, str, int, int | None], other: tuple[str, str, str, int, int | None]
) -> None:
    signature = way_signature(*one, KEYS)
    assert signature == hashed(condensed(NEW, b"way"), *one).hex()
    assert made_way(signature, *other, KEYS) is (one == other)


@given(WAYS, WAYS, st.booleans(), st.booleans())
def test_that_a_response_is_absorbed_is_signed(
    one: tuple[str, str, str, int, int | None], other: tuple[str, str, str, int, int | None], quiet: bool, said: bool
) -> None:
    signature = way_signature(*one, KEYS, absorbed=quiet)
    assert signature == hashed(condensed(NEW, b"way"), *one, *[1] * quiet).hex()
    assert made_way(signature, *other, KEYS, absorbed=said) is (one == other and quiet is said)


def test_a_way_back_is_made_of_texts_and_numbers() -> None:
    signer: Any = WaySigner(bytes(16))
    with pytest.raises(TypeError, match="a text is needed, not bytes"):
        signer.of(b"z9hG4bK1", "udp", "192.0.2.20", 5060, None)
    with pytest.raises(OverflowError):
        signer.of("z9hG4bK1", "udp", "192.0.2.20", -1, None)


# -- routes; what an engine does with them is in test_dialog_routes.py


@given(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["a.example", "B.example.", "c.EXAMPLE", "d.example.." + "x" * 20]),
    st.sampled_from([*Side]),
    st.sampled_from([*Side]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_route_is_signed_as_the_oracle_does(
    tag: str, domain: str, near: Side, across: Side, here: bool, initiates: bool, asked: bool
) -> None:
    data = inbound(from_=f"<sip:alice@{domain}>;tag={tag}", to="<sip:bob@Contoso.example>;tag=t")
    sender: tuple[Value, Value] = (tag, folded(domain))
    receiver: tuple[Value, Value] = ("t", "contoso.example")
    first, second = (sender, receiver) if initiates else (receiver, sender)
    sides = (near is INSIDE) | (across is INSIDE) << 1 | (here is initiates) << 2 | asked << 3
    expected = hashed(condensed(NEW, b"route"), sides, "c1@192.0.2.10", *first, second[1], folded(domain))
    with flush_against_guard_page(data) as view:
        sides = {"near": near, "across": across, "here": here}
        made = signed(parse(view), KEYS, domain=domain, initiates=initiates, asked=asked, **sides)
        assert made == expected.hex()
        for params, known in (
            (f"fd={domain};sig={made}{';BE' * asked}", True),
            (f"fd={domain};be=1;sig={made}", asked),
        ):
            assert began(parse(view), params, KEYS, **sides) is (initiates if known else None)


@pytest.mark.parametrize(
    ("params", "known"),
    [
        ("fd=fabrikam.example;sig=SIG", True),
        ("sig=SIG;x;FD=Fabrikam.Example.;y=1", True),
        ("fd=fabrikam.example;sig=SIG;sig=0;fd=x", True),
        ("fd=x;fd=fabrikam.example;sig=SIG", None),
        ("fd=fabrikam.example;sig=0;sig=SIG", None),
        ("fd;sig=SIG", None),
        ("fd=;sig=SIG", None),
        ("fd=fabrikam.example;sig", None),
        ("fd=fabrikam.example;sig=", None),
    ],
)
def test_of_a_parameter_given_twice_the_first_counts(params: str, known: bool | None) -> None:
    assert began(MESSAGE[0], params.replace("SIG", signed(MESSAGE[0], KEYS)), KEYS) is known


@pytest.mark.parametrize("faulty", [b"From: <sip:", b"From: <tel:1>;tag=a-tag", b"From: *", b"X: "])
def test_a_request_whose_ends_cannot_be_read_has_no_route(faulty: bytes) -> None:
    data = parse(inbound().replace(b"From: <sip:alice@fabrikam.example>;tag=a-tag", faulty))
    assert began(data, f"fd=fabrikam.example;sig={signed(MESSAGE[0], KEYS)}", KEYS) is None


def test_signers_take_what_they_sign_and_nothing_else() -> None:
    for make in (TransactionSigner(bytes(16)).of, RouteSigner(bytes(16)).of):
        loose: Any = make
        with pytest.raises(TypeError):
            loose(None, None)
