-- What a restored copy takes over of calls gets a table of its own, further numbers are found, and one place says which numbers no list
-- calls.

-- When numbers were dialed whose calls are not in this database: it was put in the place of the one that has them.
CREATE TABLE rests (
  phone     TEXT NOT NULL,
  dialed_at INTEGER NOT NULL,
  PRIMARY KEY (phone, dialed_at)
) STRICT, WITHOUT ROWID;
-- Version 13 had the last of each number among the facts about the file; a restore into a copy of before still writes there.
INSERT OR IGNORE INTO rests
  SELECT substr(key, 8, instr(substr(key, 8) || ' ', ' ') - 1), value FROM meta WHERE key >= 'dialed +' AND key < 'dialed ,';
DELETE FROM meta WHERE key >= 'dialed +' AND key < 'dialed ,';

-- Whose lead is excluded is found by each of its further numbers. The index is of those alone: files write numbers in no order, and one
-- of all would be written anew, page by page, with every slice of them.
ALTER TABLE lead_phones ADD COLUMN excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1));
UPDATE lead_phones SET excluded = 1 WHERE lead_id IN (
  SELECT id FROM leads WHERE excluded = 1 AND deleted_at IS NULL
  UNION ALL SELECT id FROM leads WHERE excluded = 1 AND deleted_at IS NOT NULL);
CREATE INDEX lead_phones_excluded ON lead_phones (phone) WHERE excluded = 1;
-- The connection that imports runs without triggers and does the same.
CREATE TRIGGER lead_phones_insert AFTER INSERT ON lead_phones
WHEN EXISTS (SELECT 1 FROM leads WHERE id = NEW.lead_id AND excluded = 1)
BEGIN UPDATE lead_phones SET excluded = 1 WHERE lead_id = NEW.lead_id AND position = NEW.position; END;
CREATE TRIGGER lead_phones_follow AFTER UPDATE OF excluded ON leads WHEN NEW.excluded <> OLD.excluded
BEGIN UPDATE lead_phones SET excluded = NEW.excluded WHERE lead_id = NEW.id; END;

-- Which numbers no list calls is a rule of the program, and its own triggers judge by it (see `due.rs`). These know the do-not-call list
-- alone; whichever fires first, the rule's reason stays.
DROP TRIGGER leads_due_insert;
DROP TRIGGER leads_due_update;
CREATE TRIGGER leads_due_insert AFTER INSERT ON leads
WHEN NEW.state IN ('ready', 'waiting') AND NEW.deleted_at IS NULL AND EXISTS (
  SELECT 1 FROM do_not_call WHERE phone = NEW.phone AND revoked_at IS NULL
    AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = NEW.list_id)))
BEGIN
  UPDATE leads SET state = 'skipped', skip_reason = 'E-DNC' WHERE id = NEW.id AND state IN ('ready', 'waiting');
END;
CREATE TRIGGER leads_due_update AFTER UPDATE OF state, deleted_at, phone ON leads
WHEN NEW.state IN ('ready', 'waiting') AND NEW.deleted_at IS NULL AND EXISTS (
  SELECT 1 FROM do_not_call WHERE phone = NEW.phone AND revoked_at IS NULL
    AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = NEW.list_id)))
BEGIN
  UPDATE leads SET state = 'skipped', skip_reason = 'E-DNC' WHERE id = NEW.id AND state IN ('ready', 'waiting');
END;
