"""11: the worked example of docs/protocol.md, compared with what this code makes of its keys."""
from client import JOIN
from mls import KeyPackage
from mls_suite import public_key, signature_public
from room_group import member_id
from session import XKPSK0, Channel, Invite, Link
from wire import ProtocolError, u32, vector


def check_example(document):
    """Compares the example in the document with what this code makes of its keys. Returns how many values agree."""
    block = document.split("<!-- ProtocolExampleTests -->")[1].split("```")[1]
    values, name = {}, None
    for line in block.strip("\n").split("\n"):
        if line.startswith("  "):
            values[name] += bytes.fromhex(line.strip())
        else:
            name = line
            values[name] = b""
    invite = Invite(next(line.strip() for line in document.split("\n") if line.strip().startswith("termtalk://a3")))
    link = Link(XKPSK0, invite.room, values["joiner-static-private"], invite.host_key, invite.psk,
                ephemeral_key=values["joiner-ephemeral-private"])
    seed = values["joiner-signature-private"]
    keys = values["joiner-leaf-private"], values["joiner-init-private"]
    key_package = KeyPackage.new(seed, *keys, 0, 2_592_000).message
    channel = Channel()
    channel.enqueue(JOIN, vector(b"alice") + u32(member_id(signature_public(seed))) + vector(key_package))
    payload = channel.payload()
    made = {
        "host-static-public": public_key(values["host-static-private"]),
        "psk": invite.psk, "key-package": key_package, "prologue": link.prologue, "joiner-sends-1": link.first(),
        "joiner-sends-3": link.answered(values["host-sends-2"][2:]),
        "handshake-hash": link.noise.get_handshake_hash(), "payload-without-padding": payload,
        "joiner-sends-4": link.seal(payload),
    }
    if invite.host_key != values["host-static-public"]:
        raise ProtocolError("the example's invite has another key")
    for name, value in made.items():
        if values[name] != value:
            raise ProtocolError(f"{name}: the document has {values[name].hex()}, this is {value.hex()}")
    return len(made)
