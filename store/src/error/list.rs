use super::{Blame, Said};
use crate::code::Code;

/// Why a verb on projects, lists, leads, imports or recordings refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The list is granted to others only (X7).
    #[error("the list {list:?} is not granted to you; ask a manager")]
    NotGranted {
        /// Its name.
        list: String,
    },
    /// Several projects have a list of this name (S1.5).
    #[error("several projects have a list of this name: {paths}")]
    InSeveralProjects {
        /// Each as `PROJECT/LIST`.
        paths: String,
    },
    /// The task is closed, or open, already.
    #[error("the task {task} {}", .closed.map_or_else(|| "is open".to_owned(), |at| format!("was closed at {}; `kakeru task done {task} --undo` opens it again", super::refusal::moment(at))))]
    TaskStands {
        /// Its number.
        task: i64,
        /// Since when it is closed, UTC milliseconds; `None`: it is open.
        closed: Option<i64>,
    },
    /// Several result statuses have this label, of which one is to be changed (S4.7).
    #[error("{status:?} is {}; name one by its code, or by --project", .candidates.iter().map(StatusCandidate::en).collect::<Vec<_>>().join(" and "))]
    StatusInSeveral {
        /// The label as given.
        status: String,
        /// Those that may be meant, in the order of statuses.
        candidates: Vec<StatusCandidate>,
    },
    /// The list takes no more leads (S1.12, S4.30).
    #[error("the list takes at most {limit} leads; {free} more fit")]
    Full {
        /// The most it takes.
        limit: u64,
        /// How many more fit.
        free: u64,
    },
    /// The number is on the list already (C3).
    #[error("the number is on the list already")]
    LeadDuplicate,
    /// A value of a lead that was typed is not one.
    #[error("{}", .0.en())]
    Value(Code),
    /// The number that came with the file cannot be changed; further ones can (X3).
    #[error("the number that came with the list cannot be changed; add another one instead")]
    PhoneReadOnly,
    /// A project needs a name.
    #[error("a project needs a name")]
    ProjectName,
    /// There is a live project of this name.
    #[error("there is a project called {name:?} already; choose another name")]
    ProjectDuplicate {
        /// The name.
        name: String,
    },
    /// The project of a list that is to come back lies in the bin itself.
    #[error("the project {name:?} is in the bin; bring it back first")]
    ProjectInBin {
        /// Its name.
        name: String,
    },
    /// The project has lists.
    #[error("the project {name:?} still has {lists} lists; delete them first")]
    ProjectInUse {
        /// Its name.
        name: String,
        /// How many.
        lists: u64,
    },
    /// A place in a list view that this program did not hand out.
    #[error("not a place in this view; begin again without it")]
    Cursor,
    /// The list has no such column of its own.
    #[error("the list has no column {column:?}; its own are: {}", columns.join(", "))]
    Column {
        /// The name asked for.
        column: String,
        /// Those it has.
        columns: Vec<String>,
    },
    /// A search text that folds to nothing.
    #[error("nothing to search for is left of this text")]
    SearchEmpty,
    /// Nothing was deleted then.
    #[error("nothing in the bin is from that moment")]
    NotInBin,
    /// The import cannot be taken back.
    #[error("this import cannot be undone: {reason}")]
    NotUndoable {
        /// Why.
        reason: Said,
    },
    /// No list of statuses, order, … is called so.
    #[error("unknown word {word:?}")]
    Word {
        /// The word.
        word: String,
    },
}

impl ListError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotGranted { .. } => "E-LIST-GRANT",
            Self::InSeveralProjects { .. } | Self::StatusInSeveral { .. } => "E-AMBIGUOUS",
            Self::TaskStands { .. } => "E-STALE",
            Self::Full { .. } => "E-LIST-FULL",
            Self::LeadDuplicate => "E-LEAD-DUP",
            Self::Value(code) => code.as_str(),
            Self::PhoneReadOnly => "E-PHONE-READONLY",
            Self::ProjectName => "E-REQ-PROJECTNAME",
            Self::ProjectDuplicate { .. } => "E-PROJECT-DUP",
            Self::ProjectInBin { .. } => "E-PROJECT-BIN",
            Self::ProjectInUse { .. } => "E-PROJECT-BUSY",
            Self::Cursor | Self::SearchEmpty | Self::Word { .. } => "E-BAD-REQUEST",
            Self::NotInBin | Self::Column { .. } => "E-NOT-FOUND",
            Self::NotUndoable { .. } => "E-IMPORT-UNDO",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::InSeveralProjects { .. }
            | Self::StatusInSeveral { .. }
            | Self::Cursor
            | Self::Column { .. }
            | Self::SearchEmpty
            | Self::Word { .. }
            | Self::NotInBin => Blame::Misuse,
            Self::NotGranted { .. }
            | Self::TaskStands { .. }
            | Self::Full { .. }
            | Self::LeadDuplicate
            | Self::Value(_)
            | Self::PhoneReadOnly
            | Self::ProjectName
            | Self::ProjectDuplicate { .. }
            | Self::ProjectInBin { .. }
            | Self::ProjectInUse { .. }
            | Self::NotUndoable { .. } => Blame::Refused,
        }
    }
}

/// A result status that may be meant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct StatusCandidate {
    /// Its code, which no other has.
    pub code: String,
    /// Its project, by identifier where that lies in the bin; `None`: all projects.
    pub project: Option<String>,
}

impl StatusCandidate {
    fn en(&self) -> String {
        let Self { code, project } = self;
        project
            .as_ref()
            .map_or_else(|| format!("{code} (all projects)"), |project| format!("{code} (project {project})"))
    }

    /// In Japanese.
    pub(super) fn ja(&self) -> String {
        let Self { code, project } = self;
        project
            .as_ref()
            .map_or_else(|| format!("{code}(全案件)"), |project| format!("{code}(案件 {project})"))
    }
}
