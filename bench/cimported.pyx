"""The twelve fields through `cimport`: sipcore's native functions, no Python object, no GIL.

What a proxy in Cython would write. The fields are spans of the message; each comes from the scanner of its header,
which holds it against its grammar, folds and compact names included. ``takes_uris_apart`` also splits the three URIs
into their parts, which the question does not ask.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from sipcore._cursor cimport Cursor, Span, is_present
from sipcore._index cimport (
    DEFAULT_BOUNDS,
    H_CALL_ID,
    H_CONTENT_TYPE,
    H_CSEQ,
    H_FROM,
    H_TO,
    H_VIA,
    Index,
    ParseFault,
    find_slot,
    index_head,
    release_index,
)
from sipcore._syntax cimport (
    NO_FAULT,
    AddressSpans,
    CSeqSpans,
    MediaTypeSpans,
    UriSpans,
    ViaSpans,
    scan_address,
    scan_cseq,
    scan_media_type,
    scan_uri,
    scan_via,
)

cdef extern from "clock.h" nogil:
    int64_t now() noexcept
    void keep(size_t value) noexcept


cdef struct Fields:
    Span method             # absent in a response
    Span uri
    Span from_uri
    Span from_tag
    Span to_uri
    Span to_tag
    Span call_id
    Span cseq_method
    Span branch
    Span content_type
    int64_t status          # -1 in a request
    int64_t cseq
    int64_t content_length  # -1 when absent
    int64_t body_size


cdef struct Item:
    const uint8_t *data
    uint32_t size


cdef Cursor value_at(const Index *index, int slot) noexcept nogil:
    cdef Cursor cursor
    cursor.base = index.base
    cursor.pos = index.slots[slot].value
    cursor.end = cursor.pos + index.slots[slot].value_size
    return cursor


cdef bint read_uri(const Index *index, Span where) noexcept nogil:
    cdef UriSpans parts
    cdef Cursor cursor
    cursor.base = index.base
    cursor.pos = where.start
    cursor.end = where.end
    return scan_uri(&cursor, &parts) == NO_FAULT


cdef bint read_address(const Index *index, int header_id, bint takes_uris_apart, Span *uri, Span *tag) noexcept nogil:
    cdef AddressSpans address
    cdef int slot = find_slot(index, header_id, 0)
    cdef Cursor cursor
    if slot < 0:
        return False
    cursor = value_at(index, slot)
    if scan_address(&cursor, &address) != NO_FAULT or cursor.pos != cursor.end:
        return False
    uri[0] = address.uri
    tag[0] = address.tag
    return not takes_uris_apart or read_uri(index, address.uri)


cdef bint read_headers(const Index *index, bint takes_uris_apart, Fields *fields) noexcept nogil:
    """Everything but the start line and the body."""
    cdef Cursor cursor
    cdef ViaSpans via
    cdef CSeqSpans cseq
    cdef MediaTypeSpans media
    cdef int via_slot = find_slot(index, H_VIA, 0)
    cdef int call_id_slot = find_slot(index, H_CALL_ID, 0)
    cdef int cseq_slot = find_slot(index, H_CSEQ, 0)
    cdef int media_slot = find_slot(index, H_CONTENT_TYPE, 0)
    if via_slot < 0 or call_id_slot < 0 or cseq_slot < 0:
        return False
    if not read_address(index, H_FROM, takes_uris_apart, &fields.from_uri, &fields.from_tag):
        return False
    if not read_address(index, H_TO, takes_uris_apart, &fields.to_uri, &fields.to_tag):
        return False
    cursor = value_at(index, call_id_slot)
    fields.call_id.start = cursor.pos
    fields.call_id.end = cursor.end
    cursor = value_at(index, cseq_slot)
    if scan_cseq(&cursor, &cseq) != NO_FAULT:
        return False
    fields.cseq = cseq.number
    fields.cseq_method = cseq.method
    cursor = value_at(index, via_slot)
    if scan_via(&cursor, &via) != NO_FAULT:
        return False
    fields.branch = via.branch
    if media_slot >= 0:
        cursor = value_at(index, media_slot)
        if scan_media_type(&cursor, &media) != NO_FAULT or cursor.pos != cursor.end:
            return False
        fields.content_type = media.essence
    return True


cdef bint read_message(const Item *item, bint takes_uris_apart, Fields *fields) noexcept nogil:
    """False for what is no message, or lacks a field, or has a malformed one."""
    cdef Index index
    cdef ParseFault fault
    cdef int64_t head = index_head(&index, item.data, item.size, &DEFAULT_BOUNDS, &fault)
    cdef bint good = head > 0
    memset(fields, 0, sizeof(Fields))
    if good:
        fields.method = index.method
        fields.uri = index.uri
        fields.status = index.status or -1
        fields.content_length = <int64_t>index.content_length if index.has_length else -1
        fields.body_size = fields.content_length if index.has_length else item.size - head
        good = head + fields.body_size <= item.size and read_headers(&index, takes_uris_apart, fields)
    if good and takes_uris_apart and not index.status:
        good = read_uri(&index, index.uri)
    release_index(&index)
    return good


cdef Item item_of(bytes data):
    cdef Item item
    item.data = data
    item.size = <uint32_t>len(data)
    return item


cdef object text_of(bytes data, Span span):
    return data[span.start:span.end].decode("utf-8", "surrogateescape") if is_present(span) else None


def read(bytes data not None, bint takes_uris_apart):
    """The fields as Python has them, in the order of `sipcore_bench.fields.Fields`. Raises: ValueError."""
    cdef Fields fields
    cdef Item item = item_of(data)
    if not read_message(&item, takes_uris_apart, &fields):
        raise ValueError("no message, a field that is missing, or a malformed one")
    return (
        text_of(data, fields.method) if fields.status < 0 else fields.status,
        *[text_of(data, span) for span in (fields.uri, fields.from_uri, fields.from_tag, fields.to_uri, fields.to_tag)],
        text_of(data, fields.call_id), fields.cseq, text_of(data, fields.cseq_method), text_of(data, fields.branch),
        text_of(data, fields.content_type), None if fields.content_length < 0 else fields.content_length,
        fields.body_size,
    )


cdef class Pass:
    """A pass over messages, the clock around a loop without the GIL."""

    cdef tuple kept
    cdef Item *items
    cdef size_t count
    cdef bint takes_uris_apart

    def __cinit__(self, list items not None, bint takes_uris_apart):
        cdef size_t i
        self.kept = tuple(items)
        self.takes_uris_apart = takes_uris_apart
        self.count = len(self.kept)
        self.items = <Item *>calloc(self.count + 1, sizeof(Item))
        if self.items == NULL:
            raise MemoryError
        for i in range(self.count):
            self.items[i] = item_of(self.kept[i])

    def __dealloc__(self):
        free(self.items)

    def __call__(self):
        """Returns: nanoseconds."""
        cdef Fields fields
        cdef int64_t took
        cdef size_t i
        with nogil:
            took = -now()
            for i in range(self.count):
                keep(read_message(&self.items[i], self.takes_uris_apart, &fields))
                keep(<size_t>&fields)
            took += now()
        return took
