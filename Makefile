# gaol: GNU make. `make help` lists the targets.
#
# Sources are found by folder: src/MOD/*.c becomes build/libMOD.a; a new file
# needs no line here. What a module or a program links is said once below.

# The one place of the version is the first line of debian/changelog.
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc
CC ?= gcc
MUSL_CC ?= musl-gcc
PKG_CONFIG ?= pkg-config
# Values: empty (development), release, or SAN=address,undefined.
RELEASE ?=
SAN ?=

BUILD ?= build$(if $(SAN),-san)$(if $(RELEASE),-release)
export BUILD := $(abspath $(BUILD))

MODULES := base conf store net nft pf jail host check
LIBS := libmnl libnetfilter_conntrack jansson blkid
LIBEXECDIR = $(PREFIX)/libexec/gaol
DATADIR = $(PREFIX)/share/gaol

CPPFLAGS += -D_GNU_SOURCE -Isrc -DGAOL_VERSION='"$(VERSION)"' \
	-DGAOL_LIBEXECDIR='"$(LIBEXECDIR)"' -DGAOL_DATADIR='"$(DATADIR)"' \
	$(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
CFLAGS_COMMON := -std=gnu17 -g -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wvla -fno-common -fPIE -pthread
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2
ifneq ($(SAN),)
CFLAGS ?= -O1 -fno-omit-frame-pointer -fsanitize=$(SAN) \
	-fno-sanitize-recover=all -Werror -DGAOL_FAULTS
else ifneq ($(RELEASE),)
CFLAGS ?= -O2 $(HARDEN)
else
CFLAGS ?= -O2 -Werror $(HARDEN) -DGAOL_FAULTS
endif
LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null) -lm

ALL_CFLAGS = $(CPPFLAGS) $(CFLAGS_COMMON) $(CFLAGS) -MMD -MP

sources = $(sort $(wildcard src/$1/*.c))
objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call sources,$1))
libs = $(patsubst %,$(BUILD)/lib%.a,$1)

# The order of static libraries is the order of the arrows: users first.
ALL_LIBS := $(call libs,check host jail store net nft pf conf base)
LIBEXEC := $(patsubst src/libexec/%.c,$(BUILD)/libexec/gaol-%,$(call sources,libexec))
PROGRAMS := $(if $(call sources,cli),$(BUILD)/gaol $(BUILD)/iocage) \
	$(if $(call sources,pfctl),$(BUILD)/pfctl) \
	$(if $(call sources,init),$(BUILD)/libexec/gaol-init) \
	$(if $(call sources,audit),$(BUILD)/libexec/gaol-audit) $(LIBEXEC)

# Quiet unless V=1.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-4s %s\n' $1 $(patsubst $(BUILD)/%,%,$2))

.PHONY: all
all: $(PROGRAMS) $(ALL_LIBS)

# Other flags (another PREFIX, say) make everything anew.
.PHONY: FORCE
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS))' >$@

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

define module_rule
$(BUILD)/lib$1.a: $$(call objects,$1)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(call say,AR,$$@)
	$$(Q)$$(AR) crs $$@ $$^
endef
$(foreach m,$(MODULES),$(eval $(call module_rule,$m)))

$(BUILD)/gaol: $(call objects,cli) $(ALL_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(call objects,cli) $(ALL_LIBS) $(LDLIBS) -o $@

$(BUILD)/iocage: $(BUILD)/gaol
	@ln -sf gaol $@

PFCTL_LIBS := $(call libs,host net nft pf conf base)
$(BUILD)/pfctl: $(call objects,pfctl) $(PFCTL_LIBS)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(call objects,pfctl) $(PFCTL_LIBS) $(LDLIBS) -o $@

$(BUILD)/libexec/gaol-%: $(BUILD)/obj/libexec/%.o $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(ALL_LIBS) $(LDLIBS) -o $@

# PID 1 of a jail: static, without the C library's start-up work. Not readable
# but for its owner: the kernel then keeps a jail's root away from its memory
# and descriptors (it is not even dumpable).
$(BUILD)/libexec/gaol-init: $(call sources,init) $(wildcard src/init/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(MUSL_CC) -std=gnu17 -Os -Wall -Wextra -Werror -D_GNU_SOURCE -Isrc \
		-static -ffunction-sections -fdata-sections -Wl,--gc-sections -s \
		$(call sources,init) -o $@
	$(Q)chmod 711 $@

# The escape probes, which run in any jail: static too. The kernel's headers
# are not musl's, and come after them.
MULTIARCH = $(shell $(CC) -print-multiarch 2>/dev/null)
$(BUILD)/libexec/gaol-audit: $(call sources,audit) $(wildcard src/audit/*.h) Makefile
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(MUSL_CC) -std=gnu17 -Os -Wall -Wextra -Werror -D_GNU_SOURCE -Isrc \
		-idirafter /usr/include $(addprefix -idirafter /usr/include/,$(MULTIARCH)) \
		-static -ffunction-sections -fdata-sections -Wl,--gc-sections -s \
		$(call sources,audit) -o $@

.PHONY: help
help:
	@echo 'make             build everything into build/'
	@echo 'make deps        install what building and testing need (root)'
	@echo 'make check       install that, build, run every test (root)'
	@echo 'make demo        the whole tutorial on a throw-away host (root)'
	@echo 'make lint        format, static analysis, headers, arrows'
	@echo 'make format      lay the sources out'
	@echo 'make install     DESTDIR= PREFIX= ; make uninstall'
	@echo 'make deb         build the Debian package into build/'
	@echo 'make bench       the figures of docs/performance.md'
	@echo 'make fuzz        build the fuzz targets (clang); fuzz-run runs them'
	@echo 'make conformance PAIRS=DIR, make replay-kernel VERDICTS=DIR [JAILS=1]'
	@echo 'SAN=address,undefined or RELEASE=1 before any of these: other builds'

.PHONY: deps
deps:
	@tools/deps install

include tests/tests.mk
include bench/bench.mk
include tools/install.mk
include tools/deb.mk
include tools/lint.mk

.PHONY: demo
demo: deps
	+@$(MAKE) -s all
	tools/demo

.PHONY: clean
clean:
	rm -rf build build-san build-release build-san-release

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
