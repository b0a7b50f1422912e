# Everything that people do with the source. `sh .ci/setup` installs what it needs.

PREFIX ?= /usr/local
SWIFT ?= swift
VENV := .build/interop-venv

.PHONY: faults simulate idle-hour build test lint fmt run bench install clean tor-network sanitize sanitize-address sanitize-thread

build:
	$(SWIFT) build -c release --product termtalk --static-swift-stdlib

run: build
	.build/release/termtalk host --onion

test: lint $(VENV)
	$(SWIFT) build --build-tests
	timeout 900 $(SWIFT) test --skip-build --skip AcceptanceTests
	timeout 900 $(SWIFT) test --skip-build --filter AcceptanceTests

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

fmt:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

# Faults that hit a room of real processes: OVER=tor make faults SEED=1 FAULTS=100 MESSAGES=10000 SECONDS=1500
faults: OVER ?= direct
faults: SEED ?= 1
faults: FAULTS ?= 100
faults: MESSAGES ?= 10000
faults: SECONDS ?= 3600
faults:
	TERMTALK_FAULT_OVER=$(OVER) TERMTALK_SEED=$(SEED) TERMTALK_FAULTS=$(FAULTS) TERMTALK_MESSAGES=$(MESSAGES) \
	    TERMTALK_FAULT_SECONDS=$(SECONDS) $(SWIFT) test --filter FaultTests

# Rooms in made-up time: make simulate RUNS=20000, or SEED=… for one of them, with all that happens.
simulate: RUNS ?= 10000
simulate:
	$(if $(SEED),TERMTALK_SEED=$(SEED)) TERMTALK_RUNS=$(RUNS) $(SWIFT) test --filter RoomFaultSimulationTests

# An hour in which nobody says anything, over tor, and then a message.
idle-hour:
	TERMTALK_IDLE_SECONDS=3600 timeout 4500 $(SWIFT) test --filter IdleTests

bench:
	python3 Benchmarks/run.py

# The independent Noise implementation that ours is tested against; the tests say so when it is missing.
$(VENV):
	sh Tests/NoiseTests/Interop/install.sh

# A private Tor network on loopback, for trying things by hand; prints the environment to use.
tor-network:
	$(SWIFT) run tor-network

# The whole suite under each sanitizer, in its own build folder.
sanitize: sanitize-address sanitize-thread

sanitize-address:
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-address

sanitize-thread:
	$(SWIFT) test --sanitize=thread --scratch-path .build-thread

install: build
	install -D -m 755 .build/release/termtalk "$(DESTDIR)$(PREFIX)/bin/termtalk"

clean:
	rm -rf .build .build-address .build-thread .bench-run
