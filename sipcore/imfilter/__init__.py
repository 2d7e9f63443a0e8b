"""The filter for instant messages: rules and a message in, a verdict out."""

from sipcore.imfilter._matcher import Matcher
from sipcore.imfilter.filter import Action, Finding, ImFilter, Verdict
from sipcore.imfilter.rules import LCS2005, Rules

__all__ = ["LCS2005", "Action", "Finding", "ImFilter", "Matcher", "Rules", "Verdict"]
