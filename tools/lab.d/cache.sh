# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# What the lab keeps between runs, sourced by tools/lab:
#
#	tree-SUITE-KEY	the host's root, a Debian tree by mmdebstrap
#	mirror-KEY	link to a partial Debian mirror under Debian's own signature
#	disk-BYTES	a disk image: a partition table, an empty file system
#	pool		the packages of all mirrors, hard links into them
#
# Each is made beside its name and then renamed, under a lock; the name holds
# a sum of what it was made from. Everything is fetched with the machine's own
# apt: its sources, its proxies. `rm -r` of the folder, while no lab runs,
# costs the next one a few minutes.

LAB_CACHE=${GAOL_LAB_CACHE:-/var/cache/gaol-lab}

# What the host and the machines outside of it run.
cache_tree_packages=(
	apt btrfs-progs busybox conntrack curl debian-archive-keyring
	dnsmasq-base e2fsprogs fdisk iproute2 iputils-ping jq kmod less
	mariadb-client-core mmdebstrap mount nano netcat-openbsd nftables
	nmap openssh-server procps python3-minimal tcpdump telnet xfsprogs
	# What gaol is linked with, also in a sanitizer build.
	libasan8 libblkid1 libjansson4 libmnl0 libnetfilter-conntrack3
	libnftnl11 libubsan1
)
# What a release is made of, and what the demo installs in a jail.
cache_mirror_packages=(
	adduser apt ca-certificates cron debian-archive-keyring ifupdown
	iproute2 iputils-ping less libc-bin login lsb-base mariadb-server
	mount nano netbase netcat-openbsd passwd procps sysvinit-utils telnet
	tzdata
)
cache_mirror_suites=(bookworm trixie)

cache_say() {
	echo "lab: $*" >&2
}

# Run $2... with its output in log $1, shown if it fails.
cache_logged() {
	local log=$LAB_CACHE/log/$1
	shift
	"$@" >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "failed: ${*:0:3} ... (all of it: $log)"
	}
}

cache_key() {
	printf '%s\n' "$@" | sha256sum | cut -c1-12
}

# Where the machine's apt gets suite $1 from.
cache_site() {
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(RELEASE) $(REPO_URI)' \
	    'Created-By: Packages' | awk -v want="$1" '
		$1 == "Debian" && ($2 == want || $3 == want) { print $NF; exit }'
}

cache_find_sites() {
	local own
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	cache_main=$(cache_site "$own")
	[ -n "$cache_main" ] || {
		cache_logged update apt-get update
		cache_main=$(cache_site "$own")
	}
	[ -n "$cache_main" ] ||
	    die "apt knows no Debian source for '$own': the lab needs Debian 12 or 13"
	cache_security=$(cache_site "$own-security")
	[ -n "$cache_security" ] ||
	    cache_security=${cache_main%/}-security/
}

# The sources of suite $1, for apt.
cache_sources() {
	local key=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb [signed-by=$key] $cache_main $1 main"
	echo "deb [signed-by=$key] $cache_main $1-updates main"
	echo "deb [signed-by=$key] $cache_security $1-security main"
}

# How the machine's apt reaches its sources: proxies, time-outs, retries.
cache_apt_options() {
	apt-config dump | grep '^Acquire' |
	    grep -vE '^Acquire::(IndexTargets|Languages|GzipIndexes)' || :
}

# Run CMD in tree $1, with the cache's folder for new files at /mnt.
cache_chroot() {
	local tree=$1
	shift
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -ec '
		mount --bind "$1" "$2/mnt"
		mount --rbind /dev "$2/dev"
		shift
		exec chroot "$@"' sh "$LAB_CACHE/new" "$tree" "$@"
}

# mmdebstrap works in a mount namespace of its own: killed, it leaves no mount.
cache_make_tree() {
	local suite=$1 new=$2 list
	list=$(printf '%s,' "${cache_tree_packages[@]}")
	cache_apt_options >"$LAB_CACHE/new/apt.conf"
	cache_sources "$suite" >"$LAB_CACHE/new/sources.list"
	cache_logged "tree-$suite" unshare --mount --propagation private \
	    mmdebstrap --mode=root --variant=minbase --include="${list%,}" \
	    --aptopt="$LAB_CACHE/new/apt.conf" \
	    --aptopt='APT::Install-Recommends "false"' \
	    --dpkgopt='path-exclude=/usr/share/man/*' \
	    --dpkgopt='path-exclude=/usr/share/locale/*' \
	    --dpkgopt='path-exclude=/usr/share/doc/*' \
	    "$suite" "$new" "$LAB_CACHE/new/sources.list"
	cache_finish_tree "$new"
}

# Inside the lab: Debian's own addresses, and a key that opens the host's sshd.
cache_finish_tree() {
	local tree=$1
	rm -f "$tree"/etc/{resolv.conf,hostname} \
	    "$tree"/etc/apt/{apt.conf.d/99mmdebstrap,sources.list.d/0000sources.list}
	cache_main=http://deb.debian.org/debian \
	    cache_security=http://deb.debian.org/debian-security \
	    cache_sources "$(. "$tree/etc/os-release" && echo "$VERSION_CODENAME")" \
	    >"$tree/etc/apt/sources.list"
	install -d -m 700 "$tree/root/.ssh"
	cache_logged sshkey cache_chroot "$tree" \
	    ssh-keygen -q -t ed25519 -N '' -C lab -f /root/.ssh/id_ed25519
	cp "$tree/root/.ssh/id_ed25519.pub" "$tree/root/.ssh/authorized_keys"
	sed 's/^[^ ]* [^ ]*/* &/' "$tree"/etc/ssh/ssh_host_ed25519_key.pub \
	    >"$tree/root/.ssh/known_hosts"
}

# The tutorial's disk: boot, swap, system (what the host writes goes there) and
# a fourth partition that nothing uses yet. Offsets are in MiB.
cache_make_disk() {
	local new=$1 pool=$((($2 + 1048575) >> 20)) system=$((16 << 10))
	local swap=2048 img=/mnt/disk
	truncate -s $((4 + swap + system + pool))M "$new"
	cache_logged disk cache_chroot "$LAB_TREE" sh -ec "
		sfdisk -q $img <<T
label: gpt
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649, name=gptboot
start=2MiB, size=${swap}MiB, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, name=swap
start=$((2 + swap))MiB, size=${system}MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=system
start=$((2 + swap + system))MiB, size=${pool}MiB, type=6A898CC3-1DD2-11B2-99A6-080020736631, name=iocage
T
		truncate -s ${swap}M /mnt/swap
		mkswap -q /mnt/swap
		dd status=none if=/mnt/swap of=$img bs=1M count=1 seek=2 conv=notrunc
		rm /mnt/swap
		mkfs.ext4 -q -O ^has_journal -E offset=$(((2 + swap) << 20)) \
		    $img ${system}M"
}

# apt with a state of its own in $1, as if nothing were installed.
cache_apt() {
	local dir=$1
	shift
	apt-get -o Dir::State="$dir" -o Dir::State::status="$dir/status" \
	    -o Dir::Cache="$dir" -o Dir::Etc::sourcelist="$dir/sources.list" \
	    -o Dir::Etc::sourceparts="$dir/none" -o Dir::Etc::preferences=none \
	    -o Dir::Etc::preferencesparts="$dir/none" \
	    -o APT::Sandbox::User=root \
	    -o Acquire::Languages=none -o Acquire::GzipIndexes=false "$@"
}

# Print "URL FILE SUM" of the packages that installing $2... from nothing takes,
# with and without what they recommend.
cache_resolve() {
	local dir=$1 opt
	shift
	for opt in --install-recommends --no-install-recommends; do
		cache_apt "$dir" -qq --yes --print-uris $opt install '?essential' "$@" |
		    sed -n "s/^'\([^']*\)' [^ ]* [0-9]* \(.*\)$/\1 \2/p"
	done
}

# The address below which file $1 of an archive lies in the mirror.
cache_mirror_path() {
	local url=$1
	case $url in
	"$cache_security"*) echo "debian-security/${url#"$cache_security"}" ;;
	"$cache_main"*) echo "debian/${url#"$cache_main"}" ;;
	*) die "apt names a package elsewhere than at the archive: $url" ;;
	esac
}

# Fetch lines of "URL SUM" into the pool, those that are not there yet.
cache_fetch() {
	local url sum path args=()
	while read -r url sum; do
		path=$(cache_mirror_path "$url")
		path=$LAB_CACHE/pool/${path//%2b/+}
		path=${path//%7e/\~}
		path=${path//%3a/:}
		echo "$path"
		[ ! -e "$path" ] || continue
		mkdir -p "${path%/*}"
		args+=("$url" "$path" "$sum")
	done
	[ ${#args[@]} = 0 ] || cache_logged fetch /usr/lib/apt/apt-helper \
	    -o APT::Sandbox::User=root download-file "${args[@]}"
}

# Index $4 of signed suite $3 from archive $1 to $2, under its name and its sum.
cache_mirror_index() {
	local base=$1 to=$2 inrelease=$3 name=$4 sum hashed
	sum=$(awk -v f="$name" '
	    /^SHA256:/ { on = 1 }
	    on && $3 == f { print $1 }' "$inrelease")
	[ -n "$sum" ] || die "$inrelease names no $name"
	hashed=$to/${name%/*}/by-hash/SHA256
	mkdir -p "$hashed"
	cache_logged index /usr/lib/apt/apt-helper -o APT::Sandbox::User=root \
	    download-file "$base/$name" "$to/$name" "SHA256:$sum"
	ln -f "$to/$name" "$hashed/$sum"
}

# Debian's signed indexes as apt fetched and checked them, and the compressed
# lists they name.
cache_mirror_indexes() {
	local dir=$1 new=$2 arch inrelease base path suite name
	arch=$(dpkg --print-architecture)
	for inrelease in "$dir"/lists/*_InRelease; do
		case $inrelease in
		*-security_InRelease) base=$cache_security path=debian-security ;;
		*) base=$cache_main path=debian ;;
		esac
		suite=${inrelease##*_dists_}
		suite=dists/${suite%_InRelease}
		mkdir -p "$new/$path/$suite"
		cp "$inrelease" "$new/$path/$suite/InRelease"
		for name in "main/binary-$arch/Packages.xz" \
		    main/i18n/Translation-en.xz; do
			cache_mirror_index "$base$suite" "$new/$path/$suite" \
			    "$inrelease" "$name"
		done
	done
}

# apt's lists of suite $1, and in urls what the mirror is to hold of it: what is
# always there, and those of $2... that the suite has.
cache_mirror_resolve() {
	local suite=$1 dir=$LAB_CACHE/new/apt-$1 p
	shift
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/none"
	: >"$dir/status"
	cache_sources "$suite" >"$dir/sources.list"
	cache_logged "update-$suite" cache_apt "$dir" \
	    -o APT::Update::Error-Mode=any update
	cache_resolve "$dir" "${cache_mirror_packages[@]}" >"$dir/urls"
	for p; do
		! cache_resolve "$dir" "$p" >>"$dir/urls" 2>"$dir/missing" ||
		    echo "$p" >>"$LAB_CACHE/new/found"
	done
}

cache_mirror_fill() {
	local dir=$LAB_CACHE/new/apt-$1 new=$2 file
	cache_mirror_indexes "$dir" "$new"
	sort -u "$dir/urls" | cache_fetch >"$dir/files"
	while read -r file; do
		mkdir -p "$new/${file%/*}"
		ln -f "$LAB_CACHE/pool/$file" "$new/$file"
	done < <(sed "s,^$LAB_CACHE/pool/,," "$dir/files")
}

cache_make_mirror() {
	local new=$1 suite p
	shift
	: >"$LAB_CACHE/new/found"
	for suite in "${cache_mirror_suites[@]}"; do
		cache_mirror_resolve "$suite" "$@"
	done
	for p; do
		grep -qx -- "$p" "$LAB_CACHE/new/found" ||
		    die "--packages: Debian has no package '$p' that can be installed"
	done
	for suite in "${cache_mirror_suites[@]}"; do
		cache_mirror_fill "$suite" "$new"
	done
}

# Whether the signed indexes of mirror $1 are valid for another six hours.
cache_mirror_valid() {
	local until soon
	soon=$(($(date +%s) + 6 * 3600))
	while read -r until; do
		[ "$(date -d "$until" +%s)" -gt $soon ] || return 1
	done < <(sed -n 's/^Valid-Until: //p' "$1"/*/dists/*/InRelease)
}

cache_tree() {
	local suite
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	LAB_TREE=$LAB_CACHE/tree-$suite-$(cache_key "${cache_tree_packages[@]}" \
	    "$(declare -f cache_make_tree cache_finish_tree)")
	[ ! -d "$LAB_TREE" ] || return 0
	cache_say "making the host's root (once; about a minute)"
	cache_find_sites
	cache_make_tree "$suite" "$LAB_CACHE/new/tree"
	mv "$LAB_CACHE/new/tree" "$LAB_TREE"
}

cache_mirror() {
	local key stamp
	key=$(cache_key "${cache_mirror_packages[@]}" "${cache_mirror_suites[@]}" \
	    "$(declare -f cache_mirror_indexes cache_mirror_fill)" \
	    "$(printf '%s\n' "$@" | sort -u)")
	LAB_MIRROR=$LAB_CACHE/mirror-$key
	if [ -d "$LAB_MIRROR" ] && cache_mirror_valid "$LAB_MIRROR"; then
		LAB_MIRROR=$(readlink -f "$LAB_MIRROR")
		return 0
	fi
	cache_say "fetching packages for the mirror (once; 200 MB, kept a week)"
	cache_find_sites
	stamp=mirror-$key.$(date +%s)
	cache_make_mirror "$LAB_CACHE/new/mirror" "$@"
	mv "$LAB_CACHE/new/mirror" "$LAB_CACHE/$stamp"
	ln -sfn "$stamp" "$LAB_MIRROR"
	LAB_MIRROR=$LAB_CACHE/$stamp
}

cache_disk() {
	LAB_DISK=$LAB_CACHE/disk-$1
	[ ! -e "$LAB_DISK" ] || return 0
	cache_make_disk "$LAB_CACHE/new/disk" "$1"
	mv "$LAB_CACHE/new/disk" "$LAB_DISK"
}

# Drop what no call asked for in two weeks, unless another lab runs: each holds
# a shared lock on the file "use" by descriptor 6, for as long as it lives.
cache_prune() {
	exec 6>>"$LAB_CACHE/use"
	touch -h "$LAB_TREE" "$LAB_MIRROR" "$LAB_DISK"
	if flock -n 6; then
		find "$LAB_CACHE" -maxdepth 1 -mtime +14 \
		    \( -name 'tree-*' -o -name 'mirror-*' -o -name 'disk-*' \) \
		    -exec rm -rf --one-file-system {} +
		find "$LAB_CACHE" -maxdepth 1 -xtype l -name 'mirror-*' -delete
		find "$LAB_CACHE/pool" -type f -links 1 -delete
	fi
	flock -s 6
}

# Set LAB_TREE, LAB_MIRROR and LAB_DISK; make what is missing. $1 is the size
# of the pool's partition in bytes, the rest are packages for the mirror.
cache_prepare() {
	local bytes=$1 fd
	shift
	mkdir -p "$LAB_CACHE"/{log,mnt,pool,run}
	exec {fd}>"$LAB_CACHE/lock"
	flock "$fd"
	# With the lock held, what is here was left by one that was killed.
	rm -rf --one-file-system "$LAB_CACHE/new"
	mkdir "$LAB_CACHE/new"
	cache_tree
	cache_mirror "$@"
	cache_disk "$bytes"
	cache_prune
	rm -rf --one-file-system "$LAB_CACHE/new"
	exec {fd}>&-
}
