//! Whom an event is for (section D of the requirements): who calls hears of their own seats, who monitors of everything.
//!
//! The event stream, live and replayed, and `status.get`, alone and in `E-EVENTS-GONE`, ask
//! [`Directory::hears`](super::Directory::hears); nothing else decides.

use std::sync::Arc;

use protocol::Event;

/// Whom something is for, besides those who monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody who may listen: the daemon itself, and whether results can be kept.
    All,
    /// Those who may work at this seat.
    Seat(Arc<str>),
    /// Those who may work at a seat that calls by this account.
    Account(Arc<str>),
    /// This Unix user, who asked for it.
    Asker(u32),
    /// Nobody else.
    Monitors,
}

impl Audience {
    /// A seat's own.
    #[must_use]
    pub fn seat(name: &str) -> Self {
        Self::Seat(name.into())
    }

    /// An account's own.
    #[must_use]
    pub fn account(name: &str) -> Self {
        Self::Account(name.into())
    }

    /// Whom an event is for by itself. Of work that somebody asked for, its publisher knows better.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event {
            Event::DaemonStarted { .. }
            | Event::DaemonStopping {}
            | Event::RecordingExpired { .. }
            | Event::RecordingFull { .. }
            | Event::StoreTrouble { .. }
            | Event::StoreRecovered {}
            | Event::OutboxDelivered { .. }
            | Event::OutboxFailed { .. } => Self::All,
            Event::RegistrationChanged { account, .. } | Event::TrunkChanged { account, .. } => {
                Self::account(account)
            }
            Event::SeatChanged { seat, .. }
            | Event::CallIncoming { seat, .. }
            | Event::CallPreview { seat, .. }
            | Event::CallDialing { seat, .. }
            | Event::CallProgress { seat, .. }
            | Event::CallEarlyMedia { seat, .. }
            | Event::CallAnswered { seat, .. }
            | Event::CallHeld { seat, .. }
            | Event::CallMuted { seat, .. }
            | Event::CallDtmfFailed { seat, .. }
            | Event::CallReplaced { seat, .. }
            | Event::CallTransfer { seat, .. }
            | Event::CallSilent { seat, .. }
            | Event::CallSecured { seat, .. }
            | Event::CallHeard { seat, .. }
            | Event::CallEnded { seat, .. }
            | Event::DialStarted { seat, .. }
            | Event::DialPaused { seat, .. }
            | Event::DialResumed { seat, .. }
            | Event::DialStopped { seat, .. }
            | Event::DialExhausted { seat, .. }
            | Event::TaskDue { seat, .. }
            | Event::TaskSoon { seat, .. }
            | Event::RecordingClosed { seat, .. }
            | Event::RecordingPaused { seat, .. }
            | Event::RecordingResumed { seat, .. }
            | Event::RecordingTrouble { seat, .. }
            | Event::DeviceLost { seat, .. }
            | Event::DeviceBack { seat, .. }
            | Event::DeviceHeadset { seat, .. }
            | Event::DeviceLevel { seat, .. }
            | Event::TapStarted { seat, .. }
            | Event::TapChanged { seat, .. }
            | Event::TapEnded { seat, .. } => Self::seat(seat),
            Event::AttemptSaved { seat, .. } | Event::AttemptSealed { seat, .. } => {
                seat.as_deref().map_or(Self::Monitors, Self::seat)
            }
            // Addresses of strangers, other people's files; and what is new, until it has a line here.
            _ => Self::Monitors,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use protocol::EventRecord;

    use super::*;

    /// Every kind of event and whom it is for; a new one has no line here until somebody decides.
    #[test]
    fn every_kind_of_event_has_its_audience() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/golden");
        let found: Vec<String> = Event::KINDS
            .iter()
            .map(|kind| {
                let text = std::fs::read_to_string(folder.join(format!("event.{kind}.json"))).unwrap();
                let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
                let record: EventRecord = serde_json::from_value(golden["params"].clone()).unwrap();
                let audience = match Audience::of(&record.event) {
                    Audience::All => "all",
                    Audience::Seat(_) => "seat",
                    Audience::Account(_) => "account",
                    Audience::Asker(_) | Audience::Monitors => "monitors",
                };
                format!("{kind} {audience}")
            })
            .collect();
        let wanted: Vec<&str> = TABLE.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(found, wanted, "{}", found.join("\n"));
    }

    const TABLE: &str = "
        daemon.started all
        daemon.stopping all
        registration.changed account
        trunk.changed account
        stranger.refused monitors
        seat.changed seat
        call.incoming seat
        call.preview seat
        call.dialing seat
        call.progress seat
        call.early_media seat
        call.answered seat
        call.held seat
        call.muted seat
        call.dtmf_failed seat
        call.replaced seat
        call.transfer seat
        tap.started seat
        tap.changed seat
        tap.ended seat
        call.silent seat
        call.secured seat
        call.heard seat
        call.ended seat
        attempt.saved seat
        attempt.sealed seat
        dial.started seat
        dial.paused seat
        dial.resumed seat
        dial.stopped seat
        dial.exhausted seat
        import.progress monitors
        import.finished monitors
        recording.closed seat
        recording.paused seat
        recording.resumed seat
        recording.trouble seat
        recording.expired all
        recording.full all
        work.progress monitors
        device.lost seat
        device.back seat
        device.headset seat
        device.level seat
        store.trouble all
        store.recovered all
        outbox.delivered all
        task.soon seat
        task.due seat
        outbox.failed all
    ";
}
