"""The relay benchmark: messages through whole processes and real sockets, on loopback.

One core holds the relay under test, another the generator and the sink. What is compared does not do the same work, so
every row says what its relay does with a message.
"""

from sipcore_bench.relay.measure import FULL, QUICK, Effort, RelayResult, run
from sipcore_bench.relay.mixes import MIXES, Mix

__all__ = ["FULL", "MIXES", "QUICK", "Effort", "Mix", "RelayResult", "run"]
