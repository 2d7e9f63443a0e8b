"""`sipcore explain`: what an edge would do with a message, rule by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sipcore import Message, ParseError, parse
from sipcore.cli.edges import ConfigOption, config_of
from sipcore.cli.filtering import show_verdict
from sipcore.cli.input import read_message
from sipcore.cli.output import FAULT, err, extra, leave, out
from sipcore.describe import printable
from sipcore.errors import EditError, HeaderError

if TYPE_CHECKING:
    from sipcore.edge.actions import Trace

__all__ = ["explain"]


def explain(
    config: ConfigOption,
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
        leave(FAULT, "expected either a FILE, or --from and --to")
    settings = config_of(config)
    with extra("relay"):
        from sipcore.edge import explaining
        from sipcore.edge.hashes import Keys
        from sipcore.imfilter import ImFilter
    tables = settings.tables
    message = read_message(file, settings.limits) if file is not None else None
    try:
        facts = [explaining.record_of(text) for text in srv or ()]
        origin = sender.rpartition("@")[2] if message is None else _from_domain(message)
        peer = explaining.link_named(link, tables) if link else explaining.link_for(origin, tables, facts)
        if peer is None:
            leave(FAULT, f"no table says whose link {printable(origin)} would come on; name it with --link")
        if message is not None:
            peer = explaining.as_spoken(peer, message, tables)
        else:
            message = parse(explaining.message_of(sender, recipient, method, asserted, peer, tables))
    except (ValueError, EditError, ParseError) as error:
        leave(FAULT, str(error))
    if settings.keys is None and not message.is_request:
        err.print(
            Text("Without an edge.key_file no response can be recognised as one to this edge's requests.", "yellow")
        )
    # Without a key file any key will do: what is explained does not depend on it, apart from the above.
    content, keys = ImFilter(settings.filter) if settings.filter else None, settings.keys or Keys(bytes(32))
    users, limits = settings.users, settings.limits
    found = explaining.explain(
        message, peer, tables, content=content, keys=keys, users=users, facts=facts, limits=limits
    )
    out.print(Text(printable(found.link)))
    if found.trace is not None:
        _show_trace(found.trace)
    for line in found.outcome:
        out.print(Text(printable(line)))


def _from_domain(message: Message) -> str:
    """Whose message it is; empty where that cannot be read."""
    try:
        address = message.from_
    except HeaderError:
        return ""
    return "" if address is None else address.uri.host or ""


def _show_trace(trace: Trace) -> None:
    for number, rule in enumerate(trace.decision.chain, start=1):
        out.print(Text(f"{number:>3}. {printable(rule)}"))
    show_verdict(trace.verdict, trace.message.buffer)
