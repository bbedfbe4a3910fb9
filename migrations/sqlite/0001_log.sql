-- Why: the log itself. One row in `state` is the head that is locked for each step forward; all else is written in the
-- same transaction, or behind the head. Integers are below 2^63, hashes are 32 bytes, times are milliseconds since 1970.

CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- SHA-256 of the origin: a database is never opened for another log.
    origin_hash BLOB NOT NULL CHECK (length(origin_hash) = 32),
    -- The newest head. Size 0 and time 0 before the genesis.
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
    -- One hash for each set bit of the size, largest subtree first.
    frontier BLOB NOT NULL CHECK (length(frontier) % 32 = 0),
    -- Who passed the start-up gate last.
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    -- Entries below are in full tiles and bundles, durably.
    stored INTEGER NOT NULL CHECK (stored % 256 = 0 AND stored BETWEEN 0 AND size),
    -- Leaves below are in `leaf`.
    leaves_indexed INTEGER NOT NULL CHECK (leaves_indexed BETWEEN 0 AND size)
) STRICT;

CREATE TRIGGER state_goes_forward BEFORE UPDATE ON state
WHEN NEW.size < OLD.size OR NEW.time_ms < OLD.time_ms OR NEW.stored < OLD.stored
    OR NEW.leaves_indexed < OLD.leaves_indexed OR NEW.origin_hash <> OLD.origin_hash
BEGIN
    SELECT RAISE(ABORT, 'the state of a log only goes forward');
END;

-- The entries of one transaction, packed, 162 bytes each: a row an entry would cost ten times as much.
CREATE TABLE batch (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL CHECK (count > 0),
    committed_ms INTEGER NOT NULL,
    entries BLOB NOT NULL CHECK (length(entries) = 162 * count)
) STRICT;

-- Slots are set once. The key is the slot's first 8 bytes, which fit the row id; a whole slot is a random 32-byte key,
-- and its index would be the largest cost of a commit. A slot whose first 8 bytes another slot holds already (they can
-- be made to collide) stands in full in `slot_overflow`. Whoever finds an index compares the entry.
CREATE TABLE slot (
    prefix INTEGER PRIMARY KEY,
    idx INTEGER NOT NULL
) STRICT;

CREATE TABLE slot_overflow (
    slot BLOB NOT NULL PRIMARY KEY CHECK (length(slot) = 32),
    idx INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The same for leaf hashes, filled behind the head.
CREATE TABLE leaf (
    prefix INTEGER PRIMARY KEY,
    idx INTEGER NOT NULL
) STRICT;

CREATE TABLE leaf_overflow (
    leaf BLOB NOT NULL PRIMARY KEY CHECK (length(leaf) = 32),
    idx INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every head of late; old rows are dropped.
CREATE TABLE head (
    size INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    PRIMARY KEY (size, time_ms)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER one_root_for_each_size BEFORE INSERT ON head
WHEN NEW.root <> (SELECT root FROM head WHERE size = NEW.size LIMIT 1)
BEGIN
    SELECT RAISE(ABORT, 'a tree of one size has one root');
END;

-- The heads that are kept for ever. Each covers more entries than the one before.
CREATE TABLE kept_head (
    size INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- The signed note, once there is one.
    note TEXT
) STRICT;

CREATE TABLE notice (
    seq INTEGER PRIMARY KEY,
    idx INTEGER NOT NULL UNIQUE,
    type TEXT NOT NULL,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    document BLOB NOT NULL
) STRICT;
