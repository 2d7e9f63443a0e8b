"""docs/running-an-edge.md: its commands, run on its own configurations, say what the page says that they are for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from messages import message
from typer.testing import CliRunner

from sipcore.cli import app

PAGE = (Path(__file__).parents[1] / "docs" / "running-an-edge.md").read_text("utf-8")
PLAIN, SECURE = (
    block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "[edge]" in block and "[inside]" in block
)
DISCOVERING = f"{SECURE}[discovered]\nenabled = true\nany_domain = true\n"
EXPLAIN = re.findall(r"^sipcore (explain .*)$", PAGE, re.MULTILINE)

TO_SERVER = "sent inside to tls pool.contoso.example:5061: MESSAGE"
#: For each of them: the configuration, what the message in the file came over, what becomes of it.
OUTCOMES = [
    (SECURE, "TLS", TO_SERVER),
    (PLAIN, "UDP", "sent inside to tcp 192.0.2.10:5060: MESSAGE"),
    (SECURE, "TLS", TO_SERVER),
    (DISCOVERING, "TLS", "sent outside to tls sip.nwtraders.example:5061: MESSAGE"),
]


@pytest.mark.parametrize(
    ("said", "configuration", "transport", "outcome"),
    [(said, *outcome) for said, outcome in zip(EXPLAIN, OUTCOMES, strict=True)],
)
def test_a_command_explains_what_becomes_of_its_message(
    said: str, configuration: str, transport: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("edge.toml").write_text(configuration)
    Path("message.sip").write_bytes(message(via=f"SIP/2.0/{transport} edge.fabrikam.example;branch=z9hG4bK-a1"))
    run = CliRunner().invoke(app, shlex.split(said))
    assert run.exit_code == 0
    assert f"\n{outcome}" in run.output
