use super::super::table::Table;
use super::super::{Encoding, encoding::TextStream};
use super::*;

fn record(line: &str) -> Record {
    let bytes = std::io::Cursor::new(line.as_bytes().to_vec());
    let stream = TextStream::new(Box::new(bytes), Encoding::Utf8).unwrap();
    let mut record = Record::default();
    assert!(Table::new(stream, String::new(), b',').read(&mut record).unwrap());
    record
}

fn mode(header: HeaderMode) -> ImportOptions {
    ImportOptions { header, ..ImportOptions::default() }
}

fn roles(line: &str) -> Option<Vec<Role>> {
    let (columns, header) = read(&record(line), &Below::default(), &mode(HeaderMode::Auto)).unwrap();
    header.then_some(columns.roles)
}

/// S1.8.
#[test]
fn synonyms_are_known_in_any_order_and_width() {
    let canonical = vec![Role::Company, Role::Person, Role::Phone, Role::Category];
    for line in [
        "取引先会社名,取引先担当者名,電話番号,カテゴリー",
        " 取引先会社名 ,取引先担当者名,電話番号 ,カテゴリ",
        "会社名,担当者名,ＴＥＬ,カテゴリー",
        "company,person,phone,category",
        "Company Name,Name,Phone Number,Categories",
    ] {
        assert_eq!(roles(line), Some(canonical.clone()), "{line}");
    }
    assert_eq!(roles("tel,氏名"), Some(vec![Role::Phone, Role::Person]));
    // Results are ours where all of them are: another product's sheet has some of these names too.
    let theirs = roles("電話番号,住所,最終結果,メモ,最終通話日時").unwrap();
    assert_eq!(theirs, [Role::Phone, Role::Attribute, Role::Attribute, Role::Attribute, Role::Attribute]);
    let ours = roles("電話番号,メモ,最終結果,最終通話日時,回数,メモ(kakeru)").unwrap();
    assert_eq!(ours, [Role::Phone, Role::Attribute, Role::Ours, Role::Ours, Role::Ours, Role::Ours]);
}

#[test]
fn a_row_with_a_number_is_data() {
    for line in
        ["会社名,担当者名,0312345678,電話番号", "山田商店,山田,0312345678", "株式会社電話,山田,0312345678"]
    {
        assert_eq!(roles(line), None, "{line}");
    }
    assert!(!read(&record("会社名,電話番号"), &Below::default(), &mode(HeaderMode::None)).unwrap().1);
}

fn auto(text: &str) -> Result<bool, BadHeader> {
    let below = Below::line(text, super::super::Delimiter::Comma, 0);
    read(&record(text), &below, &mode(HeaderMode::Auto)).map(|(_, header)| header)
}

/// S0.17: words that stand above columns only, or beside nothing but such, or above numbers.
#[test]
fn a_line_of_names_is_a_header_also_without_a_phone_column() {
    for (text, advice) in [
        ("会社名,住所\nA社,東京都\nB社,大阪府\n", None),
        ("会社名,本社\nA社,東京都\n", None),
        ("住所,備考\n東京都,大口\n", None),
        ("会社名,住所,代表\nA社,東京都,0312345678\nB社,大阪府,0612345678\n", Some("代表")),
        ("会社,本社,代表\nA社,東京都,0312345678\nB社,大阪府,0612345678\n", Some("代表")),
        ("店,本社,お電話\nA社,東京都,0312345678\nB社,大阪府,不明\nC社,大阪府,0612345678\n", Some("お電話")),
        ("氏名,携帯\n山田,\n佐藤,\n", Some("携帯")),
        ("会社名,,\nA社,東京都,0312345678\n", Some("#3")),
    ] {
        let missing = auto(text).unwrap_err();
        assert_eq!(missing.code, Code::CsvHeader, "{text}");
        let advised = missing.detail.en.split_once("--map 電話番号=").map(|(_, name)| name);
        assert_eq!(advised, advice, "{text}: {}", missing.detail.en);
        assert!(missing.detail.en.contains("missing: 電話番号"), "{}", missing.detail.en);
        assert_eq!(missing.detail.ja.contains("--map"), advice.is_some());
    }
}

/// S1.15, S0.17: a first line that names columns by words of its own is a header, and its numbers make no categories.
#[test]
fn a_line_of_unknown_names_is_no_row() {
    let rest = "\nA社,佐藤,0312345678,09012345678,2026/1/3\nB社,鈴木,0612345678,,2026/1/4\n";
    for line in [
        "お客様名,ご担当,連絡先１,連絡先２,最終接触日",
        "お客様,担当,本社,自宅,",
        "得意先,相手,代表1,代表2,日付",
        "お客様名,お客様名,連絡先１,連絡先２,最終接触日",
    ] {
        let text = format!("{line}{rest}");
        let missing = auto(&text).unwrap_err();
        let said = &missing.detail;
        assert_eq!(missing.code, Code::CsvHeader, "{line}");
        let third = line.split(',').nth(2).unwrap();
        assert!(said.en.contains("found: ") && said.en.contains("--header none"), "{said}");
        assert!(said.en.ends_with(&format!("--map 電話番号={third}")), "{said}");
        assert!(said.ja.contains("--header none") && said.ja.contains("--map 会社名=列名"), "{}", said.ja);
        // Said by hand, either way.
        let below = Below::line(&text, super::super::Delimiter::Comma, 0);
        let by_place =
            ImportOptions { map: vec!["電話番号=#3".parse().unwrap()], ..mode(HeaderMode::Auto) };
        if line.matches("お客様名").count() < 2 {
            assert!(read(&record(line), &below, &by_place).unwrap().1);
        }
        let (columns, header) = read(&record(line), &below, &mode(HeaderMode::None)).unwrap();
        assert_eq!((header, columns.roles[3]), (false, Role::Category));
    }
}

/// S0.17, S4.40: without a line of names numbers stand where they stand: a second one is no category, and one in another column is
/// told with what to do.
#[test]
fn numbers_without_a_header_make_no_categories() {
    let of = |text: &str| {
        let below = Below::line(text, super::super::Delimiter::Comma, 0);
        read(&record(text), &below, &mode(HeaderMode::Auto)).map(|(columns, _)| columns)
    };
    for text in [
        "A社,佐藤,0312345678,09012345678\nB社,鈴木,0612345678,09022345678\n",
        "A社,佐藤,0312345678,\nB社,鈴木,0612345678,\nC社,鈴木,0512345678,09022345678\n",
    ] {
        let columns = of(text).unwrap();
        assert_eq!(columns.roles, [Role::Company, Role::Person, Role::Phone, Role::Attribute]);
        assert_eq!(columns.ignored_phones, ["列4".into()]);
    }
    let columns =
        of("A社,佐藤,0312345678,既存\nB社,鈴木,0612345678,09022345678\nC社,,0512345678,新規\n").unwrap();
    assert_eq!((columns.roles[3], columns.ignored_phones.len()), (Role::Category, 0));
    let Err(elsewhere) = of("A社,0312345678,東京\nB社,0612345678,大阪\n") else { panic!("taken") };
    assert_eq!(elsewhere.code, Code::CsvHeader);
    assert!(elsewhere.detail.en.contains("--map 電話番号=#2"), "{}", elsewhere.detail);
    assert!(elsewhere.detail.ja.contains("--map 電話番号=#2"), "{}", elsewhere.detail.ja);
}

#[test]
fn a_row_without_a_number_is_a_row() {
    let rest = "\nB社,佐藤,0612345678\nC社,鈴木,0522345678\n";
    for line in [
        "山田商店,山田,",
        "山田商店,担当者,",
        "山田商店,担当者,なし",
        "山田商店,ご担当者様,不明",
        "山田商店,担当者,03-1234",
        "日本電話工業,山田,",
        "Hotel Okura,山田,",
        "Hotel Okura,,",
        "携帯ショップ,山田,-",
        "山田商店,山田,調査中",
    ] {
        assert!(!auto(&format!("{line}{rest}")).unwrap(), "{line}");
    }
    // Nor is a file without any number one of names.
    assert!(!auto("山田商店,山田\n佐藤商店,佐藤\n").unwrap());
}

/// S1.15, X1.
#[test]
fn wrong_headers_say_what_was_found() {
    let auto = mode(HeaderMode::Auto);
    let missing = read(&record("会社名,担当者名,携帯"), &Below::default(), &auto).unwrap_err();
    assert_eq!(missing.code, Code::CsvHeader);
    assert!(missing.detail.en.contains("found: 会社名,担当者名,携帯"), "{}", missing.detail.en);
    let required = mode(HeaderMode::Required);
    let row = read(&record("a,0312345678"), &Below::default(), &required).unwrap_err();
    assert_eq!(row.code, Code::CsvHeader);
    assert!(
        row.detail.en.ends_with("--header none") && !row.detail.en.contains("0312345678"),
        "{}",
        row.detail.en
    );
    for line in ["電話番号,電話番号", "会社名,取引先会社名,電話番号", "電話番号,住所,住所"]
    {
        assert_eq!(
            read(&record(line), &Below::default(), &auto).unwrap_err().code,
            Code::CsvHeaderDup,
            "{line}"
        );
    }
    let (columns, _) = read(&record("電話番号,電話番号2,携帯,,"), &Below::default(), &auto).unwrap();
    assert_eq!(columns.ignored_phones.len(), 2);
    assert_eq!(&*columns.names[3], "列4");
}

fn mapped(line: &str, map: &[&str]) -> Result<Columns, BadHeader> {
    let map = map.iter().map(|entry| entry.parse().unwrap()).collect();
    read(&record(line), &Below::default(), &ImportOptions { map, ..ImportOptions::default() })
        .map(|(columns, _)| columns)
}

/// S4.40: columns are named by hand, several phone columns too.
#[test]
fn columns_named_by_hand() {
    let line = "お客様,連絡先,携帯,TEL,備考";
    let columns = mapped(line, &["会社名=お客様", "電話番号=連絡先", "電話番号=携帯", "-=備考"]).unwrap();
    use Role::{Attribute, Company, ExtraPhone, Ours, Phone};
    assert_eq!(columns.roles, [Company, Phone, ExtraPhone, Attribute, Ours]);
    assert_eq!(&*columns.names[3], "TEL(列4)", "what was the phone column is text under a name of its own");
    assert!(columns.ignored_phones.is_empty());
    let columns = mapped("a,0312345678,b", &["電話番号=#2", "会社名=#3", "備考=#1"]).unwrap();
    assert_eq!(columns.roles[..3], [Attribute, Phone, Company]);
    assert_eq!(&*columns.names[0], "備考");
    assert_eq!(mapped(line, &["電話番号=無い列"]).unwrap_err().code, Code::CsvHeader);
    assert_eq!(mapped(line, &["会社名=お客様", "会社名=備考"]).unwrap_err().code, Code::CsvHeaderDup);
    // Of two columns of one name their places say which is meant.
    let twice = "会社名,電話番号,電話番号";
    for (map, roles) in [
        (&["電話番号=#2", "-=#3"][..], [Company, Phone, Ours]),
        (&["-=#2"], [Company, Ours, Phone]),
        (&["電話番号=#3"], [Company, Attribute, Phone]),
        (&["電話番号=#3", "電話番号=#2"], [Company, ExtraPhone, Phone]),
    ] {
        assert_eq!(mapped(twice, map).unwrap().roles, roles, "{map:?}");
    }
    let memos = mapped("電話番号,住所,住所", &["住所2=#3"]).unwrap();
    assert_eq!((&*memos.names[1], &*memos.names[2]), ("住所", "住所2"));
    for (line, map) in [(twice, "-=#1"), ("電話番号,住所,住所,住所", "-=#4"), (twice, "電話番号=電話番号")]
    {
        assert_eq!(mapped(line, &[map]).unwrap_err().code, Code::CsvHeaderDup, "{line} {map}");
    }
}

/// S1.15: a number that no column has is refused before any row, with the columns that there are; a row may be wider than the first.
#[test]
fn a_column_beyond_the_file_is_refused_with_those_that_there_are() {
    let refused = |line: &str, map: &[&str]| mapped(line, map).unwrap_err();
    let found = refused("会社名,担当者名,電話番号,カテゴリー,住所,備考", &["電話番号=#9"]);
    assert_eq!(found.code, Code::CsvHeader);
    assert!(
        found.detail.ja.starts_with("列 #9 がありません。ファイルの列は6列です: #1 会社名, "),
        "{}",
        found.detail.ja
    );
    assert!(found.detail.en.ends_with(", #6 備考"), "{}", found.detail.en);
    let found = refused("一社,山田,03-1234-5678", &["電話番号=#3", "備考=#4"]);
    assert_eq!(found.detail.en, "no column #4; the file has 3: #1–#3");
    let map = vec!["電話番号=#3".parse().unwrap(), "備考=#4".parse().unwrap()];
    let options = ImportOptions { map, ..ImportOptions::default() };
    let text = "一社,山田,03-1234-5678\n二社,鈴木,03-1234-5679,メモ\n";
    let below = Below::line(text, crate::import::Delimiter::Comma, 0);
    let (columns, _) = read(&record("一社,山田,03-1234-5678"), &below, &options).unwrap();
    assert_eq!((columns.roles[3], &*columns.names[3]), (Role::Attribute, "備考"));
}

/// S4.39: with the profile `calltree` only 電話番号 is the phone.
#[test]
fn one_name_only_is_the_phone_column() {
    let only = ImportOptions { phone_column: Some("電話番号".to_owned()), ..ImportOptions::default() };
    let (columns, _) = read(&record("会社名,TEL,電話番号"), &Below::default(), &only).unwrap();
    assert_eq!(columns.roles, [Role::Company, Role::Attribute, Role::Phone]);
    assert_eq!(&*columns.names[1], "TEL(列2)");
    assert_eq!(read(&record("会社名,TEL"), &Below::default(), &only).unwrap_err().code, Code::CsvHeader);
}
