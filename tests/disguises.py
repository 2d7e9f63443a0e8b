"""Links hidden by every trick that is to be undone, alone and one within the other, for hypothesis to combine."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

PLAIN_LINKS = ("http://a.example/x", "www.a.example", "mailto:a@b.example", "ftp.a.example", "sip:a@b.example")

Disguise = Callable[[str], str]


def _full_width(letter: str) -> str:
    return chr(ord(letter) + 0xFEE0)


def _bold(letter: str) -> str:
    return chr(0x1D41A + ord(letter) - ord("a")) if letter.islower() else letter


def _percent(letters: str) -> str:
    return "".join(f"%{byte:02x}" for byte in letters.encode())


def _reference(letters: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in letters)


def _hexadecimal_reference(letters: str) -> str:
    return "".join(f"&#X{ord(letter):06X};" for letter in letters)


#: What a letter can be written as in any character set.
IN_ASCII: tuple[Disguise, ...] = (
    str,
    str.upper,
    _percent,
    _reference,
    _hexadecimal_reference,
    lambda letter: _percent(_full_width(letter)),
    lambda letter: _reference(_full_width(letter)),
    lambda letter: _reference(_percent(letter)),
    lambda letter: _percent(_reference(letter)),
    lambda letter: _percent(_percent(_percent(letter))),
)
IN_UNICODE: tuple[Disguise, ...] = (
    *IN_ASCII,
    _full_width,
    _bold,
    lambda letter: _full_width("%") + "".join(map(_full_width, f"{ord(letter):x}")),
    lambda letter: _full_width("&") + _reference(letter)[1:],
)
#: What shows nothing, to be put between letters.
NOTHING_IN_ASCII = ("", "", "", "&shy;", "&#8203;", "&ZeroWidthSpace;", "%E2%80%8B", "\x00", "\x7f")
NOTHING_IN_LATIN = (*NOTHING_IN_ASCII, "\xad", "\xad\xad")
NOTHING_IN_UNICODE = (*NOTHING_IN_LATIN, "\u200b", "\u2060\u200d", "\u202e", "\ufe0f", "\U000e0068", "&#xad;\u180e")


def disguised(disguises: tuple[Disguise, ...], nothing: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
    """A link, and the same one in disguise."""

    def hide(link: str, choices: list[tuple[Disguise, str]]) -> tuple[str, str]:
        hidden = [disguise(letter) + between for letter, (disguise, between) in zip(link, choices, strict=True)]
        return link, "".join((*hidden[:-1], choices[-1][0](link[-1])))

    choice = st.tuples(st.sampled_from(disguises), st.sampled_from(nothing))
    return st.sampled_from(PLAIN_LINKS).flatmap(
        lambda link: st.lists(choice, min_size=len(link), max_size=len(link)).map(lambda choices: hide(link, choices))
    )
