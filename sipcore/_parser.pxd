"""The parser for those who cimport it: the message object here, the native index beside it.

What needs neither the GIL nor an object (``Index``, ``index_head``, ``find_slot``, ``release_index``) is drawn and
declared in `_index.pxd` and can be cimported from either.
"""

from libc.stdint cimport uint8_t, uint32_t

from sipcore._cursor cimport Cursor, Span
from sipcore._index cimport (
    DEFAULT_BOUNDS,
    FOLDED,
    H_OTHER,
    MALFORMED,
    PARTIAL,
    Bounds,
    Index,
    ParseFault,
    Slot,
    find_slot,
    header_id_of,
    index_head,
    release_index,
    reset_index,
)

cdef void complete_in_block(Message message, object block, const Bounds *bounds)
cdef object number_of(Message message, int header_id)
cdef object view_of(Message message, uint32_t start, uint32_t end)


cdef class Message:
    cdef Py_buffer held       # the caller's buffer, exported for as long as this lives
    cdef bint holds
    cdef object keeper        # instead of `held`: bytes, or the block of a framer, which never move
    cdef uint32_t most_params
    cdef uint32_t most_vias
    cdef object __weakref__
    cdef Index index          # last, for its slots are not zeroed

    cdef int slot_named(self, str name, int start)
    cdef int _slot_of(self, object name, int start) except -2
    cdef Span value_span(self, int slot) noexcept nogil
    cdef Span line_span(self, int slot) noexcept nogil
    cdef str value_text(self, int slot)
    cdef uint32_t size_of(self) noexcept nogil
    cdef str _name_text(self, int slot)
    cdef Cursor _cursor(self, int slot) noexcept nogil
    cdef bint _is_named(self, int slot, const uint8_t *wanted, Py_ssize_t size) noexcept nogil
    cdef object _address(self, int header_id)
    cdef list _addresses(self, int header_id)
