//! What errors say in Japanese beside the text of their code, and what programs read out of them.

use serde_json::{Map, Value, json};

use super::refusal::{moment, shortened};
use super::{DialRefusal, Error, ListError, OpenError, StatusCandidate};
use crate::import::ImportError;

impl Error {
    /// What exactly, in Japanese; empty where the code's own text says it all.
    #[must_use]
    pub fn ja(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.ja(),
            Self::DoNotCall { project, since, reason, deleted, may_name, number } => {
                let bin = match deleted {
                    true => "(ごみ箱にある案件。`kakeru dnc clear --project` にこの名前を指定できます)",
                    false => "",
                };
                let other = match may_name {
                    true => "。ほかの案件の通話なら --project で案件を指定してください",
                    false => "",
                };
                let whose = project.as_ref().map_or_else(|| "全社".to_owned(), |name| format!("案件 {name}{bin} "));
                let reason = match shortened(reason) {
                    reason if reason.is_empty() => String::new(),
                    reason => format!("、理由: {reason}"),
                };
                let reached = number.as_ref().map_or_else(String::new, |last| {
                    format!("。余分な桁を除いた番号(…{last})の登録です。網は余分な桁を無視し、その番号につなぎます")
                });
                format!("{whose}の登録です({} から{reason}){reached}{other}", moment(*since))
            }
            Self::NotFound { what, key } => format!("{} {key}", noun(what)),
            Self::Ambiguous { what, key } => format!("{} {key}", noun(what)),
            Self::ExcludedNumber => {
                "この通話の番号は、リストで発信対象外です。どのリストかは `kakeru dial why 番号` で表示できます。番号を入力すれば発信できます".to_owned()
            }
            Self::ListDuplicate { name } => name.clone(),
            Self::List(error) => error.ja(),
            Self::UserTombstone { login } | Self::UserDuplicate { login } | Self::LastManager { login } => {
                login.clone()
            }
            Self::UserLimit { most } => format!("{most}人まで"),
            Self::UidTaken { uid, login } => format!("Unixユーザー {uid} は {login} のものです"),
            Self::UserHolds { login, held } => format!(
                "{login}: 発信先 {}件、連絡先 {}件、対応タスク {}件",
                held.leads, held.contacts, held.tasks
            ),
            Self::NoCaller { login, role } => format!("{login} は {role} です"),
            Self::Permission => "ほかの人のもの、または自分と同等以上の権限の利用者です".to_owned(),
            Self::Value { what, needs } => format!("{}: {}", noun(what), needs.ja),
            Self::Invalid(code) => code.ja().to_owned(),
            Self::ContactDuplicate { phone, contact } => format!("番号 {phone}、連絡先 {contact}"),
            Self::ContactsFull { most, needed, free } => {
                format!("上限 {most}件、追加 {needed}件、残り {free}件")
            }
            Self::Stale { what } => noun(what).to_owned(),
            Self::DeleteGuard { why } => why.ja.to_string(),
            Self::StatusDuplicate { label } => label.clone(),
            Self::StatusUsed { label, calls } => format!("「{label}」の通話 {calls}件"),
            Self::StatusUnknown { status, known } if known.is_empty() => format!("「{status}」"),
            Self::StatusUnknown { status, known } => {
                format!("「{status}」。使えるのは: {}", known.join("、"))
            }
            Self::Sealed { attempt } | Self::ClaimLost { attempt } => format!("通話 {attempt}"),
            Self::State { attempt, is, needs } => {
                format!("通話 {attempt}: 現在は{}、必要なのは{}", state(is), state(needs))
            }
            Self::NotSealed { attempt } => {
                format!(
                    "結果がまだ確定していません。`kakeru save --attempt {attempt} --status …` で入力してください"
                )
            }
            Self::Import(error) => error.ja(),
            Self::ImportStopped { reason } => reason.ja.to_string(),
            Self::Exists { path } | Self::OwnFile { path } => path.display().to_string(),
            Self::File { path, source } => format!("{}: {}", path.display(), os(source)),
            Self::Internal { doing, .. } => format!("処理 {}", doing.replace(' ', "-")),
            Self::Phone(error) => {
                error.special.map_or_else(String::new, |special| format!("{}です", special.said().ja))
            }
            Self::ListName
            | Self::ListBusy
            | Self::ReasonRequired
            | Self::StatusBuiltin
            | Self::DiskFull(_)
            | Self::Io(_)
            | Self::Locked(_)
            | Self::Corrupt(_)
            | Self::Closed => String::new(),
        }
    }

    /// Numbers and names in it, for programs.
    #[must_use]
    pub fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Refused(
                DialRefusal::RepeatGap { last, until } | DialRefusal::RepeatDay { last, until, .. },
            ) => {
                json!({ "last": last, "until": until })
            }
            Self::DoNotCall { project, since, reason, deleted, .. } => {
                json!({ "project": project, "since": since, "reason": reason, "deleted": deleted })
            }
            Self::List(ListError::StatusInSeveral { candidates, .. }) => json!({ "statuses": candidates }),
            Self::List(ListError::Full { limit, free }) => json!({ "limit": limit, "free": free }),
            Self::List(ListError::ProjectInUse { name, lists }) => json!({ "project": name, "lists": lists }),
            Self::ContactsFull { most, needed, free } => {
                json!({ "limit": most, "needed": needed, "free": free })
            }
            Self::List(ListError::Column { column, columns }) => {
                json!({ "column": column, "columns": columns })
            }
            Self::UserLimit { most } => json!({ "limit": most }),
            Self::UidTaken { uid, login } => json!({ "uid": uid, "login": login }),
            Self::UserHolds { login, held } => {
                json!({ "login": login, "leads": held.leads, "contacts": held.contacts, "tasks": held.tasks })
            }
            Self::NoCaller { login, role } => json!({ "login": login, "role": role }),
            Self::StatusUsed { label, calls } => json!({ "status": label, "calls": calls }),
            Self::StatusUnknown { status, known } => json!({ "status": status, "statuses": known }),
            Self::ContactDuplicate { contact, .. } => json!({ "contact": contact }),
            Self::NotSealed { attempt } => json!({ "attempt": attempt, "is": "open", "needs": "sealed" }),
            Self::State { attempt, is, needs } => json!({ "attempt": attempt, "is": is, "needs": needs }),
            Self::Import(error) => {
                let ImportError { file, line, column, byte, .. } = &**error;
                json!({ "file": &**file, "line": line, "column": column, "byte": byte })
            }
            _ => json!({}),
        };
        if let Value::Object(facts) = facts { facts } else { Map::new() }
    }
}

impl ListError {
    /// What exactly, in Japanese; empty where the code's own text says it all.
    #[must_use]
    pub fn ja(&self) -> String {
        match self {
            Self::NotGranted { list } => list.clone(),
            Self::InSeveralProjects { paths } => format!("複数の案件にあります: {paths}"),
            Self::TaskStands { task, closed: None } => format!("対応タスク {task} は開いています"),
            Self::TaskStands { task, closed: Some(at) } => format!(
                "対応タスク {task} は {} に閉じています。開き直すには `kakeru task done {task} --undo`",
                moment(*at)
            ),
            Self::StatusInSeveral { status, candidates } => {
                let each: Vec<String> = candidates.iter().map(StatusCandidate::ja).collect();
                format!("「{status}」は {} です。コードか --project で指定してください", each.join("、"))
            }
            Self::Full { limit, free } => format!("上限 {limit}件、残り {free}件"),
            Self::Value(code) => code.ja().to_owned(),
            Self::ProjectDuplicate { name } => name.clone(),
            Self::ProjectInBin { name } => name.clone(),
            Self::ProjectInUse { name, lists } => format!("{name}: リスト {lists}件"),
            Self::Cursor => "この表示の位置ではありません。位置を指定せずにやり直してください".to_owned(),
            Self::Column { column, columns } => {
                format!("このリストに「{column}」という列はありません。あるのは: {}", columns.join("、"))
            }
            Self::SearchEmpty => "検索できる文字がありません".to_owned(),
            Self::NotInBin => "その時刻のものはごみ箱にありません".to_owned(),
            Self::NotUndoable { reason } => reason.ja.to_string(),
            Self::Word { word } => format!("「{word}」という語はありません"),
            Self::LeadDuplicate | Self::PhoneReadOnly | Self::ProjectName => String::new(),
        }
    }
}

impl DialRefusal {
    /// What to know beside the text of the code, in Japanese.
    fn ja(self) -> String {
        match self {
            Self::RepeatGap { last, until } => {
                format!("前回の発信 {}。{} から発信できます", moment(last), moment(until))
            }
            Self::RepeatDay { last, dials, .. } => {
                format!("本日は{dials}回発信済みです(最後は {})。明日以降に発信してください", moment(last))
            }
            Self::Excluded => "発信対象外か、リストが無効です".to_owned(),
            Self::Forbidden { special: Some(special) } => format!("{}です", special.said().ja),
            Self::DoNotCall
            | Self::Forbidden { special: None }
            | Self::TrunkRule
            | Self::Hours
            | Self::Task => String::new(),
        }
    }
}

impl ImportError {
    /// File, place and what was found, in Japanese.
    #[must_use]
    pub fn ja(&self) -> String {
        let mut text = self.file.to_string();
        if let Some(line) = self.line {
            text.push_str(&format!(" {line}行目"));
        }
        let source = self.source.as_ref().map(os).unwrap_or_default();
        for part in [self.detail.ja.as_ref(), &source] {
            if !part.is_empty() {
                text.push_str(&format!(": {part}"));
            }
        }
        for candidate in &self.candidates {
            let encoding = candidate.encoding.as_str();
            text.push_str(&match candidate.first_bad_byte {
                Some(byte) => format!("。{encoding} ではありません({byte}バイト目)"),
                None => format!("。{encoding} かもしれません"),
            });
        }
        text
    }
}

impl OpenError {
    /// Which file, and what is the matter with it, in Japanese.
    #[must_use]
    pub fn ja(&self) -> String {
        match self {
            Self::InUse { path } | Self::Sqlite { path, .. } => path.display().to_string(),
            Self::Newer { path, found, known } => {
                format!("{}: スキーマ {found}、この版は {known} まで", path.display())
            }
            Self::Corrupt { path, .. } => {
                format!(
                    "{}: そのまま残しました。-wal のファイルと一緒に別の場所へ移して保管してください",
                    path.display()
                )
            }
            Self::Copy { path, .. } => path.display().to_string(),
            Self::NoRoom { path, needed, free } => format!(
                "{}: 更新前の控えと更新に {needed}バイトの空きが必要です(空き {free}バイト)",
                path.display()
            ),
            Self::CopyFile { path, source } | Self::Io { path, source } => {
                format!("{}: {}", path.display(), os(source))
            }
        }
    }
}

/// What the system says of a file, in Japanese; its own sentences are English.
#[must_use]
pub fn os(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let known = match error.kind() {
        ErrorKind::NotFound => "ファイルがありません",
        ErrorKind::PermissionDenied => "権限がありません",
        ErrorKind::AlreadyExists => "すでにあります",
        ErrorKind::IsADirectory => "フォルダーです",
        ErrorKind::NotADirectory => "フォルダーではありません",
        ErrorKind::ResourceBusy => "ほかの処理が使っています。終わってからやり直してください",
        ErrorKind::StorageFull => "ディスクの空きがありません",
        ErrorKind::QuotaExceeded => "容量の割り当てを超えています",
        ErrorKind::ReadOnlyFilesystem => "読み取り専用です",
        ErrorKind::ConnectionRefused => "接続が拒否されました",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => "接続が切れました",
        ErrorKind::TimedOut => "時間切れです",
        ErrorKind::InvalidData | ErrorKind::InvalidInput => "内容が正しくありません",
        _ => "読み書きできません",
    };
    match error.raw_os_error() {
        Some(code) => format!("{known}(OSのエラー {code})"),
        None => known.to_owned(),
    }
}

/// A thing or a field, in Japanese.
fn noun(what: &str) -> &str {
    match what {
        "attempt" | "call" => "通話",
        "category" => "カテゴリー",
        "change" => "変更",
        "code" => "コード",
        "color" => "色",
        "contact" => "連絡先",
        "counts_connect" => "コネクト数",
        "deleted contact" => "ごみ箱の連絡先",
        "do-not-call entry" => "架電禁止の登録",
        "email" => "メールアドレス",
        "due_at" => "期日",
        "evidence" => "根拠",
        "hotkey" => "キー",
        "import" | "imports" => "取り込み",
        "label" => "名前",
        "lead" => "発信先",
        "list" | "lists" => "リスト",
        "list in the bin" | "lists in the bin" => "ごみ箱のリスト",
        "login" => "ID",
        "name" => "名前",
        "note" => "メモ",
        "number of the call" => "通話の番号",
        "number of the contact" => "連絡先の番号",
        "number of the lead" => "発信先の番号",
        "phones" => "電話番号",
        "position" => "順番",
        "project" | "projects" => "案件",
        "project in the bin" | "projects in the bin" => "ごみ箱の案件",
        "reason" => "理由",
        "recall_at" => "再コール日時",
        "recording" => "録音",
        "recording of the call" => "通話の録音",
        "task" => "対応タスク",
        "text" => "本文",
        "user" | "users" => "利用者",
        "Unix user" => "Unixユーザー",
        "who takes over" => "引き継ぐ人",
        other => other,
    }
}

/// How a call stands, in Japanese.
fn state(word: &str) -> &str {
    match word {
        "used" => "使用済み",
        "new" => "新規",
        "open" => "未確定",
        "sealed" => "確定済み",
        "void" => "無効",
        "counted" => "有効",
        "claimed" => "発信前",
        "dialed" => "発信済み",
        "ended" => "終了済み",
        "in wrap-up" => "後処理中(結果は保存済み)",
        "under way" => "通話中",
        other => other,
    }
}

/// Whether a Japanese text holds a sentence in English: two words side by side.
#[cfg(test)]
fn has_english(text: &str) -> bool {
    let bare = |word: &str| word.trim_matches(|c: char| c.is_ascii_punctuation()).to_owned();
    // A command is typed as it stands, whoever reads it.
    let text: String = text.split('`').step_by(2).collect();
    let words: Vec<String> = text.split(|c: char| c == ' ' || !c.is_ascii()).map(bare).collect();
    let is_word = |word: &String| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    words.windows(2).any(|pair| pair.iter().all(is_word))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::code::Code;
    use crate::error::Said;
    use crate::id::{AttemptId, ContactId};
    use crate::model::{Holdings, Role};
    use crate::phone::Special;

    fn sqlite() -> rusqlite::Error {
        rusqlite::Error::InvalidQuery
    }

    /// One of each.
    fn every() -> Vec<Error> {
        let attempt = AttemptId(7);
        let name = || "春".to_owned();
        let io = || std::io::Error::from_raw_os_error(2);
        let import = ImportError {
            code: Code::CsvRead,
            file: Arc::from("a.csv"),
            line: Some(3),
            column: None,
            byte: None,
            detail: Box::new(Said::fixed("上限 5行", "at most 5")),
            candidates: Vec::new(),
            source: Some(io()),
        };
        let refusals = [
            DialRefusal::DoNotCall,
            DialRefusal::Forbidden { special: None },
            DialRefusal::Forbidden { special: Some(Special::NaviDial) },
            DialRefusal::TrunkRule,
            DialRefusal::RepeatGap { last: 1, until: 1 },
            DialRefusal::RepeatDay { last: 1, dials: 3, until: 1 },
            DialRefusal::Excluded,
            DialRefusal::Hours,
            DialRefusal::Task,
        ];
        let lists = [
            ListError::NotGranted { list: name() },
            ListError::InSeveralProjects { paths: name() },
            ListError::TaskStands { task: 7, closed: Some(1) },
            ListError::TaskStands { task: 7, closed: None },
            ListError::StatusInSeveral {
                status: name(),
                candidates: vec![
                    StatusCandidate { code: "status_8".to_owned(), project: Some(name()) },
                    StatusCandidate { code: "status_9".to_owned(), project: None },
                ],
            },
            ListError::Full { limit: 5000, free: 3 },
            ListError::LeadDuplicate,
            ListError::Value(Code::CatLimit),
            ListError::PhoneReadOnly,
            ListError::ProjectName,
            ListError::ProjectDuplicate { name: name() },
            ListError::ProjectInBin { name: name() },
            ListError::ProjectInUse { name: name(), lists: 2 },
            ListError::Cursor,
            ListError::SearchEmpty,
            ListError::NotInBin,
            ListError::NotUndoable {
                reason: Said::fixed("取り消し済みです", "it was undone before")
            },
            ListError::Word { word: "x".to_owned() },
        ];
        let mut all = vec![
            Error::NotFound { what: "recording of the call", key: name() },
            Error::Ambiguous { what: "lists", key: name() },
            Error::ListName,
            Error::ListDuplicate { name: name() },
            Error::ListBusy,
            Error::UserTombstone { login: "carol".to_owned() },
            Error::UserDuplicate { login: "carol".to_owned() },
            Error::UserLimit { most: 3 },
            Error::UidTaken { uid: 1000, login: "carol".to_owned() },
            Error::UserHolds {
                login: "carol".to_owned(),
                held: Holdings { leads: 1, contacts: 2, tasks: 3 },
            },
            Error::LastManager { login: "carol".to_owned() },
            Error::NoCaller { login: "carol".to_owned(), role: Role::BackOffice },
            Error::Permission,
            Error::Value {
                what: "who takes over",
                needs: Said::fixed("別の人にしてください", "somebody else"),
            },
            Error::Invalid(Code::ReqName),
            Error::ContactDuplicate { phone: "…5678".to_owned(), contact: ContactId(7) },
            Error::ContactsFull { most: 5, needed: 2, free: 1 },
            Error::Stale { what: "task" },
            Error::DeleteGuard { why: Said::fixed("通話中です", "a call with it is under way") },
            Error::StatusDuplicate { label: name() },
            Error::ReasonRequired,
            Error::StatusUnknown { status: name(), known: vec![name()] },
            Error::StatusBuiltin,
            Error::Sealed { attempt },
            Error::State { attempt, is: "under way", needs: "ended" },
            Error::ClaimLost { attempt },
            Error::NotSealed { attempt },
            Error::DoNotCall {
                project: Some("春の案件".to_owned()),
                since: 1,
                reason: "希望".to_owned(),
                deleted: true,
                may_name: true,
                number: Some("0014".to_owned()),
            },
            Error::Import(Box::new(import)),
            Error::ExcludedNumber,
            Error::ImportStopped { reason: Said::fixed("中止しました", "cancelled; nothing was kept") },
            Error::DiskFull(sqlite()),
            Error::Io(sqlite()),
            Error::File { path: PathBuf::from("/b/k.db"), source: io() },
            Error::Exists { path: PathBuf::from("/b/k.csv") },
            Error::OwnFile { path: PathBuf::from("/b/k.db") },
            Error::Locked(sqlite()),
            Error::Corrupt(sqlite()),
            Error::Closed,
            Error::Internal { doing: "read the bin", source: sqlite() },
        ];
        all.extend(refusals.map(Error::Refused));
        all.extend(lists.map(Error::from));
        all
    }

    /// Section E: whoever reads Japanese reads no English sentence, whatever is refused.
    #[test]
    fn nothing_is_said_in_english_to_who_reads_japanese() {
        for error in every() {
            let (code, said) = (error.code(), error.ja());
            assert!(!has_english(&said), "{code}: {said}");
        }
        for word in
            ["used", "new", "open", "sealed", "void", "counted", "claimed", "dialed", "ended", "under way"]
        {
            assert!(!state(word).is_ascii(), "{word}");
        }
        assert!(!state("in wrap-up").is_ascii() && noun("do-not-call entry") != "do-not-call entry");
        assert!(has_english("残り 3件 (rows are left)") && has_english("the list is full"));
        assert!(!has_english("kakeru と ID bob、E-LIST-FULL 3件") && !has_english("`kakeru save` で入力"));
    }

    /// Section E: the code's text and what is left.
    #[test]
    fn a_full_list_says_how_much_is_left() {
        let full = Error::from(ListError::Full { limit: 5000, free: 3 });
        assert_eq!(full.ja(), "上限 5000件、残り 3件");
        assert_eq!(Value::Object(full.facts()), json!({ "limit": 5000, "free": 3 }));
        let held = Holdings { leads: 1, contacts: 2, tasks: 3 };
        let holds = Error::UserHolds { login: "carol".to_owned(), held };
        assert_eq!(holds.ja(), "carol: 発信先 1件、連絡先 2件、対応タスク 3件");
    }
}
