//! Numbers that are not called as those of customers are: what each is called.

use unicode_normalization::UnicodeNormalization;

use super::dial::is_emergency;
use super::number::{Phone, reached};
use super::{NumberKind, parse};
use crate::code::Code;
use crate::error::Said;

/// A kind of number that is never dialed, not from a list, or with a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Special {
    /// 110, 118, 119, whatever stands before them.
    Emergency,
    /// Three digits: 104, 117, 177, …
    ShortCode,
    /// `#7119`, `*70`.
    Service,
    /// 00…: through a carrier that is named by its code.
    Carrier,
    /// 010… and `+` with another country's code.
    Abroad,
    /// 0120 and 0800 (フリーダイヤル, フリーアクセス): the called party pays.
    Freephone,
    /// 0570.
    NaviDial,
    /// 0990.
    Premium,
    /// 020: pagers and machines.
    Machine,
    /// 0180 (テレドーム): announcements.
    Teledome,
    /// 0600: fixed-mobile convergence.
    Converged,
    /// Digits behind a complete number, which the network ignores.
    Overlong,
}

impl Special {
    /// What a number is, as somebody wrote it, as it is kept or as it is dialed; `None` for those of customers and for what is no number.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if let Ok(parsed) = parse::parse(text) {
            return Self::of_phone(&parsed.phone);
        }
        let text: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
        if text.starts_with(['#', '*']) {
            return Some(Self::Service);
        }
        // Digits are hidden: whatever the rest looks like, it is not that.
        if text.contains('*') {
            return None;
        }
        if is_emergency(&text) {
            return Some(Self::Emergency);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let abroad = text.starts_with('+') || digits.starts_with("010");
        match digits.as_str() {
            code if parse::SHORT_CODES.contains(&code) => Some(Self::ShortCode),
            _ if digits.len() < 3 => None,
            _ if abroad => Some(Self::Abroad),
            other if other.starts_with("00") => Some(Self::Carrier),
            _ => None,
        }
    }

    /// What a number is that was read.
    #[must_use]
    pub fn of_phone(phone: &Phone) -> Option<Self> {
        let whole = Phone::from_e164(reached(phone.expose())).ok().filter(|whole| whole != phone);
        if let Some(whole) = whole {
            return Self::of_phone(&whole).or(Some(Self::Overlong));
        }
        match phone.kind() {
            NumberKind::Freephone => Some(Self::Freephone),
            NumberKind::NaviDial => Some(Self::NaviDial),
            NumberKind::Premium => Some(Self::Premium),
            NumberKind::Machine => Some(Self::Machine),
            NumberKind::Converged => Some(Self::Converged),
            NumberKind::Fixed if phone.national().starts_with("0180") => Some(Self::Teledome),
            NumberKind::Fixed | NumberKind::Mobile | NumberKind::Ip | NumberKind::Unknown => None,
        }
    }

    /// What is told of a number where the code's own text says less than which kind it is.
    #[must_use]
    pub fn told(code: &str, number: &str) -> Option<Said> {
        let Said { ja, en } = Self::of(number)?.said();
        if code == Code::PhoneForbidden.as_str() {
            let (text_ja, text_en) = (Code::PhoneForbidden.ja(), Code::PhoneForbidden.en());
            return Some(Said::new(format!("{text_ja} ({ja})"), format!("{text_en} ({en})")));
        }
        // Its range is none of subscribers, and assigned all the same.
        let vague = code == Code::PhoneUnassigned.as_str();
        vague.then(|| Said::new(format!("{ja}です"), format!("This is {en}.")))
    }

    /// What people call it.
    #[must_use]
    pub const fn said(self) -> Said {
        let (ja, en) = match self {
            Self::Emergency => ("緊急通報の番号(110・118・119)", "an emergency number (110, 118, 119)"),
            Self::ShortCode => ("3桁の特番", "a short code of three digits"),
            Self::Service => ("# や * で始まる特番", "a service code with # or *"),
            Self::Carrier => ("事業者識別番号(00…)", "a carrier code (00...)"),
            Self::Abroad => ("国際電話", "an international number"),
            Self::Freephone => {
                ("フリーダイヤルなど着信課金の番号(0120・0800)", "a freephone number (0120, 0800)")
            }
            Self::NaviDial => ("ナビダイヤル(0570)", "a Navi Dial number (0570): the caller pays more"),
            Self::Premium => ("情報料のかかる番号(0990)", "a premium-rate number (0990)"),
            Self::Machine => ("ポケベル・機器(M2M)の番号(020)", "a number of pagers and machines (020)"),
            Self::Teledome => ("テレドーム(0180)", "a Teledome number (0180): announcements"),
            Self::Converged => ("FMCの番号(0600)", "a fixed-mobile number (0600)"),
            Self::Overlong => (
                "桁が多い番号(網は余分な桁を無視し、前の番号につなぎます)",
                "a number with digits too many: the network ignores them and connects the one in front",
            ),
        };
        Said::fixed(ja, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_says_less_is_told_with_the_kind() {
        let told = |code, number| Special::told(code, number).map(|said| said.ja.into_owned());
        let navi = told("E-PHONE-FORBIDDEN", "0570-123-456").unwrap();
        assert_eq!(navi, "発信しない種類の番号です (ナビダイヤル(0570))");
        assert_eq!(told("W-PHONE-UNASSIGNED", "0180-99-1234").as_deref(), Some("テレドーム(0180)です"));
        assert_eq!(told("W-PHONE-UNASSIGNED", "03-0234-5678"), None);
        assert_eq!(told("W-PHONE-FREEPHONE", "0120-123-456"), None, "its text names it");
    }

    /// S0.6, E: each is called what it is, as it is written, kept or dialed.
    #[test]
    fn a_number_is_called_what_it_is() {
        for (text, special) in [
            ("０５７０-123-456", Some(Special::NaviDial)),
            ("+81570123456", Some(Special::NaviDial)),
            ("184-0570-123456", Some(Special::NaviDial)),
            ("0180-99-1234", Some(Special::Teledome)),
            ("020-4512-3456", Some(Special::Machine)),
            ("0120-123-456", Some(Special::Freephone)),
            ("0800-123-4567", Some(Special::Freephone)),
            ("0990-123-456", Some(Special::Premium)),
            ("0600-12-3456", Some(Special::Converged)),
            ("110", Some(Special::Emergency)),
            ("0-119", Some(Special::Emergency)),
            ("117", Some(Special::ShortCode)),
            ("#7119", Some(Special::Service)),
            ("0033-3-1234-5678", Some(Special::Carrier)),
            ("010-1-212-555-0100", Some(Special::Abroad)),
            ("+1 212 555 0100", Some(Special::Abroad)),
            ("03-1111-00140", Some(Special::Overlong)),
            ("0570-012-3456", Some(Special::NaviDial)),
            ("03-1234-5678", None),
            ("080-1234-5678", None),
            ("0184-23-1234", None),
            ("0570-***-456", None),
            ("佐藤", None),
            ("", None),
        ] {
            assert_eq!(Special::of(text), special, "{text}");
        }
    }
}
