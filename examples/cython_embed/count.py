"""Prints what `embed` counts in a file of SIP messages: `python count.py FILE`."""

import sys
from pathlib import Path

import embed

data = Path(sys.argv[1]).read_bytes()
messages, responses, methods, headers, read = embed.tally(data)
print(f"{messages} messages, {responses} of them responses, in {read} of {len(data)} bytes")
for name, count in [*methods.items(), *headers.items()]:
    print(f"{count:>8} {name}")
