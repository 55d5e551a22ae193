# make install DESTDIR= PREFIX= and make uninstall: what goes where, once.
# Nothing is started and no rule is changed.

SBINDIR = $(PREFIX)/sbin
MANDIR = $(PREFIX)/share/man
BASHCOMPDIR = $(PREFIX)/share/bash-completion/completions
UNITDIR = $(PREFIX)/lib/systemd/system
INSTALLED = $(SBINDIR)/gaol $(SBINDIR)/iocage $(SBINDIR)/pfctl $(LIBEXECDIR) \
	$(DATADIR) $(foreach m,$(wildcard man/*),$(MANDIR)/man$(patsubst .%,%,$(suffix $m))/$(notdir $m)) \
	$(foreach s,$(wildcard rc/init.d/*),$(SYSCONFDIR)/init.d/$(notdir $s)) \
	$(foreach u,$(wildcard rc/systemd/*),$(UNITDIR)/$(notdir $u)) \
	$(BASHCOMPDIR)/gaol $(BASHCOMPDIR)/iocage

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
	for m in $(wildcard man/*); do \
		install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; \
	done
	install -d $(DESTDIR)$(BASHCOMPDIR)
	$(BUILD)/gaol completion bash > $(DESTDIR)$(BASHCOMPDIR)/gaol
	ln -sf gaol $(DESTDIR)$(BASHCOMPDIR)/iocage

uninstall:
	rm -rf $(addprefix $(DESTDIR),$(INSTALLED))
