"""Checks this MLS against the test vectors of the MLS working group, and against itself. Called by run.sh.

    mls_vectors.py FOLDER      where the vectors are, in mls/*.json; without them the rest is checked
"""
import json
import os
import sys

import mls
import mls_tree
from mls_schedule import (Context, Epoch, SecretTree, epoch_secret, joiner_secret, welcome_keys, welcome_secret)
from mls_suite import (SUITE, decrypt_with_label, derive_secret, derive_tree_secret, encrypt_with_label,
                       expand_with_label, mac, open_sealed, public_key, ref_hash, sign_with_label, verify_with_label)
from mls_passive import PassiveGroup
from mls_tree import Tree, UpdatePath
from wire import ProtocolError, Reader, whole

NOW = 1_700_000_000


def unhex(value):
    if isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            return value
    if isinstance(value, list):
        return [unhex(each) for each in value]
    return {key: unhex(each) for key, each in value.items()} if isinstance(value, dict) else value


def tree_math(vector):
    nodes = range(vector["n_nodes"])
    tree = Tree([None] * vector["n_nodes"])
    same(tree.root, vector["root"])
    same([mls_tree.left(n) if n & 1 else None for n in nodes], vector["left"])
    same([mls_tree.right(n) if n & 1 else None for n in nodes], vector["right"])
    same([None if n == tree.root else mls_tree.parent(n) for n in nodes], vector["parent"])
    same([None if n == tree.root else mls_tree.sibling(n) for n in nodes], vector["sibling"])


def crypto_basics(vector):
    case = vector["ref_hash"]
    same(ref_hash(case["label"], case["value"]), case["out"])
    case = vector["expand_with_label"]
    same(expand_with_label(case["secret"], case["label"], case["context"], case["length"]), case["out"])
    case = vector["derive_secret"]
    same(derive_secret(case["secret"], case["label"]), case["out"])
    case = vector["derive_tree_secret"]
    same(derive_tree_secret(case["secret"], case["label"], case["generation"], case["length"]), case["out"])
    case = vector["sign_with_label"]
    same(sign_with_label(case["priv"], case["label"], case["content"]), case["signature"])
    verify_with_label(case["pub"], case["label"], case["content"], case["signature"])
    case = vector["encrypt_with_label"]
    same(decrypt_with_label(case["priv"], case["label"], case["context"], case["kem_output"], case["ciphertext"]),
         case["plaintext"])
    sealed = encrypt_with_label(case["pub"], case["label"], case["context"], b"sealed here")
    same(decrypt_with_label(case["priv"], case["label"], case["context"], *sealed), b"sealed here")


def key_schedule(vector):
    init_secret = vector["initial_init_secret"]
    for number, case in enumerate(vector["epochs"]):
        context = Context(vector["group_id"], number, case["tree_hash"], case["confirmed_transcript_hash"])
        same(context.encode(), case["group_context"])
        joiner = joiner_secret(init_secret, case["commit_secret"], context)
        same(joiner, case["joiner_secret"])
        same(welcome_secret(joiner, case["psk_secret"]), case["welcome_secret"])
        epoch = Epoch(context, Tree([None]), {}, epoch_secret(joiner, context, case["psk_secret"]))
        init_secret = epoch.init_secret
        for name in ("init_secret", "sender_data_secret", "exporter_secret"):
            same(getattr(epoch, name), case[name])
        same(epoch.authenticator, case["epoch_authenticator"])
        same(epoch.secret_tree.root, 0)
        same(epoch.secret_tree.secrets[0], case["encryption_secret"])
        same(epoch.confirmation_tag, mac(case["confirmation_key"], context.transcript))
        exporter = case["exporter"]
        label = exporter["label"] if isinstance(exporter["label"], str) else exporter["label"].hex()
        same(epoch.export(label, exporter["context"], exporter["length"]), exporter["secret"])


def secret_tree(vector):
    case = vector["sender_data"]
    same(mls.sender_data_keys(case["sender_data_secret"], case["ciphertext"]), (case["key"], case["nonce"]))
    tree = SecretTree(vector["encryption_secret"], 2 * len(vector["leaves"]) - 1)
    for leaf, generations in enumerate(vector["leaves"]):
        for case in reversed(generations):
            for label in ("application", "handshake"):
                same(tree.take(leaf, label, case["generation"])[1:], (case[label + "_key"], case[label + "_nonce"]))
                fails(lambda leaf=leaf, label=label, at=case["generation"]: tree.take(leaf, label, at))


def message_protection(vector):
    """Data of the application; the vector's Commit changes extensions, which rooms do not know."""
    context = Context(vector["group_id"], vector["epoch"], vector["tree_hash"], vector["confirmed_transcript_hash"])

    def epoch():
        leaf_node = mls_tree.LeafNode.new(b"", vector["signature_pub"], 0, 1)
        made = Epoch(context, Tree([leaf_node, None, leaf_node]), {}, bytes(32))
        made.sender_data_secret = vector["sender_data_secret"]
        made.secret_tree = SecretTree(vector["encryption_secret"], 3)
        return made

    content, _, _ = mls.unprotect(epoch(), vector["application_priv"])
    same((content.sender, content.body), (1, vector["application"]))
    again = mls.protect(epoch(), content, content.sign(vector["signature_priv"], context))
    same(mls.unprotect(epoch(), again)[0], content)
    changed = again[:-1] + bytes([again[-1] ^ 1])
    fails(lambda: mls.unprotect(epoch(), changed))


def welcome(vector):
    package = mls.KeyPackage.read(mls.body(mls.KEY_PACKAGE_MESSAGE, vector["key_package"]))
    package.verify()
    reader = mls.body(mls.WELCOME, vector["welcome"])
    same(reader.number(2), SUITE)
    secrets = dict(reader.vector_of(lambda r: (r.vector(), (r.vector(), r.vector()))))
    sealed_info = reader.vector()
    opened = Reader(decrypt_with_label(vector["init_priv"], "Welcome", sealed_info, *secrets[package.reference]))
    joiner = opened.vector()
    reader = Reader(open_sealed(*welcome_keys(welcome_secret(joiner)), sealed_info))
    context = Context.read(reader)
    reader.vector()
    tag = reader.vector()
    reader.number(4)
    signed = reader.content[:reader.position]
    verify_with_label(vector["signer_pub"], "GroupInfoTBS", signed, reader.vector())
    same(Epoch(context, Tree([None]), {}, epoch_secret(joiner, context)).confirmation_tag, tag)


def tree_validation(vector):
    tree = Tree.decode(vector["tree"])
    same(tree.encode(), vector["tree"])
    nodes = range(len(tree.nodes))
    same([tree.tree_hash(node) for node in nodes], vector["tree_hashes"])
    same([tree.resolution(node) for node in nodes], vector["resolutions"])
    tree.verify(vector["group_id"])


def treekem(vector):
    before = Tree.decode(vector["ratchet_tree"])
    before.verify(vector["group_id"])
    for case in vector["update_paths"]:
        path = whole(UpdatePath.read, case["update_path"])
        tree = before.copy()
        parent_hash = tree.with_path(case["sender"], [node.encryption_key for node in path.nodes])
        same(path.leaf_node.parent_hash, parent_hash)
        path.leaf_node.verify(vector["group_id"], case["sender"])
        tree.nodes[2 * case["sender"]] = path.leaf_node
        same(tree.tree_hash(), case["tree_hash_after"])
        tree.verify(vector["group_id"])
        context = Context(vector["group_id"], vector["epoch"], tree.tree_hash(), vector["confirmed_transcript_hash"])
        for member in vector["leaves_private"]:
            private = {2 * member["index"]: member["encryption_priv"]}
            for node in member["path_secrets"]:
                private[node["node"]] = mls_tree.node_key(node["path_secret"])
            same(all(public_key(key) == before.nodes[node].encryption_key for node, key in private.items()), True)
            if member["index"] == case["sender"]:
                continue
            keys, commit_secret = mls_tree.open_path(
                tree, case["sender"], path, member["index"], private, [], context.encode())
            same(commit_secret, case["commit_secret"])
            lowest = min(keys, key=mls_tree.level)
            same(keys[lowest], mls_tree.node_key(case["path_secrets"][member["index"]]))


def generated_passive_client(vector):
    """Joins, and follows what the others do."""
    group = joined(vector)
    for epoch in vector["epochs"]:
        for case in epoch["x_application"]:
            data, authenticated, leaf_node, _ = group.open(case["message"])
            same((data, authenticated), (case["plaintext"], case["aad"]))
            same(leaf_node, group.epoch.tree.leaf(case["sender_leaf"]))
        follow(group, epoch)
        same(group.epoch.context.tree_hash, epoch["x_tree_hash"])


def generated_negative(vector):
    """Does not follow what breaks the rules."""
    group, attack = joined(vector), vector["attack"]
    for epoch in vector["epochs"]:
        follow(group, epoch)

    def attacked():
        for proposal in attack["proposals"]:
            group.receive_proposal(proposal)
        if attack["commit"]:
            group.receive(attack["commit"])
        if attack["message"]:
            group.opened(attack["message"])

    attacked() if vector["expect"] == "accept" else fails(attacked)


# About proposals that rooms refuse, whatever is in them; and the lifetime, which rooms do not look at.
NOT_IN_ROOMS = {
    "update-by-committer", "update-and-remove-same-leaf", "update-same-encryption-key", "gce-unsupported-extension",
    "add-missing-group-extension-capability", "external-init-in-normal-commit", "unknown-proposal-ref",
    "add-expired-keypackage",
}


def joined(vector):
    package = mls.KeyPackage.read(mls.body(mls.KEY_PACKAGE_MESSAGE, vector["key_package"]))
    keys = {key["psk_id"]: key["psk"] for key in vector["external_psks"]}
    group = PassiveGroup(package, vector["signature_priv"], vector["init_priv"], vector["encryption_priv"], keys,
                         vector["ratchet_tree"])
    group.join(vector["welcome"])
    same(group.epoch.authenticator, vector["initial_epoch_authenticator"])
    return group


def follow(group, epoch):
    for proposal in epoch["proposals"]:
        group.receive_proposal(proposal)
    group.receive(epoch["commit"])
    same(group.epoch.authenticator, epoch["epoch_authenticator"])


def itself():
    """Members that add, remove and update among themselves, in turn, and always agree."""
    groups = [mls.Group(os.urandom(32), NOW)]
    groups[0].create()
    for turn in range(20):
        committer = groups[turn * 7 % len(groups)]
        removed = [group for group in groups if group is not committer][:1] if turn % 5 == 4 else []
        added = [mls.Group(os.urandom(32), NOW) for _ in range((2, 0, 1, 1, 0)[turn % 5])]
        commit, welcome_ = committer.commit(
            [group.package for group in added], [group.leaf for group in removed], turn % 5 == 0)
        for group in groups:
            if group in removed:
                fails(lambda group=group: group.receive(commit))
            else:
                group.receive(commit)
        for group in added:
            group.join(welcome_, committer.epoch.tree.encode())
        groups = [group for group in groups if group not in removed] + added
        same(len({group.epoch.authenticator for group in groups}), 1)
        groups[0].epoch.tree.verify(groups[0].epoch.context.group)
        sealed = groups[-1].seal(b"hello", b"id", padding_unit=336)
        for group in groups[:-1]:
            same(group.open(sealed)[:2], (b"hello", b"id"))
            fails(lambda group=group: group.open(sealed))


def same(value, expected):
    if value != expected:
        raise AssertionError(f"{value!r} is not {expected!r}")


def fails(action):
    try:
        action()
    except ProtocolError:
        return
    raise AssertionError("it should fail")


def main(folder):
    itself()
    print("ok MLS: 20 Commits among itself", flush=True)
    if not os.path.isdir(os.path.join(folder, "mls")):
        print(f"SKIPPED Tests/ProtocolPeer: no MLS vectors in {folder} (TERMTALK_VECTORS)", file=sys.stderr)
        return
    count = 0
    for check in (tree_math, crypto_basics, key_schedule, secret_tree, message_protection, welcome, tree_validation,
                  treekem, generated_passive_client, generated_negative):
        with open(os.path.join(folder, "mls", check.__name__.replace("_", "-") + ".json"), encoding="utf-8") as file:
            for vector in json.load(file):
                if vector.get("cipher_suite", SUITE) == SUITE and vector.get("name") not in NOT_IN_ROOMS:
                    check(unhex(vector))
                    count += 1
    print(f"ok MLS: {count} test vectors; {len(NOT_IN_ROOMS)} about what rooms refuse are left out", flush=True)


main(*sys.argv[1:])
