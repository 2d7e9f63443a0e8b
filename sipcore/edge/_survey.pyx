"""Which fields of a message count, and which leave in another way than they came: told in one walk over them.

Most fields are nothing to an edge, so what a field is to it is looked up by its id, in a table that is made once. What
the table does not know is left alone.
"""

from libc.stdint cimport uint8_t, uint16_t
from libc.string cimport memcpy

from sipcore._index cimport (
    H_MAX_FORWARDS,
    H_OTHER,
    H_P_ASSERTED_IDENTITY,
    H_PROXY_REQUIRE,
    H_ROUTE,
    H_SUPPORTED,
    H_VIA,
    Index,
    Slot,
    header_id_of,
)
from sipcore.edge._recall cimport Said, say
from sipcore.edge._siphash cimport Hasher, absorb_bytes, absorb_word
from sipcore.edge._texts cimport Text, text_in


cdef bint keep_slot(int *slots, int *count, int most, int slot) noexcept nogil:
    if count[0] == most:
        return False
    slots[count[0]] = slot
    count[0] += 1
    return True


cdef bint note(Fields *fields, Use use, int slot) noexcept nogil:
    """Keep a field for what it is; false where that is not done here, or there are too many."""
    if use == IDENTITY:
        return keep_slot(fields.identities, &fields.identity_count, MOST_FIELDS, slot)
    if use == REQUIRED:
        return keep_slot(fields.required, &fields.required_count, MOST_FIELDS, slot)
    if use == NOT_HERE or use == ROUTE and not keep_slot(
            fields.routes, &fields.route_count, MOST_FIELDS, slot) or use == ASSERTION and not keep_slot(
            fields.assertions, &fields.assertion_count, MOST_FIELDS, slot):
        return False
    return keep_slot(fields.edited, &fields.edited_count, MOST_EDITED, slot)


cdef void absorb_fields(Hasher *hasher, const Index *index, const int *slots, int count) noexcept nogil:
    cdef const Slot *slot
    cdef int i
    absorb_word(hasher, count)
    for i in range(count):
        slot = &index.slots[slots[i]]
        absorb_bytes(hasher, index.base + slot.value, slot.value_size)


cdef void say_fields(Said *said, const Index *index, const int *slots, int count) noexcept nogil:
    cdef const Slot *slot
    cdef int i
    for i in range(count):
        slot = &index.slots[slots[i]]
        say(said, index.base + slot.value, slot.value_size)


cdef class Survey:
    def __init__(self, str mark not None, str assertion not None, str notice=None, *, bint retracts=False):
        self.kept = []
        self.of_responses[<int>H_VIA] = VIA
        self.of_responses[<int>H_P_ASSERTED_IDENTITY] = IDENTITY
        self.of_responses[<int>H_PROXY_REQUIRE] = REQUIRED
        if retracts:
            self.of_responses[<int>H_SUPPORTED] = NOT_HERE
        memcpy(self.of_requests, self.of_responses, KINDS)
        self.of_requests[<int>H_MAX_FORWARDS] = EDITED
        self.of_requests[<int>H_ROUTE] = ROUTE
        self.use(assertion, ASSERTION)
        self.use(mark, EDITED)
        if notice is not None:
            self.use(notice, NOT_HERE)

    cdef int use(self, str name, Use use) except -1:
        """What is to be done with a header of that name; one that means something else too is not dealt with here."""
        cdef bytes data = name.encode()
        cdef Text text = text_in(data)
        cdef int kind = header_id_of(text.data, text.size)
        if kind == H_OTHER:
            self.kept.append(data)
            self.named[self.named_count] = Named(text, use)
            self.named_count += 1
            self.of_requests[kind] = self.of_responses[kind] = BY_NAME
        elif self.of_requests[kind] == LEFT_ALONE:
            self.of_requests[kind] = self.of_responses[kind] = use
        else:
            self.of_requests[kind] = self.of_responses[kind] = NOT_HERE
        return 0

    cdef Use use_by_name(self, const uint8_t *name, uint16_t size) noexcept nogil:
        cdef const Named *known
        cdef int i, at
        for i in range(self.named_count):
            known = &self.named[i]
            if known.name.size != size:
                continue
            at = 0
            # Or-ing 0x20 folds letters and leaves every other byte of a token apart.
            while at < size and (name[at] | 0x20) == (known.name.data[at] | 0x20):
                at += 1
            if at == size:
                return known.use
        return LEFT_ALONE

    cdef bint take(self, const Index *index, Fields *fields) noexcept nogil:
        """Note all that count or leave in another way; false where a message has too many, or what is not done here."""
        cdef const uint8_t *uses = &self.of_requests[0] if index.status == 0 else &self.of_responses[0]
        cdef Use use
        cdef int i
        fields.identity_count = fields.required_count = fields.assertion_count = 0
        fields.route_count = fields.edited_count = 0
        for i in range(index.count):
            use = <Use>uses[index.slots[i].id]
            if use == BY_NAME:
                use = self.use_by_name(index.base + index.slots[i].name, index.slots[i].name_size)
            if use == LEFT_ALONE or use == VIA and i != index.first[<int>H_VIA]:
                continue
            if not note(fields, use, i):
                return False
        return True
