//! Trouble with the database and the disk: dialing stops while nothing can be kept, and goes on when it can.

use std::time::Duration;

use protocol::ErrorCode;
use store::Error as StoreError;

use super::Core;
use super::job::Done;
use crate::clock::Now;
use crate::room;

impl Core {
    /// Notices trouble with the disk: dialing stops everywhere, said loudly, until a probe writes again.
    pub(super) fn check(&mut self, error: Option<StoreError>, now: Now) {
        let Some(error) = error.filter(|error| error.blame() == store::Blame::Resource) else { return };
        self.trouble(error.code().to_owned(), error.to_string(), now);
    }

    /// The database is damaged: nothing heals that while the daemon runs, so dialing stays off.
    pub(super) fn damaged(&mut self, now: Now) {
        let Some(detail) = self.damage.borrow_and_update().clone() else { return };
        tracing::error!(
            detail,
            waiting = self.unsaved,
            "the database is damaged: dialing stops, running calls go on; stop the daemon, keep the file, restore a backup"
        );
        let code = ErrorCode::StoreCorrupt.as_str().to_owned();
        self.report_store_trouble(code.clone(), detail.clone(), now);
        for seat in &mut self.seats {
            seat.dialer.store(false, now.into());
        }
        self.store_trouble = Some((code, detail));
    }

    /// Results or recordings cannot be kept.
    pub(super) fn trouble(&mut self, code: String, detail: String, now: Now) {
        // Worse is told already, and dialing is off for good.
        if self.damage.borrow().is_some() {
            return;
        }
        if self.store_trouble.is_none() {
            tracing::error!(code, detail, "the disk takes nothing: dialing stops, running calls go on");
            self.report_store_trouble(code.clone(), detail.clone(), now);
            for seat in &mut self.seats {
                seat.dialer.store(false, now.into());
            }
        }
        self.store_trouble = Some((code, detail));
        if !self.store_probing {
            self.store_probe.get_or_insert(now.mono + PROBE);
        }
    }

    pub(super) fn probe_store(&mut self) {
        self.store_probe = None;
        self.store_probing = true;
        let store = self.store.clone();
        let folders = [self.config.daemon.state_dir.clone(), self.config.daemon.recordings_dir.clone()];
        let folders = folders.into_iter().take(1 + usize::from(self.config.recording.enabled)).collect();
        self.jobs.spawn(async move {
            // Room first: small writes often fit when nothing else does.
            let result = match room::probe(folders).await {
                Ok(()) => store.reserve_event_seq(1).await.map_err(|e| (e.code().to_owned(), e.to_string())),
                Err(error) => Err((error.code().as_str().to_owned(), error.to_string())),
            };
            Done::Probed(result.map(|_| ()))
        });
    }

    pub(super) fn probed(&mut self, result: Result<(), (String, String)>, now: Now) {
        self.store_probing = false;
        if self.damage.borrow().is_some() {
            return;
        }
        match result {
            Ok(()) => {
                if self.store_trouble.take().is_some() {
                    tracing::info!("the store writes again");
                    self.report_store_recovered(now);
                }
                for seat in &mut self.seats {
                    seat.dialer.store(true, now.into());
                }
            }
            Err(trouble) => {
                self.store_trouble = Some(trouble);
                self.store_probe = Some(now.mono + PROBE);
            }
        }
    }
}

/// Between two looks at whether the disk takes anything again.
const PROBE: Duration = Duration::from_secs(3);
