"""What varies from message to message: users, hosts, tags, branches, Call-IDs, words. All from one seeded generator.

A parser that is timed on one flat string again and again shows how well it predicts that string. Here Call-IDs, tags,
branches and users have far more than 10,000 values. Names stand under .example (RFC 2606), addresses in the ranges of
RFC 5737.
"""
# ruff: noqa: SIM905 - lists of words read best as text

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["INSIDE", "OUTSIDE", "Draw", "User"]

#: Ours, and those of partners.
INSIDE = "contoso.example"
OUTSIDE = ("fabrikam.example", "northwind.example", "tailspin.example", "wingtip.example")

_GIVEN = (
    "alice amara anton beatriz bilal carol chen daria david elif emeka fatima felix giulia hana henrik ines ivan "
    "jamal jane kaito karin lars leila mateo mina nadia noor olga omar paula pavel quinn rosa samir sofia tariq "
    "tomas ursula vera viktor wanda xenia yara yusuf zoe"
).split()
_FAMILY = (
    "abadi adler baker bauer castro chandra dahl dubois eriksen evans fischer fontana garcia gruber haddad hansen "
    "ito ivanova jansen jung kaya keller kowalski laine lopez mbeki meyer moreau nagy nilsson okafor olsen papas "
    "petrov quist rahman rossi santos schmidt silva tanaka torres ueda varga vogel weber wolf yamada young zhang"
).split()
_WORDS = (
    "about after again also always another around because before between budget build call change clear colour "
    "could day desk draft early enough every evening figures finish first floor four fresh good great half have "
    "here hour idea just kitchen large last late letter list little lunch made make many meet meeting minutes money "
    "month morning most move much need never next nine noon note number office often only open order other paper "
    "part people phone place plan please price printer project put question quick quiet ready report right river "
    "room same second send seven should small some soon start still street summer table talk thank that their then "
    "there thing think third this three through time today together tomorrow train travel tree two under until "
    "upstairs very visit wait walk want water week well what when where which white window winter with work would "
    "write year yellow yesterday young"
).split()
_ACCENTED = "café naïve façade déjà Straße привет завтра спасибо".split()

#: Each word eight times, once with a comma and once with a full stop. Words have at least three letters, so that with
#: the space behind it each fills four characters or more.
_ENGLISH, _MIXED = (
    [word + mark for word in words for mark in ("", "", "", "", "", "", ",", ".")]
    for words in (_WORDS, _WORDS + _ACCENTED)
)

#: RFC 5737: addresses that nobody has.
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who sends or gets messages.

    Attributes:
        name: as a person writes it: ``"Alice Adler"``.
        user, domain: the two halves of the address: ``"alice.adler42"``, ``"contoso.example"``.
    """

    name: str
    user: str
    domain: str

    @property
    def address(self) -> str:
        """``"alice.adler42@contoso.example"``."""
        return f"{self.user}@{self.domain}"

    @property
    def uri(self) -> str:
        """``"sip:alice.adler42@contoso.example"``."""
        return f"sip:{self.user}@{self.domain}"


class Draw:
    """Draws from a generator; the same generator state gives the same draws."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def inside(self) -> User:
        """One of ours: 240,000 different ones."""
        return self._user(INSIDE)

    def outside(self) -> User:
        """A user of a partner: four times as many."""
        return self._user(self._random.choice(OUTSIDE))

    def _user(self, domain: str) -> User:
        given, family = self._random.choice(_GIVEN), self._random.choice(_FAMILY)
        return User(f"{given.title()} {family.title()}", f"{given}.{family}{self._random.randrange(100)}", domain)

    def number(self, low: int, high: int) -> int:
        """From low up to and with high."""
        return self._random.randint(low, high)

    def hex(self, digits: int) -> str:
        """So many hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def branch(self) -> str:
        """A Via branch with the cookie of RFC 3261 section 8.1.1.7."""
        return "z9hG4bK" + self.hex(16)

    def host(self) -> str:
        """An address: one of 762."""
        return f"{self._random.choice(_NETWORKS)}.{self._random.randint(1, 254)}"

    def socket(self) -> str:
        """An address with a port."""
        return f"{self.host()}:{self._random.randint(1024, 65535)}"

    def phone(self) -> str:
        """A number from the block that North American plans keep for fiction, with a varying area code."""
        return f"+1{self._random.randint(200, 999)}55501{self._random.randint(0, 99):02d}"

    def prose(self, size: int) -> str:
        """Words in sentences: exactly ``size`` characters of ASCII.

        The messages carry nothing else: of the peers, sippy counts a body in characters and refuses every other text.
        """
        return self._sentences(size, _ENGLISH)

    def mixed_prose(self, size: int) -> str:
        """Words in sentences, some with accents, some Cyrillic: exactly ``size`` characters."""
        return self._sentences(size, _MIXED)

    def _sentences(self, size: int, words: list[str]) -> str:
        return " ".join(self._random.choices(words, k=size // 4 + 1))[: size - 1].ljust(size, ".")
