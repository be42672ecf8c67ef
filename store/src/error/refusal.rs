//! Why a number is not dialed.

use crate::phone::{PhoneError, Special};
use crate::time::format_jst;

/// Why a number must not be dialed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialRefusal {
    /// On the do-not-call list, for the project or for the whole company.
    DoNotCall,
    /// Emergency or other number that is never dialed from here, judged on the final dial string.
    Forbidden {
        /// Which kind of number it is, where one was recognised.
        special: Option<Special>,
    },
    /// The account's own dial rules refuse the number, or the 184 or 186 before it.
    TrunkRule,
    /// Dialed less than the repeat gap ago; free again at this UTC millisecond.
    RepeatGap {
        /// When it was dialed last, UTC milliseconds.
        last: i64,
        /// When the gap is over, UTC milliseconds.
        until: i64,
    },
    /// Dialed as often as a day allows; free again at this UTC millisecond.
    RepeatDay {
        /// When it was dialed last, UTC milliseconds.
        last: i64,
        /// How often today.
        dials: i64,
        /// Midnight in Japan, UTC milliseconds.
        until: i64,
    },
    /// Marked 発信対象外, or its list is disabled or deleted.
    Excluded,
    /// The number stands on a dial list, and the calling window is closed.
    Hours,
    /// Another user's 見込 or 再コール: the auto-dialer leaves it to them (S4.20).
    Task,
}

impl DialRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DoNotCall => "E-DNC",
            Self::Forbidden { .. } => "E-PHONE-FORBIDDEN",
            Self::TrunkRule => "E-TRUNK-RULE",
            Self::RepeatGap { .. } | Self::RepeatDay { .. } => "E-REPEAT",
            Self::Excluded => "E-EXCLUDED",
            Self::Hours => "E-HOURS",
            Self::Task => "E-TASK",
        }
    }

    /// When it may be tried again without anybody changing anything, UTC milliseconds.
    #[must_use]
    pub fn until(self) -> Option<i64> {
        match self {
            Self::RepeatGap { until, .. } | Self::RepeatDay { until, .. } => Some(until),
            Self::DoNotCall
            | Self::Forbidden { .. }
            | Self::TrunkRule
            | Self::Excluded
            | Self::Hours
            | Self::Task => None,
        }
    }
}

impl std::fmt::Display for DialRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self {
            Self::Forbidden { special: Some(special) } => {
                return write!(f, "it is {} and never dialed from here", special.said().en);
            }
            Self::RepeatGap { last, until } => {
                let (last, until) = (moment(*last), moment(*until));
                return write!(f, "the same number was dialed at {last}; free again at {until}");
            }
            Self::RepeatDay { last, dials, .. } => {
                let last = moment(*last);
                return write!(
                    f,
                    "the same number was dialed {dials} times today, last at {last}; try again tomorrow"
                );
            }
            Self::DoNotCall => "the number is on the do-not-call list",
            Self::Forbidden { special: None } => "numbers of this kind are never dialed",
            Self::TrunkRule => "the account's dial rules refuse this number, or 184 and 186 before it",
            Self::Task => "the number is another operator's task (見込, 再コール); they call it",
            Self::Excluded => "the lead is excluded from dialing (発信対象外) or its list is disabled",
            Self::Hours => "the number is on a dial list, and it is outside the calling window",
        };
        f.write_str(text)
    }
}

/// `2026-11-30 10:00:05` in Japan.
pub(super) fn moment(at: i64) -> String {
    let text = format_jst(at);
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// Whose do-not-call entry it is; also where nobody sees the project any more.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the derive hands out references")]
pub(super) fn whose(project: &Option<String>, deleted: &bool) -> String {
    let Some(project) = project else { return "it is on the list of the whole company".to_owned() };
    let bin =
        if *deleted { ", which is in the bin (`kakeru dnc clear --project` takes it by name)" } else { "" };
    format!("it is on the list of project {project:?}{bin}")
}

/// Since when an entry stands there, and why.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the derive hands out references")]
pub(super) fn entered(since: &i64, reason: &str) -> String {
    let since = moment(*since);
    match shortened(reason) {
        reason if reason.is_empty() => format!(", since {since}"),
        reason => format!(", since {since}: {reason}"),
    }
}

/// The beginning of what somebody wrote, on one line.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(REASON_SHOWN) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

/// Characters of a reason in a refusal; `dnc ls` has all of it.
const REASON_SHOWN: usize = 100;

/// Whose entry it is, where the digits dialed are more than the number has.
pub(super) fn behind(number: &Option<String>) -> String {
    number.as_ref().map_or_else(String::new, |last| {
        format!(
            "; the entry is that of ...{last}, which the network connects and ignores the digits behind it"
        )
    })
}

/// What may be done about an entry of one project.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the derive hands out references")]
pub(super) const fn naming(may_name: &bool) -> &'static str {
    if *may_name { "; a call for another project is made with --project" } else { "" }
}

/// Which kind of number it is, where that is why.
pub(super) fn which(error: &PhoneError) -> String {
    error.special.map_or_else(String::new, |special| format!(": it is {}", special.said().en))
}
