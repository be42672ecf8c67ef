//! Cutting messages out of a byte stream (RFC 3261 18.3, RFC 5626 3.5.1).

use super::{Defect, MAX_MESSAGE, Message, ParseError, wire};

/// What a stream yields, unparsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawFrame {
    /// The bytes of one message, for [`super::parse_framed`].
    Message(Vec<u8>),
    /// A double CRLF: the peer asks whether we live; answer with one CRLF.
    Ping,
    /// A single CRLF: the answer to our ping, or padding.
    Pong,
}

/// What a stream yields, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One message.
    Message(Box<Message>),
    /// As [`RawFrame::Ping`].
    Ping,
    /// As [`RawFrame::Pong`].
    Pong,
}

/// Reassembles the messages of one connection.
///
/// Give it bytes with [`StreamFramer::feed`], then take frames until there is none; what it holds between two feeds
/// is less than one message. Once [`StreamFramer::is_broken`], message borders are lost: close the connection.
#[derive(Debug, Default)]
pub struct StreamFramer {
    buffer: Vec<u8>,
    /// How far the search for the empty line got, so that slow senders do not cost quadratic time.
    scanned: usize,
    /// Where the message whose header section is complete ends, so that it is read once.
    expected: Option<usize>,
    broken: bool,
}

impl StreamFramer {
    /// An empty framer.
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), scanned: 0, expected: None, broken: false }
    }

    /// Appends received bytes; ignored once broken.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether no further message can be found.
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether a message has begun and is not complete.
    pub fn is_inside_message(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// The next frame, unparsed; `None` until more bytes come.
    ///
    /// A message without usable Content-Length comes out as its header section, so that it can be answered with
    /// 400, and breaks the framer.
    ///
    /// # Errors
    /// A message larger than [`MAX_MESSAGE`], which breaks the framer too.
    pub fn next_raw(&mut self) -> Option<Result<RawFrame, ParseError>> {
        if let Some(total) = self.expected {
            return (self.buffer.len() >= total).then(|| Ok(RawFrame::Message(self.take(total))));
        }
        loop {
            match self.buffer.as_slice() {
                _ if self.broken => return None,
                [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return None,
                [b'\r', b'\n', b'\r', b'\n', ..] => return Some(Ok(self.skip(4, RawFrame::Ping))),
                [b'\r', b'\n', ..] => return Some(Ok(self.skip(2, RawFrame::Pong))),
                [b'\r' | b'\n', ..] => drop(self.buffer.drain(..1)),
                _ => break,
            }
        }
        let Some(end) = self.head_end() else {
            return (self.buffer.len() > MAX_MESSAGE).then(|| self.fail());
        };
        let Some(length) = wire::declared_length(&self.buffer[..end]) else {
            let head = self.take(end);
            self.fail_quietly();
            return Some(Ok(RawFrame::Message(head)));
        };
        let total = end.saturating_add(length);
        if total > MAX_MESSAGE {
            return Some(self.fail());
        }
        self.expected = Some(total);
        self.next_raw()
    }

    /// The index after the empty line.
    fn head_end(&mut self) -> Option<usize> {
        for at in self.scanned..self.buffer.len() {
            if self.buffer[at] == b'\n' {
                match &self.buffer[at + 1..] {
                    [b'\n', ..] => return Some(at + 2),
                    [b'\r', b'\n', ..] => return Some(at + 3),
                    _ => {}
                }
            }
        }
        self.scanned = self.buffer.len().saturating_sub(2);
        None
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.scanned = 0;
        self.expected = None;
        self.buffer.drain(..count).collect()
    }

    fn skip(&mut self, count: usize, frame: RawFrame) -> RawFrame {
        self.buffer.drain(..count);
        self.scanned = 0;
        frame
    }

    fn fail(&mut self) -> Result<RawFrame, ParseError> {
        self.fail_quietly();
        Err(ParseError::Unusable(Defect::TooLarge))
    }

    fn fail_quietly(&mut self) {
        self.broken = true;
        self.buffer = Vec::new();
    }
}

/// Parsed frames. `None` means "not yet", not "never again".
impl Iterator for StreamFramer {
    type Item = Result<Frame, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.next_raw()? {
            Ok(RawFrame::Message(bytes)) => {
                wire::parse_framed(&bytes).map(|message| Frame::Message(Box::new(message)))
            }
            Ok(RawFrame::Ping) => Ok(Frame::Ping),
            Ok(RawFrame::Pong) => Ok(Frame::Pong),
            Err(error) => Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\n\
        From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\ni: x\r\nCSeq: 1 OPTIONS\r\nl:\r\n 4\r\n\r\nbody";

    #[test]
    fn messages_come_out_however_they_are_cut() {
        let stream = format!("\r\n{MESSAGE}\r\n\r\n{MESSAGE}").into_bytes();
        for size in 1..stream.len() {
            let mut framer = StreamFramer::new();
            let mut bodies = Vec::new();
            for chunk in stream.chunks(size) {
                framer.feed(chunk);
                for frame in framer.by_ref() {
                    if let Frame::Message(message) = frame.unwrap() {
                        bodies.push(message.body().to_vec());
                    }
                }
            }
            assert_eq!(bodies, [b"body", b"body"], "cut every {size} bytes");
        }
    }

    #[test]
    fn keep_alives_are_told_apart() {
        let mut framer = StreamFramer::new();
        framer.feed(b"\r\n\r\n\r\n");
        assert_eq!(framer.next_raw(), Some(Ok(RawFrame::Ping)));
        assert_eq!(framer.next_raw(), Some(Ok(RawFrame::Pong)));
        assert_eq!(framer.next_raw(), None);
    }

    #[test]
    fn a_lost_border_is_answered_and_ends_the_stream() {
        let mut framer = StreamFramer::new();
        framer.feed(MESSAGE.replace("l:\r\n 4\r\n", "").as_bytes());
        let Some(Err(ParseError::Rejected(rejected))) = framer.next() else { panic!() };
        assert_eq!(rejected.defect, Defect::Missing("Content-Length"));
        assert!(framer.is_broken());
        framer.feed(MESSAGE.as_bytes());
        assert_eq!(framer.next(), None);
    }

    #[test]
    fn limits_hold_before_the_bytes_arrive() {
        let mut framer = StreamFramer::new();
        framer.feed(MESSAGE.replace(" 4", " 65535").as_bytes());
        assert_eq!(framer.next_raw(), Some(Err(ParseError::Unusable(Defect::TooLarge))));
        let mut endless = StreamFramer::new();
        endless.feed(&vec![b'a'; MAX_MESSAGE + 1]);
        assert!(endless.next_raw().is_some_and(|frame| frame.is_err()));
        assert!(endless.is_broken());
    }
}
