"""Builds the extensions and names the packages; everything declarative is in pyproject.toml.

Build switches, read here and nowhere else:

    SIPCORE_SANITIZE=1   AddressSanitizer and UBSan, frame pointers, no optimisation that hides a fault
    SIPCORE_FUZZ=1       the same, and counters at each branch for libFuzzer; only clang can (CC=clang)
    SIPCORE_CHECKS=1     Cython bounds checks and wrap-around checks
    SIPCORE_TRACE=1      Cython line tracing, for coverage of the .pyx files
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent
PACKAGE = ROOT / "sipcore"


def switch(name: str) -> bool:
    """Whether a build switch is on: set, and not "0" or empty."""
    return os.environ.get(name, "0") not in ("", "0")


def write_grammar_header(target: Path) -> None:
    """Write the native header-name tables from `sipcore.grammar`, so that each name is spelt in one place only."""
    grammar = runpy.run_path(str(PACKAGE / "grammar.py"))
    names: tuple[str, ...] = grammar["HEADERS"]
    ids = {name: f"H_{name.upper().replace('-', '_')}" for name in names}
    spellings = [(name.lower(), ids[name]) for name in names]
    spellings += [(short, ids[name]) for short, name in sorted(grammar["COMPACT_FORMS"].items())]
    lines = [
        "/* Written by setup.py from sipcore/grammar.py: do not edit. */",
        "#ifndef SIPCORE_GRAMMAR_H",
        "#define SIPCORE_GRAMMAR_H",
        "enum sip_header_id {",
        *(f"    {ids[name]} = {number}," for number, name in enumerate(names)),
        f"    H_COUNT = {len(names)},",
        "    H_OTHER = 255",
        "};",
        "/* Lower case, full and compact. */",
        "static const struct { const char *name; unsigned char length, id; } sip_header_spellings[] = {",
        *(f'    {{"{spelling}", {len(spelling)}, {symbol}}},' for spelling, symbol in spellings),
        "};",
        f"enum {{ SIP_HEADER_SPELLINGS = {len(spellings)} }};",
        "#endif",
    ]
    text = "\n".join(lines) + "\n"
    if not target.exists() or target.read_text() != text:
        target.write_text(text)


def sanitizers() -> list[str]:
    """The instrumentation that this build asks for: none, for what is shipped."""
    if switch("SIPCORE_FUZZ"):
        return ["-fsanitize=address,undefined,fuzzer-no-link"]
    return ["-fsanitize=address,undefined"] if switch("SIPCORE_SANITIZE") else []


def compile_arguments() -> list[str]:
    """The compiler flags for this build."""
    if sanitizers():
        return ["-O1", "-g", "-fno-omit-frame-pointer", *sanitizers(), "-fno-sanitize-recover=undefined"]
    return ["-O3", "-fno-strict-aliasing", "-Wno-unreachable-code"]


def extensions() -> list[Extension]:
    """One extension a .pyx file."""
    macros = [("CYTHON_TRACE_NOGIL", "1")] if switch("SIPCORE_TRACE") else []
    return [
        Extension(
            ".".join(path.relative_to(ROOT).with_suffix("").parts),
            [str(path.relative_to(ROOT))],
            include_dirs=[str(PACKAGE.relative_to(ROOT))],
            depends=[str(header.relative_to(ROOT)) for header in sorted(PACKAGE.rglob("*.h"))],
            extra_compile_args=compile_arguments(),
            extra_link_args=sanitizers(),
            define_macros=macros,
        )
        for path in sorted(PACKAGE.rglob("*.pyx"))
    ]


def packages() -> list[str]:
    """`sipcore` and what is in it; `bench` under the name it is installed by, `sipcore_bench`."""
    benchmarks = find_packages(include=["bench", "bench.*"])
    return find_packages(include=["sipcore", "sipcore.*"]) + [f"sipcore_{name}" for name in benchmarks]


write_grammar_header(PACKAGE / "_grammar.h")
setup(
    packages=packages(),
    package_dir={"sipcore_bench": "bench"},
    ext_modules=cythonize(
        extensions(),
        compiler_directives={
            "language_level": 3,
            "boundscheck": switch("SIPCORE_CHECKS"),
            "wraparound": switch("SIPCORE_CHECKS"),
            "initializedcheck": False,
            "cdivision": True,
            "linetrace": switch("SIPCORE_TRACE"),
            "binding": True,
        },
    ),
)
