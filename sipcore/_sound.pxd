"""What of a sound message everybody reads who acts on it, as spans: read once, while it is found to be sound."""

from libc.stdint cimport uint32_t, uint64_t

from sipcore._cursor cimport Span
from sipcore._parser cimport Message
from sipcore._syntax cimport AddressSpans, CSeqSpans, UriSpans, ViaSpans


cdef struct Sound:
    UriSpans uri              # of a request
    ViaSpans via              # the topmost
    ViaSpans below            # the one under it, where there are several
    uint32_t vias
    AddressSpans sender
    UriSpans sender_uri
    AddressSpans recipient
    UriSpans recipient_uri
    CSeqSpans cseq
    Span call_id
    bint counts_hops          # Max-Forwards is there ...
    uint64_t hops             # ... and says so much; not 0
    uint32_t route_fields     # of Route ...
    uint32_t routes           # ... and the values in them
    UriSpans route[2]         # of the first two


cdef bint read_but_routes(Message message, Sound *sound) noexcept nogil
cdef bint read_routes(Message message, Sound *sound) noexcept nogil
cdef bint read_soundly(Message message, Sound *sound) noexcept nogil
