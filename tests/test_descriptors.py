"""Whether the system lets a relay have as many links as it is configured for (`sipcore.relay.descriptors`)."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace

import pytest
from test_relay_links import LIMITS

from sipcore.relay.descriptors import descriptor_warning


@pytest.mark.parametrize(("limit", "warned"), [(363, True), (364, False), (resource.RLIM_INFINITY, False)])
def test_fewer_descriptors_than_links_may_take_are_told_of(limit: int, warned: bool) -> None:
    warning = descriptor_warning(replace(LIMITS, max_links=100), limit)
    assert bool(warning) == warned
    assert not warned or "363 descriptors are fewer than limits.max_links = 100 may take" in warning


def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    code = """
import resource
from sipcore.relay.descriptors import claim_descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 70))
print(claim_descriptors(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "70 (70, 70)"
