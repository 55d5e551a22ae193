# Machines with stock kernels, under emulation: see README.md here.
#	make check-vm SUITES='trixie' STORIES='boot limits'
.PHONY: deps-vm check-vm check-vm-short
deps-vm:
	@tools/deps install vm

check-vm: deps-vm
	+@$(MAKE) -s all tests
	tests/vm/check-vm $(SUITES) $(patsubst %,--story %,$(STORIES))

# The quick ones.
check-vm-short:
	+@$(MAKE) check-vm SUITES=trixie STORIES='boot limits'
