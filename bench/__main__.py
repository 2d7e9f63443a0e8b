"""``python -m sipcore_bench``: the same as `sipcore bench`."""

from sipcore_bench.cli import main

main()
