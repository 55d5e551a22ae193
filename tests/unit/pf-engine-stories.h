/* SPDX-License-Identifier: BSD-2-Clause */
/* The stories of pf-engine.c: expectations are what pf.conf(5) says. */

struct step { /* "in IF PACKET", "out PACKET", "wait SECONDS", "states" */
	const char *what, *becomes;
};

struct story {
	const char *name, *rules;
	struct step step[16];
};

static const struct story stories[] = {
	{ "users",
	    "block all\npass out proto tcp user > 1000\n"
	    "pass out proto udp user 10 >< 20\n"
	    "pass out proto tcp to port 22 user < 5\n"
	    "pass out proto tcp to port 23 user >= 500 group <= 7\n"
	    "pass out proto tcp to port 24 user != 3\n"
	    "pass out proto udp to port 25 group 10 <> 20\n"
	    "pass out proto tcp to port 27 user unknown\n",
	    { { "out tcp 192.0.2.1 1 192.0.2.9 80 uid=1001",
		  "sent em0 192.0.2.1.1>192.0.2.9.80" },
		{ "out tcp 192.0.2.1 2 192.0.2.9 80 uid=1000", "block" },
		{ "out udp 192.0.2.1 1 192.0.2.9 80 uid=11",
		    "sent em0 192.0.2.1.1>192.0.2.9.80" },
		{ "out udp 192.0.2.1 2 192.0.2.9 80 uid=20", "block" },
		{ "out tcp 192.0.2.1 1 192.0.2.9 22 uid=4",
		    "sent em0 192.0.2.1.1>192.0.2.9.22" },
		{ "out tcp 192.0.2.1 2 192.0.2.9 22 uid=5", "block" },
		{ "out tcp 192.0.2.1 2 192.0.2.9 23 uid=500 gid=7",
		    "sent em0 192.0.2.1.2>192.0.2.9.23" },
		{ "out tcp 192.0.2.1 3 192.0.2.9 23 uid=500 gid=8", "block" },
		{ "out tcp 192.0.2.1 3 192.0.2.9 24 uid=4",
		    "sent em0 192.0.2.1.3>192.0.2.9.24" },
		{ "out tcp 192.0.2.1 4 192.0.2.9 24 uid=3", "block" },
		{ "out udp 192.0.2.1 4 192.0.2.9 25 gid=21",
		    "sent em0 192.0.2.1.4>192.0.2.9.25" },
		{ "out udp 192.0.2.1 5 192.0.2.9 25 gid=10", "block" },
		{ "out tcp 192.0.2.1 7 192.0.2.9 27",
		    "sent em0 192.0.2.1.7>192.0.2.9.27" },
		{ "in em0 tcp 192.0.2.9 7 192.0.2.1 80", "block" } } },
	{ "fragments without scrub",
	    "block all\npass in proto udp from 192.0.2.9 fragment\n"
	    "pass in proto tcp from 192.0.2.8 port 5\n"
	    "pass in proto icmp from 192.0.2.7 tos 0x10 no state\n"
	    "pass in proto tcp from 192.0.2.6 flags any no state\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 2 frag=8,16",
		  "local 192.0.2.9.1>192.0.2.1.2" },
		{ "in em0 tcp 192.0.2.8 5 192.0.2.1 2 frag=8,16", "block" },
		{ "in em0 icmp 192.0.2.7 5 192.0.2.1 2 frag=8,16 tos=16",
		    "local 192.0.2.7.0>192.0.2.1.0" },
		{ "in em0 icmp 192.0.2.7 5 192.0.2.1 2 frag=8,16", "block" },
		{ "in em0 tcp 192.0.2.6 5 192.0.2.1 2 frag=8,16",
		    "local 192.0.2.6.5>192.0.2.1.2" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 2", "block" } } },
	{ "fragments with scrub",
	    "scrub in all no-df min-ttl 20 set-tos 0x10 random-id\n"
	    "block all\npass in proto udp from 192.0.2.9 to port 53\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=0,16 more=1",
		  "held" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=8,8 more=1",
		    "block fragment" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=24,8", "held" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=16,8 more=1",
		    "local 192.0.2.9.1>192.0.2.1.53" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=0,12 more=1",
		    "block fragment" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=0,0",
		    "block fragment" } } },
	{ "a short list of pieces",
	    "set limit frags 2\nset timeout frag 5\nscrub in all\n"
	    "pass in proto udp\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=0,8 more=1", "held" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=16,8 more=1",
		    "held" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=32,8 more=1",
		    "block fragment" },
		{ "wait 5", "0" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=0,8 more=1",
		    "held" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53 frag=8,8",
		    "local 192.0.2.9.1>192.0.2.1.53" } } },
	{ "synproxy",
	    "block all\npass in proto tcp to port 80 synproxy state\n"
	    "pass out all\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "held synack:723471715" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		    "held synack:723471715" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 seq=5",
		    "block synproxy" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 ack=7",
		    "block synproxy" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=R seq=1001",
		    "block synproxy" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "PROXY:SRC\n" } } },
	{ "routes of rules",
	    "pass in on em0 route-to (em1 10.0.1.9) proto tcp to port 80\n"
	    "pass in on em0 dup-to (em1 10.0.1.9) proto udp to port 53\n"
	    "pass in on em0 reply-to (em1 10.0.1.9) proto tcp to port 81\n"
	    "pass out on em0 route-to (em1 10.0.1.9) proto tcp to port 82 "
	    "no state\n"
	    "block out on em1 proto tcp to port 82\n"
	    "pass in on em0 route-to { (em1 10.0.1.9), (tun0 10.8.0.2) } "
	    "round-robin proto udp to port 99\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "sent em1 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 53",
		    "local 192.0.2.9.1>192.0.2.1.53 em1 "
		    "192.0.2.9.1>192.0.2.1.53" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 81",
		    "local 192.0.2.9.1>192.0.2.1.81" },
		{ "out tcp 192.0.2.1 81 192.0.2.9 1 flags=SA ack=1001",
		    "sent em1 192.0.2.1.81>192.0.2.9.1" },
		{ "out tcp 192.0.2.1 5 192.0.2.9 82", "block" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.7 99",
		    "sent em1 192.0.2.9.1>192.0.2.7.99" },
		{ "in em0 udp 192.0.2.9 2 192.0.2.7 99",
		    "sent tun0 192.0.2.9.2>192.0.2.7.99" } } },
	{ "long packets, broadcasts, the end of the road",
	    "pass all no state\n",
	    { { "in em0 udp 192.0.2.9 1 10.0.1.5 53 len=1000",
		  "sent em1 192.0.2.9.1>10.0.1.5.53 em1 "
		  "192.0.2.9.1>10.0.1.5.53" },
		{ "in em0 udp 192.0.2.9 1 10.0.1.5 53 len=100 ttl=1",
		    "in error" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.255 53", "in" },
		{ "in em0 udp 192.0.2.9 1 224.0.0.1 53", "in" },
		{ "in em0 udp 192.0.2.9 1 255.255.255.255 53", "in" },
		{ "in em0 udp 2001:db8::9 1 ff02::1 53", "in" },
		{ "in em0 udp 2001:db8::9 1 2001:db8:1::5 53",
		    "sent em1 2001:db8::9.1>2001:db8:1::5.53" },
		{ "in em0 udp 2001:db8::9 1 2001:db8:7::5 53", "noroute" },
		{ "in em0 udp 192.0.2.9 1 127.0.0.1 53", "unseen" },
		{ "out udp 127.0.0.1 1 127.0.0.1 53",
		    "local 127.0.0.1.1>127.0.0.1.53" },
		{ "out udp 192.0.2.1 1 10.8.0.2 53",
		    "sent tun0 192.0.2.1.1>10.8.0.2.53" },
		{ "in em0 udp 192.0.2.9 1 10.0.1.5 53 frag=8,800 more=1",
		    "sent em1 192.0.2.9.1>10.0.1.5.53 em1 "
		    "192.0.2.9.1>10.0.1.5.53" },
		{ "in em0 udp 192.0.2.9 0 192.0.2.1 0", "block short" },
		{ "in em0 ipv6-icmp 192.0.2.9 0 192.0.2.1 0", "block" } } },
	{ "an interface's addresses",
	    "block all\npass in proto udp to (em0:0) port 1 no state\n"
	    "pass in to (em0:broadcast) no state\n"
	    "pass in from (em1:network) no state\n"
	    "pass in from (tun0:peer) no state\n"
	    "pass in proto udp to (self) port 9 no state\n"
	    "pass in proto udp from 192.0.2.20 - 192.0.2.22 no state\n"
	    "pass in proto udp from no-route no state\n"
	    "pass in proto udp to (wan)/24 port 17 no state\npass out no "
	    "state\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 1",
		  "local 192.0.2.9.1>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.2 1", "block" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.255 1", "in" },
		{ "in em1 udp 10.0.1.77 1 10.0.1.1 1",
		    "local 10.0.1.77.1>10.0.1.1.1" },
		{ "in tun0 udp 10.8.0.2 1 10.8.0.1 1",
		    "local 10.8.0.2.1>10.8.0.1.1" },
		{ "in tun0 udp 10.8.0.3 1 10.8.0.1 9",
		    "local 10.8.0.3.1>10.8.0.1.9" },
		{ "in em0 udp 192.0.2.21 1 192.0.2.1 7",
		    "local 192.0.2.21.1>192.0.2.1.7" },
		{ "in em0 udp 192.0.2.23 1 192.0.2.1 7", "block" },
		{ "in em0 udp 192.0.2.23 1 192.0.2.77 17",
		    "sent em0 192.0.2.23.1>192.0.2.77.17" } } },
	{ "urpf", "block in from urpf-failed\n",
	    { { "in em0 udp 10.0.1.7 1 192.0.2.1 7", "block" },
		{ "in em1 udp 10.0.1.7 1 192.0.2.1 7",
		    "local 10.0.1.7.1>192.0.2.1.7" },
		{ "in em0 udp 203.0.113.7 1 192.0.2.1 7",
		    "local 203.0.113.7.1>192.0.2.1.7" } } },
	{ "pools",
	    "table <p> { 192.0.2.2 192.0.2.8/31 }\n"
	    "nat on em0 proto udp from 10.0.1.0/24 to any port 1 -> <p>\n"
	    "nat on em0 proto udp from 10.0.1.0/24 to any port 2 -> "
	    "192.0.2.16/28 random\n"
	    "nat on em0 proto udp from 10.0.1.0/24 to any port 3 -> "
	    "192.0.2.16/28 source-hash 0x00000000000000000000000000000001\n"
	    "nat on em0 proto udp from 10.0.1.0/24 to any port 4 -> "
	    "{ 192.0.2.1, 192.0.2.2 } port 7\n"
	    "nat on em0 proto udp from 10.0.1.0/24 to any port 5 -> "
	    "(em0:0) port 7\n"
	    "nat on em0 inet6 from 2001:db8:1::/64 to any -> 2001:db8::1\n"
	    "binat on em0 from 10.0.1.9 to any -> 192.0.2.2\n",
	    { { "in em1 udp 10.0.1.5 1 192.0.2.9 1",
		  "sent em0 192.0.2.2.52617>192.0.2.9.1" },
		{ "in em1 udp 10.0.1.5 2 192.0.2.9 1",
		    "sent em0 192.0.2.8.59034>192.0.2.9.1" },
		{ "in em1 udp 10.0.1.5 3 192.0.2.9 1",
		    "sent em0 192.0.2.9.57467>192.0.2.9.1" },
		{ "in em1 udp 10.0.1.5 4 192.0.2.9 1",
		    "sent em0 192.0.2.2.57264>192.0.2.9.1" },
		{ "in em1 udp 10.0.1.5 1 192.0.2.9 2",
		    "sent em0 192.0.2.18.52702>192.0.2.9.2" },
		{ "in em1 udp 10.0.1.5 1 192.0.2.9 3",
		    "sent em0 192.0.2.17.59600>192.0.2.9.3" },
		{ "in em1 udp 10.0.1.5 1 192.0.2.9 4",
		    "sent em0 192.0.2.2.7>192.0.2.9.4" },
		{ "in em1 udp 10.0.1.6 1 192.0.2.9 4",
		    "sent em0 192.0.2.1.7>192.0.2.9.4" },
		{ "in em1 udp 10.0.1.7 1 192.0.2.9 4",
		    "sent em0 10.0.1.7.1>192.0.2.9.4" },
		{ "in em1 udp 10.0.1.5 1 192.0.2.9 5",
		    "sent em0 192.0.2.1.7>192.0.2.9.5" },
		{ "in em1 udp 10.0.1.6 1 192.0.2.9 5",
		    "sent em0 10.0.1.6.1>192.0.2.9.5" },
		{ "in em1 udp 2001:db8:1::5 1 2001:db8::9 5",
		    "sent em0 2001:db8::1.55162>2001:db8::9.5" },
		{ "in em1 tcp 10.0.1.9 1 192.0.2.9 5",
		    "sent em0 192.0.2.2.1>192.0.2.9.5" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.2 22",
		    "sent em1 192.0.2.9.1>10.0.1.9.22" } } },
	{ "counted sources",
	    "set timeout src.track 30\nblock all\n"
	    "pass in proto udp to port 1 keep state (source-track rule, "
	    "max-src-nodes 1, max-src-states 2)\n"
	    "pass in proto tcp to port 2 keep state (max-src-conn-rate 2/10)\n"
	    "pass in proto udp to port 3 keep state (source-track global, "
	    "max-src-states 1)\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 1",
		  "local 192.0.2.9.1>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 2 192.0.2.1 1",
		    "local 192.0.2.9.2>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 3 192.0.2.1 1", "block src-limit" },
		{ "in em0 udp 192.0.2.8 1 192.0.2.1 1", "block src-limit" },
		{ "in em0 udp 192.0.2.8 1 192.0.2.1 3",
		    "local 192.0.2.8.1>192.0.2.1.3" },
		{ "in em0 udp 192.0.2.8 2 192.0.2.1 3", "block src-limit" },
		{ "wait 61", "0" },
		{ "in em0 udp 192.0.2.8 1 192.0.2.1 1", "block src-limit" },
		{ "wait 120", "0" },
		{ "in em0 udp 192.0.2.8 1 192.0.2.1 1",
		    "local 192.0.2.8.1>192.0.2.1.1" } } },
	{ "many states live shorter",
	    "set timeout { adaptive.start 1, adaptive.end 5, udp.first 40 }\n"
	    "pass in proto udp to port 1\n"
	    "pass in proto udp to port 2 keep state (udp.first 40, "
	    "adaptive.start 1, adaptive.end 3)\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 1",
		  "local 192.0.2.9.1>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 2 192.0.2.1 1",
		    "local 192.0.2.9.2>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 3 192.0.2.1 1",
		    "local 192.0.2.9.3>192.0.2.1.1" },
		{ "wait 19", "3" }, { "wait 1", "2" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 2",
		    "local 192.0.2.9.1>192.0.2.1.2" },
		{ "in em0 udp 192.0.2.9 2 192.0.2.1 2",
		    "local 192.0.2.9.2>192.0.2.1.2" },
		{ "in em0 udp 192.0.2.9 3 192.0.2.1 2",
		    "local 192.0.2.9.3>192.0.2.1.2" },
		{ "wait 1", "2" } } },
	{ "half of a connection is seen",
	    "pass in proto tcp keep state (sloppy)\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A ack=9 "
		  "seq=999999",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=FA ack=9",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A ack=9",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "FIN_WAIT_2:CLOSING\n" },
		{ "wait 100", "0" } } },
	{ "errors about connections",
	    "nat on em0 from 10.0.1.0/24 to any -> 192.0.2.1\n"
	    "block in on em0\npass out on em0 keep state\n",
	    { { "in em1 icmp 10.0.1.5 77 192.0.2.9 0",
		  "sent em0 192.0.2.1.0>192.0.2.9.0" },
		{ "in em0 icmp 192.0.2.9 77 192.0.2.1 0 type=0", "block" },
		{ "in em0 icmp 192.0.2.9 0 192.0.2.1 0 type=3", "block short" },
		{ "out udp 192.0.2.1 5 192.0.2.9 53",
		    "sent em0 192.0.2.1.5>192.0.2.9.53" },
		{ "in em0 icmp 192.0.2.7 0 192.0.2.1 0 type=11 quote=1",
		    "local 192.0.2.7.0>192.0.2.1.0" },
		{ "in em0 icmp 192.0.2.7 0 192.0.2.1 0 type=11 quote=1",
		    "block" } } },
	{ "a whole proxied handshake",
	    "rdr on em0 proto tcp to port 80 -> 10.0.1.5 port 8080\n"
	    "block all\npass in proto tcp to port 8080 synproxy state\n"
	    "pass on em1 proto tcp flags any no state\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "held synack:723471715" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 "
		  "ack=723471715",
		    "block synproxy" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 "
		  "ack=723471716",
		    "held tcp:2497366906" },
		{ "in em1 tcp 10.0.1.5 8080 192.0.2.9 1 flags=SA seq=50 ack=3",
		    "block synproxy" },
		{ "in em1 tcp 10.0.1.5 8080 192.0.2.9 1 flags=SA seq=50 "
		  "ack=2497366907",
		    "held tcp:2497366907 tcp:723471716" },
		{ "states",
		    "all tcp 10.0.1.5:8080 (192.0.2.1:80) <- 192.0.2.9:1       "
		    "ESTABLISHED:ESTABLISHED\n" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=PA seq=1001 "
		  "ack=723471716 len=10",
		    "sent em1 192.0.2.9.1>10.0.1.5.8080" } } },
	{ "new numbers", "pass in proto tcp modulate state\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "local 192.0.2.9.1>192.0.2.1.80" },
		{ "out tcp 192.0.2.1 80 192.0.2.9 1 flags=SA seq=7 "
		  "ack=723471716",
		    "sent em0 192.0.2.1.80>192.0.2.9.1" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 "
		  "ack=2497366907",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "ESTABLISHED:ESTABLISHED\n" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=900001001 "
		  "ack=8",
		    "block state-mismatch" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=R seq=1001",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 seq=77",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "CLOSED:SYN_SENT\n" } } },
	{ "bound to an interface",
	    "set state-policy if-bound\nblock all\n"
	    "pass in on em0 proto udp\npass out on em1 proto udp tag x\n"
	    "pass out on em0 proto udp from any to any tagged x\n",
	    { { "in em0 udp 192.0.2.9 1 10.0.1.5 53",
		  "sent em1 192.0.2.9.1>10.0.1.5.53" },
		{ "in em1 udp 10.0.1.5 53 192.0.2.9 1",
		    "sent em0 10.0.1.5.53>192.0.2.9.1" },
		{ "in tun0 udp 10.0.1.5 53 192.0.2.9 1", "block" },
		{ "states",
		    "em0 udp 10.0.1.5:53 <- 192.0.2.9:1       "
		    "SINGLE:MULTIPLE\nem1 udp 192.0.2.9:1 -> 10.0.1.5:53       "
		    "MULTIPLE:SINGLE\n" } } },
	{ "a state's packets get its tag",
	    "block all\npass in on em0 proto udp tag x\n"
	    "pass out on em1 proto udp no state tagged x\n",
	    { { "in em0 udp 192.0.2.9 1 10.0.1.5 53",
		  "sent em1 192.0.2.9.1>10.0.1.5.53" },
		{ "in em0 udp 192.0.2.9 1 10.0.1.5 53",
		    "sent em1 192.0.2.9.1>10.0.1.5.53" } } },
	{ "a translation's tag is its first packet's",
	    "rdr pass on em0 proto udp from any to 192.0.2.1 port 7 tag x -> "
	    "10.0.1.5\nblock all\n"
	    "pass out on em1 proto udp no state tagged x\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 7",
		  "sent em1 192.0.2.9.1>10.0.1.5.7" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 7", "block" } } },
	{ "anchors that call each other",
	    "block all\nanchor \"a/*\" in\nanchor \"/b\" in\n"
	    "anchor quick on em1 {\npass in proto udp to port 7\n}\n"
	    "block in on em1\nload anchor \"a/y\" from \"y\"\n"
	    "load anchor \"a/x\" from \"x\"\nload anchor \"b\" from \"b\"\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 1", "block" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 2",
		    "local 192.0.2.9.1>192.0.2.1.2" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 3", "block" },
		{ "in em1 udp 10.0.1.9 1 10.0.1.1 7",
		    "local 10.0.1.9.1>10.0.1.1.7" },
		{ "in em1 udp 10.0.1.9 1 10.0.1.1 1", "block" } } },
	{ "answers that pf gives",
	    "block return all\nblock return-icmp(host-unr) in proto udp to "
	    "port 7\nblock return-rst(ttl 9) in proto tcp to port 7\n"
	    "block drop in proto tcp to port 8\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 1", "block rst" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 1 flags=R", "block icmp" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 1", "block icmp" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 7", "block icmp" },
		{ "in em0 udp 203.0.113.9 1 203.0.113.1 7", "block icmp" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 7 flags=FA", "block rst" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 8", "block" },
		{ "in em0 icmp 192.0.2.9 1 192.0.2.1 8", "block" },
		{ "in em0 gre 192.0.2.9 1 192.0.2.1 8", "block icmp" },
		{ "out tcp 127.0.0.1 5 127.0.0.1 9", "block rst icmp" },
		{ "out udp 192.0.2.1 5 192.0.2.2 9", "block icmp" } } },
	{ "options of IP", "pass in proto tcp allow-opts\npass in proto udp\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 1 opts=4",
		  "local 192.0.2.9.1>192.0.2.1.1" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 1 opts=4",
		    "block ip-option" },
		{ "in em0 gre 192.0.2.9 1 192.0.2.1 1 opts=4",
		    "block ip-option" } } },
	{ "other protocols", "pass in proto gre\npass in proto icmp\n",
	    { { "in em0 gre 192.0.2.9 0 192.0.2.1 0",
		  "local 192.0.2.9.0>192.0.2.1.0" },
		{ "out gre 192.0.2.1 0 192.0.2.9 0",
		    "sent em0 192.0.2.1.0>192.0.2.9.0" },
		{ "states",
		    "all gre 192.0.2.1 <- 192.0.2.9       SINGLE:MULTIPLE\n" },
		{ "wait 59", "0" }, { "wait 1", "0" },
		{ "in em0 icmp 192.0.2.9 3 192.0.2.1 0",
		    "local 192.0.2.9.0>192.0.2.1.0" },
		{ "out icmp 192.0.2.1 3 192.0.2.9 0 type=0",
		    "sent em0 192.0.2.1.0>192.0.2.9.0" },
		{ "states", "all icmp 192.0.2.1:3 <- 192.0.2.9:3       0:0\n" },
		{ "wait 10", "0" } } },
	{ "a connection is over", "pass in proto tcp\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "local 192.0.2.9.1>192.0.2.1.80" },
		{ "out tcp 192.0.2.1 80 192.0.2.9 1 flags=SA seq=7 ack=1001",
		    "sent em0 192.0.2.1.80>192.0.2.9.1" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 ack=8",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=FA seq=1001 "
		  "ack=8",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "out tcp 192.0.2.1 80 192.0.2.9 1 flags=FA seq=8 ack=1002",
		    "sent em0 192.0.2.1.80>192.0.2.9.1" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1002 ack=9",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "FIN_WAIT_2:FIN_WAIT_2\n" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 seq=900000",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "states",
		    "all tcp 192.0.2.1:80 <- 192.0.2.9:1       "
		    "CLOSED:SYN_SENT\n" },
		{ "wait 120", "0" } } },
	{ "too many from one source",
	    "pass in proto tcp to port 80 keep state (max-src-conn 1, "
	    "overload <late> flush)\n"
	    "pass in proto tcp to port 81 keep state (max-src-conn-rate 1/10, "
	    "overload <late> flush global)\n"
	    "pass in proto udp\nblock in quick from <late>\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "local 192.0.2.9.1>192.0.2.1.80" },
		{ "out tcp 192.0.2.1 80 192.0.2.9 1 flags=SA seq=7 ack=1001",
		    "sent em0 192.0.2.1.80>192.0.2.9.1" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80 flags=A seq=1001 ack=8",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 udp 192.0.2.9 5 192.0.2.1 80",
		    "local 192.0.2.9.5>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 2 192.0.2.1 80",
		    "local 192.0.2.9.2>192.0.2.1.80" },
		{ "out tcp 192.0.2.1 80 192.0.2.9 2 flags=SA seq=7 ack=1001",
		    "sent em0 192.0.2.1.80>192.0.2.9.2" },
		{ "in em0 tcp 192.0.2.9 2 192.0.2.1 80 flags=A seq=1001 ack=8",
		    "block src-limit" },
		{ "states",
		    "all udp 192.0.2.1:80 <- 192.0.2.9:5       "
		    "NO_TRAFFIC:SINGLE\nall tcp 192.0.2.1:80 <- 192.0.2.9:2    "
		    "   CLOSED:CLOSED\n" },
		{ "in em0 tcp 192.0.2.8 2 192.0.2.1 81",
		    "local 192.0.2.8.2>192.0.2.1.81" },
		{ "out tcp 192.0.2.1 81 192.0.2.8 2 flags=SA seq=7 ack=1001",
		    "sent em0 192.0.2.1.81>192.0.2.8.2" },
		{ "in em0 tcp 192.0.2.8 2 192.0.2.1 81 flags=A seq=1001 ack=8",
		    "local 192.0.2.8.2>192.0.2.1.81" },
		{ "wait 11", "3" },
		{ "in em0 udp 192.0.2.9 7 192.0.2.1 80", "block" } } },
	{ "connections that cannot be two",
	    "nat on em0 from 10.0.1.0/24 to any -> 192.0.2.1 static-port\n"
	    "pass out on em0\n",
	    { { "in em1 udp 10.0.1.5 9 192.0.2.9 53",
		  "sent em0 192.0.2.1.9>192.0.2.9.53" },
		{ "in em1 udp 10.0.1.6 9 192.0.2.9 53",
		    "sent em0 10.0.1.6.9>192.0.2.9.53" },
		{ "out udp 192.0.2.1 9 192.0.2.9 53", "block state-insert" },
		{ "out udp 192.0.2.1 9 192.0.2.8 53",
		    "sent em0 192.0.2.1.9>192.0.2.8.53" } } },
	{ "pools of IPv6",
	    "nat on em0 inet6 proto udp from 2001:db8:1::/64 to any port 1 -> "
	    "2001:db8::100/120 source-hash "
	    "0x00000000000000000000000000000001\n"
	    "nat on em0 inet6 proto udp from 2001:db8:1::/64 to any port 2 -> "
	    "2001:db8::200/120 bitmask\n"
	    "nat on em0 inet6 proto udp from 2001:db8:1::/64 to any port 3 -> "
	    "{ 2001:db8::fffe, 2001:db8::1 } sticky-address\n"
	    "rdr on em0 inet6 proto tcp to port 80:82 -> 2001:db8:1::5 port "
	    "8080:*\n",
	    { { "in em1 udp 2001:db8:1::5 1 2001:db8::9 1",
		  "sent em0 2001:db8::106.52617>2001:db8::9.1" },
		{ "in em1 udp 2001:db8:1::5 1 2001:db8::9 2",
		    "sent em0 2001:db8::205.59034>2001:db8::9.2" },
		{ "in em1 udp 2001:db8:1::5 1 2001:db8::9 3",
		    "sent em0 2001:db8::1.57467>2001:db8::9.3" },
		{ "in em1 udp 2001:db8:1::5 2 2001:db8::9 3",
		    "sent em0 2001:db8::1.57264>2001:db8::9.3" },
		{ "in em1 udp 2001:db8:1::6 2 2001:db8::9 3",
		    "sent em0 2001:db8::fffe.62777>2001:db8::9.3" },
		{ "in em0 tcp 2001:db8::9 2 2001:db8::1 81",
		    "sent em1 2001:db8::9.2>2001:db8:1::5.8081" },
		{ "in em0 ipv6-icmp 2001:db8::9 7 2001:db8::1 0",
		    "local 2001:db8::9.0>2001:db8::1.0" },
		{ "in em0 ipv6-icmp 2001:db8::9 7 2001:db8:1::5 0 type=1",
		    "sent em1 2001:db8::9.0>2001:db8:1::5.0" } } },
	{ "what does not matter and what does",
	    "block all\npass in proto tcp flags any prio 0 no state\n"
	    "block in proto tcp from 192.0.2.9 tos 0x10\n"
	    "block in inet proto icmp icmp-type 8 code 1\n"
	    "pass in inet proto icmp icmp-type echoreq code 0 no state\n"
	    "pass in inet proto udp fragment\n"
	    "block in quick proto udp from 192.0.2.7 probability 100%\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80 tos=16", "block" },
		{ "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		    "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 icmp 192.0.2.9 1 192.0.2.1 0",
		    "local 192.0.2.9.0>192.0.2.1.0" },
		{ "in em0 udp 192.0.2.9 1 192.0.2.1 1", "block" },
		{ "in em0 udp 192.0.2.7 1 192.0.2.1 1 frag=8,8", "block" },
		{ "in em0 udp 192.0.2.6 1 192.0.2.1 1 frag=8,8",
		    "local 192.0.2.6.1>192.0.2.1.1" } } },
	{ "skipped, and off the map", "set skip on { em1 wan }\nblock all\n",
	    { { "in em0 udp 192.0.2.9 1 192.0.2.1 1",
		  "local 192.0.2.9.1>192.0.2.1.1" },
		{ "in em1 udp 10.0.1.9 1 10.0.1.1 1",
		    "local 10.0.1.9.1>10.0.1.1.1" },
		{ "in tun0 udp 10.8.0.2 1 10.8.0.1 1", "block" },
		{ "in em0 udp 192.0.2.9 1 10.8.0.2 1", "block" } } },
	{ "what a host knows of systems",
	    "block all\npass in proto tcp from any os \"unknown\"\n"
	    "pass in proto tcp from 192.0.2.8 os \"Linux\"\n"
	    "pass in proto tcp from 192.0.2.7 prio 3\n"
	    "pass in proto udp from 192.0.2.6 probability 100%\n"
	    "block in proto udp from 192.0.2.5 probability 0.0001%\n",
	    { { "in em0 tcp 192.0.2.9 1 192.0.2.1 80",
		  "local 192.0.2.9.1>192.0.2.1.80" },
		{ "in em0 tcp 192.0.2.9 2 192.0.2.1 80 flags=A", "block" },
		{ "in em0 tcp 192.0.2.9 3 192.0.2.1 80 flags=SA", "block" },
		{ "in em0 udp 192.0.2.6 3 192.0.2.1 80",
		    "local 192.0.2.6.3>192.0.2.1.80" } } },
};
