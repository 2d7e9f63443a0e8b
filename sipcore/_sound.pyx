"""The message in which nothing is wrong, told by its spans (documented in the stub).

The same checks as `sipcore.validate`, in any order and without saying which failed: there an object is made of each
value that is looked at, 3.7 microseconds for an ordinary request; here each is scanned where it lies, 0.3.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp

from sipcore._cursor cimport Cursor, Span, equals_folded, is_present, scan_number
from sipcore._index cimport (
    HOT_HEADERS,
    H_CALL_ID,
    H_CONTENT_LENGTH,
    H_CSEQ,
    H_FROM,
    H_MAX_FORWARDS,
    H_ROUTE,
    H_TO,
    H_VIA,
    Index,
    Slot,
)
from sipcore._parser cimport Message
from sipcore._syntax cimport (
    NO_FAULT,
    AddressSpans,
    Fault,
    UriSpans,
    ViaSpans,
    scan_address,
    scan_clean_uri,
    scan_cseq,
    scan_uri,
    scan_via,
)

cdef enum:
    MOST_HOPS = 255           # RFC 3261 section 20.22


cdef inline Cursor over_span(const uint8_t *base, Span span) noexcept nogil:
    return Cursor(base, span.start, span.end)


cdef inline Cursor over_value(const Index *index, const Slot *slot) noexcept nogil:
    return Cursor(index.base, slot.value, slot.value + slot.value_size)


cdef bint is_version_2(const Index *index) noexcept nogil:
    """``SIP/2.0`` as everybody writes it; in a request line with nothing behind it (RFC 4475 section 3.1.2.10)."""
    cdef Span version = index.version
    return (version.end - version.start == 7 and memcmp(index.base + version.start, b"SIP/2.0", 7) == 0
            and (index.status != 0 or version.start == index.uri.end + 1 and index.base[version.end] == c'\r'))


cdef inline uint64_t bit_of(int header_id) noexcept nogil:
    return <uint64_t>1 << header_id


cdef bint stands_once(const Index *index, Sound *sound) noexcept nogil:
    """Whether what must be there is, and what must not be repeated is not; in one walk over the fields."""
    cdef uint64_t needed = bit_of(H_FROM) | bit_of(H_TO) | bit_of(H_CALL_ID) | bit_of(H_CSEQ)
    cdef uint64_t single = needed | bit_of(H_MAX_FORWARDS) | bit_of(H_CONTENT_LENGTH)
    cdef uint64_t seen = 0, repeated = 0, bit
    cdef int i, header_id
    needed |= bit_of(H_VIA)
    for i in range(index.count):
        header_id = index.slots[i].id
        bit = <uint64_t>(header_id < HOT_HEADERS) << (header_id & 63)
        repeated |= seen & bit
        seen |= bit
        sound.route_fields += header_id == H_ROUTE
    sound.counts_hops = seen & bit_of(H_MAX_FORWARDS) != 0
    return seen & needed == needed and repeated & single == 0


cdef inline const Slot *slot_of(const Index *index, int header_id) noexcept nogil:
    """The first field of a header that is there and remembered (`HOT_HEADERS`)."""
    return &index.slots[index.first[header_id]]


# -- values ------------------------------------------------------------------------------------------------------------

cdef bint has_broadcast(const uint8_t *base, Span span) noexcept nogil:
    """Whether a response may go on to everybody (RFC 4475 section 3.3.10)."""
    cdef uint32_t at
    for at in range(span.start, span.end):
        if span.end - at < 15:
            return False
        if base[at] == c'2' and memcmp(base + at, b"255.255.255.255", 15) == 0:
            return True
    return False


cdef bint names_transaction(const uint8_t *base, Span branch) noexcept nogil:
    """Whether a branch is more than the cookie that all begin with, and plainly written. RFC 2543 had none."""
    if not is_present(branch):
        return True
    return (branch.end > branch.start and base[branch.start] != c'"'
            and not equals_folded(base, branch, b"z9hg4bk", 7))


cdef bint read_vias(Message message, Sound *sound) noexcept nogil:
    """Every Via of every field; the first two are kept."""
    cdef const Index *index = &message.index
    cdef ViaSpans other
    cdef ViaSpans *via
    cdef Cursor cursor
    cdef int i
    for i in range(index.first[<int>H_VIA], index.count):
        if index.slots[i].id != H_VIA:
            continue
        cursor = over_value(index, &index.slots[i])
        while True:
            via = &sound.via if sound.vias == 0 else &sound.below if sound.vias == 1 else &other
            if sound.vias == message.most_vias or scan_via(&cursor, via) != NO_FAULT:
                return False
            sound.vias += 1
            if cursor.pos == cursor.end:
                break
            cursor.pos += 1
    if index.status != 0:
        return sound.vias < 2 or not has_broadcast(index.base, sound.below.whole)
    return names_transaction(index.base, sound.via.branch)


cdef bint read_uri(Message message, const AddressSpans *address, UriSpans *uri) noexcept nogil:
    """The URI of an address."""
    cdef Cursor cursor = over_span(message.index.base, address.uri)
    cdef Fault fault = scan_clean_uri(&cursor, uri) if address.is_clean else scan_uri(&cursor, uri)
    return fault == NO_FAULT and uri.param_count <= message.most_params


cdef bint read_end(Message message, int header_id, AddressSpans *address, UriSpans *uri) noexcept nogil:
    """The one address of From or To with its URI; a tag is plainly written, and not empty."""
    cdef const uint8_t *base = message.index.base
    cdef Cursor cursor = over_value(&message.index, slot_of(&message.index, header_id))
    if scan_address(&cursor, address) != NO_FAULT or cursor.pos != cursor.end or address.is_star:
        return False
    if is_present(address.tag) and (address.tag.start == address.tag.end or base[address.tag.start] == c'"'):
        return False
    return read_uri(message, address, uri)


cdef bint read_routes(Message message, Sound *sound) noexcept nogil:
    """Whether each Route can be read; the first two are kept."""
    cdef const Index *index = &message.index
    cdef AddressSpans address
    cdef UriSpans other
    cdef UriSpans *uri
    cdef Cursor cursor
    cdef int i
    for i in range(index.count):
        if index.slots[i].id != H_ROUTE:
            continue
        cursor = over_value(index, &index.slots[i])
        while True:
            if scan_address(&cursor, &address) != NO_FAULT or address.is_star:
                return False
            uri = &sound.route[sound.routes] if sound.routes < 2 else &other
            if not read_uri(message, &address, uri):
                return False
            sound.routes += 1
            if cursor.pos == cursor.end:
                break
            cursor.pos += 1
    return True


cdef bint read_names(Message message, Sound *sound) noexcept nogil:
    """CSeq, and a Call-ID without white space."""
    cdef const Index *index = &message.index
    cdef const Slot *slot = slot_of(index, H_CALL_ID)
    cdef Cursor cursor = over_value(index, slot_of(index, H_CSEQ))
    sound.call_id = Span(slot.value, slot.value + slot.value_size)
    return (slot.value_size > 0 and memchr(index.base + slot.value, c' ', slot.value_size) == NULL
            and memchr(index.base + slot.value, c'\t', slot.value_size) == NULL
            and scan_cseq(&cursor, &sound.cseq) == NO_FAULT)


cdef bint read_request(Message message, Sound *sound) noexcept nogil:
    """Request-URI, the method a second time, and hops."""
    cdef const Index *index = &message.index
    cdef const uint8_t *base = index.base
    cdef Span method = sound.cseq.method
    cdef const Slot *slot
    cdef Cursor cursor = over_span(base, index.uri)
    if (scan_uri(&cursor, &sound.uri) != NO_FAULT or not sound.uri.is_sip or is_present(sound.uri.headers)
            or sound.uri.param_count > message.most_params):
        return False
    if (method.end - method.start != index.method.end - index.method.start
            or memcmp(base + method.start, base + index.method.start, method.end - method.start) != 0):
        return False
    if sound.counts_hops:
        slot = slot_of(index, H_MAX_FORWARDS)
        return (scan_number(base, Span(slot.value, slot.value + slot.value_size), MOST_HOPS, &sound.hops)
                and sound.hops > 0)
    return True


cdef bint read_but_routes(Message message, Sound *sound) noexcept nogil:
    """Whether nothing is wrong with a message, of a request apart from its Routes; then what is in it has been read."""
    cdef const Index *index = &message.index
    sound.vias = sound.routes = sound.route_fields = 0
    return (not index.truncated and is_version_2(index) and stands_once(index, sound)
            and read_vias(message, sound) and read_names(message, sound)
            and read_end(message, H_FROM, &sound.sender, &sound.sender_uri)
            and read_end(message, H_TO, &sound.recipient, &sound.recipient_uri)
            and (index.status != 0 or read_request(message, sound)))


cdef bint read_soundly(Message message, Sound *sound) noexcept nogil:
    """Whether nothing is wrong with a message; then what is in it has been read."""
    return read_but_routes(message, sound) and (
        message.index.status != 0 or sound.route_fields == 0 or read_routes(message, sound))


def is_sound(Message message not None):
    cdef Sound sound
    return read_soundly(message, &sound)
