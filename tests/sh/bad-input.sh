#!/bin/bash
# What is wrong gets one clear message, a non-zero exit and an unchanged
# system: mounts, links, addresses, routes, nf_tables, namespaces, control
# groups, processes and files are compared before and after each.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1

# bad TITLE RC MESSAGE CMD...: CMD exits with RC, the first line on standard
# error is exactly MESSAGE, and nothing has changed.
bad() {
	title=$1 want=$2 message=$3
	shift 3
	cmd=("$@")
	remember
	test_expect "$title" '
		"${cmd[@]}" >"$TMP/stdout" 2>"$TMP/stderr"
		got=$?
		cat "$TMP/stdout"
		[ $got = "$want" ] || echo "exit $got, expected $want"
		diff <(printf "%s\n" "$message") <(head -1 "$TMP/stderr" |
		    sed "s,/making/x\.[0-9a-f]*/root/[^:]*,/making/x.../root/...,") &&
		[ $got = "$want" ] && unchanged
	'
}

# found TITLE MESSAGE CMD...: CMD exits with 1, MESSAGE is a line of what it
# found, nothing goes to standard error and nothing has changed.
found() {
	title=$1 message=$2
	shift 2
	cmd=("$@")
	remember
	test_expect "$title" '
		"${cmd[@]}" >"$TMP/stdout" 2>"$TMP/stderr"
		got=$?
		cat "$TMP/stdout" "$TMP/stderr"
		[ $got = 1 ] && [ ! -s "$TMP/stderr" ] &&
		[ "$(grep -cxF -- "$message" "$TMP/stdout")" = 1 ] && unchanged
	'
}

bad 'no pool yet' 1 \
    "gaol: there is no pool yet: gaol pool create iocage DEVICE, then iocage activate iocage" \
    gaol list
mkdir /mnt/idle
gaol pool create idle --dir /mnt/idle >/dev/null
bad 'a pool, but none active' 1 \
    "gaol: no pool is active: iocage activate idle" gaol list
gaol pool destroy -f idle >/dev/null
mkdir /mnt/tank && mount -t tmpfs -o size=32m none /mnt/tank
pool_dir tank && release tiny || exit 1
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null
gaol create -n webmail -r tiny ip4_addr='lo1|192.168.0.3' >/dev/null
gaol create -n shop -r tiny >/dev/null
gaol start webmail >/dev/null 2>&1

# ---- the command line ----

bad 'an unknown verb, and the nearest' 2 \
    "gaol: unknown verb 'creat'; did you mean 'create'?" gaol creat
bad 'a verb like no other' 2 "gaol: unknown verb 'frobnicate'" gaol frobnicate
bad 'an unknown option, and the nearest' 2 \
    "gaol: unknown option '--jsn'; did you mean '--json'?" gaol list --jsn
bad 'an unknown letter' 2 "gaol: unknown option '-x'" gaol start -x web
bad 'an option before the verb' 2 \
    "gaol: unknown option '--quiet' before the verb; try 'gaol --help'" \
    gaol --quiet list
bad 'an option without its value' 2 \
    "gaol: option '-n' needs a value: NAME" gaol create -r tiny -n
bad 'a value for an option that takes none' 2 \
    "gaol: option '--plan' takes no value" gaol start --plan=yes web
bad 'a number out of range' 2 \
    "gaol: option '-c': '0' is not a number from 1 to 1000" \
    gaol create -r tiny -n x -c 0
bad 'too few arguments' 2 "gaol: too few arguments" gaol console
bad 'too many arguments' 2 "gaol: too many arguments" gaol console web shop
bad 'no jail named' 1 \
    "gaol: no jail is named; name some, or ALL, or give --rc" gaol start
bad '--rc and a name' 1 \
    "gaol: --rc chooses the jails itself; leave 'web' out" gaol start --rc web
bad 'an unknown sub-verb' 2 \
    "gaol: unknown verb 'pool creat'; did you mean 'create'?" gaol pool creat

# ---- names ----

bad 'a jail that is not there' 1 "gaol: there is no jail 'mydb'" \
    gaol start mydb
bad 'the beginning of several names' 1 \
    "gaol: 'w' begins the names of several jails: web, webmail" gaol stop w
bad 'a path for a name' 1 \
    "gaol: '../web' is no name of a jail: it holds a '/'" gaol start ../web
bad 'an empty name' 1 "gaol: there is no jail ''" gaol start ''
bad 'a name that is taken' 1 "gaol: jail 'web' already exists" \
    gaol create -n web -r tiny
bad 'a name with a blank' 1 \
    "gaol: the name 'my db' holds something else than letters, digits, '.', '_' and '-'" \
    gaol create -n 'my db' -r tiny
bad 'a name with a terminal sequence is shown, not played' 1 \
    "gaol: the name '\\x1b[31m' does not begin with a letter or a digit" \
    gaol create -n $'\e[31m' -r tiny
bad 'a name that is a word of the command line' 1 \
    "gaol: 'ALL' cannot be the name of a jail: the word has a meaning on the command line" \
    gaol create -n ALL -r tiny
bad 'a name of 64 bytes' 1 \
    "gaol: the name 'xxxxxxxxxxxxxxxxxxxx...' has 64 bytes; 63 is the most" \
    gaol create -r tiny -n "$(printf 'x%.0s' {1..64})"
gaol create -e -n a.b >/dev/null
bad 'a name that differs only in dot and underscore' 1 \
    "gaol: the name 'a_b' differs from jail 'a.b' only in '.' and '_', which count as the same" \
    gaol create -n a_b -r tiny
bad 'one of NAME_1 to NAME_N is taken' 1 "gaol: the name 'a_b' differs from jail 'a.b' only in '.' and '_', which count as the same" \
    gaol create -n a_b -r tiny
gaol create -e -n n_2 >/dev/null
bad 'one of the names of -c is taken' 1 "gaol: jail 'n_2' already exists" \
    gaol create -n n -c 3 -r tiny

# ---- create ----

bad 'neither release nor empty' 1 \
    "gaol: a release is wanted: -r debian-13, or -e for an empty jail" \
    gaol create -n x
bad 'a release that nobody has' 1 \
    "gaol: no release named 'debain-12', did you mean 'debian-12'? (there are: debian-12, debian-13)" \
    gaol create -n x -r debain-12
bad 'a release of FreeBSD, and the line to type instead' 1 \
    "gaol: '12.2-RELEASE' is a FreeBSD release, which a Linux kernel cannot start: type  iocage create -n x 'ip4_addr=lo1|192.168.0.9' -r debian-13" \
    gaol create -n x -r 12.2-RELEASE ip4_addr='lo1|192.168.0.9'
bad 'release and empty' 1 "gaol: -r and -e exclude each other" \
    gaol create -n x -r tiny -e
bad 'one address for several jails' 1 \
    "gaol: 3 jails cannot have the same address; make them without, then set each its own" \
    gaol create -n x -r tiny -c 3 ip4_addr='lo1|192.168.0.9'

# ---- properties ----

bad 'an unknown property, and the nearest' 1 \
    "gaol: there is no property 'ip4_adr'; did you mean 'ip4_addr'?" \
    gaol create -n x -r tiny ip4_adr='lo1|192.168.0.9'
bad 'a word that is no assignment' 1 \
    "gaol: 'ip4_addr' is not of the form PROPERTY=VALUE" \
    gaol create -n x -r tiny ip4_addr
bad 'no boolean' 1 \
    "gaol: property 'boot': 'maybe' is neither on nor off (1/0, yes/no, true/false)" \
    gaol set boot=maybe web
bad 'out of range' 1 \
    "gaol: property 'priority': '100' is not a whole number from 1 to 99" \
    gaol set priority=100 web
bad 'one of several is wrong: none is set' 1 \
    "gaol: property 'localhost': 'maybe' is not private or jail" \
    gaol set notes=x localhost=maybe web
bad 'what gaol keeps itself' 1 \
    "gaol: property 'release' is kept by gaol itself and cannot be set" \
    gaol set release=debian-13 web
bad 'what is not built' 1 \
    "gaol: property 'vnet' cannot be '1': jails with a network stack of their own (vnet) are not built yet; the address of ip4_addr works without" \
    gaol set vnet=on web
bad 'a limit without an action' 1 \
    "gaol: property 'memoryuse': '512M' is neither off nor ACTION=AMOUNT such as deny=512M" \
    gaol set memoryuse=512M web
bad 'a value of two lines' 1 \
    "gaol: property 'notes': the value holds a byte that is not printable UTF-8: a\\x0ab" \
    gaol set "notes=a
b" web
bad 'set without a jail' 2 "gaol: no jail is named after 'b=2'" \
    gaol set boot=on b=2
bad 'get: an unknown property' 1 \
    "gaol: there is no property 'prio' (\`get all JAIL\` lists them)" \
    gaol get prio web
bad 'get: state of the defaults' 1 "gaol: the defaults have no state" \
    gaol get state default
bad 'sorting by a column that is not there' 1 \
    "gaol: cannot sort by 'color'; these columns are shown: jid, name, state, release, ip4" \
    gaol list -s color

# ---- addresses ----

bad 'an address that is none' 1 \
    "gaol: ip4_addr: '192.168.0.300' is not an IPv4 address" \
    gaol create -n x -r tiny ip4_addr='lo1|192.168.0.300'
bad 'an address in use by a running jail' 1 \
    "gaol: 192.168.0.3 is in use by the jail 'webmail'" \
    gaol create -n x -r tiny ip4_addr='lo1|192.168.0.3'
bad 'the address of the host itself' 1 \
    "gaol: jail 'web': 192.168.0.1 is the host's own address on lo1" \
    gaol set ip4_addr='lo1|192.168.0.1' web
bad 'an address outside the network of the interface' 1 \
    "gaol: jail 'web': 10.0.0.5 is outside the network of lo1 (192.168.0.0/24)" \
    gaol set ip4_addr='lo1|10.0.0.5' web
bad 'an interface that is not there' 1 \
    "gaol: jail 'web': there is no interface 'lo7' for 192.168.0.9; name it in cloned_interfaces in /etc/rc.conf and run 'gaol net up'" \
    gaol set ip4_addr='lo7|192.168.0.9' web

# ---- state ----

bad 'start of one that runs' 1 "gaol: jail 'webmail' is already running" \
    gaol start webmail
bad 'stop of one that does not' 1 "gaol: jail 'web' is not running" \
    gaol stop web
bad 'exec in one that does not' 1 \
    "gaol: jail 'web' is not running; -f starts it" gaol exec web true
bad 'console of one that does not' 1 \
    "gaol: jail 'web' is not running; -f starts it" gaol console web
bad 'destroy of one that runs' 1 \
    "gaol: jail 'webmail' is running; stop it first, or use -f" \
    gaol destroy webmail
bad 'destroy of a release that is not there' 1 \
    "gaol: release 'debian-12' is not fetched: iocage list -r shows those that are" gaol destroy -f -r debian-12

# ---- several at once ----

exec 7</tank/iocage/jails/web
flock -n 7
bad 'start while another command is at work on it' 1 \
    "gaol: jail 'web': another command is at work on it; try again when it has ended" \
    gaol start web
bad 'set while another command is at work on it' 1 \
    "gaol: jail 'web': another command is at work on it; try again when it has ended" \
    gaol set boot=on web
bad 'destroy while another command is at work on it' 1 \
    "gaol: jail 'web': another command is at work on it; try again when it has ended" \
    gaol destroy -f web
exec 7<&-

gaol set exec_prestart='sleep 2' web >/dev/null
# Its log and the files of its /etc come with the first start.
gaol start web >/dev/null 2>&1 && gaol stop web >/dev/null
eventually bash -c '! ip link show jail-web' >/dev/null 2>&1
remember
test_expect 'two starts at once: one starts it, the other is told' '
	gaol start web >"$TMP/one" 2>&1 & one=$!
	sleep 0.3
	gaol start web >"$TMP/two" 2>&1 & two=$!
	wait $one; one=$?; wait $two; two=$?
	cat "$TMP/one" "$TMP/two"
	[ $one = 0 ] && [ $two = 1 ] && [ "$(cat "$TMP/two")" = \
	    "gaol: jail '\''web'\'': another command is at work on it; try again when it has ended" ] &&
	gaol stop web && unchanged
'
gaol set exec_prestart=/usr/bin/true web >/dev/null

# ---- files ----

config=/tank/iocage/jails/shop/config.json
cp $config "$TMP/config"
printf '{\n    "boot": 1,\n    "notes": x\n}\n' >$config
bad 'a broken config.json, and where' 1 \
    "gaol: jail 'shop': config.json: line 3, column 14: invalid token near 'x'" \
    gaol start shop
bad 'get of a broken config.json' 1 \
    "gaol: jail 'shop': config.json: line 3, column 14: invalid token near 'x'" \
    gaol get boot shop
test_expect 'list shows it as corrupt, and the others' '
	gaol list -H | grep -Pqx "None\tshop\tCORRUPT\tN/A\tN/A" &&
	gaol list -H | grep -q webmail &&
	gaol list --json | jq -e ".jails[] | select(.name == \"shop\") |
	    .state == \"corrupt\" and (.error | contains(\"line 3\"))"
'
printf '{"boot": {"a": 1}}' >$config
bad 'a property with a value of the wrong kind' 1 \
    "gaol: jail 'shop': config.json: the value of 'boot' is neither text, a whole number nor a boolean" \
    gaol start shop
: >$config
bad 'an empty config.json' 1 \
    "gaol: jail 'shop': config.json: line 1, column 0: '[' or '{' expected near end of file" \
    gaol start shop
head -c 2000000 /dev/zero | tr '\0' ' ' >$config
bad 'a config.json without end' 1 \
    "gaol: jail 'shop': config.json: config.json is larger than 1048576 bytes" \
    gaol start shop
printf '{"vnet": 1}' >$config
bad 'a refused property that a file sets' 1 \
    "gaol: jail 'shop': property 'vnet' cannot be '1': jails with a network stack of their own (vnet) are not built yet; the address of ip4_addr works without" \
    gaol start shop
rm $config
bad 'no config.json' 1 \
    "gaol: jail 'shop': config.json: cannot open config.json: No such file or directory" \
    gaol start shop
cp "$TMP/config" $config
echo '{' >/tank/iocage/defaults.json
bad 'a broken defaults.json' 1 \
    "gaol: defaults.json: line 2, column 0: string or '}' expected near end of file" \
    gaol get boot web
rm /tank/iocage/defaults.json

# ---- the disk ----

gaol stop webmail >/dev/null
dd if=/dev/zero of=/mnt/tank/filler bs=64k >/dev/null 2>&1
bad 'create on a full pool' 1 \
    "gaol: cannot create jail 'x': make the jail's tree from the release: cannot copy .gaol/making/x.../root/...: No space left on device" \
    gaol create -n x -r tiny
bad 'set on a full pool keeps what was' 1 \
    "gaol: jail 'web': cannot write config.json: No space left on device" \
    gaol set notes=x web
rm /mnt/tank/filler
mount -o remount,ro,bind /tank
bad 'create on a disk that is read-only' 1 \
    "gaol: cannot create jail 'x': make the jail's tree from the release: cannot open /tank/.gaol/lock: Read-only file system" \
    gaol create -n x -r tiny
mount -o remount,rw,bind /tank

# ---- rc.conf ----

echo 'cloned_interfaces="lo1"' >/etc/rc.conf
echo 'touch /tmp/run-by-rc-conf' >>/etc/rc.conf
bad 'a command in rc.conf is refused, with its line, and not run' 1 \
    "gaol: /etc/rc.conf:2: 'touch' is a command, not NAME=value; rc.conf is read, never run" gaol net up
printf 'cloned_interfaces="lo1' >/etc/rc.conf
bad 'a quote in rc.conf that does not end' 1 \
    "gaol: /etc/rc.conf:1: the quote \" that opens here is never closed" \
    gaol net up
echo 'ipv4_addrs_lo1="192.168.0.1/99"' >/etc/rc.conf
bad 'an address in rc.conf that is none' 1 \
    "gaol: /etc/rc.conf:1: ipv4_addrs_lo1: '192.168.0.1/99': the length after '/' is a number from 0 to 32" \
    gaol net up
rm /etc/rc.conf

# ---- pf.conf: with rules that stand, and go on standing ----

conf=$TMP/pf.conf
echo 'pass all' >$conf
pfctl -e -f $conf >/dev/null 2>&1
printf 'pass in all\nblok all\n' >$conf
bad 'a syntax error in pf.conf, and its line' 1 \
    "$conf:2: syntax error" pfctl -f $conf
echo 'pass in on $ext_if all' >$conf
bad 'a macro that is not defined' 1 \
    "$conf:1: macro 'ext_if' not defined" pfctl -f $conf
echo 'pass in proto tcp to port nosuch' >$conf
bad 'a port that has no such name' 1 "$conf:1: unknown port nosuch" \
    pfctl -f $conf
# It loads, as on FreeBSD: the jail may come later. Whoever asks is told.
echo 'rdr pass on lo1 proto tcp to 192.168.0.1 port 80 -> 192.168.0.44' >$conf
found "rdr to an address nobody has: pfctl --lint" \
    "$conf:1: error: rdr to 192.168.0.44, which no interface and no running jail has" \
    pfctl -n --lint -f $conf
found "rdr to an address nobody has: gaol check" \
    "$conf:1: error: rdr to 192.168.0.44, which nobody has" \
    gaol check --file $conf
bad 'no file' 1 "pfctl: $TMP/none: No such file or directory" \
    pfctl -f "$TMP/none"
bad 'a modifier that is none' 1 "pfctl: Unknown show modifier 'bogus'" \
    pfctl -s bogus

# ---- who ----

nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
bad 'list by somebody else than root' 1 \
    "gaol: only root may run 'list'; try: sudo gaol list" nobody gaol list
bad 'pool create by somebody else than root' 1 \
    "gaol: only root may run 'pool create'; try: sudo gaol pool create" \
    nobody gaol pool create x --dir /mnt/x
bad 'a full standard output' 1 \
    "gaol: cannot write to standard output" \
    bash -c 'gaol list >/dev/full'

test_done
