"""The native index of a message; its structs and functions are for cimport, see `_index.pxd`."""

from sipcore.limits import Limits

def _scan_twins(data: bytes) -> dict[str, tuple[int, int]]:
    """For the tests: what the vector and the scalar form of each scanner say of the same bytes (at least one)."""

def _wide_twins(data: bytes, limits: Limits = ...) -> list[tuple[int, int, int, list[dict[str, int]]]]:
    """For the tests: what is indexed byte by byte, and at each width of vectors that this processor has."""
