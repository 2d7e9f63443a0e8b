"""The relay's profile counts every instruction once, where it was spent, and says what native modules are for."""

from __future__ import annotations

import sys

import pytest

from sipcore_bench.contestant import Unavailable
from sipcore_bench.relay.load import generator
from sipcore_bench.relay.mixes import MESSAGES
from sipcore_bench.relay.profile import part_of, sampled, self_costs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the relay benchmark needs Linux")

CALLGRIND = """\
version: 1
cmd: python
positions: line
events: Ir

ob=(1) /lib/libpython3.11.so.1.0
fl=(1) ceval.c
fn=(1) eval
10 500
+3 20
cob=(2) /site/sipcore/_parser.cpython-311-x86_64-linux-gnu.so
cfi=(2) _parser.c
cfn=(2) parse
calls=7 30
* 4000
* 5
cfn=(3) eval'2
calls=1 10
-2 100

ob=(2)
fl=(2)
fn=(2)
30 3000
fi=(1)
31 1000

ob=(1)
fl=(1)
fn=(3)
10 100

totals: 4625
"""


def test_instructions_count_where_they_were_spent_and_not_again_where_they_were_called_from():
    costs = self_costs(CALLGRIND.splitlines())
    python, parser = "/lib/libpython3.11.so.1.0", "/site/sipcore/_parser.cpython-311-x86_64-linux-gnu.so"
    assert costs == {(python, "eval"): 525, (parser, "parse"): 4000, (python, "eval'2"): 100}
    assert costs.total() == 4625


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/x/sipcore/imfilter/_links.cpython-311-x86_64-linux-gnu.so", "filter: sipcore/imfilter"),
        ("/x/sipcore/edge/_flowkey.so", "edge, native: sipcore/edge"),
        ("/x/sipcore/_edit.cpython-311-x86_64-linux-gnu.so", "writing: sipcore/_edit"),
        ("/x/sipcore/_index.so", "parsing and reading: sipcore"),
        ("/x/uvloop/loop.cpython-311-x86_64-linux-gnu.so", "event loop: uvloop"),
        ("/usr/bin/python3.11", "interpreter"),
        ("/usr/lib/libpython3.11.so.1.0", "interpreter"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "C library: memory, copies, calls of the kernel"),
        ("/x/lib-dynload/_socket.cpython-311-x86_64-linux-gnu.so", "Python's own modules, and other libraries"),
        ("???", "what is nowhere else"),
    ],
)
def test_a_native_module_is_named_by_what_it_is_for(path, part):
    assert part_of(path) == part


def test_samples_see_the_relay_at_work():
    try:
        generator()
    except Unavailable as missing:
        pytest.skip(f"the generator cannot be built: {missing.reason}")
    samples = sampled("udp", MESSAGES, seconds=0.5)
    assert any(name.startswith("relay/datagrams: ") for name in samples)
    assert not any("_compile_bytecode" in name for name in samples), "what happens before the load is not seen"
