"""What the figures were measured on: facts about the machine and versions, for the record of a run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["facts", "versions"]

_LIBRARIES = ("sipcore", "Cython", "uvloop", "pyahocorasick")


def facts() -> dict[str, str]:
    """Name to value; what cannot be found out is left out."""
    found = {
        "processor": _first_field(Path("/proc/cpuinfo"), "model name"),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": _first_field(Path("/proc/meminfo"), "MemTotal"),
        "governor": _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "virtual": "yes" if "hypervisor" in _first_field(Path("/proc/cpuinfo"), "flags").split() else "",
        "system": f"{platform.system()} {platform.release()}, {_distribution()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "compiler": _first_line_of("cc", "--version"),
        "valgrind": _first_line_of("valgrind", "--version"),
    }
    return {name: value for name, value in found.items() if value}


def versions() -> dict[str, str]:
    """The libraries that sipcore itself is made with."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return "unknown distribution"


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _first_field(path: Path, name: str) -> str:
    """The value of the first ``name : value`` line."""
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _first_line_of(program: str, *arguments: str) -> str:
    """What a program prints first; nothing where it is missing."""
    if shutil.which(program) is None:
        return ""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    return done.stdout.partition("\n")[0].strip()
