"""Runs of sipsak as a subprocess, as the partner's client.

Its own message mode dies of a fault of its own (0.9.8.1), so messages are given to it as files.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from addresses import Address
from peer_programs import require_program
from relay_process import PARTNER

LONGEST_S = 60
REQUEST = """\
{method} sip:bob@contoso.example SIP/2.0
{via}Max-Forwards: 70
From: <sip:alice@fabrikam.example>;tag=sipsak
To: <sip:bob@contoso.example>
Call-ID: sipsak-{method}
CSeq: 1 {method}
Content-Type: text/plain
Content-Length: {length}

{body}"""


def require_sipsak() -> str:
    """The path of sipsak, or no test, see `peer_programs`."""
    return require_program("sipsak", "sipsak")


@contextmanager
def sipsak(edge: Address, transport: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run from the partner's address to that place, for bob; it repeats nothing by itself in that time."""
    host, port = edge
    command = [
        *(require_sipsak(), "-vv", "--transport", transport, "--local-ip", PARTNER),
        # before the URI, or it looks up the domain
        *(
            "--outbound-proxy",
            f"{host}:{port}",
            "--timer-t1",
            "20000",
            *options,
            "--sip-uri",
            "sip:bob@contoso.example",
        ),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def said(run: subprocess.Popen[str], status: int) -> str:
    """What it has printed when it has ended, with that exit status: 0 for a 2xx, 1 for another answer, 2 for none."""
    words = run.communicate(timeout=LONGEST_S)[0]
    assert run.returncode == status, words
    return words


def written(folder: Path, method: str, body: str = "", *, via: str = "") -> str:
    """The path of a file with a request; sipsak adds its Via, unless it is told not to because there is one."""
    path = folder / f"{method}.sip"
    head = f"Via: {via}\n" if via else ""
    path.write_text(REQUEST.format(method=method, via=head, length=len(body), body=body))
    return str(path)
