-- Leads that are never dialed are no due ones: 発信対象 is what the dialer will call.
--
-- A lead whose number stands on the do-not-call list was passed over when its turn came; until then it was counted as one that is
-- still to be called. It is passed over with the entry now, and has its turn again when that is cleared. So are leads with numbers
-- for which the callee pays, which nobody but a person calls.

-- How many are passed over, and for which reason, counted without the leads; those of an import that is not committed left out.
DROP INDEX leads_skipped;
CREATE INDEX leads_skipped ON leads (list_id, skip_reason, excluded, position)
  WHERE state = 'skipped' AND deleted_at IS NULL;

-- Whose leads were put off: a list that was called down has all of its leads there, and nobody looks through those of others. An import
-- writes into neither, nor into the next.
CREATE INDEX leads_waiting_by_owner ON leads (list_id, assigned_user_id, next_eligible_at)
  WHERE state = 'waiting' AND excluded = 0 AND deleted_at IS NULL;
-- What somebody has to do, without all that they ever had.
CREATE INDEX tasks_open_by_owner ON tasks (owner_user_id) WHERE state = 'open';

UPDATE leads SET state = 'skipped', skip_reason = 'E-PHONE-FORBIDDEN'
WHERE (list_id, position) IN (
  SELECT list_id, position FROM lead_numbers
  WHERE phone >= '+81120' AND phone < '+81121' AND length(phone) = 12
    OR phone >= '+81800' AND phone < '+81801' AND length(phone) = 13)
  AND state IN ('ready', 'waiting') AND deleted_at IS NULL;
UPDATE leads SET state = 'skipped', skip_reason = 'E-DNC'
WHERE (list_id, position) IN (
  SELECT n.list_id, n.position FROM do_not_call d
  JOIN lead_numbers n ON n.phone = d.phone JOIN lists l ON l.id = n.list_id
  WHERE d.revoked_at IS NULL AND (d.project_id IS NULL OR d.project_id = l.project_id))
  AND state IN ('ready', 'waiting') AND deleted_at IS NULL;

-- The connection that imports runs without triggers and does the same with its numbers. The rule of numbers for which the callee pays
-- is that of the program, which a test compares.
CREATE TRIGGER leads_due_insert AFTER INSERT ON leads
WHEN NEW.state IN ('ready', 'waiting') AND NEW.deleted_at IS NULL AND (
  NEW.phone GLOB '+81120??????' OR NEW.phone GLOB '+81800???????' OR EXISTS (
    SELECT 1 FROM do_not_call WHERE phone = NEW.phone AND revoked_at IS NULL
      AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = NEW.list_id))))
BEGIN
  UPDATE leads SET state = 'skipped', skip_reason =
    iif(NEW.phone GLOB '+81120??????' OR NEW.phone GLOB '+81800???????', 'E-PHONE-FORBIDDEN', 'E-DNC')
  WHERE id = NEW.id;
END;
CREATE TRIGGER leads_due_update AFTER UPDATE OF state, deleted_at, phone ON leads
WHEN NEW.state IN ('ready', 'waiting') AND NEW.deleted_at IS NULL AND (
  NEW.phone GLOB '+81120??????' OR NEW.phone GLOB '+81800???????' OR EXISTS (
    SELECT 1 FROM do_not_call WHERE phone = NEW.phone AND revoked_at IS NULL
      AND (project_id IS NULL OR project_id = (SELECT project_id FROM lists WHERE id = NEW.list_id))))
BEGIN
  UPDATE leads SET state = 'skipped', skip_reason =
    iif(NEW.phone GLOB '+81120??????' OR NEW.phone GLOB '+81800???????', 'E-PHONE-FORBIDDEN', 'E-DNC')
  WHERE id = NEW.id;
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
