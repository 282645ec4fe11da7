"""Packages that Excel encrypts without asking: those with a protected structure open with a password of its own.

Structures as Microsoft publishes them in [MS-OFFCRYPTO]: standard encryption of Office 2007, agile of 2010 and later.
"""

from __future__ import annotations

import hashlib
import re
import struct
from binascii import a2b_base64
from collections.abc import Iterator

from kimi_files.errors import DamagedFile
from kimi_files.extract.office.biff_key import PASSWORD
from kimi_files.extract.office.compound import Compound

_STANDARD_VERSIONS, _AGILE_VERSION = ((2, 2), (3, 2), (4, 2)), (4, 4)
_STANDARD_TURNS = 50_000
# Excel turns 100,000 times, a tenth of a second; the number stands in the file.
_MOST_TURNS = 1_000_000
_MOST_INFO_BYTES = 1 << 16
_SEGMENT_BYTES = 4_096
_AES_BLOCK_BYTES = 16
_HASHES = {"SHA1": "sha1", "SHA-1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_AES_KEY_BYTES = (16, 24, 32)

# What each of the hashes of agile encryption is for.
_FOR_INPUT = bytes.fromhex("fea7d2763b4b9e79")
_FOR_PROOF = bytes.fromhex("d7aa0f6d3061344e")
_FOR_KEY = bytes.fromhex("146e0be7abacd0d6")

_ELEMENT = re.compile(rb"<(?:\w+:)?(keyData|encryptedKey)\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"""(\w+)\s*=\s*["']([^"']*)["']""")


def decrypted(untrusted_bytes: bytes) -> bytes | None:
    """The package in plain; None where it asks for a password of its author's, or is encrypted in a way of others.

    Raises:
        DamagedFile: The password is Excel's, but what is encrypted is no package.
    """
    try:
        container = Compound(untrusted_bytes)
        info = container.stream("EncryptionInfo", _MOST_INFO_BYTES) or b""
        version = struct.unpack_from("<HH", info)
        content = container.stream("EncryptedPackage", len(untrusted_bytes)) or b""
        size = struct.unpack_from("<Q", content)[0]
        if version == _AGILE_VERSION:
            plain = _by_agile(info[8:], content[8:])
        else:
            plain = _by_standard(info, content[8:]) if version in _STANDARD_VERSIONS else None
    except (ValueError, KeyError, struct.error):
        return None
    if plain is not None and not plain.startswith(b"PK"):
        raise DamagedFile(
            "The file is damaged: what is encrypted in it is no workbook.", "Open it in its program and save it again."
        )
    return None if plain is None else plain[:size]


def _by_standard(info: bytes, content: bytes) -> bytes | None:
    header_size = struct.unpack_from("<I", info, 8)[0]
    key_bits = struct.unpack_from("<I", info, 12 + 16)[0] or 128
    place = 12 + header_size
    salt, verifier, proof = (info[place + a : place + b] for a, b in ((4, 20), (20, 36), (40, 72)))
    secret = _turned("sha1", salt, _STANDARD_TURNS)
    secret = hashlib.sha1(secret + bytes(4), usedforsecurity=False).digest()
    laid = (bytes(sign ^ byte for byte in secret.ljust(64, b"\0")) for sign in (0x36, 0x5C))
    key = b"".join(hashlib.sha1(part, usedforsecurity=False).digest() for part in laid)[: key_bits // 8]
    found = hashlib.sha1(_plain(key, None, verifier), usedforsecurity=False).digest()
    return _plain(key, None, content) if found == _plain(key, None, proof)[:20] else None


def _by_agile(info: bytes, content: bytes) -> bytes | None:
    elements = {match[1]: dict(_ATTRIBUTE.findall(match[2])) for match in _ELEMENT.finditer(info)}
    outer, inner = elements[b"keyData"], elements[b"encryptedKey"]
    if any(
        part[b"cipherAlgorithm"] != b"AES" or part[b"cipherChaining"] != b"ChainingModeCBC" for part in (outer, inner)
    ):
        return None
    turns = int(inner[b"spinCount"])
    if not 0 <= turns <= _MOST_TURNS:
        return None
    kind, salt = _HASHES[inner[b"hashAlgorithm"].decode()], a2b_base64(inner[b"saltValue"])
    secret = _turned(kind, salt, turns)

    def found(name: bytes, purpose: bytes) -> bytes:
        key = _fitted(hashlib.new(kind, secret + purpose, usedforsecurity=False).digest(), int(inner[b"keyBits"]) // 8)
        return _plain(key, _fitted(salt, _AES_BLOCK_BYTES), a2b_base64(inner[name]))

    verifier = found(b"encryptedVerifierHashInput", _FOR_INPUT)[: int(inner[b"saltSize"])]
    proof = hashlib.new(kind, verifier, usedforsecurity=False).digest()
    if found(b"encryptedVerifierHashValue", _FOR_PROOF)[: len(proof)] != proof:
        return None
    key = found(b"encryptedKeyValue", _FOR_KEY)[: int(outer[b"keyBits"]) // 8]
    return b"".join(_segments(key, outer, content))


def _segments(key: bytes, outer: dict[bytes, bytes], content: bytes) -> Iterator[bytes]:
    kind, salt = _HASHES[outer[b"hashAlgorithm"].decode()], a2b_base64(outer[b"saltValue"])
    for number, start in enumerate(range(0, len(content), _SEGMENT_BYTES)):
        first = hashlib.new(kind, salt + struct.pack("<I", number), usedforsecurity=False).digest()
        yield _plain(key, _fitted(first, _AES_BLOCK_BYTES), content[start : start + _SEGMENT_BYTES])


def _turned(kind: str, salt: bytes, turns: int) -> bytes:
    """The password's hash, hashed so often that guessing is slow."""
    secret = hashlib.new(kind, salt + PASSWORD, usedforsecurity=False).digest()
    for number in range(turns):
        secret = hashlib.new(kind, struct.pack("<I", number) + secret, usedforsecurity=False).digest()
    return secret


def _fitted(value: bytes, size: int) -> bytes:
    return value[:size].ljust(size, b"\x36")


def _plain(key: bytes, first: bytes | None, content: bytes) -> bytes:
    """By AES, block after block alone where there is no ``first`` to chain them to; without a last block that is not whole."""
    # Only a file that is encrypted needs it.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(key) not in _AES_KEY_BYTES:
        raise ValueError("no key of AES")
    mode = modes.ECB() if first is None else modes.CBC(first)  # noqa: S305 (what the file was written with)
    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    return decryptor.update(content[: len(content) // _AES_BLOCK_BYTES * _AES_BLOCK_BYTES])
