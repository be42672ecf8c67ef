//! The few fields of an X.509 certificate that an operator is told (RFC 5280 4.1). Nothing is verified here.

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateView {
    /// Common name of the subject, where it has one.
    pub subject: Option<String>,
    /// Common name of the issuer, or its organisation.
    pub issuer: Option<String>,
    /// Not valid before, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Not valid after, in seconds since 1970.
    pub not_after: Option<i64>,
}

impl CertificateView {
    /// Reads a DER certificate; what is not understood stays `None`.
    pub fn read(der: &[u8]) -> Self {
        parse(der).unwrap_or_default()
    }
}

fn parse(der: &[u8]) -> Option<CertificateView> {
    let mut certificate = Der(Der(der).expect(SEQUENCE)?);
    let mut fields = Der(certificate.expect(SEQUENCE)?);
    let (mut tag, _) = fields.next()?;
    if tag == VERSION {
        tag = fields.next()?.0;
    }
    if tag != INTEGER {
        return None;
    }
    fields.expect(SEQUENCE)?; // signature algorithm
    let issuer = fields.expect(SEQUENCE)?;
    let mut validity = Der(fields.expect(SEQUENCE)?);
    let (not_before, not_after) = (validity.next().and_then(time), validity.next().and_then(time));
    let subject = fields.expect(SEQUENCE)?;
    Some(CertificateView {
        subject: attribute(subject, COMMON_NAME),
        issuer: attribute(issuer, COMMON_NAME).or_else(|| attribute(issuer, ORGANISATION)),
        not_before,
        not_after,
    })
}

/// One attribute of a distinguished name, made safe to show.
fn attribute(name: &[u8], wanted: &[u8]) -> Option<String> {
    let mut sets = Der(name);
    while let Some((_, set)) = sets.next() {
        let mut pairs = Der(set);
        while let Some((_, pair)) = pairs.next() {
            let mut pair = Der(pair);
            if pair.expect(OBJECT) == Some(wanted) {
                let (tag, value) = pair.next()?;
                let text = match tag {
                    BMP_STRING => {
                        let units = value.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
                        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
                    }
                    _ => String::from_utf8_lossy(value).into_owned(),
                };
                return Some(text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect());
            }
        }
    }
    None
}

/// UTCTime and GeneralizedTime in the one form RFC 5280 4.1.2.5 allows.
fn time((tag, value): (u8, &[u8])) -> Option<i64> {
    let digits = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let year: i64 = digits[..2].parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (digits[..4].parse().ok()?, &digits[4..]),
        _ => return None,
    };
    let part = |at: usize| rest[at..at + 2].parse::<i64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let seconds = part(4)? * 3600 + part(6)? * 60 + part(8)?;
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| days(year, month, day) * 86_400 + seconds)
}

/// Days since 1970-01-01 of a Gregorian date (years start in March, so that the leap day comes last).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A row of DER values.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, first, rest @ ..] = self.0 else { return None };
        let (length, rest) = match usize::from(*first) {
            short @ 0..=0x7f => (short, rest),
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
                (bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, value)| value)
    }
}

const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
/// 2.5.4.3 and 2.5.4.10.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
/// Characters of a name that are shown.
const MAX_SHOWN: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times_are_read_and_broken_ones_are_not() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["pbx.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "交換機 1");
        params.not_before = rcgen::date_time_ymd(2024, 2, 29);
        params.not_after = rcgen::date_time_ymd(2096, 12, 31);
        let certificate = params.self_signed(&key).unwrap();
        let view = CertificateView::read(certificate.der());
        assert_eq!(view.subject.as_deref(), Some("交換機 1"));
        assert_eq!(view.issuer.as_deref(), Some("交換機 1"));
        assert_eq!(view.not_before, Some(1_709_164_800));
        assert_eq!(view.not_after, Some(4_007_750_400));
        for cut in 0..certificate.der().len() {
            let _ = CertificateView::read(&certificate.der()[..cut]);
        }
    }

    #[test]
    fn times_of_both_forms() {
        assert_eq!(time((UTC_TIME, b"700101000000Z")), Some(0));
        assert_eq!(time((UTC_TIME, b"491231235959Z")), Some(2_524_607_999));
        assert_eq!(time((GENERALIZED_TIME, b"20500101000000Z")), Some(2_524_608_000));
        for bad in [&b"20500101000000"[..], b"2050010100000aZ", b"20501301000000Z", b""] {
            assert_eq!(time((GENERALIZED_TIME, bad)), None);
        }
    }
}
