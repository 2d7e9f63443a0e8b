"""The declarations serve those who cimport them: the example builds against the package, runs, and counts right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from messages import CONTORTED, INVITE, OK, OPTIONS, message

import sipcore
from sipcore.grammar import COMPACT_FORMS, HEADERS

PACKAGE = Path(sipcore.__file__).parent
EXAMPLE = PACKAGE.parent / "examples" / "cython_embed"
PATIENCE = 100.0

MESSAGES = [INVITE, OK, OPTIONS, CONTORTED, message(method="X-NEW"), OPTIONS]


def run(folder: Path, *arguments: str) -> str:
    """Run Python there, with the package that these tests run with."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, copied and built as its README says."""
    folder = tmp_path_factory.mktemp("embed") / "cython_embed"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "*.c", "*.so"))
    run(folder, "setup.py", "build_ext", "--inplace")
    return folder


@pytest.fixture(scope="module")
def embed(built: Path) -> ModuleType:
    (library,) = built.glob("embed.*.so")
    spec = spec_from_file_location("embed", library)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expected(messages: list[bytes]) -> tuple[Counter[str], Counter[str]]:
    """Methods and headers as the Python side has them."""
    parsed = [sipcore.parse(each) for each in messages]
    known = {name.lower(): name for name in HEADERS} | COMPACT_FORMS
    names = [known.get(name.lower(), "(other)") for each in parsed for name, _ in each]
    return Counter(each.method for each in parsed if each.is_request), Counter(names)


def test_what_is_counted_without_the_gil_is_what_messages_say(embed):
    data = b"\r\n\r\n".join(MESSAGES)
    methods, headers = expected(MESSAGES)
    assert embed.tally(data) == (len(MESSAGES), 1, methods, headers, len(data))


def test_every_known_name_has_an_id_of_its_own(embed):
    names = [name for name in HEADERS if name != "Content-Length"]
    head = "".join(f"{name.swapcase()}: x\r\n" for name in names)
    data = f"OPTIONS sip:a SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n".encode()
    assert embed.tally(data)[3] == dict.fromkeys(HEADERS, 1)


def test_counting_ends_before_what_is_no_whole_message(embed):
    for tail in (INVITE[:-1], b"not SIP\r\n\r\n", OPTIONS[:20], OPTIONS.replace(b"Content-Length: 0\r\n", b"")):
        messages, _, _, _, read = embed.tally(OPTIONS + tail)
        assert (messages, read) == (1, len(OPTIONS))
    assert embed.tally(b"") == (0, 0, {}, {}, 0)


def test_messages_that_spill_and_methods_without_end_are_counted_too(embed):
    many = message(*[f"X-{number}: y" for number in range(100)])
    assert embed.tally(many * 50)[3]["(other)"] == 5000
    methods = embed.tally(b"".join(message(method=f"M{number}") for number in range(40)))[2]
    assert (len(methods), sum(methods.values())) == (32, 40)


def test_threads_count_the_same_at_the_same_time(embed):
    data = b"".join(MESSAGES) * 200
    alone = embed.tally(data)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(embed.tally, [data] * 8))


def test_the_program_of_the_example_prints_what_it_counts(built):
    (built / "two.sip").write_bytes(OPTIONS + OK)
    first, *counts = run(built, "count.py", "two.sip").splitlines()
    size = len(OPTIONS + OK)
    assert first == f"2 messages, 1 of them responses, in {size} of {size} bytes"
    assert "       1 OPTIONS" in counts
    assert "       3 Via" in counts


def test_the_include_folder_has_what_a_build_needs():
    folder = Path(sipcore.get_include())
    for name in ("__init__.pxd", "_cursor.pxd", "_index.pxd", "_syntax.pxd", "_parser.pxd", "_grammar.h", "_scan.h"):
        assert (folder / name).is_file(), name
