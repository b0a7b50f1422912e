"""7, "Comparing words": what people compare to know that they are in one room, and who is who."""
import hashlib
import os

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from mls_suite import signature_public
from wire import ProtocolError, Reader, u8, u64, vector

BEGIN, ANSWER, REVEAL = range(3)


def read_word_list(file):
    """The words of the document's list, which is data in a file of the program."""
    with open(file, encoding="utf-8") as source:
        words = source.read().split('"""')[1].split()
    if len(words) != 2_048:
        raise ValueError("word list")
    return words


def spell(word_list, count, content):
    bits = int.from_bytes(content, "big")
    total = 8 * len(content)
    return [word_list[bits >> total - 11 * (at + 1) & 2_047] for at in range(count)]


def room_words(word_list, epoch):
    label = vector(b"TermTalk room words 1") + vector(epoch.context.group) + u64(epoch.context.epoch)
    salt = hashlib.blake2b(label).digest()[:16]
    derived = Argon2id(salt=salt, length=16, iterations=3, lanes=1, memory_cost=65_536).derive(epoch.authenticator)
    return spell(word_list, 6, derived)


def fingerprint(signature_key):
    return hashlib.blake2b(b"TermTalk fingerprint 1" + signature_key).digest()[:16].hex()


class Check:
    """One member's side of a check with another: what it sends, and the words in the end."""

    def __init__(self, group, member):
        self.group_id = group.mls.epoch.context.group
        self.own_key = signature_public(group.seed)
        self.peer_key = group.mls.epoch.tree.leaf(group.leaves[member]).signature_key
        self.nonce = os.urandom(32)
        self.commitment = self.commitment_of(self.own_key, self.peer_key, self.nonce)
        self.peer_commitment = None

    def hash(self, label, *parts):
        return hashlib.blake2b(b"".join(map(vector, (label, self.group_id, *parts)))).digest()

    def commitment_of(self, sender, receiver, nonce):
        return self.hash(b"TermTalk check commitment 1", sender, receiver, nonce)[:32]

    def begin(self):
        return u8(BEGIN) + self.commitment

    def received(self, content):
        """What is to be sent, in this order, and the other's nonce when it has come."""
        reader = Reader(content)
        kind, part = reader.number(1), reader.take(32)
        if kind != BEGIN and reader.take(32) != self.commitment:
            raise ProtocolError("of another check")
        reader.finish()
        if kind == REVEAL:
            if self.commitment_of(self.peer_key, self.own_key, part) != self.peer_commitment:
                raise ProtocolError("another nonce than was committed to")
            return [], part
        self.peer_commitment = part
        reveal = u8(REVEAL) + self.nonce + part
        return ([u8(ANSWER) + self.commitment + part] if kind == BEGIN else []) + [reveal], None

    def words(self, word_list, peer_nonce):
        (lower, first), (higher, second) = sorted([(self.own_key, self.nonce), (self.peer_key, peer_nonce)])
        return spell(word_list, 4, self.hash(b"TermTalk check words 1", lower, higher, first, second))
