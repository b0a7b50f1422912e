#!/usr/bin/python3
"""An old tor's answers, before a real one: what a version does not know it refuses, in the words that it had.

old_tor.py VERSION CONTROL-PORT: says the port it listens at on 127.0.0.1, then each command that it refused.
"""
import re
import socket
import socketserver
import sys
import threading

VERSION = tuple(int(number) for number in sys.argv[1].split("."))
TOR = ("127.0.0.1", int(sys.argv[2]))


def refusal(command):
    words = command.split(" ")
    since = lambda *version: VERSION < version
    if words[0] == "ADD_ONION":
        if since(0, 4, 9) and "PoWDefensesEnabled=1" in words:
            return '512 Bad arguments to ADD_ONION: Unrecognized keyword argument "PoWDefensesEnabled"'
        if since(0, 4, 6) and any("V3Auth" in word for word in words):
            return '512 Invalid "Flags" argument: V3Auth'
    if words[0] in ("ONION_CLIENT_AUTH_ADD", "ONION_CLIENT_AUTH_REMOVE") and since(0, 4, 3):
        return f'510 Unrecognized command "{words[0]}"'
    if command == "GETINFO dormant" and since(0, 4, 0):
        return '552 Unrecognized key "dormant"'
    if command == "SIGNAL ACTIVE" and since(0, 4, 0):
        return '552 Unrecognized signal code "ACTIVE"'
    return None


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        tor = socket.create_connection(TOR)
        answered = threading.Semaphore(0)

        def answers():
            for line in tor.makefile("rb"):
                if line.startswith(b"250-VERSION Tor="):
                    line = b'250-VERSION Tor="%s"\r\n' % sys.argv[1].encode()
                self.wfile.write(line)
                if re.match(rb"[2-5]\d\d ", line):
                    answered.release()
            self.request.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=answers, daemon=True).start()
        for line in self.rfile:
            text = refusal(line.decode().rstrip("\r\n"))
            if text is None:
                tor.sendall(line)
                answered.acquire()
            else:
                self.wfile.write(text.encode() + b"\r\n")
                print("refused", line.decode().split(" ")[0].strip(), flush=True)
        tor.close()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


with Server(("127.0.0.1", 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
