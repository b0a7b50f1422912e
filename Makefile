# Everything that people do with the source. `sh .ci/setup` installs what it needs.

PREFIX ?= /usr/local
SWIFT ?= swift

.PHONY: apparmor picture file-faults day-away bench-quick dist reproducible explore redis-faults without-traits libcrypto attacks fuzz tor-flood faults simulate \
    random-rooms idle-hour build test lint fmt run bench install clean tor-network \
    interop sanitize sanitize-address sanitize-thread

# No library is looked for beside the program, all is bound before it begins and read-only then, and only code is
# executable. The linker that Swift chooses itself (gold) cannot do that. Two builds of the same source are the same.
LINKING := --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker -z -Xlinker now -Xlinker -z -Xlinker relro \
    -Xlinker -z -Xlinker separate-code -Xlinker --build-id=none

# Sources that are a release, and no clone, have the versions that they were released with.
PINNED := $(if $(wildcard .git),,--only-use-versions-from-resolved-file)

build:
	$(SWIFT) build -c release --product termtalk --static-swift-stdlib $(PINNED) $(LINKING)
	sh .ci/check-binary .build/release/termtalk

run: build
	.build/release/termtalk host --onion

# Many tests of the program at once, each with processes of its own, would wait for each other on a small machine.
test: lint interop
	$(SWIFT) build --build-tests
	timeout 1800 $(SWIFT) test --skip-build --skip AcceptanceTests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 timeout 1800 $(SWIFT) test --skip-build --filter AcceptanceTests

# The program without --lan and --map-port and their libraries.
without-traits:
	SWIFT=$(SWIFT) sh .ci/check-without-traits

# Long records and files by OpenSSL (libssl-dev): the same bytes as libsodium's, and the suites that go through it.
libcrypto:
	$(SWIFT) test --traits default,LibCrypto --scratch-path .build-libcrypto \
	    --filter '^(SodiumTests|NoiseTests|SecureSessionTests|FilesTests)\.'

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

fmt:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

# Faults that hit a room of real processes: OVER=tor make faults SEED=1 FAULTS=100 MESSAGES=10000 SECONDS=1500; OVER=relay; and
# OVER=shared PEOPLE=60 for three hosts at a Redis, and two faults at a time.
faults: OVER ?= direct
faults: SEED ?= 1
faults: FAULTS ?= 100
faults: MESSAGES ?= 10000
faults: SECONDS ?= 3600
faults: PEOPLE ?= 6
faults:
	TERMTALK_FAULT_OVER=$(OVER) TERMTALK_FAULT_PEOPLE=$(PEOPLE) TERMTALK_SEED=$(SEED) TERMTALK_FAULTS=$(FAULTS) TERMTALK_MESSAGES=$(MESSAGES) \
	    TERMTALK_FAULT_SECONDS=$(SECONDS) $(SWIFT) test --filter FaultTests

# Faults that hit the way of files between real processes: make file-faults SIZE=5G MORE=--sparse RECEIVERS=9 FAULTS=30 SEED=2, and
# OVER=tor in a private tor network.
file-faults: OVER ?= direct
file-faults: SIZE ?= 100M
file-faults: RECEIVERS ?= 1
file-faults: FAULTS ?= 30
file-faults: SEED ?= 1
file-faults:
	$(SWIFT) build -c release --product termtalk
	$(if $(filter tor,$(OVER)),$(SWIFT) run tor-network --exec) python3 Benchmarks/file_faults.py --over $(OVER) \
	    --bytes $(SIZE) --receivers $(RECEIVERS) --faults $(FAULTS) --seed $(SEED) $(MORE)

# Rooms in made-up time: make simulate RUNS=20000, or SEED=… for one of them, with all that happens. TRACES=FILE writes a hash of
# what happened in each, which a change of the code's form must not change.
simulate: RUNS ?= 10000
simulate:
	$(if $(SEED),TERMTALK_SEED=$(SEED)) $(if $(TRACES),SWIFT_DETERMINISTIC_HASHING=1 TERMTALK_TRACES=$(TRACES)) TERMTALK_RUNS=$(RUNS) $(SWIFT) test --filter RoomFaultSimulationTests

# A member that is away through 100,000 messages and some 500 Commits, with real groups; some minutes.
day-away: MESSAGES ?= 100000
day-away:
	TERMTALK_DAY_REAL=1 TERMTALK_DAY_MESSAGES=$(MESSAGES) timeout 1800 $(SWIFT) test --filter DayAwayTests

# The suites that docs/attacks.md names; the flood and the fuzzers are on their own.
ATTACKS = $(shell grep -oE '`[A-Z][A-Za-z0-9]*Tests' docs/attacks.md | tr -d '`' | sort -u | paste -sd '|')
attacks:
	$(SWIFT) build --build-tests
	timeout 1800 $(SWIFT) test --skip-build --filter '$(ATTACKS)'

# libFuzzer over every decoder: make fuzz, or make fuzz TARGET=invite SECONDS=60
fuzz: SECONDS ?= 900
fuzz: JOBS ?= 2
fuzz:
	python3 Tests/Fuzz/fuzz.py --seconds $(SECONDS) --jobs $(JOBS) $(TARGET)

# Thousands of rendezvous circuits of a stranger at a host's tor, in a private network: make tor-flood CIRCUITS=3000
tor-flood: CIRCUITS ?= 3000
tor-flood:
	$(SWIFT) build
	$(SWIFT) run tor-network --exec python3 Benchmarks/tor_flood.py --circuits $(CIRCUITS)

# All states of hosts that share a log, within a budget of faults: make explore BUDGET="inputs=1 restarts=1 crashes=1", or
# long times at random: make explore BUDGET="seeds=100000 inputs=8 drops=3 late=2 crashes=2 hangs=2 restarts=3 flushes=2"
explore: BUDGET ?= inputs=1 restarts=1
explore:
	$(SWIFT) run -c release shared-log-explorer $(BUDGET)

# Hosts at a real redis-server, two faults at a time: make redis-faults FAULTS=200 SEED=3
redis-faults: SEED ?= 1
redis-faults: FAULTS ?= 100
redis-faults:
	TERMTALK_SEED=$(SEED) TERMTALK_FAULTS=$(FAULTS) $(SWIFT) test --filter RedisFaultTests

# A room with real groups whose members come, go and talk at random: make random-rooms STEPS=10000 SEED=1
random-rooms: SEED ?= 1
random-rooms: STEPS ?= 10000
random-rooms:
	TERMTALK_SEED=$(SEED) TERMTALK_STEPS=$(STEPS) $(SWIFT) test --filter RandomRoomTests

# An hour of coming and going over TCP, then one in which nobody says anything, over tor, and a message.
idle-hour:
	python3 Benchmarks/churn.py --seconds 3600
	TERMTALK_IDLE_SECONDS=3600 timeout 4500 $(SWIFT) test --filter IdleTests

bench:
	python3 Benchmarks/run.py

# That the benchmarks run, not how fast anything is.
bench-quick:
	python3 Benchmarks/run.py --quick

# The independent implementations of Noise and MLS that ours are tested against; the tests say so when one is missing.
interop:
	sh Tests/NoiseTests/Interop/install.sh
	sh Tests/MLSTests/Interop/install.sh
	sh Tests/Acceptance/Tor/install.sh

# A private Tor network on loopback, for trying things by hand; prints the environment to use.
tor-network:
	$(SWIFT) run tor-network

# The picture of the README, with the program as it is now.
picture:
	$(SWIFT) build --product termtalk
	python3 docs/make-screen.py .build/debug/termtalk >.build/screen.svg
	mv .build/screen.svg docs/screen.svg

# The whole suite under each sanitizer, in its own build folder.
sanitize: sanitize-address sanitize-thread

# How much memory a host needs says nothing here, and a simulated room takes ten times as long.
sanitize-address: export ASAN_OPTIONS = detect_leaks=0:suppressions=$(CURDIR)/Tests/Sanitizers/address.supp
sanitize-address sanitize-thread: export TERMTALK_SANITIZED = 1
sanitize-address sanitize-thread: export TERMTALK_RUNS = 50

sanitize-address:
	$(SWIFT) test --sanitize=address --scratch-path .build-address --skip AcceptanceTests
	$(SWIFT) test --sanitize=address --scratch-path .build-address --skip-build --filter AcceptanceTests

sanitize-thread:
	$(SWIFT) test --sanitize=thread --scratch-path .build-thread --skip AcceptanceTests
	$(SWIFT) test --sanitize=thread --scratch-path .build-thread --skip-build --filter AcceptanceTests

# The manual page and the completions, made from the commands of the program itself.
SHARE := .build/share
# Debian's packages have another folder than what people install themselves.
ZSH_FOLDER ?= site-functions
GUIDES := README.md CHANGELOG.md docs/tor-guide.md docs/internet-guide.md docs/lan-guide.md docs/operations-guide.md docs/privacy.md \
    docs/troubleshooting.md docs/doctor.md docs/threat-model.md docs/json.md

share: build
	mkdir -p $(SHARE)
	.build/release/termtalk room-commands >$(SHARE)/room-commands
	.build/release/termtalk --experimental-dump-help | python3 docs/man/make-man.py \
	    "$$(.build/release/termtalk --version | cut -d' ' -f2)" docs/man/termtalk.1.in $(SHARE)/room-commands \
	    docs/json.md >$(SHARE)/termtalk.1
	for shell in bash zsh fish; do \
	    .build/release/termtalk --generate-completion-script $$shell >$(SHARE)/termtalk.$$shell || exit 1; done

# A relay as a service of a user.
UNIT := termtalk-relay@.service
# What is written in the files of packaging/ where the program lies.
PLACES = sed 's|@BINDIR@|$(PREFIX)/bin|g; s|@LIBEXECDIR@|$(PREFIX)/libexec|g'

install: share
	install -D -m 755 -s .build/release/termtalk "$(DESTDIR)$(PREFIX)/bin/termtalk"
	install -D -m 644 $(SHARE)/termtalk.1 "$(DESTDIR)$(PREFIX)/share/man/man1/termtalk.1"
	install -D -m 644 $(SHARE)/termtalk.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/termtalk"
	install -D -m 644 $(SHARE)/termtalk.zsh "$(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_FOLDER)/_termtalk"
	install -D -m 644 $(SHARE)/termtalk.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/termtalk.fish"
	$(PLACES) packaging/$(UNIT).in >$(SHARE)/$(UNIT)
	install -D -m 644 $(SHARE)/$(UNIT) "$(DESTDIR)$(PREFIX)/lib/systemd/user/$(UNIT)"
	for file in termtalk.desktop termtalk-open apparmor; do $(PLACES) packaging/$$file.in >$(SHARE)/$$file; done
	install -D -m 755 $(SHARE)/termtalk-open "$(DESTDIR)$(PREFIX)/libexec/termtalk-open"
	install -D -m 644 $(SHARE)/termtalk.desktop "$(DESTDIR)$(PREFIX)/share/applications/termtalk.desktop"
	install -D -m 644 packaging/termtalk.metainfo.xml "$(DESTDIR)$(PREFIX)/share/metainfo/termtalk.metainfo.xml"
	install -D -m 644 $(SHARE)/apparmor "$(DESTDIR)$(PREFIX)/share/apparmor/extra-profiles/usr.bin.termtalk"
	install -d "$(DESTDIR)$(PREFIX)/share/doc/termtalk/torrc.d"
	install -m 644 $(GUIDES) "$(DESTDIR)$(PREFIX)/share/doc/termtalk"
	install -m 644 torrc.d/*.conf torrc.d/*.yml "$(DESTDIR)$(PREFIX)/share/doc/termtalk/torrc.d"
	install -d "$(DESTDIR)$(PREFIX)/share/doc/termtalk/examples"
	install -m 755 docs/examples/* "$(DESTDIR)$(PREFIX)/share/doc/termtalk/examples"

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/termtalk" "$(DESTDIR)$(PREFIX)/share/man/man1/termtalk.1" \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/termtalk" \
	    "$(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_FOLDER)/_termtalk" \
	    "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/termtalk.fish" \
	    "$(DESTDIR)$(PREFIX)/lib/systemd/user/$(UNIT)" "$(DESTDIR)$(PREFIX)/libexec/termtalk-open" \
	    "$(DESTDIR)$(PREFIX)/share/applications/termtalk.desktop" \
	    "$(DESTDIR)$(PREFIX)/share/metainfo/termtalk.metainfo.xml" \
	    "$(DESTDIR)$(PREFIX)/share/apparmor/extra-profiles/usr.bin.termtalk"
	rm -rf "$(DESTDIR)$(PREFIX)/share/doc/termtalk"

# What a release is: the sources of this commit, with the versions of all that they need.
dist:
	sh .ci/make-dist

# The same package, byte by byte, from two folders.
reproducible:
	sh .ci/check-reproducible

# A package for this release of Debian or Ubuntu: .build/termtalk_VERSION_ARCHITECTURE.deb
deb: share
	sh .ci/check-packaging
	sh .ci/make-deb

# That package under its AppArmor profile, enforced, in a virtual machine with Debian's kernel.
apparmor: deb
	.ci/check-apparmor

clean:
	rm -rf .build .build-address .build-thread .bench-run
