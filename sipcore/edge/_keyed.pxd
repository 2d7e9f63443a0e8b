"""The native side of the keyed hashes, for the key of a flow and the express lane."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from sipcore._cursor cimport Span
from sipcore._parser cimport Message
from sipcore._syntax cimport AddressSpans, UriSpans
from sipcore.edge._siphash cimport Digest, Hasher, Key


cdef enum:
    HEX_DIGITS = 32


cdef enum:
    # What the first word of a signed route says, in bits.
    NEAR_INSIDE = 1           # the route is for the inside
    ACROSS_INSIDE = 2         # it leads to the inside
    BEGAN_HERE = 4            # the end that began the dialog is on the side that the route is for
    ASKED = 8                 # its SUBSCRIBE asked for BENOTIFY


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


cdef struct Dialog:
    # What a recorded route is signed over, of one message, seen from the end that sent it.
    End sender
    End receiver
    uint64_t said             # the first word, if the sender began the dialog


cdef class Signer:
    cdef Key current
    cdef Key previous
    cdef bint has_previous


cdef Found find_address(Message message, int header_id, AddressSpans *address) noexcept nogil
cdef Found read_uri(const uint8_t *base, Span span, uint32_t most, UriSpans *uri) noexcept nogil
cdef int absorb_text(Hasher *hasher, object text) except -1
cdef void write_hex(Digest digest, uint8_t *text) noexcept nogil
cdef bint is_hex_of(Digest digest, const uint8_t *text, uint32_t size) noexcept nogil
cdef bint find_signed(const uint8_t *base, Span params, Span *domain, Span *signature) noexcept nogil
cdef int who_began(
    Signer signer, Message message, Dialog *dialog, const uint8_t *base, Span domain, Span signature,
    bint first) noexcept nogil
