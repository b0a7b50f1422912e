"""The key schedule of RFC 9420 (section 8) and the secret tree (section 9)."""
from dataclasses import dataclass

from mls_suite import (HASH_SIZE, KEY_SIZE, NONCE_SIZE, SUITE, derive_secret, derive_tree_secret, digest,
                       expand_with_label, extract, mac)
from mls_tree import MLS_10, Extension, encode_all, left, right
from wire import ProtocolError, u16, u64, vector

FORWARD_GAP = 1_000
GENERATIONS_KEPT = 64


@dataclass(frozen=True)
class Context:
    group: bytes
    epoch: int
    tree_hash: bytes
    transcript: bytes  # the confirmed transcript hash
    extensions: tuple = ()

    @staticmethod
    def read(reader):
        if reader.number(2) != MLS_10 or reader.number(2) != SUITE:
            raise ProtocolError("another suite")
        return Context(reader.vector(), reader.number(8), reader.vector(), reader.vector(),
                       tuple(reader.vector_of(Extension.read)))

    def encode(self):
        return (u16(MLS_10) + u16(SUITE) + vector(self.group) + u64(self.epoch) + vector(self.tree_hash)
                + vector(self.transcript) + encode_all(self.extensions))


def joiner_secret(init_secret, commit_secret, context):
    return expand_with_label(extract(init_secret, commit_secret), "joiner", context.encode())


def welcome_secret(joiner, psk_secret=bytes(HASH_SIZE)):
    return derive_secret(extract(joiner, psk_secret), "welcome")


def epoch_secret(joiner, context, psk_secret=bytes(HASH_SIZE)):
    return expand_with_label(extract(joiner, psk_secret), "epoch", context.encode())


def welcome_keys(secret):
    return expand_with_label(secret, "key", b"", KEY_SIZE), expand_with_label(secret, "nonce", b"", NONCE_SIZE)


def interim_hash(transcript, confirmation_tag):
    return digest(transcript + vector(confirmation_tag))


class SecretTree:
    """9: the keys of one epoch's messages, each to be had once."""

    def __init__(self, encryption_secret, tree_size):
        self.root = tree_size // 2
        self.secrets = {self.root: encryption_secret}
        self.ratchets = {}  # (leaf, label) to the next generation and its secret
        self.skipped = {}

    def leaf_secret(self, leaf):
        if 2 * leaf > 2 * self.root:
            raise ProtocolError("no such leaf")
        node = self.root
        while node != 2 * leaf:
            secret = self.secrets.pop(node, None)
            if secret:
                self.secrets[left(node)] = expand_with_label(secret, "tree", b"left")
                self.secrets[right(node)] = expand_with_label(secret, "tree", b"right")
            node = left(node) if 2 * leaf < node else right(node)
        return self.secrets.pop(node)

    def take(self, leaf, label, generation=None):
        """Generation, key and nonce; the next generation where none is named."""
        if (leaf, label) not in self.ratchets:
            secret = self.leaf_secret(leaf)
            for each in ("handshake", "application"):
                self.ratchets[leaf, each] = (0, expand_with_label(secret, each, b""))
        next_, secret = self.ratchets[leaf, label]
        generation = next_ if generation is None else generation
        if generation < next_:
            try:
                return (generation, *self.skipped.pop((leaf, label, generation)))
            except KeyError:
                raise ProtocolError("a key was used before") from None
        if generation - next_ > FORWARD_GAP:
            raise ProtocolError("too far ahead")
        for at in range(next_, generation + 1):
            keys = (derive_tree_secret(secret, "key", at, KEY_SIZE),
                    derive_tree_secret(secret, "nonce", at, NONCE_SIZE))
            secret = derive_tree_secret(secret, "secret", at)
            self.skipped[leaf, label, at] = keys
        self.skipped.pop((leaf, label, generation))
        kept = [each for each in self.skipped if each[:2] == (leaf, label)]
        for old in kept[:-GENERATIONS_KEPT]:
            del self.skipped[old]
        self.ratchets[leaf, label] = (generation + 1, secret)
        return (generation, *keys)


class Epoch:
    """What one epoch is: tree, keys, secrets. `private` maps nodes to this member's keys."""

    def __init__(self, context, tree, private, secret):
        self.context = context
        self.tree = tree
        self.private = private
        self.secret = secret
        self.init_secret = derive_secret(secret, "init")
        self.sender_data_secret = derive_secret(secret, "sender data")
        self.exporter_secret = derive_secret(secret, "exporter")
        self.authenticator = derive_secret(secret, "authentication")
        self.secret_tree = SecretTree(derive_secret(secret, "encryption"), len(tree.nodes))
        self.confirmation_tag = mac(derive_secret(secret, "confirm"), context.transcript)
        self.interim = interim_hash(context.transcript, self.confirmation_tag)

    def export(self, label, context=b"", length=HASH_SIZE):
        return expand_with_label(derive_secret(self.exporter_secret, label), "exported", digest(context), length)
