-- Why: what a witness must never forget. One row in `head` is the newest head that it signed of a log; the row is
-- compared and set, and on disk, before a signature exists. Integers are below 2^63, hashes are 32 bytes, times are
-- seconds since 1970 (UTC), as cosignatures state them.

CREATE TABLE witness (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The name that the keys are bound to: a database is never opened for another witness.
    name TEXT NOT NULL,
    -- Counts up with every change of `log` and `log_key`, so that a running witness sees what a command changed.
    roster INTEGER NOT NULL CHECK (roster >= 0)
) STRICT;

CREATE TABLE log (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL UNIQUE CHECK (length(origin) > 0),
    -- Where the log serves /checkpoint; the witness looks there for its own newest cosignature.
    url TEXT,
    -- A log that was removed stays here with its head: added again, it goes on from there.
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- Who enrolled it: command, config or list.
    source TEXT NOT NULL
) STRICT;

CREATE TABLE log_key (
    log INTEGER NOT NULL REFERENCES log (id),
    -- A vkey (c2sp.org/signed-note). No two logs share one.
    vkey TEXT NOT NULL UNIQUE,
    PRIMARY KEY (log, vkey)
) STRICT, WITHOUT ROWID;

CREATE TABLE head (
    log INTEGER PRIMARY KEY REFERENCES log (id),
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- The time of the newest cosignature; 0 before the first.
    time_s INTEGER NOT NULL CHECK (time_s >= 0),
    -- The checkpoint with the log's own verified lines and no others; empty before the first cosignature.
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER head_goes_forward BEFORE UPDATE ON head
WHEN NEW.log <> OLD.log OR NEW.size < OLD.size OR NEW.time_s < OLD.time_s
    OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
BEGIN
    SELECT RAISE(ABORT, 'what a witness signed only goes forward');
END;

-- The heads of late, in the order in which they were signed: one row a transaction, so that a commit touches the last
-- page alone. The keeper moves them, behind, into `kept`. Each: length of the rest (4 bytes), log (8), time (8), then a
-- note of the checkpoint and one line of the log's, all big-endian.
CREATE TABLE signed (
    -- Never used again, also after all rows were moved: the order of `kept` stands on it.
    batch INTEGER PRIMARY KEY AUTOINCREMENT,
    heads BLOB NOT NULL
) STRICT;

-- The same, sorted by log; the oldest are dropped when a log has more than 4,096.
CREATE TABLE kept (
    log INTEGER NOT NULL REFERENCES log (id),
    batch INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    heads BLOB NOT NULL,
    PRIMARY KEY (log, batch)
) STRICT;

-- How many heads of a log are in `kept`: nothing counts rows.
CREATE TABLE kept_count (
    log INTEGER PRIMARY KEY REFERENCES log (id),
    heads INTEGER NOT NULL CHECK (heads >= 0)
) STRICT;

-- The newest signed list of logs that was taken: an older one is refused.
CREATE TABLE log_list (
    signer TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;
