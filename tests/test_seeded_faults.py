"""Whether the oracle would notice: faults are put into copies of the parser, one each, and every one must be caught.

A copy is built and then compared with the oracle by `test_oracle.py`, without the corpus and with a fixed seed, in a
process of its own. A fault whose text is no longer in the source fails too: put it where that code is now.

This takes two minutes and a compiler, so it runs by `make faults`, which sets SIPCORE_SEEDED_FAULTS=1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What the comparison needs besides the copy.
JUDGES = ("agreement.py", "corpus.py", "messages.py", "strategies.py", "test_oracle.py", "oracle")
SLOWEST_BUILD_S, SLOWEST_RUN_S = 300, 300

pytestmark = pytest.mark.timeout(2 * SLOWEST_BUILD_S + SLOWEST_RUN_S)

if os.environ.get("SIPCORE_SEEDED_FAULTS", "0") in ("", "0"):
    pytest.skip(
        "seeded faults are built and judged by `make faults` (SIPCORE_SEEDED_FAULTS=1)", allow_module_level=True
    )

#: name: (file, the extension that is built with it, what stands there, what stands there instead)
FAULTS = {
    "the end of a display name is off by one": (
        "_syntax.pyx", "_syntax",
        "trimmed(cursor.base, cursor.pos, bracket)", "trimmed(cursor.base, cursor.pos, bracket - 1)",
    ),
    "a fold becomes nothing instead of a space": (
        "_values.pyx", "_values",
        'return " ".join(line for line in lines if line)', 'return "".join(line for line in lines if line)',
    ),
    "a line that begins with a tab is no fold": (
        "_index.pyx", "_index",
        "if cursor.base[at + 2] != c' ' and cursor.base[at + 2] != c'\\t':", "if cursor.base[at + 2] != c' ':",
    ),
    "the compact form of Via is missing": ("grammar.py", "_index", '    "v": "Via",\n', ""),
    "one letter keeps its case": (
        "_cursor.pxd", "_syntax", "if c'A' <= byte <= c'Z':", "if c'B' <= byte <= c'Z':",
    ),
    "a backslash does not escape a quote": (
        "_cursor.pxd", "_parser",
        "cursor.pos += 2 if cursor.base[cursor.pos] == c'\\\\' else 1", "cursor.pos += 1",
    ),
    "a comma in angle brackets splits": (
        "_cursor.pxd", "_parser", "elif byte == c'<':", "elif byte == 0:",
    ),
    "a Content-Length past the limit is cut to it": (
        "_index.pyx", "_index",
        "if length > bounds.body:\n        return fail(fault, BODY_TOO_LARGE, value.start)",
        "if length > bounds.body:\n        length = bounds.body",
    ),
    "the port 65536 is accepted": (
        "_syntax.pyx", "_syntax", "(cursor, 65535, &number", "(cursor, 65536, &number",
    ),
    "of two tags the second counts": (
        "_syntax.pyx", "_syntax",
        "if not address.tag_seen and equals_folded", "if equals_folded",
    ),
    "a CSeq number wraps": (
        "_syntax.pyx", "_syntax", "(cursor, 0xFFFFFFFF, &number", "(cursor, 0xFFFFFFFFFFFF, &number",
    ),
    "of two backslashes none is left": (
        "_values.pyx", "_values",
        'escaped = letter == "\\\\" and not escaped', 'escaped = letter == "\\\\"',
    ),
    "what stands in brackets is not looked at": (
        "_syntax.pyx", "_syntax",
        "cursor.pos == cursor.end or not is_ipv6(cursor.base, inner)", "cursor.pos == cursor.end",
    ),
    "a colon in front of the at sign ends the user only when a password follows": (
        "_syntax.pyx", "_syntax", "if colon < at:", "if colon + 1 < at:",
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without a fault, built."""
    copy = tmp_path_factory.mktemp("sound")
    shutil.copytree(ROOT / "sipcore", copy / "sipcore", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "setup.py", copy)
    (copy / "tests").mkdir()
    for name in JUDGES:
        source = ROOT / "tests" / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy / "tests" / name)
    build(copy)
    return copy


def build(copy: Path) -> None:
    """Compile what is not up to date. Without optimisation: it takes a quarter of the time, and faults stay faults."""
    setup = copy / "setup.py"
    setup.write_text(setup.read_text().replace('"-O3"', '"-O0"'))
    ran = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=copy, capture_output=True, text=True, timeout=SLOWEST_BUILD_S, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]


def judged(copy: Path) -> subprocess.CompletedProcess[str]:
    """The comparison with the oracle, made with the copy's parser."""
    where = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'tests'}", "SIPCORE_CORPUS": str(copy / "none")}
    del where["SIPCORE_SEEDED_FAULTS"]
    where.pop("SIPCORE_REQUIRE_CORPUS", None)
    own = subprocess.run(
        [sys.executable, "-c", "import sipcore._index as index; print(index.__file__)"],
        cwd=copy, env=where, capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    assert own.startswith(str(copy)), "the copy is what is judged"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--import-mode=importlib",
         "--hypothesis-seed=0", "-o", "addopts=", "-k", "agree and not corpus", "tests/test_oracle.py"],
        cwd=copy, env=where, capture_output=True, text=True, timeout=SLOWEST_RUN_S, check=False,
    )  # fmt: skip


def test_a_copy_without_a_fault_is_passed(sound):
    ran = judged(sound)
    assert ran.returncode == 0, ran.stdout[-2000:]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_caught(sound, tmp_path, fault):
    file, extension, stands, instead = FAULTS[fault]
    copy = tmp_path / "copy"
    shutil.copytree(sound, copy)
    # Only the extension with the fault is compiled again: the others have no source here.
    for source in copy.glob("sipcore/**/*.pyx"):
        if source != copy / "sipcore" / f"{extension}.pyx":
            source.unlink()
    target = copy / "sipcore" / file
    text = target.read_text()
    assert text.count(stands) == 1, f"{file} does not say {stands!r} any more, or says it twice"
    target.write_text(text.replace(stands, instead))
    built = next(copy.glob(f"sipcore/{extension}.*.so"))
    built.unlink()
    build(copy)
    assert next(copy.glob(f"sipcore/{extension}.*.so")).stat().st_mtime > target.stat().st_mtime
    ran = judged(copy)
    assert ran.returncode == 1, "nobody noticed"
    assert "parser" in ran.stdout, ran.stdout[-2000:]
