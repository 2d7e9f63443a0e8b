"""What the scanners of the less common header values fill in."""

from libc.stdint cimport uint32_t

from sipcore._cursor cimport Cursor, Span
from sipcore._syntax cimport Fault


cdef struct ParameterizedSpans:
    Span whole
    Span value
    Span params


cdef struct WarningSpans:
    Span whole
    Span agent
    Span text         # with its quotes
    uint32_t code


cdef struct CredentialsSpans:
    Span whole
    Span scheme       # absent where the first word is a parameter already
    Span token        # what stands in place of parameters; mostly absent
    Span params


cdef Fault scan_token_item(Cursor *cursor, Span *token) noexcept nogil
cdef Fault scan_parameterized(Cursor *cursor, ParameterizedSpans *value, bint token_only) noexcept nogil
cdef Fault scan_warning(Cursor *cursor, WarningSpans *warning) noexcept nogil
cdef Fault scan_credentials(Cursor *cursor, CredentialsSpans *credentials) noexcept nogil
