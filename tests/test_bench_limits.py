"""The limits of the benchmark: right in every answer, within every message, and honest about what is missing."""

from __future__ import annotations

import ctypes
import re
import stat
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from guard import flush_against_guard_page
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import naive_matcher
from sanitizers import SANITIZE, run_python, sanitized_environment

from sipcore_bench import build, fields
from sipcore_bench.contestant import Contestant, Rejected, Roster
from sipcore_bench.limits import automaton, forward, match, native, parse
from sipcore_bench.messages import MESSAGES
from sipcore_bench.pool import Pool
from sipcore_bench.texts import PREFIXES, TEXTS, holds_prefix

STRICT = ("-Wall", "-Wextra", "-Werror")

OPTIONS = Pool("options", size=1).items[0]


def present(module) -> list[Contestant]:
    """Whoever of a module can take part here; a test that needs them says so when nobody can."""
    found = Roster()
    found.admit(module.__name__, module.contestants())
    if not found.present:
        pytest.skip(f"no limit can be built here: {found.absent[0].reason}")
    return found.present


def by_name(contestants: list[Contestant]) -> dict[str, Contestant]:
    return {f"{one.question} {one.name}": one for one in contestants}


@pytest.mark.parametrize("module", [parse, match])
def test_every_limit_follows_the_protocol(module):
    for limit in present(module):
        assert isinstance(limit, Contestant)
        assert limit.kind == "limit"
        assert limit.name.startswith("limit: ")
        assert limit.version == build.compiler()


@pytest.mark.parametrize("module", [parse, match])
def test_a_processor_without_avx2_is_said_so_and_the_others_take_part(module, monkeypatch):
    everybody = {limit.name for limit in present(module)}

    def library_elsewhere(*names: str) -> ctypes.CDLL:
        code = native.library(*names)
        code.has_avx2 = lambda: 0
        return code

    monkeypatch.setattr(module, "library", library_elsewhere)
    found = Roster()
    found.admit(module.__name__, module.contestants())
    (absent,) = found.absent
    assert absent.reason == "this processor has no AVX2"
    assert {limit.name for limit in found.present} == everybody - {absent.name}


@pytest.mark.parametrize("sources", [("copy",), ("index",), ("sip_fields", "index"), ("prefixes",)], ids="-".join)
def test_the_c_sources_are_clean_under_strict_warnings(sources):
    assert build.shared_object(sources[0], native.sources(*sources), STRICT).exists()


def test_the_programs_and_the_extension_are_clean_under_strict_warnings():
    assert stat.S_IXUSR & forward.forward_udp(STRICT).stat().st_mode
    assert stat.S_IXUSR & forward.forward_tcp(STRICT).stat().st_mode
    assert parse.fields_module(STRICT).nothing(OPTIONS) is None


# -- index and fields --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_limit_reads_every_kind_of_message_right(kind):
    for limit in present(parse):
        for item in Pool(kind, size=100).items:
            assert limit.answer(item) == fields.read(item), limit.name


def test_a_pass_takes_time_and_can_be_repeated():
    items = Pool("message", size=200).items
    for limit in present(parse):
        run = limit.timed(items)
        assert run() > 0
        assert run() > 0


def test_a_pass_over_nothing_is_no_fault():
    for limit in present(parse) + present(match):
        assert limit.timed([])() >= 0


def test_the_inputs_live_as_long_as_the_pass():
    limit = by_name(present(parse))["fields limit: twelve fields in C"]
    run = limit.timed([bytes(OPTIONS) + b"x" * number for number in range(100)])
    assert [run() > 0 for _ in range(3)] == [True] * 3


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            rb"From: [^\r]*",
            b'From: "a \\" <sip:x;tag=1>" <sip:b@c.example;d=e>;x=y ; TAG=q;z',
            ("sip:b@c.example;d=e", "q"),
        ),
        (rb"From: [^\r]*", b"From: sip:b@c.example;tag=q", ("sip:b@c.example", "q")),
        (rb"From: [^\r]*", b"fRoM:tel:+1-201-555-0123;tag=q;r", ("tel:+1-201-555-0123", "q")),
        (rb"From: [^\r]*", b"From: B <sip:b@c.example>", ("sip:b@c.example", None)),
    ],
)
def test_reads_addresses_in_all_their_forms(old, new, expected):
    item = re.sub(old, new.replace(b"\\", b"\\\\"), OPTIONS, count=1)
    for limit in present(parse):
        answer = limit.answer(item)
        assert (answer.from_uri, answer.from_tag) == expected, limit.name


def test_the_branch_is_of_the_first_via_value_only():
    item = re.sub(
        rb"Via: [^\r]*", b"Via: SIP/2.0/UDP a.example, SIP/2.0/UDP b.example;branch=z9hG4bKb", OPTIONS, count=1
    )
    for limit in present(parse):
        assert limit.answer(item).branch is None, limit.name


@pytest.mark.parametrize(
    "item",
    [b"", b"\n", b"\r\n", b"OPTIONS", b"a\n", OPTIONS[:100], OPTIONS[:-3]],
)
def test_what_has_no_end_of_its_head_is_rejected(item):
    for limit in present(parse):
        if "memcpy" not in limit.name:
            with pytest.raises(Rejected):
                limit.answer(item)


def test_a_header_line_without_a_colon_is_rejected():
    for limit in present(parse):
        if "memcpy" not in limit.name:
            with pytest.raises(Rejected):
                limit.answer(OPTIONS.replace(b"\r\nMax-Forwards:", b"\r\nnonsense\r\nMax-Forwards:"))


def test_more_lines_than_the_index_holds_are_rejected():
    extra = b"".join(b"\r\nX-%d: y" % number for number in range(600))
    for limit in present(parse):
        if "memcpy" not in limit.name:
            with pytest.raises(Rejected):
                limit.answer(OPTIONS.replace(b"\r\nMax-Forwards:", extra + b"\r\nMax-Forwards:"))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b":", b"\n", b"\r\n", b"A: b\r\n", b"x" * 31, b";", b'"']), max_size=40).map(
        b"".join
    )
)
def test_both_indexes_agree_on_anything(item):
    indexes = [limit for limit in present(parse) if isinstance(limit, parse.Index)]
    results = []
    for limit in indexes:
        index = parse._Index()
        status = getattr(limit.code, f"index_{limit.way}")(item, ctypes.c_size_t(len(item)), ctypes.byref(index))
        lines = [(line.start, line.colon) for line in index.line[: index.lines + 1]] if status == 0 else None
        results.append((status, index.head_size if status == 0 else None, lines))
    assert all(result == results[0] for result in results)


def test_the_python_calls_take_bytes_only():
    module = parse.fields_module()
    for call in (module.nothing, module.lazy, module.texts):
        with pytest.raises(TypeError, match="bytes"):
            call("text")


def test_a_lazy_object_keeps_its_message_alive():
    module = parse.fields_module()
    item = bytes(bytearray(OPTIONS))
    before = sys.getrefcount(item)
    lazies = [module.lazy(item) for _ in range(10)]
    assert sys.getrefcount(item) == before + 10
    assert {one.call_id for one in lazies} == {fields.read(OPTIONS).call_id}
    del lazies
    assert sys.getrefcount(item) == before


def test_text_that_is_not_utf8_survives():
    item = re.sub(rb"Call-ID: [^\r]*", b"Call-ID: \xff\xfe", OPTIONS, count=1)
    for limit in present(parse):
        assert limit.answer(item).call_id == "\udcff\udcfe", limit.name


# -- match -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TEXTS)
def test_both_matchers_are_right_on_every_kind_of_text(kind):
    for limit in present(match):
        for item in Pool(kind, size=200).items:
            assert limit.answer(item) is holds_prefix(item), limit.name


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_is_found_at_every_place_and_in_any_case(prefix):
    for limit, text in product(present(match), {prefix, prefix.upper(), prefix.title()}):
        for size in (len(text), 31, 32, 33, 34, 63, 64, 65, 66, 100):
            for place in range(size - len(text) + 1):
                item = b"-" * place + text.encode() + b"-" * (size - place - len(text))
                assert limit.answer(item), (limit.name, size, place)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_with_one_byte_changed_is_none(prefix):
    whole = prefix.encode()
    for limit in present(match):
        for place, byte in product(range(len(whole)), range(256)):
            item = b"--" + whole[:place] + bytes([byte]) + whole[place + 1 :] + b"-" * 40
            assert limit.answer(item) is holds_prefix(item), (limit.name, item)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["ht", "tp", "s", ":", ".", "f", "e", "E", "h", "re", "ww", "W", "w", " ", "sip", "m", "ail", "to"]
        ),
        max_size=40,
    )
)
def test_both_matchers_agree_with_the_naive_one_on_near_misses(pieces):
    item = "".join(pieces).encode()
    expected = naive_matcher.find([prefix.encode() for prefix in PREFIXES], item) is not None
    for limit in present(match):
        assert limit.answer(item) is expected, limit.name


@pytest.mark.parametrize("prefixes", [["abc", "ab"], ["he", "she", "his", "hers"], ["aab", "ab", "aaa"], ["a*b", "^@"]])
def test_the_dense_table_is_right_for_other_lists(prefixes):
    code, table = native.library("prefixes"), automaton.dense_table(prefixes)
    alphabet = sorted({*"".join(prefixes), "z"})
    for item in map("".join, product(alphabet, repeat=5 if len(alphabet) < 6 else 4)):
        found = code.find_dense(item.encode(), ctypes.c_size_t(len(item)), table)
        assert bool(found) == any(prefix in item for prefix in prefixes), item


def test_a_list_with_too_many_states_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        automaton.dense_table([f"{number:x}" * 8 for number in range(1, 1000, 7)])


@pytest.mark.parametrize(
    "prefixes", [["abc"], ["abcdefgh:"], ["xsip:", "ysip:", "zsip:"], ["abc" + end for end in "123456789"]]
)
def test_a_list_that_the_vector_search_is_not_made_for_is_refused(prefixes):
    with pytest.raises(ValueError, match=r"8 bytes|same four bytes|8 different bytes"):
        automaton.look_back_table(prefixes)


# -- no byte too many --------------------------------------------------------------------------------------------------

#: Heads and texts of every length cut from real ones, so that every block ends everywhere.
PIECES = [OPTIONS[:size] for size in range(len(OPTIONS) + 1)] + [
    b"x: y\n" * 3 + b"\n" + b"b" * size for size in range(40)
]


@pytest.mark.parametrize("item", [pytest.param(Pool(kind, size=1).items[0], id=kind) for kind in (*MESSAGES, *TEXTS)])
def test_reads_nothing_behind_a_whole_input(item):
    read_at_the_edge([item])


def test_reads_nothing_behind_a_piece_of_an_input():
    read_at_the_edge(PIECES)


def read_at_the_edge(items: list[bytes]) -> None:
    """Give each item to every function in C, its last byte the last one before a page that must not be read."""
    functions = native_functions()
    for item in items:
        with flush_against_guard_page(item) as view:
            place = ctypes.c_void_p(address_of(view) if item else None)
            for function, *arguments in functions:
                function(place, ctypes.c_size_t(len(item)), *arguments)


def address_of(view: memoryview) -> int:
    """Of the first byte. `ctypes.addressof` takes no read-only buffer, so the interpreter is asked."""
    description = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(description), 0)
    address = int(description.buf)
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(description))
    return address


class _Buffer(ctypes.Structure):
    """``Py_buffer``, as far as it is read, and room for the rest."""

    _fields_ = (("buf", ctypes.c_void_p), ("rest", ctypes.c_void_p * 16))


def native_functions(flags: tuple[str, ...] = ()) -> list[tuple]:
    """Every function in C that reads an input, with its further arguments."""
    index, read, prefixes = (
        native.library(*names, flags=flags) for names in (("index",), ("sip_fields", "index"), ("prefixes",))
    )
    functions = [
        (index.index_scalar, ctypes.byref(parse._Index())),
        (read.read_fields, ctypes.byref(parse._Fields())),
        (prefixes.find_dense, automaton.dense_table(PREFIXES)),
    ]
    if index.has_avx2():
        functions += [
            (index.index_avx2, ctypes.byref(parse._Index())),
            (prefixes.find_vector, ctypes.byref(automaton.look_back_table(PREFIXES))),
        ]
    return functions


SANITIZED = """
import ctypes, sys
sys.path[:0] = sys.argv[1:]
import test_bench_limits as tests
functions = tests.native_functions(tests.SANITIZE)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
items = [item for kind in (*tests.MESSAGES, *tests.TEXTS) for item in tests.Pool(kind, size=20).items] + tests.PIECES
for item in items:
    place = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(len(item))))
    ctypes.memmove(place, item, len(item))
    for function, *arguments in functions:
        function(place, ctypes.c_size_t(len(item)), *arguments)
    libc.free(place)
module = tests.parse.fields_module(tests.SANITIZE)
for item in items:
    try:
        module.nothing(item), module.lazy(item).to_uri, module.texts(item)
    except ValueError:
        pass
print("read", len(items))
"""


def test_the_sanitizers_find_nothing():
    answer = run_python(SANITIZED, str(Path(__file__).parent), **sanitized_environment())
    assert re.fullmatch(r"read \d{3,}\n", answer)


def test_the_sanitizers_would_find_a_fault(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = tmp_path / "over.c"
    source.write_text(
        "#include <stdlib.h>\nint value(int n) { char *p = malloc(n); int v = p[n]; free(p); return v; }\n"
    )
    environment = sanitized_environment()
    path = build.shared_object("over", [source], SANITIZE)
    with pytest.raises(subprocess.CalledProcessError) as fault:
        run_python("import ctypes, sys; ctypes.CDLL(sys.argv[1]).value(8)", str(path), **environment)
    assert "heap-buffer-overflow" in fault.value.stderr
