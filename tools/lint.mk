# make lint: is everything laid out, analysed, and does the picture of the
# modules hold? make format lays the sources out.

C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' 2>/dev/null)
HEADERS = $(filter %.h,$(C_FILES))
# gaol-init is freestanding in spirit (musl); it is analysed like the rest.
TIDY_FILES = $(filter src/%.c,$(C_FILES))
TIDY_STAMPS = $(patsubst %.c,$(BUILD)/lint/%.tidy,$(TIDY_FILES))

.PHONY: format lint lint-format lint-headers lint-arrows lint-tidy lint-shell lint-man lint-version
format:
	clang-format -i $(C_FILES)

lint: lint-format lint-headers lint-arrows lint-shell lint-man lint-version lint-tidy
	@echo "lint: clean"

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)

# Every header compiles alone.
lint-headers:
	@for h in $(HEADERS); do \
		$(CC) $(CPPFLAGS) -Itests $(CFLAGS_COMMON) -Wno-unused -fsyntax-only \
			-x c -include $$h /dev/null || exit 1; \
	done

lint-arrows:
	@tools/check-arrows

lint-shell:
	@for f in $$(git grep -lE '^#!/bin/(ba)?sh' -- ':!tests/fuzz'); do \
		case $$(head -1 $$f) in *bash) sh=bash ;; *) sh=sh ;; esac; \
		$$sh -n $$f || exit 1; \
	done

# mdoc without a warning, and no page refers to one of ours that is not there.
lint-man:
	@mandoc -T lint -W warning man/*
	@sed -n 's/^\.Xr \(gaol[^ ]*\|rc\.conf\|pf\.conf\|pfctl\) \([58]\).*/\1.\2/p' man/* | sort -u | \
		while read -r page; do \
			[ -e "man/$$page" ] || { echo "man/$$page is referred to, and is not there"; exit 1; }; \
		done

# The version stands in debian/changelog, and users read of it in CHANGES.md.
lint-version:
	@[ "$$(sed -n 's/^## \([^ ]*\).*/\1/p' CHANGES.md | head -n 1)" = "$(VERSION)" ] || \
		{ echo "CHANGES.md does not begin with version $(VERSION) of debian/changelog"; exit 1; }

lint-tidy: $(TIDY_STAMPS)

$(BUILD)/lint/%.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu17 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@
