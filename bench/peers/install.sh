#!/bin/sh
# Installs the peers that are Debian packages, as far as this machine allows; those from PyPI are the extra bench-peers.
# What cannot be installed is left out of the benchmark, which says so: no reason to fail here.
set -eu

packages="pkg-config libosip2-dev libsofia-sip-ua-dev libssl-dev kamailio kamailio-tls-modules"

left_out() {
    echo "$1: without $packages those peers are left out" >&2
    exit 0
}

command -v apt-get >/dev/null || left_out "no apt-get here"
if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null; then
    as_root="sudo env"
else
    left_out "neither root nor sudo"
fi

if dpkg-query --show kamailio >/dev/null 2>&1; then new_kamailio=no; else new_kamailio=yes; fi
$as_root apt-get update --quiet=2 || left_out "apt-get update failed"
# shellcheck disable=SC2086 # several words on purpose
$as_root DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $packages ||
    left_out "apt-get install failed"

# Debian starts what it installs. The benchmark needs the program, and nobody asked for a SIP server on port 5060.
if [ "$new_kamailio" = yes ] && command -v systemctl >/dev/null; then
    $as_root systemctl disable --now kamailio || echo "kamailio may be running now: systemctl disable --now kamailio" >&2
fi
