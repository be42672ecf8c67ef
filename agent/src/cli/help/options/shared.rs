//! Options of several nouns.

/// One pair for each text of an option or argument.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    ("The number, in any form people write", "番号 (書き方は自由)"),
    ("Overwrite the file", "ファイルを上書きする"),
    (
        "Name or id of the list; PROJECT/LIST where several projects have one of the name",
        "リストの名前または id (同名が複数あるときは 案件/リスト)",
    ),
    ("The CSV file, or - for standard input", "CSV ファイル (- は標準入力)"),
    ("How its characters are written; auto finds out", "文字コード (auto は自動判定)"),
    (
        "A number that occurs twice in the file (last: that row alone; merge: all rows as one)",
        "ファイル内で重複する番号 (last: 最後の行だけ。merge: すべての行を1件に)",
    ),
    ("Empty cells blank existing values", "空欄で既存の値を消す"),
    ("Name or id", "名前または id"),
    ("How many", "件数"),
    ("File, or - for standard output", "ファイル (- は標準出力)"),
    ("New name", "新しい名前"),
    ("Do not ask", "確認しない"),
    ("Older than this import", "この取り込みより前"),
    ("Its id, or the beginning of it", "取り込みの id、またはその先頭"),
    ("Name or id of the list", "リストの名前または id"),
    ("Why", "理由"),
    ("The number", "番号"),
    ("Only this operator", "このオペレーターだけ"),
    ("The version you looked at; a newer one is not overwritten", "見ていた版 (新しい版は上書きしない)"),
    ("Id", "連絡先の id"),
    ("From this day or time on (Japan time)", "この日時以降 (日本時間)"),
    (
        "Up to this day and with it, or before this time (Japan time)",
        "この日まで (その日を含む)、またはこの時刻より前 (日本時間)",
    ),
    ("Part of the company's name only", "会社名の一部"),
    ("Part of the person's name only", "担当者名の一部"),
    (
        "Write nothing where the profile's product would refuse some of the rows",
        "プロファイルの製品が受け付けない行があれば書き出さない",
    ),
];
