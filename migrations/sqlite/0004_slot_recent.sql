-- Why: a slot's key is random, and a row in `slot` is a page written for each entry. A step leaves its slots here, packed,
-- 32 bytes each from the entry `first` on; many steps later they are entered in `slot` in the order of their keys, when
-- neighbours share a page, and this row goes in the transaction of the last of them. A slot is in one of the two, always.
CREATE TABLE slot_recent (
    first INTEGER PRIMARY KEY CHECK (first >= 0),
    slots BLOB NOT NULL CHECK (length(slots) > 0 AND length(slots) % 32 = 0)
) STRICT;
