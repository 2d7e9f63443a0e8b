"""Our own places, for the express lane."""

from libc.stdint cimport int32_t, uint8_t, uint32_t

from sipcore._cursor cimport Span
from sipcore._index cimport Index
from sipcore._parser cimport Message
from sipcore._sound cimport Sound
from sipcore._syntax cimport ViaSpans
from sipcore.edge._keyed cimport Signer
from sipcore.edge._texts cimport Spoken, Text

cdef enum:
    # More of either nobody has; where somebody does, there is no lane.
    MOST_LISTENERS = 64
    MOST_NAMES = 4


cdef struct Listener:
    # Where we listen; a message that says that it was there has been here.
    Text host
    uint32_t port
    bint inside
    Spoken transport


cdef class Places:
    cdef list kept                    # what the texts lie in
    cdef Listener listeners[64]       # MOST_LISTENERS
    cdef int listener_count
    cdef Text names[4]                # MOST_NAMES
    cdef int name_count

    cdef Text text(self, str text) except *
    cdef bint listens(self, const uint8_t *base, const ViaSpans *via, int inside) noexcept nogil
    cdef bint is_own_place(self, Text host, int32_t port) noexcept nogil
    cdef bint may_have_been_here(self, const Index *index) noexcept nogil
    cdef bint read_routes(
        self, Signer signer, Message message, const Sound *sound, bint inside, Span *domain,
        bint *to_subscriber) noexcept nogil
