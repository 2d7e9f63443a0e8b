"""The peers: one module a library, each with what its own documentation shows.

A peer is read as its users would read it. What a library hands over counts as read, in the form in which it hands
it over: a URI object, a C string, a media type in two parts. Only the check before the timing makes `Fields` of it,
outside the clock. Where that leaves a doubt, the peer has the benefit of it.

A module may list what the check finds: ``REFUSES``, the kinds of message that the peer does not take, and
``CANNOT_READ``, the fields that it cannot give. A test holds both lists to the truth.

A peer that is not installed is left out with the reason; ``make bench-peers`` installs all of them.
"""
