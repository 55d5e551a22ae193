# SPDX-License-Identifier: BSD-2-Clause
#
# What /etc/rc, /etc/rc.shutdown and service(8) of a jail share. POSIX sh, for
# dash and busybox alike. It is read with ".", and defines functions only.
#
# A service is an executable in one of the directories of rc_dirs that takes
# "start" and "stop"; its name is the file's. Whether it starts with the jail:
#
#	NAME_enable="YES" or "NO" in /etc/rc.conf decides;
#	without it, one of /etc/init.d starts if Debian would start it (a link
#	S??NAME in /etc/rc2.d, as packages make it), the others do not.
#
# In the variable's name, what a variable may not hold is "_".

rc_dirs="/etc/rc.d /usr/local/etc/rc.d /etc/init.d"
rc_started=/run/rc.started
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

# rc.conf is a piece of shell, as on FreeBSD. One that does not parse would end
# the shell that reads it.
rc_read()
{
	[ -r "$1" ] || return 0
	if ! rc_errors=$(sh -n "$1" 2>&1); then
		echo "rc: $1 is not read: $rc_errors" >&2
		return 1
	fi
	. "$1"
}

rc_load()
{
	rc_read /etc/rc.conf
	rc_read /etc/rc.conf.local
	return 0
}

# rc_variable NAME: the variable that enables a service.
rc_variable()
{
	case $1 in
	*[!A-Za-z0-9_]*)
		printf '%s_enable\n' \
		    "$(printf %s "$1" | tr -c 'A-Za-z0-9_' _)" ;;
	*)
		printf '%s_enable\n' "$1" ;;
	esac
}

# rc_yes VALUE NAME: 0 for yes, 1 for no; anything else is a no that is told.
rc_yes()
{
	case $1 in
	[Yy][Ee][Ss] | [Tt][Rr][Uu][Ee] | [Oo][Nn] | 1) return 0 ;;
	[Nn][Oo] | [Ff][Aa][Ll][Ss][Ee] | [Oo][Ff][Ff] | 0) return 1 ;;
	esac
	echo "rc: $2 is not set properly: '$1' (YES or NO)" >&2
	return 1
}

# rc_find NAME: the service's file, in $rc_script.
rc_find()
{
	for rc_dir in $rc_dirs; do
		rc_script=$rc_dir/$1
		[ -f "$rc_script" ] && [ -x "$rc_script" ] && return 0
	done
	rc_script=
	return 1
}

# rc_unit NAME: its systemd unit, in $rc_unit_file.
rc_unit()
{
	for rc_dir in /etc/systemd/system /usr/lib/systemd/system \
	    /lib/systemd/system; do
		rc_unit_file=$rc_dir/$1.service
		[ -f "$rc_unit_file" ] && return 0
	done
	return 1
}

# Does Debian start it?
rc_linked()
{
	for rc_link in /etc/rc2.d/S[0-9][0-9]"$1"; do
		[ -e "$rc_link" ] && return 0
	done
	return 1
}

# rc_enabled NAME SCRIPT
rc_enabled()
{
	rc_var=$(rc_variable "$1")
	eval "rc_value=\${$rc_var-}"
	rc_read "/etc/rc.conf.d/$1"
	eval "rc_value=\${$rc_var-\$rc_value}"
	if [ -n "$rc_value" ]; then
		rc_yes "$rc_value" "$rc_var"
		return
	fi
	case $2 in
	/etc/init.d/*) rc_linked "$1" ;;
	*) return 1 ;;
	esac
}

# All service names, one a line, in the order in which they start: those of
# rc.d, those of init.d as Debian orders them, the rest of init.d, the local
# ones.
rc_names()
{
	{
		for rc_f in /etc/rc.d/*; do
			echo "${rc_f##*/}"
		done
		for rc_f in /etc/rc2.d/S[0-9][0-9]*; do
			rc_f=${rc_f##*/S}
			echo "${rc_f#[0-9][0-9]}"
		done
		for rc_f in /etc/init.d/* /usr/local/etc/rc.d/*; do
			echo "${rc_f##*/}"
		done
	} | {
		rc_seen=" "
		while read -r rc_n; do
			case $rc_n in
			'*' | '' | *' '* | *.sh | *~ | *.dpkg-* | README | \
			    rc | rcS | single | halt | reboot | skeleton)
				continue ;;
			esac
			case $rc_seen in
			*" $rc_n "*) continue ;;
			esac
			rc_seen="$rc_seen$rc_n "
			rc_find "$rc_n" && echo "$rc_n"
		done
	}
}

# Remember what runs, for rc.shutdown.
rc_note()
{
	rc_forget "$1"
	echo "$1" >>$rc_started
}

rc_forget()
{
	[ -f $rc_started ] || return 0
	grep -Fxv -- "$1" $rc_started >$rc_started.new
	mv $rc_started.new $rc_started
}
