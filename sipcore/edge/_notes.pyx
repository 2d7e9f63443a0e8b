"""What we write into Vias and know again: the native twin of `sipcore.edge.vias`, and of two signers of `_keyed`.

Only what is plainly written is read here, without quotes and in one line; the caller has seen to that.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp

from sipcore._cursor cimport Cursor, Span, equals_folded, is_lws, is_present, scan_number
from sipcore._sound cimport Sound
from sipcore._syntax cimport NO_FAULT, Param, ViaSpans, next_param
from sipcore.edge._keyed cimport HEX_DIGITS, Signer, is_hex_of
from sipcore.edge._siphash cimport Digest, Hasher, Key, absorb_absent, absorb_span, absorb_word, begun, finished
from sipcore.edge._splicing cimport Sheet, splice, write, write_number, written_since
from sipcore.edge._texts cimport (
    UDP,
    UNSPOKEN,
    Spoken,
    Text,
    absorb,
    port_of,
    same_host,
    spelt,
    spoken_in,
    text_at,
    unbracketed,
    usual_port,
)

cdef enum:
    LONGEST_VIA = 700
    LAST_PORT = 65535


# -- the client's Via --------------------------------------------------------------------------------------------------

cdef bint is_note(Text param) noexcept nogil:
    """Whether a Via parameter is one that is for the server to write (`sipcore.edge.vias`)."""
    cdef const uint8_t *equals = <const uint8_t *>memchr(param.data, c'=', param.size)
    cdef Span name = Span(0, <uint32_t>(equals - param.data) if equals != NULL else param.size)
    while name.start < name.end and is_lws(param.data[name.start]):
        name.start += 1
    while name.end > name.start and is_lws(param.data[name.end - 1]):
        name.end -= 1
    return (equals_folded(param.data, name, b"received", 8) or equals_folded(param.data, name, b"rport", 5)
            or equals_folded(param.data, name, b"ms-received-port", 16))


cdef uint32_t param_end(const uint8_t *base, uint32_t at, uint32_t end) noexcept nogil:
    cdef const uint8_t *semicolon = <const uint8_t *>memchr(base + at, c';', end - at)
    return <uint32_t>(semicolon - base) if semicolon != NULL else end


cdef bint has_notes(const uint8_t *base, Span via) noexcept nogil:
    cdef uint32_t at = param_end(base, via.start, via.end), end
    while at < via.end:
        end = param_end(base, at + 1, via.end)
        if is_note(Text(base + at + 1, end - at - 1)):
            return True
        at = end
    return False


cdef bint write_without_notes(Sheet *sheet, const uint8_t *base, Span via) noexcept nogil:
    """A Via as it is, but for what we note."""
    cdef uint32_t at = param_end(base, via.start, via.end), end = at
    while at < via.end and end > via.start and is_lws(base[end - 1]):
        end -= 1
    if not write(sheet, base + via.start, end - via.start):
        return False
    while at < via.end:
        end = param_end(base, at + 1, via.end)
        if not is_note(Text(base + at + 1, end - at - 1)) and not write(sheet, base + at, end - at):
            return False
        at = end
    return True


cdef bint stamp(Sheet *sheet, const uint8_t *base, const ViaSpans *via, const Link *link) noexcept nogil:
    """The client's Via with our note of where it came from, where it needs one (RFC 3261 section 18.2.1, RFC 3581)."""
    cdef uint32_t start = sheet.used
    cdef bint asked = is_present(via.rport)
    cdef bint elsewhere = not same_host(unbracketed(text_at(base, via.host)), link.source)
    cdef bint from_port = link.on_stream and not asked and port_of(via, link.usual_port) != link.port
    if not (asked or elsewhere or from_port or has_notes(base, via.whole)):
        return True
    if via.whole.end - via.whole.start > LONGEST_VIA or not write_without_notes(sheet, base, via.whole):
        return False
    if (asked or elsewhere) and not (write(sheet, b";received=", 10)
                                     and write(sheet, link.source.data, link.source.size)):
        return False
    if asked and not (write(sheet, b";rport=", 7) and write_number(sheet, link.port)):
        return False
    if from_port and not (write(sheet, b";ms-received-port=", 18) and write_number(sheet, link.port)):
        return False
    return splice(sheet, via.whole.start, via.whole.end, written_since(sheet, start))


# -- signatures --------------------------------------------------------------------------------------------------------

cdef Digest branch_digest(Key key, const uint8_t *base, const ViaSpans *via, const Sound *sound) noexcept nogil:
    """As `sipcore.edge._keyed.TransactionSigner`."""
    cdef Hasher hasher = begun(key)
    absorb_span(&hasher, base, via.branch)
    absorb_span(&hasher, base, sound.call_id)
    absorb_span(&hasher, base, sound.sender.tag)
    absorb_word(&hasher, sound.cseq.number)
    return finished(&hasher, 0, 0)


cdef Digest way_digest(Key key, Text branch, const Way *way) noexcept nogil:
    """As `sipcore.edge._keyed.WaySigner`."""
    cdef Hasher hasher = begun(key)
    absorb(&hasher, branch)
    absorb(&hasher, spelt(way.transport))
    absorb(&hasher, way.host)
    absorb_word(&hasher, way.port)
    if way.on_stream:
        absorb_word(&hasher, way.source_port)
    else:
        absorb_absent(&hasher)
    return finished(&hasher, 0, 0)


cdef bint is_branch_of(Signer signer, Text branch, const uint8_t *base, const Sound *sound) noexcept nogil:
    """Whether we made the branch of a response's topmost Via, for the Via below it."""
    cdef const uint8_t *digits = branch.data + COOKIE_SIZE
    if branch.size != BRANCH_SIZE or memcmp(branch.data, b"z9hG4bK", COOKIE_SIZE) != 0:
        return False
    return (is_hex_of(branch_digest(signer.current, base, &sound.below, sound), digits, HEX_DIGITS)
            or signer.has_previous
            and is_hex_of(branch_digest(signer.previous, base, &sound.below, sound), digits, HEX_DIGITS))


cdef bint is_way_of(Signer signer, Text signature, Text branch, const Way *way) noexcept nogil:
    """Whether we signed that way back."""
    return (is_hex_of(way_digest(signer.current, branch, way), signature.data, signature.size)
            or signer.has_previous
            and is_hex_of(way_digest(signer.previous, branch, way), signature.data, signature.size))


cdef bint find_once(const uint8_t *base, Span params, const char *name, uint32_t size, Span *value) noexcept nogil:
    """The value of a Via parameter that stands there once, without quotes; absent where it is not there."""
    cdef Cursor cursor = Cursor(base, params.start, params.end)
    cdef Param param
    cdef bint found = True
    cdef int times = 0
    value.start = value.end = 0
    while True:
        if next_param(&cursor, &param, &found) != NO_FAULT:
            return False
        if not found:
            return times < 2
        if equals_folded(base, param.name, name, size):
            times += 1
            value[0] = param.value
            if is_present(param.value) and base[param.value.start] == c'"':
                return False


cdef bint has_param(const uint8_t *base, Span params, const char *name, uint32_t size) noexcept nogil:
    """Whether a Via parameter is there, with a value or without; also where that cannot be told."""
    cdef Cursor cursor = Cursor(base, params.start, params.end)
    cdef Param param
    cdef bint found = True
    while next_param(&cursor, &param, &found) == NO_FAULT:
        if not found:
            return False
        if equals_folded(base, param.name, name, size):
            return True
    return True


cdef uint32_t port_in(const uint8_t *base, Span digits) noexcept nogil:
    """A port of 1 to 65535 in at most five digits; 0 for anything else."""
    cdef uint64_t number
    if not is_present(digits) or digits.end - digits.start > 5 or not scan_number(base, digits, LAST_PORT, &number):
        return 0
    return <uint32_t>number


cdef Spoken read_way_back(const uint8_t *base, const ViaSpans *via, Way *way) noexcept nogil:
    """Where a response follows a Via to, as `sipcore.edge.vias.way_back`; unspoken where that is not plain to see."""
    cdef Span noted
    cdef uint32_t asked = port_in(base, via.rport)
    way.transport = spoken_in(base, via.transport)
    if way.transport == UNSPOKEN:
        return UNSPOKEN
    way.host = text_at(base, via.received) if via.received.end > via.received.start else (
        unbracketed(text_at(base, via.host)))
    way.port = port_of(via, usual_port(way.transport))
    way.on_stream = way.transport != UDP
    way.source_port = 0
    if not way.on_stream:
        way.port = asked or way.port
        return way.transport
    if not find_once(base, via.params, b"ms-received-port", 16, &noted):
        return UNSPOKEN
    way.source_port = asked or port_in(base, noted) or way.port
    return way.transport


cdef void note_way(
        const uint8_t *base, const ViaSpans *via, const Link *link, Spoken transport, Way *way) noexcept nogil:
    """Where a request's response goes, once its Via has our note, as `sipcore.edge.vias.way_noted`."""
    cdef bint asked = is_present(via.rport)
    way.transport = transport
    way.host = link.source
    way.port = port_of(via, usual_port(transport))
    way.on_stream = transport != UDP
    way.source_port = link.port if asked or link.on_stream else way.port
    if not way.on_stream and asked:
        way.port = link.port
