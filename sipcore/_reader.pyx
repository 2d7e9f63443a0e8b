"""Several values of a message in one call.

Paths are compiled once, into steps of small numbers: what to make, and of which header. A call walks the steps with a
scratch pad on the stack that remembers what has been scanned already. No object is made but the results.
"""

from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

from sipcore._cursor cimport Cursor, Span, is_present
from sipcore._index cimport (
    H_CONTACT,
    H_CONTENT_TYPE,
    H_CSEQ,
    H_EXPIRES,
    H_FROM,
    H_MAX_FORWARDS,
    H_OTHER,
    H_P_ASSERTED_IDENTITY,
    H_RECORD_ROUTE,
    H_ROUTE,
    H_TO,
    H_VIA,
    NO_SLOT,
    Index,
    find_slot,
    header_id_of,
)
from sipcore._parser cimport Message, number_of, view_of
from sipcore._syntax cimport (
    BAD_ADDRESS,
    NO_FAULT,
    TOO_MANY_PARAMETERS,
    TRAILING_BYTES,
    AddressSpans,
    CSeqSpans,
    Fault,
    MediaTypeSpans,
    UriSpans,
    ViaSpans,
    scan_address,
    scan_clean_uri,
    scan_cseq,
    scan_media_type,
    scan_uri,
    scan_via,
)
from sipcore._values cimport (
    essence_text,
    lower_text,
    optional_text,
    param_text,
    quoted_text,
    raise_fault,
    span_text,
    upper_text,
    word_text,
)

from sipcore.grammar import HEADERS

cdef extern from "_types.h":
    ctypedef PyObject *(*vectorcallfunc)(
        PyObject *callable, PyObject *const *arguments, size_t how_many, PyObject *names) except NULL
    Py_ssize_t PyVectorcall_NARGS(size_t how_many) noexcept
    void sip_offer_vectorcall(PyTypeObject *type, Py_ssize_t offset) noexcept

cdef enum What:
    # What a step makes. Of the start line and the rest:
    METHOD
    STATUS
    REASON
    VERSION
    BODY
    CONTENT_LENGTH
    MAX_FORWARDS
    EXPIRES
    # of a header by its id, or by its name:
    HEADER
    NAMED
    ATTRIBUTE               # of a rarer header, through the message's attribute for it
    # of a URI:
    URI
    URI_SCHEME
    URI_USER
    URI_PASSWORD
    URI_HOST
    URI_PORT
    URI_HEADERS
    # of an address:
    ADDRESS
    DISPLAY_NAME
    TAG
    # of the topmost Via:
    VIA
    VIA_TRANSPORT
    VIA_HOST
    VIA_PORT
    VIA_BRANCH
    VIA_RECEIVED
    VIA_RPORT
    # of the others:
    CSEQ_NUMBER
    CSEQ_METHOD
    ESSENCE

cdef enum:
    ADDRESSES = 6
    REQUEST_URI = ADDRESSES  # behind the URIs of the addresses
    AT_VIA = ADDRESSES + 1   # bits of what has been scanned, behind those of the addresses
    AT_CSEQ
    AT_CONTENT_TYPE
    MOST_PATHS = 128

cdef int[6] ADDRESS_IDS = [H_FROM, H_TO, H_CONTACT, H_ROUTE, H_RECORD_ROUTE, H_P_ASSERTED_IDENTITY]
cdef enum:
    FIRST_LIST = 2           # From and To hold one address, the others a list

ADDRESS_NAMES = ("from", "to", "contact", "route", "record-route", "p-asserted-identity")
URI_PARTS = {"scheme": URI_SCHEME, "user": URI_USER, "password": URI_PASSWORD, "host": URI_HOST, "port": URI_PORT,
             "headers": URI_HEADERS}
VIA_PARTS = {"transport": VIA_TRANSPORT, "host": VIA_HOST, "port": VIA_PORT, "branch": VIA_BRANCH,
             "received": VIA_RECEIVED, "rport": VIA_RPORT}
#: Headers that are read less often, and the parts that their attributes have.
ATTRIBUTES = {
    "content-disposition": ("kind", "handling"),
    "event": ("package", "id"),
    "subscription-state": ("state", "reason", "expires", "retry-after"),
}

#: Every path with a meaning of its own: what to make, and of which address or URI. Any other is a header's name.
PATHS = {
    "method": (METHOD, 0),
    "status": (STATUS, 0),
    "reason": (REASON, 0),
    "version": (VERSION, 0),
    "uri": (URI, REQUEST_URI),
    **{f"uri.{name}": (part, REQUEST_URI) for name, part in URI_PARTS.items()},
    **{name: (ADDRESS, at) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.display-name": (DISPLAY_NAME, at) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.tag": (TAG, at) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.uri": (URI, at) for at, name in enumerate(ADDRESS_NAMES)},
    **{f"{name}.uri.{part}": (URI_PARTS[part], at) for at, name in enumerate(ADDRESS_NAMES) for part in URI_PARTS},
    "via": (VIA, 0),
    **{f"via.{name}": (part, 0) for name, part in VIA_PARTS.items()},
    "cseq.number": (CSEQ_NUMBER, 0),
    "cseq.method": (CSEQ_METHOD, 0),
    "max-forwards": (MAX_FORWARDS, 0),
    "expires": (EXPIRES, 0),
    "content-length": (CONTENT_LENGTH, 0),
    "content-type.essence": (ESSENCE, 0),
    **{f"{name}.{part}": (ATTRIBUTE, 0) for name, parts in ATTRIBUTES.items() for part in parts},
    "body": (BODY, 0),
}


cdef struct Step:
    What what
    int which               # address, URI, or id of a HEADER


cdef struct Scratch:
    # What has been scanned of this message so far: a bit of `scanned` for each header, of `absent` if it is not there.
    uint32_t scanned
    uint32_t absent
    uint32_t uris_scanned
    AddressSpans addresses[6]
    UriSpans uris[7]        # those of the addresses, then the Request-URI
    int texts_made          # of whole URIs, each from which bytes; the tuple keeps them
    Span made_of[7]
    PyObject *texts[7]
    ViaSpans via
    CSeqSpans cseq
    MediaTypeSpans media


cdef class Reader:
    cdef vectorcallfunc vectorcall
    cdef Step steps[128]   # MOST_PATHS
    cdef Py_ssize_t count
    cdef readonly tuple paths
    cdef tuple names

    def __cinit__(self):
        self.vectorcall = call_reader

    def __init__(self, *paths):
        if len(paths) > MOST_PATHS:
            raise ValueError(f"at most {MOST_PATHS} paths can be read at once, not {len(paths)}")
        names = [path.lower().replace("_", "-") for path in paths]
        for at, name in enumerate(names):
            what, which = PATHS.get(name, (NAMED, 0))
            if what == NAMED:
                if not name or "." in name:
                    raise ValueError(f"nothing of a message is called {paths[at]!r}")
                which = header_id_of(name.encode(), <uint32_t>len(name))
                what = NAMED if which == H_OTHER else HEADER
            self.steps[at].what, self.steps[at].which = what, which
        self.paths = paths
        self.names = tuple(names)
        self.count = len(paths)

    def __call__(self, Message message not None):
        return values_of(self, message)

    def __repr__(self):
        return f"Reader{self.paths!r}"

    def __reduce__(self):
        return (Reader, self.paths)


cdef PyObject *call_reader(
    PyObject *reader, PyObject *const *arguments, size_t how_many, PyObject *names
) except NULL:
    """What Python calls. Anything but one message goes the long way round, which knows what to complain of."""
    cdef object result
    if names == NULL and PyVectorcall_NARGS(how_many) == 1 and type(<object>arguments[0]) is Message:
        result = values_of(<Reader>reader, <Message>arguments[0])
    else:
        given = [<object>arguments[at] for at in range(PyVectorcall_NARGS(how_many))]
        named = [] if names == NULL else [
            (name, <object>arguments[len(given) + at]) for at, name in enumerate(<tuple>names)]
        result = Reader.__call__(<Reader>reader, *given, **dict(named))
    Py_INCREF(result)
    return <PyObject *>result


cdef int offer_vectorcall() except -1:
    cdef Reader any_reader = Reader()
    sip_offer_vectorcall(<PyTypeObject *>Reader, <char *>&any_reader.vectorcall - <char *><void *>any_reader)
    return 0


offer_vectorcall()


cdef tuple values_of(Reader reader, Message message):
    cdef Scratch scratch
    cdef tuple result = PyTuple_New(reader.count)
    cdef Py_ssize_t at
    cdef object value
    scratch.scanned = scratch.absent = scratch.uris_scanned = 0
    scratch.texts_made = 0
    for at in range(reader.count):
        if reader.steps[at].what >= URI:
            value = scanned_value(message, reader.steps[at], &scratch)
        else:
            value = plain_value(reader, message, at)
        Py_INCREF(value)
        PyTuple_SET_ITEM(result, at, value)
    return result


# -- what is read as it stands in the index ----------------------------------------------------------------------------

cdef object plain_value(Reader reader, Message message, Py_ssize_t at):
    cdef const Index *index = &message.index
    cdef What what = reader.steps[at].what
    cdef int slot
    if what == METHOD:
        return None if index.status else word_text(index.base, index.method)
    elif what == STATUS:
        return index.status or None
    elif what == REASON:
        return span_text(index.base, index.reason) if index.status else None
    elif what == VERSION:
        return word_text(index.base, index.version)
    elif what == BODY:
        return view_of(message, index.head_size, message.size_of())
    elif what == CONTENT_LENGTH:
        return index.content_length if index.has_length else None
    elif what == MAX_FORWARDS:
        return number_of(message, H_MAX_FORWARDS)
    elif what == EXPIRES:
        return number_of(message, H_EXPIRES)
    elif what == ATTRIBUTE:
        return attribute(message, reader.names[at])
    elif what == HEADER:
        slot = find_slot(index, reader.steps[at].which, 0)
    else:
        slot = message.slot_named(reader.names[at], 0)
    return message.value_text(slot) if slot >= 0 else None


cdef object attribute(Message message, str path):
    """A part of a rarer header, made and read like the attributes of the message make and read it."""
    header, part = path.replace("-", "_").split(".")
    value = getattr(message, header)
    return None if value is None else getattr(value, part)


# -- what must be scanned ----------------------------------------------------------------------------------------------

cdef object scanned_value(Message message, Step step, Scratch *scratch):
    cdef const uint8_t *base = message.index.base
    if step.what <= URI_HEADERS:
        return uri_part(message, step, scratch)
    elif step.what <= TAG:
        if not scan(message, step.which, ADDRESS_IDS[step.which], scratch):
            return None
        return address_part(base, step.what, &scratch.addresses[step.which])
    elif step.what <= VIA_RPORT:
        return via_part(base, step.what, &scratch.via) if scan(message, AT_VIA, H_VIA, scratch) else None
    elif step.what == ESSENCE:
        if not scan(message, AT_CONTENT_TYPE, H_CONTENT_TYPE, scratch):
            return None
        return essence_text(base, scratch.media.essence)
    elif not scan(message, AT_CSEQ, H_CSEQ, scratch):
        return None
    return scratch.cseq.number if step.what == CSEQ_NUMBER else word_text(base, scratch.cseq.method)


cdef inline bint scan(Message message, int which, int header_id, Scratch *scratch) except -1:
    """Scan that header, once; false when the message does not have it."""
    cdef uint32_t bit = <uint32_t>1 << which
    if not scratch.scanned & bit:
        scratch.scanned |= bit
        scan_first(message, which, header_id, scratch)
    return not scratch.absent & bit


cdef int scan_first(Message message, int which, int header_id, Scratch *scratch) except -1:
    """Scan the first value of that header into its place."""
    cdef Cursor cursor
    cdef Fault fault
    cdef int slot = message.index.first[header_id]
    if slot == NO_SLOT:
        scratch.absent |= <uint32_t>1 << which
        return 0
    cursor.base = message.index.base
    cursor.pos = message.index.slots[slot].value
    cursor.end = cursor.pos + message.index.slots[slot].value_size
    if which < ADDRESSES:
        fault = scan_address(&cursor, &scratch.addresses[which])
    elif which == AT_VIA:
        fault = scan_via(&cursor, &scratch.via)
    elif which == AT_CSEQ:
        fault = scan_cseq(&cursor, &scratch.cseq)
    else:
        fault = scan_media_type(&cursor, &scratch.media)
    if fault == NO_FAULT and cursor.pos != cursor.end and (which < FIRST_LIST or which == AT_CONTENT_TYPE):
        # None of these is a list (RFC 3261 section 7.3.1).
        fault = TRAILING_BYTES
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, HEADERS[header_id])
    return 0


cdef object uri_part(Message message, Step step, Scratch *scratch):
    cdef const uint8_t *base = message.index.base
    cdef const UriSpans *uri = &scratch.uris[step.which]
    cdef Span where = message.index.uri
    if step.which == REQUEST_URI:
        if message.index.status:
            return None
    elif not scan(message, step.which, ADDRESS_IDS[step.which], scratch):
        return None
    else:
        where = scratch.addresses[step.which].uri
    if step.what == URI:
        return uri_text(message, step.which, where, scratch)
    if not scratch.uris_scanned >> step.which & 1:
        scan_uri_of(message, step.which, where, scratch)
    if step.what == URI_SCHEME:
        return lower_text(base, uri.scheme)
    elif step.what == URI_USER:
        return optional_text(base, uri.user)
    elif step.what == URI_PASSWORD:
        return optional_text(base, uri.password)
    elif step.what == URI_HOST:
        return lower_text(base, uri.host) if is_present(uri.host) else None
    elif step.what == URI_PORT:
        return optional_port(uri.port)
    return optional_text(base, uri.headers)


cdef object uri_text(Message message, int which, Span where, Scratch *scratch):
    """The whole URI. Of two that are the same bytes one text is made, and one is looked into.

    Most requests outside a dialog go to the URI of To (RFC 3261 section 8.1.1.1), and who registers itself is both
    From and To (section 10.2).
    """
    cdef const uint8_t *base = message.index.base
    cdef uint32_t length = where.end - where.start
    cdef object text
    cdef int i
    for i in range(scratch.texts_made):
        if scratch.made_of[i].end - scratch.made_of[i].start == length and (
                memcmp(base + scratch.made_of[i].start, base + where.start, length) == 0):
            return <object>scratch.texts[i]
    if not scratch.uris_scanned >> which & 1:
        scan_uri_of(message, which, where, scratch)
    text = span_text(base, where)
    scratch.made_of[scratch.texts_made] = where
    scratch.texts[scratch.texts_made] = <PyObject *>text
    scratch.texts_made += 1
    return text


cdef int scan_uri_of(Message message, int which, Span where, Scratch *scratch) except -1:
    """Scan a URI into its place."""
    cdef Cursor cursor
    cdef Fault fault
    cursor.base = message.index.base
    cursor.pos = where.start
    cursor.end = where.end
    if which < ADDRESSES and scratch.addresses[which].is_star:
        cursor.pos = scratch.addresses[which].whole.start
        fault = BAD_ADDRESS
    elif which < ADDRESSES and scratch.addresses[which].is_clean:
        fault = scan_clean_uri(&cursor, &scratch.uris[which])
    else:
        fault = scan_uri(&cursor, &scratch.uris[which])
    if fault == NO_FAULT and scratch.uris[which].param_count > message.most_params:
        cursor.pos = scratch.uris[which].params.start
        fault = TOO_MANY_PARAMETERS
    if fault != NO_FAULT:
        raise_fault(fault, cursor.pos, "Request-URI" if which == REQUEST_URI else HEADERS[ADDRESS_IDS[which]])
    scratch.uris_scanned |= <uint32_t>1 << which
    return 0


cdef object address_part(const uint8_t *base, What what, const AddressSpans *address):
    if what == TAG:
        return param_text(base, address.tag)
    elif what == DISPLAY_NAME:
        return quoted_text(base, address.display) if address.display.end > address.display.start else None
    return span_text(base, address.whole)


cdef object via_part(const uint8_t *base, What what, const ViaSpans *via):
    if what == VIA_BRANCH:
        return param_text(base, via.branch)
    elif what == VIA_HOST:
        return lower_text(base, via.host)
    elif what == VIA_PORT:
        return optional_port(via.port)
    elif what == VIA_TRANSPORT:
        return upper_text(base, via.transport)
    elif what == VIA_RECEIVED:
        return param_text(base, via.received)
    elif what == VIA_RPORT:
        return param_text(base, via.rport)
    return span_text(base, via.whole)


cdef object optional_port(int port):
    return port if port >= 0 else None
