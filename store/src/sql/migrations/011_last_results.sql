-- Results that calls by hand had blanked.
--
-- A call by hand, or one that came in, needs no result and takes none away (S1.40, S4.38); before, one without a result left a lead
-- without the last one, and without its memo. Both are read again, by the rule of then: the last call that was judged or made
-- from a list, and its memo or a later one that says something. A list's call that was left blank stays blank.
UPDATE leads SET
  last_disposition = (
    SELECT a.disposition FROM attempts a
    WHERE (a.phone = leads.phone OR a.lead_id = leads.id) AND a.dialed_at IS NOT NULL
      AND a.void = 0 AND (a.ended_at IS NOT NULL OR a.save_seq > 0)
      AND (a.disposition IS NOT NULL OR a.origin = 'list')
    ORDER BY a.dialed_at DESC, a.id DESC LIMIT 1),
  last_memo = (
    SELECT a.memo FROM attempts a
    WHERE (a.phone = leads.phone OR a.lead_id = leads.id) AND a.dialed_at IS NOT NULL
      AND a.void = 0 AND (a.ended_at IS NOT NULL OR a.save_seq > 0)
      AND (a.disposition IS NOT NULL OR a.origin = 'list' OR a.memo <> '')
    ORDER BY a.dialed_at DESC, a.id DESC LIMIT 1)
WHERE last_disposition IS NULL AND last_at IS NOT NULL
  -- What was emptied (0) stays so.
  AND (deleted_at IS NULL OR deleted_at > 0);
