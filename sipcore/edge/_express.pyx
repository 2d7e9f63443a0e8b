"""The express lane: a message whose decision is kept, from its bytes to those that leave (documented in the stub).

    sound?  -> on a link, with fields, that are plain? -> its key -> a plan? -> clean? -> branch and way -> spliced
                                                                                └─ no: blocked? -> tag -> answered

Every question that is answered "no" or "not sure" ends it: the message is then dealt with like any other, by
`sipcore.edge.engine`, which is the only place where anything is decided, counted or remembered; how a request is
answered that the filter blocks is part of a plan. What leaves is, byte for byte, what the engine would send; the tests
play one against the other.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr

from sipcore._cursor cimport Cursor, Span, equals_folded, is_present
from sipcore._index cimport FOLDED, H_MAX_FORWARDS, H_VIA, Index, Slot
from sipcore._parser cimport Message
from sipcore._sound cimport Sound, read_but_routes, read_routes
from sipcore._syntax cimport Param, next_uri_param
from sipcore.edge._keyed cimport HEX_DIGITS, Signer, write_hex
from sipcore.edge._notes cimport (
    BRANCH_SIZE,
    COOKIE_SIZE,
    Link,
    Way,
    branch_digest,
    find_once,
    has_param,
    is_branch_of,
    is_way_of,
    note_way,
    read_way_back,
    stamp,
    way_digest,
)
from sipcore.edge._places cimport Places
from sipcore.edge._recall cimport Recall, Said, end_saying, say, say_nothing, say_span, say_word
from sipcore.edge._refusing cimport branch_of, port_back, refused
from sipcore.edge._runs cimport KnownLink, Plan, Run, begun_run, last_of
from sipcore.edge._siphash cimport (
    DIGEST_BYTES,
    Digest,
    Hasher,
    Key,
    absorb_span,
    absorb_word,
    begun,
    finished,
)
from sipcore.edge._splicing cimport Sheet, splice, spliced, start_sheet, write, write_number, written_since
from sipcore.edge._survey cimport Fields, Survey, absorb_fields, say_fields
from sipcore.edge._texts cimport (
    TCP,
    TLS,
    UDP,
    UNSPOKEN,
    Spoken,
    Text,
    absorb,
    is_bracketed,
    same_host,
    spoken_in,
    text_at,
    unbracketed,
)
from sipcore.imfilter._gate cimport Gate
from sipcore.imfilter._walking cimport RELEASE_THE_GIL_FROM

from sipcore.errors import ParseError
from sipcore.edge.memory import RecentlyUsed
from sipcore.imfilter.verdict import PREFIX

cdef enum:
    # Digits of Max-Forwards that an edit takes.
    MOST_DIGITS = 10
    # Room for what is added: all of it, the note in the client's Via, and lines.
    MOST_ADDED = 4096
    LONGEST_NOTE = 128
    MOST_LINES = 8

cdef enum:
    # Bits of the last word of a flow's key.
    INSIDE = 1
    MADDR = 2
    TO_TAG = 4
    ANSWER = 8
    TO_SUBSCRIBER = 16


# -- the fields of a message -------------------------------------------------------------------------------------------

cdef bint says_maddr(const uint8_t *base, Span params) noexcept nogil:
    cdef Cursor cursor = Cursor(base, params.start, params.end)
    cdef Param param
    while next_uri_param(&cursor, &param):
        if equals_folded(base, param.name, b"maddr", 5):
            return True
    return False


cdef bint is_plain_field(const Index *index, const Slot *slot) noexcept nogil:
    """A field in one line, in which nothing but a comma ends a value of its list."""
    cdef const uint8_t *value = index.base + slot.value
    return (not slot.flags & FOLDED and memchr(value, c'"', slot.value_size) == NULL
            and memchr(value, c'<', slot.value_size) == NULL)


cdef bint splice_hops(const Index *index, const Slot *slot, uint64_t hops, Sheet *sheet) noexcept nogil:
    cdef uint32_t start = sheet.used
    return slot.value_size <= MOST_DIGITS and write_number(sheet, hops) and splice(
        sheet, slot.value, slot.value + slot.value_size, written_since(sheet, start))


# -- the lane ----------------------------------------------------------------------------------------------------------

cdef class Express:
    cdef Signer branches, ways, routes, tags
    cdef Key flow_key
    cdef Gate gate
    cdef object peer_of, link_at, check, told
    cdef bint by_user, refuses_links
    cdef Places places
    cdef Survey survey
    cdef object plans, links
    cdef Recall recall
    cdef uint64_t links_known
    cdef KnownLink last
    cdef Plan taken
    cdef uint32_t refused_to
    cdef tuple counts
    cdef double now
    cdef uint32_t most_head, most_lines, most_vias

    def __init__(self, signers, own, headers, peer_of, link_at, limits, gate=None, check=None, told=None, *,
                 by_user=False, retracts=False, refuses_links=False, capacity=8192):
        self.branches, self.ways, self.routes, flows, self.tags = signers
        self.flow_key = (<Signer?>flows).current
        self.gate, self.peer_of, self.link_at, self.check, self.told = gate, peer_of, link_at, check, told
        self.by_user, self.refuses_links = by_user, refuses_links
        self.plans, self.links = RecentlyUsed(capacity), RecentlyUsed(capacity)
        self.recall = Recall(self.flow_key.low)
        self.places = Places(own)
        # No field is longer than its head, so that is all that is looked at.
        self.most_head = max(0, min(limits.head - MOST_ADDED, limits.header - LONGEST_NOTE))
        self.most_lines, self.most_vias = max(0, limits.headers - MOST_LINES), limits.via - 1
        self.survey = Survey(*headers, retracts=retracts)

    cdef KnownLink known(self, link):
        """What is known of a link; of one whose number another had before, anew."""
        cdef KnownLink found = self.last
        if found is not None and found.link is link:
            return found
        found = self.links.get(link.id)
        if found is None or found.link is not link:
            self.links_known += 1
            found = KnownLink(link, self.peer_of(link).encode("utf-8", "surrogateescape"), self.links_known)
            self.links.put(link.id, found)
        self.last = found
        return found

    # keys

    cdef Hasher begun_key(
            self, const uint8_t *base, const Sound *sound, const Link *link, uint64_t generation) noexcept nogil:
        cdef Hasher hasher = begun(self.flow_key)
        absorb_word(&hasher, generation)
        absorb(&hasher, link.peer)
        absorb_span(&hasher, base, sound.sender_uri.host)
        absorb_span(&hasher, base, sound.recipient_uri.host)
        if self.by_user:
            absorb_span(&hasher, base, sound.sender_uri.user)
            absorb_span(&hasher, base, sound.recipient_uri.user)
        return hasher

    cdef Digest request_key(self, const Index *index, const Sound *sound, const Fields *fields, const Link *link,
                            Span route, bint to_subscriber, uint64_t generation) noexcept nogil:
        """As `FlowKeys.of`: what policy reads of a request, in this engine."""
        cdef const uint8_t *base = index.base
        cdef Hasher hasher = self.begun_key(base, sound, link, generation)
        absorb_span(&hasher, base, index.method)
        absorb_span(&hasher, base, sound.uri.host)
        if self.by_user:
            absorb_span(&hasher, base, sound.uri.user)
        absorb_span(&hasher, base, route)
        absorb_fields(&hasher, index, fields.identities, fields.identity_count)
        absorb_fields(&hasher, index, fields.required, fields.required_count)
        absorb_fields(&hasher, index, fields.assertions, fields.assertion_count)
        absorb_word(&hasher, INSIDE * link.inside | MADDR * says_maddr(base, sound.uri.params)
                    | TO_TAG * is_present(sound.recipient.tag) | TO_SUBSCRIBER * to_subscriber)
        return finished(&hasher, 0, 0)

    cdef Digest response_key(self, const Index *index, const Sound *sound, const Fields *fields, const Link *link,
                             const Way *way, uint64_t generation) noexcept nogil:
        """What policy reads of a response, and where it goes."""
        cdef const uint8_t *base = index.base
        cdef Hasher hasher = self.begun_key(base, sound, link, generation)
        absorb_span(&hasher, base, sound.cseq.method)
        absorb_word(&hasher, way.transport)
        absorb(&hasher, way.host)
        absorb_word(&hasher, way.port)
        absorb_word(&hasher, way.source_port)
        absorb_fields(&hasher, index, fields.identities, fields.identity_count)
        absorb_fields(&hasher, index, fields.assertions, fields.assertion_count)
        absorb_word(&hasher, ANSWER | INSIDE * link.inside)
        return finished(&hasher, 0, 0)

    # what is said: all that a key is over, and the dialog that Routes are verified for

    cdef void begin_saying(self, Message message, const Sound *sound, const Fields *fields, const Link *link,
                           uint64_t generation, uint64_t kind, Said *said) noexcept nogil:
        cdef const uint8_t *base = message.index.base
        say_nothing(said)
        say_word(said, link.number)
        say_word(said, generation)
        say_word(said, kind | <uint64_t>fields.identity_count << 8 | <uint64_t>fields.required_count << 16
                 | <uint64_t>fields.assertion_count << 24 | <uint64_t>message.most_params << 32)
        say_span(said, base, sound.sender_uri.host)
        say_span(said, base, sound.recipient_uri.host)
        if self.by_user:
            say_span(said, base, sound.sender_uri.user)
            say_span(said, base, sound.recipient_uri.user)
        say_fields(said, &message.index, fields.identities, fields.identity_count)
        say_fields(said, &message.index, fields.required, fields.required_count)
        say_fields(said, &message.index, fields.assertions, fields.assertion_count)

    cdef void say_request(self, Message message, const Sound *sound, const Fields *fields, const Link *link,
                          uint64_t generation, Said *said) noexcept nogil:
        """With a Route, also what its signature is over: who has said the same has the same right to it."""
        cdef const uint8_t *base = message.index.base
        self.begin_saying(message, sound, fields, link, generation, MADDR * says_maddr(base, sound.uri.params)
                          | TO_TAG * is_present(sound.recipient.tag), said)
        say_span(said, base, message.index.method)
        say_span(said, base, sound.uri.host)
        if self.by_user:
            say_span(said, base, sound.uri.user)
        if fields.route_count:
            say_span(said, base, sound.call_id)
            say_span(said, base, sound.sender.tag)
            say_span(said, base, sound.recipient.tag)
            say_fields(said, &message.index, fields.routes, fields.route_count)
        end_saying(said)

    cdef void say_response(self, Message message, const Sound *sound, const Fields *fields, const Link *link,
                           const Way *way, uint64_t generation, Said *said) noexcept nogil:
        self.begin_saying(message, sound, fields, link, generation, ANSWER, said)
        say_span(said, message.index.base, sound.cseq.method)
        say_word(said, way.transport)
        say_word(said, <uint64_t>way.port << 32 | way.source_port)
        say(said, way.host.data, way.host.size)
        end_saying(said)

    # what leaves

    cdef bint splice_fields(self, const Index *index, const Fields *fields, const Sound *sound, const Link *link,
                            Text own, Sheet *sheet) noexcept nogil:
        """In the order of the message: our Via on or off, hops counted, routes, marks and assertions off."""
        cdef const Slot *slot
        cdef uint32_t end
        cdef int i
        for i in range(fields.edited_count):
            slot = &index.slots[fields.edited[i]]
            end = index.slots[fields.edited[i] + 1].name if fields.edited[i] + 1 < index.count else index.head_size - 2
            if slot.id == H_VIA and index.status == 0:
                if not (splice(sheet, slot.name, slot.name, own) and stamp(sheet, index.base, &sound.via, link)):
                    return False
            elif slot.id == H_MAX_FORWARDS and index.status == 0:
                if not splice_hops(index, slot, sound.hops - 1, sheet):
                    return False
            elif not splice(sheet, slot.name, end, own if slot.id == H_VIA else Text(index.base, 0)):
                return False
        return True

    cdef bint splice_end(self, const Index *index, Text added, Sheet *sheet) noexcept nogil:
        """Behind the last field: the length, which a datagram may leave out, and our words."""
        cdef uint32_t start = sheet.used, end = index.head_size - 2
        if not index.has_length and not (write(sheet, b"Content-Length: ", 16) and write_number(sheet, index.body_size)
                                         and write(sheet, b"\r\n", 2)):
            return False
        return write(sheet, added.data, added.size) and splice(sheet, end, end, written_since(sheet, start))

    cdef bint is_clean(self, Message message):
        """Whether the filter finds nothing; it does not look at a response without a body."""
        cdef Gate gate = self.gate
        cdef bint clean
        if gate is None or message.index.status != 0 and message.index.body_size == 0:
            return True
        if message.index.body_size < RELEASE_THE_GIL_FROM:
            return gate.is_clean_index(&message.index)
        with nogil:
            clean = gate.is_clean_index(&message.index)
        return clean

    cdef bint has_room(self, const Index *index) noexcept nogil:
        """Whether it will be within the limits with all that is added to it."""
        return index.head_size <= self.most_head and index.count <= self.most_lines

    # requests

    cdef bint may_take(self, const Index *index, const Sound *sound, const Link *link) noexcept nogil:
        """Whether a request is one of those whose edit is plain."""
        cdef Spoken came_by = TLS if link.secure else TCP if link.on_stream else UDP
        return (self.has_room(index) and sound.vias <= self.most_vias
                and spoken_in(index.base, sound.via.transport) == came_by and sound.counts_hops
                and is_plain_field(index, &index.slots[index.first[<int>H_VIA]])
                and (not is_bracketed(text_at(index.base, sound.via.host))
                     or same_host(unbracketed(text_at(index.base, sound.via.host)), link.source))
                and (sound.vias == 1 or not self.places.may_have_been_here(index)))

    cdef bint takes_request(
            self, const Index *index, const Sound *sound, const Link *link, Fields *fields) noexcept nogil:
        """Whether a request is one of those whose edit is plain; then which of its fields count."""
        return self.may_take(index, sound, link) and self.survey.take(index, fields)

    cdef bint read_request(self, Message message, Sound *sound, const Fields *fields, const Link *link,
                           uint64_t generation, Digest *key) noexcept nogil:
        cdef Span route = Span(0, 0)
        cdef bint to_subscriber = False
        if sound.route_fields and not (read_routes(message, sound) and self.places.read_routes(
                self.routes, message, sound, link.inside, &route, &to_subscriber)):
            return False
        key[0] = self.request_key(&message.index, sound, fields, link, route, to_subscriber, generation)
        return True

    cdef Plan plan_of_request(
            self, Message message, Sound *sound, const Fields *fields, const Link *link, uint64_t generation):
        cdef Said said
        cdef Digest key
        cdef Plan plan
        self.say_request(message, sound, fields, link, generation, &said)
        plan = <Plan>self.recall.find(&said)
        if plan is None and self.read_request(message, sound, fields, link, generation, &key):
            plan = self.plan_of(key)
            if plan is not None:
                self.recall.keep(&said, plan)
        return plan

    cdef bint write_via(self, const uint8_t *base, const Sound *sound, const Link *link, Plan plan,
                        Sheet *sheet) noexcept nogil:
        """Our line; signed where a response may come back by it."""
        cdef uint8_t digits[HEX_DIGITS]
        cdef uint32_t branch = plan.before.size - COOKIE_SIZE
        cdef Way way
        write_hex(branch_digest(self.branches.current, base, &sound.via, sound), digits)
        if not (write(sheet, plan.before.data, plan.before.size) and write(sheet, digits, HEX_DIGITS)):
            return False
        if plan.between.size:
            note_way(base, &sound.via, link, spoken_in(base, sound.via.transport), &way)
            write_hex(way_digest(self.ways.current, Text(&sheet.room[branch], BRANCH_SIZE), &way), digits)
            if not (write(sheet, plan.between.data, plan.between.size) and write(sheet, digits, HEX_DIGITS)):
                return False
        return write(sheet, plan.behind.data, plan.behind.size)

    cdef bint rewrite_request(
            self, const Index *index, const Fields *fields, const Sound *sound, const Link *link, Plan plan,
            Sheet *sheet) noexcept nogil:
        start_sheet(sheet)
        return (self.write_via(index.base, sound, link, plan, sheet)
                and self.splice_fields(index, fields, sound, link, written_since(sheet, 0), sheet)
                and self.splice_end(index, plan.extra, sheet))

    cdef bytes carried_request(self, Message message, Sound *sound, KnownLink link, uint64_t generation):
        cdef Fields fields
        cdef Sheet sheet
        cdef Plan plan
        if not self.takes_request(&message.index, sound, &link.at, &fields):
            return None
        plan = self.plan_of_request(message, sound, &fields, &link.at, generation)
        if plan is None:
            return None
        if not self.is_clean(message):
            if plan.refusal is None:
                return None
            if self.refuses_links and self.gate.has_plain_link(&message.index):
                return self.refused_request(message, sound, link, plan, None)
            verdict = self.check(message)
            if verdict.blocked:
                return self.refused_request(message, sound, link, plan, verdict)
            if verdict.findings:
                return None
        if not self.rewrite_request(&message.index, &fields, sound, &link.at, plan, &sheet):
            return None
        self.taken, self.refused_to, self.counts = plan, 0, plan.counts
        return spliced(message, &sheet)

    cdef bytes refused_request(self, Message message, const Sound *sound, KnownLink link, Plan plan, verdict):
        """The answer to a request that the filter blocks; for a link where there is no verdict."""
        cdef bytes answer = refused(message, sound, &link.at, self.tags, plan.refusal)
        if answer is not None:
            self.taken, self.refused_to = plan, port_back(&sound.via, &link.at)
            self.counts = plan.refusal.counts[PREFIX if verdict is None else verdict.worst.kind]
            self.told(message, link.link, branch_of(self.branches, message, sound) + link.named,
                      is_present(sound.recipient.tag), plan.refusal.decision, verdict, self.now)
        return answer

    # responses

    cdef bint takes_response(self, const Index *index, const Sound *sound, const Link *link, Fields *fields,
                             Way *way) noexcept nogil:
        """Whether it answers what we forwarded, and where it then goes (RFC 3261 section 16.11)."""
        cdef const Slot *slot = &index.slots[index.first[<int>H_VIA]]
        cdef Text branch = text_at(index.base, sound.via.branch)
        cdef Span signature
        if sound.vias < 2 or not is_plain_field(index, slot) or sound.via.whole.end != slot.value + slot.value_size:
            return False
        if memchr(index.base + sound.below.whole.start, c'"', sound.below.whole.end - sound.below.whole.start) != NULL:
            return False
        return (self.has_room(index) and self.places.listens(index.base, &sound.via, link.inside)
                and is_branch_of(self.branches, branch, index.base, sound)
                and find_once(index.base, sound.via.params, b"sig", 3, &signature) and is_present(signature)
                and not has_param(index.base, sound.via.params, b"be", 2)
                and read_way_back(index.base, &sound.below, way) != UNSPOKEN
                and is_way_of(self.ways, text_at(index.base, signature), branch, way)
                and self.survey.take(index, fields))

    cdef Plan plan_of_response(self, Message message, const Sound *sound, const Fields *fields, const Link *link,
                               const Way *way, uint64_t generation):
        cdef Said said
        cdef Plan plan
        self.say_response(message, sound, fields, link, way, generation, &said)
        plan = <Plan>self.recall.find(&said)
        if plan is None:
            plan = self.plan_of(self.response_key(&message.index, sound, fields, link, way, generation))
            if plan is not None:
                self.recall.keep(&said, plan)
        return plan

    cdef bytes carried_response(self, Message message, const Sound *sound, KnownLink link, uint64_t generation):
        cdef Fields fields
        cdef Way way
        cdef Sheet sheet
        cdef Plan plan
        if not self.takes_response(&message.index, sound, &link.at, &fields, &way):
            return None
        plan = self.plan_of_response(message, sound, &fields, &link.at, &way, generation)
        if plan is None or not self.is_clean(message):
            return None
        start_sheet(&sheet)
        if not (self.splice_fields(&message.index, &fields, sound, &link.at, Text(message.index.base, 0), &sheet)
                and self.splice_end(&message.index, plan.extra, &sheet)):
            return None
        self.taken, self.refused_to, self.counts = plan, 0, plan.counts[message.index.status // 100]
        return spliced(message, &sheet)

    # both

    cdef Plan plan_of(self, Digest key):
        return self.plans.get(PyBytes_FromStringAndSize(<const char *>&key, DIGEST_BYTES))

    cdef bytes carried(self, Message message, KnownLink link, uint64_t generation):
        """What leaves in the place of a message, by the plan then `taken`; None where the lane is not for it."""
        cdef Sound sound
        if not read_but_routes(message, &sound):
            return None
        if message.index.status == 0:
            return self.carried_request(message, &sound, link, generation)
        return self.carried_response(message, &sound, link, generation)

    cdef Run run_for(self, Run run, Message message, KnownLink link):
        """The run for the message that was just carried: that one if it goes there, or a new one."""
        cdef Plan plan = self.taken
        cdef object side = plan.side, hop = plan.hop, came_from = None, link_id = None
        if self.refused_to:
            side, hop = link.side, link.hop_at(self.refused_to)
        elif message.index.status == 0:
            came_from = link.side
        if run is not None and run.leads_to(side, hop, plan.place, came_from):
            return run
        if self.refused_to:
            link_id = link.link.id if link.at.on_stream else None
        elif plan.place is not None:
            link_id = self.link_at(plan.place)
        return begun_run(side, hop, link_id, came_from, plan.place, self.refused_to != 0)

    def carry(self, Message message not None, link, uint64_t generation, double now=0.0):
        cdef KnownLink known = self.known(link)
        cdef bytes data
        cdef Run run
        self.now = now
        data = self.carried(message, known, generation)
        if data is None:
            return None
        run = self.run_for(None, message, known)
        return [self.counts[0], run.send(data), *self.counts[1:]]

    def carry_all(self, take, link, uint64_t generation, double now=0.0):
        cdef KnownLink known = self.known(link)
        cdef list runs = []
        cdef Run run, last
        cdef Message message
        cdef bytes data
        self.now = now
        while True:
            try:
                message = take()
            except ParseError:
                if not runs:
                    raise
                message = None  # whoever is asked again says so again
            if message is None:
                return runs, None
            data = self.carried(message, known, generation)
            if data is None:
                return runs, message
            last = last_of(runs, self.refused_to != 0)
            run = self.run_for(last, message, known)
            if run is not last:
                runs.append(run)
            run.add(data, self.counts)

    cdef bint read_key(
            self, Message message, Sound *sound, const Link *link, uint64_t generation, Digest *key) noexcept nogil:
        """The key of a message, where the lane may be for it."""
        cdef const Index *index = &message.index
        cdef Fields fields
        cdef Way way
        if not read_but_routes(message, sound):
            return False
        if index.status == 0:
            return (self.takes_request(index, sound, link, &fields)
                    and self.read_request(message, sound, &fields, link, generation, key))
        if not self.takes_response(index, sound, link, &fields, &way):
            return False
        key[0] = self.response_key(index, sound, &fields, link, &way, generation)
        return True

    def key(self, Message message not None, link, uint64_t generation):
        cdef Sound sound
        cdef Digest key
        cdef KnownLink known = self.known(link)
        if not self.read_key(message, &sound, &known.at, generation, &key) or self.plan_of(key) is not None:
            return None
        return PyBytes_FromStringAndSize(<const char *>&key, DIGEST_BYTES)

    def keep(self, bytes key not None, Plan plan not None):
        self.plans.put(key, plan)
