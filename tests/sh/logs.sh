#!/bin/bash
# The log of a jail: what gets into it, that it stays small however much a jail
# prints, and gaol logs.
. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host
pool_dir tank && release tiny || skip_all "cannot make a pool here"
gaol create -n web -r tiny >/dev/null
log=/tank/iocage/log/web-console.log
max=$((8 << 20))
rc() {
	cat >/tank/iocage/jails/web/root/etc/rc
}
rc <<-'END'
	echo "one"
	echo "two" >&2
	echo "three" >/dev/console
END
# shellcheck disable=SC2016
echo 'echo stopped' >/tank/iocage/jails/web/root/etc/rc.shutdown

test_expect 'a jail that was never started has none' '
	fails 1 "jail .web. has no log: it was never started" gaol logs web'
test_expect 'what exec_start prints and what is said on the console is logged' '
	gaol start web && gaol logs web | sort >"$TMP/out" &&
	printf "%s\n" one three two | diff - "$TMP/out"'
test_expect 'it is root'\''s own' '[ "$(stat -c "%U %a" $log)" = "root 600" ]'
test_expect 'the console is there for the jail'\''s root alone' '
	gaol exec web sh -c "echo more >/dev/console" &&
	eventually sh -c "gaol logs web | grep -qx more" &&
	! gaol exec -U www web sh -c "echo no >/dev/console"'
test_expect 'a stop is logged, and the next start goes on in the same log' '
	gaol restart web && gaol logs web >"$TMP/out" &&
	[ "$(grep -cx one "$TMP/out")" = 2 ] && grep -qx stopped "$TMP/out"'
test_expect '-n takes the last lines' '
	gaol exec web sh -c "echo a >/dev/console; echo b >/dev/console" &&
	eventually sh -c "gaol logs web | grep -qx b" &&
	[ "$(gaol logs -n 2 web | xargs)" = "a b" ] &&
	[ -z "$(gaol logs -n 0 web)" ] &&
	gaol logs -n 9999 web | cmp - $log &&
	fails 2 "is no number of lines" gaol logs -n x web'

# on_terminal COMMAND...: what it prints on a terminal.
on_terminal() {
	python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
try:
    while chunk := os.read(fd, 4096):
        sys.stdout.buffer.write(chunk)
except OSError:
    pass
' "$@"
}
test_expect 'on a terminal nothing of it is a control character' '
	gaol exec web sh -c "printf \"a\tb\033]0;title\007c\302\233d\377\r\n\" >/dev/console" &&
	eventually sh -c "gaol logs -n 1 web | grep -q title" &&
	on_terminal gaol logs -n 1 web >"$TMP/out" && od -c "$TMP/out" &&
	printf "a\tb\\\\x1b]0;title\\\\x07c\\\\xc2\\\\x9bd\\\\xff\r\n" | cmp - "$TMP/out"'
test_expect 'elsewhere it is as it was printed' '
	gaol logs -n 1 web | grep -q "$(printf "\033]0;title")"'

# Numbered lines of about 100 bytes, from $1 to $2.
count() {
	gaol exec web busybox awk "BEGIN { for (i = $1; i <= $2; i++)
	    printf \"%090d\\n\", i >\"/dev/console\" }"
}
last_is() {
	[ "$(gaol logs -n 1 web | sed 's/^0*//')" = "$1" ]
}
gaol logs -f -n 0 web >"$TMP/followed" &
follower=$!
at_end "kill $follower"
eventually grep -q inotify /proc/$follower/fdinfo/* 2>/dev/null
test_expect 'follow shows what comes' '
	gaol exec web sh -c "echo news >/dev/console" &&
	eventually grep -qx news "$TMP/followed"'
test_expect 'a full log becomes the older one' '
	count 1 100000 && eventually last_is 100000 && [ -s $log.0 ] &&
	[ "$(stat -c %s $log.0)" -gt $((max - 8192)) ] &&
	[ "$(stat -c %s $log.0)" -le $max ] && [ "$(stat -c %s $log)" -lt $max ]'
test_expect 'logs reads both, in order' '
	gaol logs -n 99000 web | sed "s/^0*//" | cmp - <(seq 1001 100000)'
test_expect 'follow has missed no line' '
	eventually sh -c "[ \$(wc -l <$TMP/followed) -gt 100000 ]" &&
	tail -n +2 "$TMP/followed" | sed "s/^0*//" | cmp - <(seq 1 100000)'
test_expect 'a jail that floods its log fills nothing, and can be stopped' '
	rc <<<"busybox yes flood & busybox yes more >/dev/console &" &&
	gaol restart web && sleep 1 &&
	[ "$(stat -c %s $log)" -le $max ] && [ "$(stat -c %s $log.0)" -le $max ] &&
	t=$SECONDS && gaol stop web && [ $((SECONDS - t)) -lt 10 ] &&
	gaol logs web | grep -q "^flood$"'
test_expect 'starting it often does not, either' '
	rc <<<"busybox head -c 3000000 /dev/zero" &&
	for i in 1 2 3 4 5 6; do gaol start web >/dev/null && gaol stop web >/dev/null; done &&
	[ "$(stat -c %s $log)" -le $max ] && [ "$(stat -c %s $log.0)" -le $max ]'
test_expect 'a failed start still tells what was printed, behind a full log' '
	rc <<<"busybox yes | busybox head -c 8388000; echo reason; exit 3" &&
	fails 1 "exit code 3; it printed: .*reason" gaol start web'
test_expect 'a link in the place of a log is not followed' '
	rc </dev/null && mv $log $log.away && echo precious >"$TMP/file" &&
	ln -s "$TMP/file" $log &&
	fails 1 "cannot open its log .*Too many levels" gaol start web &&
	[ "$(cat "$TMP/file")" = precious ] && mv $log.away $log'
test_expect 'destroy removes both, and ends who follows' '
	kill -0 $follower && gaol destroy -f web && ! ls $log* &&
	eventually sh -c "! kill -0 $follower"'
test_done
