"""The index of a message: plain structs, and functions that need neither the GIL nor an object.

    Index index
    ParseFault fault
    int64_t end = index_head(&index, data, size, &DEFAULT_BOUNDS, &fault)   # > 0, PARTIAL or MALFORMED
    ...
    release_index(&index)                                                   # always, it may own spilled slots

The message as the index sees it; every offset counts from the first byte of the start line:

    INVITE sip:bob@contoso.example SIP/2.0 CRLF          method, uri, version (a response: version, status, reason)
    Via : SIP/2.0/UDP 192.0.2.1 , SIP/2.0/... CRLF       one Slot: name, value without outer white space
    Subject: lunch CRLF SP at noon CRLF                  one Slot, flag FOLDED, value spans the fold
    CRLF                                                 head_size counts to here
    body                                                 body_size bytes of it are there
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from sipcore._cursor cimport Span

cdef extern from "_grammar.h" nogil:
    enum:
        H_VIA
        H_FROM
        H_TO
        H_CALL_ID
        H_CSEQ
        H_MAX_FORWARDS
        H_ROUTE
        H_RECORD_ROUTE
        H_CONTACT
        H_CONTENT_TYPE
        H_CONTENT_LENGTH
        H_ACCEPT
        H_ALLOW
        H_CONTENT_DISPOSITION
        H_EVENT
        H_EXPIRES
        H_MS_DIAGNOSTICS
        H_P_ASSERTED_IDENTITY
        H_PROXY_REQUIRE
        H_REASON
        H_REQUIRE
        H_SUBSCRIPTION_STATE
        H_SUPPORTED
        H_UNSUPPORTED
        H_WARNING
        H_COUNT
        H_OTHER


cdef enum:
    INLINE_SLOTS = 32     # a message of more headers than this spills; nearly none does
    HOT_HEADERS = 24      # ids below this have their first field remembered
    NO_SLOT = 0xFFFF
    FOLDED = 1            # Slot.flags

    PARTIAL = -2          # the head is not complete
    MALFORMED = -1        # see the fault


cdef enum FaultCode:
    NO_PARSE_FAULT
    BAD_START_LINE
    BAD_STATUS_CODE
    START_LINE_TOO_LONG
    BAD_HEADER_NAME
    MISSING_COLON
    HEADER_TOO_LONG
    TOO_MANY_HEADERS
    TOO_MANY_VIAS
    BARE_CR
    BARE_LF
    CONTROL_BYTE
    HEAD_TOO_LARGE
    NO_END_OF_HEAD
    BAD_CONTENT_LENGTH
    CONFLICTING_CONTENT_LENGTH
    MISSING_CONTENT_LENGTH
    BODY_TOO_LARGE
    NOT_SIP_HTTP
    NOT_SIP_TLS
    NOT_SIP_STUN
    OUT_OF_MEMORY


cdef struct ParseFault:
    FaultCode code
    uint32_t offset


cdef struct Bounds:
    # Limits as plain numbers, see sipcore.limits.
    uint32_t head
    uint32_t body
    uint32_t headers
    uint32_t header
    uint32_t start_line
    uint32_t via
    uint32_t params


cdef struct Slot:
    # One header field. Its line ends where the next one's name begins, the last one's at the empty line.
    uint32_t name
    uint32_t value
    uint32_t value_size
    uint16_t name_size
    uint8_t id            # H_..., H_OTHER when the name is not in the grammar
    uint8_t flags


cdef struct Index:
    const uint8_t *base
    uint32_t head_size
    uint32_t body_size
    Span method           # absent in a response
    Span uri
    Span version
    Span reason
    uint16_t status       # 0 in a request
    uint16_t count        # header fields
    bint has_length
    bint truncated
    uint64_t content_length
    Slot *slots
    uint16_t capacity
    uint16_t first[24]     # HOT_HEADERS
    Slot inline_slots[32]  # INLINE_SLOTS


cdef Bounds DEFAULT_BOUNDS

cdef int64_t index_head(
    Index *index, const uint8_t *base, uint64_t size, const Bounds *bounds, ParseFault *fault) noexcept nogil
cdef void reset_index(Index *index, const uint8_t *base) noexcept nogil
cdef int64_t fail(ParseFault *fault, FaultCode code, uint64_t offset) noexcept nogil
cdef void release_index(Index *index) noexcept nogil
cdef int find_slot(const Index *index, int header_id, int start) noexcept nogil
cdef int header_id_of(const uint8_t *name, uint32_t size) noexcept nogil
cdef object raise_parse_fault(ParseFault fault, uint64_t skipped)
cdef int bounds_of(object limits, Bounds *bounds) except -1
cdef bytes with_crlf(bytes data)
