#!/usr/bin/env python3
"""Checks the test vectors with Python's standard library alone: code that shares nothing with the Rust crates.

Exits with 1 and the name of the first case whose verdict is not what the case expects. One function a folder; each
takes the name of the file and a case, and returns quietly or raises Refused.
"""

import base64
import binascii
import datetime
import hmac
import json
import re
import sys
import unicodedata
from pathlib import Path

sys.dont_write_bytecode = True  # A folder of compiled code would look like a folder of vectors.

import signed
import witnessing
from merkle import consistency_roots, inclusion_root, sha256, tree_root
from refused import Refused, canonical_base64, decimal, need
from signatures import ORDER, p256_equation, public_key


# ---- merkle: RFC 6962 §2.1, by its recursive definitions ----------------------------------------------------------

SIZE_MAX = 2**63 - 1


def hash_of(text):
    data = bytes.fromhex(text)
    need(len(data) == 32, "a hash is 32 bytes")
    return data


def check_merkle(file, case):
    if file == "hash":
        data = canonical_base64(case["base64"])
        need(len(data) == 32, "a hash is 32 bytes")
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


# ---- signatures of entries and notices: r || s on P-256 -------------------------------------------------------------


def signature_scalars(signature):
    need(len(signature) == 64, "length")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    need(0 < r < ORDER and 0 < s < ORDER, "SignatureRange")
    return r, s


def low_s(signature):
    need(signature_scalars(signature)[1] <= ORDER // 2, "HighS")
    return signature


def need_signature(spki, message, signature):
    p256_equation(public_key(spki), message, *signature_scalars(signature))


# ---- entry: 162 bytes ----------------------------------------------------------------------------------------------


def entry_fields(data):
    """version | kind | key_id | tag | commitment | signature"""
    need(len(data) == 162, "Length")
    need(data[0] == 1, "Version")
    need(data[1] in (1, 2, 3), "Kind")
    fields = {"kind": str(data[1]), "key_id": data[2:34], "tag": data[34:66], "commitment": data[66:98]}
    return fields | {"content": data[:98], "signature": data[98:]}


def stored_entry(text):
    fields = entry_fields(bytes.fromhex(text))
    low_s(fields["signature"])
    return fields


def entry_message(origin, content):
    return b"notarylog/entry/v1\0" + sha256(origin.encode()) + content


def check_entry(file, case):
    if file == "stored":
        fields = stored_entry(case["entry"])
        for name in ("key_id", "tag", "commitment", "signature"):
            need(fields[name].hex() == case[name])
        need(fields["kind"] == case["kind"])
        need(sha256(b"\x00" + bytes.fromhex(case["entry"])).hex() == case["leaf"])
    elif file == "submitted":
        fields = entry_fields(bytes.fromhex(case["submitted"]))
        r, s = signature_scalars(fields["signature"])
        signature = r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")
        need((fields["content"] + signature).hex() == case["stored"])
    elif file == "signed":
        fields, spki = stored_entry(case["entry"]), bytes.fromhex(case["spki"])
        need(sha256(spki) == fields["key_id"], "OtherKey")
        need_signature(spki, entry_message(case["origin"], fields["content"]), fields["signature"])
    else:
        raise KeyError(file)


# ---- tag: handles, tags, slots -------------------------------------------------------------------------------------


def be64(text):
    return decimal(text, 2**64 - 1).to_bytes(8, "big")


def check_tag(file, case):
    if file == "case":
        computed, stated = sha256(b"notarylog/handle/v1\0" + bytes.fromhex(case["beta"])), case["handle"]
    elif file == "derived":
        label = b"notarylog/handle/" + case["derived"].encode() + b"/v1\0"
        computed, stated = sha256(label + hash_of(case["handle"])), case["result"]
    elif file == "item":
        computed = sha256(b"notarylog/tag/v1\0" + hash_of(case["handle"]) + be64(case["number"]))
        stated = case["tag"]
    elif file == "notice":
        computed, stated = sha256(b"notarylog/tag/notice/v1\0" + hash_of(case["commitment"])), case["tag"]
    elif file == "slot":
        computed = sha256(b"notarylog/slot/v1\0" + hash_of(case["bureau"]) + hash_of(case["tag"]))
        stated = case["slot"]
    elif file == "alpha":
        number = "".join(unicodedata.normalize("NFKC", case["case_number"]).split())
        for opening, closing in zip("([{<〈《「『【〖〘〚⟨⟪⟦", ")]}>〉》」』】〗〙〛⟩⟫⟧", strict=True):
            number = number.replace(opening, "〔").replace(closing, "〕")
        need(number, "MalformedCaseNumber")
        computed = hash_of(case["bureau"]) + case["year"].encode() + number.encode()
        stated = case["alpha"]
    else:
        raise KeyError(file)
    need(computed.hex() == stated)


# ---- canonical JSON: RFC 8785, integers only -----------------------------------------------------------------------

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 32


def strict_json(text, limit=None):
    """Parses, and refuses what two parsers may read in two ways."""
    need(limit is None or len(text.encode()) <= limit, "TooLarge")

    def members(pairs):
        need(len({name for name, _ in pairs}) == len(pairs), "DuplicateMember")
        return dict(pairs)

    def integer(digits):
        need(digits != "-0", "NotAnInteger")
        need(abs(int(digits)) <= INTEGER_MAX, "IntegerTooLarge")
        return int(digits)

    def no_number(_):
        raise Refused("NotAnInteger")

    try:
        value = json.loads(
            text, object_pairs_hook=members, parse_int=integer, parse_float=no_number, parse_constant=no_number
        )
    except (ValueError, RecursionError) as error:
        raise Refused("Syntax") from error
    need(depth(value) <= DEPTH_MAX, "TooDeep")
    return value


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def canonical(value):
    """Members sorted by UTF-16 code units (RFC 8785 §3.2.3); Python's own escapes are those of §3.2.2.2."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# ---- commitment: two salted trees ----------------------------------------------------------------------------------

HALF_LABELS = {"hdr": b"notarylog/hdr/v1\0", "body": b"notarylog/body/v1\0"}


def hkdf_16(key, info):
    """The first 16 bytes of HKDF-SHA-256 without a salt (RFC 5869): one block is enough."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:16]


def salt_of(opener, path):
    return hkdf_16(opener, b"notarylog/salt/v1\0" + path.encode())


def leaves_of(value, path=""):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves_of(inner, path + "/" + name.replace("~", "~0").replace("/", "~1"))
    elif isinstance(value, list) and value:
        for position, inner in enumerate(value):
            yield from leaves_of(inner, f"{path}/{position}")
    else:
        yield path, value


def field_hash(salt, path, value):
    return sha256(b"\x00" + salt + canonical([path, value]).encode())


def half_commit(half, count, root):
    return sha256(HALF_LABELS[half] + count.to_bytes(4, "big") + root)


def check_commitment(file, case):
    if file == "salt":
        need(salt_of(hash_of(case["opener"]), case["path"]).hex() == case["salt"])
    elif file == "half":
        leaves = sorted(leaves_of(strict_json(case["value"])), key=lambda leaf: leaf[0].encode())
        need(len(leaves) <= 256, "TooManyLeaves")
        opener = hash_of(case["opener"])
        root = tree_root([field_hash(salt_of(opener, path), path, value) for path, value in leaves])
        need(str(len(leaves)) == case["count"] and root.hex() == case["root"])
        need(half_commit(case["half"], len(leaves), root).hex() == case["commit"])
    elif file == "record":
        halves = hash_of(case["hdr_commit"]) + hash_of(case["body_commit"])
        need(sha256(b"notarylog/commit/v1\0" + halves).hex() == case["commitment"])
    elif file == "disclosure":
        shown = strict_json(case["disclosure"])
        members = {"count", "half", "index", "path", "proof", "salt", "value"}
        need(isinstance(shown, dict) and shown.keys() == members, "Shape")
        need(shown["half"] in HALF_LABELS and re.fullmatch("[0-9a-f]{32}", shown["salt"]), "Shape")
        need(shown["value"] in ([], {}) or not isinstance(shown["value"], (list, dict)), "Container")
        need(0 <= shown["index"] < shown["count"] <= 256, "Proof")
        leaf = field_hash(bytes.fromhex(shown["salt"]), shown["path"], shown["value"])
        proof = [hash_of(text) for text in shown["proof"]]
        root = inclusion_root(leaf, shown["index"], shown["count"], proof)
        need(half_commit(shown["half"], shown["count"], root).hex() == case["commit"])
    else:
        raise KeyError(file)


# ---- notice: documents and what follows from them ------------------------------------------------------------------

NOTICE_MAX = 256 * 1024
BODIES = {
    "genesis": {"admins", "entry_key", "origin", "predecessor", "vkeys"},
    "key.enrol": {"bureau", "name", "roles", "spki"},
    "key.rotate": {"key", "roles", "spki"},
    "key.revoke": {"key", "reason"},
    "policy": {"policy"},
    "catalogue": {"catalogue"},
    "calendar": {"calendar"},
    "operator": {"detail", "event"},
}
ROLES = ["submit", "supervise", "vrf"]
REASONS = {"compromised", "lost", "retired", "superseded"}
VKEY_LENGTHS = {1: 32, 5: 91, 6: 1312}


def is_hex(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def from_base64(text, why):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Refused(why) from error
    need(base64.b64encode(data).decode() == text, why)
    return data


def spki_of(text):
    der = from_base64(text, "Member")
    public_key(der)
    return der


def date(text):
    try:
        return isinstance(text, str) and datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def vkey_of(text, origin, kind):
    name, key_id, material = text.split("+", 2)
    material = from_base64(material, "Vkeys")
    need(name == origin and material[0] == kind and len(material) == 1 + VKEY_LENGTHS[kind], "Vkeys")
    hashed = sha256(material[1:]) if kind == 5 else material[1:]
    need(sha256(name.encode() + b"\n" + material[:1] + hashed)[:4].hex() == key_id, "Vkeys")
    return material[1:]


def check_body(kind, body):
    if kind == "genesis":
        origin = body["origin"]
        need(isinstance(origin, str) and 0 < len(origin.encode()) <= 255 and not re.search(r"[\s+]", origin), "Member")
        need(isinstance(body["admins"], list) and len(body["admins"]) == 3, "Member")
        keys = [spki_of(text) for text in (*body["admins"], body["entry_key"])]
        need(len(body["vkeys"]) == 3, "Member")
        vkeys = [vkey_of(text, origin, kind) for text, kind in zip(body["vkeys"], (1, 5, 6), strict=True)]
        need(len({*keys, vkeys[1]}) == 5, "SameKeyTwice")
        if body["predecessor"] is not None:
            need(body["predecessor"].keys() == {"origin", "root", "size"}, "Member")
            need(len(from_base64(body["predecessor"]["root"], "Member")) == 32, "Member")
    if "spki" in body:
        spki_of(body["spki"])
    if "roles" in body:
        roles = body["roles"]
        need(roles and set(roles) <= set(ROLES) and roles == sorted(set(roles)), "Member")
    if "key" in body:
        need(is_hex(body["key"]), "Member")
    if "reason" in body:
        need(body["reason"] in REASONS, "Member")
    if "bureau" in body:
        need(body["bureau"] is None or is_hex(body["bureau"]), "Member")
    if "name" in body:
        need(isinstance(body["name"], str) and 0 < len(body["name"].encode()) <= 200, "Member")
        need(not any(unicodedata.category(c) == "Cc" for c in body["name"]), "Member")
    if "policy" in body:
        need(isinstance(body["policy"], str), "Member")
    for name in ("catalogue", "calendar", "detail"):
        need(isinstance(body.get(name, {}), dict), "Member")
    if "event" in body:
        need(re.fullmatch(r"[a-z][a-z0-9.-]{0,63}", body["event"]), "Member")


def notice_of(text):
    notice = strict_json(text, NOTICE_MAX)
    need(canonical(notice) == text, "NotCanonical")
    members = {"admins", "body", "effective", "prev", "seq", "type", "v"}
    need(isinstance(notice, dict) and notice.keys() == members, "Member")
    need(type(notice["v"]) is int and notice["v"] == 1, "Version")
    kind, body = notice["type"], notice["body"]
    need(kind in BODIES, "UnknownType")
    need(isinstance(body, dict) and body.keys() == BODIES[kind], "Member")
    check_body(kind, body)
    need(type(notice["seq"]) is int and notice["seq"] >= 0, "Member")
    if kind == "genesis":
        need(notice["seq"] == 0 and notice["prev"] is None, "Sequence")
    else:
        need(notice["seq"] > 0 and is_hex(notice["prev"]), "Sequence")
    if kind.startswith("key."):
        need(notice["effective"] is None, "Effective")
    else:
        need(date(notice["effective"]), "Effective")
    admins = notice["admins"]
    need(isinstance(admins, list) and len(admins) == (0 if kind == "operator" else 2), "Admins")
    for admin in admins:
        need(admin.keys() == {"key", "sig"} and is_hex(admin["key"]), "Member")
        low_s(from_base64(admin["sig"], "AdminSignature"))
    need(len(admins) < 2 or admins[0]["key"] < admins[1]["key"], "Admins")
    return notice


def span_of(span):
    need(span.keys() == {"after", "count", "first_ms", "head", "last_ms"}, "MalformedSpan")
    need(span["after"] is None or is_hex(span["after"]), "MalformedSpan")
    need(is_hex(span["head"]), "MalformedSpan")
    numbers = [span[name] for name in ("count", "first_ms", "last_ms")]
    need(all(type(number) is int and number >= 0 for number in numbers), "MalformedSpan")
    need(span["count"] > 0 and span["first_ms"] <= span["last_ms"], "MalformedSpan")
    return span


class Registry:
    """Who may do what at which position, replayed from notices."""

    def __init__(self, index, text):
        genesis = notice_of(text)
        need(genesis["type"] == "genesis", "NoGenesis")
        need(index == 0, "GenesisNotFirst")
        body = genesis["body"]
        self.origin = body["origin"]
        self.admins = {sha256(spki).hex(): spki for spki in map(spki_of, body["admins"])}
        tree_head = base64.b64decode(body["vkeys"][1].split("+", 2)[2])[1:]
        self.own = {*self.admins, sha256(spki_of(body["entry_key"])).hex(), sha256(tree_head).hex()}
        self.keys, self.bureaus, self.ended = {}, set(), False
        self.verify_admins(genesis)
        self.seq, self.last, self.index = 1, sha256(text.encode()).hex(), index

    def verify_admins(self, notice):
        unsigned = canonical({name: notice[name] for name in notice if name != "admins"}).encode()
        message = b"notarylog/notice/v1\0" + sha256(self.origin.encode()) + unsigned
        for admin in notice["admins"]:
            need(admin["key"] in self.admins, "UnknownAdmin")
            need_signature(self.admins[admin["key"]], message, base64.b64decode(admin["sig"]))

    def apply(self, index, text):
        notice = notice_of(text)
        need(index > self.index, "NotAfterLast")
        need(notice["type"] != "genesis", "SecondGenesis")
        need(not self.ended, "AfterTheEnd")
        need(notice["seq"] == self.seq, "WrongSeq")
        need(notice["prev"] == self.last, "WrongPrev")
        body, begins = notice["body"], None
        if "key" in body:
            need(body["key"] in self.keys, "UnknownKey")
            need(self.keys[body["key"]]["revoked"] is None, "KeyAlreadyRevoked")
        if "spki" in body:
            begins = sha256(spki_of(body["spki"])).hex()
            need(begins not in self.own, "KeyOfTheLog")
            need(begins not in self.keys, "KeyEnrolledBefore")
            bureau = self.keys[body["key"]]["bureau"] if "key" in body else body["bureau"] or begins
            need(bureau in self.bureaus or bureau == begins, "UnknownBureau")
        self.verify_admins(notice)
        if "key" in body:
            self.keys[body["key"]]["revoked"] = index
        if begins:
            self.keys[begins] = {"bureau": bureau, "roles": body["roles"], "enrolled": index, "revoked": None}
            self.bureaus.add(bureau)
        if notice["type"] == "operator" and body["event"] == "ended":
            try:
                self.ended = bool(span_of(body["detail"]))
            except Refused:
                pass
        self.seq, self.last, self.index = self.seq + 1, sha256(text.encode()).hex(), index

    def submitter(self, key, at):
        need(key in self.keys, "UnknownKey")
        known = self.keys[key]
        need(at > known["enrolled"], "NotYet")
        need(known["revoked"] is None or at <= known["revoked"], "Revoked")
        need("submit" in known["roles"], "MayNotSubmit")
        return known["bureau"]


def replay(notices):
    """Each is its index, a space and its document."""
    registry = None
    for index, document in (notice.split(" ", 1) for notice in notices):
        if registry:
            registry.apply(decimal(index, 2**64 - 1), document)
        else:
            registry = Registry(decimal(index, 2**64 - 1), document)
    return registry


def check_notice(file, case):
    if file == "document":
        notice = notice_of(case["document"])
        need(sha256(case["document"].encode()).hex() == case["commitment"] and notice["type"] == case["type"])
    elif file == "replay":
        replay(case["notices"])
    elif file == "submitter":
        registry = replay(case["notices"])
        need(registry.submitter(case["key"], decimal(case["at"], 2**64 - 1)) == case["bureau"])
    else:
        raise KeyError(file)


# ---- audit: ARCHITECTURE.md, audit rows ----------------------------------------------------------------------------


def audit_chain(rows):
    """Follows the rows, `seq time prev hash action subject` each; answers the last hash."""
    newest, time = bytes(32), 0
    for place, row in enumerate(rows):
        seq, at, prev, stated, action, subject = row.split(" ", 5)
        need(decimal(seq, 2**64 - 1) == place, "Missing")
        need(0 < len(action.encode()) <= 64 and len(subject.encode()) <= 255, "Form")
        need(hash_of(prev) == newest, "Prev")
        at = decimal(at, 2**64 - 1)
        data = b"notarylog/audit/v1\0" + place.to_bytes(8, "big") + at.to_bytes(8, "big") + newest
        for text in (action.encode(), subject.encode()):
            data += bytes([len(text)]) + text
        need(sha256(data) == hash_of(stated), "Hash")
        need(at >= time, "Time")
        newest, time = hash_of(stated), at
    return newest


def check_audit(file, case):
    if file == "chain":
        need(audit_chain(case["rows"]) == hash_of(case["head"]), "Differs")
    elif file == "span":
        notice = notice_of(case["document"])
        need(notice["type"] == "operator" and notice["body"]["event"] in ("audit", "ended"), "None")
        span = span_of(notice["body"]["detail"])
        need(str(span["count"]) == case["count"] and span["head"] == case["head"], "Differs")
    else:
        raise KeyError(file)


# ---- witness: c2sp.org/tlog-witness --------------------------------------------------------------------------------


def check_witness(_file, case):
    need((case.get("ours") is True) == (case["says"] == "ours"))
    need(not witnessing.play(case, consistency_roots), "a step is refused")


# ---- all folders ---------------------------------------------------------------------------------------------------

FOLDERS = {
    "audit": check_audit,
    "commitment": check_commitment,
    "entry": check_entry,
    "merkle": check_merkle,
    "notice": check_notice,
    "tag": check_tag,
    "tile": check_tile,
    "witness": check_witness,
    **signed.FOLDERS,
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
