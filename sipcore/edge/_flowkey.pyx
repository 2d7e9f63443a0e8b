"""The key of a flow: a keyed hash of all that policy reads of a request, without an object (documented in the stub).

It must never say less than `sipcore.edge.reading.read_flow` reads, or one flow would get the decision of another. So
hosts are found by the very scanners behind ``message.from_``, and of headers whose reading is more than finding a host
(P-Asserted-Identity, Proxy-Require, the assertion) the bytes themselves are hashed. Two spellings of one domain then
have two keys: that costs a decision, never an error.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint64_t

from sipcore._cursor cimport Cursor, Span, equals_folded
from sipcore._index cimport H_FROM, H_P_ASSERTED_IDENTITY, H_PROXY_REQUIRE, H_TO, find_slot
from sipcore._parser cimport Message
from sipcore._syntax cimport AddressSpans, Param, UriSpans, next_uri_param
from sipcore.edge._keyed cimport FAULTY, NOT_THERE, Found, Signer, absorb_text, find_address, read_uri
from sipcore.edge._siphash cimport (
    DIGEST_BYTES,
    Digest,
    Hasher,
    absorb_absent,
    absorb_bytes,
    absorb_span,
    absorb_word,
    begun,
    finished,
)


cdef enum:
    # What else than texts is read of a request: bits of the last word that is hashed. Its upper three quarters count
    # the fields of the three headers, so that the texts of one are not those of another.
    INSIDE = 1
    ROUTED_ON = 2
    BROKEN = 4
    MADDR = 8
    HAS_FROM = 16
    HAS_TO = 32
    IN_DIALOG = 64


cdef bint absorb_request_uri(Hasher *hasher, Message message, uint64_t *said) noexcept nogil:
    """Host of the Request-URI and whether it has ``maddr``; false where it is malformed."""
    cdef UriSpans uri
    cdef Cursor cursor
    cdef Param param
    if read_uri(message.index.base, message.index.uri, message.most_params, &uri) == FAULTY:
        return False
    absorb_span(hasher, message.index.base, uri.host)
    cursor.base = message.index.base
    cursor.pos = uri.params.start
    cursor.end = uri.params.end
    while next_uri_param(&cursor, &param):
        if equals_folded(cursor.base, param.name, "maddr", 5):
            said[0] |= MADDR
    return True


cdef bint absorb_end(
        Hasher *hasher, Message message, int header_id, uint64_t *said, uint64_t there, uint64_t tagged) noexcept nogil:
    """Host of From or To; what is said where it is there and where it has a tag. False where it is malformed."""
    cdef AddressSpans address
    cdef UriSpans uri
    cdef Found found = find_address(message, header_id, &address)
    if found == NOT_THERE:
        absorb_absent(hasher)
        return True
    if found == FAULTY or address.is_star:
        return False
    if read_uri(message.index.base, address.uri, message.most_params, &uri) == FAULTY:
        return False
    absorb_span(hasher, message.index.base, uri.host)
    said[0] |= there
    if address.tag.end != 0:
        said[0] |= tagged
    return True


cdef void absorb_slot(Hasher *hasher, Message message, int slot) noexcept nogil:
    cdef Span span = message.value_span(slot)
    absorb_bytes(hasher, message.index.base + span.start, span.end - span.start)


cdef uint64_t absorb_fields(Hasher *hasher, Message message, int header_id) noexcept nogil:
    """Every field of that name as it is written; how many there were."""
    cdef uint64_t count = 0
    cdef int slot = find_slot(&message.index, header_id, 0)
    while slot >= 0:
        absorb_slot(hasher, message, slot)
        count += 1
        slot = find_slot(&message.index, header_id, slot + 1)
    return count


cdef class FlowKeys(Signer):
    cdef str assertion_header

    def __init__(self, bytes key not None, str assertion_header not None):
        Signer.__init__(self, key)
        self.assertion_header = assertion_header

    def of(self, Message message not None, bint inside, peer, route_domain,
           bint routed_on, bint broken, uint64_t generation):
        cdef Hasher hasher = begun(self.current)
        cdef uint64_t said = <uint64_t>(INSIDE * inside | ROUTED_ON * routed_on | BROKEN * broken)
        cdef Digest digest
        absorb_word(&hasher, generation)
        absorb_text(&hasher, peer)
        if route_domain is None:
            absorb_absent(&hasher)
        else:
            absorb_text(&hasher, route_domain)
        absorb_span(&hasher, message.index.base, message.index.method)
        if not (absorb_request_uri(&hasher, message, &said)
                and absorb_end(&hasher, message, H_FROM, &said, HAS_FROM, 0)
                and absorb_end(&hasher, message, H_TO, &said, HAS_TO, IN_DIALOG)):
            return None
        # No message has 2**16 fields: the index counts them in so many bits.
        said |= absorb_fields(&hasher, message, H_P_ASSERTED_IDENTITY) << 16
        said |= absorb_fields(&hasher, message, H_PROXY_REQUIRE) << 32
        said |= self.absorb_assertion(&hasher, message) << 48
        absorb_absent(&hasher)
        absorb_word(&hasher, said)
        digest = finished(&hasher, 0, 0)
        return PyBytes_FromStringAndSize(<const char *>&digest, DIGEST_BYTES)

    cdef uint64_t absorb_assertion(self, Hasher *hasher, Message message) except? 0xFFFF:
        cdef uint64_t count = 0
        cdef int slot = message.slot_named(self.assertion_header, 0)
        while slot >= 0:
            absorb_slot(hasher, message, slot)
            count += 1
            slot = message.slot_named(self.assertion_header, slot + 1)
        return count
