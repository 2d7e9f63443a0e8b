"""`LinkFinder` for those who search without Python: `Gate`."""

from libc.stdint cimport uint8_t

from sipcore.imfilter._automaton cimport Automaton


cdef class LinkFinder:
    cdef Automaton automaton
    cdef bytes starred            # one byte a prefix: whether it ends in "*."
    cdef const uint8_t *marks     # those bytes
    cdef readonly tuple prefixes

    cdef bint has_link(self, const uint8_t *data, Py_ssize_t size) noexcept nogil
