-- What an import made goes with its undo; what its file said beside a number stays with it.

-- The import that made the category and alone uses it: undone with it. NULL: somebody's else.
ALTER TABLE categories ADD COLUMN import_id BLOB REFERENCES imports (id);
CREATE INDEX categories_by_import ON categories (import_id) WHERE import_id IS NOT NULL;
