"""Members of MLS groups (suite 1) by other implementations, driven by lines on standard input.

    mls_peer.py mls-rs|openmls

    new NAME
    key-package NAME                 the KeyPackage, as a message
    create NAME GROUP                the group's identifier (OpenMLS chooses it itself)
    join NAME WELCOME
    add NAME KEY_PACKAGE             Commit and Welcome; nothing is applied before `accept`
    remove NAME OTHER LEAF           Commit and Welcome
    commit NAME                      Commit and Welcome (mls-rs)
    propose-add NAME KEY_PACKAGE     the proposal (mls-rs)
    propose-remove NAME OTHER        the proposal (mls-rs)
    accept NAME COMMIT               our own Commit is accepted
    receive NAME MESSAGE SENDER      `application TEXT`, `proposal -`, `commit -` or `removed -`
    send NAME TEXT                   an application message (mls-rs)
    export NAME LABEL CONTEXT        32 bytes of the exporter (mls-rs)
    authenticator NAME               the epoch authenticator (OpenMLS)

Names are words, all other values hexadecimal, `-` where there is none. Every line is answered by `ok VALUE...` or
`error KIND`.
"""
import json
import sys

KEY_PACKAGE_HEADER = bytes([0, 1, 0, 5])  # mls10, mls_key_package


class MLSRS:
    """agentvault-mls-rs-uniffi. Members are removed by their signing identity, which is learned from messages."""

    identities = {}

    def __init__(self, name):
        keys = mls.generate_signature_keypair(mls.CipherSuite.CURVE25519_AES128)
        self.client = mls.Client(name.encode(), keys, mls.client_config_default())
        self.identities[name] = self.client.signing_identity()

    def key_package(self):
        return self.client.generate_key_package_message().to_bytes()

    def create(self, group):
        self.group = self.client.create_group(group)
        return group

    def join(self, welcome):
        self.group = self.client.join_group(None, mls.Message.from_bytes(welcome)).group

    def add(self, key_package):
        return self.output(self.group.add_members([mls.Message.from_bytes(key_package)]))

    def remove(self, other, leaf):
        return self.output(self.group.remove_members([self.identities[other]]))

    def commit(self):
        return self.output(self.group.commit())

    def propose_add(self, key_package):
        return self.group.propose_add_members([mls.Message.from_bytes(key_package)])[0].to_bytes()

    def propose_remove(self, other):
        return self.group.propose_remove_members([self.identities[other]])[0].to_bytes()

    def accept(self, commit):
        self.group.process_incoming_message(mls.Message.from_bytes(commit))

    def receive(self, message, sender):
        received = self.group.process_incoming_message(mls.Message.from_bytes(message))
        if received.is_application_message():
            self.identities[sender] = received.sender
            return "application", received.data
        if received.is_commit():
            return "removed" if received.effect.is_removed() else "commit", b""
        if received.is_received_proposal():
            return "proposal", b""
        raise ValueError("unexpected message")

    def send(self, text):
        return self.group.encrypt_application_message(text).to_bytes()

    def export(self, label, context):
        return self.group.export_secret(label, context, 32)

    @staticmethod
    def output(commit):
        welcome = commit.welcome_message
        return commit.commit_message.to_bytes(), welcome.to_bytes() if welcome else b""


class OpenMLS:
    """gbp-stack. Its own KeyPackages are bare, and it says nothing of the text of application messages."""

    def __init__(self, name):
        self.context = mls.MlsContext.create(name)

    def key_package(self):
        return KEY_PACKAGE_HEADER + self.context.export_key_package()

    def create(self, group):
        return self.context.group_id

    def join(self, welcome):
        self.context.accept_welcome(welcome)

    def add(self, key_package):
        if key_package[: len(KEY_PACKAGE_HEADER)] != KEY_PACKAGE_HEADER:
            raise ValueError("not a KeyPackage")
        return self.context.invite_full(key_package[len(KEY_PACKAGE_HEADER) :])

    def remove(self, other, leaf):
        return self.context.remove_member(int(leaf)), b""

    def accept(self, commit):
        self.context.finalize_commit()

    def receive(self, message, sender):
        kind = self.context.process_message(message)
        if kind == "commit":
            self.context.finalize_commit()
        return kind, b""

    def authenticator(self):
        """Out of the stored state, because the wrapper does not offer it. Other groups may be in there."""
        state = self.context.export_state()
        group = json.dumps({"value": {"vec": list(self.context.group_id)}}, separators=(",", ":"))
        begin = state.index(b'{"init_secret"', state.index(b"EpochSecrets" + group.encode()))
        secrets, _ = json.JSONDecoder().raw_decode(state[begin:].decode("latin-1"))
        return bytes(secrets["epoch_authenticator"]["secret"]["value"]["vec"])


def value(text):
    return b"" if text == "-" else bytes.fromhex(text)


def text(value):
    return value if isinstance(value, str) else value.hex() or "-"


def carry_out(members, command, name, arguments):
    if command == "new":
        members[name] = implementation(name)
        return b""
    member = members[name]
    if command == "receive":
        return member.receive(value(arguments[0]), arguments[1])
    if command == "remove":
        return member.remove(*arguments)
    if command == "propose-remove":
        return member.propose_remove(*arguments)
    return getattr(member, command.replace("-", "_"))(*map(value, arguments))


def main():
    members = {}
    for line in sys.stdin:
        command, name, *arguments = line.split()
        try:
            result = carry_out(members, command, name, arguments)
            values = result if isinstance(result, tuple) else (result or b"",)
            print("ok", *map(text, values), flush=True)
        except Exception as error:  # the other side wants to know, and to go on
            print("error", type(error).__name__, " ".join(str(error).split()), flush=True)


if sys.argv[1] == "mls-rs":
    import mls_rs_uniffi as mls

    implementation = MLSRS
else:
    import gbp_stack as mls

    implementation = OpenMLS
main()
