"""Errors, limits and grammar: what every room stands on."""

from __future__ import annotations

import pickle

import pytest

from sipcore import grammar
from sipcore.errors import ConfigError, FramingError, HeaderError, ParseError, Problem, RulesError, SipError
from sipcore.limits import DEFAULT, MAX_MESSAGE_BYTES, Limits


def test_errors_name_the_place():
    assert str(ParseError("bad-start-line", 7)) == "bad-start-line at byte 7"
    assert str(HeaderError("bad-host", 40, "Via")) == "Via: bad-host at byte 40"
    problem = Problem("edge.toml:12", "partner[0].domain", "is not a domain")
    assert str(ConfigError([problem, problem])) == "\n".join(["edge.toml:12: partner[0].domain: is not a domain"] * 2)
    assert str(Problem("", "prefixes[3]", "is empty")) == "prefixes[3]: is empty"


def test_every_error_is_a_sip_error_and_can_be_pickled():
    for error in (
        ParseError("a", 1),
        FramingError("b", 2),
        HeaderError("c", 3, "Via"),
        RulesError([Problem("", "k", "m")]),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert isinstance(again, SipError)
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_limits_check_themselves():
    assert Limits() == DEFAULT
    for name in ("head", "body", "headers", "header", "start_line", "via", "params"):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: 0})
    with pytest.raises(ValueError, match="together"):
        Limits(body=MAX_MESSAGE_BYTES)


def test_names_are_spelt_once():
    lowered = [name.lower() for name in grammar.HEADERS]
    assert len(set(lowered)) == len(lowered)
    assert set(grammar.COMPACT_FORMS.values()) <= set(grammar.HEADERS)
    assert all(len(short) == 1 and short.islower() for short in grammar.COMPACT_FORMS)
    assert len(set(grammar.METHODS)) == len(grammar.METHODS)


def test_every_status_has_a_reason():
    assert grammar.reason_phrase(504) == "Server Time-out"
    assert all(grammar.reason_phrase(status) for status in range(100, 700))
