"""Ports that nobody uses at the moment, for tests that start other programs."""

from __future__ import annotations

import socket


def free_port(host: str) -> int:
    """A port that is free on that address for UDP and for TCP alike."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
            stream.bind((host, 0))
            port: int = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                try:
                    datagrams.bind((host, port))
                except OSError:
                    continue
                return port
    raise RuntimeError(f"no port of {host} is free for both UDP and TCP")
