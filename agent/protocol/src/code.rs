//! The stable codes an operator or a script sees, with text and advice in both languages.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Japanese.
    pub ja: &'static str,
    /// English.
    pub en: &'static str,
}

impl Text {
    /// The text in one language.
    pub fn in_lang(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja,
            Lang::En => self.en,
        }
    }
}

/// The text is no known code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown code")]
pub struct UnknownCode;

// Codes are never renamed or reused; texts may be reworded.
macro_rules! codes {
    ($($name:ident = $code:literal, $ja:literal, $en:literal, $hint_ja:literal, $hint_en:literal;)+) => {
        /// Code of a refusal (`E-…`) or a doubt (`W-…`).
        ///
        /// The code is the contract with scripts and other programs; the texts are for people and may be reworded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode { $(#[doc = $en] $name,)+ }

        impl ErrorCode {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `E-…` or `W-…`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What happened.
            pub fn text(self) -> Text {
                match self { $(Self::$name => Text { ja: $ja, en: $en },)+ }
            }

            /// What to do about it.
            pub fn hint(self) -> Text {
                match self { $(Self::$name => Text { ja: $hint_ja, en: $hint_en },)+ }
            }
        }
    };
}

codes! {
    // The command line, which has exit codes of their own for these.
    Usage = "E-USAGE", "コマンドの使い方が正しくありません", "The command is not used like this.",
        "--help を付けて実行すると使い方が出ます", "See it with --help.";
    Config = "E-CONFIG", "設定が正しくありません", "The configuration is not right.",
        "直してから kakeru config check で確認してください", "Correct it, then try `kakeru config check`.";
    DaemonUnreachable = "E-DAEMON-UNREACHABLE", "デーモンに接続できません", "The daemon cannot be reached.",
        "動いているか systemctl --user status kakeru(システムのサービスなら sudo systemctl status kakeru)で確認し、kakeru run か systemctl --user start kakeru で起動してください",
        "See `systemctl --user status kakeru` (`sudo systemctl status kakeru` of a system service); start it with `kakeru run` or `systemctl --user start kakeru`.";
    DaemonForbidden = "E-DAEMON-FORBIDDEN", "デーモンのソケットを開く権限がありません", "You may not open the daemon's socket.",
        "ソケットの所有者とグループを ls -l で確認し、グループに加えてもらってください",
        "It is for its owner and group (see `ls -l`); ask to be added to the group.";
    DaemonLost = "E-DAEMON-LOST", "デーモンとの接続が切れました", "The connection to the daemon broke.",
        "systemctl --user status kakeru で確認し、kakeru status で結果を確かめてから、もう一度実行してください",
        "See `systemctl --user status kakeru`, and what was done with `kakeru status`, before you repeat it.";
    Version = "E-VERSION", "デーモンの応答を読み取れません", "The daemon's answer is not understood.",
        "デーモンとコマンドを同じ版にしてください(kakeru --version)", "Let both be of the same version (`kakeru --version`).";
    // The daemon and its seats.
    BadRequest = "E-BAD-REQUEST", "要求が正しくありません", "The request is not understood.",
        "docs/control-protocol.md を確認してください", "See docs/control-protocol.md.";
    Busy = "E-BUSY", "処理が混み合っています", "The daemon is busy.",
        "少し待ってから、もう一度実行してください", "Wait a moment and try again.";
    Internal = "E-INTERNAL", "内部エラーが発生しました", "An internal error occurred.",
        "ログを確認してください", "See the log.";
    Permission = "E-PERMISSION", "この操作の権限がありません", "You may not do this.",
        "管理者に依頼してください", "Ask a manager.";
    SeatRequired = "E-SEAT-REQUIRED", "席を指定してください", "Name a seat.",
        "--seat 席名 を付けてください(kakeru status で確認できます)", "Add --seat NAME (`kakeru status` lists them).";
    SeatUnknown = "E-SEAT-UNKNOWN", "その席はありません", "There is no such seat.",
        "kakeru status で席名を確認してください", "`kakeru status` lists the seats.";
    EventsGone = "E-EVENTS-GONE", "その番号以降のイベントは残っていません", "The events since that number are gone.",
        "添付の状態を読み、その seq から購読し直してください", "Take the snapshot and subscribe again from its seq.";
    TrunkDown = "E-TRUNK-DOWN", "交換機に登録されていません", "The account is not registered.",
        "kakeru status で理由と次の試行時刻を確認してください", "`kakeru status` says why and when it tries next.";
    PracticeOnlyLoopback = "E-PRACTICE-ONLY-LOOPBACK", "練習用アカウントはこのPC内の交換機にしか発信できません",
        "A practice account calls a loopback address only.",
        "kind を trunk か pbx にするか、接続先を 127.0.0.1 にしてください", "Set kind to trunk or pbx, or connect to 127.0.0.1.";
    TlsAuthority = "E-TLS-AUTHORITY", "交換機の証明書を信頼できる認証局が発行していません",
        "No trusted authority stands behind the exchange's certificate.",
        "交換機の認証局のファイルを tls_ca に指定してください", "Name the file of the exchange's authority by tls_ca.";
    TlsName = "E-TLS-NAME", "交換機の証明書の名前が違います", "The exchange's certificate is for another name.",
        "registrar を証明書の名前にするか、tls_name に指定してください",
        "Write the certificate's name as registrar, or set it by tls_name.";
    TlsExpired = "E-TLS-EXPIRED", "交換機の証明書の期限が切れています", "The exchange's certificate has expired.",
        "交換機の管理者に更新を依頼してください", "Ask whoever runs the exchange to renew it.";
    TlsNotYet = "E-TLS-NOT-YET", "交換機の証明書の期間が始まっていません", "The exchange's certificate is not valid yet.",
        "このPCの時計を確認してください", "Check this computer's clock.";
    TlsCertificate = "E-TLS-CERTIFICATE", "交換機の証明書を使用できません", "The exchange's certificate cannot be used.",
        "交換機の管理者に理由を伝えてください", "Tell the reason to whoever runs the exchange.";
    TlsClient = "E-TLS-CLIENT", "交換機がこちらの証明書を受け付けません", "The exchange does not accept our certificate.",
        "tls_cert と tls_key を確認してください", "Check tls_cert and tls_key.";
    TlsVersion = "E-TLS-VERSION", "交換機が TLS 1.2 以降に対応していません", "The exchange offers no TLS 1.2 or newer.",
        "交換機の設定で TLS 1.2 を有効にしてください", "Enable TLS 1.2 on the exchange.";
    TlsNotTls = "E-TLS-NOT-TLS", "接続先が TLS で応答しません", "What answers there speaks no TLS.",
        "ポート番号を確認してください(TLS は通常 5061)", "Check the port; TLS is usually at 5061.";
    TlsTimeout = "E-TLS-TIMEOUT", "TLS の接続が時間内に終わりません", "The TLS handshake took too long.",
        "ネットワークと接続先のポートを確認してください", "Check the network and the port.";
    TlsConflict = "E-TLS-CONFLICT", "同じ接続先のアカウントで TLS の設定が異なります",
        "Accounts at the same address have different TLS settings.",
        "tls_ で始まる設定を同じにしてください", "Make their tls_ keys the same.";
    TlsSettings = "E-TLS-SETTINGS", "この接続先の TLS 設定がありません", "No account has TLS settings for this address.",
        "アカウントの transport を tls にしてください", "Set the account's transport to tls.";
    Tls = "E-TLS", "TLS で接続できません", "TLS failed.",
        "ログを確認してください", "See the log.";
    DiskFull = "E-DISK-FULL", "ディスクの空きがありません", "The disk is full.",
        "空きを作ってください。止まった発信は、空きができると自動で再開します",
        "Free some space; dialing that has stopped goes on by itself then.";
    NotFound = "E-NOT-FOUND", "見つかりません", "There is no such thing.",
        "名前またはIDを確認してください", "Check the name or id.";
    Ambiguous = "E-AMBIGUOUS", "該当するものが複数あります", "Several things match.",
        "名前またはIDを最後まで入力してください。リストは「案件/リスト」とも書けます",
        "Write the whole name or id; a list also as PROJECT/LIST.";
    State = "E-STATE", "今の状態では実行できません", "It cannot be done in the present state.",
        "kakeru history で通話の状態を確認してください", "`kakeru history` shows the call's state.";
    ClaimLost = "E-CLAIM-LOST", "発信先の確保が失われました", "The claim on the lead is gone.",
        "もう一度実行してください", "Try again.";
    DiskIo = "E-DISK-IO", "ディスクを読み書きできません", "The disk cannot be read or written.",
        "ディスクと権限を確認してください", "Check the disk and its permissions.";
    File = "E-FILE", "ファイルを使用できません", "The file cannot be used.",
        "パス、権限、ディスクの空きを確認してください", "Check its path, its permissions and the room on its disk.";
    FileExists = "E-FILE-EXISTS", "ファイルはすでにあります", "The file exists.",
        "別のファイル名にするか、置き換えるなら --force を付けてください", "Choose another name, or replace it with --force.";
    FileDatabase = "E-FILE-DATABASE", "使用中のデータベースのファイルには書き込めません", "A file of the database in use cannot be written over.",
        "別のファイル名を指定してください", "Choose another file.";
    StoreLocked = "E-STORE-LOCKED", "他のプログラムがデータベースを使用しています", "Another program holds the database.",
        "そのプログラムを終了してください", "Close it and try again.";
    StoreInUse = "E-STORE-IN-USE", "別の kakeru がデータベースを使用しています", "Another kakeru uses the database.",
        "先にそちらを終了してください", "Stop that one first.";
    StoreCorrupt = "E-STORE-CORRUPT", "データベースが壊れています", "The database is damaged.",
        "停止してファイルを保管し、バックアップから復元してください(kakeru restore FILE)", "Stop the daemon, keep the file, restore a backup (`kakeru restore FILE`).";
    BackupCorrupt = "E-BACKUP-CORRUPT", "バックアップのファイルが壊れているか、kakeru のものではありません", "The copy is damaged, or no copy of a kakeru database.",
        "別のバックアップを指定してください。今のデータベースは変わっていません", "Use another copy; the present database is as it was.";
    Start = "E-START", "デーモンを起動できません", "The daemon did not start.",
        "詳細に示した原因を取り除いて、もう一度起動してください", "Remove the cause that the detail names, then start it again.";
    StoreNewer = "E-STORE-NEWER", "データベースは新しい版の kakeru のものです", "The database was written by a newer kakeru.",
        "新しい版を入れるか、バックアップから復元してください(kakeru restore FILE)", "Install the newer version, or restore a backup (`kakeru restore FILE`).";
    StoreClosed = "E-STORE-CLOSED", "データベースは閉じられています", "The database is closed.",
        "デーモンを起動し直してください", "Start the daemon again.";
    Store = "E-STORE", "データベースに書き込めません", "The database cannot be written.",
        "ログと kakeru status を確認してください", "See the log and `kakeru status`.";
    DeviceLost = "E-DEVICE-LOST", "音声デバイスが見つかりません", "The sound device is gone.",
        "接続を確認してください(kakeru devices)", "Check the connection (`kakeru devices`).";
    // Calls and results.
    NoCall = "E-NO-CALL", "通話がありません", "There is no call.",
        "kakeru status で状態を確認してください", "`kakeru status` shows the seat.";
    NoTrace = "E-NO-TRACE", "この通話のSIPメッセージは残っていません", "No messages are kept of this call.",
        "残るのは起動後の最近の通話だけです(設定 sip.trace_mib)", "Only the latest calls since the start are kept (sip.trace_mib in the configuration).";
    NotRecorded = "E-NOT-RECORDED", "この通話は録音していません", "The call is not being recorded.",
        "録音は通話の音声と同時に始まります。設定 [recording] enabled も確認してください",
        "A recording begins with the call's voice; see [recording] enabled in the configuration.";
    CallBusy = "E-CALL-BUSY", "通話中です", "The seat is in a call.",
        "通話を終えてから実行してください(表示中の発信先は dial skip か dial stop で戻せます)",
        "End the call first; `dial skip` or `dial stop` gives back a lead that is shown.";
    TapOwn = "E-TAP-OWN", "自分の席はモニタリングできません", "A seat cannot listen to itself.",
        "別の席を指定してください(kakeru status で確認できます)", "Name another seat (`kakeru status` lists them).";
    TapFull = "E-TAP-FULL", "この席はすでに4人がモニタリングしています", "Four supervisors listen to this seat already.",
        "誰かが終えるのを待ってください", "Wait until one of them has ended.";
    NoTap = "E-NO-TAP", "この席では誰もモニタリングしていません", "This seat listens to nobody.",
        "kakeru listen 席名 で始めてください", "Begin with `kakeru listen SEAT`.";
    Dtmf = "E-DTMF", "この通話ではダイヤル音(DTMF)を送れません", "Digits cannot be sent in this call.",
        "アカウントの dtmf を auto か inband にしてください", "Set the account's dtmf to auto or inband.";
    Srtp = "E-SRTP", "音声の暗号化(SRTP)について相手と合意できませんでした", "The other side and we agree on no encryption of the voice (SRTP).",
        "交換機のSRTPを有効にするか、設定ファイルの account の srtp と srtp_keying を交換機に合わせてください",
        "Switch SRTP on at the exchange, or set srtp and srtp_keying of the account to what it does.";
    SrtpPeer = "E-SRTP-FINGERPRINT", "相手の証明書が交換機から知らされたものと違います。盗聴のおそれがあるため切断しました", "The other side's certificate is not the one that its signalling named; the call was ended, since somebody may listen.",
        "もう一度かけても同じなら、交換機の管理者に知らせてください",
        "If it happens again, tell whoever runs the exchange.";
    TransferRefused = "E-TRANSFER-REFUSED", "交換機が転送を受け付けません", "The exchange does not take the transfer.",
        "通話は続いています。交換機で転送(REFER)が許可されているか確認してください",
        "The call goes on. Ask whoever runs the exchange to allow transfers (REFER) for this account.";
    TransferFailed = "E-TRANSFER-FAILED", "転送先につながりませんでした", "The transfer did not reach its target.",
        "通話は続いています。転送先を確認して、もう一度実行してください", "The call goes on. Check the number and try again.";
    NoSession = "E-NO-SESSION", "架電中のリストがありません", "No list is being dialed.",
        "dial start リスト名 で始めてください", "Begin with `kakeru dial start LIST`.";
    Sealed = "E-SEALED", "この結果は確定済みです", "The result is already sealed.",
        "kakeru history amend ID --status … で訂正できます(ほかの人の通話は管理者に依頼してください)",
        "`kakeru history amend ID --status …` corrects it; another operator's call is a manager's to amend.";
    StatusRequired = "E-STATUS-REQUIRED", "結果ステータスを選んでください", "The call needs a result status first.",
        "kakeru save --status 見込 --next dial のように保存してください(次を表示するだけなら skip、保存だけなら stay)",
        "Save it: `kakeru save --status … --next dial` (skip shows the next lead, stay only saves).";
    StatusUnknown = "E-STATUS-UNKNOWN", "その結果ステータスはありません", "There is no such result status.",
        "不通・FAX・現アナ・見込・再コール・クレームなどから選んでください",
        "Choose one such as no_contact, fax, not_in_service, prospect, callback, do_not_call.";
    StatusBuiltin = "E-STATUS-BUILTIN", "この結果ステータスは変更・削除できません", "A built-in status cannot be changed or deleted.",
        "別の結果ステータスを作ってください", "Make another status.";
    Dnc = "E-DNC", "架電禁止の番号です", "The number is on the do-not-call list.",
        "この番号には発信できません", "This number is not called.";
    Excluded = "E-EXCLUDED", "発信対象外です", "The lead is excluded from dialing.",
        "スーパーバイザーか管理者が kakeru lead include で発信対象に戻せます",
        "A supervisor or a manager can include it again: `kakeru lead include`.";
    Repeat = "E-REPEAT", "同じ番号への再発信の間隔または回数の上限です", "The same number was called too recently or too often.",
        "3分以上あけてください(端末設備等規則32条の3)", "Wait three minutes or more (the law's repeat limit).";
    Hours = "E-HOURS", "架電可能時間外です", "It is outside the calling window.",
        "時間内に実行してください(設定 dialing.window)", "Call within the window (dialing.window in the configuration).";
    LineFull = "E-LINE-FULL", "空き回線がありません", "No line is free.",
        "通話が終わるのを待ってください", "Wait for a call to end.";
    Stale = "E-STALE", "他の画面で更新されています", "Somebody else changed this in the meantime.",
        "読み直してから、もう一度実行してください", "Read it again and repeat.";
    // Lists and imports.
    ListUnknown = "E-LIST-UNKNOWN", "そのリストはありません", "There is no such list.",
        "kakeru list ls でリスト名を確認してください", "`kakeru list ls` shows the lists.";
    ListDup = "E-LIST-DUP", "同じ名前のリストがあります", "A list of this name exists.",
        "別の名前にしてください(list restore では --name)", "Choose another name (with --name of `list restore`).";
    ListBusy = "E-LIST-BUSY", "架電中または取り込み中のため変更できません",
        "The list is being dialed, or a file is being imported into it.",
        "dial stop で止めるか、取り込みが終わってから実行してください",
        "Stop it with `kakeru dial stop`, or wait for the import.";
    ListFull = "E-LIST-FULL", "リストの登録上限を超えます", "The list would exceed its limit.",
        "別のリストに分けてください", "Use another list for the rest.";
    ListGrant = "E-LIST-GRANT", "このリスト・案件を使う権限がありません", "The list or project is not granted to you.",
        "管理者に権限の付与を依頼してください(kakeru list grant、kakeru project grant)",
        "Ask a manager for `kakeru list grant` or `kakeru project grant`.";
    LeadDup = "E-LEAD-DUP", "この番号はすでに登録されています", "The number is there already.",
        "登録済みの行を確認してください", "Look at the row that has it.";
    PhoneReadonly = "E-PHONE-READONLY", "取り込み時の番号は変更できません", "The number that came with the list cannot be changed.",
        "別の番号を追加してください", "Add another number instead.";
    ImportUndo = "E-IMPORT-UNDO", "この取り込みは取り消せません", "This import cannot be undone.",
        "kakeru list imports(架電禁止は kakeru dnc imports)で状態を確認してください",
        "`kakeru list imports`, or `kakeru dnc imports`, shows how it stands.";
    ReqProjectName = "E-REQ-PROJECTNAME", "案件名を入力してください", "The project's name is required.",
        "名前を付けてください", "Give it a name.";
    ProjectDup = "E-PROJECT-DUP", "同じ名前の案件があります", "A project of this name exists.",
        "別の名前にしてください", "Choose another name.";
    ProjectBin = "E-PROJECT-BIN", "このリストの案件はごみ箱にあります", "The list's project is in the bin.",
        "先に kakeru project restore で案件を戻してください", "Bring the project back first with `kakeru project restore`.";
    ProjectBusy = "E-PROJECT-BUSY", "リストのある案件は削除できません", "The project still has lists.",
        "先にリストを削除してください", "Delete its lists first.";
    ContactsFull = "E-CONTACTS-FULL", "連絡先の登録上限を超えます", "The contacts would exceed their limit.",
        "不要な連絡先を削除してください", "Delete contacts you do not need.";
    ReqListName = "E-REQ-LISTNAME", "リスト名を入力してください", "The list's name is required.",
        "名前を付けてください", "Give it a name.";
    ReqCompany = "E-REQ-COMPANY", "取引先会社名を入力してください", "The company name is required.",
        "その行に会社名を入れてください", "Fill the company name in.";
    ReqPerson = "E-REQ-PERSON", "取引先担当者名を入力してください", "The person's name is required.",
        "その行に担当者名を入れてください", "Fill the person's name in.";
    ReqName = "E-REQ-NAME", "会社名または担当者名のどちらかが必要です", "A company or a person is required.",
        "会社名か担当者名を入力してください", "Fill in the company or the person.";
    ReqPhone = "E-REQ-PHONE", "電話番号を入力してください", "The phone number is required.",
        "その行に電話番号を入れてください", "Fill the phone number in.";
    PhoneInvalid = "E-PHONE-INVALID", "電話番号として認識できません", "This is not a phone number.",
        "0から始まる10桁か11桁の番号にしてください", "Write ten or eleven digits from 0.";
    PhoneExcel = "E-PHONE-EXCEL", "指数表記や日付への変換のため桁が失われています", "A spreadsheet turned the number into a formula, a date or an exponent and lost digits.",
        "列を文字列形式にして、ハイフン付きで入力し直してください", "Format the column as text and type the number again, with hyphens.";
    PhoneForbidden = "E-PHONE-FORBIDDEN", "発信しない種類の番号です", "Numbers of this kind are never dialed.",
        "リストや連絡先に入れず、必要なら電話機から発信してください", "Keep it off lists and contacts; use a telephone where it must be called.";
    TrunkRule = "E-TRUNK-RULE", "この回線では発信しない番号です(回線の発信ルール、184・186)", "The account's dial rules refuse this number, or 184 and 186 before it.",
        "設定ファイルの account の dial と clir を確認してください", "See the account's dial and clir in the configuration.";
    CallerIdInvalid = "E-CALLER-ID", "発信者番号が正しくありません", "The number to present is not one.",
        "設定ファイルの caller_id を数字で書いてください", "Write caller_id with digits in the configuration.";
    CatLimit = "E-CAT-LIMIT", "カテゴリーは100件までです(設定 max_categories があれば、その数)",
        "A row may have at most 100 categories, or as many as max_categories in the configuration says.",
        "カテゴリーを減らしてください", "Use fewer categories.";
    OwnerUnknown = "E-OWNER-UNKNOWN", "このIDのユーザーはいないか、削除されたか、架電しない権限です",
        "No user has this login, or they were deleted or do not call.",
        "ユーザーを登録するか、IDを直してください。列を使わないときは --map -=列名 を付けてください",
        "Add the user or correct the login; --map -=COLUMN leaves the column out.";
    ProjectUnknown = "E-PROJECT-UNKNOWN", "この名前の案件はありません", "No project has this name.",
        "案件の名前を直すか、先に案件を作成してください", "Correct the project's name, or make the project first.";
    ImportStopped = "E-IMPORT-STOPPED", "取り込みが中断されました", "The import stopped.",
        "理由を確認して、もう一度実行してください", "See why, and repeat it.";
    CsvRead = "E-CSV-READ", "ファイルを読み取れません", "The file could not be read.",
        "パスと権限を確認してください", "Check its path and permissions.";
    CsvEmpty = "E-CSV-EMPTY", "登録できる行がありません", "The file holds no rows.",
        "ファイルの中身を確認してください", "Check the file.";
    CsvEncoding = "E-CSV-ENCODING", "文字コードを判定できません。指定してください", "The character encoding could not be detected; name it.",
        "正しく読める文字コードを --encoding で指定するか、UTF-8で保存し直してください", "Name the one that reads right with --encoding, or save the file as UTF-8.";
    CsvChar = "E-CSV-CHAR", "変換できない文字があります(行,列)", "The cell holds characters that cannot be read.",
        "文字を打ち直すか、UTF-8で保存し直してください", "Retype the characters or save the file as UTF-8.";
    CsvQuote = "E-CSV-QUOTE", "引用符が閉じられていません", "A quotation mark is never closed.",
        "その行の引用符(\")を確認してください", "Look for a lonely quotation mark from that line on.";
    CsvField = "E-CSV-FIELD", "1つの項目が長すぎます(上限64KiB)", "A cell is longer than 64 KiB.",
        "引用符(\")の閉じ忘れを確認してください", "Look for a quotation mark that is never closed.";
    CsvColumns = "E-CSV-COLUMNS", "列が多すぎます(512列まで)", "The row has too many columns: at most 512 are read.",
        "その行の区切りを確認してください", "Check the delimiters of the row.";
    CsvHeader = "E-CSV-HEADER", "ヘッダー行が正しくありません", "The header row does not name the columns that are needed.",
        "1行目を「取引先会社名,取引先担当者名,電話番号,カテゴリー」にするか、--map 電話番号=列名 を付けてください", "Name the columns in line 1, one of them 電話番号, TEL or phone, or add --map 電話番号=COLUMN.";
    CsvHeaderDup = "E-CSV-HEADER-DUP", "列名が重複しています", "A column name occurs twice.",
        "同じ意味の列を1つにしてください", "Keep one column of that name.";
    CsvDupPhone = "E-CSV-DUP-PHONE", "電話番号が重複しています", "The same phone number occurs more than once.",
        "重複する行を削除するか、--dup-in-file first か last を指定してください", "Delete the repeated rows, or use --dup-in-file first or last.";
    CsvTooLarge = "E-CSV-TOO-LARGE", "一度に登録できる上限を超えています(ファイルの大きさ)", "The file is larger than one import may be.",
        "ファイルを分割してください", "Split the file.";
    CsvTooManyRows = "E-CSV-TOO-MANY-ROWS", "一度に登録できる上限を超えています(行数)", "The file has more rows than one import may have.",
        "ファイルを分割してください", "Split the file.";
    ExportChar = "E-EXPORT-CHAR", "この文字コードでは書き出せない文字があります", "Some characters do not exist in the chosen encoding.",
        "--encoding utf-8-bom を付けてください", "Add --encoding utf-8-bom.";
    // People and connections.
    UserDup = "E-USER-DUP", "同じIDの利用者がいます", "A user of this login exists.",
        "別のIDにするか、その利用者を kakeru user role や user uid で変更してください", "Choose another login, or change that user with `kakeru user role` or `user uid`.";
    UserLimit = "E-USER-LIMIT", "利用者数の上限です", "There are as many users as there may be.",
        "使わない利用者を削除するか、people.max_users を増やしてください", "Delete a user, or raise people.max_users.";
    UserUid = "E-USER-UID", "そのUnixユーザーは別の利用者のものです", "The Unix user is bound to another user.",
        "先に kakeru user uid ID で外してください", "Unbind it first with `kakeru user uid LOGIN`.";
    UserSeat = "E-USER-SEAT", "席に割り当てられている利用者です", "The user works at a seat.",
        "設定ファイルの [[seat]] の operator を別の利用者に変更し、再起動してから実行してください",
        "Name another user as `operator` of the [[seat]] in the configuration, start anew, and try again.";
    UserHolds = "E-USER-HOLDS", "この利用者には担当の発信先・連絡先・対応タスクが残っています", "The user still holds leads, contacts or open tasks.",
        "--hand-over ID で引き継ぐか、--release で担当を外してください", "Hand them over with --hand-over LOGIN, or free them with --release.";
    UserLast = "E-USER-LAST", "最後の管理者(MGR)です", "The user is the last manager.",
        "先に別の利用者を MGR にしてください(kakeru user role ID MGR)", "Make another user MGR first (`kakeru user role LOGIN MGR`).";
    UserRole = "E-USER-ROLE", "架電しない役割の利用者は発信先や対応タスクを担当できません", "The user's role calls nobody and cannot take leads or tasks.",
        "MGR・SV・OP の利用者を指定してください", "Name a user who is MGR, SV or OP.";
    Password = "E-PASSWORD", "パスワードが正しくないか、短すぎます(8文字以上)", "The password is wrong, or shorter than 8 characters.",
        "今のパスワードと新しいパスワードを確認してください", "Check the present and the new password.";
    Value = "E-VALUE", "値が正しくありません", "A value is not possible.",
        "詳細に示した形にしてください", "Write it as the detail says.";
    ReasonRequired = "E-REASON-REQUIRED", "理由を入力してください", "A reason must be given.",
        "--reason を付けてください。ファイルでは「理由」か「解除理由」の列に書けます", "Add --reason; a file may say it in the column 理由 or 解除理由.";
    ContactDup = "E-CONTACT-DUP", "この電話番号の連絡先があります", "A contact has this number already.",
        "contact show でその連絡先を確かめ、番号を外すか削除してください。contact add は --overwrite で上書きできます",
        "Look at it with `kakeru contact show`; take the number off it or delete it. `contact add` overwrites it with --overwrite.";
    DelGuard = "E-DEL-GUARD", "使用中または証跡のため削除できません", "It is in use or in evidence and cannot be deleted.",
        "詳細に示した理由がなくなってから実行してください", "Wait until what the detail names is over.";
    StatusDup = "E-STATUS-DUP", "同じ名前・コード・キーの結果ステータスがあります", "A status of this label, code or key exists.",
        "別の名前・コード・キーにしてください", "Choose another.";
    StatusUsed = "E-STATUS-USED", "使われている結果ステータスの数え方は変えられません", "What a status that calls have counts as cannot be changed.",
        "過去の集計が変わるためです。新しい結果ステータスを作り、古いものは disposition archive で仕舞ってください",
        "Figures of past days would change: make another status, and archive this one.";
    Task = "E-TASK", "他の担当者の対応タスク(見込・再コール)です", "The number is another operator's task.",
        "担当者に任せるか、手動で発信してください", "Leave it to them, or call it by hand.";
    UserTombstone = "E-USER-TOMBSTONE", "削除済みのIDは再利用できません", "A deleted user's id is not reused.",
        "別のIDにしてください", "Choose another id.";
    FeatureOff = "E-FEATURE-OFF", "この機能は有効になっていません", "The feature is switched off.",
        "設定を確認してください", "See the configuration.";
    FieldPerm = "E-FIELD-PERM", "この項目を表示する権限がありません", "You may not see this field.",
        "管理者に依頼してください", "Ask a manager.";
    CrmKey = "E-CRM-KEY", "アクセスキー 無効", "The CRM access key is invalid.",
        "アクセスキーを確認してください", "Check the access key.";
    CrmCompany = "E-CRM-COMPANY", "企業 ID 無効", "The CRM company id is invalid.",
        "企業IDを確認してください", "Check the company id.";
    CrmUnset = "E-CRM-UNSET", "キーが接続されていません。 設定してください。", "The CRM key is not set.",
        "キーを設定してください", "Set the key.";
    // Doubts: the row or command was accepted.
    WarnZeroRestored = "W-ZERO-RESTORED", "先頭の0を補いました", "A lost leading zero was restored.",
        "番号が正しいか確認してください", "Check that the number is right.";
    WarnPhoneUnassigned = "W-PHONE-UNASSIGNED", "割り当てのない番号帯です", "The number lies in an unassigned range.",
        "番号が正しいか確認してください", "Check that the number is right.";
    WarnPhoneExtra = "W-PHONE-EXTRA", "2つ目以降の番号は追加の番号として保存します", "The cell holds several numbers; the first is dialed.",
        "1行に1つの番号が確実です", "One number per row is safest.";
    WarnPhoneHyphen = "W-PHONE-HYPHEN", "漢数字の「一」をハイフンとして読みました", "A kanji one was read as a hyphen.",
        "番号が正しいか確認してください", "Check that the number is right.";
    WarnPhoneDecimal = "W-PHONE-DECIMAL", "末尾の「.0」を取り除きました", "A trailing .0 was removed.",
        "セルを文字列にしてください", "Format the cell as text.";
    WarnPhoneFreephone = "W-PHONE-FREEPHONE", "フリーダイヤルなど着信課金の番号です(0120・0800。自動では発信しません)", "A freephone number (0120, 0800): the called party pays; the auto-dialer skips it.",
        "手動で発信してください", "Call it by hand.";
    WarnPhoneConverged = "W-PHONE-CONVERGED", "FMCの番号(0600)です。確認してください", "A fixed-mobile number (0600); check it.",
        "番号を確認してください", "Check the number.";
    WarnLong = "W-LONG", "30文字を超えています", "More than 30 characters.",
        "画面では途中までしか表示されません", "Screens show only the beginning.";
    WarnCsvQuote = "W-CSV-QUOTE", "引用符(\")の位置が正しくないか、引用符を使えない製品の規則で読んでいます", "A quotation mark stands in the middle of a cell, or the product whose rules hold takes none.",
        "その項目を確認してください。元の製品へ戻すファイルでは引用符を外してください",
        "Check the cell; take the quotation marks out of a file that goes back to that product.";
    WarnEmail = "W-EMAIL", "メールアドレスとして読めないため保存しません", "This is no mail address and is not kept.",
        "sato@example.jp の形にしてください", "Write it as sato@example.jp.";
    WarnTime = "W-TIME", "日時として読めないため取り込みません", "This is no time and is not taken.",
        "2026-01-31 09:05:00 の形にしてください", "Write it as 2026-01-31 09:05:00.";
    WarnPhoneTaken = "W-PHONE-TAKEN", "別の連絡先の番号なので、追加の番号にしていません", "The number is another contact's and was not added.",
        "移すときは、今の連絡先から番号を外して取り込み直してください", "To move it, take it off the contact that has it and import the row again.";
    WarnPhoneExt = "W-PHONE-EXT", "内線番号は発信に使いません", "The extension is not dialed.",
        "リストと連絡先では番号と一緒に保存します", "Lists and contacts keep it beside the number.";
    WarnColDropped = "W-COL-DROPPED", "連絡先にはない列なので保存しません", "Contacts have no such column; it is not kept.",
        "残したい列はリストに取り込むか、--map で名前を対応させてください", "Import it into a list to keep it, or say with --map what it holds.";
    WarnExcluded = "W-EXCLUDED", "発信対象外にしていません", "No lead is excluded by it.",
        "リストにある発信先は kakeru lead exclude で、新しい発信先は「発信対象外」という名前の列で対象外にします", "A lead that is on the list is excluded by kakeru lead exclude, a new one by a column named 発信対象外.";
    WarnBin = "W-BIN", "リストから削除した発信先か、復元の前に発信した先と同じ番号です", "A lead of this number was deleted from the list, or called before a copy was put back.",
        "発信対象外だった番号は発信対象外のままです。架電済みで、もう発信しない番号は kakeru lead exclude で対象外にしてください",
        "One that was excluded stays so; of those that were called, exclude (kakeru lead exclude) who is not to be called again.";
    WarnColIgnored = "W-COL-IGNORED", "電話番号の列として扱いません", "The column is kept as text, not as a phone column.",
        "発信したい番号は「電話番号」列に入れるか、--map 電話番号=携帯 のように列を指定してください", "Put the number to dial into the column 電話番号, or name its column: --map 電話番号=携帯.";
    WarnOwnerGrant = "W-OWNER-GRANT", "発信担当者がこのリストを使えないため、誰も発信できない行があります",
        "Rows are of an owner who may not use the list; nobody can call them.",
        "kakeru list grant で使えるようにするか、kakeru lead assign で発信担当者を変えてください",
        "Grant the list (kakeru list grant), or give the rows to somebody else (kakeru lead assign).";
    WarnListLarge = "W-LIST-LARGE", "リストの登録数が目安を超えています", "The list has more leads than is usual for one.",
        "別のリストに分けると扱いやすくなります(目安は設定 import.profiles の warn_leads)",
        "Several lists are easier to handle; the figure is warn_leads of import.profiles in the configuration.";
    WarnCsvDup = "W-CSV-DUP-PHONE", "重複する行を1件にまとめました", "Repeated numbers were reduced to one row.",
        "必要なら元の表を確認してください", "Check the source if in doubt.";
    WarnDncStays = "W-DNC-STAYS", "架電禁止の登録は残っています", "The number stays on the do-not-call list.",
        "解除するときは kakeru dnc clear 番号 --reason 理由 を実行してください", "Clear it with `kakeru dnc clear NUMBER --reason …`.";
    WarnNoCreatePerm = "W-NO-CREATE-PERM", "連絡先を作成する権限がありません", "No permission to create contacts.",
        "管理者に依頼してください", "Ask a manager.";
}

impl ErrorCode {
    /// Whether the code only warns.
    pub fn is_warning(self) -> bool {
        self.as_str().starts_with('W')
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section E: the codes that scripts and operators were promised.
    #[test]
    fn every_promised_code_exists() {
        let promised = "E-REQ-COMPANY E-REQ-PERSON E-REQ-NAME E-REQ-PHONE E-PHONE-INVALID E-PHONE-EXCEL E-PHONE-FORBIDDEN
            E-CSV-ENCODING E-CSV-CHAR E-CSV-HEADER E-CSV-HEADER-DUP E-CSV-DUP-PHONE E-CSV-TOO-LARGE E-CSV-TOO-MANY-ROWS
            E-LIST-FULL E-CONTACTS-FULL E-CAT-LIMIT E-LIST-BUSY E-STATUS-BUILTIN E-USER-TOMBSTONE E-LINE-FULL E-DNC E-HOURS
            E-STALE E-FEATURE-OFF E-FIELD-PERM E-CRM-KEY E-CRM-COMPANY E-CRM-UNSET E-EXPORT-CHAR E-REQ-LISTNAME E-LIST-DUP
            E-DEL-GUARD W-ZERO-RESTORED W-PHONE-UNASSIGNED W-LONG W-CSV-QUOTE W-COL-IGNORED W-NO-CREATE-PERM";
        for code in promised.split_whitespace() {
            assert!(code.parse::<ErrorCode>().is_ok(), "{code}");
        }
        // Word for word as operators know them from the products these come from.
        assert_eq!(ErrorCode::CrmUnset.text().ja, "キーが接続されていません。 設定してください。");
        assert_eq!(ErrorCode::ReqCompany.text().ja, "取引先会社名を入力してください");
    }

    #[test]
    fn codes_are_unique_and_have_texts_and_hints_in_both_languages() {
        for (at, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(code.is_warning(), !code.as_str().starts_with("E-"), "{code}");
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(ErrorCode::ALL[..at].iter().all(|other| other.as_str() != code.as_str()), "{code}");
            for text in [code.text(), code.hint()] {
                assert!(text.ja.chars().any(|c| c > '\u{2FFF}'), "{code} has no Japanese text");
                assert!(text.en.ends_with('.'), "{code}");
            }
        }
        assert!("E-NOTHING".parse::<ErrorCode>().is_err());
    }
}
