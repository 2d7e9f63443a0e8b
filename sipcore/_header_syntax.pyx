"""The scanners of the values in `sipcore._headers`: option tags, free values, warnings, credentials.

Native only, as `sipcore._syntax`, whose contract they keep: a cursor at the start of a value in; NO_FAULT with the
cursor behind it out, or what is wrong with the cursor at the offending byte.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from sipcore._cursor cimport (
    Cursor,
    Span,
    is_alpha,
    is_digit,
    is_lws,
    is_present,
    peek,
    skip_lws,
    skip_quoted,
    take_token,
    trimmed,
)
from sipcore._syntax cimport (
    BAD_NUMBER,
    BAD_PARAMETER,
    BAD_TOKEN,
    BAD_WARNING,
    EMPTY_VALUE,
    NO_FAULT,
    TRAILING_BYTES,
    UNTERMINATED_BRACKET,
    UNTERMINATED_QUOTE,
    Fault,
    Param,
    begin_value,
    check_ends_value,
    keep_nothing,
    next_auth_param,
    scan_number,
    scan_tail,
)


cdef Fault scan_token_item(Cursor *cursor, Span *token) noexcept nogil:
    """One token of a comma list, an option tag or a method; the cursor ends at its comma or at the end."""
    cdef Fault fault = begin_value(cursor, token)
    if fault != NO_FAULT:
        return fault
    token[0] = take_token(cursor)
    if token.start == token.end:
        return BAD_TOKEN
    return check_ends_value(cursor)


cdef Fault skip_comment(Cursor *cursor) noexcept nogil:
    """From an opening parenthesis behind its closing one; comments nest (RFC 3261 section 25.1)."""
    cdef uint32_t depth = 0
    cdef uint32_t start = cursor.pos
    cdef uint8_t byte
    while cursor.pos < cursor.end:
        byte = cursor.base[cursor.pos]
        cursor.pos += 2 if byte == c'\\' else 1
        if byte == c'(':
            depth += 1
        elif byte == c')':
            depth -= 1
            if depth == 0:
                return NO_FAULT
    cursor.pos = start
    return UNTERMINATED_BRACKET


cdef Fault skip_free_value(Cursor *cursor) noexcept nogil:
    """Move to the semicolon or comma that ends a value which may be anything: a URI in brackets, a Call-ID, a number.

    A parenthesis opens a comment only behind white space: inside a Call-ID it is a character like others.
    """
    cdef Fault fault
    cdef uint32_t start = cursor.pos
    cdef uint8_t byte
    while cursor.pos < cursor.end:
        byte = cursor.base[cursor.pos]
        if byte == c';' or byte == c',':
            return NO_FAULT
        if byte == c'"':
            if not skip_quoted(cursor):
                return UNTERMINATED_QUOTE
        elif byte == c'<':
            while cursor.pos < cursor.end and cursor.base[cursor.pos] != c'>':
                cursor.pos += 1
            if cursor.pos == cursor.end:
                return UNTERMINATED_BRACKET
        elif byte == c'(' and (cursor.pos == start or is_lws(cursor.base[cursor.pos - 1])):
            fault = skip_comment(cursor)
            if fault != NO_FAULT:
                return fault
        else:
            cursor.pos += 1
    return NO_FAULT


cdef Fault scan_parameterized(Cursor *cursor, ParameterizedSpans *value, bint token_only) noexcept nogil:
    """``value *(";" parameter)``, the value a token if asked for; the cursor ends at its comma or at the end."""
    cdef Fault fault
    memset(value, 0, sizeof(ParameterizedSpans))
    fault = begin_value(cursor, &value.whole)
    if fault != NO_FAULT:
        return fault
    value.value.start = cursor.pos
    if token_only:
        take_token(cursor)
    else:
        fault = skip_free_value(cursor)
    if fault != NO_FAULT:
        return fault
    value.value = trimmed(cursor.base, value.value.start, cursor.pos)
    if value.value.start == value.value.end:
        return BAD_TOKEN if token_only else EMPTY_VALUE
    return scan_tail(cursor, &value.whole, &value.params, keep_nothing, NULL)


cdef Fault scan_warning(Cursor *cursor, WarningSpans *warning) noexcept nogil:
    """``3DIGIT SP agent SP quoted-string`` (RFC 3261 section 20.43); the cursor ends at its comma or at the end."""
    cdef Fault fault
    cdef Span digits
    cdef uint64_t number
    memset(warning, 0, sizeof(WarningSpans))
    fault = begin_value(cursor, &warning.whole)
    if fault != NO_FAULT:
        return fault
    digits = take_token(cursor)
    if digits.end - digits.start != 3 or not scan_number(cursor.base, digits, 999, &number):
        cursor.pos = digits.start
        return BAD_NUMBER
    warning.code = <uint32_t>number
    skip_lws(cursor)
    warning.agent.start = cursor.pos
    while cursor.pos < cursor.end and not is_lws(cursor.base[cursor.pos]) and cursor.base[cursor.pos] != c',':
        cursor.pos += 1
    warning.agent.end = cursor.pos
    skip_lws(cursor)
    if warning.agent.start == warning.agent.end or peek(cursor) != c'"':
        return BAD_WARNING
    warning.text.start = cursor.pos
    if not skip_quoted(cursor):
        return UNTERMINATED_QUOTE
    warning.text.end = warning.whole.end = cursor.pos
    return check_ends_value(cursor)


cdef bint is_token68(const uint8_t *base, Span span) noexcept nogil:
    """``1*(ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/") *"="`` (RFC 7235 section 2.1), and nothing else."""
    cdef uint32_t end = span.end
    cdef uint32_t i
    while end > span.start and base[end - 1] == c'=':
        end -= 1
    for i in range(span.start, end):
        if not (is_alpha(base[i]) or is_digit(base[i]) or base[i] == c'-' or base[i] == c'.' or base[i] == c'_'
                or base[i] == c'~' or base[i] == c'+' or base[i] == c'/'):
            return False
    return end > span.start


cdef Fault scan_credentials(Cursor *cursor, CredentialsSpans *credentials) noexcept nogil:
    """``scheme LWS name=value *("," name=value)``, to the header's end: these commas separate no values (7.3.1).

    Authentication-Info has no scheme in RFC 3261 section 20.6 and one in Microsoft's use; both are read. Behind a
    scheme one token68 may stand for the parameters, as behind Bearer (RFC 8898 section 2.1.3).
    """
    cdef Fault fault
    cdef Param param
    cdef bint found = True
    memset(credentials, 0, sizeof(CredentialsSpans))
    fault = begin_value(cursor, &credentials.whole)
    if fault != NO_FAULT:
        return fault
    credentials.whole.end = cursor.end
    credentials.params.start = cursor.pos
    credentials.params.end = cursor.end
    credentials.scheme = take_token(cursor)
    skip_lws(cursor)
    if credentials.scheme.start == credentials.scheme.end:
        return BAD_TOKEN
    if peek(cursor) == c'=':
        credentials.scheme.start = credentials.scheme.end = 0
        cursor.pos = credentials.params.start
    else:
        credentials.params.start = cursor.pos
    if peek(cursor) == c',':
        return BAD_PARAMETER
    credentials.token = trimmed(cursor.base, cursor.pos, cursor.end)
    if is_present(credentials.scheme) and is_token68(cursor.base, credentials.token):
        cursor.pos = credentials.params.start = cursor.end
        return NO_FAULT
    credentials.token.start = credentials.token.end = 0
    while found:
        fault = next_auth_param(cursor, &param, &found)
        if fault != NO_FAULT:
            return fault
        if found:
            skip_lws(cursor)
            if cursor.pos < cursor.end and cursor.base[cursor.pos] != c',':
                return TRAILING_BYTES
    return NO_FAULT
