# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Every verb that changes something, for tests that kill them. Source it after
# host.sh, in namespaces of your own; then
#
#	verbs_prepare		makes the host on which all rows begin
#	row() { ... }		what is done with one:
#	    row VERB COMMAND PREP NEXT [WHAT]
#	rows			calls it for each
#
# PREP brings the host to where COMMAND begins. COMMAND is killed somewhere.
# NEXT is what follows: it completes or undoes, whichever it has to be, and
# ends where PREP began; it fails if it cannot.

verbs_prepare() {
	private_host
	lo1
	ip link add em0 type dummy 2>/dev/null || ip link add em0 type bridge
	ip link set em0 addrgenmode none && ip link set em0 up &&
	    ip addr add 192.168.178.40/24 dev em0
	ip addr add fd00:1::1/64 dev em0 nodad 2>/dev/null
	pool_dir tank && release tiny || skip_all "cannot make a pool"

	# Something to fetch: a stand-in for mmdebstrap, which makes a small tree.
	mkdir "$TMP/bin"
	cat >"$TMP/bin/mmdebstrap" <<'SCRIPT'
#!/bin/bash
for place; do case $place in /*) break ;; esac; done
mkdir -p "$place"/{bin,etc,usr/bin,dev,tmp}
echo host >"$place/etc/hostname"
SCRIPT
	chmod +x "$TMP/bin/mmdebstrap"
	PATH=$TMP/bin:$PATH

	cat >"$TMP/old.conf" <<'CONF'
set skip on lo
table <friends> persist { 203.0.113.0/24 }
block in all
pass in on em0 proto tcp from <friends> to port 22 keep state
pass out all keep state
CONF
	cat >"$TMP/new.conf" <<'CONF'
scrub in all
table <friends> persist { 198.51.100.0/24 }
rdr on em0 proto tcp to 192.168.178.40 port 80 -> 192.168.0.2 port 8080
block all
pass in on em0 proto tcp from <friends> to port { 22, 80 }
pass out on em0 all
CONF
	gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2,em0|192.168.178.7' \
	    ip6_addr='em0|fd00:1::7' exec_prestart=true exec_poststop=true \
	    memoryuse=deny=64M notes=none boot=off >/dev/null 2>&1
	# The first start leaves files of its /etc and a log.
	gaol start web >/dev/null && gaol stop web >/dev/null
	gaol pool create lake --dir "$TMP/lake" >/dev/null &&
	gaol activate lake >/dev/null && gaol activate tank >/dev/null &&
	gaol set notes=none default >/dev/null
	gaol fetch -r debian-13 >/dev/null &&
	gaol destroy -f -r debian-13 >/dev/null
	# mkfs leaves a cache in /run.
	! losetup -f >/dev/null 2>&1 || { pond_image && pool_goes; }
	remember
}

# What holds wherever a verb was killed.
sane() {
	gaol list -H >/dev/null && gaol list -r -H >/dev/null &&
	gaol pool list -H >/dev/null
}
mends() {
	no_leftovers --repair && no_leftovers || {
		cat "$TMP/check.json"
		return 1
	}
}

# ---- what is prepared and what follows

has_jail() {
	gaol list -H | cut -f2 | grep -qx "$1"
}
down() {
	[ "$(gaol get state "$1")" = down ]
}
nothing() {
	:
}

x_is_there() {
	gaol create -n x -r tiny >/dev/null
}
x_goes() {
	! has_jail x || gaol destroy -f x >/dev/null || return 1
	# The next that makes something removes what was left.
	gaol create -e -n y >/dev/null && gaol destroy -f y >/dev/null
}
x_runs() {
	x_is_there && gaol start x >/dev/null
}
old_release() {
	cp -a /tank/releases/tiny /tank/releases/old
}
old_release_goes() {
	! [ -e /tank/releases/old ] || gaol destroy -f -r old >/dev/null || return 1
	x_goes
}

web_runs() {
	gaol start web >/dev/null
}
stop_web() {
	gaol stop web >/dev/null 2>"$TMP/err" ||
	    grep -q "jail 'web' is not running" "$TMP/err" || {
		cat "$TMP/err"
		return 1
	}
}
# A jail whose first process died, and a tree that was being made.
web_died() {
	web_runs && mkdir -p /tank/.gaol/making/half.1 &&
	kill -9 $(pgrep -x gaol-init) && eventually no_init
}
no_init() {
	! pgrep -x gaol-init >/dev/null
}
web_is_mended() {
	no_leftovers --repair && no_leftovers && [ ! -e /tank/.gaol/making/half.1 ] &&
	! gaol stop web 2>/dev/null
}
# A start that was killed before its end takes gaol-init along a moment later.
web_answers() {
	gaol exec web true 2>/dev/null || {
		gaol start web >/dev/null 2>&1
		false
	}
}
start_and_stop_web() {
	gaol start web >/dev/null 2>"$TMP/err" ||
	    grep -q "jail 'web' is already running" "$TMP/err" || {
		cat "$TMP/err"
		return 1
	}
	eventually web_answers && gaol stop web >/dev/null
}

set_back() {
	local notes
	notes=$(gaol get notes web) &&
	case $notes in none | new) ;; *) false ;; esac &&
	gaol set notes=none web >/dev/null
}
default_back() {
	gaol set notes=none default >/dev/null
}

activate_tank() {
	case $(gaol get -p) in tank | lake) ;; *) false ;; esac &&
	gaol activate tank >/dev/null
}
# A pool that is half made or half gone is removed by destroy, or by the create
# of the same name.
pool_goes() {
	local row
	row=$(gaol pool list -H | grep '^pond	')
	[ -z "$row" ] || gaol pool destroy -f pond >/dev/null || return 1
	[ ! -d "$TMP/pond" ] || rmdir "$TMP/pond"
	[ ! -e "$TMP/pond.img" ] && [ ! -e /pond ] && resave
}
pool_is_made_and_goes() {
	gaol pool list -H | grep -q '^pond	.*	ONLINE	' ||
	    gaol pool create pond $pond_on >/dev/null || return 1
	pool_goes
}
# The record is written anew: what a killed one left beside it goes.
resave() {
	gaol activate tank >/dev/null
}
pond_dir() {
	gaol pool create pond --dir "$TMP/pond" >/dev/null
}
pond_image() {
	gaol pool create pond --image "$TMP/pond.img" --size 300M >/dev/null
}
pond_dir_off() {
	pond_dir && gaol pool export pond
}
pond_image_off() {
	pond_image && gaol pool export pond
}
pool_comes_and_goes() {
	gaol pool import pond && mountpoint -q /pond && pool_goes
}
release_goes() {
	gaol list -r -H | grep -qx debian-13 || gaol fetch -r debian-13 || return 1
	gaol destroy -f -r debian-13
} >/dev/null

rc_lo2() {
	printf '%s\n' 'cloned_interfaces="lo1 lo2"' \
	    'ipv4_addrs_lo1="192.168.0.1/24"' 'ipv4_addrs_lo2="10.9.0.1/24"' \
	    'gateway_enable="YES"' "$@" >/etc/rc.conf
}
lo2_goes() {
	gaol net up >/dev/null && ip addr show dev lo2 | grep -q 10.9.0.1/24 &&
	no_lo2
}
no_lo2() {
	ip link del lo2 && echo 0 >/proc/sys/net/ipv4/ip_forward &&
	rm -f /etc/rc.conf /etc/rc.conf.new
}
rc_all() {
	rc_lo2 'pf_enable="YES"' "pf_rules=\"$TMP/old.conf\"" \
	    'iocage_enable="YES"'
	gaol set boot=on web >/dev/null
}
boot_again() {
	gaol boot && pfctl -s info | grep -q "Status: Enabled" &&
	gaol exec web true && gaol stop web && gaol set boot=off web && pf_off &&
	no_lo2
} >/dev/null 2>&1

pf_off() {
	local family
	[ "$(find /run/gaol/pf -mindepth 2 -maxdepth 2 -type d | wc -l)" -le 1 ] ||
		return 1
	pfctl -q -d
	for family in inet ip ip6; do nft delete table $family pf; done
	# The numbers of loads are random.
	rm -rf /run/gaol/pf /var/lib/gaol/pf
	:
} 2>/dev/null
no_pf() {
	pfctl -q -f "$TMP/old.conf"
}
pf_on() {
	no_pf && pfctl -q -e
}
# The old rules or the new ones, and never none.
guarded() {
	nft list table inet pf | grep -q drop &&
	pfctl -s rules | grep -q 'proto tcp from <friends>'
}
pf_old_or_new() {
	guarded && pfctl -s info | grep -q 'Status: Enabled' &&
	pfctl -q -f "$TMP/new.conf" && guarded && pf_off
}
pf_enables() {
	pfctl -q -e || pfctl -s info | grep -q 'Status: Enabled' || return 1
	guarded && pf_off
}
pf_disables() {
	pfctl -q -d || pfctl -s info | grep -q 'Status: Disabled' || return 1
	pf_off
}
pf_flushes() {
	pfctl -q -F all && [ -z "$(pfctl -s rules)" ] && pf_off
}
# What is shown is what the kernel has.
pf_table_agrees() {
	local shown=no sets=no
	! pfctl -q -t friends -T show | grep -q 192.0.2.1 || shown=yes
	! nft list table inet pf | grep -q 192.0.2.1 || sets=yes
	[ $shown = $sets ]
}
pf_table() {
	pf_table_agrees && pfctl -q -t friends -T add 192.0.2.1 &&
	pfctl -q -t friends -T test 192.0.2.1 &&
	nft list table inet pf | grep -q 192.0.2.1 && pf_off
}

# Rules on trial; what waits for the end of a trial is not waited for.
on_trial() {
	pf_on && pfctl -q -f "$TMP/new.conf" --confirm 600
}
clocks_end() {
	local p
	for p in /proc/[0-9]*; do
		! tr '\0' ' ' <"$p/cmdline" 2>/dev/null |
		    grep -q '^pfctl .*--confirm' || kill -9 "${p#/proc/}"
	done
	: # some ended by themselves
}
# Nothing waits; -e, which finds pf enabled, tidies.
trial_over() {
	! pfctl -q --revert && no_trial && clocks_end && ! pfctl -q -e && pf_off
} 2>"$TMP/err"
# The old rules are there again, enabled.
pf_is_old() {
	guarded && ! pfctl -s rules | grep -q scrub &&
	pfctl -s info | grep -q 'Status: Enabled' && trial_over
}
pf_reverts() {
	guarded || return 1
	pfctl -q --revert 2>"$TMP/err" || no_trial || return 1
	pf_is_old
}
no_trial() {
	grep -q 'no rules wait for a confirmation' "$TMP/err"
}
pf_confirms() {
	guarded || return 1
	pfctl -q --confirm 2>"$TMP/err" || no_trial || return 1
	guarded && pfctl -s rules | grep -q scrub && trial_over
}
pf_flushed() {
	pf_on && nft delete table inet pf
}
pf_restores() {
	pfctl -q --restore && pf_is_old
} >/dev/null
# The loaded file means other rules once em0 has another address.
pf_moved() {
	sed 's/to port/to em0 port/' "$TMP/old.conf" >"$TMP/em0.conf" &&
	pfctl -q -f "$TMP/em0.conf" && pfctl -q -e &&
	ip addr add 192.168.178.44/24 dev em0
}
pf_follows() {
	pfctl -q --follow >/dev/null && guarded &&
	pfctl -s rules | grep -q 'to 192.168.178.44' &&
	ip addr del 192.168.178.44/24 dev em0 &&
	pfctl -q -f "$TMP/old.conf" && pf_is_old
}
pf_has_state() {
	pf_on && echo x >/dev/udp/192.168.178.99/9 &&
	pfctl -s states | grep -q 192.168.178.99
}
pf_forgets() {
	pfctl -q -k 0.0.0.0/0 -k 192.168.178.99 && guarded &&
	! pfctl -s states | grep -q 192.168.178.99 && pf_off
}
# The source of that state is this host.
pf_has_source() {
	pf_on && {
		cat "$TMP/old.conf"
		echo "pass out on em0 keep state (source-track rule, max-src-states 9)"
	} >"$TMP/tracks.conf" && pfctl -q -f "$TMP/tracks.conf" &&
	echo x >/dev/udp/192.168.178.99/9 && pfctl -s Sources | grep -q "states 1,"
}
pf_forgets_source() {
	pfctl -q -K 0.0.0.0/0 && guarded && [ -z "$(pfctl -s Sources)" ] &&
	pfctl -s states | grep -q 192.168.178.99 && pf_off
}
pf_counts_anew() {
	pfctl -q -z && guarded && ! pfctl -s rules -v 2>/dev/null |
	    grep -q 'Packets: [1-9]' && pf_off
}
pf_is_loud() {
	pfctl -q -x loud && pfctl -s info | grep -q 'Debug: Loud' && pf_off
}
service_row() {
	rc_lo2 'pf_enable="YES"' "pf_rules=\"$TMP/old.conf\"" &&
	ip link add lo2 type bridge
}
service_off() {
	gaol service pf start && guarded && gaol service pf stop && pf_off && no_lo2
} >/dev/null
rc_kept() {
	gaol sysrc gateway_enable=NO &&
	[ "$(gaol sysrc -n gateway_enable)" = NO ] &&
	ip link add lo2 type bridge && no_lo2
} >/dev/null

rows() {
	row create 'gaol create -n x -r tiny notes=x' nothing x_goes
	row destroy 'gaol destroy -f x' x_is_there x_goes
	row destroy 'gaol destroy -f x' x_runs x_goes 'a running jail'
	row destroy 'gaol destroy -f -r old' old_release old_release_goes 'a release'
	row start 'gaol start web' nothing stop_web
	row start 'gaol start web' nothing start_and_stop_web 'and started again'
	row stop 'gaol stop web' web_runs stop_web
	row stop 'gaol stop -f web' web_runs start_and_stop_web 'and started again'
	row restart 'gaol restart web' web_runs start_and_stop_web
	row 'check --repair' 'gaol check --repair' web_died web_is_mended
	row set 'gaol set notes=new web' nothing set_back
	row set 'gaol set notes=new default' nothing default_back 'the defaults'
	row activate 'gaol activate lake' nothing activate_tank
	pond_on="--dir $TMP/pond"
	row 'pool create' "gaol pool create pond $pond_on" nothing pool_goes 'a directory'
	row 'pool create' "gaol pool create pond $pond_on" nothing \
	    pool_is_made_and_goes 'made again'
	row 'pool destroy' 'gaol pool destroy -f pond' pond_dir pool_goes 'a directory'
	row 'pool import' 'gaol pool import pond' pond_dir_off pool_comes_and_goes
	row 'pool export' 'gaol pool export pond' pond_dir pool_comes_and_goes
	if losetup -f >/dev/null 2>&1; then
		pond_on="--image $TMP/pond.img --size 256M"
		row 'pool create' "gaol pool create pond $pond_on" nothing pool_goes \
		    'an image'
		row 'pool destroy' 'gaol pool destroy -f pond' pond_image pool_goes \
		    'an image'
		row 'pool import' 'gaol pool import pond' pond_image_off \
		    pool_comes_and_goes 'an image'
		row 'pool export' 'gaol pool export pond' pond_image \
		    pool_comes_and_goes 'an image'
	fi
	row fetch 'gaol fetch -r debian-13' nothing release_goes
	row 'net up' 'gaol net up' rc_lo2 lo2_goes
	row sysrc 'gaol sysrc gateway_enable=NO' rc_lo2 rc_kept
	row boot 'gaol boot' rc_all boot_again
	row service 'gaol service pf start' service_row service_off
	row 'pfctl -f' "pfctl -f $TMP/new.conf" pf_on pf_old_or_new
	row 'pfctl -e' 'pfctl -e' no_pf pf_enables
	row 'pfctl -d' 'pfctl -d' pf_on pf_disables
	row 'pfctl -F' 'pfctl -F all' pf_on pf_flushes
	row 'pfctl -T' 'pfctl -t friends -T add 192.0.2.1' pf_on pf_table
	row 'pfctl -f' "pfctl -f $TMP/new.conf --confirm 600" pf_on pf_reverts \
	    'on trial'
	row 'pfctl --confirm' 'pfctl --confirm' on_trial pf_confirms
	row 'pfctl --revert' 'pfctl --revert' on_trial pf_reverts
	row 'pfctl --restore' 'pfctl --restore' pf_flushed pf_restores
	row 'pfctl --follow' 'pfctl --follow' pf_moved pf_follows
	row 'pfctl -k' 'pfctl -k 0.0.0.0/0 -k 192.168.178.99' pf_has_state \
	    pf_forgets
	row 'pfctl -K' 'pfctl -K 0.0.0.0/0' pf_has_source pf_forgets_source
	row 'pfctl -z' 'pfctl -z' pf_on pf_counts_anew
	row 'pfctl -x' 'pfctl -x loud' pf_on pf_is_loud
}
