# make deb: the Debian package, and what lintian has to say about it.

.PHONY: deb lint-deb
deb:
	@tools/deb

# Errors fail. What is overridden and why: debian/gaol.lintian-overrides.
lint-deb: deb
	lintian --allow-root --fail-on error $(BUILD)/gaol_*.changes
