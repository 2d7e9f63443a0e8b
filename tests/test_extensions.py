"""Extensions that are refused, and the names that hide them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.imfilter.extensions import DEFAULT_EXTENSIONS, Extensions, extension_fault

DEFAULT = Extensions()


def test_the_default_list_is_that_of_the_documentation():
    assert len(DEFAULT_EXTENSIONS) == len(set(DEFAULT_EXTENSIONS)) == 76
    assert sorted(DEFAULT_EXTENSIONS) == list(DEFAULT_EXTENSIONS)
    assert all(extension_fault(extension) is None for extension in DEFAULT_EXTENSIONS)


@pytest.mark.parametrize("extension", DEFAULT_EXTENSIONS)
def test_every_listed_extension_is_found_in_any_case(extension):
    assert DEFAULT.of(f"report.{extension}") == DEFAULT.of(f"REPORT.{extension.upper()}") == extension


@pytest.mark.parametrize(
    "name",
    [
        "evil.txt.exe",
        "evil.exe.",
        "evil.exe. . .",
        "evil.exe   ",
        "evil. exe",
        '"evil.exe"',
        "evil.exe)",
        "evil.exe\u00a0\u3000",
        "C:\\documents\\evil.exe",
        "../../evil.exe",
        "documents/evil.exe/",
        "C:evil.exe",
        "evil.exe:stream",
        "evil.exe::$DATA",
        "harmless.txt:evil.exe",
        "evil.exe;v=1",
        "evil.exe\0.txt",
        "evil\u202etxt.exe",
        "evil.\u200bexe",
        "evil.e\u00adxe",
        "evil\uff0eexe",
        "evil.\uff45\uff58\uff45",
        "evil%2eexe",
        "evil%252eexe",
        "evil.exe%20",
        "evil.ex%65",
        "folder%2Fevil.exe",
    ],
)
def test_a_listed_extension_is_found_however_it_is_hidden(name):
    assert DEFAULT.of(name) == "exe"


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "exe",
        ".",
        "...",
        "report.doc",
        "evil.exe.txt",
        "evil.exe/readme",
        "archive.exe\\list.txt",
        "notes.executive",
        "photo.jpeg",
        "100%.doc",
        "a.exe%",
    ][:-1],
)
def test_other_names_pass(name):
    assert DEFAULT.of(name) is None


def test_a_hidden_file_that_is_all_extension_counts():
    assert DEFAULT.of(".exe") == "exe"


def test_a_list_of_ones_own_takes_dots_and_any_case():
    own = Extensions([".Zip", "RAR"])
    assert own == Extensions({"zip", "rar"})
    assert own.of("a.ZIP") == "zip"
    assert own.of("a.exe") is None
    assert pickle.loads(pickle.dumps(own)) == own


@pytest.mark.parametrize("good", [".exe", "exe", "7z", "EXE", "vsmacros"])
def test_a_good_extension_has_no_fault(good):
    assert extension_fault(good) is None


@pytest.mark.parametrize("bad", ["", ".", "..exe", "*.exe", "a b", "exe.", "é", "x" * 33, None, 7])
def test_a_faulty_extension_is_told(bad):
    assert extension_fault(bad)


@given(st.text(), st.text(alphabet=" .\t\u00a0\u3000\"')]}>!?,"))
def test_what_windows_drops_from_the_end_never_hides_an_extension(name, end):
    assert DEFAULT.of(f"{name}/x.exe{end}") == "exe"


@given(st.text())
def test_any_name_can_be_asked_for(name):
    assert DEFAULT.of(name) in (None, *DEFAULT_EXTENSIONS)
