//! Speech is no digit (ITU-T Q.24: signal simulation by speech).

use e2e::peer::espeak;
use media::tones::dtmf::DtmfDetector;

/// Minutes of speech in eight voices, at three levels; numbers read aloud above all, since they are what is said when digits are
/// typed.
#[test]
fn speech_is_no_digit() {
    let mut seconds = 0;
    for voice in ["ja", "ja+f2", "ja+m3", "en-us", "en-us+f4", "en-gb+m7", "de+f1", "fr+m2"] {
        let text: String = (0..40)
            .map(|n| format!("{} {}. Seite {n}, hello, yes, no, moshi moshi. ", n * 7_919, n * 104_729))
            .collect();
        let speech = espeak::speak(voice, "160", &text, 8_000);
        seconds += speech.length().as_secs();
        for gain in [0.1, 0.5, 1.0] {
            let pcm: Vec<i16> =
                speech.samples.iter().map(|&sample| (f64::from(sample) * gain) as i16).collect();
            let (mut detector, mut heard) = (DtmfDetector::new(), String::new());
            pcm.chunks(160).for_each(|chunk| detector.feed(chunk, |digit| heard.push(digit.to_char())));
            assert_eq!(heard, "", "{voice} at {gain}");
        }
    }
    assert!(seconds > 600, "only {seconds} s of speech");
}
