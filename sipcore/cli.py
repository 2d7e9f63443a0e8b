"""The command line: look at a message, judge it, explain what an edge would do with it, run an edge.

Exit status: 0 all is well, 1 the answer is no (a finding, a warning, a taken port, a failed demo), 2 the input is at
fault.
Each command imports what it needs when it runs, so that `sipcore parse` needs nothing of the relay.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

try:
    import typer
    from rich.console import Console
    from rich.text import Text
except ModuleNotFoundError as missing:
    sys.exit(f"sipcore: the command line needs {missing.name}: pip install 'sipcore[cli]'")

from sipcore import Message, ParseError, Verdict, parse
from sipcore.describe import describe, place_of, printable
from sipcore.errors import ConfigError, EditError, HeaderError
from sipcore.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from sipcore.capture import Captured
    from sipcore.edge.actions import Trace
    from sipcore.relay.config import Config

__all__ = ["app", "main"]

_NO, _FAULT = 1, 2
#: How captures begin, in both byte orders: pcap with micro- and nanoseconds, modified pcap, pcapng. Known here, because
#: loading what reads them takes longer than showing a message.
_CAPTURES = tuple(
    bytes.fromhex(text) for text in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a")
)

app = typer.Typer(name="sipcore", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(highlight=False, soft_wrap=True, stderr=True)

_MessageFile = Annotated[Path, typer.Argument(metavar="FILE", help="A SIP message; - reads standard input.")]
_ConfigFile = Annotated[Path, typer.Argument(metavar="EDGE.TOML", help="The configuration of an edge.")]
_ConfigOption = Annotated[Path, typer.Option("--config", metavar="EDGE.TOML", help="The configuration of the edge.")]


def main() -> None:
    """Run the command line."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        _out.print(f"sipcore {version_of('sipcore')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """SIP messages and a federation edge: parse, filter, explain, relay."""


# -- messages


@app.command("parse")
def parse_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A SIP message or a capture; - reads standard input.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for programs; of a capture, line by line.")
    ] = False,
) -> None:
    """Show a message: every header with its bytes, and what it means. Of a pcap or pcapng file, every message in it."""
    data = _read(file)
    if data.startswith(_CAPTURES):
        _show_capture(file, data, as_json=as_json)
        return
    found = describe(_parsed(file, data, as_json=as_json))
    if as_json:
        _out.print(Text(json.dumps(found, indent=2)))
    else:
        _show_message(found)


def _show_message(found: dict[str, Any]) -> None:
    """The tree: parts, what they mean below them, and what would be answered."""
    cut_short = ", cut short" if found["truncated"] else ""
    _out.print(Text(f"{found['kind']}, {found['size']} bytes{cut_short}", "bold"))
    for part in found["parts"]:
        _out.print(_line(part["span"], part["name"], part["text"]))
        for place, meaning in enumerate(part["means"], start=1):
            branch = "└─" if place == len(part["means"]) else "├─"
            values = ", ".join(f"{key} {value}" for key, value in meaning.items() if key != "span")
            _out.print(_line(meaning["span"], branch, values, "red" if "error" in meaning else "cyan"))
    if refusal := found["refusal"]:
        _out.print(Text(f"would be refused: {refusal['status']} {refusal['reason']} ({refusal['header']})", "yellow"))


def _line(span: list[int], name: str, text: str, style: str = "") -> Text:
    """One line of the tree: where it is, then what it is."""
    place = f"{span[0]}..{span[1]}"
    return Text.assemble(
        (f"{place:>12} ", "dim"), (f"{printable(name)} " if name else "", "bold"), (printable(text), style)
    )


def _show_capture(file: Path, data: bytes, *, as_json: bool) -> None:
    """Every message of a capture. What is broken is shown where it stands, and told by the exit status."""
    with _extra("cli"):
        from sipcore.capture import CaptureError, read_capture
    all_is_well = True
    show = _show_captured_as_json if as_json else _show_captured
    try:
        for captured in read_capture(data):
            all_is_well = show(captured) and all_is_well
    except CaptureError as error:
        _leave(_FAULT, f"{file}: {error}")
    if not all_is_well:
        raise typer.Exit(_FAULT)


def _show_captured(captured: Captured) -> bool:
    """Returns whether it is whole."""
    when = datetime.fromtimestamp(captured.time, UTC).isoformat(" ", "milliseconds")
    where = f"{captured.transport} {captured.source} -> {captured.destination}"
    _out.print(Text(f"#{captured.packet} {when} {where}", "bold magenta"))
    if isinstance(captured.found, ParseError):
        _out.print(Text("\n".join([str(captured.found), *place_of(captured.data, captured.found.offset)]), "red"))
        return False
    _show_message(describe(captured.found))
    return True


def _show_captured_as_json(captured: Captured) -> bool:
    """Returns whether it is whole."""
    found = captured.found
    names = ("packet", "time", "transport", "source", "destination")
    what = _fault(found) if isinstance(found, ParseError) else describe(found)
    _out.print(Text(json.dumps({name: getattr(captured, name) for name in names} | what)))
    return not isinstance(found, ParseError)


def _fault(error: ParseError) -> dict[str, Any]:
    return {"error": {"code": error.code, "offset": error.offset}}


@app.command("filter")
def filter_command(file: _MessageFile) -> None:
    """Judge a message's content. Exit status: 0 it may pass, 1 something was found, 2 it cannot be read."""
    from sipcore import ImFilter

    verdict = ImFilter().check(_message(file))
    for line in _verdict_lines(verdict):
        _out.print(Text(line))
    if not verdict.passed:
        raise typer.Exit(_NO)


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    yield f"filter: {verdict.action}"
    for finding in verdict.findings:
        start, end = finding.span
        yield f"  {finding.rule} in {finding.text}, bytes {start}..{end}: {printable(finding.matched)}"


def _message(file: Path, limits: Limits = DEFAULT) -> Message:
    return _parsed(file, _read(file), limits)


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        _leave(_FAULT, f"{file}: cannot be read: {error.strerror}")


def _parsed(file: Path, data: bytes, limits: Limits = DEFAULT, *, as_json: bool = False) -> Message:
    """Parse, or say what is wrong and leave."""
    try:
        return parse(data, limits)
    except ParseError as error:
        if as_json:
            _out.print(Text(json.dumps(_fault(error), indent=2)))
            raise typer.Exit(_FAULT) from None
        _leave(_FAULT, f"{file}: {error}", *place_of(data, error.offset))


# -- edges


@app.command()
def explain(
    config: _ConfigOption,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A SIP message; - reads standard input.", show_default=False)
    ] = None,
    sender: Annotated[str, typer.Option("--from", metavar="USER@DOMAIN", help="In place of a file: the sender.")] = "",
    recipient: Annotated[str, typer.Option("--to", metavar="USER@DOMAIN", help="Likewise, who is addressed.")] = "",
    method: Annotated[str, typer.Option(help="Likewise, the method.")] = "MESSAGE",
    asserted: Annotated[str | None, typer.Option(help="Likewise, what the assertion header says.")] = None,
    link: Annotated[
        str,
        typer.Option(metavar="PEER", help="Who sends: inside, [SIDE:]ADDRESS, or the name in a certificate."),
    ] = "",
    srv: Annotated[
        list[str] | None, typer.Option(metavar="DOMAIN=HOST", help="An SRV record to go by; nothing is looked up.")
    ] = None,
) -> None:
    """Say what an edge would do with a message, by which rules of which tables. Nothing is sent, nothing looked up."""
    if (file is None) == (not (sender and recipient)):
        _leave(_FAULT, "expected either a FILE, or --from and --to")
    settings = _config(config)
    with _extra("relay"):
        from sipcore.edge import explaining
        from sipcore.edge.hashes import Keys
        from sipcore.imfilter import ImFilter
    tables = settings.tables
    message = _message(file, settings.limits) if file is not None else None
    try:
        facts = [explaining.record_of(text) for text in srv or ()]
        origin = sender.rpartition("@")[2] if message is None else _from_domain(message)
        peer = explaining.link_named(link, tables) if link else explaining.link_for(origin, tables, facts)
        if peer is None:
            _leave(_FAULT, f"no table says whose link {printable(origin)} would come on; name it with --link")
        if message is None:
            message = parse(explaining.message_of(sender, recipient, method, asserted, peer, tables))
    except (ValueError, EditError, ParseError) as error:
        _leave(_FAULT, str(error))
    if settings.keys is None and not message.is_request:
        _err.print(
            Text("Without an edge.key_file no response can be recognised as one to this edge's requests.", "yellow")
        )
    # Without a key file any key will do: what is explained does not depend on it, apart from the above.
    content, keys = ImFilter() if settings.filter else None, settings.keys or Keys(bytes(32))
    found = explaining.explain(message, peer, tables, content=content, keys=keys, users=settings.users, facts=facts)
    _out.print(Text(printable(found.link)))
    if found.trace is not None:
        _show_trace(found.trace)
    for line in found.outcome:
        _out.print(Text(printable(line)))


def _from_domain(message: Message) -> str:
    """Whose message it is; empty where that cannot be read."""
    try:
        address = message.from_
    except HeaderError:
        return ""
    return "" if address is None else address.uri.host or ""


def _show_trace(trace: Trace) -> None:
    for number, rule in enumerate(trace.decision.chain, start=1):
        _out.print(Text(f"{number:>3}. {printable(rule)}"))
    for line in _verdict_lines(trace.verdict) if trace.verdict else ("filter: not asked",):
        _out.print(Text(line))


@app.command()
def check(config: _ConfigFile) -> None:
    """Check a configuration: every fault with file, line and key. Exit status: 0 good, 1 with warnings, 2 faulty."""
    settings = _config(config)
    from sipcore.edge.summary import summary

    _out.print(Text(f"{config}: good", "green"))
    for line in summary(settings.tables, settings.users):
        _out.print(Text(f"  {printable(line)}"))
    for warning in settings.warnings:
        _err.print(Text(f"warning: {warning}", "yellow"))
    if settings.warnings:
        raise typer.Exit(_NO)


@app.command()
def relay(config: _ConfigOption) -> None:
    """Run an edge until SIGTERM or SIGINT."""
    settings = _config(config)
    with _extra("relay"):
        from sipcore.relay.server import ListenError, run
    try:
        run(settings)
    except ListenError as error:
        _leave(_NO, str(error))
    except ConfigError as error:
        _leave(_FAULT, *(f"{config}: {problem}" for problem in error.problems))


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve", help="Leave the edge running for a client of your own.")] = False,
) -> None:
    """Run an edge on loopback and send real SIP through it. Exit status: 0 every row came out as stated, 1 not."""
    with _extra("relay"):
        from sipcore.demo import main as play
    raise typer.Exit(play(serve, _out))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure sipcore, its limits and its peers. Its own --help says how."""
    with _extra("bench"):
        from sipcore_bench.cli import main as measure
    measure(context.args)


def _config(path: Path) -> Config:
    """Load a configuration, or list all that is wrong with it and leave."""
    with _extra("relay"):
        from sipcore.relay.config import load
    try:
        return load(path)
    except ConfigError as error:
        _leave(_FAULT, *(str(problem) for problem in error.problems))


# -- leaving early


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Say which extra to install when a library of another project is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("sipcore"):
            raise
        _leave(_NO, f"this command needs {error.name}: pip install 'sipcore[{name}]'")


def _leave(status: int, *lines: str) -> NoReturn:
    for line in lines:
        _err.print(Text(line))
    raise typer.Exit(status)
