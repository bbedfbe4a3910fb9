"""A witness that signs nothing, once more: what c2sp.org/tlog-witness answers, in code that shares nothing with Rust."""

import copy
import functools
import re

import signed
from refused import Refused, canonical_base64, decimal, need

BODY_MAX = 128 * 1024
LINES_MAX = 63


def request_of(body):
    """old size, proof, note, checkpoint"""
    try:
        head, empty, note = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise Refused(str(error)) from error
    need(empty, "no empty line")
    lines = head.split("\n")
    match = re.fullmatch("old ([0-9]+)", lines[0], re.ASCII)
    need(match, "no old size")
    old = decimal(match[1], signed.SIZE_MAX)
    need(len(lines) <= 1 + LINES_MAX, "too many hashes")
    proof = [canonical_base64(line) for line in lines[1:]]
    need(all(len(line) == 32 for line in proof), "no hash")
    note = signed.Note(note.encode())
    return old, proof, note, signed.Checkpoint(note.text)


@functools.cache
def is_signed(body, vkeys):
    """Ed25519 in Python is slow, and a case asks the same more than once."""
    _, _, note, checkpoint = request_of(body)
    try:
        return bool(signed.signed_by_log(note, checkpoint, [signed.Vkey(vkey) for vkey in vkeys]))
    except Refused:
        return False


class Witness:
    """One log, if it is enrolled; roots_of(m, n, old root, proof) folds a consistency proof."""

    def __init__(self, case, roots_of):
        self.origin = case["origin"] if case["enrolled"] else None
        self.vkeys, self.roots_of = tuple(case["vkeys"]), roots_of
        self.size, self.root, self.text = 0, signed.sha256(b""), None

    def answer(self, body):
        """The status, and what a 409 says."""
        if len(body) > BODY_MAX:
            return 413, None
        try:
            old, proof, _, checkpoint = request_of(body)
        except Refused:
            return 400, None
        if checkpoint.origin != self.origin:
            return 404, None
        if not is_signed(body, self.vkeys):
            return 403, None
        if old > checkpoint.size:
            return 400, None
        if old != self.size:
            return 409, f"{self.size}\n"
        try:
            self.advance(checkpoint, proof)
        except Refused:
            return 422, None
        self.size, self.root, self.text = checkpoint.size, checkpoint.root, checkpoint.text
        return 200, None

    def advance(self, checkpoint, proof):
        if self.size == checkpoint.size:
            need(not proof and checkpoint.root == self.root)
        elif self.size == 0:
            need(not proof)
        else:
            roots = self.roots_of(self.size, checkpoint.size, self.root, proof)
            need(roots == (self.root, checkpoint.root))


def stated(step):
    body = bytes.fromhex(step["post_hex"]) if "post_hex" in step else step["post"].encode()
    return body, (int(step["status"]), step.get("body"))


def race(witness, step):
    """Whoever comes first wins; the others meet its size. The case goes on behind the first."""
    went_on = None
    for first, body in enumerate(step["race"]):
        tried = copy.copy(witness)
        need(tried.answer(body.encode()) == (200, None))
        for other, late in enumerate(step["race"]):
            if other != first:
                need(tried.answer(late.encode()) == (409, step["sizes"][first] + "\n"))
        need(tried.answer(step["then"][first].encode()) == (200, None))
        went_on = went_on or tried
    need(len(step["race"]) == len(step["then"]) == len(step["sizes"]) > 1)
    return went_on


def play(case, roots_of):
    """Whether a step of the case is refused. A step that is answered otherwise than it states ends the check."""
    witness, refused = Witness(case, roots_of), False
    for number, step in enumerate(case["steps"], 1):
        try:
            if "race" in step:
                witness = race(witness, step)
            elif "keep_alive" in step:
                need(all(witness.answer(body.encode()) == (200, None) for body in step["keep_alive"]))
            elif "method" in step:
                request_of(step["request"].encode())
                refused = True
            elif "monitor" in step:
                need(witness.text == step["monitor"] and (witness.text is None) == (step["status"] == "404"))
                refused |= witness.text is None
            else:
                body, wanted = stated(step)
                came = witness.answer(body)
                need(came == wanted, f"{came}, expected {wanted}")
                need((came[0] == 409) == (step.get("content_type") == "text/x.tlog.size"))
                refused |= came[0] != 200
        except Refused as error:
            raise AssertionError(f"{case['name']}: step {number}: {error}") from error
    return refused
