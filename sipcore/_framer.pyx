"""A byte stream to whole messages and keep-alives.

The framer owns blocks of memory. Reads go into the room behind what is there; messages are indexed where they lie. A
message keeps its block, so a block with a living message is never written below its fill mark nor moved: when it
is full, the unfinished rest is copied into a fresh block and the old one is left to its messages. A framer that has
consumed everything lends its block to the next one that reads, which writes it from its start if nobody else keeps it:
so a quiet link holds nothing, and links that take turns all read into the same warm memory.
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memcpy

from sipcore._cursor cimport is_present
from sipcore._index cimport (
    BAD_START_LINE,
    MALFORMED,
    MISSING_CONTENT_LENGTH,
    NOT_SIP_HTTP,
    NOT_SIP_STUN,
    NOT_SIP_TLS,
    PARTIAL,
    Bounds,
    ParseFault,
    bounds_of,
    index_head,
    raise_parse_fault,
)
from sipcore._parser cimport Message, complete_in_block

from sipcore.limits import DEFAULT

cdef extern from "_scan.h" nogil:
    const uint8_t *sip_find_head_end(const uint8_t *p, const uint8_t *end) noexcept

cdef extern from "Python.h" nogil:
    Py_ssize_t Py_REFCNT(PyObject *object) noexcept

cdef enum:
    # One read of a socket: what performs best on loopback, and room for a hundred instant messages.
    BLOCK_SIZE = 65536
    LEAST_ROOM = 4096
    # STUN is known by its fifth to eighth byte (RFC 8489 section 5), TLS and HTTP sooner.
    ENOUGH_TO_RECOGNISE = 8


cdef class Block:
    # Memory that messages point into; what is filled is not written again while one of them lives.
    cdef uint8_t *data
    cdef uint64_t size
    cdef uint64_t filled

    def __cinit__(self, uint64_t size):
        self.data = <uint8_t *>malloc(size or 1)
        if self.data == NULL:
            raise MemoryError
        self.size = size

    def __dealloc__(self):
        free(self.data)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.data, self.size, 1, flags)


# What a framer has that holds nothing: nobody can write to it, so all can share it.
cdef Block NOTHING = Block(0)
# What the next framer that needs a block may take.
cdef Block spare = NOTHING


cdef class Room:
    # The writable rest of a block, as the buffer that get_buffer hands out.
    cdef Block block
    cdef uint64_t start

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.block.data + self.start, self.block.size - self.start, 0, flags)


cdef class Framer:
    cdef Bounds bounds
    cdef bint assumes_no_body   # where Content-Length is missing
    cdef Block block
    cdef uint64_t at            # first byte that is not consumed
    cdef uint64_t searched      # bytes from `at` known to hold no end of a head
    cdef uint64_t indexed       # bytes that were there when the head was last tried
    cdef bint start_line_seen   # the start line at `at` is complete and good
    cdef uint64_t wanted        # size of the message at `at` once its head is known, else 0
    cdef uint64_t consumed
    cdef int pings
    cdef int pongs
    cdef object failure

    def __init__(self, limits=DEFAULT):
        bounds_of(limits, &self.bounds)
        self.assumes_no_body = limits.dangerous_missing_length
        self.block = NOTHING

    def feed(self, const uint8_t[::1] data not None):
        cdef uint64_t size = <uint64_t>data.shape[0]
        if size == 0:
            return
        self._make_room(size)
        memcpy(self.block.data + self.block.filled, &data[0], size)
        self.block.filled += size

    def get_buffer(self, Py_ssize_t size_hint=-1):
        cdef Room room = Room.__new__(Room)
        self._make_room(max(LEAST_ROOM, min(size_hint, BLOCK_SIZE)))
        room.block = self.block
        room.start = self.block.filled
        return memoryview(room)

    def buffer_updated(self, Py_ssize_t size):
        if size < 0 or <uint64_t>size > self.block.size - self.block.filled:
            raise ValueError(f"{size} bytes do not fit the room that was given")
        self.block.filled += <uint64_t>size

    def next_message(self):
        if self.failure is not None:
            # Without the traceback of last time, or each call would make it longer.
            raise self.failure.with_traceback(None)
        try:
            while self._skip_newline():
                pass
            if self.at == self.block.filled:
                self._lend()
                return None
            return self._cut() if self._may_be_complete() else None
        except Exception as failure:
            self.failure = failure
            raise

    def __iter__(self):
        while (message := self.next_message()) is not None:
            yield message

    def take_pings(self):
        cdef int pings = self.pings
        self.pings = 0
        return pings

    def take_pongs(self):
        cdef const uint8_t *front = self.block.data + self.at
        cdef int pongs = self.pongs
        self.pongs = 0
        if self.block.filled - self.at == 2 and front[0] == c'\r' and front[1] == c'\n':
            self._consume(2)
            pongs += 1
        return pongs

    @property
    def pending(self):
        return self.block.filled - self.at

    @property
    def in_message(self):
        cdef uint64_t at = self.at
        while at < self.block.filled and (self.block.data[at] == c'\r' or self.block.data[at] == c'\n'):
            at += 1
        return at < self.block.filled

    @property
    def offset(self):
        return self.consumed

    cdef int _make_room(self, uint64_t size) except -1:
        """At least ``size`` writable bytes behind what is filled."""
        cdef Block fresh
        cdef uint64_t rest = self.block.filled - self.at
        if self.block is NOTHING:
            self._borrow()
        if rest == 0 and Py_REFCNT(<PyObject *>self.block) == 1:
            self.at = self.block.filled = 0
        if self.block.size - self.block.filled >= size:
            return 0
        # Twice what is needed keeps many small reads linear; a message of known size is moved one time only.
        fresh = Block(max(<uint64_t>BLOCK_SIZE, max(2 * (rest + size), self.wanted + LEAST_ROOM)))
        memcpy(fresh.data, self.block.data + self.at, rest)
        fresh.filled = rest
        self.block = fresh
        self.at = 0
        return 0

    cdef void _lend(self) noexcept:
        global spare
        if self.block is not NOTHING:
            spare = self.block
            self.block = NOTHING
            self.at = 0

    cdef void _borrow(self) noexcept:
        """Take what was lent, unless a message keeps it, or a room that was given for it."""
        global spare
        if Py_REFCNT(<PyObject *>spare) == 1:
            self.block = spare
            self.at = spare.filled
            spare = NOTHING

    cdef void _consume(self, uint64_t size) noexcept:
        self.at += size
        self.consumed += size
        self.searched = self.indexed = self.wanted = 0
        self.start_line_seen = False

    cdef bint _skip_newline(self) noexcept:
        """Between messages CRLF is no content; twice in a row it is a ping (RFC 5626 section 3.5.1)."""
        cdef const uint8_t *data = self.block.data + self.at
        cdef uint64_t left = self.block.filled - self.at
        if left < 3 or data[0] != c'\r' or data[1] != c'\n':
            return False
        if data[2] != c'\r':
            self.pongs += 1
            self._consume(2)
            return True
        if left < 4 or data[3] != c'\n':
            return False
        self.pings += 1
        self._consume(4)
        return True

    cdef bint _may_be_complete(self) noexcept:
        """Whether looking at the front again can tell more than last time, so that slow senders cost linear work."""
        cdef const uint8_t *front = self.block.data + self.at
        cdef uint64_t left = self.block.filled - self.at
        cdef bint has_end
        if left == 0 or left < self.wanted:
            return False
        if left < ENOUGH_TO_RECOGNISE and front[0] < 4:
            return False
        if left < 4 and memcmp(front, b"\r\n\r", left) == 0:
            # Half a keep-alive: the rest decides whether it was a ping.
            return False
        if self.wanted or self.indexed == 0 or left >= 2 * self.indexed or left > self.bounds.head:
            return True
        if not self.start_line_seen and memchr(front + self.searched, c'\n', left - self.searched) != NULL:
            # What is no SIP at all should be named with its first line, not when more has come.
            return True
        has_end = sip_find_head_end(front + self.searched, front + left) != NULL
        self.searched = left - 3 if left > 3 else 0
        return has_end

    cdef object _cut(self):
        """The message at the front, None while it is incomplete."""
        cdef const uint8_t *front = self.block.data + self.at
        cdef uint64_t left = self.block.filled - self.at
        cdef ParseFault fault
        cdef Message message = Message.__new__(Message)
        cdef int64_t head = index_head(&message.index, front, left, &self.bounds, &fault)
        if head == MALFORMED:
            self._recognise(front, left, fault.code)
            raise_parse_fault(fault, self.consumed)
        if head == PARTIAL:
            self.indexed = left
            self.start_line_seen = is_present(message.index.version)
            self.searched = left - 3 if left > 3 else 0
            return None
        if not message.index.has_length and not self.assumes_no_body:
            fault.code = MISSING_CONTENT_LENGTH
            fault.offset = <uint32_t>head
            raise_parse_fault(fault, self.consumed)
        self.wanted = <uint64_t>head + message.index.content_length
        if left < self.wanted:
            return None
        complete_in_block(message, self.block, &self.bounds)
        self._consume(self.wanted)
        if self.at == self.block.filled:
            self._lend()
        return message

    cdef int _recognise(self, const uint8_t *front, uint64_t left, int code) except -1:
        """Name the other protocols that turn up on a SIP port, so that an operator reads what knocked.

        Only by bytes that are there whenever the fault is: else a slow sender would be named differently.
        """
        cdef ParseFault fault
        cdef bytes line = (<const char *>front)[:min(left, <uint64_t>self.bounds.start_line)].split(b"\r\n", 1)[0]
        fault.offset = 0
        if line[:1] == b"\x16":
            fault.code = NOT_SIP_TLS
        elif front[0] < 4 and line[4:8] == b"\x21\x12\xa4\x42":
            fault.code = NOT_SIP_STUN
        elif code == BAD_START_LINE and (
                line.startswith(b"HTTP/") or line.endswith((b" HTTP/1.0", b" HTTP/1.1", b" HTTP/2.0"))):
            fault.code = NOT_SIP_HTTP
        else:
            return 0
        raise_parse_fault(fault, self.consumed)
