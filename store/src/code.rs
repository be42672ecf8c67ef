//! The stable codes of rows and files that an operator or a script sees, with their texts.
//!
//! The control protocol has them too, among others; a test of the daemon holds the texts together.

use std::fmt;

/// Language of texts for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

// Codes are never renamed or reused; texts may be reworded.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $ja:literal, $en:literal;)+) => {
        /// Code of a refusal (`E-…`) or a doubt (`W-…`).
        ///
        /// The code is the contract with scripts; the texts are for people and may be reworded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $en] $(#[$doc])* $name,)+ }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `E-…` or `W-…`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What an operator reads in Japanese.
            pub fn ja(self) -> &'static str {
                match self { $(Self::$name => $ja,)+ }
            }

            /// What an operator reads in English.
            pub fn en(self) -> &'static str {
                match self { $(Self::$name => $en,)+ }
            }
        }
    };
}

codes! {
    ReqCompany = "E-REQ-COMPANY", "取引先会社名を入力してください", "The company name is required.";
    ReqPerson = "E-REQ-PERSON", "取引先担当者名を入力してください", "The person's name is required.";
    ReqName = "E-REQ-NAME", "会社名または担当者名のどちらかが必要です", "A company or a person is required.";
    ReqPhone = "E-REQ-PHONE", "電話番号を入力してください", "The phone number is required.";
    PhoneInvalid = "E-PHONE-INVALID", "電話番号として認識できません", "This is not a phone number.";
    PhoneExcel = "E-PHONE-EXCEL", "指数表記や日付への変換のため桁が失われています",
        "A spreadsheet turned the number into a formula, a date or an exponent and lost digits.";
    PhoneForbidden = "E-PHONE-FORBIDDEN", "発信しない種類の番号です",
        "Numbers of this kind are never dialed.";
    CsvEncoding = "E-CSV-ENCODING", "文字コードを判定できません。指定してください",
        "The character encoding could not be detected; name it.";
    CsvChar = "E-CSV-CHAR", "変換できない文字があります(行,列)", "The cell holds characters that cannot be read.";
    CsvQuote = "E-CSV-QUOTE", "引用符が閉じられていません", "A quotation mark is never closed.";
    CsvField = "E-CSV-FIELD", "1つの項目が長すぎます(上限64KiB)", "A cell is longer than 64 KiB.";
    CsvColumns = "E-CSV-COLUMNS", "列が多すぎます(512列まで)", "The row has too many columns: at most 512 are read.";
    CsvHeader = "E-CSV-HEADER", "ヘッダー行が正しくありません", "The header row does not name the columns that are needed.";
    CsvHeaderDup = "E-CSV-HEADER-DUP", "列名が重複しています", "A column name occurs twice.";
    CsvDupPhone = "E-CSV-DUP-PHONE", "電話番号が重複しています", "The same phone number occurs more than once.";
    CsvTooLarge = "E-CSV-TOO-LARGE", "一度に登録できる上限を超えています(ファイルの大きさ)",
        "The file is larger than one import may be.";
    CsvTooManyRows = "E-CSV-TOO-MANY-ROWS", "一度に登録できる上限を超えています(行数)",
        "The file has more rows than one import may have.";
    CsvRead = "E-CSV-READ", "ファイルを読み取れません", "The file could not be read.";
    CsvEmpty = "E-CSV-EMPTY", "登録できる行がありません", "The file holds no rows.";
    CatLimit = "E-CAT-LIMIT", "カテゴリーは100件までです(設定 max_categories があれば、その数)",
        "A row may have at most 100 categories, or as many as max_categories in the configuration says.";
    ZeroRestored = "W-ZERO-RESTORED", "先頭の0を補いました", "A lost leading zero was restored.";
    PhoneUnassigned = "W-PHONE-UNASSIGNED", "割り当てのない番号帯です", "The number lies in an unassigned range.";
    PhoneExtra = "W-PHONE-EXTRA", "2つ目以降の番号は追加の番号として保存します",
        "The cell holds several numbers; the first is dialed.";
    PhoneHyphen = "W-PHONE-HYPHEN", "漢数字の「一」をハイフンとして読みました", "A kanji one was read as a hyphen.";
    PhoneDecimal = "W-PHONE-DECIMAL", "末尾の「.0」を取り除きました", "A trailing .0 was removed.";
    PhoneFreephone = "W-PHONE-FREEPHONE", "フリーダイヤルなど着信課金の番号です(0120・0800。自動では発信しません)",
        "A freephone number (0120, 0800): the called party pays; the auto-dialer skips it.";
    PhoneConverged = "W-PHONE-CONVERGED", "FMCの番号(0600)です。確認してください", "A fixed-mobile number (0600); check it.";
    Long = "W-LONG", "30文字を超えています", "More than 30 characters.";
    CsvQuoteStray = "W-CSV-QUOTE", "引用符(\")の位置が正しくないか、引用符を使えない製品の規則で読んでいます", "A quotation mark stands in the middle of a cell, or the product whose rules hold takes none.";
    EmailInvalid = "W-EMAIL", "メールアドレスとして読めないため保存しません", "This is no mail address and is not kept.";
    ReasonRequired = "E-REASON-REQUIRED", "理由を入力してください", "A reason must be given.";
    OwnerUnknown = "E-OWNER-UNKNOWN", "このIDのユーザーはいないか、削除されたか、架電しない権限です",
        "No user has this login, or they were deleted or do not call.";
    ProjectUnknown = "E-PROJECT-UNKNOWN", "この名前の案件はありません", "No project has this name.";
    TimeInvalid = "W-TIME", "日時として読めないため取り込みません", "This is no time and is not taken.";
    PhoneTaken = "W-PHONE-TAKEN", "別の連絡先の番号なので、追加の番号にしていません", "The number is another contact's and was not added.";
    PhoneExt = "W-PHONE-EXT", "内線番号は発信に使いません", "The extension is not dialed.";
    ColDropped = "W-COL-DROPPED", "連絡先にはない列なので保存しません", "Contacts have no such column; it is not kept.";
    Excluded = "W-EXCLUDED", "発信対象外にしていません", "No lead is excluded by it.";
    InBin = "W-BIN", "リストから削除した発信先か、復元の前に発信した先と同じ番号です",
        "A lead of this number was deleted from the list, or called before a copy was put back.";
    ColIgnored = "W-COL-IGNORED", "電話番号の列として扱いません", "The column is kept as text, not as a phone column.";
    OwnerGrant = "W-OWNER-GRANT", "発信担当者がこのリストを使えないため、誰も発信できない行があります",
        "Rows are of an owner who may not use the list; nobody can call them.";
    ListLarge = "W-LIST-LARGE", "リストの登録数が目安を超えています", "The list has more leads than is usual for one.";
    CsvDupSkipped = "W-CSV-DUP-PHONE", "重複する行を1件にまとめました", "Repeated numbers were reduced to one row.";
}

impl Code {
    /// Whether the code only warns.
    pub fn is_warning(self) -> bool {
        self.as_str().starts_with('W')
    }

    /// What an operator reads.
    pub fn text(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Ja => self.ja(),
            Lang::En => self.en(),
        }
    }

    /// What to do about it.
    pub fn hint(self, lang: Lang) -> &'static str {
        let hint = HINTS.iter().find(|(code, ..)| *code == self);
        match (hint, lang) {
            (None, _) => "",
            (Some((_, ja, _)), Lang::Ja) => ja,
            (Some((_, _, en)), Lang::En) => en,
        }
    }

    /// What to do about it, in Japanese.
    pub fn hint_ja(self) -> &'static str {
        self.hint(Lang::Ja)
    }

    /// What to do about it, in English.
    pub fn hint_en(self) -> &'static str {
        self.hint(Lang::En)
    }

    /// The code of that name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

const HINTS: [(Code, &str, &str); 43] = [
    (
        Code::Excluded,
        "リストにある発信先は kakeru lead exclude で、新しい発信先は「発信対象外」という名前の列で対象外にします",
        "A lead that is on the list is excluded by kakeru lead exclude, a new one by a column named 発信対象外.",
    ),
    (
        Code::InBin,
        "発信対象外だった番号は発信対象外のままです。架電済みで、もう発信しない番号は kakeru lead exclude で対象外にしてください",
        "One that was excluded stays so; of those that were called, exclude (kakeru lead exclude) who is not to be called again.",
    ),
    (
        Code::OwnerGrant,
        "kakeru list grant で使えるようにするか、kakeru lead assign で発信担当者を変えてください",
        "Grant the list (kakeru list grant), or give the rows to somebody else (kakeru lead assign).",
    ),
    (Code::TimeInvalid, "2026-01-31 09:05:00 の形にしてください", "Write it as 2026-01-31 09:05:00."),
    (
        Code::PhoneTaken,
        "移すときは、今の連絡先から番号を外して取り込み直してください",
        "To move it, take it off the contact that has it and import the row again.",
    ),
    (
        Code::PhoneExt,
        "リストと連絡先では番号と一緒に保存します",
        "Lists and contacts keep it beside the number.",
    ),
    (
        Code::ColDropped,
        "残したい列はリストに取り込むか、--map で名前を対応させてください",
        "Import it into a list to keep it, or say with --map what it holds.",
    ),
    (Code::ReqName, "会社名か担当者名を入力してください", "Fill in the company or the person."),
    (Code::PhoneInvalid, "0から始まる10桁か11桁の番号にしてください", "Write ten or eleven digits from 0."),
    (
        Code::PhoneExcel,
        "列を文字列形式にして、ハイフン付きで入力し直してください",
        "Format the column as text and type the number again, with hyphens.",
    ),
    (
        Code::PhoneForbidden,
        "リストや連絡先に入れず、必要なら電話機から発信してください",
        "Keep it off lists and contacts; use a telephone where it must be called.",
    ),
    (
        Code::CsvEncoding,
        "正しく読める文字コードを --encoding で指定するか、UTF-8で保存し直してください",
        "Name the one that reads right with --encoding, or save the file as UTF-8.",
    ),
    (
        Code::CsvChar,
        "文字を打ち直すか、UTF-8で保存し直してください",
        "Retype the characters or save the file as UTF-8.",
    ),
    (
        Code::CsvQuote,
        "その行の引用符(\")を確認してください",
        "Look for a lonely quotation mark from that line on.",
    ),
    (
        Code::CsvField,
        "引用符(\")の閉じ忘れを確認してください",
        "Look for a quotation mark that is never closed.",
    ),
    (
        Code::CsvHeader,
        "1行目を「取引先会社名,取引先担当者名,電話番号,カテゴリー」にするか、--map 電話番号=列名 を付けてください",
        "Name the columns in line 1, one of them 電話番号, TEL or phone, or add --map 電話番号=COLUMN.",
    ),
    (Code::CsvHeaderDup, "同じ意味の列を1つにしてください", "Keep one column of that name."),
    (
        Code::CsvDupPhone,
        "重複する行を削除するか、--dup-in-file first か last を指定してください",
        "Delete the repeated rows, or use --dup-in-file first or last.",
    ),
    (Code::CsvTooLarge, "ファイルを分割してください", "Split the file."),
    (Code::CsvTooManyRows, "ファイルを分割してください", "Split the file."),
    (
        Code::OwnerUnknown,
        "ユーザーを登録するか、IDを直してください。列を使わないときは --map -=列名 を付けてください",
        "Add the user or correct the login; --map -=COLUMN leaves the column out.",
    ),
    (
        Code::ProjectUnknown,
        "案件の名前を直すか、先に案件を作成してください",
        "Correct the project's name, or make the project first.",
    ),
    (Code::CatLimit, "カテゴリーを減らしてください", "Use fewer categories."),
    (Code::ZeroRestored, "番号が正しいか確認してください", "Check that the number is right."),
    (Code::PhoneUnassigned, "番号が正しいか確認してください", "Check that the number is right."),
    (Code::PhoneHyphen, "番号が正しいか確認してください", "Check that the number is right."),
    (
        Code::ColIgnored,
        "発信したい番号は「電話番号」列に入れるか、--map 電話番号=携帯 のように列を指定してください",
        "Put the number to dial into the column 電話番号, or name its column: --map 電話番号=携帯.",
    ),
    (Code::Long, "画面では途中までしか表示されません", "Screens show only the beginning."),
    (Code::ReqCompany, "その行に会社名を入れてください", "Fill the company name in."),
    (Code::ReqPerson, "その行に担当者名を入れてください", "Fill the person's name in."),
    (Code::ReqPhone, "その行に電話番号を入れてください", "Fill the phone number in."),
    (Code::CsvColumns, "その行の区切りを確認してください", "Check the delimiters of the row."),
    (Code::CsvRead, "パスと権限を確認してください", "Check its path and permissions."),
    (Code::CsvEmpty, "ファイルの中身を確認してください", "Check the file."),
    (Code::PhoneExtra, "1行に1つの番号が確実です", "One number per row is safest."),
    (Code::PhoneDecimal, "セルを文字列にしてください", "Format the cell as text."),
    (Code::PhoneFreephone, "手動で発信してください", "Call it by hand."),
    (Code::PhoneConverged, "番号を確認してください", "Check the number."),
    (
        Code::CsvQuoteStray,
        "その項目を確認してください。元の製品へ戻すファイルでは引用符を外してください",
        "Check the cell; take the quotation marks out of a file that goes back to that product.",
    ),
    (Code::EmailInvalid, "sato@example.jp の形にしてください", "Write it as sato@example.jp."),
    (
        Code::ReasonRequired,
        "--reason を付けてください。ファイルでは「理由」か「解除理由」の列に書けます",
        "Add --reason; a file may say it in the column 理由 or 解除理由.",
    ),
    (
        Code::ListLarge,
        "別のリストに分けると扱いやすくなります(目安は設定 import.profiles の warn_leads)",
        "Several lists are easier to handle; the figure is warn_leads of import.profiles in the configuration.",
    ),
    (Code::CsvDupSkipped, "必要なら元の表を確認してください", "Check the source if in doubt."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_have_texts_in_both_languages() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert!(code.as_str().starts_with("E-") || code.as_str().starts_with("W-"));
            assert_eq!(Code::from_code(code.as_str()), Some(*code));
            assert!(Code::ALL[..at].iter().all(|other| other.as_str() != code.as_str()), "{code}");
            assert!(code.ja().chars().any(|c| c > '\u{2FFF}'), "{code} has no Japanese text");
            assert!(code.en().is_ascii(), "{code}");
            assert!(
                code.hint_ja().chars().any(|c| c > '\u{2FFF}') && code.hint_en().ends_with('.'),
                "{code}"
            );
        }
    }
}
