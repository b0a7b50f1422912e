"""The ratchet tree of RFC 9420: sections 4, 7 and appendix C. Nodes are values: a change makes a new one."""
from dataclasses import dataclass, replace

from mls_suite import (SUITE, decrypt_with_label, derive_key, derive_secret, digest, encrypt_with_label, public_key,
                       sign_with_label, verify_with_label)
from wire import ProtocolError, Reader, optional, u8, u16, u32, u64, vector, vector_of

MLS_10 = 1
BASIC = 1  # credential type
KEY_PACKAGE, UPDATE, COMMIT = 1, 2, 3  # sources of leaf nodes


# Appendix C: the leaves have even numbers, a parent stands between its children
MODERATORS = 0xF772  # an extension of rooms


def level(node):
    return (~node & (node + 1)).bit_length() - 1


def left(node):
    return node ^ 1 << level(node) - 1


def right(node):
    return node ^ 3 << level(node) - 1


def parent(node):
    height = level(node)
    return (node | 1 << height) & ~(1 << height + 1)


def sibling(node):
    return right(parent(node)) if node == left(parent(node)) else left(parent(node))


def is_below(node, ancestor):
    return abs(node - ancestor) < 1 << level(ancestor)


@dataclass(frozen=True)
class Credential:
    kind: int
    content: bytes  # a basic one's identity

    @staticmethod
    def read(reader):
        kind = reader.number(2)
        return Credential(kind, reader.vector())

    def encode(self):
        return u16(self.kind) + vector(self.content)


@dataclass(frozen=True)
class Extension:
    kind: int
    data: bytes

    @staticmethod
    def read(reader):
        return Extension(reader.number(2), reader.vector())

    def encode(self):
        return u16(self.kind) + vector(self.data)


def encode_all(items):
    return vector_of(item.encode() for item in items)


@dataclass(frozen=True)
class LeafNode:
    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: tuple  # versions, suites, extensions, proposals, credentials: of each a tuple of numbers
    source: int
    origin: bytes  # encoded lifetime, nothing, or the parent hash: what belongs to the source
    extensions: tuple
    signature: bytes = b""

    @staticmethod
    def read(reader):
        keys = reader.vector(), reader.vector()
        credential = Credential.read(reader)
        capabilities = tuple(tuple(reader.vector_of(lambda r: r.number(2))) for _ in range(5))
        source = reader.number(1)
        if source == KEY_PACKAGE:
            origin = reader.take(16)
        elif source == UPDATE:
            origin = b""
        elif source == COMMIT:
            origin = reader.vector()
        else:
            raise ProtocolError("source of a leaf node")
        extensions = tuple(reader.vector_of(Extension.read))
        return LeafNode(*keys, credential, capabilities, source, origin, extensions, reader.vector())

    @staticmethod
    def new(encryption_key, signature_key, not_before, not_after):
        """Of a KeyPackage, without identity; not signed yet."""
        capabilities = ((MLS_10,), (SUITE,), (MODERATORS,), (), (BASIC,))
        return LeafNode(encryption_key, signature_key, Credential(BASIC, b""), capabilities, KEY_PACKAGE,
                        u64(not_before) + u64(not_after), ())

    def content(self):
        origin = vector(self.origin) if self.source == COMMIT else self.origin
        return (vector(self.encryption_key) + vector(self.signature_key) + self.credential.encode()
                + b"".join(vector_of(map(u16, numbers)) for numbers in self.capabilities)
                + u8(self.source) + origin + encode_all(self.extensions))

    def encode(self):
        return self.content() + vector(self.signature)

    def to_be_signed(self, group, leaf):
        return self.content() + (b"" if self.source == KEY_PACKAGE else vector(group) + u32(leaf))

    def signed(self, seed, group=b"", leaf=0):
        return replace(self, signature=sign_with_label(seed, "LeafNodeTBS", self.to_be_signed(group, leaf)))

    def verify(self, group=b"", leaf=0):
        if self.credential.kind not in self.capabilities[4] or SUITE not in self.capabilities[1]:
            raise ProtocolError("capabilities")
        verify_with_label(self.signature_key, "LeafNodeTBS", self.to_be_signed(group, leaf), self.signature)

    @property
    def parent_hash(self):
        return self.origin if self.source == COMMIT else None


@dataclass(frozen=True)
class ParentNode:
    encryption_key: bytes
    parent_hash: bytes = b""
    unmerged: tuple = ()  # leaves

    @staticmethod
    def read(reader):
        return ParentNode(reader.vector(), reader.vector(), tuple(reader.vector_of(lambda r: r.number(4))))

    def encode(self):
        return vector(self.encryption_key) + vector(self.parent_hash) + vector_of(map(u32, self.unmerged))


@dataclass(frozen=True)
class PathNode:
    encryption_key: bytes
    secrets: tuple  # (kem_output, ciphertext), one for each node of a resolution

    @staticmethod
    def read(reader):
        return PathNode(reader.vector(), tuple(reader.vector_of(lambda r: (r.vector(), r.vector()))))

    def encode(self):
        return vector(self.encryption_key) + vector_of(vector(kem) + vector(text) for kem, text in self.secrets)


@dataclass(frozen=True)
class UpdatePath:
    leaf_node: LeafNode
    nodes: tuple

    @staticmethod
    def read(reader):
        return UpdatePath(LeafNode.read(reader), tuple(reader.vector_of(PathNode.read)))

    def encode(self):
        return self.leaf_node.encode() + encode_all(self.nodes)


class Tree:
    """`nodes` has the length 2n - 1 for n leaves, n a power of two; a blank node is None."""

    def __init__(self, nodes):
        self.nodes = nodes

    @staticmethod
    def decode(content):
        def node(reader):
            kind = reader.number(1)
            if kind not in (1, 2):
                raise ProtocolError("node type")
            return LeafNode.read(reader) if kind == 1 else ParentNode.read(reader)

        reader = Reader(content)
        nodes = reader.vector_of(lambda r: r.optional(node))
        reader.finish()
        if not nodes or nodes[-1] is None or any(
                isinstance(node, ParentNode) != bool(at & 1) for at, node in enumerate(nodes) if node):
            raise ProtocolError("nodes at wrong places")
        size = 1
        while size < len(nodes):
            size = 2 * size + 1
        return Tree(nodes + [None] * (size - len(nodes)))

    def encode(self):
        nodes = list(self.nodes)
        while nodes[-1] is None:
            nodes.pop()
        return vector_of(
            optional(node and u8(2 if isinstance(node, ParentNode) else 1) + node.encode()) for node in nodes)

    def copy(self):
        return Tree(list(self.nodes))

    @property
    def root(self):
        return len(self.nodes) // 2

    def leaf(self, index):
        """The leaf node of a member."""
        node = self.nodes[2 * index] if 2 * index < len(self.nodes) else None
        if node is None:
            raise ProtocolError("a blank leaf")
        return node

    @property
    def members(self):
        return [at // 2 for at in range(0, len(self.nodes), 2) if self.nodes[at]]

    def direct_path(self, leaf):
        """The nodes above a leaf, the root last."""
        node, path = 2 * leaf, []
        while node != self.root:
            node = parent(node)
            path.append(node)
        return path

    def resolution(self, node):
        content = self.nodes[node]
        if content is None:
            return [] if level(node) == 0 else self.resolution(left(node)) + self.resolution(right(node))
        return [node] + [2 * leaf for leaf in getattr(content, "unmerged", ())]

    def filtered_path(self, leaf):
        """The nodes above a leaf that get keys from it, each with its child beside the path."""
        below, path = 2 * leaf, []
        for node in self.direct_path(leaf):
            beside = sibling(below)
            if self.resolution(beside):
                path.append((node, beside))
            below = node
        return path

    # 7.7, 12.1: changes

    def add(self, leaf_node):
        """Returns the leaf."""
        free = [at for at in range(0, len(self.nodes), 2) if self.nodes[at] is None]
        if not free:
            free = [len(self.nodes) + 1]
            self.nodes += [None] * (len(self.nodes) + 1)
        leaf = free[0] // 2
        self.nodes[2 * leaf] = leaf_node
        for node in self.direct_path(leaf):
            if self.nodes[node]:
                unmerged = tuple(sorted(self.nodes[node].unmerged + (leaf,)))
                self.nodes[node] = replace(self.nodes[node], unmerged=unmerged)
        return leaf

    def blank_path(self, leaf):
        for node in self.direct_path(leaf):
            self.nodes[node] = None

    def remove(self, leaf):
        self.leaf(leaf)
        self.nodes[2 * leaf] = None
        self.blank_path(leaf)
        while len(self.nodes) > 1 and not any(self.nodes[self.root:]):
            del self.nodes[self.root:]

    def with_path(self, leaf, keys):
        """7.5, 7.9: new keys above a leaf. Returns the parent hash for the leaf."""
        path = self.filtered_path(leaf)
        if len(path) != len(keys):
            raise ProtocolError("length of the path")
        self.blank_path(leaf)
        parent_hash = b""
        for (node, beside), key in reversed(list(zip(path, keys))):
            self.nodes[node] = ParentNode(key, parent_hash)
            parent_hash = self.parent_hash(node, beside)
        return parent_hash

    # 7.8, 7.9: hashes

    def tree_hash(self, node=None, without=frozenset()):
        """The hash as if the leaves `without` had not been added."""
        node = self.root if node is None else node
        content = self.nodes[node]
        if level(node) == 0:
            if node // 2 in without:
                content = None
            return digest(u8(1) + u32(node // 2) + optional(content and content.encode()))
        if content and without:
            content = replace(content, unmerged=tuple(leaf for leaf in content.unmerged if leaf not in without))
        return digest(u8(2) + optional(content and content.encode()) + vector(self.tree_hash(left(node), without))
                      + vector(self.tree_hash(right(node), without)))

    def parent_hash(self, node, beside):
        """What a child of `node` that is not `beside` says of it."""
        content = self.nodes[node]
        return digest(vector(content.encryption_key) + vector(content.parent_hash)
                      + vector(self.tree_hash(beside, frozenset(content.unmerged))))

    def verify(self, group):
        """12.4.3.1: leaf nodes, distinct keys, unmerged leaves, parent hashes."""
        present = [node for node in self.nodes if node]
        if len({node.encryption_key for node in present}) != len(present):
            raise ProtocolError("a key twice")
        if len({self.leaf(leaf).signature_key for leaf in self.members}) != len(self.members):
            raise ProtocolError("a signature key twice")
        for leaf in self.members:
            self.leaf(leaf).verify(group, leaf)
        for at in range(1, len(self.nodes), 2):
            if self.nodes[at]:
                self.verify_parent(at)

    def verify_parent(self, node):
        unmerged = self.nodes[node].unmerged
        if list(unmerged) != sorted(set(unmerged)):
            raise ProtocolError("unmerged leaves")
        for leaf in unmerged:
            between = [at for at in self.direct_path(leaf) if level(at) < level(node)]
            if not is_below(2 * leaf, node) or not self.nodes[2 * leaf] or any(
                    self.nodes[at] and leaf not in self.nodes[at].unmerged for at in between):
                raise ProtocolError("unmerged leaves")
        for child, beside in ((left(node), right(node)), (right(node), left(node))):
            expected = self.parent_hash(node, beside)
            below = {2 * leaf for leaf in unmerged if is_below(2 * leaf, child)}
            resolution = self.resolution(child)
            if any(self.nodes[at].parent_hash == expected and set(resolution) - {at} == below for at in resolution):
                return
        raise ProtocolError("parent hash")


# 7.4 to 7.6: the secrets of a path


def path_secrets(first, count):
    """The secrets of so many nodes upwards, and the commit secret."""
    secrets = [first]
    for _ in range(count):
        secrets.append(derive_secret(secrets[-1], "path"))
    return secrets[:count], secrets[count]


def node_key(path_secret):
    return derive_key(derive_secret(path_secret, "node"))


def keys_of_path(tree, leaf, node, path_secret):
    """The private keys that a secret at `node` gives, which is above `leaf` and has new keys, and the commit secret."""
    nodes = [at for at, _ in tree.filtered_path(leaf) if is_below(node, at)]
    if not nodes or nodes[0] != node:
        raise ProtocolError("no node of the path")
    secrets, commit_secret = path_secrets(path_secret, len(nodes))
    keys = {at: node_key(secret) for at, secret in zip(nodes, secrets)}
    if any(public_key(key) != tree.nodes[at].encryption_key for at, key in keys.items()):
        raise ProtocolError("keys of the path")
    return keys, commit_secret


def receivers(tree, beside, new_leaves):
    """The nodes to which a path secret is encrypted."""
    return [node for node in tree.resolution(beside) if node // 2 not in new_leaves or node & 1]


def seal_path(tree, leaf, secrets, new_leaves, context):
    """The nodes of an UpdatePath. The tree has the new keys already."""
    nodes = []
    for (node, beside), secret in zip(tree.filtered_path(leaf), secrets):
        sealed = [encrypt_with_label(tree.nodes[to].encryption_key, "UpdatePathNode", context, secret)
                  for to in receivers(tree, beside, new_leaves)]
        nodes.append(PathNode(tree.nodes[node].encryption_key, tuple(sealed)))
    return tuple(nodes)


def open_path(tree, sender, path, own_leaf, private, new_leaves, context):
    """The private keys that an UpdatePath gives the member `own_leaf`, and the commit secret.

    The tree has the new keys already. `private` holds this member's keys of before.
    """
    for (node, beside), sent in zip(tree.filtered_path(sender), path.nodes):
        to = receivers(tree, beside, new_leaves)
        if len(to) != len(sent.secrets):
            raise ProtocolError("number of encrypted path secrets")
        if is_below(2 * own_leaf, beside):
            mine = next((at for at in to if at in private), None)
            if mine is None:
                raise ProtocolError("no key for the path secret")
            secret = decrypt_with_label(private[mine], "UpdatePathNode", context, *sent.secrets[to.index(mine)])
            return keys_of_path(tree, sender, node, secret)
    raise ProtocolError("not above this member")
