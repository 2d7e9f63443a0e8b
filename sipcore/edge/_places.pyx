"""Where we are and what leads through us: Vias and routes that name us, natively (documented in the stub)."""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp

from sipcore._cursor cimport Cursor, Span, equals_folded, is_present
from sipcore._index cimport H_ROUTE, H_VIA, Index
from sipcore._parser cimport Message
from sipcore._sound cimport Sound
from sipcore._syntax cimport (
    NO_FAULT,
    Param,
    UriSpans,
    ViaSpans,
    next_uri_param,
    scan_via,
)
from sipcore.edge._keyed cimport ACROSS_INSIDE, ASKED, BEGAN_HERE, NEAR_INSIDE, THERE, Dialog, Signer, who_began
from sipcore.edge._texts cimport (
    Spoken,
    Text,
    is_bracketed,
    port_of,
    same_host,
    spoken_in,
    text_at,
    text_in,
    unbracketed,
    usual_port,
)

from sipcore.edge.tables import Side, Transport

cdef enum:
    MOST_ROUTES = 2           # Record-Route is doubled

TRANSPORTS = (Transport.UDP, Transport.TCP, Transport.TLS)


cdef bint find_route_params(
        const uint8_t *base, Span params, Span *domain, Span *signature, bint *asked) noexcept nogil:
    """``fd`` and ``sig`` of a route, each there once with a value; and whether it has ``be``."""
    cdef Cursor cursor = Cursor(base, params.start, params.end)
    cdef Param param
    cdef int domains = 0, signatures = 0
    asked[0] = False
    while next_uri_param(&cursor, &param):
        if equals_folded(base, param.name, b"fd", 2):
            domains += 1
            domain[0] = param.value
        elif equals_folded(base, param.name, b"sig", 3):
            signatures += 1
            signature[0] = param.value
        elif equals_folded(base, param.name, b"be", 2):
            asked[0] = True
    return domains == 1 and signatures == 1 and domain.end > domain.start and signature.end > signature.start


cdef inline bint same_span(const uint8_t *base, Span one, Span other) noexcept nogil:
    return one.end - one.start == other.end - other.start and (
        memcmp(base + one.start, base + other.start, one.end - one.start) == 0)


cdef Dialog dialog_in(const Sound *sound, bint inside, bint here, bint asked) noexcept nogil:
    """What a route is signed over, where both its sides differ: recorded on the way through us, not within one side."""
    cdef Dialog dialog
    dialog.sender.found = dialog.receiver.found = THERE
    dialog.sender.tag, dialog.sender.host = sound.sender.tag, sound.sender_uri.host
    dialog.receiver.tag, dialog.receiver.host = sound.recipient.tag, sound.recipient_uri.host
    dialog.said = <uint64_t>(NEAR_INSIDE * inside | ACROSS_INSIDE * (not inside) | BEGAN_HERE * here | ASKED * asked)
    return dialog


cdef bint is_notify(const uint8_t *base, Span method) noexcept nogil:
    return equals_folded(base, method, b"notify", 6) or equals_folded(base, method, b"benotify", 8)


cdef bint has_quotes(const Index *index) noexcept nogil:
    """Whether a Route has quotes, between which commas and brackets stand for themselves."""
    cdef int i
    for i in range(index.count):
        if index.slots[i].id == H_ROUTE and (
                memchr(index.base + index.slots[i].value, c'"', index.slots[i].value_size) != NULL):
            return True
    return False


cdef class Places:
    def __init__(self, own):
        self.kept = []
        names, addresses = sorted(own.names), list(own.addresses())
        if len(addresses) > MOST_LISTENERS or len(names) > MOST_NAMES:
            raise ValueError("too many addresses and names of our own for the express lane")
        for side, hop in addresses:
            self.listeners[self.listener_count] = Listener(
                self.text(hop.host), hop.port, side is Side.INSIDE, <Spoken><int>TRANSPORTS.index(hop.transport))
            self.listener_count += 1
        for name in names:
            self.names[self.name_count] = self.text(name)
            self.name_count += 1

    cdef Text text(self, str text) except *:
        cdef bytes data = text.encode()
        self.kept.append(data)
        return text_in(data)

    cdef bint listens(self, const uint8_t *base, const ViaSpans *via, int inside) noexcept nogil:
        """Whether a Via names a place of ours; on one side, or with -1 on any."""
        cdef Spoken transport = spoken_in(base, via.transport)
        cdef Text host = unbracketed(text_at(base, via.host))
        cdef const Listener *listener
        cdef int i
        for i in range(self.listener_count):
            listener = &self.listeners[i]
            if (listener.transport == transport and (inside < 0 or listener.inside == inside)
                    and port_of(via, usual_port(transport)) == listener.port and same_host(host, listener.host)):
                return True
        return False

    cdef bint is_own_place(self, Text host, int32_t port) noexcept nogil:
        """Whether a URI names this edge, as `OwnSide.is_own_place`."""
        cdef int i
        for i in range(self.name_count):
            if same_host(host, self.names[i]):
                return True
        for i in range(self.listener_count):
            if same_host(host, self.listeners[i].host) and (
                    self.listeners[i].port == <uint32_t>port if port > 0 else (
                        self.listeners[i].port == 5060 or self.listeners[i].port == 5061)):
                return True
        return False

    cdef bint may_have_been_here(self, const Index *index) noexcept nogil:
        """Whether any Via, all of which can be read, may be ours (RFC 3261 section 16.3 item 4)."""
        cdef ViaSpans via
        cdef Cursor cursor
        cdef int i
        for i in range(index.first[<int>H_VIA], index.count):
            if index.slots[i].id != H_VIA:
                continue
            cursor = Cursor(index.base, index.slots[i].value, index.slots[i].value + index.slots[i].value_size)
            while True:
                if scan_via(&cursor, &via) != NO_FAULT or is_bracketed(text_at(index.base, via.host)):
                    return True
                if self.listens(index.base, &via, -1):
                    return True
                if cursor.pos == cursor.end:
                    break
                cursor.pos += 1
        return False

    cdef bint read_routes(self, Signer signer, Message message, const Sound *sound, bint inside,
                          Span *domain, bint *to_subscriber) noexcept nogil:
        """The domain that our own routes name, where there is nothing else to route by and they are of this dialog.

        ``to_subscriber``: they say that the receiver began it and asked for BENOTIFY.
        """
        cdef const uint8_t *base = message.index.base
        cdef const UriSpans *uri
        cdef Span named, signature
        cdef Dialog dialog
        cdef uint32_t i
        # A notifier has mostly not begun its dialog, anybody else mostly has: the likelier signature is tried first.
        cdef int began = not is_notify(base, message.index.method), says
        cdef bint asked = False, asks = False
        domain.start = domain.end = 0
        to_subscriber[0] = False
        if sound.routes > MOST_ROUTES or has_quotes(&message.index):
            return False
        for i in range(sound.routes):
            uri = &sound.route[i]
            if (not is_present(uri.host) or not self.is_own_place(text_at(base, uri.host), uri.port)
                    or not find_route_params(base, uri.params, &named, &signature, &asks)):
                return False
            dialog = dialog_in(sound, inside == (i == 0), i == 0, asks)
            says = who_began(signer, message, &dialog, base, named, signature, began)
            if says < 0 or i > 0 and (says != began or asks != asked or not same_span(base, domain[0], named)):
                return False
            domain[0], began, asked = named, says, asks
        to_subscriber[0] = asked and began == 0
        return True
