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

/// The dial plan of one trunk: format, and what is dialed before every number to get an outside line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DialPlan {
    /// Format of the number.
    pub format: NumberFormat,
    /// Digits (and pauses, `,`) before every number, such as `0,`; empty for none.
    pub prefix: String,
}

/// What may happen with a final dial string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// May be dialed from a list.
    Allowed,
    /// Freephone: by hand only.
    ManualOnly,
    /// Short code, carrier prefix, international, premium and the like: not dialed.
    Forbidden,
    /// 110, 118 or 119 behind whatever prefix: never dialed by the machine.
    Emergency,
}

impl DialPlan {
    /// What is put into the request URI for `phone`.
    pub fn dial_string(&self, phone: &Phone) -> String {
        self.dial_string_with(phone, None)
    }

    /// As [`Self::dial_string`], with 184 or 186 dialed between the prefix and the number. The network understands
    /// these only before a national number, so they override the format.
    pub fn dial_string_with(&self, phone: &Phone, clir: Option<Clir>) -> String {
        let prefix = &self.prefix;
        match (clir, self.format) {
            (Some(clir), _) => format!("{prefix}{}{}", clir.digits(), phone.national()),
            (None, NumberFormat::National) => format!("{prefix}{}", phone.national()),
            (None, NumberFormat::E164Plus) => format!("{prefix}{}", phone.expose()),
            (None, NumberFormat::E164) => format!("{prefix}{}", &phone.expose()[1..]),
        }
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
    match kind::of_nsn(nsn).auto_dial() {
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
mod tests {
    use super::*;

    fn phone(raw: &str) -> Phone {
        Phone::parse(raw).unwrap().phone
    }

    #[test]
    fn emergency_is_seen_behind_every_prefix() {
        for dial in [
            "110",
            "118",
            "119",
            "0110",
            "0,110",
            "0-110",
            "9110",
            "9,119",
            "8118",
            "184110",
            "186119",
            "0184110",
            "0,186-119",
            "9184110",
            "00118",
            "99110",
            "１１０",
            "0，１１９",
            "+81110",
            "81118",
            "110#",
            "1-1-0",
            "(0)119",
            "1104567890",
            "184119000000",
            "0,1100312345678",
            "91101234567",
            "0 p 119",
            "110@example.jp;user=phone",
            "010110",
            "0081119",
        ] {
            assert!(is_emergency(dial), "{dial}");
            assert!(is_forbidden(dial) && is_list_forbidden(dial), "{dial}");
            assert_eq!(DialPlan::default().verdict(dial), Verdict::Emergency, "{dial}");
        }
    }

    #[test]
    fn numbers_that_only_contain_the_digits_are_not_emergency() {
        for dial in [
            "0335810110",
            "03-3581-0110",
            "+81335810110",
            "0,0335810110",
            "0118123456",
            "0119123456",
            "+81118123456",
            "81118123456",
            "81198123456",
            "0,0118123456",
            "18403-3581-0110",
            "09011011911",
            "0312345119",
            "819011801190",
        ] {
            assert!(!is_emergency(dial), "{dial}");
            assert!(!is_forbidden(dial), "{dial}");
        }
    }

    #[test]
    fn short_codes_carriers_and_foreign_numbers_are_forbidden() {
        for dial in [
            "",
            "104",
            "117",
            "177",
            "0,177",
            "188",
            "#7119",
            "#9110",
            "*21",
            "0570012345",
            "0990512345",
            "02012345678",
            "010112125550100",
            "+12125550100",
            "0037123456789",
            "0088123456789",
            "12345",
            "031234567",
            "031234567890",
            "+810312345678",
            "sip",
            "0101234567",
        ] {
            assert!(is_forbidden(dial), "{dial}");
        }
        assert!(!is_forbidden("0120123456") && is_list_forbidden("0120123456"));
        assert!(!is_forbidden("08001234567") && is_list_forbidden("+818001234567"));
        assert!(!is_list_forbidden("0601234567"));
    }

    #[test]
    fn the_plan_writes_what_the_trunk_understands_and_knows_its_prefix() {
        let number = phone("03-3581-0110");
        for (format, prefix, expected) in [
            (NumberFormat::National, "", "0335810110"),
            (NumberFormat::National, "0", "00335810110"),
            (NumberFormat::National, "0,", "0,0335810110"),
            (NumberFormat::E164Plus, "", "+81335810110"),
            (NumberFormat::E164, "9", "981335810110"),
        ] {
            let plan = DialPlan { format, prefix: prefix.to_owned() };
            let dial = plan.dial_string(&number);
            assert_eq!(dial, expected);
            assert_eq!(plan.verdict(&dial), Verdict::Allowed, "{dial}");
            assert_eq!(plan.verdict(&format!("{prefix}110")), Verdict::Emergency);
            assert_eq!(plan.verdict(&format!("{prefix}184119")), Verdict::Emergency);
            assert_eq!(plan.verdict(&format!("{prefix}177")), Verdict::Forbidden);
        }
        let plan = DialPlan { format: NumberFormat::E164Plus, prefix: "0,".into() };
        assert_eq!(plan.dial_string_with(&number, Some(Clir::Present)), "0,1860335810110");
        assert_eq!(plan.verdict("0,1860335810110"), Verdict::Allowed);
    }
}
