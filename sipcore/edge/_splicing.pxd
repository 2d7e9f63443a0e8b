"""A message and ordered splices to bytes: what `sipcore.Edit` comes to, for those who know beforehand what they change.

A sheet lies on the stack: splices in the order of the message, none touching another, and room for the text of those
that are written for this one message. Whatever does not fit is told, and is nobody's loss: the edit has no such bounds.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from sipcore._parser cimport Message
from sipcore.edge._texts cimport Text


cdef enum:
    MOST_SPLICES = 24
    ROOM = 1536


cdef struct Splice:
    uint32_t start            # what of the message makes room ...
    uint32_t end
    Text text                 # ... for this


cdef struct Sheet:
    Splice splices[24]        # MOST_SPLICES
    int count
    uint32_t reached          # where the last one ends
    int64_t growth            # bytes that the message gains
    uint8_t room[1536]        # ROOM
    uint32_t used


cdef inline void start_sheet(Sheet *sheet) noexcept nogil:
    sheet.count = 0
    sheet.reached = 0
    sheet.growth = 0
    sheet.used = 0


cdef inline bint splice(Sheet *sheet, uint32_t start, uint32_t end, Text text) noexcept nogil:
    """Put the text in the place of some bytes, behind all that was spliced before; false where there is no room."""
    cdef Splice *place = &sheet.splices[sheet.count]
    if sheet.count == MOST_SPLICES or start < sheet.reached or end < start:
        return False
    sheet.reached = end
    sheet.growth += <int64_t>text.size - (end - start)
    if text.size == 0 and sheet.count > 0 and (place - 1).end == start:
        (place - 1).end = end  # two lines in a row go, say
        return True
    place.start = start
    place.end = end
    place.text = text
    sheet.count += 1
    return True


cdef inline bint write(Sheet *sheet, const uint8_t *data, uint32_t size) noexcept nogil:
    """Append to the room; false where it is full."""
    if size > ROOM - sheet.used:
        return False
    memcpy(&sheet.room[sheet.used], data, size)
    sheet.used += size
    return True


cdef inline bint write_number(Sheet *sheet, uint64_t number) noexcept nogil:
    """The same in decimal digits."""
    cdef uint8_t digits[20]
    cdef uint32_t at = 20
    while True:
        at -= 1
        digits[at] = <uint8_t>(c'0' + number % 10)
        number //= 10
        if number == 0:
            return write(sheet, &digits[at], 20 - at)


cdef inline Text written_since(const Sheet *sheet, uint32_t start) noexcept nogil:
    """What was appended to the room from there on."""
    return Text(&sheet.room[start], sheet.used - start)


cdef inline bytes spliced(Message message, const Sheet *sheet):
    """The message as the sheet has it."""
    cdef const uint8_t *base = message.index.base
    cdef uint32_t at = 0, size = message.index.head_size + message.index.body_size
    cdef bytes result = PyBytes_FromStringAndSize(NULL, size + sheet.growth)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(result)
    cdef const Splice *place
    cdef int i
    for i in range(sheet.count):
        place = &sheet.splices[i]
        memcpy(out, base + at, place.start - at)
        out += place.start - at
        memcpy(out, place.text.data, place.text.size)
        out += place.text.size
        at = place.end
    memcpy(out, base + at, size - at)
    return result
