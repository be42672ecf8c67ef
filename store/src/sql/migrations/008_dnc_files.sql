-- Files of do-not-call numbers hold from their first row, and what they clear holds until their last.

-- The process ended in the middle of the import: when that was found out, UTC milliseconds. A file that adds do-not-call numbers
-- then stays 'staging', and its numbers blocked, until somebody decides; every other one was taken back.
ALTER TABLE imports ADD COLUMN interrupted_at INTEGER;

-- What a file is going to clear once it is committed.
CREATE TABLE dnc_to_clear (
  entry_id  INTEGER NOT NULL REFERENCES do_not_call (id),
  import_id BLOB NOT NULL REFERENCES imports (id),
  reason    TEXT NOT NULL,
  PRIMARY KEY (entry_id, import_id)
) STRICT, WITHOUT ROWID;

-- Entries of a file that is not committed which somebody else entered too: another file, or a person or a call (x''). They stay
-- when the file is taken back.
CREATE TABLE dnc_also (
  entry_id  INTEGER NOT NULL REFERENCES do_not_call (id),
  import_id BLOB NOT NULL,
  PRIMARY KEY (entry_id, import_id)
) STRICT, WITHOUT ROWID;

-- Before, numbers were cleared while the file was read. What a file had cleared that was not committed holds again.
UPDATE OR IGNORE do_not_call SET revoked_at = NULL, revoked_by = NULL, revoked_reason = NULL
  WHERE EXISTS (SELECT 1 FROM imports i
    WHERE i.state = 'staging' AND i.report ->> '$.register' = 'dnc' AND i.report ->> '$.clear'
      AND i.created_at = do_not_call.revoked_at AND i.user_id IS do_not_call.revoked_by);
