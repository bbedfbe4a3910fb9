#!/usr/bin/env python3
"""Writes the vectors of entry, tag, commitment, notice and audit: code that shares nothing with the Rust crates.

The keys are TEST KEYS, fixed and worth nothing: the secret of key n is SHA-256("notarylog test key n"). Signatures are
deterministic (RFC 6979), so that a second run writes the same files. `check.py` judges what is written here.
"""

import base64
import hmac
import json
import sys
from pathlib import Path

# `check.py` takes every folder here for one of vectors.
sys.dont_write_bytecode = True

from check import (  # noqa: E402
    canonical, entry_message, field_hash, half_commit, leaves_of, salt_of, sha256, strict_json, tree_root,
)
from signatures import FIELD, GENERATOR, ORDER, SPKI_HEADER, point_times  # noqa: E402

HERE = Path(__file__).parent
SPEC = "the documentation of the crate evidence"
ORIGIN = "log.example.org/test-2026"


def ok(name, **members):
    return {"name": name, **members, "expect": "ok"}


def bad(name, because, **members):
    return {"name": name, **members, "expect": "refused", "because": because}


def write(file, about, cases):
    path = HERE / f"{file}.json"
    path.parent.mkdir(exist_ok=True)
    lines = ",\n    ".join(json.dumps(case, ensure_ascii=False) for case in cases)
    text = f'{{\n  "about": {json.dumps(about)},\n  "spec": ["{SPEC}"],\n  "cases": [\n    {lines}\n  ]\n}}\n'
    path.write_text(text, encoding="utf-8")


# ---- keys ------------------------------------------------------------------------------------------------------------


def i2b(number):
    return number.to_bytes(32, "big")


class Key:
    def __init__(self, number):
        self.number = number
        self.secret = int.from_bytes(sha256(f"notarylog test key {number}".encode()), "big")
        x, y = point_times(self.secret, GENERATOR)
        self.spki = SPKI_HEADER + b"\x04" + i2b(x) + i2b(y)
        self.id = sha256(self.spki)
        self.b64 = base64.b64encode(self.spki).decode()

    def sign(self, message, low=True):
        """ECDSA with the nonce of RFC 6979 §3.2."""
        digest = sha256(message)
        seed = i2b(self.secret) + i2b(int.from_bytes(digest, "big") % ORDER)
        v, k = b"\x01" * 32, bytes(32)
        for byte in (b"\x00", b"\x01"):
            k = hmac.digest(k, v + byte + seed, "sha256")
            v = hmac.digest(k, v, "sha256")
        while True:
            v = hmac.digest(k, v, "sha256")
            nonce = int.from_bytes(v, "big")
            if 0 < nonce < ORDER:
                break
            k = hmac.digest(k, v + b"\x00", "sha256")
            v = hmac.digest(k, v, "sha256")
        r = point_times(nonce, GENERATOR)[0] % ORDER
        s = pow(nonce, -1, ORDER) * (int.from_bytes(digest, "big") + r * self.secret) % ORDER
        s = min(s, ORDER - s)
        return i2b(r) + i2b(s if low else ORDER - s)


KEYS = {number: Key(number) for number in range(1, 14)}

# ---- entry -----------------------------------------------------------------------------------------------------------


def content(kind=1, key_id=b"\xa0" * 32, tag=b"\xb0" * 32, commitment=b"\xc0" * 32, version=1):
    return bytes([version, kind]) + key_id + tag + commitment


def stored(data, **changes):
    return {
        "entry": data.hex(), "kind": str(data[1]), "key_id": data[2:34].hex(), "tag": data[34:66].hex(),
        "commitment": data[66:98].hex(), "signature": data[98:162].hex(), "leaf": sha256(b"\x00" + data).hex(),
    } | changes


def rs(r, s):
    return i2b(r) + i2b(s)


def entry_vectors():
    plain = content() + rs(17, 17)
    half = ORDER // 2
    write("entry/stored", "The bytes are an entry in its stored form, with these fields and this leaf hash.", [
        ok("a record", **stored(plain)),
        ok("a notice", **stored(content(kind=2) + rs(17, 17))),
        ok("an index, reserved", **stored(content(kind=3) + rs(17, 17))),
        ok("the smallest r and s", **stored(content() + rs(1, 1))),
        ok("the largest r, and the largest s in the lower half", **stored(content() + rs(ORDER - 1, half))),
        ok("all fields zero but the signature", **stored(content(key_id=bytes(32), tag=bytes(32), commitment=bytes(32)) + rs(1, 1))),
        bad("nothing", "Length(0)", **stored(plain, entry="")),
        bad("one byte too few", "Length(161)", **stored(plain, entry=plain[:-1].hex())),
        bad("one byte too many", "Length(163)", **stored(plain, entry=plain.hex() + "00")),
        bad("two entries", "Length(324)", **stored(plain, entry=(plain * 2).hex())),
        bad("version 0", "Version(0)", **stored(content(version=0) + rs(17, 17))),
        bad("version 2", "Version(2)", **stored(content(version=2) + rs(17, 17))),
        bad("kind 0", "Kind(0)", **stored(content(kind=0) + rs(17, 17))),
        bad("kind 4", "Kind(4)", **stored(content(kind=4) + rs(17, 17))),
        bad("kind 255", "Kind(255)", **stored(content(kind=255) + rs(17, 17))),
        bad("r is 0", "SignatureRange", **stored(content() + rs(0, 17))),
        bad("s is 0", "SignatureRange", **stored(content() + rs(17, 0))),
        bad("r is the order", "SignatureRange", **stored(content() + rs(ORDER, 17))),
        bad("s is the order", "SignatureRange", **stored(content() + rs(17, ORDER))),
        bad("r is 2^256 - 1", "SignatureRange", **stored(content() + rs(2**256 - 1, 17))),
        bad("r lies between the order and the field", "SignatureRange", **stored(content() + rs(FIELD - 1, 17))),
        bad("the smallest s of the upper half", "HighS", **stored(content() + rs(17, half + 1))),
        bad("the largest s", "HighS", **stored(content() + rs(17, ORDER - 1))),
        bad("a leaf hash without its prefix", "Differs", **stored(plain, leaf=sha256(plain).hex())),
        bad("a leaf hash with the prefix of a node", "Differs", **stored(plain, leaf=sha256(b"\x01" + plain).hex())),
        bad("a leaf hash of the content alone", "Differs", **stored(plain, leaf=sha256(b"\x00" + plain[:98]).hex())),
        bad("tag and commitment exchanged", "Differs", **stored(plain, tag=plain[66:98].hex(), commitment=plain[34:66].hex())),
        bad("another kind than stated", "Differs", **stored(plain, kind="2")),
    ])

    def submitted(r, s, stored_s=None):
        return {"submitted": (content() + rs(r, s)).hex(), "stored": (content() + rs(r, stored_s or s)).hex()}

    write("entry/submitted", "The bytes as submitted become this entry in its stored form.", [
        ok("a low S stays", **submitted(17, 17)),
        ok("a high S becomes the low one", **submitted(17, ORDER - 17, 17)),
        ok("the smallest S of the upper half becomes the largest of the lower", **submitted(17, half + 1, half)),
        ok("the largest S becomes 1", **submitted(17, ORDER - 1, 1)),
        bad("a high S is stored as it came", "Differs", **submitted(17, ORDER - 17)),
        bad("a low S is turned", "Differs", **submitted(17, 17, ORDER - 17)),
        bad("s is 0", "SignatureRange", **submitted(17, 0)),
        bad("s is the order", "SignatureRange", **submitted(17, ORDER)),
        bad("r is 0", "SignatureRange", **submitted(0, 17)),
        bad("version 2", "Version(2)", submitted=(content(version=2) + rs(17, 17)).hex(), stored=plain.hex()),
        bad("one byte too few", "Length(161)", submitted=plain[:-1].hex(), stored=plain.hex()),
    ])

    def signed(key, message=None, origin=ORIGIN, spki=None, low=True, **fields):
        data = content(key_id=key.id, **fields)
        message = message(data) if message else entry_message(ORIGIN, data)
        return {
            "entry": (data + key.sign(message, low)).hex(), "origin": origin, "spki": (spki or key.spki).hex(),
            "test_key": str(key.number),
        }

    def changed(case, at):
        data = bytearray.fromhex(case["entry"])
        data[at] ^= 1
        return case | {"entry": data.hex()}

    key, other = KEYS[10], KEYS[11]
    write("entry/signed", "This key signed this entry for the log of this origin.", [
        ok("a record by key 10", **signed(key)),
        ok("a record by key 11", **signed(other)),
        ok("a notice by the log's entry key", **signed(KEYS[4], kind=2)),
        ok("another commitment", **signed(key, commitment=b"\x07" * 32)),
        bad("for another log", "Signature", **signed(key, origin="log.example.org/training")),
        bad("the entry names another key", "OtherKey", **signed(key, spki=other.spki)),
        bad("signed by another key than it names", "Signature", **(signed(key) | {
            "entry": (content(key_id=key.id) + other.sign(entry_message(ORIGIN, content(key_id=key.id)))).hex()})),
        bad("another kind than was signed", "Signature", **(signed(key) | {
            "entry": (content(kind=2, key_id=key.id) + bytes.fromhex(signed(key)["entry"])[98:]).hex()})),
        bad("one bit of the tag changed", "Signature", **changed(signed(key), 40)),
        bad("one bit of the commitment changed", "Signature", **changed(signed(key), 97)),
        bad("one bit of r changed", "Signature", **changed(signed(key), 129)),
        bad("one bit of s changed", "Signature", **changed(signed(key), 161)),
        bad("signed without the label", "Signature", **signed(key, lambda data: sha256(ORIGIN.encode()) + data)),
        bad("signed under the label of a notice", "Signature",
            **signed(key, lambda data: b"notarylog/notice/v1\0" + sha256(ORIGIN.encode()) + data)),
        bad("signed with the origin in plain", "Signature",
            **signed(key, lambda data: b"notarylog/entry/v1\0" + ORIGIN.encode() + data)),
        bad("signed without the origin", "Signature", **signed(key, lambda data: b"notarylog/entry/v1\0" + data)),
        bad("the other S of a good signature", "HighS", **signed(key, low=False)),
    ])


# ---- tag -------------------------------------------------------------------------------------------------------------


def tag_vectors():
    handle, beta = b"\x01" * 32, bytes(range(64))

    def item(number, computed=None, handle=handle):
        right = sha256(b"notarylog/tag/v1\0" + handle + number.to_bytes(8, "big"))
        return {"handle": handle.hex(), "number": str(number), "tag": (computed or right).hex()}

    tag0 = bytes.fromhex(item(0)["tag"])
    write("tag/item", "The tag of an item is made of the case's handle and the item's number.", [
        ok("item 0", **item(0)),
        ok("item 1", **item(1)),
        ok("item 256, whose bytes show the order", **item(256)),
        ok("the last number", **item(2**64 - 1)),
        ok("another handle", **item(0, handle=bytes(range(32)))),
        bad("the tag of the item before", "Differs", **item(1, tag0)),
        bad("a number in little-endian", "Differs", **item(1, sha256(b"notarylog/tag/v1\0" + handle + (1).to_bytes(8, "little")))),
        bad("a number of four bytes", "Differs", **item(1, sha256(b"notarylog/tag/v1\0" + handle + (1).to_bytes(4, "big")))),
        bad("a number in decimal", "Differs", **item(1, sha256(b"notarylog/tag/v1\0" + handle + b"1"))),
        bad("number before handle", "Differs", **item(1, sha256(b"notarylog/tag/v1\0" + (1).to_bytes(8, "big") + handle))),
        bad("the label without its end", "Differs", **item(1, sha256(b"notarylog/tag/v1" + handle + (1).to_bytes(8, "big")))),
        bad("an HMAC", "Differs", **item(1, hmac.digest(handle, b"notarylog/tag/v1\0" + (1).to_bytes(8, "big"), "sha256"))),
    ])
    case_handle = sha256(b"notarylog/handle/v1\0" + beta)
    write("tag/case", "The handle of a case is made of the output of the bureau's VRF.", [
        ok("64 bytes", beta=beta.hex(), handle=case_handle.hex()),
        ok("64 zero bytes", beta=bytes(64).hex(), handle=sha256(b"notarylog/handle/v1\0" + bytes(64)).hex()),
        bad("half of the output", "Differs", beta=beta.hex(), handle=sha256(b"notarylog/handle/v1\0" + beta[:32]).hex()),
        bad("the output itself", "Differs", beta=beta.hex(), handle=beta[:32].hex()),
        bad("no label", "Differs", beta=beta.hex(), handle=sha256(beta).hex()),
    ])

    def derived(name, computed=None):
        right = sha256(b"notarylog/handle/" + name.encode() + b"/v1\0" + handle)
        return {"handle": handle.hex(), "derived": name, "result": (computed or right).hex()}

    write("tag/derived", "A derived handle has its name in the label.", [
        ok("challenges", **derived("challenge")),
        ok("custody records by others", **derived("custody")),
        bad("the case's own handle", "Differs", **derived("challenge", handle)),
        bad("the name after the label", "Differs", **derived("challenge", sha256(b"notarylog/handle/v1\0challenge" + handle))),
        bad("the label of the case's handle", "Differs", **derived("challenge", sha256(b"notarylog/handle/v1\0" + handle))),
    ])

    def notice(commitment, computed=None):
        right = sha256(b"notarylog/tag/notice/v1\0" + commitment)
        return {"commitment": commitment.hex(), "tag": (computed or right).hex()}

    write("tag/notice", "The tag of a notice is made of its public commitment.", [
        ok("a notice", **notice(b"\xc0" * 32)),
        ok("another notice", **notice(bytes(range(32)))),
        bad("the commitment itself", "Differs", **notice(b"\xc0" * 32, b"\xc0" * 32)),
        bad("the label of an item", "Differs", **notice(b"\xc0" * 32, sha256(b"notarylog/tag/v1\0" + b"\xc0" * 32))),
        bad("no label", "Differs", **notice(b"\xc0" * 32, sha256(b"\xc0" * 32))),
    ])
    bureau = KEYS[10].id

    def slot(computed=None, bureau=bureau):
        right = sha256(b"notarylog/slot/v1\0" + bureau + tag0)
        return {"bureau": bureau.hex(), "tag": tag0.hex(), "slot": (computed or right).hex()}

    write("tag/slot", "A slot is made of the bureau and the tag.", [
        ok("a bureau", **slot()),
        ok("another bureau", **slot(bureau=KEYS[11].id)),
        bad("the slot of another bureau", "Differs", **slot(bytes.fromhex(slot(bureau=KEYS[11].id)["slot"]))),
        bad("tag before bureau", "Differs", **slot(sha256(b"notarylog/slot/v1\0" + tag0 + bureau))),
        bad("no label", "Differs", **slot(sha256(bureau + tag0))),
    ])

    def alpha(number, one="苏市监案〔2026〕00417号", year="2026"):
        return {"bureau": bureau.hex(), "year": year, "case_number": number, "alpha": (bureau + year.encode() + one.encode()).hex()}

    write("tag/alpha", "A case number has one form in the input of the bureau's VRF, however people write it.", [
        ok("as it should be", **alpha("苏市监案〔2026〕00417号")),
        ok("small tortoise shell brackets", **alpha("苏市监案﹝2026﹞00417号")),
        ok("round brackets", **alpha("苏市监案(2026)00417号")),
        ok("full-width square brackets", **alpha("苏市监案［2026］00417号")),
        ok("full-width digits", **alpha("苏市监案〔２０２６〕００４１７号")),
        ok("white space of every kind", **alpha("\t苏市监案 〔2026〕\u300000417\u00a0号\n")),
        ok("double angle brackets", **alpha("苏市监案《2026》00417号")),
        bad("another number", "Differs", **alpha("苏市监案〔2026〕00418号")),
        bad("brackets left as they came", "Differs", **alpha("苏市监案(2026)00417号", "苏市监案(2026)00417号")),
        bad("no brackets", "Differs", **alpha("苏市监案202600417号")),
        bad("a leading zero less", "Differs", **alpha("苏市监案〔2026〕417号")),
        bad("nothing but space", "MalformedCaseNumber", **alpha("\u3000 ")),
    ])


# ---- commitment ------------------------------------------------------------------------------------------------------


def half_tree(half, text, opener):
    leaves = sorted(leaves_of(strict_json(text)), key=lambda leaf: leaf[0].encode())
    salts = [salt_of(opener, path) for path, _ in leaves]
    hashes = [field_hash(salt, path, value) for salt, (path, value) in zip(salts, leaves, strict=True)]
    return leaves, salts, hashes


def path_up(leaves, index):
    """The audit path of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < k:
        return [*path_up(leaves[:k], index), tree_root(leaves[k:])]
    return [*path_up(leaves[k:], index - k), tree_root(leaves[:k])]


def commitment_vectors():
    opener, other = b"\x11" * 32, b"\x22" * 32

    def salt(path, computed=None):
        return {"opener": opener.hex(), "path": path, "salt": (computed or salt_of(opener, path)).hex()}

    info = b"notarylog/salt/v1\0/kind"
    write("commitment/salt", "The salt of a field is made of the half's opener and the field's path.", [
        ok("a field", **salt("/kind")),
        ok("a nested field", **salt("/place/present")),
        ok("the whole half, if it is empty", **salt("")),
        ok("a path beyond ASCII", **salt("/证据")),
        bad("the salt of another field", "Differs", **salt("/kind", salt_of(opener, "/stage"))),
        bad("the salt of another half", "Differs", **salt("/kind", salt_of(other, "/kind"))),
        bad("expanded without extraction", "Differs", **salt("/kind", hmac.digest(opener, info + b"\x01", "sha256")[:16])),
        bad("the opener as HKDF's salt", "Differs", **salt("/kind", hmac.digest(hmac.digest(opener, b"", "sha256"), info + b"\x01", "sha256")[:16])),
        bad("the last 16 bytes", "Differs", **salt("/kind", hmac.digest(hmac.digest(bytes(32), opener, "sha256"), info + b"\x01", "sha256")[16:])),
        bad("a plain hash", "Differs", **salt("/kind", sha256(opener + info)[:16])),
    ])

    def half(text, name="hdr", **changes):
        leaves, _, hashes = half_tree(name, text, opener)
        root = tree_root(hashes)
        return {
            "half": name, "opener": opener.hex(), "value": text, "count": str(len(leaves)), "root": root.hex(),
            "commit": half_commit(name, len(leaves), root).hex(),
        } | changes

    text = '{"kind":"doc","place":{"present":true},"list":[1,-2,null],"none":[],"nobody":{}}'
    good = half(text)
    root = bytes.fromhex(good["root"])
    leaves, _, hashes = half_tree("hdr", text, opener)
    unsalted = tree_root([sha256(b"\x00" + canonical([path, value]).encode()) for path, value in leaves])
    in_list_order = [hashes[[path for path, _ in leaves].index(path)] for path, _ in leaves_of(strict_json(text))]
    eleven = '{"a":[0,1,2,3,4,5,6,7,8,9,10]}'
    by_number = sorted(half_tree("hdr", eleven, opener)[0], key=lambda leaf: int(leaf[0][3:]))
    by_number = tree_root([field_hash(salt_of(opener, path), path, value) for path, value in by_number])
    slashed = '{"a/b":1,"a~b":2}'
    unescaped = tree_root([field_hash(salt_of(opener, path), path, value) for path, value in (("/a/b", 1), ("/a~b", 2))])
    write("commitment/half", "A half of a record has this many leaves, this root and this commitment.", [
        ok("scalars and empty containers are leaves", **good),
        ok("the same as a body", **half(text, "body")),
        ok("one leaf", **half('{"a":1}')),
        ok("an empty object is one leaf", **half("{}")),
        ok("eleven elements: /a/10 stands before /a/2", **half(eleven)),
        ok("names with / and ~", **half(slashed)),
        ok("names beyond ASCII, in the order of their bytes", **half('{"\U0001f600":1,"\ufb00":2,"é":"〔〕\\n"}')),
        ok("members in another order", **half('{"place":{"present":true},"nobody":{},"none":[],"list":[1,-2,null],"kind":"doc"}')),
        ok("256 leaves", **half(json.dumps([1] * 256))),
        bad("257 leaves", "TooManyLeaves", **half(json.dumps([1] * 257))),
        bad("another value", "Differs", **half(text, value=text.replace("true", "false"))),
        bad("a text for a number", "Differs", **half('{"a":1}', value='{"a":"1"}')),
        bad("another opener", "Differs", **half(text, opener=other.hex())),
        bad("the commitment of the other half", "Differs", **half(text, commit=half(text, "body")["commit"])),
        bad("a commitment without the count", "Differs", **half(text, commit=sha256(b"notarylog/hdr/v1\0" + root).hex())),
        bad("a count of eight bytes", "Differs", **half(text, commit=sha256(b"notarylog/hdr/v1\0" + (7).to_bytes(8, "big") + root).hex())),
        bad("the opener hashed in", "Differs", **half(text, commit=sha256(b"notarylog/hdr/v1\0" + opener + (7).to_bytes(4, "big") + root).hex())),
        bad("leaves without salt", "Differs", **half(text, root=unsalted.hex(), commit=half_commit("hdr", 7, unsalted).hex())),
        bad("leaves in the order of the text", "Differs", **half(text, root=tree_root(in_list_order).hex(), commit=half_commit("hdr", 7, tree_root(in_list_order)).hex())),
        bad("elements in the order of their numbers", "Differs", **half(eleven, root=by_number.hex(), commit=half_commit("hdr", 11, by_number).hex())),
        bad("names that are not escaped", "Differs", **half(slashed, root=unescaped.hex(), commit=half_commit("hdr", 2, unescaped).hex())),
        bad("another count", "Differs", **half(text, count="6")),
    ])
    hdr, body = bytes.fromhex(good["commit"]), bytes.fromhex(half(text, "body")["commit"])

    def record(computed=None):
        right = sha256(b"notarylog/commit/v1\0" + hdr + body)
        return {"hdr_commit": hdr.hex(), "body_commit": body.hex(), "commitment": (computed or right).hex()}

    write("commitment/record", "The commitment to a record is made of those of its halves.", [
        ok("header, then body", **record()),
        bad("body, then header", "Differs", **record(sha256(b"notarylog/commit/v1\0" + body + hdr))),
        bad("no label", "Differs", **record(sha256(hdr + body))),
        bad("a node of a tree", "Differs", **record(sha256(b"\x01" + hdr + body))),
    ])

    leaves, salts, hashes = half_tree("hdr", text, opener)

    def shown(leaf, **changes):
        path, value = leaves[leaf]
        document = {
            "count": len(leaves), "half": "hdr", "index": leaf, "path": path, "salt": salts[leaf].hex(), "value": value,
            "proof": [step.hex() for step in path_up(hashes, leaf)],
        } | changes
        return {"disclosure": canonical(document), "commit": good["commit"]}

    steps = [step.hex() for step in path_up(hashes, 0)]
    write("commitment/disclosure", "One field stands in the half that was committed to.", [
        *[ok(f"{path} alone", **shown(index)) for index, (path, _) in enumerate(leaves)],
        bad("another value", "Differs", **shown(0, value="photo")),
        bad("another path", "Differs", **shown(0, path="/stage")),
        bad("another salt", "Differs", **shown(0, salt=salts[1].hex())),
        bad("another half", "Differs", **shown(0, half="body")),
        bad("another place", "Differs", **shown(0, index=1)),
        bad("another count that needs as many hashes", "Differs", **shown(0, count=8)),
        bad("a hash too few", "Proof", **shown(0, proof=steps[:-1])),
        bad("a hash too many", "Proof", **shown(0, proof=[*steps, steps[0]])),
        bad("a place beyond the count", "Proof", **shown(0, index=7)),
        bad("no leaves", "Proof", **shown(0, count=0)),
        bad("more leaves than a half has", "Count", **shown(0, count=257)),
        bad("a container that is not empty", "Container", **shown(0, value=[1])),
        bad("a salt of 15 bytes", "Shape", **shown(0, salt=salts[0].hex()[2:])),
        bad("an unknown half", "Shape", **shown(0, half="foot")),
        bad("an unknown member", "Shape", **shown(0, opener=opener.hex())),
        bad("a value with a fraction", "Json(NotAnInteger)", disclosure=shown(0)["disclosure"].replace('"value":"doc"', '"value":1.5'), commit=good["commit"]),
        bad("a member twice", "Json(DuplicateMember)", disclosure='{"count":7,' + shown(0)["disclosure"][1:], commit=good["commit"]),
    ])


# ---- notice ----------------------------------------------------------------------------------------------------------


def admins_sign(unsigned, signers=(1, 2), origin=ORIGIN, low=True):
    message = b"notarylog/notice/v1\0" + sha256(origin.encode()) + canonical(unsigned).encode()
    signatures = [
        {"key": KEYS[signer].id.hex(), "sig": base64.b64encode(KEYS[signer].sign(message, low)).decode()}
        for signer in signers
    ]
    return sorted(signatures, key=lambda signature: signature["key"])


def notice(kind, body, seq, prev, effective=None, sign=admins_sign, **changes):
    unsigned = {"body": body, "effective": effective, "prev": prev, "seq": seq, "type": kind, "v": 1} | changes
    return canonical(unsigned | {"admins": sign(unsigned)})


def nested(levels):
    return [nested(levels - 1)] if levels > 1 else []


def address(document):
    return sha256(document.encode()).hex()


ED25519_KEY = bytes.fromhex("7a4c9e46b9b9ea1029185932411e1909b579e087762ca68035872b9cabf75369")


def vkey(name, kind, material):
    hashed = sha256(material) if kind == 5 else material
    key_id = sha256(name.encode() + b"\n" + bytes([kind]) + hashed)[:4].hex()
    return f"{name}+{key_id}+{base64.b64encode(bytes([kind]) + material).decode()}"


def genesis_body(**changes):
    return {
        "admins": [KEYS[number].b64 for number in (1, 2, 3)],
        "entry_key": KEYS[4].b64,
        "origin": ORIGIN,
        "predecessor": None,
        "vkeys": [vkey(ORIGIN, 1, ED25519_KEY), vkey(ORIGIN, 5, KEYS[5].spki), vkey(ORIGIN, 6, b"\x44" * 1312)],
    } | changes


def genesis(sign=admins_sign, effective="2026-01-01", **changes):
    return notice("genesis", genesis_body(**changes), 0, None, effective, sign)


def enrol(key=10, bureau=None, name="Bureau of Tests", roles=("submit",), **changes):
    return {"bureau": bureau, "name": name, "roles": list(roles), "spki": KEYS[key].b64} | changes


def notice_vectors():
    prev = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

    def made(kind, body, effective=None, **changes):
        return notice(kind, body, 7, prev, effective, **changes)

    def document(text):
        return {"document": text, "type": json.loads(text)["type"], "commitment": address(text)}

    def raw(text):
        return {"document": text, "type": "key.enrol", "commitment": address(text)}

    def unsigned(_):
        return []

    def one(draft):
        return admins_sign(draft)[:1]

    def descending(draft):
        return admins_sign(draft)[::-1]

    def same_twice(draft):
        return admins_sign(draft, (1, 1))

    def three(draft):
        return admins_sign(draft, (1, 2, 3))

    def high(draft):
        return admins_sign(draft, low=False)

    def zero(draft):
        return [signature | {"sig": base64.b64encode(bytes(64)).decode()} for signature in admins_sign(draft)]

    def short(draft):
        return [signature | {"sig": signature["sig"][:-4]} for signature in admins_sign(draft)]

    day, event = "2026-02-01", {"detail": {"size": 1024}, "event": "restored"}
    good = made("key.enrol", enrol())
    head = {"origin": "log.example.org/test-2025", "root": base64.b64encode(sha256(b"")).decode(), "size": 0}
    wrong_order = genesis_body()["vkeys"]
    wrong_order = [wrong_order[1], wrong_order[0], wrong_order[2]]
    foreign = [vkey("other.example", 1, ED25519_KEY), *genesis_body()["vkeys"][1:]]
    off_curve = KEYS[10].spki[:-1] + bytes([KEYS[10].spki[-1] ^ 1])
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + b"\x02" + KEYS[10].spki[27:59]
    base64_of = lambda data: base64.b64encode(data).decode()
    write("notice/document", "The text is a notice of this type, with this commitment.", [
        ok("a genesis", **document(genesis())),
        ok("a genesis that continues another log", **document(genesis(predecessor=head))),
        ok("a new bureau", **document(good)),
        ok("a key that joins a bureau", **document(made("key.enrol", enrol(bureau=KEYS[11].id.hex(), roles=("submit", "supervise", "vrf"))))),
        ok("a name beyond ASCII", **document(made("key.enrol", enrol(name="苏州市市场监督管理局")))),
        ok("a name of 200 bytes", **document(made("key.enrol", enrol(name="a" * 200)))),
        ok("a rotation", **document(made("key.rotate", {"key": KEYS[10].id.hex(), "roles": ["submit"], "spki": KEYS[11].b64}))),
        *[ok(f"a revocation: {reason}", **document(made("key.revoke", {"key": KEYS[10].id.hex(), "reason": reason})))
          for reason in ("compromised", "lost", "retired", "superseded")],
        ok("a policy", **document(made("policy", {"policy": "quorum none\n"}, day))),
        ok("a catalogue", **document(made("catalogue", {"catalogue": {"AV-06": {"act": "seizure", "medium": ["av_full"]}}}, day))),
        ok("a calendar", **document(made("calendar", {"calendar": {}}, "2028-02-29"))),
        ok("the log's own diary", **document(made("operator", event, day, sign=unsigned))),
        ok("members whose order differs in UTF-8 and UTF-16", **document(made("calendar", {"calendar": {"\U0001f600": 1, "\ufb00": 2}}, day))),
        bad("nothing", "Json(Syntax)", **raw("")),
        bad("a list", "NoObject", **raw("[]")),
        bad("no JSON", "Json(Syntax)", **raw(good[:-1])),
        bad("a line after it", "Json(NotCanonical)", **raw(good + "\n")),
        bad("white space", "Json(NotCanonical)", **raw(good.replace('"v":1', '"v": 1'))),
        bad("members out of order", "Json(NotCanonical)", **raw('{"v":1,' + good[1:].replace(',"v":1}', "}"))),
        bad("a needless escape", "Json(NotCanonical)", **raw(good.replace("Bureau", "\\u0042ureau"))),
        bad("UTF-8 order in place of UTF-16", "Json(NotCanonical)",
            **raw(made("calendar", {"calendar": {"\U0001f600": 1, "\ufb00": 2}}, day).replace('"😀":1,"ﬀ":2', '"ﬀ":2,"😀":1'))),
        bad("a member twice", "Json(DuplicateMember)", **raw(good.replace('"seq":7', '"seq":7,"seq":7'))),
        bad("a member twice, once escaped", "Json(DuplicateMember)", **raw(good.replace('"seq":7', '"s\\u0065q":8,"seq":7'))),
        bad("a number with a fraction", "Json(NotAnInteger)", **raw(good.replace('"seq":7', '"seq":7.0'))),
        bad("a number with an exponent", "Json(NotAnInteger)", **raw(good.replace('"seq":7', '"seq":7e0'))),
        bad("minus zero", "Json(NotAnInteger)", **raw(good.replace('"seq":7', '"seq":-0'))),
        bad("an integer of 2^53", "Json(IntegerTooLarge)", **raw(good.replace('"seq":7', '"seq":9007199254740992'))),
        bad("an integer of 2^64", "Json(IntegerTooLarge)", **raw(good.replace('"seq":7', '"seq":18446744073709551616'))),
        bad("a catalogue nested too deep", "Json(TooDeep)", **document(made("catalogue", {"catalogue": {"a": nested(30)}}, day))),
        bad("version 2", "Version", **document(made("key.enrol", enrol(), v=2))),
        bad("a version that is no number", 'Member("v")', **document(made("key.enrol", enrol(), v="1"))),
        bad("an unknown type", "UnknownType", **document(notice("key.lend", enrol(), 7, prev))),
        bad("an unknown member", "UnknownMember", **document(made("key.enrol", enrol(), more=1))),
        bad("an unknown member of the body", "UnknownMember", **document(made("key.enrol", enrol(more=1)))),
        bad("no prev", 'Member("prev")', **raw(good.replace(f'"prev":"{prev}",', ""))),
        bad("a prev in capitals", 'Member("prev")', **document(notice("key.enrol", enrol(), 7, prev.upper()))),
        bad("a body without bureau", 'Member("bureau")', **raw(good.replace('"bureau":null,', ""))),
        bad("a body of another type", 'Member("key")', **document(made("key.revoke", enrol()))),
        bad("a body that is no object", 'Member("body")', **document(made("key.enrol", []))),
        bad("a name of 201 bytes", 'Member("name")', **document(made("key.enrol", enrol(name="a" * 201)))),
        bad("an empty name", 'Member("name")', **document(made("key.enrol", enrol(name="")))),
        bad("a name of two lines", 'Member("name")', **document(made("key.enrol", enrol(name="a\nb")))),
        bad("no roles", 'Member("roles")', **document(made("key.enrol", enrol(roles=())))),
        bad("roles out of order", 'Member("roles")', **document(made("key.enrol", enrol(roles=("vrf", "submit"))))),
        bad("a role twice", 'Member("roles")', **document(made("key.enrol", enrol(roles=("submit", "submit"))))),
        bad("an unknown role", 'Member("roles")', **document(made("key.enrol", enrol(roles=("rule",))))),
        bad("a key off the curve", 'Member("spki")', **document(made("key.enrol", enrol(spki=base64_of(off_curve))))),
        bad("a compressed key", 'Member("spki")', **document(made("key.enrol", enrol(spki=base64_of(compressed))))),
        bad("a byte after the key", 'Member("spki")', **document(made("key.enrol", enrol(spki=base64_of(KEYS[10].spki + b"\0"))))),
        bad("base64 without padding", 'Member("spki")', **document(made("key.enrol", enrol(spki=KEYS[10].b64.rstrip("="))))),
        bad("an unknown reason", 'Member("reason")', **document(made("key.revoke", {"key": KEYS[10].id.hex(), "reason": "bored"}))),
        bad("a key id of 31 bytes", 'Member("key")', **document(made("key.revoke", {"key": "00" * 31, "reason": "lost"}))),
        bad("an event with a space", 'Member("event")', **document(made("operator", event | {"event": "came back"}, day, sign=unsigned))),
        bad("a catalogue that is a list", 'Member("catalogue")', **document(made("catalogue", {"catalogue": []}, day))),
        bad("a date on a key", "Effective", **document(made("key.enrol", enrol(), day))),
        bad("no date on a policy", "Effective", **document(made("policy", {"policy": ""}))),
        bad("a day that does not exist", 'Member("effective")', **document(made("policy", {"policy": ""}, "2026-02-30"))),
        bad("a date with a time", 'Member("effective")', **document(made("policy", {"policy": ""}, "2026-02-01T00:00:00Z"))),
        bad("a genesis with a prev", "Sequence", **document(notice("genesis", genesis_body(), 0, prev, day))),
        bad("a genesis with another seq", "Sequence", **document(notice("genesis", genesis_body(), 1, None, day))),
        bad("seq 0 in another notice", "Sequence", **document(notice("key.enrol", enrol(), 0, prev))),
        bad("no prev in another notice", "Sequence", **document(notice("key.enrol", enrol(), 7, None))),
        bad("no signature", "Admins", **document(made("key.enrol", enrol(), sign=unsigned))),
        bad("one signature", "Admins", **document(made("key.enrol", enrol(), sign=one))),
        bad("three signatures", "Admins", **document(made("key.enrol", enrol(), sign=three))),
        bad("two signatures of one admin", "Admins", **document(made("key.enrol", enrol(), sign=same_twice))),
        bad("signatures out of order", "Admins", **document(made("key.enrol", enrol(), sign=descending))),
        bad("an operator notice with signatures", "Admins", **document(made("operator", event, day))),
        bad("a signature with a high S", "AdminSignature", **document(made("key.enrol", enrol(), sign=high))),
        bad("a signature of zeroes", "AdminSignature", **document(made("key.enrol", enrol(), sign=zero))),
        bad("a signature too short", "AdminSignature", **document(made("key.enrol", enrol(), sign=short))),
        bad("a genesis with two admins", 'Member("admins")', **document(genesis(admins=genesis_body()["admins"][:2]))),
        bad("a genesis with one admin twice", "SameKeyTwice", **document(genesis(admins=[KEYS[number].b64 for number in (1, 2, 1)]))),
        bad("an admin's key as entry key", "SameKeyTwice", **document(genesis(entry_key=KEYS[1].b64))),
        bad("the tree head's key as entry key", "SameKeyTwice", **document(genesis(entry_key=KEYS[5].b64))),
        bad("an admin's key for tree heads", "SameKeyTwice",
            **document(genesis(vkeys=[genesis_body()["vkeys"][0], vkey(ORIGIN, 5, KEYS[2].spki), genesis_body()["vkeys"][2]]))),
        bad("vkeys in another order", "Vkeys", **document(genesis(vkeys=wrong_order))),
        bad("a vkey under another name", "Vkeys", **document(genesis(vkeys=foreign))),
        bad("two vkeys", 'Member("vkeys")', **document(genesis(vkeys=genesis_body()["vkeys"][:2]))),
        bad("an origin with a space", 'Member("origin")', **document(genesis(origin="log example"))),
        bad("a predecessor without a root", 'Member("predecessor")', **document(genesis(predecessor={"origin": "a", "size": 0}))),
    ])

    # Replays: a genesis at 0, then a bureau with key 10 at 7.
    first = genesis()
    second = notice("key.enrol", enrol(), 1, address(first))

    def then(*more, before=((0, first), (7, second))):
        return {"notices": [f"{index} {text}" for index, text in (*before, *more)]}

    def third(kind, body, effective=None, seq=2, prev=address(second), **changes):
        return notice(kind, body, seq, prev, effective, **changes)

    def by(signers, origin=ORIGIN):
        return lambda draft: admins_sign(draft, signers, origin)

    def of_another(draft):
        return sorted([*admins_sign(draft, (1,)), *admins_sign(draft | {"seq": 9}, (2,))], key=lambda signature: signature["key"])

    def rotate(old, new):
        return {"key": KEYS[old].id.hex(), "roles": ["submit"], "spki": KEYS[new].b64}

    def revoke(key):
        return {"key": KEYS[key].id.hex(), "reason": "compromised"}

    bureau = KEYS[10].id.hex()
    revoked = third("key.revoke", revoke(10))
    rotated = third("key.rotate", rotate(10, 11))

    def fourth(kind, body, after, effective=None):
        return notice(kind, body, 3, address(after), effective)

    def unknown(number):
        return f"UnknownAdmin {{ key: KeyHash({KEYS[number].id.hex()}) }}"

    def forged(number):
        return f"BadAdminSignature {{ key: KeyHash({KEYS[number].id.hex()}) }}"

    lower = min((1, 2), key=lambda number: KEYS[number].id)
    span = {"after": None, "count": 3, "first_ms": 0, "head": "ab" * 32, "last_ms": 9}
    ended = third("operator", {"detail": span, "event": "ended"}, day, sign=unsigned)
    only_said = third("operator", {"detail": {}, "event": "ended"}, day, sign=unsigned)
    write("notice/replay", "Each notice may follow on those before it.", [
        ok("a genesis alone", **then(before=((0, first),))),
        ok("a bureau", **then()),
        ok("a second key of the bureau", **then((8, third("key.enrol", enrol(11, bureau))))),
        ok("a second bureau", **then((8, third("key.enrol", enrol(11))))),
        ok("a rotation", **then((8, rotated))),
        ok("a rotation of the new key", **then((8, rotated), (9, fourth("key.rotate", rotate(11, 12), rotated)))),
        ok("a revocation", **then((8, revoked))),
        ok("a new key for a bureau whose only key was revoked", **then((8, revoked), (9, fourth("key.enrol", enrol(11, bureau), revoked)))),
        ok("a line of the log's own diary", **then((8, third("operator", event, day, sign=unsigned)))),
        ok("the last notice of a log", **then((8, ended))),
        ok("an end that does not name the audit chain ends nothing", **then((8, only_said), (9, fourth("key.revoke", revoke(10), only_said)))),
        ok("signed by the second and the third admin", **then((8, third("policy", {"policy": "quorum none\n"}, day, sign=by((2, 3)))))),
        bad("no genesis first", "NoGenesis", **then(before=((0, second),))),
        bad("a genesis at index 1", "GenesisNotFirst", **then(before=((1, first),))),
        bad("a second genesis", "SecondGenesis", **then((8, first))),
        bad("an index that was passed", "NotAfterLast", **then((7, revoked))),
        bad("a seq too high", "WrongSeq { expected: 2 }", **then((8, third("key.revoke", revoke(10), seq=3)))),
        bad("a seq too low", "WrongSeq { expected: 2 }", **then((8, third("key.revoke", revoke(10), seq=1)))),
        bad("prev is the genesis", "WrongPrev", **then((8, third("key.revoke", revoke(10), prev=address(first))))),
        bad("signed by a bureau", unknown(10), **then((8, third("key.revoke", revoke(10), sign=by((1, 10) if KEYS[10].id > KEYS[1].id else (10, 1)))))),
        bad("signed for another log", forged(lower), **then((8, third("key.revoke", revoke(10), sign=by((1, 2), "log.example.org/training"))))),
        bad("one admin signed another document", forged(2), **then((8, third("key.revoke", revoke(10), sign=of_another)))),
        bad("a genesis signed by a stranger", unknown(9), **then(before=((0, genesis(by((1, 9)))),))),
        bad("a genesis signed for another origin", forged(lower), **then(before=((0, genesis(by((1, 2), "other.example"))),))),
        bad("a key enrolled twice", "KeyEnrolledBefore", **then((8, third("key.enrol", enrol(10))))),
        bad("a revoked key enrolled again", "KeyEnrolledBefore", **then((8, revoked), (9, fourth("key.enrol", enrol(10), revoked)))),
        bad("a key rotated into itself", "KeyEnrolledBefore", **then((8, third("key.rotate", rotate(10, 10))))),
        bad("an admin's key for a bureau", "KeyOfTheLog", **then((8, third("key.enrol", enrol(1))))),
        bad("the log's entry key for a bureau", "KeyOfTheLog", **then((8, third("key.enrol", enrol(4))))),
        bad("the tree head's key for a bureau", "KeyOfTheLog", **then((8, third("key.rotate", rotate(10, 5))))),
        bad("a bureau that nobody knows", "UnknownBureau", **then((8, third("key.enrol", enrol(11, KEYS[12].id.hex()))))),
        bad("the log as a bureau", "UnknownBureau", **then((8, third("key.enrol", enrol(11, KEYS[4].id.hex()))))),
        bad("a bureau named by its second key", "UnknownBureau", **then((8, rotated), (9, fourth("key.enrol", enrol(12, KEYS[11].id.hex()), rotated)))),
        bad("a revocation of an unknown key", "UnknownKey", **then((8, third("key.revoke", revoke(11))))),
        bad("a rotation of an unknown key", "UnknownKey", **then((8, third("key.rotate", rotate(11, 12))))),
        bad("a key revoked twice", "KeyAlreadyRevoked", **then((8, revoked), (9, fourth("key.revoke", revoke(10), revoked)))),
        bad("a revoked key rotated", "KeyAlreadyRevoked", **then((8, revoked), (9, fourth("key.rotate", rotate(10, 11), revoked)))),
        bad("a notice after the last", "AfterTheEnd", **then((8, ended), (9, fourth("key.revoke", revoke(10), ended)))),
        bad("a rotated key revoked", "KeyAlreadyRevoked", **then((8, rotated), (9, fourth("key.revoke", revoke(10), rotated)))),
    ])

    def asked(replayed, key, at, bureau=bureau):
        return replayed | {"key": KEYS[key].id.hex(), "at": str(at), "bureau": bureau}

    supervisor = third("key.enrol", enrol(11, roles=("supervise", "vrf")))
    write("notice/submitter", "The key may submit the entry at this index, for this bureau.", [
        ok("the index after the enrolment", **asked(then(), 10, 8)),
        ok("any later index", **asked(then(), 10, 2**63)),
        ok("the index of the revocation", **asked(then((12, revoked)), 10, 12)),
        ok("the index of the rotation, by the old key", **asked(then((12, rotated)), 10, 12)),
        ok("the index after the rotation, by the new key for the same bureau", **asked(then((12, rotated)), 11, 13)),
        bad("the index of the enrolment", "NotYet", **asked(then(), 10, 7)),
        bad("an index before", "NotYet", **asked(then(), 10, 3)),
        bad("the index after the revocation", "Revoked { at: LeafIndex(12) }", **asked(then((12, revoked)), 10, 13)),
        bad("the index after the rotation, by the old key", "Revoked { at: LeafIndex(12) }", **asked(then((12, rotated)), 10, 13)),
        bad("the index of the rotation, by the new key", "NotYet", **asked(then((12, rotated)), 11, 12)),
        bad("a key that was never enrolled", "UnknownKey", **asked(then(), 12, 8)),
        bad("an admin", "UnknownKey", **asked(then(), 1, 8)),
        bad("the log's entry key", "UnknownKey", **asked(then(), 4, 8)),
        bad("a supervisor", "MayNotSubmit", **asked(then((8, supervisor)), 11, 9, KEYS[11].id.hex())),
        bad("the new key for itself as a bureau", "Differs", **asked(then((12, rotated)), 11, 13, KEYS[11].id.hex())),
    ])


# ---- audit -----------------------------------------------------------------------------------------------------------


def audit_row(seq, time, prev, action, subject, label=b"notarylog/audit/v1\0"):
    data = label + seq.to_bytes(8, "big") + time.to_bytes(8, "big") + prev
    for text in (action.encode(), subject.encode()):
        data += bytes([len(text)]) + text
    return f"{seq} {time} {prev.hex()} {sha256(data).hex()} {action} {subject}"


def audit_rows(*events, **changes):
    rows, prev = [], bytes(32)
    for seq, (time, action, subject) in enumerate(events):
        rows.append(audit_row(seq, time, prev, action, subject, **changes))
        prev = bytes.fromhex(rows[-1].split(" ")[3])
    return rows


def audit_vectors():
    notice = "5a" * 32
    events = [(0, "notice.genesis", notice), (1795000000000, "start", "1"), (1795000000000, "notice.key.enrol", "00" * 32),
              (1795000000001, "stop", "2")]
    rows = audit_rows(*events)

    def chain(rows):
        return {"rows": rows, "head": rows[-1].split(" ")[3] if rows else "00" * 32}

    def changed(place, row):
        return chain([*rows[:place], row, *rows[place + 1:]])

    longest = [*events, (2**53 - 1, "a" * 64, "s" * 255)]
    write("audit/chain", "Each row follows on the one before, from the first, and the last has this hash.", [
        ok("no row", **chain([])),
        ok("one row", **chain(rows[:1])),
        ok("four rows", **chain(rows)),
        ok("the longest action and subject", **chain(audit_rows(*longest))),
        ok("an empty subject", **chain(audit_rows((1, "start", "")))),
        bad("a row is missing", "Missing { seq: 1 }", **chain([rows[0], *rows[2:]])),
        bad("the first is missing", "Missing { seq: 0 }", **chain(rows[1:])),
        bad("a row twice", "Missing { seq: 2 }", **chain([*rows[:2], *rows[1:]])),
        bad("two rows in the wrong order", "Missing { seq: 1 }", **chain([rows[0], rows[2], rows[1], rows[3]])),
        bad("another subject", "Hash { seq: 1 }", **changed(1, rows[1][:-1] + "2")),
        bad("another action", "Hash { seq: 3 }", **changed(3, rows[3].replace("stop", "start"))),
        bad("another time", "Hash { seq: 1 }", **changed(1, rows[1].replace("1795000000000", "1795000000001"))),
        bad("a changed row with a hash of its own", "Prev { seq: 2 }",
            **changed(1, audit_row(1, 1795000000000, bytes.fromhex(rows[0].split(" ")[3]), "start", "2"))),
        bad("a first row that follows on something", "Prev { seq: 0 }",
            **chain([audit_row(0, 1, b"\x01" * 32, "start", "0")])),
        bad("a row that is earlier", "Time { seq: 1 }", **chain(audit_rows(events[1], events[0]))),
        bad("an empty action", "Form { seq: 0 }", **chain(audit_rows((1, "", "0")))),
        bad("an action of 65 bytes", "Form { seq: 0 }", **chain(audit_rows((1, "a" * 65, "0")))),
        bad("the label of a notice", "Hash { seq: 0 }", **chain(audit_rows(*events, label=b"notarylog/notice/v1\0"))),
        bad("no label", "Hash { seq: 0 }", **chain(audit_rows(*events, label=b""))),
        bad("another head", "Differs", rows=rows, head="00" * 32),
    ])

    def span(event="audit", **changes):
        detail = {"after": None, "count": 4, "first_ms": 0, "head": rows[-1].split(" ")[3], "last_ms": 1795000000001}
        detail = {name: value for name, value in {**detail, **changes}.items() if value is not Ellipsis}
        document = notice_text("operator", {"detail": detail, "event": event}, 7, "ab" * 32, "2026-11-24")
        return {"document": document, "count": "4", "head": rows[-1].split(" ")[3]}

    write("audit/span", "The operator notice names an audit chain of so many rows with this head.", [
        ok("a first one", **span()),
        ok("one that follows", **span(after="cd" * 32, first_ms=1795000000001)),
        ok("the last of a log", **span("ended")),
        bad("another event", "None", **span("restored")),
        bad("no after", "MalformedSpan", **span(after=...)),
        bad("no head", "MalformedSpan", **span(head=...)),
        bad("a head in capitals", "MalformedSpan", **span(head="CD" * 32)),
        bad("a member too many", "MalformedSpan", **span(rows=[])),
        bad("no row", "MalformedSpan", **span(count=0)),
        bad("a count below zero", "MalformedSpan", **span(count=-1)),
        bad("a count as text", "MalformedSpan", **span(count="4")),
        bad("a last before its first", "MalformedSpan", **span(first_ms=1795000000002)),
        bad("another head", "Differs", **span(head="cd" * 32)),
        bad("another count", "Differs", **span(count=5)),
    ])


def notice_text(kind, body, seq, prev, effective):
    return canonical({"admins": [], "body": body, "effective": effective, "prev": prev, "seq": seq, "type": kind, "v": 1})


if __name__ == "__main__":
    entry_vectors()
    tag_vectors()
    commitment_vectors()
    notice_vectors()
    audit_vectors()
