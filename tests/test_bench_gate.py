"""The gate on instruction counts (`sipcore_bench.gate`), and the counting itself (`sipcore_bench.callgrind`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from peer_programs import require_program

from sipcore_bench import callgrind, gate
from sipcore_bench.callgrind import count
from sipcore_bench.contestant import Unavailable
from sipcore_bench.gate import BASELINE, GateError, Verdict, accept, default_base, explained, judge, nearest_base
from sipcore_bench.hotpaths import PATHS
from sipcore_bench.instructions import works_elsewhere


@pytest.fixture
def _valgrind() -> None:
    require_program("valgrind", "valgrind")


# -- the verdict


@pytest.mark.parametrize(
    ("base", "head", "excused", "verdict"),
    [
        (1000.0, 1000.0, False, Verdict.SAME),
        (1000.0, 1050.0, False, Verdict.SAME),
        (1000.0, 1050.1, False, Verdict.GREW),
        (1000.0, 1050.1, True, Verdict.EXPLAINED),
        (1000.0, 900.0, False, Verdict.SMALLER),
        (None, 900.0, False, Verdict.NEW),
        (900.0, None, True, Verdict.BROKEN),
    ],
)
def test_a_path_may_grow_by_five_per_cent_or_with_a_reason(base, head, excused, verdict):
    sides = [{} if side is None else {"parse": side} for side in (base, head)]
    (outcome,) = judge(*sides, iter(["parse"]), {"parse"} if excused else set())
    assert outcome.verdict is verdict
    assert outcome.fails == (verdict in (Verdict.GREW, Verdict.BROKEN))
    assert str(outcome).endswith(verdict)


CHANGELOG = """\
# Changelog

## Unreleased

### Changed
- Parse more. hot path: parse: reads two more headers.
- The engine signs (hot path: `engine`).

## 0.1.0

- hot path: filter: long ago.
"""


def test_the_changelog_explains_in_its_unreleased_section_only():
    assert explained(CHANGELOG) == {"parse", "engine"}
    assert explained("# Changelog\n") == set()


def test_a_line_that_the_base_has_already_explains_nothing_new():
    before = CHANGELOG.replace("- The engine signs (hot path: `engine`).\n", "")
    assert explained(CHANGELOG, before) == {"engine"}


# -- the two sides


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two commits on main; the gate reads counts out of a file instead of building."""
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "somebody@contoso.example")
    root = tmp_path / "repository"
    (root / "sipcore").mkdir(parents=True)
    run(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text("ignored\n")
    (root / "bench").mkdir()
    (root / "bench" / "kept").touch()
    (root / "CHANGELOG.md").write_text("## Unreleased\n")
    for instructions in (1000, 1001):
        write_counts(root, instructions)
        run(root, "add", ".")
        run(root, "commit", "-q", "-m", f"counts {instructions}")
    monkeypatch.setattr(gate, "measured", lambda tree, _: (json.loads((tree / "sipcore" / "counts").read_text()), {}))
    monkeypatch.setattr(callgrind, "have_valgrind", lambda: True)
    return root


def run(root: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True, timeout=30)
    return ran.stdout.strip()


def write_counts(root: Path, instructions: float) -> None:
    (root / "sipcore" / "counts").write_text(json.dumps({path: instructions for path, _, _ in PATHS}))


def test_the_base_is_what_was_accepted_last_however_many_commits_ago(repository, capsys):
    accepted = accept(repository)
    assert accepted == run(repository, "rev-parse", "HEAD")
    for instructions in (1040, 1080, 1120):
        write_counts(repository, instructions)
        run(repository, "add", ".")
        run(repository, "commit", "-q", "-m", f"counts {instructions}")
    assert default_base(repository) == accepted
    assert gate.main(["--root", str(repository)]) == 1, "4 % three times are more than 5 %"
    assert "counts 1001" in capsys.readouterr().out
    assert gate.main(["--root", str(repository), "--accept"]) == 0
    assert gate.main(["--root", str(repository)]) == 0


def test_what_is_not_committed_cannot_be_accepted(repository, capsys):
    write_counts(repository, 2000)
    assert gate.main(["--root", str(repository), "--accept"]) == 2
    assert "only what is committed" in capsys.readouterr().err
    assert not (repository / BASELINE).exists()


def test_a_clone_without_the_accepted_revision_says_so_and_takes_the_nearest(repository, capsys):
    (repository / BASELINE).write_text(f"# why\n{'0' * 40}\n")
    assert default_base(repository) == nearest_base(repository) == run(repository, "rev-parse", "HEAD~1")
    assert "000000000000 of bench/baseline.txt is not in this clone" in capsys.readouterr().out
    (repository / BASELINE).unlink()
    assert default_base(repository) == nearest_base(repository)
    assert "there is no bench/baseline.txt" in capsys.readouterr().out


def test_a_shallow_clone_of_the_last_commit_takes_the_nearest(tmp_path, repository, capsys):
    accept(repository)
    for message in ("baseline", "more"):
        run(repository, "add", ".")
        run(repository, "commit", "-q", "--allow-empty", "-m", message)
    shallow = tmp_path / "shallow"
    run(tmp_path, "clone", "-q", "--depth", "2", f"file://{repository}", str(shallow))
    assert default_base(shallow) == run(shallow, "rev-parse", "HEAD~1")
    assert "is it shallow?" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "# nothing\n", "HEAD~3\n", f"{'a' * 40}\n{'b' * 40}\n"])
def test_a_baseline_that_is_no_revision_is_status_2(repository, capsys, text):
    (repository / BASELINE).write_text(text)
    assert gate.main(["--root", str(repository)]) == 2
    assert "must hold one full revision" in capsys.readouterr().err


def test_the_baseline_of_this_repository_is_a_revision():
    assert gate.baseline(Path(__file__).parents[1]) is not None


def test_the_nearest_base_is_the_commit_before_on_main(repository):
    assert nearest_base(repository) == run(repository, "rev-parse", "HEAD~1")


def test_the_nearest_base_of_uncommitted_work_is_the_last_commit(repository):
    write_counts(repository, 2000)
    assert nearest_base(repository) == "HEAD"


def test_the_nearest_base_of_a_branch_is_where_it_left_main(repository):
    fork = run(repository, "rev-parse", "HEAD")
    run(repository, "switch", "-q", "-c", "work")
    for instructions in (2000, 3000):
        write_counts(repository, instructions)
        run(repository, "commit", "-q", "-a", "-m", "more")
    assert nearest_base(repository) == fork


def test_a_first_commit_has_no_base(tmp_path, repository):
    run(repository, "checkout", "-q", "--orphan", "alone")
    run(repository, "commit", "-q", "-m", "first")
    run(repository, "branch", "-q", "-D", "main")
    with pytest.raises(GateError, match="too shallow"):
        nearest_base(repository)


def test_the_gate_opens_for_what_does_not_grow(repository, capsys):
    assert gate.main(["--root", str(repository)]) == 0
    assert "counts 1000" in capsys.readouterr().out


def test_the_gate_shuts_for_uncommitted_growth_and_opens_when_it_is_explained(repository, capsys):
    write_counts(repository, 2000)
    assert gate.main(["--root", str(repository)]) == 1
    shown = capsys.readouterr().out
    assert "+99.8%" in shown
    assert "gate: shut" in shown
    explanations = "".join(f"- hot path: {path}: because.\n" for path, _, _ in PATHS)
    (repository / "CHANGELOG.md").write_text(f"## Unreleased\n{explanations}")
    assert gate.main(["--root", str(repository)]) == 0


def test_a_file_that_git_does_not_follow_yet_is_part_of_the_head(repository):
    (repository / "sipcore" / "new.py").touch()
    (repository / "ignored").touch()
    head = repository.parent / "head"
    gate.copy_head(repository, head)
    assert (head / "sipcore" / "new.py").exists()
    assert not (head / "ignored").exists()


def test_a_base_that_cannot_be_built_is_said_and_its_paths_are_new(repository, monkeypatch, capsys):
    def measured(tree: Path, _: Path) -> tuple[dict[str, float], dict[str, str]]:
        if tree.name == "base":
            raise GateError("it does not build: no compiler")
        return {path: 1.0 for path, _, _ in PATHS}, {}

    monkeypatch.setattr(gate, "measured", measured)
    assert gate.main(["--root", str(repository)]) == 0
    shown = capsys.readouterr().out
    assert "of the base, it does not build: no compiler" in shown
    assert shown.count(Verdict.NEW) == len(PATHS)


def test_a_head_that_cannot_be_built_is_status_2(repository, monkeypatch, capsys):
    def measured(tree: Path, _: Path) -> tuple[dict[str, float], dict[str, str]]:
        raise GateError(f"{tree.name} does not build")

    monkeypatch.setattr(gate, "measured", measured)
    assert gate.main(["--root", str(repository)]) == 2
    assert "head does not build" in capsys.readouterr().err


def test_nothing_is_counted_when_nothing_that_is_built_differs(repository, capsys):
    (repository / "CHANGELOG.md").write_text("another")
    assert gate.main(["--root", str(repository), "--base", "HEAD"]) == 0
    assert "nothing that is built differs" in capsys.readouterr().out


def test_an_unknown_base_is_status_2(repository, capsys):
    assert gate.main(["--root", str(repository), "--base", "no-such"]) == 2
    assert "no-such" in capsys.readouterr().err


# -- the counting


@pytest.mark.parametrize("prepare", [prepare for _, _, prepare in PATHS], ids=[name for name, _, _ in PATHS])
def test_every_hot_path_runs_again_and_again(prepare):
    one_pass = prepare()
    one_pass()
    one_pass()


PROGRAM = """
from sipcore_bench.callgrind import run_marked

def adding(count):
    def one_pass():
        for _ in range(count):
            pass
    return lambda: one_pass

def failing():
    raise RuntimeError("not on this side")

run_marked([("thousand", 1000, adding(1000)), ("broken", 1, failing), ("thousands", 10_000, adding(10_000))])
"""


@pytest.mark.usefixtures("_valgrind")
def test_instructions_are_those_of_the_passes_and_of_nothing_else():
    counted, failed = count(["-P", "-c", PROGRAM])
    assert failed == {"broken": "not on this side"}
    assert list(counted) == ["thousand", "thousands"]
    assert 1 < counted["thousands"] < 1000
    assert counted["thousand"] == pytest.approx(counted["thousands"], rel=0.2), "the start would be millions"


@pytest.mark.usefixtures("_valgrind")
def test_a_program_that_fails_under_valgrind_is_said():
    with pytest.raises(Unavailable, match="status 3"):
        count(["-c", "raise SystemExit(3)"])


def test_without_valgrind_nothing_is_counted(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="valgrind is not installed"):
        count(["-c", "pass"])


class Piping:
    """A contestant whose work is done by another process, or pretends so."""

    name, kind, version, question = "piping", "peer", "1", "index"

    def __init__(self, writes: bool) -> None:
        self.writes = writes

    def answer(self, item: bytes) -> object:
        return item

    def timed(self, items: list[bytes]):
        def one_pass() -> int:
            if self.writes:
                with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
                    cat.communicate(b"".join(items), timeout=20)
            return 1

        return one_pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process how much it has written")
def test_who_works_in_another_process_is_found_out():
    assert works_elsewhere(Piping(writes=True), [b"x"])
    assert not works_elsewhere(Piping(writes=False), [b"x"])
