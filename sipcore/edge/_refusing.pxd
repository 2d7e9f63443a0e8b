"""Refusals of content, for the express lane."""

from libc.stdint cimport uint32_t

from sipcore._parser cimport Message
from sipcore._sound cimport Sound
from sipcore._syntax cimport ViaSpans
from sipcore.edge._keyed cimport Signer
from sipcore.edge._notes cimport Link


cdef class Refusal:
    cdef readonly object decision
    cdef readonly dict counts
    cdef bytes before, behind


cdef uint32_t port_back(const ViaSpans *via, const Link *link) noexcept nogil
cdef str branch_of(Signer branches, Message message, const Sound *sound)
cdef bytes refused(Message message, const Sound *sound, const Link *link, Signer tags, Refusal refusal)
