"""Compiling on first use, and the roster: what is there, what is not, and why."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sanitizers import run_python

from sipcore_bench import build, contestant
from sipcore_bench.contestant import Absent, Contestant, Rejected, Roster, Unavailable, Unreadable
from sipcore_bench.limits import match, parse


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    """A cache of the test's own, so that everything has to be built."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sipcore-bench"


@pytest.fixture
def one(tmp_path) -> Path:
    """A C source that gives 1."""
    source = tmp_path / "one.c"
    source.write_text("int value(void) { return 1; }\n")
    return source


# -- building ----------------------------------------------------------------------------------------------------------


def test_builds_once_and_finds_it_again(empty_cache, one):
    first = build.shared_object("one", [one])
    assert ctypes.CDLL(str(first)).value() == 1
    written = first.stat().st_mtime_ns
    assert build.shared_object("one", [one]) == first
    assert first.stat().st_mtime_ns == written
    assert first.is_relative_to(empty_cache)


def test_builds_again_when_the_source_a_header_or_a_flag_changes(empty_cache, tmp_path):
    source, header = tmp_path / "two.c", tmp_path / "two.h"
    source.write_text('#include "two.h"\nint value(void) { return TWO; }\n')
    built = set()
    for text, flags in (("#define TWO 2", ()), ("#define TWO 3", ()), ("#define TWO 3", ("-DOTHER",))):
        header.write_text(text)
        path = build.shared_object("two", [source], flags)
        built.add(path)
        assert ctypes.CDLL(str(path)).value() == int(text[-1])
    assert len(built) == 3


def test_leaves_nothing_unfinished_behind(empty_cache, one, tmp_path):
    build.shared_object("one", [one])
    broken = tmp_path / "broken.c"
    broken.write_text("int value(void) { return nowhere; }\n")
    with pytest.raises(Unavailable):
        build.shared_object("broken", [broken])
    assert [path.name for path in empty_cache.rglob("*") if path.is_file()] == ["one.so"]
    assert not list(empty_cache.rglob("building-*"))


def test_processes_that_build_the_same_at_once_all_get_it(empty_cache, one):
    script = (
        "import ctypes, sys, pathlib; from sipcore_bench import build\n"
        "print(ctypes.CDLL(str(build.shared_object('one', [pathlib.Path(sys.argv[1])]))).value())"
    )
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: run_python(script, str(one)), range(6)))
    assert answers == ["1\n"] * 6


def test_a_fault_in_the_source_is_told_in_the_compilers_words(empty_cache, tmp_path):
    broken = tmp_path / "broken.c"
    broken.write_text("int value(void) { return nowhere; }\n")
    with pytest.raises(Unavailable, match=r"broken\.c:1.*nowhere"):
        build.shared_object("broken", [broken])


@pytest.mark.parametrize("command", ["no-such-compiler", "", "no-such-compiler -m32"])
def test_without_a_compiler_every_module_says_so_and_goes_on(empty_cache, monkeypatch, command):
    monkeypatch.setenv("CC", command or " ")
    for module in (parse, match):
        parse.fields_module.cache_clear()
        found = Roster()
        found.admit("limits", module.contestants())
        assert found.present == []
        assert "no C compiler" in found.absent[0].reason


def test_an_unknown_package_is_told_in_pkg_configs_words(empty_cache, one):
    with pytest.raises(Unavailable, match=r"no-such-package|no pkg-config"):
        build.shared_object("one", [one], pkg_config=["no-such-package"])


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path, one):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Unavailable, match="cannot build one"):
        build.shared_object("one", [one])


def test_a_relative_cache_home_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert build.cache() == tmp_path / ".cache" / "sipcore-bench"


# -- contestants -------------------------------------------------------------------------------------------------------


class Somebody:
    """A contestant that gives its input back, in no time."""

    name, kind, version, question = "somebody", "peer", "1", "echo"

    def answer(self, item: bytes) -> object:
        return item

    def timed(self, items: list[bytes]) -> Callable[[], int]:
        return lambda: len(items)


def test_the_protocol_is_what_a_plain_class_can_follow():
    assert isinstance(Somebody(), Contestant)
    assert not isinstance(object(), Contestant)


def test_a_roster_notes_who_is_absent_and_why():
    somebody = Somebody()

    def some() -> Iterator[Contestant | Absent]:
        yield somebody
        yield Absent("second", "is ill")
        raise Unavailable("the bus did not come")

    found = Roster()
    found.admit("some", some())
    assert found.present == [somebody]
    assert found.absent == [Absent("second", "is ill"), Absent("some", "the bus did not come")]


def test_a_module_that_cannot_be_imported_is_absent(monkeypatch):
    monkeypatch.setattr(contestant, "_modules", lambda: iter(["sipcore_bench.no_such_module"]))
    (missing,) = contestant.roster().absent
    assert missing.name == "no_such_module"
    assert "no_such_module" in missing.reason


def test_the_roster_has_all_limits(monkeypatch):
    monkeypatch.setattr(contestant, "_HOMES", ("sipcore_bench.limits", "sipcore_bench.no_such_home"))
    found = contestant.roster()
    names = {(one.question, one.name) for one in found.present}
    assert len(names) == len(found.present), "a question and a name are one contestant"
    assert {question for question, _ in names} | {absent.name for absent in found.absent} >= {
        "index",
        "fields",
        "match",
    }


def test_refusals_name_what_they_are_about():
    assert Rejected("no colon").why == "no colon"
    assert Unreadable(["branch", "to_tag"]).fields == ("branch", "to_tag")
    assert str(Unreadable(iter(["branch", "to_tag"]))) == "branch, to_tag"
