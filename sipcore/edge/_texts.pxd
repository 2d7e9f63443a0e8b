"""Texts of a message, and hosts and transports among them, compared as `sipcore.edge.tables` spells them."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Span, equals_folded
from sipcore._syntax cimport ViaSpans
from sipcore.edge._siphash cimport Hasher, absorb_bytes, folded


cdef struct Text:
    const uint8_t *data
    uint32_t size


cdef enum Spoken:
    # A transport, by its place in `TRANSPORTS` of `_places`.
    UNSPOKEN = -1
    UDP = 0
    TCP = 1
    TLS = 2


cdef inline Text text_in(bytes data) noexcept:
    return Text(<const uint8_t *>PyBytes_AS_STRING(data), <uint32_t>PyBytes_GET_SIZE(data))


cdef inline Text text_at(const uint8_t *base, Span span) noexcept nogil:
    return Text(base + span.start, span.end - span.start)


cdef inline bint same_host(Text host, Text canonical) noexcept nogil:
    """Whether a host is that name or IPv4 address, in any case and with or without the root's dot."""
    cdef uint32_t i
    while host.size > 0 and host.data[host.size - 1] == c'.':
        host.size -= 1
    if host.size != canonical.size:
        return False
    for i in range(host.size):
        if folded(host.data[i]) != canonical.data[i]:
            return False
    return True


cdef inline bint is_bracketed(Text host) noexcept nogil:
    """An IPv6 address, which has more spellings than are looked through here."""
    return host.size > 0 and host.data[0] == c'['


cdef inline Text unbracketed(Text host) noexcept nogil:
    if host.size > 1 and host.data[0] == c'[' and host.data[host.size - 1] == c']':
        return Text(host.data + 1, host.size - 2)
    return host


cdef inline void absorb(Hasher *hasher, Text text) noexcept nogil:
    absorb_bytes(hasher, text.data, text.size)


cdef inline Spoken spoken_in(const uint8_t *base, Span transport) noexcept nogil:
    if equals_folded(base, transport, b"udp", 3):
        return UDP
    if equals_folded(base, transport, b"tcp", 3):
        return TCP
    return TLS if equals_folded(base, transport, b"tls", 3) else UNSPOKEN


cdef inline Text spelt(Spoken transport) noexcept nogil:
    cdef const char *name = b"udp" if transport == UDP else b"tcp" if transport == TCP else b"tls"
    return Text(<const uint8_t *>name, 3)


cdef inline uint32_t port_of(const ViaSpans *via, uint32_t usual) noexcept nogil:
    return <uint32_t>via.port if via.port > 0 else usual


cdef inline uint32_t usual_port(Spoken transport) noexcept nogil:
    return 5061 if transport == TLS else 5060
