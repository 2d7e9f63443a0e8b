"""The rules of the house, as tests: imports go downhill, the face is small, files and functions are short."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import sipcore

PACKAGE = Path(sipcore.__file__).parent
SOURCES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyx", ".pxd"))

#: From the ground up; a room imports its own floor and those below it.
FLOORS = [
    {"errors", "limits", "grammar"},
    {"_cursor"},
    {"_words"},
    {"_syntax"},
    {"_header_syntax"},
    {"_index"},
    {"_values"},
    {"_headers"},
    {"_parser", "values"},
    {"_sound", "_respond"},
    {"_framer", "_edit", "_reader", "build", "validate"},
    {"describe", "capture"},
    {"settings"},
    {"imfilter"},
    {"edge"},
    {"configuration"},
    {"relay"},
    {"demo"},
    {"cli"},
]
#: Where the operating system may be seen.
SHELL = {"relay", "demo", "cli"}
OPERATING_SYSTEM = {
    "asyncio",
    "uvloop",
    "ssl",
    "socket",
    "time",
    "random",
    "secrets",
    "subprocess",
    "threading",
    "select",
}

#: Imports that go up, each with its reason.
UPHILL = {
    ("_parser", "_edit"): "Message.edit() gives the edit that belongs to it; imported when it is called",
}

#: What a room of the bare install imports all the same, in a file that nothing of the bare install imports.
OF_AN_EXTRA = {("imfilter/rules_file.py", "msgspec")}

IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\s+|c?import\s+([\w.]+))", re.MULTILINE)
LONGEST_FUNCTION, LONGEST_PY, LONGEST_PYX = 80, 500, 700


def room_of(module: str) -> str:
    """``sipcore.edge.tables`` is in the room ``edge``."""
    return module.split(".")[1] if "." in module else "__init__"


def imports() -> list[tuple[str, str, str]]:
    """(file, its room, imported module) for every import in the package, type-checking ones included."""
    found = []
    for path in SOURCES:
        module = ".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts))
        for match in IMPORT.finditer(path.read_text()):
            found.append((str(path.relative_to(PACKAGE)), room_of(module), match[1] or match[2]))
    return found


def test_every_room_has_a_floor():
    rooms = {room_of(f"sipcore.{path.relative_to(PACKAGE).with_suffix('').parts[0]}") for path in SOURCES}
    assert rooms - {"__init__"} == set().union(*FLOORS)


def test_imports_go_downhill():
    level = {room: height for height, floor in enumerate(FLOORS) for room in floor}
    uphill = {
        (room, room_of(module))
        for _, room, module in imports()
        if module.startswith("sipcore.") and room != "__init__" and level[room_of(module)] > level[room]
    }
    assert uphill == set(UPHILL)


def test_rooms_of_one_floor_do_not_lean_on_each_other():
    level = {room: height for height, floor in enumerate(FLOORS) for room in floor}
    sideways = {
        (room, room_of(module))
        for _, room, module in imports()
        if module.startswith("sipcore.") and room in level and level.get(room_of(module)) == level[room] != 0
        and room_of(module) != room
    }  # fmt: skip
    assert sideways == set()


def test_only_the_shell_sees_the_operating_system():
    seen = {
        (file, module)
        for file, room, module in imports()
        if room not in SHELL and module.split(".")[0] in OPERATING_SYSTEM
    }
    assert seen == set()


def test_the_bare_install_imports_no_library():
    core = {
        "_cursor",
        "_syntax",
        "_header_syntax",
        "_index",
        "_values",
        "_headers",
        "values",
        "_parser",
        "_framer",
        "_edit",
        "_respond",
        "build",
        "validate",
        "imfilter",
        "errors",
        "limits",
        "grammar",
    }
    foreign = {
        "ahocorasick",
        "uvloop",
        "msgspec",
        "structlog",
        "prometheus_client",
        "typer",
        "dpkt",
        "rich",
        "tree_sitter",
        "hypothesis",
        "pytest",
    }
    seen = {(file, module) for file, room, module in imports() if room in core and module.split(".")[0] in foreign}
    assert seen == OF_AN_EXTRA


def test_the_public_face_is_small_sorted_and_real():
    assert len(sipcore.__all__) <= 25
    assert (
        sorted(sipcore.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == sipcore.__all__
    )
    assert all(hasattr(sipcore, name) for name in sipcore.__all__)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".pyx"], ids=lambda path: path.name)
def test_every_extension_has_a_stub_that_names_what_it_has(path):
    stub = ast.parse(path.with_suffix(".pyi").read_text())
    module = importlib.import_module(".".join((PACKAGE.name, *path.relative_to(PACKAGE).with_suffix("").parts)))
    for node in stub.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            assert hasattr(module, node.name), node.name
        if isinstance(node, ast.ClassDef):
            members = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            have = set(dir(getattr(module, node.name)))
            assert members <= have, f"{node.name}: in the stub only: {members - have}"
            public = {name for name in vars(getattr(module, node.name)) if not name.startswith("_")}
            assert public <= members, f"{node.name}: not in the stub: {public - members}"


def test_files_are_short():
    caps = {".py": LONGEST_PY, ".pyx": LONGEST_PYX, ".pxd": LONGEST_PY}
    long = {path.name: lines for path in SOURCES if (lines := path.read_text().count("\n")) > caps[path.suffix]}
    assert long == {}


def function_lengths(path: Path) -> list[tuple[int, str]]:
    """Lines of each function, its docstring left out (.py), or up to the next definition (.pyx)."""
    text = path.read_text()
    if path.suffix == ".py":
        found = []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                doc = node.body[0] if ast.get_docstring(node) else None
                found.append(
                    (node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0), node.name)
                )
        return found
    starts = [(number, line.strip()) for number, line in enumerate(text.split("\n"))
              if re.match(r"\s*(cdef|cpdef|def)\b.*\(", line)]  # fmt: skip
    ends = [number for number, _ in starts[1:]] + [text.count("\n")]
    return [(end - start, line) for (start, line), end in zip(starts, ends, strict=True)]


def test_functions_are_short():
    lengths = sorted(length for path in SOURCES if path.suffix != ".pxd" for length, _ in function_lengths(path))
    assert lengths[-1] <= LONGEST_FUNCTION
    assert lengths[len(lengths) // 2] <= 10, "half of all functions have ten lines or fewer"


def test_nothing_is_left_for_later():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pragma: no cover")
    found = [(path.name, line) for path in SOURCES for line in path.read_text().split("\n") if marks.search(line)]
    assert found == []


def test_no_bare_except():
    assert [path.name for path in SOURCES if re.search(r"^\s*except\s*:", path.read_text(), re.MULTILINE)] == []


def test_the_tree_holds_no_leftovers_of_editors_and_merges():
    leftovers = {".orig", ".rej", ".bak", ".swp"}
    assert [path for path in PACKAGE.parent.rglob("*") if path.suffix in leftovers and ".venv" not in path.parts] == []
