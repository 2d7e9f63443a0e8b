"""Many different inputs of one kind, so that neither a cache nor a branch predictor sees one flat string."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Self

from sipcore_bench.fields import NotAMessage, read
from sipcore_bench.messages import MESSAGES, Recipe
from sipcore_bench.talk import TALK
from sipcore_bench.texts import TEXTS

__all__ = ["BadFolder", "Pool"]

_RECIPES: dict[str, Recipe] = {**MESSAGES, **TALK, **TEXTS}


class BadFolder(ValueError):  # noqa: N818 - it says what the folder is
    """A folder of messages cannot be used; the text names each file at fault, one a line, and what is wrong with it.

    Attributes:
        problems: (file, what is wrong with it); the folder itself where that is at fault.
    """

    def __init__(self, problems: list[tuple[Path, str]]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{path}: {why}" for path, why in problems))


class Pool:
    """Different inputs of one kind. The same kind, seed and size give the same bytes on every machine.

    Args:
        kind: a name from `MESSAGES`, `TALK` or `TEXTS`.
        seed: of the generator.
        size: how many inputs.

    Attributes:
        kind: as given, or the name of the folder.
        recipe: how they were made; None where they come from a folder.
        items: the inputs.

    Raises: KeyError for another kind; ValueError for a size below 1.
    """

    recipe: Recipe | None

    def __init__(self, kind: str, seed: int = 1, size: int = 10_000) -> None:
        if size < 1:
            raise ValueError(f"a pool needs at least one item, not {size}")
        self.kind = kind
        self.recipe = _RECIPES[kind]
        # Each kind has a generator of its own, so that leaving one out changes no other.
        random = Random(f"{kind} {seed}")  # noqa: S311 - test data, no secret
        self.items = [self.recipe.write(random) for _ in range(size)]

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Messages of one's own: every ``*.sip`` of the folder, or every file where there is none; one message each.

        Raises: BadFolder, naming every file that is not one well-formed message.
        """
        pool = cls.__new__(cls)
        pool.kind, pool.recipe = folder.resolve().name, None
        pool.items = _messages_of(folder)
        return pool

    def __len__(self) -> int:
        return len(self.items)

    @property
    def total_bytes(self) -> int:
        """Bytes of all items together."""
        return sum(map(len, self.items))

    def chunks(self, count: int = 100) -> list[bytes]:
        """The items as a stream brings them: so many back to back in each chunk, fewer in the last."""
        return [b"".join(self.items[start : start + count]) for start in range(0, len(self.items), count)]


def _messages_of(folder: Path) -> list[bytes]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise BadFolder([(folder, error.strerror or str(error))]) from error
    files = [path for path in files if path.suffix == ".sip"] or files
    if not files:
        raise BadFolder([(folder, "has no files")])
    messages, problems = [], []
    for path in files:
        try:
            messages.append(_whole_message(path))
        except (OSError, NotAMessage) as error:
            problems.append((path, getattr(error, "strerror", None) or str(error)))
    if problems:
        raise BadFolder(problems)
    return messages


def _whole_message(path: Path) -> bytes:
    """What is in the file, where that is one message and nothing else. Raises: OSError, NotAMessage."""
    data = path.read_bytes()
    _, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise NotAMessage("no empty line (CR LF CR LF) ends the head")
    size = read(data).body_size
    if size != len(body):
        raise NotAMessage(f"Content-Length says {size}, the file has {len(body)} bytes behind the head")
    return data
