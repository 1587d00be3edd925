# ckrun - `make deps` installs what is needed, `make` builds, `make check` tests, `make help` lists the rest.
#
# Sources are found by folder: a new .c file needs no line here.  Everything is built below
# $(BUILD); a second build with other flags is `make BUILD=build/asan SAN=-fsanitize=address,undefined`.
BUILD    ?= build
PREFIX   ?= /usr/local
ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O2 -g
SAN      ?=
VERSION  := 0.1.0

PKGS     := libcgroup yajl libprotobuf-c libnl-3.0 libnl-route-3.0 libseccomp libcap zlib
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wvla -Wformat=2 -Wimplicit-fallthrough -Werror \
	$(if $(findstring clang,$(CC)),-Wno-gnu-variable-sized-type-not-at-end)
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DCKRUN_VERSION='"$(VERSION)"' $(WARN) -MMD -MP -I. -I$(BUILD)/gen \
	$(PKG_CFLAGS) $(CFLAGS) $(SAN)
LDLIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

LIB_DIRS := runtime/base runtime/container runtime/criu runtime/image oci cgroup hooks netns bundles engine engine/kernel engine/image \
	engine/model engine/inject engine/fd engine/sock engine/mem engine/task engine/ns engine/mnt \
	engine/ipc engine/checkpoint engine/restore
LIB_SRC  := $(sort $(foreach d,$(LIB_DIRS),$(wildcard $(d)/*.c)))
CLI_SRC  := $(sort $(wildcard runtime/cli/*.c))
PROTO    := $(sort $(wildcard engine/image/schema/*.proto runtime/criu/schema/*.proto))
PB_C     := $(PROTO:%.proto=$(BUILD)/gen/%.pb-c.c)
PB_H     := $(PB_C:.c=.h)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(PB_C:%.c=%.o) $(BUILD)/engine/inject/blob.o
CLI_OBJ  := $(CLI_SRC:%.c=$(BUILD)/%.o)

UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test-*.c))
CARRY    := $(patsubst tests/carry/%.c,$(BUILD)/tests/carry/%,$(wildcard tests/carry/*.c))
FUZZ     := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
SCENES   := $(patsubst tests/demo/%.c,$(BUILD)/tests/demo/%,$(wildcard tests/demo/*.c))
BENCH    := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))

.PHONY: FORCE all deps install demo check lint bench bench-start fuzz clean help unit carry fuzzers tidy analyzer cflags
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BUILD)/ckrun

help:
	@sed -n 's/^#: //p' Makefile

#: make deps      install the Debian packages that building, testing and linting need
deps:
	tests/deps

#: make           build $(BUILD)/ckrun
$(BUILD)/ckrun: $(CLI_OBJ) $(BUILD)/libckrun.a
	$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libckrun.a: $(LIB_OBJ)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c | $(PB_H)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Which commit `ckrun --version` names: written only when it changes.
$(BUILD)/gen/runtime/cli/commit.h: FORCE
	@mkdir -p $(@D)
	@commit=$$(git describe --always --dirty 2>/dev/null || echo unknown); \
	line="#define CKRUN_COMMIT \"$$commit\""; \
	[ "$$(cat $@ 2>/dev/null)" = "$$line" ] || echo "$$line" >$@
$(BUILD)/runtime/cli/version.o: $(BUILD)/gen/runtime/cli/commit.h
FORCE:

$(BUILD)/gen/%.pb-c.o: $(BUILD)/gen/%.pb-c.c | $(PB_H)
	$(CC) $(ALL_CFLAGS) -w -c -o $@ $<

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h: %.proto
	@mkdir -p $(BUILD)/gen
	protoc-c -I. --c_out=$(BUILD)/gen $<

# --- code planted in tasks: freestanding, linked flat, checked, then carried whole
PIE_SRC   := $(sort $(wildcard engine/pie/*.c))
PIE_OBJ   := $(BUILD)/engine/pie/head.pie.o $(PIE_SRC:%.c=$(BUILD)/%.pie.o)
PIE_FLAGS := -std=gnu17 -O2 -Wall -Wextra -Werror -ffreestanding -fpie -fno-plt -fvisibility=hidden \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only \
	-MMD -MP -I.

$(BUILD)/engine/pie/%.pie.o: engine/pie/%.c
	@mkdir -p $(@D)
	$(CC) $(PIE_FLAGS) -c -o $@ $<
$(BUILD)/engine/pie/%.pie.o: engine/pie/%.S
	@mkdir -p $(@D)
	$(CC) $(PIE_FLAGS) -c -o $@ $<
$(BUILD)/engine/pie/blob.elf: engine/pie/blob.lds $(PIE_OBJ)
	$(LD) -pie --no-dynamic-linker --no-undefined -z norelro -z noexecstack --no-warn-rwx-segments \
		-T $< -o $@ $(PIE_OBJ)
$(BUILD)/engine/pie/blob.bin: $(BUILD)/engine/pie/blob.elf
	objcopy -O binary -j .blob $< $@
$(BUILD)/engine/inject/blob.o: engine/inject/blob.S $(BUILD)/engine/pie/blob.bin
	@mkdir -p $(@D)
	$(CC) -I$(BUILD) -c -o $@ $<

# --- tests
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libckrun.a
	$(CC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $^ $(LDLIBS)
# The command line is no part of the library.
$(BUILD)/tests/unit/test-options: $(BUILD)/runtime/cli/options.o
# Subjects are static: they run in a root file system that has nothing else.
$(BUILD)/tests/carry/%: $(BUILD)/tests/carry/%.o
	$(CC) $(CFLAGS) -static -pthread -o $@ $^ -lrt
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(CC) $(CFLAGS) -static -pthread -o $@ $^
$(BUILD)/tests/demo/%: $(BUILD)/tests/demo/%.o
	$(CC) $(CFLAGS) -static -o $@ $^
# tests/fuzz/run sets CC=clang, a BUILD of its own, SAN with fuzzer-no-link.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libckrun.a
	$(CC) $(CFLAGS) $(SAN) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

unit: $(UNIT)
carry: $(CARRY) $(SCENES) $(BENCH)
fuzzers: $(FUZZ)

# --- lint: a stamp per source, so that only what changed is looked at again (tests/lint/all)
ANALYZER := -include tests/lint/analyzer.h -Wno-shadow -Wno-unused-value
LINT     := $(filter-out %.pb-c.c engine/pie/%,$(shell git ls-files '*.c' 2>/dev/null))
$(BUILD)/lint/%.tidy: $(BUILD)/%.o .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet $*.c -- $(ALL_CFLAGS) \
		$(if $(filter %/err,$*),,$(ANALYZER)) 2>/dev/null
	@touch $@
$(BUILD)/lint/engine/pie/%.tidy: $(BUILD)/engine/pie/%.pie.o .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet engine/pie/$*.c -- $(PIE_FLAGS) 2>/dev/null
	@touch $@
# Left out: gcc 12 takes what the cleanup attribute frees for uninitialised, and for a leak on paths
# that end as unreachable; it does not tie a NULL to the count of 0 that comes with it, clang does.
$(BUILD)/lint/%.analyzer: %.c $(BUILD)/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(if $(filter %/err,$*),,$(ANALYZER)) -fanalyzer -Wno-analyzer-malloc-leak \
		-Wno-analyzer-null-dereference -Wno-analyzer-null-argument \
		-Wno-analyzer-use-of-uninitialized-value -MF /dev/null -c -o /dev/null $<
	@touch $@
cflags:
	@echo '$(ALL_CFLAGS)'
tidy: $(LINT:%.c=$(BUILD)/lint/%.tidy) $(PIE_SRC:%.c=$(BUILD)/lint/%.tidy)
analyzer: $(patsubst %.c,$(BUILD)/lint/%.analyzer,$(filter-out tests/%,$(LINT)))

#: make check     install what is needed, build and run every test (needs root; runs in tests/sandbox)
check: deps
	tests/check

#: make demo      install what is needed and run the main job: Redis carried into a fresh bundle
demo: deps
	$(MAKE) all $(SCENES)
	bundles/demo

#: make lint      layers, globals, sizes, format, clang-tidy, cppcheck, ShellCheck
lint: deps
	tests/lint/all

#: make bench     side by side with runc and crun (and CRIU=path): prints tables
#: make bench-start   of these the first: how long run of true takes
bench bench-start: deps
	$(MAKE) all $(BENCH)
	tests/bench/run $(patsubst bench-%,%,$(filter bench-%,$@))

#: make fuzz      every reader of bytes that we did not make, SECONDS=20 each
fuzz: deps
	tests/fuzz/run

#: make install   PREFIX=/usr/local DESTDIR=; also the name criu, for tools that look for it
install: all
	install -D -m 0755 $(BUILD)/ckrun $(DESTDIR)$(PREFIX)/sbin/ckrun
	ln -sf ckrun $(DESTDIR)$(PREFIX)/sbin/criu

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
