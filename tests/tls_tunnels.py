"""TLS for programs that speak none: stunnel in front of a partner, towards the edge and from it.

partner  --clear text-->  near  ==TLS==>  edge
partner  <--clear text--  far   <==TLS==  edge
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from addresses import Address, free_port, is_bound
from authority import FOR_CLIENTS, FOR_SERVERS, Authority
from peer_programs import require_program
from programs import running

CONFIGURATION = """\
foreground = yes
pid =
debug = warning
cert = {folder}/partner.pem
CAfile = {folder}/public.pem
verifyChain = yes

[near]
client = yes
accept = {near[0]}:{near[1]}
connect = {edge[0]}:{edge[1]}
local = {far[0]}
checkHost = edge.contoso.example

[far]
accept = {far[0]}:{far[1]}
connect = {partner[0]}:{partner[1]}
"""


def write_certificates(folder: Path) -> None:
    """What the edge and the partner show, and whom both trust."""
    authority = Authority()
    authority.write(folder / "public.pem")
    # Ours has both purposes, for OpenSSL's servers insist on one for clients; the partner's is for servers only (F046).
    authority.leaf("edge.contoso.example", purposes=(FOR_SERVERS, FOR_CLIENTS)).write(folder / "outside.pem")
    authority.leaf("edge.fabrikam.example").write(folder / "partner.pem")


@contextmanager
def tunnels(folder: Path, partner: Address, far: Address, edge: Address) -> Iterator[Address]:
    """Both tunnels; gives the address of the near one, for what the partner says in clear text.

    Args:
        folder: with the partner's certificates, see `write_certificates`.
        partner: where it listens for clear text.
        far: where it listens for TLS, as the edge knows it; the near tunnel connects from the same host.
        edge: where the edge listens for TLS.
    """
    near = (far[0], free_port(far[0]))
    config, log = folder / "stunnel.conf", folder / "stunnel.log"
    config.write_text(CONFIGURATION.format(folder=folder, near=near, far=far, edge=edge, partner=partner))
    with running((require_program("stunnel4", "stunnel4"), config), log) as program:
        program.wait_until(lambda: is_bound(far))
        yield near
