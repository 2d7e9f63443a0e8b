"""Compiles small C sources on first use, into the user's cache.

The name of what was built is a hash over everything that went into it: sources and the headers they include by quotes,
flags, the versions of packages, the compiler's version, and for extensions Python's ABI. So nothing is ever out of
date, and nothing is built twice. Each build is written beside its place and renamed into it: two processes that build
the same thing at once both succeed, and nobody loads half a file.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType

from sipcore_bench.contestant import Unavailable

__all__ = ["cache", "compiler", "cython_extension", "extension", "program", "shared_object"]

#: For every build; a caller's own flags come later and win.
_FLAGS = ("-O3", "-std=gnu11")
_CYTHON_DIRECTIVES = ("-X", "boundscheck=False", "-X", "wraparound=False")
_QUOTED_INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
_SECONDS_FOR_A_BUILD = 300


def shared_object(
    name: str, sources: Sequence[Path], flags: Sequence[str] = (), pkg_config: Sequence[str] = ()
) -> Path:
    """Build a shared object for `ctypes`.

    Args:
        name: of the file, without an ending.
        sources: C files.
        flags: for the compiler, put behind the sources, so that ``-lname`` works.
        pkg_config: packages whose flags are added.

    Raises: Unavailable, with the compiler's own words when it fails.
    """
    return _built(f"{name}.so", sources, ("-fPIC", "-shared"), flags, pkg_config)


def extension(
    name: str, sources: Sequence[Path], flags: Sequence[str] = (), pkg_config: Sequence[str] = ()
) -> ModuleType:
    """Build an extension module of Python and import it; ``name`` is the module's. Else as `shared_object`."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    include = f"-I{sysconfig.get_path('include')}"
    path = _built(f"{name}{suffix}", sources, ("-fPIC", "-shared", include), flags, pkg_config)
    return _imported(name, path)


def cython_extension(
    name: str, source: Path, include: Path, depends: Sequence[Path], flags: Sequence[str] = ()
) -> ModuleType:
    """Build an extension from Cython and import it.

    Args:
        name: the module's.
        source: the ``.pyx`` file.
        include: the folder of the packages that it cimports from.
        depends: what it cimports and includes: a change of any of these makes another build.
        flags: as for `shared_object`.

    Raises: Unavailable without Cython, or without a C compiler.
    """
    try:
        cython = metadata.version("cython")
    except metadata.PackageNotFoundError:
        raise Unavailable("no Cython to build it with (pip install cython)") from None
    texts = [path.read_bytes() for path in (source, *depends)]
    parts: list[str | bytes] = [name, cython, *flags, *_CYTHON_DIRECTIVES, *texts]
    # The folder's name says what went into it, and so stands for the headers that the C file includes.
    written = cache() / _digest(parts) / f"{name}.c"
    if not written.exists():
        command = [sys.executable, "-m", "cython", "-3", "--module-name", name, "-I", str(include)]
        _produce([*command, *_CYTHON_DIRECTIVES, str(source)], written)
    return extension(name, [written], [*flags, f"-DBUILT_FROM={written.parent.name}"])


def _imported(name: str, path: Path) -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "a loader was given"
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def program(name: str, sources: Sequence[Path], flags: Sequence[str] = (), pkg_config: Sequence[str] = ()) -> Path:
    """Build a program of its own. Else as `shared_object`."""
    return _built(name, sources, (), flags, pkg_config)


def compiler() -> str:
    """What the compiler calls itself, in one line. Raises: Unavailable."""
    return _compiler(_command())[1].partition("\n")[0]


def cache() -> Path:
    """Where everything built is kept: ``sipcore-bench`` in ``$XDG_CACHE_HOME``, which is ``~/.cache`` by default."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path there is invalid and is to be ignored.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "sipcore-bench"


def _built(
    file: str, sources: Sequence[Path], kind: tuple[str, ...], flags: Sequence[str], pkg_config: Sequence[str]
) -> Path:
    """The finished file in the cache, built now if it is not there yet."""
    words, version = _compiler(_command())
    packages, packages_version = _packages(tuple(pkg_config))
    before, after = (*_FLAGS, *kind), (*flags, *packages)
    target = cache() / _digest((version, packages_version, *words, *before, *after, *_texts(sources))) / file
    if not target.exists():
        try:
            _produce([*words, *before, *map(str, sources), *after], target)
        except OSError as fault:
            raise Unavailable(f"cannot build {file}: {fault}") from fault
    return target


def _produce(command: list[str], target: Path) -> None:
    """Run the compiler into a file beside the target, and rename that when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="building-") as folder:
        unfinished = Path(folder) / target.name
        _run([*command, "-o", str(unfinished)])
        unfinished.replace(target)


def _run(command: list[str]) -> str:
    """What the command prints. Raises: Unavailable with what it complains of."""
    try:
        done = subprocess.run(  # noqa: S603 - the compiler and pkg-config, with arguments of ours
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS_FOR_A_BUILD, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"{command[0]} was not done after {_SECONDS_FOR_A_BUILD} s") from late
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout


def _command() -> str:
    """The user's choice of compiler, or the system's."""
    return os.environ.get("CC") or "cc"


@functools.cache
def _compiler(command: str) -> tuple[tuple[str, ...], str]:
    """The compiler's command as words, and what it calls itself."""
    words = tuple(shlex.split(command))
    if not words or shutil.which(words[0]) is None:
        raise Unavailable(f"no C compiler: {command!r} is not a program here (install gcc or set CC)")
    return words, _run([*words, "--version"])


@functools.cache
def _packages(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Compiler and linker flags of the packages, and their versions, as pkg-config knows them."""
    if not names:
        return (), ""
    if shutil.which("pkg-config") is None:
        raise Unavailable(f"no pkg-config to find {', '.join(names)} with")
    flags = shlex.split(_run(["pkg-config", "--cflags", "--libs", *names]))
    return tuple(flags), _run(["pkg-config", "--modversion", *names])


def _texts(sources: Iterable[Path]) -> Iterator[bytes]:
    """The sources and what they include by quotes, each once, in a fixed order."""
    waiting, seen = list(sources), set()
    for path in waiting:
        if path in seen or not path.exists():
            continue  # a header that stands elsewhere belongs to a package, whose version is in the name too
        seen.add(path)
        text = path.read_bytes()
        yield text
        waiting += [path.parent / name.decode() for name in _QUOTED_INCLUDE.findall(text)]


def _digest(parts: Iterable[str | bytes]) -> str:
    """A name for the parts; each is preceded by its length, so that no two lists run into one text."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
