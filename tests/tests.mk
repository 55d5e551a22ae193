# How the tests are built and run. A new test needs no line here:
#	tests/unit/NAME.c	a program that prints TAP (tests/tap.h)
#	tests/sh/NAME.sh	a script that prints TAP (tests/lib.sh), as root
#	tests/lab/NAME.sh	the same, run inside tools/lab
#	tests/fuzz/NAME.c	a fuzz target; its corpus is replayed here

UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
REPLAY := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/replay/%,$(filter-out tests/fuzz/replay-main.c,$(FUZZ_SRC)))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(filter-out tests/fuzz/replay-main.c,$(FUZZ_SRC)))

$(BUILD)/tests/unit/%: tests/unit/%.c tests/tap.h $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

# The fuzz targets as plain programs that are given the corpus.
$(BUILD)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay-main.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< tests/fuzz/replay-main.c $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

# libFuzzer needs clang, and the whole program instrumented.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(foreach m,base conf pf,$(call sources,$m))
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(CPPFLAGS) -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined $< \
		$(foreach m,base conf pf,$(call sources,$m)) $(LDLIBS) -o $@

include tests/replay/replay.mk
include tests/conformance/conformance.mk
include tests/load/load.mk
include tests/crash/crash.mk

.PHONY: fuzz tests check-built check
fuzz: $(FUZZ)
tests: $(UNIT) $(REPLAY) $(JAILNET) $(NEWCONN) $(KILLAT) $(REPLAY_SIM)

check: deps
	+@$(MAKE) -s check-built

check-built: all tests
	tests/run $(TESTS)

# On machines with stock kernels, under emulation.
.PHONY: deps-vm check-vm
deps-vm:
	@tools/deps install vm

check-vm: deps-vm
	+@$(MAKE) -s all
	tests/vm/check-vm $(SUITES)
