//! One connection: however its bytes are cut, the same messages come out, and little is held back.

use sip_stack::message::{MAX_MESSAGE, RawFrame, StreamFramer};

/// The first byte is the size of the pieces.
pub(crate) fn run(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let whole = messages(stream, stream.len().max(1));
    let pieces = messages(stream, usize::from(*size).max(1));
    assert_eq!(pieces, whole, "cut into pieces of {size}");
}

/// The messages of a stream, and whether its borders were lost. Keep-alives are left out: a cut one may show as two.
fn messages(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let mut framer = StreamFramer::new();
    let mut messages = Vec::new();
    for piece in stream.chunks(size) {
        framer.feed(piece);
        while let Some(frame) = framer.next_raw() {
            match frame {
                Ok(RawFrame::Message(message)) => {
                    assert!(message.len() <= MAX_MESSAGE + size);
                    messages.push(message);
                }
                Ok(RawFrame::Ping | RawFrame::Pong) => {}
                Err(_) => assert!(framer.is_broken()),
            }
        }
    }
    (messages, framer.is_broken())
}
