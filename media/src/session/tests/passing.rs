//! Packets of one peer sent to another as they came: numbers, timestamps, marks, and what is heard.

use super::*;

/// A peer, a session that hears it, and a session that sends to a phone what that one has heard.
struct Passed {
    now: Instant,
    peer: Session,
    says: ToneSource,
    near: Session,
    far: Session,
    coded: Coded,
    round: u64,
    /// Packets to the phone.
    sent: Vec<Vec<u8>>,
}

impl Passed {
    fn new(codec: Codec) -> Self {
        let now = Instant::now();
        let session = |id, port| Session::new(SessionId(id), params(codec, port), id, now).unwrap();
        let mut near = session(2, 4_000);
        near.keep_coded(true);
        let says = ToneSource::new(ToneSpec::sine(440.0, -15.0), codec.sample_rate());
        let (peer, far) = (session(1, 4_002), session(3, 4_004));
        Self { now, peer, says, near, far, coded: Coded::default(), round: 0, sent: Vec::new() }
    }

    /// A round of 20 ms; the peer's packet does not come where it is lost.
    fn round(&mut self, lost: bool) {
        let count = self.peer.rate() as usize / 50;
        let mut pcm = vec![0; count];
        // The peer does not begin in the middle of a word.
        if self.round >= 10 {
            self.says.fill(&mut pcm);
        }
        self.peer.push(self.now, &pcm);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some(sent) = self.peer.poll_transmit(&mut buf) {
            if !lost && sent.channel == Channel::Rtp {
                self.near.handle_rtp(self.now, address(4_000), &buf[..sent.length]);
            }
        }
        self.near.pull(self.now, &mut pcm);
        std::mem::swap(self.near.coded().unwrap(), &mut self.coded);
        self.far.push_coded(self.now, &pcm, &self.coded);
        while let Some(sent) = self.far.poll_transmit(&mut buf) {
            if sent.channel == Channel::Rtp {
                self.sent.push(buf[..sent.length].to_vec());
            }
        }
        self.now += Duration::from_millis(20);
        self.round += 1;
    }

    fn rounds(&mut self, count: usize) {
        (0..count).for_each(|_| self.round(false));
    }

    fn packets(&self) -> Vec<Packet<'_>> {
        self.sent.iter().map(|bytes| Packet::parse(bytes).unwrap()).collect()
    }
}

#[test]
fn own_numbers_go_on_and_the_mark_tells_of_the_switch() {
    let mut passed = Passed::new(Codec::Pcma);
    passed.rounds(100);
    let (encoded, before) = passed.far.coding();
    assert!(encoded <= 3 && before >= 97, "{encoded} encoded before the first packet was there");
    // A tone is mixed in for a while: that is encoded, then packets go through again.
    passed.far.set_notice(Some(ToneSpec::sine(1_400.0, -24.0)));
    passed.rounds(50);
    passed.far.set_notice(None);
    passed.rounds(50);
    assert_eq!(passed.far.coding(), (encoded + 50, before + 50));
    let packets = passed.packets();
    assert_eq!(packets.len(), 200);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
        assert_eq!((pair[1].ssrc, pair[1].payload_type), (passed.far.outbound.ssrc(), 8));
    }
    let marked: Vec<usize> =
        packets.iter().enumerate().filter(|(_, packet)| packet.marker).map(|(index, _)| index).collect();
    assert_eq!(marked, [0, encoded as usize, 100, 150]);
    // As they came: what the peer sent is what the phone gets, A-law byte for byte.
    let mut says = ToneSource::new(ToneSpec::sine(440.0, -15.0), 8_000);
    let mut pcm = vec![0; 160 * 200];
    says.fill(&mut pcm);
    let mut wanted = vec![0; pcm.len()];
    crate::codec::g711::Law::A.encode(&pcm, &mut wanted);
    let got = &packets[50].payload;
    assert!(wanted.chunks_exact(160).any(|frame| frame == *got));
}

/// The phone is told what is missing, and by Opus gets the packet with the copy of the lost one.
#[test]
fn what_is_lost_stays_lost_and_is_told_by_the_numbers() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut passed = Passed::new(codec);
        passed.rounds(50);
        let encoded = passed.far.coding().0;
        for round in 0..200 {
            // Single packets, and two in a row.
            passed.round(round % 20 == 7 || round % 50 == 8);
        }
        passed.rounds(5);
        assert_eq!(passed.far.coding().0, encoded, "{codec:?}: a gap is not encoded");
        let lost = passed.near.stats().missed;
        assert!((10..=14).contains(&lost), "{codec:?}: {lost}");
        let packets = passed.packets();
        let mut left_out = 0;
        for pair in packets.windows(2).skip(encoded as usize) {
            let step = pair[1].sequence.wrapping_sub(pair[0].sequence);
            let units = codec.clock_rate() / 50;
            assert_eq!(
                pair[1].timestamp.wrapping_sub(pair[0].timestamp),
                u32::from(step) * units,
                "{codec:?}"
            );
            left_out += u64::from(step) - 1;
            assert!(!pair[1].marker || step == 1, "{codec:?}: a loss is no pause");
        }
        assert_eq!(left_out, lost, "{codec:?}");
        // Who hears it conceals it.
        let mut phone = Session::new(SessionId(4), params(codec, 4_006), 9, passed.now).unwrap();
        let (mut heard, mut sent) = (Vec::new(), passed.sent.iter().peekable());
        let first = packets[0].timestamp;
        for round in 0..250_u32 {
            let now = passed.now + Duration::from_millis(20) * round;
            let due = |bytes: &&Vec<u8>| {
                Packet::parse(bytes).unwrap().timestamp.wrapping_sub(first) <= round * codec.clock_rate() / 50
            };
            while let Some(bytes) = sent.next_if(|bytes| due(bytes)) {
                phone.handle_rtp(now, address(4_006), bytes);
            }
            let mut pcm = vec![0; codec.sample_rate() as usize / 50];
            phone.pull(now, &mut pcm);
            heard.extend(pcm);
        }
        let rate = codec.sample_rate() as usize;
        let heard = &heard[rate..rate * 45 / 10];
        assert!((level_dbm0(heard) + 15.0).abs() < 1.0, "{codec:?}: {}", level_dbm0(heard));
        assert_eq!(phone.stats().missed, lost, "{codec:?}");
    }
}

/// Who falls silent on purpose is silent to the phone too, as noise that we make: it need not know comfort noise.
#[test]
fn an_announced_pause_is_encoded_and_marked_at_its_end() {
    let mut passed = Passed::new(Codec::Pcmu);
    passed.rounds(50);
    let before = passed.far.coding();
    let last = passed.near.inbound.receiver().unwrap().extended_highest() as u16;
    let ssrc = passed.peer.outbound.ssrc();
    let noise = Packet {
        marker: false,
        payload_type: crate::comfort::PT_COMFORT_NOISE,
        sequence: last.wrapping_add(1),
        timestamp: passed.peer.outbound.sender_state().timestamp,
        ssrc,
        payload: &[40],
    };
    let mut bytes = [0; 64];
    let length = noise.write(&mut bytes).unwrap();
    passed.near.handle_rtp(passed.now, address(4_000), &bytes[..length]);
    // Two seconds in which the peer sends nothing.
    (0..100).for_each(|_| passed.round(true));
    let (encoded, _) = passed.far.coding();
    assert!((95..=100).contains(&(encoded - before.0)), "{}", encoded - before.0);
    let heard = passed.packets().last().map(|packet| packet.payload.to_vec()).unwrap();
    let mut pcm = vec![0; heard.len()];
    crate::codec::g711::Law::Mu.decode(&heard, &mut pcm);
    assert!((-45.0..-30.0).contains(&level_dbm0(&pcm)), "{}", level_dbm0(&pcm));
}

/// Other senders behind the same peer, and a clock that is set: the phone's numbers and timestamps go on.
#[test]
fn another_source_is_a_switch_and_no_jump() {
    let mut passed = Passed::new(Codec::G722);
    passed.rounds(60);
    passed.peer = Session::new(SessionId(1), params(Codec::G722, 4_002), 77, passed.now).unwrap();
    passed.rounds(60);
    let packets = passed.packets();
    for pair in packets.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((160..=640).contains(&step), "{step}");
    }
    assert!(packets.len() >= 112, "{}", packets.len());
    assert!(passed.far.coding().1 >= 95, "{:?}", passed.far.coding());
}
