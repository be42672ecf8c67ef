//! The vectors of the RFCs.

use super::super::cipher::{Cipher, keystream};
use super::super::keys::SrtpProfile;
use super::super::sender::with_index;
use super::{Srtp, SrtpKey, SrtpKeys, protect};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// RFC 3711 B.3 and RFC 6188 7.2.
#[test]
fn session_keys_are_derived() {
    for (master, salt, key, session_salt, auth) in [
        (
            "E1F97A0D3E018BE0D64FA32C06DE4139",
            "0EC675AD498AFEEBB6960B3AABE6",
            "C61E7A93744F39EE10734AFE3FF7A087",
            "30CBBC08863D8C85D49DB34A9AE1",
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
        ),
        (
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
            "3b04803de51ee7c96423ab5b78d2",
            "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
            "fa31791685ca444a9e07c6c64e93",
            "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
        ),
    ] {
        for (label, expected) in [(0, key), (1, auth), (2, session_salt)] {
            let expected = hex(expected);
            let mut out = vec![0; expected.len()];
            keystream(&hex(master), &hex(salt), label, &mut out);
            assert_eq!(out, expected, "label {label}");
        }
    }
}

/// RFC 3711 B.2: the key stream of a packet whose SSRC and number are 0.
#[test]
fn counter_mode_makes_the_key_stream() {
    let salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
    let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
    let cipher = Cipher::new(SrtpProfile::AesCm128HmacSha1_80, &key, &[0; 20], salt, 10);
    let mut stream = [0; 48];
    cipher.apply(0, 0, &mut stream);
    let expected =
        "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream[..], hex(expected));
}

/// The packet with which Cisco's libsrtp checks itself at start, under the master key of RFC 3711 B.3, and the same under
/// the one of RFC 6188 7.2.
#[test]
fn whole_packets_in_counter_mode() {
    use SrtpProfile as P;
    let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
    let short = "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6";
    let long =
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6 3b04803de51ee7c96423ab5b78d2";
    let body_128 = "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402";
    let body_256 = "800f1234decafbadcafebabe f1d9de17ff251ff1aa007774b0b4b40d";
    for (profile, master, body, tag) in [
        (P::AesCm128HmacSha1_80, short, body_128, "b78d6acc99ea179b8dbb"),
        (P::AesCm128HmacSha1_32, short, body_128, "b78d6acc"),
        (P::AesCm256HmacSha1_80, long, body_256, "a08d9d9a5b3a55d8873b"),
        (P::AesCm256HmacSha1_32, long, body_256, "a08d9d9a"),
    ] {
        let master = SrtpKey { key_and_salt: hex(master), mki: None };
        let mut srtp = Srtp::new(SrtpKeys { profile, local: master.clone(), remote: master }).unwrap();
        let secured = [hex(body), hex(tag)].concat();
        assert_eq!(protect(&mut srtp, &plain), secured, "{profile:?}");
        assert_eq!(srtp.unprotect_rtp(&secured), Ok(&plain[..]), "{profile:?}");
    }
}

/// RFC 7714 16.1.1, 16.2.1, 17.1 and 17.3, which give session keys.
#[test]
fn whole_packets_in_galois_mode() {
    let salt = |text: &str| {
        let mut salt = [0; 14];
        salt[..12].copy_from_slice(&hex(text));
        salt
    };
    let salt = salt("517569642070726f2071756f");
    let rtp = hex("8040f17b8041f8d35501a0b2
        47616c6c696120657374206f6d6e697320646976697361 20696e207061727465732074726573");
    let rtcp = hex("81c8000d4d617273
        4e5450314e545032525450200000042a0000e9304c756e61 deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
    for (profile, key, secured_rtp, secured_rtcp) in [
        (
            SrtpProfile::AeadAes128Gcm,
            "000102030405060708090a0b0c0d0e0f",
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b
             c84aa45896cf4d2fc5abf87245d9eade",
        ),
        (
            SrtpProfile::AeadAes256Gcm,
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
            "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad
             1d1eb30c4446839f57ff6f6cb26ac3be",
        ),
    ] {
        let cipher = Cipher::new(profile, &hex(key), &[0; 20], salt, 16);
        let (header, plain) = rtp.split_at(12);
        let (mut body, mut tag) = (plain.to_vec(), [0; 16]);
        cipher.seal(0x5501_a0b2, 0xf17b, header, &mut body, &mut tag).unwrap();
        assert_eq!([&body[..], &tag].concat(), hex(secured_rtp), "{profile:?}");
        assert!(cipher.open(0x5501_a0b2, 0xf17b, header, &mut body, &tag));
        assert_eq!(body, plain);

        let (header, plain) = rtcp.split_at(8);
        let covered = with_index(header, 0x8000_05d4_u32.to_be_bytes());
        let mut body = plain.to_vec();
        cipher.seal(0x4d61_7273, 0x05d4, &covered, &mut body, &mut tag).unwrap();
        assert_eq!([&body[..], &tag].concat(), hex(secured_rtcp), "{profile:?}");
        assert!(cipher.open(0x4d61_7273, 0x05d4, &covered, &mut body, &tag));
        assert_eq!(body, plain);
    }
}
