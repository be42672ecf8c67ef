-- Schema version 14: what the migrations add up to.
--
-- Identifiers are 128-bit, time-ordered, big-endian BLOB(16). Times are UTC milliseconds. Phone numbers are E.164.
-- Words (states, roles, ...) are spelled out, so that the file can be read without the program.
-- Calls, recordings and do-not-call rows are never deleted with anything else; lists, contacts and users are deleted
-- softly (`deleted_at`), so that old rows keep their names.

-- Facts about the file itself: next event number, ...
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id            BLOB PRIMARY KEY CHECK (length(id) = 16),
  login         TEXT NOT NULL UNIQUE,            -- tombstones included: a login is never given out twice
  name          TEXT NOT NULL,
  role          TEXT NOT NULL CHECK (role IN ('MGR', 'SV', 'OP', 'BIZ', 'BY')),
  password_hash TEXT,                            -- NULL: no login by password
  created_at    INTEGER NOT NULL,
  deleted_at    INTEGER
, uid INTEGER) STRICT;                           -- uid: Unix user whose commands are this user's

CREATE TABLE projects (
  id         BLOB PRIMARY KEY CHECK (length(id) = 16),
  name       TEXT NOT NULL,
  caller_id  TEXT,                               -- number shown to callees
  dnc_scope  TEXT NOT NULL DEFAULT 'company' CHECK (dnc_scope IN ('company', 'project')),
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
, pooled INTEGER NOT NULL DEFAULT 1 CHECK (pooled IN (0, 1))) STRICT;  -- pooled: who has no lead of their own calls those of nobody
CREATE UNIQUE INDEX projects_by_name ON projects (name) WHERE deleted_at IS NULL;

CREATE TABLE categories (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,                        -- as first written
  name_key TEXT NOT NULL UNIQUE                  -- NFKC, lower case
, import_id BLOB REFERENCES imports (id)) STRICT;  -- import_id: the import that made it and alone uses it, undone with it
CREATE INDEX categories_by_import ON categories (import_id) WHERE import_id IS NOT NULL;

-- The shared contact book: one entry per person or company, any number of phones.
CREATE TABLE contacts (
  id            BLOB PRIMARY KEY CHECK (length(id) = 16),
  company       TEXT,
  person        TEXT,
  email         TEXT,
  owner_user_id BLOB REFERENCES users (id),
  origin        TEXT NOT NULL DEFAULT 'manual',  -- manual, import, call
  stub          INTEGER NOT NULL DEFAULT 0 CHECK (stub IN (0, 1)),
  version       INTEGER NOT NULL DEFAULT 1,
  import_id     BLOB REFERENCES imports (id),    -- the import that created it
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  deleted_at    INTEGER
) STRICT;

CREATE TABLE contact_phones (
  contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,                   -- 1 is the main number
  phone      TEXT NOT NULL,
  label      TEXT,
  live       INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),  -- 0 while the contact lies in the bin
  ext        TEXT,                               -- as of leads
  PRIMARY KEY (contact_id, position)
) STRICT, WITHOUT ROWID;
-- One live contact per number: the number is the key (S0.5).
CREATE UNIQUE INDEX contact_phones_by_phone ON contact_phones (phone) WHERE live = 1;

CREATE TABLE contact_categories (
  contact_id  BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  category_id INTEGER NOT NULL REFERENCES categories (id),
  PRIMARY KEY (contact_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE lists (
  id               BLOB PRIMARY KEY CHECK (length(id) = 16),
  project_id       BLOB NOT NULL REFERENCES projects (id),
  name             TEXT NOT NULL CHECK (name <> ''),
  enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  round            INTEGER NOT NULL DEFAULT 1 CHECK (round >= 1),
  last_position    INTEGER NOT NULL DEFAULT 0,   -- highest position given out, staged leads included
  visible_position INTEGER NOT NULL DEFAULT 0,   -- leads behind it belong to an import that is not committed
  profile          TEXT NOT NULL DEFAULT 'open',
  columns          TEXT NOT NULL DEFAULT '[]',   -- names of further columns in order, JSON
  created_by       BLOB REFERENCES users (id),
  created_at       INTEGER NOT NULL,
  deleted_at       INTEGER,
  dial_order       TEXT NOT NULL DEFAULT 'position'
                     CHECK (dial_order IN ('position', 'random', 'newest', 'category')),
  registered       INTEGER NOT NULL DEFAULT 0    -- leads that are committed and not deleted (登録数)
) STRICT;
CREATE UNIQUE INDEX lists_by_name ON lists (project_id, name) WHERE deleted_at IS NULL;

CREATE TABLE imports (
  id             BLOB PRIMARY KEY CHECK (length(id) = 16),
  list_id        BLOB REFERENCES lists (id),     -- NULL: contacts only
  source         TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('staging', 'committed', 'undone')),
  first_position INTEGER NOT NULL,               -- where its new leads begin
  user_id        BLOB REFERENCES users (id),
  report         TEXT NOT NULL DEFAULT '{}',     -- JSON
  created_at     INTEGER NOT NULL,
  finished_at    INTEGER
, interrupted_at INTEGER) STRICT;                -- interrupted_at: the process ended in the middle of it, found out then
CREATE INDEX imports_open ON imports (list_id) WHERE state = 'staging';

-- What an import overwrote, so that it can be taken back.
CREATE TABLE import_changes (
  id        INTEGER PRIMARY KEY,
  import_id BLOB NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  kind      TEXT NOT NULL CHECK (kind IN ('lead', 'contact')),
  row_id    BLOB NOT NULL,
  version   INTEGER NOT NULL,                    -- version of the row that this import wrote
  before    TEXT NOT NULL                        -- JSON
) STRICT;
CREATE INDEX import_changes_by_import ON import_changes (import_id);

CREATE TABLE leads (
  id               BLOB PRIMARY KEY CHECK (length(id) = 16),
  list_id          BLOB NOT NULL REFERENCES lists (id),
  position         INTEGER NOT NULL CHECK (position >= 1),
  phone            TEXT NOT NULL,
  raw_phone        TEXT,                         -- as the file had it
  clir             TEXT CHECK (clir IN ('184', '186')),
  company          TEXT,
  person           TEXT,
  attrs            TEXT NOT NULL DEFAULT '{}',   -- further columns in order, JSON
  state            TEXT NOT NULL DEFAULT 'ready' CHECK (state IN
                     ('ready', 'waiting', 'claimed', 'task', 'done', 'skipped', 'interrupted')),
  round            INTEGER NOT NULL,             -- due in this round of its list
  next_eligible_at INTEGER,                      -- waiting: due again at
  skip_reason      TEXT,                         -- skipped: code
  excluded         INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),  -- 発信対象外
  excluded_reason  TEXT,
  excluded_by      BLOB REFERENCES users (id),
  excluded_at      INTEGER,
  claim_attempt_id BLOB,                         -- claimed: the open attempt
  claim_seat       TEXT,
  claim_box        TEXT,
  claim_until      INTEGER,                      -- claimed, not dialed: free again after
  attempts         INTEGER NOT NULL DEFAULT 0,   -- calls made, void ones left out
  recall_at        INTEGER,
  owner_user_id    BLOB REFERENCES users (id),   -- whose task it is
  -- The last call with this number, whoever made it and on whatever list (S1.31-S1.33).
  last_disposition TEXT REFERENCES dispositions (code),
  last_user_id     BLOB REFERENCES users (id),
  last_at          INTEGER,
  version          INTEGER NOT NULL DEFAULT 1,
  import_id        BLOB REFERENCES imports (id),
  deleted_at       INTEGER,
  turn             INTEGER NOT NULL DEFAULT 0,   -- order of dialing within a round; the position unless the list says otherwise
  assigned_user_id BLOB REFERENCES users (id),   -- 発信担当者: repeats `assignments`
  name_key         TEXT NOT NULL DEFAULT '',     -- company, U+001F, person, folded for search and sorting
  last_kind        TEXT CHECK (last_kind IN ('out', 'out_missed', 'in', 'in_missed')),
  last_memo        TEXT,
  ext              TEXT,                         -- extension of its number (内線), digits
  CHECK ((state = 'claimed') = (claim_attempt_id IS NOT NULL)),
  CHECK (state <> 'waiting' OR next_eligible_at IS NOT NULL),
  CHECK (state <> 'skipped' OR skip_reason IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX leads_by_position ON leads (list_id, position);
-- The claim reads the first row of the first and the last of these three.
CREATE INDEX leads_ready ON leads (list_id, round, assigned_user_id, turn)
  WHERE state = 'ready' AND excluded = 0 AND deleted_at IS NULL;
CREATE INDEX leads_waiting ON leads (list_id, next_eligible_at)
  WHERE state = 'waiting' AND excluded = 0 AND deleted_at IS NULL;
CREATE INDEX leads_waiting_by_owner ON leads (list_id, assigned_user_id, next_eligible_at)
  WHERE state = 'waiting' AND excluded = 0 AND deleted_at IS NULL;
CREATE INDEX leads_claimed ON leads (claim_until) WHERE state = 'claimed';
CREATE INDEX leads_interrupted ON leads (list_id) WHERE state = 'interrupted';
-- The list's figures are counted in these.
CREATE INDEX leads_worked ON leads (list_id) WHERE attempts > 0 AND deleted_at IS NULL;
CREATE INDEX leads_excluded ON leads (list_id) WHERE excluded = 1 AND deleted_at IS NULL;
CREATE INDEX leads_skipped ON leads (list_id, skip_reason, excluded, position)
  WHERE state = 'skipped' AND deleted_at IS NULL;
-- The bin.
CREATE INDEX leads_deleted ON leads (list_id, deleted_at) WHERE deleted_at IS NOT NULL;

-- Where a number stands: its live leads, never two on one list (C3). Apart from the leads, since an import writes these in the
-- order of their positions and their numbers at the end, sorted: leads that are being staged are not yet in it.
CREATE TABLE lead_numbers (
  phone    TEXT NOT NULL,
  list_id  BLOB NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (phone, list_id)
) STRICT, WITHOUT ROWID;
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

-- Who calls a number, on whatever list it stands (S1.13); `leads.assigned_user_id` repeats it for the claim.
CREATE TABLE assignments (
  phone      TEXT PRIMARY KEY,
  user_id    BLOB NOT NULL REFERENCES users (id),
  by_user_id BLOB REFERENCES users (id),
  import_id  BLOB REFERENCES imports (id),       -- the import that gave it, undone with it
  at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX assignments_by_user ON assignments (user_id);

-- Who may use a list (X7).
CREATE TABLE list_grants (
  list_id    BLOB NOT NULL REFERENCES lists (id),
  user_id    BLOB NOT NULL REFERENCES users (id),
  granted_by BLOB REFERENCES users (id),
  at         INTEGER NOT NULL,
  PRIMARY KEY (list_id, user_id)
) STRICT, WITHOUT ROWID;

-- Who may use every list of a project (X7), those made later too.
CREATE TABLE project_grants (
  project_id BLOB NOT NULL REFERENCES projects (id),
  user_id    BLOB NOT NULL REFERENCES users (id),
  granted_by BLOB REFERENCES users (id),
  at         INTEGER NOT NULL,
  PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

-- Both kinds of grants, by list. A list without a row is open to everybody.
CREATE VIEW grants (list_id, user_id) AS
  SELECT list_id, user_id FROM list_grants
  UNION ALL
  SELECT l.id, g.user_id FROM lists l JOIN project_grants g ON g.project_id = l.project_id;

-- Contacts are found by number, never by reference: the number is the key (S0.5).

-- Further numbers of a lead; the file's own number stays in `leads.phone`.
CREATE TABLE lead_phones (
  lead_id  BLOB NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  phone    TEXT NOT NULL,
  label    TEXT,
  source   TEXT NOT NULL DEFAULT 'import',
  ext      TEXT,                                 -- as of leads
  excluded INTEGER NOT NULL DEFAULT 0 CHECK (excluded IN (0, 1)),  -- repeats `leads.excluded` for the index
  PRIMARY KEY (lead_id, position)
) STRICT, WITHOUT ROWID;
-- Whose lead is excluded is found by each of its further numbers. The index is of those alone: files write numbers in no order, and one
-- of all would be written anew, page by page, with every slice of them.
CREATE INDEX lead_phones_excluded ON lead_phones (phone) WHERE excluded = 1;
-- The connection that imports runs without triggers and does the same.
CREATE TRIGGER lead_phones_insert AFTER INSERT ON lead_phones
WHEN EXISTS (SELECT 1 FROM leads WHERE id = NEW.lead_id AND excluded = 1)
BEGIN UPDATE lead_phones SET excluded = 1 WHERE lead_id = NEW.lead_id AND position = NEW.position; END;
CREATE TRIGGER lead_phones_follow AFTER UPDATE OF excluded ON leads WHEN NEW.excluded <> OLD.excluded
BEGIN UPDATE lead_phones SET excluded = NEW.excluded WHERE lead_id = NEW.id; END;

CREATE TABLE lead_categories (
  lead_id     BLOB NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  category_id INTEGER NOT NULL REFERENCES categories (id),
  PRIMARY KEY (lead_id, position)
) STRICT, WITHOUT ROWID;

-- Result statuses with the matrix of S4.8: 履歴, 録音, コール数, コネクト数.
CREATE TABLE dispositions (
  code           TEXT PRIMARY KEY,
  label          TEXT NOT NULL,
  builtin        INTEGER NOT NULL DEFAULT 0 CHECK (builtin IN (0, 1)),
  keep_history   INTEGER NOT NULL DEFAULT 1 CHECK (keep_history IN (0, 1)),
  keep_recording INTEGER NOT NULL DEFAULT 1 CHECK (keep_recording IN (0, 1)),
  counts_call    INTEGER NOT NULL DEFAULT 1 CHECK (counts_call IN (0, 1)),
  counts_connect INTEGER NOT NULL DEFAULT 1 CHECK (counts_connect IN (0, 1)),
  lead_next      TEXT NOT NULL DEFAULT 'done' CHECK (lead_next IN ('retry', 'never', 'task', 'done')),
  position       INTEGER NOT NULL,
  project_id     BLOB REFERENCES projects (id),  -- NULL: every project
  hotkey         TEXT,
  color          TEXT,
  archived_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX dispositions_by_label ON dispositions (label, ifnull(project_id, x''))
  WHERE archived_at IS NULL;

INSERT INTO dispositions
  (code, label, builtin, keep_history, keep_recording, counts_call, counts_connect, lead_next, position) VALUES
  ('no_contact',     '不通',     1, 1, 0, 1, 0, 'retry', 1),
  ('fax',            'FAX',      1, 1, 1, 1, 0, 'never', 2),
  ('not_in_service', '現アナ',   1, 1, 1, 1, 0, 'never', 3),
  ('prospect',       '見込',     1, 1, 1, 1, 1, 'task',  4),
  ('callback',       '再コール', 1, 1, 1, 1, 1, 'task',  5),
  ('do_not_call',    'クレーム', 1, 1, 1, 1, 1, 'never', 6),
  ('talked',         '通話済',   0, 1, 1, 1, 1, 'done',  7);

-- Second guard behind the code (S4.6): the built-in ones are coupled to functions.
CREATE TRIGGER dispositions_builtin_delete BEFORE DELETE ON dispositions WHEN OLD.builtin = 1
BEGIN SELECT RAISE(ABORT, 'E-STATUS-BUILTIN'); END;
CREATE TRIGGER dispositions_builtin_update
BEFORE UPDATE OF code, label, builtin, keep_history, keep_recording, counts_call, counts_connect, lead_next,
  project_id, archived_at ON dispositions WHEN OLD.builtin = 1 OR NEW.builtin = 1
BEGIN SELECT RAISE(ABORT, 'E-STATUS-BUILTIN'); END;
CREATE TRIGGER dispositions_builtin_insert BEFORE INSERT ON dispositions WHEN NEW.builtin = 1
BEGIN SELECT RAISE(ABORT, 'E-STATUS-BUILTIN'); END;

-- One row per INVITE (S4.48). A row without `dialed_at` is a claim: it disappears when released. A call that was handed
-- to somebody else says how (`transfer`), to which number (E.164), and what its target answered, where that was told.
CREATE TABLE attempts (
  id                BLOB PRIMARY KEY CHECK (length(id) = 16),
  box_id            TEXT NOT NULL,
  project_id        BLOB REFERENCES projects (id),
  user_id           BLOB REFERENCES users (id),
  seat              TEXT NOT NULL,
  direction         TEXT NOT NULL CHECK (direction IN ('out', 'in')),
  origin            TEXT NOT NULL CHECK (origin IN ('list', 'manual', 'direct', 'incoming')),
  practice          INTEGER NOT NULL DEFAULT 0 CHECK (practice IN (0, 1)),
  parent_attempt_id BLOB REFERENCES attempts (id),  -- transfer
  -- Who was called, as it was then.
  list_id           BLOB REFERENCES lists (id),
  list_name         TEXT,
  lead_id           BLOB REFERENCES leads (id),
  position          INTEGER,
  round             INTEGER,
  phone             TEXT,                        -- NULL: withheld or foreign caller
  peer              TEXT,                        -- incoming: as received
  company           TEXT,
  person            TEXT,
  categories        TEXT NOT NULL DEFAULT '[]',  -- JSON
  -- How.
  dial_string       TEXT,
  dial_prefix       TEXT NOT NULL DEFAULT '',    -- of the trunk: needed to judge the dial string again
  caller_id         TEXT,
  account           TEXT,
  sip_call_id       TEXT,
  -- When.
  business_day      INTEGER NOT NULL,            -- day in Japan of dialing, YYYYMMDD
  claimed_at        INTEGER NOT NULL,
  claim_until       INTEGER,
  dialed_at         INTEGER,                     -- on disk before the INVITE leaves
  ringing_at        INTEGER,
  early_media_at    INTEGER,
  answered_at       INTEGER,
  ended_at          INTEGER,
  sealed_at         INTEGER,
  -- What happened: facts.
  hangup_by         TEXT CHECK (hangup_by IN ('local', 'remote', 'timeout')),
  sip_code          INTEGER,
  q850              INTEGER,
  reason_text       TEXT,
  void              INTEGER NOT NULL DEFAULT 0 CHECK (void IN (0, 1)),
  void_reason       TEXT,
  interrupted       INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)),
  sub               TEXT,
  suggestion        TEXT,
  evidence          TEXT NOT NULL DEFAULT '{}',  -- JSON
  -- What it was judged to be.
  disposition       TEXT REFERENCES dispositions (code),
  set_by            TEXT CHECK (set_by IN ('operator', 'auto')),
  memo              TEXT,
  recall_at         INTEGER,
  reported          INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)),
  save_seq          INTEGER NOT NULL DEFAULT 0,
  saved_at          INTEGER,
  transfer TEXT CHECK (transfer IN ('blind', 'attended')),
  transferred_to TEXT,
  transfer_code INTEGER,
  CHECK (direction = 'in' OR (phone IS NOT NULL AND dial_string IS NOT NULL)),
  CHECK (ended_at IS NULL OR dialed_at IS NOT NULL),
  CHECK (sealed_at IS NULL OR ended_at IS NOT NULL),
  CHECK (void = 0 OR disposition IS NULL)
) STRICT;
CREATE INDEX attempts_by_phone ON attempts (phone, dialed_at);
CREATE INDEX attempts_by_day ON attempts (business_day, user_id);
CREATE INDEX attempts_by_lead ON attempts (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX attempts_by_list ON attempts (list_id, business_day) WHERE list_id IS NOT NULL;
CREATE INDEX attempts_open ON attempts (box_id) WHERE sealed_at IS NULL;

CREATE TABLE recordings (
  id          INTEGER PRIMARY KEY,
  attempt_id  BLOB NOT NULL REFERENCES attempts (id),
  path        TEXT NOT NULL,                     -- within the folder of recordings; whole where it lies elsewhere
  state       TEXT NOT NULL CHECK (state IN ('open', 'final', 'discarded', 'failed', 'expired', 'exported')),
  codec       TEXT NOT NULL DEFAULT 'wav',
  duration_ms INTEGER,
  bytes       INTEGER,
  sha256      TEXT,                              -- lower-case hexadecimal
  gaps_ms     INTEGER NOT NULL DEFAULT 0,
  hold        INTEGER NOT NULL DEFAULT 0 CHECK (hold IN (0, 1)),
  opened_at   INTEGER NOT NULL,
  hold_reason TEXT,
  held_by     BLOB REFERENCES users (id),
  held_at     INTEGER,
  exported_at INTEGER, removed_at INTEGER,       -- removed_at: expired, and the file is gone too
  UNIQUE (attempt_id, path)
) STRICT;
-- Files of expired recordings that are still there.
CREATE INDEX recordings_to_remove ON recordings (id) WHERE state = 'expired' AND removed_at IS NULL;
-- Oldest first, and how much there is, without the rows.
CREATE INDEX recordings_kept ON recordings (opened_at, bytes) WHERE state IN ('final', 'exported');
CREATE INDEX recordings_open ON recordings (attempt_id) WHERE state = 'open';

CREATE TABLE do_not_call (
  id             INTEGER PRIMARY KEY,
  phone          TEXT NOT NULL,
  project_id     BLOB REFERENCES projects (id),  -- NULL: the whole company
  reason         TEXT NOT NULL,
  source         TEXT NOT NULL,                  -- status, manual, import, ...
  attempt_id     BLOB REFERENCES attempts (id),  -- evidence
  by_user_id     BLOB REFERENCES users (id),
  at             INTEGER NOT NULL,
  revoked_at     INTEGER,
  revoked_by     BLOB REFERENCES users (id),
  revoked_reason TEXT, evidence TEXT,
  -- What the file of an entry said of its registration; who imported it, and when, are `by_user_id` and `at`.
  said_source TEXT, said_by TEXT, said_at INTEGER,
  CHECK (revoked_at IS NULL OR revoked_reason IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX do_not_call_live ON do_not_call (phone, ifnull(project_id, x'')) WHERE revoked_at IS NULL;
CREATE INDEX do_not_call_by_attempt ON do_not_call (attempt_id) WHERE attempt_id IS NOT NULL;

-- What a file of numbers is going to clear once it is committed.
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

-- When numbers were dialed whose calls are not in this database: it is a copy that was put in the place of the one that has them (D24).
CREATE TABLE rests (
  phone     TEXT NOT NULL,
  dialed_at INTEGER NOT NULL,
  PRIMARY KEY (phone, dialed_at)
) STRICT, WITHOUT ROWID;

-- What must leave the box, written in the sealing transaction; deleted when delivered.
CREATE TABLE outbox (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused
  key         BLOB NOT NULL UNIQUE,              -- idempotency key
  kind        TEXT NOT NULL,
  payload     TEXT NOT NULL,                     -- JSON
  attempts    INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox_dead (
  seq        INTEGER PRIMARY KEY,
  key        BLOB NOT NULL,
  kind       TEXT NOT NULL,
  payload    TEXT NOT NULL,
  attempts   INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  reason     TEXT NOT NULL
) STRICT;

-- Every administrative change.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  user_id BLOB REFERENCES users (id),
  action  TEXT NOT NULL,
  object  TEXT NOT NULL,
  detail  TEXT NOT NULL DEFAULT '{}'             -- JSON
, uid INTEGER) STRICT;                           -- uid: Unix user who asked

CREATE UNIQUE INDEX users_by_uid ON users (uid) WHERE uid IS NOT NULL AND deleted_at IS NULL;
-- Records keep the name of whoever made them (S4.23), and a login is never given out twice (S4.24).
CREATE TRIGGER users_delete BEFORE DELETE ON users
BEGIN SELECT RAISE(ABORT, 'users are tombstoned, never deleted'); END;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;

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
CREATE INDEX tasks_open_by_owner ON tasks (owner_user_id) WHERE state = 'open';
CREATE INDEX tasks_by_lead ON tasks (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX tasks_by_contact ON tasks (contact_id) WHERE contact_id IS NOT NULL;

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

-- Whose work changes hands because they are deleted or call no more, kept until all of it has: a process that ends in the middle finishes
-- it at its next start, with its row of audit.
CREATE TABLE hand_overs (
  user_id    BLOB PRIMARY KEY REFERENCES users (id),
  to_user_id BLOB REFERENCES users (id),         -- NULL: nobody in particular
  role       TEXT CHECK (role IN ('MGR', 'SV', 'OP', 'BIZ', 'BY')),  -- what they are then; NULL: deleted
  by_user_id BLOB REFERENCES users (id),
  uid        INTEGER,
  at         INTEGER NOT NULL,
  leads      INTEGER NOT NULL DEFAULT 0,         -- what changed hands so far
  contacts   INTEGER NOT NULL DEFAULT 0,
  tasks      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Second guard behind the code, also where somebody opens the file by hand. Each looks at the row alone, so that calls and imports do not
-- wait for it.

-- What a closed call was: who, whom, when. Its result, memo and callback time are corrected with their amendments; a fact that was not
-- known may still come.
CREATE TRIGGER attempts_sealed
BEFORE UPDATE OF id, box_id, project_id, user_id, seat, direction, origin, practice, parent_attempt_id, list_id, list_name,
  lead_id, position, round, phone, peer, dial_string, dial_prefix, caller_id, account, sip_call_id, business_day, claimed_at,
  dialed_at, ringing_at, early_media_at, answered_at, ended_at, sealed_at, hangup_by, sip_code, q850, void, interrupted
ON attempts WHEN OLD.sealed_at IS NOT NULL AND (
  NEW.id IS NOT OLD.id OR NEW.box_id IS NOT OLD.box_id OR NEW.project_id IS NOT OLD.project_id OR NEW.user_id IS NOT OLD.user_id
  OR NEW.seat IS NOT OLD.seat OR NEW.direction IS NOT OLD.direction OR NEW.origin IS NOT OLD.origin
  OR NEW.practice IS NOT OLD.practice OR NEW.parent_attempt_id IS NOT OLD.parent_attempt_id OR NEW.list_id IS NOT OLD.list_id
  OR NEW.list_name IS NOT OLD.list_name OR NEW.lead_id IS NOT OLD.lead_id OR NEW.position IS NOT OLD.position
  OR NEW.round IS NOT OLD.round OR NEW.phone IS NOT OLD.phone OR NEW.peer IS NOT OLD.peer
  OR NEW.dial_string IS NOT OLD.dial_string OR NEW.dial_prefix IS NOT OLD.dial_prefix OR NEW.caller_id IS NOT OLD.caller_id
  OR NEW.account IS NOT OLD.account OR NEW.business_day IS NOT OLD.business_day OR NEW.claimed_at IS NOT OLD.claimed_at
  OR NEW.dialed_at IS NOT OLD.dialed_at OR NEW.ended_at IS NOT OLD.ended_at OR NEW.sealed_at IS NOT OLD.sealed_at
  OR NEW.hangup_by IS NOT OLD.hangup_by OR NEW.sip_code IS NOT OLD.sip_code OR NEW.q850 IS NOT OLD.q850
  OR NEW.void IS NOT OLD.void OR NEW.interrupted IS NOT OLD.interrupted
  OR (OLD.sip_call_id IS NOT NULL AND NEW.sip_call_id IS NOT OLD.sip_call_id)
  OR (OLD.ringing_at IS NOT NULL AND NEW.ringing_at IS NOT OLD.ringing_at)
  OR (OLD.early_media_at IS NOT NULL AND NEW.early_media_at IS NOT OLD.early_media_at)
  OR (OLD.answered_at IS NOT NULL AND NEW.answered_at IS NOT OLD.answered_at))
BEGIN SELECT RAISE(ABORT, 'what a closed call was is never changed'); END;
-- A claim that was not dialed disappears; a call never does.
CREATE TRIGGER attempts_delete BEFORE DELETE ON attempts WHEN OLD.dialed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'calls are never deleted'); END;

-- Its file may move and be archived; whose it is stays, and the row when the file goes.
CREATE TRIGGER recordings_update BEFORE UPDATE OF id, attempt_id, opened_at ON recordings
WHEN NEW.id IS NOT OLD.id OR NEW.attempt_id IS NOT OLD.attempt_id OR NEW.opened_at IS NOT OLD.opened_at
BEGIN SELECT RAISE(ABORT, 'whose recording it is is never changed'); END;
CREATE TRIGGER recordings_delete BEFORE DELETE ON recordings
BEGIN SELECT RAISE(ABORT, 'rows of recordings are never deleted'); END;

-- Which number is not called, who said so and when. What is known beside it may be completed, and the entry cleared.
CREATE TRIGGER do_not_call_update BEFORE UPDATE OF id, phone, project_id, source, by_user_id, at ON do_not_call
WHEN NEW.id IS NOT OLD.id OR NEW.phone IS NOT OLD.phone OR NEW.project_id IS NOT OLD.project_id OR NEW.source IS NOT OLD.source
  OR NEW.by_user_id IS NOT OLD.by_user_id OR NEW.at IS NOT OLD.at
BEGIN SELECT RAISE(ABORT, 'do-not-call entries are cleared, never changed'); END;

-- INSERT OR REPLACE deletes without the trigger of the deletion where `recursive_triggers` is off, as it is in a shell. A row that
-- numbers itself has -1 here, so nothing is looked up for ours.
CREATE TRIGGER audit_insert BEFORE INSERT ON audit
WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER amendments_insert BEFORE INSERT ON amendments
WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM amendments WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'amendments are never changed'); END;
CREATE TRIGGER recordings_insert BEFORE INSERT ON recordings
WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM recordings WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'whose recording it is is never changed'); END;
CREATE TRIGGER do_not_call_insert BEFORE INSERT ON do_not_call
WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM do_not_call WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'do-not-call entries are cleared, never changed'); END;
-- Few are made, so that both keys are looked up.
CREATE TRIGGER users_insert BEFORE INSERT ON users
WHEN EXISTS (SELECT 1 FROM users WHERE id = NEW.id OR login = NEW.login)
BEGIN SELECT RAISE(ABORT, 'users are tombstoned, never replaced'); END;

-- Leads that are never dialed are no due ones, so that what is counted as 発信対象 is what the dialer calls: those whose numbers stand on
-- the do-not-call list. Which numbers no list calls whoever asks is a rule of the program: its own triggers judge by it (see `due.rs`), and
-- whichever fires first, their reason stays. The connection that imports runs without triggers and does the same with its numbers.
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
-- What a call holds, or an operator's task is, stays: it is looked at before each dial anyway.
CREATE TRIGGER do_not_call_holds AFTER INSERT ON do_not_call WHEN NEW.revoked_at IS NULL
BEGIN
  UPDATE leads SET state = 'skipped', skip_reason = 'E-DNC'
  WHERE (list_id, position) IN (
    SELECT n.list_id, n.position FROM lead_numbers n JOIN lists l ON l.id = n.list_id
    WHERE n.phone = NEW.phone AND (NEW.project_id IS NULL OR l.project_id = NEW.project_id))
    AND state IN ('ready', 'waiting');
END;
-- Whoever waited for a time waits for it again. Where another entry holds, `leads_due_update` passes them over anew.
CREATE TRIGGER do_not_call_cleared AFTER UPDATE OF revoked_at ON do_not_call
WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL
BEGIN
  UPDATE leads SET state = iif(next_eligible_at IS NULL, 'ready', 'waiting'), skip_reason = NULL
  WHERE (list_id, position) IN (SELECT list_id, position FROM lead_numbers WHERE phone = NEW.phone)
    AND state = 'skipped' AND skip_reason = 'E-DNC';
END;
