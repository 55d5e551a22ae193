# Programs of the tests that kill verbs.
KILLAT := $(BUILD)/tests/killat

$(KILLAT): tests/crash/killat.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@
