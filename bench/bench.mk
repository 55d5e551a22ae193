# Measuring: the programs, and `make bench` (root; see docs/performance.md).
$(BUILD)/bench/%: bench/%.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

BENCH := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
.PHONY: bench
bench: all $(BENCH) $(NEWCONN) $(JAILNET)
	bench/run $(CASES)
