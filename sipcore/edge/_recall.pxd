"""What a message says, laid out to be compared, and the memory of what became of those that said it.

Said is a sequence of values, each behind its size, with the size of all in front, filled up with zeros to whole steps:
no two sequences are laid out alike, so two messages say the same exactly where the bytes are the same.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from sipcore._cursor cimport Span

cdef enum:
    ROOM = 1024               # bytes; what says more than that is not remembered
    STEP = 32                 # bytes that are compared at once
    NOT_SAID = 0xFFFFFFFF     # the size of a value that is not there


cdef struct Said:
    uint8_t text[1024]        # ROOM
    uint32_t size
    bint fits


cdef class Recall:
    cdef list places
    cdef uint64_t salt

    cdef object find(self, const Said *said)
    cdef int keep(self, const Said *said, object value) except -1


cdef inline void say_nothing(Said *said) noexcept nogil:
    said.size = sizeof(uint64_t)
    said.fits = True


cdef inline void say_word(Said *said, uint64_t word) noexcept nogil:
    if ROOM - said.size < sizeof(word):
        said.fits = False
        return
    memcpy(&said.text[said.size], &word, sizeof(word))
    said.size += sizeof(word)


cdef inline void copy_value(uint8_t *to, const uint8_t *data, uint32_t size) noexcept nogil:
    """As `memcpy`, without a call for the few bytes that most values have."""
    cdef uint32_t at = 0
    if size < 8:
        for at in range(size):
            to[at] = data[at]
        return
    while size - at >= 8:
        memcpy(to + at, data + at, 8)
        at += 8
    memcpy(to + size - 8, data + size - 8, 8)


cdef inline void say(Said *said, const uint8_t *data, uint32_t size) noexcept nogil:
    if ROOM - said.size < sizeof(size) + <uint64_t>size:
        said.fits = False
        return
    memcpy(&said.text[said.size], &size, sizeof(size))
    said.size += sizeof(size)
    copy_value(&said.text[said.size], data, size)
    said.size += size


cdef inline void say_span(Said *said, const uint8_t *base, Span span) noexcept nogil:
    """A span as it is written; one that is not present is another value than an empty one."""
    cdef uint32_t absent = NOT_SAID
    if span.end != 0:
        say(said, base + span.start, span.end - span.start)
    elif ROOM - said.size < sizeof(absent):
        said.fits = False
    else:
        memcpy(&said.text[said.size], &absent, sizeof(absent))
        said.size += sizeof(absent)


cdef inline void end_saying(Said *said) noexcept nogil:
    """Behind the last value. ROOM is whole steps, so there is always room to fill up."""
    cdef uint64_t size = said.size
    cdef uint32_t odd = said.size % STEP
    memcpy(said.text, &size, sizeof(size))
    if odd:
        memset(&said.text[said.size], 0, STEP - odd)
        said.size += STEP - odd
