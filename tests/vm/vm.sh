# For tests/vm: a machine under qemu, driven over a virtio-serial port.
# Source it in bash. Software emulation is enough.
#
#	vm_put NAME DIR		before vm_start: DIR becomes /dev/vdc (a tar)
#	vm_start NAME [qemu options...]
#	vm_wait NAME		until the guest's agent says that it is ready
#	vm_run NAME COMMAND	one line of shell; its output and its status
#	vm_stop NAME [COMMAND]	power off (or COMMAND), wait for the end
#	vm_kill NAME		end the machine, as a power cut does
#
# Set before: VM_DIR (scratch), VM_KERNEL, VM_INITRD, VM_ROOT (ext4 image),
# VM_DISK (GPT disk). With VM_SNAPSHOT=on (the default) the images stay as
# they are.

: "${VM_MEM:=1536}" "${VM_SMP:=2}" "${VM_JOB_SIZE:=128M}"
VM_ARGS='console=ttyS0 quiet loglevel=4 mitigations=off nokaslr nowatchdog
	audit=0 cryptomgr.notests systemd.show_status=0'

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

vm_start() {
	local n=$1 d=$VM_DIR/$1 p
	shift
	mkdir -p "$d"
	[ -e "$d/job" ] || truncate -s "$VM_JOB_SIZE" "$d/job"
	rm -f "$d"/*.in "$d"/*.out
	mkfifo "$d/ctl.in" "$d/ctl.out"
	# shellcheck disable=SC2046,SC2086
	nice -n 5 qemu-system-x86_64 -name "$n" -nodefaults -no-user-config \
	    -display none -machine q35 $(vm_accel) -smp "$VM_SMP" -m "$VM_MEM" \
	    -kernel "$VM_KERNEL" -initrd "$VM_INITRD" \
	    -append "$(echo $VM_ARGS) ${VM_APPEND-}" -no-reboot \
	    -drive file="$VM_ROOT",if=none,id=d0,format=raw,cache=unsafe,snapshot="${VM_SNAPSHOT:-on}" \
	    -device virtio-blk-pci,drive=d0 \
	    -drive file="$VM_DISK",if=none,id=d1,format=raw,cache=unsafe,snapshot="${VM_SNAPSHOT:-on}" \
	    -device virtio-blk-pci,drive=d1,serial=pool \
	    -drive file="$d/job",if=none,id=d2,format=raw,readonly=on \
	    -device virtio-blk-pci,drive=d2,serial=job \
	    -netdev hubport,id=n0,hubid=0 -device virtio-net-pci,netdev=n0 \
	    -device virtio-serial-pci -device virtio-rng-pci \
	    -chardev pipe,id=ctl,path="$d/ctl" \
	    -device virtserialport,chardev=ctl,name=gaolvm.ctl \
	    -serial file:"$d/console" "$@" >"$d/qemu.log" 2>&1 </dev/null &
	eval "VMPID_$n=$!; exec {VMIN_$n}<>'$d/ctl.in' {VMOUT_$n}<>'$d/ctl.out'"
}

vm_wait() {
	local out=VMOUT_$1 pid=VMPID_$1 line t0=$SECONDS
	while [ $((SECONDS - t0)) -lt "${VM_BOOT_TIMEOUT:-300}" ]; do
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

vm_run() {
	local in=VMIN_$1 out=VMOUT_$1 line
	shift
	printf '%s\n' "$*" >&"${!in}"
	while IFS= read -r -t "${VM_TIMEOUT:-300}" -u "${!out}" line; do
		case $line in
		"@rc "*) return "${line#@rc }" ;;
		"") ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "no answer from the machine within ${VM_TIMEOUT:-300} s" >&2
	return 124
}

vm_stop() {
	local pid=VMPID_$1 in=VMIN_$1 t0=$SECONDS
	printf '%s\n' "${2:-poweroff}" >&"${!in}"
	while kill -0 "${!pid}" 2>/dev/null; do
		[ $((SECONDS - t0)) -lt "${VM_STOP_TIMEOUT:-120}" ] || {
			echo "$1: did not stop, killed" >&2
			vm_kill "$1"
			return 1
		}
		sleep 0.2
	done
	wait "${!pid}" 2>/dev/null
	return 0
}

vm_kill() {
	local pid=VMPID_$1
	kill -9 "${!pid}" 2>/dev/null
	wait "${!pid}" 2>/dev/null
	return 0
}
