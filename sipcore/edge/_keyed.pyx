"""Keyed hashes over what a message says, native: branches, tags, ways back and routes (documented in the stub)."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_Check, PyUnicode_GET_LENGTH
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from sipcore._cursor cimport Cursor, Span, equals_folded
from sipcore._index cimport H_CALL_ID, H_CSEQ, H_FROM, H_TO, find_slot
from sipcore._parser cimport Message
from sipcore._syntax cimport (
    NO_FAULT,
    AddressSpans,
    CSeqSpans,
    Param,
    UriSpans,
    next_uri_param,
    scan_address,
    scan_cseq,
    scan_uri,
)
from sipcore._values cimport Uri, Via
from sipcore.edge._siphash cimport (
    DIGEST_BYTES,
    KEY_BYTES,
    Digest,
    Hasher,
    Key,
    absorb_absent,
    absorb_bytes,
    absorb_domain,
    absorb_span,
    absorb_word,
    begun,
    finished,
    key_at,
    little_endian,
    partial_word,
)

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    void *PyUnicode_DATA(object text) noexcept
    bint PyUnicode_IS_COMPACT_ASCII(object text) noexcept

# -- reading -----------------------------------------------------------------------------------------------------------

cdef Found find_address(Message message, int header_id, AddressSpans *address) noexcept nogil:
    """The one value of From or To, by the rules of ``message.from_`` and ``message.to``."""
    cdef Cursor cursor
    cdef int slot = find_slot(&message.index, header_id, 0)
    if slot < 0:
        return NOT_THERE
    cursor = message._cursor(slot)
    return THERE if scan_address(&cursor, address) == NO_FAULT and cursor.pos == cursor.end else FAULTY


cdef Found read_uri(const uint8_t *base, Span span, uint32_t most, UriSpans *uri) noexcept nogil:
    """A URI by the rules of ``NameAddr.uri`` and ``message.uri``."""
    cdef Cursor cursor
    cursor.base = base
    cursor.pos = span.start
    cursor.end = span.end
    return THERE if scan_uri(&cursor, uri) == NO_FAULT and uri.param_count <= most else FAULTY


cdef End read_end(Message message, int header_id) noexcept nogil:
    """Tag and host of From or To; neither where it is absent or malformed."""
    cdef AddressSpans address
    cdef UriSpans uri
    cdef End end
    end.tag.start = end.tag.end = end.host.start = end.host.end = 0
    end.found = find_address(message, header_id, &address)
    if end.found == THERE:
        end.tag = address.tag
        if not address.is_star and read_uri(message.index.base, address.uri, message.most_params, &uri) == THERE:
            end.host = uri.host
    return end


cdef void absorb_call_id(Hasher *hasher, Message message) noexcept nogil:
    cdef Span span
    cdef int slot = find_slot(&message.index, H_CALL_ID, 0)
    if slot < 0:
        absorb_absent(hasher)
        return
    span = message.value_span(slot)
    absorb_bytes(hasher, message.index.base + span.start, span.end - span.start)


cdef void absorb_from_tag(Hasher *hasher, Message message) noexcept nogil:
    cdef AddressSpans address
    if find_address(message, H_FROM, &address) == THERE:
        absorb_span(hasher, message.index.base, address.tag)
    else:
        absorb_absent(hasher)


cdef void absorb_cseq_number(Hasher *hasher, Message message) noexcept nogil:
    cdef CSeqSpans cseq
    cdef Cursor cursor
    cdef int slot = find_slot(&message.index, H_CSEQ, 0)
    if slot >= 0:
        cursor = message._cursor(slot)
        if scan_cseq(&cursor, &cseq) == NO_FAULT:
            absorb_word(hasher, cseq.number)
            return
    absorb_absent(hasher)


cdef void absorb_transaction(Hasher *hasher, Message message, Via via) noexcept nogil:
    """What all messages of one transaction have in common where we receive its request."""
    absorb_span(hasher, via.base, via.at.branch)
    absorb_call_id(hasher, message)
    absorb_from_tag(hasher, message)
    absorb_cseq_number(hasher, message)


cdef int absorb_text(Hasher *hasher, object text) except -1:
    """A text by the bytes that it was read from."""
    cdef bytes data
    if not PyUnicode_Check(text):
        raise TypeError(f"a text is needed, not {type(text).__name__}")
    if PyUnicode_IS_COMPACT_ASCII(text):
        absorb_bytes(hasher, <const uint8_t *>PyUnicode_DATA(text), <uint32_t>PyUnicode_GET_LENGTH(text))
    else:
        data = text.encode("utf-8", "surrogateescape")
        absorb_bytes(hasher, <const uint8_t *><const char *>data, <uint32_t>len(data))
    return 0


# -- writing and comparing ---------------------------------------------------------------------------------------------

cdef inline void write_eight(uint32_t number, uint8_t *text) noexcept nogil:
    """Eight digits of four bytes, the lowest byte first, each half of a byte by itself in a byte of one word."""
    cdef uint64_t word = number
    cdef int i
    word = (word | word << 16) & <uint64_t>0x0000ffff0000ffff
    word = (word | word << 8) & <uint64_t>0x00ff00ff00ff00ff
    word = (word >> 4 | word << 8) & <uint64_t>0x0f0f0f0f0f0f0f0f
    # From ten on a letter: the sixth more carries into the upper half.
    word += <uint64_t>0x3030303030303030 + (c'a' - c'0' - 10) * (
        (word + <uint64_t>0x0606060606060606) >> 4 & <uint64_t>0x0101010101010101)
    for i in range(8):
        text[i] = <uint8_t>(word >> (8 * i))


cdef void write_hex(Digest digest, uint8_t *text) noexcept nogil:
    """32 lower-case digits."""
    write_eight(<uint32_t>digest.low, text)
    write_eight(<uint32_t>(digest.low >> 32), text + 8)
    write_eight(<uint32_t>digest.high, text + 16)
    write_eight(<uint32_t>(digest.high >> 32), text + 24)


cdef str hex_of(Digest digest):
    cdef str text = PyUnicode_New(HEX_DIGITS, 127)
    write_hex(digest, <uint8_t *>PyUnicode_DATA(text))
    return text


cdef bint is_hex_of(Digest digest, const uint8_t *text, uint32_t size) noexcept nogil:
    """Whether the text is that digest, in a time that does not tell how much of it is: a peer may guess all day."""
    cdef uint8_t right[HEX_DIGITS]
    cdef uint8_t wrong = 0
    cdef Py_ssize_t i
    if size != HEX_DIGITS:
        return False
    write_hex(digest, right)
    for i in range(HEX_DIGITS):
        wrong |= right[i] ^ text[i]
    return wrong == 0


cdef bint is_text_of(Digest digest, str text):
    # A text of other letters than ASCII has another shape in memory, and is none of ours.
    return (PyUnicode_IS_COMPACT_ASCII(text) and PyUnicode_GET_LENGTH(text) == HEX_DIGITS
            and is_hex_of(digest, <const uint8_t *>PyUnicode_DATA(text), HEX_DIGITS))


def siphash128(bytes key not None, bytes data not None):
    cdef Hasher hasher
    cdef Digest digest
    cdef const uint8_t *bytes_ = <const uint8_t *><const char *>data
    cdef uint32_t at = 0, size = <uint32_t>len(data)
    cdef uint8_t written[DIGEST_BYTES]
    cdef uint32_t i
    hasher = begun(checked_key(key))
    while size - at >= 8:
        absorb_word(&hasher, little_endian(bytes_ + at))
        at += 8
    digest = finished(&hasher, partial_word(bytes_ + at, size - at), size - at)
    for i in range(8):
        written[i] = <uint8_t>(digest.low >> (8 * i))
        written[i + 8] = <uint8_t>(digest.high >> (8 * i))
    return PyBytes_FromStringAndSize(<const char *>written, DIGEST_BYTES)


cdef Key checked_key(bytes key) except *:
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, {KEY_BYTES} are needed")
    return key_at(<const uint8_t *><const char *>key)


# -- the signers -------------------------------------------------------------------------------------------------------

cdef class Signer:
    def __init__(self, bytes current not None, bytes previous=None):
        self.current = checked_key(current)
        self.has_previous = previous is not None
        if previous is not None:
            self.previous = checked_key(previous)


cdef Digest transaction_digest(Key key, Message message, Via via) noexcept nogil:
    cdef Hasher hasher = begun(key)
    absorb_transaction(&hasher, message, via)
    return finished(&hasher, 0, 0)


cdef class TransactionSigner(Signer):
    def of(self, Message message not None, Via via not None):
        return hex_of(transaction_digest(self.current, message, via))

    def made(self, str text not None, Message message not None, Via via not None):
        return (is_text_of(transaction_digest(self.current, message, via), text)
                or self.has_previous and is_text_of(transaction_digest(self.previous, message, via), text))


cdef struct Port:
    bint known
    uint64_t number


cdef Port optional_port(object number) except *:
    cdef Port port
    port.known = number is not None
    port.number = number if port.known else 0
    return port


cdef enum:
    # Behind the last value of a way: that responses are not to take it.
    ABSORBED = 1


cdef Digest way_digest(
        Key key, object branch, object transport, object host, uint64_t port, Port source, bint absorbed) except *:
    cdef Hasher hasher = begun(key)
    absorb_text(&hasher, branch)
    absorb_text(&hasher, transport)
    absorb_text(&hasher, host)
    absorb_word(&hasher, port)
    if source.known:
        absorb_word(&hasher, source.number)
    else:
        absorb_absent(&hasher)
    if absorbed:
        absorb_word(&hasher, ABSORBED)
    return finished(&hasher, 0, 0)


cdef class WaySigner(Signer):
    def of(self, branch, transport, host, uint64_t port, source_port, bint absorbed=False):
        return hex_of(way_digest(self.current, branch, transport, host, port, optional_port(source_port), absorbed))

    def made(self, str text not None, branch, transport, host, uint64_t port, source_port, bint absorbed=False):
        cdef Port source = optional_port(source_port)
        return (is_text_of(way_digest(self.current, branch, transport, host, port, source, absorbed), text)
                or self.has_previous
                and is_text_of(way_digest(self.previous, branch, transport, host, port, source, absorbed), text))


cdef Dialog dialog_of(Message message, bint near_inside, bint across_inside, bint here, bint asked) noexcept nogil:
    cdef Dialog dialog
    dialog.sender = read_end(message, H_FROM)
    dialog.receiver = read_end(message, H_TO)
    dialog.said = <uint64_t>(NEAR_INSIDE * near_inside | ACROSS_INSIDE * across_inside | BEGAN_HERE * here
                             | ASKED * asked)
    return dialog


cdef Digest route_digest(
        Key key, Message message, Dialog *dialog, const uint8_t *domain, Span named, bint initiates) noexcept nogil:
    """The signature of a route, if the sender began the dialog, or if the receiver did."""
    cdef Hasher hasher = begun(key)
    cdef const uint8_t *base = message.index.base
    cdef End *first = &dialog.sender if initiates else &dialog.receiver
    cdef End *second = &dialog.receiver if initiates else &dialog.sender
    # If the receiver began it, it is on the other side. Both ends so come to the same number.
    absorb_word(&hasher, dialog.said if initiates else dialog.said ^ BEGAN_HERE)
    absorb_call_id(&hasher, message)
    absorb_span(&hasher, base, first.tag)
    absorb_domain(&hasher, base, first.host)
    absorb_domain(&hasher, base, second.host)
    absorb_domain(&hasher, domain, named)
    return finished(&hasher, 0, 0)


cdef bint find_signed(const uint8_t *base, Span params, Span *domain, Span *signature) noexcept nogil:
    """The parameters ``fd`` and ``sig`` of a route; of one given twice the first that has a value counts. Whether it
    has ``be``."""
    cdef bint asked = False
    cdef Cursor cursor
    cdef Param param
    domain.start = domain.end = signature.start = signature.end = 0
    cursor.base = base
    cursor.pos = params.start
    cursor.end = params.end
    while next_uri_param(&cursor, &param):
        if domain.end == 0 and equals_folded(base, param.name, "fd", 2):
            domain[0] = param.value
        elif signature.end == 0 and equals_folded(base, param.name, "sig", 3):
            signature[0] = param.value
        elif equals_folded(base, param.name, "be", 2):
            asked = True
    return asked


cdef int who_began(
        Signer signer, Message message, Dialog *dialog, const uint8_t *base, Span domain, Span signature,
        bint first) noexcept nogil:
    """1 where a route is signed for the dialog and its sender began it, 0 where the other end did, -1 where it is not.

    ``base``: of what the two spans of the route point into. ``first``: which of the two is tried first.
    """
    cdef const uint8_t *text = base + signature.start
    cdef uint32_t size = signature.end - signature.start
    cdef int began, i
    if domain.end == 0 or signature.end == 0:
        return -1
    for i in range(2):
        began = first if i == 0 else not first
        if is_hex_of(route_digest(signer.current, message, dialog, base, domain, began), text, size):
            return began
        if signer.has_previous and is_hex_of(
                route_digest(signer.previous, message, dialog, base, domain, began), text, size):
            return began
    return -1


cdef class RouteSigner(Signer):
    def of(self, Message message not None, domain, bint near_inside, bint across_inside,
           bint here, bint initiates, bint asked=False):
        cdef Dialog dialog = dialog_of(message, near_inside, across_inside, here, asked)
        # The offset 0 would make an absent name of an empty one.
        cdef bytes name = b" " + domain.encode("utf-8", "surrogateescape")
        cdef Span named
        named.start = 1
        named.end = <uint32_t>len(name)
        return hex_of(route_digest(
            self.current, message, &dialog, <const uint8_t *><const char *>name, named, initiates))

    def initiates(self, Message message not None, Uri uri not None, bint near_inside, bint across_inside,
                  bint here):
        cdef Span domain, signature
        cdef bint asked = find_signed(uri.base, uri.at.params, &domain, &signature)
        cdef Dialog dialog = dialog_of(message, near_inside, across_inside, here, asked)
        cdef int began = who_began(self, message, &dialog, uri.base, domain, signature, True)
        return None if began < 0 else began == 1
