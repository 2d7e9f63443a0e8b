"""The answer to a request that the filter refuses, natively: as `sipcore.edge.answers` would write it.

A refusal is of a flow whose requests are forwarded otherwise, so all that is known of it but the request is known
before: what stands around the copied fields, and what is counted. Spim comes at line rate; an answer at a microsecond
keeps it from being a way to slow an edge down.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy

from sipcore._cursor cimport is_present
from sipcore._parser cimport Message
from sipcore._respond cimport Noted, Part, responded
from sipcore._sound cimport Sound
from sipcore._syntax cimport ViaSpans
from sipcore.edge._keyed cimport Signer, write_hex
from sipcore.edge._notes cimport BRANCH_SIZE, COOKIE_SIZE, Link, branch_digest, stamp
from sipcore.edge._splicing cimport Sheet, Splice, start_sheet
from sipcore.edge._texts cimport port_of

cdef enum:
    TAG_NAME_SIZE = 5         # of ";tag="
    TAG_SIZE = 37


cdef class Refusal:
    def __init__(self, decision, dict counts not None, bytes before not None, bytes behind not None):
        self.decision, self.counts, self.before, self.behind = decision, counts, before, behind


cdef Part part_of(bytes data) noexcept:
    return Part(<const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cdef uint32_t port_back(const ViaSpans *via, const Link *link) noexcept nogil:
    """The port that an answer goes to (RFC 3581 section 4); on a stream, where to connect when it is gone."""
    return link.port if not link.on_stream and is_present(via.rport) else port_of(via, link.usual_port)


cdef str branch_of(Signer branches, Message message, const Sound *sound):
    """The branch that the request would have left with, by which it is remembered."""
    cdef uint8_t branch[BRANCH_SIZE]
    memcpy(branch, b"z9hG4bK", COOKIE_SIZE)
    write_hex(branch_digest(branches.current, message.index.base, &sound.via, sound), &branch[COOKIE_SIZE])
    return branch[:BRANCH_SIZE].decode("ascii")


cdef bytes refused(Message message, const Sound *sound, const Link *link, Signer tags, Refusal refusal):
    """The answer; None where the note of where the request came from has no room."""
    cdef Sheet sheet
    cdef const Splice *note = &sheet.splices[0]
    cdef Noted noted = Noted(0, 0, Part(NULL, 0))
    cdef uint8_t tag[TAG_SIZE]
    start_sheet(&sheet)
    if not stamp(&sheet, message.index.base, &sound.via, link):
        return None
    if sheet.count > 0:
        noted = Noted(note.start, note.end, Part(note.text.data, note.text.size))
    memcpy(tag, b";tag=", TAG_NAME_SIZE)
    write_hex(branch_digest(tags.current, message.index.base, &sound.via, sound), &tag[TAG_NAME_SIZE])
    return responded(message, part_of(refusal.before), part_of(refusal.behind),
                     Part(&tag[0], 0 if is_present(sound.recipient.tag) else TAG_SIZE), &noted)
