"""The bounded cursor: the one place where a position in a header value moves.

A cursor never passes its end. Inside a header value CR and LF stand for a fold only (the index has seen to that), so
both count as white space here and a folded value is read without being copied.
"""

from libc.stdint cimport uint8_t, uint32_t

cdef extern from "_scan.h" nogil:
    enum:
        SIP_TOKEN
        SIP_HOST
        SIP_URI
        SIP_VALUE
    bint sip_is_token(uint8_t byte) noexcept
    uint32_t sip_skip(const uint8_t *base, uint32_t at, uint32_t end, int what) noexcept
    uint32_t sip_skip_scalar(const uint8_t *base, uint32_t at, uint32_t end, int what) noexcept
    uint32_t sip_find_either(const uint8_t *base, uint32_t at, uint32_t end, char one, char other) noexcept
    uint32_t sip_find_either_scalar(const uint8_t *base, uint32_t at, uint32_t end, char one, char other) noexcept
    bint sip_is_plain(const uint8_t *base, uint32_t at, uint32_t end) noexcept
    bint sip_is_plain_scalar(const uint8_t *base, uint32_t at, uint32_t end) noexcept


cdef struct Span:
    # Offsets into the message; absent when end is 0, which no span inside a header value can have.
    uint32_t start
    uint32_t end


cdef struct Cursor:
    const uint8_t *base
    uint32_t pos
    uint32_t end


cdef inline bint is_present(Span span) noexcept nogil:
    return span.end != 0


cdef inline bint is_lws(uint8_t byte) noexcept nogil:
    # The first comparison answers nearly always.
    return byte <= c' ' and (byte == c' ' or byte == c'\t' or byte == c'\r' or byte == c'\n')


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return c'0' <= byte <= c'9'


cdef inline bint is_alpha(uint8_t byte) noexcept nogil:
    return c'a' <= (byte | 0x20) <= c'z'


cdef inline int peek(const Cursor *cursor) noexcept nogil:
    """The byte at the cursor, -1 at its end."""
    return cursor.base[cursor.pos] if cursor.pos < cursor.end else -1


cdef inline void skip_lws(Cursor *cursor) noexcept nogil:
    while cursor.pos < cursor.end and is_lws(cursor.base[cursor.pos]):
        cursor.pos += 1


cdef inline Span trimmed(const uint8_t *base, uint32_t start, uint32_t end) noexcept nogil:
    """The span without white space at either side."""
    cdef Span span
    while start < end and is_lws(base[start]):
        start += 1
    while end > start and is_lws(base[end - 1]):
        end -= 1
    span.start = start
    span.end = end
    return span


cdef inline Span take_token(Cursor *cursor) noexcept nogil:
    """The token at the cursor (RFC 3261 section 25.1), empty when there is none."""
    cdef Span span
    span.start = cursor.pos
    # Byte by byte: most have three to seven bytes, and sixteen at once would take twice the instructions.
    cursor.pos = span.end = sip_skip_scalar(cursor.base, cursor.pos, cursor.end, SIP_TOKEN)
    return span


cdef inline bint skip_quoted(Cursor *cursor) noexcept nogil:
    """Move from an opening quote behind its closing one; false when it is never closed."""
    cursor.pos = sip_find_either(cursor.base, cursor.pos + 1, cursor.end, c'"', c'\\')
    while cursor.pos < cursor.end:
        if cursor.base[cursor.pos] == c'"':
            cursor.pos += 1
            return True
        cursor.pos += 2 if cursor.base[cursor.pos] == c'\\' else 1
    cursor.pos = cursor.end
    return False


cdef inline bint skip_value(Cursor *cursor) noexcept nogil:
    """Move to the comma that ends this value of a list, or to the end; false when a quote or bracket stays open.

    Commas inside quotes and inside angle brackets belong to the value (RFC 3261 section 7.3.1).
    """
    cdef uint8_t byte
    while cursor.pos < cursor.end:
        byte = cursor.base[cursor.pos]
        if byte == c',':
            return True
        if byte == c'"':
            if not skip_quoted(cursor):
                return False
        elif byte == c'<':
            while cursor.pos < cursor.end and cursor.base[cursor.pos] != c'>':
                cursor.pos += 1
            if cursor.pos == cursor.end:
                return False
        else:
            cursor.pos += 1
    return True


cdef inline bint equals_folded(const uint8_t *base, Span span, const char *lower, uint32_t length) noexcept nogil:
    """Whether the span is that lower-case ASCII word, in any case."""
    cdef uint32_t i
    cdef uint8_t byte
    if span.end - span.start != length:
        return False
    for i in range(length):
        byte = base[span.start + i]
        if c'A' <= byte <= c'Z':
            byte |= 0x20
        if byte != <uint8_t>lower[i]:
            return False
    return True
