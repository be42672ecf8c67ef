//! Where what is wrong with a file is told, and written down.

use super::*;

/// S0.24, S1.18, E40, E41: every mistake of a refused row and every doubt is in the files, however many there are, in the language that
/// was asked for; the file of refused rows is read back whichever it is.
#[test]
fn all_that_was_found_is_written_down_in_the_language_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let rows: String = (0..1_500).map(|n| format!("会社{n},3123{n:05},\n,,東京\n")).collect();
    let text = format!("会社名,電話番号,住所\n{rows}同じ,0312300007,\n");
    for (lang, names, hint, dup, missing) in [
        (
            Lang::Ja,
            "エラー行,エラー列,エラーコード,エラー内容,エラー対処",
            "番号が正しいか確認してください",
            "電話番号が重複しています (16, 3002)",
            "会社名または担当者名のどちらかが必要です / 電話番号を入力してください",
        ),
        (
            Lang::En,
            "Refused line,Refused column,Refused code,Refused because,Refused advice",
            "Check that the number is right.",
            "The same phone number occurs more than once. (16, 3002)",
            "A company or a person is required. / The phone number is required.",
        ),
    ] {
        let options = || ImportOptions {
            error_csv: Some(path("refused.csv")),
            warning_csv: Some(path("doubts.csv")),
            lang,
            partial: true,
            ..ImportOptions::default()
        };
        let (_, report) = read(text.as_str(), options()).unwrap();
        assert_eq!((report.refused, report.accepted), (1_501, 1_500));
        let refused = std::fs::read_to_string(path("refused.csv")).unwrap();
        let lines: Vec<&str> = refused.lines().collect();
        assert_eq!((lines[0], lines.len()), (&*format!("\u{FEFF}会社名,電話番号,住所,{names}"), 1_502));
        let both = Code::ReqPhone.hint(lang);
        assert!(lines[1].starts_with(",,東京,3,会社名 / 電話番号,E-REQ-NAME / E-REQ-PHONE,"), "{}", lines[1]);
        assert!(lines[1].contains(missing) && lines[1].contains(both) && !both.is_empty(), "{}", lines[1]);
        assert!(lines[1_501].contains(dup), "{}", lines[1_501]);
        let doubts = std::fs::read_to_string(path("doubts.csv")).unwrap();
        let doubts: Vec<&str> = doubts.lines().collect();
        assert_eq!(doubts.len(), 1 + 1_500);
        assert_eq!(report.warnings(), 1_500);
        let last =
            format!("3000,電話番号,312301499,W-ZERO-RESTORED,{},{hint}", Code::ZeroRestored.text(lang));
        assert_eq!(doubts[1_500], last);
        // Corrected, it is read back, and refused rows of it are written anew in another language.
        let corrected = refused.replacen("\n,,", "\n新会社,0612345678,", 1);
        let corrected = corrected.lines().take(3).map(|line| format!("{line}\r\n"));
        let corrected: String = corrected.collect();
        let other = ImportOptions { lang: if lang == Lang::Ja { Lang::En } else { Lang::Ja }, ..options() };
        let (rows, report) = read(corrected, other).unwrap();
        assert_eq!((rows.len(), report.refused, rows[0].attributes.len()), (1, 1, 1));
        let again = std::fs::read_to_string(path("refused.csv")).unwrap();
        assert_eq!(again.lines().next().unwrap().split(',').count(), 8, "{again}");
        assert!(!again.contains(names), "{again}");
    }
}

/// S0.21, E33, E40: the cell that has the quotation marks is named, of a header too.
#[test]
fn a_quotation_mark_is_told_with_its_cell() {
    let miitel = || ImportOptions::for_lists(Profile::named("miitel").unwrap());
    let head = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n";
    for (text, options, line, column, value) in [
        ("会社名,電話番号\nA\"社,0312345678\n".to_owned(), ImportOptions::default(), 2, "会社名", "A\"社"),
        (format!("{head}A社,\"佐\"\"藤\",0312345678,\n"), miitel(), 2, "取引先担当者名", "\"佐\"\"藤\""),
        (
            format!("{}A社,,0312345678,\n", head.replace("電話番号", "\"電話番号\"")),
            miitel(),
            1,
            "電話番号",
            "\"電話番号\"",
        ),
    ] {
        let (rows, report) = read(text, options).unwrap();
        assert_eq!((rows.len(), report.counts[&Code::CsvQuoteStray]), (1, 1));
        let problem = &report.problems[0];
        assert_eq!((problem.line, problem.column.as_deref(), &*problem.value), (line, Some(column), value));
    }
}

/// E10, E11, E40: which column a header has twice, or lacks.
#[test]
fn a_wrong_header_names_its_column() {
    let map = |words: &str| ImportOptions { map: vec![words.parse().unwrap()], ..ImportOptions::default() };
    let calltree = ImportOptions::for_lists(Profile::named("calltree").unwrap());
    for (text, options, column) in [
        ("会社名,電話番号,会社名\nA社,0312345678,B社\n", ImportOptions::default(), "会社名"),
        ("会社名,代表\nA社,0312345678\n", ImportOptions::default(), "電話番号"),
        ("会社名,TEL\nA社,0312345678\n", calltree, "電話番号"),
        ("会社名,電話番号\nA社,0312345678\n", map("電話番号=携帯"), "携帯"),
    ] {
        let error = read(text, options).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(column), "{error}");
        assert_eq!(crate::Error::Import(Box::new(error)).facts()["column"], column);
    }
}
