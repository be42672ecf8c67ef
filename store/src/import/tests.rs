use std::io::Write as _;

use crate::code::{Code, Lang};
use crate::export::{ExportEncoding, ExportOptions, ExportReport, ExportRow, ListColumns, ListWriter};

use super::*;

mod found;
mod identity;
mod origin;
mod round_trip;

fn read(
    bytes: impl Into<Vec<u8>>,
    options: ImportOptions,
) -> Result<(Vec<ImportRow>, ImportReport), ImportError> {
    let mut reader = ImportReader::open(ImportSource::Bytes(bytes.into()), options)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(row);
    }
    Ok((rows, reader.finish()?))
}

fn read_all(bytes: impl Into<Vec<u8>>) -> (Vec<ImportRow>, ImportReport) {
    read(bytes, ImportOptions::default()).unwrap()
}

fn codes(report: &ImportReport) -> Vec<(u64, &'static str)> {
    report.problems.iter().map(|problem| (problem.line, problem.code.as_str())).collect()
}

fn cp932(text: &str) -> Vec<u8> {
    let (bytes, _, failed) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!failed, "not CP932: {text}");
    bytes.into_owned()
}

/// The sample of the product whose lists people bring along.
const SEED: &str = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n\
    MiiTel 株式会社,長田 翔,0300000000,イベントからのリード|製品A\n\
    山田スポーツ株式会社,山田圭,08000000000,イベントからのリード|製品A\n\
    豊島造船株式会社,豊島 章,0622222222,イベントからのリード|製品B\n\
    加藤整形外科,加藤さおり,05233333333,イベントからのリード|製品A\n\
    片口テクノロジー株式会社,片口 剛,05000000000,イベントからのリード|製品C\n\
    ,山川緑,0311111111,イベントからのリード|製品C\n\
    Acme Inc.,,0322222222,イベントからのリード|製品A\n";

/// S1.42, S1.16, S0.25.
#[test]
fn the_seed_sample_imports_with_warnings() {
    let (rows, report) = read_all(SEED);
    assert_eq!((report.rows, report.accepted, report.refused), (7, 7, 0));
    assert!(report.header && report.may_apply(false));
    let warnings = [
        (2, "W-PHONE-UNASSIGNED"),
        (3, "W-PHONE-FREEPHONE"),
        (5, "W-PHONE-UNASSIGNED"),
        (6, "W-PHONE-UNASSIGNED"),
    ];
    assert_eq!(codes(&report), warnings);
    assert_eq!(rows[0].categories, ["イベントからのリード", "製品A"]);
    assert_eq!((rows[5].company.as_deref(), rows[5].person.as_deref()), (None, Some("山川緑")));
    assert_eq!((rows[6].company.as_deref(), rows[6].person.as_deref()), (Some("Acme Inc."), None));
}

/// S0.2, S0.12, S0.15, S1.8.
#[test]
fn what_each_spreadsheet_writes_is_the_same_list() {
    let crlf = SEED.replace('\n', "\r\n");
    let tabs = crlf.replace(',', "\t");
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(tabs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let (expected, _) = read_all(SEED);
    for (name, bytes, encoding, delimiter) in [
        ("Excel CSV", cp932(&crlf), Encoding::Cp932, Delimiter::Comma),
        ("Excel CSV UTF-8", format!("\u{FEFF}{crlf}").into_bytes(), Encoding::Utf8, Delimiter::Comma),
        ("Excel Unicode テキスト", utf16, Encoding::Utf16Le, Delimiter::Tab),
        ("old Mac Excel", cp932(&SEED.replace('\n', "\r")), Encoding::Cp932, Delimiter::Comma),
        ("LibreOffice", SEED.as_bytes().to_vec(), Encoding::Utf8, Delimiter::Comma),
        ("semicolons", cp932(&crlf.replace(',', ";")), Encoding::Cp932, Delimiter::Semicolon),
        ("no last line end", cp932(crlf.trim_end()), Encoding::Cp932, Delimiter::Comma),
        (
            "trailing blanks",
            cp932(&format!("{crlf},,,\r\n\r\n ,,\r\n,,,,,\r\n")),
            Encoding::Cp932,
            Delimiter::Comma,
        ),
    ] {
        let (rows, report) = read_all(bytes);
        assert_eq!((report.encoding, report.delimiter), (encoding, delimiter), "{name}");
        assert_eq!(rows, expected, "{name}");
    }
}

/// S0.14.
#[test]
fn bytes_of_excel_are_read_exactly() {
    // "ソ表能,ﾔﾏﾀﾞ,<phone>" where 0x5C is the second byte of the three kanji.
    let mut bytes =
        b"\x89\xEF\x8E\xD0\x96\xBC,\x8E\x81\x96\xBC,\x93\x64\x98\x62\x94\xD4\x8D\x86\r\n".to_vec();
    bytes.extend(b"\x83\x5C\x95\x5C\x94\x5C\x87\x8A\xFB\xFC\xFA\xB1,\xD4\xCF\xC0\xDE,312345678\r\n");
    // NEC-selected form (ED/EE rows) of 﨑: the same text.
    bytes.extend(b"\xED\x95,,9012345678\r\n");
    let (rows, report) = read_all(bytes);
    assert_eq!(rows[0].company.as_deref(), Some("ソ表能㈱髙﨑"));
    assert_eq!(rows[0].person.as_deref(), Some("ﾔﾏﾀﾞ"));
    assert_eq!(rows[1].company.as_deref(), Some("﨑"));
    assert_eq!(rows[0].phone.expose(), "+81312345678");
    assert_eq!(codes(&report), [(2, "W-ZERO-RESTORED"), (3, "W-ZERO-RESTORED")]);
}

/// S0.21, C13: quoted cells are read whatever the product; rules of one that takes none warn, once for a file.
#[test]
fn quoted_cells_are_read_and_a_product_without_them_warns() {
    let text = "取引先会社名,取引先担当者名,電話番号\n\"A,\"\"社\"\"\",佐藤,0312345678\n\"B社\",,0612345678\nC社,,0522345678\n";
    let of = |name: &str| ImportOptions::for_lists(Profile::named(name).unwrap());
    for name in ["open", "calltree", "miitel"] {
        let (rows, report) = read(text, of(name)).unwrap();
        assert_eq!(rows[0].company.as_deref(), Some("A,\"社\""), "{name}");
        let warned = name == "miitel";
        assert_eq!(codes(&report), if warned { vec![(2, "W-CSV-QUOTE")] } else { vec![] }, "{name}");
        assert_eq!(report.counts.get(&Code::CsvQuoteStray), warned.then_some(&2), "{name}");
        assert!(report.may_apply(false), "{name}");
    }
}

/// S1.8, S4.39.
#[test]
fn columns_may_stand_in_any_order_and_more_are_kept_as_text() {
    let (rows, report) =
        read_all("TEL,住所,氏名,電話番号2,会社名\n03-1234-5678,東京都,山田,06-1234-5678,山田商店\n");
    assert_eq!(rows[0].company.as_deref(), Some("山田商店"));
    assert_eq!(rows[0].person.as_deref(), Some("山田"));
    let attributes: Vec<_> = rows[0].attributes.iter().map(|(name, text)| (&**name, text.as_str())).collect();
    assert_eq!(attributes, [("住所", "東京都"), ("電話番号2", "06-1234-5678")]);
    assert_eq!(codes(&report), [(1, "W-COL-IGNORED")]);
}

/// S0.16, S0.17, S0.19, S1.21, C1.
#[test]
fn without_a_header_the_columns_are_positional_and_rows_may_be_ragged() {
    let (rows, report) = read_all("山田商店,山田,0312345678\n海商店,,0612345678,製品A｜製品B| 製品A ,余り\n");
    assert!(!report.header);
    assert_eq!(rows[0].categories, Vec::<String>::new());
    assert_eq!(rows[1].categories, ["製品A", "製品B"]);
    assert_eq!(&*rows[1].attributes[0].0, "列5");
    assert_eq!(rows[1].line, 2);
}

/// S0.19, S4.40: a number that stands where categories do is told, where nobody said that it is one.
#[test]
fn a_number_among_categories_is_none() {
    let text = "A社,佐藤,0312345678,既存|09012345678\nB社,鈴木,0612345678,新規|2026|東京03\n";
    let (rows, report) = read_all(text);
    assert_eq!((rows[0].categories.len(), rows[1].categories.len()), (1, 3));
    assert_eq!(codes(&report), [(1, "W-COL-IGNORED")]);
    let none = ImportOptions { header: HeaderMode::None, ..ImportOptions::default() };
    let (rows, report) = read(text, none).unwrap();
    assert_eq!((rows[0].categories.len(), codes(&report).len()), (2, 0));
    let (rows, _) = read_all("会社名,電話番号,カテゴリー\nA社,0312345678,09012345678\n");
    assert_eq!(rows[0].categories, ["09012345678"], "the column says what it is");
}

#[test]
fn problems_name_the_physical_line_column_value_and_code() {
    let text = "会社名,氏名,電話番号,カテゴリー\r\n\
        \"二行に\r\nわたる社名\",山田,0312345678,\r\n\
        ,,0612345678,\r\n\
        A社,,,\r\n\
        B社,,abc,\r\n\
        C社,,9.01E+09,\r\n\
        D社,,0-110,\r\n\
        E社\u{FFFD},,0522345678,\r\n\
        F社,,0570-012-345,\r\n";
    let (rows, report) = read_all(text);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].company.as_deref(), Some("二行に\r\nわたる社名"));
    assert_eq!(rows[0].line, 2);
    let expected = [
        (4, "E-REQ-NAME"),
        (5, "E-REQ-PHONE"),
        (6, "E-PHONE-INVALID"),
        (7, "E-PHONE-EXCEL"),
        (8, "E-PHONE-FORBIDDEN"),
        (9, "E-CSV-CHAR"),
        (10, "E-PHONE-FORBIDDEN"),
    ];
    assert_eq!(codes(&report), expected);
    let invalid = &report.problems[2];
    assert_eq!((invalid.column.as_deref(), invalid.value.as_str()), (Some("電話番号"), "abc"));
    assert_eq!((report.accepted, report.refused, report.errors()), (1, 7, 7));
    assert!(!report.may_apply(false) && report.may_apply(true));
}

#[test]
fn debug_of_a_problem_shows_no_number() {
    let (_, report) = read_all("会社名,電話番号\nA,03-1234-567\n");
    assert_eq!(format!("{:?}", report.problems[0]), "-:2 E-PHONE-INVALID (電話番号)");
}

/// S1.18, C3.
#[test]
fn duplicates_follow_the_policy() {
    let text = "会社名,電話番号\nA,03-1234-5678\nB,06-1234-5678\nC,０３１２３４５６７８\nD,+81312345678\n";
    let with = |dup_in_file| read(text, ImportOptions { dup_in_file, ..ImportOptions::default() }).unwrap();
    let names = |rows: &[ImportRow]| rows.iter().map(|row| row.company.clone().unwrap()).collect::<Vec<_>>();

    let (rows, report) = with(DupPolicy::Error);
    assert_eq!((names(&rows), report.refused), (vec!["A".to_owned(), "B".to_owned()], 2));
    assert_eq!(codes(&report), [(4, "E-CSV-DUP-PHONE")]);
    assert_eq!(report.problems[0].lines, [2, 4, 5]);
    assert_eq!(report.counts[&Code::CsvDupPhone], 2);

    let (rows, report) = with(DupPolicy::First);
    assert_eq!(
        (names(&rows), report.refused, report.duplicates),
        (vec!["A".to_owned(), "B".to_owned()], 0, 2)
    );

    let (rows, report) = with(DupPolicy::Last);
    let replaced: Vec<_> = rows.iter().map(|row| row.replaces).collect();
    assert_eq!(replaced, [None, None, Some(2), Some(4)]);
    assert_eq!((report.accepted, report.duplicates, report.refused), (2, 2, 0));
}

/// S0.8, S0.22, S1.12, S1.22, S1.23, S4.26, S4.30, C4.
#[test]
fn limits_are_settings() {
    let fatal = |text: &str, options| read(text, options).unwrap_err();
    let rows = "A,,0312345678\nB,,0612345678\n";
    let error = fatal(rows, ImportOptions { max_rows: 1, ..ImportOptions::default() });
    assert_eq!((error.code, error.line), (Code::CsvTooManyRows, Some(2)));
    assert_eq!(
        fatal(rows, ImportOptions { max_bytes: 10, ..ImportOptions::default() }).code,
        Code::CsvTooLarge
    );
    assert_eq!(fatal("", ImportOptions::default()).code, Code::CsvEmpty);
    assert_eq!(
        fatal(rows, ImportOptions::for_lists(Profile::named("miitel").unwrap())).code,
        Code::CsvHeader
    );
    let error = fatal("A,,0312345678\nB,\"x,0612345678\n", ImportOptions::default());
    assert_eq!((error.code, error.line), (Code::CsvQuote, Some(2)));
    assert_eq!(error.to_string(), "-, line 2: A quotation mark is never closed.");

    let many = |count| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join("|");
    let text = format!("A,,0312345678,{}\nB,,0612345678,{}\n", many(100), many(101));
    let (kept, report) = read_all(text);
    assert_eq!((kept[0].categories.len(), codes(&report)), (100, vec![(2, "E-CAT-LIMIT")]));
    for (letters, expected) in [(30, &[][..]), (31, &[(1, "W-LONG")])] {
        for line in ["{},,0312345678\n", ",{},0312345678\n", "A,,0312345678,{}\n"] {
            let line = line.replace("{}", &"あ".repeat(letters));
            assert_eq!(codes(&read_all(line.clone()).1), expected, "{line}");
        }
    }
}

/// S0.4, S1.20, S3.6, C2.
#[test]
fn required_names_are_a_profile() {
    let text = "A,,0312345678\n,B,0612345678\n,,0522345678\n";
    let with =
        |required| codes(&read(text, ImportOptions { required, ..ImportOptions::default() }).unwrap().1);
    assert_eq!(with(RequiredNames::Either), [(3, "E-REQ-NAME")]);
    assert_eq!(with(RequiredNames::None), []);
    let both = [(1, "E-REQ-PERSON"), (2, "E-REQ-COMPANY"), (3, "E-REQ-COMPANY"), (3, "E-REQ-PERSON")];
    assert_eq!(with(RequiredNames::Both), both);
}

/// S0.13.
#[test]
fn an_undetectable_encoding_names_candidates_and_a_named_one_blames_the_cell() {
    let mut bytes = "会社名,電話番号\nA".as_bytes().to_vec();
    let at = bytes.len() as u64;
    bytes.extend(b"\xFF,0312345678\nB,0612345678\n");
    let error = read(bytes.clone(), ImportOptions::default()).unwrap_err();
    assert_eq!(error.code, Code::CsvEncoding);
    assert_eq!(error.candidates[0].first_bad_byte, Some(at));
    assert_eq!(error.byte, Some(at));
    let named = ImportOptions { encoding: Some(Encoding::Utf8), ..ImportOptions::default() };
    let (rows, report) = read(bytes, named).unwrap();
    assert_eq!((rows.len(), codes(&report)), (1, vec![(2, "E-CSV-CHAR")]));
    assert_eq!(report.problems[0].column.as_deref(), Some("会社名"));
}

#[test]
fn refused_rows_come_back_as_a_file_that_imports_after_correction() {
    let folder = tempfile::tempdir().unwrap();
    let (list, errors) = (folder.path().join("list.csv"), folder.path().join("errors.csv"));
    let text =
        "会社名,住所,電話番号\r\nA,東京,0312345678\r\n\"B,\"\"社\"\"\",大阪,061234\r\nC,,0312345678\r\n";
    std::fs::File::create(&list).unwrap().write_all(&cp932(text)).unwrap();
    let options =
        ImportOptions { error_csv: Some(errors.clone()), partial: true, ..ImportOptions::default() };
    let mut reader = ImportReader::open(ImportSource::Path(list), options).unwrap();
    let mut kept = 0;
    while reader.next_row().unwrap().is_some() {
        kept += 1;
    }
    assert_eq!(reader.progress().bytes, reader.progress().bytes_total);
    let report = reader.finish().unwrap();
    assert_eq!((kept, report.refused, &*report.file), (1, 2, "list.csv"));
    let written = std::fs::read_to_string(&errors).unwrap();
    let expected = "\u{FEFF}会社名,住所,電話番号,エラー行,エラー列,エラーコード,エラー内容,エラー対処\r\n\
        \"B,\"\"社\"\"\",大阪,061234,3,電話番号,E-PHONE-INVALID,電話番号として認識できません,0から始まる10桁か11桁の番号にしてください\r\n\
        C,,0312345678,4,電話番号,E-CSV-DUP-PHONE,\"電話番号が重複しています (2, 4)\",重複する行を削除するか、--dup-in-file first か last を指定してください\r\n";
    assert_eq!(written, expected);
    let (rows, report) = read_all(written.replace("061234,", "06-1234-5678,"));
    assert_eq!((rows.len(), report.refused), (2, 0));
    assert_eq!(rows[0].company.as_deref(), Some("B,\"社\""));
    assert_eq!(rows[0].attributes.len(), 1);
}

#[test]
fn a_missing_file_is_a_read_error_with_its_cause() {
    let error =
        ImportReader::open(ImportSource::Path("/nonexistent/list.csv".into()), ImportOptions::default());
    let Err(error) = error else { panic!("opened") };
    assert_eq!(error.code, Code::CsvRead);
    assert!(error.source.is_some());
}

/// S1.14.
#[test]
fn a_preview_shows_the_first_rows_and_counts_all() {
    let text: String = (0..50).map(|n| format!("会社{n},,03123456{n:02}\n")).collect();
    let preview = preview(ImportSource::Bytes(text.into_bytes()), ImportOptions::default()).unwrap();
    assert_eq!((preview.rows.len(), preview.report.accepted), (PREVIEW_ROWS, 50));
}

#[test]
fn many_problems_are_counted_and_the_list_stays_short() {
    let text: String = (0..5_000).map(|n| format!("会社{n},,abc\n")).collect();
    let (_, report) = read_all(text);
    assert_eq!((report.refused, report.problems.len()), (5_000, ImportReport::MOST_PROBLEMS));
}

/// Section E: Excel took the zero off every number, and one row is wrong: it is named, however many doubts stand before it.
#[test]
fn doubts_do_not_hide_mistakes() {
    let mut text: String = (0..3_000).map(|n| format!("会社{n},,3123{n:05}\n")).collect();
    text.push_str("最後,,abc\n最初と同じ,,0312300000\n");
    let (_, report) = read_all(text);
    let errors: Vec<_> = report.problems.iter().filter(|problem| !problem.code.is_warning()).collect();
    let named: Vec<_> =
        errors.iter().map(|problem| (problem.line, problem.code, problem.lines.len())).collect();
    assert_eq!(named, [(3_001, Code::PhoneInvalid, 0), (3_002, Code::CsvDupPhone, 2)]);
    assert_eq!(report.problems.len(), ImportReport::MOST_PROBLEMS + 2);
    assert_eq!(report.counts[&Code::ZeroRestored], 3_000);
}

/// S0.2, S0.12, S0.15, S1.8: files as spreadsheets write them; where each is from stands beside them.
#[test]
fn files_of_every_spreadsheet_are_the_same_list() {
    let files: [(&str, &[u8]); 9] = [
        ("libreoffice-utf8", include_bytes!("../../tests/fixtures/csv/libreoffice-utf8.csv")),
        ("libreoffice-cp932", include_bytes!("../../tests/fixtures/csv/libreoffice-cp932.csv")),
        ("libreoffice-utf16", include_bytes!("../../tests/fixtures/csv/libreoffice-utf16.csv")),
        ("excel-windows-cp932", include_bytes!("../../tests/fixtures/csv/excel-windows-cp932.csv")),
        ("excel-windows-utf8", include_bytes!("../../tests/fixtures/csv/excel-windows-utf8.csv")),
        ("excel-windows-unicode", include_bytes!("../../tests/fixtures/csv/excel-windows-unicode.txt")),
        ("excel-mac-cr", include_bytes!("../../tests/fixtures/csv/excel-mac-cr.csv")),
        ("excel-mac-utf8", include_bytes!("../../tests/fixtures/csv/excel-mac-utf8.csv")),
        ("google-sheets", include_bytes!("../../tests/fixtures/csv/google-sheets.csv")),
    ];
    let row = |company: Option<&str>, person: Option<&str>, phone: &str, categories: &[&str], note: &str| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let categories: Vec<String> = categories.iter().map(|name| (*name).to_owned()).collect();
        (owned(company), owned(person), phone.to_owned(), categories, note.to_owned())
    };
    let expected = [
        row(
            Some("㈱髙﨑商店"),
            Some("山田 太郎"),
            "+81331234567",
            &["関東", "大口"],
            "①電話は午後,\n受付は2階",
        ),
        row(Some("ソ表能株式会社"), None, "+81631234567", &["関西"], "「\"至急\"」と伝える"),
        row(None, Some("鈴木 花子"), "+819012345678", &[], "ｶﾌﾞｼｷ～です"),
        row(Some("有限会社むさし"), Some("佐藤"), "+81120123456", &["既存", "関東"], "前後に空白"),
    ];
    for (name, bytes) in files {
        let (rows, report) = read_all(bytes.to_vec());
        assert_eq!((report.accepted, report.refused), (4, 0), "{name}: {:?}", report.problems);
        let found: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let note = row.attributes.iter().find(|(column, _)| &**column == "備考");
                let note = note.map(|(_, text)| text.clone()).unwrap_or_default();
                (row.company, row.person, row.phone.expose().to_owned(), row.categories, note)
            })
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Cells that stand beyond the named columns are of none that we know.
#[test]
fn a_row_that_is_wider_than_the_header_brings_no_category() {
    let (rows, _) = read_all("会社名,電話番号\nA,0312345678,余り,もっと\n");
    let attributes: Vec<_> = rows[0].attributes.iter().map(|(name, text)| (&**name, text.as_str())).collect();
    assert_eq!((rows[0].categories.len(), attributes), (0, vec![("列3", "余り"), ("列4", "もっと")]));
}

#[test]
fn an_extension_and_columns_of_no_contact_are_told() {
    let (_, report) = read_all("会社名,電話番号\nA,03-5555-1111 内線12\n");
    assert_eq!((report.accepted, codes(&report)), (1, vec![(2, "W-PHONE-EXT")]));
    let options = ImportOptions::for_contacts(Profile::named("open").unwrap());
    let (rows, report) = read("会社名,電話番号,住所,携帯\nA,0355551111,東京,09012345678\n", options).unwrap();
    assert_eq!(codes(&report), [(1, "W-COL-DROPPED"), (1, "W-COL-DROPPED")]);
    assert_eq!(report.problems[0].column.as_deref(), Some("住所"));
    assert!(rows[0].attributes.is_empty(), "a preview shows what is taken");
}

/// C1: a product without a line of names reads the file of refused rows and the export that we wrote, which have one.
#[test]
fn our_own_line_of_names_is_one_for_every_product() {
    let folder = tempfile::tempdir().unwrap();
    let errors = folder.path().join("errors.csv");
    let of = || ImportOptions::for_contacts(Profile::named("miitel").unwrap());
    let refused = ImportOptions { error_csv: Some(errors.clone()), partial: true, ..of() };
    let (_, report) = read("A社,佐藤,0312345678\nB社,鈴木,06123\n", refused).unwrap();
    assert_eq!(report.refused, 1);
    let corrected = std::fs::read_to_string(&errors).unwrap().replace("06123,", "0612345678,");
    let (rows, report) = read(corrected, of()).unwrap();
    assert_eq!((rows.len(), report.refused, rows[0].company.as_deref()), (1, 0, Some("B社")));
    let (rows, report) =
        read("取引先会社名,取引先担当者名,電話番号,カテゴリー\nA社,佐藤,0312345678,\n", of()).unwrap();
    assert_eq!((rows.len(), report.refused), (1, 0));
}

/// S0.15, S0.17: what Excel and people put above the line of names.
#[test]
fn a_named_delimiter_and_titles_stand_above_the_header() {
    for (text, delimiter, line) in [
        ("sep=;\r\n会社名;電話番号\r\nA,B;0312345678\r\n", Delimiter::Semicolon, 3),
        ("\"sep=,\"\r\n会社名,電話番号\r\n\"A,B\",0312345678\r\n", Delimiter::Comma, 3),
        ("sep=\t\n会社名\t電話番号\nA,B\t0312345678\n", Delimiter::Tab, 3),
        ("顧客一覧,,\n2026年11月,,\n\n会社名,電話番号,住所\n\"A,B\",0312345678,東京\n", Delimiter::Comma, 5),
        ("sep=;\n顧客一覧\n会社名;電話番号\nA,B;0312345678\n", Delimiter::Semicolon, 4),
    ] {
        let (rows, report) = read_all(text);
        assert_eq!((report.delimiter, report.header, report.refused), (delimiter, true, 0), "{text}");
        assert_eq!((rows.len(), rows[0].line, rows[0].company.as_deref()), (1, line, Some("A,B")), "{text}");
    }
    // Rows above such a line are rows.
    let (rows, report) = read_all("山田商店,,0312345678\n会社名,担当者名,電話番号\n");
    assert_eq!((rows.len(), report.header, report.refused), (1, false, 1));
}

/// S3.6: Zoho's own columns, in Japanese and English; the family name is the one that must be there.
#[test]
fn the_columns_of_zoho_are_known_to_its_profile() {
    let of = || ImportOptions::for_contacts(Profile::named("zoho").unwrap());
    for head in [
        "連絡先ID,姓,名,取引先名,電話番号,携帯電話,メール",
        "Record Id,Last Name,First Name,Account Name,Phone,Mobile,Email",
    ] {
        let text = format!(
            "{head}\n1,佐藤,花子,A社,0312345678,09012345678,sato@example.jp\n2,,太郎,,0612345678,,\n"
        );
        let (rows, report) = read(text, of()).unwrap();
        assert_eq!((rows.len(), report.counts[&Code::ReqPerson]), (1, 1), "{:?}", report.problems);
        assert_eq!((rows[0].person.as_deref(), rows[0].company.as_deref()), (Some("佐藤 花子"), Some("A社")));
        assert_eq!(rows[0].email.as_deref(), Some("sato@example.jp"));
        let further = &rows[0].extra_phones[0];
        assert_eq!(further.phone.expose(), "+819012345678");
        assert!(head.contains(further.label.as_deref().unwrap()));
    }
    // To others 姓 is a column like any.
    let (rows, _) = read_all("会社名,姓,電話番号\nA社,佐藤,0312345678\n");
    assert_eq!(rows[0].person, None);
}

/// S4.40, S1.8: what of a contact's row is not kept is told, also where nothing names the column, once for each.
#[test]
fn cells_that_a_contact_has_no_place_for_are_told() {
    let text = "A社,山田,0312345678,得意先,要注意,東京\nB社,佐藤,0612345678,,,\nC社,,0522345678,,,,追伸\n";
    for contacts in [true, false] {
        let (rows, report) = read(text, ImportOptions { contacts, ..ImportOptions::default() }).unwrap();
        let told: Vec<_> = report.problems.iter().map(|problem| problem.column.as_deref().unwrap()).collect();
        assert_eq!((rows.len(), report.problems.iter().all(|one| one.code == Code::ColDropped)), (3, true));
        assert_eq!(told, if contacts { &["列5", "列6", "列7"][..] } else { &[] });
    }
}

/// S0.13: a workbook is no text in any encoding, whatever its bytes happen to say.
#[test]
fn a_workbook_is_told_from_a_file_of_text() {
    for magic in [&b"PK\x03\x04\x14\0\x06\0xl/workbook.xml"[..], b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"] {
        let cp932 = ImportOptions { encoding: Some(Encoding::Cp932), ..ImportOptions::default() };
        for options in [ImportOptions::default(), cp932] {
            let error = read(magic.to_vec(), options).unwrap_err();
            assert_eq!((error.code, error.candidates.len()), (Code::CsvEncoding, 0));
            assert!(error.detail.ja.contains("CSV形式で保存") && error.detail.en.contains("workbook"));
        }
    }
    assert_eq!(read_all("PK商店,,0312345678\n").0.len(), 1);
}
