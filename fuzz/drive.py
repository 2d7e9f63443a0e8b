"""Runs one target under atheris: `fuzz/run.sh` calls this with everything prepared.

    drive.py TARGET FOLDER [libFuzzer options, folders and files]

The seeds of the target are written into FOLDER. Python code of sipcore is instrumented here, native code was when it
was compiled.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import atheris


def main(target: str, folder: Path, *options: str) -> None:
    """Fuzz until libFuzzer ends the process."""
    with atheris.instrument_imports(include=["sipcore"]):
        module = importlib.import_module(f"fuzz_{target}")
    for seed in module.SEEDS:
        (folder / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], module.one_input)
    atheris.Fuzz()


main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
