"""SIP messages as they are on the wire: parse without copying, filter, edit byte for byte.

This file is the public face and nothing else. What the names mean stands in the stub or module that they come from.
"""

from pathlib import Path as _Path

from sipcore._edit import Edit
from sipcore._framer import Framer
from sipcore._parser import Message, parse
from sipcore._reader import Reader
from sipcore._values import CSeq, MediaType, NameAddr, Uri, Via
from sipcore.build import respond
from sipcore.errors import EditError, FramingError, HeaderError, ParseError, SipError
from sipcore.imfilter import LCS2005, Action, ImFilter, Rules, Verdict
from sipcore.limits import Limits
from sipcore.validate import Refusal, validate

__all__ = [
    "LCS2005",
    "Action",
    "CSeq",
    "Edit",
    "EditError",
    "Framer",
    "FramingError",
    "HeaderError",
    "ImFilter",
    "Limits",
    "MediaType",
    "Message",
    "NameAddr",
    "ParseError",
    "Reader",
    "Refusal",
    "Rules",
    "SipError",
    "Uri",
    "Verdict",
    "Via",
    "get_include",
    "parse",
    "respond",
    "validate",
]


def __getattr__(name: str) -> str:
    """``__version__`` is looked up when asked for: reading package metadata takes longer than loading all the rest."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sipcore")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_include() -> str:
    """The folder of the declarations and headers that a Cython or C build of yours needs."""
    return str(_Path(__file__).parent)
