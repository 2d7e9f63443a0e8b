"""The configuration of an edge: ``edge.toml`` and the files beside it, read whole, each fault with its place.

What comes out is frozen: the tables that `sipcore.edge` decides over, and the limits, certificates' files, name servers
and log settings of `sipcore.relay`. No socket and no clock here. One file an idea:

    loading              a file to a `Config`
    sections             what may stand in each section
    federation_sections  in those of partners, providers and routes
    hop_tables           hops and names within a row
    leaves               single values: hosts, domains, numbers
    assembly             several keys to tables
    tls                  certificates and roots, as they are named
    keys                 the key file
    users                the list of our users
"""

from sipcore.configuration.loading import Config, DnsSettings, LinkLimits, LogSettings, load, loads

__all__ = ["Config", "DnsSettings", "LinkLimits", "LogSettings", "load", "loads"]
