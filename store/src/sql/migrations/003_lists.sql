-- Lists that belong to somebody and have an order, leads that are found by name, recordings that are kept for a while.

ALTER TABLE lists ADD COLUMN dial_order TEXT NOT NULL DEFAULT 'position'
  CHECK (dial_order IN ('position', 'random', 'newest', 'category'));
ALTER TABLE lists ADD COLUMN registered INTEGER NOT NULL DEFAULT 0;

ALTER TABLE leads ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leads ADD COLUMN assigned_user_id BLOB REFERENCES users (id);
ALTER TABLE leads ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN last_kind TEXT CHECK (last_kind IN ('out', 'out_missed', 'in', 'in_missed'));
ALTER TABLE leads ADD COLUMN last_memo TEXT;

DROP INDEX leads_ready;
CREATE INDEX leads_ready ON leads (list_id, round, assigned_user_id, turn)
  WHERE state = 'ready' AND excluded = 0 AND deleted_at IS NULL;
CREATE INDEX leads_worked ON leads (list_id) WHERE attempts > 0 AND deleted_at IS NULL;
CREATE INDEX leads_excluded ON leads (list_id) WHERE excluded = 1 AND deleted_at IS NULL;
CREATE INDEX leads_skipped ON leads (list_id) WHERE state = 'skipped' AND deleted_at IS NULL;
CREATE INDEX leads_deleted ON leads (list_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- Who calls a number, on whatever list it stands (S1.13); `leads.assigned_user_id` repeats it for the claim.
CREATE TABLE assignments (
  phone      TEXT PRIMARY KEY,
  user_id    BLOB NOT NULL REFERENCES users (id),
  by_user_id BLOB REFERENCES users (id),
  import_id  BLOB REFERENCES imports (id),       -- the import that gave it, undone with it
  at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_by_user ON assignments (user_id);

-- Who may use a list (X7). A list without a row is open to everybody.
CREATE TABLE list_grants (
  list_id    BLOB NOT NULL REFERENCES lists (id),
  user_id    BLOB NOT NULL REFERENCES users (id),
  granted_by BLOB REFERENCES users (id),
  at         INTEGER NOT NULL,
  PRIMARY KEY (list_id, user_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE recordings ADD COLUMN hold_reason TEXT;
ALTER TABLE recordings ADD COLUMN held_by BLOB REFERENCES users (id);
ALTER TABLE recordings ADD COLUMN held_at INTEGER;
ALTER TABLE recordings ADD COLUMN exported_at INTEGER;
-- Oldest first, and how much there is, without the rows.
CREATE INDEX recordings_kept ON recordings (opened_at, bytes) WHERE state IN ('final', 'exported');

-- What was there before.
UPDATE leads SET turn = position;
UPDATE lists SET registered = (SELECT count(*) FROM leads d
  WHERE d.list_id = lists.id AND d.position <= lists.visible_position AND d.deleted_at IS NULL);
UPDATE leads SET (last_kind, last_memo) = (
    SELECT CASE a.direction WHEN 'out' THEN iif(a.answered_at IS NULL, 'out_missed', 'out')
                            ELSE iif(a.answered_at IS NULL, 'in_missed', 'in') END, a.memo
    FROM attempts a WHERE a.phone = leads.phone AND a.dialed_at = leads.last_at AND a.void = 0 LIMIT 1)
  WHERE last_at IS NOT NULL;
