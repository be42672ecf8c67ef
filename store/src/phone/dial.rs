use super::kind::{self, AutoDial};
use super::number::{Clir, Phone};

/// How numbers are written for one trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// `0312345678`.
    #[default]
    National,
    /// `+81312345678`.
    E164Plus,
    /// `81312345678`.
    E164,
}

/// The dial plan of one trunk: format, what is dialed before every number to get an outside line, what differs for
/// some numbers, and what 184 and 186 become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialPlan {
    /// Format of the number.
    pub format: NumberFormat,
    /// Digits (and pauses, `,`) before every number, such as `0,`; empty for none.
    pub prefix: String,
    /// What differs for numbers that start so; the first that fits counts.
    pub rules: Vec<DialRule>,
    /// What a 184 or 186 before a number becomes.
    pub clir: ClirRule,
}

/// What one trunk does differently with numbers that start in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialRule {
    /// The first digits, national: `0120`, `050`, `0`.
    pub starts: String,
    /// Another format; `None` keeps the plan's.
    pub format: Option<NumberFormat>,
    /// Another prefix; `None` keeps the plan's.
    pub prefix: Option<String>,
    /// Such numbers are not dialed over this trunk.
    pub refuse: bool,
}

/// What a 184 or 186 before a number becomes. None is ever added by ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClirRule {
    /// It is dialed, between the prefix and the national number.
    #[default]
    Dialed,
    /// It is told in the Privacy header and not dialed.
    Signalled,
    /// Such a call is refused.
    Refused,
}

/// How a number is dialed over one trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialing {
    /// The final dial string.
    pub string: String,
    /// The prefix in it.
    pub prefix: String,
    /// A 184 or 186 that the INVITE must tell, since it is not dialed.
    pub signalled: Option<Clir>,
}

/// What may happen with a final dial string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// May be dialed from a list.
    Allowed,
    /// Freephone, or digits behind a complete number: by hand only.
    ManualOnly,
    /// Short code, carrier prefix, international, premium and the like: not dialed.
    Forbidden,
    /// 110, 118 or 119 behind whatever prefix: never dialed by the machine.
    Emergency,
}

impl DialPlan {
    /// How `phone` is dialed, with the 184 or 186 that stood before it. `None` where the trunk's rules refuse it.
    ///
    /// The network understands 184 and 186 only before a national number, so a dialed one overrides the format.
    pub fn dial(&self, phone: &Phone, clir: Option<Clir>) -> Option<Dialing> {
        let national = phone.national();
        let rule = self.rules.iter().find(|rule| national.starts_with(&rule.starts));
        if rule.is_some_and(|rule| rule.refuse) || (clir.is_some() && self.clir == ClirRule::Refused) {
            return None;
        }
        let format = rule.and_then(|rule| rule.format).unwrap_or(self.format);
        let prefix = rule.and_then(|rule| rule.prefix.as_ref()).unwrap_or(&self.prefix).clone();
        let (dialed, signalled) = match self.clir {
            ClirRule::Signalled => (None, clir),
            ClirRule::Dialed | ClirRule::Refused => (clir, None),
        };
        let string = match (dialed, format) {
            (Some(clir), _) => format!("{prefix}{}{national}", clir.digits()),
            (None, NumberFormat::National) => format!("{prefix}{national}"),
            (None, NumberFormat::E164Plus) => format!("{prefix}{}", phone.expose()),
            (None, NumberFormat::E164) => format!("{prefix}{}", &phone.expose()[1..]),
        };
        Some(Dialing { string, prefix, signalled })
    }

    /// The number that a final dial string of this plan reaches: [`Self::dial`] the other way round. `None` for every
    /// string that the plan does not make, or makes of two numbers.
    pub fn read(&self, dial: &str) -> Option<Phone> {
        let mut prefixes: Vec<&str> = self.rules.iter().filter_map(|rule| rule.prefix.as_deref()).collect();
        prefixes.push(&self.prefix);
        prefixes.sort_unstable();
        prefixes.dedup();
        let mut found: Option<Phone> = None;
        for number in prefixes.into_iter().filter_map(|prefix| dial.strip_prefix(prefix)) {
            let clir =
                [Clir::Suppress, Clir::Present].into_iter().find(|clir| number.starts_with(clir.digits()));
            let behind = clir.map(|clir| (&number[3..], Some(clir)));
            for (number, clir) in [Some((number, None)), behind].into_iter().flatten() {
                let nsn = number.strip_prefix("+81").or_else(|| number.strip_prefix('0'));
                let nsns = [nsn, number.strip_prefix("81")].into_iter().flatten();
                for phone in nsns.filter_map(Phone::from_nsn) {
                    let same = self.dial(&phone, clir).is_some_and(|dialing| dialing.string == dial);
                    match &found {
                        Some(known) if same && *known != phone => return None,
                        _ if same => found = Some(phone),
                        _ => {}
                    }
                }
            }
        }
        found
    }

    /// Judges a final dial string of this trunk, as a whole and behind the trunk's own prefix.
    ///
    /// Only this method can judge a prefix without a pause: `0` before `0312345678` looks like a carrier code to
    /// [`is_forbidden`].
    pub fn verdict(&self, dial: &str) -> Verdict {
        if is_emergency(dial) {
            return Verdict::Emergency;
        }
        let behind = dial.strip_prefix(self.prefix.as_str()).unwrap_or(dial);
        verdict(behind)
    }

    /// Whether the final dial string of this trunk reaches an emergency service.
    pub fn is_emergency(&self, dial: &str) -> bool {
        self.verdict(dial) == Verdict::Emergency
    }

    /// Whether the final dial string of this trunk must never be dialed; emergency numbers included.
    pub fn is_forbidden(&self, dial: &str) -> bool {
        matches!(self.verdict(dial), Verdict::Emergency | Verdict::Forbidden)
    }

    /// Whether the final dial string of this trunk must not be dialed from a list; freephone numbers included.
    pub fn is_list_forbidden(&self, dial: &str) -> bool {
        self.verdict(dial) != Verdict::Allowed
    }
}

/// Whether a final dial string reaches 110, 118 or 119, whatever stands before them.
///
/// The string may hold an outside-line digit, pauses, hyphens and 184/186 (`0,110`, `0-110`, `9110`, `184110`,
/// `0,186-119`). Three rules, each on the digits alone:
///
/// * a string too short to be a subscriber number that ends in the code,
/// * the code at the start, or behind 184/186 or a pause: an exchange that analyses digit by digit connects before
///   it sees the rest,
/// * the code behind one outside-line digit from 1 to 9 and perhaps 184/186. A leading 0 is no evidence, since
///   011-8xx is Sapporo.
pub fn is_emergency(dial: &str) -> bool {
    let dial = fold(dial);
    let digits = only_digits(&dial);
    if digits.len() < SHORTEST_SUBSCRIBER && EMERGENCY.iter().any(|code| digits.ends_with(code)) {
        return true;
    }
    let behind_pause = dial.rsplit(PAUSES).next().map(only_digits).unwrap_or_default();
    if starts_emergency(&digits) || starts_emergency(&behind_pause) {
        return true;
    }
    let e164 = digits.starts_with("81") && (11..=12).contains(&digits.len());
    let outside_line = digits.starts_with(|c| ('1'..='9').contains(&c));
    outside_line && !e164 && !dial.starts_with('+') && starts_emergency(&digits[1..])
}

/// Whether a final dial string must never be dialed: emergency numbers, short codes (`104`, `177`, `#7119`), carrier
/// and international prefixes (`00…`, `010…`), foreign numbers, 0570, 0990 and 020.
///
/// Where the trunk has a prefix, ask [`DialPlan::is_forbidden`].
pub fn is_forbidden(dial: &str) -> bool {
    matches!(verdict(dial), Verdict::Emergency | Verdict::Forbidden)
}

/// As [`is_forbidden`], and true for freephone numbers too: the called party pays and did not ask for it.
pub fn is_list_forbidden(dial: &str) -> bool {
    verdict(dial) != Verdict::Allowed
}

fn verdict(dial: &str) -> Verdict {
    if is_emergency(dial) {
        return Verdict::Emergency;
    }
    let dial = fold(dial);
    if dial.contains(['#', '*']) {
        return Verdict::Forbidden;
    }
    let number = dial.rsplit(PAUSES).next().unwrap_or_default();
    let digits = only_digits(number);
    let digits = strip_clir(&digits);
    // 00… and 010… leave an NSN that starts with 0 or 10; no subscriber number does.
    let nsn = digits.strip_prefix("81").filter(|nsn| (9..=10).contains(&nsn.len())).or_else(|| {
        let nsn = digits.strip_prefix('0')?;
        (!number.trim_start().starts_with('+') && (9..=10).contains(&nsn.len())).then_some(nsn)
    });
    let Some(nsn) = nsn.filter(|nsn| !nsn.starts_with('0') && !nsn.starts_with("10")) else {
        return Verdict::Forbidden;
    };
    match kind::auto_dial(nsn) {
        AutoDial::Allow | AutoDial::Warn => Verdict::Allowed,
        AutoDial::Ask => Verdict::ManualOnly,
        AutoDial::Deny => Verdict::Forbidden,
    }
}

fn starts_emergency(digits: &str) -> bool {
    EMERGENCY.iter().any(|code| strip_clir(digits).starts_with(code))
}

fn strip_clir(digits: &str) -> &str {
    digits.strip_prefix("184").or_else(|| digits.strip_prefix("186")).unwrap_or(digits)
}

/// Full-width digits and signs count as their ASCII forms; a URI's host and parameters are not dialed.
fn fold(dial: &str) -> String {
    dial.chars()
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .take_while(|c| !matches!(c, '@' | ';'))
        .collect()
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Police, coast guard, fire and ambulance.
const EMERGENCY: [&str; 3] = ["110", "118", "119"];
/// Digits of the shortest subscriber number, with its trunk 0.
const SHORTEST_SUBSCRIBER: usize = 10;
/// Pause characters of dial strings (V.250 `,` and `W`, RFC 3601 `p` and `w`).
const PAUSES: [char; 5] = [',', 'p', 'P', 'w', 'W'];

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
