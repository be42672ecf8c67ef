//! Commands as people give them: what is not allowed is said in the words of the command line.

use protocol::Command;
use protocol::params::LeadWhat;

/// The command that gives it, such as `kakeru list import`.
pub(crate) fn typed(command: &Command) -> String {
    let words = match command {
        Command::Status(_) => "status",
        Command::EventsSubscribe(_) => "events",
        Command::CallDial(_) => "call",
        Command::CallReturn(_) => "consult --cancel",
        Command::CallTrace(p) if p.unmasked => "trace --unmasked",
        Command::CallAnswer(_)
        | Command::CallHangup(_)
        | Command::CallHold(_)
        | Command::CallResume(_)
        | Command::CallMute(_)
        | Command::CallDtmf(_)
        | Command::CallTransfer(_)
        | Command::CallConsult(_)
        | Command::CallSwap(_)
        | Command::CallListen(_)
        | Command::CallWhisper(_)
        | Command::CallBarge(_)
        | Command::CallUntap(_)
        | Command::CallSave(_)
        | Command::CallTrace(_)
        | Command::SeatPause(_)
        | Command::SeatReady(_) => verb(command.method()),
        // A file is sent for some import, and fetched from some export.
        Command::ListUpload(_) => "list import",
        Command::ListDownload(_) => "list export",
        Command::LeadChange(p) => match p.what {
            LeadWhat::Exclude => "lead exclude",
            LeadWhat::Include => "lead include",
            LeadWhat::Delete => "lead delete",
            LeadWhat::Assign => "lead assign",
        },
        Command::LeadPhone(p) if p.remove => "lead remove-number",
        Command::LeadPhone(_) => "lead add-number",
        Command::HistoryList(_) => "history",
        Command::ContactCreateFromCall(_) => "contact from-call",
        Command::CategoryLs(_) => "contact categories",
        Command::CategoryDelete(_) => "contact categories --delete",
        Command::TaskAssign(_) => "task reassign",
        Command::UserEdit(p) if p.name.is_some() => "user rename",
        Command::UserEdit(p) if p.role.is_some() => "user role",
        Command::UserEdit(_) => "user uid",
        Command::AuditList(_) => "audit",
        Command::DevicesMeter(_) => "devices level",
        Command::StatsGet(_) => "stats",
        Command::StatsTally(_) => "stats --by",
        Command::StatsVerify(_) => "stats --verify",
        Command::StatsMend(_) => "stats --verify --mend",
        // Both look for theirs first.
        Command::RecordingLs(p) if p.attempt.is_some() => "recording fetch",
        Command::RecordingLs(p) if p.oldest_first => "recording export",
        Command::RecordingExported(_) => "recording export",
        Command::RecordingHold(p) if p.release => "recording release",
        Command::StoreBackup(_) => "backup",
        Command::StoreCheck(_) => "doctor",
        other => return format!("kakeru {}", other.method().replace('.', " ").replace('_', "-")),
    };
    format!("kakeru {words}")
}

/// What stands behind the point.
fn verb(method: &'static str) -> &'static str {
    method.split_once('.').map_or(method, |(_, verb)| verb)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;
    use crate::permission::tests::every_command;

    /// S3.12: what a refusal names can be typed.
    #[test]
    fn every_command_is_one_of_the_command_line() {
        for command in every_command() {
            let typed = typed(&command);
            let mut at = Cli::command();
            for word in typed.split(' ').skip(1) {
                if let Some(option) = word.strip_prefix("--") {
                    let known = at.get_arguments().any(|arg| arg.get_long() == Some(option));
                    assert!(known, "{}: {typed}", command.method());
                    continue;
                }
                let below = at.find_subcommand(word).cloned();
                at = below.unwrap_or_else(|| panic!("{}: there is no `{typed}`", command.method()));
            }
        }
    }
}
