-- Files of recordings that are to go are known until they are gone; projects say whose the leads of nobody are.

ALTER TABLE recordings ADD COLUMN removed_at INTEGER;
-- A crash between the row and the file leaves the file: it is looked for here.
CREATE INDEX recordings_to_remove ON recordings (id) WHERE state = 'expired' AND removed_at IS NULL;

ALTER TABLE projects ADD COLUMN pooled INTEGER NOT NULL DEFAULT 1 CHECK (pooled IN (0, 1));
