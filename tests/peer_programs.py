"""Programs that nobody here wrote: without one its tests are skipped with a reason, or fail where that is forbidden."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest


def require_program(name: str, package: str) -> str:
    """The path of a program of a Debian package, which keeps some of them where only root's PATH leads."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))
    if found is None:
        _missing(f"{name} is not installed (apt-get install {package})")
    assert found
    return found


def require_module(name: str) -> None:
    """A Python package that is run as a program."""
    if find_spec(name) is None:
        _missing(f"{name} is not installed (pip install {name})")


def _missing(what: str) -> None:
    if os.environ.get("SIPCORE_REQUIRE_PEERS") == "1":
        pytest.fail(f"{what}, and SIPCORE_REQUIRE_PEERS=1 forbids the skip")
    pytest.skip(what)
