"""The response to a request (documented in the stub): measured, allocated once, and written by the same few lines."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t
from libc.string cimport memcpy

from sipcore._cursor cimport Cursor, is_present
from sipcore._index cimport H_CALL_ID, H_CSEQ, H_FROM, H_TO, H_VIA, Index, Slot, find_slot
from sipcore._parser cimport Message
from sipcore._syntax cimport NO_FAULT, AddressSpans, scan_address

cdef extern from "_grammar.h" nogil:
    enum:
        H_TIMESTAMP


cdef struct Sink:
    uint8_t *out              # NULL while it is only measured
    Py_ssize_t size


cdef struct Response:
    # What is written: everything but what the request has.
    Part before
    Part behind
    Part tag
    Noted noted
    bint trying


cdef inline void put(Sink *sink, const void *data, Py_ssize_t size) noexcept nogil:
    if sink.out != NULL:
        memcpy(sink.out + sink.size, data, size)
    sink.size += size


cdef void put_field(Sink *sink, Part name, const Index *index, const Slot *slot, Part added) noexcept nogil:
    put(sink, name.data, name.size)
    put(sink, index.base + slot.value, slot.value_size)
    put(sink, added.data, added.size)
    put(sink, b"\r\n", 2)


cdef void put_first(Sink *sink, Part name, const Index *index, int header_id, Part added) noexcept nogil:
    """The first field of a header that is no list; nothing where there is none."""
    cdef int slot = find_slot(index, header_id, 0)
    if slot >= 0:
        put_field(sink, name, index, &index.slots[slot], added)


cdef void put_noted_via(Sink *sink, const Index *index, const Slot *slot, const Noted *noted) noexcept nogil:
    """The first Via field with what is noted in it."""
    put(sink, b"Via: ", 5)
    put(sink, index.base + slot.value, noted.start - slot.value)
    put(sink, noted.text.data, noted.text.size)
    put(sink, index.base + noted.end, slot.value + slot.value_size - noted.end)
    put(sink, b"\r\n", 2)


cdef void put_vias(Sink *sink, const Index *index, const Noted *noted) noexcept nogil:
    cdef int slot = find_slot(index, H_VIA, 0)
    if slot >= 0 and noted.end > 0:
        put_noted_via(sink, index, &index.slots[slot], noted)
        slot = find_slot(index, H_VIA, slot + 1)
    while slot >= 0:
        put_field(sink, part(b"Via: ", 5), index, &index.slots[slot], nothing())
        slot = find_slot(index, H_VIA, slot + 1)


cdef void put_response(Sink *sink, const Index *index, const Response *response) noexcept nogil:
    put(sink, response.before.data, response.before.size)
    put_vias(sink, index, &response.noted)
    put_first(sink, part(b"From: ", 6), index, H_FROM, nothing())
    put_first(sink, part(b"To: ", 4), index, H_TO, response.tag)
    put_first(sink, part(b"Call-ID: ", 9), index, H_CALL_ID, nothing())
    put_first(sink, part(b"CSeq: ", 6), index, H_CSEQ, nothing())
    if response.trying:
        put_first(sink, part(b"Timestamp: ", 11), index, H_TIMESTAMP, nothing())
    put(sink, response.behind.data, response.behind.size)


cdef inline Part part(const char *text, Py_ssize_t size) noexcept nogil:
    return Part(<const uint8_t *>text, size)


cdef inline Part nothing() noexcept nogil:
    return part(b"", 0)


cdef inline Part part_of(bytes data) noexcept:
    return part(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cdef bytes written(Message request, const Response *response):
    cdef Sink sink = Sink(NULL, 0)
    cdef bytes result
    put_response(&sink, &request.index, response)
    result = PyBytes_FromStringAndSize(NULL, sink.size)
    sink = Sink(<uint8_t *>PyBytes_AS_STRING(result), 0)
    put_response(&sink, &request.index, response)
    return result


cdef bytes responded(Message request, Part before, Part behind, Part tag, const Noted *noted):
    """A final response, with what is noted in the first Via field: what lies there must be bytes of its value."""
    cdef Response response = Response(before, behind, tag, noted[0], False)
    return written(request, &response)


cdef bint lacks_tag(Message request) noexcept nogil:
    """Whether To can be read as ``message.to`` is, and has no tag."""
    cdef AddressSpans address
    cdef Cursor cursor
    cdef int slot = find_slot(&request.index, H_TO, 0)
    if slot < 0:
        return False
    cursor = request._cursor(slot)
    return scan_address(&cursor, &address) == NO_FAULT and cursor.pos == cursor.end and not is_present(address.tag)


def takes_tag(Message request not None):
    return lacks_tag(request)


def copied(Message request not None, bytes before not None, bytes behind not None, bytes tag not None=b"",
           bytes via=None, bint trying=False):
    cdef Response response = Response(part_of(before), part_of(behind), part_of(tag), Noted(0, 0, nothing()), trying)
    cdef int slot = find_slot(&request.index, H_VIA, 0)
    cdef const Slot *field
    if via is not None and slot >= 0:
        field = &request.index.slots[slot]
        response.noted = Noted(field.value, field.value + field.value_size, part_of(via))
    return written(request, &response)
