"""The words of SIP as data: methods, header names, compact forms, reason phrases.

This file is the one source of the native name tables: the build writes ``_grammar.h`` from it, so that a name is spelt
once. It imports nothing, for the build must be able to read it before anything is compiled.
"""

from __future__ import annotations

__all__ = ["COMPACT_FORMS", "HEADERS", "METHODS", "REASONS", "reason_phrase"]

#: Methods by their standard. BENOTIFY, SERVICE and NEGOTIATE are Microsoft's (docs/protocol.md, "BENOTIFY").
METHODS: tuple[str, ...] = (
    # RFC 3261
    "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER",
    # RFC 3262, 3311, 3428, 3515, 3903, 6086, 6665
    "PRACK", "UPDATE", "MESSAGE", "REFER", "PUBLISH", "INFO", "SUBSCRIBE", "NOTIFY",
    # Microsoft
    "BENOTIFY", "SERVICE", "NEGOTIATE",
)  # fmt: skip

#: Canonical header names. The position is the header's id inside one build; ids are not stable between versions.
HEADERS: tuple[str, ...] = (
    # What the parser itself reads comes first, so that its index by id stays in one cache line.
    "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Route", "Record-Route", "Contact", "Content-Type",
    "Content-Length", "Content-Encoding", "Content-Transfer-Encoding", "Subject", "Supported", "Require",
    "Proxy-Require", "Event", "Expires", "Warning", "P-Asserted-Identity", "ms-text-format", "ms-im-format",
    "ms-edge-proxy-message-trust", "ms-diagnostics",
    # RFC 3261
    "Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Authentication-Info", "Authorization",
    "Call-Info", "Content-Disposition", "Content-Language", "Date", "Error-Info", "In-Reply-To", "Min-Expires",
    "MIME-Version", "Organization", "Priority", "Proxy-Authenticate", "Proxy-Authorization", "Reply-To",
    "Retry-After", "Server", "Timestamp", "Unsupported", "User-Agent", "WWW-Authenticate",
    # RFC 3262, 6665 (3265), 3323, 3325, 3326, 3327, 3515, 3608, 3891, 3892, 3903, 4028, 5626, 5627, 7044
    "RAck", "RSeq", "Allow-Events", "Subscription-State", "Privacy", "P-Preferred-Identity", "Reason", "Path",
    "Refer-To", "Service-Route", "Replaces", "Referred-By", "SIP-ETag", "SIP-If-Match", "Session-Expires", "Min-SE",
    "Flow-Timer", "Accept-Contact", "Reject-Contact", "Request-Disposition", "History-Info", "Identity",
    "Identity-Info", "Join", "Accept-Resource-Priority", "Resource-Priority", "P-Charging-Vector",
    # Microsoft (docs/protocol.md). What travels as a parameter, such as ms-body or ms-received-port, is no header.
    "ms-diagnostics-public", "ms-keep-alive", "ms-piggyback-cseq", "ms-split-domain-info", "Compression",
)  # fmt: skip

#: One-letter forms: RFC 3261 section 7.3.3 and the registry that grew from it. "n" went with the header that RFC 8224
#: withdrew, but nobody else may use the letter, so who still sends it means that header.
COMPACT_FORMS: dict[str, str] = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

#: Reason phrases (RFC 3261 section 21 and its extensions).
REASONS: dict[int, str] = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    430: "Flow Failed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}

#: What a class of responses says when nothing better is known.
_CLASS_REASONS = {1: "Progress", 2: "Success", 3: "Redirection", 4: "Request Failure", 5: "Server Failure"}


def reason_phrase(status: int) -> str:
    """The reason phrase for a status code; that of its class when the code itself is not known."""
    return REASONS.get(status) or _CLASS_REASONS.get(status // 100, "Global Failure")
