"""A member of an MLS group (RFC 9420, suite 0x0003), as far as rooms need it: messages are PrivateMessages, Commits
PublicMessages, proposals stand in Commits and only add and remove. One thread, without care for its own secrets.
"""
import os
from dataclasses import dataclass, replace

from mls_schedule import Context, Epoch, epoch_secret, joiner_secret, welcome_keys, welcome_secret
from mls_suite import (HASH_SIZE, KEY_SIZE, NONCE_SIZE, SUITE, decrypt_with_label, derive_key, derive_secret, digest,
                       encrypt_with_label, expand_with_label, mac, open_sealed, public_key, ref_hash, seal, sign_with_label, signature_public,
                       verify_with_label)
from mls_tree import (COMMIT, KEY_PACKAGE, MLS_10, MODERATORS, Extension, LeafNode, Tree, UpdatePath, encode_all, is_below,
                      keys_of_path, node_key, open_path, path_secrets, seal_path)
from wire import ProtocolError, Reader, optional, u8, u16, u32, u64, vector, vector_of, whole

PUBLIC_MESSAGE, PRIVATE_MESSAGE, WELCOME, GROUP_INFO, KEY_PACKAGE_MESSAGE = 1, 2, 3, 4, 5  # wire formats
APPLICATION_CONTENT, COMMIT_CONTENT = 1, 3
ADD, REMOVE, CONTEXT_EXTENSIONS = 1, 3, 7
RATCHET_TREE, EXTERNAL_PUB = 2, 4
EPOCHS_KEPT = 17


def message(wire_format, content):
    return u16(MLS_10) + u16(wire_format) + content


def body(wire_format, content):
    """What is in an MLSMessage of that kind."""
    reader = Reader(content)
    if reader.number(2) != MLS_10 or reader.number(2) != wire_format:
        raise ProtocolError("another kind of message")
    return reader


@dataclass(frozen=True)
class KeyPackage:
    init_key: bytes
    leaf_node: LeafNode
    extensions: tuple = ()
    signature: bytes = b""

    @staticmethod
    def read(reader):
        if reader.number(2) != MLS_10 or reader.number(2) != SUITE:
            raise ProtocolError("another suite")
        return KeyPackage(reader.vector(), LeafNode.read(reader), tuple(reader.vector_of(Extension.read)),
                          reader.vector())

    @staticmethod
    def new(seed, leaf_key, init_key, not_before, not_after):
        leaf_node = LeafNode.new(public_key(leaf_key), signature_public(seed), not_before, not_after).signed(seed)
        package = KeyPackage(public_key(init_key), leaf_node)
        return replace(package, signature=sign_with_label(seed, "KeyPackageTBS", package.content()))

    def content(self):
        return (u16(MLS_10) + u16(SUITE) + vector(self.init_key) + self.leaf_node.encode()
                + encode_all(self.extensions))

    def encode(self):
        return self.content() + vector(self.signature)

    def verify(self):
        if self.leaf_node.source != KEY_PACKAGE or self.init_key == self.leaf_node.encryption_key:
            raise ProtocolError("KeyPackage")
        self.leaf_node.verify()
        verify_with_label(self.leaf_node.signature_key, "KeyPackageTBS", self.content(), self.signature)

    @property
    def message(self):
        return message(KEY_PACKAGE_MESSAGE, self.encode())

    @property
    def reference(self):
        return ref_hash("MLS 1.0 KeyPackage Reference", self.encode())


# 6: messages


@dataclass(frozen=True)
class Content:
    """A FramedContent of a member."""
    group: bytes
    epoch: int
    sender: int
    authenticated: bytes
    kind: int
    body: bytes  # data of the application, or an encoded Commit
    wire_format: int = PRIVATE_MESSAGE

    def encode(self):
        encoded = vector(self.body) if self.kind == APPLICATION_CONTENT else self.body
        return (vector(self.group) + u64(self.epoch) + u8(1) + u32(self.sender) + vector(self.authenticated)
                + u8(self.kind) + encoded)

    def to_be_signed(self, context):
        return u16(MLS_10) + u16(self.wire_format) + self.encode() + context.encode()

    def sign(self, seed, context):
        return sign_with_label(seed, "FramedContentTBS", self.to_be_signed(context))

    def transcript(self, interim, signature):
        return digest(interim + u16(self.wire_format) + self.encode() + vector(signature))


def sender_data_keys(secret, ciphertext):
    sample = ciphertext[:HASH_SIZE]
    return (expand_with_label(secret, "key", sample, KEY_SIZE),
            expand_with_label(secret, "nonce", sample, NONCE_SIZE))


def guarded(nonce, guard):
    return bytes(a ^ b for a, b in zip(nonce, guard)) + nonce[len(guard):]


def protect(epoch, content, signature, confirmation_tag=None, padding_unit=1):
    """A PrivateMessage. Its content and signature are padded to a multiple of `padding_unit`."""
    encoded = vector(content.body) if content.kind == APPLICATION_CONTENT else content.body
    plaintext = encoded + vector(signature)
    if content.kind == COMMIT_CONTENT:
        plaintext += vector(confirmation_tag)
    plaintext += bytes(-len(plaintext) % padding_unit)
    label = "application" if content.kind == APPLICATION_CONTENT else "handshake"
    generation, key, nonce = epoch.secret_tree.take(content.sender, label)
    guard = os.urandom(4)
    start = vector(content.group) + u64(content.epoch) + u8(content.kind)
    ciphertext = seal(key, guarded(nonce, guard), plaintext, start + vector(content.authenticated))
    sender = seal(*sender_data_keys(epoch.sender_data_secret, ciphertext),
                  u32(content.sender) + u32(generation) + guard, start)
    return message(PRIVATE_MESSAGE, start + vector(content.authenticated) + vector(sender) + vector(ciphertext))


def membership_tag(epoch, content, signature, confirmation_tag):
    """6.2"""
    key = derive_secret(epoch.secret, "membership")
    return mac(key, content.to_be_signed(epoch.context) + vector(signature) + vector(confirmation_tag))


def publish(epoch, content, signature, confirmation_tag):
    """A PublicMessage with a Commit."""
    tag = membership_tag(epoch, content, signature, confirmation_tag)
    return message(PUBLIC_MESSAGE, content.encode() + vector(signature) + vector(confirmation_tag) + vector(tag))


def read_published(epoch, encoded):
    """The Commit in a PublicMessage of a member in this epoch, its content and signature, which was verified, and its tag."""
    reader = body(PUBLIC_MESSAGE, encoded)
    group, number, kind_of_sender = reader.vector(), reader.number(8), reader.number(1)
    if (group, number, kind_of_sender) != (epoch.context.group, epoch.context.epoch, 1):
        raise ProtocolError("another group or epoch, or no member")
    sender, authenticated, kind = reader.number(4), reader.vector(), reader.number(1)
    if authenticated or kind != COMMIT_CONTENT:
        raise ProtocolError("no Commit as rooms have them")
    start = reader.position
    commit = Commit.read(reader)
    content = Content(group, number, sender, b"", kind, encoded[start:reader.position], PUBLIC_MESSAGE)
    signature, tag, membership = reader.vector(), reader.vector(), reader.vector()
    reader.finish()
    if membership != membership_tag(epoch, content, signature, tag):
        raise ProtocolError("membership tag")
    verify_with_label(epoch.tree.leaf(sender).signature_key, "FramedContentTBS",
                      content.to_be_signed(epoch.context), signature)
    return commit, content, signature, tag


def private_header(encoded):
    """Epoch and kind of a PrivateMessage."""
    reader = body(PRIVATE_MESSAGE, encoded)
    reader.vector()
    return reader.number(8), reader.number(1)


def unprotect(epoch, encoded, readers=None):
    """The content of a PrivateMessage of this epoch, its signature, which was verified, and the confirmation tag.

    `readers` find the ends of what is not data of the application.
    """
    readers = readers or {COMMIT_CONTENT: Commit.read}
    reader = body(PRIVATE_MESSAGE, encoded)
    group, number, kind, authenticated = reader.vector(), reader.number(8), reader.number(1), reader.vector()
    sender_data, ciphertext = reader.vector(), reader.vector()
    reader.finish()
    if (group, number) != (epoch.context.group, epoch.context.epoch) or kind not in (APPLICATION_CONTENT, *readers):
        raise ProtocolError("another group, epoch, or kind")
    start = vector(group) + u64(number) + u8(kind)
    reader = Reader(open_sealed(*sender_data_keys(epoch.sender_data_secret, ciphertext), sender_data, start))
    sender, generation, guard = reader.number(4), reader.number(4), reader.take(4)
    reader.finish()
    leaf_node = epoch.tree.leaf(sender)
    label = "application" if kind == APPLICATION_CONTENT else "handshake"
    _, key, nonce = epoch.secret_tree.take(sender, label, generation)
    plaintext = open_sealed(key, guarded(nonce, guard), ciphertext, start + vector(authenticated))
    reader = Reader(plaintext)
    if kind == APPLICATION_CONTENT:
        data = reader.vector()
    else:
        readers[kind](reader)
        data = plaintext[:reader.position]
    content = Content(group, number, sender, authenticated, kind, data)
    signature = reader.vector()
    tag = reader.vector() if kind == COMMIT_CONTENT else None
    if any(reader.rest()):
        raise ProtocolError("padding")
    verify_with_label(leaf_node.signature_key, "FramedContentTBS", content.to_be_signed(epoch.context), signature)
    return content, signature, tag


@dataclass(frozen=True)
class Commit:
    adds: tuple  # KeyPackages
    removes: tuple  # leaves
    path: UpdatePath
    extensions: tuple = None  # of the context, where they change

    @staticmethod
    def read(reader):
        def proposal(reader):
            if reader.number(1) != 1:
                raise ProtocolError("a reference to a proposal")
            kind = reader.number(2)
            if kind == CONTEXT_EXTENSIONS:
                return kind, tuple(reader.vector_of(Extension.read))
            if kind not in (ADD, REMOVE):
                raise ProtocolError("kind of proposal")
            return kind, KeyPackage.read(reader) if kind == ADD else reader.number(4)

        proposals = reader.vector_of(proposal)
        return Commit(tuple(what for kind, what in proposals if kind == ADD),
                      tuple(what for kind, what in proposals if kind == REMOVE), reader.optional(UpdatePath.read),
                      next((what for kind, what in proposals if kind == CONTEXT_EXTENSIONS), None))

    def without_gone(self, context, tree):
        """The context's extensions when those it removes moderate no more: all but the creator, and who comes back."""
        gone = {tree.leaf(leaf).signature_key for leaf in self.removes}
        gone -= {package.leaf_node.signature_key for package in self.adds}
        if not gone or not context.extensions:
            return context.extensions
        first, *others = moderators(context.extensions)
        keys = b"".join([first] + [key for key in others if key not in gone])
        return (replace(context.extensions[0], data=keys),)

    def allowed(self, context, tree, committer):
        """The context's extensions after it: another list of moderators by one of them, or what is left where some go."""
        expected = self.without_gone(context, tree)
        if self.adds or self.removes or self.extensions is None:
            if (self.extensions or context.extensions) != expected:
                raise ProtocolError("moderators")
            return expected
        before, after = (moderators(extensions) for extensions in (context.extensions, self.extensions))
        members = {tree.leaf(leaf).signature_key for leaf in tree.members}
        if committer not in before or before[0] != after[0] or set(after) - set(before) - members:
            raise ProtocolError("moderators")
        return self.extensions

    def encode(self):
        proposals = [u8(1) + u16(REMOVE) + u32(leaf) for leaf in self.removes]
        proposals += [u8(1) + u16(ADD) + package.encode() for package in self.adds]
        if self.extensions is not None:
            proposals.append(u8(1) + u16(CONTEXT_EXTENSIONS) + encode_all(self.extensions))
        return vector_of(proposals) + optional(self.path and self.path.encode())


def moderators(extensions):
    """The keys of those who moderate, the creator's first."""
    if [each.kind for each in extensions] != [MODERATORS]:
        raise ProtocolError("extensions of the context")
    keys = extensions[0].data
    if not keys or len(keys) % 32 or len(keys) > 512:
        raise ProtocolError("moderators")
    return [keys[at:at + 32] for at in range(0, len(keys), 32)]


def apply_proposals(tree, commit, committer):
    """12.3: the tree after the proposals of a Commit, and the leaves of those who were added."""
    if committer in commit.removes or len(set(commit.removes)) != len(commit.removes):
        raise ProtocolError("proposals")
    if commit.path is None and (commit.removes or not commit.adds):
        raise ProtocolError("a path is missing")
    tree = tree.copy()
    for leaf in commit.removes:
        tree.remove(leaf)
    new_leaves = []
    for package in commit.adds:
        package.verify()
        taken = [tree.leaf(leaf) for leaf in tree.members]
        if any(package.leaf_node.signature_key == other.signature_key
               or package.leaf_node.encryption_key == other.encryption_key for other in taken):
            raise ProtocolError("added twice")
        new_leaves.append(tree.add(package.leaf_node))
    return tree, new_leaves


def kept_keys(private, before, after):
    """The private keys of the nodes that are as before, except for unmerged leaves."""
    return {node: key for node, key in private.items() if node < len(after.nodes) and after.nodes[node]
            and after.nodes[node].encryption_key == before.nodes[node].encryption_key}


class Group:
    """One member's state: its own leaf and the latest epochs, the current one last."""

    def __init__(self, seed, now):
        """Makes a KeyPackage, to be in a group by `create` or `join`."""
        self.seed = seed
        self.leaf_key, self.init_key = os.urandom(32), os.urandom(32)
        self.package = KeyPackage.new(seed, self.leaf_key, self.init_key, now - 86_400, now + 86_400)
        self.epochs = []
        self.pending = None

    @property
    def key_package(self):
        return self.package.message

    @property
    def epoch(self):
        return self.epochs[-1]

    def epoch_of(self, number):
        for epoch in self.epochs:
            if epoch.context.epoch == number:
                return epoch
        raise ProtocolError("of another epoch")

    def forget(self, floor):
        """Nothing that was said before this epoch comes any more."""
        self.epochs = [epoch for epoch in self.epochs[:-1] if epoch.context.epoch >= floor] + self.epochs[-1:]

    def create(self):
        tree = Tree([self.package.leaf_node])
        context = Context(os.urandom(16), 0, tree.tree_hash(), b"",
                          (Extension(MODERATORS, signature_public(self.seed)),))
        self.leaf = 0
        self.epochs = [Epoch(context, tree, {0: self.leaf_key}, os.urandom(HASH_SIZE))]

    def join(self, encoded, tree=None):
        """12.4.3.1: by a Welcome, and the tree where that does not bring it. Returns the leaf node of the one who vouches for the group."""
        reader = body(WELCOME, encoded)
        if reader.number(2) != SUITE:
            raise ProtocolError("another suite")
        secrets = dict(reader.vector_of(lambda r: (r.vector(), (r.vector(), r.vector()))))
        sealed_info = reader.vector()
        reader.finish()
        if self.package.reference not in secrets:
            raise ProtocolError("a Welcome for others")
        reader = Reader(decrypt_with_label(self.init_key, "Welcome", sealed_info, *secrets[self.package.reference]))
        joiner, path_secret, keys = reader.vector(), reader.optional(Reader.vector), reader.vector()
        reader.finish()
        psk_secret = self.psk_secret(keys)
        reader = Reader(open_sealed(*welcome_keys(welcome_secret(joiner, psk_secret)), sealed_info))
        context, extensions = Context.read(reader), reader.vector_of(Extension.read)
        tag, signer = reader.vector(), reader.number(4)
        signed = reader.content[:reader.position]
        signature = reader.vector()
        reader.finish()
        tree = Tree.decode(tree or self.ratchet_tree(extensions))
        vouching = tree.leaf(signer)
        verify_with_label(vouching.signature_key, "GroupInfoTBS", signed, signature)
        if tree.tree_hash() != context.tree_hash:
            raise ProtocolError("tree hash")
        tree.verify(context.group)
        self.leaf = next(leaf for leaf in tree.members if tree.leaf(leaf) == self.package.leaf_node)
        private = {2 * self.leaf: self.leaf_key}
        if path_secret is not None:
            common = next(at for at in tree.direct_path(self.leaf) if is_below(2 * signer, at))
            private.update(keys_of_path(tree, signer, common, path_secret)[0])
        epoch = Epoch(context, tree, private, epoch_secret(joiner, context, psk_secret))
        if epoch.confirmation_tag != tag:
            raise ProtocolError("confirmation tag")
        self.epochs = [epoch]
        return vouching

    def psk_secret(self, keys):
        if keys:
            raise ProtocolError("pre-shared keys")
        return bytes(HASH_SIZE)

    def ratchet_tree(self, extensions):
        return next(each.data for each in extensions if each.kind == RATCHET_TREE)

    # Messages

    def seal(self, data, authenticated, padding_unit=1):
        content = Content(self.epoch.context.group, self.epoch.context.epoch, self.leaf, authenticated,
                          APPLICATION_CONTENT, data)
        return protect(self.epoch, content, content.sign(self.seed, self.epoch.context), padding_unit=padding_unit)

    def open(self, encoded):
        """Data, authenticated data, the sender's leaf node, and the number of the epoch."""
        number, kind = private_header(encoded)
        epoch = self.epoch_of(number)
        if kind != APPLICATION_CONTENT:
            raise ProtocolError("no data of the application")
        content, _, _ = unprotect(epoch, encoded)
        return content.body, content.authenticated, epoch.tree.leaf(content.sender), number

    # Commits

    def next_epoch(self, context, tree, private, commit_secret, transcript):
        context = replace(context, transcript=transcript)
        joiner = joiner_secret(self.epoch.init_secret, commit_secret, context)
        return joiner, Epoch(context, tree, private, epoch_secret(joiner, context))

    def commit(self, adds=(), removes=(), with_path=True):
        """12.4.1: stages the next epoch. Returns the Commit, and a Welcome for those who are added."""
        before = self.epoch
        commit = Commit(tuple(adds), tuple(removes), None)
        extensions = commit.without_gone(before.context, before.tree)
        if extensions != before.context.extensions:
            commit = replace(commit, extensions=extensions)
        with_path = with_path or bool(removes) or not adds
        tree, new_leaves = apply_proposals(
            before.tree, replace(commit, path=True) if with_path else commit, self.leaf)
        private = kept_keys(before.private, before.tree, tree)
        commit_secret, secrets, path_nodes = bytes(HASH_SIZE), [], []
        if with_path:
            path_nodes = [node for node, _ in tree.filtered_path(self.leaf)]
            secrets, commit_secret = path_secrets(os.urandom(HASH_SIZE), len(path_nodes))
            keys = [node_key(secret) for secret in secrets]
            leaf_key = os.urandom(32)
            parent_hash = tree.with_path(self.leaf, [public_key(key) for key in keys])
            leaf_node = replace(tree.leaf(self.leaf), encryption_key=public_key(leaf_key), source=COMMIT,
                                origin=parent_hash).signed(self.seed, before.context.group, self.leaf)
            tree.nodes[2 * self.leaf] = leaf_node
            private = kept_keys(private, before.tree, tree) | dict(zip(path_nodes, keys)) | {2 * self.leaf: leaf_key}
        context = replace(before.context, epoch=before.context.epoch + 1, tree_hash=tree.tree_hash(),
                          extensions=extensions)
        if with_path:
            nodes = seal_path(tree, self.leaf, secrets, new_leaves, context.encode())
            commit = replace(commit, path=UpdatePath(leaf_node, nodes))
        content = Content(before.context.group, before.context.epoch, self.leaf, b"", COMMIT_CONTENT, commit.encode(),
                          PUBLIC_MESSAGE)
        signature = content.sign(self.seed, before.context)
        joiner, after = self.next_epoch(
            context, tree, private, commit_secret, content.transcript(before.interim, signature))
        encoded = publish(before, content, signature, after.confirmation_tag)
        self.pending = (encoded, after)
        welcome = self.welcome(commit.adds, new_leaves, joiner, after, dict(zip(path_nodes, secrets)))
        return encoded, welcome

    def welcome(self, packages, leaves, joiner, epoch, secrets):
        if not packages:
            return b""
        info = epoch.context.encode() + encode_all([]) + vector(epoch.confirmation_tag) + u32(self.leaf)
        info += vector(sign_with_label(self.seed, "GroupInfoTBS", info))
        sealed_info = seal(*welcome_keys(welcome_secret(joiner)), info)
        entries = []
        for package, leaf in zip(packages, leaves):
            common = next(at for at in epoch.tree.direct_path(leaf) if is_below(2 * self.leaf, at))
            secret = vector(secrets[common]) if secrets else None
            kem_output, ciphertext = encrypt_with_label(
                package.init_key, "Welcome", sealed_info, vector(joiner) + optional(secret) + vector(b""))
            entries.append(vector(package.reference) + vector(kem_output) + vector(ciphertext))
        return message(WELCOME, u16(SUITE) + vector_of(entries) + vector(sealed_info))

    def described(self, tag=None):
        """12.4.3: the GroupInfo of the staged epoch for who comes in from outside; its only extension is external_pub."""
        after = self.pending[1]
        external = public_key(derive_key(derive_secret(after.secret, "external")))
        info = after.context.encode() + vector(u16(EXTERNAL_PUB) + vector(vector(external)))
        info += vector(tag or after.confirmation_tag) + u32(self.leaf)
        return message(GROUP_INFO, info + vector(sign_with_label(self.seed, "GroupInfoTBS", info)))

    def receive(self, encoded):
        """12.4.2: a Commit of another, or our own that has come back. Returns the committer's leaf node of before."""
        if self.pending and self.pending[0] == encoded:
            after = self.pending[1]
            committer = self.epoch.tree.leaf(self.leaf)
        else:
            after, committer = self.processed(encoded)
        self.epochs = self.epochs[1 - EPOCHS_KEPT:] + [after]
        self.pending = None
        return committer

    def processed(self, encoded):
        before = self.epoch
        commit, content, signature, tag = read_published(before, encoded)
        if content.sender == self.leaf:
            raise ProtocolError("no Commit of another")
        if self.leaf in commit.removes:
            raise ProtocolError("removed")
        tree, new_leaves = apply_proposals(before.tree, commit, content.sender)
        private = kept_keys(before.private, before.tree, tree)
        if commit.path:
            self.enter_path(tree, content.sender, commit.path)
        extensions = commit.allowed(before.context, before.tree, before.tree.leaf(content.sender).signature_key)
        context = replace(before.context, epoch=before.context.epoch + 1, tree_hash=tree.tree_hash(),
                          extensions=extensions)
        commit_secret = bytes(HASH_SIZE)
        if commit.path:
            keys, commit_secret = open_path(
                tree, content.sender, commit.path, self.leaf, private, new_leaves, context.encode())
            private = kept_keys(private, before.tree, tree) | keys
        _, after = self.next_epoch(
            context, tree, private, commit_secret, content.transcript(before.interim, signature))
        if after.confirmation_tag != tag:
            raise ProtocolError("confirmation tag")
        return after, before.tree.leaf(content.sender)

    def enter_path(self, tree, sender, path):
        """7.5: the committer's new leaf node and the keys above it."""
        old = tree.leaf(sender)
        parent_hash = tree.with_path(sender, [node.encryption_key for node in path.nodes])
        new = path.leaf_node
        if (new.source != COMMIT or new.parent_hash != parent_hash or new.encryption_key == old.encryption_key
                or new.signature_key != old.signature_key):
            raise ProtocolError("leaf node of the path")
        new.verify(self.epoch.context.group, sender)
        tree.nodes[2 * sender] = new
