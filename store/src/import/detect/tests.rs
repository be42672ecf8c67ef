use std::io::Cursor;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::encoding::TextStream;
use super::*;

fn detected(bytes: &[u8]) -> Encoding {
    match detect(&mut Cursor::new(bytes)).unwrap() {
        Ok(encoding) => encoding,
        Err(undetected) => panic!("undetected: {:?}", undetected.candidates),
    }
}

fn undetected(bytes: &[u8]) -> Vec<Candidate> {
    match detect(&mut Cursor::new(bytes)).unwrap() {
        Ok(encoding) => panic!("detected: {encoding:?}"),
        Err(undetected) => undetected.candidates,
    }
}

fn text_of(bytes: &[u8], encoding: Encoding) -> String {
    let mut stream = TextStream::new(Box::new(Cursor::new(bytes.to_vec())), encoding).unwrap();
    let mut text = String::new();
    while stream.read_text(&mut text).unwrap() {}
    text
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF);
    mark.into_iter()
        .chain(text.encode_utf16())
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

fn euc(text: &str) -> Vec<u8> {
    encoding_rs::EUC_JP.encode(text).0.into_owned()
}

fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

const TEXT: &str = "取引先会社名,電話番号\r\n株式会社ソ表能ﾃｽﾄ①㈱髙﨑,0312345678\r\n";

#[test]
fn every_encoding_is_detected_and_read() {
    assert_eq!(detected(&cp932(TEXT)), Encoding::Cp932);
    assert_eq!(text_of(&cp932(TEXT), Encoding::Cp932), TEXT);
    assert_eq!(detected(TEXT.as_bytes()), Encoding::Utf8);
    let marked = format!("\u{FEFF}{TEXT}");
    assert_eq!(detected(marked.as_bytes()), Encoding::Utf8);
    assert_eq!(text_of(marked.as_bytes(), Encoding::Utf8), TEXT);
    for mark in [true, false] {
        assert_eq!(detected(&utf16(TEXT, true, mark)), Encoding::Utf16Le);
        assert_eq!(text_of(&utf16(TEXT, true, mark), Encoding::Utf16Le), TEXT);
        assert_eq!(detected(&utf16(TEXT, false, mark)), Encoding::Utf16Be);
        assert_eq!(text_of(&utf16(TEXT, false, mark), Encoding::Utf16Be), TEXT);
    }
    let plain = "取引先会社名,カテゴリー\n山田スポーツ株式会社,イベントからのリード\n";
    assert_eq!(detected(&euc(plain)), Encoding::EucJp);
    assert_eq!(text_of(&euc(plain), Encoding::EucJp), plain);
    let jis = encoding_rs::ISO_2022_JP.encode(plain).0.into_owned();
    assert_eq!(detected(&jis), Encoding::Iso2022Jp);
    assert_eq!(text_of(&jis, Encoding::Iso2022Jp), plain);
    assert_eq!(detected(b"company,phone\r\nA,0312345678\r\n"), Encoding::Utf8);
    assert_eq!(detected("company,phone\r\nCafé Ménilmontant,0312345678\r\n".as_bytes()), Encoding::Utf8);
    assert_eq!(detected("Café,0312345678\n".as_bytes()), Encoding::Utf8);
    assert_eq!(detected(b""), Encoding::Utf8);
}

/// S0.12: kanji of EUC-JP are half-width kana and rare kanji of CP932, without a byte that is none.
#[test]
fn kanji_alone_are_euc_jp_and_half_width_kana_alone_are_cp932() {
    for text in [
        "会社名,電話番号\n",
        "会社名,住所,電話番号\n山田,東京都,0312345678\n",
        "山田商店,0312345678\n大川工業,0612345678\n",
        "株式会社山田,0312345678\n",
        // One name that many have is no accident: nobody is called ｻｳﾅﾄ.
        "山田,0312345678\n",
        "佐藤 太郎,0312345678\n",
        "小松\n",
    ] {
        assert_eq!(detected(&euc(text)), Encoding::EucJp, "{text}");
        assert_eq!(detected(&cp932(text)), Encoding::Cp932, "{text}");
    }
    for text in [
        "ｶﾌﾞｼｷｶﾞｲｼｬ ﾃｽﾄ,ﾔﾏﾀﾞ ﾀﾛｳ,0312345678\r\n",
        // Pairs only: each is a kanji of EUC-JP too.
        "ﾔﾏﾀﾞ,0312345678\nﾀｶﾊｼ,0612345678\nﾅｶﾓﾄ,0522345678\nｲﾄ,0112345678\nﾎｿｶﾜ,0822345678\n",
        "山田商店,ﾔﾏﾀﾞｼｮｳﾃﾝ,0312345678\n",
        "﨑,0312345678\n",
    ] {
        assert_eq!(detected(&cp932(text)), Encoding::Cp932, "{text}");
    }
    assert_eq!(detected(&euc("山田商店,ﾔﾏﾀﾞｼｮｳﾃﾝ,0312345678\n")), Encoding::EucJp);
}

/// S0.13: one short name says nothing, so somebody who can read it is asked.
#[test]
fn what_reads_well_in_two_encodings_is_refused_with_both_readings() {
    let candidates = undetected(&euc("山河,0312345678\n"));
    let of = |encoding| candidates.iter().find(|candidate| candidate.encoding == encoding).unwrap();
    assert_eq!((of(Encoding::EucJp).first_bad_byte, of(Encoding::Cp932).first_bad_byte), (None, None));
    assert_eq!(of(Encoding::EucJp).cells, ["山河"]);
    assert_eq!(of(Encoding::Cp932).cells, ["ｻｳｲﾏ"]);
    assert_eq!(of(Encoding::Utf8).first_bad_byte, Some(0));
}

/// Text of UTF-8 with one letter that was cut is text of CP932 to a decoder, and none to a reader.
#[test]
fn a_letter_that_was_cut_makes_no_other_encoding_of_a_file() {
    let mut bytes = "会社名,氏名,電話番号\n山田商店,佐藤,0312345678\n大".as_bytes().to_vec();
    bytes.pop();
    let cut = bytes.len() as u64 - 2;
    bytes.extend("山田商店,佐藤,0612345678\n".as_bytes());
    let candidates = undetected(&bytes);
    assert_eq!((candidates[0].encoding, candidates[0].first_bad_byte), (Encoding::Utf8, Some(cut)));
    assert_eq!(candidates[0].cells[..3], ["会社名", "氏名", "電話番号"]);
    assert!(candidates[0].cells.contains(&"\u{FFFD}山田商店".to_owned()));
}

#[test]
fn what_fits_nothing_names_the_first_bad_byte_of_each() {
    let mut bytes = "会社,電話\r\n".as_bytes().to_vec();
    let good = bytes.len() as u64;
    bytes.extend(b"\xFF\xFF,0312345678\r\n");
    let candidates = undetected(&bytes);
    assert_eq!((candidates[0].encoding, candidates[0].first_bad_byte), (Encoding::Utf8, Some(good)));
    assert_eq!(candidates[0].cells[..2], ["会社", "電話"]);
    assert!(candidates.iter().all(|candidate| candidate.first_bad_byte.is_some()));
    let noise: Vec<u8> =
        (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    assert!(undetected(&noise).iter().all(|candidate| candidate.first_bad_byte.is_some()));
}

#[test]
fn one_nul_makes_no_utf16() {
    let mut bytes = cp932(TEXT);
    bytes.extend(b"\0,,0612345678\r\n");
    assert_eq!(detected(&bytes), Encoding::Cp932);
}

/// S0.12: files made for this; where each is from stands beside them.
#[test]
fn short_files_without_kana_are_detected() {
    let euc: &[u8] = include_bytes!("../../../tests/fixtures/csv/unix-euc-jp-kanji.csv");
    assert_eq!(detected(euc), Encoding::EucJp);
    assert!(text_of(euc, Encoding::EucJp).starts_with("会社名,担当者名,電話\n佐藤商店,佐藤太郎,"));
    let jis: &[u8] = include_bytes!("../../../tests/fixtures/csv/mail-iso-2022-jp.csv");
    assert_eq!(detected(jis), Encoding::Iso2022Jp);
    assert!(text_of(jis, Encoding::Iso2022Jp).starts_with("会社名,担当者名,電話\n佐藤商店,佐藤太郎,"));
    let kana: &[u8] = include_bytes!("../../../tests/fixtures/csv/bank-cp932-kana.csv");
    assert_eq!(detected(kana), Encoding::Cp932);
    assert!(text_of(kana, Encoding::Cp932).starts_with("ﾔﾏﾀﾞ,0312345678\r\n"));
}

/// A sheet of gigabytes is not read twice as a whole, and one that is ASCII for long is.
#[test]
fn detection_ends_when_the_encoding_is_sure() {
    let japanese = "取引先かいしゃカナと漢字".repeat(CHUNK);
    for (bytes, encoding) in [
        (cp932(&japanese), Encoding::Cp932),
        (japanese.clone().into_bytes(), Encoding::Utf8),
        (euc(&japanese), Encoding::EucJp),
    ] {
        let mut file = Cursor::new(&bytes);
        assert!(matches!(detect(&mut file), Ok(Ok(found)) if found == encoding), "{encoding:?}");
        assert!(file.position() < bytes.len() as u64 / 4, "{encoding:?}: {}", file.position());
    }
    let mut late = vec![b'a'; 5 * CHUNK];
    late.extend(cp932("会社"));
    assert_eq!(detected(&late), Encoding::Cp932);
}

#[test]
fn a_character_across_two_chunks_stays_whole() {
    for pad in 0..3 {
        let text = format!("{}{}", "a".repeat(pad), "表能ソ十".repeat(CHUNK / 4));
        assert_eq!(detected(&cp932(&text)), Encoding::Cp932);
        assert_eq!(text_of(&cp932(&text), Encoding::Cp932), text);
        assert_eq!(text_of(text.as_bytes(), Encoding::Utf8), text);
    }
}

const FAMILY: [&str; 40] = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "林",
    "斎藤",
    "清水",
    "山崎",
    "森",
    "池田",
    "橋本",
    "阿部",
    "石川",
    "前田",
    "藤田",
    "後藤",
    "岡田",
    "長谷川",
    "村上",
    "近藤",
    "坂本",
    "遠藤",
    "青木",
    "西村",
    "福田",
    "太田",
    "三浦",
];
const GIVEN: [&str; 30] = [
    "太郎",
    "花子",
    "翔",
    "陽菜",
    "大輔",
    "美咲",
    "健一",
    "由美子",
    "さくら",
    "たけし",
    "ユウキ",
    "誠",
    "恵",
    "直樹",
    "久美子",
    "拓也",
    "愛",
    "浩二",
    "幸子",
    "亮",
    "真由美",
    "隆",
    "智子",
    "和也",
    "洋子",
    "学",
    "裕子",
    "剛",
    "明美",
    "修",
];
const COMPANY: [&str; 30] = [
    "商店",
    "工業",
    "建設",
    "運輸",
    "電機",
    "食品",
    "印刷",
    "不動産",
    "設計事務所",
    "歯科医院",
    "整形外科",
    "製作所",
    "物産",
    "興業",
    "スポーツ",
    "テクノロジー",
    "造船",
    "薬局",
    "自動車",
    "土木",
    "水産",
    "酒造",
    "クリニック",
    "デザイン",
    "保険",
    "塗装",
    "造園",
    "金属",
    "化学",
    "システム",
];
const PLACE: [&str; 20] = [
    "東京都港区",
    "大阪市北区",
    "名古屋市中区",
    "札幌市",
    "福岡県",
    "神奈川県横浜市",
    "京都府",
    "仙台市青葉区",
    "広島市",
    "新潟県長岡市",
    "埼玉県",
    "千葉市美浜区",
    "静岡県浜松市",
    "岡山県倉敷市",
    "熊本市",
    "鹿児島県",
    "長野県松本市",
    "岐阜県",
    "那覇市",
    "さいたま市",
];

fn row() -> impl Strategy<Value = (String, String, String)> {
    let form = select(vec!["株式会社", "有限会社", "", "", "合同会社", "医療法人"]);
    (
        select(&FAMILY[..]),
        select(&COMPANY[..]),
        form,
        select(&FAMILY[..]),
        select(&GIVEN[..]),
        select(&PLACE[..]),
    )
        .prop_map(|(name, trade, form, family, given, place)| {
            (format!("{form}{name}{trade}"), format!("{family}{given}"), place.to_owned())
        })
}

proptest! {
    /// S0.12: short lists of companies and people, in each of the seven forms, with a line of names and without.
    #[test]
    fn lists_are_detected_as_what_they_are(
        rows in proptest::collection::vec(row(), 2..12),
        header in any::<bool>(),
        places in any::<bool>(),
    ) {
        let mut text = String::new();
        if header {
            text.push_str(if places { "会社名,担当者名,電話番号,住所\r\n" } else { "会社名,担当者名,電話番号\r\n" });
        }
        for (at, (company, person, place)) in rows.iter().enumerate() {
            let place = if places { format!(",{place}") } else { String::new() };
            text.push_str(&format!("{company},{person},03123456{at:02}{place}\r\n"));
        }
        let jis = encoding_rs::ISO_2022_JP.encode(&text).0.into_owned();
        for (bytes, encoding) in [
            (text.clone().into_bytes(), Encoding::Utf8),
            (format!("\u{FEFF}{text}").into_bytes(), Encoding::Utf8),
            (cp932(&text), Encoding::Cp932),
            (utf16(&text, true, true), Encoding::Utf16Le),
            (utf16(&text, true, false), Encoding::Utf16Le),
            (utf16(&text, false, true), Encoding::Utf16Be),
            (utf16(&text, false, false), Encoding::Utf16Be),
            (euc(&text), Encoding::EucJp),
            (jis, Encoding::Iso2022Jp),
        ] {
            prop_assert_eq!(detected(&bytes), encoding, "{}", &text);
            prop_assert_eq!(text_of(&bytes, encoding), text.as_str());
        }
    }

    /// Whatever it is found to be, it is text in that encoding, and where it is refused each candidate is shown.
    #[test]
    fn any_bytes_are_text_or_refused(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
        match detect(&mut Cursor::new(&bytes)).unwrap() {
            Ok(encoding) => {
                let marked = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\xEF\xBB\xBF");
                let wide = matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
                let whole = !text_of(&bytes, encoding).contains('\u{FFFD}');
                prop_assert!(marked || wide || whole);
            }
            Err(undetected) => prop_assert_eq!(undetected.candidates.len(), 3),
        }
    }
}
