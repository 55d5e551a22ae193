#!/bin/bash
# The verbs of jails, as a story: create, start, look, change, stop, destroy.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
lo1
pool_dir tank && release tiny || skip_all "cannot make a pool"

# The bottom of a table, or of tabs: what is printed, compared whole.
prints() {
	local want=$1
	shift
	"$@" >"$TMP/out" 2>"$TMP/err" || { cat "$TMP/out" "$TMP/err"; return 1; }
	cat "$TMP/err"
	diff <(printf '%s\n' "$want") "$TMP/out"
}

test_expect 'an empty list is a table without rows' '
	prints "+-----+------+-------+---------+-----+
| JID | NAME | STATE | RELEASE | IP4 |
+=====+======+=======+=========+=====+" gaol list
'

test_expect 'create makes a jail and says so' '
	prints "web successfully created!" gaol create -n web -r tiny \
	    ip4_addr="lo1|192.168.0.2" &&
	test -d /tank/iocage/jails/web/root/bin &&
	test -f /tank/iocage/jails/web/fstab
'

test_expect 'its config.json is thin, sorted, indented by 4' '
	prints "{
    \"cloned_release\": \"tiny\",
    \"host_hostname\": \"web\",
    \"host_hostuuid\": \"web\",
    \"ip4_addr\": \"lo1|192.168.0.2\",
    \"jail_zfs_dataset\": \"iocage/jails/web/data\",
    \"release\": \"tiny\"
}" cat /tank/iocage/jails/web/config.json
'

test_expect 'list shows a jail that is down' '
	prints "+------+------+-------+---------+-------------+
| JID  | NAME | STATE | RELEASE | IP4         |
+======+======+=======+=========+=============+
| None | web  | down  | tiny    | 192.168.0.2 |
+------+------+-------+---------+-------------+" gaol list &&
	prints "None	web	down	tiny	192.168.0.2" gaol list -H &&
	prints "web	192.168.0.2" gaol list -q -H &&
	prints "None	web	off	down	jail	tiny	lo1|192.168.0.2	-	-	no" \
	    gaol list -l -H &&
	prints tiny gaol list -r -H
'

test_expect 'get: a property, the state, the number of none' '
	prints tiny gaol get release web && prints down gaol get state web &&
	prints down gaol get -s web && prints - gaol get jid web &&
	prints 99 gaol get priority web && prints 99 gaol get priority default &&
	prints tank gaol get -p
'

test_expect 'get all: every property and the state, sorted' '
	gaol get all web >"$TMP/all" && cut -d: -f1 "$TMP/all" | sort -c &&
	grep -qx "state:down" "$TMP/all" && grep -qx "boot:0" "$TMP/all" &&
	grep -qx "release:tiny" "$TMP/all" && [ $(wc -l <"$TMP/all") -gt 120 ] &&
	gaol get -a web | cmp - "$TMP/all"
'

test_expect 'set says what was and what is' '
	prints "boot: 0 -> 1
notes: none -> a b=c" gaol set boot=yes notes="a b=c" web &&
	prints 1 gaol get boot web && prints "a b=c" gaol get notes web &&
	grep -q "\"boot\": 1," /tank/iocage/jails/web/config.json
'

test_expect 'set default counts where the jail says nothing' '
	prints "priority: 99 -> 50" gaol set priority=50 default &&
	prints 50 gaol get priority web &&
	gaol set priority=7 web && prints 7 gaol get priority web &&
	prints 50 gaol get priority default &&
	jq -e ".CONFIG_VERSION == \"34\" and .vnet == 0" \
	    /tank/iocage/defaults.json
'

test_expect 'get -r asks every jail' '
	prints "+------+-----------------+
| NAME | PROP - priority |
+======+=================+
| web  | 7               |
+------+-----------------+" gaol get -r priority &&
	prints "web	7" gaol get -H -r priority
'

test_expect 'JSON has a schema and a version' '
	gaol list --json | jq -e ".schema == \"gaol.jails\" and .version == 1 and
	    .jails[0].name == \"web\" and .jails[0].jid == null" &&
	gaol get --json priority web | jq -e ".properties.priority |
	    .value == \"7\" and .source == \"jail\" and .answer == \"enforced\"" &&
	gaol list -r --json | jq -e ".releases[0].name == \"tiny\""
'

test_expect 'start --plan names the steps and takes none' '
	gaol start --plan web >"$TMP/plan" &&
	grep -q "^would start jail .web.:" "$TMP/plan" &&
	[ $(wc -l <"$TMP/plan") -gt 5 ] && prints down gaol get state web
'

test_expect 'start prints the lines of iocage' '
	prints "* Starting web
  + Started OK
  + Starting services OK" gaol start web
'

test_expect 'list and get show that it is up, with its number' '
	prints up gaol get state web &&
	jid=$(gaol get jid web) && [ "$jid" -gt 0 ] && kill -0 "$jid" &&
	prints "$jid	web	up	tiny	192.168.0.2" gaol list -H
'

test_expect 'exec gives the exit code of the program inside' '
	gaol exec web true && ! gaol exec web false &&
	{ gaol exec web "exit 7"; [ $? = 7 ]; } &&
	{ gaol exec web sh -c "exit 9"; [ $? = 9 ]; } &&
	{ gaol exec web sh -c "kill -9 \$\$"; [ $? = 137 ]; }
'

test_expect 'exec passes options and streams on, one word is a shell line' '
	prints "a -n b" gaol exec web echo a -n b &&
	prints "x y" gaol exec web "echo x \"y\"" &&
	[ "$(echo hello | gaol exec web cat)" = hello ] &&
	prints web gaol exec web hostname
'

test_expect 'exec -U and -u run as a user of the jail' '
	prints 33 gaol exec -U www web id -u &&
	prints 33 gaol exec -u www web id -u
'

test_expect 'console gives a login shell that reads a pipe' '
	echo "echo out; echo made >made; exit 3" | gaol console web >"$TMP/out"
	[ $? = 3 ] && grep -q out "$TMP/out" &&
	[ "$(cat /tank/iocage/jails/web/root/root/made)" = made ]
'

test_expect 'a unique beginning of a name will do' '
	prints up gaol get state w
'

test_expect 'set on a running jail says from when it counts' '
	gaol set exec_timeout=50 web 2>"$TMP/err" >"$TMP/out" &&
	grep -qx "exec_timeout: 60 -> 50" "$TMP/out" &&
	grep -q "running.*next start" "$TMP/err"
'

test_expect 'restart stops and starts' '
	jid=$(gaol get jid web) &&
	prints "* Stopping web
  + Stopped OK
* Starting web
  + Started OK
  + Starting services OK" gaol restart web &&
	[ "$(gaol get jid web)" != "$jid" ]
'

test_expect 'stop stops it' '
	prints "* Stopping web
  + Stopped OK" gaol stop web && prints down gaol get state web
'

test_expect 'exec -f and console -f start it' '
	gaol exec -f web true && prints up gaol get state web &&
	gaol stop web && echo exit | gaol console -f web && gaol stop web
'

test_expect 'a jail with mounts in its fstab does not start without them' '
	printf "# comment\n\n/srv /tank/iocage/jails/web/root/srv nullfs rw 0 0\n" \
	    >/tank/iocage/jails/web/fstab &&
	fails 1 "^gaol: jail .web.: fstab:3: mounts are not built yet" gaol start web &&
	prints down gaol get state web && : >/tank/iocage/jails/web/fstab
'

test_expect 'hooks run, and a prestart that fails refuses the start' '
	gaol set exec_prestart="echo prestart >>$TMP/hooks" \
	    exec_poststart="echo poststart \$IOCAGE_NAME >>$TMP/hooks" \
	    exec_prestop="echo prestop >>$TMP/hooks" \
	    exec_poststop="echo poststop >>$TMP/hooks" web >/dev/null &&
	gaol start web && gaol stop web &&
	prints "prestart
poststart ioc-web
prestop
poststop" cat "$TMP/hooks" &&
	gaol set exec_prestart="exit 3" web && ! gaol start web &&
	prints down gaol get state web &&
	gaol set exec_prestart=/usr/bin/true exec_poststart=/usr/bin/true \
	    exec_prestop=/usr/bin/true exec_poststop=/usr/bin/true web
'

test_expect 'a poststart can already run programs in the jail' '
	gaol set exec_poststart="iocage exec web hostname >$TMP/inside" web &&
	gaol start web && prints web cat "$TMP/inside" && gaol stop web &&
	gaol set exec_poststart=/usr/bin/true web
'

test_expect 'create -c makes NAME_1 to NAME_N, hostnames without underscores' '
	prints "n_1 successfully created!
n_2 successfully created!
n_3 successfully created!" gaol create -r tiny -n n -c 3 &&
	prints n-2 gaol get host_hostname n_2
'

test_expect 'a jail without a name is called by its uuid' '
	gaol create -r tiny >"$TMP/out" &&
	grep -Eqx "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} successfully created!" "$TMP/out" &&
	name=$(cut -d" " -f1 "$TMP/out") && gaol destroy -f $name &&
	gaol create -r tiny -s >"$TMP/out" &&
	grep -Eqx "[0-9a-f]{8} successfully created!" "$TMP/out" &&
	name=$(cut -d" " -f1 "$TMP/out") && gaol destroy -f $name
'

# gaol with a gaol-fetch beside it that knows what it is asked for.
mkdir -p "$TMP/bin/libexec"
cp "$BUILD/gaol" "$TMP/bin/gaol"
cat >"$TMP/bin/libexec/gaol-fetch" <<END
#!/bin/sh
echo "fetch \$*"
[ ! -e "$TMP/no-net" ] || exit 1
mkdir -p /tank/iocage/releases/debian-12
cp -a /tank/iocage/releases/tiny/root /tank/iocage/releases/debian-12/root
END
chmod +x "$TMP/bin/libexec/gaol-fetch"

test_expect 'a release that is not there is fetched first' '
	prints "would fetch release debian-12
would create jail '\''f'\'' from debian-12:
  clone: make the jail'\''s tree from the release
  config: write its config.json
  fstab: write its fstab
  commit: show it among the jails" \
	    "$TMP/bin/gaol" create --plan -r debian-12 -n f &&
	touch "$TMP/no-net" && fails 1 \
	    "^gaol: release .debian-12. could not be fetched$" \
	    "$TMP/bin/gaol" create -r debian-12 -n f &&
	[ -z "$(gaol list -H | grep -w f)" ] && rm "$TMP/no-net" &&
	prints "release debian-12 is not there yet: fetching it
fetch -- debian-12
f successfully created!" "$TMP/bin/gaol" create -r debian-12 -n f &&
	prints debian-12 gaol get release f && gaol destroy -f f
'

test_expect 'an empty jail has nothing in it' '
	gaol create -e -n void && prints EMPTY gaol get release void &&
	[ -z "$(ls -A /tank/iocage/jails/void/root)" ] && gaol destroy -f void
'

test_expect 'boot=on starts it at once' '
	prints "b successfully created!
* Starting b
  + Started OK
  + Starting services OK" gaol create -r tiny -n b boot=on &&
	gaol destroy -f b
'

test_expect 'what one depends on is started first' '
	gaol set depends="n_3 n_2" n_1 && gaol start n_1 >"$TMP/lines" &&
	grep "^\*" "$TMP/lines" >"$TMP/order" &&
	prints "* Starting n_3
* Starting n_2
* Starting n_1" cat "$TMP/order" && gaol stop n_1 n_2 &&
	gaol start n_1 >"$TMP/lines" 2>"$TMP/err" && ! grep -q n_3 "$TMP/err" &&
	grep "^\*" "$TMP/lines" >"$TMP/order" && prints "* Starting n_2
* Starting n_1" cat "$TMP/order" && gaol stop n_1 n_2 n_3
'

test_expect 'jails that wait for each other are refused' '
	gaol set depends=n_1 n_3 &&
	fails 1 "depends on itself" gaol start n_1 &&
	gaol set depends=we n_1 && fails 1 \
	    "^gaol: jail .n_1. depends on .we.: there is no jail .we.$" \
	    gaol start n_1 &&
	gaol set depends=none n_1 && gaol set depends=none n_3
'

test_expect 'start --rc and stop --rc: boot=on only, by priority' '
	gaol set boot=off web && gaol set boot=on priority=20 n_1 &&
	gaol set boot=on priority=10 n_2 && gaol start --rc >"$TMP/rc" &&
	prints "* Starting n_2
* Starting n_1" grep "^\*" "$TMP/rc" &&
	gaol stop --rc >"$TMP/rc" &&
	prints "* Stopping n_1
* Stopping n_2" grep "^\*" "$TMP/rc" &&
	prints down gaol get state n_3
'

test_expect 'ALL: a failure is told, the others have their turn' '
	gaol set exec_start=/bin/false n_2 &&
	fails 1 "1 of 4 jails failed" gaol start ALL &&
	grep -q "n_2" "$TMP/.stderr" && prints up gaol get state n_1 &&
	prints down gaol get state n_2 && prints up gaol get state n_3 &&
	gaol stop ALL && gaol start -i ALL && gaol stop ALL &&
	[ "$(gaol list -H | cut -f3 | sort -u)" = down ]
'

test_expect 'names are sorted with their numbers as numbers' '
	gaol create -e -n n_10 && [ "$(gaol list -H -q | cut -f1 |
	    tr "\n" " ")" = "n_1 n_2 n_3 n_10 web " ] &&
	[ "$(gaol list -H -s name -l | cut -f2 | head -1)" = n_1 ] &&
	gaol destroy -f n_10
'

test_expect 'destroy asks, and no is no' '
	echo n | gaol destroy web && prints down gaol get state web &&
	gaol destroy web </dev/null && prints down gaol get state web &&
	echo y | gaol destroy web >"$TMP/out" && grep -q "Destroying web" "$TMP/out" &&
	! test -e /tank/iocage/jails/web
'

test_expect 'destroy clears up after a jail whose gaol-init was killed' '
	gaol create -n dead -r tiny && gaol start dead &&
	kill -9 $(gaol get jid dead) &&
	eventually bash -c "gaol get state dead | grep -q down" &&
	echo y | gaol destroy dead && ! test -e /tank/iocage/jails/dead &&
	! test -e /run/gaol/jails/dead
'

test_expect 'destroy -f stops and destroys, several at once' '
	gaol start n_1 && gaol destroy -f n_1 n_2 n_3 &&
	[ -z "$(gaol list -H)" ] && [ -z "$(ls -A /tank/iocage/jails)" ]
'

ip link add em0 type dummy 2>/dev/null || ip link add em0 type bridge
ip link set em0 up && ip addr add fd00:1::1/64 dev em0 nodad
ndp=/proc/sys/net/ipv6/conf/em0/proxy_ndp
for i in 1 2; do
	gaol create -n "six_$i" -r tiny ip6_addr="em0|fd00:1::1$i" >/dev/null 2>&1
done
if [ ! -e $ndp ]; then
	test_skip 'em0 answers for jails by IPv6 while there are some' 'no IPv6'
else
	test_expect 'em0 answers for jails by IPv6 while there are some' '
		[ "$(cat $ndp)" = 0 ] && gaol start six_1 six_2 &&
		[ "$(cat $ndp)" = 1 ] && gaol stop six_1 &&
		[ "$(cat $ndp)" = 1 ] && gaol stop six_2 && [ "$(cat $ndp)" = 0 ]
	'
	test_expect 'and goes on if it did so before' '
		echo 1 >$ndp && gaol start six_1 && gaol stop six_1 &&
		[ "$(cat $ndp)" = 1 ] && gaol destroy -f six_1 six_2
	'
fi

test_expect 'called as iocage it says so, and gives its version' '
	prints "Version	$(gaol --version | cut -f2)" iocage -v &&
	fails 2 "^iocage: unknown verb .strat.; did you mean .start.\?" \
	    iocage strat x
'

test_done
