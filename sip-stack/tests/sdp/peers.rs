//! What we agree to with the offers of `peers.txt`, and what is left of them when they arrive broken.

use sip_stack::sdp::{Capabilities, CodecName, Direction, Negotiator, parse};

use super::{everything, summary};

struct Peer {
    name: &'static str,
    agreed: &'static str,
    offer: String,
}

fn peers() -> Vec<Peer> {
    let blocks = include_str!("peers.txt").split("\n### ").skip(2);
    blocks
        .map(|block| {
            let mut lines = block.lines();
            let name = lines.next().unwrap();
            assert!(lines.next().unwrap().starts_with("# "), "{name} has no origin");
            let agreed = lines.next().unwrap().strip_prefix("> ").unwrap();
            let offer = lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect();
            Peer { name, agreed, offer }
        })
        .collect()
}

fn ours(offer: &str) -> Capabilities {
    everything(if offer.contains("c=IN IP6") { "2001:db8::1" } else { "192.0.2.1" })
}

/// Answers the offer: what was agreed, or how it is refused.
fn agree(offer: &[u8], capabilities: &Capabilities) -> (String, Option<String>) {
    let mut negotiator = Negotiator::new(7);
    let result = negotiator.offer_received(offer).and_then(|()| negotiator.answer(capabilities));
    let fax = if negotiator.saw_t38() { ", fax" } else { "" };
    match result {
        Ok((answer, agreed)) => (summary(&agreed) + fax, Some(String::from_utf8(answer).unwrap())),
        Err(error) => {
            let code = error.warning().map_or(error.status(), |(code, _)| code);
            (format!("refused {code}{fax}"), None)
        }
    }
}

#[test]
fn everybody_is_understood() {
    let peers = peers();
    assert!(peers.len() >= 30, "{}", peers.len());
    for Peer { name, agreed, offer } in peers {
        let (result, answer) = agree(offer.as_bytes(), &ours(&offer));
        assert_eq!(result, agreed, "{name}");
        let Some(answer) = answer else { continue };
        // RFC 3264 6: as many lines, in the same order, and nothing under a number that was not offered.
        let (theirs, answered) = (parse(offer.as_bytes()).unwrap(), parse(answer.as_bytes()).unwrap());
        assert_eq!(answered.media.len(), theirs.media.len(), "{name}");
        for (answered, theirs) in answered.media.iter().zip(&theirs.media) {
            assert_eq!((&answered.kind, &answered.protocol), (&theirs.kind, &theirs.protocol), "{name}");
            assert!(answered.formats.iter().all(|f| theirs.formats.iter().any(|t| t.id == f.id)), "{name}");
        }
        // Bare line feeds and a stray byte of Shift JIS change nothing.
        let sloppy = offer.replace("\r\n", "\n").replace("s=", "s=\u{fffd}");
        assert_eq!(agree(sloppy.as_bytes(), &ours(&offer)).0, agreed, "{name}");
    }
}

#[test]
fn plain_telephony_is_all_that_a_plain_agent_takes() {
    let g711 = |offer: &str| Capabilities::new(ours(offer).address, 20_000);
    for Peer { name, agreed, offer } in peers() {
        let (result, _) = agree(offer.as_bytes(), &g711(&offer));
        let secure_only = (agreed.contains("sdes") || agreed.contains("dtls")) && !offer.contains("RTP/AVP ");
        if agreed.starts_with("refused") {
            assert!(result.starts_with("refused"), "{name}: {result}");
        } else if secure_only || !offer.contains("RTP/AVP") {
            assert!(matches!(result.as_str(), "refused 302" | "refused 305"), "{name}: {result}");
        } else {
            assert!(result.ends_with("| plain") && result.starts_with("PCM"), "{name}: {result}");
        }
    }
}

#[test]
fn their_offers_as_answers_to_ours() {
    // The same shapes answer our offer: what is agreed is among what we offered.
    for Peer { name, agreed, offer } in peers() {
        let capabilities = ours(&offer);
        let mut negotiator = Negotiator::new(7);
        let bytes = negotiator.offer(&capabilities, Direction::SendRecv).unwrap();
        let ours = parse(&bytes).unwrap();
        match negotiator.answer_received(offer.as_bytes()) {
            Ok(agreed) => {
                let format = |id: u8| ours.media[0].formats.iter().any(|f| f.payload_type() == Some(id));
                assert!(format(agreed.receive_payload_type), "{name}");
                assert!(agreed.dtmf_receive_payload_type.is_none_or(format), "{name}");
                assert!(
                    agreed.dtmf_payload_type.is_some() == agreed.dtmf_receive_payload_type.is_some(),
                    "{name}"
                );
                assert!((10..=60).contains(&agreed.ptime_ms), "{name}");
            }
            Err(error) => assert!(agreed.starts_with("refused"), "{name}: {error}"),
        }
    }
}

#[test]
fn broken_on_the_way() {
    let mut random = Random(0x5EED);
    let peers = peers();
    let (mut read, mut taken) = (0_u32, 0_u32);
    for round in 0..4_000 {
        let peer = &peers[round % peers.len()];
        let bytes = random.mutate(peer.offer.as_bytes());
        let Ok(session) = parse(&bytes) else { continue };
        read += 1;
        assert_eq!(parse(&session.to_bytes()).as_ref(), Ok(&session), "{}: {session}", peer.name);
        let capabilities = ours(&peer.offer);
        let mut negotiator = Negotiator::new(round as u64);
        if negotiator.offer_received(&bytes).is_ok()
            && let Ok((answer, agreed)) = negotiator.answer(&capabilities)
        {
            taken += 1;
            assert!(CodecName::ALL.contains(&agreed.codec) && (10..=60).contains(&agreed.ptime_ms));
            assert!(agreed.payload_type < 128 && !agreed.remote.ip().is_multicast());
            let answer = parse(&answer).unwrap();
            assert_eq!(answer.media.len(), session.media.len());
        }
        let mut negotiator = Negotiator::new(round as u64);
        let _ = negotiator.offer(&capabilities, Direction::SendRecv);
        let _ = negotiator.answer_received(&bytes);
    }
    // The mutations are mild enough to reach the machine behind the parser.
    assert!(read > 2_500 && taken > 1_300, "{read} {taken}");
}

/// SplitMix64: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len());
            match self.below(7) {
                0 => out[at] = self.below(256) as u8,
                1 => drop(out.remove(at)),
                2 => out.insert(at, b" \r\n=:/0129"[self.below(10)]),
                3 => out.truncate(at + 1),
                4 => {
                    let mut lines: Vec<Vec<u8>> = out.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                    let (a, b) = (self.below(lines.len()), self.below(lines.len()));
                    lines.swap(a, b);
                    out = lines.join(&b'\n');
                }
                5 => {
                    let mut lines: Vec<&[u8]> = out.split(|b| *b == b'\n').collect();
                    lines.remove(self.below(lines.len()));
                    out = lines.join(&b'\n');
                }
                _ => {
                    let digits = ["0", "-1", "70000", "99999999999999999999", "4294967296", "NaN", "1e9"];
                    let number = digits[self.below(digits.len())].as_bytes();
                    let end = (at + 1 + self.below(4)).min(out.len());
                    out.splice(at..end, number.iter().copied());
                }
            }
            if out.is_empty() {
                out.push(b'v');
            }
        }
        out
    }
}
