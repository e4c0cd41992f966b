# tidegate: make deps | all | demo | check | check-long | check-clang | check-vm | soak | fuzz | bench | lint | format | install | deb
# B=DIRECTORY builds there; V=1 shows the commands; WERROR=1 makes warnings errors.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, PKG_CONFIG and CLANG come from the environment.

VERSION := 0.1.0

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= $(shell packaging/clang)
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
CLANG_FORMAT ?= clang-format
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
UNITS ?= $(PREFIX)/lib/systemd/system
SYSUSERS ?= $(PREFIX)/lib/sysusers.d
TMPFILES ?= $(PREFIX)/lib/tmpfiles.d
# Where the service may have options for the daemon.
DEFAULTS ?= /etc/default/tidegate
LIBDIR ?= $(PREFIX)/lib
CFLAGS ?= -O2 -g
B := build
# The tests may be run from anywhere.
export TG_BUILD := $(abspath $B)

Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-8s %s\n' $(1) $@ &&) mkdir -p $(@D)

DAEMON_LIBS := libbpf yaml-0.1 libevent libevent_openssl hiredis jansson libcap-ng libsystemd libmnl libssl libcrypto
ALL_LIBS := $(DAEMON_LIBS) ncursesw smartcols libpcap
libs = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null) -lm

WARNINGS := $(if $(filter 1,$(WERROR)),-Werror) -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
	-Wvla -Wformat=2 -Wno-unused-parameter
OUR_CPPFLAGS := -Iinclude -Iuser -I. -Itests -I$B -I$B/bpf -D_GNU_SOURCE -DTG_VERSION='"$(VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(ALL_LIBS) 2>/dev/null)
compile = $(OUR_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) -std=gnu11 $(WARNINGS)
# What a daemon that parses foreign bytes as root should have, also where nobody sets any flags; checked by tests/docs/test_hardening.py.
CONTROL_FLOW := $(shell echo | $(CC) -fcf-protection -x c -c - -o /dev/null 2>/dev/null && echo -fcf-protection)
HARDENING ?= $(if $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
	-fstack-protector-strong -fstack-clash-protection $(CONTROL_FLOW)
HARDENED_LINK := -Wl,-z,relro,-z,now
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -DTG_FAULTS
ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
# The object is in the programs, so that nothing in it may tell the folder where it was built.
BPF_CFLAGS := -O2 -g -ffile-prefix-map=$(CURDIR)=. -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf -idirafter /usr/include/$(MULTIARCH) \
	$(filter-out -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla -Wformat=2,$(WARNINGS))

# Folders, not files: docs/architecture.md says what belongs into which.
FOLDERS := base config explain policy redis attach kernel datapath cluster replay daemon control http
SHARED := $(wildcard $(FOLDERS:%=user/%/*.c))
CLI := $(filter-out user/cli/tidegate.c,$(wildcard user/cli/*.c))
LIBRARY := $(patsubst %.c,$B/%.o,$(wildcard lib/*.c))
SONAME := 1
SKELETONS := $(patsubst %.bpf.c,$B/%.skel.h,$(wildcard bpf/*.bpf.c))
BENCH_SKELETONS := $(patsubst %.bpf.c,$B/%.skel.h,$(wildcard bench/*.bpf.c))
UNIT := $(patsubst %.c,$B/asan/%,$(wildcard tests/unit/*/test_*.c))
BPF_TESTS := $(patsubst %.c,$B/%,$(wildcard tests/bpf/test_*.c))
FUZZERS := $(patsubst tests/%.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZED := $(wildcard $(patsubst %,user/%/*.c,base config explain redis cluster))
BENCHES := $(patsubst %.c,$B/%,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
NETNS_PROGRAMS := $B/tests/netns/traffic $B/tests/netns/load $B/asan/tidegated $B/next/tidegated $B/asan/tests/netns/library

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo check tests check-unit check-docs check-bpf check-netns check-shared check-vm check-clang fuzz soak check-long check-debian12 check-debian13 \
	bench bench-table bench-compare lint format install deb clean
all: $B/tidegated $B/tidegate $B/libtidegate.so $B/libtidegate.a

$B/%.bpf.o: %.bpf.c
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
%.skel.h: %.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $(*F)_bpf > $@

# Whatever wants a skeleton waits for it; whatever embeds the status page, for its files.
$(patsubst user/%.c,$B/user/%.o,$(wildcard user/kernel/*.c)) $(patsubst user/%.c,$B/asan/user/%.o,$(wildcard user/kernel/*.c)) $(BPF_TESTS) $(BENCHES): $(SKELETONS)
$(BENCHES): $(BENCH_SKELETONS)
$B/user/http/page.o $B/asan/user/http/page.o: $(wildcard user/http/page/*)

$B/%.o: private PIC := -fPIE
$B/lib/%.o: private PIC := -fPIC
$B/%.o: %.c
	$(call say,CC)
	$(Q)$(CC) $(HARDENING) $(compile) $(PIC) -MMD -MP -c $< -o $@
$B/asan/%.o: %.c
	$(call say,CC)
	$(Q)$(CC) $(compile) $(SANITIZE) -MMD -MP -c $< -o $@
$B/fuzz/%.o: %.c
	$(call say,CC)
	$(Q)$(CLANG) $(OUR_CPPFLAGS) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -MMD -MP -c $< -o $@

$B/internal.a: $(SHARED:%.c=$B/%.o)
$B/asan/internal.a: $(SHARED:%.c=$B/asan/%.o) $(CLI:%.c=$B/asan/%.o) $(patsubst %.c,$B/asan/%.o,$(wildcard lib/*.c))
$B/fuzz/internal.a: $(FUZZED:%.c=$B/fuzz/%.o)
$B/libtidegate.a: $(LIBRARY)
%.a:
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$B/tidegated: $B/user/tidegated.o $B/internal.a
$B/tidegate: $B/user/cli/tidegate.o $(CLI:%.c=$B/%.o) $B/libtidegate.a $B/internal.a
$B/tidegated: LDLIBS = $(call libs,$(DAEMON_LIBS))
$B/tidegate: LDLIBS = $(call libs,$(ALL_LIBS))
$B/tidegated $B/tidegate:
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) -pie $(HARDENED_LINK) $(LDFLAGS) $^ $(LDLIBS) -o $@
$B/libtidegate.so.$(SONAME): $(LIBRARY) lib/libtidegate.map
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(HARDENED_LINK) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=lib/libtidegate.map -Wl,-z,defs \
		$(LIBRARY) $(call libs,libbpf) -lpthread -o $@
$B/libtidegate.so: $B/libtidegate.so.$(SONAME)
	$(Q)ln -sf $(<F) $@

# The daemon of the fault injection tests.
$B/asan/tidegated: $B/asan/user/tidegated.o $B/asan/internal.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) $^ $(call libs,$(ALL_LIBS)) -o $@

# The same of the next ABI version, for the tests of upgrades: what depends on the version is compiled again, and is linked before
# the archive that has it of this version.
NEXT_ABI := $(shell sed -n 's/^.define TG_ABI_VERSION //p' include/tidegate/abi.h | awk '{print $$1 + 1}')
NEXT := $(patsubst %.c,$B/next/%.o,$(shell grep -l TG_ABI_VERSION $(SHARED)) user/kernel/app_program.c)
$B/next/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DTG_ABI_VERSION=$(NEXT_ABI) -MMD -MP -c $< -o $@
$B/next/%.o: %.c $B/next/bpf/app.skel.h
	$(call say,CC)
	$(Q)$(CC) -I$B/next/bpf $(compile) $(SANITIZE) -DTG_ABI_VERSION=$(NEXT_ABI) -MMD -MP -c $< -o $@
$B/next/tidegated: $B/asan/user/tidegated.o $(NEXT) $B/asan/internal.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) $^ $(call libs,$(ALL_LIBS)) -o $@

$B/asan/tests/%: tests/%.c $B/asan/internal.a
	$(call say,CC)
	$(Q)$(CC) $(compile) $(SANITIZE) -MMD -MP $< $B/asan/internal.a $(call libs,$(ALL_LIBS)) -lpthread -o $@
$B/tests/%: tests/%.c $B/internal.a
	$(call say,CC)
	$(Q)$(CC) $(compile) -MMD -MP $< $B/internal.a $(call libs,$(ALL_LIBS)) -o $@
$B/bench/library: BENCH_LIBS := $B/libtidegate.a -lhiredis
$B/bench/library: $B/libtidegate.a
$B/bench/%: bench/%.c $B/internal.a
	$(call say,CC)
	$(Q)$(CC) $(compile) -Wno-unused-function -MMD -MP $< $B/internal.a $(BENCH_LIBS) $(call libs,$(ALL_LIBS)) -lpthread -o $@
$B/fuzz/%: tests/fuzz/%.c $B/fuzz/internal.a
	$(call say,FUZZ)
	$(Q)$(CLANG) $(OUR_CPPFLAGS) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -MMD -MP $< $B/fuzz/internal.a \
		$(call libs,$(ALL_LIBS)) -o $@

deps:
	$(Q)packaging/deps build package check
	$(Q)packaging/deps vm || echo "tests in virtual machines will be skipped"
demo:
	$(Q)packaging/deps build
	$(Q)$(MAKE) --no-print-directory all $B/tests/netns/traffic
	$(Q)tests/demo/run
check: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tests/run vm unit docs bpf fuzz netns
tests: $(UNIT) $(BPF_TESTS) $(FUZZERS) $(NETNS_PROGRAMS) $(BENCHES)
check-unit: $(UNIT)
	$(Q)tests/run unit
check-docs: $B/tidegate
	$(Q)tests/run docs
check-bpf: $(BPF_TESTS)
	$(Q)tests/run bpf
check-netns: all $(NETNS_PROGRAMS)
	$(Q)tests/run netns
# Shared limits at length, and all that can go wrong between three nodes: tests/shared.
check-shared: all $(NETNS_PROGRAMS)
	$(Q)TEST_SECONDS=$${TEST_SECONDS:-900} tests/run shared
# All that can happen to a daemon, at random and for MINUTES: tests/soak. SOAK_SEED=N has the same again.
MINUTES ?= 10
soak: all $(NETNS_PROGRAMS)
	$(Q)tests/soak/run $(MINUTES)
# The packet programs by each of these compilers, on this kernel and on Debian 12's.
CLANGS ?= 14 15 16 19 22
check-clang:
	$(Q)packaging/deps build vm all-clangs
	$(Q)CLANGS="$(CLANGS)" VM_KERNELS="$${VM_KERNELS-6.1}" CLANG_SECONDS=$${CLANG_SECONDS-5400} tests/run clang
# What make check has no time for.
check-long: all $(NETNS_PROGRAMS)
	$(Q)packaging/deps build check clangs
	$(Q)SOAK_MINUTES=$${SOAK_MINUTES:-2} tests/run upgrade clang soak
# From nothing, in a Debian made for it.
check-debian12 check-debian13:
	$(Q)tests/run system/debian-$(@:check-debian%=%)
fuzz: $(FUZZERS)
	$(Q)FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/run fuzz
# On Debian's kernels, in emulated machines; see CONTRIBUTING.md for how to have less.
check-vm: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)VM_KERNELS="$${VM_KERNELS-6.1 6.12}" VM_TESTS="$${VM_TESTS-bpf guest netns}" VM_SECONDS=$${VM_SECONDS-7200} tests/run vm

# CASES="a b": only these; BENCH=short: fewer rounds. Only ratios within one run say anything.
CASES ?= a b c d e f g
bench: deps
	$(Q)$(MAKE) --no-print-directory all $(BENCHES)
	$(Q)CLANG=$(CLANG) bench/run $(CASES)
bench-table: $B/bench/table
	$(Q)$B/bench/table
# OLD=FILE: a build/bench.json saved before.
bench-compare:
	$(Q)bench/compare.py $(OLD)

lint:
	$(Q)CLANG_FORMAT=$(CLANG_FORMAT) tests/lint
format:
	$(Q)$(CLANG_FORMAT) -i $(shell find bpf include lib user tests bench examples -name '*.[ch]')

SHARE := $(DESTDIR)$(PREFIX)/share
put = install -D -m $(1) -t $(2)
install: all
	$(call put,755,$(DESTDIR)$(PREFIX)/sbin) $B/tidegated
	$(call put,755,$(DESTDIR)$(PREFIX)/bin) $B/tidegate
	$(call put,755,$(DESTDIR)$(LIBDIR)) $B/libtidegate.so.$(SONAME)
	ln -sf libtidegate.so.$(SONAME) $(DESTDIR)$(LIBDIR)/libtidegate.so
	$(call put,644,$(DESTDIR)$(LIBDIR)) $B/libtidegate.a
	$(call put,644,$(DESTDIR)$(PREFIX)/include) include/tidegate.h
	$(foreach section,1 3 5 8,$(call put,644,$(SHARE)/man/man$(section)) $(wildcard man/*.$(section));)
	$(call put,644,$(SHARE)/doc/tidegate) README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md
	$(call put,644,$(SHARE)/doc/tidegate/LICENSES) $(wildcard LICENSES/*)
	$(call put,644,$(SHARE)/doc/tidegate/man) $(wildcard man/*.[1-8])
	$(call put,644,$(SHARE)/doc/tidegate/schema) schema/tidegate.schema.json
	$(call put,644,$(SHARE)/doc/tidegate/docs) $(wildcard docs/*.md docs/*.png docs/*.svg)
	$(call put,644,$(SHARE)/doc/tidegate/examples) $(wildcard examples/*.yaml)
	$(call put,644,$(SHARE)/doc/tidegate/examples/server-c) examples/server-c/server.c examples/server-c/Makefile
	$(call put,644,$(SHARE)/doc/tidegate/examples/server-python) $(wildcard examples/server-python/*.py)
	$(call put,644,$(SHARE)/tidegate) schema/tidegate.schema.json packaging/tidegate.rules.yml packaging/grafana-dashboard.json
	install -D -m 644 packaging/tidegate.bash $(SHARE)/bash-completion/completions/tidegate
	install -D -m 644 packaging/tidegate.tmpfiles $(DESTDIR)$(TMPFILES)/tidegate.conf
	install -D -m 644 packaging/tidegate.sysusers $(DESTDIR)$(SYSUSERS)/tidegate.conf
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(UNITS)
	sed 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@VERSION@|$(VERSION)|' lib/tidegate.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/tidegate.pc
	sed 's|@PREFIX@|$(PREFIX)|;s|@DEFAULTS@|$(DEFAULTS)|' packaging/tidegated.service > $(DESTDIR)$(UNITS)/tidegated.service
	$(if $(DESTDIR),,packaging/installed $(SYSUSERS)/tidegate.conf $(TMPFILES)/tidegate.conf)
# From the sources alone, with the flags of Debian.
deb:
	$(Q)packaging/deps build package
	$(Q)packaging/build-deb $(VERSION) $B

clean:
	$(Q)rm -rf $B

-include $(shell find $B -name '*.d' 2>/dev/null)
