//! What is wrong with a file that is imported.

use std::collections::BTreeMap;
use std::path::Path;

use protocol::ErrorCode;
use protocol::result::ImportIssue;
use store::phone::Special;

use crate::cli::files::{CELL, SHOWN};
use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, shorten};

/// What an import found, and the files that have all of it, where they were asked for.
pub(crate) struct Findings<'a> {
    pub(crate) errors: &'a [ImportIssue],
    pub(crate) warnings: &'a [ImportIssue],
    pub(crate) counts: &'a BTreeMap<String, u64>,
    /// Where the refused rows are.
    pub(crate) refused: Option<&'a Path>,
    /// Where the doubts are.
    pub(crate) doubts: Option<&'a Path>,
}

/// Mistakes, then doubts: the first of each, how many there are of each code, and where all of them are.
pub(crate) fn issues(found: &Findings<'_>, out: Out) -> Result<(), Closed> {
    for (issues, sign, option, file) in [
        (found.errors, 'E', "--report", found.refused),
        (found.warnings, 'W', "--report-warnings", found.doubts),
    ] {
        if issues.is_empty() {
            continue;
        }
        let lines = lines(issues.iter().map(|issue| (None, issue)), out.columns(), out);
        lines.iter().try_for_each(|line| out.line(line))?;
        let counts: Vec<_> = found.counts.iter().filter(|(code, _)| code.starts_with(sign)).collect();
        for line in totals(issues.len(), &counts, (option, file), out) {
            out.line(&format!("  {line}"))?;
        }
    }
    Ok(())
}

/// The first of them; each with the part of the file that has it, where there are parts. Then what is to be done about each kind, once.
/// `columns`: of the terminal that shows them.
pub(crate) fn lines<'a>(
    issues: impl Iterator<Item = (Option<u32>, &'a ImportIssue)>,
    columns: Option<usize>,
    out: Out,
) -> Vec<String> {
    let cell = if columns.is_some_and(|columns| columns < ROOMY) { NARROW_CELL } else { CELL };
    let mut table = Table::new(&[
        out.text("行", "line"),
        out.text("列", "column"),
        out.text("値", "value"),
        out.text("コード", "code"),
        out.text("内容", "what"),
    ])
    .right(&[0])
    .whole()
    .within(columns);
    let mut hints: Vec<(String, &'static str)> = Vec::new();
    for (part, issue) in issues.take(SHOWN) {
        let known = issue.code.parse::<ErrorCode>().ok();
        let value = issue.value.as_deref().unwrap_or_default();
        let said =
            Special::told(&issue.code, value).map(|said| if out.is_japanese() { said.ja } else { said.en });
        let text = match said {
            Some(text) => text.into_owned(),
            None => known.map_or("", |code| code.text().in_lang(out.lang)).to_owned(),
        };
        let lines: Vec<_> = issue.lines.iter().map(u64::to_string).collect();
        let concerned = issue.contact.clone().unwrap_or_else(|| lines.join(", "));
        let text = if concerned.is_empty() { text } else { format!("{text} ({concerned})") };
        table.row([
            match (issue.line, part) {
                // Of the file as a whole.
                (0, None) => String::new(),
                (0, Some(part)) => format!("{part:03}"),
                (line, None) => line.to_string(),
                (line, Some(part)) => format!("{part:03}-{line}"),
            },
            shorten(issue.column.as_deref().unwrap_or_default(), cell),
            shorten(value, cell),
            issue.code.clone(),
            text,
        ]);
        let hint = known.map_or("", |code| code.hint().in_lang(out.lang));
        if !hint.is_empty() && hints.iter().all(|(code, _)| *code != issue.code) {
            hints.push((issue.code.clone(), hint));
        }
    }
    let mut lines = table.lines();
    if !hints.is_empty() {
        let head = [out.text("コード", "code"), out.text("対処", "to do")];
        let mut table = Table::new(&head).whole().within(columns);
        hints.into_iter().for_each(|(code, hint)| table.row([code, hint.to_owned()]));
        lines.extend(table.lines());
    }
    lines
}

/// How many there are of each code; and, where not all are shown, where they are: `option` writes them into a file, `file` has them.
fn totals(
    listed: usize,
    counts: &[(&String, &u64)],
    (option, file): (&str, Option<&Path>),
    out: Out,
) -> Vec<String> {
    let mut lines = Vec::new();
    if !counts.is_empty() {
        let each: Vec<String> = counts.iter().map(|(code, count)| format!("{code} {count}")).collect();
        lines.push(format!("{}: {}", out.text("合計", "in all"), each.join(", ")));
    }
    // Of these the result has the first hundred only.
    let taken = counts.iter().any(|(code, count)| TAKEN.contains(&code.as_str()) && **count > TOLD_TAKEN);
    if listed <= SHOWN && !taken {
        return lines;
    }
    let ja = out.text("ja", "") == "ja";
    lines.push(match file {
        Some(file) if ja => format!("全件は {} に書き出しました", file.display()),
        Some(file) => format!("all of them are in {}", file.display()),
        None if listed < LISTED && !taken && ja => format!("全件は --json か {option} FILE で"),
        None if listed < LISTED && !taken => format!("--json and {option} FILE have all of them"),
        None if ja => format!("全件は {option} FILE で(--json は先頭の{listed}件)"),
        None => format!("{option} FILE has all of them (--json the first {listed})"),
    });
    lines
}

/// A terminal with so many columns has room for cells of [`CELL`].
const ROOMY: usize = 120;
/// Columns of a cell in one that has not.
const NARROW_CELL: usize = 14;
/// A result lists no more of mistakes, nor of doubts.
const LISTED: usize = 1_000;
/// What only the database knows of a row.
const TAKEN: [&str; 3] = ["W-PHONE-TAKEN", "W-EXCLUDED", "W-BIN"];
/// So many of these are in a result.
const TOLD_TAKEN: u64 = 100;

#[cfg(test)]
mod tests {
    use protocol::Lang;

    use super::*;
    use crate::cli::table::width;

    /// E40: place, value, code and what to do are told within the columns that a terminal has, and whole where there is none.
    #[test]
    fn mistakes_fit_the_terminal() {
        let issue = |line: u64, code: &str| -> ImportIssue {
            serde_json::from_value(
                serde_json::json!({ "line": line, "column": "取引先の代表電話番号", "code": code, "lines": [],
                "value": "ゼロサンの一二三四の五六七八(代表)" }),
            )
            .unwrap()
        };
        let found: Vec<_> = ["E-PHONE-INVALID", "E-CSV-DUP-PHONE", "E-PHONE-INVALID", "E-REQ-NAME"]
            .into_iter()
            .zip(12_345..)
            .map(|(code, line)| issue(line, code))
            .collect();
        for lang in [Lang::Ja, Lang::En] {
            let told =
                |columns| lines(found.iter().map(|issue| (None, issue)), columns, Out { json: false, lang });
            for columns in [80, 100, 132] {
                let lines = told(Some(columns));
                assert!(lines.iter().all(|line| width(line) <= columns), "{columns}: {lines:#?}");
            }
            let whole = told(None);
            assert!(whole.iter().any(|line| line.contains("ゼロサンの一二三四の五六七")), "{whole:#?}");
            let code: ErrorCode = "E-PHONE-INVALID".parse().unwrap();
            let hint = code.hint().in_lang(lang);
            assert_eq!(whole.iter().filter(|line| line.ends_with(hint)).count(), 1, "{whole:#?}");
        }
    }

    /// S1.14, S1.18, E40: nothing is said to be where it is not.
    #[test]
    fn all_that_was_found_is_where_it_is_said_to_be() {
        let say = |listed, counts: &[(&str, u64)], file: Option<&str>, lang| {
            let counts: BTreeMap<String, u64> =
                counts.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
            let counts: Vec<_> = counts.iter().collect();
            totals(listed, &counts, ("--report", file.map(Path::new)), Out { json: false, lang })
        };
        for lang in [Lang::Ja, Lang::En] {
            let few = say(2, &[("E-PHONE-INVALID", 2)], None, lang);
            assert!(few.len() == 1 && few[0].ends_with(": E-PHONE-INVALID 2"), "{few:?}");
            let listed = say(40, &[("E-PHONE-INVALID", 40)], None, lang);
            assert!(listed[1].contains("--json") && listed[1].contains("--report FILE"), "{listed:?}");
            let many = say(1_000, &[("E-PHONE-INVALID", 7_000), ("E-REQ-NAME", 3)], None, lang);
            assert!(many[0].ends_with(": E-PHONE-INVALID 7000, E-REQ-NAME 3"), "{many:?}");
            assert!(many[1].contains("1000") && many[1].contains("--report FILE"), "{many:?}");
            let written = say(1_000, &[("E-PHONE-INVALID", 7_000)], Some("bad.csv"), lang);
            assert!(written[1].contains("bad.csv") && !written[1].contains("--"), "{written:?}");
            let taken = say(100, &[(TAKEN[0], 3_000)], Some("doubts.csv"), lang);
            assert!(taken.len() == 2 && taken[1].contains("doubts.csv"), "{taken:?}");
            let taken = say(100, &[(TAKEN[0], 3_000)], None, lang);
            assert!(taken.len() == 2 && taken[1].contains("--json") && taken[1].contains("100"), "{taken:?}");
            assert_eq!(say(3, &[(TAKEN[0], 3)], None, lang).len(), 1);
        }
    }
}
