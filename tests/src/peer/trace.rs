//! sipp's message trace as data: the count of INVITEs that a separate process saw.

use std::collections::{BTreeMap, BTreeSet};

/// One SIP message of a trace.
#[derive(Clone, Debug)]
pub struct Message {
    /// Received by sipp, or sent by it.
    pub received: bool,
    /// Date and time as sipp prints them.
    pub at: String,
    /// Start line, headers, body, with `\n` line ends.
    pub text: String,
}

impl Message {
    /// The request or status line.
    pub fn start_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The method of a request, the code of a response.
    pub fn verb(&self) -> &str {
        let mut words = self.start_line().split(' ');
        match words.next() {
            Some("SIP/2.0") => words.next().unwrap_or_default(),
            first => first.unwrap_or_default(),
        }
    }

    /// The first header of that name; full names only, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.text.lines().skip(1).take_while(|line| !line.trim().is_empty());
        headers
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// What follows the empty line.
    pub fn body(&self) -> &str {
        self.text.split_once("\n\n").map_or("", |(_, body)| body)
    }

    /// The branch of the topmost Via.
    pub fn branch(&self) -> &str {
        let via = self.header("Via").unwrap_or_default();
        via.split(';').find_map(|parameter| parameter.trim().strip_prefix("branch=")).unwrap_or_default()
    }

    /// User part of the request URI: the number dialed.
    pub fn number(&self) -> &str {
        let uri = self.start_line().split(' ').nth(1).unwrap_or_default();
        uri.strip_prefix("sip:").and_then(|rest| rest.split_once('@')).map_or(uri, |(user, _)| user)
    }
}

/// An INVITE that begins a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The number dialed.
    pub number: String,
    /// Its Call-ID.
    pub call_id: String,
    /// Whether it answers a challenge: then the same Call-ID was seen before, with a lower CSeq.
    pub authorized: bool,
    /// Date and time as sipp prints them.
    pub at: String,
}

/// Splits a trace file into its messages.
pub fn parse(text: &str) -> Vec<Message> {
    let text = text.replace('\r', "");
    // Each message: a rule of hyphens with the date, one line that says whence, an empty line, the message.
    let chunks = text.split("----------------------------------------------- ").skip(1);
    chunks
        .filter_map(|chunk| {
            let (at, rest) = chunk.split_once('\n')?;
            let (whence, rest) = rest.split_once('\n')?;
            let text = rest.trim_start_matches('\n').trim_end_matches('\n');
            let text = format!("{text}\n\n").replacen("\n\n\n\n", "\n\n", 1);
            Some(Message { received: whence.contains("received"), at: at.trim().to_owned(), text })
        })
        .filter(|message| !message.start_line().is_empty())
        .collect()
}

/// Requests of a method that sipp received, retransmissions (same branch and CSeq) left out.
pub fn requests(messages: &[Message], method: &str) -> Vec<Message> {
    let mut seen = BTreeSet::new();
    let wanted = messages.iter().filter(|message| message.received && message.verb() == method);
    wanted
        .filter(|message| {
            let key = |name| message.header(name).unwrap_or_default().to_owned();
            seen.insert((message.branch().to_owned(), key("Call-ID"), key("CSeq")))
        })
        .cloned()
        .collect()
}

/// INVITEs that begin a dialog: a `To` without tag.
pub fn invites(messages: &[Message]) -> Vec<Invite> {
    let first = requests(messages, "INVITE").into_iter();
    first
        .filter(|message| !message.header("To").unwrap_or_default().contains(";tag="))
        .map(|message| Invite {
            number: message.number().to_owned(),
            call_id: message.header("Call-ID").unwrap_or_default().to_owned(),
            authorized: ["Authorization", "Proxy-Authorization"]
                .iter()
                .any(|name| message.header(name).is_some()),
            at: message.at.clone(),
        })
        .collect()
}

/// Distinct Call-IDs per number.
pub fn calls_by_number(invites: &[Invite]) -> BTreeMap<String, usize> {
    let distinct: BTreeSet<_> = invites.iter().map(|invite| (&invite.number, &invite.call_id)).collect();
    distinct.into_iter().fold(BTreeMap::new(), |mut counts, (number, _)| {
        *counts.entry(number.clone()).or_default() += 1;
        counts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(call_id: &str, branch: &str, cseq: u32, more: &str) -> String {
        format!(
            "----------------------------------------------- 2026-11-21 21:22:01.907449\n\
             UDP message received [582] bytes :\n\nINVITE sip:0312340001@127.0.0.1:5060;transport=UDP SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:15070;rport;branch={branch}\r\nTo: <sip:0312340001@127.0.0.1>\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} INVITE\r\n{more}Content-Length: 4\r\n\r\nv=0\n\n"
        )
    }

    #[test]
    fn retransmissions_and_challenged_invites_count_once() {
        let authorized = "Proxy-Authorization: Digest username=\"a\"\r\n";
        let text = entry("a", "z1", 1, "") + &entry("a", "z1", 1, "") + &entry("a", "z2", 2, authorized);
        let messages = parse(&text);
        assert_eq!(messages.len(), 3);
        assert_eq!((messages[0].verb(), messages[0].number()), ("INVITE", "0312340001"));
        assert_eq!(messages[0].body().trim(), "v=0");
        let invites = invites(&messages);
        assert_eq!(invites.len(), 2);
        assert!(invites[1].authorized);
        assert_eq!(calls_by_number(&invites)["0312340001"], 1);
    }

    #[test]
    fn a_second_call_to_a_number_shows() {
        let messages = parse(&(entry("a", "z1", 1, "") + &entry("b", "z2", 1, "")));
        assert_eq!(calls_by_number(&invites(&messages))["0312340001"], 2);
    }
}
