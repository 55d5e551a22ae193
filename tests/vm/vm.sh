# For tests/vm: a machine under qemu, driven over a virtio-serial port.
# Source it in bash. Software emulation is enough.
#
#	vm_put NAME DIR		before vm_start: DIR becomes /dev/vdc (a tar)
#	vm_up NAME		start it, until the guest's agent is ready
#	vm_run NAME COMMAND	one line of shell; its output and its status
#	vm_stop NAME [COMMAND]	power off (or COMMAND), wait for the end
#	vm_kill NAME		end the machine, as a power cut does
#	vm_cut NAME		a power cut: the disks as they are at one instant
#				take the place of VM_ROOT and VM_DISK, and the
#				machine is gone. vm_up starts it again.
#
# Set before: VM_DIR (scratch), VM_KERNEL, VM_INITRD, VM_ROOT (ext4 image),
# VM_DISK (GPT disk): both are written to.
#
# How long things take under emulation beside other work is anybody's guess:
# all the times here are limits after which something is broken, not
# expectations.

: "${VM_MEM:=1536}" "${VM_SMP:=2}" "${VM_JOB_SIZE:=64M}"
: "${VM_BOOT_TIMEOUT:=900}" "${VM_TIMEOUT:=900}" "${VM_STOP_TIMEOUT:=600}"
VM_ARGS='console=ttyS0 quiet loglevel=4 mitigations=off nokaslr nowatchdog
	audit=0 cryptomgr.notests systemd.show_status=0 panic=-1'

vm_put() {
	mkdir -p "$VM_DIR/$1"
	tar -C "$2" -cf "$VM_DIR/$1/job" . &&
	    truncate -s ">$VM_JOB_SIZE" "$VM_DIR/$1/job"
}

# Nested virtualisation that half works ends qemu, so KVM is only used when
# asked for: VM_KVM=1.
vm_accel() {
	if [ -n "${VM_KVM-}" ]; then
		echo -accel kvm -cpu host
	else
		# la57 off: five-level page tables cost time under emulation.
		echo -accel tcg,thread=multi -cpu max,la57=off
	fi
}

# The disks are read and written through the host's cache, so what the guest
# has written is in the file at once: vm_cut copies a disk that has no cache
# of its own.
# The wire is a hub: frames to a card that is down wait for it, and with them
# the card that sends (NETDEV WATCHDOG in the guest). Look why it is down.
vm_start() {
	local n=$1 d=$VM_DIR/$1
	mkdir -p "$d"
	[ -e "$d/job" ] || truncate -s "$VM_JOB_SIZE" "$d/job"
	rm -f "$d"/*.in "$d"/*.out
	mkfifo "$d/ctl.in" "$d/ctl.out"
	# shellcheck disable=SC2046,SC2086
	qemu-system-x86_64 -name "$n" -nodefaults -no-user-config \
	    -display none -machine q35 $(vm_accel) -smp "$VM_SMP" -m "$VM_MEM" \
	    -kernel "$VM_KERNEL" -initrd "$VM_INITRD" \
	    -append "$(echo $VM_ARGS) ${VM_APPEND-}" -no-reboot \
	    -drive file="$VM_ROOT",if=none,id=d0,format=raw,cache=unsafe \
	    -device virtio-blk-pci,drive=d0 \
	    -drive file="$VM_DISK",if=none,id=d1,format=raw,cache=unsafe \
	    -device virtio-blk-pci,drive=d1,serial=pool \
	    -drive file="$d/job",if=none,id=d2,format=raw,readonly=on \
	    -device virtio-blk-pci,drive=d2,serial=job \
	    -netdev hubport,id=n0,hubid=0 \
	    -device virtio-net-pci,netdev=n0,mac=52:54:00:00:00:40 \
	    -netdev hubport,id=n1,hubid=0 \
	    -device virtio-net-pci,netdev=n1,mac=52:54:00:00:00:01 \
	    -device virtio-serial-pci -device virtio-rng-pci \
	    -chardev pipe,id=ctl,path="$d/ctl" \
	    -device virtserialport,chardev=ctl,name=gaolvm.ctl \
	    -serial file:"$d/console" >"$d/qemu.log" 2>&1 </dev/null &
	eval "VMPID_$n=$!; exec {VMIN_$n}<>'$d/ctl.in' {VMOUT_$n}<>'$d/ctl.out'"
}

vm_wait() {
	local out=VMOUT_$1 pid=VMPID_$1 line t0=$SECONDS
	while [ $((SECONDS - t0)) -lt "$VM_BOOT_TIMEOUT" ]; do
		if IFS= read -r -t 2 -u "${!out}" line; then
			case $line in "@ready "*) return 0 ;; esac
		else
			kill -0 "${!pid}" 2>/dev/null || break
		fi
	done
	echo "$1: the machine did not come up:" >&2
	tail -n 20 "$VM_DIR/$1/console" "$VM_DIR/$1/qemu.log" >&2
	return 1
}

# While it boots, a kernel patches its own text, with breakpoints for the other
# CPUs. Under emulation one of these can meet a breakpoint that is gone already,
# and dies of it: nothing that is tested has run by then.
vm_up() {
	for _ in 1 2 3; do
		vm_start "$1" && vm_wait "$1" && return
		grep -q "Oops: int3" "$VM_DIR/$1/console" || return
		echo "# $1: a breakpoint that the emulator kept killed the kernel as it booted; once more"
		vm_kill "$1"
	done
	return 1
}

vm_run() {
	local in=VMIN_$1 out=VMOUT_$1 pid=VMPID_$1 line t0=$SECONDS
	shift
	printf '%s\n' "$*" >&"${!in}"
	while [ $((SECONDS - t0)) -lt "$VM_TIMEOUT" ]; do
		if ! IFS= read -r -t 5 -u "${!out}" line; then
			kill -0 "${!pid}" 2>/dev/null && continue
			echo "the machine ended" >&2
			return 125
		fi
		t0=$SECONDS
		case $line in
		"@rc "*) return "${line#@rc }" ;;
		"") ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "no word from the machine for $VM_TIMEOUT s" >&2
	return 124
}

vm_stop() {
	local pid=VMPID_$1 in=VMIN_$1 t0=$SECONDS
	printf '%s\n' "${2:-poweroff}" >&"${!in}"
	while kill -0 "${!pid}" 2>/dev/null; do
		[ $((SECONDS - t0)) -lt "$VM_STOP_TIMEOUT" ] || {
			echo "$1: did not stop, killed" >&2
			vm_kill "$1"
			return 1
		}
		sleep 0.2
	done
	vm_forget "$1"
}

vm_kill() {
	local pid=VMPID_$1
	kill -9 "${!pid}" 2>/dev/null
	vm_forget "$1"
}

vm_forget() {
	local pid=VMPID_$1 in=VMIN_$1 out=VMOUT_$1
	wait "${!pid}" 2>/dev/null
	eval "exec {$in}>&- {$out}<&-"
	unset "$pid"
	return 0
}

# Both disks at one instant: while qemu is stopped it writes nothing. A disk
# copied while it is written to would be no instant at all.
vm_cut() {
	local pid=VMPID_$1 image
	kill -STOP "${!pid}" || return
	# Stopped is what the kernel says, not what was asked for.
	while ps -L -o state= -p "${!pid}" | grep -qv '^T'; do
		sleep 0.05
	done
	for image in "$VM_ROOT" "$VM_DISK"; do
		cp --sparse=always "$image" "$image.cut" || return
	done
	vm_kill "$1"
	for image in "$VM_ROOT" "$VM_DISK"; do
		mv "$image.cut" "$image" || return
	done
}
