"""Plans, the links that messages come on, and the runs that they leave in, for the express lane."""

from libc.stdint cimport uint32_t, uint64_t

from sipcore.edge._notes cimport Link
from sipcore.edge._refusing cimport Refusal
from sipcore.edge._texts cimport Text


cdef class Plan:
    cdef object side, hop, place
    cdef bytes via, signing, asking, added
    cdef tuple counts
    cdef Refusal refusal
    cdef Text before, between, behind, extra


cdef class KnownLink:
    # A link with what is read of it for every message.
    cdef object link, side, hop
    cdef str named            # what the names of its requests end with
    cdef bytes peer, source
    cdef Link at

    cdef object hop_at(self, uint32_t port)


cdef class Tally:
    cdef readonly tuple counts
    cdef readonly Py_ssize_t times


cdef class Run:
    cdef readonly object side, hop, link_id, came_from
    cdef readonly list datas, tallies
    cdef object place
    cdef bint answers         # these are refusals, not what is forwarded

    cdef bint leads_to(self, object side, object hop, object place, object came_from)
    cdef int add(self, bytes data, tuple counts) except -1


cdef Run begun_run(object side, object hop, object link_id, object came_from, object place, bint answers)
cdef Run last_of(list runs, bint answers)
