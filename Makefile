# SPDX-License-Identifier: GPL-2.0
# Builds everything out of tree under build/.

KVER ?= $(notdir $(patsubst %/build,%,$(lastword $(shell \
	ls -d /lib/modules/*/build 2>/dev/null | sort -V))))
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=

build := $(CURDIR)/build
module := $(build)/module/$(KVER)

all: module userspace

# Kbuild puts objects beside the sources, so it gets a tree of links to them.
module:
	@test -n "$(KVER)" || { echo "no kernel headers found: apt-get install linux-headers-amd64" >&2; exit 1; }
	@mkdir -p $(module)
	@find $(module) -type l -delete
	@cp -rs $(CURDIR)/Kbuild $(CURDIR)/drivers $(CURDIR)/netlink $(CURDIR)/compat-include $(module)/
	$(MAKE) -C $(KDIR) M=$(module) $(KFLAGS) modules

userspace:
	$(MAKE) -C userspace O=$(build)/userspace

# What a guest and what dom0 need, for packages and for the lab's images.
install-guest: module userspace
	install -D -m 644 $(module)/cokeeper.ko $(DESTDIR)/lib/modules/$(KVER)/updates/cokeeper.ko
	$(MAKE) -C userspace O=$(build)/userspace DESTDIR=$(DESTDIR) install-guest

install-host: userspace
	$(MAKE) -C userspace O=$(build)/userspace DESTDIR=$(DESTDIR) install-host

# Debian packages, in build/packages. They are built in a copy of the tree.
packages:
	scripts/install-needs packages
	rm -rf $(build)/packages
	mkdir -p $(build)/packages/source
	tar -c --exclude-vcs --exclude=./build . | tar -x -C $(build)/packages/source
	cd $(build)/packages/source && \
		DEB_BUILD_OPTIONS="noautodbgsym $(DEB_BUILD_OPTIONS)" dpkg-buildpackage -us -uc

# What the README names.
demo:
	scripts/install-needs demo
	$(MAKE) -s all
	scripts/demo

bench-membership:
	scripts/install-needs bench
	$(MAKE) -s all
	scripts/bench-membership $(addprefix --store ,$(STORE))

check:
	scripts/check

# What takes longer: the tests in guests, on a kernel that looks for faults, on all kernels.
check-lockdep:
	scripts/check lab-debug

sim:
	scripts/install-needs check
	selftests/sim/run

check-all:
	scripts/check static packages unit sim lab greedy hostile lab-6.12 lab-7.2 lab-debug

# Ten minutes of each fuzzer; see selftests/fuzz/run.
fuzz:
	scripts/install-needs check
	selftests/fuzz/run 600

check-parity:
	scripts/install-needs check
	$(MAKE) -s all
	scripts/check-parity

check-transparency:
	scripts/install-needs check
	$(MAKE) -s all
	scripts/check-transparency

# An hour of random events and traffic; MINUTES=30 is the least that counts.
soak:
	scripts/install-needs check
	$(MAKE) -s all
	selftests/stress --minutes $(or $(MINUTES),60)

bench:
	scripts/install-needs bench
	$(MAKE) -s all
	scripts/bench

clean:
	rm -rf $(build)/module $(build)/userspace $(build)/packages

.PHONY: all module userspace install-guest install-host packages demo check check-lockdep check-parity \
	check-transparency check-all sim fuzz bench bench-membership soak clean
