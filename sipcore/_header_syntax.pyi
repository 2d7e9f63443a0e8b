"""The scanners of the less common header values. Native only, see `_header_syntax.pxd`."""
