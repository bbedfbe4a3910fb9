-- Why: with a quorum configured, only a head that the witnesses cosigned may leave the house. The newest such note is
-- kept, since a start shows it to the witnesses before anything is signed; and of the heads that are kept for ever,
-- those from a time without witnesses answer no receipt any more.

CREATE TABLE witnessed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL CHECK (size >= 0),
    time_ms INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    -- With the log's lines and the witnesses'.
    note TEXT NOT NULL
) STRICT;

CREATE TRIGGER witnessed_goes_forward BEFORE UPDATE ON witnessed
WHEN NEW.size < OLD.size OR NEW.time_ms < OLD.time_ms
BEGIN
    SELECT RAISE(ABORT, 'the newest witnessed head only goes forward');
END;

ALTER TABLE kept_head ADD COLUMN witnessed INTEGER NOT NULL DEFAULT 0 CHECK (witnessed IN (0, 1));
