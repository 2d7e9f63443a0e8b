"""Several values of a message in one call.

Paths are compiled once, into steps of two small numbers: where to look, and which part to take. A call walks the steps
with a scratch pad on the stack that remembers what has been scanned already. No object is made but the results.
"""

from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Cursor, Span, is_lws, is_present
from sipcore._index cimport (
    H_CONTACT,
    H_CONTENT_TYPE,
    H_CSEQ,
    H_FROM,
    H_OTHER,
    H_RECORD_ROUTE,
    H_ROUTE,
    H_TO,
    H_VIA,
    find_slot,
    header_id_of,
)
from sipcore._parser cimport Message
from sipcore._syntax cimport (
    BAD_ADDRESS,
    NO_FAULT,
    TRAILING_BYTES,
    AddressSpans,
    CSeqSpans,
    Fault,
    MediaTypeSpans,
    UriSpans,
    ViaSpans,
    scan_address,
    scan_cseq,
    scan_media_type,
    scan_uri,
    scan_via,
)
from sipcore._values cimport param_text, raise_fault, span_text

cdef enum Source:
    START_LINE
    REQUEST_URI
    FROM                    # the five addresses, in the order of ADDRESS_IDS
    TO
    CONTACT
    ROUTE
    RECORD_ROUTE
    VIA
    CSEQ
    MAX_FORWARDS
    CONTENT_LENGTH
    CONTENT_TYPE
    BODY
    HEADER

cdef enum Part:
    WHOLE
    METHOD
    STATUS
    REASON
    VERSION
    NUMBER
    TAG
    BRANCH
    RECEIVED
    TRANSPORT
    HOST
    PORT
    ESSENCE
    URI                     # the address's own URI, and from here on its parts
    URI_SCHEME
    URI_USER
    URI_HOST
    URI_PORT

cdef enum:
    ADDRESSES = 5
    MOST_PATHS = 64

cdef int[5] ADDRESS_IDS = [H_FROM, H_TO, H_CONTACT, H_ROUTE, H_RECORD_ROUTE]

ADDRESS_NAMES = ("from", "to", "contact", "route", "record-route")
URI_PARTS = {"scheme": URI_SCHEME, "user": URI_USER, "host": URI_HOST, "port": URI_PORT}
VIA_PARTS = {"transport": TRANSPORT, "host": HOST, "port": PORT, "branch": BRANCH, "received": RECEIVED}

#: Every path with a meaning of its own; any other is a header's name.
PATHS = {
    "method": (START_LINE, METHOD),
    "status": (START_LINE, STATUS),
    "reason": (START_LINE, REASON),
    "version": (START_LINE, VERSION),
    "uri": (REQUEST_URI, URI),
    **{f"uri.{name}": (REQUEST_URI, part) for name, part in URI_PARTS.items()},
    **{name: (FROM + at, WHOLE) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.tag": (FROM + at, TAG) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.uri": (FROM + at, URI) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.uri.{part}": (FROM + at, URI_PARTS[part])
       for at, name in enumerate(ADDRESS_NAMES) for part in URI_PARTS},
    "via": (VIA, WHOLE),
    **{f"via.{name}": (VIA, part) for name, part in VIA_PARTS.items()},
    "cseq.number": (CSEQ, NUMBER),
    "cseq.method": (CSEQ, METHOD),
    "max-forwards": (MAX_FORWARDS, NUMBER),
    "content-length": (CONTENT_LENGTH, NUMBER),
    "content-type.essence": (CONTENT_TYPE, ESSENCE),
    "body": (BODY, WHOLE),
}


cdef struct Step:
    Source source
    Part part
    int header_id           # of a HEADER


cdef struct Scratch:
    # What has been scanned of this message so far; a bit of `scanned` a source, and of `absent` if it is not there.
    uint32_t scanned
    uint32_t absent
    uint32_t uris_scanned
    AddressSpans addresses[5]
    UriSpans uris[6]        # those of the addresses, then the Request-URI
    ViaSpans via
    CSeqSpans cseq
    MediaTypeSpans media


cdef object optional(const uint8_t *base, Span span):
    return span_text(base, span) if is_present(span) else None


cdef object optional_port(int port):
    return port if port >= 0 else None


cdef object lowered(const uint8_t *base, Span span):
    """The span as text in lower case; what is in lower case already is not made twice."""
    cdef uint32_t i
    for i in range(span.start, span.end):
        if c'A' <= base[i] <= c'Z' or base[i] >= 0x80:
            return span_text(base, span).lower()
    return span_text(base, span)


cdef object essence_text(const uint8_t *base, Span span):
    """``type/subtype`` in lower case, without the white space that may stand around the slash."""
    cdef uint32_t i
    for i in range(span.start, span.end):
        if is_lws(base[i]):
            return "".join(lowered(base, span).split())
    return lowered(base, span)


cdef class Reader:
    cdef Step steps[64]
    cdef Py_ssize_t count
    cdef readonly tuple paths
    cdef tuple names

    def __init__(self, *paths):
        if len(paths) > MOST_PATHS:
            raise ValueError(f"at most {MOST_PATHS} paths can be read at once, not {len(paths)}")
        self.paths = paths
        names = []
        for at, path in enumerate(paths):
            plain = path.lower().replace("_", "-")
            source, part = PATHS.get(plain, (HEADER, WHOLE))
            if source == HEADER and (not plain or "." in plain):
                raise ValueError(f"nothing of a message is called {path!r}")
            self.steps[at].source, self.steps[at].part = source, part
            self.steps[at].header_id = header_id_of(plain.encode(), <uint32_t>len(plain))
            names.append(plain)
        self.names = tuple(names)
        self.count = len(paths)

    def __call__(self, Message message not None):
        cdef Scratch scratch
        cdef tuple result = PyTuple_New(self.count)
        cdef Py_ssize_t at
        cdef object value
        scratch.scanned = scratch.absent = scratch.uris_scanned = 0
        for at in range(self.count):
            value = self._read(message, at, &scratch)
            Py_INCREF(value)
            PyTuple_SET_ITEM(result, at, value)
        return result

    def __repr__(self):
        return f"Reader{self.paths!r}"

    def __reduce__(self):
        return (Reader, self.paths)

    cdef object _read(self, Message message, Py_ssize_t at, Scratch *scratch):
        cdef Source source = self.steps[at].source
        cdef Part part = self.steps[at].part
        cdef int slot
        if source == START_LINE:
            return start_part(message, part)
        if source == HEADER:
            if self.steps[at].header_id == H_OTHER:
                slot = message.slot_named(self.names[at], 0)
            else:
                slot = find_slot(&message.index, self.steps[at].header_id, 0)
            return message.value_text(slot) if slot >= 0 else None
        if source == REQUEST_URI:
            return None if message.index.status else uri_part(message, part, scratch, ADDRESSES, message.index.uri)
        if source == BODY:
            return message.body
        if source == CONTENT_LENGTH:
            return message.index.content_length if message.index.has_length else None
        if source == MAX_FORWARDS:
            return message.max_forwards
        if not scanned(message, source, scratch):
            return None
        if source == VIA:
            return via_part(message, part, &scratch.via)
        if source == CSEQ:
            return cseq_part(message, part, &scratch.cseq)
        if source == CONTENT_TYPE:
            return essence_text(message.index.base, scratch.media.essence)
        return address_part(message, part, scratch, source - FROM)


cdef bint scanned(Message message, Source source, Scratch *scratch) except -1:
    """Scan the header of that source, once; false when the message does not have it."""
    cdef uint32_t bit = <uint32_t>1 << source
    cdef Cursor cursor
    cdef Fault fault
    cdef int slot
    cdef int header_id
    if scratch.scanned & bit:
        return not scratch.absent & bit
    scratch.scanned |= bit
    header_id = (H_VIA if source == VIA else H_CSEQ if source == CSEQ else H_CONTENT_TYPE if source == CONTENT_TYPE
                 else ADDRESS_IDS[source - FROM])
    slot = find_slot(&message.index, header_id, 0)
    if slot < 0:
        scratch.absent |= bit
        return False
    cursor.base = message.index.base
    cursor.pos = message.index.slots[slot].value
    cursor.end = cursor.pos + message.index.slots[slot].value_size
    if source == VIA:
        fault = scan_via(&cursor, &scratch.via)
    elif source == CSEQ:
        fault = scan_cseq(&cursor, &scratch.cseq)
    elif source == CONTENT_TYPE:
        fault = scan_media_type(&cursor, &scratch.media)
    else:
        fault = scan_address(&cursor, &scratch.addresses[source - FROM])
    if fault == NO_FAULT and cursor.pos != cursor.end and (source == FROM or source == TO or source == CONTENT_TYPE):
        # None of these is a list (RFC 3261 section 7.3.1).
        fault = TRAILING_BYTES
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, HEADER_OF[header_id])
    return True


HEADER_OF = {
    H_VIA: "Via", H_CSEQ: "CSeq", H_CONTENT_TYPE: "Content-Type", H_FROM: "From", H_TO: "To", H_CONTACT: "Contact",
    H_ROUTE: "Route", H_RECORD_ROUTE: "Record-Route",
}


cdef object start_part(Message message, Part part):
    if part == STATUS:
        return message.index.status or None
    if part == VERSION:
        return span_text(message.index.base, message.index.version)
    if part == REASON:
        return span_text(message.index.base, message.index.reason) if message.index.status else None
    return None if message.index.status else span_text(message.index.base, message.index.method)


cdef object address_part(Message message, Part part, Scratch *scratch, int which):
    cdef AddressSpans *address = &scratch.addresses[which]
    if part == WHOLE:
        return span_text(message.index.base, address.whole)
    if part == TAG:
        return param_text(message.index.base, address.tag)
    if address.is_star:
        raise_fault(BAD_ADDRESS, address.whole.start, HEADER_OF[ADDRESS_IDS[which]])
    return uri_part(message, part, scratch, which, address.uri)


cdef object uri_part(Message message, Part part, Scratch *scratch, int which, Span where):
    cdef const uint8_t *base = message.index.base
    cdef UriSpans *uri = &scratch.uris[which]
    cdef Cursor cursor
    cdef Fault fault
    if not scratch.uris_scanned >> which & 1:
        cursor.base = base
        cursor.pos = where.start
        cursor.end = where.end
        fault = scan_uri(&cursor, uri)
        if fault != NO_FAULT:
            raise_fault(fault, cursor.pos, "Request-URI" if which == ADDRESSES else HEADER_OF[ADDRESS_IDS[which]])
        scratch.uris_scanned |= <uint32_t>1 << which
    if part == URI:
        return span_text(base, uri.whole)
    if part == URI_SCHEME:
        return lowered(base, uri.scheme)
    if part == URI_USER:
        return optional(base, uri.user)
    if part == URI_HOST:
        return lowered(base, uri.host) if is_present(uri.host) else None
    return optional_port(uri.port)


cdef object via_part(Message message, Part part, const ViaSpans *via):
    cdef const uint8_t *base = message.index.base
    if part == BRANCH:
        return param_text(base, via.branch)
    if part == HOST:
        return lowered(base, via.host)
    if part == PORT:
        return optional_port(via.port)
    if part == TRANSPORT:
        return span_text(base, via.transport).upper()
    if part == RECEIVED:
        return param_text(base, via.received)
    return span_text(base, via.whole)


cdef object cseq_part(Message message, Part part, const CSeqSpans *cseq):
    return cseq.number if part == NUMBER else span_text(message.index.base, cseq.method)
