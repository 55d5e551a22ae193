# Programs of the load tests and of bench/.
NEWCONN := $(BUILD)/tests/newconn

$(NEWCONN): tests/load/newconn.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@
