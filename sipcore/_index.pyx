"""The index of a message: one pass over the head, offsets only, no GIL. The layout is drawn in `_index.pxd`.

Besides it, the one way from its faults to exceptions and from `Limits` to plain numbers.
"""

import re

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from sipcore._cursor cimport (
    SIP_HOST,
    SIP_URI,
    SIP_VALUE,
    Cursor,
    Span,
    is_digit,
    scan_number,
    sip_find_either,
    sip_find_either_scalar,
    sip_is_plain,
    sip_is_plain_scalar,
    sip_skip,
    sip_skip_scalar,
    trimmed,
)

from sipcore.errors import FramingError, ParseError
from sipcore.limits import DEFAULT

cdef extern from "_scan.h" nogil:
    bint sip_is_token(uint8_t byte) noexcept
    const uint8_t *sip_find_control(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_control_scalar(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_head_end(const uint8_t *p, const uint8_t *end) noexcept
    const uint8_t *sip_find_head_end_scalar(const uint8_t *p, const uint8_t *end) noexcept

cdef extern from "_names.h" nogil:
    bint sip_init_names() noexcept
    int sip_name_id(const uint8_t *name, uint32_t length) noexcept

cdef extern from "_fields.h" nogil:
    enum:
        SIP_NOT_WIDE
        SIP_SSE2
        SIP_AVX2
    struct sip_lines:
        const uint8_t *base
        const uint8_t *end
        const uint8_t *limit
        uint32_t longest
        Slot *slot
        Slot *last
    int sip_widest() noexcept
    const uint8_t *sip_ordinary_fields(int width, sip_lines *lines, const uint8_t *line) noexcept

if not sip_init_names():
    raise ImportError("two header names of sipcore.grammar cannot be told apart by the name hash")

# How many bytes of a line are looked at at once.
cdef int width = sip_widest()

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
    if index.count >= bounds.headers:
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


cdef bint starts_with_version(const uint8_t *base, uint32_t end, Span *version) noexcept nogil:
    """Whether the line begins with a version and a space: a status line. No method can, as it has no slash."""
    if end < 8 or (base[0] | 0x20) != c's' or base[3] != c'/':
        return False
    version.end = 0
    while version.end < end and base[version.end] != c' ':
        version.end += 1
    return version.end < end and is_version(base, version[0])


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
    if end > at + 9 and memcmp(base + end - 8, b" SIP/2.0", 8) == 0:
        index.version.start = end - 7
        index.version.end = end
        index.uri.start = at + 1
        index.uri.end = end - 8
        return 0
    find_version(index, at, end)
    index.uri.start = at + 1
    index.uri.end = index.version.start - 1
    if index.version.start <= at + 2 or not is_version(base, index.version):
        return fail(fault, BAD_START_LINE, index.version.start)
    return 0


cdef void find_version(Index *index, uint32_t start, uint32_t end) noexcept nogil:
    """The last word of a request line, whatever it is and however much white space is behind it."""
    cdef const uint8_t *base = index.base
    while end > start and base[end - 1] == c' ':
        end -= 1
    index.version.end = end
    while end > start and base[end - 1] != c' ':
        end -= 1
    index.version.start = end


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
    if starts_with_version(cursor.base, end, &index.version):
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
    # No further than the limit lets a field go, or a long one would be walked to its end before it is refused.
    cdef uint32_t end = <uint32_t>min(<uint64_t>cursor.end, <uint64_t>line + bounds.header + 1)
    while True:
        at = <uint32_t>(sip_find_control(cursor.base + cursor.pos, cursor.base + end) - cursor.base)
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


cdef int64_t find_colon(Cursor *cursor, uint64_t size, const Bounds *bounds, Slot *slot,
                        ParseFault *fault) noexcept nogil:
    """Read the name of a field with what may stand between it and its colon; returns where the colon is."""
    cdef const uint8_t *base = cursor.base
    cdef uint32_t line = cursor.pos
    cdef uint32_t at = line
    while at < cursor.end and sip_is_token(base[at]):
        at += 1
    slot.name = line
    slot.name_size = <uint16_t>min(at - line, <uint32_t>0xFFFF)
    while at < cursor.end and (base[at] == c' ' or base[at] == c'\t'):
        at += 1
    if at - line > bounds.header:
        return fail(fault, HEADER_TOO_LONG, line + bounds.header)
    if at == cursor.end:
        return run_out(cursor, size, line, bounds.header, HEADER_TOO_LONG, fault)
    if slot.name_size == 0:
        return fail(fault, BAD_HEADER_NAME, line)
    if base[at] != c':':
        return fail(fault, MISSING_COLON, at)
    slot.id = <uint8_t>sip_name_id(base + line, slot.name_size)
    return at


cdef int64_t index_field(Index *index, Cursor *cursor, uint64_t size, const Bounds *bounds,
                         ParseFault *fault) noexcept nogil:
    """One header field of any kind: name, optional white space, colon, value with its folds."""
    cdef uint32_t line = cursor.pos
    cdef int64_t at
    cdef Span value
    cdef Slot found
    cdef Slot *slot
    at = find_colon(cursor, size, bounds, &found, fault)
    if at < 0:
        return at
    slot = new_slot(index, bounds, fault, line)
    if slot == NULL:
        return MALFORMED
    found.flags = 0
    cursor.pos = <uint32_t>at + 1
    value.start = cursor.pos
    at = find_value_end(cursor, size, line, bounds, &found.flags, fault)
    if at < 0:
        return at
    value = trimmed(cursor.base, value.start, <uint32_t>at)
    found.value = value.start
    found.value_size = value.end - value.start
    slot[0] = found
    return 0


cdef inline void index_ordinary_fields(Index *index, Cursor *cursor, const Bounds *bounds) noexcept nogil:
    """Index fields for as long as they are what nearly all are; the cursor is left at the first that is not.

    What that is, and that the result is the one of `index_field`, is said in `_fields.h`.
    """
    cdef const uint8_t *line = cursor.base + cursor.pos
    cdef sip_lines lines
    lines.base = cursor.base
    lines.end = lines.limit = cursor.base + cursor.end
    lines.longest = bounds.header
    lines.slot = &index.slots[index.count]
    lines.last = &index.slots[min(<uint32_t>index.capacity, bounds.headers)]
    line = sip_ordinary_fields(width, &lines, line)
    if lines.slot > &index.slots[index.count] and (line[0] == c' ' or line[0] == c'\t'):
        # No name begins so: the last value goes on in this line.
        lines.slot -= 1
        line = cursor.base + lines.slot.name
    cursor.pos = <uint32_t>(line - cursor.base)
    index.count = <uint16_t>(lines.slot - index.slots)


cdef int64_t keep_content_length(Index *index, const Slot *slot, const Bounds *bounds,
                                 ParseFault *fault) noexcept nogil:
    """Digits only, never wrapped, the same in every field of that name, and within the limit."""
    cdef uint64_t length
    cdef uint32_t i
    cdef Span value
    value.start = slot.value
    value.end = slot.value + slot.value_size
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


cdef uint32_t slots_before_too_many_vias(const Index *index, uint32_t most) noexcept nogil:
    """How many slots come before the Via that is one too many; all of them when none is."""
    cdef uint32_t i
    cdef uint32_t vias = 0
    for i in range(index.count):
        vias += index.slots[i].id == H_VIA
        if vias > most:
            return i
    return index.count


cdef int64_t conclude(Index *index, const Bounds *bounds, ParseFault *fault) noexcept nogil:
    """What the whole head says: where each kind of header begins, how long the body is, if the Vias are too many."""
    cdef uint32_t sound = index.count
    cdef uint32_t i = index.count
    while i > 0:
        # Backwards, so that of each kind the first one is what stays.
        i -= 1
        if index.slots[i].id < HOT_HEADERS:
            index.first[index.slots[i].id] = <uint16_t>i
    if index.count > bounds.via:
        sound = slots_before_too_many_vias(index, bounds.via)
    for i in range(<uint32_t>index.first[<int>H_CONTENT_LENGTH], sound):
        if index.slots[i].id == H_CONTENT_LENGTH and keep_content_length(index, &index.slots[i], bounds, fault) < 0:
            return MALFORMED
    if sound < index.count:
        return fail(fault, TOO_MANY_VIAS, index.slots[sound].name)
    return index.head_size


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
        index_ordinary_fields(index, &cursor, bounds)
        if cursor.pos < cursor.end and base[cursor.pos] == c'\r':
            if cursor.pos + 1 == cursor.end:
                return run_out(&cursor, size, cursor.pos, bounds.header, HEADER_TOO_LONG, fault)
            if base[cursor.pos + 1] != c'\n':
                return fail(fault, BARE_CR, cursor.pos)
            index.head_size = cursor.pos + 2
            return conclude(index, bounds, fault)
        if cursor.pos < cursor.end and base[cursor.pos] == c'\n':
            return fail(fault, BARE_LF, cursor.pos)
        result = index_field(index, &cursor, size, bounds, fault)
    return result


cdef int header_id_of(const uint8_t *name, uint32_t size) noexcept nogil:
    """H_... for a header name in any case, full or compact; H_OTHER when the grammar does not have it."""
    return sip_name_id(name, size)


# -- from faults and limits to Python and back -------------------------------------------------------------------------

cdef object raise_parse_fault(ParseFault fault, uint64_t skipped):
    """The one place where a fault of the index becomes an exception."""
    if fault.code == OUT_OF_MEMORY:
        raise MemoryError
    code, decides_the_end = FAULTS[fault.code]
    raise (FramingError if decides_the_end else ParseError)(code, fault.offset + skipped)


cdef object last_limits = None
cdef Bounds last_bounds


cdef int bounds_of(object limits, Bounds *bounds) except -1:
    """Limits as plain numbers; the default ones, and the last others, are read once: seven attributes cost as much as a
    parse, and a relay has one object for all messages. Limits do not change, and this one is kept."""
    global last_limits, last_bounds
    if limits is DEFAULT and DEFAULT_BOUNDS.head != 0:
        bounds[0] = DEFAULT_BOUNDS
        return 0
    if limits is last_limits:
        bounds[0] = last_bounds
        return 0
    bounds.head = limits.head
    bounds.body = limits.body
    # The number of a slot has 16 bits, and the last two stand for none.
    bounds.headers = min(limits.headers, NO_SLOT - 1)
    # A name's length has 16 bits in its slot, so one field must fit them; see Slot.
    bounds.header = min(limits.header, 0xFFFF)
    bounds.start_line = limits.start_line
    bounds.via = min(limits.via, 0xFFFE)
    bounds.params = limits.params
    last_limits, last_bounds = limits, bounds[0]
    return 0


bounds_of(DEFAULT, &DEFAULT_BOUNDS)


HEAD_OF_LINES = re.compile(rb"(?:\r?\n)*(?P<head>.*?(?:\r?\n\r?\n|\Z))", re.DOTALL)


cdef bytes with_crlf(bytes data):
    """The message with CRLF behind each line of its head: what goes on from here ends for everybody in one place."""
    found = HEAD_OF_LINES.match(data)
    return re.sub(rb"\r?\n", b"\r\n", found["head"]) + data[found.end():]


def _wide_twins(const uint8_t[::1] data not None, object limits=DEFAULT):
    """What is indexed of the same bytes at each width that this processor has: the result, the fault, the slots."""
    cdef Bounds bounds
    cdef Index index
    cdef ParseFault fault
    cdef int64_t result
    cdef uint32_t i
    global width
    bounds_of(limits, &bounds)
    found = []
    try:
        for each in range(sip_widest() + 1):
            width = each
            fault.code, fault.offset = NO_PARSE_FAULT, 0
            result = index_head(&index, &data[0], <uint64_t>data.shape[0], &bounds, &fault)
            slots = [index.slots[i] for i in range(index.count)] if result > 0 else []
            release_index(&index)
            found.append((result, fault.code, fault.offset, slots))
    finally:
        width = sip_widest()
    return found


def _scan_twins(const uint8_t[::1] data not None):
    """Both forms of each scanner over the same bytes, for the test that holds them equal: offsets, -1 for none."""
    cdef const uint8_t *base = &data[0]
    cdef const uint8_t *end = base + data.shape[0]
    cdef const uint8_t *fast = sip_find_head_end(base, end)
    cdef const uint8_t *slow = sip_find_head_end_scalar(base, end)
    cdef uint32_t size = <uint32_t>data.shape[0]
    return {
        "control": (sip_find_control(base, end) - base, sip_find_control_scalar(base, end) - base),
        "head end": (fast - base if fast != NULL else -1, slow - base if slow != NULL else -1),
        "host": (sip_skip(base, 0, size, SIP_HOST), sip_skip_scalar(base, 0, size, SIP_HOST)),
        "uri": (sip_skip(base, 0, size, SIP_URI), sip_skip_scalar(base, 0, size, SIP_URI)),
        "value": (sip_skip(base, 0, size, SIP_VALUE), sip_skip_scalar(base, 0, size, SIP_VALUE)),
        "either": (sip_find_either(base, 0, size, b"@", b":"), sip_find_either_scalar(base, 0, size, b"@", b":")),
        "plain": (bool(sip_is_plain(base, 0, size)), bool(sip_is_plain_scalar(base, 0, size))),
    }
