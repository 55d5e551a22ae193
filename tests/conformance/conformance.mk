# Recorded output of FreeBSD 12.1's pfctl, compared with ours.
#	make conformance [PAIRS=DIR]	DIR: pairs, or recorded rulesets
# A clone tests itself with what is in tests/; other corpora are given by DIR.
PAIRS ?=
PAIRS_HERE := tests/conformance/tutorial tests/conformance/pairs tests/replay/verdicts

CONFORMANCE_SHOW := $(BUILD)/tests/conformance/show

$(CONFORMANCE_SHOW): tests/conformance/show.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

tests: $(CONFORMANCE_SHOW)

.PHONY: conformance
conformance: all $(CONFORMANCE_SHOW)
	@python3 tests/conformance/run.py $(BUILD) $(or $(PAIRS),$(PAIRS_HERE))
