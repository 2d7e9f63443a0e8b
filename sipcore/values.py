"""Every typed header value under one roof; `Message` hands them out, the stubs say what they have.

`Uri`, `NameAddr`, `Via`, `CSeq` and `MediaType` are also names of `sipcore` itself.
"""

from sipcore._headers import (
    ContentDisposition,
    Credentials,
    Diagnostics,
    Event,
    Parameterized,
    Reason,
    SipWarning,
    SubscriptionState,
    Tokens,
)
from sipcore._values import CSeq, MediaType, NameAddr, Params, Uri, Via

__all__ = [
    "CSeq",
    "ContentDisposition",
    "Credentials",
    "Diagnostics",
    "Event",
    "MediaType",
    "NameAddr",
    "Parameterized",
    "Params",
    "Reason",
    "SipWarning",
    "SubscriptionState",
    "Tokens",
    "Uri",
    "Via",
]
