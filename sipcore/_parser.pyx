"""Bytes to `Message`: the object over the index, and typed values on demand.

Nothing is parsed, decoded or allocated until it is asked for; the index itself is made by `_index`.
"""

from dataclasses import replace

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromObject
from cpython.object cimport PyTypeObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

from sipcore._cursor cimport Cursor, Span, scan_number, sip_is_token, skip_value, trimmed
from sipcore._headers cimport (
    Maker,
    Tokens,
    make_accepted,
    make_credentials,
    make_diagnostics,
    make_disposition,
    make_event,
    make_parameterized,
    make_reason,
    make_subscription_state,
    make_tokens,
    make_warning,
)
from sipcore._index cimport (
    BARE_LF,
    BODY_TOO_LARGE,
    H_ACCEPT,
    H_ALLOW,
    H_CALL_ID,
    H_CONTACT,
    H_CONTENT_DISPOSITION,
    H_CONTENT_TYPE,
    H_COUNT,
    H_CSEQ,
    H_EVENT,
    H_EXPIRES,
    H_FROM,
    H_MAX_FORWARDS,
    H_MS_DIAGNOSTICS,
    H_OTHER,
    H_P_ASSERTED_IDENTITY,
    H_PROXY_REQUIRE,
    H_REASON,
    H_RECORD_ROUTE,
    H_REQUIRE,
    H_ROUTE,
    H_SUBSCRIPTION_STATE,
    H_SUPPORTED,
    H_TO,
    H_UNSUPPORTED,
    H_VIA,
    H_WARNING,
    INLINE_SLOTS,
    MALFORMED,
    NO_END_OF_HEAD,
    PARTIAL,
    Bounds,
    Index,
    ParseFault,
    Slot,
    bounds_of,
    fail,
    find_slot,
    header_id_of,
    index_head,
    raise_parse_fault,
    release_index,
    reset_index,
    with_crlf,
)
from sipcore._syntax cimport BAD_NUMBER, TRAILING_BYTES, UNTERMINATED_QUOTE
from sipcore._values cimport (
    make_address,
    make_cseq,
    make_media_type,
    make_uri,
    make_via,
    raise_fault,
    span_text,
    word_text,
)

from sipcore.errors import HeaderError
from sipcore.grammar import HEADERS
from sipcore.limits import DEFAULT, WIDEST

cdef extern from "_types.h":
    void sip_keep_spares(PyTypeObject *type, size_t tail) noexcept

cdef enum:
    LONGEST_SHOWN = 100     # letters of a start line in a repr


cdef uint64_t leading_newlines(const uint8_t *base, uint64_t size) noexcept nogil:
    """CRLF before the start line is to be ignored (RFC 3261 section 7.5)."""
    cdef uint64_t skipped = 0
    while size - skipped >= 2 and base[skipped] == c'\r' and base[skipped + 1] == c'\n':
        skipped += 2
    return skipped


cdef void keep_alive(Message message, object keeper, const Bounds *bounds):
    """Let the message keep what its bytes are in, and the limits for what is read of it later."""
    message.keeper = keeper
    message.most_params = bounds.params
    message.most_vias = bounds.via


cdef int hold_buffer(Message message, object exporter, const Bounds *bounds) except -1:
    """Keep the exporter's bytes where they are for as long as the message lives."""
    if type(exporter) is bytes:
        # The usual case: bytes never move, so a reference is enough and saves the exporting, a tenth of the parse.
        keep_alive(message, exporter, bounds)
        return 0
    keep_alive(message, None, bounds)
    PyObject_GetBuffer(exporter, &message.held, PyBUF_SIMPLE)
    message.holds = True
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
    if message.holds:
        base, size = <const uint8_t *>message.held.buf, <uint64_t>message.held.len
    else:
        base, size = <const uint8_t *>PyBytes_AS_STRING(buffer), <uint64_t>PyBytes_GET_SIZE(buffer)
    skipped = leading_newlines(base, size)
    head = index_head(&message.index, base + skipped, size - skipped, &bounds, &fault)
    if head == PARTIAL:
        head = fail(&fault, NO_END_OF_HEAD, size - skipped)
    if head == MALFORMED:
        if fault.code == BARE_LF and limits.dangerous_bare_lf:
            return parse(with_crlf(bytes(buffer)), replace(limits, dangerous_bare_lf=False))
        raise_parse_fault(fault, skipped)
    return with_datagram_body(message, size - skipped - <uint64_t>head, &bounds, skipped)


cdef void complete_in_block(Message message, object block, const Bounds *bounds):
    """Complete a message whose head was indexed inside a framer's block, which does not move, with all of its body."""
    message.index.body_size = <uint32_t>message.index.content_length
    keep_alive(message, block, bounds)


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


def _restore(bytes data, uint32_t most_params, uint32_t most_vias):
    """What pickling and `detach` rebuild a message with: what bounded its values goes on to bound them.

    Its other limits let it pass already.
    """
    cdef Message message = parse(data, WIDEST)
    message.most_params, message.most_vias = most_params, most_vias
    return message


# -- the message -------------------------------------------------------------------------------------------------------

@cython.freelist(16)
@cython.no_gc
cdef class Piece:
    # A part of a message as a buffer. A memoryview of it costs half of what slicing a memoryview of the message does.
    cdef Message message
    cdef Span where

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        cdef const uint8_t *start = self.message.index.base + self.where.start
        PyBuffer_FillInfo(buffer, self, <void *>start, self.where.end - self.where.start, 1, flags)


cdef object view_of(Message message, uint32_t start, uint32_t end):
    """A read-only view of some bytes, which keeps the message."""
    cdef Piece piece = Piece.__new__(Piece)
    piece.message = message
    piece.where.start = start
    piece.where.end = end
    return PyMemoryView_FromObject(piece)


# What keeps the bytes is bytes or a block, and neither can refer back to the message.
@cython.no_gc
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
        return None if self.index.status else word_text(self.index.base, self.index.method)

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
        return word_text(self.index.base, self.index.version)

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
        return number_of(self, H_MAX_FORWARDS)

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
        media = make_media_type(self, self.index.base, &cursor, "Content-Type", self.most_params)
        return only_value(media, &cursor, "Content-Type")

    @property
    def content_length(self):
        return self.index.content_length if self.index.has_length else None

    # typed values of headers that are read less often

    @property
    def expires(self):
        return number_of(self, H_EXPIRES)

    @property
    def content_disposition(self):
        return first_of(self, H_CONTENT_DISPOSITION, make_disposition)

    @property
    def event(self):
        return first_of(self, H_EVENT, make_event)

    @property
    def subscription_state(self):
        return first_of(self, H_SUBSCRIPTION_STATE, make_subscription_state)

    @property
    def supported(self):
        return tokens_of(self, H_SUPPORTED, True)

    @property
    def require(self):
        return tokens_of(self, H_REQUIRE, True)

    @property
    def proxy_require(self):
        return tokens_of(self, H_PROXY_REQUIRE, True)

    @property
    def unsupported(self):
        return tokens_of(self, H_UNSUPPORTED, True)

    @property
    def allow(self):
        return tokens_of(self, H_ALLOW, False)

    @property
    def accept(self):
        return all_of(self, HEADERS[H_ACCEPT], make_accepted, MAY_BE_EMPTY)

    @property
    def warnings(self):
        return all_of(self, HEADERS[H_WARNING], make_warning, NOT_EMPTY)

    @property
    def reasons(self):
        return all_of(self, HEADERS[H_REASON], make_reason, NOT_EMPTY)

    @property
    def asserted_identities(self):
        return self._addresses(H_P_ASSERTED_IDENTITY)

    @property
    def diagnostics(self):
        return all_of(self, HEADERS[H_MS_DIAGNOSTICS], make_diagnostics, NOT_EMPTY)

    def parameterized(self, str name):
        return all_of(self, name, make_parameterized, NOT_EMPTY)

    def credentials(self, str name):
        return all_of(self, name, make_credentials, NOT_EMPTY)

    # body

    @property
    def body(self):
        return view_of(self, self.index.head_size, self.size_of())

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
                found.append(span_text(cursor.base, trimmed(cursor.base, start, cursor.pos)))
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
            slot = self.slot_named(name, slot + 1)
        return found

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

    def span_of(self, name, int index=0):
        cdef Span span
        cdef int slot = self._slot_of(name, 0)
        while slot >= 0 and index > 0:
            slot = self._slot_of(name, slot + 1)
            index -= 1
        if slot < 0 or index < 0:
            return None
        span = self.value_span(slot)
        return (span.start, span.end)

    def view(self, name, int index=0):
        span = self.span_of(name, index)
        return None if span is None else view_of(self, span[0], span[1])

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
        if type(self.keeper) is bytes:
            return self
        return _restore(bytes(self), self.most_params, self.most_vias)

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
        return (_restore, (bytes(self), self.most_params, self.most_vias))

    def __repr__(self):
        start = f"{self.method} {span_text(self.index.base, self.index.uri)}" if self.is_request else (
            f"{self.status} {self.reason}")
        if len(start) > LONGEST_SHOWN:
            # A start line may have 8 KiB, and what is shown here ends up in tracebacks and logs.
            start = f"{start[:LONGEST_SHOWN]}..."
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
        header_id = header_id_of(wanted, <uint32_t>size)
        if header_id != H_OTHER:
            return find_slot(&self.index, header_id, start)
        for i in range(start, self.index.count):
            if self.index.slots[i].id == H_OTHER and self._is_named(i, wanted, size):
                return i
        return -1

    cdef int _slot_of(self, object name, int start) except -2:
        """As `slot_named`; a number is the id of a header, which need not be looked up."""
        if not isinstance(name, int):
            return self.slot_named(name, start)
        if not 0 <= name < H_COUNT:
            raise ValueError(f"{name} is no header's id: see sipcore.grammar.HEADERS")
        return find_slot(&self.index, name, start)

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
        address = make_address(self, self.index.base, &cursor, HEADERS[header_id], self.most_params)
        return only_value(address, &cursor, HEADERS[header_id])

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


# The slots are written before they are read.
sip_keep_spares(<PyTypeObject *>Message, INLINE_SLOTS * sizeof(Slot))


cdef object only_value(object value, const Cursor *cursor, str header):
    """The value of a header that is no list (RFC 3261 section 7.3.1): nothing may follow it."""
    if cursor.pos != cursor.end:
        raise_fault(TRAILING_BYTES, cursor.pos, header)
    return value


# -- typed values by maker ---------------------------------------------------------------------------------------------

# Whether a header without any value is one value that is missing, or an empty list (RFC 3261 section 25.1).
cdef enum:
    NOT_EMPTY = 0
    MAY_BE_EMPTY = 1


cdef object number_of(Message message, int header_id):
    """A header that is a number below 2**32: Max-Forwards, and Expires in seconds (RFC 3261 section 20.19)."""
    cdef uint64_t number
    cdef Span span
    cdef int slot = find_slot(&message.index, header_id, 0)
    if slot < 0:
        return None
    span = message.value_span(slot)
    if not scan_number(message.index.base, span, 0xFFFFFFFF, &number):
        raise_fault(BAD_NUMBER, span.start, HEADERS[header_id])
    return number


cdef object first_of(Message message, int header_id, Maker make):
    """The one value of a header that is no list."""
    cdef Cursor cursor
    cdef object value
    cdef int slot = find_slot(&message.index, header_id, 0)
    if slot < 0:
        return None
    cursor = message._cursor(slot)
    value = make(message, message.index.base, &cursor, HEADERS[header_id], message.most_params)
    return only_value(value, &cursor, HEADERS[header_id])


cdef list all_of(Message message, str name, Maker make, bint may_be_empty):
    """Every value of a list header, from all its fields."""
    cdef Cursor cursor
    cdef list found = []
    cdef int slot = message.slot_named(name, 0)
    if slot >= 0 and message.index.slots[slot].id != H_OTHER:
        name = HEADERS[message.index.slots[slot].id]
    while slot >= 0:
        cursor = message._cursor(slot)
        while not (may_be_empty and message.index.slots[slot].value_size == 0):
            found.append(make(message, message.index.base, &cursor, name, message.most_params))
            if cursor.pos == cursor.end:
                break
            cursor.pos += 1
        slot = message.slot_named(name, slot + 1)
    return found


cdef Tokens tokens_of(Message message, int header_id, bint folds):
    """Every token of a list header. Supported and Allow may say that there is none, the others may not."""
    cdef Cursor cursor
    cdef Tokens tokens = make_tokens(folds)
    cdef bint may_be_empty = header_id == H_SUPPORTED or header_id == H_ALLOW
    cdef int slot = find_slot(&message.index, header_id, 0)
    while slot >= 0:
        cursor = message._cursor(slot)
        while not (may_be_empty and message.index.slots[slot].value_size == 0):
            tokens.add(&cursor, HEADERS[header_id])
            if cursor.pos == cursor.end:
                break
            cursor.pos += 1
        slot = find_slot(&message.index, header_id, slot + 1)
    return tokens


cdef object _edit_class():
    # Imported when first needed: the edit builds on the message, not the other way round.
    from sipcore._edit import Edit
    return Edit
