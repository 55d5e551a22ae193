# For tests of pfctl with packets that cross a host, after lib.sh and
# in_namespaces net mount: a net behind em0 (10.9.0.0/24, fd00:0::/64) and one
# behind em1 (10.9.1.0/24, fd00:1::/64). Packets are written as through.py
# reads them.
only_in_namespaces
[ -x "$BUILD/pfctl" ] || skip_all "pfctl is not built"
mount -t tmpfs tmpfs /run

A=pfa$$ B=pfb$$ MAC=02:00:00:00:00:01 FAR=02:00:00:00:00:02
link() { # NETNS IF NUMBER
	ip netns add "$1"
	at_end "ip netns del $1"
	ip link add "$2" address $MAC type veth peer name far \
		address $FAR netns "$1"
	ip addr add "10.9.$3.1/24" dev "$2"
	ip addr add "fd00:$3::1/64" dev "$2" nodad
	ip link set "$2" up
	ip -n "$1" addr add "10.9.$3.2/24" dev far
	ip -n "$1" addr add "fd00:$3::2/64" dev far nodad
	ip -n "$1" link set far up
	ip neigh replace "10.9.$3.2" lladdr $FAR dev "$2"
	ip neigh replace "fd00:$3::2" lladdr $FAR dev "$2"
}
link $A em0 0
link $B em1 1
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.em0.rp_filter=0

load() { printf '%s\n' "$@" | "$BUILD/pfctl" -q -f -; }
trip() { # PACKET: from the net behind em0 to that behind em1
	python3 "$TOP/tests/through.py" $A:far $MAC $B:far "$1"
}
# comes PACKET WANT
comes() {
	local got
	got=$(trip "$1")
	[ "$got" = "$2" ] || { echo "came as: $got"; echo "not as:  $2"; return 1; }
}
udp() { echo "udp 10.9.0.2:${FROM-1000} > 10.9.1.2:${PORT-2000} ipid=7 len=9 $*"; }
syn() { echo "tcp 10.9.0.2:${FROM-1000} > 10.9.1.2:${PORT-80} S ipid=7 $*"; }
udp6() { echo "udp6 fd00:0::2 > fd00:1::2 $*"; }
