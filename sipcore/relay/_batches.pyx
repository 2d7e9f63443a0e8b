"""Datagrams of a UDP socket, as many as are there in one call of the system (documented in the stub).

The memory that they are read into is as large as the longest ones would need, and costs what was ever written of it:
the system gives pages as they are touched. What is taken from it leaves as bytes of its own size, so that a message
that is kept keeps nothing else. By these calls a message costs the relay 3.7 us, by one call for each datagram 3.9, and
with Python around each of those 5.3 (MESSAGE, 256 on the way; medians of 7 turns).

The GIL is held meanwhile: neither call waits for anything, and to give it up and take it back costs more than others
could do in that time.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_SetFromErrno
from cpython.unicode cimport PyUnicode_AsUTF8
from libc.errno cimport EAGAIN, ECONNREFUSED, EINTR, errno
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memset

from sipcore._parser cimport Message

from sipcore._parser import parse
from sipcore.edge.memory import RecentlyUsed
from sipcore.errors import ParseError

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    enum:
        AF_INET
        AF_INET6
        MSG_TRUNC
    struct iovec:
        void *iov_base
        size_t iov_len
    struct msghdr:
        void *msg_name
        socklen_t msg_namelen
        iovec *msg_iov
        size_t msg_iovlen
        int msg_flags

cdef extern from "relay/_batches.h" nogil:
    enum:
        SIP_HAS_BATCHES
        SIP_LONGEST_HOST
        SIP_PLACE_KEY
    ctypedef struct sip_datagram:
        msghdr msg_hdr
        unsigned int msg_len
    ctypedef union sip_place:
        pass
    int sip_receive_singly(int descriptor, sip_datagram *datagrams, unsigned int most) noexcept
    int sip_receive_batch(int descriptor, sip_datagram *datagrams, unsigned int most) noexcept
    int sip_send_singly(int descriptor, sip_datagram *datagrams, unsigned int most) noexcept
    int sip_send_batch(int descriptor, sip_datagram *datagrams, unsigned int most) noexcept
    size_t sip_place_key(const sip_place *place, uint8_t *key) noexcept
    int sip_place_port(const sip_place *place) noexcept
    const char *sip_place_host(const sip_place *place, char *host) noexcept
    socklen_t sip_read_place(int family, const char *host, int port, sip_place *place) noexcept

cdef enum:
    # Datagrams of one call. 32 and more measure the same; more would only delay the streams.
    MOST = 64
    # No datagram is longer, its own length has 16 bits.
    LONGEST = 65535
    # From one to the next: not a multiple of a page, or the first bytes of all would share a few lines of the cache.
    STRIDE = LONGEST + 1 + 1088
    # CRLF CRLF, or the four zero bytes that some gateways send: kept-alive mappings, no messages.
    KEEP_ALIVE = 4

HAS_BATCHES = bool(SIP_HAS_BATCHES)


cdef int family_of(str host) except -1:
    return AF_INET6 if ":" in host else AF_INET


# -- arriving ----------------------------------------------------------------------------------------------------------

cdef class Arrivals:
    cdef int descriptor
    cdef bint singly
    cdef object limits, link_to, garbage
    cdef object links           # by the key of a place
    cdef uint8_t *memory
    cdef size_t longest
    cdef sip_datagram datagrams[64]     # MOST, as the next two
    cdef iovec pieces[64]
    cdef sip_place places[64]
    cdef int at, count          # the next to be looked at; how many there are
    cdef Message ahead          # the one before `at`, looked at and not taken
    cdef object link            # what is taken came on, and the key of its place
    cdef uint8_t key[18]        # SIP_PLACE_KEY
    cdef size_t key_size

    def __cinit__(self, int descriptor, limits, link_to, garbage, *, Py_ssize_t peers=8192, size_t longest=LONGEST,
                  bint singly=not SIP_HAS_BATCHES):
        if not 0 < longest <= LONGEST:
            raise ValueError(f"longest is {longest}, expected 1 to {LONGEST}")
        self.memory = <uint8_t *>malloc(MOST * STRIDE)
        if self.memory == NULL:
            raise MemoryError
        self.descriptor, self.longest, self.singly = descriptor, longest, singly
        self.limits, self.link_to, self.garbage = limits, link_to, garbage
        self.links = RecentlyUsed(peers)
        self.lay_out()

    def __dealloc__(self):
        free(self.memory)

    cdef void lay_out(self) noexcept:
        """Where each datagram goes, and the name of its sender."""
        cdef int i
        for i in range(MOST):
            self.pieces[i].iov_base, self.pieces[i].iov_len = self.memory + i * STRIDE, self.longest
            self.datagrams[i].msg_hdr.msg_iov, self.datagrams[i].msg_hdr.msg_iovlen = &self.pieces[i], 1
            self.datagrams[i].msg_hdr.msg_name = &self.places[i]
            self.datagrams[i].msg_hdr.msg_namelen = sizeof(sip_place)

    def receive(self):
        cdef int i
        if self.left:
            return
        for i in range(self.count):
            self.datagrams[i].msg_hdr.msg_namelen = sizeof(sip_place)  # what was there is overwritten with what came
        self.at = 0
        self.count = self.received()

    cdef int received(self) except -1:
        cdef int count
        while True:
            if self.singly:
                count = sip_receive_singly(self.descriptor, self.datagrams, MOST)
            else:
                count = sip_receive_batch(self.descriptor, self.datagrams, MOST)
            if count >= 0:
                return count
            if errno == EAGAIN:  # EWOULDBLOCK is the same one wherever this compiles
                return 0
            # The latter is told of a datagram that was sent, which nobody at its end took; reading goes on behind it.
            if errno != EINTR and errno != ECONNREFUSED:
                PyErr_SetFromErrno(OSError)

    @property
    def left(self):
        return self.at < self.count or self.ahead is not None

    def next_link(self):
        if not self.look_ahead():
            return None
        if not self.is_from_same():
            self.turn_to_sender()
        return self.link

    def next_message(self):
        cdef Message message
        if not self.look_ahead() or not self.is_from_same():
            return None
        message, self.ahead = self.ahead, None
        return message

    def hears(self, str host not None, int port):
        cdef sip_place place
        cdef uint8_t key[SIP_PLACE_KEY]
        if not sip_read_place(family_of(host), PyUnicode_AsUTF8(host), port, &place):
            return False
        return self.links.get(PyBytes_FromStringAndSize(<char *>key, sip_place_key(&place, key))) is not None

    cdef bint look_ahead(self) except -1:
        """Whether there is one more message; what is none is counted, and passed over."""
        while self.ahead is None and self.at < self.count:
            self.at += 1
            self.ahead = self.message_at(self.at - 1)
        return self.ahead is not None

    cdef Message message_at(self, int i):
        cdef size_t size = self.datagrams[i].msg_len
        # Never answered: on UDP the answer to a keep-alive is STUN (RFC 5626 section 3.5.2), which is not spoken here.
        if size <= KEEP_ALIVE:
            self.garbage("keep-alive")
            return None
        if self.datagrams[i].msg_hdr.msg_flags & MSG_TRUNC:
            self.garbage("datagram-too-long")
            return None
        try:
            return parse(PyBytes_FromStringAndSize(<char *>self.memory + i * STRIDE, size), self.limits)
        except ParseError as error:
            self.garbage(error.code)
            return None

    cdef bint is_from_same(self) noexcept:
        """Whether the message ahead came on the link of the one before. Most do."""
        cdef uint8_t key[SIP_PLACE_KEY]
        cdef size_t size = sip_place_key(&self.places[self.at - 1], key)
        return size == self.key_size and memcmp(key, self.key, size) == 0

    cdef int turn_to_sender(self) except -1:
        """The link of who sent the message ahead: the one it is known by, or a new one."""
        cdef const sip_place *place = &self.places[self.at - 1]
        cdef char host[SIP_LONGEST_HOST]
        self.key_size = 0  # of nobody, if this should fail
        cdef size_t size = sip_place_key(place, self.key)
        cdef bytes key = PyBytes_FromStringAndSize(<char *>self.key, size)
        self.link = self.links.get(key)
        if self.link is None:
            self.link = self.link_to(sip_place_host(place, host).decode(), sip_place_port(place))
            self.links.put(key, self.link)
        self.key_size = size


# -- leaving -----------------------------------------------------------------------------------------------------------

cdef int lay_out(list datas, Py_ssize_t start, sip_place *place, socklen_t size, sip_datagram *datagrams,
                 iovec *pieces) except -1:
    """As many as one call takes, all to one place."""
    cdef int i, count = <int>min(<Py_ssize_t>MOST, len(datas) - start)
    cdef bytes data
    for i in range(count):
        data = datas[start + i]
        pieces[i].iov_base, pieces[i].iov_len = PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data)
        memset(&datagrams[i], 0, sizeof(sip_datagram))
        datagrams[i].msg_hdr.msg_name, datagrams[i].msg_hdr.msg_namelen = place, size
        datagrams[i].msg_hdr.msg_iov, datagrams[i].msg_hdr.msg_iovlen = &pieces[i], 1
    return count


def send_all(int descriptor, str host not None, int port, list datas not None, *, bint singly=not SIP_HAS_BATCHES):
    cdef sip_datagram datagrams[64]     # MOST
    cdef iovec pieces[64]
    cdef sip_place place
    cdef list left = []
    cdef Py_ssize_t start = 0
    cdef int at, count, sent
    cdef socklen_t size = sip_read_place(family_of(host), PyUnicode_AsUTF8(host), port, &place)
    if not size:
        return datas[:]
    while start < len(datas):
        count, at = lay_out(datas, start, &place, size, datagrams, pieces), 0
        while at < count:
            sent = (sip_send_singly if singly else sip_send_batch)(descriptor, datagrams + at, count - at)
            if sent > 0:
                at += sent
            elif errno != EINTR:
                left.append(datas[start + at])
                at += 1
        start += count
    return left
