"""A member that also takes what rooms refuse: PublicMessages, proposals that are sent before, Updates, pre-shared keys,
extensions of the group, external Commits. For the vectors of passive clients, which have all of that.
"""
from dataclasses import dataclass, replace

import mls
from mls import ADD, COMMIT_CONTENT, REMOVE, KeyPackage
from mls_schedule import Epoch, epoch_secret, joiner_secret
from mls_suite import (HASH_SIZE, HPKE, KEM, derive_key, derive_secret, diffie_hellman, digest, expand_with_label,
                       extract, labelled_expand, labelled_extract, mac, public_key, ref_hash, verify_with_label)
from mls_tree import Extension, LeafNode, UpdatePath, open_path
from wire import ProtocolError, Reader, u16, vector, whole

PUBLIC_MESSAGE, PRIVATE_MESSAGE = 1, 2
MEMBER, NEW_MEMBER_PROPOSAL, NEW_MEMBER_COMMIT = 1, 3, 4
PROPOSAL_CONTENT = 2
UPDATE, PSK, EXTERNAL_INIT, EXTENSIONS = 2, 4, 6, 7


@dataclass(frozen=True)
class KeyID:
    """A PreSharedKeyID."""
    encoded: bytes
    name: tuple  # of an external key its id, of one for resumption usage, group and epoch

    @staticmethod
    def read(reader):
        start = reader.position
        if reader.number(1) == 1:
            name = (reader.vector(),)
        else:
            name = reader.number(1), reader.vector(), reader.number(8)
        reader.vector()
        return KeyID(reader.content[start:reader.position], name)


def read_proposal(reader):
    kind = reader.number(2)
    readers = {ADD: KeyPackage.read, UPDATE: LeafNode.read, REMOVE: lambda r: r.number(4), PSK: KeyID.read,
               EXTERNAL_INIT: Reader.vector, EXTENSIONS: lambda r: tuple(r.vector_of(Extension.read))}
    if kind not in readers:
        raise ProtocolError("kind of proposal")
    return kind, readers[kind](reader)


def read_commit(reader):
    """Proposals, or references to them, and the path."""
    return (reader.vector_of(lambda r: read_proposal(r) if r.number(1) == 1 else r.vector()),
            reader.optional(UpdatePath.read))


READERS = {PROPOSAL_CONTENT: read_proposal, COMMIT_CONTENT: read_commit}


@dataclass(frozen=True)
class Handshake:
    """A proposal or a Commit, verified."""
    wire_format: int
    content: bytes  # the encoded FramedContent
    sender_type: int
    sender: int
    kind: int
    value: tuple
    signature: bytes
    tag: bytes

    def transcript(self, interim):
        return digest(interim + u16(self.wire_format) + self.content + vector(self.signature))

    @property
    def reference(self):
        content = u16(self.wire_format) + self.content + vector(self.signature)
        return ref_hash("MLS 1.0 Proposal Reference", content)


class PassiveGroup(mls.Group):
    """`keys` maps the ids of external keys to them, `tree` is for a Welcome that brings none."""

    def __init__(self, package, seed, init_key, leaf_key, keys, tree):
        self.package, self.seed, self.init_key, self.leaf_key = package, seed, init_key, leaf_key
        self.keys, self.tree = keys, tree
        self.epochs, self.pending = [], None
        self.proposals = {}

    def ratchet_tree(self, extensions):
        return self.tree or super().ratchet_tree(extensions)

    # 8.4

    def psk_secret(self, keys):
        ids = whole(lambda r: r.vector_of(KeyID.read), vector(keys))
        return self.secret_of([(each, self.key_of(each)) for each in ids])

    def key_of(self, key_id):
        if len(key_id.name) == 1:
            return self.keys[key_id.name[0]]
        return derive_secret(next(epoch.secret for epoch in self.epochs if epoch.context.epoch == key_id.name[2]),
                             "resumption")

    @staticmethod
    def secret_of(keys):
        secret = bytes(HASH_SIZE)
        for index, (key_id, key) in enumerate(keys):
            label = key_id.encoded + u16(index) + u16(len(keys))
            secret = extract(expand_with_label(extract(bytes(HASH_SIZE), key), "derived psk", label), secret)
        return secret

    # 6

    def opened(self, encoded):
        reader = Reader(encoded)
        if reader.number(2) != 1:
            raise ProtocolError("version")
        if reader.number(2) == PRIVATE_MESSAGE:
            content, signature, tag = mls.unprotect(self.epoch, encoded, READERS)
            value = whole(READERS[content.kind], content.body)
            return Handshake(PRIVATE_MESSAGE, content.encode(), MEMBER, content.sender, content.kind, value, signature,
                             tag)
        start = reader.position
        group, epoch, sender_type = reader.vector(), reader.number(8), reader.number(1)
        sender = reader.number(4) if sender_type == MEMBER else None
        reader.vector()
        kind = reader.number(1)
        if (group, epoch) != (self.epoch.context.group, self.epoch.context.epoch) or kind not in READERS:
            raise ProtocolError("another group, epoch, or kind")
        value = READERS[kind](reader)
        content = encoded[start:reader.position]
        signature = reader.vector()
        tag = reader.vector() if kind == COMMIT_CONTENT else None
        end = reader.position
        signed = u16(1) + u16(PUBLIC_MESSAGE) + content
        if sender_type in (MEMBER, NEW_MEMBER_COMMIT):
            signed += self.epoch.context.encode()
        if sender_type == MEMBER:
            key = derive_secret(self.epoch.secret, "membership")
            if reader.vector() != mac(key, signed + encoded[start + len(content):end]):
                raise ProtocolError("membership tag")
            signer = self.epoch.tree.leaf(sender)
        elif sender_type == NEW_MEMBER_PROPOSAL and value[0] == ADD:
            signer = value[1].leaf_node
        elif sender_type == NEW_MEMBER_COMMIT and kind == COMMIT_CONTENT and value[1]:
            signer = value[1].leaf_node
        else:
            raise ProtocolError("sender")
        reader.finish()
        verify_with_label(signer.signature_key, "FramedContentTBS", signed, signature)
        return Handshake(PUBLIC_MESSAGE, content, sender_type, sender, kind, value, signature, tag)

    def receive_proposal(self, encoded):
        handshake = self.opened(encoded)
        self.proposals[handshake.reference] = handshake

    # 12.4.2

    def processed(self, encoded):
        before = self.epoch
        handshake = self.opened(encoded)
        listed, path = handshake.value
        proposals = []
        for each in listed:
            if isinstance(each, bytes):
                proposals.append((self.proposals[each].sender, *self.proposals[each].value))
            else:
                proposals.append((handshake.sender, *each))

        def of(kind):
            return [(sender, value) for sender, of_kind, value in proposals if of_kind == kind]

        if not path and (not proposals or any(kind not in (ADD, PSK) for _, kind, _ in proposals)):
            raise ProtocolError("a path is missing")
        tree = before.tree.copy()
        for sender, leaf_node in of(UPDATE):
            leaf_node.verify(before.context.group, sender)
            tree.nodes[2 * sender] = leaf_node
            tree.blank_path(sender)
        commit = mls.Commit(tuple(value for _, value in of(ADD)), tuple(value for _, value in of(REMOVE)), True)
        tree, new_leaves = mls.apply_proposals(tree, commit, handshake.sender)
        private = mls.kept_keys(before.private, before.tree, tree)
        init_secret, committer = before.init_secret, handshake.sender
        if handshake.sender_type == NEW_MEMBER_COMMIT:
            init_secret = self.external_init_secret(of(EXTERNAL_INIT)[0][1])
            committer = tree.add(path.leaf_node)
            path.leaf_node.verify(before.context.group, committer)
            if tree.with_path(committer, [node.encryption_key for node in path.nodes]) != path.leaf_node.parent_hash:
                raise ProtocolError("parent hash")
        elif path:
            self.enter_path(tree, committer, path)
        extensions = of(EXTENSIONS)[0][1] if of(EXTENSIONS) else before.context.extensions
        context = replace(before.context, epoch=before.context.epoch + 1, tree_hash=tree.tree_hash(),
                          extensions=extensions)
        commit_secret = bytes(HASH_SIZE)
        if path:
            keys, commit_secret = open_path(
                tree, committer, path, self.leaf, private, new_leaves, context.encode())
            private = mls.kept_keys(private, before.tree, tree) | keys
        context = replace(context, transcript=handshake.transcript(before.interim))
        joiner = joiner_secret(init_secret, commit_secret, context)
        psk_secret = self.secret_of([(key_id, self.key_of(key_id)) for _, key_id in of(PSK)])
        after = Epoch(context, tree, private, epoch_secret(joiner, context, psk_secret))
        if after.confirmation_tag != handshake.tag:
            raise ProtocolError("confirmation tag")
        self.proposals = {}
        return after, tree.leaf(committer)

    def external_init_secret(self, kem_output):
        """8.3: what HPKE exports to the holder of the group's external key."""
        private = derive_key(derive_secret(self.epoch.secret, "external"))
        prk = labelled_extract(KEM, b"", b"eae_prk", diffie_hellman(private, kem_output))
        shared = labelled_expand(KEM, prk, b"shared_secret", kem_output + public_key(private), 32)
        context = b"\0" + b"".join(
            labelled_extract(HPKE, b"", label, b"") for label in (b"psk_id_hash", b"info_hash"))
        secret = labelled_expand(HPKE, labelled_extract(HPKE, shared, b"secret", b""), b"exp", context, 32)
        return labelled_expand(HPKE, secret, b"sec", b"MLS 1.0 external init secret", HASH_SIZE)
