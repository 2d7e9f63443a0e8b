"""What docs/embedding.md shows is run as it stands, from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import message

PAGE = Path(__file__).resolve().parents[1] / "docs" / "embedding.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def said() -> tuple[str, dict[str, object]]:
    """What the blocks print, one behind the other, and the names that they leave."""
    printed: list[str] = []
    datagram = message("Subject: lunch", body=b"see http://fabrikam.example/a")
    names: dict[str, object] = {
        "datagram": datagram,
        "print": lambda *words: printed.append(" ".join(map(str, words))),
    }
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"{PAGE.name}, block {number}", "exec"), names)
    return "\n".join(printed), names


def test_every_block_runs_and_prints_what_the_page_says(said):
    printed, _ = said
    assert "MESSAGE contoso.example a-tag c1@192.0.2.10" in printed
    assert "1 keep-alive" in printed
    assert "http: body http://fabrikam.example/a" in printed


def test_the_fault_is_named_with_its_offset(said):
    assert re.search(r"^[a-z-]+ \d+$", said[0], re.MULTILINE)


def test_the_forwarded_message_differs_by_the_edits_alone(said):
    before, after = said[1]["datagram"], said[1]["forwarded"]
    added = b"Via: SIP/2.0/TCP edge.contoso.example;branch=z9hG4bK-1\r\n"
    expected = before.replace(b"Max-Forwards: 70", b"Max-Forwards: 69").replace(b"lunch\r", b"lunch, again\r")
    assert after.replace(added, b"") == expected


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE.read_text()):
        assert (PAGE.parent / target).exists(), target
