//! `kakeru audit`: what was changed, in words.

mod actions;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use protocol::result::{AuditPage, AuditRow};
use serde_json::{Map, Value};

use super::super::namesakes::person;
use super::super::output::{Closed, Out};
use super::super::table::{Table, clean};
use super::super::time;
use super::office::more;

pub(crate) fn audit(page: &AuditPage, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "id",
        out.text("日時", "when"),
        out.text("利用者", "user"),
        "uid",
        out.text("操作", "action"),
        out.text("対象", "object"),
        out.text("内容", "detail"),
    ])
    .right(&[0])
    .whole();
    for row in &page.rows {
        table.row([
            row.id.to_string(),
            time::full(row.at),
            person(&row.user_name, &row.user),
            row.uid.map_or_else(String::new, |uid| uid.to_string()),
            actions::action(&row.action, out),
            page.names.get(&row.object).unwrap_or(&row.object).clone(),
            Told { names: &page.names, action: &row.action, out }.detail(row),
        ]);
    }
    out.table(&table)?;
    more(page.next.map(|next| format!("--before {next}")), out)
}

/// Says what a row tells.
#[derive(Clone, Copy)]
struct Told<'a> {
    names: &'a BTreeMap<String, String>,
    action: &'a str,
    out: Out,
}

impl Told<'_> {
    fn detail(self, row: &AuditRow) -> String {
        let Some(fields) = row.detail.as_object() else { return self.value("", &row.detail) };
        let mut parts = Vec::new();
        if let (Some(before), Some(after)) = (fields.get("before"), fields.get("after")) {
            // A task's time is the only value alone that is a moment.
            let what = if row.action == "task.due" { "due_at" } else { "" };
            parts.extend(self.changes(what, before, after));
        }
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("before", _) if fields.contains_key("after") => {}
                ("after", _) if fields.contains_key("before") => {}
                ("list", Value::String(list)) if *list == row.object => {}
                (_, Value::Null) => {}
                ("change", Value::Object(change)) => parts.extend(self.change(change)),
                ("done", Value::Object(done)) => parts.extend(self.done(done)),
                ("former", Value::Array(former)) => parts.extend(self.former(former)),
                ("ids", Value::Array(ids)) if ids.len() > FEW => {}
                (name, Value::Object(change)) if change.contains_key("before") => {
                    let of = |side| change.get(side).unwrap_or(&Value::Null);
                    parts.extend(self.changes(name, of("before"), of("after")));
                }
                (name, value) if !is_empty(value) => parts.push(self.field(name, value)),
                _ => {}
            }
        }
        parts.join(self.out.text("、", ", "))
    }

    /// Each field that is different: `有効: はい → いいえ`; of one value alone the value.
    fn changes(self, what: &str, before: &Value, after: &Value) -> Vec<String> {
        let (Value::Object(old), Value::Object(new)) = (before, after) else {
            let change = format!("{} → {}", self.value(what, before), self.value(what, after));
            let named =
                if what.is_empty() { change } else { format!("{}: {change}", self.label(what, after)) };
            return vec![named];
        };
        let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        let of = |side: &Map<String, Value>, name: &str| side.get(name).cloned().unwrap_or_default();
        let changes = names.into_iter().map(|name| (name, of(old, name), of(new, name)));
        changes
            .filter(|(_, before, after)| before != after)
            .map(|(name, before, after)| {
                let label = self.label(name, &after);
                format!("{label}: {} → {}", self.value(name, &before), self.value(name, &after))
            })
            .collect()
    }

    /// What was to be done to many leads; what it was is the action.
    fn change(self, change: &Map<String, Value>) -> Vec<String> {
        let said = change.iter().filter(|(name, value)| *name != "what" && !is_empty(value));
        let mut parts: Vec<_> = said.map(|(name, value)| self.field(name, value)).collect();
        if change.get("users").is_some_and(is_empty) {
            parts.push(self.out.text("担当なしへ", "to nobody").to_owned());
        }
        parts
    }

    fn done(self, done: &Map<String, Value>) -> Vec<String> {
        let some = done.iter().filter(|(name, count)| *name == "changed" || count.as_u64() != Some(0));
        some.map(|(name, count)| self.field(name, count)).collect()
    }

    /// `元の担当: alice 12, - 3`.
    fn former(self, former: &[Value]) -> Option<String> {
        let whose = |row: &Value| {
            let (user, leads) = (row.get("user")?, row.get("leads")?);
            Some(format!("{} {leads}", self.value("user", user)))
        };
        let whose: Vec<_> = former.iter().filter_map(whose).collect();
        (!whose.is_empty()).then(|| format!("{}: {}", self.label("former", &Value::Null), whose.join(" ")))
    }

    fn field(self, name: &str, value: &Value) -> String {
        format!("{}: {}", self.label(name, value), self.value(name, value))
    }

    fn value(self, name: &str, value: &Value) -> String {
        match value {
            Value::Null => "-".to_owned(),
            Value::Bool(true) => self.out.text("はい", "yes").to_owned(),
            Value::Bool(false) => self.out.text("いいえ", "no").to_owned(),
            Value::Number(number) => match number.as_i64() {
                Some(at) if MOMENTS.contains(&name) => time::full(at),
                _ => number.to_string(),
            },
            Value::String(text) => match words::value(self.action, name, text, self.out) {
                word if word == text => clean(self.names.get(text).unwrap_or(text)),
                word => clean(word),
            },
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| self.value(name, item)).collect();
                if items.is_empty() { "-".to_owned() } else { items.join(" ") }
            }
            Value::Object(fields) => {
                let part = |(name, value): (&String, &Value)| {
                    format!("{}={}", self.label(name, value), self.value(name, value))
                };
                let parts: Vec<_> = fields.iter().map(part).collect();
                if parts.is_empty() { self.out.text("すべて", "all").to_owned() } else { parts.join(" ") }
            }
        }
    }

    /// What a field is called; one that has no other name is told as it stands in the row.
    fn label(self, name: &str, value: &Value) -> String {
        words::label(name, value, self.out).map_or_else(|| clean(name), str::to_owned)
    }
}

/// What needs no word. A filter that is empty says that it was all of them.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Ids that are shown; with more, their number says enough.
const FEW: usize = 3;
/// Fields that hold a moment, UTC milliseconds.
const MOMENTS: [&str; 5] = ["recall_at", "due_at", "deleted_at", "from", "to"];
#[cfg(test)]
mod tests {
    use protocol::Lang;
    use serde_json::json;

    use super::*;

    fn told(action: &str, object: &str, detail: Value, lang: Lang) -> String {
        let names: BTreeMap<String, String> =
            [("U1", "alice"), ("U2", "bob")].map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        let row = AuditRow {
            id: 1,
            at: 0,
            user: None,
            user_name: None,
            uid: None,
            action: action.to_owned(),
            object: object.to_owned(),
            detail,
        };
        Told { names: &names, action, out: Out { json: false, lang } }.detail(&row)
    }

    /// D19: a person reads what was before and what is, in words.
    #[test]
    fn what_changed_is_told_in_both_languages() {
        let list = json!({ "before": { "enabled": true, "profile": "open" },
            "after": { "enabled": false, "profile": "zoho" } });
        assert_eq!(
            told("list.change", "L", list.clone(), Lang::Ja),
            "有効: はい → いいえ、プロファイル: open → zoho"
        );
        assert_eq!(told("list.change", "L", list, Lang::En), "enabled: yes → no, profile: open → zoho");
        // A whole row before and after: only what differs.
        let status =
            json!({ "before": { "code": "x", "label": "留守" }, "after": { "code": "x", "label": "不在" } });
        assert_eq!(told("status.edit", "x", status, Lang::Ja), "名称: 留守 → 不在");
        let lead = json!({ "person": { "before": null, "after": "佐藤" } });
        assert_eq!(told("lead.edit", "D", lead, Lang::Ja), "担当者名: - → 佐藤");
        let owner = json!({ "before": "U1", "after": null });
        assert_eq!(told("task.reassign", "5", owner, Lang::Ja), "alice → -");
        let due = json!({ "before": null, "after": 1_764_378_000_000_i64 });
        assert_eq!(told("task.due", "5", due, Lang::En), "due: - → 2025-11-29 10:00:00");
        let memo = json!({ "before": { "memo": "a\u{1b}" }, "after": { "memo": "b" }, "reason": "誤記" });
        assert_eq!(told("call.amend", "C", memo, Lang::Ja), "メモ: a? → b、理由: 誤記");
    }

    #[test]
    fn many_leads_are_told_by_filter_number_and_former_owner() {
        let detail = json!({
            "list": "L", "change": { "what": "assign", "users": ["U2"] }, "leads": 15,
            "done": { "changed": 15, "held": 0, "other_lists": 2 }, "filter": { "number": "0312" },
            "former": [{ "user": "U1", "leads": 12 }, { "user": null, "leads": 3 }],
        });
        assert_eq!(
            told("lead.assign", "L", detail.clone(), Lang::En),
            "users: bob, leads: 15, changed: 15, on other lists: 2, filter: number=0312, were: alice 12 - 3"
        );
        assert!(told("lead.assign", "L", detail, Lang::Ja).contains("元の担当: alice 12 - 3"));
        let all = json!({ "list": "L", "change": { "what": "assign", "users": [] }, "leads": 2, "filter": {},
            "done": { "changed": 2, "held": 0, "other_lists": 0 } });
        assert_eq!(told("lead.assign", "L", all, Lang::Ja), "担当なしへ、件数: 2、条件: すべて、変更: 2");
        let export = json!({ "rows": 7, "filter": { "from": 1_764_378_000_000_i64 }, "to": "client" });
        assert_eq!(
            told("history.export", "history", export, Lang::En),
            "rows: 7, filter: from=2025-11-29 10:00:00, to: whoever asked"
        );
    }

    /// D19: what programs call it is told as the screens call it, and users by their names.
    #[test]
    fn words_of_the_program_are_told_as_users_know_them() {
        let order = json!({ "before": { "order": "position" }, "after": { "order": "newest" } });
        assert_eq!(told("list.change", "L", order.clone(), Lang::Ja), "発信順: リストの順 → 新しい順");
        assert_eq!(told("list.change", "L", order, Lang::En), "order: as on the list → newest first");
        let tap = json!({ "by": "sv", "operator": "dave", "mode": "listen", "reason": "hangup" });
        assert_eq!(
            told("tap.end", "a", tap, Lang::Ja),
            "監督の席: sv、担当: dave、方法: モニタリング、理由: 切断"
        );
        let hold = json!({ "reason": "call" });
        assert_eq!(told("recording.hold", "C", hold, Lang::Ja), "理由: call", "as somebody wrote it");
        let over = json!({ "from": "U1", "to": "U2", "list": null, "tasks": 3 });
        assert_eq!(
            told("task.hand_over", "U1", over, Lang::Ja),
            "前の担当: alice、新しい担当: bob、対応タスク: 3"
        );
        let gone = json!({ "handed_over": { "to": "U2", "tasks": 3 } });
        assert_eq!(told("user.delete", "U1", gone, Lang::Ja), "引き継ぎ: 新しい担当=bob 対応タスク=3");
        let export = json!({ "filter": { "manual": "only", "status": "no_contact" }, "to": "path" });
        assert_eq!(
            told("history.export", "history", export, Lang::Ja),
            "条件: 手動の通話=のみ 結果=不通、出力先: デーモンのマシンのファイル"
        );
    }
}
