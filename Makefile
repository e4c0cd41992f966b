# tidegate: make deps | all | demo | check | check-vm | fuzz | bench | lint | format | install | deb
# V=1 shows the commands.

VERSION := 0.1.0

# Measured best of Debian 12's for the packet programs: see docs/datapath.md, "Compilers".
CLANG ?= clang-16
CC := gcc
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
CLANG_FORMAT ?= clang-format
PREFIX ?= /usr/local
UNITS ?= $(PREFIX)/lib/systemd/system
LIBDIR ?= $(PREFIX)/lib
B := build

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(patsubst $(CURDIR)/%,%,$(2))
endif

# The one list of packages: to build, to test, to run the demo.
PACKAGES := gcc make pkg-config clang-16 bpftool libbpf-dev libelf-dev zlib1g-dev libyaml-dev libevent-dev \
	libhiredis-dev libjansson-dev libcap-ng-dev libsystemd-dev libmnl-dev libssl-dev libpcap-dev uthash-dev libncurses-dev libsmartcols-dev iproute2 util-linux procps curl jq python3-minimal python3-yaml \
	python3-jsonschema nginx-light wrk dnsperf dnsmasq-base bind9-dnsutils iputils-ping nftables clang-format ethtool iptables shellcheck universal-ctags mandoc libclang-rt-16-dev
# And what only the tests need, being large: a browser for the status page, a Prometheus for the metrics,
# what makes the Debian package and a system to install it on, and machines for other kernels.
CHECK_PACKAGES := tmux chromium chromium-driver prometheus debhelper lintian systemd-container redis-server
# Without these the tests in virtual machines are skipped.
VM_PACKAGES := qemu-system-x86 busybox-static cpio kmod xz-utils

WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla -Wformat=2 \
	-Wno-unused-parameter
LIBS := libbpf yaml-0.1 libevent libevent_openssl hiredis jansson libcap-ng libsystemd libmnl libssl libcrypto ncursesw
# And what only the command line needs.
CLI_LIBS := libpcap smartcols
CPPFLAGS = -Iinclude -Iuser -I$B -D_GNU_SOURCE -DTG_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(LIBS) $(CLI_LIBS) 2>/dev/null)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARNINGS)
LDLIBS = $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -DTG_FAULTS
ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf -idirafter /usr/include/$(MULTIARCH) \
	-Wall -Wextra -Werror -Wno-unused-parameter

MAINS := user/tidegated.c user/tidegate.c
CLI := $(wildcard user/cmd_*.c user/cli_*.c)
SHARED := $(filter-out $(MAINS) $(CLI),$(wildcard user/*.c))
SONAME := 1
LIBRARY := $(patsubst lib/%.c,$B/lib/%.o,$(wildcard lib/*.c))
SKELETON := $B/tidegate.skel.h
UNIT := $(patsubst tests/%.c,$B/asan/tests/%,$(wildcard tests/unit/test_*.c))
# Tests of the command line.
CLI_TESTS := $(patsubst %,$B/asan/tests/unit/test_%,arguments cli_columns)
BPF_TESTS := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/bpf/test_*.c))
FUZZERS := $(patsubst tests/%.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst %.c,$B/%,$(filter-out %.bpf.c,$(wildcard bench/*.c)))
SOURCES = $(wildcard bpf/*.[ch] examples/*/*.c include/*.h include/tidegate/*.h lib/*.[ch] user/*.[ch] tests/*.h tests/*/*.[ch] bench/*.[ch])

.DELETE_ON_ERROR:
.PRECIOUS: $B/%.bpf.o $B/bench/%.bpf.o
.PHONY: all deps demo check check-unit check-docs check-bpf check-netns check-shared check-vm fuzz bench bench-table bench-compare lint format install deb clean
all: $B/tidegated $B/tidegate $B/libtidegate.so $B/libtidegate.a

$B/%.bpf.o: bpf/%.bpf.c | $B/.made
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$B/%.skel.h: $B/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# Only the datapath may see the skeletons, so only its objects wait for them.
$B/user/program.o $B/asan/user/program.o: $(SKELETON)
$B/user/charger.o $B/asan/user/charger.o: $B/app.skel.h
$B/user/ticks.o $B/asan/user/ticks.o: $B/ticks.skel.h
$(BPF_TESTS): $(SKELETON) $B/app.skel.h

# The status page is built in.
$B/user/page.o $B/asan/user/page.o: $(wildcard user/page/*)

$B/user/%.o: user/%.c | $B/.made
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$B/asan/user/%.o: user/%.c | $B/.made
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$B/internal.a: $(SHARED:%.c=$B/%.o)
$B/asan/internal.a: $(SHARED:%.c=$B/asan/%.o) $(patsubst %.c,$B/asan/%.o,$(wildcard lib/*.c))
$B/asan/cli.a: $(CLI:%.c=$B/asan/%.o)
%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$B/tidegated: $B/user/tidegated.o $B/internal.a
$B/tidegate: $B/user/tidegate.o $(CLI:%.c=$B/%.o) $B/libtidegate.a $B/internal.a
$B/tidegate $(CLI_TESTS): LDLIBS += $(shell pkg-config --libs $(CLI_LIBS) 2>/dev/null)
$(CLI_TESTS): $B/asan/cli.a
$B/tidegated $B/tidegate:
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# The library for applications.
$B/lib/%.o: lib/%.c | $B/.made
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c $< -o $@

$B/asan/lib/%.o: lib/%.c | $B/.made
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

$B/asan/tests/library: tests/netns/library.c include/tidegate.h $B/asan/internal.a
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) $< $B/asan/internal.a $(LDLIBS) -lpthread -o $@

$B/libtidegate.a: $(LIBRARY)
$B/libtidegate.so.$(SONAME): $(LIBRARY) lib/libtidegate.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=lib/libtidegate.map -Wl,-z,defs \
		$(LIBRARY) $(shell pkg-config --libs libbpf 2>/dev/null) -lpthread -o $@
$B/libtidegate.so: $B/libtidegate.so.$(SONAME)
	$(Q)ln -sf $(<F) $@

# The daemon of the fault injection tests.
$B/asan/tidegated: $B/asan/user/tidegated.o $B/asan/internal.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) $^ $(LDLIBS) -o $@

%/test_capture: LDLIBS += $(shell pkg-config --libs libpcap 2>/dev/null)
$B/asan/tests/%: tests/%.c tests/test.h $B/asan/internal.a
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(SANITIZE) -MMD -MP $< $(filter %/cli.a,$^) $B/asan/internal.a $(LDLIBS) -lpthread -o $@

$B/tests/%: tests/%.c tests/test.h $B/internal.a
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP $< $B/internal.a $(LDLIBS) -o $@

$B/bench/library: $B/libtidegate.a
$B/bench/library: BENCH_LIBS := $B/libtidegate.a -lhiredis
$B/bench/%: bench/%.c tests/test.h $(SKELETON) $B/internal.a
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) -Itests -Wno-unused-function $(CFLAGS) $< $B/internal.a $(BENCH_LIBS) $(LDLIBS) -lpthread -o $@

$B/bench/%.bpf.o: bench/%.bpf.c | $B/.made
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$B/bench/%.skel.h: $B/bench/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(BENCHES): $B/bench/flood.skel.h $B/bench/table.skel.h

$B/tests/traffic $B/tests/load: $B/tests/%: tests/netns/%.c | $B/.made
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -D_GNU_SOURCE $< -lpthread -o $@

# What the fuzzed code needs; the rest of user/ would want the daemon.
FUZZ_SOURCES := $(filter-out user/config_diff.c user/config_save.c,$(wildcard user/config*.c)) $(patsubst %,user/%.c,yaml_tree text log diagnostics units prefix match describe describe_cluster describe_excess share share_peers share_sources share_frame store_reply store_answer store_members)
$B/fuzz/%: tests/fuzz/%.c $(FUZZ_SOURCES) | $B/.made
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(CPPFLAGS) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$< $(FUZZ_SOURCES) $(LDLIBS) -o $@

$B/.made:
	$(Q)mkdir -p $B/user $B/asan/user $B/asan/tests/unit $B/tests/bpf $B/fuzz $B/bench && touch $@

deps:
	$(Q)packaging/deps $(PACKAGES) $(CHECK_PACKAGES)
	$(Q)packaging/deps $(VM_PACKAGES) || echo "tests in virtual machines will be skipped, for want of $(VM_PACKAGES)"

demo:
	$(Q)packaging/deps $(PACKAGES)
	$(Q)$(MAKE) --no-print-directory all $B/tests/traffic
	$(Q)tests/demo/run

check: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)tests/run vm unit docs bpf fuzz netns

.PHONY: tests
NETNS_PROGRAMS := $B/tests/traffic $B/tests/load $B/asan/tidegated $B/asan/tests/library
tests: $(UNIT) $(BPF_TESTS) $(FUZZERS) $(NETNS_PROGRAMS)
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

install: all
	install -D -m 755 $B/tidegated $(DESTDIR)$(PREFIX)/sbin/tidegated
	install -D -m 755 $B/tidegate $(DESTDIR)$(PREFIX)/bin/tidegate
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 man/tidegated.8
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/tidegate.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/tidegate.yaml.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tidegate README.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tidegate/docs $(wildcard docs/*.md docs/*.png docs/*.svg)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tidegate/examples $(wildcard examples/*.yaml)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tidegate/examples/server-c examples/server-c/server.c examples/server-c/Makefile
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/tidegate/examples/server-python $(wildcard examples/server-python/*.py)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/tidegate schema/tidegate.schema.json packaging/tidegate.rules.yml packaging/grafana-dashboard.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include include/tidegate.h
	install -D -m 644 -t $(DESTDIR)$(LIBDIR) $B/libtidegate.a
	install -D -m 755 -t $(DESTDIR)$(LIBDIR) $B/libtidegate.so.$(SONAME)
	ln -sf libtidegate.so.$(SONAME) $(DESTDIR)$(LIBDIR)/libtidegate.so
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|;s|@LIBDIR@|$(LIBDIR)|;s|@VERSION@|$(VERSION)|' lib/tidegate.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/tidegate.pc
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man3 man/tidegate.3
	install -D -m 644 packaging/tidegate.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tidegate
	install -d $(DESTDIR)$(UNITS)
	sed 's|@PREFIX@|$(PREFIX)|' packaging/tidegated.service > $(DESTDIR)$(UNITS)/tidegated.service

deb: all
	$(Q)packaging/build-deb $(VERSION) $B

format:
	$(Q)$(CLANG_FORMAT) -i $(SOURCES)

clean:
	$(Q)rm -rf $B

-include $(wildcard $B/*.d $B/bench/*.d $B/user/*.d $B/lib/*.d $B/asan/lib/*.d $B/asan/user/*.d $B/asan/tests/*/*.d $B/tests/*/*.d)
