"""What the README shows is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import message

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=["parse", "filter"])
def test_every_python_example_runs(code, capsys):
    datagram = message(body=b"see http://fabrikam.example/a")
    exec(compile(code, "README.md", "exec"), {"datagram": datagram})
    assert re.search(
        r"MESSAGE contoso.example a-tag c1@192.0.2.10|block .*http://fabrikam.example/a", capsys.readouterr().out
    )


def test_the_example_edge_is_a_sound_configuration(tmp_path):
    from sipcore.configuration import load

    path = tmp_path / "edge.toml"
    path.write_text(blocks("toml")[0])
    assert "fabrikam.example" in load(path).tables.partners


def test_the_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_shown_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    for command in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


def test_the_readme_stays_one_page():
    assert README.count("\n") <= 120
