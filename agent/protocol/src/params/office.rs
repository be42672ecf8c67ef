//! The office: users, the audit log, statuses, tasks, do-not-call, amendments and notes.

use serde::{Deserialize, Serialize};

use super::HistoryList;

params! {
    /// `user.add`.
    UserAdd {
        /// Login: letters, digits, `-`, `_`, `.`; never one that was used before.
        login: String,
        /// Name shown; `None` = the login.
        name: Option<String>,
        /// `MGR`, `SV`, `OP`, `BIZ`, `BY`.
        role: String,
        /// Unix user whose commands are this user's.
        uid: Option<u32>,
        /// Password; `None` = no login by password.
        password: Option<Secret>,
    }
    /// `user.ls`.
    UserLs {
        /// Deleted ones too.
        #[serde(default)]
        deleted: bool,
    }
    /// `user.edit`: what is left out stays.
    UserEdit {
        /// The user, by login.
        user: String,
        /// New name.
        name: Option<String>,
        /// New role.
        role: Option<String>,
        /// New Unix user.
        uid: Option<u32>,
        /// Bind to no Unix user.
        #[serde(default)]
        no_uid: bool,
        /// Who takes over their leads and open tasks when they call no more (BIZ, BY), by login.
        hand_over: Option<String>,
        /// These are nobody's from now on, and so the project's. With neither, a user who holds any keeps a role that calls.
        #[serde(default)]
        release: bool,
    }
    /// `user.passwd`.
    UserPasswd {
        /// The user, by login; `None` = oneself.
        user: Option<String>,
        /// The new password; `None` takes it away.
        password: Option<Secret>,
        /// The old one: needed for the own password, unless a manager asks.
        old: Option<Secret>,
    }
    /// `user.delete`.
    UserDelete {
        /// The user, by login.
        user: String,
        /// Who takes over their leads, contacts and open tasks, by login.
        hand_over: Option<String>,
        /// These are nobody's from now on, and so the project's. With neither, a user who holds any is not deleted.
        #[serde(default)]
        release: bool,
    }
    /// `user.me`.
    UserMe {}
    /// `user.holds`.
    UserHolds {
        /// The user, by login; a deleted one too.
        user: String,
    }
    /// `audit.list`: newest first.
    AuditList {
        /// Only changes by this user, by login.
        user: Option<String>,
        /// Only actions that begin with this, such as `contact.`.
        action: Option<String>,
        /// Only changes of this object.
        object: Option<String>,
        /// Not before, UTC milliseconds.
        from: Option<i64>,
        /// Before, UTC milliseconds.
        to: Option<i64>,
        /// Older than this entry: the `next` of the last page.
        before: Option<i64>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// `disposition.ls`.
    DispositionLs {
        /// Archived ones too.
        #[serde(default)]
        archived: bool,
        /// Only those that a call of this project may be given: its own and those of all; `None` = of every project.
        #[serde(default)]
        project: Option<String>,
    }
    /// `disposition.add`.
    DispositionAdd {
        /// Label.
        label: String,
        /// Code for programs; `None` = one is made.
        code: Option<String>,
        /// Only in this project; `None` = in all.
        project: Option<String>,
        /// The recording is kept; `None` = yes.
        keep_recording: Option<bool>,
        /// Counts as コール; `None` = yes.
        counts_call: Option<bool>,
        /// Counts as コネクト; `None` = yes.
        counts_connect: Option<bool>,
        /// What becomes of the lead: `retry`, `never`, `task`, `done`; `None` = `done`.
        lead_next: Option<String>,
        /// One key.
        hotkey: Option<String>,
        /// `#rrggbb`.
        color: Option<String>,
        /// Place in the order, from 1; `None` = the end.
        position: Option<i64>,
    }
    /// `disposition.edit`: what is left out stays.
    DispositionEdit {
        /// The status, by code or label.
        status: String,
        /// Only one of this project is meant (one of the bin too); `None` = whichever has the code or label, and there must be one.
        project: Option<String>,
        /// New label.
        label: Option<String>,
        /// Offer it no more, or again.
        archived: Option<bool>,
        /// The recording is kept.
        keep_recording: Option<bool>,
        /// Counts as コール.
        counts_call: Option<bool>,
        /// Counts as コネクト.
        counts_connect: Option<bool>,
        /// What becomes of the lead.
        lead_next: Option<String>,
        /// One key; empty takes it away.
        hotkey: Option<String>,
        /// `#rrggbb`; empty takes it away.
        color: Option<String>,
        /// Place in the order, from 1.
        position: Option<i64>,
    }
    /// `task.ls`: the most urgent first.
    TaskLs {
        /// Only this owner's, by login, empty = nobody's; `None` = one's own and nobody's, for whoever is no operator everybody's.
        owner: Option<String>,
        /// Everybody's.
        #[serde(default)]
        all: bool,
        /// Only `past`, `future` or `free`.
        folder: Option<String>,
        /// Only this number.
        number: Option<String>,
        /// Done and cancelled ones too.
        #[serde(default)]
        closed: bool,
        /// Behind this task: the `next` of the last page.
        after: Option<i64>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// `task.done`.
    TaskDone {
        /// The task.
        task: i64,
        /// Open it again.
        #[serde(default)]
        undo: bool,
    }
    /// `task.assign`.
    TaskAssign {
        /// The task.
        task: i64,
        /// Its new owner, by login; `None` = nobody.
        owner: Option<String>,
    }
    /// `task.hand_over`: one of `from` and `to` at least.
    TaskHandOver {
        /// Whose open tasks, by login, a deleted user's too; `None` = those of nobody.
        from: Option<String>,
        /// Whose they become, by login; `None` = nobody's.
        to: Option<String>,
        /// Only those of leads on this list, by name or id.
        list: Option<String>,
    }
    /// `task.due`.
    TaskDue {
        /// The task.
        task: i64,
        /// When to call, UTC milliseconds; `None` = no time (フリー).
        due_at: Option<i64>,
    }
    /// `dnc.add`.
    DncAdd {
        /// The number, in any form people write.
        number: String,
        /// Only in this project; `None` = everywhere, or in `projects`.
        project: Option<String>,
        /// Only in these projects.
        #[serde(default)]
        projects: Vec<String>,
        /// Why.
        reason: Option<String>,
        /// The call that is the evidence.
        attempt: Option<String>,
        /// Other evidence in words.
        evidence: Option<String>,
    }
    /// `dnc.ls`: oldest first.
    DncLs {
        /// Only this number.
        number: Option<String>,
        /// Only what holds in this project.
        project: Option<String>,
        /// Cleared ones too.
        #[serde(default)]
        cleared: bool,
        /// After this row: the `next` of the last page.
        after: Option<String>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// `dnc.clear`.
    DncClear {
        /// The number.
        number: String,
        /// The entries of these projects; empty = the entry for everywhere.
        #[serde(default)]
        projects: Vec<String>,
        /// Why. It must say something.
        reason: String,
    }
    /// `dnc.import`: from exactly one of `path` and `upload`.
    DncImport {
        /// A file the daemon can read; only for the daemon's own user and root.
        path: Option<String>,
        /// What `list.upload` sent.
        upload: Option<String>,
        /// File name for reports, when it was uploaded.
        file: Option<String>,
        /// `auto`, `utf-8`, `cp932`, …; `None` = `auto`.
        encoding: Option<String>,
        /// The limits of a product: `open`, `miitel`, `calltree`, `zoho`; `None` = `open`.
        profile: Option<String>,
        /// Only in these projects, where the file names none; empty = everywhere.
        #[serde(default)]
        projects: Vec<String>,
        /// Why, where the file does not say.
        reason: Option<String>,
        /// Clear the numbers instead of adding them; only for managers.
        #[serde(default)]
        clear: bool,
        /// Take the good rows although others are bad.
        #[serde(default)]
        partial: bool,
        /// Look only, change nothing.
        #[serde(default)]
        dry_run: bool,
        /// Keep the refused rows as a CSV file to correct and import again; see `report` in the result.
        #[serde(default)]
        report: bool,
        /// Keep all doubts as a CSV file to read; see `warnings_report` in the result.
        #[serde(default)]
        report_warnings: bool,
        /// Language of these files, `ja` or `en`; `None` = the daemon's.
        lang: Option<String>,
        /// The uploaded file, put here by the daemon's own control server.
        #[serde(skip)]
        sent: Option<super::SentFile>,
        /// Where the refused rows are to be written, put here by the daemon's own control server.
        #[serde(skip)]
        report_path: Option<std::path::PathBuf>,
        /// The same for doubts.
        #[serde(skip)]
        warnings_path: Option<std::path::PathBuf>,
    }
    /// `dnc.import_cancel`.
    DncImportCancel {}
    /// `dnc.imports`: newest first.
    DncImports {
        /// Older than this import.
        before: Option<String>,
        /// How many, 1 to 1000; `None` = 50.
        limit: Option<u32>,
    }
    /// `dnc.import_undo`: of an import that is `interrupted`.
    DncImportUndo {
        /// The import's id, or the beginning of it.
        import: String,
        /// Why its numbers may be called. It must say something.
        reason: String,
    }
    /// `dnc.export`.
    DncExport {
        /// Only what holds in this project.
        project: Option<String>,
        /// Cleared ones too.
        #[serde(default)]
        cleared: bool,
        /// File to write, only for the daemon's own user and root; `None` = fetch it with `list.download`.
        path: Option<String>,
        /// `utf-8-bom`, `utf-8`, `cp932`; `None` = `utf-8-bom`.
        encoding: Option<String>,
        /// Leave cells alone that a spreadsheet would run as formulas.
        #[serde(default)]
        raw: bool,
        /// The rules of the product that is to read it: `open`, `miitel`, `calltree`, `zoho`; `None` = `open`.
        profile: Option<String>,
        /// Cut it into parts that the product takes as files of their own, one after another in the file; `parts` says where each
        /// ends.
        #[serde(default)]
        split: bool,
        /// Cut it into parts of at most so many rows, the header not counted; at least 1.
        split_rows: Option<u64>,
        /// Cut it into parts of at most so many bytes.
        split_bytes: Option<u64>,
    }
    /// `history.show`.
    HistoryShow {
        /// The call.
        attempt: String,
    }
    /// `history.export`: newest first; the filters of `history.list`.
    HistoryExport {
        /// Only this seat.
        seat: Option<String>,
        /// Only this list, by name or id.
        list: Option<String>,
        /// Only this project, by name.
        project: Option<String>,
        /// Part of the company's or person's name, however it is written: as it was at the call, or as the contact is called now.
        name: Option<String>,
        /// Part of the company's name only.
        company: Option<String>,
        /// Part of the person's name only.
        person: Option<String>,
        /// Part of the memo.
        memo: Option<String>,
        /// This number, or the digits of a part of numbers.
        number: Option<String>,
        /// Only this operator.
        operator: Option<String>,
        /// Only this status, by code or label.
        status: Option<String>,
        /// Not before, UTC milliseconds.
        from: Option<i64>,
        /// Before, UTC milliseconds.
        to: Option<i64>,
        /// Only what waits for a status.
        #[serde(default)]
        unsealed: bool,
        /// Only what a crash interrupted.
        #[serde(default)]
        interrupted: bool,
        /// Calls by hand: `exclude`, `include` or `only`; `None` = `exclude`, unless `unsealed` or `interrupted`.
        manual: Option<String>,
        /// Only calls whose status was left blank.
        #[serde(default)]
        blank: bool,
        /// Only those marked 報告.
        #[serde(default)]
        reported: bool,
        /// Only calls with numbers that no contact has.
        #[serde(default)]
        unregistered: bool,
        /// File to write, only for the daemon's own user and root; `None` = fetch it with `list.download`.
        path: Option<String>,
        /// `utf-8-bom`, `utf-8`, `cp932`; `None` = `utf-8-bom`.
        encoding: Option<String>,
        /// Leave cells alone that a spreadsheet would run as formulas.
        #[serde(default)]
        raw: bool,
        /// The rules of the product that is to read it: `open`, `miitel`, `calltree`, `zoho`; `None` = `open`.
        profile: Option<String>,
        /// Cut it into parts that the product takes as files of their own, one after another in the file; `parts` says where each
        /// ends.
        #[serde(default)]
        split: bool,
        /// Cut it into parts of at most so many rows, the header not counted; at least 1.
        split_rows: Option<u64>,
        /// Cut it into parts of at most so many bytes.
        split_bytes: Option<u64>,
    }
    /// `history.amend`: corrects a sealed call; what is left out stays.
    HistoryAmend {
        /// The call.
        attempt: String,
        /// Status, by code or label.
        status: Option<String>,
        /// Memo.
        memo: Option<String>,
        /// When to call again, UTC milliseconds.
        recall_at: Option<i64>,
        /// Take the time away.
        #[serde(default)]
        no_recall: bool,
        /// Why; may be left out when a blank status is filled in.
        reason: Option<String>,
    }
    /// `history.report`.
    HistoryReport {
        /// The call.
        attempt: String,
        /// Mark it 報告, or take the mark off.
        on: bool,
    }
    /// `note.add`: exactly one of `attempt`, `lead` and `number`.
    NoteAdd {
        /// The call it is about.
        attempt: Option<String>,
        /// The lead it is about.
        lead: Option<String>,
        /// The number it is about.
        number: Option<String>,
        /// The text.
        text: String,
    }
    /// `note.ls`: exactly one of `attempt`, `lead` and `number`.
    NoteLs {
        /// Of this call's number.
        attempt: Option<String>,
        /// Of this lead's number.
        lead: Option<String>,
        /// Of this number.
        number: Option<String>,
    }
    /// `note.edit`.
    NoteEdit {
        /// The note.
        note: String,
        /// The new text.
        text: String,
    }
    /// `note.delete`.
    NoteDelete {
        /// The note.
        note: String,
    }
    /// `note.restore`.
    NoteRestore {
        /// The note.
        note: String,
    }
}

impl HistoryList {
    /// Whether it is a search, which may read every call there is.
    #[must_use]
    pub fn searches(&self) -> bool {
        [&self.name, &self.company, &self.person, &self.memo, &self.number].into_iter().any(Option::is_some)
    }
}

impl HistoryExport {
    /// `history.list` of the same calls.
    #[must_use]
    pub fn list(self) -> HistoryList {
        HistoryList {
            seat: self.seat,
            list: self.list,
            project: self.project,
            name: self.name,
            company: self.company,
            person: self.person,
            memo: self.memo,
            number: self.number,
            operator: self.operator,
            status: self.status,
            from: self.from,
            to: self.to,
            unsealed: self.unsealed,
            interrupted: self.interrupted,
            manual: self.manual,
            blank: self.blank,
            reported: self.reported,
            unregistered: self.unregistered,
            ..HistoryList::default()
        }
    }
}

/// A password on its way; never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a password.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    /// The password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
