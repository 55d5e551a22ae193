# SPDX-License-Identifier: BSD-2-Clause
# What Debian's own programs do in a jail of a release. Sourced by lab tests,
# behind lib.sh: debian_jail_tests RELEASE.

# A package and a repository of our own in a jail: what matters is that apt
# works as the user _apt, and that an installed service starts.
debian_jail_repository() {
	local top=$1 pkg=$TMP/pkg
	rm -rf "$pkg" && mkdir -p "$pkg/DEBIAN" "$pkg/etc/init.d" "$top/srv/repo"
	cat >"$pkg/DEBIAN/control" <<-'END'
	Package: napper
	Version: 1
	Architecture: all
	Maintainer: Nobody <nobody@example.org>
	Description: sleeps as nobody
	END
	printf '#!/bin/sh\nupdate-rc.d napper defaults\ninvoke-rc.d napper start || :\n' \
	    >"$pkg/DEBIAN/postinst"
	cat >"$pkg/etc/init.d/napper" <<-'END'
	#!/bin/sh
	### BEGIN INIT INFO
	# Provides: napper
	# Required-Start:
	# Required-Stop:
	# Default-Start: 2 3 4 5
	# Default-Stop: 0 1 6
	# Short-Description: sleeps
	### END INIT INFO
	set -- "$1" --pidfile /run/napper.pid --exec /bin/sleep
	case $1 in
	start)
		shift
		exec start-stop-daemon --start --background --make-pidfile \
		    --chuid nobody "$@" -- 1000000
		;;
	stop)
		shift
		exec start-stop-daemon --stop --remove-pidfile "$@"
		;;
	status)
		shift
		exec start-stop-daemon --status "$@"
		;;
	esac
	END
	chmod 755 "$pkg/DEBIAN/postinst" "$pkg/etc/init.d/napper"
	dpkg-deb -b "$pkg" "$top/srv/repo/napper.deb" >/dev/null
	(cd "$top/srv/repo" && {
		sed '/^Description/d' "$pkg/DEBIAN/control"
		echo "Filename: ./napper.deb"
		echo "Size: $(stat -c %s napper.deb)"
		echo "SHA256: $(sha256sum napper.deb | cut -d' ' -f1)"
		echo "Description: sleeps as nobody"
	} >Packages)
	echo 'deb [trusted=yes] file:/srv/repo ./' >"$top/etc/apt/sources.list"
	rm -rf "$top"/etc/apt/sources.list.d/*
}

debian_jail_tests() {
	local release=$1 jail=deb-${1#debian-} top
	top=/iocage/jails/$jail/root

	test_expect "$release: a jail of it starts" '
		iocage create -n $jail -r $release && iocage start $jail &&
		iocage exec $jail /bin/sh -c "exit 9"; [ $? = 9 ]'
	test_expect "$release: su, as root and as the user" '
		iocage exec $jail adduser --disabled-password --gecos x bob &&
		[ "$(iocage exec $jail su - bob -c "id -un; pwd")" = "bob
/home/bob" ] &&
		printf "root:secret\n" | iocage exec $jail chpasswd &&
		[ "$(echo secret | iocage exec -U bob $jail su root -c "id -u")" = 0 ]'
	test_expect "$release: apt works as its user, a new service waits for a word" '
		debian_jail_repository $top &&
		iocage exec $jail apt-get -q -o APT::Update::Error-Mode=any update &&
		iocage exec $jail apt-get -q -y install napper &&
		! iocage exec $jail service napper status &&
		iocage exec $jail service napper start &&
		eventually iocage exec $jail service napper status &&
		[ "$(iocage exec $jail ps -o user= -C sleep)" = nobody ]'
	test_expect "$release: the service starts with the jail, stops with it" '
		iocage restart $jail &&
		eventually iocage exec $jail service napper status &&
		iocage exec $jail sysrc napper_enable=NO &&
		iocage restart $jail && ! iocage exec $jail service napper status'
	test_expect "$release: cron runs its jobs" '
		echo "* * * * * root id -u >/root/cron" >$top/etc/cron.d/job &&
		iocage exec $jail service cron status &&
		timeout 90 sh -c "while [ ! -s $top/root/cron ]; do sleep 1; done" &&
		[ "$(cat $top/root/cron)" = 0 ]'
	test_expect "$release: ping is refused" '
		! iocage exec $jail ping -c 1 127.0.0.1 2>"$TMP/ping" &&
		grep -qi "not permitted\|permission denied" "$TMP/ping"'
	test_expect "$release: the jail is destroyed" '
		iocage destroy -f $jail'
}
