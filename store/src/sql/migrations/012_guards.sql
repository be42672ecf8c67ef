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
