#!/bin/bash
# The jail's own /etc/rc, rc.shutdown, service and sysrc, run by busybox and by
# dash in a small root: what starts, in which order, and what is told.
. "$(dirname "$0")/../lib.sh"
in_namespaces mount

R=$TMP/root
mkdir -p "$R"/{bin,etc/init.d,etc/rc.d,etc/rc2.d,tmp,run,usr/local/etc/rc.d} \
    "$R"/{dev,usr/lib/tmpfiles.d,lib,lib64,proc}
cp "$(command -v busybox)" "$R/bin/busybox" || skip_all "no busybox"
chroot "$R" /bin/busybox --install -s /bin || skip_all "busybox is not static"
cp -R "$TOP/rc/jail/." "$R/"
mknod -m 666 "$R/dev/null" c 1 3
echo 'root:x:0:0::/root:/bin/sh' >"$R/etc/passwd"
printf 'root:x:0:\nutmp:x:43:\nweb:x:33:\n' >"$R/etc/group"

# dash with what it is linked to.
cp "$(command -v dash)" "$R/bin/dash" &&
    for lib in $(ldd "$(command -v dash)" | grep -o '/[^ ]*'); do
	mkdir -p "$R${lib%/*}" && cp -L "$lib" "$R$lib"
done

jail() {
	chroot "$R" /usr/bin/env -i PATH=/usr/local/sbin:/bin "$@" </dev/null
}
mkdir -p "$R/usr/bin" && ln -sf /bin/env "$R/usr/bin/env"

# A service that tells what it is asked, and fails if /fail-NAME is there.
service_file() {
	cat >"$R$1" <<-'END'
	#!/bin/sh
	name=${0##*/}
	echo "$name $1"
	case $1 in
	start | restart) echo $$ >/run/$name.pid ;;
	stop) rm -f /run/$name.pid ;;
	status) [ -f /run/$name.pid ] && echo "$name runs" ;;
	esac
	[ ! -e /fail-$name ]
	END
	chmod 755 "$R$1"
}

# The state before each start: no services run, rc.conf from standard input.
fresh() {
	rm -rf "$R/run" "$R"/fail-*
	mkdir "$R/run"
	cat >"$R/etc/rc.conf"
}

rc() {
	jail /bin/sh /etc/rc 2>&1 | sed '$d'	# without the date
}

is() {
	local got
	got=$(cat)
	[ "$got" = "$1" ] || {
		echo "got:  $got"
		echo "want: $1"
		return 1
	}
}

service_file /etc/rc.d/base
service_file /etc/init.d/zeta
service_file /etc/init.d/alpha
service_file /etc/init.d/spare
service_file /usr/local/etc/rc.d/my-app
ln -s ../init.d/zeta "$R/etc/rc2.d/S01zeta"
ln -s ../init.d/alpha "$R/etc/rc2.d/S02alpha"
echo junk >"$R/etc/init.d/README"

suite() {
	local sh=$1
	ln -sf "$sh" "$R/bin/sh"

	test_expect "$sh: without a setting the links of rc2.d decide" '
		fresh </dev/null &&
		rc | is "zeta start
alpha start"'

	test_expect "$sh: NAME_enable decides, in every directory" '
		fresh <<<"
base_enable=\"YES\"
zeta_enable=NO
spare_enable=on
my_app_enable=\"yes\"" &&
		rc | is "base start
alpha start
spare start
my-app start"'

	test_expect "$sh: a setting for one service in rc.conf.d" '
		fresh </dev/null && mkdir -p "$R/etc/rc.conf.d" &&
		echo "zeta_enable=NO" >"$R/etc/rc.conf.d/zeta" &&
		rc | is "alpha start"; rm -r "$R/etc/rc.conf.d"'

	test_expect "$sh: rc.shutdown stops what was started, the last first" '
		fresh <<<base_enable=YES && rc >/dev/null &&
		jail /bin/sh /etc/rc.shutdown | is "alpha stop
zeta stop
base stop"'

	test_expect "$sh: a service that fails is told, the others start" '
		fresh </dev/null && touch "$R/fail-zeta" &&
		rc | is "zeta start
rc: zeta failed with exit code 1 (/etc/init.d/zeta start)
alpha start" && jail /bin/sh /etc/rc >/dev/null 2>&1'

	test_expect "$sh: what is enabled and missing is named" '
		fresh <<<"nosuch_enable=YES
zeta_enable=maybe" &&
		rc | grep -qx "rc: nosuch_enable is set, but there is no service .nosuch." &&
		rc | grep -qx "rc: zeta_enable is not set properly: .maybe. (YES or NO)"'

	test_expect "$sh: a package with only a systemd unit is named" '
		fresh </dev/null &&
		mkdir -p "$R/etc/systemd/system/multi-user.target.wants" \
		    "$R/usr/lib/systemd/system" &&
		: >"$R/usr/lib/systemd/system/rsyslog.service" &&
		ln -sf /usr/lib/systemd/system/rsyslog.service \
		    "$R/etc/systemd/system/multi-user.target.wants/" &&
		rc | grep -q "^rc: rsyslog is not started: its package has only a systemd unit" &&
		fresh <<<rsyslog_enable=NO && ! rc | grep rsyslog &&
		fresh <<<rsyslog_enable=YES &&
		rc | grep -q "^rc: rsyslog has only a systemd unit (/usr/lib/systemd/system/rsyslog.service)" &&
		! jail service rsyslog start 2>"$TMP/e" &&
		grep -q "only a systemd unit" "$TMP/e"; r=$?
		rm -r "$R/etc/systemd" "$R/usr/lib/systemd"; [ $r = 0 ]'

	test_expect "$sh: clear_tmp_enable" '
		touch "$R/tmp/a" "$R/tmp/.b" "$R/tmp/..c" && mkdir -p "$R/tmp/d/e" &&
		fresh <<<clear_tmp_enable=NO && rc >/dev/null && [ -e "$R/tmp/a" ] &&
		fresh <<<"clear_tmp_enable=\"YES\"" &&
		rc | head -1 | is "Clearing /tmp." &&
		[ -z "$(ls -A "$R/tmp")" ]'

	test_expect "$sh: the directories of tmpfiles.d" '
		printf "d /run/web 0750 root web -\nd /var/run/old 0755 - - -\nd /etc/no 0755 - - -\nL /run/link - - - - /x\nd /run/../etc/no 0755\n" \
		    >"$R/usr/lib/tmpfiles.d/web.conf" &&
		fresh </dev/null && rc >/dev/null &&
		[ "$(stat -c "%a %g" "$R/run/web")" = "750 33" ] &&
		[ -d "$R/run/old" ] && [ ! -e "$R/etc/no" ] && [ ! -e "$R/run/link" ]'

	test_expect "$sh: a rc.conf that does not parse stops nothing" '
		fresh <<<"if then" &&
		rc | grep -q "^rc: /etc/rc.conf is not read" &&
		rc | grep -qx "zeta start"'

	test_expect "$sh: service start, status, stop, -e, -l" '
		fresh <<<base_enable=YES &&
		jail service base start | is "base start" &&
		jail service base status | is "base status
base runs" &&
		jail service -e | is "/etc/rc.d/base
/etc/init.d/zeta
/etc/init.d/alpha" &&
		jail service -l | is "base
zeta
alpha
spare
my-app" &&
		jail service base stop | is "base stop" &&
		! grep -q base "$R/run/rc.started"'

	test_expect "$sh: a disabled service starts only by one or force" '
		fresh <<<zeta_enable=NO &&
		fails 1 "^Cannot .start. zeta. Set zeta_enable to YES in /etc/rc.conf" \
		    jail service zeta start &&
		jail service zeta onestart | is "zeta start" &&
		jail service zeta rcvar | is "# zeta
#
zeta_enable=\"NO\"" &&
		! jail service zeta enabled && jail service alpha enabled'

	test_expect "$sh: service enable and disable write rc.conf" '
		fresh <<<"# mine" &&
		jail service my-app enable | is "my-app enabled in /etc/rc.conf" &&
		jail service my-app disable >/dev/null &&
		is "# mine
my_app_enable=\"NO\"" <"$R/etc/rc.conf"'

	test_expect "$sh: a service that is not there" '
		fails 1 "^service: there is no executable .nosuch. in /etc/rc.d /usr/local/etc/rc.d /etc/init.d$" \
		    jail service nosuch start'

	test_expect "$sh: the service gets a clean environment" '
		printf "#!/bin/sh\nenv | grep -c SECRET\n" >"$R/etc/rc.d/envy" &&
		chmod 755 "$R/etc/rc.d/envy" &&
		jail env SECRET=1 service envy onestart | is 0; r=$?
		rm "$R/etc/rc.d/envy"; [ $r = 0 ]'

	test_expect "$sh: sysrc sets, replaces in place, shows, removes" '
		fresh <<<"# one
a=\"1\"
b=2" &&
		jail sysrc a=x c="two words" | is "a: 1 -> x
c:  -> two words" &&
		is "# one
a=\"x\"
b=2
c=\"two words\"" <"$R/etc/rc.conf" &&
		jail sysrc -n a | is x && jail sysrc c | is "c: two words" &&
		jail sysrc -a | is "a: x
b: 2
c: two words" &&
		jail sysrc -x a && ! grep -q ^a= "$R/etc/rc.conf" &&
		fails 1 "^sysrc: unknown variable .a.$" jail sysrc a'

	test_expect "$sh: sysrc quotes what the shell would take" '
		fresh </dev/null &&
		jail sysrc "v=a \"b\" \$HOME \`id\` \\ '"'"'c'"'"'" >/dev/null &&
		jail sysrc -n v | is "a \"b\" \$HOME \`id\` \\ '"'"'c'"'"'"'

	test_expect "$sh: sysrc adds to and takes from lists" '
		fresh </dev/null &&
		jail sysrc l+=a l+=b l+=a l-=b | is "l:  -> a
l: a -> a b
l: a b -> a b
l: a b -> a"'

	test_expect "$sh: sysrc -c tells without writing" '
		fresh <<<a=1 && jail sysrc -c a=1 && ! jail sysrc -c a=2 &&
		is a=1 <"$R/etc/rc.conf"'

	test_expect "$sh: sysrc refuses what it cannot change" '
		fresh <<<"a=\"1
2\"
b=3" && cp "$R/etc/rc.conf" "$TMP/before" &&
		fails 1 "^sysrc: cannot change a in /etc/rc.conf: edit its lines by hand$" \
		    jail sysrc a=5 &&
		cmp "$R/etc/rc.conf" "$TMP/before" &&
		fails 1 "^sysrc: .1a. is no variable.s name$" jail sysrc 1a=5 &&
		[ "$(ls "$R/etc" | grep -c rc.conf)" = 1 ]'
}

suite busybox
suite dash
test_done
