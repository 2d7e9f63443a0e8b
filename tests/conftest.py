"""What all tests have in common."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A test asserts no time, and the deadline of an example is one: beside other work it is missed now and then.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
