//! The commands: a method name, typed parameters and a typed result each.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::params::*;
use crate::result::*;
use crate::rpc::{RpcError, unread};

/// The parameters of one method, which know the method's name and result.
pub trait Verb: Serialize + DeserializeOwned {
    /// The method.
    const METHOD: &'static str;
    /// What the daemon answers.
    type Result: Serialize + DeserializeOwned;

    /// The command these parameters make.
    fn into_command(self) -> Command;
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $method:literal => $result:ty;)+) => {
        /// A command to the daemon. Unknown methods and unknown parameters are refused.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Command { $($(#[$doc])* $name($name),)+ }

        $(impl Verb for $name {
            const METHOD: &'static str = $method;
            type Result = $result;

            fn into_command(self) -> Command {
                Command::$name(self)
            }
        })+

        impl Command {
            /// Every method, in the order of the protocol's description.
            pub const METHODS: &'static [&'static str] = &[$($method),+];

            /// The command of a method and its parameters; absent parameters are an empty object.
            ///
            /// # Errors
            /// -32601 for an unknown method, -32602 for unknown, missing or wrong parameters.
            pub fn from_parts(method: &str, params: Value) -> Result<Self, RpcError> {
                let params = if params.is_null() { Value::Object(Map::new()) } else { params };
                if !params.is_object() {
                    return Err(RpcError::protocol(
                        RpcError::INVALID_PARAMS,
                        ("params はオブジェクトにしてください", "params must be an object"),
                    ));
                }
                match method {
                    $($method => serde_json::from_value(params).map(Self::$name),)+
                    _ => return Err(RpcError::protocol(RpcError::METHOD_NOT_FOUND, (format!("メソッド {method:?} はありません"), format!("unknown method {method:?}")))),
                }
                .map_err(|error| RpcError::protocol(RpcError::INVALID_PARAMS, unread(&error)))
            }

            /// The method's name.
            pub fn method(&self) -> &'static str {
                match self { $(Self::$name(_) => $method,)+ }
            }

            /// The parameters as JSON.
            pub fn params(&self) -> Value {
                match self { $(Self::$name(params) => serde_json::to_value(params).unwrap_or_default(),)+ }
            }
        }

        /// Reads a result into its type and writes it back: what a client of this version would understand of it.
        #[cfg(test)]
        pub(crate) fn normalise_result(method: &str, result: Value) -> Option<serde_json::Result<Value>> {
            match method {
                $($method => Some(serde_json::from_value::<$result>(result).and_then(serde_json::to_value)),)+
                _ => None,
            }
        }
    };
}

commands! {
    /// The whole state at a glance.
    Status = "status.get" => StatusResult;
    /// Calls a number, or the lead that is being previewed.
    CallDial = "call.dial" => SeatStatus;
    /// Answers the ringing incoming call.
    CallAnswer = "call.answer" => SeatStatus;
    /// Ends the call: CANCEL, BYE or a rejection, whichever fits.
    CallHangup = "call.hangup" => SeatStatus;
    /// Puts the call on hold.
    CallHold = "call.hold" => SeatStatus;
    /// Takes the call off hold.
    CallResume = "call.resume" => SeatStatus;
    /// Silences or opens the microphone.
    CallMute = "call.mute" => SeatStatus;
    /// Sends DTMF digits.
    CallDtmf = "call.dtmf" => SeatStatus;
    /// Hands the other side of the call to somebody else.
    CallTransfer = "call.transfer" => SeatStatus;
    /// Calls somebody to ask while the other side of the call waits on hold.
    CallConsult = "call.consult" => SeatStatus;
    /// Talks with the other one of the two: with whom was asked, or with whom waits.
    CallSwap = "call.swap" => SeatStatus;
    /// Ends the consultation and takes the other side of the call off hold.
    CallReturn = "call.return" => SeatStatus;
    /// Lets a supervisor hear the calls of another seat.
    CallListen = "call.listen" => SeatStatus;
    /// And be heard by its operator.
    CallWhisper = "call.whisper" => SeatStatus;
    /// And be heard by operator and callee.
    CallBarge = "call.barge" => SeatStatus;
    /// Ends listening, whispering or barging.
    CallUntap = "call.untap" => SeatStatus;
    /// Saves status, memo and callback time of the last call, and says what follows.
    CallSave = "call.save" => SeatStatus;
    /// The SIP messages of a call and what became of its voice.
    CallTrace = "call.trace" => TraceResult;
    /// The operator is away.
    SeatPause = "seat.pause" => SeatStatus;
    /// The operator is back.
    SeatReady = "seat.ready" => SeatStatus;
    /// Streams events to this connection.
    EventsSubscribe = "events.subscribe" => Subscribed;
    /// Makes an empty list.
    ListCreate = "list.create" => ListInfo;
    /// Sends a piece of a file for `list.import`.
    ListUpload = "list.upload" => Uploaded;
    /// Puts a CSV file into a list.
    ListImport = "list.import" => ImportResult;
    /// The rows of a list, by position.
    ListShow = "list.show" => ListPage;
    /// Writes a list with its results as CSV.
    ListExport = "list.export" => ExportResult;
    /// Fetches a piece of what `list.export` wrote.
    ListDownload = "list.download" => Downloaded;
    /// Every list.
    ListLs = "list.ls" => Lists;
    /// Calls down a list from the top.
    DialStart = "dial.start" => SeatStatus;
    /// Stops after the running call, keeps the place.
    DialPause = "dial.pause" => SeatStatus;
    /// Goes on.
    DialResume = "dial.resume" => SeatStatus;
    /// Ends the session after the running call.
    DialStop = "dial.stop" => SeatStatus;
    /// Passes over the previewed lead.
    DialSkip = "dial.skip" => SeatStatus;
    /// Says why a lead is or is not eligible.
    DialWhy = "dial.why" => WhyResult;
    /// Attempts, newest first.
    HistoryList = "history.list" => HistoryPage;
    /// The counters.
    StatsGet = "stats.get" => StatsResult;
    /// Puts a number on the do-not-call list.
    DncAdd = "dnc.add" => DncAdded;
    /// The do-not-call list.
    DncLs = "dnc.ls" => DncPage;
    /// One call with its amendments and notes.
    HistoryShow = "history.show" => HistoryCall;
    /// Writes past calls as CSV.
    HistoryExport = "history.export" => Exported;
    /// Corrects a sealed call.
    HistoryAmend = "history.amend" => HistoryCall;
    /// Marks a call 報告.
    HistoryReport = "history.report" => HistoryCall;
    /// Adds a note to a customer's history.
    NoteAdd = "note.add" => NoteRow;
    /// Notes about a customer.
    NoteLs = "note.ls" => Notes;
    /// Changes a note.
    NoteEdit = "note.edit" => NoteRow;
    /// Takes a note back.
    NoteDelete = "note.delete" => NoteRow;
    /// Brings a note back that was taken back.
    NoteRestore = "note.restore" => NoteRow;
    /// Clears a number.
    DncClear = "dnc.clear" => DncCleared;
    /// Adds or clears the numbers of a file.
    DncImport = "dnc.import" => DncImported;
    /// Ends the imports of do-not-call numbers that run.
    DncImportCancel = "dnc.import_cancel" => Done;
    /// Files of do-not-call numbers that were imported or cut short.
    DncImports = "dnc.imports" => DncFiles;
    /// Takes back what a file added that was cut short.
    DncImportUndo = "dnc.import_undo" => DncImportUndone;
    /// Writes the do-not-call list as CSV.
    DncExport = "dnc.export" => Exported;
    /// Tasks (対応タスク).
    TaskLs = "task.ls" => TaskPage;
    /// Closes a task, or opens it again.
    TaskDone = "task.done" => TaskRow;
    /// Gives a task to another user.
    TaskAssign = "task.assign" => TaskRow;
    /// Gives all open tasks of a user, or of nobody, to another.
    TaskHandOver = "task.hand_over" => TasksHandedOver;
    /// Moves a task in time.
    TaskDue = "task.due" => TaskRow;
    /// Makes a contact.
    ContactAdd = "contact.add" => ContactSaved;
    /// Makes a contact of a call's number.
    ContactCreateFromCall = "contact.create_from_call" => ContactSaved;
    /// One contact.
    ContactShow = "contact.show" => ContactRow;
    /// Contacts, oldest first.
    ContactLs = "contact.ls" => ContactPage;
    /// Changes a contact.
    ContactEdit = "contact.edit" => ContactSaved;
    /// Puts contacts into the bin.
    ContactDelete = "contact.delete" => ContactsDeleted;
    /// Takes a contact out of the bin.
    ContactUndo = "contact.undo" => ContactRow;
    /// Puts a CSV file into the contact book.
    ContactImport = "contact.import" => ImportResult;
    /// Gives all contacts of a user, or of nobody, to another.
    ContactHandOver = "contact.hand_over" => ContactsHandedOver;
    /// Stops the import into the contact book that runs.
    ContactImportCancel = "contact.import_cancel" => Done;
    /// Writes the contact book as CSV.
    ContactExport = "contact.export" => Exported;
    /// Categories with their counts.
    CategoryLs = "category.ls" => Categories;
    /// Deletes a category.
    CategoryDelete = "category.delete" => CategoryRow;
    /// The profiles by which files are read and written.
    ProfileLs = "profile.ls" => Profiles;
    /// Result statuses.
    DispositionLs = "disposition.ls" => Dispositions;
    /// Makes a status.
    DispositionAdd = "disposition.add" => DispositionRow;
    /// Changes a status.
    DispositionEdit = "disposition.edit" => DispositionRow;
    /// Users.
    UserLs = "user.ls" => Users;
    /// Makes a user.
    UserAdd = "user.add" => UserRow;
    /// Changes a user.
    UserEdit = "user.edit" => UserChanged;
    /// Sets a password.
    UserPasswd = "user.passwd" => UserRow;
    /// Deletes a user.
    UserDelete = "user.delete" => UserChanged;
    /// What a user holds.
    UserHolds = "user.holds" => Holdings;
    /// Who asks.
    UserMe = "user.me" => Me;
    /// Administrative changes.
    AuditList = "audit.list" => AuditPage;
    /// Sound devices.
    DevicesList = "devices.list" => Devices;
    /// What is wanted of a seat's devices, and what is in use.
    DevicesShow = "devices.show" => DeviceSettings;
    /// Chooses a seat's devices and what is done to the operator's voice.
    DevicesSet = "devices.set" => DeviceSettings;
    /// How loud an operator speaks, hears and is rung.
    DevicesVolume = "devices.volume" => DeviceSettings;
    /// Tells the levels of a seat's devices for a while.
    DevicesMeter = "devices.meter" => DeviceSettings;
    /// Every project.
    ProjectLs = "project.ls" => Projects;
    /// Makes a project.
    ProjectCreate = "project.create" => ProjectRow;
    /// Changes a project.
    ProjectChange = "project.change" => ProjectRow;
    /// Moves a project without lists into the bin.
    ProjectDelete = "project.delete" => Done;
    /// Brings a project back.
    ProjectRestore = "project.restore" => ProjectRow;
    /// Who may use every list of a project.
    ProjectGrant = "project.grant" => ProjectGrants;
    /// Renames, enables or disables a list, or orders its dialing.
    ListChange = "list.change" => ListInfo;
    /// Moves a list into the bin.
    ListDelete = "list.delete" => ListDeleted;
    /// Brings a list, or leads of it, back.
    ListRestore = "list.restore" => LeadsChanged;
    /// What was deleted.
    ListBin = "list.bin" => Bin;
    /// Opens the next round.
    ListRound = "list.round" => RoundResult;
    /// Who may use a list.
    ListGrant = "list.grant" => Grants;
    /// A page of a list under any sort and filter.
    ListView = "list.view" => ViewPage;
    /// One lead.
    LeadShow = "lead.show" => ViewRow;
    /// Puts one lead on a list.
    LeadAdd = "lead.add" => LeadSaved;
    /// Changes names, categories and further columns of a lead.
    LeadEdit = "lead.edit" => LeadSaved;
    /// Excludes, includes, deletes or assigns leads.
    LeadChange = "lead.change" => LeadsChanged;
    /// Adds or removes a further number of a lead.
    LeadPhone = "lead.phone" => LeadSaved;
    /// The journal of imports.
    ListImports = "list.imports" => Imports;
    /// Takes an import back.
    ListImportUndo = "list.import_undo" => ImportUndone;
    /// Stops an import that runs.
    ListImportCancel = "list.import_cancel" => Done;
    /// The counters by operator, list, project, hour or day.
    StatsTally = "stats.tally" => Tally;
    /// Recounts every figure.
    StatsVerify = "stats.verify" => Verified;
    /// Writes figures that are kept, and differ, anew from the calls.
    StatsMend = "stats.mend" => Mended;
    /// Recordings that are kept.
    RecordingLs = "recording.ls" => Recordings;
    /// A piece of a recording's file.
    RecordingFetch = "recording.fetch" => Downloaded;
    /// Says that recordings stand somewhere else too.
    RecordingExported = "recording.exported" => Done;
    /// Keeps the recordings of a call, or ends that.
    RecordingHold = "recording.hold" => Done;
    /// Deletes the recordings of a call for good.
    RecordingDelete = "recording.delete" => Done;
    /// The recording of the call holds silence from now on.
    RecordingPause = "recording.pause" => SeatStatus;
    /// The recording of the call goes on.
    RecordingResume = "recording.resume" => SeatStatus;
    /// How much is kept, and how long that lasts.
    RecordingQuota = "recording.quota" => QuotaResult;
    /// Copies the database while calls go on.
    StoreBackup = "store.backup" => BackupResult;
    /// Looks at the whole database.
    StoreCheck = "store.check" => CheckResult;
}

impl Command {
    /// The `seat` parameter of the commands that act on one seat; `None` for all others.
    pub fn seat_mut(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::CallDial(p) => Some(&mut p.seat),
            Self::CallAnswer(p) => Some(&mut p.seat),
            Self::CallHangup(p) => Some(&mut p.seat),
            Self::CallHold(p) => Some(&mut p.seat),
            Self::CallResume(p) => Some(&mut p.seat),
            Self::CallMute(p) => Some(&mut p.seat),
            Self::CallDtmf(p) => Some(&mut p.seat),
            Self::CallTransfer(p) => Some(&mut p.seat),
            Self::CallConsult(p) => Some(&mut p.seat),
            Self::CallSwap(p) => Some(&mut p.seat),
            Self::CallReturn(p) => Some(&mut p.seat),
            Self::CallListen(p) => Some(&mut p.seat),
            Self::CallWhisper(p) => Some(&mut p.seat),
            Self::CallBarge(p) => Some(&mut p.seat),
            Self::CallUntap(p) => Some(&mut p.seat),
            Self::CallSave(p) => Some(&mut p.seat),
            Self::SeatPause(p) => Some(&mut p.seat),
            Self::SeatReady(p) => Some(&mut p.seat),
            Self::DialStart(p) => Some(&mut p.seat),
            Self::DialPause(p) => Some(&mut p.seat),
            Self::DialResume(p) => Some(&mut p.seat),
            Self::DialStop(p) => Some(&mut p.seat),
            Self::DialSkip(p) => Some(&mut p.seat),
            Self::RecordingPause(p) => Some(&mut p.seat),
            Self::RecordingResume(p) => Some(&mut p.seat),
            Self::DevicesShow(p) => Some(&mut p.seat),
            Self::DevicesSet(p) => Some(&mut p.seat),
            Self::DevicesVolume(p) => Some(&mut p.seat),
            Self::DevicesMeter(p) => Some(&mut p.seat),
            // Its seat only stands for a call that is not named.
            Self::CallTrace(_)
            | Self::Status(_)
            | Self::EventsSubscribe(_)
            | Self::ListCreate(_)
            | Self::ListUpload(_)
            | Self::ListImport(_)
            | Self::ListShow(_)
            | Self::ListExport(_)
            | Self::ListDownload(_)
            | Self::ListLs(_)
            | Self::DialWhy(_)
            | Self::HistoryList(_)
            | Self::StatsGet(_)
            | Self::DncAdd(_)
            | Self::DncLs(_)
            | Self::HistoryShow(_)
            | Self::HistoryExport(_)
            | Self::HistoryAmend(_)
            | Self::HistoryReport(_)
            | Self::NoteAdd(_)
            | Self::NoteLs(_)
            | Self::NoteEdit(_)
            | Self::NoteDelete(_)
            | Self::NoteRestore(_)
            | Self::DncClear(_)
            | Self::DncImport(_)
            | Self::DncImportCancel(_)
            | Self::DncImports(_)
            | Self::DncImportUndo(_)
            | Self::DncExport(_)
            | Self::TaskLs(_)
            | Self::TaskDone(_)
            | Self::TaskAssign(_)
            | Self::TaskHandOver(_)
            | Self::TaskDue(_)
            | Self::ContactAdd(_)
            | Self::ContactCreateFromCall(_)
            | Self::ContactShow(_)
            | Self::ContactLs(_)
            | Self::ContactEdit(_)
            | Self::ContactDelete(_)
            | Self::ContactUndo(_)
            | Self::ContactImport(_)
            | Self::ContactHandOver(_)
            | Self::ContactImportCancel(_)
            | Self::ContactExport(_)
            | Self::CategoryLs(_)
            | Self::CategoryDelete(_)
            | Self::ProfileLs(_)
            | Self::DispositionLs(_)
            | Self::DispositionAdd(_)
            | Self::DispositionEdit(_)
            | Self::UserLs(_)
            | Self::UserAdd(_)
            | Self::UserEdit(_)
            | Self::UserPasswd(_)
            | Self::UserDelete(_)
            | Self::UserHolds(_)
            | Self::UserMe(_)
            | Self::AuditList(_)
            | Self::DevicesList(_)
            | Self::ProjectLs(_)
            | Self::ProjectCreate(_)
            | Self::ProjectChange(_)
            | Self::ProjectDelete(_)
            | Self::ProjectRestore(_)
            | Self::ProjectGrant(_)
            | Self::ListChange(_)
            | Self::ListDelete(_)
            | Self::ListRestore(_)
            | Self::ListBin(_)
            | Self::ListRound(_)
            | Self::ListGrant(_)
            | Self::ListView(_)
            | Self::LeadShow(_)
            | Self::LeadAdd(_)
            | Self::LeadEdit(_)
            | Self::LeadChange(_)
            | Self::LeadPhone(_)
            | Self::ListImports(_)
            | Self::ListImportUndo(_)
            | Self::ListImportCancel(_)
            | Self::StatsTally(_)
            | Self::StatsVerify(_)
            | Self::StatsMend(_)
            | Self::RecordingLs(_)
            | Self::RecordingFetch(_)
            | Self::RecordingExported(_)
            | Self::RecordingHold(_)
            | Self::RecordingDelete(_)
            | Self::RecordingQuota(_)
            | Self::StoreBackup(_)
            | Self::StoreCheck(_) => None,
        }
    }

    /// The call that a command names by its identifier, or a part of it; `None` where it names none.
    pub fn attempt_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::CallDial(p) => p.attempt.as_mut(),
            Self::CallHangup(p) => p.attempt.as_mut(),
            Self::CallSave(p) => p.attempt.as_mut(),
            Self::ContactCreateFromCall(p) => Some(&mut p.attempt),
            Self::DncAdd(p) => p.attempt.as_mut(),
            Self::HistoryShow(p) => Some(&mut p.attempt),
            Self::HistoryAmend(p) => Some(&mut p.attempt),
            Self::HistoryReport(p) => Some(&mut p.attempt),
            Self::NoteAdd(p) => p.attempt.as_mut(),
            Self::NoteLs(p) => p.attempt.as_mut(),
            Self::RecordingLs(p) => p.attempt.as_mut(),
            Self::RecordingHold(p) => Some(&mut p.attempt),
            Self::RecordingDelete(p) => Some(&mut p.attempt),
            _ => None,
        }
    }
}
