# SPDX-License-Identifier: Apache-2.0
# tapline: make demo and make test do everything; make help lists the rest.

BUILD ?= release
OUT := build/$(BUILD)
VERSION := 0.1.0

CFLAGS_release := -O3 -g
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifeq ($(BUILD),fuzz)
CC := clang-14
endif
ifeq ($(origin CC),default)
CC := gcc
endif

HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
ifneq ($(BUILD),release)
HARDEN := -fPIE
endif
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wwrite-strings -Wcast-qual -Wcast-align -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough
ifdef WERROR
WARN += -Werror
endif
ALL_CFLAGS := -std=gnu17 $(CFLAGS_$(BUILD)) $(HARDEN) $(WARN) -Isrc -D_GNU_SOURCE -DTAPLINE_VERSION='"$(VERSION)"' $(CFLAGS)
ALL_LDFLAGS := $(CFLAGS_$(BUILD)) -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS)
LIBS := -lpcap -lz -lzstd -llz4 -lcrypto -ljansson

SRC := $(sort $(wildcard src/*/*.c))
OBJ := $(SRC:%.c=$(OUT)/%.o)
ROOMS := $(filter-out $(OUT)/src/app/main.o,$(OBJ))
UNIT_HELPERS := $(patsubst %.c,$(OUT)/%.o,$(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))
UNITS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
C_FILES := $(wildcard src/*.h src/*/*.[ch] tests/*/*.[ch])
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

all: tapline ## build ./tapline (the default)

ifeq ($(BUILD),release)
tapline: $(OUT)/tapline
	cp -f $< $@
else # ./tapline is the release's: it says nothing of these
tapline: $(OUT)/tapline
.PHONY: tapline
endif

$(OUT)/tapline: $(OBJ)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

units: $(UNITS) ## build the unit tests
$(OUT)/unit/%: $(OUT)/tests/unit/%.o $(UNIT_HELPERS) $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

fuzzers: $(FUZZERS)
$(OUT)/fuzz/%: $(OUT)/tests/fuzz/%.o $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

deps: ## install what building takes
	@scripts/install-deps build

deps-check: ## install what all checks take
	@scripts/install-deps build test demo record check

demo: ## install what is missing, build, and show the main job
	@scripts/install-deps build demo
	@$(MAKE) -s tapline
	@scripts/demo

test: ## install what is missing, build, and run the tests (minutes)
	@scripts/install-deps build test
	@$(MAKE) -s -j2 tapline units
	@scripts/check test

nightly: deps-check ## everything, the long things too (an hour)
	@$(MAKE) -s -j2 tapline units
	@scripts/check nightly

bench: ## tapline beside its peers and the machine's limits
	@scripts/install-deps build
	@$(MAKE) -s tapline
	@scripts/bench

bench-plots: ## measure and draw docs/plots
	@scripts/install-deps build
	@scripts/bench --plots

bench-rooms: ## instructions and nanoseconds per packet, room by room
	@scripts/install-deps build check
	@$(MAKE) -s tapline
	@scripts/rooms

fuzz: ## each fuzz target for a while
	@$(MAKE) -s BUILD=fuzz fuzzers
	@scripts/check fuzz

# What is made from a list is committed; this makes it anew.
GENERATED := docs/fields.md
generated: $(GENERATED) ## make the generated documents anew
docs/fields.md: tapline scripts/fields-doc src/encode/fields.def
	scripts/fields-doc >$@
generated-check: tapline
	@scripts/fields-doc | diff -u docs/fields.md - || { echo "docs/fields.md is out of date: make -B generated"; exit 1; }

format: ## clang-format over all C files
	clang-format-14 -i $(C_FILES)
format-check:
	@clang-format-14 --dry-run -Werror $(C_FILES)
# It does not follow linker sections, out parameters that a failing call fills, and a declaration in a condition's shadow.
CPPCHECK_WRONG := --suppress=comparePointers --suppress=ctuuninitvar --suppress=uninitvar:src/filter/place.c \
	--suppress=uninitvar:src/decode/decode.c
cppcheck: ## static check
	@cppcheck -j2 --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,portability \
		--suppress=missingIncludeSystem $(CPPCHECK_WRONG) -Isrc -DTAPLINE_VERSION='"$(VERSION)"' -D__linux__ src

PREFIX ?= /usr/local
install: tapline ## install under PREFIX (DESTDIR is honoured)
	install -D -m 755 tapline $(DESTDIR)$(PREFIX)/bin/tapline
	install -D -m 644 docs/tapline.1 $(DESTDIR)$(PREFIX)/share/man/man1/tapline.1
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tapline $(DESTDIR)$(PREFIX)/share/man/man1/tapline.1

$(OUT)/nightly/%: $(OUT)/tests/nightly/%.o $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/bench/%: $(OUT)/tests/bench/%.o $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

clean: ## remove what was built
	rm -rf build tapline

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: all units fuzzers deps deps-check demo test nightly bench bench-plots bench-rooms fuzz generated generated-check format format-check cppcheck \
	install uninstall clean help
.SECONDARY: $(OBJ)
-include $(OBJ:.o=.d) $(wildcard $(OUT)/tests/*/*.d)
