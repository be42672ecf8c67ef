//! The ladder: who said what to whom and when, in 80 columns of plain characters.

use protocol::result::{TraceDirection, TraceMessage, TraceResult};

use crate::cli::output::Out;
use crate::cli::table::{clean, shorten, width};

/// Columns of a line.
pub(super) const WIDTH: usize = 80;

/// Head, then a line per message, and one where nothing was said for a while.
pub(super) fn lines(trace: &TraceResult, out: Out) -> Vec<String> {
    let lanes = Lanes::of(&trace.messages);
    let mut lines = lanes.head(trace, out);
    let mut last = 0;
    for message in &trace.messages {
        let silence = message.offset_us.saturating_sub(last);
        if silence >= GAP_US {
            lines.push(lanes.gap(&format!("{} s", seconds(silence))));
        }
        last = message.offset_us;
        if message.left_out_before > 0 {
            lines.push(lanes.gap(&left_out(message.left_out_before, out)));
        }
        lines.push(lanes.arrow(message, &label(trace, message, out)));
    }
    lines
}

/// `12.345`.
pub(super) fn seconds(micros: u64) -> String {
    let millis = micros / 1_000;
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// From whom to whom.
pub(super) fn ends(message: &TraceMessage) -> (&str, &str) {
    match message.direction {
        TraceDirection::Sent => (&message.local, &message.peer),
        TraceDirection::Received => (&message.peer, &message.local),
    }
}

pub(super) fn left_out(count: u32, out: Out) -> String {
    format!("{count} {}", out.text("件は残っていません", "messages were not kept"))
}

/// Words with two spaces between them, as many on a line as fit.
pub(super) fn wrapped(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| width(line) + 2 + width(word) <= WIDTH) {
            Some(line) => {
                line.push_str("  ");
                line.push_str(word);
            }
            None => lines.push(shorten(word, WIDTH)),
        }
    }
    lines
}

/// Columns of the lines that stand for us and for the peers.
struct Lanes {
    peers: Vec<String>,
    columns: Vec<usize>,
}

impl Lanes {
    fn of(messages: &[TraceMessage]) -> Self {
        let mut peers: Vec<String> = Vec::new();
        for message in messages {
            if !peers.contains(&message.peer) {
                peers.push(message.peer.clone());
            }
        }
        let lanes = peers.len().clamp(1, MOST_PEERS);
        let columns = (0..=lanes).map(|lane| LEFT + (WIDTH - 1 - LEFT) * lane / lanes).collect();
        Self { peers, columns }
    }

    /// The lane of a peer; those for whom there is none share the last one.
    fn lane(&self, peer: &str) -> usize {
        let at = self.peers.iter().position(|known| known == peer).unwrap_or(0);
        (at + 1).min(self.columns.len() - 1)
    }

    /// With one peer its address stands over its lane; several would not fit, and are listed.
    fn head(&self, trace: &TraceResult, out: Out) -> Vec<String> {
        let local = trace.messages.first().map_or("", |message| message.local.as_str());
        let peer = out.text("相手", "peer");
        if let [only] = self.peers.as_slice() {
            return vec![
                self.headed(&["kakeru".to_owned(), format!("{peer} {}", transport(trace, only))]),
                self.headed(&[local.to_owned(), only.clone()]),
            ];
        }
        let shared = self.peers.len() > MOST_PEERS;
        let mut lines = Vec::new();
        for (at, address) in self.peers.iter().enumerate() {
            let lane = (at + 1).min(MOST_PEERS);
            let line = format!("{peer}{lane}: {address} {}", transport(trace, address));
            lines.push(shorten(&line, WIDTH));
        }
        let names = (1..self.columns.len()).map(|lane| format!("{peer}{lane}"));
        let mut names: Vec<_> = std::iter::once("kakeru".to_owned()).chain(names).collect();
        if let Some(last) = names.last_mut().filter(|_| shared) {
            last.push('+');
        }
        lines.push(self.headed(&names));
        lines
    }

    /// Texts over their lanes: the first from its lane on, the last up to its lane, the others around theirs.
    fn headed(&self, texts: &[String]) -> String {
        let last = texts.len() - 1;
        let mut line = Canvas::new();
        for (lane, text) in texts.iter().enumerate() {
            let column = self.columns[lane];
            let text = shorten(text, self.room() / 2);
            let start = match lane {
                0 => column,
                _ if lane == last => column + 1 - width(&text),
                _ => column - width(&text) / 2,
            };
            line.put(start, &text);
        }
        line.end()
    }

    /// Columns between two lanes.
    fn room(&self) -> usize {
        self.columns[1] - self.columns[0] - 1
    }

    fn gap(&self, text: &str) -> String {
        let mut line = Canvas::new();
        for column in &self.columns {
            line.put(*column, ":");
        }
        let text = format!(" {} ", shorten(text, self.room() - 2));
        line.put(self.columns[0] + 1 + (self.room() - width(&text)) / 2, &text);
        line.end()
    }

    fn arrow(&self, message: &TraceMessage, label: &str) -> String {
        let mut line = Canvas::new();
        let time = seconds(message.offset_us);
        line.put((LEFT - 1).saturating_sub(width(&time) + 1), &time);
        for column in &self.columns {
            line.put(*column, "|");
        }
        let end = self.columns[self.lane(&message.peer)];
        let (from, to) = (self.columns[0] + 1, end - 1);
        // A retransmission is a broken line.
        let stroke = if message.repeated { "- " } else { "--" };
        let shaft: String = stroke.chars().cycle().take(to - from + 1).collect();
        line.put(from, &shaft);
        match message.direction {
            TraceDirection::Sent => line.put(to, ">"),
            TraceDirection::Received => line.put(from, "<"),
        }
        let label = format!(" {} ", shorten(&clean(label), to - from - 5));
        line.put(from + (to - from + 1 - width(&label)) / 2, &label);
        line.end()
    }
}

/// A line that is written by columns; a wide character takes two.
struct Canvas(Vec<Cell>);

#[derive(Clone, Copy)]
enum Cell {
    Is(char),
    /// The second half of a wide character, or nothing of its own.
    Covered,
}

impl Canvas {
    fn new() -> Self {
        Self(vec![Cell::Is(' '); WIDTH])
    }

    /// What goes beyond the last column is dropped.
    fn put(&mut self, column: usize, text: &str) {
        let mut at = column;
        for c in text.chars() {
            let wide = width(c.encode_utf8(&mut [0; 4]));
            // A combining mark has no column of its own; the texts here have none that matter.
            if wide == 0 {
                continue;
            }
            if at + wide > WIDTH {
                return;
            }
            self.0[at] = Cell::Is(c);
            self.0[at + 1..at + wide].fill(Cell::Covered);
            at += wide;
        }
    }

    fn end(self) -> String {
        let text: String = self
            .0
            .into_iter()
            .filter_map(|cell| match cell {
                Cell::Is(c) => Some(c),
                Cell::Covered => None,
            })
            .collect();
        text.trim_end().to_owned()
    }
}

/// How the first message to or from a peer went.
fn transport(trace: &TraceResult, peer: &str) -> String {
    let message = trace.messages.iter().find(|message| message.peer == peer);
    message.map_or_else(String::new, |message| message.transport.to_ascii_uppercase())
}

/// `INVITE ******5678 (1) SDP`, `404 Not Found (1 INVITE) Q.850 cause 1`.
fn label(trace: &TraceResult, message: &TraceMessage, out: Out) -> String {
    let mut words = Vec::new();
    if trace.sip_call_ids.len() > 1 && trace.attempt.is_some() {
        words.push(format!("#{}", message.dialog + 1));
    }
    let cseq = message.cseq.as_deref().unwrap_or_default();
    let number = cseq.split_whitespace().next().unwrap_or_default();
    match message.line.strip_prefix("SIP/2.0 ") {
        Some(status) => words.push(format!("{status} ({cseq})")),
        None => {
            let mut line = message.line.split(' ');
            let (method, uri) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
            words.push(format!("{method} {} ({number})", addressee(uri)));
        }
    }
    if header(message, "Content-Type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/sdp"))
    {
        words.push("SDP".to_owned());
    }
    if let Some(cause) = header(message, "Reason").and_then(cause) {
        words.push(cause);
    }
    if let Some(wait) = header(message, "Retry-After") {
        words.push(format!("Retry-After {wait}"));
    }
    if message.repeated {
        words.push(out.text("再送", "repeated").to_owned());
    }
    words.join(" ")
}

/// The user of a URI, else its host.
fn addressee(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(user, _)| user);
    rest.split(';').next().unwrap_or(rest)
}

/// `Q.850 cause 17` of a Reason header (RFC 3326).
fn cause(reason: &str) -> Option<String> {
    let mut parts = reason.split(';').map(str::trim);
    let protocol = parts.next()?;
    let cause = parts.find_map(|part| part.strip_prefix("cause="))?;
    Some(format!("{protocol} cause {cause}"))
}

fn header<'a>(message: &'a TraceMessage, name: &str) -> Option<&'a str> {
    let lines = message.text.lines().skip(1).take_while(|line| !line.is_empty());
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| field.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Where the lane of ours stands: the time before it has up to five digits of seconds.
const LEFT: usize = 11;
/// More lanes leave no room for words.
const MOST_PEERS: usize = 3;
/// A silence that is worth a line: longer than T1 and what people wait without noticing.
const GAP_US: u64 = 2_000_000;

#[cfg(test)]
mod tests {
    use protocol::Lang;
    use protocol::result::Direction;

    use super::*;

    struct Script {
        trace: TraceResult,
    }

    impl Script {
        fn new(ids: &[&str]) -> Self {
            let trace = TraceResult {
                attempt: Some("01JD5Y8ZK4T0M9Q2W7R3X6B1CV".to_owned()),
                seat: Some("a".to_owned()),
                account: Some("main".to_owned()),
                direction: Some(Direction::Outgoing),
                masked: true,
                sip_call_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
                messages: Vec::new(),
                media: None,
            };
            Self { trace }
        }

        /// `> ` or `< `, the start line; `more` is what stands in the head after CSeq.
        fn says(
            &mut self,
            offset_us: u64,
            peer: &str,
            line: &str,
            cseq: &str,
            more: &str,
        ) -> &mut TraceMessage {
            let (way, line) = line.split_at(2);
            self.trace.messages.push(TraceMessage {
                dialog: 0,
                at: 1_795_398_002_000,
                offset_us,
                direction: if way == "> " { TraceDirection::Sent } else { TraceDirection::Received },
                transport: "udp".to_owned(),
                local: "192.0.2.10:5060".to_owned(),
                peer: peer.to_owned(),
                line: line.to_owned(),
                cseq: Some(cseq.to_owned()),
                repeated: false,
                left_out_before: 0,
                length: 0,
                text: format!("{line}\r\nCSeq: {cseq}\r\n{more}\r\n\r\n"),
                base64: None,
            });
            self.trace.messages.last_mut().unwrap()
        }

        fn drawn(&self, lang: Lang) -> Vec<String> {
            let lines = lines(&self.trace, Out { json: false, lang });
            assert!(lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
            lines
        }
    }

    const A: &str = "192.0.2.1:5060";

    #[test]
    fn a_refused_call() {
        let mut script = Script::new(&["a@b"]);
        let invite = "> INVITE sip:******5678@192.0.2.1;user=phone SIP/2.0";
        script.says(0, A, invite, "1 INVITE", "Content-Type: application/sdp");
        script.says(500_480, A, invite, "1 INVITE", "Content-Type: application/sdp").repeated = true;
        script.says(512_000, A, "< SIP/2.0 100 Trying", "1 INVITE", "");
        script.says(4_512_900, A, "< SIP/2.0 404 Not Found", "1 INVITE", "Reason: Q.850;cause=1;text=\"x\"");
        script.says(4_513_000, A, "> ACK sip:******5678@192.0.2.1 SIP/2.0", "1 ACK", "").left_out_before = 7;
        assert_eq!(script.drawn(Lang::Ja).join("\n"), include_str!("ladder.ja.txt").trim_end());
        assert_eq!(script.drawn(Lang::En).join("\n"), include_str!("ladder.en.txt").trim_end());
    }

    #[test]
    fn each_server_has_its_lane_and_the_fourth_shares_one() {
        let mut script = Script::new(&["a@b", "c@d"]);
        for (at, peer) in ["[2001:db8::1:2:3:4]:5060", "192.0.2.2:5060", "192.0.2.3:5060", "192.0.2.4:5061"]
            .into_iter()
            .enumerate()
        {
            let message =
                script.says(at as u64 * 1_000, peer, "> INVITE tel:+81******5678 SIP/2.0", "1 INVITE", "");
            message.dialog = at % 2;
        }
        script.says(
            90_000_000_000,
            A,
            "< SIP/2.0 200 OK with a very long reason phrase that goes on and on and on and on",
            "1 INVITE",
            "",
        );
        assert_eq!(script.drawn(Lang::En).join("\n"), include_str!("ladder.lanes.txt").trim_end());
    }

    #[test]
    fn odd_messages_draw_too() {
        let mut script = Script::new(&["a@b"]);
        for line in [
            "> ",
            "< garbage",
            "< SIP/2.0 ",
            "> \u{1b}[2J x",
            "< 日本語の行はとても長くて八十桁にはとても入りきらないほどなのですが、それでも枠に収まる",
        ] {
            script.says(0, A, line, "", "");
        }
        script.drawn(Lang::Ja);
        Script::new(&[]).drawn(Lang::En);
    }

    #[test]
    fn words_fill_lines() {
        let words: Vec<_> = (0..9).map(|_| "あ".repeat(7)).collect();
        let lines = wrapped(&words);
        assert_eq!(lines.iter().map(|line| width(line)).collect::<Vec<_>>(), [78, 62]);
    }
}
