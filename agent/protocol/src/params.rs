//! The parameters of each method. Unknown fields are refused; a field that may be left out may also be `null`.
//!
//! `seat` is the seat's name. Left out, it is the seat bound to the caller's Unix user, else the only seat, else the
//! command is refused with `E-SEAT-REQUIRED`; the daemon fills it in before the command is carried out.

use serde::{Deserialize, Serialize};

macro_rules! params {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
        )+
    };
}

mod contact;
mod devices;
mod manage;
mod office;

pub use contact::*;
pub use devices::*;
pub use manage::*;
pub use office::*;

/// A file that a client sent, open and without a name; it never travels.
#[derive(Clone, Debug)]
pub struct SentFile(pub std::sync::Arc<std::fs::File>);

/// The same open file.
impl PartialEq for SentFile {
    fn eq(&self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SentFile {}

params! {
    /// `status.get`.
    Status {}
    /// `call.dial`.
    CallDial {
        /// The seat.
        seat: Option<String>,
        /// Number to call, in any form people write; with none of number, contact, lead, task and attempt, the previewed lead is called.
        number: Option<String>,
        /// Contact to call, by id or number: whoever sees numbers masked may call them all the same (S3.14).
        contact: Option<String>,
        /// Which of the numbers of the contact or lead (S4.41): its label, else its place, from 1; `None` = the main one.
        label: Option<String>,
        /// Lead to call by hand, by id: the call is one of its list, in its project.
        lead: Option<String>,
        /// Past call whose other side is to be called, by id.
        attempt: Option<String>,
        /// Task whose number is to be called: as its lead's, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<i64>,
        /// Project to book the call on; `None` = the default project. Not with a lead or a task: their calls are booked on their own.
        project: Option<String>,
    }
    /// `call.answer`.
    CallAnswer {
        /// The seat.
        seat: Option<String>,
    }
    /// `call.hangup`.
    CallHangup {
        /// The seat.
        seat: Option<String>,
        /// The call to end, by id, and no other; `None` = the one that is up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<String>,
    }
    /// `call.hold`.
    CallHold {
        /// The seat.
        seat: Option<String>,
    }
    /// `call.resume`.
    CallResume {
        /// The seat.
        seat: Option<String>,
    }
    /// `call.mute`.
    CallMute {
        /// The seat.
        seat: Option<String>,
        /// Silence the microphone, or open it.
        on: bool,
    }
    /// `call.dtmf`.
    CallDtmf {
        /// The seat.
        seat: Option<String>,
        /// `0`–`9`, `*`, `#`, `A`–`D`; at most 64.
        digits: String,
    }
    /// `call.transfer`: answered when its outcome is known, after up to three minutes.
    CallTransfer {
        /// The seat.
        seat: Option<String>,
        /// Number to hand the call to, in any form people write; `None` = to whom was asked by `call.consult`.
        number: Option<String>,
    }
    /// `call.consult`.
    CallConsult {
        /// The seat.
        seat: Option<String>,
        /// Number to ask, in any form people write.
        number: String,
    }
    /// `call.swap`.
    CallSwap {
        /// The seat.
        seat: Option<String>,
    }
    /// `call.return`.
    CallReturn {
        /// The seat.
        seat: Option<String>,
    }
    /// `call.listen`.
    CallListen {
        /// The supervisor's seat, where the calls are heard.
        seat: Option<String>,
        /// The seat to listen to; `None` = the one that is listened to now.
        tapped: Option<String>,
    }
    /// `call.whisper`.
    CallWhisper {
        /// The supervisor's seat, whose voice the operator hears.
        seat: Option<String>,
        /// The seat to listen to; `None` = the one that is listened to now.
        tapped: Option<String>,
    }
    /// `call.barge`.
    CallBarge {
        /// The supervisor's seat, whose voice operator and callee hear.
        seat: Option<String>,
        /// The seat to listen to; `None` = the one that is listened to now.
        tapped: Option<String>,
    }
    /// `call.untap`.
    CallUntap {
        /// The supervisor's seat.
        seat: Option<String>,
    }
    /// `call.save`: may be repeated until the next dial, the last one wins.
    CallSave {
        /// The seat.
        seat: Option<String>,
        /// The attempt; `None` = the seat's open one.
        attempt: Option<String>,
        /// Result status, by code or label; `None` keeps what was saved before.
        status: Option<String>,
        /// Call memo; `None` keeps what was saved before.
        memo: Option<String>,
        /// When to call again, UTC milliseconds; `None` keeps what was saved before, unless another status is chosen that asks for no callback.
        recall_at: Option<i64>,
        /// What follows.
        #[serde(default)]
        next: Next,
        /// Grows with each save of one attempt, so that a repeated message changes nothing.
        save_seq: Option<u64>,
    }
    /// `call.trace`: of one call, or of what an account exchanges beside calls.
    CallTrace {
        /// The seat whose call is meant where `call` names none.
        seat: Option<String>,
        /// Attempt id, its last four or more characters, or a SIP Call-ID; `None` or `last` = the seat's running call,
        /// else its last one.
        call: Option<String>,
        /// The account, instead of a call.
        account: Option<String>,
        /// Show numbers whole; only for managers.
        #[serde(default)]
        unmasked: bool,
    }
    /// `seat.pause`.
    SeatPause {
        /// The seat.
        seat: Option<String>,
        /// Why, in the site's own words, such as `lunch`.
        code: Option<String>,
    }
    /// `seat.ready`.
    SeatReady {
        /// The seat.
        seat: Option<String>,
    }
    /// `events.subscribe`.
    EventsSubscribe {
        /// Replay what came after this `seq`; `None` = from now on.
        since: Option<u64>,
        /// Only kinds that start with one of these, such as `call.`; empty = all.
        #[serde(default)]
        kinds: Vec<String>,
    }
    /// `list.create`.
    ListCreate {
        /// Name, unique in its project.
        name: String,
        /// Project; `None` = the default project.
        project: Option<String>,
        /// Make the project where there is none of this name.
        #[serde(default)]
        create_project: bool,
    }
    /// `list.upload`: pieces of one file, in order, on the connection that imports it.
    ListUpload {
        /// The client's word for the file; a new word begins a new file.
        upload: String,
        /// The next piece, base64.
        data: String,
    }
    /// `list.import`: from exactly one of `path` and `upload`.
    ListImport {
        /// The list, by name or id.
        list: String,
        /// The project that the name is looked up in; `None` = any.
        project: Option<String>,
        /// Make the list where there is none of this name, in `project` or in the default project; it goes again unless
        /// rows are taken.
        #[serde(default)]
        create: bool,
        /// With `create`: make `project` too where there is none of this name.
        #[serde(default)]
        create_project: bool,
        /// A file the daemon can read; only for the daemon's own user and root.
        path: Option<String>,
        /// What `list.upload` sent.
        upload: Option<String>,
        /// File name for reports, when it was uploaded.
        file: Option<String>,
        /// `auto`, `utf-8`, `utf-8-bom`, `cp932`, `utf-16le`, …; `None` = `auto`.
        encoding: Option<String>,
        /// `auto`, `comma`, `tab`, `semicolon`; `None` = `auto`.
        delimiter: Option<String>,
        /// `auto`, `none`, `required`; `None` = `auto`.
        header: Option<String>,
        /// The rules of a product: `open`, `miitel`, `calltree`, `zoho`; `None` = the list's own. What is said besides goes
        /// before it.
        profile: Option<String>,
        /// Columns named by hand: `電話番号=TEL`, `会社名=#1`, `-=備考`.
        #[serde(default)]
        map: Vec<String>,
        /// Logins of who owns the new numbers that nobody owns, in turn.
        #[serde(default)]
        assign: Vec<String>,
        /// The same number twice in the file: `error`, `first`, `last`, `merge`; `None` = the profile's.
        dup_in_file: Option<String>,
        /// A number that is on the list already: `update`, or `skip`, which takes nothing of the row, neither for the lead nor for its
        /// contact; `None` = the profile's.
        dup_existing: Option<String>,
        /// Take the good rows although others are bad.
        #[serde(default)]
        partial: bool,
        /// Look only, change nothing.
        #[serde(default)]
        dry_run: bool,
        /// Empty cells blank existing values.
        #[serde(default)]
        overwrite_empty: bool,
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
        sent: Option<SentFile>,
        /// Where the refused rows are to be written, put here by the daemon's own control server.
        #[serde(skip)]
        report_path: Option<std::path::PathBuf>,
        /// The same for doubts.
        #[serde(skip)]
        warnings_path: Option<std::path::PathBuf>,
    }
    /// `list.show`.
    ListShow {
        /// The list, by name or id.
        list: String,
        /// Rows after this position; `None` = from the top.
        after: Option<i64>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
        /// Which rows; `None` = all.
        filter: Option<LeadFilter>,
    }
    /// `list.export`.
    ListExport {
        /// The list, by name or id.
        list: String,
        /// File to write, only for the daemon's own user and root; `None` = fetch it with `list.download`.
        path: Option<String>,
        /// `utf-8-bom`, `utf-8`, `cp932`; `None` = `utf-8-bom`, which Excel reads.
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
        /// Leave the results out.
        #[serde(default)]
        without_results: bool,
        /// Refuse it (`E-VALUE`) where the product would refuse some of its rows.
        #[serde(default)]
        strict: bool,
    }
    /// `list.download`.
    ListDownload {
        /// The word `list.export` answered with.
        download: String,
        /// Byte to begin at.
        offset: u64,
    }
    /// `list.ls`.
    ListLs {}
    /// `dial.start`.
    DialStart {
        /// The seat.
        seat: Option<String>,
        /// The list, by name or id.
        list: String,
    }
    /// `dial.pause`.
    DialPause {
        /// The seat.
        seat: Option<String>,
    }
    /// `dial.resume`.
    DialResume {
        /// The seat.
        seat: Option<String>,
    }
    /// `dial.stop`.
    DialStop {
        /// The seat.
        seat: Option<String>,
    }
    /// `dial.skip`.
    DialSkip {
        /// The seat.
        seat: Option<String>,
    }
    /// `dial.why`: one lead by `lead` or `number`, or the head of a list by `list` alone.
    DialWhy {
        /// The list, by name or id; `None` = every list that has the number. A lead or number that is not on it is not found.
        list: Option<String>,
        /// The lead's id.
        lead: Option<String>,
        /// The lead's number.
        number: Option<String>,
        /// How many rows, 1 to 1000; `None` = 20.
        limit: Option<u32>,
    }
    /// `history.list`: newest first.
    HistoryList {
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
        /// Older than this attempt: the `next` of the last page.
        before: Option<String>,
        /// How many, 1 to 1000; `None` = 50.
        limit: Option<u32>,
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
    }
    /// `stats.get`.
    StatsGet {
        /// Not before this moment's day in Japan, UTC milliseconds; `None` = today.
        from: Option<i64>,
        /// Days in Japan that begin before this moment, UTC milliseconds; `None` = up to today.
        to: Option<i64>,
        /// Only this list, by name or id; then the default is all time.
        list: Option<String>,
        /// Only this project.
        project: Option<String>,
        /// Only this operator.
        operator: Option<String>,
    }
    /// `devices.list`.
    DevicesList {}
}

/// What follows a save.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Seal the result and call the next lead (保存して次へ).
    Dial,
    /// Seal the result and show the next lead (SKIP).
    Skip,
    /// Save only (保存のみ).
    #[default]
    Stay,
}

/// Which rows of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadFilter {
    /// Every row.
    All,
    /// Rows that may be called (発信対象).
    Dialable,
    /// Rows excluded from calling (発信対象外).
    Excluded,
    /// Rows never called.
    Untouched,
    /// Rows called at least once.
    Worked,
}
