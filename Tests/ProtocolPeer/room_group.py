"""7, "Content" and "The group": what a room makes of MLS, at one of its members."""
import hashlib
import os
import struct
import time
from dataclasses import dataclass

from mls import KEY_PACKAGE_MESSAGE, Group, KeyPackage, body
from mls_suite import decrypt_with_label, encrypt_with_label, sign_with_label, signature_public, verify_with_label
from wire import ProtocolError, Reader, u8, u32, u64, vector, vector_of

PADDING_UNIT = 336
PRIVATE_PADDING_UNIT = 288
KINDS = {0: "text", 1: "action", 2: "check"}
PRIVATE = "PrivateText"


def member_id(signature_key):
    return struct.unpack(">I", hashlib.blake2b(b"TermTalk member id" + signature_key).digest()[:4])[0] & 0x3FFFFFFF


def chained(content):
    return hashlib.blake2b(content).digest()[:16]


class Envelope:
    """What is sealed: what the sender has seen, and what it says: a text, or the bytes of a check."""

    def __init__(self, number, chain, nick, kind, text):
        self.number, self.chain, self.nick, self.kind, self.text = number, chain, nick, kind, text

    def encode(self):
        kind = next(byte for byte, kind in KINDS.items() if kind == self.kind)
        content = self.text if self.kind == "check" else self.text.encode()
        return u64(self.number) + self.chain + vector(self.nick.encode()) + u8(kind) + content

    @staticmethod
    def decode(content):
        reader = Reader(content)
        number, chain, nick = reader.number(8), reader.take(16), reader.vector(256).decode()
        kind = KINDS.get(reader.number(1))
        if kind is None:
            raise ProtocolError("kind of content")
        content = reader.rest()
        return Envelope(number, chain, nick, kind, content if kind == "check" else content.decode())


@dataclass
class OwnCommit:
    """The body of *commit*."""
    epoch: int
    refused: list
    group_info: bytes
    welcome: bytes
    commit: bytes

    def encode(self):
        return (u64(self.epoch) + vector_of(map(u32, self.refused)) + vector(self.group_info) + vector(self.welcome)
                + self.commit)

    @staticmethod
    def decode(content):
        reader = Reader(content)
        epoch, refused, group_info = reader.number(8), reader.vector_of(lambda r: r.number(4)), reader.vector()
        return OwnCommit(epoch, refused, group_info, reader.vector(), reader.rest())


def digest(sender, message, content):
    """What the chain has of a message."""
    return hashlib.blake2b(u32(sender) + message + content).digest()[:32]


class RoomGroup:
    def __init__(self, creator_key=None, seed=None):
        self.creator_key = creator_key
        self.seed = seed or os.urandom(32)
        self.id = member_id(signature_public(self.seed))
        self.mls = None
        self.chains = {}  # of the latest epochs: order number to chain
        self.number = 0  # of the last message

    def key_package(self):
        self.mls = Group(self.seed, int(time.time()))
        return self.mls.key_package

    # Epochs

    @property
    def epoch(self):
        return self.mls.epoch.context.epoch

    @property
    def leaves(self):
        """Member ids to leaves."""
        return self.leaves_of(self.mls.epoch)

    @staticmethod
    def leaves_of(epoch):
        return {member_id(epoch.tree.leaf(leaf).signature_key): leaf for leaf in epoch.tree.members}

    def enter(self, welcome, epoch, number, host, tree=None):
        """Creates the group, or joins it; the next message has the order number after `number`."""
        if not welcome:
            self.mls.create()
        else:
            signer = self.mls.join(welcome, tree).signature_key
            if self.creator_key and any(self.creator_key):
                if signer != self.creator_key:
                    raise ProtocolError("not vouched for by the creator")
            elif member_id(signer) != host:
                raise ProtocolError("not vouched for by the host's participant")
        if self.epoch != epoch:
            raise ProtocolError("number of the epoch")
        self.chains = {}
        self.number = number
        self.begin_chain()

    def begin_chain(self):
        start = self.mls.epoch.export("TermTalk message chain")
        self.chains[self.epoch] = {self.number: chained(vector(start) + u64(self.number))}
        for old in sorted(self.chains)[:-17]:
            del self.chains[old]

    def posted(self, number, of_it):
        chain = self.chains[self.epoch]
        chain[number] = chained(chain[self.number] + u64(number) + of_it)
        self.number = number

    # Messages

    def envelope(self, nick, kind, text):
        return Envelope(self.number, self.chains[self.epoch][self.number], nick, kind, text)

    def seal(self, envelope, message):
        return self.mls.seal(envelope.encode(), message, PADDING_UNIT)

    def open(self, content, message, sender):
        data, authenticated, leaf_node, epoch = self.mls.open(content)
        if authenticated != message or member_id(leaf_node.signature_key) != sender:
            raise ProtocolError("another message, or another sender")
        return self.opened(data, epoch)

    def opened(self, data, epoch):
        """The envelope, and whether its sender has seen the same room."""
        envelope = Envelope.decode(data)
        chain = self.chains.get(epoch)
        return envelope, chain is None or chain.get(envelope.number) == envelope.chain

    def seal_privately(self, envelope, message, receiver):
        own, leaf = self.mls.leaf, self.leaves[receiver]
        data = vector(envelope.encode())
        data += bytes(-len(data) % PRIVATE_PADDING_UNIT)
        context = self.private_context(self.mls.epoch, own, leaf, message)
        kem_output, ciphertext = encrypt_with_label(
            self.mls.epoch.tree.leaf(leaf).encryption_key, PRIVATE, context, data)
        sealed = vector(kem_output) + vector(ciphertext)
        signature = sign_with_label(self.seed, PRIVATE, context + sealed)
        return u64(self.epoch) + u32(own) + u32(leaf) + sealed + vector(signature)

    @staticmethod
    def private_context(epoch, sender, receiver, message):
        return vector(epoch.context.group) + u64(epoch.context.epoch) + u32(sender) + u32(receiver) + vector(message)

    def open_privately(self, content, message, sender):
        reader = Reader(content)
        epoch = self.mls.epoch_of(reader.number(8))
        leaf, receiver = reader.number(4), reader.number(4)
        kem_output, ciphertext, signature = reader.vector(), reader.vector(), reader.vector()
        reader.finish()
        if self.leaves_of(epoch).get(sender) != leaf or receiver != self.mls.leaf:
            raise ProtocolError("another sender or receiver")
        context = self.private_context(epoch, leaf, receiver, message)
        verify_with_label(epoch.tree.leaf(leaf).signature_key, PRIVATE,
                          context + vector(kem_output) + vector(ciphertext), signature)
        reader = Reader(decrypt_with_label(epoch.private[2 * receiver], PRIVATE, context, kem_output, ciphertext))
        data = reader.vector()
        if any(reader.rest()):
            raise ProtocolError("padding")
        return self.opened(data, epoch.context.epoch)

    # Commits

    def commit(self, candidates=(), removals=()):
        """A Commit that adds and removes; for neither, one that gives this member new keys."""
        refused, packages, leaves = [], [], []
        for candidate, encoded in candidates:
            try:
                reader = body(KEY_PACKAGE_MESSAGE, encoded)
                package = KeyPackage.read(reader)
                reader.finish()
                package.verify()
                if member_id(package.leaf_node.signature_key) != candidate or candidate == self.id:
                    raise ProtocolError("id")
            except ProtocolError:
                refused.append(candidate)
                continue
            if candidate in self.leaves:
                leaves.append(self.leaves[candidate])
            packages.append(package)
        for member in removals:
            if member in self.leaves:
                leaves.append(self.leaves[member])
        commit = welcome = group_info = b""
        if packages or leaves or not (candidates or removals):
            commit, welcome = self.mls.commit(packages, leaves, with_path=not packages)
            group_info = self.mls.described()
        return OwnCommit(self.epoch, refused, group_info, welcome, commit)

    def committed(self, committer, commit):
        """Returns the ids of those who came in and went."""
        before = self.leaves
        was_own = self.mls.pending is not None and self.mls.pending[0] == commit
        if member_id(self.mls.receive(commit).signature_key) != committer:
            raise ProtocolError("another committer")
        after = self.leaves
        if len(after) != len(self.mls.epoch.tree.members):
            raise ProtocolError("one id, two leaves")
        self.begin_chain()
        return {member for member, leaf in after.items() if member not in before}, before.keys() - after.keys(), was_own
