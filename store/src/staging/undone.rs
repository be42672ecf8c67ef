//! Taking an import back: how far it is, and what it did.

use crate::id::ContactId;

/// How far taking an import back is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UndoAt {
    /// Puts back what was overwritten by changes before this one.
    Changes { before: i64 },
    /// Removes new leads behind this position.
    Leads { after: i64 },
    /// Removes new contacts behind this one.
    Contacts { after: ContactId },
    /// Removes new categories that nothing carries any more.
    Categories,
    /// Looks which of the columns that it brought to the list the leads behind this position do not have.
    Columns { after: i64, unused: Vec<String> },
    /// Takes these columns off the list, and closes it.
    End { unused: Vec<String> },
}

impl UndoAt {
    /// The beginning.
    pub(crate) const START: Self = Self::Changes { before: i64::MAX };
}

/// What taking an import back did; adds up over slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Undone {
    /// New leads removed.
    pub removed: u64,
    /// New leads that were called or are tasks meanwhile, and of a file of contacts new contacts whose number is on a list: they stay.
    pub kept: u64,
    /// Leads and contacts that have again what the import overwrote.
    pub restored: u64,
    /// Leads and contacts that somebody, or a later import, changed since: those that were there before keep that, new ones stay.
    pub changed_since: u64,
    /// New contacts removed.
    pub contacts_removed: u64,
}

impl Undone {
    /// Rows that were dealt with.
    pub(super) fn done(&self) -> u64 {
        self.removed + self.kept + self.restored + self.changed_since + self.contacts_removed
    }
}

impl std::ops::AddAssign for Undone {
    fn add_assign(&mut self, other: Self) {
        self.removed += other.removed;
        self.kept += other.kept;
        self.restored += other.restored;
        self.changed_since += other.changed_since;
        self.contacts_removed += other.contacts_removed;
    }
}
