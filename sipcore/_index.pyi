"""The native index of a message; its structs and functions are for cimport, see `_index.pxd`."""

def _scan_twins(data: bytes) -> dict[str, tuple[int, int]]:
    """For the tests: what the vector and the scalar form of each scanner say of the same bytes (at least one)."""
