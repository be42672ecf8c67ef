//! RTCP (RFC 3550 6): sender and receiver reports, CNAME, BYE. Only what one audio call needs.

/// One reception report block (6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start, 24 bit signed.
    pub lost: i32,
    /// Highest sequence number with wraps.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report; 0 for none.
    pub last_sr: u32,
    /// Time since then in 1/65536 s.
    pub delay_since_last_sr: u32,
}

/// What a sender tells of itself (6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time, or time since the start where there is no wall clock (6.4.1 allows both).
    pub ntp: u64,
    /// The same moment in RTP time.
    pub rtp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// The report blocks of one packet; up to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a> {
    bytes: &'a [u8],
    left: u8,
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        self.left = self.left.checked_sub(1)?;
        let (block, rest) = self.bytes.split_at_checked(BLOCK_LEN)?;
        self.bytes = rest;
        read_block(block)
    }
}

/// One packet of a compound, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report<'a> {
    /// SR: the sender and what it hears of us.
    Sender {
        /// Who sends it.
        ssrc: u32,
        /// What it sent.
        info: SenderInfo,
        /// Its report blocks.
        blocks: Blocks<'a>,
    },
    /// RR.
    Receiver {
        /// Who sends it.
        ssrc: u32,
        /// Its report blocks.
        blocks: Blocks<'a>,
    },
    /// BYE.
    Bye {
        /// Who leaves.
        ssrc: u32,
    },
    /// SDES, APP, feedback.
    Other,
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
const BLOCK_LEN: usize = 24;

/// Reads a compound packet; ends at the first packet that contradicts itself.
pub fn parse(bytes: &[u8]) -> impl Iterator<Item = Report<'_>> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let header: [u8; 4] = rest.get(..4)?.try_into().ok()?;
        let length = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
        if header[0] >> 6 != 2 {
            return None;
        }
        let body = rest.get(4..length)?;
        rest = &rest[length..];
        let count = header[0] & 31;
        Some(match header[1] {
            SENDER_REPORT => {
                let info = SenderInfo {
                    ntp: u64::from(word(body, 4)?) << 32 | u64::from(word(body, 8)?),
                    rtp: word(body, 12)?,
                    packets: word(body, 16)?,
                    octets: word(body, 20)?,
                };
                Report::Sender { ssrc: word(body, 0)?, info, blocks: blocks(body, 24, count)? }
            }
            RECEIVER_REPORT => Report::Receiver { ssrc: word(body, 0)?, blocks: blocks(body, 4, count)? },
            BYE if count > 0 => Report::Bye { ssrc: word(body, 0)? },
            _ => Report::Other,
        })
    })
}

/// Writes a compound of SR (with `info`) or RR, a CNAME and, to say farewell, a BYE. Returns its length, or `None`
/// when `out` is too small.
pub fn write(
    out: &mut [u8],
    ssrc: u32,
    info: Option<SenderInfo>,
    report: Option<ReportBlock>,
    cname: &str,
    bye: bool,
) -> Option<usize> {
    let mut at = 0;
    let count = u8::from(report.is_some());
    let kind = if info.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    let words = 1 + if info.is_some() { 5 } else { 0 } + usize::from(count) * BLOCK_LEN / 4;
    header(out, &mut at, count, kind, words)?;
    put(out, &mut at, &ssrc.to_be_bytes())?;
    if let Some(info) = info {
        put(out, &mut at, &info.ntp.to_be_bytes())?;
        for field in [info.rtp, info.packets, info.octets] {
            put(out, &mut at, &field.to_be_bytes())?;
        }
    }
    if let Some(block) = report {
        let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
        let second = u32::from(block.fraction_lost) << 24 | lost;
        for field in
            [block.ssrc, second, block.highest, block.jitter, block.last_sr, block.delay_since_last_sr]
        {
            put(out, &mut at, &field.to_be_bytes())?;
        }
    }
    let name = &cname.as_bytes()[..cname.len().min(255)];
    // Item, its end mark and padding to a word: at least one zero.
    let padded = (4 + 2 + name.len() + 1).next_multiple_of(4);
    header(out, &mut at, 1, SOURCE_DESCRIPTION, padded / 4)?;
    put(out, &mut at, &ssrc.to_be_bytes())?;
    put(out, &mut at, &[CNAME, name.len() as u8])?;
    put(out, &mut at, name)?;
    put(out, &mut at, &[0; 4][..padded - 6 - name.len()])?;
    if bye {
        header(out, &mut at, 1, BYE, 1)?;
        put(out, &mut at, &ssrc.to_be_bytes())?;
    }
    Some(at)
}

fn header(out: &mut [u8], at: &mut usize, count: u8, kind: u8, words: usize) -> Option<()> {
    put(out, at, &[0x80 | count, kind])?;
    put(out, at, &(words as u16).to_be_bytes())
}

fn put(out: &mut [u8], at: &mut usize, bytes: &[u8]) -> Option<()> {
    out.get_mut(*at..*at + bytes.len())?.copy_from_slice(bytes);
    *at += bytes.len();
    Some(())
}

fn word(body: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?))
}

/// `None` when the blocks that are told of are not all there (A.2: the packet is not RTCP).
fn blocks(body: &[u8], at: usize, count: u8) -> Option<Blocks<'_>> {
    let bytes = body.get(at..at + usize::from(count) * BLOCK_LEN)?;
    Some(Blocks { bytes, left: count })
}

fn read_block(block: &[u8]) -> Option<ReportBlock> {
    let second = word(block, 4)?;
    Some(ReportBlock {
        ssrc: word(block, 0)?,
        fraction_lost: (second >> 24) as u8,
        // Sign-extends the 24 bits.
        lost: ((second << 8) as i32) >> 8,
        highest: word(block, 8)?,
        jitter: word(block, 12)?,
        last_sr: word(block, 16)?,
        delay_since_last_sr: word(block, 20)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: SenderInfo = SenderInfo { ntp: 0x0102_0304_0506_0708, rtp: 9, packets: 10, octets: 1600 };
    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 5,
        fraction_lost: 12,
        lost: -3,
        highest: 70_000,
        jitter: 44,
        last_sr: 77,
        delay_since_last_sr: 65_536,
    };

    fn blocks_of(report: &Report<'_>) -> Vec<ReportBlock> {
        match report {
            Report::Sender { blocks, .. } | Report::Receiver { blocks, .. } => blocks.collect(),
            Report::Bye { .. } | Report::Other => Vec::new(),
        }
    }

    #[test]
    fn a_compound_is_read_as_written() {
        for cname in ["", "a", "kakeru", "0123456789abcdef"] {
            let mut bytes = [0; 200];
            let length = write(&mut bytes, 1, Some(INFO), Some(BLOCK), cname, true).unwrap();
            assert_eq!(length % 4, 0);
            let reports: Vec<_> = parse(&bytes[..length]).collect();
            assert!(matches!(reports[0], Report::Sender { ssrc: 1, info: INFO, .. }));
            assert_eq!(blocks_of(&reports[0]), [BLOCK]);
            assert_eq!(reports[1..], [Report::Other, Report::Bye { ssrc: 1 }]);
        }
        let mut bytes = [0; 60];
        let length = write(&mut bytes, 1, None, None, "x", false).unwrap();
        let reports: Vec<_> = parse(&bytes[..length]).collect();
        assert!(matches!(reports[0], Report::Receiver { ssrc: 1, .. }) && blocks_of(&reports[0]).is_empty());
        assert_eq!(write(&mut bytes[..20], 1, Some(INFO), None, "x", false), None);
    }

    /// A bridge reports on all it hears; ours is not always the first.
    #[test]
    fn every_block_is_read() {
        let mut bytes = [0; 100];
        let length = write(&mut bytes, 1, None, Some(BLOCK), "x", false).unwrap();
        // The block once more, about somebody else, in front.
        let mut doubled = bytes[..length].to_vec();
        doubled.splice(8..8, bytes[8..32].to_vec());
        doubled[11] = 99;
        doubled[0] = 0x82;
        doubled[3] = 13;
        let reports: Vec<_> = parse(&doubled).collect();
        assert_eq!(blocks_of(&reports[0]), [ReportBlock { ssrc: 99, ..BLOCK }, BLOCK]);
        assert_eq!(reports.len(), 2);
        // One that promises more than it has is no report.
        doubled[0] = 0x9F;
        assert_eq!(parse(&doubled).count(), 0);
    }

    #[test]
    fn torn_and_wild_bytes_end_the_reading() {
        let mut bytes = [0; 200];
        let length = write(&mut bytes, 1, Some(INFO), Some(BLOCK), "kakeru", true).unwrap();
        for cut in 0..length {
            let _ = parse(&bytes[..cut]).count();
        }
        assert_eq!(parse(&[0x81, 200, 0, 0]).count(), 0);
        assert_eq!(parse(&[0x40, 200, 0, 0]).count(), 0);
        assert_eq!(parse(&[0x80, 203, 0, 0]).next(), Some(Report::Other));
    }
}
