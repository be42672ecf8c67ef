//! Options of calls: dialing them, saving them, looking at them afterwards.

/// One pair for each text of an option or argument.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    ("A contact, by id: also when you do not see its number", "連絡先の id (番号が見えなくてもよい)"),
    (
        "A lead, by id or by list and number there: 春の案件#12",
        "発信先の id、またはリストと番号: 春の案件#12",
    ),
    (
        "Whoever was at the other end of a call: id of `kakeru history`",
        "その通話の相手 (`kakeru history` の id)",
    ),
    (
        "Whom a task is about: number of `kakeru task ls`; the call is its lead's, where it has one",
        "対応タスクの相手 (`kakeru task ls` の番号)。発信先があればその通話になる",
    ),
    ("Project to book the call on", "通話を計上する案件"),
    ("The seat to listen to [default: the one you listen to now]", "聞く席 [既定: 今聞いている席]"),
    (
        "Result status by label or code, such as 見込 or prospect",
        "結果ステータス (名前またはコード。見込、prospect など)",
    ),
    ("Call memo", "通話メモ"),
    (
        "When to call again: \"2026-11-30 10:00\" (Japan time), 15:30 (today), \"tomorrow 15:30\", \"tue 15:30\" or +30m; of a day alone, when calling begins",
        "再コール日時: \"2026-11-30 10:00\" (日本時間)、15:30 (今日)、\"明日 10時\"、\"火曜 15:30\"、30分後 など。日付だけなら架電可能時間の開始",
    ),
    (
        "What follows: call the next lead, show the next lead (both hang up a call that is up), or only save",
        "次の動作: 次に発信、次を表示 (どちらも通話中なら切ります)、または保存だけ",
    ),
    ("The attempt [default: the seat's open one]", "通話の id [既定: 席の未確定の通話]"),
    ("Repeat-proof number of this save", "保存の通し番号 (同じ保存の繰り返しを防ぐ)"),
    (
        "Attempt id, the end of one, or a SIP Call-ID [default: last, the seat's running or latest call]",
        "通話の id、その末尾、または SIP の Call-ID [既定: last (席の今または最後の通話)]",
    ),
    (
        "REGISTER and OPTIONS of this account, and calls that were turned away, instead of a call",
        "通話の代わりに、このアカウントの REGISTER・OPTIONS と、断った着信を表示",
    ),
    ("Print the messages whole", "メッセージの全文を表示"),
    (
        "Write the messages as packets that Wireshark opens, or - for standard output",
        "Wireshark で開けるパケットとして書き出す (- は標準出力)",
    ),
    (
        "Numbers whole; for managers only. Passwords and keys are never shown",
        "番号を全桁表示 (MGR だけ)。パスワードと鍵は表示しない",
    ),
    ("Replay what came after this number first", "この番号より後のものを先に表示"),
    (
        "Only kinds that begin with this, such as call. (may be repeated)",
        "これで始まる種類だけ (call. など。繰り返し可)",
    ),
    ("End after this many events", "この件数で終わる"),
    ("Only this list", "このリストだけ"),
    (
        "Number, lead (its id, or list and number there: 春の案件#12), or name of a list, which is no number [default: the head of the list]",
        "番号、発信先 (id、またはリストと番号: 春の案件#12)、リスト名 (番号と読めないもの) [既定: リストの先頭]",
    ),
    ("How many rows", "行数"),
    ("Digits of the number, all or a part", "番号の数字 (全部または一部)"),
    ("Only this status, by label or code", "このステータスだけ (名前またはコード)"),
    ("Only what waits for a status", "結果待ちだけ"),
    ("Only what a crash interrupted", "異常終了で中断した通話だけ"),
    (
        "Calls by hand [default: exclude, but include with --open and --interrupted]",
        "手動発信 [既定: exclude。--open と --interrupted では include]",
    ),
    ("Only calls whose status was left blank", "結果が未入力の通話だけ"),
    ("Only calls marked 報告", "報告の印のある通話だけ"),
    ("Only calls with numbers that no contact has", "連絡先に登録のない番号の通話だけ"),
    ("Older than this attempt: next of the last page", "この通話より前 (前のページの次)"),
    ("Id of the call: its beginning, or the end of it, will do", "通話の id (先頭または末尾だけでも可)"),
    ("Result status by label or code", "結果ステータス (名前またはコード)"),
    ("Memo", "メモ"),
    ("Take the time to call again away", "再コール日時を消す"),
    ("Why; not needed for a blank status", "理由 (未入力の結果を入れるときは不要)"),
    ("Take the mark off", "印を外す"),
    ("The text", "本文"),
    ("The customer of this call", "この通話の顧客"),
    (
        "The customer of this lead, by id or by list and number there: 春の案件#12",
        "この発信先の顧客 (id、またはリストと番号: 春の案件#12)",
    ),
    ("The customer of this number", "この番号の顧客"),
    ("Id of the note", "メモの id"),
    ("The new text", "新しい本文"),
    ("Only this list, all time unless --from", "このリストだけ (--from がなければ全期間)"),
    ("Only this project", "この案件だけ"),
    (
        "From this day on (Japan time; figures are of whole days) [default: today]",
        "この日以降 (日本時間。数字は1日単位) [既定: 今日]",
    ),
    (
        "Up to this day and with it: --from 2026-11-01 --to 2026-11-30 is November",
        "この日まで (その日を含む。--from 2026-11-01 --to 2026-11-30 で11月)",
    ),
    ("A row for each operator, list, project, hour or day", "担当者・リスト・案件・時間・日ごとに表示"),
    (
        "Recount every figure from the calls, and say what differs",
        "すべての数字を通話から数え直し、違いを示す",
    ),
    (
        "With --verify: write those that are kept, and differ, anew from the calls first",
        "--verify とともに: 保存している数字のうち違うものを、先に通話から書き直す",
    ),
    (
        "Which of the numbers of the contact or lead: its label, such as mobile, or its place, from 1 [default: the main one]",
        "連絡先・発信先のどの番号か: 名前 (mobile など) または順番 (1 から) [既定: 主な番号]",
    ),
    (
        "Project to book the call on [default: that of the lead, else the default project]",
        "通話を計上する案件 [既定: 発信先の案件、なければ既定の案件]",
    ),
    ("The list's project (案件)", "リストの案件"),
    (
        "Only this list; PROJECT/LIST where several projects have one of the name",
        "このリストだけ (同名が複数あるときは 案件/リスト)",
    ),
    (
        "Part of the company's or person's name, then or now, however it is written",
        "会社名・担当者名の一部 (当時または今。表記は問わない)",
    ),
    ("Part of the memo", "メモの一部"),
];
