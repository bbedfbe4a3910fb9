"""Notes, checkpoints, cosignatures, policies and receipts, once more: code that shares nothing with the Rust crates."""

import re

import signatures
from merkle import consistency_roots, inclusion_root, sha256
from refused import Refused, canonical_base64, decimal, need

SIZE_MAX = 2**63 - 1
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


# ---- c2sp.org/signed-note ------------------------------------------------------------------------------------------


def key_name(text):
    need(text and not any(c in SPACES or c == "+" or c < " " for c in text), "no key name")
    return text


class Vkey:
    def __init__(self, text):
        parts = text.split("+", 2)
        need(len(parts) == 3, "parts")
        self.name, key = key_name(parts[0]), canonical_base64(parts[2])
        need(key, "no key")
        self.kind, self.key = key[0], key[1:]
        if self.kind in (1, 4):
            need(len(self.key) == 32, "length")
            signatures.edwards_point(self.key)
        elif self.kind == 5:
            signatures.public_key(self.key)
        else:
            need(self.kind == 6 and len(self.key) == 1312, "kind, length")
            need(len(self.name.encode()) <= 255, "a name that is too long")
        named = sha256(self.key) if self.kind == 5 else self.key
        self.id = sha256(self.name.encode() + b"\n" + bytes([self.kind]) + named)[:4]
        need(parts[1] == self.id.hex(), "id")

    def __str__(self):
        return f"{self.name}+{self.id.hex()}"


class Note:
    def __init__(self, data):
        need(len(data) <= 1 << 20, "too large")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise Refused(str(error)) from error
        need(not any(c < " " and c != "\n" for c in whole), "a control character")
        text, split, lines = whole.rpartition("\n\n")
        need(split and lines.endswith("\n"), "no signatures")
        self.text, self.lines = text + "\n", [self.line(line) for line in lines[:-1].split("\n")]
        need(len(self.lines) <= 100, "too many signatures")

    @staticmethod
    def line(text):
        match = re.fullmatch("\u2014 ([^ ]*) ([^ ]*)", text)
        need(match, "no signature line")
        data = canonical_base64(match[2])
        need(len(data) > 4, "too short")
        return key_name(match[1]), data[:4], data[4:]

    def by(self, vkey):
        return [body for name, key_id, body in self.lines if (name, key_id) == (vkey.name, vkey.id)]


# ---- c2sp.org/tlog-checkpoint, tlog-cosignature, static-ct-api -----------------------------------------------------


class Checkpoint:
    def __init__(self, text):
        need(text.endswith("\n") and not any(c < " " and c != "\n" for c in text), "no text")
        lines = text[:-1].split("\n")
        need(len(lines) >= 3 and all(lines), "three lines, none empty")
        self.text, self.origin, self.extensions = text, lines[0], lines[3:]
        self.size, self.root = decimal(lines[1], SIZE_MAX), canonical_base64(lines[2])
        need(len(self.root) == 32, "root")


def tree_head(time_ms, size, root):
    return b"\x00\x01" + time_ms.to_bytes(8, "big") + size.to_bytes(8, "big") + root


def cosigned_message(cosigner, time, origin, start, end, root):
    for name in (cosigner, origin):
        need(1 <= len(name.encode()) <= 255, "length of a name")
    message = b"subtree/v1\n\0" + bytes([len(cosigner.encode())]) + cosigner.encode() + time.to_bytes(8, "big")
    message += bytes([len(origin.encode())]) + origin.encode()
    return message + start.to_bytes(8, "big") + end.to_bytes(8, "big") + root


def verify_line(vkey, checkpoint, body):
    """The time that the line states: (number, as text)."""
    if vkey.kind == 1:
        signatures.ed25519(vkey.key, checkpoint.text.encode(), body)
        return 0, "-"
    need(len(body) > 8, "too short")
    time, signature = int.from_bytes(body[:8], "big"), body[8:]
    if vkey.kind == 5:
        need(vkey.name == checkpoint.origin and not checkpoint.extensions, "origin, extensions")
        need(signature[:2] == b"\x04\x03", "algorithms")
        need(int.from_bytes(signature[2:4], "big") == len(signature[4:]), "length")
        signatures.p256(vkey.key, tree_head(time, checkpoint.size, checkpoint.root), signature[4:])
        return time, f"{time} ms"
    need(time < 2**63, "time")
    if vkey.kind == 4:
        message = f"cosignature/v1\ntime {time}\n{checkpoint.text}"
        signatures.ed25519(vkey.key, message.encode(), signature)
        return time, f"{time} s"
    message = cosigned_message(vkey.name, time, checkpoint.origin, 0, checkpoint.size, checkpoint.root)
    signatures.ml_dsa_44(vkey.key, message, signature)
    return time, f"{time} s" if time else "-"


def verified(note, checkpoint, vkeys):
    """For each key its newest line as text, or None; refuses if one does not verify."""
    answer = []
    for vkey in vkeys:
        times = [verify_line(vkey, checkpoint, body) for body in note.by(vkey)]
        answer.append(f"{vkey} {vkey.kind:02x} {max(times)[1]}" if times else None)
    return answer


def signed_by_log(note, checkpoint, vkeys):
    lines = verified(note, checkpoint, vkeys)
    return [line for vkey, line in zip(vkeys, lines) if line and vkey.name == checkpoint.origin]


# ---- c2sp.org/tlog-policy ------------------------------------------------------------------------------------------


class Policy:
    def __init__(self, data):
        need(len(data) <= 4 << 20 and data.count(b"\n") <= 1024, "too large")
        need(data.endswith(b"\n"), "no final newline")
        self.logs, self.witnesses, self.groups, self.quorum, self.members = [], {}, {}, None, set()
        for line in data[:-1].split(b"\n"):
            need(all(c == 9 or 0x20 <= c <= 0x7E or c >= 0x80 for c in line), "a control character")
            items = [item for item in re.split(b"[ \t]+", line) if item]
            if items and not items[0].startswith(b"#"):
                verb = {b"log": self.log, b"witness": self.witness, b"group": self.group, b"quorum": self.set_quorum}
                need(items[0] in verb, "keyword")
                verb[items[0]](items[1:])
        need(self.quorum, "no quorum")

    @staticmethod
    def vkey(item):
        try:
            return Vkey(item.decode())
        except UnicodeDecodeError as error:
            raise Refused(str(error)) from error

    def define(self, name):
        need(name != b"none" and name not in self.witnesses and name not in self.groups, "name")

    def log(self, items):
        need(1 <= len(items) <= 2, "items")
        vkey = self.vkey(items[0])
        need(vkey.kind != 4 and all(vkey.key != log.key for log, _ in self.logs), "kind, duplicate")
        self.logs.append((vkey, items[1:]))

    def witness(self, items):
        need(2 <= len(items) <= 3, "items")
        self.define(items[0])
        vkey = self.vkey(items[1])
        need(vkey.kind in (4, 6) and all(vkey.key != w.key for w, _ in self.witnesses.values()), "kind, duplicate")
        self.witnesses[items[0]] = vkey, items[2:]

    def group(self, items):
        need(len(items) >= 3, "items")
        name, threshold, *members = items
        self.define(name)
        for member in members:
            need(member in self.witnesses or member in self.groups, "an unknown member")
            need(member not in self.members, "a member twice")
            self.members.add(member)
        named = {b"all": len(members), b"any": 1}
        need(threshold in named or re.fullmatch(b"[1-9][0-9]*", threshold), "threshold")
        threshold = named.get(threshold) or int(threshold)
        need(threshold <= len(members), "threshold")
        self.groups[name] = threshold, members

    def set_quorum(self, items):
        need(len(items) == 1 and self.quorum is None, "items, second quorum")
        need(items[0] in (b"none", *self.witnesses, *self.groups), "an unknown name")
        self.quorum = items[0]

    def is_met(self, name, cosigned):
        if name in self.groups:
            threshold, members = self.groups[name]
            return sum(self.is_met(member, cosigned) for member in members) >= threshold
        return name == b"none" or name in cosigned

    def told(self):
        def text(*items):
            return b" ".join(items).decode(errors="replace")

        return {
            "logs": [text(vkey.name.encode(), *url) for vkey, url in self.logs],
            "witnesses": [text(name, vkey.name.encode(), *url) for name, (vkey, url) in self.witnesses.items()],
            "groups": [text(name, b"%d" % k, *members) for name, (k, members) in self.groups.items()],
            "quorum": [text(self.quorum)],
        }

    def judge(self, note, also=()):
        checkpoint = Checkpoint(note.text)
        listed = signed_by_log(note, checkpoint, [vkey for vkey, _ in self.logs])
        need(listed, "no listed log has signed")
        more = [line for line in signed_by_log(note, checkpoint, list(also)) if line not in listed]
        lines = verified(note, checkpoint, [vkey for vkey, _ in self.witnesses.values()])
        need(self.is_met(self.quorum, {name for name, line in zip(self.witnesses, lines) if line}), "quorum")
        return listed + list(dict.fromkeys(more)), [line for line in lines if line]


# ---- c2sp.org/tlog-proof -------------------------------------------------------------------------------------------


class Receipt:
    def __init__(self, data):
        need(len(data) <= 2 << 20, "too large")
        head, split, note = data.partition(b"\n\n")
        try:
            lines = head.decode().split("\n")
        except UnicodeDecodeError as error:
            raise Refused(str(error)) from error
        need(split and lines.pop(0) == "c2sp.org/tlog-proof@v1", "version")
        self.extra = None
        if lines and lines[0].startswith("extra "):
            self.extra = canonical_base64(lines.pop(0)[6:])
            need(self.extra, "no extra data")
        need(lines and lines[0].startswith("index "), "index")
        self.index = decimal(lines.pop(0)[6:], 2**64 - 1)
        self.hashes = [canonical_base64(line) for line in lines]
        need(len(self.hashes) <= 63 and all(len(data) == 32 for data in self.hashes), "hashes")
        self.note = Note(note)
        self.checkpoint = Checkpoint(self.note.text)

    def verify(self, policy, entry):
        policy.judge(self.note)
        need(self.index < self.checkpoint.size, "outside the tree")
        # RFC 9162 §2.1.3.2.
        at, last, node = self.index, self.checkpoint.size - 1, sha256(b"\x00" + entry)
        for sibling in self.hashes:
            need(last, "too many hashes")
            if at % 2 or at == last:
                node = sha256(b"\x01" + sibling + node)
                while at % 2 == 0 and at:
                    at, last = at >> 1, last >> 1
            else:
                node = sha256(b"\x01" + node + sibling)
            at, last = at >> 1, last >> 1
        need(last == 0 and node == self.checkpoint.root, "another root")


# ---- proofs of misbehaviour (ARCHITECTURE.md) ----------------------------------------------------------------------


class Misbehavior:
    NOTES = {"same-size": 2, "empty": 1, "prefix": 2, "leaf": 2, "rollback": 2}

    def __init__(self, data):
        need(len(data) <= 64 << 10, "too large")
        try:
            head, split, rest = data.decode().partition("\n\n")
        except UnicodeDecodeError as error:
            raise Refused(str(error)) from error
        self.lines = head.split("\n")
        need(split and self.lines.pop(0) == "notarylog/misbehavior-proof@v1", "version")
        self.kind, self.accused = self.value("kind"), None
        need(self.kind in self.NOTES, "an unknown kind")
        self.accused = Vkey(self.value("accused"))
        need(self.accused.kind != 5, "a key that names no log")
        self.index, self.hashes, self.proofs = 0, [], []
        if self.kind == "prefix":
            self.hashes = [self.hash(self.value("prefix-root"))]
            self.proofs = [self.proof()]
        elif self.kind == "leaf":
            self.index = decimal(self.value("index"), 2**64 - 1)
            self.hashes = [self.hash(self.value("leaf")) for _ in range(2)]
            self.proofs = [self.proof() for _ in range(2)]
        lengths = [decimal(self.value("note"), 64 << 10) for _ in range(self.NOTES[self.kind])]
        need(not self.lines, "an unknown line")
        rest, self.notes = rest.encode(), []
        for length in lengths:
            need(length <= len(rest), "a note that is too short")
            self.notes.append(Note(rest[:length]))
            rest = rest[length:]
        need(not rest, "bytes behind the last note")
        self.heads = [Checkpoint(note.text) for note in self.notes]
        need(all(len(note.lines) == 1 for note in self.notes), "one line a note")
        need(self.accused.kind != 6 or not any(head.extensions for head in self.heads), "unsigned lines")

    def value(self, word):
        need(self.lines and self.lines[0].startswith(word + " "), word)
        return self.lines.pop(0)[len(word) + 1 :]

    @staticmethod
    def hash(text):
        data = canonical_base64(text)
        need(len(data) == 32, "no hash")
        return data

    def proof(self):
        count = decimal(self.value("proof"), 63)
        need(count <= len(self.lines), "too few hashes")
        hashes, self.lines = self.lines[:count], self.lines[count:]
        return [self.hash(text) for text in hashes]

    def convict(self):
        times = []
        for note, head in zip(self.notes, self.heads):
            need(self.accused.kind != 1 or self.accused.name == head.origin, "not its log")
            need(head.origin == self.heads[0].origin, "two logs")
            need(note.by(self.accused), "signed by another key")
            times.append(verify_line(self.accused, head, note.by(self.accused)[0])[0])
        first, last = self.heads[0], self.heads[-1]
        if self.kind == "same-size":
            need(first.size == last.size and first.root != last.root)
        elif self.kind == "empty":
            need(first.size == 0 and first.root != sha256(b""))
        elif self.kind == "rollback":
            need(0 < times[0] < times[1] and first.size > last.size)
        elif self.kind == "prefix":
            need(1 <= first.size < last.size, "sizes")
            roots = consistency_roots(first.size, last.size, self.hashes[0], self.proofs[0])
            need(roots == (self.hashes[0], last.root) and self.hashes[0] != first.root)
        else:
            need(self.index < first.size <= last.size, "sizes")
            for leaf, head, proof in zip(self.hashes, self.heads, self.proofs):
                need(inclusion_root(leaf, self.index, head.size, proof) == head.root)
            need(self.hashes[0] != self.hashes[1])


# ---- the cases, one function a folder ------------------------------------------------------------------------------


def octets(case, member):
    return bytes.fromhex(case[member + "_hex"]) if member + "_hex" in case else case[member].encode()


def check_signature(file, case):
    getattr(signatures, file)(*(bytes.fromhex(case[member]) for member in ("key", "message", "signature")))


def check_note(file, case):
    if file == "vkey":
        vkey = Vkey(case["vkey"])
        need((vkey.name, vkey.id.hex(), f"{vkey.kind:02x}") == (case["key_name"], case["id"], case["kind"]))
    elif file == "note":
        note = Note(octets(case, "note"))
        need(note.text == case["text"])
        need([f"{name}+{key_id.hex()}" for name, key_id, _ in note.lines] == case["signers"])
    elif file == "text_signature":
        vkey, note = Vkey(case["vkey"]), Note(case["note"].encode())
        need(vkey.kind == 1 and note.by(vkey), "no line by the key")
        for body in note.by(vkey):
            signatures.ed25519(vkey.key, note.text.encode(), body)
    else:
        raise KeyError(file)


def check_checkpoint(file, case):
    if file == "checkpoint":
        checkpoint = Checkpoint(case["text"])
        need(checkpoint.origin == case["origin"] and str(checkpoint.size) == case["size"])
        need(checkpoint.root.hex() == case["root"] and checkpoint.extensions == case["extensions"])
    elif file == "tree_head":
        message = tree_head(int(case["time_ms"]), int(case["size"]), bytes.fromhex(case["root"]))
        need(message.hex() == case["message"])
    elif file == "signed":
        note, vkeys = Note(case["note"].encode()), [Vkey(vkey) for vkey in case["vkeys"]]
        lines = signed_by_log(note, Checkpoint(note.text), vkeys)
        need(lines and lines == case["verified"], "not signed by its log")
    else:
        raise KeyError(file)


def check_cosignature(file, case):
    if file == "ed25519_message":
        need(f"cosignature/v1\ntime {case['time']}\n{case['text']}" == case["message"])
    elif file == "ml_dsa_message":
        numbers = {member: int(case[member]) for member in ("time", "start", "end")}
        root = bytes.fromhex(case["hash"])
        message = cosigned_message(cosigner=case["cosigner"], origin=case["origin"], root=root, **numbers)
        need(message.hex() == case["message"])
    elif file == "line":
        vkey, note = Vkey(case["vkey"]), Note(case["note"].encode())
        lines = [verify_line(vkey, Checkpoint(note.text), body)[1] for body in note.by(vkey)]
        need(lines, "no line by the cosigner")
        need([f"{vkey} {vkey.kind:02x} {time}" for time in lines] == case["verified"])
    else:
        raise KeyError(file)


def check_policy(file, case):
    policy = Policy(octets(case, "policy"))
    if file == "policy":
        told = policy.told()
        need(all(told[member] == case[member] for member in told))
    elif file == "quorum":
        need(policy.is_met(policy.quorum, {name.encode() for name in case["cosigned"]}), "no quorum")
    elif file == "judge":
        log, cosigned = policy.judge(Note(case["note"].encode()), [Vkey(vkey) for vkey in case["also"]])
        need(log == case["log"] and cosigned == case["cosigned"])
    else:
        raise KeyError(file)


def check_proof(file, case):
    receipt = Receipt(octets(case, "proof"))
    if file == "proof":
        need(str(receipt.index) == case["index"] and [data.hex() for data in receipt.hashes] == case["hashes"])
        need((receipt.extra and receipt.extra.hex()) == case.get("extra"))
    elif file == "verify":
        receipt.verify(Policy(case["policy"].encode()), bytes.fromhex(case["entry"]))
    else:
        raise KeyError(file)


def check_misbehavior(file, case):
    proof = Misbehavior(case["file"].encode())
    if file == "text":
        need(proof.kind == case["kind"] and case["file"].split("\n")[2] == "accused " + case["accused"])
    elif file == "verdict":
        proof.convict()
    else:
        raise KeyError(file)


FOLDERS = {
    "misbehavior": check_misbehavior,
    "signature": check_signature,
    "note": check_note,
    "checkpoint": check_checkpoint,
    "cosignature": check_cosignature,
    "policy": check_policy,
    "proof": check_proof,
}
