"""Suite 0x0003 of RFC 9420: X25519, ChaCha20-Poly1305, SHA-256, Ed25519; HPKE (RFC 9180) in base mode.

Keys are raw bytes.
"""
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from wire import ProtocolError, u8, u16, u32, vector

SUITE = 3
HASH_SIZE = 32  # Nh, and the size of all secrets
KEY_SIZE = 32  # Nk
NONCE_SIZE = 12  # Nn
KEM = b"KEM" + u16(0x0020)
HPKE = b"HPKE" + u16(0x0020) + u16(0x0001) + u16(0x0003)


def digest(content):
    return hashlib.sha256(content).digest()


def mac(key, content):
    return hmac.digest(key, content, "sha256")


def extract(salt, secret):
    return mac(salt, secret)


def expand(secret, info, length):
    output = block = b""
    while len(output) < length:
        block = mac(secret, block + info + u8(len(output) // HASH_SIZE + 1))
        output += block
    return output[:length]


def seal(key, nonce, plaintext, associated=b""):
    return ChaCha20Poly1305(key).encrypt(nonce, plaintext, associated)


def open_sealed(key, nonce, ciphertext, associated=b""):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise ProtocolError("it does not decrypt") from None


# RFC 9420, sections 5.1, 5.2, 8 and 9: labels


def labelled(label):
    return vector(b"MLS 1.0 " + label.encode())


def expand_with_label(secret, label, context, length=HASH_SIZE):
    return expand(secret, u16(length) + labelled(label) + vector(context), length)


def derive_secret(secret, label):
    return expand_with_label(secret, label, b"")


def derive_tree_secret(secret, label, generation, length=HASH_SIZE):
    return expand_with_label(secret, label, u32(generation), length)


def ref_hash(label, content):
    return digest(vector(label.encode()) + vector(content))


def signature_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign_with_label(seed, label, content):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(labelled(label) + vector(content))


def verify_with_label(public, label, content, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, labelled(label) + vector(content))
    except (InvalidSignature, ValueError):
        raise ProtocolError(f"a wrong signature: {label}") from None


def encrypt_with_label(public, label, context, plaintext):
    """kem_output and ciphertext."""
    return hpke_seal(public, labelled(label) + vector(context), plaintext)


def decrypt_with_label(private, label, context, kem_output, ciphertext):
    return hpke_open(private, labelled(label) + vector(context), kem_output, ciphertext)


# RFC 9180


def labelled_extract(suite, salt, label, secret):
    return extract(salt, b"HPKE-v1" + suite + label + secret)


def labelled_expand(suite, secret, label, info, length):
    return expand(secret, u16(length) + b"HPKE-v1" + suite + label + info, length)


def public_key(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def derive_key(secret):
    """The private key of DeriveKeyPair."""
    return labelled_expand(KEM, labelled_extract(KEM, b"", b"dkp_prk", secret), b"sk", b"", 32)


def diffie_hellman(private, public):
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise ProtocolError("no public key") from None


def hpke_key(shared, kem_output, receiver, info):
    """Key and nonce of the only message that a context seals."""
    prk = labelled_extract(KEM, b"", b"eae_prk", shared)
    secret = labelled_expand(KEM, prk, b"shared_secret", kem_output + receiver, 32)
    context = b"\0" + labelled_extract(HPKE, b"", b"psk_id_hash", b"") + labelled_extract(HPKE, b"", b"info_hash", info)
    secret = labelled_extract(HPKE, secret, b"secret", b"")
    return (labelled_expand(HPKE, secret, b"key", context, KEY_SIZE),
            labelled_expand(HPKE, secret, b"base_nonce", context, NONCE_SIZE))


def hpke_seal(receiver, info, plaintext):
    ephemeral = os.urandom(32)
    kem_output = public_key(ephemeral)
    key, nonce = hpke_key(diffie_hellman(ephemeral, receiver), kem_output, receiver, info)
    return kem_output, seal(key, nonce, plaintext)


def hpke_open(private, info, kem_output, ciphertext):
    key, nonce = hpke_key(diffie_hellman(private, kem_output), kem_output, public_key(private), info)
    return open_sealed(key, nonce, ciphertext)
