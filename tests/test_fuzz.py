"""The fuzz targets hold on their own seeds in the ordinary build, so that they cannot rot; and they stay short."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "fuzz"
TARGETS = sorted(path.stem for path in FOLDER.glob("fuzz_*.py"))


@pytest.fixture(autouse=True)
def _targets_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_its_seeds_and_on_what_is_cut_from_them(name):
    target = importlib.import_module(name)
    for seed in target.SEEDS:
        for size in (len(seed), len(seed) - 1, len(seed) // 2, 1, 0):
            target.one_input(seed[:size])


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_short_and_says_in_its_head_what_it_holds_and_what_may_be_raised(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert text.count("\n") <= 75
    head = importlib.import_module(name).__doc__
    assert re.search(r"^Contract: .+^Allowed: ", head, re.MULTILINE | re.DOTALL)


def test_the_edit_target_refuses_an_edit_that_does_something_else(monkeypatch):
    target = importlib.import_module("fuzz_edit")
    monkeypatch.setattr(target.HeaderList, "insert", target.HeaderList.add)
    with pytest.raises(AssertionError):
        for seed in target.SEEDS:
            target.one_input(seed)


def test_the_dictionary_is_what_its_script_writes():
    script = [sys.executable, str(FOLDER / "dictionary.py")]
    written = subprocess.run(script, capture_output=True, text=True, check=True, timeout=60).stdout
    assert (FOLDER / "sip.dict").read_text() == written, "run: .venv/bin/python fuzz/dictionary.py > fuzz/sip.dict"


def test_what_stands_behind_the_content_decides_about_it():
    from pieces import join, split

    content, decisions = split(join(b"content", 1, 2, 255))
    assert (content, list(decisions)) == (b"content", [1, 2, 255])
    assert split(b"")[0] == b""
    assert split(b"\x20")[0] == b""


def test_an_exact_copy_has_no_byte_behind_it():
    from pieces import exact

    assert bytes(exact(b"abc")) == b"abc"
    assert exact(b"abc").obj.buffer_info()[1] == 3
    assert bytes(exact(b"")) == b""
