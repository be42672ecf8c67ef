//! Reference speech: espeak-ng in several voices and languages, at telephone bandwidth.

use std::process::Command;

use e2e::peer::espeak;
use e2e::process;

/// Samples per second of everything here.
pub(super) const RATE: u32 = 8_000;

/// One recording: silence, two sentences with a pause between, silence.
pub(super) struct Clip {
    /// Mono PCM at [`RATE`].
    pub(super) pcm: Vec<i16>,
}

/// Voice, speed in words a minute, two sentences. The codec alone scores between 3.5 and 4.3 by voice; these were taken so
/// that its mean is that of the peers measured elsewhere, 4.1.
const SCRIPTS: [(&str, &str, &str, &str); 6] = [
    (
        "ja+f2",
        "150",
        "おせわになっております。やまだしょうじの さとうです。",
        "ごつごうの よい じかんを おしえてください。",
    ),
    (
        "en-us",
        "150",
        "Good morning, this is the service desk speaking.",
        "May I ask for your customer number, please?",
    ),
    ("de+f3", "145", "Guten Tag, mein Name ist Schneider.", "Darf ich Ihnen unser neues Angebot vorstellen?"),
    (
        "en-us+f1",
        "145",
        "Thank you for calling us back so quickly.",
        "The parcel will be delivered on Thursday.",
    ),
    (
        "fr+f4",
        "145",
        "Bonjour, je vous appelle au sujet de votre contrat.",
        "Quel jour vous conviendrait le mieux?",
    ),
    (
        "ja+f3",
        "150",
        "もしもし、きこえますか。",
        "あたらしい ごあんないを おくりますので、じゅうしょを おねがいします。",
    ),
];

/// Time before the first word, in which a buffer learns its network, between the sentences, and after them.
const LEAD_MS: usize = 1_000;
const PAUSE_MS: usize = 600;
const TAIL_MS: usize = 900;

/// Level of the speech while somebody speaks, below full scale (P.56's usual −26 dBov).
const LEVEL_DBOV: f64 = -26.0;

/// Speaks all clips, at `rate` hertz.
pub(super) fn clips(rate: u32) -> Vec<Clip> {
    SCRIPTS.iter().map(|(voice, speed, first, second)| clip(rate, voice, speed, first, second)).collect()
}

/// What speaks, for the head of the table.
pub(super) fn version() -> String {
    let said = process::output_of(Command::new(espeak::program()).arg("--version"));
    said.split("  ").next().unwrap_or_default().trim().to_owned()
}

fn clip(rate: u32, voice: &str, speed: &str, first: &str, second: &str) -> Clip {
    let silence = |ms: usize| vec![0; ms * rate as usize / 1_000];
    let mut pcm = silence(LEAD_MS);
    pcm.extend(espeak::speak(voice, speed, first, rate).samples);
    pcm.extend(silence(PAUSE_MS));
    pcm.extend(espeak::speak(voice, speed, second, rate).samples);
    pcm.extend(silence(TAIL_MS));
    // Whole packets, so that a repetition begins with one.
    pcm.resize(pcm.len().next_multiple_of(rate as usize / 50), 0);
    level(&mut pcm);
    Clip { pcm }
}

/// Brings what is not silence to [`LEVEL_DBOV`].
fn level(pcm: &mut [i16]) {
    let power = |frame: &[i16]| {
        frame.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / frame.len() as f64
    };
    let active: Vec<f64> = pcm.chunks(160).map(power).filter(|power| *power > 5_000.0).collect();
    let mean = active.iter().sum::<f64>() / active.len().max(1) as f64;
    let wanted = 32_768.0_f64.powi(2) * 10_f64.powf(LEVEL_DBOV / 10.0);
    let gain = (wanted / mean.max(1.0)).sqrt();
    for sample in pcm {
        *sample = (f64::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
    }
}
