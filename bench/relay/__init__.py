"""The relay benchmark: messages through whole processes and real sockets, on loopback.

One core holds the relays under test, another their generators and sinks. What is compared does not do the same work,
so every row says what its relay does with a message.
"""

from sipcore_bench.relay.claims import claims
from sipcore_bench.relay.measure import FULL, QUICK, RelayResult, run
from sipcore_bench.relay.mixes import MIXES, Mix
from sipcore_bench.relay.standing import Effort

__all__ = ["FULL", "MIXES", "QUICK", "Effort", "Mix", "RelayResult", "claims", "run"]
