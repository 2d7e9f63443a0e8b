"""Counts methods and header fields in a buffer full of SIP messages, without the GIL and without an object for each.

What is used of sipcore here is all there is to it: fill an `Index` from bytes, read its spans and slots, release it.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memset

from sipcore._cursor cimport Span
from sipcore._index cimport DEFAULT_BOUNDS, H_OTHER, Index, ParseFault, index_head, release_index

from sipcore.grammar import HEADERS

cdef enum:
    MOST_METHODS = 32  # distinct ones; a method that finds no place is counted with the last


cdef struct Method:
    const uint8_t *name
    uint32_t size
    uint64_t count


cdef struct Tally:
    uint64_t messages
    uint64_t responses
    uint64_t headers[256]      # by id, the unknown under H_OTHER
    Method methods[32]         # MOST_METHODS
    uint32_t distinct


cdef void count_method(Tally *tally, const uint8_t *base, Span span) noexcept nogil:
    cdef uint32_t size = span.end - span.start
    cdef uint32_t i = 0
    while i < tally.distinct:
        if tally.methods[i].size == size and not memcmp(tally.methods[i].name, base + span.start, size):
            break
        i += 1
    if i == tally.distinct and i < MOST_METHODS:
        tally.methods[i].name = base + span.start
        tally.methods[i].size = size
        tally.distinct += 1
    tally.methods[min(i, <uint32_t>MOST_METHODS - 1)].count += 1


cdef void count_message(Tally *tally, const Index *index) noexcept nogil:
    cdef uint32_t i
    tally.messages += 1
    if index.status:
        tally.responses += 1
    else:
        count_method(tally, index.base, index.method)
    for i in range(index.count):
        tally.headers[index.slots[i].id] += 1


cdef uint64_t count_all(Tally *tally, const uint8_t *data, uint64_t size) noexcept nogil:
    """Returns the bytes that were counted; fewer than ``size`` when what follows is no whole message."""
    cdef Index index
    cdef ParseFault fault
    cdef int64_t head
    cdef uint64_t at = 0
    cdef uint64_t whole
    while at < size:
        if data[at] == c'\r' or data[at] == c'\n':  # keep-alives between messages
            at += 1
            continue
        head = index_head(&index, data + at, size - at, &DEFAULT_BOUNDS, &fault)
        whole = 0
        if head > 0 and index.has_length:
            whole = <uint64_t>head + index.content_length
        if 0 < whole <= size - at:
            count_message(tally, &index)
        # Always, whatever came of it: an index of many headers owns memory.
        release_index(&index)
        if whole == 0 or whole > size - at:
            break
        at += whole
    return at


def tally(const uint8_t[::1] data not None):
    """Count the messages in a buffer, each with a Content-Length, one behind the other.

    Returns:
        (messages, responses, {method: count}, {header name: count}, bytes read). Headers that sipcore has no id for
        are counted under "(other)".
    """
    cdef Tally found
    cdef uint64_t read = 0
    cdef int i
    memset(&found, 0, sizeof(found))
    if data.shape[0]:
        with nogil:
            read = count_all(&found, &data[0], <uint64_t>data.shape[0])
    methods = {found.methods[i].name[:found.methods[i].size].decode(): found.methods[i].count
               for i in range(found.distinct)}
    headers = {name: found.headers[i] for i, name in enumerate(HEADERS) if found.headers[i]}
    if found.headers[<int>H_OTHER]:
        headers["(other)"] = found.headers[<int>H_OTHER]
    return found.messages, found.responses, methods, headers, read
