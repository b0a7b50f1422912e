#!/usr/bin/python3
"""The proxy of a network that lets nothing else out: SOCKS5 (RFC 1928, 1929) or CONNECT, with a name and a password or without.

upstream_proxy.py socks5|http [NAME:PASSWORD]: says the port it listens at on 127.0.0.1, then of each connection "connected", and
"HOST:PORT", "refused", or "gave up" and why. By SIGUSR1 it begins to be "deaf" to those who come, who get no answer, ever; and
by another one to be "there" again for who comes then.
"""
import base64
import os
import signal
import socket
import socketserver
import sys
import threading

KIND, USER = sys.argv[1], (sys.argv + [None])[2]
# Seconds for what each side has to do before data flows.
PATIENCE = 20
isDeaf = False


def exactly(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise ConnectionError
    return data


def say(text):
    # In one piece, whichever thread says it.
    os.write(1, (text + "\n").encode())


def socks_target(stream):
    methods = exactly(stream, exactly(stream, 2)[1])
    method = 0 if USER is None else 2
    stream.write(bytes([5, method if method in methods else 255]))
    if method not in methods:
        return None
    if USER is not None:
        name = exactly(stream, exactly(stream, 2)[1])
        password = exactly(stream, exactly(stream, 1)[0])
        is_right = name + b":" + password == USER.encode()
        stream.write(bytes([1, 0 if is_right else 1]))
        if not is_right:
            return None
    kind = exactly(stream, 4)[3]
    host = socket.inet_ntoa(exactly(stream, 4)) if kind == 1 else exactly(stream, exactly(stream, 1)[0]).decode()
    return host, int.from_bytes(exactly(stream, 2), "big"), bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])


def http_target(stream):
    host, port = stream.readline().decode().split(" ")[1].rsplit(":", 1)
    is_right = USER is None
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(": ")
        if name.lower() == "proxy-authorization" and USER is not None:
            is_right = value == "Basic " + base64.b64encode(USER.encode()).decode()
    if not is_right:
        stream.write(b"HTTP/1.0 407 Proxy Authentication Required\r\n\r\n")
        return None
    return host, int(port), b"HTTP/1.0 200 OK\r\n\r\n"


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


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        say("connected")
        if isDeaf:
            while self.request.recv(65_536):
                pass
            return
        self.request.settimeout(PATIENCE)
        stream = self.request.makefile("rwb", buffering=0)
        target = (socks_target if KIND == "socks5" else http_target)(stream)
        if target is None:
            return say("refused")
        host, port, answer = target
        onward = socket.create_connection((host, port), timeout=PATIENCE)
        say(f"{host}:{port}")
        stream.write(answer)
        for end in (onward, self.request):
            end.settimeout(None)
        threading.Thread(target=pump, args=(onward, self.request), daemon=True).start()
        pump(self.request, onward)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        say(f"gave up {sys.exc_info()[1]!r}")


def turn(*_):
    global isDeaf
    isDeaf = not isDeaf
    say("deaf" if isDeaf else "there")


signal.signal(signal.SIGUSR1, turn)
with Server(("127.0.0.1", 0), Handler) as server:
    say(str(server.server_address[1]))
    server.serve_forever()
