"""`sipcore parse`: what messages are made of, for a person or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from sipcore import Message, ParseError
from sipcore.cli.input import captured, fault, is_capture, joined, read
from sipcore.cli.output import FAULT, leave, out, title_of
from sipcore.describe import describe, place_of, printable

if TYPE_CHECKING:
    from sipcore.capture import Captured

__all__ = ["parse_command"]


def parse_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="SIP messages or a capture; - reads standard input.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for programs; of several messages, line by line.")
    ] = False,
) -> None:
    """Show messages: every header with its bytes, and what it means.

    A file holds one message, or several one behind the other, or it is a pcap or pcapng file.
    """
    data = read(file)
    if is_capture(data):
        show = _show_captured_as_json if as_json else _show_captured
        whole = [show(each) for each in captured(file, data)]
        if not all(whole):
            raise typer.Exit(FAULT)
        return
    found = list(joined(data))
    if len(found) > 1:
        _show_several(found, data, as_json=as_json)
    else:
        _show_one(file, data, found[0][1], as_json=as_json)


def _show_one(file: Path, data: bytes, found: Message | ParseError, *, as_json: bool) -> None:
    if isinstance(found, ParseError) and not as_json:
        leave(FAULT, f"{file}: {found}", *place_of(data, found.offset))
    what = fault(found) if isinstance(found, ParseError) else describe(found)
    if as_json:
        out.print(Text(json.dumps(what, indent=2)))
    else:
        _show_message(what)
    if isinstance(found, ParseError):
        raise typer.Exit(FAULT)


def _show_several(found: list[tuple[int, Message | ParseError]], data: bytes, *, as_json: bool) -> None:
    """One behind the other, in JSON one a line; spans count from the beginning of each message."""
    for number, (at, message) in enumerate(found, start=1):
        if as_json:
            what = fault(message) if isinstance(message, ParseError) else describe(message)
            out.print(Text(json.dumps({"message": number, "at": at} | what)))
            continue
        out.print(Text(f"#{number} at byte {at}", "bold magenta"))
        if isinstance(message, ParseError):
            out.print(Text("\n".join([str(message), *place_of(data[at:], message.offset)]), "red"))
        else:
            _show_message(describe(message))
    if isinstance(found[-1][1], ParseError):
        raise typer.Exit(FAULT)


def _show_message(found: dict[str, Any]) -> None:
    """The tree: parts, what they mean below them, and what would be answered."""
    cut_short = ", cut short" if found["truncated"] else ""
    out.print(Text(f"{found['kind']}, {found['size']} bytes{cut_short}", "bold"))
    for part in found["parts"]:
        out.print(_line(part["span"], part["name"], part["text"]))
        for place, meaning in enumerate(part["means"], start=1):
            branch = "└─" if place == len(part["means"]) else "├─"
            values = ", ".join(f"{key} {value}" for key, value in meaning.items() if key != "span")
            out.print(_line(meaning["span"], branch, values, "red" if "error" in meaning else "cyan"))
    if refusal := found["refusal"]:
        out.print(Text(f"would be refused: {refusal['status']} {refusal['reason']} ({refusal['header']})", "yellow"))


def _line(span: list[int], name: str, text: str, style: str = "") -> Text:
    """One line of the tree: where it is, then what it is."""
    place = f"{span[0]}..{span[1]}"
    return Text.assemble(
        (f"{place:>12} ", "dim"), (f"{printable(name)} " if name else "", "bold"), (printable(text), style)
    )


def _show_captured(captured: Captured) -> bool:
    """Returns whether it is whole."""
    out.print(Text(title_of(captured), "bold magenta"))
    if isinstance(captured.found, ParseError):
        out.print(Text("\n".join([str(captured.found), *place_of(captured.data, captured.found.offset)]), "red"))
        return False
    _show_message(describe(captured.found))
    return True


def _show_captured_as_json(captured: Captured) -> bool:
    """Returns whether it is whole."""
    found = captured.found
    names = ("packet", "time", "transport", "source", "destination")
    what = fault(found) if isinstance(found, ParseError) else describe(found)
    out.print(Text(json.dumps({name: getattr(captured, name) for name in names} | what)))
    return not isinstance(found, ParseError)
