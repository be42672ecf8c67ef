//! Seats and their voices.

use super::*;

#[test]
fn a_seat_names_devices_processing_and_a_headset() {
    let plain = parse(MINIMAL).unwrap();
    assert_eq!(plain.seats[0].headset, None, "no thread without a wish");
    let text = format!(
        "{MINIMAL}headset = \"Jabra\"\nvoice = {{ kind = \"device\", playback = [\"Jabra\", \"default\"], \
         ring = [\"Speaker\"], processing = [\"echo\", \"noise\"] }}\n"
    );
    let seat = parse(&text).unwrap().seats.remove(0);
    assert_eq!(seat.headset.as_deref(), Some("Jabra"));
    let processing = Processing { echo: true, noise: true, gain: false };
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (playback, ring) = (own(&["Jabra", "default"]), own(&["Speaker"]));
    assert_eq!(seat.voice, Voice::Device { capture: Vec::new(), playback, ring, processing });
    for wrong in ["processing = [\"reverb\"]", "ring = [\"\"]"] {
        let text = format!("{MINIMAL}voice = {{ kind = \"device\", {wrong} }}\n");
        assert_eq!(parse(&text).unwrap_err().len(), 1, "{wrong}");
    }
}

#[test]
fn a_desk_phone_is_an_extension_or_an_address_and_no_emergency_number() {
    let read =
        |address: &str| parse(&format!("{MINIMAL}voice = {{ kind = \"phone\", address = \"{address}\" }}\n"));
    for good in ["201", "*201", "sip:201@192.0.2.31", "sip:desk-1@phones.example.jp:5070", "10110"] {
        let config = read(good).unwrap_or_else(|errors| panic!("{good}: {errors:?}"));
        let Voice::Phone(phone) = &config.seats[0].voice else { panic!("{good}") };
        assert_eq!((phone.address.as_str(), phone.keep), (good, PhoneKeep::Up));
        assert_eq!(phone.codecs, [Codec::Pcmu, Codec::Pcma, Codec::G722]);
        assert_eq!(phone.srtp, Srtp::Off);
    }
    for (word, srtp) in [("off", Srtp::Off), ("optional", Srtp::Optional), ("required", Srtp::Required)] {
        let config = read(&format!("201\", srtp = \"{word}")).unwrap();
        let Voice::Phone(phone) = &config.seats[0].voice else { panic!("{word}") };
        assert_eq!(phone.srtp, srtp);
    }
    assert!(read("201\", srtp = \"yes").is_err());
    for (word, keying) in [("sdes", SrtpKeying::Sdes), ("dtls", SrtpKeying::Dtls)] {
        let config = read(&format!("201\", srtp = \"required\", srtp_keying = \"{word}")).unwrap();
        let Voice::Phone(phone) = &config.seats[0].voice else { panic!("{word}") };
        assert_eq!(phone.srtp_keying, keying);
    }
    assert!(read("201\", srtp_keying = \"dtls").is_err(), "nothing is encrypted");
    for bad in ["", "110", "0119", "sip:118@192.0.2.31", "sip:192.0.2.31", "2 01", "sip:201@192.0.2.31;x=y"] {
        assert_eq!(read(bad).unwrap_err()[0].path, "seat[0].voice.address", "{bad}");
    }
}
