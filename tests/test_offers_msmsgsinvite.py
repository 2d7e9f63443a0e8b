"""File offers in text/x-msmsgsinvite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_messages import file_offer

from sipcore.imfilter.offers import msmsgsinvite
from sipcore.imfilter.offers.offer import Offer, OfferedFile


def read(text: str) -> Offer | None:
    return msmsgsinvite.read(text.encode())


def offer_of(name: str | None = "report.doc", size: int | None = 46080) -> Offer:
    return Offer("msmsgsinvite", (OfferedFile(name, size),))


def test_an_invitation_to_transfer_a_file_is_an_offer_with_name_and_size():
    assert read(file_offer()) == offer_of()


def test_the_guid_alone_makes_an_offer():
    assert read(file_offer(Application_Name=None)) is not None
    assert read(file_offer(Application_Name="Whiteboard")) is not None


def test_the_name_alone_makes_an_offer():
    assert read(file_offer(Application_GUID=None)) is not None
    assert read(file_offer(Application_GUID="{1A879604-D1B8-11D7-9066-0003FF431510}")) is not None


@pytest.mark.parametrize("guid", ["{5d3e02ab-6190-11D3-bbbb-00c04f795683}", "5D3E02AB-6190-11d3-BBBB-00C04F795683"])
def test_the_guid_is_compared_without_case_and_braces(guid):
    assert read(file_offer(Application_GUID=guid, Application_Name=None)) is not None


def test_names_and_values_are_compared_without_case_and_spacing():
    text = "application-NAME :  file \t transfer\r\nINVITATION-command:invite\r\n"
    assert read(text) == offer_of(None, None)


@pytest.mark.parametrize("command", ["ACCEPT", "CANCEL", "REINVITE", "", None])
def test_an_answer_to_an_offer_is_no_offer(command):
    assert read(file_offer(Invitation_Command=command)) is None


def test_an_invitation_to_another_application_is_no_offer():
    other = file_offer(
        Application_Name="NetMeeting", Application_GUID="{44BBA842-CC51-11CF-AAFA-00AA00B6015C}", Application_File=None
    )
    assert read(other) is None


@pytest.mark.parametrize("text", ["", "\r\n", "INVITE", "Invitation-Command INVITE"])
def test_text_that_is_no_invitation_is_no_offer(text):
    assert read(text) is None


def test_of_a_field_given_twice_either_value_can_make_it_an_offer():
    assert read("Invitation-Command: CANCEL\r\n" + file_offer()) is not None
    assert read(file_offer() + "Invitation-Command: CANCEL\r\n") is not None
    assert read("Application-GUID: {0}\r\n" + file_offer(Application_Name=None)) is not None


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_any_line_end_will_do(end):
    assert read(file_offer().replace("\r\n", end)) == offer_of()


def test_a_folded_value_is_read_whole():
    assert read(file_offer(Application_GUID=None, Application_Name="File\r\n Transfer")) is not None


def test_a_nul_hides_nothing():
    assert read(file_offer(Application_GUID=None, Application_Name="File Transfer\0", Invitation_Command="IN\0VITE"))


@pytest.mark.parametrize("size", ["", "many", "-1", "46 080", "9" * 21, "²"])
def test_a_size_that_is_no_number_is_left_out(size):
    assert read(file_offer(Application_FileSize=size)) == offer_of(size=None)


@given(st.binary())
def test_whatever_follows_an_offer_it_stays_one(rest):
    offer = msmsgsinvite.read(file_offer().encode() + rest)
    assert offer is not None
    assert offer.files[0] == OfferedFile("report.doc", 46080)


def test_a_name_given_twice_is_two_files():
    offer = read(file_offer(Application_File="report.txt\r\nApplication-File: report.exe"))
    assert offer is not None
    assert offer.names == ("report.txt", "report.exe")
