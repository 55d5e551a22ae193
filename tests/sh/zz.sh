. "$(dirname "$0")/../lib.sh"
in_namespaces net mount pid uts ipc
. "$(dirname "$0")/../host.sh"
private_host; lo1; echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir $TMP/disk; mount -t tmpfs -o size=400M none $TMP/disk
at_end "umount $TMP/disk"
r() { echo "\$ $*"; timeout 60 "$@" 2>&1 | head -8; echo "  -> ${PIPESTATUS[0]}"; }
gaol pool create tank --image $TMP/disk/img --size 256M >/dev/null && gaol activate tank && release tiny
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null; gaol start web >/dev/null; gaol stop web >/dev/null
at_end "gaol stop -f ALL; umount /tank"
echo "=== ro pool"
gaol start web; mount -o remount,bind,ro,nosuid,nodev /tank
r gaol create -n x -r tiny
r gaol set notes=x web
r gaol exec web touch /root/x
r gaol stop web
r gaol start web
r gaol destroy -f web
r gaol list -H
r gaol check --repair
mount -o remount,bind,rw,nosuid,nodev /tank
echo "=== pool gone: umount -l"
r gaol start web
umount -l /tank
r gaol stop nosuch
r gaol pool import tank; losetup -l | grep -F $TMP
r gaol list -H; umount -l /tank
r gaol stop web
r gaol stop ALL
r gaol pool list -H; losetup -l | grep -F $TMP
r gaol pool import tank
r gaol start web;r gaol stop web
echo == image deleted
r gaol start web; rm $TMP/disk/img; umount -l /tank
r gaol stop web; r gaol pool import tank;  r gaol pool list -H; r gaol pool destroy -f tank; r gaol pool list -H
ls /run/gaol/jails; ip -o link | grep jail-
echo "=== tiny"
gaol pool create tank --image $TMP/disk/img --size 256M >/dev/null && gaol activate tank && release tiny
gaol create -n web -r tiny ip4_addr='lo1|192.168.0.2' >/dev/null; gaol start web >/dev/null; gaol stop web >/dev/null
mount -t tmpfs -o size=16k none /run/gaol; dd if=/dev/zero of=/run/gaol/fill 2>/dev/null
r gaol start web
echo pass all >$TMP/pf.conf
r pfctl -f $TMP/pf.conf; nft list ruleset | grep -c pf
r pfctl -e
r gaol check --repair
rm /run/gaol/fill; r gaol start web; dd if=/dev/zero of=/run/gaol/fill 2>/dev/null
r gaol stop web
r gaol list -H; find /run/gaol; rm /run/gaol/fill; r gaol stop web
umount /run/gaol
cp -a /var/lib/gaol /tmp/vlg; 
mount -t tmpfs -o size=16k none /var/lib/gaol; cp -a /tmp/vlg/. /var/lib/gaol/; dd if=/dev/zero of=/var/lib/gaol/fill 2>/dev/null
r gaol activate tank
r gaol pool create p --dir $TMP/disk/p; ls -a $TMP/disk
r pfctl -f $TMP/pf.conf
r pfctl -e
r gaol pool destroy -f tank
r gaol check --repair
find /var/lib/gaol; rm /var/lib/gaol/fill;r gaol pool list -H;  r gaol pool destroy -f tank
