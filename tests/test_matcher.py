"""The many-pattern matcher: against the naive oracle and pyahocorasick, in all its ways, at the edges of memory."""

from __future__ import annotations

import array
import copy
import hashlib
import itertools
import mmap
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import ahocorasick
import pytest
from guard import flush_against_guard_page
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import naive_matcher

from sipcore.imfilter import _walking
from sipcore.imfilter._links import LinkFinder
from sipcore.imfilter._matcher import Matcher

#: Long enough for the search to let go of the GIL.
LONG = 1 << 22


def words(alphabet: str, longest: int, shortest: int = 1) -> list[bytes]:
    """Every word over an alphabet, by length."""
    return [
        "".join(letters).encode()
        for length in range(shortest, longest + 1)
        for letters in itertools.product(alphabet, repeat=length)
    ]


def assert_agrees_with_the_oracle(patterns: list[bytes], texts: list[bytes], ignore_case: bool) -> None:
    matcher = Matcher(patterns, ignore_case)
    for text in texts:
        expected = naive_matcher.find_all(patterns, text, ignore_case)
        assert matcher.find_overlapping(text) == naive_matcher.find_overlapping(patterns, text, ignore_case)
        assert matcher.find_all(text) == expected, (patterns, text)
        assert matcher.find(text) == (expected[0] if expected else None), (patterns, text)


# -- what it finds ----------------------------------------------------------------------------------------------------


def test_agrees_with_the_oracle_on_every_pair_of_short_patterns():
    texts = words("ab", 8, 0)
    for patterns in itertools.product(words("ab", 3), repeat=2):
        assert_agrees_with_the_oracle(list(patterns), texts, ignore_case=False)


def test_agrees_with_the_oracle_on_every_three_short_patterns():
    texts = words("ab", 6, 0)
    for patterns in itertools.combinations(words("ab", 3), 3):
        assert_agrees_with_the_oracle(list(patterns), texts, ignore_case=False)


@pytest.mark.parametrize("ignore_case", [True, False])
def test_agrees_with_the_oracle_where_case_differs(ignore_case):
    texts = words("aAb", 5, 0)
    for patterns in itertools.product(words("aAb", 2), repeat=2):
        assert_agrees_with_the_oracle(list(patterns), texts, ignore_case)


few_letters = st.lists(st.sampled_from([b"a", b"A", b"b", b":", b"\xe9", b"\0", b"\xff"])).map(b"".join)
any_pattern = st.one_of(st.binary(min_size=1, max_size=6), few_letters.filter(len))


@given(st.lists(any_pattern, max_size=12), st.one_of(st.binary(), few_letters), st.booleans())
def test_agrees_with_the_oracle_on_any_bytes(patterns, text, ignore_case):
    assert_agrees_with_the_oracle(patterns, [text], ignore_case)


@given(st.lists(any_pattern, max_size=5), few_letters, st.integers(0, 40))
def test_a_search_from_an_offset_sees_nothing_before_it(patterns, text, start):
    assert Matcher(patterns).find(text, start) == naive_matcher.find(patterns, text, start)


@given(st.sets(any_pattern, min_size=1, max_size=12), st.one_of(st.binary(), few_letters))
def test_finds_what_pyahocorasick_finds(patterns, text):
    listed = sorted(patterns)
    automaton = ahocorasick.Automaton()
    for index, pattern in enumerate(listed):
        automaton.add_word(pattern.decode("latin-1"), index)
    automaton.make_automaton()
    theirs = {
        (index, last + 1 - len(listed[index]), last + 1) for last, index in automaton.iter(text.decode("latin-1"))
    }
    assert set(Matcher(listed, ignore_case=False).find_overlapping(text)) == theirs


def test_the_match_that_begins_first_wins_even_where_another_ends_first():
    assert Matcher(["abcd", "bc"]).find(b"abcd") == (0, 0, 4)
    assert Matcher(["abcd", "bc"]).find(b"abcx") == (1, 1, 3)


def test_of_matches_with_one_beginning_the_longest_wins():
    assert Matcher(["h", "he", "hers"]).find(b"hers") == (2, 0, 4)
    assert Matcher(["h", "he", "hers"]).find(b"hero") == (1, 0, 2)


def test_the_next_match_begins_behind_the_one_before():
    assert Matcher(["aa", "ab"]).find_all(b"aaab") == [(0, 0, 2), (1, 2, 4)]


def test_of_equal_patterns_the_first_wins_and_each_has_its_own_overlapping_match():
    matcher = Matcher(["x", "he", "HE", "he"])
    assert matcher.find(b"He") == (1, 0, 2)
    assert matcher.find_all(b"He") == [(1, 0, 2)]
    assert matcher.find_overlapping(b"He") == [(1, 0, 2), (2, 0, 2), (3, 0, 2)]


def test_overlapping_matches_are_all_found_in_order_of_their_ends():
    found = Matcher(["he", "she", "his", "hers"]).find_overlapping(b"ushers")
    assert found == [(1, 1, 4), (0, 2, 4), (3, 2, 6)]


def test_text_patterns_match_their_utf8_bytes():
    assert Matcher(["grün"]).find("ist GRün".encode()) == (0, 4, 9)


def test_only_ascii_letters_lose_their_case():
    assert Matcher(["Ü"]).find("ü".encode()) is None
    assert Matcher([b"\xc4"]).find(b"\xe4") is None
    assert Matcher(["[@`{"]).find_all(b"{@`[") == []


def test_case_counts_when_asked_to():
    assert Matcher(["he"], ignore_case=False).find(b"HE he") == (0, 3, 5)


def test_patterns_of_every_byte_value_are_told_apart():
    matcher = Matcher([bytes([byte]) for byte in range(256)], ignore_case=False)
    assert matcher.find_all(bytes(range(256))) == [(byte, byte, byte + 1) for byte in range(256)]


def test_a_matcher_of_no_patterns_finds_nothing():
    assert Matcher([]).find_all(b"anything") == []
    assert Matcher([]).find(b"anything") is None


def test_many_patterns_are_all_found():
    patterns = [f"word{number}." for number in range(2000)]
    text = " ".join(patterns).encode()
    assert [index for index, _, _ in Matcher(patterns).find_overlapping(text)] == list(range(2000))
    assert [index for index, _, _ in Matcher(patterns).find_all(text)] == list(range(2000))


# -- what it takes and refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda data: array.array("b", data)])
def test_takes_any_contiguous_buffer(make):
    assert Matcher(["b"]).find(make(b"abc")) == (0, 1, 2)


def test_takes_a_map_of_memory():
    with mmap.mmap(-1, 100) as pages:
        pages[50:53] = b"abc"
        assert Matcher(["abc"]).find(pages) == (0, 50, 53)


def test_sees_the_bytes_of_wider_items():
    assert Matcher([b"\x01\x00\x00\x00\x02"]).find(array.array("I", [1, 2])) == (0, 0, 5)


def test_refuses_a_buffer_with_gaps():
    with pytest.raises(BufferError):
        Matcher(["b"]).find(memoryview(b"abcdef")[::2])


@pytest.mark.parametrize("haystack", ["text", None, 7])
def test_refuses_what_is_no_buffer(haystack):
    with pytest.raises(TypeError):
        Matcher(["b"]).find(haystack)


def test_lets_go_of_the_buffer_even_after_an_error():
    buffer = bytearray(b"abc")
    Matcher(["b"]).find_all(buffer)
    with pytest.raises(ValueError, match="start must not be negative"):
        Matcher(["b"]).find(buffer, -1)
    buffer.append(0)  # a bytearray that is still exported cannot grow
    assert len(buffer) == 4


def test_a_start_behind_the_end_finds_nothing():
    assert Matcher(["a"]).find(b"aaa", 4) is None
    assert Matcher(["a"]).find(b"aaa", 2**62) is None


@pytest.mark.parametrize("patterns", ["http:", b"http:"])
def test_refuses_one_string_in_place_of_patterns(patterns):
    with pytest.raises(TypeError, match="iterable"):
        Matcher(patterns)


def test_refuses_an_empty_pattern():
    with pytest.raises(ValueError, match="must not be empty"):
        Matcher(["a", ""])


def test_refuses_a_pattern_that_is_no_string():
    with pytest.raises(TypeError, match="not int"):
        Matcher(["a", 7])


# -- sharing ----------------------------------------------------------------------------------------------------------


def test_cannot_be_changed():
    matcher = Matcher(["a"])
    with pytest.raises(AttributeError):
        matcher.patterns = ("b",)
    matcher.__init__(["b"])
    assert matcher.find(b"ab") == (0, 0, 1)


@pytest.mark.parametrize("clone", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy, copy.deepcopy])
def test_a_clone_finds_the_same(clone):
    matcher = Matcher(["he", b"\xff"], ignore_case=False)
    again = clone(matcher)
    assert (again.patterns, again.ignore_case) == (("he", b"\xff"), False)
    assert again.find_all(b"he\xffHE") == matcher.find_all(b"he\xffHE")


def test_threads_share_one_matcher():
    matcher = Matcher(["he", "she", "his", "hers"])
    texts = [b"x" * (number * 1000) + b"ushers" for number in range(40)]
    expected = [matcher.find_all(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            assert list(pool.map(matcher.find_all, texts, timeout=60)) == expected


@pytest.mark.parametrize(
    "search",
    [
        Matcher(["needle"]).find,
        Matcher(["needle"]).find_all,
        Matcher(["needle"]).find_overlapping,
        LinkFinder(["needle:"]).find_first,
        LinkFinder(["needle:"]).find_all,
    ],
    ids=["find", "find_all", "find_overlapping", "links: find_first", "links: find_all"],
)
def test_a_long_search_lets_other_threads_run(search):
    # A bytearray cannot grow while it is exported, and the search exports it from its first to its last step. Whoever
    # sees it refuse to grow was running during a search.
    haystack = bytearray(LONG)
    seen = threading.Event()

    def search_until_seen() -> None:
        for _ in range(2000):
            search(haystack)
            if seen.is_set():
                return

    searcher = threading.Thread(target=search_until_seen)
    searcher.start()
    while searcher.is_alive() and not seen.is_set():
        try:
            haystack.append(0)
        except BufferError:
            seen.set()
        else:
            haystack.pop()
    searcher.join(60)
    assert seen.is_set()


# -- memory -----------------------------------------------------------------------------------------------------------


PATTERN_SETS = {
    "nowhere": [b"he", b"she", b"hers", b"e"],
    "to ends": [b"http:", b"ftp.", b"sip:", b"mailto:"],
    "to starts": [b"http://a", b"http://b", b"http://c", b"http://de"],
}


@pytest.mark.parametrize("leaps", PATTERN_SETS)
@pytest.mark.parametrize("text", [b"ushers http", b"x" * 5000, b"http:", b"see http://de _ftp.", b"he " * 30])
def test_never_reads_past_the_end(leaps, text):
    patterns = PATTERN_SETS[leaps]
    matcher = Matcher(patterns)
    assert matcher.leaps == leaps
    for length in range(max(0, len(text) - 100), len(text) + 1):
        with flush_against_guard_page(text[:length]) as view:
            assert matcher.find_overlapping(view) == naive_matcher.find_overlapping(patterns, text[:length])
            assert matcher.find_all(view) == naive_matcher.find_all(patterns, text[:length])


def test_more_matches_than_bytes_are_all_kept():
    patterns = ["a" * length for length in range(1, 41)]
    assert len(Matcher(patterns).find_overlapping(b"a" * 1000)) == sum(1001 - length for length in range(1, 41))
    assert Matcher(patterns).find_all(b"a" * 1000) == [(39, start, start + 40) for start in range(0, 1000, 40)]


def test_says_how_large_it_is():
    small, large = Matcher(["he", "hers"]), Matcher([f"word{number}" for number in range(1000)])
    assert small.states == 5
    assert Matcher([]).states == 1
    assert small.nbytes < 16_384 < large.nbytes < 1 << 20


def test_tables_of_patterns_without_common_beginnings_stay_within_their_bounds():
    # With a row of 256 columns for every state these would need 180 MB.
    patterns = [hashlib.sha512(number.to_bytes(4)).digest()[: number % 20 + 5] for number in range(12_000)]
    matcher = Matcher(patterns, ignore_case=False)
    assert matcher.nbytes < 16 << 20
    text = b"-".join(patterns[::100])
    assert matcher.find_overlapping(text) == naive_find_few(patterns, text)


def naive_find_few(patterns: list[bytes], text: bytes) -> list[tuple[int, int, int]]:
    """As the oracle, but by `bytes.find`: for many patterns."""
    found = []
    for index, pattern in enumerate(patterns):
        start = text.find(pattern)
        while start >= 0:
            found.append((index, start, start + len(pattern)))
            start = text.find(pattern, start + 1)
    return sorted(found, key=lambda match: (match[2], match[1], match[0]))


# -- the ways to get over text ----------------------------------------------------------------------------------------


def ends(patterns: list[bytes], text: bytes, ignore_case: bool) -> list[tuple[int, int]]:
    """Where patterns end, each with the length of the longest that ends there."""
    longest: dict[int, int] = {}
    for _, start, end in naive_matcher.find_overlapping(patterns, text, ignore_case):
        longest[end] = max(longest.get(end, 0), end - start)
    return sorted(longest.items())


def assert_every_way_agrees(patterns: list[bytes], text: bytes, ignore_case: bool = False, room: int = 1 << 24) -> None:
    keys = [pattern.translate(naive_matcher.ASCII_LOWER) if ignore_case else pattern for pattern in patterns]
    expected = ends(patterns, text, ignore_case)
    for way, found in _walking._ways(keys, ignore_case, text, room).items():
        assert found == expected, (way, patterns, text)


gaps = st.sampled_from([b"", b"-", b"-" * 7, b"-" * 40, b"-" * 200])
gappy_texts = st.lists(st.one_of(few_letters, gaps), min_size=1, max_size=12).map(b"".join).filter(len)


@settings(deadline=None)
@given(st.lists(any_pattern, max_size=8), gappy_texts, st.booleans(), st.sampled_from([0, 300, 1 << 24]))
def test_every_way_finds_the_same(patterns, text, ignore_case, room):
    # Without room only the root has a row, with a little some states have: the others are found by their fallbacks.
    assert_every_way_agrees(patterns, text, ignore_case, room)


@pytest.mark.parametrize("room", [0, 40, 1 << 24])
def test_every_way_finds_the_same_in_every_short_text(room):
    for patterns in ([b"ab", b"bab", b"abba"], [b"aab", b"aaab", b"ba"], [b"abab", b"bb"]):
        for text in words("ab", 7, 1):
            assert_every_way_agrees(patterns, text, room=room)


@pytest.mark.parametrize("place", [*range(3), *range(29, 36), *range(60, 70), *range(500, 530)])
def test_every_way_finds_a_match_wherever_it_stands(place):
    for pattern in (b"ab", b"abc", b"http:", b"x" * 20):
        for size in (place + len(pattern), place + len(pattern) + 1, place + 31, place + 64, 1100):
            text = b"-" * place + pattern + b"-" * (size - place - len(pattern))
            assert_every_way_agrees([pattern, b"abd"], text)
            assert_every_way_agrees([pattern, b"abd"], text[:-1] or b"-")


def test_leaps_to_where_patterns_are_rarest():
    assert Matcher(["http:", "www."]).leaps == "to ends"
    assert Matcher(["http://contoso", "http://fabrikam", "https"]).leaps == "to starts"
    assert Matcher([first + second for first in "etaoin" for second in "etaoin"]).leaps == "nowhere"
    assert Matcher(["http:", ":"]).leaps == "nowhere", "a single byte has no pair"
    assert Matcher([]).leaps == "nowhere"
