"""The gate: no hot path grows by more than five per cent in instructions unless the changelog says why.

``python -m sipcore_bench.gate [--base REV]`` builds the base and the head with the same tools in the same run, in
folders of their own, counts the paths of `sipcore_bench.hotpaths` on both by callgrind, and compares. The head is the
working tree as it is. The base is, unless given, the revision in ``bench/baseline.txt``: the last whose figures were
accepted, so that many commits of four per cent each do not pass one by one. Where that is not in the clone, it is the
nearest there is: the last commit if the tree has changes; else where this branch left main; else, on main itself, the
commit before.

``--accept`` makes the last commit the baseline. That is for whoever accepts a submission, not for whoever makes it.

A line with ``hot path: NAME`` in the section *Unreleased* of CHANGELOG.md, which the base does not have yet, lets that
path grow.

Exit status: 0 nothing grew, or it is explained; 1 a path grew or broke; 2 it could not be found out.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from sipcore_bench import callgrind
from sipcore_bench.contestant import Unavailable
from sipcore_bench.hotpaths import PATHS

__all__ = ["Outcome", "Verdict", "explained", "judge", "main"]

LIMIT = 0.05
#: Below the root of the repository: a full revision, behind lines of comment.
BASELINE = Path("bench", "baseline.txt")
_REVISION = re.compile("[0-9a-f]{40}")
_BASELINE_TEXT = """\
# The revision that `make gate` compares with: the last whose instruction counts were accepted.
# Written by `make gate-baseline` when a submission is accepted.
{revision}
"""
#: What can change a count; the benchmark's own code is the head's on both sides.
_BUILT_FROM = ("sipcore", "setup.py", "pyproject.toml")
_BUILD_TIMEOUT_S = 900
_GOOD, _GREW, _UNKNOWN = 0, 1, 2


class GateError(Exception):
    """The question cannot be answered: no such revision, a head that does not build."""


class Verdict(StrEnum):
    """What is said of a path. The values are what is printed."""

    SAME = "ok"
    SMALLER = "fewer"
    GREW = "GREW"
    EXPLAINED = "grew, explained in the changelog"
    NEW = "new: the base has no such path"
    BROKEN = "BROKEN: the head cannot run it"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One path: instructions per message on either side."""

    path: str
    base: float | None
    head: float | None
    verdict: Verdict

    @property
    def fails(self) -> bool:
        """Whether the gate stays shut."""
        return self.verdict in (Verdict.GREW, Verdict.BROKEN)

    def __str__(self) -> str:
        shown = [f"{side:>12,.1f}" if side is not None else f"{'-':>12}" for side in (self.base, self.head)]
        change = f"{self.head / self.base - 1:+8.1%}" if self.base and self.head else " " * 8
        return f"{self.path:<10}{shown[0]}{shown[1]} {change}  {self.verdict}"


def judge(
    base: Mapping[str, float], head: Mapping[str, float], paths: Iterator[str], excused: set[str]
) -> list[Outcome]:
    """Compare counts.

    Args:
        base, head: instructions per message by path; a path that failed is not in it.
        paths: the names of all paths.
        excused: those that may grow.
    """
    return [
        Outcome(path, base.get(path), head.get(path), _verdict(base.get(path), head.get(path), path in excused))
        for path in paths
    ]


def _verdict(base: float | None, head: float | None, excused: bool) -> Verdict:
    if head is None:
        return Verdict.BROKEN
    if base is None:
        return Verdict.NEW
    if head > base * (1 + LIMIT):
        return Verdict.EXPLAINED if excused else Verdict.GREW
    return Verdict.SMALLER if head < base * (1 - LIMIT) else Verdict.SAME


def explained(changelog: str, before: str = "") -> set[str]:
    """The paths that a changelog's *Unreleased* section explains, in lines that an earlier changelog does not have."""
    section = re.search(r"^## \[?Unreleased\]?.*?$(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    old = set(before.splitlines())
    lines = [line for line in (section[1] if section else "").splitlines() if line not in old]
    return {name for line in lines for name in re.findall(r"hot path: `?([\w-]+)`?", line)}


# -- the two trees


def git(root: Path, *arguments: str) -> bytes:
    """What git prints. Raises: GateError with what it complains of."""
    ran = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, timeout=120, check=False)  # noqa: S603, S607
    if ran.returncode:
        raise GateError(f"git {' '.join(arguments)}: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout


def baseline(root: Path) -> str | None:
    """The revision that was accepted last; None where nothing says so. Raises: GateError when it is no revision."""
    try:
        lines = (root / BASELINE).read_text().splitlines()
    except FileNotFoundError:
        return None
    stated = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if len(stated) != 1 or not _REVISION.fullmatch(stated[0]):
        raise GateError(f"{BASELINE} must hold one full revision, 40 hexadecimal digits")
    return stated[0]


def accept(root: Path) -> str:
    """Make the last commit the baseline, and return it. Raises: GateError when there is more than that commit."""
    if git(root, "status", "--porcelain", "--", *_BUILT_FROM):
        raise GateError("only what is committed can be accepted")
    revision = git(root, "rev-parse", "HEAD").decode().strip()
    (root / BASELINE).write_text(_BASELINE_TEXT.format(revision=revision))
    return revision


def default_base(root: Path) -> str:
    """The revision to compare with; see the head of this file. Raises: GateError when there is none."""
    accepted = baseline(root)
    if accepted is None:
        _say(f"gate: there is no {BASELINE}, so the nearest commit is the base")
        return nearest_base(root)
    try:
        git(root, "cat-file", "-e", f"{accepted}^{{commit}}")
    except GateError:
        _say(
            f"gate: {accepted[:12]} of {BASELINE} is not in this clone (is it shallow?), so the nearest commit is "
            "the base"
        )
        return nearest_base(root)
    return accepted


def nearest_base(root: Path) -> str:
    """The commit that the head grew from, as far as a clone can tell. Raises: GateError when there is none."""
    if git(root, "status", "--porcelain", "--", *_BUILT_FROM):
        return "HEAD"
    head = git(root, "rev-parse", "HEAD").strip()
    for main_branch in ("origin/main", "main"):
        try:
            fork = git(root, "merge-base", "HEAD", main_branch).strip()
        except GateError:
            continue  # a clone may have either, or none
        if fork != head:
            return fork.decode()
    try:
        return git(root, "rev-parse", "--verify", "HEAD~1").decode().strip()
    except GateError:
        raise GateError(
            "there is no commit before this one to compare with; a clone of one commit is too shallow"
        ) from None


def unpack_base(root: Path, revision: str, target: Path) -> None:
    """Write a commit's tree. Unlike a worktree, an archive leaves nothing behind in the repository."""
    with tarfile.open(fileobj=BytesIO(git(root, "archive", "--format=tar", revision))) as archive:
        archive.extractall(target, filter="data")


def copy_head(root: Path, target: Path) -> None:
    """Copy the working tree: what git follows and what it does not ignore."""
    for name in git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0"):
        if name and (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def build(tree: Path) -> None:
    """Compile the extensions in place. Raises: GateError with the end of what the compiler said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIPCORE_")}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    ran = subprocess.run(  # noqa: S603
        command, cwd=tree, env=clean, capture_output=True, text=True, timeout=_BUILD_TIMEOUT_S, check=False
    )
    if ran.returncode:
        raise GateError(f"it does not build: {(ran.stdout + ran.stderr).strip()[-800:]}")


def count(tree: Path, benchmarks: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Count the hot paths with the sipcore of a tree. Raises: Unavailable."""
    places = os.pathsep.join((str(tree), str(benchmarks)))
    return callgrind.count(["-P", "-m", "sipcore_bench.hotpaths"], {"PYTHONPATH": places})


def measured(tree: Path, benchmarks: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Build and count. Raises: GateError, Unavailable."""
    build(tree)
    return count(tree, benchmarks)


# -- the run


def main(arguments: list[str] | None = None) -> int:
    """Run the gate. Returns: the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sipcore_bench.gate", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--base", metavar="REV", help="the commit to compare with")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the repository; default: here")
    parser.add_argument("--accept", action="store_true", help=f"write the last commit into {BASELINE} and leave")
    given = parser.parse_args(arguments)
    try:
        root = Path(git(given.root, "rev-parse", "--show-toplevel").decode().strip())
        if given.accept:
            _say(f"gate: {BASELINE} is now {accept(root)}")
            return _GOOD
        return _run(root, given.base)
    except (GateError, Unavailable) as error:
        print(f"gate: {error}", file=sys.stderr)  # noqa: T201
        return _UNKNOWN


def _run(root: Path, base: str | None) -> int:
    if not callgrind.have_valgrind():
        raise GateError("valgrind is not installed")
    revision = git(root, "rev-parse", "--verify", f"{base or default_base(root)}^{{commit}}").decode().strip()
    if not _changed(root, revision):
        _say(f"gate: nothing that is built differs from {revision[:12]}")
        return _GOOD
    _say(
        f"gate: head is the working tree, base is {git(root, 'log', '-1', '--format=%h %s', revision).decode().strip()}"
    )
    with tempfile.TemporaryDirectory(prefix="sipcore-gate-") as folder:
        outcomes = _compared(root, revision, Path(folder))
    _say(f"{'hot path':<10}{'base':>12}{'head':>12}   change  (instructions per message)")
    for outcome in outcomes:
        _say(str(outcome))
    if not any(outcome.fails for outcome in outcomes):
        return _GOOD
    _say(f"gate: shut. More than {LIMIT:.0%} needs a line 'hot path: NAME: why' in CHANGELOG.md, section Unreleased.")
    return _GREW


def _compared(root: Path, revision: str, folder: Path) -> list[Outcome]:
    base, head, benchmarks = folder / "base", folder / "head", folder / "benchmarks"
    for tree in (base, head, benchmarks):
        tree.mkdir()
    unpack_base(root, revision, base)
    copy_head(root, head)
    # Under this name it is importable beside either tree, so both are counted by the same code: the head's.
    (benchmarks / "sipcore_bench").symlink_to(head / "bench")
    with ThreadPoolExecutor(2) as pool:
        sides = [pool.submit(measured, tree, benchmarks) for tree in (base, head)]
        head_counts, head_failed = sides[1].result()
        try:
            base_counts, base_failed = sides[0].result()
        except GateError as error:
            _say(f"gate: of the base, {error}")
            base_counts, base_failed = {}, {}
    for side, failed in (("base", base_failed), ("head", head_failed)):
        for path, why in failed.items():
            _say(f"gate: {path} does not run on the {side}: {why}")
    before = base / "CHANGELOG.md"
    excused = explained((head / "CHANGELOG.md").read_text(), before.read_text() if before.exists() else "")
    return judge(base_counts, head_counts, (name for name, _, _ in PATHS), excused)


def _changed(root: Path, revision: str) -> bool:
    """Whether anything that is built differs, files that git does not follow yet included."""
    changed = git(root, "diff", "--name-only", revision, "--", *_BUILT_FROM)
    return bool(changed or git(root, "ls-files", "--others", "--exclude-standard", "--", *_BUILT_FROM))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
