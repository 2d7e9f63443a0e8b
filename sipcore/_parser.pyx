"""Bytes to `Message`: one pass over the head, an index of offsets, nothing else until it is asked for.

First the index (offsets only, no GIL), then the object that owns it. The layout is drawn in `_parser.pxd`.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from sipcore._cursor cimport Cursor, Span, is_alpha, is_digit, is_present, skip_value, trimmed
from sipcore._syntax cimport EMPTY_VALUE, NO_FAULT, UNTERMINATED_QUOTE, scan_number
from sipcore._values cimport (
    make_address,
    make_cseq,
    make_media_type,
    make_uri,
    make_via,
    raise_fault,
    span_text,
)

from sipcore.errors import FramingError, HeaderError, ParseError
from sipcore.grammar import HEADERS
from sipcore.limits import DEFAULT, MAX_MESSAGE_BYTES, Limits

cdef extern from "_scan.h" nogil:
    bint sip_is_token(uint8_t byte) noexcept
    const uint8_t *sip_find_control(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_control_scalar(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_head_end(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_head_end_scalar(const uint8_t *p, const uint8_t *end) noexcept

cdef extern from "_names.h" nogil:
    bint sip_init_names() noexcept
    int sip_name_id(const uint8_t *name, uint32_t length) noexcept

if not sip_init_names():
    raise ImportError("two header names of sipcore.grammar cannot be told apart by the name hash")

# code: (text, whether it decides where the message ends)
FAULTS = {
    BAD_START_LINE: ("bad-start-line", False),
    BAD_STATUS_CODE: ("bad-status-code", False),
    START_LINE_TOO_LONG: ("start-line-too-long", False),
    BAD_HEADER_NAME: ("bad-header-name", False),
    MISSING_COLON: ("missing-colon", False),
    HEADER_TOO_LONG: ("header-too-long", False),
    TOO_MANY_HEADERS: ("too-many-headers", False),
    TOO_MANY_VIAS: ("too-many-vias", False),
    BARE_CR: ("bare-cr", True),
    BARE_LF: ("bare-lf", True),
    CONTROL_BYTE: ("control-byte", False),
    HEAD_TOO_LARGE: ("head-too-large", True),
    NO_END_OF_HEAD: ("no-end-of-head", True),
    BAD_CONTENT_LENGTH: ("bad-content-length", True),
    CONFLICTING_CONTENT_LENGTH: ("conflicting-content-length", True),
    MISSING_CONTENT_LENGTH: ("missing-content-length", True),
    BODY_TOO_LARGE: ("body-too-large", True),
    NOT_SIP_HTTP: ("http-request", True),
    NOT_SIP_TLS: ("tls-hello", True),
    NOT_SIP_STUN: ("stun-message", True),
}

# A Content-Length with more digits than this is only compared, never multiplied on: it is past every limit.
cdef uint64_t ABSURD_LENGTH = <uint64_t>1 << 40


# -- the index ---------------------------------------------------------------------------------------------------------

cdef int64_t fail(ParseFault *fault, FaultCode code, uint64_t offset) noexcept nogil:
    fault.code = code
    fault.offset = <uint32_t>offset
    return MALFORMED


cdef int64_t run_out(Cursor *cursor, uint64_t size, uint32_t line, uint32_t longest, FaultCode too_long,
                     ParseFault *fault) noexcept nogil:
    """The bytes ended inside a line: more may come, unless a limit has been passed already."""
    if cursor.end - line > longest:
        return fail(fault, too_long, line + longest)
    if size > cursor.end:
        return fail(fault, HEAD_TOO_LARGE, cursor.end)
    return PARTIAL


cdef void reset_index(Index *index, const uint8_t *base) noexcept nogil:
    # All but the slots themselves, which are written before they are read.
    memset(index, 0, <size_t>(<uint8_t *>&index.first - <uint8_t *>index))
    memset(&index.first, 0xFF, sizeof(index.first))
    index.base = base
    index.slots = &index.inline_slots[0]
    index.capacity = INLINE_SLOTS


cdef void release_index(Index *index) noexcept nogil:
    if index.slots != &index.inline_slots[0]:
        free(index.slots)
    index.slots = &index.inline_slots[0]


cdef Slot *new_slot(Index *index, const Bounds *bounds, ParseFault *fault, uint32_t offset) noexcept nogil:
    """Room for one more header field, NULL with the fault set when there is none."""
    cdef Slot *grown
    cdef uint32_t capacity
    if index.count >= bounds.headers or index.count == NO_SLOT - 1:
        fail(fault, TOO_MANY_HEADERS, offset)
        return NULL
    if index.count == index.capacity:
        capacity = min(<uint32_t>index.capacity * 2, <uint32_t>NO_SLOT)
        if index.slots == &index.inline_slots[0]:
            grown = <Slot *>malloc(capacity * sizeof(Slot))
            if grown != NULL:
                memcpy(grown, index.slots, index.count * sizeof(Slot))
        else:
            grown = <Slot *>realloc(index.slots, capacity * sizeof(Slot))
        if grown == NULL:
            fail(fault, OUT_OF_MEMORY, offset)
            return NULL
        index.slots = grown
        index.capacity = <uint16_t>capacity
    index.count += 1
    return &index.slots[index.count - 1]


cdef bint is_version(const uint8_t *base, Span span) noexcept nogil:
    """``"SIP" "/" 1*DIGIT "." 1*DIGIT`` in any case (RFC 3261 section 25.1)."""
    cdef uint32_t i = span.start + 4
    cdef uint32_t digits = 0
    if span.end - span.start < 7 or base[i - 1] != c'/':
        return False
    if (base[span.start] | 0x20) != c's' or (base[i - 3] | 0x20) != c'i' or (base[i - 2] | 0x20) != c'p':
        return False
    while i < span.end and is_digit(base[i]):
        i += 1
    if i == span.start + 4 or i == span.end or base[i] != c'.':
        return False
    digits = i + 1
    i += 1
    while i < span.end and is_digit(base[i]):
        i += 1
    return i == span.end and i > digits


cdef int64_t index_status_line(Index *index, uint32_t end, ParseFault *fault) noexcept nogil:
    """``SIP-Version SP 3DIGIT SP Reason-Phrase``; a missing last SP is let pass, it hides nothing."""
    cdef const uint8_t *base = index.base
    cdef uint32_t at = index.version.end + 1
    if end < at + 3 or not (is_digit(base[at]) and is_digit(base[at + 1]) and is_digit(base[at + 2])):
        return fail(fault, BAD_STATUS_CODE, at)
    index.status = (base[at] - c'0') * 100 + (base[at + 1] - c'0') * 10 + (base[at + 2] - c'0')
    if index.status < 100 or index.status > 699 or (end > at + 3 and base[at + 3] != c' '):
        return fail(fault, BAD_STATUS_CODE, at)
    index.reason.start = min(at + 4, end)
    index.reason.end = end
    return 0


cdef int64_t index_request_line(Index *index, uint32_t end, ParseFault *fault) noexcept nogil:
    """``Method SP Request-URI SP SIP-Version``; what stands between the outer two is the URI, spaces and all.

    White space in it, or behind the version, is representable and therefore the validator's to refuse with 400.
    """
    cdef const uint8_t *base = index.base
    cdef uint32_t at = 0
    while at < end and sip_is_token(base[at]):
        at += 1
    index.method.start = 0
    index.method.end = at
    if at == 0 or at == end or base[at] != c' ':
        return fail(fault, BAD_START_LINE, at)
    index.version.end = end
    while index.version.end > at and base[index.version.end - 1] == c' ':
        index.version.end -= 1
    index.version.start = index.version.end
    while index.version.start > at and base[index.version.start - 1] != c' ':
        index.version.start -= 1
    index.uri.start = at + 1
    index.uri.end = index.version.start - 1
    if index.version.start <= at + 2 or not is_version(base, index.version):
        return fail(fault, BAD_START_LINE, index.version.start)
    return 0


cdef int64_t index_start_line(Index *index, Cursor *cursor, uint64_t size, const Bounds *bounds,
                              ParseFault *fault) noexcept nogil:
    """Find the line's end, then what it is: only a status line begins with a version and a space."""
    cdef uint32_t end = <uint32_t>(sip_find_control(cursor.base, cursor.base + cursor.end) - cursor.base)
    if end > bounds.start_line:
        return fail(fault, START_LINE_TOO_LONG, bounds.start_line)
    if end == cursor.end or (cursor.base[end] == c'\r' and end + 1 == cursor.end):
        return run_out(cursor, size, 0, bounds.start_line, START_LINE_TOO_LONG, fault)
    if cursor.base[end] == c'\n':
        return fail(fault, BARE_LF, end)
    if cursor.base[end] != c'\r':
        return fail(fault, CONTROL_BYTE, end)
    if cursor.base[end + 1] != c'\n':
        return fail(fault, BARE_CR, end)
    cursor.pos = end + 2
    index.version.end = 0
    while index.version.end < end and cursor.base[index.version.end] != c' ':
        index.version.end += 1
    if index.version.end < end and is_version(cursor.base, index.version):
        return index_status_line(index, end, fault)
    return index_request_line(index, end, fault)


cdef bint is_quoted_pair(const uint8_t *base, uint32_t *quoted_to, bint *in_quotes, uint32_t at) noexcept nogil:
    """Whether the byte is escaped inside a quoted string, the one place for a control byte (RFC 3261, quoted-pair).

    The state of the quotes is carried along, so that a value full of such bytes is still walked only once.
    """
    cdef uint32_t i = quoted_to[0]
    while i < at:
        if base[i] == c'\\' and in_quotes[0]:
            if i + 1 == at:
                quoted_to[0] = at + 1
                return True
            i += 1
        elif base[i] == c'"':
            in_quotes[0] = not in_quotes[0]
        i += 1
    quoted_to[0] = i
    return False


cdef int64_t find_value_end(Cursor *cursor, uint64_t size, uint32_t line, const Bounds *bounds, uint8_t *flags,
                            ParseFault *fault) noexcept nogil:
    """From the value's first byte to the CR that ends the field, over all its folds."""
    cdef uint32_t quoted_to = cursor.pos
    cdef bint in_quotes = False
    cdef uint32_t at
    while True:
        at = <uint32_t>(sip_find_control(cursor.base + cursor.pos, cursor.base + cursor.end) - cursor.base)
        if at - line > bounds.header:
            return fail(fault, HEADER_TOO_LONG, line + bounds.header)
        if at == cursor.end:
            return run_out(cursor, size, line, bounds.header, HEADER_TOO_LONG, fault)
        cursor.pos = at + 1
        if cursor.base[at] == c'\r':
            # Two bytes tell the end of a field from a fold: the LF and what begins the next line.
            if at + 1 < cursor.end and cursor.base[at + 1] != c'\n':
                return fail(fault, BARE_CR, at)
            if at + 2 >= cursor.end:
                return run_out(cursor, size, line, bounds.header, HEADER_TOO_LONG, fault)
            if cursor.base[at + 2] != c' ' and cursor.base[at + 2] != c'\t':
                cursor.pos = at + 2
                return at
            flags[0] |= FOLDED
            cursor.pos = at + 3
        elif cursor.base[at] == c'\n':
            return fail(fault, BARE_LF, at)
        elif not is_quoted_pair(cursor.base, &quoted_to, &in_quotes, at):
            return fail(fault, CONTROL_BYTE, at)


cdef int64_t keep_content_length(Index *index, Span value, const Bounds *bounds, ParseFault *fault) noexcept nogil:
    """Digits only, never wrapped, the same in every field of that name, and within the limit."""
    cdef uint64_t length
    cdef uint32_t i
    if not scan_number(index.base, value, ABSURD_LENGTH, &length):
        for i in range(value.start, value.end):
            if not is_digit(index.base[i]):
                return fail(fault, BAD_CONTENT_LENGTH, i)
        return fail(fault, BAD_CONTENT_LENGTH if value.start == value.end else BODY_TOO_LARGE, value.start)
    if index.has_length and length != index.content_length:
        return fail(fault, CONFLICTING_CONTENT_LENGTH, value.start)
    if length > bounds.body:
        return fail(fault, BODY_TOO_LARGE, value.start)
    index.has_length = True
    index.content_length = length
    return 0


cdef int64_t index_field(Index *index, Cursor *cursor, uint64_t size, const Bounds *bounds,
                         ParseFault *fault) noexcept nogil:
    """One header field: name, optional white space, colon, value."""
    cdef const uint8_t *base = cursor.base
    cdef uint32_t line = cursor.pos
    cdef uint32_t at = line
    cdef uint32_t name_end
    cdef int64_t end
    cdef Slot *slot
    cdef Span value
    while at < cursor.end and sip_is_token(base[at]):
        at += 1
    name_end = at
    while at < cursor.end and (base[at] == c' ' or base[at] == c'\t'):
        at += 1
    if at - line > bounds.header:
        return fail(fault, HEADER_TOO_LONG, line + bounds.header)
    if at == cursor.end:
        return run_out(cursor, size, line, bounds.header, HEADER_TOO_LONG, fault)
    if name_end == line:
        return fail(fault, BAD_HEADER_NAME, line)
    if base[at] != c':':
        return fail(fault, MISSING_COLON, at)
    slot = new_slot(index, bounds, fault, line)
    if slot == NULL:
        return MALFORMED
    slot.flags = 0
    cursor.pos = at + 1
    end = find_value_end(cursor, size, line, bounds, &slot.flags, fault)
    if end < 0:
        return end
    value = trimmed(base, at + 1, <uint32_t>end)
    slot.name = line
    slot.name_size = <uint16_t>(name_end - line)
    slot.value = value.start
    slot.value_size = value.end - value.start
    slot.id = <uint8_t>sip_name_id(base + line, name_end - line)
    if slot.id < HOT_HEADERS and index.first[slot.id] == NO_SLOT:
        index.first[slot.id] = index.count - 1
    if slot.id == H_CONTENT_LENGTH:
        return keep_content_length(index, value, bounds, fault)
    if slot.id == H_VIA:
        index.vias += 1
        if index.vias > bounds.via:
            return fail(fault, TOO_MANY_VIAS, line)
    return 0


cdef int64_t index_head(Index *index, const uint8_t *base, uint64_t size, const Bounds *bounds,
                        ParseFault *fault) noexcept nogil:
    """Index start line and header fields. Returns the head's size, PARTIAL, or MALFORMED with the fault set.

    ``base`` must be at the first byte of the start line. Call `release_index` afterwards in every case.
    """
    cdef Cursor cursor
    cdef int64_t result
    reset_index(index, base)
    cursor.base = base
    cursor.pos = 0
    cursor.end = <uint32_t>min(size, <uint64_t>bounds.head)
    result = index_start_line(index, &cursor, size, bounds, fault)
    while result >= 0:
        if cursor.pos < cursor.end and base[cursor.pos] == c'\r':
            if cursor.pos + 1 == cursor.end:
                return run_out(&cursor, size, cursor.pos, bounds.header, HEADER_TOO_LONG, fault)
            if base[cursor.pos + 1] != c'\n':
                return fail(fault, BARE_CR, cursor.pos)
            index.head_size = cursor.pos + 2
            return index.head_size
        if cursor.pos < cursor.end and base[cursor.pos] == c'\n':
            return fail(fault, BARE_LF, cursor.pos)
        result = index_field(index, &cursor, size, bounds, fault)
    return result


cdef int header_id_of(const uint8_t *name, uint32_t size) noexcept nogil:
    """H_... for a header name in any case, full or compact; H_OTHER when the grammar does not have it."""
    return sip_name_id(name, size)


cdef int find_slot(const Index *index, int header_id, int start) noexcept nogil:
    """The first slot of that id at or after ``start``, -1 when there is none."""
    cdef int i
    if header_id < HOT_HEADERS:
        if index.first[header_id] == NO_SLOT:
            return -1
        start = max(start, <int>index.first[header_id])
    for i in range(start, index.count):
        if index.slots[i].id == header_id:
            return i
    return -1


# -- from faults and limits to Python and back -------------------------------------------------------------------------

cdef object raise_parse_fault(ParseFault fault, uint64_t skipped):
    """The one place where a fault of the index becomes an exception."""
    if fault.code == OUT_OF_MEMORY:
        raise MemoryError
    code, decides_the_end = FAULTS[fault.code]
    raise (FramingError if decides_the_end else ParseError)(code, fault.offset + skipped)


cdef int bounds_of(object limits, Bounds *bounds) except -1:
    """Limits as plain numbers; the default ones are read once, as seven attributes cost as much as a parse."""
    if limits is DEFAULT and DEFAULT_BOUNDS.head != 0:
        bounds[0] = DEFAULT_BOUNDS
        return 0
    bounds.head = limits.head
    bounds.body = limits.body
    bounds.headers = limits.headers
    # A name's length has 16 bits in its slot, so one field must fit them; see Slot.
    bounds.header = min(limits.header, 0xFFFF)
    bounds.start_line = limits.start_line
    bounds.via = min(limits.via, 0xFFFE)
    bounds.params = limits.params
    return 0


bounds_of(DEFAULT, &DEFAULT_BOUNDS)

# What a message that has been accepted once is parsed with again: its own limits let it pass already.
cdef object WIDEST = Limits(head=MAX_MESSAGE_BYTES // 2, body=MAX_MESSAGE_BYTES // 2, headers=NO_SLOT - 1,
                            header=0xFFFF, start_line=MAX_MESSAGE_BYTES // 2, via=NO_SLOT - 1)


cdef uint64_t leading_newlines(const uint8_t *base, uint64_t size) noexcept nogil:
    """CRLF before the start line is to be ignored (RFC 3261 section 7.5)."""
    cdef uint64_t skipped = 0
    while size - skipped >= 2 and base[skipped] == c'\r' and base[skipped + 1] == c'\n':
        skipped += 2
    return skipped


cdef int hold_buffer(Message message, object exporter, const Bounds *bounds) except -1:
    """Keep the exporter's bytes where they are for as long as the message lives."""
    PyObject_GetBuffer(exporter, &message.held, PyBUF_SIMPLE)
    message.holds = True
    message.most_params = bounds.params
    message.most_vias = bounds.via
    return 0


def parse(buffer, limits=DEFAULT):
    cdef Message message = Message.__new__(Message)
    cdef Bounds bounds
    cdef ParseFault fault
    cdef const uint8_t *base
    cdef uint64_t size, skipped
    cdef int64_t head
    bounds_of(limits, &bounds)
    hold_buffer(message, buffer, &bounds)
    base = <const uint8_t *>message.held.buf
    size = <uint64_t>message.held.len
    skipped = leading_newlines(base, size)
    head = index_head(&message.index, base + skipped, size - skipped, &bounds, &fault)
    if head == PARTIAL:
        head = fail(&fault, NO_END_OF_HEAD, size - skipped)
    if head == MALFORMED:
        raise_parse_fault(fault, skipped)
    return with_datagram_body(message, size - skipped - <uint64_t>head, &bounds, skipped)


cdef int message_in_block(Message message, object block, const Bounds *bounds) except -1:
    """Complete a message whose head was indexed inside a framer's block and whose body is all there."""
    message.index.body_size = <uint32_t>message.index.content_length
    return hold_buffer(message, block, bounds)


cdef Message with_datagram_body(Message message, uint64_t available, const Bounds *bounds, uint64_t skipped):
    """The body is what Content-Length says, or all that is left (RFC 3261 section 18.3)."""
    cdef ParseFault fault
    cdef Index *index = &message.index
    if not index.has_length:
        if available > bounds.body:
            fail(&fault, BODY_TOO_LARGE, index.head_size)
            raise_parse_fault(fault, skipped)
        index.body_size = <uint32_t>available
    else:
        index.truncated = index.content_length > available
        index.body_size = <uint32_t>min(index.content_length, available)
    return message


def _restore(bytes data):
    """What pickling and `detach` rebuild a message with."""
    return parse(data, WIDEST)


def _scan_twins(const uint8_t[::1] data not None):
    """Both forms of each scanner over the same bytes, for the test that holds them equal: offsets, -1 for none."""
    cdef const uint8_t *base = &data[0]
    cdef const uint8_t *end = base + data.shape[0]
    cdef const uint8_t *fast = sip_find_head_end(base, end)
    cdef const uint8_t *slow = sip_find_head_end_scalar(base, end)
    control = (sip_find_control(base, end) - base, sip_find_control_scalar(base, end) - base)
    return control, (fast - base if fast != NULL else -1, slow - base if slow != NULL else -1)


# -- the message -------------------------------------------------------------------------------------------------------

cdef class Message:
    def __cinit__(self):
        reset_index(&self.index, NULL)

    def __init__(self):
        raise TypeError("a Message is made by sipcore.parse() or by a Framer")

    def __dealloc__(self):
        release_index(&self.index)
        if self.holds:
            PyBuffer_Release(&self.held)

    # start line

    @property
    def is_request(self):
        return self.index.status == 0

    @property
    def method(self):
        return None if self.index.status else span_text(self.index.base, self.index.method)

    @property
    def uri(self):
        if self.index.status:
            raise AttributeError("a response has no Request-URI")
        return make_uri(self, self.index.base, self.index.uri, "Request-URI", self.most_params)

    @property
    def status(self):
        return self.index.status or None

    @property
    def reason(self):
        return span_text(self.index.base, self.index.reason) if self.index.status else None

    @property
    def version(self):
        return span_text(self.index.base, self.index.version)

    # typed values

    @property
    def via(self):
        cdef Cursor cursor
        cdef int slot = find_slot(&self.index, H_VIA, 0)
        if slot < 0:
            return None
        cursor = self._cursor(slot)
        return make_via(self, self.index.base, &cursor, self.most_params)

    @property
    def vias(self):
        cdef Cursor cursor
        cdef list found = []
        cdef int slot = find_slot(&self.index, H_VIA, 0)
        while slot >= 0:
            cursor = self._cursor(slot)
            while True:
                if <uint32_t>len(found) == self.most_vias:
                    raise HeaderError("too-many-vias", cursor.pos, "Via")
                found.append(make_via(self, self.index.base, &cursor, self.most_params))
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
            slot = find_slot(&self.index, H_VIA, slot + 1)
        return found

    @property
    def from_(self):
        return self._address(H_FROM)

    @property
    def to(self):
        return self._address(H_TO)

    @property
    def call_id(self):
        cdef int slot = find_slot(&self.index, H_CALL_ID, 0)
        return self.value_text(slot) if slot >= 0 else None

    @property
    def cseq(self):
        cdef Cursor cursor
        cdef int slot = find_slot(&self.index, H_CSEQ, 0)
        if slot < 0:
            return None
        cursor = self._cursor(slot)
        return make_cseq(self, self.index.base, &cursor)

    @property
    def max_forwards(self):
        cdef uint64_t number
        cdef Span span
        cdef int slot = find_slot(&self.index, H_MAX_FORWARDS, 0)
        if slot < 0:
            return None
        span = self.value_span(slot)
        if not scan_number(self.index.base, span, 0xFFFFFFFF, &number):
            raise HeaderError("bad-number", span.start, "Max-Forwards")
        return number

    @property
    def routes(self):
        return self._addresses(H_ROUTE)

    @property
    def record_routes(self):
        return self._addresses(H_RECORD_ROUTE)

    @property
    def contacts(self):
        return self._addresses(H_CONTACT)

    @property
    def content_type(self):
        cdef Cursor cursor
        cdef int slot = find_slot(&self.index, H_CONTENT_TYPE, 0)
        if slot < 0:
            return None
        cursor = self._cursor(slot)
        return make_media_type(self, self.index.base, &cursor, "Content-Type", self.most_params)

    @property
    def content_length(self):
        return self.index.content_length if self.index.has_length else None

    # body

    @property
    def body(self):
        return memoryview(self)[self.index.head_size:]

    @property
    def truncated(self):
        return self.index.truncated

    # headers by name

    def __getitem__(self, str name):
        cdef int slot = self.slot_named(name, 0)
        if slot < 0:
            raise KeyError(name)
        return self.value_text(slot)

    def get(self, str name, default=None):
        cdef int slot = self.slot_named(name, 0)
        return self.value_text(slot) if slot >= 0 else default

    def get_all(self, str name):
        cdef list found = []
        cdef int slot = self.slot_named(name, 0)
        while slot >= 0:
            found.append(self.value_text(slot))
            slot = self.slot_named(name, slot + 1)
        return found

    def values(self, str name):
        return [span_text(self.index.base, span) for span in self._value_spans(name)]

    def __contains__(self, name):
        return isinstance(name, str) and self.slot_named(name, 0) >= 0

    def __iter__(self):
        cdef int i
        for i in range(self.index.count):
            yield self._name_text(i), self.value_text(i)

    def __len__(self):
        return self.index.count

    def __bool__(self):
        return True

    # the zero-copy road

    def span_of(self, str name, int index=0):
        cdef Span span
        cdef int slot = self.slot_named(name, 0)
        while slot >= 0 and index > 0:
            slot = self.slot_named(name, slot + 1)
            index -= 1
        if slot < 0 or index < 0:
            return None
        span = self.value_span(slot)
        return (span.start, span.end)

    def view(self, str name, int index=0):
        span = self.span_of(name, index)
        return None if span is None else memoryview(self)[span[0]:span[1]]

    @property
    def head_size(self):
        return self.index.head_size

    @property
    def size(self):
        return self.size_of()

    @property
    def buffer(self):
        return memoryview(self)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, <void *>self.index.base, self.size_of(), 1, flags)

    def __bytes__(self):
        return PyBytes_FromStringAndSize(<const char *>self.index.base, self.size_of())

    def detach(self):
        if self.holds and isinstance(<object>self.held.obj, bytes):
            return self
        return _restore(bytes(self))

    def edit(self):
        return _edit_class()(self)

    def __eq__(self, other):
        if not isinstance(other, Message):
            return NotImplemented
        cdef Message right = other
        return self.size_of() == right.size_of() and not memcmp(self.index.base, right.index.base, self.size_of())

    def __hash__(self):
        return hash(bytes(self))

    def __reduce__(self):
        return (_restore, (bytes(self),))

    def __repr__(self):
        start = f"{self.method} {span_text(self.index.base, self.index.uri)}" if self.is_request else (
            f"{self.status} {self.reason}")
        return f"<Message {start}, {self.index.count} headers, {self.index.body_size} bytes of body>"

    # internal

    cdef uint32_t size_of(self) noexcept nogil:
        return self.index.head_size + self.index.body_size

    cdef Span value_span(self, int slot) noexcept nogil:
        cdef Span span
        span.start = self.index.slots[slot].value
        span.end = span.start + self.index.slots[slot].value_size
        return span

    cdef Span line_span(self, int slot) noexcept nogil:
        """The whole field with its CRLF."""
        cdef Span span
        span.start = self.index.slots[slot].name
        if slot + 1 < self.index.count:
            span.end = self.index.slots[slot + 1].name
        else:
            span.end = self.index.head_size - 2
        return span

    cdef str value_text(self, int slot):
        return span_text(self.index.base, self.value_span(slot))

    cdef str _name_text(self, int slot):
        cdef Span span
        span.start = self.index.slots[slot].name
        span.end = span.start + self.index.slots[slot].name_size
        return span_text(self.index.base, span)

    cdef Cursor _cursor(self, int slot) noexcept nogil:
        cdef Cursor cursor
        cursor.base = self.index.base
        cursor.pos = self.index.slots[slot].value
        cursor.end = cursor.pos + self.index.slots[slot].value_size
        return cursor

    cdef int slot_named(self, str name, int start):
        """The first field of that name at or after ``start``, -1 when there is none."""
        cdef Py_ssize_t size
        cdef const uint8_t *wanted = <const uint8_t *>PyUnicode_AsUTF8AndSize(name, &size)
        cdef int header_id
        cdef Py_ssize_t k
        cdef int i
        for k in range(size):
            if not sip_is_token(wanted[k]):
                return -1
        header_id = sip_name_id(wanted, <uint32_t>size)
        if header_id != H_OTHER:
            return find_slot(&self.index, header_id, start)
        for i in range(start, self.index.count):
            if self.index.slots[i].id == H_OTHER and self._is_named(i, wanted, size):
                return i
        return -1

    cdef bint _is_named(self, int slot, const uint8_t *wanted, Py_ssize_t size) noexcept nogil:
        # Or-ing 0x20 folds letters and leaves every other token byte apart, so this is exact.
        cdef const uint8_t *name = self.index.base + self.index.slots[slot].name
        cdef Py_ssize_t k
        if self.index.slots[slot].name_size != size:
            return False
        for k in range(size):
            if (name[k] | 0x20) != (wanted[k] | 0x20):
                return False
        return True

    cdef object _address(self, int header_id):
        cdef Cursor cursor
        cdef int slot = find_slot(&self.index, header_id, 0)
        if slot < 0:
            return None
        cursor = self._cursor(slot)
        return make_address(self, self.index.base, &cursor, HEADERS[header_id], self.most_params)

    cdef list _addresses(self, int header_id):
        cdef Cursor cursor
        cdef list found = []
        cdef int slot = find_slot(&self.index, header_id, 0)
        while slot >= 0:
            cursor = self._cursor(slot)
            while True:
                found.append(make_address(self, self.index.base, &cursor, HEADERS[header_id], self.most_params))
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
            slot = find_slot(&self.index, header_id, slot + 1)
        return found

    cdef list _value_spans(self, str name):
        cdef Cursor cursor
        cdef uint32_t start
        cdef list found = []
        cdef int slot = self.slot_named(name, 0)
        while slot >= 0:
            cursor = self._cursor(slot)
            while True:
                start = cursor.pos
                if not skip_value(&cursor):
                    raise_fault(UNTERMINATED_QUOTE, start, name)
                found.append(trimmed(self.index.base, start, cursor.pos))
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
            slot = self.slot_named(name, slot + 1)
        return found


cdef object _edit_class():
    # Imported when first needed: the edit builds on the message, not the other way round.
    from sipcore._edit import Edit
    return Edit
