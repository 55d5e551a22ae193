# For tests of pfctl with packets, after lib.sh and in_namespaces net mount: a
# host with em0, 192.168.178.40/24, and a machine outside at .20; `world CMD...`
# runs CMD there. What pfctl keeps goes to memory.
only_in_namespaces
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"
unset SSH_CONNECTION

unshare -n sleep infinity &
outside=$!
at_end "kill $outside"
other_net() {
	[ "$(readlink /proc/$outside/ns/net)" != "$(readlink /proc/$$/ns/net)" ]
}
eventually other_net
world() {
	nsenter -t "$outside" -n "$@"
}
ip link set lo up
ip link add em0 type veth peer name w0 netns "/proc/$outside/ns/net"
ip addr add 192.168.178.40/24 dev em0
ip link set em0 up
world ip addr add 192.168.178.20/24 dev w0
world ip link set w0 up

# A server of the host's that says hello, and whether the outside hears it. No
# packet of a call comes after it: both ends have closed.
serve() {
	socat "TCP-LISTEN:$1,fork,reuseaddr" "EXEC:echo hello" &
	at_end "kill $!"
	eventually bash -c "exec 3<>/dev/tcp/192.168.178.40/$1" 2>/dev/null
}
reach() { # PORT [SECONDS]
	world timeout 30 socat -T10 -u \
	    "TCP:192.168.178.40:$1,connect-timeout=${2-10}" - 2>&1 |
	    tee "$TMP/heard" | grep -q hello && eventually hung_up "$1" && return
	echo "no hello from port $1: $(cat "$TMP/heard")"
	return 1
}
hung_up() {
	[ -z "$(world ss -Htn state connected exclude time-wait "dport = :$1"
	    ss -Htn state connected exclude time-wait "sport = :$1")" ]
}
