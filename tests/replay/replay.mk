# The recorded verdicts, played with real packets on this kernel (root).
#	make replay-kernel VERDICTS=DIR		.2, .3, .4 as aliases of the host
#	make replay-kernel VERDICTS=DIR JAILS=1	... in real jails' networks
VERDICTS ?= tests/replay/verdicts
JAILS ?=

JAILNET := $(BUILD)/tests/jailnet

$(JAILNET): tests/replay/jailnet.c $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

.PHONY: replay-kernel
replay-kernel: all $(JAILNET)
	python3 tests/replay/replay.py --pfctl $(BUILD)/pfctl \
		--jailnet $(JAILNET) $(if $(JAILS),--jails) \
		$(sort $(wildcard $(VERDICTS)/*.json))

# The same through the simulator, every field that can be compared.
REPLAY_SIM := $(BUILD)/tests/replay-sim

$(REPLAY_SIM): tests/replay/sim.c tests/replay/sim-check.c \
		tests/replay/sim-record.c tests/replay/sim-replay.h $(ALL_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(filter %.c,$^) $(LDFLAGS) $(ALL_LIBS) $(LDLIBS) -o $@

.PHONY: replay
replay: $(REPLAY_SIM)
	@$(REPLAY_SIM) $(sort $(wildcard $(VERDICTS)/*.json))

# Random rulesets, by what the simulator says.
SEED ?= 1
COUNT ?= 100

.PHONY: replay-random
replay-random: all $(JAILNET) $(REPLAY_SIM)
	tests/replay/replay-random $(BUILD) $(SEED) $(COUNT) \
		$(if $(JAILS),--jails)
