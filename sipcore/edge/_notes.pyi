"""The notes in Vias, natively. Native only: nothing of it is visible from Python, see `_notes.pxd`."""
