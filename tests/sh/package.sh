#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The Debian package: it is built from the tree as it is, lintian has nothing to
# say, and it lives and dies on a host with jails (tests/package/story.sh, in a
# lab), where also the package of an older commit was installed before. The page
# docs/operations.md is typed there, too.
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "needs root"
command -v dh >/dev/null && command -v lintian >/dev/null ||
    skip_all "debhelper and lintian are needed"
work=$BUILD/package
mkdir -p "$work"

# The version that users may have: its jails are found, entered and stopped.
OLD=${PACKAGE_OLD:-c98c8df}

# The package of the tree, built again when a file of the tree is another.
tree_sum() {
	(cd "$TOP" && { git ls-files -co --exclude-standard 2>/dev/null ||
	    find Makefile debian docs examples man rc src tools -type f; } |
	    sort | xargs -d '\n' sha256sum 2>/dev/null | sha256sum | cut -c1-16)
}
new_package() {
	local sum
	sum=$(tree_sum)
	[ "$(cat "$work/sum" 2>/dev/null)" != "$sum" ] || return 0
	"$TOP/tools/deb" "$work" && echo "$sum" >"$work/sum"
}
old_package() {
	[ ! -e "$work/$OLD"/gaol_*.deb ] || return 0
	"$TOP/tools/deb" -c "$OLD" -v 0.0.9 "$work/$OLD"
}

test_expect 'the package is built from the tree as it is' new_package
new=$(echo "$work"/gaol_*.deb)
test_expect 'lintian has no error and no warning' '
	lintian --allow-root --fail-on error,warning "$work"/gaol_*.changes'
test_expect 'its version is that of the program and of CHANGES.md' '
	version=$(dpkg-deb -f "$new" Version) &&
	[ "$(gaol --version | grep -oE "[0-9][^ ]*" | head -n 1)" = "$version" ] &&
	[ "$(sed -n "s/^## \([^ ]*\).*/\1/p" "$TOP/CHANGES.md" | head -n 1)" = "$version" ]'
test_expect 'the examples in it are read as they are' '
	dpkg-deb -x "$new" "$TMP/x" && cd "$TMP/x/usr/share/doc/gaol/examples" &&
	pfctl --facts "$TOP/tests/conformance/tutorial/facts.txt" -nf pf.conf &&
	[ "$(gaol sysrc -n -f rc.conf pf_enable)" = YES ]; rc=$?; cd "$TOP"; [ $rc = 0 ]'
test_expect 'what git knows not is not in it' '
	! dpkg -c "$new" | grep -E "\.o$|/build"'

busybox=/bin/busybox
[ -x "$busybox" ] && ! ldd "$busybox" 2>/dev/null | grep -q libc ||
    skip_all "busybox-static is needed"
cp "$busybox" "$work/busybox"
git -C "$TOP" cat-file -e "$OLD^{commit}" 2>/dev/null ||
    skip_all "commit $OLD is not in this clone: no version to upgrade from"
test_expect 'the package of an older commit is built' old_package

# Run a script of tests/package in a lab; its lines are tests of this one.
in_a_lab() {
	local ended='' line
	"$TOP/tools/lab" -- bash "$TOP/tests/package/$1" "${@:2}" \
	    >"$TMP/told" 2>"$TMP/err" || :
	while IFS= read -r line; do
		case $line in
		'ok '* | 'not ok '*)
			test_n=$((test_n + 1))
			[ "${line%%ok *}" = '' ] || test_failures=$((test_failures + 1))
			echo "${line%%ok *}ok $test_n - ${line#*- }"
			;;
		'1..'*) ended=1 ;;
		*) echo "$line" ;;
		esac
	done <"$TMP/told"
	sed 's/^/# /' "$TMP/err"
	test_expect "$1 was told to its end" '[ -n "$ended" ]'
}
in_a_lab operations.sh "$new"
in_a_lab story.sh "$new" "$(echo "$work/$OLD"/gaol_*.deb)" "$work/busybox"
test_done
