"""The response to a request, for those who know what stands around its copied fields as bytes."""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._parser cimport Message


cdef struct Part:
    # Some bytes; of a text that is not there, none.
    const uint8_t *data
    Py_ssize_t size


cdef struct Noted:
    # What stands in the request's first Via field in the place of some of its bytes; nowhere where they end at 0.
    uint32_t start
    uint32_t end
    Part text


cdef bint lacks_tag(Message request) noexcept nogil
cdef bytes responded(Message request, Part before, Part behind, Part tag, const Noted *noted)
