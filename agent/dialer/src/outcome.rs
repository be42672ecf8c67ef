//! What a call meant: from SIP code, Q.850 cause and what was heard to a row of the decision table.
//!
//! The SIP answer is a fact and the disposition a judgement; both are kept. The Q.850 cause is believed before the
//! SIP code, since gateways map causes to codes differently (480 stands for cause 19 or 20, 503 for 34 or 41).

/// A row of the decision table. The name is the `sub` outcome that is stored with the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Row {
    /// Answered and talked: the operator chooses.
    Talk,
    /// CED, ANSam, V.21 flags or a T.38 offer: FAX.
    Fax,
    /// A greeting and a beep: an answering machine.
    Voicemail,
    /// It rang and nobody answered.
    NoAnswer,
    /// Busy.
    Busy,
    /// The number is not in service.
    Vacant,
    /// The number has changed.
    Changed,
    /// The line is suspended at the customer's request or for another reason.
    Suspended,
    /// Mobile switched off or out of reach.
    OutOfReach,
    /// The callee's side refuses the call.
    Refused,
    /// The callee demands a caller number: our configuration is wrong.
    CallerIdRequired,
    /// Congestion or another fault in the network: void.
    Congested,
    /// Our registration, device or daemon failed: void, and the session pauses.
    OwnFault,
    /// The number is incomplete.
    Malformed,
    /// No common codec: void, and the administrator is told.
    MediaMismatch,
    /// Answered and hung up within three seconds.
    ShortAnswer,
    /// Answered and nothing was heard.
    Silent,
    /// A final code that the table does not know.
    Other,
    /// Claimed and withdrawn before its INVITE left (paused, or the window closed): void, nobody's fault.
    Withdrawn,
    /// The service was stopped while it rang: void, since the callee never had the ring time to answer.
    Shutdown,
}

impl Row {
    /// Stable name, as stored and configured.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Fax => "fax",
            Self::Voicemail => "voicemail",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Vacant => "vacant",
            Self::Changed => "changed",
            Self::Suspended => "suspended",
            Self::OutOfReach => "out_of_reach",
            Self::Refused => "refused",
            Self::CallerIdRequired => "caller_id_required",
            Self::Congested => "congested",
            Self::OwnFault => "own_fault",
            Self::Malformed => "malformed",
            Self::MediaMismatch => "media_mismatch",
            Self::ShortAnswer => "short_answer",
            Self::Silent => "silent",
            Self::Other => "other",
            Self::Withdrawn => "withdrawn",
            Self::Shutdown => "shutdown",
        }
    }

    /// The row of a name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.name() == name)
    }

    /// Status code that the row suggests; `None` leaves the choice to the operator.
    #[must_use]
    pub const fn disposition(self) -> Option<&'static str> {
        match self {
            Self::Fax => Some("fax"),
            Self::Voicemail | Self::NoAnswer | Self::Busy | Self::OutOfReach | Self::Refused => {
                Some("no_contact")
            }
            Self::Vacant | Self::Changed | Self::Suspended | Self::Malformed => Some("not_in_service"),
            Self::Talk
            | Self::CallerIdRequired
            | Self::Congested
            | Self::OwnFault
            | Self::MediaMismatch
            | Self::ShortAnswer
            | Self::Silent
            | Self::Other
            | Self::Withdrawn
            | Self::Shutdown => None,
        }
    }

    /// Whether the attempt is void: the lead was not at fault and the call is in no count.
    #[must_use]
    pub const fn is_void(self) -> bool {
        matches!(
            self,
            Self::Congested
                | Self::OwnFault
                | Self::MediaMismatch
                | Self::CallerIdRequired
                | Self::Withdrawn
                | Self::Shutdown
        )
    }

    /// Whether configuration may let the machine save the row's status: the rows marked "yes".
    #[must_use]
    pub fn may_be_automatic(self) -> bool {
        Self::automatic_by_default().contains(&self)
    }

    /// Rows marked "yes" in the decision table.
    #[must_use]
    pub const fn automatic_by_default() -> &'static [Self] {
        &[Self::Fax, Self::NoAnswer, Self::Busy, Self::Vacant, Self::OutOfReach]
    }

    /// Every row, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Talk,
        Self::Fax,
        Self::Voicemail,
        Self::NoAnswer,
        Self::Busy,
        Self::Vacant,
        Self::Changed,
        Self::Suspended,
        Self::OutOfReach,
        Self::Refused,
        Self::CallerIdRequired,
        Self::Congested,
        Self::OwnFault,
        Self::Malformed,
        Self::MediaMismatch,
        Self::ShortAnswer,
        Self::Silent,
        Self::Other,
        Self::Withdrawn,
        Self::Shutdown,
    ];
}

/// What was heard and received during one call, gathered by the shell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// A 2xx came.
    pub answered: bool,
    /// Milliseconds from the 2xx to the end.
    pub talked_ms: u64,
    /// Any 18x came.
    pub ringing: bool,
    /// Final SIP code, if one came.
    pub sip_code: Option<u16>,
    /// Q.850 cause of a `Reason` header (RFC 3326, RFC 6432).
    pub q850: Option<u16>,
    /// We ended the call (BYE or CANCEL).
    pub ended_by_us: bool,
    /// We cancelled since the ring time was over.
    pub ring_timeout: bool,
    /// We cancelled since the service stops.
    pub shutdown: bool,
    /// FAX tones were heard from the callee.
    pub fax_heard: bool,
    /// The peer offered T.38.
    pub t38: bool,
    /// A busy cadence was heard in early media.
    pub busy_heard: bool,
    /// A beep after speech was heard.
    pub beep_heard: bool,
    /// Speech or any voice packet came after the answer.
    pub voice_heard: bool,
    /// Our side failed: no registration, no media, credentials refused.
    pub own_fault: bool,
    /// The call was withdrawn before its INVITE left.
    pub withdrawn: bool,
    /// No answer at all to the INVITE, or the transport broke.
    pub unreachable: bool,
    /// A 2xx came whose media nobody could use: hung up at once.
    pub no_media: bool,
}

/// The row that the facts belong to.
#[must_use]
pub fn judge(facts: &Facts) -> Row {
    if facts.withdrawn {
        return Row::Withdrawn;
    }
    if facts.own_fault {
        return Row::OwnFault;
    }
    if facts.answered { answered(facts) } else { unanswered(facts) }
}

fn answered(facts: &Facts) -> Row {
    if facts.fax_heard || facts.t38 {
        Row::Fax
    } else if facts.beep_heard {
        Row::Voicemail
    } else if facts.talked_ms < SHORT_ANSWER_MS && !facts.ended_by_us {
        Row::ShortAnswer
    } else if facts.talked_ms > SILENT_MS && !facts.voice_heard {
        Row::Silent
    } else {
        Row::Talk
    }
}

fn unanswered(facts: &Facts) -> Row {
    if facts.fax_heard || facts.t38 {
        return Row::Fax;
    }
    if facts.no_media {
        return Row::MediaMismatch;
    }
    if facts.unreachable {
        return Row::Congested;
    }
    // A CANCEL of ours makes 487: what we heard before decides.
    if facts.ended_by_us {
        return if facts.busy_heard {
            Row::Busy
        } else if facts.shutdown && !facts.ring_timeout {
            Row::Shutdown
        } else {
            Row::NoAnswer
        };
    }
    match facts.q850 {
        Some(1..=3) => return Row::Vacant,
        Some(17) => return Row::Busy,
        Some(18 | 19) => return Row::NoAnswer,
        Some(20) => return Row::OutOfReach,
        Some(21) => return Row::Refused,
        Some(22) => return Row::Changed,
        Some(28) => return Row::Malformed,
        Some(34 | 38 | 41 | 42 | 47) => return Row::Congested,
        Some(65 | 88) => return Row::MediaMismatch,
        Some(_) | None => {}
    }
    match facts.sip_code {
        Some(486 | 600) => Row::Busy,
        Some(404 | 604) => Row::Vacant,
        Some(410) => Row::Changed,
        Some(408 | 480 | 487) => {
            if facts.busy_heard {
                Row::Busy
            } else {
                Row::NoAnswer
            }
        }
        Some(603) => Row::Refused,
        // A 403 before anything rang is the first hop refusing us; after ringing it is the callee's side.
        Some(403) if facts.ringing => Row::Refused,
        Some(401 | 403 | 407) => Row::OwnFault,
        Some(433) => Row::CallerIdRequired,
        Some(484) => Row::Malformed,
        Some(415 | 488 | 606) => Row::MediaMismatch,
        Some(300..=399 | 500..=599) => Row::Congested,
        Some(_) => Row::Other,
        None => Row::Congested,
    }
}

/// An answer shorter than this that the callee ended is a hang-up, not a talk.
const SHORT_ANSWER_MS: u64 = 3_000;
/// An answered call without any voice after this long needs a look.
const SILENT_MS: u64 = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: u16, q850: Option<u16>) -> Facts {
        Facts { sip_code: Some(code), q850, ..Facts::default() }
    }

    #[test]
    fn codes_and_causes_of_the_decision_table_j3_2() {
        let cases = [
            (failed(486, None), Row::Busy),
            (failed(600, None), Row::Busy),
            (failed(480, Some(17)), Row::Busy),
            (failed(404, None), Row::Vacant),
            (failed(404, Some(1)), Row::Vacant),
            (failed(480, Some(1)), Row::Vacant),
            (failed(604, None), Row::Vacant),
            (failed(410, None), Row::Changed),
            (failed(480, None), Row::NoAnswer),
            (failed(408, Some(18)), Row::NoAnswer),
            (failed(480, Some(20)), Row::OutOfReach),
            (failed(603, None), Row::Refused),
            (failed(403, Some(21)), Row::Refused),
            (failed(403, None), Row::OwnFault),
            (failed(407, None), Row::OwnFault),
            (failed(503, None), Row::Congested),
            (failed(503, Some(34)), Row::Congested),
            (failed(500, None), Row::Congested),
            (failed(484, None), Row::Malformed),
            (failed(488, None), Row::MediaMismatch),
            (failed(302, None), Row::Congested),
            (failed(418, None), Row::Other),
        ];
        for (facts, row) in cases {
            assert_eq!(judge(&facts), row, "{facts:?}");
        }
    }

    #[test]
    fn a_ced_tone_makes_fax_and_a_beep_makes_voicemail() {
        let talk = Facts { answered: true, talked_ms: 9_000, voice_heard: true, ..Facts::default() };
        assert_eq!(judge(&talk), Row::Talk);
        assert_eq!(judge(&Facts { fax_heard: true, ..talk }), Row::Fax);
        assert_eq!(judge(&Facts { beep_heard: true, ..talk }), Row::Voicemail);
        assert_eq!(judge(&Facts { talked_ms: 900, ..talk }), Row::ShortAnswer);
        assert_eq!(judge(&Facts { voice_heard: false, ..talk }), Row::Silent);
    }

    #[test]
    fn our_own_cancel_is_no_answer_unless_busy_was_heard() {
        let facts = Facts { ended_by_us: true, ring_timeout: true, sip_code: Some(487), ..Facts::default() };
        assert_eq!(judge(&facts), Row::NoAnswer);
        assert_eq!(judge(&Facts { busy_heard: true, ..facts }), Row::Busy);
    }

    #[test]
    fn an_answer_whose_media_nobody_can_use_is_no_missed_call() {
        let facts = Facts { sip_code: Some(200), ended_by_us: true, no_media: true, ..Facts::default() };
        assert_eq!(judge(&facts), Row::MediaMismatch);
        // A gateway that answers with T.38 alone.
        assert_eq!(judge(&Facts { t38: true, ..facts }), Row::Fax);
        // Our CANCEL crossed the answer: that is a call given up.
        assert_eq!(judge(&Facts { no_media: false, ..facts }), Row::NoAnswer);
    }

    #[test]
    fn a_stop_of_the_service_is_no_result_of_the_callee() {
        let stop = Facts { ended_by_us: true, shutdown: true, sip_code: Some(487), ..Facts::default() };
        assert_eq!(judge(&stop), Row::Shutdown);
        assert!(Row::Shutdown.is_void());
        // What was known already stays known.
        assert_eq!(judge(&Facts { ring_timeout: true, ..stop }), Row::NoAnswer);
        assert_eq!(judge(&Facts { busy_heard: true, ..stop }), Row::Busy);
        assert_eq!(judge(&Facts { fax_heard: true, ..stop }), Row::Fax);
        assert_eq!(judge(&Facts { ended_by_us: false, sip_code: Some(486), ..stop }), Row::Busy);
        let talk = Facts { answered: true, talked_ms: 9_000, voice_heard: true, ..stop };
        assert_eq!(judge(&talk), Row::Talk);
    }

    #[test]
    fn only_rows_marked_yes_may_ever_be_saved_by_the_machine() {
        for row in Row::ALL {
            if row.may_be_automatic() {
                assert!(row.disposition().is_some() && !row.is_void(), "{row:?}");
            }
            assert_eq!(Row::from_name(row.name()), Some(row));
        }
        assert!(!Row::Voicemail.may_be_automatic());
        assert!(!Row::Refused.may_be_automatic());
    }
}
