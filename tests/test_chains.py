"""The chain of a decision: text to who reads it, written no earlier."""

from __future__ import annotations

from sipcore.edge.chains import Chain, Line, told


def counted(asked: list[str], text: str) -> Line:
    """A line that notes when it is written."""

    def line() -> str:
        asked.append(text)
        return text

    return line


def test_a_line_is_written_when_somebody_reads_it_and_not_before() -> None:
    asked: list[str] = []
    chain = Chain(["first", counted(asked, "second"), counted(asked, "third")])
    assert (len(chain), asked) == (3, [])
    assert chain[1] == "second"
    assert asked == ["second"]


def test_what_follows_a_chain_puts_nothing_of_it_into_words() -> None:
    asked: list[str] = []
    longer = Chain.of(Chain([counted(asked, "first")]), "second", counted(asked, "third"))
    assert (len(longer), asked) == (3, [])
    assert longer == ("first", "second", "third")


def test_it_reads_like_the_tuple_of_its_texts() -> None:
    chain = Chain(["first", lambda: "second", lambda: "third"])
    assert list(chain) == ["first", "second", "third"]
    assert (chain[-1], chain[-2:], chain[:1]) == ("third", ("second", "third"), ("first",))
    assert (*chain, "fourth") == ("first", "second", "third", "fourth")
    assert repr(chain) == "('first', 'second', 'third')"


def test_it_compares_and_hashes_by_what_it_tells() -> None:
    chain, same = Chain(["first", lambda: "second"]), Chain([lambda: "first", "second"])
    assert chain == same == ("first", "second")
    assert hash(chain) == hash(same)
    assert chain != Chain(["first"])
    assert chain != "first second"


def test_a_line_is_a_text_or_how_to_write_it() -> None:
    assert (told("text"), told(lambda: "written")) == ("text", "written")
