//! Sound between the peers: what is sent arrives, in frequency and level.

use std::net::UdpSocket;
use std::time::Duration;

use e2e::peer::baresip::{Codec, Phone};
use e2e::peer::kamailio::Setup;
use e2e::peer::pulse::{MIC_FEED, MICROPHONE, Pulse, RATE};
use e2e::peer::sipp::{self, Scenario};
use e2e::wav::Sound;

const SOON: Duration = Duration::from_secs(15);
const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn assert_tone(sound: &Sound, hertz: f64, dbfs: f64) {
    let loud = sound.loudest(SECOND / 2);
    let (found, level) = (loud.frequency(), loud.level_at(hertz));
    assert!((found - hertz).abs() < 3.0, "{found} Hz instead of {hertz} Hz in {:?}", sound.length());
    assert!((level - dbfs).abs() < 1.5, "{level} dBFS instead of {dbfs} dBFS");
}

#[test]
fn the_private_microphone_picks_up_what_is_played_into_it() {
    let pulse = Pulse::start();
    let recording = pulse.record(MICROPHONE);
    let _voice = pulse.play(MIC_FEED, &Sound::tone(RATE, 440.0, -12.0, SECOND * 4));
    assert_tone(&recording.take(SECOND * 3), 440.0, -12.0);
}

#[test]
fn the_private_earphone_is_recorded() {
    let pulse = Pulse::start();
    let recording = pulse.record_earphone();
    let _callee = pulse.play(e2e::peer::pulse::EARPHONE, &Sound::tone(RATE, 1_000.0, -20.0, SECOND * 4));
    assert_tone(&recording.take(SECOND * 3), 1_000.0, -20.0);
}

#[test]
fn a_headset_can_be_unplugged_and_plugged_in_again() {
    let pulse = Pulse::start();
    let module = pulse.unplug(MICROPHONE);
    assert!(!pulse.pactl(&["list", "short", "sources"]).contains(MICROPHONE));
    pulse.plug(&module);
    assert!(pulse.pactl(&["list", "short", "sources"]).contains(MICROPHONE));
}

/// sipp echoes, so baresip hears its own tone: both directions at once, by way of the registrar.
#[test]
fn baresip_answers_with_a_tone_and_records_what_it_hears() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let kamailio = Setup::default().user("200", "secret").start();
        let phone =
            Phone::new("200").registrar(kamailio.address(), "secret").tone(440.0, -15.0).codec(codec).start();
        let mut call = Scenario::client("uac_call", kamailio.address(), "200").edit("1000", "2000");
        if codec == Codec::Pcma {
            call = call
                .edit("RTP/AVP 0 101", "RTP/AVP 8 101")
                .edit("a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000");
        }
        call.start().succeed(SOON);
        assert_eq!(phone.established(), 1);
        assert_tone(&phone.heard(), 440.0, -15.0);
    }
}

#[test]
fn baresip_is_called_at_its_own_address_and_hangs_up() {
    let phone = Phone::new("200").start();
    let caller = Scenario::client("uac_call_bye_by_callee", phone.address(), "200").start();
    phone.wait_established(1, SOON);
    phone.hangup();
    caller.succeed(SOON);
}

/// What sipp streams is heard by a plain socket: tone, CED and early announcement.
#[test]
fn sipp_plays_its_sounds() {
    for (number, hertz, early) in
        [("01", sipp::TONE_HZ, false), ("05", 2_100.0, false), ("03", sipp::ANNOUNCEMENT_HZ, true)]
    {
        let callee = Scenario::server("exchange").start();
        let ear = UdpSocket::bind("127.0.0.1:0").unwrap();
        ear.set_read_timeout(Some(SECOND)).unwrap();
        let port = ear.local_addr().unwrap().port().to_string();
        let call = Scenario::client("uac_call", callee.address(), &format!("03123400{number}"));
        let call = call.edit("m=audio [media_port]", &format!("m=audio {port}")).edit("1000", "4000").start();
        let mut sound = Sound { rate: 8_000, samples: Vec::new() };
        let mut packet = [0; 1_500];
        while sound.length() < SECOND {
            let length = ear.recv(&mut packet).expect("sipp sends RTP");
            assert_eq!((packet[0], packet[1] & 0x7F), (0x80, 0), "RTP version 2, PCMU");
            sound.samples.extend(packet[12..length].iter().map(|&byte| linear(byte)));
        }
        assert!(early == callee.messages().iter().any(|m| m.verb() == "183"));
        assert_eq!(sound.loudest(SECOND / 4).frequency().round(), hertz, "number {number}");
        drop(call);
    }
}

/// ITU-T G.711 µ-law, the other way round.
fn linear(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = (((i32::from(byte & 0x0F) << 3) + 0x84) << ((byte >> 4) & 7)) - 0x84;
    if byte & 0x80 == 0 { magnitude as i16 } else { -magnitude as i16 }
}
