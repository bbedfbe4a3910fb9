-- Why: a witness that was out while the log moved on looks here for its own newest cosignature before it signs again, also
-- after a restart of the log. One row a witness, written behind the head. The note bears the witness's own lines alone: no
-- signature of the log's lies here before a quorum has cosigned.

CREATE TABLE seen (
    -- SHA-256 of the witness's Ed25519 vkey as text.
    key_hash BLOB NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    -- The head that it cosigned last.
    size INTEGER NOT NULL CHECK (size >= 0),
    time_ms INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER seen_goes_forward BEFORE UPDATE ON seen
WHEN NEW.size < OLD.size OR NEW.time_ms < OLD.time_ms
BEGIN
    SELECT RAISE(ABORT, 'what a witness cosigned last only goes forward');
END;
