//! Parameters of the methods on projects, lists, leads, imports, figures, recordings and the database.

use serde::{Deserialize, Serialize};

params! {
    /// `profile.ls`.
    ProfileLs {}
    /// `project.ls`.
    ProjectLs {}
    /// `project.create`.
    ProjectCreate {
        /// Name, unique.
        name: String,
        /// Number shown to callees, in any form people write.
        caller_id: Option<String>,
    }
    /// `project.change`: what is left out stays.
    ProjectChange {
        /// The project, by name.
        project: String,
        /// New name.
        name: Option<String>,
        /// Number shown to callees; an empty text takes it away.
        caller_id: Option<String>,
        /// Whether a クレーム holds for the whole company and not for this project only.
        company_wide_dnc: Option<bool>,
        /// Whether leads of nobody are everybody's.
        pooled: Option<bool>,
    }
    /// `project.delete`: refused while it has lists.
    ProjectDelete {
        /// The project, by name.
        project: String,
    }
    /// `project.restore`.
    ProjectRestore {
        /// Name of a project that was deleted.
        name: String,
    }
    /// `list.change`: what is left out stays.
    ListChange {
        /// The list, by name or id.
        list: String,
        /// New name.
        name: Option<String>,
        /// Whether it is dialed from.
        enabled: Option<bool>,
        /// `position`, `random`, `newest`, `category`.
        order: Option<String>,
        /// The profile whose limits hold: `open`, `miitel`, `calltree`, `zoho`.
        profile: Option<String>,
    }
    /// `list.delete`: into the bin.
    ListDelete {
        /// The list, by name or id.
        list: String,
        /// Only tells what would go with it.
        #[serde(default)]
        dry_run: bool,
    }
    /// `list.restore`: out of the bin, with `at` leads that were deleted then, without it the list itself.
    ListRestore {
        /// The list, by name or id.
        list: String,
        /// The moment, as `list.bin` tells it.
        at: Option<i64>,
        /// Another name for the list, where its own was taken meanwhile.
        name: Option<String>,
    }
    /// `list.bin`: deleted leads of a list, or without one deleted lists.
    ListBin {
        /// The list, by name or id.
        list: Option<String>,
    }
    /// `list.round`: the next pass over a list.
    ListRound {
        /// The list, by name or id.
        list: String,
    }
    /// `project.grant`: without `users` only who may is told.
    ProjectGrant {
        /// Its name.
        project: String,
        /// Logins.
        #[serde(default)]
        users: Vec<String>,
        /// Take the grants back.
        #[serde(default)]
        revoke: bool,
    }
    /// `list.grant`: gives users the list, or takes it back; answers with who has it.
    ListGrant {
        /// The list, by name or id.
        list: String,
        /// Logins; empty only asks.
        #[serde(default)]
        users: Vec<String>,
        /// Take it back.
        #[serde(default)]
        revoke: bool,
    }
    /// `list.view`: a page of a list under any sort and filter.
    ListView {
        /// The list, by name or id.
        list: String,
        /// Which leads; `None` = all.
        filter: Option<ViewFilter>,
        /// `position`, `assigned`, `company`, `person`, `phone`, `category`, `last_kind`, `last_user`, `last_at`,
        /// `last_status`, `dialable`; `None` = `position`.
        sort: Option<String>,
        /// From the last to the first; leads without a value come last either way.
        #[serde(default)]
        descending: bool,
        /// Behind this place: the `next` of a page.
        after: Option<String>,
        /// Before this place: the `previous` of a page.
        before: Option<String>,
        /// From the lead of this number on, from 0.
        row: Option<u64>,
        /// The last page.
        #[serde(default)]
        last: bool,
        /// 発信対象外 too, which are hidden unless the filter asks for them.
        #[serde(default)]
        excluded: bool,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// Which leads; what is left out does not matter.
    ViewFilter {
        /// Part of a company's or person's name, however it is written.
        name: Option<String>,
        /// Part of the company's name only.
        company: Option<String>,
        /// Part of the person's name only.
        person: Option<String>,
        /// Part of a number: the lead's own or a further one.
        number: Option<String>,
        /// Part of the last memo; those of earlier calls are found by `history.list`.
        memo: Option<String>,
        /// Own columns of the list: each that is named has to pass, by any of its texts.
        #[serde(default)]
        columns: Vec<ColumnTest>,
        /// Last status by code or label; an empty text finds calls without one.
        status: Option<String>,
        /// What the last call was: `out`, `out_missed`, `in`, `in_missed`.
        kind: Option<String>,
        /// Login of who made the last call.
        last_user: Option<String>,
        /// Last called at or after, UTC milliseconds.
        from: Option<i64>,
        /// Last called before, UTC milliseconds.
        to: Option<i64>,
        /// Login of the owner; an empty text finds leads of nobody.
        assigned: Option<String>,
        /// Any of these categories.
        #[serde(default)]
        categories: Vec<String>,
        /// May be called (発信対象), or not.
        dialable: Option<bool>,
        /// Of these: passed over since their number is on the do-not-call list, or never called from a list (架電禁止), or not.
        blocked: Option<bool>,
        /// Called exactly so often; 1 with status `no_contact` is 2回目, 2 is 3回目.
        attempts: Option<u32>,
        /// Called at least so often.
        at_least: Option<u32>,
    }
    /// `lead.show`.
    LeadShow {
        /// The lead's id.
        lead: String,
    }
    /// `lead.add`: one lead at the end of a list.
    LeadAdd {
        /// The list, by name or id.
        list: String,
        /// The number, in any form people write; further ones behind a `/`.
        number: String,
        /// Company.
        company: Option<String>,
        /// Person.
        person: Option<String>,
        /// Categories.
        #[serde(default)]
        categories: Vec<String>,
        /// Further columns by name.
        #[serde(default)]
        columns: std::collections::BTreeMap<String, String>,
    }
    /// `lead.edit`: names, categories and further columns of one lead. What is left out stays, an empty text blanks.
    LeadEdit {
        /// The lead, by id.
        lead: String,
        /// The version that was looked at; a newer one refuses with `E-STALE`.
        version: Option<u64>,
        /// Company.
        company: Option<String>,
        /// Person.
        person: Option<String>,
        /// All categories from now on.
        categories: Option<Vec<String>>,
        /// Further columns by name; those that are not named stay.
        #[serde(default)]
        columns: std::collections::BTreeMap<String, String>,
        /// `184` (withhold our number) or `186` (present it) before its number.
        clir: Option<String>,
    }
    /// `lead.change`: one thing to many leads, named one by one or by a filter.
    LeadChange {
        /// The list, by name or id.
        list: String,
        /// Ids.
        #[serde(default)]
        leads: Vec<String>,
        /// Or every lead that passes.
        filter: Option<ViewFilter>,
        /// What to do.
        what: LeadWhat,
        /// Why, for `exclude`.
        reason: Option<String>,
        /// Logins, for `assign`: they take turns; none = nobody's.
        #[serde(default)]
        users: Vec<String>,
        /// Only tells what would go, for `delete`.
        #[serde(default)]
        dry_run: bool,
    }
    /// `lead.phone`: adds a number to a lead, or removes one that was added.
    LeadPhone {
        /// The lead's id.
        lead: String,
        /// The number, in any form people write.
        number: String,
        /// What it is.
        label: Option<String>,
        /// Remove it.
        #[serde(default)]
        remove: bool,
    }
    /// `list.imports`: the journal, newest first.
    ListImports {
        /// Only this list, by name or id.
        list: Option<String>,
        /// Older than this import.
        before: Option<String>,
        /// How many, 1 to 1000; `None` = 50.
        limit: Option<u32>,
    }
    /// `list.import_undo`.
    ListImportUndo {
        /// The import's id, or the beginning of it.
        import: String,
    }
    /// `list.import_cancel`: stops the import that runs into a list; nothing of it is kept.
    ListImportCancel {
        /// The list, by name or id.
        list: String,
    }
    /// `stats.tally`.
    StatsTally {
        /// `user`, `list`, `project`, `hour`, `day`.
        by: String,
        /// Not before this moment's day in Japan, UTC milliseconds; `None` = today, or all time for one list.
        from: Option<i64>,
        /// Days in Japan that begin before this moment, UTC milliseconds; `None` = up to today.
        to: Option<i64>,
        /// Only this list, by name or id.
        list: Option<String>,
        /// Only this project.
        project: Option<String>,
        /// Only this operator.
        operator: Option<String>,
    }
    /// `stats.verify`: recounts every figure from the calls.
    StatsVerify {}
    /// `stats.mend`: writes those that are kept, and are not what the calls say, anew.
    StatsMend {}
    /// `recording.ls`: newest first.
    RecordingLs {
        /// Begun at or after, UTC milliseconds.
        from: Option<i64>,
        /// Begun before, UTC milliseconds.
        to: Option<i64>,
        /// Only this list, by name or id.
        list: Option<String>,
        /// Only this operator.
        operator: Option<String>,
        /// Only this call's.
        attempt: Option<String>,
        /// Only those on hold.
        #[serde(default)]
        held: bool,
        /// From the oldest on.
        #[serde(default)]
        oldest_first: bool,
        /// Behind this place: the `next` of the last page.
        after: Option<String>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// `recording.fetch`: a piece of a recording's file.
    RecordingFetch {
        /// The recording's number.
        recording: i64,
        /// Where the piece begins, bytes.
        offset: u64,
    }
    /// `recording.exported`: says that recordings stand somewhere else too.
    RecordingExported {
        /// Their numbers, at most 1000.
        recordings: Vec<i64>,
    }
    /// `recording.hold`: keeps a call's recordings whatever the quota says, or ends that.
    RecordingHold {
        /// The call.
        attempt: String,
        /// Why.
        reason: Option<String>,
        /// End the hold.
        #[serde(default)]
        release: bool,
    }
    /// `recording.delete`: deletes a call's recordings for good; the call stays.
    RecordingDelete {
        /// The call.
        attempt: String,
        /// Why.
        reason: Option<String>,
    }
    /// `recording.pause`: both sides of the recording hold silence from now on.
    RecordingPause {
        /// The seat.
        seat: Option<String>,
    }
    /// `recording.resume`.
    RecordingResume {
        /// The seat.
        seat: Option<String>,
    }
    /// `recording.quota`: how much is kept and how long it lasts.
    RecordingQuota {}
    /// `store.backup`: a copy of the database while calls go on.
    StoreBackup {
        /// The file, on the daemon's machine and written by it; `None`: to be fetched, as an export.
        path: Option<String>,
        /// Replace a file that stands there.
        #[serde(default)]
        force: bool,
    }
    /// `store.check`: looks at the whole database.
    StoreCheck {
        /// Compare indexes with their tables too.
        #[serde(default)]
        full: bool,
        /// The empty database that was begun though recordings were there is meant: `status` says no more of it.
        #[serde(default)]
        accept_empty: bool,
    }
}

/// What an own column of a list has to say, however it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnTest {
    /// The column's name.
    pub column: String,
    /// The text; empty finds leads that say nothing there.
    pub text: String,
    /// A part of the text is enough.
    #[serde(default)]
    pub part: bool,
}

/// What `lead.change` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadWhat {
    /// Marks 発信対象外.
    #[default]
    Exclude,
    /// Takes the mark off.
    Include,
    /// Into the bin.
    Delete,
    /// Gives the numbers to users, on every list that has them.
    Assign,
}
