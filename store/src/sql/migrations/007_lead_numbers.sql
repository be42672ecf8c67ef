-- Numbers on lists, apart from the leads.
--
-- An import writes leads in the order of their positions and their numbers at the end, sorted: an index of `leads` would be
-- visited at random with every row.

-- Where a number stands: its live leads, never two on one list (C3). Leads that are being staged are not yet in it.
CREATE TABLE lead_numbers (
  phone    TEXT NOT NULL,
  list_id  BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (phone, list_id)
) STRICT, WITHOUT ROWID;
INSERT INTO lead_numbers SELECT phone, list_id, position FROM leads WHERE deleted_at IS NULL ORDER BY phone, list_id;
DROP INDEX leads_by_phone;

-- The connection that imports runs without triggers and keeps `lead_numbers` itself.
CREATE TRIGGER lead_numbers_insert AFTER INSERT ON leads WHEN NEW.deleted_at IS NULL
BEGIN INSERT INTO lead_numbers VALUES (NEW.phone, NEW.list_id, NEW.position); END;
CREATE TRIGGER lead_numbers_update AFTER UPDATE OF phone, list_id, position, deleted_at ON leads
BEGIN
  DELETE FROM lead_numbers WHERE phone = OLD.phone AND list_id = OLD.list_id AND position = OLD.position;
  INSERT INTO lead_numbers SELECT NEW.phone, NEW.list_id, NEW.position WHERE NEW.deleted_at IS NULL;
END;
CREATE TRIGGER lead_numbers_delete AFTER DELETE ON leads
BEGIN DELETE FROM lead_numbers WHERE phone = OLD.phone AND list_id = OLD.list_id AND position = OLD.position; END;

-- Numbers that got a call or an owner while an import was staging: its leads that nobody finds by number yet are brought
-- up to date when their numbers are entered.
CREATE TABLE import_touched (phone TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
