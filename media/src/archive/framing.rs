//! Self-delimiting packets (RFC 6716 appendix B): all streams of a multistream packet but the last say how long they are.

/// Appends `packet` to `out` in its self-delimiting form. `None` when it is no Opus packet.
pub(super) fn delimit(packet: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (&toc, rest) = packet.split_first()?;
    match toc & 0b11 {
        // One frame: its length.
        0 => {
            out.push(toc);
            length(rest.len(), out)?;
            out.extend_from_slice(rest);
        }
        // Two of one length: that length.
        1 => {
            (rest.len() % 2 == 0).then_some(())?;
            out.push(toc);
            length(rest.len() / 2, out)?;
            out.extend_from_slice(rest);
        }
        // Two of different lengths: the first's is there, the second's follows it.
        2 => {
            let (first, used) = read_length(rest)?;
            let frames = rest.get(used..)?;
            out.push(toc);
            out.extend_from_slice(rest.get(..used)?);
            length(frames.len().checked_sub(first)?, out)?;
            out.extend_from_slice(frames);
        }
        // Any number of frames with padding: 60 ms of SILK is one frame, so our encoders make none.
        _ => return None,
    }
    Some(())
}

/// Splits a self-delimited packet off the front: the packet in its usual form is put into `packet`, the rest is
/// returned. `None` when it is cut short or of a form that [`delimit`] does not make.
pub(super) fn split<'a>(bytes: &'a [u8], packet: &mut Vec<u8>) -> Option<&'a [u8]> {
    packet.clear();
    let (&toc, rest) = bytes.split_first()?;
    packet.push(toc);
    let (size, rest) = match toc & 0b11 {
        0 => {
            let (size, used) = read_length(rest)?;
            (size, rest.get(used..)?)
        }
        1 => {
            let (size, used) = read_length(rest)?;
            (size * 2, rest.get(used..)?)
        }
        2 => {
            let (first, used) = read_length(rest)?;
            packet.extend_from_slice(rest.get(..used)?);
            let rest = rest.get(used..)?;
            let (second, used) = read_length(rest)?;
            (first + second, rest.get(used..)?)
        }
        _ => return None,
    };
    packet.extend_from_slice(rest.get(..size)?);
    rest.get(size..)
}

/// A frame length in one or two bytes (RFC 6716 3.2.1).
fn length(bytes: usize, out: &mut Vec<u8>) -> Option<()> {
    if bytes < TWO_BYTES {
        out.push(u8::try_from(bytes).ok()?);
    } else {
        (bytes <= LONGEST).then_some(())?;
        let first = TWO_BYTES + bytes % 4;
        out.push(u8::try_from(first).ok()?);
        out.push(u8::try_from((bytes - first) / 4).ok()?);
    }
    Some(())
}

/// The length, and how many bytes it took.
fn read_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.first()?);
    if first < TWO_BYTES {
        return Some((first, 1));
    }
    Some((usize::from(*bytes.get(1)?) * 4 + first, 2))
}

/// Lengths from here on take two bytes.
const TWO_BYTES: usize = 252;
/// The longest frame (RFC 6716 3.2.1).
const LONGEST: usize = 1_275;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6716 3.2.1 and appendix B by hand: lengths, and where they stand in each form.
    #[test]
    fn the_forms_of_the_rfc() {
        let delimited = |packet: &[u8]| {
            let mut out = Vec::new();
            delimit(packet, &mut out).map(|()| out)
        };
        assert_eq!(delimited(&[0x18, 7, 8]).unwrap(), [0x18, 2, 7, 8]);
        assert_eq!(delimited(&[0x18]).unwrap(), [0x18, 0]);
        assert_eq!(delimited(&[0x19, 1, 2, 3, 4]).unwrap(), [0x19, 2, 1, 2, 3, 4]);
        assert_eq!(delimited(&[0x1A, 1, 9, 8, 8]).unwrap(), [0x1A, 1, 2, 9, 8, 8]);
        let long = [&[0x18][..], &[5; 1_275]].concat();
        assert_eq!(delimited(&long).unwrap()[..3], [0x18, 255, 255]);
        assert_eq!(delimited(&[&[0x18][..], &[5; 252]].concat()).unwrap()[..3], [0x18, 252, 0]);
        for wrong in
            [&[][..], &[0x19, 1], &[0x1A], &[0x1A, 9, 1], &[0x1B, 1, 2], &[&[0x18][..], &[0; 1_276]].concat()]
        {
            assert_eq!(delimited(wrong), None, "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_delimited_splits_again(code in 0_u8..3, body in proptest::collection::vec(0_u8.., 0..600), tail in proptest::collection::vec(0_u8.., 0..9)) {
            let packet = [&[0x18 | code][..], &body].concat();
            let mut out = Vec::new();
            if delimit(&packet, &mut out).is_some() {
                out.extend_from_slice(&tail);
                let mut back = Vec::new();
                let rest = split(&out, &mut back).unwrap();
                proptest::prop_assert_eq!((back, rest), (packet, &tail[..]));
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(0_u8.., 0..40)) {
            let mut packet = Vec::new();
            let _ = split(&bytes, &mut packet);
            let _ = delimit(&bytes, &mut packet);
        }
    }
}
