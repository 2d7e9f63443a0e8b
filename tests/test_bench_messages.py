"""What is measured and the answers it must give: `sipcore_bench.messages`, `texts`, `pool`, `fields`, `ours`."""

from __future__ import annotations

import ast
import os
import re
from email import message_from_bytes
from pathlib import Path

import pytest
from messages import CONTORTED, message

import sipcore
from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore_bench import fields, ours
from sipcore_bench.contestant import Contestant, Unavailable, Unreadable
from sipcore_bench.fields import FORWARD_VIA, Fields, NotAMessage, forwarded, framed, read
from sipcore_bench.messages import MESSAGES
from sipcore_bench.peers import sipmessage, sippy
from sipcore_bench.pool import BadFolder, Pool
from sipcore_bench.texts import PREFIXES, TEXTS, holds_prefix

#: The whole pool is made once a kind; what is slow looks at every hundredth message of it.
POOLS = {kind: Pool(kind, seed=7) for kind in MESSAGES}
SOME = {kind: pool.items[::100] for kind, pool in POOLS.items()}
OUR_CONTESTANTS = list(ours.contestants())
every_kind = pytest.mark.parametrize("kind", MESSAGES)
every_text = pytest.mark.parametrize("kind", TEXTS)


# -- the messages


def test_there_are_the_twelve_kinds_of_the_question():
    assert list(MESSAGES) == [
        *("register", "options", "message", "long-message", "invite", "ims-invite"),
        *("ok", "notify", "benotify", "subscribe", "file-invite", "multipart"),
    ]
    assert all(recipe.name == kind and recipe.about for kind, recipe in (MESSAGES | TEXTS).items())


@every_kind
def test_every_message_is_about_as_long_as_stated(kind):
    stated = MESSAGES[kind].size
    assert all(abs(len(item) - stated) <= 0.15 * stated for item in POOLS[kind].items)


def test_the_sizes_are_those_that_the_tables_promise():
    promised = {"options": 430, "message": 630, "invite": 1000, "ims-invite": 2900, "notify": 1500, "benotify": 1500}
    assert {kind: MESSAGES[kind].size for kind in promised} == promised
    assert all(len(sipcore.parse(item)) == 35 for item in SOME["ims-invite"])
    assert all(read(item).body_size == 60 for item in SOME["message"])


@every_kind
def test_every_message_parses_and_is_owed_no_refusal(kind):
    for item in POOLS[kind].items:
        parsed = sipcore.parse(item)
        assert sipcore.validate(parsed) is None
        assert parsed.size == len(item), "nothing stands behind the message"


@every_kind
def test_call_id_tags_and_branch_differ_in_every_message_and_users_in_almost_every(kind):
    answers = [read(item) for item in POOLS[kind].items]
    assert len(answers) == 10_000
    for name in ("call_id", "from_tag", "branch"):
        assert len({getattr(answer, name) for answer in answers}) == 10_000, name
    # Two draws of one user are as likely as two people of one birthday; a phone number has 80,000 values.
    assert len({(answer.from_uri, answer.to_uri) for answer in answers}) > 9_500


def test_names_and_addresses_are_nobodys():
    public = {"schemas.microsoft.com"}  # a namespace, which is a name and not a place
    for items in SOME.values():
        for item in items:
            hosts = set(re.findall(rb"[\w.-]+\.(?:com|net|org|local)\b", item))
            assert {host.decode() for host in hosts if not host.startswith(b"com.")} <= public
            addresses = re.findall(rb"(?<![\d.])\d+\.\d+\.\d+\.\d+", item)
            assert all(found.startswith((b"192.0.2.", b"198.51.100.", b"203.0.113.")) for found in addresses)


def test_the_multipart_message_has_the_two_parts_that_its_head_announces():
    for item in SOME["multipart"]:
        parts = message_from_bytes(item.partition(b"\r\n")[2]).get_payload()
        assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]


def test_the_same_seed_gives_the_same_messages_and_another_seed_gives_others():
    first, again, other = (Pool("message", seed, size=20).items for seed in (3, 3, 4))
    assert first == again
    assert not set(first) & set(other)


# -- the texts


@every_text
def test_texts_have_their_size_differ_from_each_other_and_hold_what_they_say(kind):
    items = Pool(kind, size=2_000).items
    assert {len(item) for item in items} == {TEXTS[kind].size}
    assert len(set(items)) == 2_000
    assert {holds_prefix(item) for item in items} == {kind.endswith("-one")}
    assert all(item.decode() for item in items), "UTF-8 is nowhere cut in half"


def test_texts_that_only_come_near_are_full_of_beginnings():
    stems = [prefix[:3].encode() for prefix in PREFIXES if len(prefix) > 4]
    for item in Pool("text-600-near", size=50).items:
        assert sum(item.lower().count(stem) for stem in stems) > 20


def test_texts_without_a_prefix_have_colons_full_stops_and_letters_beyond_ascii():
    for item in Pool("text-4096-none", size=50).items:
        assert b":" in item
        assert b"." in item
        assert not item.isascii()


def test_the_prefixes_are_the_filters_own_as_plain_strings():
    assert tuple(prefix.replace("*", "") for prefix in DEFAULT_PREFIXES) == PREFIXES
    assert len(PREFIXES) == 17


# -- the pool


def test_a_pool_of_an_unknown_kind_or_without_items_is_refused():
    with pytest.raises(KeyError, match="publish"):
        Pool("publish")
    with pytest.raises(ValueError, match="at least one item, not 0"):
        Pool("message", size=0)


def test_chunks_are_the_messages_back_to_back_with_the_rest_in_the_last():
    pool = Pool("ok", size=25)
    chunks = pool.chunks(10)
    assert b"".join(chunks) == b"".join(pool.items)
    assert [len(framed(chunk)) for chunk in chunks] == [10, 10, 5]
    assert len(pool) == 25
    assert pool.total_bytes == sum(map(len, chunks))


def test_a_folder_of_messages_becomes_a_pool_of_its_sip_files(tmp_path):
    (tmp_path / "b.sip").write_bytes(SOME["ok"][0])
    (tmp_path / "a.sip").write_bytes(SOME["invite"][0])
    (tmp_path / "INDEX.md").write_text("two messages")
    pool = Pool.from_folder(tmp_path)
    assert pool.items == [SOME["invite"][0], SOME["ok"][0]]
    assert (pool.kind, pool.recipe) == (tmp_path.name, None)


def test_a_folder_without_sip_files_gives_all_its_files(tmp_path):
    (tmp_path / "one").write_bytes(SOME["ok"][0])
    assert Pool.from_folder(tmp_path).items == [SOME["ok"][0]]


def test_every_file_that_is_not_one_message_is_named_with_what_is_wrong(tmp_path):
    whole = message()
    faults = {
        "cut.sip": (whole[:-3], "Content-Length says 14, the body has 11 bytes"),
        "more.sip": (whole + b"\n", "Content-Length says 14, the file has 15 bytes behind the head"),
        "page.sip": (b"GET / HTTP/1.1\r\n\r\n", "no SIP start line"),
        "unix.sip": (whole.replace(b"\r\n", b"\n"), "no empty line"),
    }
    for name, (data, _) in faults.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "sound.sip").write_bytes(whole)
    with pytest.raises(BadFolder) as caught:
        Pool.from_folder(tmp_path)
    assert [path.name for path, _ in caught.value.problems] == list(faults)
    for line, (name, (_, why)) in zip(str(caught.value).split("\n"), faults.items(), strict=True):
        assert line.startswith(f"{tmp_path / name}: {why}")


def test_a_folder_that_is_missing_or_empty_is_named(tmp_path):
    for folder, why in ((tmp_path / "none", "No such file"), (tmp_path, "has no files")):
        with pytest.raises(BadFolder, match=why):
            Pool.from_folder(folder)


# -- the readers


def test_the_readers_share_nothing_with_what_they_judge():
    tree = ast.parse(Path(fields.__file__).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not {name for name in imported if name.startswith("sipcore")}


def test_short_names_folds_lists_and_quotes_are_read():
    assert read(
        CONTORTED.replace(b"t: Bob B <sip:bob@contoso.example> ; tag", b't: "<,;" <sip:b@x>;a="1" ; TAG')
    ) == Fields(
        start="BENOTIFY",
        uri="sips:alice:pw%20d@[2001:db8::1]:5061;transport=tls;lr?Subject=hi",
        from_uri="sip:watson@fabrikam.example;x=1",
        from_tag="f-tag",
        to_uri="sip:b@x",
        to_tag="t-tag",
        call_id="fold@contoso.example",
        cseq=4294967295,
        cseq_method="BENOTIFY",
        branch="z9hG4bK-1",
        content_type="text/plain",
        content_length=5,
        body_size=5,
    )


def test_what_is_absent_reads_as_none():
    bare = message(body=b"", from_="sip:alice@fabrikam.example;tag=x", via="SIP/2.0/UDP 192.0.2.10")
    answer = read(bare.replace(b"Content-Length: 0\r\n", b""))
    assert (answer.from_uri, answer.from_tag) == ("sip:alice@fabrikam.example", "x")
    assert (answer.to_tag, answer.branch, answer.content_type, answer.content_length) == (None, None, None, None)
    assert answer.body_size == 0


@pytest.mark.parametrize("line", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_a_message_without_a_needed_header_is_none(line):
    with pytest.raises(NotAMessage, match=f"no {line.decode().lower()}"):
        read(message().replace(b"\r\n" + line + b":", b"\r\nX-" + line + b":"))


def test_a_stream_that_ends_in_the_middle_is_none():
    with pytest.raises(NotAMessage, match="no whole message at byte 0"):
        framed(message()[:-1])


def test_forwarding_takes_one_route_value_and_leaves_the_rest_as_it_was():
    several = forwarded(message('Route: "a, b" <sip:one;lr>, <sip:two;lr>', "Route: <sip:three;lr>"))
    assert b"\r\nRoute: <sip:two;lr>\r\nRoute: <sip:three;lr>\r\n" in several
    alone = forwarded(message("Route: <sip:one;lr>", "X: 1"))
    assert alone == message("X: 1", max_forwards=69).replace(b"\r\nVia", f"\r\nVia: {FORWARD_VIA}\r\nVia".encode(), 1)


@pytest.mark.parametrize("data", [SOME["ok"][0], message(max_forwards=0), message(max_forwards=None)])
def test_what_is_not_sent_on_has_no_forwarded_form(data):
    with pytest.raises(NotAMessage):
        forwarded(data)


# -- the answers of sipcore


def expected(contestant: Contestant, pool: Pool, item: bytes) -> object:
    """The right answer to the contestant's question."""
    if contestant.question == "filter":
        return "block" if pool.recipe and pool.recipe.blocked else "pass"
    if contestant.question == "index":
        return read(item).start
    readers = {"fields": read, "forward": forwarded, "frame": framed, "match": holds_prefix}
    return readers[contestant.question](item)


def test_sipcore_answers_every_question_that_is_asked_in_process():
    assert {contestant.question for contestant in OUR_CONTESTANTS} == {
        *("index", "fields", "forward", "frame", "match", "filter")
    }
    for contestant in OUR_CONTESTANTS:
        assert isinstance(contestant, Contestant)
        assert (contestant.kind, contestant.version) == ("ours", sipcore.__version__)


def questions() -> list[object]:
    """Each of our contestants with each kind that it is asked about: a response is not sent on like a request."""
    return [
        pytest.param(contestant, kind, id=f"{contestant.name}-{kind}")
        for contestant in OUR_CONTESTANTS
        for kind in (TEXTS if contestant.question == "match" else MESSAGES)
        if (contestant.question, kind) != ("forward", "ok")
    ]


@pytest.mark.parametrize(("contestant", "kind"), questions())
def test_sipcore_agrees_with_the_independent_reader(contestant, kind):
    pool = Pool(kind, seed=9, size=200)
    items = pool.chunks() if contestant.question == "frame" else pool.items
    for item in items:
        answer, right = contestant.answer(item), expected(contestant, pool, item)
        assert answer == right
        assert type(answer) is type(right)
    assert contestant.timed(items)() > 0


def test_what_the_filter_blocks_only_because_it_cannot_read_it_is_no_answer():
    judge = next(contestant for contestant in OUR_CONTESTANTS if contestant.question == "filter")
    encoded = SOME["multipart"][0].replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n", 1)
    with pytest.raises(Unreadable, match="Content-Encoding: br"):
        judge.answer(encoded)


# -- the answers of others


def require(peer) -> Contestant:
    """The peer's reader of fields; skips the test, or fails it where a peer must not be missing, when there is none."""
    try:
        return next(contestant for contestant in peer.contestants() if contestant.question == "fields")
    except Unavailable as missing:
        if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{missing.reason}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
        pytest.skip(missing.reason)


#: What a foreign parser has no way to give, and how its reader makes up for that. Both take all twelve kinds.
MADE_UP = {
    "sipmessage": {},
    "sippy": {"content_length": "no accessor; a body of another size is cut or refused, so its size stands for it"},
}


@every_kind
@pytest.mark.parametrize("peer", [sipmessage, sippy], ids=list(MADE_UP))
def test_two_foreign_parsers_take_every_kind_and_read_the_same(peer, kind):
    contestant = require(peer)
    for item in SOME[kind]:
        answer, right = contestant.answer(item), read(item)
        made_up = MADE_UP[peer.__name__.rpartition(".")[2]]
        for name in Fields._fields:
            if name not in made_up:
                assert getattr(answer, name) == getattr(right, name), name
