//! The callees of the practice exchange: what happens when a number is called, as data.

use std::time::Duration;

use media::tones::ToneSpec;
use media::types::{ClipPlan, Endpoint, Segment};

use super::voices::Voice;

/// How a callee behaves. The last two digits of the number choose it, see [`Behaviour::of_number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Rings, answers and speaks; hangs up when all is said.
    Human,
    /// Rings for ever.
    NoAnswer,
    /// 486 with cause 17; every second number plays the busy tone in early media first.
    Busy,
    /// Announcement in early media, then 404 with cause 1.
    NotInService,
    /// Answers with CED and V.21 flags.
    Fax,
    /// Answers with a greeting and a beep, then records silently.
    Voicemail,
    /// Answers, says a word, and sends back what it hears.
    Echo,
    /// Answers and hangs up at once.
    HangUp,
    /// Answers, says never to call again, hangs up.
    Refuse,
    /// 503 with cause 34 at the first call, a person at the second.
    Congested,
}

impl Behaviour {
    /// The behaviour that the last two digits of `number` stand for. The table is in the manual (`docs/exchange.md`).
    #[must_use]
    pub fn of_number(number: &str) -> Self {
        let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
        let two = match digits[..] {
            [.., ten, one] => ten * 10 + one,
            _ => 10,
        };
        match two {
            20..=29 => Self::NoAnswer,
            30..=39 => Self::Busy,
            40..=49 => Self::NotInService,
            50..=59 => Self::Fax,
            60..=69 => Self::Voicemail,
            70..=74 => Self::Echo,
            75..=79 => Self::HangUp,
            80..=84 => Self::Refuse,
            85..=89 => Self::Congested,
            _ => Self::Human,
        }
    }

    /// What the callee does, step by step. `variant` picks among voices, `repeat` is true from the second call on.
    #[must_use]
    pub fn script(self, variant: u32, repeat: bool, pace: Pace) -> Vec<Step> {
        let ring = || Step::Early(tone(ToneSpec::ringback()));
        match self {
            Self::Human => person(Voice::person(variant), pace),
            Self::NoAnswer => vec![ring(), Step::Wait(FOREVER)],
            Self::Busy if variant % 2 == 1 => vec![
                Step::Early(tone(ToneSpec::busy())),
                Step::Wait(Duration::from_secs(8)),
                Step::Reject { code: 486, cause: Some(17), text: "User busy" },
            ],
            Self::Busy => {
                vec![Step::Wait(pace.short), Step::Reject { code: 486, cause: Some(17), text: "User busy" }]
            }
            Self::NotInService => vec![
                Step::Early(speak(Voice::NotInService, pace)),
                Step::Wait(pace.announcement),
                Step::Reject { code: 404, cause: Some(1), text: "Unallocated (unassigned) number" },
            ],
            Self::Fax => vec![
                ring(),
                Step::Wait(pace.ring),
                Step::Answer(Endpoint::Clip(ClipPlan {
                    segments: vec![
                        Segment::Silence { ms: 400 },
                        Segment::Tone(ToneSpec::ced()),
                        Segment::Silence { ms: 75 },
                        Segment::Tone(ToneSpec::v21_preamble()),
                    ],
                    then_repeat: false,
                })),
                Step::Wait(Duration::from_secs(20)),
                Step::HangUp,
            ],
            Self::Voicemail => vec![
                ring(),
                Step::Wait(pace.ring),
                Step::Answer(Endpoint::Clip(ClipPlan {
                    segments: vec![
                        Segment::Silence { ms: 200 },
                        Segment::Samples(Voice::Voicemail.samples(pace.greeting)),
                        Segment::Silence { ms: 100 },
                        Segment::Tone(ToneSpec::beep().for_ms(pace.beep_ms)),
                    ],
                    then_repeat: false,
                })),
                Step::Wait(Duration::from_secs(40)),
                Step::HangUp,
            ],
            Self::Echo => vec![
                ring(),
                Step::Wait(pace.ring),
                Step::Answer(Endpoint::Clip(speak(Voice::Person1, Pace { clip: ECHO_GREETING, ..pace }))),
                Step::Wait(ECHO_GREETING + Duration::from_millis(300)),
                Step::Go(Endpoint::Echo),
                Step::Wait(Duration::from_secs(60)),
                Step::HangUp,
            ],
            Self::HangUp => vec![
                ring(),
                Step::Wait(pace.ring),
                Step::Answer(Endpoint::Silence),
                Step::Wait(Duration::from_millis(700)),
                Step::HangUp,
            ],
            Self::Refuse => {
                let clip = Voice::Refuse;
                vec![
                    ring(),
                    Step::Wait(pace.ring),
                    Step::Answer(Endpoint::Clip(speak(clip, pace))),
                    Step::Wait(clip.length(pace.clip) + Duration::from_millis(400)),
                    Step::HangUp,
                ]
            }
            Self::Congested if repeat => person(Voice::person(variant), pace),
            Self::Congested => vec![
                Step::Wait(pace.short),
                Step::Reject { code: 503, cause: Some(34), text: "No circuit/channel available" },
            ],
        }
    }
}

/// One thing that a callee does.
#[derive(Clone, Debug)]
pub enum Step {
    /// 183 with early media that plays this.
    Early(ClipPlan),
    /// Nothing for a time.
    Wait(Duration),
    /// 200; this is on the callee's side from now on.
    Answer(Endpoint),
    /// This is on the callee's side from now on.
    Go(Endpoint),
    /// A final answer with its Q.850 cause.
    Reject {
        /// SIP code.
        code: u16,
        /// Q.850 cause in a Reason header (RFC 6432).
        cause: Option<u16>,
        /// Text of the cause.
        text: &'static str,
    },
    /// BYE.
    HangUp,
}

/// Times that `--fast` shortens.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    ring: Duration,
    short: Duration,
    announcement: Duration,
    talk_after: Duration,
    /// Voices are cut after this.
    clip: Duration,
    /// Greetings of answering machines are cut after this.
    greeting: Duration,
    beep_ms: u32,
}

impl Pace {
    /// As on the telephone.
    pub const REAL: Self = Self {
        ring: Duration::from_millis(3_200),
        short: Duration::from_millis(800),
        announcement: Duration::from_millis(9_000),
        talk_after: Duration::from_millis(3_000),
        clip: Duration::from_secs(60),
        greeting: Duration::from_secs(60),
        beep_ms: 400,
    };

    /// For demonstrations in a hurry and for tests.
    pub const FAST: Self = Self {
        ring: Duration::from_millis(150),
        short: Duration::from_millis(150),
        announcement: Duration::from_millis(700),
        talk_after: Duration::from_millis(2_000),
        clip: Duration::from_millis(1_000),
        greeting: Duration::from_millis(400),
        beep_ms: 250,
    };
}

fn person(voice: Voice, pace: Pace) -> Vec<Step> {
    vec![
        Step::Early(tone(ToneSpec::ringback())),
        Step::Wait(pace.ring),
        Step::Answer(Endpoint::Clip(speak(voice, pace))),
        Step::Wait(voice.length(pace.clip) + pace.talk_after),
        Step::HangUp,
    ]
}

fn tone(spec: ToneSpec) -> ClipPlan {
    ClipPlan { segments: vec![Segment::Tone(spec)], then_repeat: false }
}

fn speak(voice: Voice, pace: Pace) -> ClipPlan {
    ClipPlan {
        segments: vec![Segment::Silence { ms: 200 }, Segment::Samples(voice.samples(pace.clip))],
        then_repeat: false,
    }
}

/// The echo says a word first, so that one hears that it is there.
const ECHO_GREETING: Duration = Duration::from_millis(1_000);

/// Longer than any ring timeout (two minutes): the caller gives up first.
const FOREVER: Duration = Duration::from_secs(150);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_digits_choose_the_callee() {
        let cases = [
            ("0355500012", Behaviour::Human),
            ("+81355500025", Behaviour::NoAnswer),
            ("0355500031", Behaviour::Busy),
            ("0355500040", Behaviour::NotInService),
            ("0355500055", Behaviour::Fax),
            ("0355500066", Behaviour::Voicemail),
            ("0355500070", Behaviour::Echo),
            ("0355500079", Behaviour::HangUp),
            ("0355500080", Behaviour::Refuse),
            ("0355500089", Behaviour::Congested),
            ("7", Behaviour::Human),
        ];
        for (number, behaviour) in cases {
            assert_eq!(Behaviour::of_number(number), behaviour, "{number}");
        }
    }

    #[test]
    fn every_script_ends_in_a_final_answer_a_hang_up_or_silence() {
        for two in 10..90 {
            let script = Behaviour::of_number(&format!("03555000{two}")).script(two, false, Pace::FAST);
            assert!(matches!(script.last(), Some(Step::HangUp | Step::Reject { .. } | Step::Wait(FOREVER))));
        }
    }
}
