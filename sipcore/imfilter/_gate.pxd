"""The gate for those who pass messages on natively."""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._index cimport Index, Slot
from sipcore.imfilter._links cimport LinkFinder

cdef extern from "imfilter/_listed.h" nogil:
    ctypedef struct Listed "struct sip_listed":
        uint8_t has[256]


cdef struct Patterns:
    # Media types in lower case, each behind its size, in two bytes, and one that says whether it ended in a star, which
    # is left out: then it stands for all that begin like it.
    const uint8_t *text
    Py_ssize_t size


cdef class Gate:
    cdef Listed listed
    cdef uint8_t points[0x4000]       # LISTED_POINTS bits
    cdef bint looks                   # whether any byte is listed
    cdef readonly LinkFinder finder
    cdef readonly bint dots
    cdef readonly frozenset undone
    cdef readonly tuple read
    cdef readonly tuple shown
    cdef tuple texts                  # what the patterns lie in
    cdef Patterns reads
    cdef Patterns shows

    cdef Py_ssize_t harmless_at(self, const uint8_t *data, Py_ssize_t at, Py_ssize_t size) noexcept nogil
    cdef bint is_plain(self, const uint8_t *data, Py_ssize_t size) noexcept nogil
    cdef bint is_clean_text(self, const uint8_t *data, Py_ssize_t size) noexcept nogil
    cdef bint is_clean_subject(self, const Index *index) noexcept nogil
    cdef bint is_clean_first_message(self, const Index *index, const Slot *slot) noexcept nogil
    cdef bint are_clean_first_messages(self, const Index *index, int header_id) noexcept nogil
    cdef bint is_clean_body(self, const Index *index, bint in_message) noexcept nogil
    cdef bint is_clean_index(self, const Index *index) noexcept nogil
    cdef bint has_plain_link(self, const Index *index) noexcept nogil
