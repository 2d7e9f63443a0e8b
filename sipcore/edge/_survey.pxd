"""The fields of a message that matter to the express lane."""

from libc.stdint cimport uint8_t, uint16_t

from sipcore._index cimport Index
from sipcore.edge._recall cimport Said
from sipcore.edge._siphash cimport Hasher
from sipcore.edge._texts cimport Text

cdef enum:
    # Fields of one name that are looked at; of more only strange messages have.
    MOST_FIELDS = 4
    MOST_EDITED = 16
    MOST_NAMED = 3            # headers of which the configuration has the names
    KINDS = 256               # a slot's id has eight bits


cdef enum Use:
    # What a field is to the lane.
    LEFT_ALONE = 0
    BY_NAME                   # its id is that of many headers
    IDENTITY
    REQUIRED
    ROUTE
    ASSERTION
    VIA
    EDITED
    NOT_HERE                  # its edit is not plain


cdef struct Named:
    # A header that is looked for by its name.
    Text name
    Use use


cdef struct Fields:
    # By their slots: those that are read whole, and those that do not leave as they came.
    int identities[4]         # MOST_FIELDS
    int identity_count
    int required[4]
    int required_count
    int assertions[4]
    int assertion_count
    int routes[4]
    int route_count
    int edited[16]            # MOST_EDITED
    int edited_count


cdef class Survey:
    cdef list kept                    # what the names lie in
    cdef Named named[3]               # MOST_NAMED
    cdef int named_count
    cdef uint8_t of_requests[256]     # KINDS
    cdef uint8_t of_responses[256]

    cdef int use(self, str name, Use use) except -1
    cdef Use use_by_name(self, const uint8_t *name, uint16_t size) noexcept nogil
    cdef bint take(self, const Index *index, Fields *fields) noexcept nogil


cdef void absorb_fields(Hasher *hasher, const Index *index, const int *slots, int count) noexcept nogil
cdef void say_fields(Said *said, const Index *index, const int *slots, int count) noexcept nogil
