"""The native side of the typed values, for the message that makes them."""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Cursor, Span
from sipcore._syntax cimport AddressSpans, CSeqSpans, Fault, MediaTypeSpans, UriSpans, ViaSpans

cdef object span_text(const uint8_t *base, Span span)
cdef object param_text(const uint8_t *base, Span span)
cdef object raise_fault(Fault fault, uint32_t offset, str header)


cdef class Value:
    # The message (or bytes) that owns the buffer, and where its first byte is.
    cdef object owner
    cdef const uint8_t *base
    cdef str header


cdef class Params(Value):
    cdef Span where
    cdef bint in_uri
    cdef uint32_t most
    cdef list _names(self)
    cdef list _pairs(self)


cdef class Uri(Value):
    cdef UriSpans at
    cdef uint32_t most


cdef class NameAddr(Value):
    cdef AddressSpans at
    cdef uint32_t most


cdef class Via(Value):
    cdef ViaSpans at
    cdef uint32_t most


cdef class CSeq(Value):
    cdef CSeqSpans at


cdef class MediaType(Value):
    cdef MediaTypeSpans at
    cdef uint32_t most


cdef Uri make_uri(object owner, const uint8_t *base, Span span, str header, uint32_t most)
cdef NameAddr make_address(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef Via make_via(object owner, const uint8_t *base, Cursor *cursor, uint32_t most)
cdef CSeq make_cseq(object owner, const uint8_t *base, Cursor *cursor)
cdef MediaType make_media_type(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
