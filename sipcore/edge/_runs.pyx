"""Plans, and the runs of messages that fared by them (documented in the stub).

What one read brings goes to few places, so a run takes all that leaves to one, of whatever flow, and is handed on in
one piece. The order is kept for each place: only refusals, which go back, may overtake what is forwarded.
"""

from libc.stdint cimport uint32_t, uint64_t

from sipcore.edge._refusing cimport Refusal
from sipcore.edge._texts cimport text_in

from sipcore.edge.actions import Send
from sipcore.edge.memory import request_name
from sipcore.edge.tables import Hop, Side, Transport, canonical_host

cdef enum:
    # Of the tallies of a run the last ones are looked through: a link brings messages of few flows at a time.
    NEAR_TALLIES = 4


cdef class Plan:
    def __init__(self, side, hop, bytes added not None, tuple counts not None, bytes via not None=b"",
                 bytes signing not None=b"", bytes asking not None=b"", place=None, Refusal refusal=None):
        self.side, self.hop, self.place, self.counts, self.refusal = side, hop, place, counts, refusal
        self.via, self.signing, self.asking, self.added = via, signing, asking, added
        self.before, self.between = text_in(via), text_in(signing)
        self.behind, self.extra = text_in(asking), text_in(added)


cdef class KnownLink:
    def __init__(self, link, bytes peer not None, uint64_t number):
        self.link, self.side, self.peer = link, link.side, peer
        self.named = request_name("", link.side, link.remote_host)
        self.source = canonical_host(link.remote_host).encode("utf-8", "surrogateescape")
        self.at.number = number
        self.at.peer, self.at.source = text_in(self.peer), text_in(self.source)
        self.at.port = link.remote_port
        self.at.inside = link.side is Side.INSIDE
        self.at.secure = link.transport is Transport.TLS
        self.at.on_stream = link.transport is not Transport.UDP
        self.at.usual_port = link.transport.default_port

    cdef object hop_at(self, uint32_t port):
        """Where answers go: its clients name few ports."""
        if self.hop is None or self.hop.port != port:
            self.hop = Hop(self.link.transport, self.link.remote_host, port)
        return self.hop


cdef class Tally:
    # What is counted of some messages, and of how many.
    pass


cdef class Run:
    def send(self, bytes data not None):
        return Send(self.hop, self.side, self.link_id, data, self.came_from)

    def sends(self):
        return [self.send(data) for data in self.datas]

    cdef bint leads_to(self, object side, object hop, object place, object came_from):
        """Whether it goes there; two plans with the same place have the same objects, or get two runs."""
        return self.hop is hop and self.place is place and self.side is side and self.came_from is came_from

    cdef int add(self, bytes data, tuple counts) except -1:
        """One message more."""
        cdef Py_ssize_t size, at
        cdef Tally tally
        if self.datas is None:
            self.datas, self.tallies = [], []  # not before, for a message that comes alone is none of a run
        size = len(self.tallies)
        self.datas.append(data)
        for at in range(size - 1, max(size - 1 - NEAR_TALLIES, -1), -1):
            tally = <Tally>self.tallies[at]
            if tally.counts is counts:
                tally.times += 1
                return 0
        tally = Tally.__new__(Tally)
        tally.counts, tally.times = counts, 1
        self.tallies.append(tally)
        return 0


cdef Run begun_run(object side, object hop, object link_id, object came_from, object place, bint answers):
    cdef Run run = Run.__new__(Run)
    run.side, run.hop, run.link_id, run.came_from = side, hop, link_id, came_from
    run.place, run.answers = place, answers
    return run


cdef Run last_of(list runs, bint answers):
    """The last run of refusals, or of what is forwarded; None where it is further back."""
    cdef Py_ssize_t size = len(runs), at
    cdef Run run
    for at in range(size - 1, max(size - 3, -1), -1):
        run = <Run>runs[at]
        if run.answers == answers:
            return run
    return None
