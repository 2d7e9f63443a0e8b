"""The systemd unit is one that systemd understands, gives up every privilege, and starts a command that exists."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from peer_programs import require_program

from sipcore.configuration.sections import LimitsSection

UNIT = Path(__file__).resolve().parents[1] / "examples" / "systemd" / "sipcore.service"
TEXT = UNIT.read_text()
#: systemd's own judgement, 0 (nothing to attack) to 100.
MOST_EXPOSED = 25


def setting(name: str) -> str:
    (value,) = (line.partition("=")[2] for line in TEXT.splitlines() if line.startswith(f"{name}="))
    return value


@pytest.fixture(scope="module")
def analyze(tmp_path_factory: pytest.TempPathFactory):
    """systemd-analyze over the unit, with a program and a user that every machine has."""
    program = require_program("systemd-analyze", "systemd")
    unit = tmp_path_factory.mktemp("unit") / UNIT.name
    unit.write_text(TEXT.replace("/opt/sipcore/bin/sipcore ", "/bin/true ").replace("=sipcore\n", "=daemon\n"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [program, *arguments, str(unit)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_systemd_finds_no_fault_in_it(analyze):
    done = analyze("verify", "--man=no")
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_finds_little_to_attack(analyze):
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}")
    assert done.returncode == 0, done.stdout[-500:]


def test_it_starts_a_command_that_exists():
    from typer.testing import CliRunner

    from sipcore.cli import app

    _, command, *options = shlex.split(setting("ExecStart"))
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert options[0] in done.output


def test_it_has_a_descriptor_for_every_link_that_the_limits_allow():
    kinds_of_links = 3  # accepted inside, accepted outside, opened by us
    assert int(setting("LimitNOFILE")) > kinds_of_links * LimitsSection().max_links
