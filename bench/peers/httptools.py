"""httptools, a cousin: it parses HTTP, which SIP took its form from, with llhttp behind callbacks.

It says what a good parser of such a head costs from Python, no more. Each message becomes an HTTP request of the same
size: another start line, the same headers, the same body. It answers ``index`` only, and its own answer is checked
against that request.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipcore_bench.contestant import Contestant, Rejected
from sipcore_bench.fields import read
from sipcore_bench.peers.reading import Reader, package

__all__ = ["as_http", "contestants"]


def contestants() -> Iterator[Contestant]:
    """Parse, with the headers as a list. Raises: Unavailable."""
    module, version = package("httptools", "httptools")
    parser = module.HttpRequestParser

    def parse(item: bytes) -> _Request:
        request = _Request()
        parser(request).feed_data(item)
        return request

    name = f"cousin: httptools {version}, an HTTP request of the same size"
    yield _Cousin(name, version, "index", parse, prepare=as_http, refusals=(module.HttpParserError,))


class _Request:
    """What the callbacks of httptools bring, kept."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    def on_url(self, url: bytes) -> None:
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body = body


class _Cousin(Reader):
    """Judged by the HTTP request; what it answers for the SIP message is then what everybody answers."""

    __slots__ = ()

    def answer(self, item: bytes) -> object:
        request = as_http(item)
        seen: _Request = self.work(request)
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        if seen.headers != [(name, value.strip()) for name, _, value in lines] or seen.body != body:
            raise Rejected("httptools read other headers than those of the request, or another body")
        return read(item).start


def as_http(message: bytes) -> bytes:
    """The message with a start line of HTTP in as many bytes, the path filled up."""
    start, _, rest = message.partition(b"\r\n")
    frame = b"GET / HTTP/1.1"
    return frame.replace(b"/", b"/".ljust(1 + len(start) - len(frame), b"x"), 1) + b"\r\n" + rest
