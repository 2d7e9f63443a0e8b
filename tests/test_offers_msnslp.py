"""File offers in application/x-msnmsgrp2p."""

from __future__ import annotations

import pytest
from file_offers import file_context, framed, slp
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.offers import msnslp
from sipcore.imfilter.offers.offer import Offer, OfferedFile, UnreadableOfferError

REPORT = Offer("msnslp", (OfferedFile("report.doc", 46080),))
PICTURES = "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}"


def test_an_invitation_to_transfer_a_file_is_an_offer_with_name_and_size():
    assert msnslp.read(framed(slp())) == REPORT


def test_binary_headers_of_other_lengths_do_not_hide_it():
    assert msnslp.read(b"\x08\0\0\0\0\0\0\x01" + slp()) == REPORT
    assert msnslp.read(slp()) == REPORT


def test_the_guid_is_compared_without_case_and_braces():
    assert msnslp.read(framed(slp("5d3e02ab-6190-11d3-bbbb-00c04f795683", app_id="9"))) == REPORT


def test_without_a_guid_the_number_of_the_application_decides():
    assert msnslp.read(framed(slp(guid=None))) == REPORT
    assert msnslp.read(framed(slp(guid="{0}"))) == REPORT
    assert msnslp.read(framed(slp(guid=None, app_id="4"))) is None


def test_another_application_passes():
    assert msnslp.read(framed(slp(PICTURES, app_id="12"))) is None
    assert msnslp.read(framed(slp(PICTURES, app_id="2"))) is None


@pytest.mark.parametrize(
    "start", ["MSNSLP/1.0 200 OK", "MSNSLP/1.0 603 Decline", "BYE MSNMSGR:bob@contoso.example MSNSLP/1.0"]
)
def test_answers_and_ends_pass(start):
    assert msnslp.read(framed(slp(start=start))) is None


def test_the_data_of_a_session_pass():
    assert msnslp.read(framed(bytes(1202), session_id=1980589, offset=2404, whole=46080)) is None


def test_the_first_piece_of_an_offer_is_one():
    piece = slp()[:700]
    assert msnslp.read(framed(piece, whole=1400)) == REPORT
    offer = msnslp.read(framed(slp()[: slp().index(b"Context") + 12], whole=1400))
    assert offer == Offer("msnslp")


@pytest.mark.parametrize("size", [4, 20, 60, slp().index(b"5D3E") + 9])
def test_a_piece_that_does_not_tell_what_it_belongs_to_cannot_be_read(size):
    with pytest.raises(UnreadableOfferError, match="piece"):
        msnslp.read(framed(slp()[:size], whole=1400))
    with pytest.raises(UnreadableOfferError, match="piece"):
        msnslp.read(framed(slp()[700:], offset=700, whole=len(slp())))


@pytest.mark.parametrize("data", [b"", b"MSNSLP", bytes(47)])
def test_what_is_shorter_than_its_header_cannot_be_read(data):
    with pytest.raises(UnreadableOfferError, match="shorter than its header"):
        msnslp.read(data)


@pytest.mark.parametrize("context", ["!", "QUJD", file_context()[:20], "=" * 90])
def test_a_context_that_tells_nothing_leaves_an_offer_without_a_name(context):
    assert msnslp.read(framed(slp(context=context))) == Offer("msnslp")


def test_a_name_may_use_all_its_room_and_any_letters():
    assert msnslp.read(framed(slp(context=file_context("я" * 300)))) == Offer(
        "msnslp", (OfferedFile("я" * 259, 46080),)
    )


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100), st.integers(0, 2**64 - 1)
)
def test_names_and_sizes_come_out_as_they_were_put_in(name, size):
    assert msnslp.read(framed(slp(context=file_context(name, size)))) == Offer(
        "msnslp", (OfferedFile(name or None, size),)
    )
