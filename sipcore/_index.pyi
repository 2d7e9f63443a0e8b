"""The native index of a message; its structs and functions are for cimport, see `_index.pxd`."""

def _scan_twins(data: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
    """For the tests: where the vector and the scalar form of each scanner stop on the same bytes (at least one)."""
