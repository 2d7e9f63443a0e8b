"""The verification levels: the whole table, and what the mark says."""

from __future__ import annotations

import pytest

from sipcore.edge.tables import VerificationLevel
from sipcore.edge.verification import Assertion, assertion_of, is_verified, mark_for

CONTACT_LIST, BY_PROVIDER, ALL = VerificationLevel

#: level, then: asserted verified, unverified, absent, malformed, given twice
TABLE = {
    CONTACT_LIST: (False, False, False, False, False),
    BY_PROVIDER: (True, False, False, False, False),
    ALL: (True, True, True, True, True),
}


@pytest.mark.parametrize("level", VerificationLevel)
@pytest.mark.parametrize(("column", "assertion"), list(enumerate(Assertion)))
def test_a_level_and_an_assertion_make_a_sender_verified_or_not(
    level: VerificationLevel, column: int, assertion: Assertion
) -> None:
    assert is_verified(level, assertion) is TABLE[level][column]
    assert mark_for(level, assertion).verified is TABLE[level][column]


@pytest.mark.parametrize(
    ("fields", "assertion"),
    [
        (["verified"], Assertion.VERIFIED),
        (["VERIFIED"], Assertion.VERIFIED),
        ([" unverified "], Assertion.UNVERIFIED),
        ([], Assertion.ABSENT),
        ([""], Assertion.MALFORMED),
        (["true"], Assertion.MALFORMED),
        (["verified, verified"], Assertion.MALFORMED),
        (["verified;really"], Assertion.MALFORMED),
        (["verified", "verified"], Assertion.REPEATED),
        (["unverified", "verified"], Assertion.REPEATED),
    ],
)
def test_only_one_clear_word_asserts_anything(fields: list[str], assertion: Assertion) -> None:
    assert assertion_of(fields) is assertion


def test_the_mark_names_source_edge_verification_and_network() -> None:
    assert mark_for(ALL, Assertion.UNVERIFIED).text("edge.contoso.example") == (
        "ms-source-type=DirectPartner;ms-ep-fqdn=edge.contoso.example;"
        "ms-source-verified-user=verified;ms-source-network=federation"
    )
    assert ";ms-source-verified-user=unverified;" in mark_for(CONTACT_LIST, Assertion.VERIFIED).text(
        "edge.contoso.example"
    )
