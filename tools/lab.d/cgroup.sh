# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# The lab's control groups, sourced by tools/lab. In every hierarchy (one in
# cgroup v2, one for each controller in v1) the lab has a group of its own with
# two below it: console for its plumbing, host for the host, which takes that
# for the root of the hierarchy.

# One line for each hierarchy: its mount point and its type.
LAB_CGROUPS=$(findmnt -rn -t cgroup,cgroup2 -o TARGET,FSTYPE |
    awk '!seen[$1]++') || :

cgroup_mounts() {
	local target type
	while read -r target type; do
		[ -z "$target" ] || [ ! -w "$target" ] || echo "$target"
	done <<<"$LAB_CGROUPS"
}

# Let the groups below $1 use every controller. The kernel refuses those that
# are not free; what can't be limited then is gaol's to say.
cgroup_open() {
	local c
	if [ -e "$1/cgroup.controllers" ]; then
		for c in $(cat "$1/cgroup.controllers"); do
			echo "+$c" >"$1/cgroup.subtree_control" 2>/dev/null || :
		done
	elif [ -e "$1/cpuset.cpus" ]; then
		# A new group has no processor and no memory in v1.
		echo 1 >"$1/cgroup.clone_children"
	fi
}

cgroup_make() {
	local id=$1 h
	[ -n "$(cgroup_mounts)" ] ||
	    echo "lab: no control groups to write to: limits will not work" >&2
	for h in $(cgroup_mounts); do
		[ ! -e "$h/cgroup.controllers" ] || cgroup_open "$h"
		mkdir "$h/$id" || die "cannot make the control group $h/$id"
		if [ -e "$h/cpuset.cpus" ]; then
			cat "$h/cpuset.cpus" >"$h/$id/cpuset.cpus"
			cat "$h/cpuset.mems" >"$h/$id/cpuset.mems"
		fi
		cgroup_open "$h/$id"
		mkdir "$h/$id/console" "$h/$id/host"
	done
}

# The calling process and what it starts move to the console's groups.
cgroup_join() {
	local id=$1 h
	for h in $(cgroup_mounts); do
		echo $BASHPID >"$h/$id/console/cgroup.procs"
	done
}

# Remove the groups of lab $1, whose processes are dead or just dying: the last
# of them leaves its group a moment after it has closed its files.
cgroup_clear() {
	local id=$1 h i
	for h in $(cgroup_mounts); do
		for ((i = 0; i < 100; i++)); do
			[ -d "$h/$id" ] || break
			find "$h/$id" -depth -type d -exec rmdir {} + \
			    2>/dev/null || sleep 0.02
		done
	done
}

cgroup_in_use() {
	local h
	for h in $(cgroup_mounts); do
		[ ! -d "$h/$1" ] || find "$h/$1" -name cgroup.procs -exec cat {} +
	done | grep . >/dev/null
}

# What a killed lab left: no process in it, and not one being made just now.
cgroup_clear_stale() {
	local h d id made now
	now=$(date +%s)
	for h in $(cgroup_mounts); do
		for d in "$h"/gaol-lab-*; do
			[ -d "$d" ] || continue
			id=${d##*/} made=${d##*/gaol-lab-}
			made=${made%%-*}
			[[ $made =~ ^[0-9]+$ ]] || continue
			[ $((now - made)) -gt 60 ] || continue
			cgroup_in_use "$id" || cgroup_clear "$id"
		done
	done
}
