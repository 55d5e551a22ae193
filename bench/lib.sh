# SPDX-License-Identifier: BSD-2-Clause
# For the scripts of bench/, which source it first. Each starts again on a
# private host (tests/host.sh); $TMP is gone at the end.
: "${BUILD:?the build directory; run this by make bench}"
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib.sh"
in_namespaces net mount pid uts ipc
. "$TOP/tests/host.sh"
skip_all() {
	echo "bench: $*" >&2
	exit 1
}
# crun knows no mixture of control groups: where there is one, life asks for
# its v1 side alone (in this mount namespace).
[ -z "${ONLY_V1-}" ] || [ ! -d /sys/fs/cgroup/unified ] ||
	umount /sys/fs/cgroup/unified
private_host
set -e
trap 'set +e; test_cleanup' EXIT
PAIR=$BUILD/bench/pair
NEWCONN=$BUILD/tests/newconn
ROUNDS=${ROUNDS:-21}
WORK=$TMP/bench
mkdir "$WORK"

title() {
	printf '\n== %s\n' "$*"
}

# A network namespace kept by a process; its pid in $pid.
namespace() {
	unshare --net sleep infinity &
	pid=$!
	while [ "$(readlink /proc/$pid/ns/net)" = \
	    "$(readlink /proc/self/ns/net)" ]; do
		sleep 0.01
	done
}

# em0 = 192.168.178.40/24 on this host, a neighbour .20 in namespace $world.
make_em0() {
	namespace
	world=$pid
	ip link add em0 type veth peer name w0 netns "/proc/$world/ns/net"
	ip addr add 192.168.178.40/24 dev em0
	ip link set em0 up
	nsenter -t "$world" -n sh -c 'ip addr add 192.168.178.20/24 dev w0
	    ip link set w0 up; ip link set lo up'
}
