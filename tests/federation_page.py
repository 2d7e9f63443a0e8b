"""docs/federation.md laid out in a folder: its files as it shows them, and the certificates and keys it speaks of."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from authority import FOR_CLIENTS, FOR_SERVERS, Authority

PAGE = Path(__file__).parents[1] / "docs" / "federation.md"
CONTOSO, FABRIKAM = "contoso", "fabrikam"


def shown() -> dict[str, str]:
    """The page's files by their names."""
    return dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE))


def command(beginning: str) -> str:
    """The page's shell command that begins so."""
    (found,) = re.findall(rf"^{beginning}.*?[^\\]\n", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def lay_out(folder: Path, federation: Authority, changed: Callable[[str], str] = str) -> None:
    """Write everything that the page's configurations need.

    Args:
        folder: with a folder for each organisation afterwards.
        federation: whom both edges trust for the other's certificate.
        changed: what is done to each file first.
    """
    for name, text in shown().items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(changed(text))
    for organisation in (CONTOSO, FABRIKAM):
        federation.write(folder / organisation / "federation-ca.pem")
        federation.leaf(f"edge.{organisation}.example").write(folder / organisation / "outside.pem")
        (folder / organisation / "routes.key").write_text(secrets.token_hex(32))
    own = Authority("Contoso's own")
    own.write(folder / CONTOSO / "contoso-ca.pem")
    own.leaf("sip.contoso.example").write(folder / CONTOSO / "sip.pem")
    both = own.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS))
    both.write(folder / CONTOSO / "inside.pem")
