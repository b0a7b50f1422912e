#!/usr/bin/python3
"""Announces what it is told on a network, by mDNS (RFC 6762), again and again: who does that can be anybody.

announcer.py OWN-ADDRESS FILE: FILE has a JSON array of {"name", "host", "address", "port", "txt": [hex]}; "txt" may be left
out, and then only the service's name is told. Says "sent" when all has been told once.
"""
import json
import socket
import struct
import sys
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
    for service in services:
        new = list(records(service))
        if answers and sum(map(len, answers + new)) > 1_400:
            yield answers
            answers = []
        answers += new
    yield answers


own, path = sys.argv[1:]
services = json.load(open(path))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sender.bind((own, 5353))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
while True:
    for answers in packets(services):
        header = struct.pack(">HHHHHH", 0, 0x8400, 0, len(answers), 0, 0)
        sender.sendto(header + b"".join(answers), ("224.0.0.251", 5353))
        time.sleep(0.001)
    print("sent", flush=True)
    time.sleep(0.3)
