"""The native side of the keyed hashes, for the key of a flow."""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Span
from sipcore._parser cimport Message
from sipcore._syntax cimport AddressSpans, UriSpans
from sipcore.edge._siphash cimport Digest, Hasher, Key


cdef enum Found:
    # What looking for a header's one value comes to.
    FAULTY = -1
    NOT_THERE = 0
    THERE = 1


cdef struct End:
    # What a From or To says of one end of a dialog.
    Found found
    Span tag
    Span host


cdef class Signer:
    cdef Key current
    cdef Key previous
    cdef bint has_previous


cdef Found find_address(Message message, int header_id, AddressSpans *address) noexcept nogil
cdef Found read_uri(const uint8_t *base, Span span, uint32_t most, UriSpans *uri) noexcept nogil
cdef int absorb_text(Hasher *hasher, object text) except -1
