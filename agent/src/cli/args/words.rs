//! The closed vocabularies of the command line: a wrong word is told with those that may stand there. A test asks the
//! readers behind them for each.

use clap::builder::{NonEmptyStringValueParser, PossibleValue, PossibleValuesParser};
use store::SortColumn;

/// Encodings of a file that is imported; other names of theirs are understood.
pub(super) fn encodings() -> PossibleValuesParser {
    PossibleValuesParser::new([
        PossibleValue::new("auto"),
        PossibleValue::new("utf-8").alias("utf8"),
        PossibleValue::new("utf-8-bom"),
        PossibleValue::new("cp932").aliases(["sjis", "shift_jis", "shift-jis", "windows-31j", "ms932"]),
        PossibleValue::new("utf-16le").aliases(["utf-16", "utf16"]),
        PossibleValue::new("utf-16be"),
        PossibleValue::new("euc-jp").alias("eucjp"),
        PossibleValue::new("iso-2022-jp").alias("jis"),
    ])
}

/// Encodings of a file that is written.
pub(super) fn written() -> PossibleValuesParser {
    PossibleValuesParser::new([
        PossibleValue::new("utf-8-bom").alias("utf8-bom"),
        PossibleValue::new("utf-8").alias("utf8"),
        PossibleValue::new("cp932").aliases(["sjis", "shift_jis", "windows-31j"]),
    ])
}

/// Names of the profiles: the daemon knows those of the site too.
pub(super) fn profiles() -> NonEmptyStringValueParser {
    NonEmptyStringValueParser::new()
}

/// What figures are told by: `user` is what the protocol calls operators.
pub(super) fn tallied() -> PossibleValuesParser {
    let operator = PossibleValue::new("operator").alias("user");
    PossibleValuesParser::new(
        [operator].into_iter().chain(["list", "project", "hour", "day"].map(PossibleValue::new)),
    )
}

/// Columns of the list view.
pub(super) fn sorts() -> PossibleValuesParser {
    PossibleValuesParser::new(SortColumn::ALL.map(SortColumn::as_str))
}

pub(super) const DELIMITERS: [&str; 4] = ["auto", "comma", "tab", "semicolon"];
pub(super) const HEADERS: [&str; 3] = ["auto", "none", "required"];
pub(super) const DUP_IN_FILE: [&str; 4] = ["error", "first", "last", "merge"];
pub(super) const DUP_EXISTING: [&str; 2] = ["update", "skip"];
pub(super) const ORDERS: [&str; 4] = ["position", "random", "newest", "category"];
pub(super) const KINDS: [&str; 4] = ["out", "out_missed", "in", "in_missed"];
pub(super) const MANUAL: [&str; 3] = ["exclude", "include", "only"];
pub(super) const LEAD_NEXT: [&str; 4] = ["retry", "never", "task", "done"];

#[cfg(test)]
mod tests {
    use clap::builder::TypedValueParser;
    use store::export::ExportEncoding;
    use store::import::{Delimiter, DupExisting, DupPolicy, Encoding, HeaderMode};
    use store::{CallKind, DialOrder, LeadNext};

    use super::*;

    fn read<T: std::str::FromStr>(words: &[&str]) -> bool {
        words.iter().all(|word| word.parse::<T>().is_ok())
    }

    #[test]
    fn every_word_is_one_of_its_reader() {
        assert!(read::<Delimiter>(&DELIMITERS) && read::<HeaderMode>(&HEADERS));
        assert!(read::<DupPolicy>(&DUP_IN_FILE) && read::<DupExisting>(&DUP_EXISTING));
        assert!(read::<DialOrder>(&ORDERS) && read::<CallKind>(&KINDS) && read::<LeadNext>(&LEAD_NEXT));
        let names = |parser: PossibleValuesParser| -> Vec<String> {
            let values = parser.possible_values().unwrap();
            values
                .flat_map(|value| value.get_name_and_aliases().map(str::to_owned).collect::<Vec<_>>())
                .collect()
        };
        for word in names(encodings()) {
            assert!(word == "auto" || word.parse::<Encoding>().is_ok(), "{word}");
        }
        for word in names(written()) {
            assert!(word.parse::<ExportEncoding>().is_ok(), "{word}");
        }
        assert_eq!(names(sorts()).len(), 11);
    }
}
