#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# docs/operations.md, typed in a lab whose gaol is the page's package:
# tests/sh/package.sh runs this.
#	operations.sh PACKAGE.deb
deb=$1
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../docs.sh"

# Nothing of what the lab installed, and the package's documentation.
lab_bin=$(dirname "$(command -v world)")
rm -rf /usr/local/{sbin,libexec,lib,share}/* /etc/init.d/{pf,iocage,gaol-*} \
    /etc/rc.conf /etc/dpkg/dpkg.cfg.d/*
PATH=$lab_bin:/usr/sbin:/usr/bin:/sbin:/bin
hash -r
export DEBIAN_FRONTEND=noninteractive
cp "$deb" /root/ && cd /root || exit 1

docs_replace gaol_0.1.0_amd64.deb "${deb##*/}"
docs_replace 0.1.0 "$(dpkg-deb -f "$deb" Version)"
docs_replace /dev/sda4 "$(readlink -f /dev/disk/by-partlabel/iocage)"
docs_page "$TOP/docs/operations.md"
test_done
