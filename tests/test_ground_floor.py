"""Errors, limits and grammar: what every room stands on."""

from __future__ import annotations

import pickle
from dataclasses import fields

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


def test_what_limits_overlook_is_off_and_called_dangerous():
    flags = [field.name for field in fields(Limits) if field.type == "bool"]
    assert flags == ["dangerous_bare_lf", "dangerous_missing_length"]
    assert not any(getattr(DEFAULT, flag) for flag in flags)


def test_names_are_spelt_once():
    lowered = [name.lower() for name in grammar.HEADERS]
    assert len(set(lowered)) == len(lowered)
    assert set(grammar.COMPACT_FORMS.values()) <= set(grammar.HEADERS)
    assert all(len(short) == 1 and short.islower() for short in grammar.COMPACT_FORMS)
    assert len(set(grammar.METHODS)) == len(grammar.METHODS)


#: What each standard brings; RFC 3311, 3428 and 5627 bring no header. RFC 6665 replaces 3265.
HEADERS_BY_STANDARD = {
    "RFC 3261": "Accept Accept-Encoding Accept-Language Alert-Info Allow Authentication-Info Authorization Call-ID "
    "Call-Info Contact Content-Disposition Content-Encoding Content-Language Content-Length Content-Type CSeq Date "
    "Error-Info Expires From In-Reply-To Max-Forwards MIME-Version Min-Expires Organization Priority "
    "Proxy-Authenticate Proxy-Authorization Proxy-Require Record-Route Reply-To Require Retry-After Route Server "
    "Subject Supported Timestamp To Unsupported User-Agent Via Warning WWW-Authenticate",
    "RFC 3262": "RAck RSeq",
    "RFC 3323": "Privacy",
    "RFC 3325": "P-Asserted-Identity P-Preferred-Identity",
    "RFC 3326": "Reason",
    "RFC 3327": "Path",
    "RFC 3515": "Refer-To",
    "RFC 3608": "Service-Route",
    "RFC 3891": "Replaces",
    "RFC 3892": "Referred-By",
    "RFC 3903": "SIP-ETag SIP-If-Match",
    "RFC 4028": "Min-SE Session-Expires",
    "RFC 5626": "Flow-Timer",
    "RFC 6665": "Allow-Events Event Subscription-State",
    "RFC 7044": "History-Info",
    "Microsoft": "Compression ms-diagnostics ms-diagnostics-public ms-edge-proxy-message-trust ms-im-format "
    "ms-keep-alive ms-piggyback-cseq ms-split-domain-info ms-text-format",
}
REGISTERED_COMPACT_FORMS = "abcdefijklmnorstuvxy"


@pytest.mark.parametrize(("standard", "names"), HEADERS_BY_STANDARD.items())
def test_every_header_of_the_standards_has_an_id(standard, names):
    assert set(names.split()) <= set(grammar.HEADERS), standard


def test_every_registered_compact_form_is_known_and_no_other():
    assert "".join(sorted(grammar.COMPACT_FORMS)) == REGISTERED_COMPACT_FORMS


def test_names_fit_the_byte_that_an_id_has():
    assert len(grammar.HEADERS) + len(grammar.COMPACT_FORMS) < 255


def test_every_status_has_a_reason():
    assert grammar.reason_phrase(504) == "Server Time-out"
    assert all(grammar.reason_phrase(status) for status in range(100, 700))
