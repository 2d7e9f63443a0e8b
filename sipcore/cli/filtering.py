"""`sipcore filter`: what the filter says of messages, captures or bare text, and the piece that it says it for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sipcore import ImFilter, Message, ParseError, Rules, Verdict
from sipcore.cli.input import captured, fault, is_capture, joined, read
from sipcore.cli.output import FAULT, NO, extra, leave, out, title_of
from sipcore.describe import place_of, printable
from sipcore.errors import ConfigError
from sipcore.imfilter import Action, Finding, Profile

__all__ = ["filter_command", "show_verdict"]

_STYLES = {
    Action.PASS: "green",
    Action.OBSERVE: "yellow",
    Action.DEFANG: "yellow",
    Action.WARN: "yellow",
    Action.BLOCK: "bold red",
}
#: Bytes around a matched piece that help to find it.
_AROUND = 24


def filter_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="SIP messages or a capture; - reads standard input.")],
    profile: Annotated[
        Profile | None, typer.Option(help="The rules by their name; lcs2005 where nothing is said.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(metavar="RULES.TOML", help="The rules from a file.")] = None,
    as_text: Annotated[bool, typer.Option("--text", help="FILE is plain text: judge it line by line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs; one object a line.")] = False,
) -> None:
    """Judge content. Exit status: 0 nothing was found, 1 something was, 2 a message or the rules cannot be read."""
    with extra("filter"):
        content = ImFilter(_rules(profile, rules))
    data = read(file)
    status = count = 0
    for judged in _lines(content, data) if as_text else _messages(content, file, data):
        status = max(status, judged.status)
        count += 1
        if as_json:
            out.print(Text(json.dumps(judged.where | judged.as_json())))
        elif judged.status or not as_text:
            judged.show()
    if as_text and not as_json and not status:
        out.print(Text(f"filter: pass, {count} lines"))
    raise typer.Exit(status)


def _rules(profile: Profile | None, file: Path | None) -> Rules:
    """The rules that are asked for, or leave with all that is wrong with them."""
    if file is None:
        return (profile or Profile.LCS2005).rules
    if profile is not None:
        leave(FAULT, "--profile and --rules: expected one of them; a rules file names its profile")
    with extra("settings"):
        from sipcore.imfilter.rules_file import load
    try:
        return load(file)
    except ConfigError as error:
        leave(FAULT, *(str(problem) for problem in error.problems))


# -- what is judged


@dataclass(frozen=True)
class _Judged:
    """One message or line.

    Attributes:
        title: where it stands, for a person; empty where there is only one.
        where: the same for a program.
        data: its bytes.
        found: what the filter says of it, or why it is no message.
    """

    title: str
    where: dict[str, Any]
    data: bytes
    found: Verdict | ParseError

    @property
    def status(self) -> int:
        """The exit status that it asks for."""
        if isinstance(self.found, ParseError):
            return FAULT
        return NO if self.found.findings else 0

    def as_json(self) -> dict[str, Any]:
        """What was found, as JSON has it."""
        if isinstance(self.found, ParseError):
            return fault(self.found)
        return {"action": self.found.action, "findings": [asdict(finding) for finding in self.found.findings]}

    def show(self) -> None:
        """Print it for a person."""
        if self.title:
            out.print(Text(self.title, "bold magenta"))
        if isinstance(self.found, ParseError):
            out.print(Text("\n".join([str(self.found), *place_of(self.data, self.found.offset)]), "red"))
        else:
            show_verdict(self.found, self.data)


def _lines(content: ImFilter, data: bytes) -> Iterator[_Judged]:
    for number, line in enumerate(data.splitlines(), start=1):
        yield _Judged(f"line {number}", {"line": number}, line, content.check_text(line))


def _messages(content: ImFilter, file: Path, data: bytes) -> Iterator[_Judged]:
    """The messages of a capture, or those that stand one behind the other."""
    if not is_capture(data):
        yield from _joined(content, data)
        return
    for each in captured(file, data):
        where = {name: getattr(each, name) for name in ("packet", "time", "transport", "source", "destination")}
        yield _Judged(title_of(each), where, each.data, _judge(content, each.found))


def _joined(content: ImFilter, data: bytes) -> Iterator[_Judged]:
    """Messages one behind the other."""
    found = list(joined(data))
    for start, message in found:
        end = start + message.size if isinstance(message, Message) else len(data)
        title = f"bytes {start}..{end}" if len(found) > 1 else ""
        yield _Judged(title, {"start": start, "end": end}, data[start:end], _judge(content, message))


def _judge(content: ImFilter, found: Message | ParseError) -> Verdict | ParseError:
    return content.check(found) if isinstance(found, Message) else found


# -- how it is shown


def show_verdict(verdict: Verdict | None, data: bytes | memoryview) -> None:
    """Print a verdict on some bytes, each matched piece underlined; None where the filter was not asked."""
    if verdict is None:
        out.print(Text("filter: not asked"))
        return
    out.print(Text.assemble("filter: ", (verdict.action, _STYLES[verdict.action])))
    for finding in verdict.findings:
        out.print(_line(finding, verdict.action, bytes(data)))
    if verdict.rewritten is not None:
        fit = verdict.rewritten
        out.print(Text(f"  goes on as: {printable(fit if isinstance(fit, str) else fit.decode('utf-8', 'replace'))}"))


def _line(finding: Finding, action: Action, data: bytes) -> Text:
    """One finding: the rule, the place, and the piece between what stands around it."""
    start, end = finding.span
    before, after = _around(finding, data)
    line = Text(f"  {finding.rule} in {finding.text}, bytes {start}..{end}: ")
    line.append(before, "dim").append(printable(finding.matched), "underline").append(after, "dim")
    if finding.note:
        line.append(f" ({finding.note})")
    elif finding.action is not action:
        line.append(f" ({finding.action})")
    return line


def _around(finding: Finding, data: bytes) -> tuple[str, str]:
    """What stands on the same line before and after a piece that stands in the data as it is."""
    if finding.where is None or finding.offer is not None:
        return "", ""
    start, end = finding.where
    before = data[max(0, start - _AROUND) : start].splitlines() or [b""]
    after = data[end : end + _AROUND].splitlines() or [b""]
    if data[start - 1 : start] in (b"\r", b"\n"):
        before = [b""]
    return printable(before[-1].decode("utf-8", "replace")), printable(after[0].decode("utf-8", "replace"))
