//! A witness in memory, for unit tests of the log: honest, or wrong in one manner.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must panic")]

use super::{Answer, Silence, Witness};
use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use service::AwsLc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tlog::{
    AddCheckpoint, Hash, KeyKind, KeyName, Latest, Note, SignedCheckpoint, TreeSize, Vkey,
    cosignature_line, cosignature_message,
};

/// How a witness behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As the specification says.
    Honest,
    /// As if it were switched off.
    Off,
    /// It answers never.
    Silent,
    /// It answers honestly, so late.
    Slow(Duration),
    /// It cosigns, and its answer is lost on the way.
    Unheard,
    /// It says that nothing follows.
    Refuses,
    /// It says that it recorded this, whatever it did.
    Claims(Option<TreeSize>),
    /// It answers with a signature that does not verify.
    Garbage,
    /// The same, so late that other heads have been published meanwhile.
    LateGarbage(Duration),
}

/// A witness with one key.
pub(crate) struct SimulatedWitness {
    key: Ed25519KeyPair,
    vkey: Vkey,
    log_keys: Vec<Vkey>,
    manner: Mutex<Manner>,
    latest: Mutex<(Latest, Option<Note>)>,
    /// What its clock shows, in seconds since 1970.
    time_s: Mutex<u64>,
    /// Every note that it was asked to cosign.
    pub(crate) asked: Mutex<Vec<Note>>,
    /// Size and root of every head that it cosigned.
    pub(crate) cosigned: Mutex<Vec<(TreeSize, Hash)>>,
}

impl SimulatedWitness {
    /// An honest witness of the log with these keys, that has seen nothing.
    pub(crate) fn new(name: &str, log_keys: &[Vkey]) -> Arc<Self> {
        let key = Ed25519KeyPair::generate().unwrap();
        let name = KeyName::new(name).unwrap();
        let vkey = Vkey::new(name, KeyKind::Cosignature, key.public_key().as_ref());
        Arc::new(Self {
            key,
            vkey: vkey.unwrap(),
            log_keys: log_keys.to_vec(),
            manner: Mutex::new(Manner::Honest),
            latest: Mutex::new((Latest::EMPTY, None)),
            time_s: Mutex::new(1_800_000_000),
            asked: Mutex::default(),
            cosigned: Mutex::default(),
        })
    }

    /// Its verifier key.
    pub(crate) const fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// From now on it behaves so.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Sets its clock.
    pub(crate) fn set_clock(&self, time_s: u64) {
        *self.time_s.lock().unwrap() = time_s;
    }

    /// Goes back to what it knew at the beginning.
    pub(crate) fn forget(&self) {
        *self.latest.lock().unwrap() = (Latest::EMPTY, None);
    }

    /// The size that it cosigned last.
    pub(crate) fn size(&self) -> u64 {
        self.latest.lock().unwrap().0.size().get()
    }

    fn manner(&self) -> Manner {
        self.manner.lock().unwrap().clone()
    }

    fn garbage(&self) -> Answer {
        Answer::Cosigned(vec![cosignature_line(&self.vkey, 1, &[7; 64])])
    }

    fn honestly(&self, request: &AddCheckpoint) -> Answer {
        let Ok(signed) = SignedCheckpoint::open(request.note(), &self.log_keys, &AwsLc) else {
            return Answer::Status(403);
        };
        let mut latest = self.latest.lock().unwrap();
        if request.old() != latest.0.size() {
            return Answer::Recorded(Some(latest.0.size()));
        }
        let checkpoint = signed.checkpoint();
        let (size, root) = (checkpoint.size(), checkpoint.root());
        let Ok(next) = latest.0.advance(size, root, request.proof()) else {
            return Answer::DoesNotFollow;
        };
        let time = *self.time_s.lock().unwrap();
        let signature = self
            .key
            .sign(&cosignature_message(time, request.note().text()));
        let line = cosignature_line(&self.vkey, time, signature.as_ref());
        let shown = request.note().clone().with_line(line.clone()).unwrap();
        *latest = (next, Some(shown));
        self.cosigned.lock().unwrap().push((size, root));
        Answer::Cosigned(vec![line])
    }
}

#[async_trait]
impl Witness for SimulatedWitness {
    async fn add_checkpoint(&self, request: &AddCheckpoint) -> Result<Answer, Silence> {
        self.asked.lock().unwrap().push(request.note().clone());
        match self.manner() {
            Manner::Honest => Ok(self.honestly(request)),
            Manner::Off => Err(Silence("nothing answers at its address".to_owned())),
            Manner::Silent => late().await,
            Manner::Slow(pause) => {
                tokio::time::sleep(pause).await;
                Ok(self.honestly(request))
            }
            Manner::Unheard => {
                let _lost = self.honestly(request);
                late().await
            }
            Manner::Refuses => Ok(Answer::DoesNotFollow),
            Manner::Claims(size) => Ok(Answer::Recorded(size)),
            Manner::Garbage => Ok(self.garbage()),
            Manner::LateGarbage(pause) => {
                tokio::time::sleep(pause).await;
                Ok(self.garbage())
            }
        }
    }

    async fn shown(&self) -> Result<Option<Note>, Silence> {
        match self.manner() {
            Manner::Off => Err(Silence("nothing answers at its address".to_owned())),
            Manner::Silent => late().await,
            _ => Ok(self.latest.lock().unwrap().1.clone()),
        }
    }
}

/// What an adapter makes of a witness that does not answer within its bound.
async fn late<T>() -> Result<T, Silence> {
    tokio::time::sleep(Duration::from_millis(500)).await;
    Err(Silence("it did not answer in time".to_owned()))
}
