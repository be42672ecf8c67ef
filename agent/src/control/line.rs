//! Lines from a client, bounded before they are kept.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, Interest};
use tokio::net::unix::OwnedReadHalf;

/// One read from a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its break.
    Text(Vec<u8>),
    /// More than the limit without a break; the rest of the stream cannot be trusted.
    TooLong,
    /// The client closed.
    End,
}

/// Reads lines. Cancel-safe: what was read before a cancelled call is kept.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already known to hold no break.
    scanned: usize,
    limit: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R, limit: usize) -> Self {
        Self { from, buffer: Vec::new(), scanned: 0, limit }
    }

    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            if let Some(at) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=self.scanned + at).collect();
                self.scanned = 0;
                line.pop();
                return Ok(if line.len() > self.limit { Line::TooLong } else { Line::Text(line) });
            }
            self.scanned = self.buffer.len();
            if self.buffer.len() > self.limit {
                return Ok(Line::TooLong);
            }
            if self.buffer.is_empty() {
                // An idle client holds no buffer.
                self.buffer = Vec::new();
            }
            let mut piece = [0; 4096];
            let read = self.from.read(&mut piece).await?;
            if read == 0 {
                // A last line without break is taken as a line.
                let rest = std::mem::take(&mut self.buffer);
                self.scanned = 0;
                return Ok(if rest.is_empty() { Line::End } else { Line::Text(rest) });
            }
            self.buffer.extend_from_slice(&piece[..read]);
        }
    }
}

impl Lines<OwnedReadHalf> {
    /// Whether the client is gone altogether, and does not only send nothing more.
    pub(super) async fn is_deserted(&self) -> bool {
        // Asked once, without waiting: a client that reads slowly is there.
        let ready = tokio::time::timeout(Duration::ZERO, self.from.ready(Interest::WRITABLE)).await;
        ready.is_ok_and(|ready| ready.is_ok_and(|ready| ready.is_write_closed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_out_whole_and_long_ones_are_refused() {
        let mut lines = Lines::new(&b"one\n\ntwo\nrest"[..], 8);
        assert_eq!(lines.next().await.unwrap(), Line::Text(b"one".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::Text(Vec::new()));
        assert_eq!(lines.next().await.unwrap(), Line::Text(b"two".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::Text(b"rest".to_vec()));
        assert_eq!(lines.next().await.unwrap(), Line::End);
        assert_eq!(Lines::new(&b"12345678\n"[..], 8).next().await.unwrap(), Line::Text(b"12345678".to_vec()));
        assert_eq!(Lines::new(&b"123456789\n"[..], 8).next().await.unwrap(), Line::TooLong);
        assert_eq!(Lines::new(&b"123456789"[..], 8).next().await.unwrap(), Line::TooLong);
    }
}
