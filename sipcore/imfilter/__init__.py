"""The filter for instant messages: rules and a message in, a verdict out."""

from sipcore.imfilter._matcher import Matcher
from sipcore.imfilter.filter import ImFilter
from sipcore.imfilter.profiles import LCS2005, LYNC, STRICT, Profile
from sipcore.imfilter.rules import FileOffers, Rules, Source
from sipcore.imfilter.verdict import Action, Finding, Verdict

__all__ = [
    "LCS2005",
    "LYNC",
    "STRICT",
    "Action",
    "FileOffers",
    "Finding",
    "ImFilter",
    "Matcher",
    "Profile",
    "Rules",
    "Source",
    "Verdict",
]
