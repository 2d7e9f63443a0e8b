"""The many-pattern matcher: against the naive oracle, against pyahocorasick, and at the edges of memory."""

from __future__ import annotations

import array
import copy
import itertools
import mmap
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import ahocorasick
import pytest
from guard import flush_against_guard_page
from hypothesis import given
from hypothesis import strategies as st
from oracle import naive_matcher

from sipcore.imfilter import _matcher
from sipcore.imfilter._matcher import Matcher, PrefixMatcher
from sipcore.imfilter.rules import DEFAULT_PREFIXES

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
    assert set(Matcher(listed, ignore_case=False).find_all(text)) == theirs


def test_the_match_that_ends_first_wins_even_where_another_begins_first():
    assert Matcher(["abcd", "bc"]).find(b"abcd") == (1, 1, 3)


def test_of_matches_with_one_end_the_longest_wins():
    assert Matcher(["e", "he", "she"]).find(b"she") == (2, 0, 3)


def test_equal_patterns_are_reported_under_each_index():
    assert Matcher(["he", "HE", "he"]).find_all(b"He") == [(0, 0, 2), (1, 0, 2), (2, 0, 2)]


def test_overlapping_matches_are_all_found_in_order_of_their_ends():
    found = Matcher(["he", "she", "his", "hers"]).find_all(b"ushers")
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
    assert clone(PrefixMatcher(["www*."])).find_all(b"www2.x") == [(0, 0, 6)]


def test_threads_share_one_matcher():
    matcher = Matcher(["he", "she", "his", "hers"])
    texts = [b"x" * (number * 1000) + b"ushers" for number in range(40)]
    expected = [matcher.find_all(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            assert list(pool.map(matcher.find_all, texts, timeout=60)) == expected


@pytest.mark.parametrize("search", [Matcher(["needle"]).find_all, PrefixMatcher(["needle:"]).find_all])
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


@pytest.mark.parametrize("text", [b"ushers http", b"x" * 5000, b"http:", b"see http://www.contoso.example/ _www"])
def test_never_reads_past_the_end(text):
    matcher = Matcher(["he", "she", "hers", "https:"])
    links = PrefixMatcher(DEFAULT_PREFIXES)
    for length in range(max(0, len(text) - 50), len(text) + 1):
        with flush_against_guard_page(text[:length]) as view:
            assert matcher.find_all(view) == naive_matcher.find_all([b"he", b"she", b"hers", b"https:"], text[:length])
            assert links.find_all(view) == naive_matcher.find_links(list(DEFAULT_PREFIXES), text[:length])


def test_more_matches_than_bytes_are_all_kept():
    patterns = ["a" * length for length in range(1, 41)]
    assert len(Matcher(patterns).find_all(b"a" * 1000)) == sum(1001 - length for length in range(1, 41))


def test_two_nodes_under_one_id_are_noticed():
    with pytest.raises(RuntimeError, match="one id"):
        _matcher._numbered([(1, 0), (2, 1), (2, 1)], [(1, b"a", 2), (1, b"b", 2)], [])


@pytest.mark.parametrize(
    "edges", [[(1, b"a", 2)], [(1, b"a", 2), (2, b"b", 3), (3, b"c", 2)], [(1, b"a", 2), (2, b"b", 1)]]
)
def test_a_dump_that_is_no_tree_is_noticed(edges):
    with pytest.raises(RuntimeError, match="not a tree"):
        _matcher._numbered([(1, 0), (2, 0), (3, 1)], edges, [])


# -- links by their prefixes ------------------------------------------------------------------------------------------


def links_in(text: str | bytes, prefixes: tuple[str, ...] = DEFAULT_PREFIXES) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [data[start:end].decode() for _, start, end in PrefixMatcher(prefixes).find_all(data)]


def test_agrees_with_the_oracle_on_every_short_text():
    prefixes = ["a:", "b*.", "ab.", "ba"]
    matcher = PrefixMatcher(prefixes)
    for text in words("ab:._/ ", 6, 0):
        assert matcher.find_all(text) == naive_matcher.find_links(prefixes, text), text


link_pieces = st.lists(
    st.sampled_from(
        ["http:", "HTTP:", "www", "2", ".", "//", "/", "_", " ", "x", "-", ",", "é", "<", '"', "\0", "ftp."]
    )
).map("".join)


@given(link_pieces)
def test_agrees_with_the_oracle_on_pieces_of_links(text):
    found = PrefixMatcher(DEFAULT_PREFIXES).find_all(text.encode())
    assert found == naive_matcher.find_links(list(DEFAULT_PREFIXES), text.encode())


@given(st.integers(55, 75), st.sampled_from(["a", "-", "_", "."]))
def test_the_asterisk_stands_for_one_host_label_at_most(length, letter):
    text = ("www" + "a" * length + letter + ".x").encode()
    assert PrefixMatcher(["www*."]).find_all(text) == naive_matcher.find_links(["www*."], text)


@pytest.mark.parametrize("text", ["www.x", "www2.x", "WWW-eu.x", "wwwbox.x"])
def test_the_asterisk_stands_for_the_rest_of_a_host_label(text):
    assert links_in(text) == [text]


@pytest.mark.parametrize("text", ["www", "www x.y", "www_2.x", "www2", "www. "])
def test_the_asterisk_needs_its_dot_and_something_behind_it(text):
    assert links_in(text) == []


@pytest.mark.parametrize("before", ["", " ", "(", "-", "/", ":", ".", "\n", "“", "看", "é"])
def test_a_word_starts_behind_anything_but_ascii_letters_digits_and_underscore(before):
    assert links_in(f"{before}http:x") == ["http:x"]


@pytest.mark.parametrize("before", ["a", "Z", "0", "9", "_"])
def test_no_word_starts_behind_an_ascii_letter_digit_or_underscore(before):
    assert links_in(f"{before}http:x") == []


@pytest.mark.parametrize("behind", ["", " ", "\t", "\r\n", "\0", "\x7f", " x"])
def test_a_prefix_with_nothing_visible_behind_it_is_no_link(behind):
    assert links_in(f"http:{behind}") == []


@pytest.mark.parametrize("end", ['"', "<", ">", " ", "\n", "\x7f"])
def test_a_link_ends_at_white_space_and_delimiters(end):
    assert links_in(f"http://a.example/b,c(d){end}e") == ["http://a.example/b,c(d)"]


def test_a_prefix_inside_a_link_is_not_a_second_link():
    assert links_in("http://www.a.example/http://b.example") == ["http://www.a.example/http://b.example"]


def test_links_beyond_the_limit_are_not_looked_for():
    assert PrefixMatcher(["a:"]).find_all(b"a:1 a:2 a:3", 2) == [(0, 0, 3), (0, 4, 7)]


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        PrefixMatcher(["a:"]).find_all(b"a:1", 0)


def test_prefixes_must_not_be_one_string():
    with pytest.raises(TypeError, match="iterable"):
        PrefixMatcher("http:")


def test_text_made_of_candidates_is_searched_in_one_walk():
    # Each of these is refused after a look ahead or back; that look must not be to the end of the text.
    for candidate in (b"www-", b"www ", b"_http://", b"xhttp:", b"http: "):
        assert PrefixMatcher(DEFAULT_PREFIXES).find_all(candidate * (LONG // len(candidate))) == []
