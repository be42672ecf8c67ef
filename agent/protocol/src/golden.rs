//! One file per message in `golden/`: each reads into its type and is written back unchanged, and no message is without
//! one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::normalise_result;
use crate::{
    Command, Detail, EncodingCandidate, ErrorCode, Event, EventRecord, Incoming, Lagged, LostChar, Reply,
    Request, RpcError,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// The file's message; absence and bad JSON fail with the file's name.
fn read(name: &str) -> Value {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_request_has_a_golden_file_that_reads_and_writes_back() {
    for method in Command::METHODS {
        let file = format!("request.{method}.json");
        let golden = read(&file);
        let request = Request::parse(golden.to_string().as_bytes())
            .unwrap_or_else(|refusal| panic!("{file}: {refusal:?}"));
        assert_eq!(request.command.method(), *method, "{file}");
        assert_eq!(serde_json::from_str::<Value>(&request.to_line()).unwrap(), golden, "{file}");
    }
}

#[test]
fn every_result_has_a_golden_file_that_reads_and_writes_back() {
    for method in Command::METHODS {
        let file = format!("reply.{method}.json");
        let golden = read(&file);
        let Ok(Incoming::Reply(reply)) = Incoming::parse(golden.to_string().as_bytes()) else {
            panic!("{file}")
        };
        let result = reply.outcome.clone().unwrap_or_else(|error| panic!("{file}: {error}"));
        let again =
            normalise_result(method, result).unwrap().unwrap_or_else(|error| panic!("{file}: {error}"));
        let line = Reply { id: reply.id, outcome: Ok(again) }.to_line();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), golden, "{file}");
    }
}

#[test]
fn every_event_has_a_golden_file_that_reads_and_writes_back() {
    for kind in Event::KINDS {
        let file = format!("event.{kind}.json");
        let golden = read(&file);
        let Ok(Incoming::Notification { method, params }) = Incoming::parse(golden.to_string().as_bytes())
        else {
            panic!("{file}")
        };
        assert_eq!(method, "event", "{file}");
        let record: EventRecord =
            serde_json::from_value(params).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(record.event.kind(), *kind, "{file}");
        assert_eq!(serde_json::from_str::<Value>(&record.to_line()).unwrap(), golden, "{file}");
    }
}

#[test]
fn refusals_and_lagged_have_golden_files() {
    for (file, expected) in [
        ("error.refused.json", RpcError::with_detail(ErrorCode::SeatRequired, Detail::name("a, b"))),
        (
            "error.events_gone.json",
            RpcError::refused(ErrorCode::EventsGone).with_snapshot(json!({ "seq": 5120 })),
        ),
        (
            "error.export_char.json",
            RpcError::with_detail(
                ErrorCode::ExportChar,
                ("行2 取引先会社名: '𠮷'", "row 2 取引先会社名: '𠮷'"),
            )
            .with_places(vec![LostChar {
                part: None,
                row: 2,
                column: "取引先会社名".to_owned(),
                character: '𠮷',
            }]),
        ),
        (
            "error.encoding.json",
            RpcError::with_detail(
                ErrorCode::CsvEncoding,
                Detail::name("a.csv: The character encoding could not be detected; name it. Perhaps euc-jp. Perhaps cp932. Not utf-8: byte 0."),
            )
            .with_candidates(
                [("euc-jp", None, "山田"), ("cp932", None, "ｻｳﾅﾄ"), ("utf-8", Some(0), "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}")]
                    .map(|(encoding, first_bad_byte, cell)| EncodingCandidate {
                        encoding: encoding.to_owned(),
                        first_bad_byte,
                        cells: vec![cell.to_owned()],
                    })
                    .to_vec(),
            ),
        ),
        (
            "error.unknown_method.json",
            RpcError::protocol(
                RpcError::METHOD_NOT_FOUND,
                ("メソッド \"call.dail\" はありません", "unknown method \"call.dail\""),
            ),
        ),
        (
            "error.detail.json",
            RpcError::with_detail(ErrorCode::ListFull, {
                let Value::Object(facts) = json!({ "limit": 5000, "free": 3 }) else { unreachable!() };
                let en = "the list takes at most 5000 leads; 3 more fit";
                Detail::from(("上限 5000件、残り 3件", en)).with(facts)
            }),
        ),
    ] {
        let golden = read(file);
        let Ok(Incoming::Reply(reply)) = Incoming::parse(golden.to_string().as_bytes()) else {
            panic!("{file}")
        };
        assert_eq!(reply.outcome, Err(expected), "{file}");
        assert_eq!(serde_json::from_str::<Value>(&reply.to_line()).unwrap(), golden, "{file}");
    }
    let golden = read("lagged.json");
    let lagged: Lagged = serde_json::from_value(golden["params"].clone()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&lagged.to_line()).unwrap(), golden);
}

#[test]
fn no_golden_file_is_without_a_message() {
    let mut expected: BTreeSet<String> = Command::METHODS
        .iter()
        .flat_map(|method| [format!("request.{method}.json"), format!("reply.{method}.json")])
        .chain(Event::KINDS.iter().map(|kind| format!("event.{kind}.json")))
        .collect();
    for name in [
        "error.refused",
        "error.detail",
        "error.events_gone",
        "error.encoding",
        "error.export_char",
        "error.unknown_method",
        "lagged",
    ] {
        expected.insert(format!("{name}.json"));
    }
    let found: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, expected);
}
