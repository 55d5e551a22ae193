/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Others' rules, read from the kernel: rulesets of the shape that Docker, ufw,
 * firewalld and others load, each in a network namespace of our own, and what
 * becomes of packets to and from a jail. Every cure is typed, and looked at
 * again. (The programs themselves: the story "beside" of make check-vm.)
 */
#include "nft/foreign.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tap.h"

/* ---- rulesets ---- */

static const char docker[] =
    "iptables-nft-restore <<'E'\n"
    "*filter\n"
    ":INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n"
    ":DOCKER -\n:DOCKER-USER -\n:DOCKER-ISOLATION-STAGE-1 -\n"
    ":DOCKER-ISOLATION-STAGE-2 -\n"
    "-A FORWARD -j DOCKER-USER\n"
    "-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"
    "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j "
    "ACCEPT\n"
    "-A FORWARD -o docker0 -j DOCKER\n"
    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n"
    "-A FORWARD -i docker0 -o docker0 -j ACCEPT\n"
    "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp "
    "--dport 80 -j ACCEPT\n"
    "-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j "
    "DOCKER-ISOLATION-STAGE-2\n"
    "-A DOCKER-ISOLATION-STAGE-1 -j RETURN\n"
    "-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\n"
    "-A DOCKER-ISOLATION-STAGE-2 -j RETURN\n"
    "-A DOCKER-USER -j RETURN\n"
    "COMMIT\nE";

static const char ufw[] =
    "iptables-nft-restore <<'E'\n"
    "*filter\n"
    ":INPUT DROP\n:FORWARD DROP\n:OUTPUT ACCEPT\n"
    ":ufw-before-input -\n:ufw-user-input -\n:ufw-not-local -\n"
    ":ufw-before-forward -\n:ufw-user-forward -\n:ufw-reject-forward -\n"
    ":ufw-after-logging-forward -\n"
    "-A INPUT -j ufw-before-input\n"
    "-A FORWARD -j ufw-before-forward\n"
    "-A FORWARD -j ufw-after-logging-forward\n"
    "-A FORWARD -j ufw-reject-forward\n"
    "-A ufw-before-input -i lo -j ACCEPT\n"
    "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j "
    "ACCEPT\n"
    "-A ufw-before-input -m conntrack --ctstate INVALID -j DROP\n"
    "-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT\n"
    "-A ufw-before-input -j ufw-not-local\n"
    "-A ufw-before-input -j ufw-user-input\n"
    "-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n"
    "-A ufw-not-local -j DROP\n"
    "-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT\n"
    "-A ufw-user-input -p tcp -m multiport --dports 8000,9000 -j ACCEPT\n"
    "-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j "
    "ACCEPT\n"
    "-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT\n"
    "-A ufw-before-forward -j ufw-user-forward\n"
    "-A ufw-after-logging-forward -m limit --limit 3/min -j LOG\n"
    "COMMIT\nE";

static const char firewalld[] =
    "nft -f - <<'E'\n"
    "table inet firewalld {\n"
    "  chain filter_FORWARD {\n"
    "    type filter hook forward priority 10; policy accept;\n"
    "    ct state { established, related } accept\n"
    "    ct status dnat accept\n"
    "    iifname \"lo\" accept\n"
    "    ct state invalid drop\n"
    "    jump filter_FORWARD_ZONES\n"
    "    reject with icmpx admin-prohibited\n"
    "  }\n"
    "  chain filter_FORWARD_ZONES {\n"
    "    iifname \"em0\" goto filter_FWD_public\n"
    "    iifname \"em0\" accept\n"
    "    iifname \"jail-*\" oifname \"em1\" goto filter_FWD_trusted\n"
    "    goto filter_FWD_public\n"
    "  }\n"
    "  chain filter_FWD_public { meta l4proto icmp accept; }\n"
    "  chain filter_FWD_trusted { accept; }\n"
    "  chain filter_INPUT {\n"
    "    type filter hook input priority 10; policy accept;\n"
    "    iifname vmap { \"lo\" : accept, \"em0\" : jump filter_IN_public }\n"
    "    reject with icmpx admin-prohibited\n"
    "  }\n"
    "  chain filter_IN_public { tcp dport { 22, 8000-8010 } accept; }\n"
    "}\nE";

static const char nftables[] =
    "nft -f - <<'E'\n"
    "table inet filter {\n"
    "  set bad { type ipv4_addr; flags interval;\n"
    "    elements = { 198.51.100.0/24, 203.0.113.66 } }\n"
    "  chain input { type filter hook input priority filter; policy drop;\n"
    "    ct state established accept\n"
    "    tcp dport ssh accept\n"
    "  }\n"
    "  chain forward { type filter hook forward priority filter;\n"
    "    policy drop;\n"
    "    ip saddr @bad drop\n"
    "    ip6 daddr fd00:1::/64 accept\n"
    "    ip daddr 192.168.0.0/24 tcp dport 80 limit rate 10/second accept\n"
    "  }\n"
    "}\nE";

static const char plain_iptables[] =
    "iptables-nft -P FORWARD DROP; ip6tables-nft -A FORWARD -j REJECT";

static const char crowdsec[] =
    "nft -f - <<'E'\n"
    "table ip crowdsec {\n"
    "  set crowdsec-blacklists { type ipv4_addr; flags timeout;\n"
    "    elements = { 203.0.113.66 timeout 1h, 203.0.113.67 timeout 1h } }\n"
    "  chain crowdsec-chain-forward { type filter hook forward priority -10;\n"
    "    policy accept;\n"
    "    ip saddr @crowdsec-blacklists counter drop\n"
    "  }\n"
    "}\nE";

static const char others[] =
    "set -e; nft -f - <<'E'\n"
    "table ip libvirt_network { chain forward {\n"
    "  type filter hook forward priority filter; policy accept;\n"
    "  oifname \"virbr0\" counter reject\n  }\n}\n"
    "table inet netavark {\n  chain NETAVARK-HOSTPORT-DNAT { }\n}\n"
    "table inet f2b-table { chain f2b-chain {\n"
    "  type filter hook input priority -1; policy accept;\n  }\n}\n"
    "table ip mine {\n chain sleeping {\n"
    "  type filter hook forward priority 0; policy drop;\n  }\n}\n"
    "table ip raw { ct helper ftp { type \"ftp\" protocol tcp;\n  }\n}\n"
    "table inet pf { chain c { type filter hook forward priority 5;\n"
    "  policy drop;\n  }\n}\n"
    "table inet gaol_guard { chain c { type filter hook forward priority 5;\n"
    "  policy drop;\n  }\n}\n"
    "E\n"
    "nft 'add table ip mine { flags dormant; }'";

static const char marks[] = "nft -f - <<'E'\n"
			    "table inet ids {\n"
			    "  chain f { type filter hook forward priority 0;\n"
			    "    meta mark 0x4 drop\n  }\n}\n"
			    "E";

/* ---- packets ---- */

static struct foreign_packet
packet(uint32_t hook, const char *in, const char *out, const char *src,
    const char *dst, uint16_t dport)
{
	struct foreign_packet p = {
		.hook = hook,
		.family = strchr(src, ':') ? AF_INET6 : AF_INET,
		.proto = IPPROTO_TCP,
		.sport = 40000,
		.dport = dport,
	};

	snprintf(p.iifname, sizeof(p.iifname), "%s", in);
	snprintf(p.oifname, sizeof(p.oifname), "%s", out);
	if (inet_pton(p.family, src, p.src) != 1 ||
	    inet_pton(p.family, dst, p.dst) != 1)
		BUG("address");
	return p;
}

static struct foreign_packet
out_of_jail(void)
{
	return packet(NF_INET_FORWARD, "jail-web", "em0", "192.168.0.2",
	    "203.0.113.9", 443);
}

static struct foreign_packet
into_jail(const char *src)
{
	struct foreign_packet p =
	    packet(NF_INET_FORWARD, "em0", "jail-web", src, "192.168.0.2", 80);

	p.dnat = true;
	return p;
}

static struct foreign_packet
to_host(uint16_t port)
{
	return packet(
	    NF_INET_LOCAL_IN, "em0", "", "203.0.113.9", "192.0.2.1", port);
}

/* ---- the tests ---- */

static struct foreign now;

static void
load(const char *script)
{
	foreign_clear(&now);
	ok(system("nft flush ruleset") == 0 && system(script) == 0 &&
		foreign_read(&now, NULL) == 0,
	    "a ruleset is loaded and read");
}

static struct foreign_ruling
judge(struct foreign_packet p)
{
	struct foreign_ruling r;

	foreign_judge(&now, &p, &r);
	return r;
}

static void
said(struct foreign_packet p, const char *want, const char *what)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct foreign_ruling r = judge(p);

	foreign_say(&r, &text);
	is_str(text.buf, want, "%s", what);
}

/* Type the cure; the packet then passes, and `still` does not. */
static void
cured(struct foreign_packet p, const char *want, const char *what)
{
	_cleanup_(str_clear) struct str text = STR_INIT;
	struct foreign_ruling r = judge(p);

	foreign_cure(&r, &p, &text);
	is_str(text.buf, want, "%s: the cure", what);
	ok(system(text.buf) == 0, "%s: can be typed", what);
	foreign_clear(&now);
	foreign_read(&now, NULL);
	is_int(judge(p).word, FOREIGN_PASSES, "%s: and helps", what);
}

static void
test_docker(void)
{
	struct foreign_packet container = packet(NF_INET_FORWARD, "docker0",
	    "em0", "172.17.0.2", "203.0.113.9", 443);

	load(docker);
	ok(foreign_has(&now, FOREIGN_DOCKER) && !foreign_has(&now, FOREIGN_UFW),
	    "Docker is found");
	is_int(now.table[0].iptables, true, "as iptables' table");
	said(out_of_jail(),
	    "chain FORWARD of table ip filter (Docker) drops in forward what "
	    "pf passes",
	    "Docker's policy is named");
	is_int(judge(container).word, FOREIGN_PASSES,
	    "a container's packets pass");
	is_int(judge(to_host(22)).word, FOREIGN_PASSES, "so does input");
	cured(out_of_jail(),
	    "iptables -I DOCKER-USER -i jail-+ -j ACCEPT\n"
	    "iptables -I DOCKER-USER -o jail-+ -j ACCEPT\n",
	    "Docker");
	is_int(judge(into_jail("203.0.113.9")).word, FOREIGN_PASSES, "in, too");
	is_int(judge(packet(NF_INET_FORWARD, "em1", "em0", "10.0.0.1",
			 "203.0.113.9", 443))
		   .word,
	    FOREIGN_DROPS, "what is no jail's is still dropped");
}

static void
test_ufw(void)
{
	load(ufw);
	is_int(judge(out_of_jail()).owner, FOREIGN_UFW, "ufw is named");
	said(into_jail("203.0.113.9"),
	    "chain FORWARD of table ip filter (ufw) drops in forward what pf "
	    "passes",
	    "ufw's policy of forward");
	is_int(judge(to_host(22)).word, FOREIGN_PASSES, "ssh passes ufw");
	said(to_host(25),
	    "chain INPUT of table ip filter (ufw) may drop in input what pf "
	    "passes, depending on multiport",
	    "a match that is not followed is named");
	ok(system("ip6tables-nft -P FORWARD ACCEPT; iptables-nft -A "
		  "ufw-user-forward -i jail-+ -j ACCEPT") == 0,
	    "what `ufw route allow in on jail-+` adds");
	foreign_clear(&now);
	foreign_read(&now, NULL);
	is_int(judge(out_of_jail()).word, FOREIGN_PASSES, "lets jails out");
	is_int(judge(into_jail("203.0.113.9")).word, FOREIGN_DROPS,
	    "and nobody in");
}

static void
test_firewalld(void)
{
	struct foreign_packet other = out_of_jail();

	load(firewalld);
	said(out_of_jail(),
	    "chain filter_FORWARD of table inet firewalld (firewalld) rejects "
	    "in forward what pf passes",
	    "a reject at the end");
	is_int(judge(into_jail("203.0.113.9")).word, FOREIGN_PASSES,
	    "what rdr sends in passes: it is translated");
	snprintf(other.oifname, sizeof(other.oifname), "em1");
	is_int(judge(other).word, FOREIGN_PASSES,
	    "a name with a star is followed");
	snprintf(other.iifname, sizeof(other.iifname), "em0");
	is_int(judge(other).word, FOREIGN_DROPS,
	    "a goto does not come back to its chain");
	is_int(judge(to_host(22)).word, FOREIGN_PASSES, "a map, a jump, a set");
	is_int(judge(to_host(8005)).word, FOREIGN_PASSES, ".. an interval");
	is_int(judge(to_host(8011)).word, FOREIGN_DROPS, ".. behind its end");
	snprintf(other.iifname, sizeof(other.iifname), "lo");
	is_int(judge(other).word, FOREIGN_PASSES, "lo passes");
}

static void
test_nftables(void)
{
	load(nftables);
	is_int(judge(out_of_jail()).owner, FOREIGN_NFTABLES,
	    "nftables.service's table");
	is_int(judge(out_of_jail()).handle, 0, "its policy has no handle");
	is_int(judge(into_jail("198.51.100.255")).word, FOREIGN_DROPS,
	    "an address in the set");
	ok(judge(into_jail("198.51.100.255")).handle != 0,
	    ".. is dropped by a rule");
	is_int(judge(into_jail("198.51.101.0")).word, FOREIGN_DEPENDS,
	    "one behind the range may pass");
	is_str(judge(into_jail("198.51.101.0")).match, "limit",
	    ".. as a limit says");
	is_int(judge(packet(NF_INET_FORWARD, "em0", "jail-web", "2001:db8::9",
			 "fd00:1::2", 80))
		   .word,
	    FOREIGN_PASSES, "IPv6 by prefix");
	is_int(judge(packet(NF_INET_FORWARD, "em0", "jail-web", "2001:db8::9",
			 "fd00:2::2", 80))
		   .word,
	    FOREIGN_DROPS, "IPv6 beside it");
	cured(out_of_jail(),
	    "nft 'insert rule inet filter forward iifname \"jail-*\" accept'\n"
	    "nft 'insert rule inet filter forward oifname \"jail-*\" accept'\n",
	    "nftables.service");
	cured(to_host(25),
	    "nft 'insert rule inet filter input tcp dport 25 accept'\n",
	    "a port of the host");
}

static void
test_iptables(void)
{
	struct foreign_packet v6 = packet(NF_INET_FORWARD, "jail-web", "em0",
	    "fd00:1::2", "2001:db8::9", 443);

	load(plain_iptables);
	is_int(
	    judge(out_of_jail()).owner, FOREIGN_IPTABLES, "iptables by hand");
	is_int(judge(v6).reject, true, "its REJECT");
	cured(v6,
	    "ip6tables -I FORWARD -i jail-+ -j ACCEPT\n"
	    "ip6tables -I FORWARD -o jail-+ -j ACCEPT\n",
	    "ip6tables");
	is_int(judge(out_of_jail()).word, FOREIGN_DROPS, "IPv4 is another");
}

static void
test_crowdsec(void)
{
	load(crowdsec);
	ok(foreign_has(&now, FOREIGN_CROWDSEC), "CrowdSec is found");
	is_int(now.table[0].set[0].n_elem, 2, "with what it blocks");
	is_int(judge(into_jail("203.0.113.9")).word, FOREIGN_PASSES,
	    "others pass");
	said(into_jail("203.0.113.66"),
	    "chain crowdsec-chain-forward of table ip crowdsec (CrowdSec) "
	    "drops "
	    "in forward what pf passes",
	    "one that is blocked does not");
}

static void
test_others(void)
{
	load(others);
	is_int(judge(out_of_jail()).word, FOREIGN_PASSES,
	    "a table that sleeps, ours, and rules about others' bridges");
	ok(foreign_has(&now, FOREIGN_LIBVIRT) &&
		foreign_has(&now, FOREIGN_PODMAN) &&
		foreign_has(&now, FOREIGN_FAIL2BAN),
	    "libvirt, Podman, fail2ban are found");
	is_int(now.n_table, 5, "ours are left out");
	is_str(now.kernel.helpers, "ftp", "a conntrack helper is seen");
}

static void
test_marks(void)
{
	load(marks);
	is_int(judge(out_of_jail()).word, FOREIGN_DEPENDS,
	    "a mark is nobody's to know");
	is_str(judge(out_of_jail()).match, "a match", ".. and that is said");
}

static void
test_order(void)
{
	load(crowdsec);
	ok(system("nft 'add table ip a; add chain ip a c { type filter hook "
		  "forward priority 20; policy drop; }'") == 0,
	    "a second table that drops");
	foreign_clear(&now);
	foreign_read(&now, NULL);
	is_str(judge(into_jail("203.0.113.66")).table->name, "crowdsec",
	    "the first in the kernel's order is named");
	is_str(judge(into_jail("203.0.113.9")).table->name, "a",
	    "else the next");
}

int
main(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	load("true");
	is_int(now.n_table, 0, "nothing is there, and nobody drops");
	is_int(judge(out_of_jail()).word, FOREIGN_PASSES, "a packet passes");
	test_docker();
	test_ufw();
	test_firewalld();
	test_nftables();
	test_iptables();
	test_crowdsec();
	test_others();
	test_marks();
	test_order();
	foreign_clear(&now);
	return done_testing();
}
