//! Mutational fuzzing of what reads bytes from outside besides SIP and SDP (those have `sip-stack/fuzz`), bounded and
//! seeded.
//!
//! `./x fuzz [--seconds N] [--seed N] [--target NAME] [--replay FILE]`. The same seed gives the same inputs. An input
//! that breaks a rule is written to `target/fuzz/` and printed; it then becomes a test beside the code.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One kind of input and the rules that hold for it; a broken rule panics.
struct Target {
    name: &'static str,
    seeds: &'static [&'static [u8]],
    judge: fn(&[u8]),
}

const TARGETS: &[Target] = &[
    Target { name: "control", seeds: REQUESTS, judge: control },
    Target { name: "rtp", seeds: PACKETS, judge: rtp },
    Target { name: "phone", seeds: NUMBERS_AS_WRITTEN, judge: phone },
    Target { name: "import", seeds: SHEETS, judge: import },
    Target { name: "config", seeds: CONFIGS, judge: configuration },
];

/// A request is understood or answered, never more.
fn control(bytes: &[u8]) {
    if let Ok(request) = protocol::Request::parse(bytes) {
        let line = request.to_line();
        let again = protocol::Request::parse(line.as_bytes()).unwrap_or_else(|_| panic!("{line} is refused"));
        assert_eq!(again, request);
    }
}

/// What was read can be written, and reads the same again.
fn rtp(bytes: &[u8]) {
    let _ = (media::rtcp::parse(bytes).count(), media::rtp::is_rtcp(bytes));
    let Ok(packet) = media::rtp::Packet::parse(bytes) else { return };
    let mut written = vec![0; bytes.len() + media::rtp::packet::HEADER_LEN];
    let length = packet.write(&mut written).unwrap_or_else(|error| panic!("{packet:?}: {error}"));
    assert_eq!(media::rtp::Packet::parse(&written[..length]), Ok(packet));
}

/// A number that was understood is understood again in each form we write it, and is no emergency number.
fn phone(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(parsed) = store::Phone::parse(&text) else { return };
    let phone = parsed.phone;
    assert_eq!(store::Phone::from_e164(phone.expose()).as_ref(), Ok(&phone));
    for form in [phone.national(), phone.display_national(), phone.expose().to_owned()] {
        let again =
            store::Phone::parse(&form).unwrap_or_else(|error| panic!("{form:?} of {text:?}: {error}"));
        assert_eq!(again.phone, phone, "{form:?} of {text:?}");
    }
    assert!(!store::phone::is_emergency(&phone.national()), "{text:?}");
}

/// A sheet is taken or refused; every row that is taken has a number.
fn import(bytes: &[u8]) {
    let source = store::import::ImportSource::Bytes(bytes.to_vec());
    let _ = store::import::preview(source, store::import::ImportOptions::default());
}

/// A configuration is taken or refused, each mistake with a text in both languages.
fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let environment = config::Environment::default();
    if let Err(errors) = config::Config::parse(&text, Path::new("/nonexistent"), &environment) {
        let told = |error: &config::ConfigError| !error.message.ja.is_empty() && !error.message.en.is_empty();
        assert!(!errors.is_empty() && errors.iter().all(told));
    }
}

fn main() -> ExitCode {
    let mut options = Options { seconds: 20, seed: 1, target: None, replay: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        match (argument.as_str(), value) {
            ("--seconds", Some(value)) => options.seconds = value.parse().unwrap_or(options.seconds),
            ("--seed", Some(value)) => options.seed = value.parse().unwrap_or(options.seed),
            ("--target", Some(value)) => options.target = Some(value),
            ("--replay", Some(value)) => options.replay = Some(value.into()),
            _ => return usage(),
        }
    }
    let chosen = |target: &&Target| options.target.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(chosen).collect();
    if targets.is_empty() {
        return usage();
    }
    let share = Duration::from_secs(options.seconds) / u32::try_from(targets.len()).unwrap_or(1);
    let mut broken = 0;
    for target in targets {
        let found = match &options.replay {
            Some(path) => replay(target, path),
            None => fuzz(target, options.seed, Limit::Time(share)),
        };
        if let Some(input) = found {
            broken += 1;
            say(&format!("{}: BROKEN by {}", target.name, keep(target, &input).display()));
        }
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Options {
    seconds: u64,
    seed: u64,
    target: Option<String>,
    replay: Option<PathBuf>,
}

fn usage() -> ExitCode {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    say(&format!("fuzz [--seconds N] [--seed N] [--target {}] [--replay FILE]", names.join("|")));
    ExitCode::from(2)
}

fn say(line: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{line}");
}

enum Limit {
    Time(Duration),
    #[cfg(test)]
    Inputs(u64),
}

/// Mutates until the limit; returns the first input that broke a rule.
#[expect(clippy::disallowed_methods, reason = "the bound of a run is real time")]
fn fuzz(target: &Target, seed: u64, limit: Limit) -> Option<Vec<u8>> {
    let mut chance = Chance(seed ^ 0x9E37_79B9_7F4A_7C15);
    let mut corpus: Vec<Vec<u8>> = target.seeds.iter().map(|bytes| with_crlf(bytes)).collect();
    let from = Instant::now();
    let (mut inputs, mut slowest) = (0_u64, Duration::ZERO);
    loop {
        let goes_on = match limit {
            // The clock is asked now and then only: it costs as much as a parse.
            Limit::Time(time) => inputs & 0xFF != 0 || from.elapsed() < time,
            #[cfg(test)]
            Limit::Inputs(count) => inputs < count,
        };
        if !goes_on {
            break;
        }
        let mut input = corpus[chance.below(corpus.len())].clone();
        for _ in 0..=chance.below(6) {
            mutate(&mut input, &corpus, &mut chance);
        }
        input.truncate(70_000);
        let began = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| (target.judge)(&input))).is_err() {
            return Some(input);
        }
        let took = began.elapsed();
        if took > slowest {
            slowest = took;
            // A slow input is worth keeping: quadratic time shows when it grows.
            if corpus.len() < 200 {
                corpus.push(input);
            }
        }
        inputs += 1;
    }
    say(&format!("{}: {inputs} inputs, slowest {slowest:?}", target.name));
    (slowest > Duration::from_secs(1)).then(|| corpus.pop().unwrap_or_default())
}

fn replay(target: &Target, path: &Path) -> Option<Vec<u8>> {
    let input = std::fs::read(path).unwrap_or_default();
    catch_unwind(AssertUnwindSafe(|| (target.judge)(&input))).err().map(|_| input)
}

fn keep(target: &Target, input: &[u8]) -> PathBuf {
    let sum = input
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
    let folder = PathBuf::from("target/fuzz");
    let path = folder.join(format!("{}-{sum:016x}", target.name));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
    if let Err(error) = written {
        say(&format!("{}: {error}; the input is {}", path.display(), input.escape_ascii()));
    }
    path
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let length = chance.below(input.len() - at + 1).min(chance.below(200));
    match chance.below(9) {
        0 if at < input.len() => input[at] ^= 1 << chance.below(8),
        1 if at < input.len() => input[at] = BYTES[chance.below(BYTES.len())],
        2 => drop(input.drain(at..at + length)),
        3 => {
            let copy = input[at..at + length].to_vec();
            for _ in 0..=chance.below(20) {
                input.splice(at..at, copy.iter().copied());
            }
        }
        4 => input.truncate(at),
        5 => {
            let other = &corpus[chance.below(corpus.len())];
            let cut = chance.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[cut..]);
        }
        6 => {
            // A number somewhere becomes another one.
            let digits = input.iter().skip(at).position(u8::is_ascii_digit).map(|n| at + n);
            if let Some(first) = digits {
                let count = input[first..].iter().take_while(|b| b.is_ascii_digit()).count();
                let number = NUMBERS[chance.below(NUMBERS.len())];
                input.splice(first..first + count, number.bytes());
            }
        }
        7 => drop(input.splice(at..at, vec![BYTES[chance.below(BYTES.len())]; chance.below(40)])),
        _ => drop(input.splice(at..at, WORDS[chance.below(WORDS.len())].bytes())),
    }
}

/// The seeds are written with plain line ends; the wire has CRLF.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b'\n'] } else { vec![b] }).collect()
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

const BYTES: &[u8] = b"\x00\x01\t\n\r \"%'(),/:;<=>?@[\\]{}\x7F\x80\xC3\xE3\xFF0A";

const NUMBERS: &[&str] = &[
    "0",
    "00",
    "1",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "99999999999999999999999999",
];

const WORDS: &[&str] =
    &["\r\n", "\t", ",", ";", "\"\"", "%00", "%", "\\u0000", "{\"", "[[[[[[[[", "+81", "架ける"];

const REQUESTS: &[&[u8]] = &[
    br#"{"jsonrpc":"2.0","id":7,"method":"seat.pause","params":{"seat":"a","code":"lunch"}}"#,
    br#"{"jsonrpc":"2.0","id":"x","method":"call.save","params":{"status":"\u898b\u8fbc","memo":"a\nb","recall_at":1,"next":"dial"}}"#,
    br#"{"jsonrpc":"2.0","id":1,"method":"list.import","params":{"list":"l","path":"/tmp/a.csv","partial":true}}"#,
    br#"{"jsonrpc":"2.0","id":-1,"method":"events.subscribe","params":{"since":18446744073709551615,"kinds":["call."]}}"#,
    br#"{"jsonrpc":"2.0","method":"status.get"}"#,
];

const PACKETS: &[&[u8]] = &[
    b"\x80\x00\x00\x01\x00\x00\x00\xA0\xDE\xAD\xBE\xEF\xFF\xFF\xFF\xFF",
    b"\x80\xE5\x00\x02\x00\x00\x01\x40\xDE\xAD\xBE\xEF\x05\x8A\x03\x20",
    b"\xB2\x6F\x00\x03\x00\x00\x01\xE0\xDE\xAD\xBE\xEF\x00\x00\x00\x01\x00\x00\x00\x02\xBE\xDE\x00\x01\x10\x55\x00\x00\x01\x02\x00\x02",
    b"\x81\xC8\x00\x0C\xDE\xAD\xBE\xEF\x00\x00\x00\x01\x80\x00\x00\x00\x00\x00\x00\xA0\x00\x00\x00\x05\x00\x00\x03\x20\
      \xCA\xFE\xBA\xBE\x00\x00\x00\x01\x00\x00\x12\x34\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x02\x81\xCB\x00\x01\xDE\xAD\xBE\xEF",
];

const NUMBERS_AS_WRITTEN: &[&[u8]] = &[
    "03-1234-5678".as_bytes(),
    "０９０－１２３４－５６７８".as_bytes(),
    "+81 (0)3 1234 5678".as_bytes(),
    "TEL：052(333)3333 内線12 / 090-1234-5678".as_bytes(),
    "1840312345678".as_bytes(),
    "=\"0312345678\"".as_bytes(),
    "312345678.0".as_bytes(),
    "9.01E+09".as_bytes(),
    "0120-123-456、110".as_bytes(),
];

const SHEETS: &[&[u8]] = &[
    "取引先会社名,取引先担当者名,電話番号,カテゴリー\n株式会社,山田,03-1234-5678,新規|東京\n\"a\"\"b\",,090-1234-5678,\n".as_bytes(),
    "\u{feff}電話番号;会社名\n0312345678;x\n0312345678;y\n".as_bytes(),
    "電話番号\t担当者\n９０１２３４５６７８\tx\n9.01E+09\ty\n".as_bytes(),
    b"\x93d\x98b\x94\xD4\x8D\x86,\x89\xEF\x8E\xD0\x96\xBC\n0312345678,\x8A\x94\x8E\xAE\x89\xEF\x8E\xD0\xFB\xFC\n",
    b"\xFF\xFE\xFB\x96q\x8Fj\x75\xF7S\n\x000\x003\x001\x002\x003\x004\x005\x006\x007\x008\x00\n\x00",
];

const CONFIGS: &[&[u8]] = &[
    include_bytes!("../../../config/kakeru.example.toml"),
    b"[[account]]\nname = \"a\"\nkind = \"practice\"\naor = \"sip:1@127.0.0.1:5060\"\npassword = { env = \"X\" }\n\
      [[seat]]\nname = \"s\"\naccount = \"a\"\nvoice = { kind = \"null\" }\n[dialing]\nring_timeout = \"2s\"\n",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A short stretch of the same inputs every time; `./x fuzz` goes further.
    #[test]
    fn every_target_holds_for_a_while() {
        for target in TARGETS {
            for seed in target.seeds {
                (target.judge)(&with_crlf(seed));
            }
            let broken = fuzz(target, 1, Limit::Inputs(1_000));
            assert!(broken.is_none(), "{}: {}", target.name, broken.unwrap().escape_ascii());
        }
    }
}
