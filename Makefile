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
LIBS := -lpcap

SRC := $(sort $(wildcard src/*/*.c))
OBJ := $(SRC:%.c=$(OUT)/%.o)
ROOMS := $(filter-out $(OUT)/src/app/main.o,$(OBJ))
UNITS := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

all: tapline ## build ./tapline (the default)

ifeq ($(BUILD),release)
tapline: $(OUT)/tapline
	cp -f $< $@
else
tapline: $(OUT)/tapline
endif

$(OUT)/tapline: $(OBJ)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

units: $(UNITS) ## build the unit tests
$(OUT)/unit/%: $(OUT)/tests/unit/%.o $(OUT)/tests/unit/guard.o $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

fuzzers: $(FUZZERS)
$(OUT)/fuzz/%: $(OUT)/tests/fuzz/%.o $(ROOMS)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

clean: ## remove what was built
	rm -rf build tapline

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: all units fuzzers clean help
.SECONDARY:
-include $(OBJ:.o=.d) $(wildcard $(OUT)/tests/*/*.d)
