//! Projects that commands name.

use protocol::{Detail, ErrorCode, RpcError};
use store::{ProjectId, Store, search_key};

use super::refusal::store_error;

/// The project of this name. A typing error must not make a project: a call in it would pass by the do-not-call entries of the one
/// that was meant (X6). It is refused with the names that are near.
///
/// # Errors
/// `E-NOT-FOUND`.
pub(super) async fn named(store: &Store, name: &str) -> Result<ProjectId, RpcError> {
    match find(store, name).await? {
        Found::Known(id) => Ok(id),
        Found::Unknown(names) => Err(unknown(name, &names, Default::default())),
    }
}

/// The same, or one of the bin, or by id: its do-not-call entries hold on, and are looked up and cleared (X6).
///
/// # Errors
/// `E-NOT-FOUND`; `E-AMBIGUOUS` where several of the bin have the name.
pub(super) async fn named_ever(store: &Store, word: &str) -> Result<ProjectId, RpcError> {
    match store.project_ever(word).await {
        Ok(id) => Ok(id),
        Err(store::Error::NotFound { .. }) => named(store, word).await,
        Err(error) => Err(store_error(&error)),
    }
}

/// The project of this name, in which a list is to be made; `None` where there is none and `make` says that it is to be made with the list.
///
/// # Errors
/// `E-NOT-FOUND`, with how one is made: a typing error must not make one here either.
pub(super) async fn for_list(store: &Store, name: &str, make: bool) -> Result<Option<ProjectId>, RpcError> {
    match find(store, name).await? {
        Found::Known(id) => Ok(Some(id)),
        Found::Unknown(_) if make => Ok(None),
        Found::Unknown(names) => {
            let how = (
                format!(
                    "。新しい案件なら、先に kakeru project create {name} を実行するか --create-project を付けてください"
                ),
                format!("; for a new one: `kakeru project create {name}` before, or --create-project"),
            );
            Err(unknown(name, &names, how))
        }
    }
}

enum Found {
    Known(ProjectId),
    /// The names of all there are.
    Unknown(Vec<String>),
}

async fn find(store: &Store, name: &str) -> Result<Found, RpcError> {
    let known = store.projects().await.map_err(|error| store_error(&error))?;
    Ok(match known.iter().find(|project| project.name == name.trim()) {
        Some(project) => Found::Known(project.id),
        None => Found::Unknown(known.into_iter().map(|project| project.name).collect()),
    })
}

/// `how`: what else can be done, in Japanese and English.
fn unknown(name: &str, names: &[String], how: (String, String)) -> RpcError {
    let near = near(name, names);
    let (mut ja, mut en) = (format!("案件 {name}"), format!("project {name:?}"));
    if !near.is_empty() {
        ja.push_str(&format!("。近い名前: {}", near.join("、")));
        en.push_str(&format!("; near it: {}", near.join(", ")));
    }
    ja.push_str(&how.0);
    en.push_str(&how.1);
    let facts = serde_json::json!({ "near": near });
    let facts = if let serde_json::Value::Object(facts) = facts { facts } else { Default::default() };
    RpcError::with_detail(ErrorCode::NotFound, Detail::from((ja, en)).with(facts))
}

/// Names that may be meant, the nearest first: one holds the other, or at least half of the characters are the same.
fn near<'a>(name: &str, names: &'a [String]) -> Vec<&'a str> {
    let wanted = search_key(name);
    let mut found: Vec<(f64, &str)> = names
        .iter()
        .filter_map(|name| {
            let key = search_key(name);
            let part =
                !wanted.is_empty() && !key.is_empty() && (key.contains(&wanted) || wanted.contains(&key));
            let alike = strsim::normalized_damerau_levenshtein(&wanted, &key);
            (part || alike >= 0.5).then_some((alike, name.as_str()))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.into_iter().take(MOST_NEAR).map(|(_, name)| name).collect()
}

/// More would be a list, and `project.ls` is one.
const MOST_NEAR: usize = 3;

#[cfg(test)]
mod tests {
    use store::{Action, Role, permits};

    use super::*;

    #[test]
    fn near_names_are_told_and_others_are_not() {
        let names = ["春の案件", "秋の案件", "督促", "ﾊﾙｶ商事"].map(str::to_owned);
        assert_eq!(near("春の案件2", &names), ["春の案件", "秋の案件"]);
        assert_eq!(near("春", &names), ["春の案件"]);
        assert_eq!(near("はるか商事", &names), ["ﾊﾙｶ商事"]);
        assert!(near("解約", &names).is_empty() && near("", &names).is_empty());
    }

    /// Section D: `list.create` and `list.import` make projects too, so nobody may have the one right without the other.
    #[test]
    fn who_makes_lists_makes_projects() {
        for role in [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice] {
            if permits(role, Action::ListEdit).any() {
                assert!(permits(role, Action::ProjectEdit).any(), "{role}");
            }
        }
    }
}
