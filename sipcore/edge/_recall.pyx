"""What became of the last message that said the same (documented in the stub).

Everything here is compared, byte for byte: a hash only says where to look. So it may be a cheap one, and whoever makes
messages for the same place only has them looked up the long way.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    PLACES = 8192             # a power of two
    PLACE_BITS = 13


@cython.final
cdef class Kept:
    cdef bytes said
    cdef object value


cdef inline uint64_t word_at(const uint8_t *data) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, data, sizeof(word))
    return word


cdef uint32_t place_of(const Said *said, uint64_t salt) noexcept nogil:
    """Two chains of products, which a processor makes side by side; their upper bits depend on all that came in."""
    cdef uint64_t one = salt, other = ~salt
    cdef uint32_t at = 0
    while at < said.size:
        one = (one ^ word_at(&said.text[at])) * <uint64_t>0x9E3779B97F4A7C15
        other = (other ^ word_at(&said.text[at + 8])) * <uint64_t>0xC2B2AE3D27D4EB4F
        one = (one ^ word_at(&said.text[at + 16])) * <uint64_t>0x9E3779B97F4A7C15
        other = (other ^ word_at(&said.text[at + 24])) * <uint64_t>0xC2B2AE3D27D4EB4F
        at += STEP
    return <uint32_t>((one ^ other) * <uint64_t>0x9E3779B97F4A7C15 >> (64 - PLACE_BITS))


cdef bint is_same(const uint8_t *one, const uint8_t *other, uint32_t size) noexcept nogil:
    """In a time that does not tell where they differ: signatures are among what is compared."""
    cdef uint64_t differs = 0
    cdef uint32_t at = 0
    while at < size:
        differs |= ((word_at(one + at) ^ word_at(other + at)) | (word_at(one + at + 8) ^ word_at(other + at + 8))
                    | (word_at(one + at + 16) ^ word_at(other + at + 16))
                    | (word_at(one + at + 24) ^ word_at(other + at + 24)))
        at += STEP
    return differs == 0


cdef class Recall:
    def __init__(self, uint64_t salt):
        self.salt = salt
        self.places = [None] * PLACES

    cdef object find(self, const Said *said):
        cdef object there
        cdef bytes known
        if not said.fits:
            return None
        there = <object>PyList_GET_ITEM(self.places, place_of(said, self.salt))
        if there is None:
            return None
        known = (<Kept>there).said
        if PyBytes_GET_SIZE(known) != said.size or not is_same(
                <const uint8_t *>PyBytes_AS_STRING(known), said.text, said.size):
            return None
        return (<Kept>there).value

    cdef int keep(self, const Said *said, object value) except -1:
        cdef Kept kept
        if said.fits:
            kept = Kept.__new__(Kept)
            kept.said, kept.value = PyBytes_FromStringAndSize(<const char *>said.text, said.size), value
            self.places[place_of(said, self.salt)] = kept
        return 0

    def __len__(self):
        return PLACES - self.places.count(None)

    def get(self, values not None):
        cdef Said said
        lay_out(&said, values)
        return self.find(&said)

    def put(self, values not None, value not None):
        cdef Said said
        lay_out(&said, values)
        self.keep(&said, value)


cdef int lay_out(Said *said, values) except -1:
    cdef bytes data
    say_nothing(said)
    for value in values:
        if value is None:
            say_span(said, NULL, Span(0, 0))
        else:
            data = value
            say(said, <const uint8_t *>PyBytes_AS_STRING(data), <uint32_t>PyBytes_GET_SIZE(data))
    end_saying(said)
    return 0
