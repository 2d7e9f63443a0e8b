"""The table of dialects: each reads its own offer, whatever is done to it, and raises one thing only."""

from __future__ import annotations

import pickle

import pytest
from file_offers import OFFERS
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import request

from sipcore import ImFilter
from sipcore.imfilter.offers.offer import MOST_BYTES
from sipcore.imfilter.transfer import OFFER_TYPES, Offer, OfferedFile, UnreadableOfferError

SEALED = "application/cipher.vnd.gsma.rcs-ft-http+xml"
REPORT = (OfferedFile("report.doc", 46080),)


def test_every_type_has_an_example_and_is_written_as_it_is_looked_up():
    assert OFFERS.keys() == OFFER_TYPES.keys()
    assert all(essence == essence.lower() for essence in OFFER_TYPES)


@pytest.mark.parametrize("essence", OFFERS.keys() - {SEALED})
def test_every_dialect_tells_the_name_and_size_of_the_file(essence):
    for data in (OFFERS[essence], memoryview(OFFERS[essence])):
        offer = OFFER_TYPES[essence](data)
        assert offer is not None
        assert (offer.files, offer.name, offer.size, offer.pull) == (REPORT, "report.doc", 46080, False)


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
@pytest.mark.parametrize("essence", OFFERS)
def test_the_filter_finds_every_dialect_alone_and_among_other_parts(essence, method):
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: %b\r\n\r\n%b\r\n--b--\r\n"
    mixed = parts % (essence.encode(), OFFERS[essence])
    for message in (
        request(OFFERS[essence], essence, method),
        request(mixed, "multipart/mixed; boundary=b", method),
    ):
        verdict = ImFilter().check(message)
        assert [finding.rule for finding in verdict.findings] == ["file-transfer"]
        assert not verdict.passed


def test_the_filter_finds_a_file_on_a_server_in_a_message_of_cpim():
    essence = "application/vnd.gsma.rcs-ft-http+xml"
    head = b"From: <sip:alice@fabrikam.example>\r\nTo: <sip:bob@contoso.example>\r\n\r\n"
    wrapped = head + b"Content-Type: " + essence.encode() + b"\r\n\r\n" + OFFERS[essence]
    (finding,) = ImFilter().check(request(wrapped, "message/cpim")).findings
    assert (finding.rule, finding.matched) == ("file-transfer", "report.doc (46080 bytes)")


def test_an_encrypted_offer_is_one_of_which_nothing_is_known():
    assert OFFER_TYPES[SEALED](OFFERS[SEALED]) == Offer("rcs-http", (OfferedFile(None, None),))


@pytest.mark.parametrize("essence", OFFERS)
def test_no_dialect_reads_more_than_the_bound(essence):
    with pytest.raises(UnreadableOfferError, match="more than 65536 bytes"):
        OFFER_TYPES[essence](OFFERS[essence] + bytes(MOST_BYTES))


@pytest.mark.parametrize("essence", OFFERS)
@given(data=st.binary(max_size=300))
def test_no_dialect_raises_anything_else_for_any_bytes(essence, data):
    try:
        offer = OFFER_TYPES[essence](data)
    except UnreadableOfferError as error:
        assert str(error)
    else:
        assert offer is None or offer.files


@pytest.mark.parametrize("essence", OFFERS)
@given(data=st.data())
def test_no_dialect_raises_anything_else_for_a_broken_offer(essence, data):
    whole = OFFERS[essence]
    at, cut = (data.draw(st.integers(0, len(whole))) for _ in range(2))
    broken = (whole[:at] + data.draw(st.binary(max_size=8)) + whole[at + 1 :])[:cut]
    try:
        offer = OFFER_TYPES[essence](broken)
    except UnreadableOfferError:
        return
    assert offer is None or all(file.size is None or 0 <= file.size < 10**20 for file in offer.files)


@pytest.mark.parametrize(
    ("offer", "shown"),
    [
        (Offer("sdp", (OfferedFile("report.doc", 46080),)), "report.doc (46080 bytes)"),
        (Offer("sdp", (OfferedFile("report.doc"),)), "report.doc"),
        (Offer("sdp", (OfferedFile(None, 7),)), "a file without a name (7 bytes)"),
        (Offer("sdp", (OfferedFile("a.doc", 1), OfferedFile("b.doc"))), "a.doc (1 bytes), b.doc"),
        (Offer("sdp", (OfferedFile("a.doc"),), pull=True), "asks for a.doc"),
        (Offer("rcs-http"), "a file without a name"),
    ],
)
def test_an_offer_says_what_is_offered(offer, shown):
    assert str(offer) == shown


def test_an_offer_names_all_its_files():
    assert Offer("sdp", (OfferedFile("a.doc"), OfferedFile(None))).names == ("a.doc", None)


def test_an_offer_without_a_file_cannot_be_made():
    with pytest.raises(ValueError, match="at least one file"):
        Offer("sdp", ())


def test_an_offer_can_be_pickled_and_compared():
    offer = Offer("sdp", REPORT)
    assert pickle.loads(pickle.dumps(offer)) == offer
    assert hash(offer) == hash(Offer("sdp", REPORT))
