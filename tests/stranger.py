#!/usr/bin/env python3
"""A stranger checks a log: with Python's standard library, the openssl program, and none of this project's code.

    python3 tests/stranger.py http://127.0.0.1:8080 [INDEX]

It fetches the checkpoint, the signed tree head of RFC 6962, all tiles and entry bundles and one receipt (of entry INDEX,
by default the last), then

  1. hashes every entry and rebuilds the whole tree: its root is the one that both heads name;
  2. compares every tile, full or partial, with the hashes it computed itself;
  3. verifies the log's Ed25519 (0x01) and P-256 (0x05) signatures on the checkpoint, and the P-256 one on get-sth, and the
     Ed25519 cosignatures (0x04) by the witnesses that the log's policy names, if it names some;
  4. verifies the receipt: its entry, its path, and the signatures on its own checkpoint.

Not checked: the ML-DSA-44 lines (openssl 3.0 cannot), whether those who cosigned are a quorum (`notary verify`) and who
may submit (`notarylog check URL`). The keys are those that the log names itself in /v1/log; whoever knows them from elsewhere
compares them: they are printed.

Exit code 0: all of it holds. 1: something does not, and the last line says what. 2: usage.
"""

import base64
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

TILE_WIDTH = 256  # https://c2sp.org/tlog-tiles
ANSWER_MAX = 16 << 20  # bytes; the largest honest answer, an entry bundle, has 42 KB
ED25519, COSIGNATURE, TREE_HEAD = 0x01, 0x04, 0x05  # signature types of https://c2sp.org/signed-note
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before the 32 bytes of a key


class Wrong(Exception):
    """Something that the log says does not hold."""


def need(holds, otherwise):
    if not holds:
        raise Wrong(otherwise)


# ---- asking -----------------------------------------------------------------------------------------------------------


class Log:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                body = answer.read(ANSWER_MAX + 1)
        except (urllib.error.URLError, OSError) as error:
            raise Wrong(f"{path} was not answered: {error}") from error
        need(len(body) <= ANSWER_MAX, f"{path} answered more than {ANSWER_MAX} bytes")
        return body

    def json(self, path):
        return json.loads(self.get(path))


def tile_path(index, width):
    """67, 256 -> '067'; 1234067, 8 -> 'x001/x234/067.p/8'"""
    rest, path = divmod(index, 1000)
    path = f"{path:03}"
    while rest:
        rest, part = divmod(rest, 1000)
        path = f"x{part:03}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def rows(count):
    """Where the rows of a tree level with `count` hashes lie: (tile index, width)."""
    full, partial = divmod(count, TILE_WIDTH)
    return [(index, TILE_WIDTH) for index in range(full)] + ([(full, partial)] if partial else [])


def fetch_entries(log, size):
    """Entry bundles are entries, each behind its length as a big-endian uint16."""
    entries = []
    for index, width in rows(size):
        path = f"/tile/entries/{tile_path(index, width)}"
        bundle, at = log.get(path), 0
        for _ in range(width):
            need(at + 2 <= len(bundle), f"{path} is cut short")
            (length,) = struct.unpack_from(">H", bundle, at)
            entries.append(bundle[at + 2 : at + 2 + length])
            at += 2 + length
        need(at == len(bundle), f"{path} is not {width} whole entries")
    return entries


# ---- the tree: RFC 6962 section 2.1 -------------------------------------------------------------------------------------


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    """The root over leaf hashes: pairs are joined, a last odd one moves up unchanged."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1 :]
        hashes = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes) - 1, 2)] + odd
    return hashes[0]


def fold(leaf, index, size, path):
    """The root that an inclusion path leads to (RFC 9162 section 2.1.3.2)."""
    need(index < size, f"entry {index} does not lie in a tree of {size}")
    node, last, value = index, size - 1, leaf
    for sibling in path:
        need(last > 0, "the path is too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    need(last == 0, "the path is too short")
    return value


def check_tiles(log, leaves, size):
    """Level l holds the hashes of whole subtrees of 256^l leaves."""
    level, hashes, count = 0, leaves[:size], 0
    while hashes:
        for index, width in rows(len(hashes)):
            path = f"/tile/{level}/{tile_path(index, width)}"
            mine = b"".join(hashes[index * TILE_WIDTH :][:width])
            need(log.get(path) == mine, f"{path} holds other hashes than the entries give")
            count += 1
        whole = len(hashes) // TILE_WIDTH
        hashes = [root_of(hashes[i * TILE_WIDTH :][:TILE_WIDTH]) for i in range(whole)]
        level += 1
    return count


# ---- signatures -------------------------------------------------------------------------------------------------------


def openssl(spki, message, signature, *how):
    """Asks openssl whether `signature` over `message` is by the key `spki` (DER)."""
    with tempfile.TemporaryDirectory() as folder:
        key, text, sig = (Path(folder) / name for name in ("key.der", "message", "signature"))
        key.write_bytes(spki)
        text.write_bytes(message)
        sig.write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, "-rawin", *how]
        done = subprocess.run([*command, "-in", text, "-sigfile", sig], capture_output=True, check=False)
    return done.returncode == 0


def verify_ed25519(key, message, signature):
    return openssl(ED25519_SPKI + key, message, signature)


def verify_p256(spki, message, der):
    return openssl(spki, message, der, "-digest", "sha256")


def verify_tree_head(spki, time_ms, size, root, signed):
    """`signed` is a TLS digitally-signed struct: sha256 (4), ecdsa (3), length, DER (RFC 6962 section 3.5)."""
    need(len(signed) > 4 and signed[:2] == b"\4\3", "a tree head is not signed by ECDSA with SHA-256")
    (length,) = struct.unpack_from(">H", signed, 2)
    need(len(signed) == 4 + length, "the length of a tree head's signature is wrong")
    message = struct.pack(">BBQQ", 0, 1, time_ms, size) + root  # version v1, type tree_hash
    return verify_p256(spki, message, signed[4:])


class Keys:
    """The log's verifier keys: <name>+<id, hex>+base64(<type><key>)."""

    def __init__(self, origin, vkeys):
        self.origin, self.known = origin, {}
        for vkey in vkeys:
            name, key_id, material = vkey.split("+", 2)
            kind, material = base64.b64decode(material)[0], base64.b64decode(material)[1:]
            need(name == origin, f"the key {vkey} has another name than the log")
            named = hashlib.sha256(material).digest() if kind == TREE_HEAD else material
            mine = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + named).digest()[:4]
            if kind in (ED25519, TREE_HEAD):
                need(mine.hex() == key_id, f"the key id of {vkey} is wrong")
                self.known[mine] = (kind, material)
        kinds = {kind for kind, _ in self.known.values()}
        need(kinds == {ED25519, TREE_HEAD}, "the log must name one Ed25519 and one P-256 key")

    def p256(self):
        return next(material for kind, material in self.known.values() if kind == TREE_HEAD)

    def open(self, note):
        """Verifies a checkpoint's two signatures; gives its size and root."""
        text, found, signatures = note.rpartition("\n\n")
        need(found, "a checkpoint has no blank line before its signatures")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        need(origin == self.origin, f"a checkpoint is by {origin!r} and not by {self.origin!r}")
        size, root, verified = int(size), base64.b64decode(root, validate=True), set()
        for line in signatures.splitlines():
            dash, name, body = line.split(" ")
            body = base64.b64decode(body, validate=True)
            kind, material = self.known.get(body[:4], (None, None))
            if dash != "\u2014" or name != self.origin or kind is None:
                continue  # another's signature, or a kind that openssl does not know
            body = body[4:]
            if kind == ED25519:
                good = verify_ed25519(material, text.encode(), body)
            else:
                good = verify_tree_head(material, struct.unpack_from(">Q", body)[0], size, root, body[8:])
            need(good, f"a signature of kind {kind} on the checkpoint of size {size} is wrong")
            verified.add(kind)
        need(verified == {ED25519, TREE_HEAD}, f"the checkpoint of size {size} lacks a signature by the log")
        return size, root


class Witnesses:
    """The Ed25519 keys of the lines `witness <name> <vkey> [<url>]` of a policy (https://c2sp.org/tlog-policy)."""

    def __init__(self, policy):
        self.known = {}
        for line in policy.splitlines():
            if line.startswith("witness "):
                vkey = line.split()[2]
                name, key_id, material = vkey.split("+", 2)
                material = base64.b64decode(material)
                if material[0] == COSIGNATURE:
                    mine = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
                    need(mine.hex() == key_id, f"the key id of {vkey} is wrong")
                    print(f"  witness {vkey}")
                    self.known[name, mine] = material[1:]

    def confirmed(self, note):
        """Who has cosigned a checkpoint (https://c2sp.org/tlog-cosignature); every line of a known key must verify."""
        text, _, signatures = note.rpartition("\n\n")
        names = []
        for line in signatures.splitlines():
            _, name, body = line.split(" ")
            body = base64.b64decode(body, validate=True)
            key = self.known.get((name, body[:4]))
            if key is None:
                continue
            (seconds,) = struct.unpack_from(">Q", body, 4)
            message = f"cosignature/v1\ntime {seconds}\n{text}\n"
            need(verify_ed25519(key, message.encode(), body[12:]), f"the cosignature by {name} is wrong")
            names.append(name)
        return names

    def say(self, note):
        names = self.confirmed(note)
        if self.known:
            print(f"  cosigned by {len(names)} of {len(self.known)} witnesses, Ed25519 verified: {', '.join(names)}")


# ---- the check --------------------------------------------------------------------------------------------------------


def read_receipt(text):
    """https://c2sp.org/tlog-proof: a first line, extra, index, the path, a blank line, the checkpoint."""
    head, _, note = text.partition("\n\n")
    first, extra, index, *path = head.split("\n")
    need(first == "c2sp.org/tlog-proof@v1", "the receipt is no tlog-proof")
    need(extra.startswith("extra ") and index.startswith("index "), "the receipt lacks its entry or its index")
    path = [base64.b64decode(line, validate=True) for line in path]
    return base64.b64decode(extra[6:], validate=True), int(index[6:]), path, note


def check(url, index):
    log = Log(url)
    about = log.json("/v1/log")
    keys = Keys(about["origin"], about["vkeys"])
    print(f"log {about['origin']}")
    for vkey in about["vkeys"]:
        print(f"  key {vkey if len(vkey) < 250 else vkey[:100] + '...'}")

    witnesses = Witnesses(about["policy"])
    checkpoint = log.get("/checkpoint").decode()
    size, root = keys.open(checkpoint)
    print(f"checkpoint: {size} entries, Ed25519 and P-256 signatures verified")
    witnesses.say(checkpoint)

    sth = log.json("/ct/v1/get-sth")
    sth_size, sth_root = sth["tree_size"], base64.b64decode(sth["sha256_root_hash"])
    signed = base64.b64decode(sth["tree_head_signature"])
    good = verify_tree_head(keys.p256(), sth["timestamp"], sth_size, sth_root, signed)
    need(good, "the signature of get-sth is wrong")
    need(sth_size >= size, "get-sth shows fewer entries than the checkpoint fetched before it")
    print(f"get-sth: {sth_size} entries, P-256 signature verified")

    entries = fetch_entries(log, sth_size)
    leaves = [leaf_hash(entry) for entry in entries]
    need(root_of(leaves[:size]) == root, f"the {size} entries do not give the checkpoint's root")
    need(root_of(leaves) == sth_root, f"the {sth_size} entries do not give the root of get-sth")
    print(f"entries: all {sth_size} hashed anew, the root is the signed one")
    print(f"tiles: {check_tiles(log, leaves, size)} compared, all equal")

    index = size - 1 if index is None else index
    extra, at, path, note = read_receipt(log.get(f"/v1/receipts/{index}?newest=1").decode())
    need(at == index and extra == entries[index], f"the receipt of entry {index} holds another entry")
    covered, receipt_root = keys.open(note)
    need(fold(leaf_hash(extra), index, covered, path) == receipt_root, f"the path of entry {index} leads elsewhere")
    need(covered <= sth_size, "the receipt's checkpoint is newer than the newest one")
    need(root_of(leaves[:covered]) == receipt_root, "the receipt's checkpoint is of another history")
    print(f"receipt: entry {index} is in the tree of {covered}, path and signatures verified")
    witnesses.say(note)


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        check(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else None)
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 1
    except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        print(f"WRONG: the log's answer cannot be read: {error!r}")
        return 1
    print("All of it holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
