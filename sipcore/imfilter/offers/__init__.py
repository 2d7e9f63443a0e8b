"""Offers of a file, one module a dialect; `sipcore.imfilter.transfer` says which media type is which dialect's."""
