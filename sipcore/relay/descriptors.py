"""How many connections the system lets this process have, which may be fewer than the configuration does."""

from __future__ import annotations

import resource

from sipcore.relay.config import LinkLimits

__all__ = ["claim_descriptors", "descriptor_warning"]

#: Links accepted inside, accepted outside, and opened by us: each kind has `LinkLimits.max_links`.
_KINDS_OF_LINKS = 3
#: Listeners, metrics, log, name servers, files that are being read.
_RESERVE = 64


def claim_descriptors() -> int:
    """Raise our limit as far as that takes no privilege; the limit then."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def descriptor_warning(limits: LinkLimits, limit: int) -> str:
    """What is wrong with a limit of so many descriptors; empty when it is enough."""
    wanted = _KINDS_OF_LINKS * limits.max_links + _RESERVE
    if limit >= wanted or limit == resource.RLIM_INFINITY:
        return ""
    what = f"{limit} descriptors are fewer than limits.max_links = {limits.max_links} may take"
    return f"{what}; raise the limit (ulimit -n, LimitNOFILE) to {wanted}, or lower max_links"
