"""The edge on real sockets: UDP, TCP and TLS links, names, metrics, and the process around them.

With `sipcore.demo` and `sipcore.cli` the only part of sipcore that knows the operating system. What to do with a
message is decided in `sipcore.edge`; this package carries bytes to the engine and its answers away.
"""
