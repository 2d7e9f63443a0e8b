"""The scanners of header values. Native only: nothing of it is visible from Python, see `_syntax.pxd`."""
