//! Words that stand above columns.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::header::Role;
use crate::export::{EMAIL, EXCLUDED, FURTHER, OURS};

/// What a column of this name means to us.
pub(super) fn role_of(name: &str) -> Role {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Role::Attribute;
    }
    if let Some(bare) = name.strip_suffix(OURS) {
        return Some(role_of(bare))
            .filter(|role| matches!(role, Role::Assigned | Role::Excluded))
            .unwrap_or(Role::Ours);
    }
    let folded = fold(name);
    SYNONYMS.iter().find(|(known, _)| *known == folded).map_or(Role::Attribute, |(_, role)| *role)
}

/// What a column means that only contacts have: `メールアドレス`, `E-mail`, `所有者ID`.
pub(super) fn contact_role(name: &str) -> Role {
    if name.len() > LONGEST_NAME {
        return Role::Attribute;
    }
    match fold(name).as_str() {
        name if EMAIL_NAMES.contains(&name) => Role::Email,
        name if OWNER_NAMES.contains(&name) => Role::Owner,
        _ => Role::Attribute,
    }
}

/// `電話番号2`, `携帯電話`, `Phone 1`.
pub(super) fn looks_like_phone_name(name: &str) -> bool {
    let folded = fold(name);
    folded.len() <= LONGEST_NAME && PHONE_WORDS.iter().any(|word| folded.contains(word))
}

/// `対象外`, `発信対象`, `架電可否`: whoever names a column so means more than a text.
pub(super) fn sounds_excluded(name: &str) -> bool {
    let folded = fold(name);
    folded.len() <= LONGEST_NAME && EXCLUDING_WORDS.contains(&folded.as_str())
}

/// NFKC, lower case, no space: `ＴＥＬ `, `Company Name`.
pub(super) fn fold(name: &str) -> String {
    name.nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{FEFF}' | '\u{200B}'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether it is the name of a column as people write it, and nothing else: what a column of ours may be called, or another one
/// that lists have.
pub(super) fn is_column_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        let ours = SYNONYMS.iter().map(|(name, _)| *name);
        ours.chain(EMAIL_NAMES).chain(OWNER_NAMES).chain(OTHERS).collect()
    });
    WORDS.contains(word)
}

/// Whether a cell may name a column: of ours by any of its names, or another one that lists have.
pub(super) fn is_column_name(cell: &str) -> bool {
    cell.len() <= LONGEST_NAME && (role_of(cell) != Role::Attribute || is_column_word(&fold(cell)))
}

/// Whether it names a column of ours by a word that is no name, as 会社名 is, and 担当者 is not: that stands in rows too.
pub(super) fn says_what_it_is(cell: &str) -> bool {
    cell.len() <= LONGEST_NAME && SAYING.contains(&fold(cell).as_str())
}

/// Longest name of a column that is compared with known names, in bytes.
pub(super) const LONGEST_NAME: usize = 60;

/// Known names, folded.
const SYNONYMS: [(&str, Role); 42] = [
    ("取引先会社名", Role::Company),
    ("会社名", Role::Company),
    ("会社", Role::Company),
    ("企業名", Role::Company),
    ("法人名", Role::Company),
    ("company", Role::Company),
    ("companyname", Role::Company),
    ("取引先担当者名", Role::Person),
    ("担当者名", Role::Person),
    ("担当者", Role::Person),
    ("氏名", Role::Person),
    ("名前", Role::Person),
    ("お名前", Role::Person),
    ("person", Role::Person),
    ("name", Role::Person),
    ("電話番号", Role::Phone),
    ("電話", Role::Phone),
    ("tel", Role::Phone),
    ("phone", Role::Phone),
    ("phonenumber", Role::Phone),
    ("telephone", Role::Phone),
    (FURTHER, Role::Labelled),
    (EXCLUDED, Role::Excluded),
    ("発信担当者id", Role::Assigned),
    ("カテゴリー", Role::Category),
    ("カテゴリ", Role::Category),
    ("category", Role::Category),
    ("categories", Role::Category),
    ("最終結果", Role::Ours),
    ("最終通話日時", Role::Ours),
    ("回数", Role::Ours),
    ("メモ", Role::Ours),
    ("エラー行", Role::Ours),
    ("エラー列", Role::Ours),
    ("エラーコード", Role::Ours),
    ("エラー内容", Role::Ours),
    ("エラー対処", Role::Ours),
    ("refusedline", Role::Ours),
    ("refusedcolumn", Role::Ours),
    ("refusedcode", Role::Ours),
    ("refusedbecause", Role::Ours),
    ("refusedadvice", Role::Ours),
];
/// Names of the column of mail addresses, folded; the first is how our own export calls it.
const EMAIL_NAMES: [&str; 5] = [EMAIL, "メール", "email", "mail", "emailaddress"];
/// The same of the column of owners. A CRM's 所有者 or owner is a name, not a login.
const OWNER_NAMES: [&str; 2] = ["所有者id", "ownerlogin"];
/// Names that people give to a column that is to take leads out, folded; only [`EXCLUDED`] does.
const EXCLUDING_WORDS: [&str; 12] = [
    "対象外",
    "発信対象",
    "架電対象",
    "架電対象外",
    "発信禁止",
    "架電禁止",
    "発信不可",
    "架電不可",
    "発信可否",
    "架電可否",
    "除外",
    "excluded",
];
const PHONE_WORDS: [&str; 5] = ["電話", "携帯", "tel", "phone", "mobile"];
/// Names of columns that lists have besides, folded. None is a name of anybody.
const OTHERS: [&str; 47] = [
    "住所",
    "所在地",
    "郵便番号",
    "都道府県",
    "市区町村",
    "番地",
    "建物名",
    "備考",
    "備考欄",
    "部署",
    "部署名",
    "役職",
    "代表者",
    "代表者名",
    "業種",
    "業界",
    "従業員数",
    "資本金",
    "売上高",
    "設立",
    "ふりがな",
    "フリガナ",
    "会社名カナ",
    "氏名カナ",
    "姓",
    "名",
    "性別",
    "年齢",
    "生年月日",
    "顧客番号",
    "顧客名",
    "顧客id",
    "管理番号",
    "携帯",
    "携帯電話",
    "携帯番号",
    "携帯電話番号",
    "fax",
    "fax番号",
    "ファックス",
    "url",
    "ホームページ",
    "ステータス",
    "登録日",
    "更新日",
    "address",
    "id",
];
/// Of the known names those that nobody and no company has, folded.
const SAYING: [&str; 13] = [
    "取引先会社名",
    "会社名",
    "企業名",
    "法人名",
    "companyname",
    "取引先担当者名",
    "担当者名",
    "氏名",
    "お名前",
    "電話番号",
    "phonenumber",
    "カテゴリー",
    "最終結果",
];
