# make lint: is everything laid out, analysed, and does the picture of the
# modules hold? make format lays the sources out.

C_FILES = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' 2>/dev/null)
HEADERS = $(filter %.h,$(C_FILES))
# gaol-init is freestanding in spirit (musl); it is analysed like the rest.
TIDY_FILES = $(filter src/%.c,$(C_FILES))
TIDY_STAMPS = $(patsubst %.c,$(BUILD)/lint/%.tidy,$(TIDY_FILES))

.PHONY: format lint lint-format lint-headers lint-arrows lint-tidy lint-shell
format:
	clang-format -i $(C_FILES)

lint: lint-format lint-headers lint-arrows lint-shell lint-tidy
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

lint-tidy: $(TIDY_STAMPS)

$(BUILD)/lint/%.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu17 2>$@.log || \
		{ cat $@.log; exit 1; }
	@touch $@
