//! Which datagrams may reach the library. Until the handshake is over nothing proves where a record came from, so what no
//! handshake has need of is dropped here (RFC 6347 4.1.2.7): alerts in the clear would end it, numbers far ahead would make
//! the peer's look old, and a message in crumbs would be put together by recursion.

/// Whether every record of the datagram is one of a handshake by its form.
pub(super) fn is_plausible(mut datagram: &[u8]) -> bool {
    if datagram.is_empty() {
        return false;
    }
    while !datagram.is_empty() {
        let Some((header, rest)) = datagram.split_at_checked(RECORD_HEADER) else { return false };
        let number = |range: std::ops::Range<usize>| {
            header[range].iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        };
        let Some((body, next)) = rest.split_at_checked(number(11..13) as usize) else { return false };
        datagram = next;
        let (kind, epoch, sequence) = (header[0], number(3..5), number(5..11));
        if header[1] != 0xFE || sequence > MOST_RECORDS || body.is_empty() {
            return false;
        }
        let plausible = match (epoch, kind) {
            (0, HANDSHAKE) => are_fragments(body),
            (0, CHANGE_CIPHER_SPEC) => body == [1],
            // Encrypted: the library sees by itself whether it is the peer's.
            (1, HANDSHAKE | ALERT) => true,
            _ => false,
        };
        if !plausible {
            return false;
        }
    }
    true
}

/// RFC 6347 4.2.2: type, length, message number, offset and length of the fragment.
fn are_fragments(mut body: &[u8]) -> bool {
    while !body.is_empty() {
        let Some((header, rest)) = body.split_at_checked(FRAGMENT_HEADER) else { return false };
        let number = |at: usize, bytes: usize| {
            header[at..at + bytes].iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte))
        };
        let (length, message, offset, fragment) = (number(1, 3), number(4, 2), number(6, 3), number(9, 3));
        let is_last = offset + fragment == length;
        if header[0] > FINISHED
            || length > LONGEST_MESSAGE
            || message > MOST_MESSAGES
            || offset + fragment > length
            || (fragment < SHORTEST_FRAGMENT && !is_last)
        {
            return false;
        }
        let Some(next) = rest.get(fragment..) else { return false };
        body = next;
    }
    true
}

const RECORD_HEADER: usize = 13;
const FRAGMENT_HEADER: usize = 12;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// The last type of message that there is.
const FINISHED: u8 = 20;
/// A handshake has some ten; repetitions count on.
const MOST_RECORDS: u64 = 1_000;
const MOST_MESSAGES: usize = 30;
/// A chain of certificates fits.
const LONGEST_MESSAGE: usize = 16 * 1024;
/// No network has a smaller MTU than is left for this.
const SHORTEST_FRAGMENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, epoch: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0];
        record.extend(sequence.to_be_bytes());
        record.extend((body.len() as u16).to_be_bytes());
        record.extend(body);
        record
    }

    fn fragment(length: u16, offset: u16, fragment: u16) -> Vec<u8> {
        let mut message = vec![1, 0];
        message.extend(length.to_be_bytes());
        message.extend([0, 0, 0]);
        message.extend(offset.to_be_bytes());
        message.push(0);
        message.extend(fragment.to_be_bytes());
        message.extend(vec![7; usize::from(fragment)]);
        message
    }

    #[test]
    fn only_what_a_handshake_has_need_of_passes() {
        let hello = record(22, 0, 0, &fragment(100, 0, 100));
        let two = [hello.clone(), record(20, 0, 1, &[1]), record(22, 1, 0, &[9; 40])].concat();
        for good in [&hello, &two, &record(22, 0, 3, &fragment(300, 100, 64)), &record(21, 1, 0, &[1; 20])] {
            assert!(is_plausible(good), "{good:?}");
        }
        for bad in [
            Vec::new(),
            vec![22],
            hello[..hello.len() - 1].to_vec(),
            record(21, 0, 0, &[2, 40]),
            record(23, 1, 0, &[1; 20]),
            record(22, 2, 0, &[1; 20]),
            record(22, 0, 40_000, &fragment(100, 0, 100)),
            record(22, 0, 0, &fragment(100, 0, 1)),
            record(22, 0, 0, &fragment(100, 90, 20)),
            record(22, 0, 0, &fragment(100, 0, 100)[..50]),
            record(22, 0, 0, &fragment(20_000, 0, 100)),
            record(20, 0, 0, &[1, 1]),
            record(22, 0, 0, &[]),
        ] {
            assert!(!is_plausible(&bad), "{bad:?}");
        }
    }
}
