"""Encrypts packages as Office does since 2007: the standard way, and the agile one of 2010."""

from __future__ import annotations

import hashlib
import struct
from base64 import b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.samples.mail import compound

_SALT, _VERIFIER, _KEY = bytes(range(16)), bytes(range(50, 66)), bytes(range(100, 132))


def standard(package: bytes, password: str) -> bytes:
    secret = hashlib.sha1(_SALT + password.encode("utf-16-le")).digest()
    for turn in range(50_000):
        secret = hashlib.sha1(struct.pack("<I", turn) + secret).digest()
    secret = hashlib.sha1(secret + bytes(4)).digest()
    key = hashlib.sha1(bytes(0x36 ^ byte for byte in secret) + b"\x36" * 44).digest()[:16]
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + "AES\0".encode("utf-16-le")
    proof = hashlib.sha1(_VERIFIER).digest()
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header + struct.pack("<I", 16) + _SALT
    info += _laid(key, None, _VERIFIER) + struct.pack("<I", 20) + _laid(key, None, proof)
    return _container(info, len(package), _laid(key, None, package))


def agile(package: bytes, password: str, said_turns: int | None = None) -> bytes:
    """With a key hashed 1,000 times; the file says that or ``said_turns``."""
    turns = 1_000
    secret = hashlib.sha512(_SALT + password.encode("utf-16-le")).digest()
    for turn in range(turns):
        secret = hashlib.sha512(struct.pack("<I", turn) + secret).digest()

    def hidden(purpose: str, content: bytes) -> str:
        key = hashlib.sha512(secret + bytes.fromhex(purpose)).digest()[:32]
        return b64encode(_laid(key, _SALT, content)).decode()

    same = (
        'saltSize="16" blockSize="16" keyBits="256" hashSize="64" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" '
        f'hashAlgorithm="SHA512" saltValue="{b64encode(_SALT).decode()}"'
    )
    info = (
        f'<?xml version="1.0"?><encryption><keyData {same}/><keyEncryptors><keyEncryptor><p:encryptedKey '
        f'spinCount="{said_turns or turns}" {same} encryptedVerifierHashInput="{hidden("fea7d2763b4b9e79", _VERIFIER)}" '
        f'encryptedVerifierHashValue="{hidden("d7aa0f6d3061344e", hashlib.sha512(_VERIFIER).digest())}" '
        f'encryptedKeyValue="{hidden("146e0be7abacd0d6", _KEY)}"/></keyEncryptor></keyEncryptors></encryption>'
    )
    segments = (
        _laid(_KEY, hashlib.sha512(_SALT + struct.pack("<I", number)).digest()[:16], package[start : start + 4_096])
        for number, start in enumerate(range(0, len(package), 4_096))
    )
    return _container(struct.pack("<HHI", 4, 4, 0x40) + info.encode(), len(package), b"".join(segments))


def _container(info: bytes, size: int, content: bytes) -> bytes:
    return compound({"EncryptionInfo": info, "EncryptedPackage": struct.pack("<Q", size) + content})


def _laid(key: bytes, first: bytes | None, content: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB() if first is None else modes.CBC(first)).encryptor()
    return encryptor.update(content + bytes(-len(content) % 16))
