"""File offers in application/ms-filetransfer+xml."""

from __future__ import annotations

import pytest
from file_offers import publish_file

from sipcore.imfilter.offers import ms_filetransfer
from sipcore.imfilter.offers.offer import Offer, OfferedFile, UnreadableOfferError

REPORT = Offer("ms-filetransfer", (OfferedFile("report.doc", 46080),))


def read(text: str, encoding: str = "utf-8") -> Offer | None:
    return ms_filetransfer.read(text.encode(encoding))


def test_a_request_to_publish_a_file_is_an_offer_with_name_and_size():
    assert read(publish_file()) == REPORT


def test_prefix_namespace_and_declaration_do_not_matter():
    assert read(publish_file(prefix="ft")) == REPORT
    assert read(publish_file().replace("schemas.microsoft.com", "elsewhere.example")) == REPORT
    assert read('<?xml version="1.0" encoding="utf-8"?>\r\n' + publish_file()) == REPORT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_it_is_read_in_every_encoding_that_xml_demands(encoding):
    assert read(publish_file(), encoding) == REPORT


def test_what_was_converted_may_still_declare_what_it_was():
    assert read('<?xml version="1.0" encoding="UTF-16"?>' + publish_file()) == REPORT


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "x-unheard-of", "rot13"])
def test_an_encoding_in_which_markup_may_be_hidden_is_not_read(encoding):
    with pytest.raises(UnreadableOfferError, match="encoding"):
        read(f'<?xml version="1.0" encoding="{encoding}"?>' + publish_file())


def test_all_files_are_reported_and_a_name_given_twice_is_two():
    info = (
        "<fileInfo><name>a.txt</name><name>a.exe</name><size>1</size></fileInfo><fileInfo><name>b.txt</name></fileInfo>"
    )
    offer = read(f"<request><publishFile>{info}</publishFile></request>")
    assert offer is not None
    assert offer.files == (OfferedFile("a.txt", 1), OfferedFile("a.exe", 1), OfferedFile("b.txt", None))


@pytest.mark.parametrize("inside", ["", "<fileInfo/>", "<fileInfo><id>1</id></fileInfo>"])
def test_a_file_without_a_name_is_offered_all_the_same(inside):
    assert read(f"<request><publishFile>{inside}</publishFile></request>") == Offer("ms-filetransfer")


def test_entities_of_characters_are_read_in_a_name():
    assert read(publish_file("r&#101;port&amp;&#x2e;doc")) == Offer(
        "ms-filetransfer", (OfferedFile("report&.doc", 46080),)
    )


@pytest.mark.parametrize(
    "text",
    [
        "<request requestId='2'><downloadFile><fileInfo><name>a.doc</name></fileInfo></downloadFile></request>",
        "<request requestId='3'><cancelTransfer><transferId>1</transferId></cancelTransfer></request>",
        "<response requestId='1' code='success'/>",
        "<notify notifyId='7'><fileTransferProgress><transferId>1</transferId></fileTransferProgress></notify>",
        "<request><!-- publishFile --></request>",
        "<request note='publishFile'>publishFile</request>",
    ],
)
def test_what_follows_an_offer_is_none(text):
    assert read(text) is None


def test_the_cancellation_that_one_client_sends_passes_though_it_is_not_well_formed():
    assert read("<request requestId='3'/><cancelTransfer><transferId>1</transferId></cancelTransfer></request>") is None


@pytest.mark.parametrize("end", range(60, len(publish_file()), 40))
def test_an_offer_cut_short_cannot_be_read(end):
    text = publish_file()[:end]
    if "publishFile" in text:
        with pytest.raises(UnreadableOfferError, match="not well-formed"):
            read(text)
    else:
        assert read(text) is None


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE request>",
        '<!DOCTYPE r SYSTEM "http://evil.example/x.dtd">',
        '<!DOCTYPE r [<!ENTITY p "<publish&#70;ile/>">]>',
    ],
)
def test_a_document_type_declaration_is_refused_before_anything_is_expanded(declaration):
    with pytest.raises(UnreadableOfferError, match="document type declaration"):
        read(f"{declaration}<r>&p;</r>")


def test_endless_entities_are_never_expanded():
    bomb = "<!DOCTYPE r [<!ENTITY a 'x'>" + "".join(
        f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(UnreadableOfferError, match="document type declaration"):
        read(f"{bomb}]><r><publishFile>&i;</publishFile></r>")


@pytest.mark.parametrize("levels", [40, 5000])
def test_a_document_that_nests_too_deep_is_not_read(levels):
    with pytest.raises(UnreadableOfferError, match="deeper than 32"):
        read("<a>" * levels + "<publishFile/>" + "</a>" * levels)
