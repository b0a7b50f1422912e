# Everything that people do with the source. `sh .ci/setup` installs what it needs.

PREFIX ?= /usr/local
SWIFT ?= swift

.PHONY: build test lint fmt run bench install clean tor-network interop sanitize sanitize-address sanitize-thread

build:
	$(SWIFT) build -c release --product termtalk --static-swift-stdlib

run: build
	.build/release/termtalk host --onion

test: lint interop
	$(SWIFT) build --build-tests
	timeout 900 $(SWIFT) test --skip-build --skip AcceptanceTests
	timeout 900 $(SWIFT) test --skip-build --filter AcceptanceTests

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift

fmt:
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift

bench:
	python3 Benchmarks/run.py

# The independent implementations of Noise and MLS that ours are tested against; the tests say so when one is missing.
interop:
	sh Tests/NoiseTests/Interop/install.sh
	sh Tests/MLSTests/Interop/install.sh

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
