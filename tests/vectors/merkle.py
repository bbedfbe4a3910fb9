"""Merkle trees, by the recursive definitions of RFC 6962 §2.1 and RFC 9162 §2.1.4."""

import hashlib

from refused import need


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
