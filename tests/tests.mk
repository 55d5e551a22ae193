# How the tests are built and run. A new test needs no line here:
#	tests/unit/NAME.c	a program that prints TAP (tests/tap.h)
#	tests/sh/NAME.sh	a script that prints TAP (tests/lib.sh), as root
#	tests/lab/NAME.sh	the same, run inside tools/lab
#	tests/fuzz/NAME.c	a fuzz target; its corpus is replayed here

UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
REPLAY := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/replay/%,$(filter-out tests/fuzz/replay-main.c,$(FUZZ_SRC)))
# FUZZ_SAN= (empty) leaves the sanitizers out: four times as quick.
FUZZ_SAN ?= ,address,undefined -fno-sanitize-recover=undefined
FUZZ_DIR := $(BUILD)/fuzz$(if $(FUZZ_SAN),,-quick)
FUZZ := $(patsubst tests/fuzz/%.c,$(FUZZ_DIR)/%,$(filter-out tests/fuzz/replay-main.c,$(FUZZ_SRC)))

$(BUILD)/tests/unit/%: tests/unit/%.c tests/tap.h tests/said.h \
		$(wildcard tests/unit/*.h tests/fuzz/*.h) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

# The fuzz targets as plain programs that are given the corpus.
$(BUILD)/tests/replay/%: tests/fuzz/%.c tests/fuzz/replay-main.c tests/said.h \
		$(wildcard tests/fuzz/*.h) $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< tests/fuzz/replay-main.c $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

# libFuzzer needs clang, and the whole program instrumented. Targets that take
# their input for choices, not for text, learn nothing from the comparisons of
# the parser, and are twice as quick without.
$(FUZZ_DIR)/pf-optimize $(FUZZ_DIR)/pf-differ $(FUZZ_DIR)/pf-lint: \
	FUZZ_FLAGS := -fno-sanitize-coverage=trace-cmp
$(FUZZ_DIR)/%: tests/fuzz/%.c tests/said.h $(wildcard tests/fuzz/*.h) \
		$(foreach m,base conf pf,$(call sources,$m))
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(CPPFLAGS) -std=gnu17 -g -O2 -fsanitize=fuzzer$(FUZZ_SAN) \
		$(FUZZ_FLAGS) $< \
		$(foreach m,base conf pf,$(call sources,$m)) $(LDLIBS) -o $@

include tests/replay/replay.mk
include tests/conformance/conformance.mk
include tests/load/load.mk
include tests/crash/crash.mk
include tests/vm/vm.mk

.PHONY: fuzz fuzz-run tests check-built check
fuzz: $(FUZZ)

# TARGETS='pf pf-differ' (all), RUNS of each.
RUNS ?= 1000000
fuzz-run: $(FUZZ)
	@RUNS=$(RUNS) TARGETS='$(TARGETS)' tests/fuzz/run $(FUZZ_DIR)

tests: $(UNIT) $(REPLAY) $(JAILNET) $(NEWCONN) $(KILLAT) $(REPLAY_SIM)

check: deps
	+@$(MAKE) -s check-built

check-built: all tests
	tests/run $(TESTS)

# Branches of src/pf that the tests take (clang, llvm), by file and in all.
#	make coverage [SHOW=src/pf/FILE.c]
COVERAGE := BUILD=$(abspath build-coverage) CC=clang SAN= RELEASE= \
	CFLAGS='-O1 -DGAOL_FAULTS -fprofile-instr-generate -fcoverage-mapping' \
	LDFLAGS='-fprofile-instr-generate'
.PHONY: coverage
coverage:
	+@$(MAKE) -s $(COVERAGE) all tests
	@BUILD=$(abspath build-coverage) SHOW='$(SHOW)' tools/coverage
