# make install DESTDIR= PREFIX= and make uninstall: what goes where, once; the
# Debian package holds what this installs. Nothing is started and no rule is
# changed.

SBINDIR = $(PREFIX)/sbin
MANDIR = $(PREFIX)/share/man
DOCDIR = $(PREFIX)/share/doc/gaol
BASHCOMPDIR = $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
UNITDIR = $(PREFIX)/lib/systemd/system

man_dir = $(MANDIR)/man$(patsubst .%,%,$(suffix $1))
INSTALLED = $(SBINDIR)/gaol $(SBINDIR)/iocage $(SBINDIR)/pfctl $(LIBEXECDIR) \
	$(DATADIR) $(DOCDIR) \
	$(foreach m,$(wildcard man/*),$(call man_dir,$m)/$(notdir $m)) \
	$(MANDIR)/man8/iocage.8 \
	$(foreach s,$(wildcard rc/init.d/*),$(SYSCONFDIR)/init.d/$(notdir $s)) \
	$(foreach u,$(wildcard rc/systemd/*),$(UNITDIR)/$(notdir $u)) \
	$(PREFIX)/lib/modules-load.d/gaol.conf $(PREFIX)/lib/tmpfiles.d/gaol.conf \
	$(addprefix $(BASHCOMPDIR)/,gaol iocage pfctl) \
	$(addprefix $(ZSHCOMPDIR)/,_gaol _pfctl)

.PHONY: install uninstall
install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DATADIR)
	install -m 755 $(BUILD)/gaol $(BUILD)/pfctl $(DESTDIR)$(SBINDIR)/
	ln -sf gaol $(DESTDIR)$(SBINDIR)/iocage
	install -m 755 $(wildcard $(BUILD)/libexec/*) $(DESTDIR)$(LIBEXECDIR)/
	chmod 711 $(DESTDIR)$(LIBEXECDIR)/gaol-init
	cp -R rc/jail $(DESTDIR)$(DATADIR)/
	for s in $(wildcard rc/init.d/*); do \
		install -d $(DESTDIR)$(SYSCONFDIR)/init.d && \
		sed 's,@SBINDIR@,$(SBINDIR),g' $$s > $(DESTDIR)$(SYSCONFDIR)/init.d/$${s##*/} && \
		chmod 755 $(DESTDIR)$(SYSCONFDIR)/init.d/$${s##*/} || exit 1; \
	done
	for u in $(wildcard rc/systemd/*); do \
		install -d $(DESTDIR)$(UNITDIR) && \
		sed 's,@SBINDIR@,$(SBINDIR),g' $$u > $(DESTDIR)$(UNITDIR)/$${u##*/} || exit 1; \
	done
	for d in modules-load.d tmpfiles.d; do \
		install -D -m 644 rc/$$d/gaol.conf $(DESTDIR)$(PREFIX)/lib/$$d/gaol.conf || exit 1; \
	done
	for m in $(wildcard man/*); do \
		install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; \
	done
	ln -sf gaol.8 $(DESTDIR)$(MANDIR)/man8/iocage.8
	install -d $(DESTDIR)$(DOCDIR)/docs $(DESTDIR)$(DOCDIR)/examples
	install -m 644 README.md CHANGES.md $(DESTDIR)$(DOCDIR)/
	install -m 644 $(wildcard docs/*.md) $(DESTDIR)$(DOCDIR)/docs/
	install -m 644 $(wildcard examples/*) $(DESTDIR)$(DOCDIR)/examples/
	for c in gaol pfctl; do \
		install -D -m 644 completions/$$c.bash $(DESTDIR)$(BASHCOMPDIR)/$$c && \
		install -D -m 644 completions/$$c.zsh $(DESTDIR)$(ZSHCOMPDIR)/_$$c || exit 1; \
	done
	ln -sf gaol $(DESTDIR)$(BASHCOMPDIR)/iocage

uninstall:
	rm -rf $(addprefix $(DESTDIR),$(INSTALLED))
