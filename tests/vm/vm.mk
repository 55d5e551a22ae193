# Machines with stock kernels, under emulation: see README.md here.
#	make check-vm SUITES='trixie' STORIES='boot limits'
.PHONY: deps-vm check-vm check-vm-short
deps-vm:
	@tools/deps install vm

check-vm: deps-vm
	+@$(MAKE) -s all tests
	tests/vm/check-vm $(SUITES) $(patsubst %,--story %,$(STORIES))

# What there is time for before a change lands.
check-vm-short:
	+@$(MAKE) check-vm SUITES=trixie STORIES='tutorial limits boot'
