"""The notes in Vias, for the express lane."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from sipcore._cursor cimport Span
from sipcore._sound cimport Sound
from sipcore._syntax cimport ViaSpans
from sipcore.edge._keyed cimport Signer
from sipcore.edge._siphash cimport Digest, Key
from sipcore.edge._splicing cimport Sheet
from sipcore.edge._texts cimport Spoken, Text

cdef enum:
    COOKIE_SIZE = 7           # of "z9hG4bK"
    BRANCH_SIZE = 39


cdef struct Link:
    # What matters of where a message came in.
    uint64_t number           # that no other has had
    Text peer                 # all that is known of the other end
    Text source               # its address
    uint32_t port
    bint inside
    bint secure
    bint on_stream
    uint32_t usual_port       # of its transport


cdef struct Way:
    # Where a response goes: what our signature in the Via is about.
    Spoken transport
    Text host
    uint32_t port
    bint on_stream
    uint32_t source_port


cdef bint stamp(Sheet *sheet, const uint8_t *base, const ViaSpans *via, const Link *link) noexcept nogil
cdef Digest branch_digest(Key key, const uint8_t *base, const ViaSpans *via, const Sound *sound) noexcept nogil
cdef Digest way_digest(Key key, Text branch, const Way *way) noexcept nogil
cdef bint is_branch_of(Signer signer, Text branch, const uint8_t *base, const Sound *sound) noexcept nogil
cdef bint is_way_of(Signer signer, Text signature, Text branch, const Way *way) noexcept nogil
cdef bint find_once(const uint8_t *base, Span params, const char *name, uint32_t size, Span *value) noexcept nogil
cdef bint has_param(const uint8_t *base, Span params, const char *name, uint32_t size) noexcept nogil
cdef Spoken read_way_back(const uint8_t *base, const ViaSpans *via, Way *way) noexcept nogil
cdef void note_way(
    const uint8_t *base, const ViaSpans *via, const Link *link, Spoken transport, Way *way) noexcept nogil
