"""Kamailio, as a relay under test.

The configuration is ours: it forwards without transactions and looks for the same prefixes, but decides nothing, checks
no route and follows none.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from sipcore.imfilter.rules import DEFAULT_PREFIXES
from sipcore_bench.contestant import Absent
from sipcore_bench.relay.certificates import AUTHORITY, EDGE
from sipcore_bench.relay.contender import Relay
from sipcore_bench.relay.places import Places, Transport

__all__ = ["kamailio"]

_SCRIPT = """\
debug=0
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
maxbuffer=4194304
tcp_conn_wq_max=4194304
tcp_wq_max=16777216
{only}
listen={transport}:{relay[0]}:{relay[1]}
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "sl.so"
{modules}
request_route {{
    if (method == "MESSAGE" && search_body("{pattern}")) {{
        sl_send_reply("606", "Not Acceptable");
        exit;
    }}
    $du = "sip:{sink[0]}:{sink[1]};transport={transport}";
    forward();
}}
"""
#: What comes before a handshake is done has to wait somewhere, and the default holds no burst.
_TLS = """\
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "{folder}/{edge}")
modparam("tls", "certificate", "{folder}/{edge}")
modparam("tls", "ca_list", "{folder}/{authority}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
modparam("tls", "con_ct_wq_max", 4194304)
"""
_ONLY = {"udp": "disable_tcp=yes", "tcp": "", "tls": "enable_tls=yes"}


def kamailio(transport: Transport) -> Relay | Absent:
    """Kamailio with one worker, or why it is not here."""
    program = shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin") or shutil.which("kamailio")
    if program is None:
        return Absent("kamailio", "kamailio is not installed (apt-get install kamailio)")
    if transport == "tls" and not _has_tls():
        return Absent("kamailio", "its TLS is not installed (apt-get install kamailio-tls-modules)")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603
    version = re.search(r"kamailio (\S+)", said)
    # -x fm: with its default memory manager it is five to eight times slower, which would say nothing of its design.
    command = [program, "-DD", "-E", "-x", "fm"]
    return Relay(
        f"kamailio {version[1] if version else '?'} -x fm",
        "parses, searches the body, adds Via; 1 worker",
        lambda places, folder: [*command, "-f", str(_script(places, folder)), "-Y", str(folder)],
        parses=True,
        filters=True,
    )


def _has_tls() -> bool:
    folders = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
    return any(any(Path(folder).glob(f"{where}kamailio/modules/tls.so")) for folder in folders for where in ("", "*/"))


def _script(places: Places, folder: Path) -> Path:
    modules = _TLS.format(folder=folder, edge=EDGE, authority=AUTHORITY) if places.transport == "tls" else ""
    path = folder / "kamailio.cfg"
    path.write_text(
        _SCRIPT.format(
            only=_ONLY[places.transport],
            transport=places.transport,
            relay=places.relay,
            sink=places.sink,
            modules=modules,
            pattern=_posix_pattern(),
        )
    )
    return path


def _posix_pattern() -> str:
    """The prefixes that sipcore looks for, as an extended regular expression; Kamailio ignores case by itself."""
    # "www*." stands for every host label that begins so.
    return "|".join(prefix.replace("*", "[^ /]*").replace(".", "[.]") for prefix in DEFAULT_PREFIXES)
