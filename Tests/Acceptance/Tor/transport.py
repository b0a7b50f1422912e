#!/usr/bin/python3
"""Stands in for the program of a transport (pt-spec of tor): carries bytes as they are to the relay that the file "relay" beside
it names, wherever the bridge is said to be. What it was asked for stands in the file "log"."""
import os
import socket
import sys
import threading

folder = os.path.dirname(os.path.realpath(__file__))
relay_host, _, relay_port = open(os.path.join(folder, "relay")).read().strip().rpartition(":")
log = open(os.path.join(folder, "log"), "a", buffering=1)


def pump(source, sink):
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(peer):
    stream = peer.makefile("rb", buffering=0)
    methods = stream.read(stream.read(2)[1])
    words = b""
    if 2 in methods:
        peer.sendall(b"\x05\x02")
        words = stream.read(stream.read(2)[1])
        words += stream.read(stream.read(1)[0]).rstrip(b"\0")
        peer.sendall(b"\x01\0")
    else:
        peer.sendall(b"\x05\0")
    kind = stream.read(4)[3]
    length = {1: 4, 4: 16}.get(kind) or stream.read(1)[0]
    address = stream.read(length)
    port = int.from_bytes(stream.read(2), "big")
    place = socket.inet_ntoa(address) if kind == 1 else address.hex()
    log.write(f"{place}:{port} {words.decode()}\n")
    relay = socket.create_connection((relay_host, int(relay_port)))
    peer.sendall(b"\x05\0\0\x01\0\0\0\0\0\0")
    threading.Thread(target=pump, args=(relay, peer), daemon=True).start()
    pump(peer, relay)


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
names = os.environ["TOR_PT_CLIENT_TRANSPORTS"]
log.write(f"started for {names}\n")
threading.Thread(target=accept, daemon=True).start()
print("VERSION 1")
for name in names.split(","):
    print(f"CMETHOD {name} socks5 127.0.0.1:{listener.getsockname()[1]}")
print("CMETHODS DONE", flush=True)
# tor closes it when it ends.
sys.stdin.read()
