#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# docs/recovery.md, as it is written, on the tutorial's host.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/docs.sh"
docs_page "$TOP/docs/recovery.md"
test_done
