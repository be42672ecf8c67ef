//! The numbering plan of Japan, as data: which leading digits make which kind of number, and which ranges exist.

/// Kind of a number, from its leading digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberKind {
    /// 0AB–J subscriber number with an area code.
    Fixed,
    /// 060, 070, 080, 090.
    Mobile,
    /// 050 IP telephone.
    Ip,
    /// 0120 and 0800: the called party pays.
    Freephone,
    /// 0570 (ナビダイヤル): variable tariff for the caller.
    NaviDial,
    /// 0990: premium rate.
    Premium,
    /// 020: pagers and machines.
    Machine,
    /// 0600: fixed-mobile convergence.
    Converged,
    /// Ten or eleven digits that fit no row of the plan.
    Unknown,
}

/// What the auto-dialer does with a kind of number by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoDial {
    /// Dial.
    Allow,
    /// Dial, but the import says so.
    Warn,
    /// Never from a list; an operator may dial it by hand.
    Ask,
    /// Never.
    Deny,
}

impl NumberKind {
    /// Default of the auto-dialer for this kind.
    pub fn auto_dial(self) -> AutoDial {
        match self {
            Self::Fixed | Self::Mobile | Self::Ip => AutoDial::Allow,
            Self::Converged | Self::Unknown => AutoDial::Warn,
            Self::Freephone => AutoDial::Ask,
            Self::NaviDial | Self::Premium | Self::Machine => AutoDial::Deny,
        }
    }
}

pub(super) fn of_nsn(nsn: &str) -> NumberKind {
    KINDS
        .iter()
        .find(|row| row.digits == nsn.len() && nsn.starts_with(row.prefix))
        .map_or(NumberKind::Unknown, |row| row.kind)
}

/// The complete number that the network connects: it ignores digits behind one (03-1111-0014 of 03-1111-00140). The same for a number that
/// has none too many.
pub(super) fn complete(nsn: &str) -> &str {
    match of_nsn(nsn) {
        NumberKind::Unknown => {
            nsn.get(..9).filter(|front| of_nsn(front) != NumberKind::Unknown).unwrap_or(nsn)
        }
        _ => nsn,
    }
}

/// What the auto-dialer does with a number: never more than with the complete one, and none with digits too many from a list.
pub(super) fn auto_dial(nsn: &str) -> AutoDial {
    let kind = of_nsn(nsn);
    if kind != NumberKind::Unknown {
        return kind.auto_dial();
    }
    match of_nsn(complete(nsn)).auto_dial() {
        AutoDial::Allow => AutoDial::Ask,
        auto_dial => auto_dial,
    }
}

/// Strict pattern gate: only a doubt, since ranges open faster than programs are updated.
pub(super) fn is_assigned(nsn: &str) -> bool {
    let digit = |at: usize| nsn.as_bytes().get(at).map_or(0, |b| b - b'0');
    match of_nsn(nsn) {
        NumberKind::Mobile => digit(2) != 0,
        NumberKind::Ip => digit(2) != 0,
        NumberKind::Fixed => FIXED.iter().any(|(lead, thirds)| {
            let (first, second) = (lead / 10, lead % 10);
            digit(0) == first && digit(1) == second && thirds.contains(&digit(2))
        }),
        NumberKind::Unknown => false,
        NumberKind::Freephone
        | NumberKind::NaviDial
        | NumberKind::Premium
        | NumberKind::Machine
        | NumberKind::Converged => true,
    }
}

struct Row {
    prefix: &'static str,
    /// Digits of the national significant number.
    digits: usize,
    kind: NumberKind,
}

const fn row(prefix: &'static str, digits: usize, kind: NumberKind) -> Row {
    Row { prefix, digits, kind }
}

/// First match counts: 0800 (080-0xxx) lies inside 080, 0120 inside the fixed numbers.
const KINDS: [Row; 20] = [
    row("800", 10, NumberKind::Freephone),
    row("120", 9, NumberKind::Freephone),
    row("570", 9, NumberKind::NaviDial),
    row("990", 9, NumberKind::Premium),
    row("20", 10, NumberKind::Machine),
    row("60", 10, NumberKind::Mobile),
    row("70", 10, NumberKind::Mobile),
    row("80", 10, NumberKind::Mobile),
    row("90", 10, NumberKind::Mobile),
    row("50", 10, NumberKind::Ip),
    row("60", 9, NumberKind::Converged),
    row("1", 9, NumberKind::Fixed),
    row("2", 9, NumberKind::Fixed),
    row("3", 9, NumberKind::Fixed),
    row("4", 9, NumberKind::Fixed),
    row("5", 9, NumberKind::Fixed),
    row("6", 9, NumberKind::Fixed),
    row("7", 9, NumberKind::Fixed),
    row("8", 9, NumberKind::Fixed),
    row("9", 9, NumberKind::Fixed),
];

const ANY: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/// Assigned fixed ranges: first two digits of the national significant number, and the third digits in use.
const FIXED: [(u8, &[u8]); 75] = [
    (11, &[2, 3, 5, 6, 7, 8]),
    (12, &[3, 4, 5, 6]),
    (13, &[3, 4, 5, 6, 7, 8, 9]),
    (14, &[2, 3, 4, 5, 6]),
    (15, &[2, 3, 4, 5, 6, 7, 8]),
    (16, &[2, 3, 4, 5, 6, 7]),
    (17, &[2, 3, 4, 5, 6, 7, 8, 9]),
    (18, &[2, 3, 4, 5, 6, 7, 8]),
    (19, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (22, ANY),
    (23, ANY),
    (24, ANY),
    (25, ANY),
    (26, ANY),
    (27, ANY),
    (28, ANY),
    (29, ANY),
    (31, ANY),
    (32, ANY),
    (33, ANY),
    (34, ANY),
    (35, ANY),
    (36, ANY),
    (37, ANY),
    (38, ANY),
    (39, ANY),
    (42, ANY),
    (43, ANY),
    (44, ANY),
    (45, ANY),
    (46, &[0, 2, 3, 4, 5, 6, 7, 8]),
    (47, ANY),
    (48, ANY),
    (49, &[2, 3, 4, 5, 9]),
    (52, ANY),
    (53, ANY),
    (54, ANY),
    (55, ANY),
    (56, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (57, &[2, 3, 4, 5, 6, 7, 8]),
    (58, ANY),
    (59, ANY),
    (61, ANY),
    (62, ANY),
    (63, ANY),
    (64, ANY),
    (65, ANY),
    (66, ANY),
    (67, ANY),
    (68, ANY),
    (69, ANY),
    (72, ANY),
    (73, &[4, 5, 6, 7, 8, 9]),
    (74, &[0, 2, 3, 4, 5, 6, 7, 8, 9]),
    (75, ANY),
    (76, ANY),
    (77, ANY),
    (78, ANY),
    (79, ANY),
    (82, ANY),
    (83, &[2, 3, 4, 5, 6, 7, 8, 9]),
    (84, &[5, 6, 7, 8, 9]),
    (85, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (86, ANY),
    (87, ANY),
    (88, &[0, 3, 4, 5, 6, 7, 8, 9]),
    (89, ANY),
    (92, ANY),
    (93, ANY),
    (94, ANY),
    (95, ANY),
    (96, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (97, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (98, ANY),
    (99, &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_table() {
        for (nsn, kind, auto) in [
            ("312345678", NumberKind::Fixed, AutoDial::Allow),
            ("9012345678", NumberKind::Mobile, AutoDial::Allow),
            ("6012345678", NumberKind::Mobile, AutoDial::Allow),
            ("5012345678", NumberKind::Ip, AutoDial::Allow),
            ("120123456", NumberKind::Freephone, AutoDial::Ask),
            ("8000000000", NumberKind::Freephone, AutoDial::Ask),
            ("8012345678", NumberKind::Mobile, AutoDial::Allow),
            ("570012345", NumberKind::NaviDial, AutoDial::Deny),
            ("990512345", NumberKind::Premium, AutoDial::Deny),
            ("2012345678", NumberKind::Machine, AutoDial::Deny),
            ("601234567", NumberKind::Converged, AutoDial::Warn),
            ("5233333333", NumberKind::Unknown, AutoDial::Warn),
        ] {
            assert_eq!((of_nsn(nsn), of_nsn(nsn).auto_dial()), (kind, auto), "{nsn}");
        }
    }

    /// D23: digits behind a complete number change nothing of what is reached.
    #[test]
    fn a_number_with_digits_too_many_is_judged_by_the_complete_one() {
        for (nsn, whole, auto) in [
            ("3111100140", "311110014", AutoDial::Ask),
            ("1201234567", "120123456", AutoDial::Ask),
            ("5700123456", "570012345", AutoDial::Deny),
            ("9905123456", "990512345", AutoDial::Deny),
            ("311110014", "311110014", AutoDial::Allow),
            ("9012345678", "9012345678", AutoDial::Allow),
            ("6012345678", "6012345678", AutoDial::Allow),
            ("601234567", "601234567", AutoDial::Warn),
            ("2012345678", "2012345678", AutoDial::Deny),
        ] {
            assert_eq!((complete(nsn), auto_dial(nsn)), (whole, auto), "{nsn}");
        }
    }

    #[test]
    fn the_pattern_gate_knows_unassigned_ranges() {
        for nsn in
            ["622222222", "311111111", "322222222", "523333333", "9012345678", "992123456", "471234567"]
        {
            assert!(is_assigned(nsn), "{nsn}");
        }
        for nsn in ["300000000", "5233333333", "5000000000", "9002345678", "211234567", "110000000"] {
            assert!(!is_assigned(nsn), "{nsn}");
        }
    }
}
