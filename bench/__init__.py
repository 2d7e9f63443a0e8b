"""The yardstick: how fast sipcore is, beside what is possible and beside its peers.

Installed as ``sipcore_bench``; run by ``sipcore bench`` or ``python -m sipcore_bench``.
"""
