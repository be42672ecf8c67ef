//! Writing the rows of one slice, many at a time.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::super::due::NEVER;
use super::super::last_call::{LastCall, last_call};
use super::super::rests::left_behind;
use super::super::turns::turn_of_new;
use super::super::{assignments, exec, in_bin, lead_numbers, one};
use super::category::{CategoryIds, Giver};
use super::many::{self, Inserts, MANY, Sql};
use super::reached::{Became, Reached};
use super::{Import, blocked, replace, row};
use crate::code::Code;
use crate::export::EXCLUDED;
use crate::id::{ContactId, ImportId, LeadId, UserId};
use crate::phone::{Clir, is_dialed_from_lists};
use crate::staging::{LateDoubt, NumberRow, OnExisting, Placed, StageCounts, StagePolicy, StagedRow};

/// One transaction of an import.
pub(super) struct Slice<'a> {
    db: &'a Connection,
    known: &'a mut CategoryIds,
    import: ImportId,
    context: &'a Import,
    policy: StagePolicy,
    pub(super) counts: StageCounts,
    /// No call was ever made: none needs to be looked for.
    never_called: bool,
    /// No number has an owner.
    never_assigned: bool,
    /// Numbers were called or assigned since the import began.
    touched: bool,
    /// Some number is not to be called.
    blocking: bool,
    contacts: Inserts<'a>,
    contact_phones: Inserts<'a>,
    contact_categories: Inserts<'a>,
    leads: Inserts<'a>,
    numbers: Inserts<'a>,
    lead_phones: Inserts<'a>,
    lead_categories: Inserts<'a>,
}

/// What is known of a row's number before it is written.
#[derive(Clone, Copy, Default)]
struct Found {
    on_list: bool,
    called: bool,
    owner: Option<UserId>,
}

/// A contact that has a row's number.
#[derive(Clone, Copy)]
struct Known {
    id: ContactId,
    /// It has several numbers, or the row's number had a row already.
    several: bool,
    /// Whether it was what the row says; `false` is only a doubt.
    same: bool,
}

impl<'a> Slice<'a> {
    pub(super) fn new(
        db: &'a Connection,
        known: &'a mut CategoryIds,
        import: ImportId,
        context: &'a Import,
        policy: StagePolicy,
    ) -> rusqlite::Result<Self> {
        let never_called = one(db, "SELECT 1 FROM attempts LIMIT 1", [], |_| Ok(()))?.is_none();
        let never_assigned = one(db, "SELECT 1 FROM assignments LIMIT 1", [], |_| Ok(()))?.is_none();
        let touched = one(db, "SELECT 1 FROM import_touched LIMIT 1", [], |_| Ok(()))?.is_some();
        let blocking = blocked::any(db)?;
        Ok(Self {
            db,
            known,
            import,
            context,
            policy,
            counts: StageCounts::default(),
            never_called,
            never_assigned,
            touched,
            blocking,
            contacts: Inserts::new(db, &CONTACTS, &[&import, &context.now])?,
            contact_phones: Inserts::new(db, &CONTACT_PHONES, &[])?,
            contact_categories: Inserts::new(db, &CONTACT_CATEGORIES, &[])?,
            leads: Inserts::new(db, &LEADS, &[&context.list, &context.round, &import])?,
            numbers: Inserts::new(db, &LEAD_NUMBERS, &[&context.list])?,
            lead_phones: Inserts::new(db, &LEAD_PHONES, &[])?,
            lead_categories: Inserts::new(db, &LEAD_CATEGORIES, &[])?,
        })
    }

    /// Writes the leads of at most [`MANY`] rows; adds what each did.
    pub(super) fn write_leads(
        &mut self,
        rows: &[StagedRow],
        placed: &mut Vec<Placed>,
    ) -> rusqlite::Result<()> {
        let begin = placed.len();
        let mut found: [Found; MANY] = [Found::default(); MANY];
        let phones = || rows.iter().map(|row| &row.phone);
        if !self.policy.new_list {
            many::look(self.db, &FIND_LEADS, &[&self.context.list], phones(), |at, _| {
                found[at].on_list = true;
                Ok(())
            })?;
        }
        if !self.never_called {
            many::look(self.db, &FIND_CALLS, &[], phones(), |at, _| {
                found[at].called = true;
                Ok(())
            })?;
        }
        if !self.never_assigned {
            many::look(self.db, &FIND_OWNERS, &[], phones(), |at, answer| {
                found[at].owner = answer.get(1)?;
                Ok(())
            })?;
        }
        for (row, found) in rows.iter().zip(found) {
            placed.push(if row.again {
                // The lead of the earlier row is found by its number later: see `write_numbers`.
                Placed::Same
            } else if found.on_list {
                self.known_lead(row)?
            } else {
                Placed::New(self.insert_lead(row, found)?)
            });
        }
        self.leads.flush()?;
        self.lead_phones.flush()?;
        self.lead_categories.flush()?;
        for (row, placed) in rows.iter().zip(placed.iter().skip(begin)) {
            if let (Some(reason), Placed::New(position)) = (&row.excluded, placed) {
                self.exclude(*position, reason)?;
            } else if let (Some(of), Placed::New(position)) = (row.kept, placed) {
                in_bin::keep_staged(self.db, (self.context.list, *position), self.import, of)?;
            } else if let (Some(at), Placed::New(position)) = (row.rests, placed) {
                self.rest(*position, at)?;
            }
            if let Placed::New(position) = placed
                && !is_dialed_from_lists(row.phone.expose())
            {
                blocked::pass_over(self.db, self.context.list, *position, NEVER)?;
            }
        }
        Ok(())
    }

    /// Marks a new lead 発信対象外, as the file says; one that was there keeps what somebody decided (C11).
    fn exclude(&self, position: i64, reason: &str) -> rusqlite::Result<()> {
        self.exclude_at(position, reason, (self.context.user, self.context.now))
    }

    /// The same by nobody of one whose number was dialed by a call that a restore left behind: since then, so that no row of the file behind
    /// this one lets it in again.
    fn rest(&self, position: i64, dialed_at: i64) -> rusqlite::Result<()> {
        let at = dialed_at.min(self.context.now - 1);
        self.exclude_at(position, &left_behind(Some(dialed_at), None), (None, at))
    }

    fn exclude_at(
        &self,
        position: i64,
        reason: &str,
        (user, at): (Option<UserId>, i64),
    ) -> rusqlite::Result<()> {
        let sql = "UPDATE leads SET excluded = 1, excluded_reason = nullif(?4, ''), excluded_by = ?5, excluded_at = ?6
                   WHERE list_id = ?1 AND position = ?2 AND import_id = ?3 AND excluded = 0";
        let list = self.context.list;
        exec(self.db, sql, (list, position, self.import, reason, user, at))?;
        lead_numbers::exclude_further(self.db, list, position)
    }

    /// Enters the numbers of at most [`MANY`] rows, all different and in order; then their contacts.
    pub(super) fn write_numbers(
        &mut self,
        rows: &[NumberRow],
        reached: &mut Reached,
    ) -> rusqlite::Result<()> {
        for row in rows {
            if let Placed::New(position) = row.placed {
                self.numbers.put(row.row.phone.expose())?;
                self.numbers.put(position)?;
                self.numbers.end_row()?;
            }
        }
        self.numbers.flush()?;
        if self.blocking && self.context.list.is_some() {
            blocked::look(self.db, self.context.list, rows)?;
        }
        if self.touched {
            let mut touched = [false; MANY];
            many::look(self.db, &FIND_TOUCHED, &[], rows.iter().map(|row| &row.row.phone), |at, _| {
                touched[at] = true;
                Ok(())
            })?;
            for (row, _) in rows.iter().zip(touched).filter(|(_, touched)| *touched) {
                self.renew(row)?;
            }
        }
        let mut skipped = [false; MANY];
        for (row, skipped) in rows.iter().zip(&mut skipped) {
            *skipped = self.number_again(row, reached)?;
            if !*skipped && let Some(reason) = &row.row.excluded {
                self.exclude_known(row, reason, reached)?;
            }
        }
        if self.policy.create_contacts { self.write_contacts(rows, skipped, reached) } else { Ok(()) }
    }

    /// What the file says of a lead that a row before it brought, or that was there: that one stays as it is, which is told (C11).
    fn exclude_known(&self, row: &NumberRow, reason: &str, reached: &mut Reached) -> rusqlite::Result<()> {
        let new = matches!(row.placed, Placed::New(_)) && !row.row.again;
        if new || !self.policy.leads {
            return Ok(());
        }
        let sql = "SELECT position FROM lead_numbers WHERE phone = ?1 AND list_id = ?2";
        let key = (row.row.phone.expose(), self.context.list);
        let Some(position) = one(self.db, sql, key, |r| r.get(0))? else { return Ok(()) };
        if row.row.again {
            self.exclude(position, reason)?;
        }
        let sql = "SELECT excluded FROM leads WHERE list_id = ?1 AND position = ?2";
        if one(self.db, sql, (self.context.list, position), |r| r.get(0))? == Some(false) {
            let value = if reason.is_empty() { EXCLUDED } else { reason }.to_owned();
            let (line, code) = (row.row.line, Code::Excluded);
            reached.doubts.add(LateDoubt { line, code, column: None, value, contact: None });
        }
        Ok(())
    }

    /// Shows on a staged lead what happened to its number since it was staged.
    fn renew(&self, row: &NumberRow) -> rusqlite::Result<()> {
        let Placed::New(position) = row.placed else { return Ok(()) };
        let phone = row.row.phone.expose();
        let last = last_call(self.db, phone)?;
        let owner = assignments::owner(self.db, phone)?.or(row.row.assigned);
        let sql = "UPDATE leads SET last_disposition = ?3, last_user_id = ?4, last_at = ?5, last_kind = ?6,
                     last_memo = ?7, assigned_user_id = ?8 WHERE list_id = ?1 AND position = ?2";
        let list = self.context.list;
        let values = (list, position, last.disposition, last.user, last.at, last.kind, last.memo, owner);
        exec(self.db, sql, values).map(|_| ())
    }

    /// Registers numbers in the contact book, or brings it up to date. `skipped`: rows of which nothing is taken.
    fn write_contacts(
        &mut self,
        rows: &[NumberRow],
        skipped: [bool; MANY],
        reached: &mut Reached,
    ) -> rusqlite::Result<()> {
        let mut found: [Option<Known>; MANY] = [None; MANY];
        many::look(self.db, &FIND_CONTACTS, &[], rows.iter().map(|row| &row.row.phone), |at, answer| {
            let row = &rows[at].row;
            let several = row.again || self.has_further(row) || answer.get(5)?;
            found[at] = Some(Known { id: answer.get(4)?, several, same: self.is_same(row, answer)? });
            Ok(())
        })?;
        let rows = || rows.iter().map(|row| &row.row);
        let mut kept = skipped;
        for ((row, found), kept) in rows().zip(found).zip(&mut kept).filter(|(_, kept)| !**kept) {
            let Some(Known { id, several, same }) = found else {
                if !self.policy.nameless && row.company.is_none() && row.person.is_none() {
                    continue;
                }
                let id = self.insert_contact(row)?;
                reached.put(id, self.has_further(row), Became::Changed)?;
                continue;
            };
            // What a row wrote in the meantime is not what was found.
            let again = reached.of(id, several)? == Some(Became::Changed);
            // One that the file itself brought is none that was known.
            *kept = self.keeps_known() && !again;
            let became = if same && !again {
                Became::Same
            } else if *kept {
                Became::Skipped
            } else if self.update_contact(row, again)? {
                Became::Changed
            } else {
                Became::Same
            };
            self.reach(reached, id, several, became)?;
        }
        self.contacts.flush()?;
        self.contact_phones.flush()?;
        self.contact_categories.flush()?;
        for (row, kept) in rows().zip(kept) {
            if kept || !self.has_further(row) {
                continue;
            }
            if let Some(grown) = row::further_phones(self.db, self.import, row, reached)? {
                self.reach(reached, grown, true, Became::Changed)?;
            }
        }
        Ok(())
    }

    /// Counts a contact that was there, once, whatever the rows that reach it make of it.
    fn reach(
        &mut self,
        reached: &mut Reached,
        contact: ContactId,
        several: bool,
        became: Became,
    ) -> rusqlite::Result<()> {
        let before = reached.of(contact, several)?;
        self.counts.contacts += u64::from(before.is_none());
        if before.is_some_and(|before| before >= became) {
            return Ok(());
        }
        match became {
            Became::Same => {}
            Became::Skipped => self.counts.skipped += 1,
            Became::Changed => self.counts.contacts_updated += 1,
        }
        reached.put(contact, several, became)
    }

    /// Whether the row brings further numbers for its contact; on a list they are the lead's.
    fn has_further(&self, row: &StagedRow) -> bool {
        !self.policy.leads && !row.extra_phones.is_empty()
    }

    /// Contacts that are known stay as they are. A list's policy is about the numbers on it.
    fn keeps_known(&self) -> bool {
        !self.policy.leads && self.policy.existing == OnExisting::Skip
    }

    /// Whether the contact is what the row says, or the row says less. `false` is only a doubt.
    fn is_same(&mut self, row: &StagedRow, contact: &Row<'_>) -> rusqlite::Result<bool> {
        if contact.get(8)? {
            return Ok(false);
        }
        let blanks = self.policy.blanks;
        let same = |column, new: &Option<String>, blanks: bool| -> rusqlite::Result<bool> {
            let old = contact.get_ref(column)?;
            Ok(match new {
                None => !blanks || old == ValueRef::Null,
                Some(new) => old == ValueRef::Text(new.as_bytes()),
            })
        };
        let label = row.label.as_deref().map(str::to_owned);
        if !same(9, &label, false)? || !same(10, &row.ext, blanks.ext && !row.joins)? {
            return Ok(false);
        }
        if !same(1, &row.company, blanks.company)? || !same(2, &row.person, blanks.person)? {
            return Ok(false);
        }
        let mail = contact.get_ref(6)?.as_str_or_null()?.unwrap_or_default();
        if row.email.as_ref().is_some_and(|new| *new != mail) {
            return Ok(false);
        }
        let owner: Option<UserId> = contact.get(7)?;
        match row.owner {
            Some(Some(new)) if owner != Some(new) => return Ok(false),
            Some(None) if blanks.owner && owner.is_some() => return Ok(false),
            _ => {}
        }
        if row.categories.is_empty() && !blanks.categories {
            return Ok(true);
        }
        let mut text = String::new();
        for name in &row.categories {
            let Some(id) = self.known.find(self.db, name)? else { return Ok(false) };
            let comma = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{comma}{id}");
        }
        Ok(contact.get_ref(3)?.as_str_or_null()?.unwrap_or_default() == text)
    }

    /// Registers the number in the contact book (S1.10).
    fn insert_contact(&mut self, row: &StagedRow) -> rusqlite::Result<ContactId> {
        let (id, giver) = (ContactId::generate(self.context.now), Giver::Import(self.import));
        self.contacts.put(id)?;
        self.contacts.put(&row.company)?;
        self.contacts.put(&row.person)?;
        self.contacts.put(row.email.as_ref().filter(|mail| !mail.is_empty()))?;
        // Whoever adds it, unless the file says whose it is (S3.8).
        self.contacts.put(row.owner.unwrap_or(self.context.user))?;
        self.contacts.end_row()?;
        self.contact_phones.put(id)?;
        self.contact_phones.put(row.phone.expose())?;
        self.contact_phones.put(row.label.as_deref())?;
        self.contact_phones.put(row.ext.as_deref())?;
        self.contact_phones.end_row()?;
        for (at, name) in (1_i64..).zip(&row.categories) {
            self.contact_categories.put(id)?;
            self.contact_categories.put(at)?;
            self.contact_categories.put(self.known.find_or_make(self.db, name, giver)?)?;
            self.contact_categories.end_row()?;
        }
        self.counts.contacts += 1;
        self.counts.contacts_created += 1;
        Ok(id)
    }

    fn update_contact(&mut self, row: &StagedRow, again: bool) -> rusqlite::Result<bool> {
        let Self { db, known, import, context, policy, .. } = self;
        row::update_contact(db, known, (*import, context.now), row, *policy, again)
    }

    /// A number that was on the list before the import.
    fn known_lead(&mut self, row: &StagedRow) -> rusqlite::Result<Placed> {
        if self.policy.existing == OnExisting::Skip {
            self.counts.skipped += 1;
            return Ok(Placed::Skipped);
        }
        let change = self.update_lead(row, false)?;
        self.counts.updated += u64::from(change.is_some());
        self.counts.unchanged += u64::from(change.is_none());
        Ok(change.map_or(Placed::Same, Placed::Changed))
    }

    /// A number that an earlier row of the file has too. Its lead is counted by that one; what the file itself brought is
    /// overwritten whatever the policy says of leads that were there. Returns whether nothing of the row is taken.
    fn number_again(&mut self, row: &NumberRow, reached: &mut Reached) -> rusqlite::Result<bool> {
        if !self.policy.leads {
            return Ok(false);
        }
        let last = row.row.again && !row.row.joins;
        if !row.row.again || last {
            reached.lead = row.placed;
        }
        if reached.lead == Placed::Skipped {
            return Ok(true);
        }
        if last {
            self.last_of_number(row)?;
        } else if row.row.again
            && let Some(change) = self.update_lead(&row.row, matches!(reached.lead, Placed::Changed(_)))?
            && reached.lead == Placed::Same
        {
            reached.lead = Placed::Changed(change);
            self.counts.turned += 1;
        }
        Ok(false)
    }

    /// A row that alone counts of those of its number: what the first one wrote goes, and the lead is what this one makes of what
    /// was there.
    fn last_of_number(&mut self, row: &NumberRow) -> rusqlite::Result<()> {
        let Self { db, known, import, context, .. } = self;
        let returned = match row.placed {
            Placed::New(position) => {
                return replace::new_lead(db, known, *import, (context.list, position), &row.row);
            }
            Placed::Changed(change) => replace::put_back(db, known, *import, change)?,
            Placed::Same | Placed::Skipped => false,
        };
        let changed = self.update_lead(&row.row, false)?.is_some();
        self.counts.turned += u64::from(changed && row.placed == Placed::Same);
        self.counts.returned += u64::from(returned && !changed);
        Ok(())
    }

    /// What it was, where the row says something new of its lead. `again`: an earlier row of the file changed it already.
    fn update_lead(&mut self, row: &StagedRow, again: bool) -> rusqlite::Result<Option<i64>> {
        let Self { db, known, import, context, policy, .. } = self;
        row::update_lead(db, known, (*import, context), row, *policy, again)
    }

    /// Returns the lead's position.
    fn insert_lead(&mut self, row: &StagedRow, found: Found) -> rusqlite::Result<i64> {
        let (id, giver) = (LeadId::generate(self.context.now), Giver::Import(self.import));
        self.counts.inserted += 1;
        let last = if found.called { last_call(self.db, row.phone.expose())? } else { LastCall::default() };
        let position = self.context.last_position + self.counts.inserted.cast_signed();
        let leads = &mut self.leads;
        leads.put(id)?;
        leads.put(position)?;
        leads.put(row.phone.expose())?;
        leads.put(&row.raw_phone)?;
        leads.put(row.clir.map(Clir::digits))?;
        leads.put(&row.company)?;
        leads.put(&row.person)?;
        leads.put(row::attrs(row))?;
        leads.put(&last.disposition)?;
        leads.put(last.user)?;
        leads.put(last.at)?;
        leads.put(last.kind)?;
        leads.put(&last.memo)?;
        leads.put(turn_of_new(self.context.order, position))?;
        leads.put(row.assigned.or(found.owner))?;
        leads.put(&row.name_key)?;
        leads.put(row.ext.as_deref())?;
        leads.end_row()?;
        for (at, further) in (1_i64..).zip(&row.extra_phones) {
            self.lead_phones.put(id)?;
            self.lead_phones.put(at)?;
            self.lead_phones.put(further.phone.expose())?;
            self.lead_phones.put(further.label.as_deref())?;
            self.lead_phones.put(further.ext.as_deref())?;
            self.lead_phones.end_row()?;
        }
        for (at, name) in (1_i64..).zip(&row.categories) {
            self.lead_categories.put(id)?;
            self.lead_categories.put(at)?;
            self.lead_categories.put(self.known.find_or_make(self.db, name, giver)?)?;
            self.lead_categories.end_row()?;
        }
        Ok(position)
    }
}

// `OR ROLLBACK`: a statement that fails ends the whole slice, so SQLite need not keep what its pages were before it.
static FIND_CONTACTS: Sql = Sql::new(|| {
    let sql = "SELECT v.column1, c.company, c.person,
                 (SELECT group_concat(category_id) FROM (
                    SELECT category_id FROM contact_categories WHERE contact_id = c.id ORDER BY position)),
                 c.id, (SELECT count(*) > 1 FROM contact_phones WHERE contact_id = c.id), c.email, c.owner_user_id,
                 c.stub, p.label, p.ext
               FROM (VALUES {rows}) v CROSS JOIN contact_phones p ON p.phone = v.column2 AND p.live = 1
                 CROSS JOIN contacts c ON c.id = p.contact_id";
    many::sql(sql, 0, "@, #")
});
static FIND_LEADS: Sql = Sql::new(|| {
    let sql = "SELECT v.column1 FROM (VALUES {rows}) v
               CROSS JOIN lead_numbers n ON n.phone = v.column2 AND n.list_id = ?1";
    many::sql(sql, 1, "@, #")
});
static FIND_CALLS: Sql = Sql::new(|| {
    let sql = "SELECT v.column1 FROM (VALUES {rows}) v WHERE EXISTS (SELECT 1 FROM attempts WHERE phone = v.column2)";
    many::sql(sql, 0, "@, #")
});
static FIND_TOUCHED: Sql = Sql::new(|| {
    let sql = "SELECT v.column1 FROM (VALUES {rows}) v CROSS JOIN import_touched t ON t.phone = v.column2";
    many::sql(sql, 0, "@, #")
});
static FIND_OWNERS: Sql = Sql::new(|| {
    let sql =
        "SELECT v.column1, o.user_id FROM (VALUES {rows}) v CROSS JOIN assignments o ON o.phone = v.column2";
    many::sql(sql, 0, "@, #")
});
static CONTACTS: Sql = Sql::new(|| {
    let sql =
        "INSERT OR ROLLBACK INTO contacts (id, company, person, email, origin, import_id, created_at, updated_at, owner_user_id)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 3, "#, #, #, #, 'import', ?2, ?3, ?3, #")
});
static CONTACT_PHONES: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO contact_phones (contact_id, position, phone, label, ext)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 1, "#, 1, #, #, #")
});
static CONTACT_CATEGORIES: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO contact_categories (contact_id, position, category_id)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 1, "#, #, #")
});
static LEADS: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO leads (id, list_id, position, phone, raw_phone, clir, company, person, attrs, round,
                 import_id, last_disposition, last_user_id, last_at, last_kind, last_memo, turn, assigned_user_id, name_key, ext)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 4, "#, ?2, #, #, #, #, #, #, #, ?3, ?4, #, #, #, #, #, #, #, #, #")
});
static LEAD_NUMBERS: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO lead_numbers (phone, list_id, position)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 2, "#, ?2, #")
});
static LEAD_PHONES: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO lead_phones (lead_id, position, phone, label, ext)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 1, "#, #, #, #, #")
});
static LEAD_CATEGORIES: Sql = Sql::new(|| {
    let sql = "INSERT OR ROLLBACK INTO lead_categories (lead_id, position, category_id)
               SELECT * FROM (VALUES {rows}) LIMIT ?1";
    many::sql(sql, 1, "#, #, #")
});
