"""The native side of the typed values, for the message that makes them."""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Cursor, Span
from sipcore._syntax cimport AddressSpans, CSeqSpans, Fault, MediaTypeSpans, UriSpans, ViaSpans

cdef enum ParamStyle:
    # How parameters are written: behind semicolons in a header, the same without white space in a URI, or as the
    # comma list of credentials.
    IN_HEADER
    IN_URI
    IN_CREDENTIALS


cdef object span_text(const uint8_t *base, Span span)
cdef object word_text(const uint8_t *base, Span span)
cdef object lower_text(const uint8_t *base, Span span)
cdef object upper_text(const uint8_t *base, Span span)
cdef object essence_text(const uint8_t *base, Span span)
cdef object param_text(const uint8_t *base, Span span)
cdef object quoted_text(const uint8_t *base, Span span)
cdef object optional_text(const uint8_t *base, Span span)
cdef tuple span_pair(Span span)
cdef object raise_fault(Fault fault, uint32_t offset, str header)


cdef class Value:
    # The message (or bytes) that owns the buffer, where its first byte is, and how many parameters may be read.
    cdef object owner
    cdef const uint8_t *base
    cdef str header
    cdef uint32_t most


cdef class Params(Value):
    cdef Span where
    cdef ParamStyle style
    cdef list _names(self)
    cdef list _pairs(self)


cdef class Uri(Value):
    cdef UriSpans at


cdef class NameAddr(Value):
    cdef AddressSpans at


cdef class Via(Value):
    cdef ViaSpans at


cdef class CSeq(Value):
    cdef CSeqSpans at


cdef class MediaType(Value):
    cdef MediaTypeSpans at


cdef void own(Value value, object owner, const uint8_t *base, str header, uint32_t most)
cdef Params make_params(Value value, Span where, ParamStyle style)
cdef Uri make_uri(object owner, const uint8_t *base, Span span, str header, uint32_t most)
cdef NameAddr make_address(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef Via make_via(object owner, const uint8_t *base, Cursor *cursor, uint32_t most)
cdef CSeq make_cseq(object owner, const uint8_t *base, Cursor *cursor)
cdef MediaType make_media_type(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef bytes bytes_of(object text)
