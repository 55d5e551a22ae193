# For tests/sh and tests/lab: TAP from the shell. Source it first.
#
#	. "$(dirname "$0")/../lib.sh"
#	in_namespaces net mount		# start again in namespaces of our own
#	test_expect 'what is expected' 'a && b && c'
#	test_done
#
# The commands run in this shell, joined by "&&": the first that fails fails the
# test, and what they printed is shown. $TMP is a directory that is gone at the
# end.
#
# GAOL_MUST_WORK=1 turns a skip into a failure.

set -u
test_n=0
test_failures=0
: "${BUILD:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build}"
export BUILD
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$BUILD:/usr/sbin:/sbin:$PATH
# Messages are compared: no translations, no surprises in sorting.
export LC_ALL=C.UTF-8

skip_all() {
	if [ -n "${GAOL_MUST_WORK-}" ]; then
		echo "not ok 1 - must work here, but: $*"
		echo 1..1
		exit 1
	fi
	echo "1..0 # SKIP $*"
	exit 0
}

# Run this script again inside new namespaces: net, mount, pid, uts, ipc,
# cgroup.
in_namespaces() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ -z "${IN_NAMESPACES-}" ] || return 0
	local flags=() n
	for n; do
		case $n in
		pid) flags+=(--pid --fork --kill-child --mount-proc) ;;
		mount) flags+=(--mount --propagation private) ;;
		*) flags+=("--$n") ;;
		esac
	done
	rmdir "$TMP"
	IN_NAMESPACES=1 exec unshare "${flags[@]}" bash "$0"
}

# What mounts over /run and the like begins with this: sourced anywhere else, it
# would cover the machine's own.
only_in_namespaces() {
	[ -n "${IN_NAMESPACES-}" ] && return
	echo "${BASH_SOURCE[1]}: only behind in_namespaces mount" >&2
	exit 1
}

TMP=$(mktemp -d "${TMPDIR:-/tmp}/gaol-test.XXXXXX")
test_cleanups=()

# Run at the end, the last one first, however the test ends.
at_end() {
	test_cleanups+=("$1")
}

test_cleanup() {
	local i
	for ((i = ${#test_cleanups[@]} - 1; i >= 0; i--)); do
		eval "${test_cleanups[i]}" >/dev/null 2>&1
	done
	# Never remove below a mount: --one-file-system stops there.
	rm -rf --one-file-system -- "$TMP"
}
trap test_cleanup EXIT
trap 'exit 129' HUP INT TERM

test_expect() {
	local title=$1 code=$2 rc
	test_n=$((test_n + 1))
	exec 8>&1 9>&2 >"$TMP/.out" 2>&1 </dev/null
	eval "$code"
	rc=$?
	exec >&8 2>&9 8>&- 9>&-
	if [ $rc = 0 ]; then
		echo "ok $test_n - $title"
	else
		echo "not ok $test_n - $title"
		test_failures=$((test_failures + 1))
		sed 's/^/# /' <<<"$code"
		sed 's/^/# | /' "$TMP/.out"
	fi
}

test_skip() {
	test_n=$((test_n + 1))
	if [ -n "${GAOL_MUST_WORK-}" ]; then
		echo "not ok $test_n - $1: must work here, but: $2"
		test_failures=$((test_failures + 1))
	else
		echo "ok $test_n - $1 # SKIP $2"
	fi
}

test_done() {
	echo "1..$test_n"
	[ $test_failures = 0 ]
	exit
}

# fails RC MESSAGE-PATTERN CMD...: CMD exits with RC and its standard error
# matches the (extended) pattern, in one line.
fails() {
	local want=$1 pattern=$2 rc
	shift 2
	"$@" >"$TMP/.stdout" 2>"$TMP/.stderr"
	rc=$?
	cat "$TMP/.stdout" "$TMP/.stderr"
	[ $rc = "$want" ] || { echo "exit $rc, expected $want"; return 1; }
	grep -Eq -- "$pattern" "$TMP/.stderr" || {
		echo "standard error does not match: $pattern"
		return 1
	}
}

# Wait until a command succeeds, for 10 s at most.
eventually() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}
