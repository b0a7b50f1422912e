"""The other side of a Noise connection: PyPI's noiseprotocol, driven by lines on standard input.

    start PATTERN initiator|responder PROLOGUE STATIC REMOTE_STATIC PSK
    write PAYLOAD       the next handshake message
    read MESSAGE        the payload of a handshake message
    encrypt TEXT        a transport message
    decrypt MESSAGE     the text of a transport message
    rekey-out, rekey-in
    hash                the handshake hash

All values are hexadecimal, `-` where there is none. Every line is answered by `ok VALUE` or `error KIND`.
"""
import sys

from noise.connection import Keypair, NoiseConnection


def start(pattern, role, prologue, static, remote_static, psk):
    connection = NoiseConnection.from_name(f"Noise_{pattern}_25519_ChaChaPoly_BLAKE2b".encode())
    if role == "initiator":
        connection.set_as_initiator()
    else:
        connection.set_as_responder()
    connection.set_prologue(value(prologue))
    if value(static):
        connection.set_keypair_from_private_bytes(Keypair.STATIC, value(static))
    if value(remote_static):
        connection.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, value(remote_static))
    if value(psk):
        connection.set_psks(psk=value(psk))
    connection.start_handshake()
    return connection


def value(text):
    return b"" if text == "-" else bytes.fromhex(text)


def main():
    connection = None
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            result = b""
            if command == "start":
                connection = start(*arguments)
            elif command == "write":
                result = connection.write_message(value(arguments[0]))
            elif command == "read":
                result = connection.read_message(value(arguments[0]))
            elif command == "encrypt":
                result = connection.encrypt(value(arguments[0]))
            elif command == "decrypt":
                result = connection.decrypt(value(arguments[0]))
            elif command == "rekey-out":
                connection.rekey_outbound_cipher()
            elif command == "rekey-in":
                connection.rekey_inbound_cipher()
            elif command == "hash":
                result = connection.get_handshake_hash()
            else:
                raise ValueError(command)
            print("ok", result.hex() or "-", flush=True)
        except Exception as error:  # the other side wants to know, and to go on
            print("error", type(error).__name__, flush=True)


main()
