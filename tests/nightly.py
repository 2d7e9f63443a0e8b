"""What takes too long for every change: fuzzing, messages weighed by the million, SIPp again and again.

    make nightly [SECONDS=7200] [PARSES=1000000] [ROUNDS=20] [MESSAGES=100000] [ADVERSARIES=16] [RELAYED=10000000]

The results are written to docs/nightly.md, whole logs to build/nightly. The exit status says whether everything held.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "nightly.md"
LOGS = ROOT / "build" / "nightly"
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "fuzz").glob("fuzz_*.py"))
FULL = {
    "SECONDS": 7200,
    "PARSES": 1_000_000,
    "ROUNDS": 20,
    "MESSAGES": 100_000,
    "ADVERSARIES": 16,
    "RELAYED": 10_000_000,
}
#: Counted in instructions, and so slow; by day they see texts of a kilobyte or some.
LINEAR = ("tests/test_filter_bounds.py", "tests/test_reading.py", "tests/test_search_linear.py")
#: The most seconds that a million messages may take through the relay.
A_MILLION_TAKES = 300
#: Characters of what a target said last.
LAST_WORDS = 100
#: Targets at once; each keeps one processor busy.
AT_ONCE = 2


@dataclass(frozen=True)
class Fuzzed:
    """One run of a target, as libFuzzer reported it.

    Attributes:
        executions: inputs tried.
        begin, end: counters reached by the inputs that were there, and in the end.
        finding: the name of the file with the input that broke the contract, empty where none did.
        status: it ended with; 0 for one that ran to its end, negative for the signal that ended it.
        said: the last line of its log.
    """

    target: str
    executions: int
    begin: int
    end: int
    finding: str
    status: int
    said: str

    def __str__(self) -> str:
        outcome = self.finding or "none"
        if self.status and not self.finding:
            outcome = f"it did not come to its end: {self.said[:LAST_WORDS].replace('|', '/') or 'it said nothing'}"
        return f"| {self.target} | {self.executions:,} | {self.begin:,} | {self.end:,} | {outcome} | {self.status} |"


def main() -> int:
    """Run everything, write the report, tell whether it held."""
    begun = what_and_when()
    wanted = {name: int(os.environ.get(name) or value) for name, value in FULL.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        fuzzed = list(pool.map(lambda target: fuzz(target, wanted["SECONDS"]), TARGETS))
    leaks = run("tests/leaks.py", str(wanted["PARSES"]))
    messages = {"SIPCORE_SIPP_MESSAGES": str(wanted["MESSAGES"])}
    rounds = [run("-m", "pytest", "-q", "tests/test_sipp.py", **messages) for _ in range(wanted["ROUNDS"])]
    linear = run("-m", "pytest", "-q", *LINEAR, SIPCORE_ADVERSARIES=str(wanted["ADVERSARIES"]))
    memory = relayed(wanted["RELAYED"])
    good = not any(each.status for each in fuzzed) and not any(
        each.returncode for each in (leaks, linear, memory, *rounds)
    )
    REPORT.write_text(report(begun, wanted, fuzzed, leaks, linear, rounds, memory))
    print(REPORT.read_text())
    return 0 if good else 1


def fuzz(target: str, seconds: int) -> Fuzzed:
    """One target for so many seconds."""
    done = subprocess.run(
        [ROOT / "fuzz" / "run.sh", target, str(seconds)], capture_output=True, text=True, errors="replace", check=False
    )
    log = done.stdout + done.stderr
    LOGS.mkdir(parents=True, exist_ok=True)
    (LOGS / f"fuzz-{target}.log").write_text(f"{log}\nexit status {done.returncode}\n")
    return read_log(target, log, done.returncode)


def relayed(messages: int) -> subprocess.CompletedProcess[str]:
    """So many messages through the relay, whose memory may not grow."""
    seconds = max(messages * A_MILLION_TAKES // 1_000_000, A_MILLION_TAKES)
    return run("-m", "sipcore_bench.relay", "memory", "--messages", str(messages), "--seconds", str(seconds))


def read_log(target: str, log: str, status: int) -> Fuzzed:
    """What a run of libFuzzer printed, as numbers."""
    coverage = [int(number) for number in re.findall(r"^#\d+\t(?!pulse).*?\bcov: (\d+)", log, re.MULTILINE)] or [0]
    executions = re.search(r"number_of_executed_units: +(\d+)", log)
    finding = re.search(r"written to \S*/(\S+)", log)
    said = log.strip().rpartition("\n")[2].strip()
    tried = int(executions[1]) if executions else 0
    return Fuzzed(target, tried, coverage[0], coverage[-1], finding[1] if finding else "", status, said)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python program of ours, to its end."""
    command, around = [sys.executable, *arguments], {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)


def what_and_when() -> list[str]:
    """The date and the commit, before anything is run."""
    changed = " with changes that are not committed" if git("status", "--porcelain", "--untracked-files=no") else ""
    return [
        f"- Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"- Commit: {git('rev-parse', '--short', 'HEAD')}{changed}",
    ]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def report(
    begun: list[str],
    wanted: dict[str, int],
    fuzzed: list[Fuzzed],
    leaks: subprocess.CompletedProcess[str],
    linear: subprocess.CompletedProcess[str],
    rounds: list[subprocess.CompletedProcess[str]],
    memory: subprocess.CompletedProcess[str],
) -> str:
    """The page."""
    short = "".join(f" {name}={wanted[name]} instead of {full}." for name, full in FULL.items() if wanted[name] != full)
    corpus = "with" if os.environ.get("SIPCORE_CORPUS") else "without"
    messages = f"{wanted['MESSAGES']:,} messages each way"
    last = "; ".join(dict.fromkeys(map(last_line, rounds)))
    lines = [
        "# The last night",
        "",
        "Written by `make nightly`.",
        "",
        *begun,
        f"- Length: {'shortened:' + short if short else 'full'}",
        "",
        f"## Fuzzing, {wanted['SECONDS']} seconds each, {corpus} the public corpus",
        "",
        "| target | executions | counters reached at the start | at the end | finding | exit status |",
        "| --- | ---: | ---: | ---: | --- | ---: |",
        *map(str, fuzzed),
        "",
        "## Leaks",
        "",
        (leaks.stdout + leaks.stderr).strip(),
        "",
        "## Messages through the relay",
        "",
        (memory.stdout.strip() or memory.stderr.strip()),
        "",
        "## Texts made to cost much",
        "",
        f"{wanted['ADVERSARIES']} times as long as by day: {last_line(linear)}.",
        "",
        "## SIPp",
        "",
        f"Rounds of tests/test_sipp.py with {messages}: {len(rounds)}. Each: {last or 'not run'}.",
    ]
    return "\n".join(lines) + "\n"


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """How a run of pytest ended, without its time."""
    return re.sub(r" in .*", "", done.stdout.strip().split("\n")[-1])


if __name__ == "__main__":
    sys.exit(main())
