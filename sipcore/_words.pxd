"""Words that recur in all traffic, as `str` objects that were made before."""

from libc.stdint cimport uint8_t

from sipcore._cursor cimport Span

cdef enum WordCase:
    # Which words one is looked for among: all, those without an upper-case letter, those without a lower-case one.
    AS_WRITTEN
    LOWER
    UPPER


cdef object known_word(const uint8_t *base, Span span, WordCase case)
