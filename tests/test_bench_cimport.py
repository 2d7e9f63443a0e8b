"""sipcore through `cimport` as a contestant: built against what is installed, right in every answer, held against C."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from messages import CONTORTED, OK, message, without
from sanitizers import run_python, sanitized_environment
from test_bench_runner import printed, results

from sipcore_bench import build, cimport, fields
from sipcore_bench.contestant import Absent, Contestant, Rejected, Unavailable
from sipcore_bench.markdown import markdown
from sipcore_bench.messages import MESSAGES
from sipcore_bench.pool import Pool
from sipcore_bench.questions import QUESTIONS
from sipcore_bench.report import show
from sipcore_bench.rows import ratio_lines
from sipcore_bench.runner import Timing


@pytest.fixture(scope="module", params=[False, True], ids=["fields", "fields and parts of URIs"])
def contestant(request) -> Contestant:
    return list(cimport.contestants())[request.param]


def test_both_follow_the_protocol_and_are_ours(contestant):
    assert isinstance(contestant, Contestant)
    assert (contestant.kind, contestant.question) == ("ours", "fields")


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_kind_of_message_is_read_right(contestant, kind):
    for item in Pool(kind, size=100).items:
        assert contestant.answer(item) == fields.read(item)


def test_what_the_handwritten_reader_does_not_know_is_read_too(contestant):
    found = contestant.answer(CONTORTED)
    assert (found.from_uri, found.from_tag, found.cseq, found.cseq_method, found.branch) == (
        "sip:watson@fabrikam.example;x=1", "f-tag", 4294967295, "BENOTIFY", "z9hG4bK-1")  # fmt: skip
    assert contestant.answer(OK).start == 200


@pytest.mark.parametrize(
    "item",
    [
        b"",
        b"nonsense\r\n\r\n",
        message()[:60],
        message()[:-1],
        *(without(message(), name) for name in ("Via", "From", "To", "Call-ID", "CSeq")),
        message(from_="<sip:a"),
        message(to="<sip:a>, <sip:b>"),
        message(via="SIP/2.0"),
        message().replace(b"CSeq: 1", b"CSeq: x"),
        message(content_type="text"),
    ],
)
def test_what_is_broken_or_lacks_a_field_is_rejected(contestant, item):
    with pytest.raises(Rejected):
        contestant.answer(item)


def test_only_who_takes_uris_apart_sees_a_broken_one():
    plain, thorough = cimport.contestants()
    for changes in ({"uri": "sip:a@"}, {"from_": "<sip:>"}, {"to": "<nonsense>"}):
        assert plain.answer(message(**changes)).call_id == "c1@192.0.2.10"
        with pytest.raises(Rejected):
            thorough.answer(message(**changes))


def test_a_message_of_many_headers_gives_back_what_it_took(contestant):
    assert contestant.answer(message(*[f"X-{n}: y" for n in range(200)])).cseq == 1


def test_a_pass_takes_time_can_be_repeated_and_keeps_its_messages(contestant):
    run = contestant.timed([message(call_id=f"c{n}") + b"" for n in range(100)])
    assert [run() > 0 for _ in range(3)] == [True] * 3
    assert contestant.timed([])() >= 0


def test_without_cython_it_is_said_who_is_missing(monkeypatch):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(cimport, "module", cimport.module.__wrapped__)
    (absent,) = cimport.contestants()
    assert isinstance(absent, Absent)
    assert "no Cython" in absent.reason


def test_what_cython_rejects_is_said_in_its_own_words(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    source = tmp_path / "broken.pyx"
    source.write_text("cdef int nothing(\n")
    with pytest.raises(Unavailable, match="Error compiling Cython file"):
        build.cython_extension("broken", source, tmp_path, [])


def test_another_declaration_makes_another_build(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source, header = tmp_path / "number.pyx", tmp_path / "number.h"
    source.write_text('cdef extern from "number.h":\n    int NUMBER\n\n\ndef number():\n    return NUMBER\n')
    found = []
    for text in ("1", "2", "2"):
        header.write_text(f"#define NUMBER {text}\n")
        built = build.cython_extension("number", source, tmp_path, [header], [f"-I{tmp_path}"])
        found.append((Path(built.__file__), built.number()))
    assert [number for _, number in found] == [1, 2, 2]
    assert found[0][0] != found[1][0] == found[2][0]


SANITIZED = """
import sys
sys.path[:0] = sys.argv[1:]
from sanitizers import SANITIZE
from messages import CONTORTED, message
from sipcore_bench import cimport
from sipcore_bench.pool import Pool
module = cimport.module(SANITIZE)
whole = [CONTORTED, message(*[f"X-{n}: y" for n in range(200)]), *Pool("invite", size=5).items]
items = whole + [each[:size] for each in whole[:2] for size in range(0, len(each), 7)]
for apart in (False, True):
    assert module.Pass(items, apart)() > 0
print("read", len(items))
"""


def test_the_sanitizers_find_nothing():
    answer = run_python(SANITIZED, str(Path(__file__).parent), **sanitized_environment())
    assert re.fullmatch(r"read \d{3,}\n", answer)


# -- held against C


def test_the_names_that_are_held_against_each_other_are_those_of_contestants():
    from sipcore_bench.contestant import roster

    present = {(each.question, each.name) for each in roster().present}
    for question in QUESTIONS.values():
        assert {(question.id, name) for pair in question.held_against for name in pair} <= present


def test_both_forms_say_how_many_times_as_long_it_takes():
    made = results()
    cell = made.questions[0].cells[0]
    ours, theirs = QUESTIONS["fields"].held_against[0]
    timings = [Timing(ours, [130.0 + n for n in range(9)], 1.0), Timing(theirs, [100.0 + n for n in range(9)], 1.0)]
    made = replace(made, questions=[replace(made.questions[0], cells=[replace(cell, timings=timings)])])
    (line,) = ratio_lines(made.questions[0])
    assert line == f"{ours} takes x1.29 as long as {theirs} (message 1.29)"
    for shown in (printed(show, made), markdown(made)):
        assert line in " ".join(shown.split())
    assert list(ratio_lines(results().questions[0])) == [], "who was not timed is held against nobody"
