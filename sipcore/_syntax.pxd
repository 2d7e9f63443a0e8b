"""What the scanners of header values fill in: structs of offsets into the message."""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from sipcore._cursor cimport Cursor, Span


cdef enum Fault:
    # What can be wrong with a value. A scanner returns NO_FAULT or one of these, and the cursor stands at the fault.
    NO_FAULT = 0
    EMPTY_VALUE
    UNTERMINATED_QUOTE
    UNTERMINATED_BRACKET
    BAD_PARAMETER
    TOO_MANY_PARAMETERS
    BAD_SCHEME
    BAD_USERINFO
    BAD_HOST
    BAD_PORT
    BAD_PROTOCOL
    BAD_NUMBER
    BAD_METHOD
    BAD_MEDIA_TYPE
    BAD_ADDRESS
    BAD_TOKEN
    BAD_WARNING
    TRAILING_BYTES


cdef struct UriSpans:
    Span whole
    Span scheme
    Span user
    Span password
    Span host
    int32_t port      # -1 when absent
    Span params       # from the first semicolon
    uint32_t param_count
    Span headers      # behind the question mark
    bint is_sip


cdef struct AddressSpans:
    Span whole
    Span display      # with its quotes
    Span uri
    Span tag
    Span params
    bint is_star
    bint tag_seen
    bint is_clean     # every byte between the brackets may stand in a URI


cdef struct ViaSpans:
    Span whole
    Span transport
    Span host
    int32_t port      # -1 when absent
    Span branch
    Span received
    Span rport        # start == end for a bare ";rport"
    uint8_t seen      # which of branch, received and rport have been named
    Span params


cdef struct CSeqSpans:
    Span whole
    Span method
    uint32_t number


cdef struct MediaTypeSpans:
    Span whole
    Span essence
    Span params


cdef struct Param:
    Span name
    Span value        # with its quotes; absent for a bare name


ctypedef void (*KeepParam)(const uint8_t *base, void *value, const Param *param) noexcept nogil

cdef Fault begin_value(Cursor *cursor, Span *whole) noexcept nogil
cdef Fault check_ends_value(Cursor *cursor) noexcept nogil
cdef Fault scan_tail(Cursor *cursor, Span *whole, Span *params, KeepParam keep, void *value) noexcept nogil
cdef void keep_nothing(const uint8_t *base, void *value, const Param *param) noexcept nogil
cdef bint next_uri_param(Cursor *cursor, Param *param) noexcept nogil
cdef Fault next_param(Cursor *cursor, Param *param, bint *found) noexcept nogil
cdef Fault scan_uri(Cursor *cursor, UriSpans *uri) noexcept nogil
cdef Fault scan_clean_uri(Cursor *cursor, UriSpans *uri) noexcept nogil
cdef Fault scan_address(Cursor *cursor, AddressSpans *address) noexcept nogil
cdef Fault scan_via(Cursor *cursor, ViaSpans *via) noexcept nogil
cdef Fault scan_cseq(Cursor *cursor, CSeqSpans *cseq) noexcept nogil
cdef Fault scan_media_type(Cursor *cursor, MediaTypeSpans *media) noexcept nogil
cdef Fault next_auth_param(Cursor *cursor, Param *param, bint *found) noexcept nogil
cdef bint scan_number(const uint8_t *base, Span span, uint64_t limit, uint64_t *number) noexcept nogil
