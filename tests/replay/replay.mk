# The recorded verdicts, played with real packets on this kernel (root).
#	make replay-kernel VERDICTS=DIR		.2, .3, .4 as aliases of the host
#	make replay-kernel VERDICTS=DIR JAILS=1	... in real jails' networks
VERDICTS ?= tests/replay/verdicts
JAILS ?=

.PHONY: replay-kernel
replay-kernel: all
	python3 tests/replay/replay.py --pfctl $(BUILD)/pfctl \
		$(if $(JAILS),--jails) $(sort $(wildcard $(VERDICTS)/*.json))
