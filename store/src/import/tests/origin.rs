//! Files as programs write them: each has a line on its origin, and its bytes are as that program leaves them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/csv")
}

/// The origin of each file, as `ORIGIN.md` tells it.
fn origins() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("ORIGIN.md")).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let (files, origin) = line.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        for file in files.split(", ") {
            let file = file.trim_matches('`').to_owned();
            assert!(origin.len() > 20, "{file}: {origin}");
            assert_eq!(found.insert(file.clone(), origin.to_owned()), None, "{file} stands twice");
        }
    }
    found
}

/// S0.12: every file has its line, and every line its file.
#[test]
fn every_file_has_its_origin() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "ORIGIN.md")
        .collect();
    files.sort();
    assert_eq!(files, origins().into_keys().collect::<Vec<_>>());
}

/// How a program leaves a file.
struct Form {
    mark: &'static [u8],
    encoding: &'static encoding_rs::Encoding,
    delimiter: char,
    end: &'static str,
    /// Whether the last line has an end too.
    ended: bool,
}

fn form(name: &str) -> Form {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let form = |mark, encoding, delimiter, end, ended| Form { mark, encoding, delimiter, end, ended };
    match name {
        "excel-windows-cp932.csv" | "bank-cp932-kana.csv" => {
            form(b"", encoding_rs::SHIFT_JIS, ',', "\r\n", true)
        }
        "excel-windows-utf8.csv" | "excel-mac-utf8.csv" => form(MARK, encoding_rs::UTF_8, ',', "\r\n", true),
        "excel-windows-unicode.txt" => form(b"\xFF\xFE", encoding_rs::UTF_16LE, '\t', "\r\n", true),
        "excel-mac-cr.csv" => form(b"", encoding_rs::SHIFT_JIS, ',', "\r", true),
        "google-sheets.csv" => form(b"", encoding_rs::UTF_8, ',', "\r\n", false),
        "libreoffice-utf8.csv" => form(b"", encoding_rs::UTF_8, ',', "\n", true),
        "libreoffice-cp932.csv" => form(b"", encoding_rs::SHIFT_JIS, ',', "\n", true),
        "libreoffice-utf16.csv" => form(b"\xFF\xFE", encoding_rs::UTF_16LE, '\t', "\n", true),
        "unix-euc-jp-kanji.csv" => form(b"", encoding_rs::EUC_JP, ',', "\n", true),
        "mail-iso-2022-jp.csv" => form(b"", encoding_rs::ISO_2022_JP, ',', "\n", true),
        _ => panic!("nobody says how {name} is left"),
    }
}

/// What stands outside of quotation marks.
fn bare(text: &str) -> String {
    text.split('"').step_by(2).collect()
}

/// S0.12, S0.14: mark, encoding, delimiter and line ends are those of the program, and each of Windows' own characters has the
/// bytes that Windows gives it where CP932 has it more than once.
#[test]
fn every_file_has_the_bytes_of_its_program() {
    for name in origins().into_keys() {
        let bytes = std::fs::read(folder().join(&name)).unwrap();
        let form = form(&name);
        let body = bytes.strip_prefix(form.mark).unwrap_or_else(|| panic!("{name} has no mark"));
        assert!(!form.mark.is_empty() || !bytes.starts_with(b"\xEF\xBB\xBF"), "{name} has a mark");
        let text = form.encoding.decode_without_bom_handling_and_without_replacement(body);
        let text = text.unwrap_or_else(|| panic!("{name} is no {}", form.encoding.name()));
        let text = bare(&text);
        assert_eq!(text.ends_with(form.end), form.ended, "{name}");
        assert!(!text.replace(form.end, "").contains(['\r', '\n']), "{name}: another line end");
        let lines: Vec<&str> = text.split(form.end).filter(|line| !line.is_empty()).collect();
        let cells: Vec<usize> = lines.iter().map(|line| line.matches(form.delimiter).count()).collect();
        assert!(lines.len() > 2 && cells.iter().all(|count| *count == cells[0] && *count > 0), "{name}");
        if form.encoding == encoding_rs::SHIFT_JIS && name != "bank-cp932-kana.csv" {
            let windows = b"\x87\x8A\xFB\xFC\xFA\xB1";
            assert!(bytes.windows(6).any(|part| part == windows), "{name}: ㈱髙﨑 as Windows writes them");
        }
    }
}
