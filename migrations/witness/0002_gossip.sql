-- Why: witnesses talk to each other. `seen` is the newest head of each log that each peer showed: a peer that lost its
-- state finds here what it signed, and one that shows two things is convicted by its own lines. `resumption` is what an
-- operator decided after a log was convicted: who answers for signing on must be able to say when and why. The proofs
-- themselves are files (DIR/misbehavior), so that they can be handed to anybody with nothing running.

CREATE TABLE seen (
    -- SHA-256 of the peer's Ed25519 verifier key, in lower-case hex.
    peer TEXT NOT NULL CHECK (length(peer) = 64),
    log INTEGER NOT NULL REFERENCES log (id),
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- What the peer's line states.
    time_s INTEGER NOT NULL CHECK (time_s > 0),
    -- The checkpoint with the log's verified lines and the peer's, and no others.
    note TEXT NOT NULL,
    PRIMARY KEY (peer, log)
) STRICT, WITHOUT ROWID;

CREATE TABLE resumption (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES log (id),
    at_s INTEGER NOT NULL CHECK (at_s >= 0),
    -- The operator's words.
    reason TEXT NOT NULL CHECK (length(reason) > 0),
    -- The proofs that the decision knew, hex SHA-256, a space between two: another one stops the log anew.
    proofs TEXT NOT NULL
) STRICT;
