"""The native side of what `sipcore._headers` adds to the typed values, for the message that makes them.

Each maker reads one value at the cursor, which then stands at the value's comma or at the end.
"""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Cursor
from sipcore._header_syntax cimport CredentialsSpans, ParameterizedSpans, WarningSpans
from sipcore._values cimport Value

ctypedef object (*Maker)(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)


cdef class Parameterized(Value):
    cdef ParameterizedSpans at
    cdef object _number(self, const char *name)


cdef class SipWarning(Value):
    cdef WarningSpans at


cdef class Credentials(Value):
    cdef CredentialsSpans at


cdef class Tokens:
    cdef list items
    cdef list where
    cdef bint folds        # option tags compare without case, methods do not
    cdef int add(self, Cursor *cursor, str header) except -1


cdef object make_parameterized(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_disposition(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_event(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_subscription_state(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_reason(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_diagnostics(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_warning(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_credentials(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef object make_accepted(object owner, const uint8_t *base, Cursor *cursor, str header, uint32_t most)
cdef Tokens make_tokens(bint folds)
