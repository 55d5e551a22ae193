# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The tutorial, step by step, sourced by tools/demo.

public=192.168.178.40
jail=192.168.0.2

walk_pool() {
	title 'A pool for the jails'
	say 'The server has one disk. "gpart show" of the tutorial is "gaol pool devices":
	    it lists disks and partitions, what is on them, and which are free.'
	run 'gaol pool devices'
	disk=$(host readlink -f /dev/disk/by-partlabel/iocage)
	claim 'the fourth partition is free, and only that one' \
	    all_of "printed '^$disk .* free '" "[ \$(grep -c ' free ' \$demo_dir/out) = 1 ]"
	run "gaol pool create iocage $disk"
	claim 'the pool is a btrfs on that partition, mounted at /iocage' \
	    host bash -c "[ \"\$(findmnt -no FSTYPE,SOURCE /iocage | xargs)\" = 'btrfs $disk' ]"
	claim 'nobody but root can look into it' \
	    host bash -c '[ "$(stat -c %a:%u /iocage)" = 700:0 ]'
	run 'gaol pool list'
	run 'iocage activate iocage'
}

walk_release() {
	title 'A release'
	say 'The tutorial fetches 12.2-RELEASE. A Linux kernel cannot start that, and gaol
	    says what to type instead.'
	run_refused 'iocage fetch -r 12.2-RELEASE'
	claim 'a FreeBSD release is refused, with the line to type' \
	    all_of 'ended_with 1' 'printed "fetch -r debian-"'
	say 'Without -r a menu asks. Here Debian 12 is chosen.'
	run_refused 'echo EXIT | iocage fetch'
	local n
	n=$(sed -n 's/^ *\[\([0-9]*\)\] debian-12\b.*/\1/p' "$demo_dir/out")
	claim 'the menu has a number for debian-12' test -n "$n"
	run_long "echo $n | iocage fetch"
	run 'iocage list -r'
	claim 'debian-12 is fetched' printed '^\| debian-12'
}

walk_network() {
	title 'The network of the jails'
	say 'lo1, the cloned loopback that the jails live on, is declared in /etc/rc.conf
	    as on FreeBSD.'
	write_file /etc/rc.conf <<-'END'
	cloned_interfaces="lo1"
	ipv4_addrs_lo1="192.168.0.1/24"
	gateway_enable="YES"
	iocage_enable="YES"
	END
	run 'gaol net up'
	say 'What ifconfig and ipcalc tell in the tutorial:'
	run 'gaol net show lo1'
	claim 'lo1 has 192.168.0.1/24' host bash -c \
	    'ip -4 -o addr show dev lo1 | grep -qw 192.168.0.1/24'
	claim 'it has room for 254 addresses' printed '254 addresses'
	claim 'the host forwards packets' host grep -qx 1 /proc/sys/net/ipv4/ip_forward
}

walk_first_firewall() {
	title 'The first pf.conf'
	say 'Jails reach the outside through the one public address.'
	write_file /etc/pf.conf <<-'END'
	ext_if = "em0"
	jail_if = "lo1"
	ip_pub = "192.168.178.40"
	set skip on lo0
	set skip on lo1
	scrub in all
	nat pass on $ext_if from $jail_if:network to any -> $ip_pub
	END
	run 'pfctl -nvf /etc/pf.conf'
	cat >"$demo_dir/first" <<-'END'
	ext_if = "em0"
	jail_if = "lo1"
	ip_pub = "192.168.178.40"
	set skip on { lo0 }
	set skip on { lo1 }
	scrub in all fragment reassemble
	nat pass on em0 inet from 192.168.0.0/24 to any -> 192.168.178.40
	END
	claim "pfctl -nvf prints what FreeBSD's pfctl prints" \
	    printed_all "$demo_dir/first"
	run 'service pf enable'
	claim 'pf is enabled in /etc/rc.conf' \
	    host grep -Eq '^pf_enable="?YES"?' /etc/rc.conf
	run 'service pf start'
	run 'pfctl -s info'
	claim 'pf is enabled' printed '^Status: Enabled'
	say 'The tutorial loads the file with "-F all", which cuts other connections. Typed
	    over ssh from outside, the session that it is typed in survives.'
	outside "ssh root@$public 'pfctl -F all -f /etc/pf.conf && echo still here'"
	claim 'pfctl -F all -f says what it cleared, and spares its own session' \
	    all_of 'ended_with 0' 'printed "^rules cleared"' 'printed "^nat cleared"' \
	    'printed "^still here"'
	run 'pfctl -s nat'
	claim 'the nat rule is loaded' printed \
	    '^nat pass on em0 inet from 192.168.0.0/24 to any -> 192.168.178.40$'
	# Until the end, nothing with a private address may show here.
	router tcpdump -nni any -l 'net 192.168.0.0/24' >"$demo_dir/leaks" \
	    2>"$demo_dir/leaks.err" </dev/null &
	leaks_pid=$!
}

walk_jail() {
	title 'A jail'
	run "iocage create -n mydb -r debian-12 ip4_addr=\"lo1|$jail\""
	say 'One line more than on FreeBSD. Debian packages MariaDB to listen on 127.0.0.1.
	    In a FreeBSD jail that is the address of the jail; so it is here with:'
	run 'iocage set localhost=jail mydb'
	run 'iocage start mydb'
	run 'iocage list'
	claim 'the jail is up' printed "mydb .* up .* $jail "
	run 'gaol net show lo1'
	claim 'the address is held by the jail' printed "$jail +jail mydb"
	claim 'the jail has the name server of the host' host bash -c \
	    'iocage exec mydb cat /etc/resolv.conf | grep -qx "nameserver 203.0.113.53"'
	claim '/dev/fd is there, without a line in fstab' host bash -c \
	    'iocage exec mydb bash -c "cat <(echo x)" | grep -qx x'
	claim 'root in the jail is not root on the host' host bash -c \
	    'uid=$(ps -o uid= -p "$(iocage get jid mydb)") && [ "$uid" -ge 65536 ]'
}

walk_out() {
	title 'From the jail to the world'
	say 'Ping is refused in a jail, telnet works. The web server tells from where it was
	    asked.'
	console_open mydb
	console_type 'ping -c 1 www.digitalocean.com'
	console_type 'telnet www.digitalocean.com 80' 'Escape character is'
	console_type $'GET / HTTP/1.0\n'
	console_close
	claim 'ping is refused' console_said 1 'ping: .*Operation not permitted'
	claim "the web server sees the host's public address" \
	    console_said 3 "You come from $public\."
}

walk_database() {
	title 'MariaDB in the jail'
	run_long 'iocage exec mydb apt-get -q update'
	run_long 'iocage exec -- mydb env DEBIAN_FRONTEND=noninteractive apt-get -qy install mariadb-server rpcbind'
	claim 'the package is installed, over nat' host iocage exec mydb \
	    test -x /usr/sbin/mariadbd
	say 'In a jail, installing starts nothing. A restart starts what Debian would start
	    at boot, and what /etc/rc.conf in the jail enables.'
	run 'iocage exec mydb sysrc rpcbind_enable=YES'
	run 'iocage restart mydb'
	claim 'the server runs in the jail' eventually \
	    host iocage exec mydb pgrep -x mariadbd
	claim 'it listens where Debian put it, on 127.0.0.1' host iocage exec mydb \
	    grep -rhq '^bind-address *= *127.0.0.1' /etc/mysql
	claim 'it answers in the jail' eventually host iocage exec mydb \
	    mariadb -e 'SELECT 1'
	run 'iocage exec mydb mariadb -e "CREATE DATABASE shop; CREATE TABLE shop.items AS SELECT 42 AS id, '"'a towel'"' AS name; GRANT SELECT ON shop.* TO app IDENTIFIED BY '"'secret'"'"'
}

# What the client outside gets from the database.
query="mariadb --skip-ssl --connect-timeout=5 -h $public -u app -psecret shop"

walk_redirect() {
	title 'From the world to the jail'
	outside "$query -e 'SELECT * FROM items'"
	claim 'without a redirection the client cannot reach the database' \
	    not ended_with 0
	say 'One line more in /etc/pf.conf. (The tutorial makes its jail at .2 and sends to
	    .4; here both are .2.)'
	write_file /etc/pf.conf <<-END
	$(host cat /etc/pf.conf)
	rdr on \$ext_if proto tcp from any to \$ip_pub port 3306 -> $jail port 3306
	END
	run 'pfctl -nvf /etc/pf.conf'
	claim "pfctl prints the line as FreeBSD's does" printed \
	    "^rdr on em0 inet proto tcp from any to $public port = mysql -> $jail port 3306\$"
	run 'pfctl -F all -f /etc/pf.conf'
	outside "$query -e 'SELECT * FROM items; SHOW PROCESSLIST'"
	claim 'the client outside reads the table through the public address' \
	    all_of 'ended_with 0' 'printed "^42.*a towel"'
	claim "and finds its own address in the server's process list" \
	    printed 'app.203\.0\.113\.9:[0-9]+'
}

# Every port of the host, from outside.
scan='nmap -n -Pn -sS -p- --min-rate 15000 --max-retries 2 '$public

open_ports_are() {
	[ "$(sed -n 's,^\([0-9]*\)/tcp *open .*,\1,p' "$demo_dir/out" | xargs)" = "$1" ]
}

walk_lockdown() {
	title 'Closing the rest'
	say 'Somebody forgot a web server on the host. Every port is scanned from outside.'
	run 'busybox httpd -p 8080 -h /srv'
	outside "$scan"
	claim 'before: ssh, the database and the forgotten server are open' \
	    open_ports_are '22 3306 8080'
	say 'The second pf.conf closes all but ssh and the redirection.'
	write_file /etc/pf.conf <<-END
	ext_if = "em0"
	jail_if = "lo1"
	jail_net = \$jail_if:network
	ip_pub = "192.168.178.40"
	set skip on lo0
	set skip on lo1
	scrub in all
	nat pass on \$ext_if from \$jail_net to any -> \$ip_pub
	rdr pass on \$ext_if proto tcp from any to any port 3306 -> $jail
	block all
	pass from { lo0, \$jail_net } to any
	pass in inet proto tcp to \$ext_if port ssh
	pass out
	END
	walk_lockdown_printed
	run 'pfctl -F all -f /etc/pf.conf'
	run 'pfctl -s rules'
	outside "$scan"
	claim 'after: only ssh and the database are open' open_ports_are '22 3306'
	claim 'the other 65533 ports do not even answer' \
	    printed '65533 filtered tcp ports \(no-response\)'
	outside "$query -e 'SELECT * FROM items'"
	claim 'the database still answers the client' \
	    all_of 'ended_with 0' 'printed "^42.*a towel"'
	outside "ssh root@$public hostname"
	claim 'ssh still works' all_of 'ended_with 0' 'printed "^jailhost$"'
	run 'iocage exec mydb bash -c "exec 3<>/dev/tcp/www.digitalocean.com/80; printf \"GET / HTTP/1.0\r\n\r\n\" >&3; cat <&3"'
	claim 'the jail still reaches the web' printed "You come from $public\."
}

# Given a FreeBSD host's facts, the output is FreeBSD's to the byte.
walk_lockdown_printed() {
	say 'With the interfaces of the FreeBSD host given as facts, the file is printed as
	    FreeBSD 12.1 prints it there.'
	write_file /root/facts <<-'END'
	iface em0 index=1
	addr em0 inet 192.168.178.40/24
	iface lo0 index=2 loopback group=lo
	addr lo0 inet6 ::1/128
	addr lo0 inet6 fe80::1%lo0/64
	addr lo0 inet 127.0.0.1/8
	iface lo1 index=3 loopback group=lo
	addr lo1 inet 192.168.0.1/24
	END
	run 'pfctl -o none -nv --facts /root/facts -f /etc/pf.conf'
	cat >"$demo_dir/final" <<-END
	ext_if = "em0"
	jail_if = "lo1"
	jail_net = "lo1:network"
	ip_pub = "192.168.178.40"
	set skip on { lo0 }
	set skip on { lo1 }
	scrub in all fragment reassemble
	nat pass on em0 inet from 192.168.0.0/24 to any -> 192.168.178.40
	rdr pass on em0 inet proto tcp from any to any port = mysql -> $jail
	block drop all
	pass inet6 from ::1 to any flags S/SA keep state
	pass on lo0 inet6 from fe80::1 to any flags S/SA keep state
	pass inet from 127.0.0.1 to any flags S/SA keep state
	pass inet from 192.168.0.0/24 to any flags S/SA keep state
	pass in inet proto tcp from any to 192.168.178.40 port = ssh flags S/SA keep state
	pass out all flags S/SA keep state
	END
	claim "the final file is printed as by FreeBSD's pfctl, to the byte" \
	    printed_all "$demo_dir/final"
}

walk_tweaks() {
	title 'Tweaks in the jail'
	say 'The last two lines of the tutorial, in the /etc/rc.conf of the jail.'
	claim 'rpcbind runs in the jail' host iocage exec mydb pgrep -x rpcbind
	console_open mydb
	console_type 'sysrc rpcbind_enable=NO clear_tmp_enable=YES'
	console_type 'cat /etc/rc.conf'
	console_type 'touch /tmp/old'
	console_close
	run 'iocage stop mydb'
	say 'console -f starts a jail that is down.'
	console_open -f mydb
	console_type 'ls /tmp'
	console_close
	claim 'rpcbind_enable="NO": it does not run any more' \
	    host bash -c '! iocage exec mydb pgrep -x rpcbind'
	claim 'clear_tmp_enable="YES": /tmp is empty after a start' \
	    host bash -c '! iocage exec mydb test -e /tmp/old'
	claim 'the database is back' eventually database_answers
}

database_answers() {
	# shellcheck disable=SC2086
	world $query -e 'SELECT * FROM items' | grep -q '^42.*a towel'
}

# Until the command succeeds, for half a minute.
eventually() {
	local i
	for ((i = 0; i < 60; i++)); do
		! "$@" || return 0
		sleep 0.5
	done
	return 1
}

walk_reboot() {
	title 'A reboot'
	run 'iocage set boot=on mydb'
	printf '\n%sjailhost# reboot%s\n' "$bold" "$plain"
	reboot
	say 'The power was cut. Only the disk is left.'
	run 'ip -br addr; ls /run'
	claim 'no lo1, no rules, no /run/gaol, no jail' host bash -c \
	    '! ip link show lo1 && ! test -e /run/gaol && [ -z "$(nft list ruleset)" ]'
	say 'The boot scripts call one command:'
	run 'gaol boot'
	run 'iocage list'
	claim 'the jail is up again' printed "mydb .* up .* $jail "
	claim 'pf is enabled, with the rules' host bash -c \
	    'pfctl -s info | grep -q "Status: Enabled" && pfctl -s rules | grep -q "^block drop all"'
	claim 'the client reads the table again' eventually database_answers
	outside 'nmap -n -Pn -p 22,3306,8080 '$public
	claim 'and the host is closed again' open_ports_are '22 3306'
}

walk_end() {
	title 'The end'
	kill "$leaks_pid"
	wait "$leaks_pid" || :
	claim 'in all that time no private address was seen outside' \
	    all_of "grep -q '0 packets dropped by kernel' $demo_dir/leaks.err" \
	    "! grep . $demo_dir/leaks"
	run 'iocage stop mydb'
	run 'echo y | iocage destroy mydb'
	run 'iocage list'
	claim 'the jail is gone' not printed mydb
	claim 'and its interface, its groups and its files' host bash -c \
	    '! ip -br link | grep jail- && ! find /sys/fs/cgroup -name "*mydb*" | grep . &&
		! ls /run/gaol/jails/mydb /iocage/iocage/jails/mydb 2>/dev/null'
	run 'gaol pool destroy -f iocage'
	run 'gaol pool devices'
	claim 'the partition is free again, and nothing is mounted' all_of \
	    "printed '^$disk .* free '" 'host bash -c "! findmnt /iocage"'
}
