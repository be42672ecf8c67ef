//! The table of section D, command by command, written down from the requirements and not from the code.

/// Whose row a try is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Nobody's in particular.
    Any,
    /// Their own: call, note, task, seat, themselves, a lead that they call.
    Own,
    /// A colleague's, on a list that they may use.
    Others,
    /// Of a list that they may use.
    Granted,
    /// Of a list that is granted to somebody else.
    Closed,
    /// A user of a lower role.
    Lower,
    /// A user of SV.
    Peer,
    /// A call that is marked 報告.
    Reported,
}

/// One thing that is tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Try {
    /// It is done, or refused.
    Do(Of, &'static str),
    /// The answer has this in it, or not.
    See(Of, &'static str, &'static str),
}

/// A command, or a kind of it, with who may: MGR, SV, OP, BIZ, BY.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The method, and after a space which kind of it.
    pub(super) verb: &'static str,
    /// `all`, `own`, `granted`, `lower`, `reported`, `owner` or `–` for each role.
    pub(super) may: &'static str,
    /// What stands in the way of whoever may: nothing, or one of these codes.
    pub(super) past: &'static str,
    pub(super) tries: &'static [Try],
}

use Of::{Any, Closed, Granted, Lower, Others, Own, Peer, Reported};
use Try::{Do, See};

const fn row(verb: &'static str, may: &'static str, past: &'static str, tries: &'static [Try]) -> Row {
    Row { verb, may, past, tries }
}

const EVERYBODY: &str = "all all all all all";
const MANAGES: &str = "all – – – –";
const SUPERVISES: &str = "all all – – –";
const CALLS: &str = "all all all – –";
/// Whoever calls does so at their own seat; MGR may work at any.
const AT_SEAT: &str = "all own own – –";
const AND_OWN: &str = "all all own – –";
const BUT_BIZ: &str = "all all all – all";
const IN_LISTS: &str = "all all granted – granted";
/// S1.37: of a list that they may use OP see the leads they call.
const LEADS: &str = "all all own – granted";

/// Own seat, another's.
const SEATS: &[Try] = &[Do(Own, r#"{"seat":"$me"}"#), Do(Others, r#"{"seat":"peer"}"#)];
const NOTHING: &[Try] = &[Do(Any, "{}")];

/// In an order in which the one leaves to the next what it needs.
pub(super) const TABLE: &[Row] = &[
    row(
        "status.get",
        AND_OWN,
        "",
        &[See(Own, "{}", r#""name":"$me""#), See(Others, "{}", r#""name":"peer""#)],
    ),
    row("events.subscribe", AND_OWN, "", &[Do(Own, "{}")]),
    // Whom they may call is on the do-not-call list, so that nobody's seat is busy afterwards.
    row(
        "call.dial",
        AT_SEAT,
        "E-DNC",
        &[
            Do(Own, r#"{"seat":"$me","number":"0312341001"}"#),
            Do(Others, r#"{"seat":"peer","number":"0312341001"}"#),
        ],
    ),
    row(
        "call.dial lead",
        AND_OWN,
        "E-DNC",
        &[
            Do(Own, r#"{"seat":"$me","lead":"$lead"}"#),
            Do(Others, r#"{"seat":"$me","lead":"$other_lead"}"#),
            Do(Closed, r#"{"seat":"$me","lead":"$closed_lead"}"#),
        ],
    ),
    row(
        "call.dial attempt",
        "all all granted – –",
        "E-DNC",
        &[
            Do(Granted, r#"{"seat":"$me","attempt":"$other_call"}"#),
            Do(Closed, r#"{"seat":"$me","attempt":"$closed_call"}"#),
        ],
    ),
    row(
        "call.dial task",
        AND_OWN,
        "E-DNC",
        &[
            Do(Own, r#"{"seat":"$me","task":$task}"#),
            Do(Others, r#"{"seat":"$me","task":$other_task}"#),
            Do(Closed, r#"{"seat":"$me","task":$closed_task}"#),
        ],
    ),
    row(
        "call.dial project",
        "all all granted – –",
        "E-DNC",
        &[
            Do(Granted, r#"{"seat":"$me","number":"0312341001","project":"表の案件"}"#),
            Do(Closed, r#"{"seat":"$me","number":"0312341001","project":"他の案件"}"#),
        ],
    ),
    row("call.answer", AT_SEAT, "E-NO-CALL", SEATS),
    row("call.hangup", AT_SEAT, "E-NO-CALL", SEATS),
    row("call.hold", AT_SEAT, "E-NO-CALL", SEATS),
    row("call.resume", AT_SEAT, "E-NO-CALL", SEATS),
    row(
        "call.mute",
        AT_SEAT,
        "E-NO-CALL",
        &[Do(Own, r#"{"seat":"$me","on":true}"#), Do(Others, r#"{"seat":"peer","on":true}"#)],
    ),
    row(
        "call.dtmf",
        AT_SEAT,
        "E-NO-CALL",
        &[Do(Own, r#"{"seat":"$me","digits":"1"}"#), Do(Others, r#"{"seat":"peer","digits":"1"}"#)],
    ),
    row(
        "call.transfer",
        AT_SEAT,
        "E-NO-CALL",
        &[
            Do(Own, r#"{"seat":"$me","number":"0312340001"}"#),
            Do(Others, r#"{"seat":"peer","number":"0312340001"}"#),
        ],
    ),
    row(
        "call.consult",
        AT_SEAT,
        "E-NO-CALL",
        &[
            Do(Own, r#"{"seat":"$me","number":"0312340001"}"#),
            Do(Others, r#"{"seat":"peer","number":"0312340001"}"#),
        ],
    ),
    row("call.swap", AT_SEAT, "E-NO-CALL", SEATS),
    row("call.return", AT_SEAT, "E-NO-CALL", SEATS),
    row("call.save", AT_SEAT, "E-NO-CALL", SEATS),
    row(
        "call.listen",
        "all own – – –",
        "",
        &[Do(Own, r#"{"seat":"$me","tapped":"op"}"#), Do(Others, r#"{"seat":"peer","tapped":"op"}"#)],
    ),
    row("call.whisper", "all own – – –", "", SEATS),
    row("call.barge", "all own – – –", "", SEATS),
    row("call.untap", "all own – – –", "", SEATS),
    row(
        "call.trace",
        AND_OWN,
        "",
        &[Do(Own, r#"{"call":"$call"}"#), Do(Others, r#"{"call":"$other_call"}"#)],
    ),
    row("call.trace unmasked", MANAGES, "", &[Do(Own, r#"{"call":"$call","unmasked":true}"#)]),
    row("seat.pause", AT_SEAT, "", SEATS),
    row("seat.ready", AT_SEAT, "", SEATS),
    row("recording.pause", AT_SEAT, "E-NO-CALL", SEATS),
    row("recording.resume", AT_SEAT, "E-NO-CALL", SEATS),
    row("devices.list", CALLS, "E-DEVICE-LOST", NOTHING),
    row("devices.show", AT_SEAT, "", SEATS),
    row("devices.set", AT_SEAT, "E-DEVICE-LOST", SEATS),
    row("devices.volume", AT_SEAT, "E-DEVICE-LOST", SEATS),
    row(
        "devices.meter",
        AT_SEAT,
        "E-DEVICE-LOST",
        &[Do(Own, r#"{"seat":"$me","seconds":1}"#), Do(Others, r#"{"seat":"peer","seconds":1}"#)],
    ),
    row(
        "dial.start",
        "all all granted – –",
        "",
        &[Do(Granted, r#"{"seat":"$me","list":"empty"}"#), Do(Closed, r#"{"seat":"$me","list":"closed"}"#)],
    ),
    row("dial.start seat", AT_SEAT, "", &[Do(Others, r#"{"seat":"peer","list":"empty"}"#)]),
    row("dial.pause", AT_SEAT, "E-NO-SESSION", SEATS),
    row("dial.resume", AT_SEAT, "E-NO-SESSION", SEATS),
    row("dial.stop", AT_SEAT, "E-NO-SESSION", SEATS),
    row("dial.skip", AT_SEAT, "E-NO-SESSION E-NO-CALL", SEATS),
    row(
        "dial.why",
        AND_OWN,
        "",
        &[
            Do(Own, r#"{"lead":"$lead"}"#),
            Do(Others, r#"{"lead":"$other_lead"}"#),
            See(Own, r#"{"list":"open"}"#, LEAD),
            See(Others, r#"{"list":"open"}"#, PEERS_NEXT),
            See(Others, r#"{"number":"0312342001"}"#, PEERS),
            Do(Closed, r#"{"list":"closed"}"#),
            Do(Closed, r#"{"lead":"$closed_lead"}"#),
        ],
    ),
    row("project.ls", IN_LISTS, "", &[See(Granted, "{}", "表の案件"), See(Closed, "{}", "他の案件")]),
    row("project.create", MANAGES, "", &[Do(Any, r#"{"name":"$new"}"#)]),
    row("project.change", MANAGES, "", &[Do(Any, r#"{"project":"$project","caller_id":""}"#)]),
    row("project.delete", MANAGES, "", &[Do(Any, r#"{"project":"$project"}"#)]),
    row("project.restore", MANAGES, "", &[Do(Any, r#"{"name":"$binned_project"}"#)]),
    row("project.grant", SUPERVISES, "", &[Do(Any, r#"{"project":"他の案件","users":["peer"]}"#)]),
    row("list.create", MANAGES, "", &[Do(Any, r#"{"name":"$new"}"#)]),
    row("list.upload", BUT_BIZ, "", &[Do(Any, r#"{"upload":"x.csv","data":"MDMxMjM0NTY3OA=="}"#)]),
    row("list.download", EVERYBODY, "E-BAD-REQUEST", &[Do(Any, r#"{"download":"1-1","offset":0}"#)]),
    row("list.import", MANAGES, "", &[Do(Any, r#"{"list":"$list","upload":"$upload"}"#)]),
    row("list.import_cancel", MANAGES, "E-NOT-FOUND", &[Do(Any, r#"{"list":"open"}"#)]),
    row("list.import_undo", MANAGES, "E-NOT-FOUND", &[Do(Any, r#"{"import":"01JD5XQ0VZ6W3Y9E2H8K5D1QGS"}"#)]),
    row("list.imports", MANAGES, "", NOTHING),
    row(
        "list.ls",
        IN_LISTS,
        "",
        &[See(Granted, "{}", r#""name":"open""#), See(Closed, "{}", r#""name":"closed""#)],
    ),
    row(
        "list.show",
        LEADS,
        "",
        &[
            See(Own, r#"{"list":"open"}"#, LEAD),
            See(Others, r#"{"list":"open"}"#, PEERS),
            Do(Closed, r#"{"list":"closed"}"#),
        ],
    ),
    row(
        "list.view",
        LEADS,
        "",
        &[
            See(Own, r#"{"list":"open"}"#, LEAD),
            See(Others, r#"{"list":"open"}"#, PEERS),
            Do(Closed, r#"{"list":"closed"}"#),
        ],
    ),
    row("list.export", SUPERVISES, "", &[Do(Any, r#"{"list":"open"}"#)]),
    row("list.change", MANAGES, "", &[Do(Any, r#"{"list":"$list","enabled":true}"#)]),
    row("list.delete", MANAGES, "", &[Do(Any, r#"{"list":"$list"}"#)]),
    row("list.restore", MANAGES, "", &[Do(Any, r#"{"list":"$binned_list"}"#)]),
    row("list.bin", MANAGES, "", NOTHING),
    row("list.round", MANAGES, "", &[Do(Any, r#"{"list":"$list"}"#)]),
    row("list.grant", SUPERVISES, "", &[Do(Any, r#"{"list":"closed","users":["peer"]}"#)]),
    row(
        "lead.show",
        LEADS,
        "",
        &[
            Do(Own, r#"{"lead":"$lead"}"#),
            Do(Others, r#"{"lead":"$other_lead"}"#),
            Do(Closed, r#"{"lead":"$closed_lead"}"#),
        ],
    ),
    row("lead.add", MANAGES, "", &[Do(Any, r#"{"list":"open","number":"$number","company":"A"}"#)]),
    row(
        "lead.edit",
        LEADS,
        "",
        &[
            Do(Own, r#"{"lead":"$lead","person":"A"}"#),
            Do(Others, r#"{"lead":"$other_lead","person":"B"}"#),
            Do(Closed, r#"{"lead":"$closed_lead","person":"C"}"#),
        ],
    ),
    row(
        "lead.phone",
        LEADS,
        "",
        &[
            Do(Own, r#"{"lead":"$lead","number":"$number"}"#),
            Do(Others, r#"{"lead":"$other_lead","number":"$number"}"#),
            Do(Closed, r#"{"lead":"$closed_lead","number":"$number"}"#),
        ],
    ),
    row(
        "history.list",
        "all all granted reported granted",
        "",
        &[
            See(Granted, ALL_CALLS, "$other_call"),
            See(Closed, ALL_CALLS, "$closed_call"),
            See(Reported, ALL_CALLS, "$told_call"),
            Do(Closed, r#"{"list":"closed"}"#),
        ],
    ),
    row(
        "history.show",
        "all all granted reported granted",
        "",
        &[
            Do(Granted, r#"{"attempt":"$other_call"}"#),
            Do(Closed, r#"{"attempt":"$closed_call"}"#),
            Do(Reported, r#"{"attempt":"$told_call"}"#),
        ],
    ),
    row("history.export", SUPERVISES, "", NOTHING),
    row(
        "history.amend",
        "all – own – –",
        "",
        &[
            Do(Own, r#"{"attempt":"$call","memo":"$new","reason":"誤記"}"#),
            Do(Others, r#"{"attempt":"$other_call","memo":"$new","reason":"誤記"}"#),
        ],
    ),
    row(
        "history.report",
        AND_OWN,
        "",
        &[Do(Own, r#"{"attempt":"$call","on":true}"#), Do(Others, r#"{"attempt":"$other_call","on":false}"#)],
    ),
    row(
        "stats.get",
        "all all granted – –",
        "",
        &[
            Do(Granted, r#"{"list":"open"}"#),
            Do(Closed, r#"{"list":"closed"}"#),
            Do(Closed, r#"{"project":"他の案件"}"#),
        ],
    ),
    row(
        "stats.tally",
        "all all granted – –",
        "",
        &[
            Do(Granted, r#"{"by":"user","list":"open"}"#),
            Do(Closed, r#"{"by":"user","list":"closed"}"#),
            Do(Closed, r#"{"by":"user","project":"他の案件"}"#),
            See(Closed, r#"{"by":"list"}"#, r#""closed""#),
            See(Closed, r#"{"by":"project"}"#, r#""他の案件""#),
        ],
    ),
    row("stats.verify", MANAGES, "", NOTHING),
    row("stats.mend", MANAGES, "", NOTHING),
    row(
        "note.add",
        IN_LISTS,
        "",
        &[
            Do(Granted, r#"{"attempt":"$other_call","text":"$new"}"#),
            Do(Closed, r#"{"attempt":"$closed_call","text":"$new"}"#),
            Do(Closed, r#"{"lead":"$closed_lead","text":"$new"}"#),
            Do(Closed, r#"{"number":"0312343001","text":"$new"}"#),
            Do(Granted, r#"{"number":"0312342001","text":"$new"}"#),
        ],
    ),
    row(
        "note.ls",
        IN_LISTS,
        "",
        &[
            Do(Granted, r#"{"attempt":"$other_call"}"#),
            Do(Closed, r#"{"attempt":"$closed_call"}"#),
            See(Closed, r#"{"number":"0312343001"}"#, "閉じた話"),
        ],
    ),
    row(
        "note.edit",
        "all own own – own",
        "",
        &[
            Do(Own, r#"{"note":"$note","text":"$new"}"#),
            Do(Others, r#"{"note":"$other_note","text":"$new"}"#),
        ],
    ),
    row(
        "note.delete",
        "all own own – own",
        "",
        &[Do(Own, r#"{"note":"$note"}"#), Do(Others, r#"{"note":"$other_note"}"#)],
    ),
    row(
        "note.restore",
        "all own own – own",
        "",
        &[Do(Own, r#"{"note":"$note"}"#), Do(Others, r#"{"note":"$other_note"}"#)],
    ),
    row("dnc.add", BUT_BIZ, "", &[Do(Any, r#"{"number":"$number","reason":"希望"}"#)]),
    row(
        "dnc.add attempt",
        IN_LISTS,
        "",
        &[
            Do(Granted, r#"{"number":"$number","attempt":"$other_call"}"#),
            Do(Closed, r#"{"number":"$number","attempt":"$closed_call"}"#),
        ],
    ),
    row("dnc.ls", BUT_BIZ, "", NOTHING),
    row("dnc.clear", MANAGES, "", &[Do(Any, r#"{"number":"$dnc","reason":"本人"}"#)]),
    row("dnc.import", BUT_BIZ, "", &[Do(Any, r#"{"upload":"$upload","reason":"名簿"}"#)]),
    row("dnc.import clear", MANAGES, "", &[Do(Any, r#"{"upload":"$upload","reason":"名簿","clear":true}"#)]),
    row("dnc.import_cancel", MANAGES, "E-NOT-FOUND", NOTHING),
    row(
        "dnc.import_undo",
        MANAGES,
        "E-NOT-FOUND",
        &[Do(Any, r#"{"import":"01JD5XQ0VZ6W3Y9E2H8K5D1QGS","reason":"誤り"}"#)],
    ),
    row("dnc.imports", BUT_BIZ, "", NOTHING),
    row("dnc.export", SUPERVISES, "", NOTHING),
    row(
        "task.ls",
        "all all granted – –",
        "",
        &[See(Granted, r#"{"all":true}"#, "$other_call"), See(Closed, r#"{"all":true}"#, "$closed_call")],
    ),
    row(
        "task.due",
        AND_OWN,
        "",
        &[
            Do(Own, r#"{"task":$task,"due_at":1900000000000}"#),
            Do(Others, r#"{"task":$other_task,"due_at":1900000000000}"#),
        ],
    ),
    row("task.done", AND_OWN, "", &[Do(Own, r#"{"task":$task}"#), Do(Others, r#"{"task":$other_task}"#)]),
    row("task.assign", SUPERVISES, "", &[Do(Any, r#"{"task":$other_task,"owner":"peer"}"#)]),
    row("task.hand_over", SUPERVISES, "", &[Do(Any, r#"{"from":"idle","to":"peer"}"#)]),
    row(
        "contact.add",
        BUT_BIZ,
        "",
        &[Do(Any, r#"{"company":"$new","numbers":[{"number":"$number","label":null}]}"#)],
    ),
    row(
        "contact.create_from_call",
        IN_LISTS,
        "E-CONTACT-DUP",
        &[
            Do(Granted, r#"{"attempt":"$other_call","company":"$new"}"#),
            Do(Closed, r#"{"attempt":"$closed_call","company":"$new"}"#),
        ],
    ),
    row("contact.show", BUT_BIZ, "", &[Do(Any, r#"{"contact":"$contact"}"#)]),
    row("contact.ls", BUT_BIZ, "", NOTHING),
    row(
        "contact.edit",
        BUT_BIZ,
        "",
        &[
            Do(Any, r#"{"contact":"$contact","company":"$new"}"#),
            Do(Any, r#"{"contact":"$contact","numbers":[{"number":"$number","label":null}]}"#),
        ],
    ),
    row(
        "contact.edit owner",
        AND_OWN_CONTACT,
        "",
        &[
            Do(Own, r#"{"contact":"$own_contact","owner":"$me"}"#),
            Do(Others, r#"{"contact":"$contact","owner":"$me"}"#),
        ],
    ),
    row("contact.hand_over", SUPERVISES, "", &[Do(Any, r#"{"from":"idle","to":"peer"}"#)]),
    row("contact.delete", MANAGES, "", &[Do(Any, r#"{"contacts":["$contact"]}"#)]),
    row("contact.undo", MANAGES, "", &[Do(Any, r#"{"contact":"$binned_contact"}"#)]),
    row(
        "contact.import",
        MANAGES,
        "",
        &[Do(Any, r#"{"upload":"$upload","map":["電話番号=#1"],"header":"none","dry_run":true}"#)],
    ),
    row("contact.import_cancel", MANAGES, "E-NOT-FOUND", NOTHING),
    row("contact.export", SUPERVISES, "", NOTHING),
    row("category.ls", BUT_BIZ, "", NOTHING),
    row("category.delete", MANAGES, "", &[Do(Any, r#"{"name":"$category"}"#)]),
    row("profile.ls", BUT_BIZ, "", NOTHING),
    row("disposition.ls", EVERYBODY, "", NOTHING),
    row("disposition.add", MANAGES, "", &[Do(Any, r#"{"label":"$new"}"#)]),
    row("disposition.edit", MANAGES, "", &[Do(Any, r#"{"status":"$status","archived":true}"#)]),
    row("user.ls", SUPERVISES, "", NOTHING),
    row("user.me", EVERYBODY, "", &[See(Own, "{}", r#""login":"$me""#)]),
    row("user.holds", SUPERVISES, "", &[Do(Any, r#"{"user":"op"}"#)]),
    row(
        "user.add",
        "all lower – – –",
        "",
        &[
            Do(Lower, r#"{"login":"$new","role":"OP"}"#),
            Do(Lower, r#"{"login":"$new","role":"BIZ"}"#),
            Do(Lower, r#"{"login":"$new","role":"BY"}"#),
            Do(Peer, r#"{"login":"$new","role":"SV"}"#),
            Do(Peer, r#"{"login":"$new","role":"MGR"}"#),
        ],
    ),
    row(
        "user.edit",
        "all lower – – –",
        "",
        &[
            Do(Lower, r#"{"user":"$user","name":"$new"}"#),
            Do(Lower, r#"{"user":"$user","role":"BY"}"#),
            Do(Peer, r#"{"user":"idle","name":"$new"}"#),
            Do(Peer, r#"{"user":"$user","role":"SV"}"#),
            Do(Peer, r#"{"user":"$user","role":"MGR"}"#),
        ],
    ),
    row(
        "user.passwd",
        "all lower own own own",
        "",
        &[
            Do(Own, r#"{"password":null}"#),
            Do(Lower, r#"{"user":"$user","password":null}"#),
            Do(Peer, r#"{"user":"idle","password":null}"#),
        ],
    ),
    row("user.delete", MANAGES, "", &[Do(Any, r#"{"user":"$user"}"#)]),
    row("audit.list", MANAGES, "", NOTHING),
    row("recording.ls", AND_OWN, "", &[See(Own, "{}", "$call"), See(Others, "{}", "$other_call")]),
    row(
        "recording.fetch",
        AND_OWN,
        "",
        &[
            Do(Own, r#"{"recording":$recording,"offset":0}"#),
            Do(Others, r#"{"recording":$other_recording,"offset":0}"#),
        ],
    ),
    row("recording.quota", CALLS, "", NOTHING),
    row("recording.exported", SUPERVISES, "", &[Do(Own, r#"{"recordings":[$recording]}"#)]),
    row("recording.hold", MANAGES, "", &[Do(Own, r#"{"attempt":"$call","reason":"係争"}"#)]),
    row("recording.delete", MANAGES, "", &[Do(Others, r#"{"attempt":"$told_call","reason":"本人"}"#)]),
    row("store.check", MANAGES, "", NOTHING),
    row("store.backup", MANAGES, "", NOTHING),
    row("store.backup path", "owner – – – –", "", &[Do(Any, r#"{"path":"$path"}"#)]),
    row(
        "lead.change exclude",
        AND_OWN,
        "",
        &[
            Do(Own, r#"{"list":"open","leads":["$lead"],"what":"exclude"}"#),
            Do(Others, r#"{"list":"open","leads":["$other_lead"],"what":"exclude"}"#),
            Do(Closed, r#"{"list":"closed","leads":["$closed_lead"],"what":"exclude"}"#),
        ],
    ),
    row(
        "lead.change exclude by filter",
        SUPERVISES,
        "",
        &[Do(Any, r#"{"list":"open","filter":{},"what":"exclude"}"#)],
    ),
    row(
        "lead.change include",
        SUPERVISES,
        "",
        &[Do(Own, r#"{"list":"open","leads":["$lead"],"what":"include"}"#)],
    ),
    row(
        "lead.change assign",
        SUPERVISES,
        "",
        &[Do(Own, r#"{"list":"open","leads":["$lead"],"what":"assign","users":["op"]}"#)],
    ),
    row(
        "lead.change delete",
        MANAGES,
        "",
        &[Do(Own, r#"{"list":"open","leads":["$lead"],"what":"delete"}"#)],
    ),
];

/// S3.8: whoever edits the contact; whose it is, only SV, MGR and whose it was.
const AND_OWN_CONTACT: &str = "all all own – own";
const ALL_CALLS: &str = r#"{"manual":"include"}"#;
/// The number of the lead that OP calls, and of the one that a colleague calls.
const LEAD: &str = "0312341001";
const PEERS: &str = "0312342001";
/// One of the colleague's that nobody has called.
const PEERS_NEXT: &str = "0312342002";
