"""For all tests: nothing asserts a time, so an example of Hypothesis may take as long as a busy machine makes it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
