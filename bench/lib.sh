# SPDX-License-Identifier: BSD-2-Clause
# For the scripts of bench/, which source it first. Each starts again in
# mount and network namespaces of its own; $WORK is on a tmpfs and gone with
# them.
set -eu
: "${BUILD:?the build directory; run this by make bench}"
PAIR=$BUILD/bench/pair
NEWCONN=$BUILD/tests/newconn
ROUNDS=${ROUNDS:-21}
export PATH=$BUILD:/usr/sbin:/sbin:$PATH LC_ALL=C.UTF-8

if [ -z "${IN_BENCH-}" ]; then
	IN_BENCH=1 exec unshare --mount --propagation private --net \
	    --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi

mount -t sysfs none /sys
mount -t tmpfs none /run
mkdir -p /run/bench /var/lib/gaol
mount -t tmpfs none /var/lib/gaol
WORK=/run/bench
ip link set lo up

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
