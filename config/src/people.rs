//! `[people]` and `[contacts]`: users, what they see, the contact book.

/// `[people]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Roles whose users see telephone numbers masked (`090-****-1234`); never MGR.
    pub mask_numbers: Vec<RoleName>,
    /// Most live users; `None` = any number.
    pub max_users: Option<u32>,
    /// Operators see no tasks (見込, 再コール) but their own, not even when they search.
    pub private_tasks: bool,
    /// How operators are told that a supervisor listens.
    pub tap_notice: TapNotice,
}

/// How operators are told that a supervisor listens to their calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TapNotice {
    /// Not at all: only who may listen sees who does.
    None,
    /// Their clients are told and show it.
    #[default]
    Shown,
    /// And a short tone is heard.
    Tone,
}

/// A role, as users have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleName {
    /// MGR.
    Manager,
    /// SV.
    Supervisor,
    /// OP.
    Operator,
    /// BIZ.
    Business,
    /// BY.
    BackOffice,
}

/// `[contacts]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Which names a contact must have.
    pub required: ContactNames,
    /// Most contacts; `None` = any number.
    pub max: Option<u64>,
    /// An unknown caller becomes a contact by itself, under the name the network gives or the number.
    pub create_on_incoming: bool,
    /// An unregistered number that an operator calls by hand becomes a contact by itself, under its number.
    pub create_on_dial: bool,
    /// Roles whose users see contacts but make and change none; never MGR.
    pub read_only: Vec<RoleName>,
}

/// Which names a contact must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactNames {
    /// Company or person.
    #[default]
    Either,
    /// Company and person.
    Both,
    /// The person, as the product zoho asks for.
    Person,
    /// Neither: a number is enough.
    None,
}
