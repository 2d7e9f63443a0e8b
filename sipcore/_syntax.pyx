"""The scanners of header values: bytes to offsets, without the GIL and without allocation.

Each takes a cursor at the start of a value and returns NO_FAULT with the cursor behind it, or what is wrong with the
cursor at the offending byte. Nothing here knows of Python objects; `sipcore._values` puts objects on top.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memmove, memset, strchr, strlen, strstr

from sipcore._cursor cimport (
    SIP_HOST,
    SIP_TOKEN,
    SIP_URI,
    SIP_VALUE,
    Cursor,
    Span,
    equals_folded,
    is_alpha,
    is_digit,
    is_lws,
    is_present,
    peek,
    sip_find_either,
    sip_skip,
    sip_skip_scalar,
    skip_lws,
    skip_quoted,
    take_number,
    take_token,
    trimmed,
)

cdef extern from "<arpa/inet.h>" nogil:
    enum:
        AF_INET6
    int inet_pton(int family, const char *text, void *address) noexcept


# -- parts of values ---------------------------------------------------------------------------------------------------

cdef inline Fault scan_param_value(Cursor *cursor, Span *value) noexcept nogil:
    """gen-value (RFC 3261 section 25.1): token, host or quoted string; looser, up to white space, ';' or ','."""
    value.start = cursor.pos
    if peek(cursor) == c'"':
        if not skip_quoted(cursor):
            return UNTERMINATED_QUOTE
    else:
        cursor.pos = sip_skip(cursor.base, cursor.pos, cursor.end, SIP_VALUE)
        if peek(cursor) == c'"' or peek(cursor) == c'<' or peek(cursor) == c'>':
            # Here readers part ways on where the value ends; a list must be split the same by all of them.
            return BAD_PARAMETER
    value.end = cursor.pos
    return NO_FAULT


cdef Fault next_param(Cursor *cursor, Param *param, bint *found) noexcept nogil:
    """The next ``;name[=value]`` of a header value; ``found`` is false at the value's end (a comma or the end)."""
    skip_lws(cursor)
    found[0] = peek(cursor) == c';'
    if not found[0]:
        return NO_FAULT
    cursor.pos += 1
    skip_lws(cursor)
    param.name = take_token(cursor)
    param.value.start = param.value.end = 0
    if param.name.start == param.name.end:
        return BAD_PARAMETER
    skip_lws(cursor)
    if peek(cursor) != c'=':
        return NO_FAULT
    cursor.pos += 1
    skip_lws(cursor)
    return scan_param_value(cursor, &param.value)


cdef bint next_uri_param(Cursor *cursor, Param *param) noexcept nogil:
    """The next ``;name[=value]`` of a URI, where neither white space nor quotes exist."""
    if peek(cursor) != c';':
        return False
    cursor.pos += 1
    param.name.start = cursor.pos
    param.value.start = param.value.end = 0
    while cursor.pos < cursor.end and cursor.base[cursor.pos] != c';' and cursor.base[cursor.pos] != c'=':
        cursor.pos += 1
    param.name.end = cursor.pos
    if peek(cursor) == c'=':
        cursor.pos += 1
        param.value.start = cursor.pos
        while cursor.pos < cursor.end and cursor.base[cursor.pos] != c';':
            cursor.pos += 1
        param.value.end = cursor.pos
    return True


cdef Fault check_ends_value(Cursor *cursor) noexcept nogil:
    """A value ends at a comma or at the end of the header; anything else is left-over."""
    skip_lws(cursor)
    if cursor.pos < cursor.end and cursor.base[cursor.pos] != c',':
        return TRAILING_BYTES
    return NO_FAULT


cdef void keep_nothing(const uint8_t *base, void *value, const Param *param) noexcept nogil:
    """For values whose parameters are read on demand only."""
    pass


cdef inline bint next_ordinary_param(Cursor *cursor, Param *param) noexcept nogil:
    """The next ``;name=value`` as nearly all are, without quotes; false and not moved for any other.

    `next_param` gives the same for twice the instructions.
    """
    cdef const uint8_t *base = cursor.base
    cdef uint32_t at
    if peek(cursor) != c';':
        return False
    at = cursor.pos + 1
    if at < cursor.end and base[at] == c' ':
        at += 1
    param.name.start = at
    param.name.end = at = sip_skip_scalar(base, at, cursor.end, SIP_TOKEN)
    if at == param.name.start or at == cursor.end or base[at] != c'=':
        return False
    param.value.start = at + 1
    param.value.end = at = sip_skip(base, at + 1, cursor.end, SIP_VALUE)
    if at == param.value.start or (at < cursor.end and base[at] != c';' and base[at] != c','):
        return False
    cursor.pos = at
    return True


cdef Fault scan_tail(Cursor *cursor, Span *whole, Span *params, KeepParam keep, void *value) noexcept nogil:
    """``*(";" name ["=" value])`` and the end of a value: what most values of SIP end with.

    Each parameter is shown to ``keep``. The cursor ends at the value's comma or at the end.
    """
    cdef Fault fault
    cdef Param param
    cdef bint found
    skip_lws(cursor)
    params.start = cursor.pos
    while next_ordinary_param(cursor, &param):
        keep(cursor.base, value, &param)
    if cursor.pos == cursor.end and cursor.pos > params.start:
        # Nearly always: the last parameter ends the header, and with no white space.
        params.end = whole.end = cursor.pos
        return NO_FAULT
    while cursor.pos < cursor.end:
        fault = next_param(cursor, &param, &found)
        if fault != NO_FAULT:
            return fault
        if not found:
            break
        keep(cursor.base, value, &param)
    fault = check_ends_value(cursor)
    params.end = cursor.pos
    whole.end = trimmed(cursor.base, whole.start, cursor.pos).end
    return fault


cdef Fault begin_value(Cursor *cursor, Span *whole) noexcept nogil:
    """Move to the first byte of a value; a value of a list must not be empty."""
    skip_lws(cursor)
    whole.start = cursor.pos
    if cursor.pos == cursor.end or cursor.base[cursor.pos] == c',':
        return EMPTY_VALUE
    return NO_FAULT


cdef void drop_third_colon(char *text) noexcept nogil:
    """``:::`` before an IPv4 tail is ``::``: RFC 3261's grammar made senders write it so (RFC 5118 section 4.10)."""
    cdef char *colons = strstr(text, ":::")
    if colons != NULL and strchr(colons + 3, c':') == NULL and strchr(colons + 3, c'.') != NULL:
        memmove(colons, colons + 1, strlen(colons))


cdef bint is_ipv6(const uint8_t *base, Span span) noexcept nogil:
    """Whether the text between the brackets is an IPv6 address (RFC 3261 section 25.1, IPv6address)."""
    cdef char text[46]  # INET6_ADDRSTRLEN: no longer text can be an IPv6 address
    cdef uint8_t address[16]
    cdef uint32_t length = span.end - span.start
    if length == 0 or length >= sizeof(text) or memchr(base + span.start, 0, length) != NULL:
        return False
    memcpy(text, base + span.start, length)
    text[length] = 0
    drop_third_colon(text)
    return inet_pton(AF_INET6, text, address) == 1


cdef inline Fault scan_host(Cursor *cursor, Span *host) noexcept nogil:
    """A host name, IPv4 or bracketed IPv6 address. An underscore is let pass: real host names have it."""
    cdef Span inner
    host.start = cursor.pos
    if peek(cursor) == c'[':
        inner.start = cursor.pos + 1
        cursor.pos = inner.end = sip_find_either(cursor.base, cursor.pos, cursor.end, c']', c']')
        if cursor.pos == cursor.end or not is_ipv6(cursor.base, inner):
            cursor.pos = host.start
            return BAD_HOST
        cursor.pos += 1
    else:
        cursor.pos = sip_skip(cursor.base, cursor.pos, cursor.end, SIP_HOST)
    host.end = cursor.pos
    return NO_FAULT if host.end > host.start else BAD_HOST


cdef Fault scan_port(Cursor *cursor, int32_t *port) noexcept nogil:
    """The digits behind a colon, 0 to 65535."""
    cdef uint32_t start = cursor.pos
    cdef uint64_t number
    if not take_number(cursor, 65535, &number):
        cursor.pos = start
        return BAD_PORT
    port[0] = <int32_t>number
    return NO_FAULT


# -- whole values ------------------------------------------------------------------------------------------------------

cdef Fault scan_scheme(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """``scheme ":"`` (RFC 3261 section 25.1)."""
    cdef uint8_t byte
    uri.scheme.start = cursor.pos
    while cursor.pos < cursor.end:
        byte = cursor.base[cursor.pos]
        if not (is_alpha(byte) or is_digit(byte) or byte == c'+' or byte == c'-' or byte == c'.'):
            break
        cursor.pos += 1
    uri.scheme.end = cursor.pos
    if peek(cursor) != c':' or uri.scheme.end == uri.scheme.start or not is_alpha(cursor.base[uri.scheme.start]):
        return BAD_SCHEME
    cursor.pos += 1
    return NO_FAULT


cdef bint take_sip(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """``sip:`` or ``sips:`` in any case, which nearly all URIs begin with. No control byte may be in the URI."""
    cdef const uint8_t *at = cursor.base + cursor.pos
    cdef uint32_t left = cursor.end - cursor.pos
    cdef uint32_t length = 3
    if left < 4 or (at[0] | 0x20) != c's' or (at[1] | 0x20) != c'i' or (at[2] | 0x20) != c'p':
        return False
    if at[3] != c':':
        length = 4
        if left < 5 or (at[3] | 0x20) != c's' or at[4] != c':':
            return False
    uri.is_sip = True
    uri.scheme.start = cursor.pos
    uri.scheme.end = cursor.pos + length
    cursor.pos += length + 1
    return True


cdef Fault scan_userinfo(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """``user [":" password] "@"`` when there is an at sign; the user part may hold ';' and '?' (section 25.1)."""
    cdef uint32_t colon = sip_find_either(cursor.base, cursor.pos, cursor.end, c'@', c':')
    cdef uint32_t at = colon
    if colon < cursor.end and cursor.base[colon] == c':':
        at = sip_find_either(cursor.base, colon, cursor.end, c'@', c'@')
    if at == cursor.end:
        return NO_FAULT
    if colon == cursor.pos:
        return BAD_USERINFO
    uri.user.start = cursor.pos
    uri.user.end = colon
    if colon < at:
        uri.password.start = colon + 1
        uri.password.end = at
    cursor.pos = at + 1
    return NO_FAULT


cdef Fault scan_other(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """What stands behind another scheme: of tel the number as user and its parameters (RFC 3966 section 3)."""
    if cursor.pos == cursor.end:
        return BAD_ADDRESS
    if not equals_folded(cursor.base, uri.scheme, "tel", 3):
        return NO_FAULT
    uri.user.start = cursor.pos
    while cursor.pos < cursor.end and cursor.base[cursor.pos] != c';' and cursor.base[cursor.pos] != c'?':
        cursor.pos += 1
    uri.user.end = cursor.pos
    return scan_uri_tail(cursor, uri) if uri.user.end > uri.user.start else BAD_USERINFO


cdef Fault scan_uri(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """A URI that fills the cursor (RFC 3261 section 19.1.1). Other schemes than sip, sips and tel stay whole."""
    cdef uint32_t end = sip_skip(cursor.base, cursor.pos, cursor.end, SIP_URI)
    if end < cursor.end:
        cursor.pos = end
        return BAD_ADDRESS
    return scan_clean_uri(cursor, uri)


cdef Fault scan_clean_uri(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """The same, where it is known that no byte is one that may not stand in a URI."""
    cdef Fault fault
    memset(uri, 0, sizeof(UriSpans))
    uri.port = -1
    uri.whole.start = cursor.pos
    uri.whole.end = cursor.end
    if not take_sip(cursor, uri):
        fault = scan_scheme(cursor, uri)
        if fault != NO_FAULT:
            return fault
        return scan_other(cursor, uri)
    fault = scan_userinfo(cursor, uri)
    if fault == NO_FAULT:
        fault = scan_host(cursor, &uri.host)
    if fault == NO_FAULT and peek(cursor) == c':':
        cursor.pos += 1
        fault = scan_port(cursor, &uri.port)
    if fault != NO_FAULT:
        return fault
    return scan_uri_tail(cursor, uri)


cdef Fault scan_uri_tail(Cursor *cursor, UriSpans *uri) noexcept nogil:
    """``*(";" parameter) ["?" headers]``: split and counted here, looked into when asked for.

    Found first and counted then: the compiler counts sixteen at once where nothing ends the walk.
    """
    cdef uint32_t i, count = 0
    if peek(cursor) == c';':
        uri.params.start = cursor.pos
        cursor.pos = uri.params.end = sip_find_either(cursor.base, cursor.pos, cursor.end, c'?', c'?')
        for i in range(uri.params.start, uri.params.end):
            count += cursor.base[i] == c';'
        uri.param_count = count
    if peek(cursor) == c'?':
        uri.headers.start = cursor.pos + 1
        uri.headers.end = cursor.pos = cursor.end
    return NO_FAULT if cursor.pos == cursor.end else BAD_HOST


cdef Fault scan_bracketed(Cursor *cursor, AddressSpans *address) noexcept nogil:
    """``"<" URI ">"`` at the cursor."""
    address.uri.start = cursor.pos + 1
    cursor.pos = sip_skip(cursor.base, cursor.pos + 1, cursor.end, SIP_URI)
    address.is_clean = peek(cursor) == c'>'
    if not address.is_clean:
        # What is wrong with it is said when the URI is read.
        cursor.pos = sip_find_either(cursor.base, cursor.pos, cursor.end, c'>', c'>')
        if cursor.pos == cursor.end:
            return UNTERMINATED_BRACKET
    address.uri.end = cursor.pos
    cursor.pos += 1
    return NO_FAULT if address.uri.end > address.uri.start else BAD_ADDRESS


cdef void scan_bare_uri(Cursor *cursor, AddressSpans *address) noexcept nogil:
    """addr-spec without brackets: parameters behind it are the header's, so it ends at ';' (RFC 3261 section 20)."""
    cdef uint32_t end = sip_skip(cursor.base, cursor.pos, cursor.end, SIP_VALUE)
    address.uri.start = cursor.pos
    cursor.pos = address.uri.end = sip_find_either(cursor.base, cursor.pos, end, c'?', c'?')


cdef bint find_bracket(const Cursor *cursor, uint32_t *at) noexcept nogil:
    """Whether a '<' comes before anything that ends an unquoted display name or a bare URI."""
    cdef uint32_t i
    for i in range(cursor.pos, cursor.end):
        if cursor.base[i] == c'<':
            at[0] = i
            return True
        if cursor.base[i] == c',' or cursor.base[i] == c'"' or cursor.base[i] == c'>':
            return False
        if cursor.base[i] == c':' or cursor.base[i] == c';':
            # "sip:a@b;x=<sip:c@d>": another reader may take the first for the address. No display name has these.
            return False
    return False


cdef Fault scan_display_and_uri(Cursor *cursor, AddressSpans *address) noexcept nogil:
    """``[display-name] "<" URI ">"`` or a bare URI or ``*``."""
    cdef uint32_t bracket
    cdef int first = peek(cursor)
    if first == c'"':
        address.display.start = cursor.pos
        if not skip_quoted(cursor):
            return UNTERMINATED_QUOTE
        address.display.end = cursor.pos
        skip_lws(cursor)
        return scan_bracketed(cursor, address) if peek(cursor) == c'<' else BAD_ADDRESS
    if first == c'<':
        return scan_bracketed(cursor, address)
    if find_bracket(cursor, &bracket):
        address.display = trimmed(cursor.base, cursor.pos, bracket)
        cursor.pos = bracket
        return scan_bracketed(cursor, address)
    if first == c'*' and (cursor.pos + 1 == cursor.end or is_lws(cursor.base[cursor.pos + 1])
                          or cursor.base[cursor.pos + 1] == c','):
        address.is_star = True
        cursor.pos += 1
        return NO_FAULT
    scan_bare_uri(cursor, address)
    return NO_FAULT if address.uri.end > address.uri.start else BAD_ADDRESS


cdef void keep_tag(const uint8_t *base, void *value, const Param *param) noexcept nogil:
    """Remember the tag; of one given twice the first counts, with a value or without."""
    cdef AddressSpans *address = <AddressSpans *>value
    if not address.tag_seen and equals_folded(base, param.name, "tag", 3):
        address.tag_seen = True
        address.tag = param.value


cdef Fault scan_address(Cursor *cursor, AddressSpans *address) noexcept nogil:
    """One From, To, Contact, Route or Record-Route value; the cursor ends at its comma or at the end."""
    cdef Fault fault
    memset(address, 0, sizeof(AddressSpans))
    fault = begin_value(cursor, &address.whole)
    if fault == NO_FAULT:
        fault = scan_display_and_uri(cursor, address)
    if fault != NO_FAULT:
        return fault
    return scan_tail(cursor, &address.whole, &address.params, keep_tag, address)


cdef Fault scan_via_protocol(Cursor *cursor, ViaSpans *via) noexcept nogil:
    """``protocol-name SLASH protocol-version SLASH transport`` with white space around the slashes allowed."""
    cdef int part = 0
    if cursor.end - cursor.pos > 8 and memcmp(cursor.base + cursor.pos, b"SIP/2.0/", 8) == 0:
        # Nearly always: only the transport is left to be looked at.
        cursor.pos += 8
        part = 2
    for part in range(part, 3):
        skip_lws(cursor)
        via.transport = take_token(cursor)
        if via.transport.start == via.transport.end:
            return BAD_PROTOCOL
        if part < 2:
            skip_lws(cursor)
            if peek(cursor) != c'/':
                return BAD_PROTOCOL
            cursor.pos += 1
    if cursor.pos == cursor.end or not is_lws(cursor.base[cursor.pos]):
        return BAD_PROTOCOL
    return NO_FAULT


cdef enum:
    # Bits of the Via parameters that have been seen, with a value or without.
    BRANCH_SEEN = 1
    RECEIVED_SEEN = 2
    RPORT_SEEN = 4


cdef void keep_via_param(const uint8_t *base, void *value, const Param *param) noexcept nogil:
    """Remember the parameters a proxy reads for every message; of a name given twice the first counts."""
    cdef ViaSpans *via = <ViaSpans *>value
    cdef uint8_t seen = via.seen
    if equals_folded(base, param.name, "branch", 6):
        via.seen |= BRANCH_SEEN
        if not seen & BRANCH_SEEN:
            via.branch = param.value
    elif equals_folded(base, param.name, "received", 8):
        via.seen |= RECEIVED_SEEN
        if not seen & RECEIVED_SEEN:
            via.received = param.value
    elif equals_folded(base, param.name, "rport", 5):
        via.seen |= RPORT_SEEN
        if seen & RPORT_SEEN:
            return
        via.rport = param.value
        if not is_present(param.value):
            via.rport.start = via.rport.end = param.name.end


cdef Fault scan_sent_by(Cursor *cursor, ViaSpans *via) noexcept nogil:
    """``host [COLON port]``, with white space around the colon allowed."""
    cdef Fault fault
    skip_lws(cursor)
    fault = scan_host(cursor, &via.host)
    if fault != NO_FAULT:
        return fault
    skip_lws(cursor)
    if peek(cursor) != c':':
        return NO_FAULT
    cursor.pos += 1
    skip_lws(cursor)
    return scan_port(cursor, &via.port)


cdef Fault scan_via(Cursor *cursor, ViaSpans *via) noexcept nogil:
    """One Via value (RFC 3261 section 25.1, via-parm); the cursor ends at its comma or at the end."""
    cdef Fault fault
    memset(via, 0, sizeof(ViaSpans))
    via.port = -1
    fault = begin_value(cursor, &via.whole)
    if fault == NO_FAULT:
        fault = scan_via_protocol(cursor, via)
    if fault == NO_FAULT:
        fault = scan_sent_by(cursor, via)
    if fault != NO_FAULT:
        return fault
    return scan_tail(cursor, &via.whole, &via.params, keep_via_param, via)


cdef Fault scan_cseq(Cursor *cursor, CSeqSpans *cseq) noexcept nogil:
    """``1*DIGIT LWS Method`` (RFC 3261 section 20.16). A number of 2**32 or more is malformed, never wrapped."""
    cdef uint64_t number
    memset(cseq, 0, sizeof(CSeqSpans))
    skip_lws(cursor)
    cseq.whole.start = cursor.pos
    if not take_number(cursor, 0xFFFFFFFF, &number) or (
            cursor.pos < cursor.end and not is_lws(cursor.base[cursor.pos])):
        cursor.pos = cseq.whole.start
        return BAD_NUMBER
    cseq.number = <uint32_t>number
    skip_lws(cursor)
    cseq.method = take_token(cursor)
    if cseq.method.start == cseq.method.end:
        return BAD_METHOD
    cseq.whole.end = cursor.pos
    skip_lws(cursor)
    return NO_FAULT if cursor.pos == cursor.end else TRAILING_BYTES


cdef Fault scan_media_type(Cursor *cursor, MediaTypeSpans *media) noexcept nogil:
    """``type "/" subtype *(";" parameter)`` (RFC 3261 section 20.15)."""
    cdef Span word
    memset(media, 0, sizeof(MediaTypeSpans))
    skip_lws(cursor)
    media.whole.start = media.essence.start = cursor.pos
    word = take_token(cursor)
    skip_lws(cursor)
    if word.start == word.end or peek(cursor) != c'/':
        return BAD_MEDIA_TYPE
    cursor.pos += 1
    skip_lws(cursor)
    word = take_token(cursor)
    if word.start == word.end:
        return BAD_MEDIA_TYPE
    media.essence.end = cursor.pos
    return scan_tail(cursor, &media.whole, &media.params, keep_nothing, NULL)


cdef Fault next_auth_param(Cursor *cursor, Param *param, bint *found) noexcept nogil:
    """The next ``name=value`` of credentials, with the comma before it if there is one (RFC 3261, auth-param)."""
    skip_lws(cursor)
    found[0] = cursor.pos < cursor.end
    if not found[0]:
        return NO_FAULT
    if cursor.base[cursor.pos] == c',':
        cursor.pos += 1
        skip_lws(cursor)
    param.name = take_token(cursor)
    skip_lws(cursor)
    if param.name.start == param.name.end or peek(cursor) != c'=':
        return BAD_PARAMETER
    cursor.pos += 1
    skip_lws(cursor)
    return scan_param_value(cursor, &param.value)
