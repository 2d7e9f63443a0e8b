"""A file to its bytes, and a TOML text to its values, or to one problem with a place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from sipcore.errors import ConfigError, Problem

__all__ = ["read_file", "read_toml"]


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises: ConfigError, which names it and says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None


def read_toml(source: bytes, path: Path) -> dict[str, object]:
    """The values of a TOML text; ``path`` names it in the problem.

    Raises:
        ConfigError: it is not UTF-8, not TOML, or more than can be read; with the line where it is known.
    """
    try:
        return tomllib.loads(source.decode())
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(f"{path}:{line}", "", "not UTF-8, which TOML is written in")]) from None
    except tomllib.TOMLDecodeError as error:
        # "... (at line 3, column 5)" or "... (at end of document)"; the attributes came only with Python 3.14
        what, _, place = str(error).rpartition(" (at ")
        found = re.match(r"line (\d+)", place)
        number = int(found[1]) if found else source.count(b"\n") + 1
        raise ConfigError([Problem(f"{path}:{number}", "", f"not TOML: {what} (at {place}")]) from None
    except RecursionError:
        raise ConfigError([Problem(f"{path}:1", "", "arrays or tables are nested too deeply to be read")]) from None
    except ValueError:  # the one kind that tomllib lets through: Python reads no number of more than 4,300 digits
        raise ConfigError([Problem(f"{path}:1", "", "a number has too many digits to be read")]) from None
