-- One thing done to many leads, kept until all of it is done: a process that ends in the middle finishes it at its next start (S1.24).
CREATE TABLE lead_changes (
  id      INTEGER PRIMARY KEY,
  list_id BLOB NOT NULL,
  what    TEXT NOT NULL,                         -- JSON
  user_id BLOB,
  uid     INTEGER,
  at      INTEGER NOT NULL,
  leads   INTEGER NOT NULL,                      -- how many; with fewer in the parts it was not begun
  looked  INTEGER NOT NULL DEFAULT 0,            -- how many of them were changed, or were not there any more
  done    TEXT NOT NULL DEFAULT '{"changed":0,"held":0,"other_lists":0}'
) STRICT;
CREATE TABLE lead_change_parts (
  change_id INTEGER NOT NULL REFERENCES lead_changes (id),
  part      INTEGER NOT NULL,
  leads     BLOB NOT NULL,                       -- ids, 16 bytes each
  PRIMARY KEY (change_id, part)
) STRICT, WITHOUT ROWID;
