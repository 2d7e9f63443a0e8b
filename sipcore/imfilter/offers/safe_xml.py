"""XML of a stranger: expat from the standard library, told to refuse every document type declaration.

No declaration means no entity but the five of XML itself, so nothing expands, nothing is fetched, and what is read is
no longer than what was sent. (defusedxml does the same with the same hooks; its last release is of 2021.) Names of
elements lose their namespace and prefix: clients that ignore namespaces exist [C], so an offer in a wrong one counts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from sipcore.imfilter.offers.offer import UnreadableOfferError, as_view

__all__ = ["Element", "decoded", "parsed"]

#: Real documents are three or four elements deep.
_MOST_LEVELS = 32

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
                     (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))  # fmt: skip
_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)""")
#: What a document may declare: encodings in which markup is ASCII, and UTF-16, from which it may have been converted.
#: The name is never looked up, for Python goes to the file system for one it does not know, and remembers it for ever.
_MARKUP_IN_ASCII = re.compile(r"utf-?8|utf-?16([lb]e)?|us-ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE)


@dataclass(slots=True)
class Element:
    """An element: its local name, attributes by local name, the text before, between and behind its children."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """This element and those inside it that have that name, in the order of the document."""
        if self.name == name:
            yield self
        for child in self.children:
            yield from child.all(name)

    def texts(self, name: str) -> list[str]:
        """The texts of all elements of that name, white space collapsed."""
        return [" ".join(element.text.split()) for element in self.all(name)]


def decoded(data: bytes | memoryview) -> str:
    """A document as text, whose markup stands for itself.

    Raises:
        UnreadableOfferError: it is too long, or declares an encoding in which ASCII may be something else.
    """
    content = bytes(as_view(data))
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    text = content.decode(encoding, "replace").removeprefix("\ufeff")
    if (declared := _DECLARED.match(text.lstrip())) and not _MARKUP_IN_ASCII.fullmatch(declared[1]):
        raise UnreadableOfferError("XML in an encoding that is not read")
    return text


def parsed(text: str) -> Element:
    """The root element of a document.

    Raises:
        UnreadableOfferError: it is not well-formed, has a document type declaration, or nests too deep.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    reader = _Reader()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text.lstrip(), True)
    except expat.ExpatError as error:
        raise UnreadableOfferError(f"XML that is not well-formed: {expat.ErrorString(error.code)}") from None
    return reader.top.children[0]


class _Reader:
    """Builds the elements as expat meets them."""

    def __init__(self) -> None:
        self.top = Element("", {})
        self._open = [self.top]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MOST_LEVELS:
            raise UnreadableOfferError(f"XML deeper than {_MOST_LEVELS} elements")
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].text += text


def _local(name: str) -> str:
    """``"uri name"``, which is how expat gives a name with a namespace, to ``"name"``."""
    return name.rpartition(" ")[2]


def _refuse_doctype(*_declaration: object) -> None:
    raise UnreadableOfferError("XML with a document type declaration")
