"""File offers in application/vnd.gsma.rcs-ft-http+xml."""

from __future__ import annotations

import pytest
from corpus import corpus
from file_offers import file_on_a_server

from sipcore import parse
from sipcore.imfilter.offers import rcs_http
from sipcore.imfilter.offers.offer import Offer, OfferedFile, UnreadableOfferError

REPORT = Offer("rcs-http", (OfferedFile("report.doc", 46080),))


def read(text: str) -> Offer:
    return rcs_http.read(text.encode())


def test_a_file_on_a_server_is_offered_and_its_thumbnail_is_not():
    assert read(file_on_a_server()) == REPORT


def test_the_kind_of_a_file_is_the_file_unless_it_says_thumbnail():
    assert read(file_on_a_server(kind="anything")) == REPORT
    assert read(file_on_a_server(kind=" Thumbnail ")) == Offer("rcs-http")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ft.example/f/evil.exe", "evil.exe"),
        ("https://ft.example/f/evil%2Eexe?id=1/2#3", "evil.exe"),
        ("https://ft.example/f/", None),
        ("", None),
    ],
)
def test_a_file_without_a_name_has_that_of_its_url(url, name):
    assert read(file_on_a_server(name=None, url=url)).name == name


def test_a_name_is_taken_before_the_url():
    assert read(file_on_a_server(url="https://ft.example/f/evil.exe")).name == "report.doc"


@pytest.mark.parametrize("text", ["<file/>", "<anything><else/></anything>"])
def test_nothing_but_an_offer_has_this_type(text):
    assert read(text) == Offer("rcs-http")


@pytest.mark.parametrize("text", ["", "<file>", "no document", "<file><file-info></file>", file_on_a_server()[:-1]])
def test_a_broken_document_cannot_be_read(text):
    with pytest.raises(UnreadableOfferError, match="not well-formed"):
        read(text)


def test_the_message_of_the_corpus_is_read():
    assert rcs_http.read(parse(corpus("ms", "syn-ft-rcs-http-message.sip").read_bytes()).body) == REPORT
