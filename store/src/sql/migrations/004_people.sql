-- Users bound to Unix users, the audit log closed against changes, tasks, amendments, notes.

ALTER TABLE users ADD COLUMN uid INTEGER;
CREATE UNIQUE INDEX users_by_uid ON users (uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;
-- Records keep the name of whoever made them (S4.23), and a login is never given out twice (S4.24).
CREATE TRIGGER users_delete BEFORE DELETE ON users
BEGIN SELECT RAISE(ABORT, 'users are tombstoned, never deleted'); END;

ALTER TABLE audit ADD COLUMN uid INTEGER;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

-- Evidence that is no call: a letter, a mail.
ALTER TABLE do_not_call ADD COLUMN evidence TEXT;
-- An entry is cleared with a reason, never deleted.
CREATE TRIGGER do_not_call_delete BEFORE DELETE ON do_not_call
BEGIN SELECT RAISE(ABORT, 'do-not-call entries are cleared, never deleted'); END;

CREATE UNIQUE INDEX dispositions_by_hotkey ON dispositions (hotkey, ifnull(project_id, x''))
  WHERE hotkey IS NOT NULL AND archived_at IS NULL;

-- 対応タスク (X4): a saved 見込 or 再コール, or any status with a time to call back.
CREATE TABLE tasks (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  attempt_id    BLOB NOT NULL UNIQUE REFERENCES attempts (id),  -- the call it came from
  lead_id       BLOB REFERENCES leads (id) ON DELETE SET NULL,
  project_id    BLOB REFERENCES projects (id),
  phone         TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('prospect', 'callback')),
  due_at        INTEGER,                         -- NULL: フリー
  owner_user_id BLOB REFERENCES users (id),
  state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
  created_at    INTEGER NOT NULL,
  closed_at     INTEGER,
  closed_by     BLOB REFERENCES users (id),
  contact_id    BLOB REFERENCES contacts (id),   -- cancelled: the contact in the bin that it went with
  CHECK ((state = 'open') = (closed_at IS NULL))
) STRICT;
CREATE INDEX tasks_open_by_phone ON tasks (phone) WHERE state = 'open';
CREATE INDEX tasks_by_owner ON tasks (owner_user_id);
CREATE INDEX tasks_by_lead ON tasks (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX tasks_by_contact ON tasks (contact_id) WHERE contact_id IS NOT NULL;

-- Leads that wait for an operator already, each with its last call.
INSERT INTO tasks (attempt_id, lead_id, project_id, phone, kind, due_at, owner_user_id, created_at)
SELECT a.id, l.id, a.project_id, l.phone, CASE a.disposition WHEN 'prospect' THEN 'prospect' ELSE 'callback' END,
  l.recall_at, l.owner_user_id, a.ended_at
FROM leads l JOIN attempts a ON a.id = (
  SELECT max(id) FROM attempts WHERE lead_id = l.id AND void = 0 AND ended_at IS NOT NULL)
WHERE l.state = 'task' AND l.deleted_at IS NULL;

-- What a sealed call said before it was corrected (S4.49).
CREATE TABLE amendments (
  id         INTEGER PRIMARY KEY,
  attempt_id BLOB NOT NULL REFERENCES attempts (id),
  at         INTEGER NOT NULL,
  user_id    BLOB REFERENCES users (id),
  uid        INTEGER,
  field      TEXT NOT NULL CHECK (field IN ('status', 'memo', 'recall_at')),
  before     TEXT,
  after      TEXT,
  reason     TEXT NOT NULL CHECK (reason <> '')
) STRICT;
CREATE INDEX amendments_by_attempt ON amendments (attempt_id);
CREATE TRIGGER amendments_update BEFORE UPDATE ON amendments
BEGIN SELECT RAISE(ABORT, 'amendments are never changed'); END;
CREATE TRIGGER amendments_delete BEFORE DELETE ON amendments
BEGIN SELECT RAISE(ABORT, 'amendments are never changed'); END;

-- History without a call: what the back office adds (S4.5). In no count.
CREATE TABLE notes (
  id         BLOB PRIMARY KEY CHECK (length(id) = 16),
  attempt_id BLOB REFERENCES attempts (id),
  lead_id    BLOB REFERENCES leads (id) ON DELETE SET NULL,
  phone      TEXT NOT NULL,
  user_id    BLOB REFERENCES users (id),
  text       TEXT NOT NULL CHECK (text <> ''),
  at         INTEGER NOT NULL,
  edited_at  INTEGER,
  deleted_at INTEGER
) STRICT;
CREATE INDEX notes_by_phone ON notes (phone, at);
CREATE INDEX notes_by_attempt ON notes (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX notes_by_lead ON notes (lead_id) WHERE lead_id IS NOT NULL;

-- What is reported is few (S4.4).
CREATE INDEX attempts_reported ON attempts (id) WHERE reported = 1;
-- The bin is emptied after 30 days.
CREATE INDEX contacts_in_trash ON contacts (deleted_at) WHERE deleted_at IS NOT NULL;
