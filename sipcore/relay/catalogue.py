"""What `/metrics` serves, each figure in a sentence: as Prometheus' help, and as docs/running-an-edge.md has it."""

from __future__ import annotations

__all__ = ["HELP"]

#: By name without ``sipcore_`` and without ``_total``; counters first, in the order of a message's way.
HELP: dict[str, str] = {
    "received": "Messages that were read, by method or class of response",
    "forwarded": "Messages that left, by the side they left on and the table that let them",
    "refused": "Requests that were answered here, by reason and status",
    "discarded": "Messages that were dropped without an answer, by reason",
    "filtered": "Messages in which the content filter found something, by what it did and what the worst of it was",
    "turned": "Messages that left as BENOTIFY and came as NOTIFY, or the reverse, by what they became",
    "waited": "Requests that had to wait for a record of DNS",
    "retargeted": "Messages that were sent to another target because the one before failed",
    "undelivered": "Messages that were to leave and could not",
    "garbage": "Datagrams and stretches of streams that are no messages, by what is wrong",
    "links_opened": "Connections that stood, of both directions",
    "links_reused": "Connections of peers that our requests to them took, instead of one of our own",
    "links_closed": "Connections that ended or were refused, by why",
    "tls_failed": "Handshakes that came to nothing, by why",
    "dns_lookups": "Look-ups by type of record and outcome",
    "dns_remembered": "Names whose address was known, so that nothing was looked up",
    "log_lines_lost": "Lines of the log that could not be written",
    "links": "Connections that are open",
    "queued_messages": "Messages that wait, by what for",
    "queued_bytes": "Bytes of what waits, by what for",
    "dns_waiting": "Look-ups that are under way",
    "latency_seconds": "Seconds from the wake-up that read a message to the flush that let it out",
    "certificate_expires_seconds": "When our certificate ends, in seconds since 1970",
}
