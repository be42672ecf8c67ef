//! JSON-RPC 2.0: one object per line in both directions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::code::{ErrorCode, Lang};
use crate::command::Command;
use crate::detail::Detail;

/// Longest line a client may send, the line break not counted.
pub const MAX_LINE: usize = 1024 * 1024;

/// What ties a reply to its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Only in replies to what could not be read.
    Null,
}

/// A request: a command and the id to answer with.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The client's id.
    pub id: Id,
    /// What to do.
    pub command: Command,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    jsonrpc: String,
    id: Id,
    method: String,
    #[serde(default)]
    params: Value,
}

impl Request {
    /// Reads one line.
    ///
    /// # Errors
    /// The reply to send instead: not JSON (-32700), not a request (-32600), unknown method (-32601), unknown or
    /// wrong parameters (-32602).
    pub fn parse(line: &[u8]) -> Result<Self, Box<Reply>> {
        let refuse = |id: Id, error: RpcError| Box::new(Reply::refused(id, error));
        let value: Value = serde_json::from_slice(line)
            .map_err(|error| refuse(Id::Null, RpcError::protocol(RpcError::PARSE, unread(&error))))?;
        // An id that can be read is answered even when the rest cannot.
        let id = value.get("id").and_then(|id| Id::deserialize(id).ok()).unwrap_or(Id::Null);
        let raw = RawRequest::deserialize(value).map_err(|error| {
            refuse(id.clone(), RpcError::protocol(RpcError::INVALID_REQUEST, unread(&error)))
        })?;
        if raw.jsonrpc != "2.0" || raw.id == Id::Null {
            let detail = (
                "jsonrpc は \"2.0\"、id は数か文字列にしてください",
                "jsonrpc must be \"2.0\" and id a number or a text",
            );
            return Err(refuse(raw.id, RpcError::protocol(RpcError::INVALID_REQUEST, detail)));
        }
        match Command::from_parts(&raw.method, raw.params) {
            Ok(command) => Ok(Self { id: raw.id, command }),
            Err(error) => Err(refuse(raw.id, error)),
        }
    }

    /// The line to send, without line break.
    pub fn to_line(&self) -> String {
        json!({ "jsonrpc": "2.0", "id": self.id, "method": self.command.method(), "params": self.command.params() })
            .to_string()
    }
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The request's id.
    pub id: Id,
    /// The result, or why there is none.
    pub outcome: Result<Value, RpcError>,
}

impl Reply {
    /// A refusal.
    pub fn refused(id: Id, error: RpcError) -> Self {
        Self { id, outcome: Err(error) }
    }

    /// The line to send, without line break.
    pub fn to_line(&self) -> String {
        match &self.outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": self.id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": self.id, "error": error }),
        }
        .to_string()
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RpcError {
    /// JSON-RPC's own number; [`RpcError::REFUSED`] for everything Kakeru says.
    pub code: i64,
    /// English text for logs.
    pub message: String,
    /// Kakeru's code and what belongs to it.
    pub data: Option<Box<ErrorData>>,
}

/// `error.data`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The stable code, `E-…`. A text, since a newer daemon may know more codes than this client.
    pub code: String,
    /// What exactly, where the code alone does not tell, in English.
    pub detail: Option<String>,
    /// The same in Japanese, where it is another text; empty where the code's own text says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ja: Option<String>,
    /// Numbers and names of the detail, for programs.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub facts: Map<String, Value>,
    /// With `E-EVENTS-GONE`: the result of `status.get`, whose `seq` is where to subscribe from.
    pub snapshot: Option<Value>,
    /// With `E-EXPORT-CHAR`: the characters that the encoding has not, at most 1000. Absent otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<LostChar>,
    /// With `E-CSV-ENCODING`: the encodings that the file may be in, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<EncodingCandidate>,
}

/// A character that an encoding has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostChar {
    /// The part that has it, from 1. Absent where the file was not to be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Row of the file or of the part, from 1, the header included.
    pub row: u64,
    /// Name of the column.
    pub column: String,
    /// The character.
    pub character: char,
}

/// An encoding that was tried on a file, and how the file reads in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodingCandidate {
    /// Its name, as `encoding` of an import takes it.
    pub encoding: String,
    /// Offset of the first byte that is not text in it; `null`: all of the head of the file is.
    pub first_bad_byte: Option<u64>,
    /// The first cells beyond ASCII, shortened; U+FFFD stands for bytes that are no text.
    pub cells: Vec<String>,
}

impl ErrorData {
    fn of(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            detail: None,
            detail_ja: None,
            facts: Map::new(),
            snapshot: None,
            places: Vec::new(),
            candidates: Vec::new(),
        }
    }

    fn say(&mut self, Detail { ja, en, facts }: Detail) {
        self.detail_ja = (ja != en).then_some(ja);
        self.detail = (!en.is_empty()).then_some(en);
        self.facts = facts;
    }

    /// What exactly, in one language; `None` where the code's own text says it all, or the daemon knows none in it.
    pub fn detail_in(&self, lang: Lang) -> Option<&str> {
        let detail = match lang {
            Lang::Ja => self.detail_ja.as_deref().or(self.detail.as_deref()),
            Lang::En => self.detail.as_deref(),
        };
        detail.filter(|detail| !detail.is_empty())
    }
}

/// What was not understood of a line. The words in backquotes are names of ours.
pub(crate) fn unread(error: &serde_json::Error) -> Detail {
    let english = error.to_string();
    let names: Vec<&str> = english.split('`').skip(1).step_by(2).collect();
    let ja = match (names.is_empty(), error.line()) {
        (false, _) => format!("読み取れません: {}", names.join(", ")),
        (true, 0) => "読み取れません".to_owned(),
        (true, line) => format!("{line}行 {}文字目を読み取れません", error.column()),
    };
    (ja, english).into()
}

impl RpcError {
    /// Not JSON.
    pub const PARSE: i64 = -32700;
    /// Not a JSON-RPC 2.0 request with an id.
    pub const INVALID_REQUEST: i64 = -32600;
    /// Unknown method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// Unknown or wrong parameter.
    pub const INVALID_PARAMS: i64 = -32602;
    /// Understood and refused; `data.code` says why.
    pub const REFUSED: i64 = -32000;

    /// A refusal by Kakeru's rules.
    pub fn refused(code: ErrorCode) -> Self {
        Self {
            code: Self::REFUSED,
            message: code.text().en.to_owned(),
            data: Some(Box::new(ErrorData::of(code.as_str()))),
        }
    }

    /// A refusal by a code that came as text, such as the store's. Codes unknown here are passed on as they are.
    pub fn refused_as(code: &str, detail: impl Into<Detail>) -> Self {
        let detail = detail.into();
        match code.parse::<ErrorCode>() {
            Ok(known) => Self::with_detail(known, detail),
            Err(_) => {
                let mut data = ErrorData::of(code);
                let message = detail.en.clone();
                data.say(detail);
                Self { code: Self::REFUSED, message, data: Some(Box::new(data)) }
            }
        }
    }

    /// A line that broke the protocol.
    pub fn protocol(code: i64, detail: impl Into<Detail>) -> Self {
        Self { code, ..Self::with_detail(ErrorCode::BadRequest, detail) }
    }

    /// A refusal that says what exactly.
    pub fn with_detail(code: ErrorCode, detail: impl Into<Detail>) -> Self {
        let mut error = Self::refused(code);
        if let Some(data) = &mut error.data {
            data.say(detail.into());
        }
        error
    }

    /// Adds the state to start over from.
    #[must_use]
    pub fn with_snapshot(mut self, snapshot: Value) -> Self {
        if let Some(data) = &mut self.data {
            data.snapshot = Some(snapshot);
        }
        self
    }

    /// Adds where characters would be lost.
    #[must_use]
    pub fn with_places(mut self, places: Vec<LostChar>) -> Self {
        if let Some(data) = &mut self.data {
            data.places = places;
        }
        self
    }

    /// Adds how a file reads in the encodings that it may be in.
    #[must_use]
    pub fn with_candidates(mut self, candidates: Vec<EncodingCandidate>) -> Self {
        if let Some(data) = &mut self.data {
            data.candidates = candidates;
        }
        self
    }

    /// Kakeru's code, when this version knows it.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.data.as_ref()?.code.parse().ok()
    }
}

impl From<ErrorCode> for RpcError {
    fn from(code: ErrorCode) -> Self {
        Self::refused(code)
    }
}

/// What a client reads: a reply or an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The answer to one of its requests.
    Reply(Reply),
    /// A notification: its method and parameters.
    Notification {
        /// `event` or `lagged`.
        method: String,
        /// The parameters.
        params: Value,
    },
}

/// The line is neither a reply nor a notification.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of this shape.
    #[error("not a JSON-RPC message")]
    Json(#[from] serde_json::Error),
    /// Neither `id` nor `method`.
    #[error("neither a reply nor a notification")]
    Neither,
}

impl Incoming {
    /// Reads one line from the daemon.
    ///
    /// # Errors
    /// The line is not JSON-RPC.
    pub fn parse(line: &[u8]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Raw {
            id: Option<Id>,
            method: Option<String>,
            #[serde(default)]
            params: Value,
            result: Option<Value>,
            error: Option<RpcError>,
        }
        let raw: Raw = serde_json::from_slice(line)?;
        match (raw.method, raw.error, raw.result) {
            (Some(method), _, _) => Ok(Self::Notification { method, params: raw.params }),
            // A reply to an unreadable line has a null id, which reads as none.
            (None, Some(error), _) => Ok(Self::Reply(Reply::refused(raw.id.unwrap_or(Id::Null), error))),
            (None, None, result) if raw.id.is_some() => {
                let id = raw.id.unwrap_or(Id::Null);
                Ok(Self::Reply(Reply { id, outcome: Ok(result.unwrap_or(Value::Null)) }))
            }
            (None, None, _) => Err(ReadError::Neither),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{CallMute, Status};

    fn refusal(line: &str) -> (Id, i64) {
        let reply = Request::parse(line.as_bytes()).unwrap_err();
        (reply.id.clone(), reply.outcome.unwrap_err().code)
    }

    #[test]
    fn a_request_needs_version_id_method_and_known_parameters() {
        let request = Request::parse(br#"{"jsonrpc":"2.0","id":7,"method":"status.get"}"#).unwrap();
        assert_eq!(request, Request { id: Id::Number(7), command: Command::Status(Status {}) });
        let line = br#"{"jsonrpc":"2.0","id":"x","method":"call.mute","params":{"on":true}}"#;
        let command = Command::CallMute(CallMute { seat: None, on: true });
        assert_eq!(Request::parse(line).unwrap(), Request { id: Id::Text("x".to_owned()), command });

        assert_eq!(refusal("{"), (Id::Null, RpcError::PARSE));
        assert_eq!(refusal(r#"[]"#), (Id::Null, RpcError::INVALID_REQUEST));
        assert_eq!(
            refusal(r#"{"jsonrpc":"2.0","method":"status.get"}"#),
            (Id::Null, RpcError::INVALID_REQUEST)
        );
        assert_eq!(
            refusal(r#"{"jsonrpc":"1.0","id":1,"method":"status.get"}"#),
            (Id::Number(1), RpcError::INVALID_REQUEST)
        );
        let extra = r#"{"jsonrpc":"2.0","id":1,"method":"status.get","token":1}"#;
        assert_eq!(refusal(extra), (Id::Number(1), RpcError::INVALID_REQUEST));
        assert_eq!(
            refusal(r#"{"jsonrpc":"2.0","id":1,"method":"nope"}"#),
            (Id::Number(1), RpcError::METHOD_NOT_FOUND)
        );
        let unknown = r#"{"jsonrpc":"2.0","id":1,"method":"call.hangup","params":{"seatt":"a"}}"#;
        assert_eq!(refusal(unknown), (Id::Number(1), RpcError::INVALID_PARAMS));
        let missing = r#"{"jsonrpc":"2.0","id":1,"method":"call.mute","params":{}}"#;
        assert_eq!(refusal(missing), (Id::Number(1), RpcError::INVALID_PARAMS));
        let array = r#"{"jsonrpc":"2.0","id":1,"method":"call.mute","params":["a",true]}"#;
        assert_eq!(refusal(array), (Id::Number(1), RpcError::INVALID_PARAMS));
    }

    #[test]
    fn lines_never_contain_a_line_break() {
        let error = RpcError::with_detail(ErrorCode::Dnc, Detail::name("two\nlines"));
        assert!(!Reply::refused(Id::Number(1), error).to_line().contains('\n'));
    }

    #[test]
    fn a_code_of_a_newer_store_is_passed_on() {
        let error = RpcError::refused_as("E-SOMETHING-NEW", ("新しい", "what it is"));
        assert_eq!((error.error_code(), error.data.unwrap().code.as_str()), (None, "E-SOMETHING-NEW"));
        assert_eq!(RpcError::refused_as("E-DNC", Detail::name("x")).error_code(), Some(ErrorCode::Dnc));
    }
}
