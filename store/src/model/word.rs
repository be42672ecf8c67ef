//! The closed vocabularies. Each word is what SQL, the control protocol and files write.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// A word that is not of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word {0:?}")]
pub struct UnknownWord(pub String);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// The word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord(text.to_owned())) }
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.as_str()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    };
}

words!(
    /// What a user may do (S4.1–S4.5).
    Role {
        /// Everything.
        Manager = "MGR",
        /// Watches and assigns.
        Supervisor = "SV",
        /// Calls.
        Operator = "OP",
        /// Reads reported calls.
        Business = "BIZ",
        /// Back office: adds notes, never calls.
        BackOffice = "BY",
    }
);

impl Role {
    /// All five, from who may most.
    pub const ALL: [Self; 5] =
        [Self::Manager, Self::Supervisor, Self::Operator, Self::Business, Self::BackOffice];
}

words!(
    /// Who chose a disposition.
    SetBy {
        /// A person.
        Operator = "operator",
        /// The daemon, from evidence.
        Auto = "auto",
    }
);
words!(
    /// How a call was handed to somebody else (RFC 5589).
    TransferWay {
        /// To a number, unseen.
        Blind = "blind",
        /// To somebody who was asked first.
        Attended = "attended",
    }
);
words!(
    /// Which way a call went.
    Direction {
        /// We called.
        Out = "out",
        /// They called.
        In = "in",
    }
);
words!(
    /// What started a call.
    Origin {
        /// A dial list, one after another.
        List = "list",
        /// A number typed by an operator (S4.37: apart from list history).
        Manual = "manual",
        /// A link beside a record in another system.
        Direct = "direct",
        /// The peer.
        Incoming = "incoming",
    }
);
words!(
    /// Who ended a call.
    HangupBy {
        /// This side: operator, ring timeout, shutdown.
        Local = "local",
        /// The peer or its exchange.
        Remote = "remote",
        /// Nobody answered the INVITE at all, or the transport failed.
        Timeout = "timeout",
    }
);
words!(
    /// Where a lead stands.
    LeadState {
        /// To be dialed in the round it carries.
        Ready = "ready",
        /// Put off within its round (void attempt, repeat gap); due at `next_eligible_at`, after the ready ones.
        Waiting = "waiting",
        /// An open attempt holds it.
        Claimed = "claimed",
        /// Saved as 見込 or 再コール: an operator's task, not the auto-dialer's.
        Task = "task",
        /// Done: connected, or never to be dialed again.
        Done = "done",
        /// Passed over; the reason is a code (`E-DNC`, ...).
        Skipped = "skipped",
        /// The daemon died during its call: listed, not dialed again in the round.
        Interrupted = "interrupted",
    }
);
words!(
    /// In which order the leads of a list are dialed within a round.
    DialOrder {
        /// From the top (S1.2).
        Position = "position",
        /// Shuffled, the same shuffle for a list every time.
        Random = "random",
        /// The last on the list first.
        Newest = "newest",
        /// By the name of the first category, those without one last; from the top within a category.
        Category = "category",
    }
);
words!(
    /// The columns of the list view (S1.30), each of which sorts.
    SortColumn {
        /// Place on the list.
        Position = "position",
        /// 発信担当者, by name.
        Assigned = "assigned",
        /// 会社名, as it is searched.
        Company = "company",
        /// 担当者名, as it is searched.
        Person = "person",
        /// 電話番号.
        Phone = "phone",
        /// カテゴリー: the first one.
        Category = "category",
        /// 最終通話種別.
        LastKind = "last_kind",
        /// 最終担当者, by name.
        LastUser = "last_user",
        /// 最終通話日時.
        LastAt = "last_at",
        /// 最終通話ステータス, in the order of the statuses.
        LastStatus = "last_status",
        /// 発信対象, those before 発信対象外.
        Dialable = "dialable",
    }
);

impl SortColumn {
    /// All eleven.
    pub const ALL: [Self; 11] = [
        Self::Position,
        Self::Assigned,
        Self::Company,
        Self::Person,
        Self::Phone,
        Self::Category,
        Self::LastKind,
        Self::LastUser,
        Self::LastAt,
        Self::LastStatus,
        Self::Dialable,
    ];
}

words!(
    /// What the last call with a number was (最終通話種別, S1.31).
    CallKind {
        /// We called and somebody or something answered (発信).
        Out = "out",
        /// We called in vain (発信・応答なし).
        OutMissed = "out_missed",
        /// They called and were answered (着信).
        In = "in",
        /// They called in vain (不在着信).
        InMissed = "in_missed",
    }
);

impl CallKind {
    /// The kind of a call that came in or not, and was answered or not.
    #[must_use]
    pub fn of(incoming: bool, answered: bool) -> Self {
        match (incoming, answered) {
            (false, true) => Self::Out,
            (false, false) => Self::OutMissed,
            (true, true) => Self::In,
            (true, false) => Self::InMissed,
        }
    }
}

words!(
    /// What a disposition does to its lead.
    LeadNext {
        /// May be dialed in the next round.
        Retry = "retry",
        /// Never dialed again.
        Never = "never",
        /// Becomes an operator's task.
        Task = "task",
        /// Done for this list.
        Done = "done",
    }
);
words!(
    /// Where a recording stands.
    RecordingState {
        /// Being written, or torn by a crash and not yet repaired.
        Open = "open",
        /// Complete, checksum known.
        Final = "final",
        /// Deleted because the disposition keeps none (不通, S4.8).
        Discarded = "discarded",
        /// Writing failed; nothing usable.
        Failed = "failed",
        /// Deleted by the quota.
        Expired = "expired",
        /// Exported and marked so.
        Exported = "exported",
    }
);
words!(
    /// What a task is for.
    TaskKind {
        /// 見込.
        Prospect = "prospect",
        /// 再コール, or any status with a time to call back.
        Callback = "callback",
    }
);
words!(
    /// Where a task stands.
    TaskState {
        /// To be done.
        Open = "open",
        /// Answered by a later call, or closed by hand.
        Done = "done",
        /// Gone with its contact; comes back with it.
        Cancelled = "cancelled",
    }
);
words!(
    /// Which folder a task lies in (X4).
    TaskFolder {
        /// 過去: its time is over.
        Past = "past",
        /// 未来: its time is to come.
        Future = "future",
        /// フリー: it has no time.
        Free = "free",
    }
);
words!(
    /// Why a lead is dialed or not.
    WhyReason {
        /// It will be dialed in its turn.
        Eligible = "eligible",
        /// A later round will dial it.
        LaterRound = "later-round",
        /// Put off within the round; see the time.
        NotDue = "not-due",
        /// A seat holds it.
        Claimed = "claimed",
        /// 見込 or 再コール: an operator's task.
        Task = "task",
        /// Finished.
        Done = "done",
        /// The daemon died during its call.
        Interrupted = "interrupted",
        /// On the do-not-call list.
        DoNotCall = "do-not-call",
        /// Emergency or special number.
        Forbidden = "forbidden",
        /// The account's own dial rules refuse it.
        TrunkRule = "trunk-rule",
        /// Dialed too short a time ago, or too often today.
        Repeat = "repeat",
        /// 発信対象外.
        Excluded = "excluded",
        /// Its number is of somebody who may not use the list: nobody is offered it.
        OwnerGrant = "owner-grant",
        /// Its number is nobody's, and its project does not share those: nobody is offered it.
        Unassigned = "unassigned",
        /// The list is disabled.
        ListDisabled = "list-disabled",
        /// Its import is not committed.
        Importing = "importing",
    }
);
