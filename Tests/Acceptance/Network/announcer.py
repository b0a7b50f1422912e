#!/usr/bin/python3
"""Announces what it is told on a network, by mDNS (RFC 6762), again and again: who does that can be anybody.

announcer.py OWN-ADDRESS FILE [take]: FILE has a JSON array of {"name", "host", "address", "port", "txt": [hex]}; "txt" may be left
out, and then only the service's name is told. Says "sent" when all has been told once. With "take" it answers for each name
of others that it hears of, too, and says "taken" at each new one.
"""
import json
import re
import socket
import struct
import sys
import threading
import time

TYPE, PTR, TXT, SRV, A, FLUSH = "_termtalk._tcp.local", 12, 16, 33, 1, 0x8001


def name(text):
    labels = text.split(".") if isinstance(text, str) else text
    return b"".join(bytes([len(label.encode())]) + label.encode() for label in labels) + b"\0"


def record(owner, kind, rrclass, data):
    return name(owner) + struct.pack(">HHIH", kind, rrclass, 120, len(data)) + data


def records(service):
    instance = [service["name"]] + TYPE.split(".")
    yield record(TYPE, PTR, 1, name(instance))
    if "txt" not in service:
        return
    strings = [bytes.fromhex(text) for text in service["txt"]]
    target = service["host"] + ".local"
    yield record(instance, SRV, FLUSH, struct.pack(">HHH", 0, 0, service["port"]) + name(target))
    yield record(instance, TXT, FLUSH, b"".join(bytes([len(text)]) + text for text in strings) or b"\0")
    yield record(target, A, FLUSH, socket.inet_aton(service["address"]))


def packets(services):
    answers = []
    for service in list(services):
        new = list(records(service))
        if answers and sum(map(len, answers + new)) > 1_400:
            yield answers
            answers = []
        answers += new
    if answers:
        yield answers


def take(services):
    """Looks for names of our type in what others say: a label of 48 characters before that of the type."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("224.0.0.251", 5353))
    group = socket.inet_aton("224.0.0.251") + socket.inet_aton(own)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    while True:
        packet, (sender, _) = listener.recvfrom(9_000)
        for text in re.findall(rb"\x30([0-9a-f]{48})", packet) if sender != own else []:
            if all(service["name"] != text.decode() for service in services):
                services.append({"name": text.decode(), "host": "taken", "address": own, "port": 9, "txt": ["763d31"]})
                print("taken", flush=True)


own, path, mode = sys.argv[1:]
services = json.load(open(path))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sender.bind((own, 5353))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
if mode == "take":
    threading.Thread(target=take, args=(services,), daemon=True).start()
while True:
    for answers in packets(services):
        header = struct.pack(">HHHHHH", 0, 0x8400, 0, len(answers), 0, 0)
        sender.sendto(header + b"".join(answers), ("224.0.0.251", 5353))
        time.sleep(0.001)
    print("sent", flush=True)
    time.sleep(0.05 if mode == "take" else 0.3)
