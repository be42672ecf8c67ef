-- What an import made goes with its undo; what its file said beside a number stays with it.

-- The import that made the category and alone uses it: undone with it. NULL: somebody's else.
ALTER TABLE categories ADD COLUMN import_id BLOB REFERENCES imports (id);
CREATE INDEX categories_by_import ON categories (import_id) WHERE import_id IS NOT NULL;

-- Extension of a number (内線), digits.
ALTER TABLE leads ADD COLUMN ext TEXT;
ALTER TABLE lead_phones ADD COLUMN ext TEXT;
ALTER TABLE contact_phones ADD COLUMN ext TEXT;

-- What the file of an entry said of its registration: where it came from, by whom, when (UTC milliseconds). Who imported it, and
-- when, are `by_user_id` and `at`.
ALTER TABLE do_not_call ADD COLUMN said_source TEXT;
ALTER TABLE do_not_call ADD COLUMN said_by TEXT;
ALTER TABLE do_not_call ADD COLUMN said_at INTEGER;
