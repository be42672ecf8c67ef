//! How a list is named.

use clap::Args;

/// A list.
#[derive(Clone, Debug, Default, Args)]
pub struct NamedList {
    /// Name or id of the list; PROJECT/LIST where several projects have one of the name
    pub list: String,
    /// The list's project (案件)
    #[arg(long)]
    pub project: Option<String>,
}

/// Perhaps a list.
#[derive(Clone, Debug, Default, Args)]
pub struct PerhapsList {
    /// Name or id of the list; PROJECT/LIST where several projects have one of the name
    pub list: Option<String>,
    /// The list's project (案件)
    #[arg(long, requires = "list")]
    pub project: Option<String>,
}

/// Perhaps one list only.
#[derive(Clone, Debug, Default, Args)]
pub struct OnlyList {
    /// Only this list; PROJECT/LIST where several projects have one of the name
    #[arg(long)]
    pub list: Option<String>,
    /// The list's project (案件)
    #[arg(long, requires = "list")]
    pub project: Option<String>,
}

impl NamedList {
    /// As every verb of the protocol takes it.
    #[must_use]
    pub fn path(self) -> String {
        path(self.project.as_deref(), self.list)
    }
}

impl PerhapsList {
    /// As every verb of the protocol takes it.
    #[must_use]
    pub fn path(self) -> Option<String> {
        self.list.map(|list| path(self.project.as_deref(), list))
    }
}

impl OnlyList {
    /// As every verb of the protocol takes it.
    #[must_use]
    pub fn path(self) -> Option<String> {
        self.list.map(|list| path(self.project.as_deref(), list))
    }
}

/// Project and list as one text.
pub(crate) fn path(project: Option<&str>, list: String) -> String {
    project.map_or_else(|| list.clone(), |project| format!("{project}/{list}"))
}
