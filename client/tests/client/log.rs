//! A small log, signed in place. Its keys are fixed and public: TEST KEYS, worth nothing.

use ed25519_dalek::Signer as _;
use evidence::{
    AdminSignature, Commitment, DraftNotice, Entry, EvidenceFile, FileDigest, FileHasher, Genesis,
    Handle, KeyEnrol, Kind, LoggedNotice, Notice, NoticeBody, Opener, Openers, OriginHash, Role,
    Spki, Tag, UnsignedEntry, UtcDate, UtcTime,
};
use ml_dsa::MlDsa44;
use notarylog_client::{FileToRecord, FileType, Keypair, RecordDraft};
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use std::path::Path;
use tlog::{
    Checkpoint, Frontier, Growth, Hash, KeyKind, KeyName, LeafIndex, Note, Origin, Policy, Receipt,
    SignatureLine, Vkey,
};

pub const ORIGIN: &str = "log.example.org/test-2026";
/// 2026-06-11 01:32:04 UTC
pub const TIME_S: u64 = 1_781_141_524;
pub const ORIGINAL: &[u8] = b"the file as it was recorded";

/// A P-256 key whose secret is the hash of its name.
pub struct TestKey(SigningKey);

impl TestKey {
    pub fn new(name: &str) -> Self {
        let secret = Hash::of(format!("test key {name}").as_bytes());
        Self(SigningKey::from_slice(secret.as_bytes()).unwrap())
    }

    pub fn spki(&self) -> Spki {
        let der = self.0.verifying_key().to_public_key_der().unwrap();
        Spki::parse(der.as_bytes()).unwrap()
    }

    pub fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message)
    }

    pub fn pem(&self) -> String {
        let secret = p256::SecretKey::from(self.0.as_nonzero_scalar());
        secret.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
    }

    pub fn pair(&self) -> Keypair {
        Keypair::from_pem(&self.pem()).unwrap()
    }
}

/// A log with its keys and two witnesses.
pub struct TestLog {
    pub origin: Origin,
    pub entries: Vec<Entry>,
    seed: u8,
    cosigners: Vec<u8>,
}

impl TestLog {
    /// A log whose two witnesses cosign each head.
    pub fn new() -> Self {
        Self::with_seed(1)
    }

    /// Another log of the same name, with other keys.
    pub fn with_seed(seed: u8) -> Self {
        Self {
            origin: Origin::new(ORIGIN).unwrap(),
            entries: Vec::new(),
            seed,
            cosigners: vec![1, 2],
        }
    }

    /// From now on only these witnesses cosign.
    pub fn cosigned_by(mut self, witnesses: &[u8]) -> Self {
        self.cosigners = witnesses.to_vec();
        self
    }

    fn key(&self, name: &str) -> TestKey {
        TestKey::new(&format!("{name} of {}", self.seed))
    }

    fn ed25519(&self) -> ed25519_dalek::SigningKey {
        ed25519_dalek::SigningKey::from_bytes(&[self.seed; 32])
    }

    fn ml_dsa(&self) -> ml_dsa::SigningKey<MlDsa44> {
        ml_dsa::SigningKey::from_seed(&[self.seed; 32].into())
    }

    pub fn vkeys(&self) -> [Vkey; 3] {
        let vkey =
            |kind, material: &[u8]| Vkey::new(self.origin.key_name(), kind, material).unwrap();
        [
            vkey(KeyKind::Ed25519, self.ed25519().verifying_key().as_bytes()),
            vkey(KeyKind::TreeHead, self.key("tree head").spki().as_der()),
            vkey(KeyKind::MlDsa44, &ml_dsa_public(&self.ml_dsa())),
        ]
    }

    /// The published policy: the post-quantum log key, and both witnesses.
    pub fn policy(&self) -> Policy {
        self.policy_with("group both 2 one two\nquorum both\n")
    }

    /// The policy with this quorum.
    pub fn policy_with(&self, quorum: &str) -> Policy {
        let [.., log] = self.vkeys();
        let text = format!(
            "log {log}\nwitness one {}\nwitness two {}\n{quorum}",
            witness(1).0,
            witness(2).0
        );
        Policy::parse(text.as_bytes()).unwrap()
    }

    /// The signed and cosigned head over all entries.
    pub fn head(&self) -> Note {
        let leaves = self.entries.iter().map(Entry::leaf_hash).collect();
        let tree = Growth::new(&Frontier::empty(), leaves);
        let text = Checkpoint::new(&self.origin, tree.after(), tree.root()).text();
        let [ed25519, tree_head, ml_dsa] = self.vkeys();
        let signature = self.ed25519().sign(text.as_bytes()).to_bytes();
        let message = tlog::tree_head_message(TIME_S * 1000, tree.after(), &tree.root());
        let der = self.key("tree head").sign(&message).to_der();
        let name = self.origin.key_name();
        let cosigned = |name: &KeyName| {
            tlog::cosigned_message(name, TIME_S, ORIGIN, 0, tree.after().get(), &tree.root())
                .unwrap()
        };
        let mut lines = vec![
            tlog::ed25519_line(&ed25519, &signature),
            tlog::tree_head_line(&name, tree_head.material(), TIME_S * 1000, der.as_bytes()),
            tlog::cosignature_line(
                &ml_dsa,
                TIME_S,
                &ml_dsa_sign(&self.ml_dsa(), &cosigned(&name)),
            ),
        ];
        for number in &self.cosigners {
            let (vkey, key) = witness(*number);
            let message = tlog::cosignature_message(TIME_S + 1, &text);
            lines.push(tlog::cosignature_line(
                &vkey,
                TIME_S + 1,
                &key.sign(&message).to_bytes(),
            ));
        }
        Note::new(text, lines).unwrap()
    }

    /// The receipt of an entry under the newest head.
    pub fn receipt(&self, index: u64) -> Receipt {
        let leaves = self.entries.iter().map(Entry::leaf_hash).collect();
        let tree = Growth::new(&Frontier::empty(), leaves);
        let entry = self.entries[usize::try_from(index).unwrap()].to_bytes();
        let index = LeafIndex::new(index);
        let proof = tree.inclusion_proof(index).unwrap();
        Receipt::new(Some(entry.to_vec()), index, proof, self.head()).unwrap()
    }

    /// Appends an entry, and answers where it stands.
    pub fn append(&mut self, entry: Entry) -> u64 {
        self.entries.push(entry);
        self.entries.len() as u64 - 1
    }

    /// Appends a notice's entry, signed by the log's entry key.
    pub fn append_notice(&mut self, notice: &Notice) -> u64 {
        self.append(self.entry_of(notice))
    }

    /// The entry of a notice, signed by the log's entry key.
    pub fn entry_of(&self, notice: &Notice) -> Entry {
        let commitment = notice.commitment();
        let key = self.key("entries");
        let unsigned = UnsignedEntry {
            kind: Kind::Notice,
            key_id: key.spki().key_hash(),
            tag: Tag::of_notice(&commitment),
            commitment,
        };
        let origin = OriginHash::of(ORIGIN);
        key.pair().sign(&unsigned, &origin).unwrap()
    }

    pub fn genesis(&self) -> Notice {
        self.genesis_ruled_by(self)
    }

    /// A genesis that names this log's vkeys, and the admins and the entry key of another.
    pub fn genesis_ruled_by(&self, ruler: &Self) -> Notice {
        let body = Genesis {
            admins: ["a", "b", "c"].map(|name| ruler.key(name).spki()),
            entry_key: ruler.key("entries").spki(),
            origin: self.origin.clone(),
            predecessor: None,
            vkeys: self.vkeys(),
        };
        let draft = DraftNotice {
            seq: 0,
            prev: None,
            effective: Some(UtcDate::parse("2026-01-01").unwrap()),
            body: NoticeBody::Genesis(Box::new(body)),
        };
        ruler.endorse(draft, ["a", "b"])
    }

    /// A notice that enrols this key, signed by these of the admins a, b and c.
    pub fn enrolment(&self, key: &Keypair, roles: &[Role], admins: [&str; 2]) -> Notice {
        let body = KeyEnrol {
            bureau: None,
            name: "Market Supervision Bureau".to_owned(),
            roles: roles.to_vec(),
            spki: *key.spki(),
        };
        let draft = DraftNotice {
            seq: 1,
            prev: Some(self.genesis().commitment()),
            effective: None,
            body: NoticeBody::KeyEnrol(body),
        };
        self.endorse(draft, admins)
    }

    fn endorse(&self, draft: DraftNotice, admins: [&str; 2]) -> Notice {
        let message = draft.message(&OriginHash::of(ORIGIN));
        let signatures = admins.map(|name| {
            let key = self.key(name);
            let signature = key.sign(&message).to_bytes().into();
            AdminSignature::new(key.spki().key_hash(), signature).unwrap()
        });
        draft.into_notice(signatures.to_vec()).unwrap()
    }
}

/// A bureau's item in a log: genesis 0, enrolment 1, two strangers, the record at 4, and one after it.
pub struct Scene {
    pub log: TestLog,
    pub evidence: EvidenceFile,
    pub receipt: Receipt,
    pub digest: FileDigest,
}

pub const RECORD_AT: u64 = 4;

pub fn scene() -> Scene {
    scene_in(TestLog::new())
}

pub fn scene_in(mut log: TestLog) -> Scene {
    let bureau = TestKey::new("bureau").pair();
    let genesis = log.genesis();
    let enrolment = log.enrolment(&bureau, &[Role::Submit], ["a", "c"]);
    log.append_notice(&genesis);
    log.append_notice(&enrolment);
    let evidence = sealed(ORIGINAL, &bureau, 0);
    log.append(stranger(1));
    log.append(stranger(2));
    log.append(evidence.entry.clone());
    log.append(stranger(3));
    finish(log, evidence, genesis, enrolment)
}

/// Puts the notices and their receipts beside the record that stands at [`RECORD_AT`].
pub fn finish(log: TestLog, evidence: EvidenceFile, genesis: Notice, enrolment: Notice) -> Scene {
    let at = |notice: &Notice| {
        let commitment = notice.commitment();
        let at = log
            .entries
            .iter()
            .position(|entry| entry.commitment() == &commitment);
        log.receipt(at.unwrap() as u64)
    };
    let mut evidence = evidence;
    evidence.notices = [genesis, enrolment]
        .map(|notice| LoggedNotice {
            receipt: at(&notice),
            notice,
        })
        .to_vec();
    Scene {
        receipt: log.receipt(RECORD_AT),
        digest: digest(ORIGINAL),
        evidence,
        log,
    }
}

/// The evidence of a file, sealed by this key.
pub fn sealed(original: &[u8], key: &Keypair, number: u64) -> EvidenceFile {
    let digest = digest(original);
    let record = RecordDraft::default()
        .record(&FileToRecord {
            name: "photo.jpg",
            file_type: FileType::of(Path::new("photo.jpg"), original),
            digest: &digest,
            received: UtcTime::parse("2026-06-11T01:32:04.120Z").unwrap(),
        })
        .unwrap();
    let openers = Openers {
        hdr: Opener::new([1; 32]),
        body: Opener::new([2; 32]),
    };
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: *key.key_id(),
        tag: Handle::new([7; 32]).tag(number),
        commitment: record.seal(&openers).commitment(),
    };
    EvidenceFile {
        origin: Origin::new(ORIGIN).unwrap(),
        entry: key.sign(&unsigned, &OriginHash::of(ORIGIN)).unwrap(),
        record,
        openers,
        handle_index: number,
        spki: *key.spki(),
        notices: Vec::new(),
    }
}

pub fn digest(bytes: &[u8]) -> FileDigest {
    let mut hasher = FileHasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// Some other bureau's entry.
pub fn stranger(number: u8) -> Entry {
    let key = TestKey::new("stranger").pair();
    let unsigned = UnsignedEntry {
        kind: Kind::Record,
        key_id: *key.key_id(),
        tag: Handle::new([number; 32]).tag(0),
        commitment: Commitment::of_document(&[number]),
    };
    key.sign(&unsigned, &OriginHash::of(ORIGIN)).unwrap()
}

/// The same note without the lines by this key.
pub fn without_lines_by(note: &Note, vkey: &Vkey) -> Note {
    let lines: Vec<SignatureLine> = note
        .lines()
        .iter()
        .filter(|line| line.id() != vkey.id())
        .cloned()
        .collect();
    Note::new(note.text(), lines).unwrap()
}

/// The same note with the last byte of this key's line changed.
pub fn with_bad_line_by(note: &Note, vkey: &Vkey) -> Note {
    let lines: Vec<SignatureLine> = note
        .lines()
        .iter()
        .map(|line| {
            let mut body = line.body().to_vec();
            if line.id() == vkey.id() {
                *body.last_mut().unwrap() ^= 1;
            }
            SignatureLine::new(line.name().clone(), line.id(), body).unwrap()
        })
        .collect();
    Note::new(note.text(), lines).unwrap()
}

/// A receipt with this note in the place of its own.
pub fn with_note(receipt: &Receipt, note: Note) -> Receipt {
    Receipt::new(
        receipt.extra().map(<[u8]>::to_vec),
        receipt.index(),
        receipt.proof().to_vec(),
        note,
    )
    .unwrap()
}

pub fn witness(number: u8) -> (Vkey, ed25519_dalek::SigningKey) {
    let key = ed25519_dalek::SigningKey::from_bytes(&[100 + number; 32]);
    let name = KeyName::new(format!("witness{number}.example")).unwrap();
    let vkey = Vkey::new(name, KeyKind::Cosignature, key.verifying_key().as_bytes()).unwrap();
    (vkey, key)
}

fn ml_dsa_public(key: &ml_dsa::SigningKey<MlDsa44>) -> Vec<u8> {
    use ml_dsa::signature::Keypair as _;
    key.verifying_key().encode().to_vec()
}

fn ml_dsa_sign(key: &ml_dsa::SigningKey<MlDsa44>, message: &[u8]) -> Vec<u8> {
    let signature: ml_dsa::Signature<MlDsa44> = ml_dsa::signature::Signer::sign(key, message);
    signature.encode().to_vec()
}
