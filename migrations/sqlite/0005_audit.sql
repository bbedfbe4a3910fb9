-- Why: what operators do to a log must be told by the log. Each action is a row in the transaction of the action itself,
-- chained by hash to the row before (ARCHITECTURE.md, audit rows), and the chain's head goes into operator notices: so no
-- row can be changed or taken out unseen. A few rows a day: none is ever dropped.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    time_ms INTEGER NOT NULL CHECK (time_ms >= 0),
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    subject TEXT NOT NULL CHECK (length(subject) <= 255),
    -- The hash of the row before; zeros in the first.
    prev BLOB NOT NULL CHECK (length(prev) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER audit_is_chained BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq) + 1, 0) FROM audit)
    OR NEW.prev <> coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), zeroblob(32))
    OR NEW.time_ms < coalesce((SELECT time_ms FROM audit ORDER BY seq DESC LIMIT 1), 0)
BEGIN
    SELECT RAISE(ABORT, 'an audit row follows on the newest one');
END;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'an audit row is never changed');
END;

CREATE TRIGGER audit_is_never_taken_out BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'an audit row is never taken out');
END;
