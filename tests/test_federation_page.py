"""docs/federation.md tells what happens: its configurations are sound, and its commands say what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from authority import Authority
from cryptography import x509
from federation_page import PAGE, command, lay_out
from peer_programs import require_program
from typer.testing import CliRunner

from sipcore.cli import app
from sipcore.edge.refusals import REFUSALS
from sipcore.edge.tables import Side

TEXT = PAGE.read_text("utf-8")
CONSOLE = re.findall(r"^```console\n\$ sipcore ([^\n]+)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
#: Status, number in ms-diagnostics, name.
REASONS = re.findall(r"^\| (\d{3}) \| (\d*) ?\| `([a-z-]+)` \|", TEXT, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page's files are, and where its commands are run."""
    lay_out(tmp_path, Authority())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("said", "shown"), CONSOLE)
def test_a_command_says_what_the_page_shows(said: str, shown: str, folder: Path) -> None:
    assert CliRunner().invoke(app, shlex.split(said)).output == shown


def test_the_page_shows_commands() -> None:
    assert [said.split()[0] for said, _ in CONSOLE] == ["check", "check", "explain", "explain", "explain"]


def test_the_reasons_on_the_page_are_those_of_the_table_of_refusals() -> None:
    rows = {row.name: row for row in REFUSALS}
    assert len(REASONS) == 10
    for shown_status, code, name in REASONS:
        row = rows[name]
        assert str(row.status(Side.INSIDE)) == shown_status
        assert code == ("" if row.diagnostic is None else str(row.diagnostic.code))


def test_the_request_for_a_certificate_names_the_edge(folder: Path) -> None:
    require_program("openssl", "openssl")
    subprocess.run(command("openssl req"), shell=True, cwd=folder, check=True, timeout=20, capture_output=True)
    signing_request = x509.load_pem_x509_csr((folder / "edge.csr").read_bytes())
    names = signing_request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["edge.contoso.example"]
