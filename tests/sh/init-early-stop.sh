#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A jail that is stopped at the very moment its start is confirmed does stop:
# gaol-init finds both the word to go on and SIGTERM when it looks.
. "$(dirname "$0")/../lib.sh"
in_namespaces pid mount

cat >"$TMP/race.py" <<'EOF'
import os, select, signal, socket, struct, sys, time
ctl, other = socket.socketpair()
log = os.open("/dev/null", os.O_WRONLY)
os.unshare(0x20000000) if hasattr(os, "unshare") else \
    __import__("ctypes").CDLL(None).unshare(0x20000000)
pid = os.fork()  # PID 1 of a namespace: kill(-1) stays in there
if pid == 0:
    fd = os.dup2(other.fileno(), 10), os.dup2(log, 11)
    os.dup2(10, 3), os.dup2(11, 4)
    os.execv(sys.argv[1], ["gaol-init", "60", "60", "1", "/bin/true",
        "/bin/true"])
other.close()
status = struct.unpack("i", ctl.recv(4))[0]
assert status == 0, status
os.kill(pid, signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
ctl.send(b"k")
os.kill(pid, signal.SIGTERM)
os.kill(pid, signal.SIGCONT)
end = time.monotonic() + 10
while os.waitpid(pid, os.WNOHANG) == (0, 0):
    if time.monotonic() > end:
        os.kill(pid, signal.SIGKILL)
        sys.exit("gaol-init goes on after SIGTERM")
    time.sleep(0.01)
EOF
test_expect 'a stop that meets the confirmation of the start is not lost' '
    python3 "$TMP/race.py" "$BUILD/libexec/gaol-init"'
test_done
