#!/usr/bin/env python3
"""Checks the test vectors with Python's standard library alone: code that shares nothing with the Rust crates.

Exits with 1 and the name of the first case whose verdict is not what the case expects. One function a folder; each
takes the name of the file and a case, and returns quietly or raises Refused.
"""

import base64
import binascii
import hashlib
import json
import re
import sys
from pathlib import Path


class Refused(Exception):
    """The case is not acceptable."""


def need(condition, why="differs"):
    if not condition:
        raise Refused(why)


# ---- merkle: RFC 6962 §2.1, by its recursive definitions ----------------------------------------------------------

SIZE_MAX = 2**63 - 1


def sha256(data):
    return hashlib.sha256(data).digest()


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def split(n):
    """The largest power of two smaller than n."""
    return 1 << ((n - 1).bit_length() - 1)


def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def inclusion_root(leaf, m, n, proof):
    if n == 1:
        need(not proof, "too long")
        return leaf
    need(proof, "too short")
    k = split(n)
    if m < k:
        return node_hash(inclusion_root(leaf, m, k, proof[:-1]), proof[-1])
    return node_hash(proof[-1], inclusion_root(leaf, m - k, n - k, proof[:-1]))


def consistency_roots(m, n, known, proof):
    """The old and the new root; known is the old root as long as the subtree is the whole old tree."""
    if m == n:
        if known is not None:
            need(not proof, "too long")
            return known, known
        need(len(proof) == 1, "length")
        return proof[0], proof[0]
    need(proof, "too short")
    k = split(n)
    if m <= k:
        old, new = consistency_roots(m, k, known, proof[:-1])
        return old, node_hash(new, proof[-1])
    old, new = consistency_roots(m - k, n - k, None, proof[:-1])
    return node_hash(proof[-1], old), node_hash(proof[-1], new)


def hash_of(text):
    data = bytes.fromhex(text)
    need(len(data) == 32, "a hash is 32 bytes")
    return data


def decimal(text, limit):
    need(re.fullmatch("0|[1-9][0-9]*", text, re.ASCII), "not a plain decimal")
    need(int(text) <= limit, "too large")
    return int(text)


def check_merkle(file, case):
    if file == "hash":
        try:
            data = base64.b64decode(case["base64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refused(str(error)) from error
        need(len(data) == 32, "a hash is 32 bytes")
        need(base64.b64encode(data).decode() == case["base64"], "not canonical")
        need(data.hex() == case["hex"])
    elif file == "leaf":
        need(sha256(b"\x00" + bytes.fromhex(case["entry"])) == hash_of(case["leaf"]))
    elif file == "root":
        leaves = [sha256(b"\x00" + bytes.fromhex(entry)) for entry in case["entries"]]
        need(tree_root(leaves) == hash_of(case["root"]))
    elif file == "inclusion":
        index, size = decimal(case["index"], 2**64 - 1), decimal(case["size"], SIZE_MAX)
        proof = [hash_of(text) for text in case["proof"]]
        leaf, root = hash_of(case["leaf"]), hash_of(case["root"])
        need(index < size, "out of range")
        need(inclusion_root(leaf, index, size, proof) == root)
    elif file == "consistency":
        old, new = decimal(case["old_size"], SIZE_MAX), decimal(case["new_size"], SIZE_MAX)
        old_root, new_root = hash_of(case["old_root"]), hash_of(case["new_root"])
        proof = [hash_of(text) for text in case["proof"]]
        need(old <= new, "out of range")
        if old == 0:
            need(old_root == sha256(b"") and not proof)
            need(new > 0 or new_root == old_root)
        else:
            need(consistency_roots(old, new, old_root, proof) == (old_root, new_root))
    else:
        raise KeyError(file)


# ---- tile: c2sp.org/tlog-tiles ------------------------------------------------------------------------------------

SPOT = re.compile(r"((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


def spot(text):
    """index, width of x001/x234/067 or 273.p/112."""
    match = SPOT.fullmatch(text)
    need(match, "not an index and a width")
    groups = match[1].replace("x", "").replace("/", "")
    need(not groups.startswith("000"), "a group of zeroes in front")
    index, width = int(groups + match[2]), int(match[3] or 256)
    need(index < 2**55, "beyond every tree")
    need(width < 256 or match[3] is None, "a full tile has no width")
    return index, width


def tile(path):
    match = re.fullmatch(r"tile/(0|[1-9][0-9]?)/(.*)", path, re.ASCII | re.DOTALL)
    need(match and int(match[1]) <= 63, "not a tile")
    return int(match[1]), *spot(match[2])


def check_tile(file, case):
    if file == "tile_path":
        stated = tuple(int(case[member]) for member in ("level", "index", "width") if member in case)
        need(tile(case["path"]) == stated)
    elif file == "bundle_path":
        need(case["path"].startswith("tile/entries/"), "not a bundle")
        stated = tuple(int(case[member]) for member in ("index", "width") if member in case)
        need(spot(case["path"].removeprefix("tile/entries/")) == stated)
    elif file == "tree":
        counts, size = [], decimal(case["size"], SIZE_MAX)
        while size:
            counts.append(f"{size // 256}, {size % 256}")
            size //= 256
        need(counts == case["levels"])
    elif file == "exists":
        level, index, width = tile(case["path"])
        need(index * 256 + width <= decimal(case["size"], SIZE_MAX) // 256**level)
    elif file == "node":
        level, index, width = tile(case["path"])
        hashes = [hash_of(text) for text in case["hashes"]]
        need(len(hashes) == width, "another number of hashes")
        above = int(case["node_level"]) - 8 * level
        need(0 <= above < 8, "a node of another tile's level")
        first = int(case["node_index"]) * 2**above - index * 256
        need(0 <= first and first + 2**above <= width, "not in this tile")
        need(tree_root(hashes[first : first + 2**above]) == hash_of(case["node"]))
    else:
        raise KeyError(file)


# ---- all folders ---------------------------------------------------------------------------------------------------

FOLDERS = {
    "merkle": check_merkle,
    "tile": check_tile,
}


def main():
    here = Path(__file__).parent
    unknown = {path.name for path in here.iterdir() if path.is_dir()} - FOLDERS.keys()
    if unknown:
        sys.exit(f"no check for the folder {min(unknown)}")
    for folder, check in FOLDERS.items():
        good = bad = 0
        for path in sorted((here / folder).glob("*.json")):
            for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
                try:
                    check(path.stem, case)
                    verdict = "ok"
                except Refused:
                    verdict = "refused"
                if verdict != case["expect"]:
                    sys.exit(f"{folder}/{path.stem}: {case['name']}: {verdict}, expected {case['expect']}")
                good, bad = good + (verdict == "ok"), bad + (verdict == "refused")
        print(f"{folder}: {good + bad} cases, {good} good, {bad} bad")


if __name__ == "__main__":
    main()
