//! Trouble with the database and the disk: dialing stops while nothing can be kept, and goes on when it can.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::{Detail, ErrorCode};
use store::Error as StoreError;

use super::Core;
use super::call::Recording;
use super::job::Done;
use crate::clock::Now;
use crate::{recordings, room};

/// Why nobody is called: what comes of a call cannot be kept.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// The stable code.
    pub(crate) code: String,
    /// What exactly, and for a folder what to do.
    pub(crate) detail: Detail,
    /// The folder of recordings, where it is that alone: rows are kept, so who calls is let in.
    folder: Option<PathBuf>,
}

impl Trouble {
    /// Neither rows nor recordings may be counted on; `said` is English, for the log.
    pub(crate) fn of_all(code: &str, said: impl std::fmt::Display) -> Self {
        Self { code: code.to_owned(), detail: Detail::log(said), folder: None }
    }

    /// The folder of recordings takes no file, for another reason than that its disk is full; `said` is English.
    pub(crate) fn of_recordings(folder: &Path, error: &io::Error, said: impl std::fmt::Display) -> Self {
        let (path, uid) = (folder.display(), rustix::process::geteuid().as_raw());
        let own = format!("`sudo install -d -m 0700 -o {uid} {path}`");
        let (ja, en) = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => (
                format!(
                    "{own} で用意し、`systemd` のサービスなら `sudo systemctl edit kakeru` で [Service] の下に `ReadWritePaths={path}` を加えて再起動してください"
                ),
                format!(
                    "have it with {own}, and where systemd starts the daemon add `ReadWritePaths={path}` below [Service] by `sudo systemctl edit kakeru`, then restart"
                ),
            ),
            io::ErrorKind::PermissionDenied => (
                format!(
                    "デーモンのユーザー(UID {uid})が書き込めるようにしてください: `sudo chown -R {uid} {path}`"
                ),
                format!("let the daemon's user (uid {uid}) write there: `sudo chown -R {uid} {path}`"),
            ),
            _ => (
                format!("フォルダーを使えるようにしてください({own})。設定は `recordings_dir` です"),
                format!("let it be a folder that can be used ({own}); the setting is `recordings_dir`"),
            ),
        };
        let ja = format!("録音のフォルダー {path} に書き込めません: {}。{ja}", store::os(error));
        let en = format!("no recording can be written to {path}: {said}; {en}");
        let code = ErrorCode::DiskIo.as_str().to_owned();
        Self { code, detail: (ja, en).into(), folder: Some(folder.to_owned()) }
    }

    /// The folder of recordings, where rows are kept all the same.
    pub(crate) fn recordings(&self) -> Option<String> {
        self.folder.as_ref().map(|folder| folder.display().to_string())
    }
}

impl Core {
    /// Whether rows of calls can be kept, so that who calls is let in.
    pub(super) fn keeps_rows(&self) -> bool {
        self.store_trouble.as_ref().is_none_or(|trouble| trouble.folder.is_some())
    }

    /// Notices trouble with the disk: dialing stops everywhere, said loudly, until a probe writes again.
    pub(super) fn check(&mut self, error: Option<StoreError>, now: Now) {
        let Some(error) = error.filter(|error| error.blame() == store::Blame::Resource) else { return };
        self.trouble(Trouble::of_all(error.code(), &error), now);
    }

    /// The database is damaged: nothing heals that while the daemon runs, so dialing stays off.
    pub(super) fn damaged(&mut self, now: Now) {
        let Some(detail) = self.damage.borrow_and_update().clone() else { return };
        tracing::error!(
            detail,
            waiting = self.unsaved,
            "the database is damaged: dialing stops, running calls go on; stop the daemon, keep the file, restore a backup"
        );
        let trouble = Trouble::of_all(ErrorCode::StoreCorrupt.as_str(), detail);
        self.report_store_trouble(&trouble, now);
        for seat in &mut self.seats {
            seat.dialer.store(false, now.into());
        }
        self.store_trouble = Some(trouble);
    }

    /// Results or recordings cannot be kept.
    pub(super) fn trouble(&mut self, trouble: Trouble, now: Now) {
        // Worse is told already, and dialing is off for good.
        if self.damage.borrow().is_some() {
            return;
        }
        if self.store_trouble.is_none() {
            let (code, detail) = (&trouble.code, &trouble.detail.en);
            tracing::error!(code, detail, "the disk takes nothing: dialing stops, running calls go on");
            self.report_store_trouble(&trouble, now);
            for seat in &mut self.seats {
                seat.dialer.store(false, now.into());
            }
        }
        // That results are kept is told by nothing but a probe: what is worse stays.
        if self.keeps_rows() {
            self.store_trouble = Some(trouble);
        }
        if !self.store_probing {
            self.store_probe.get_or_insert(now.mono + PROBE);
        }
    }

    pub(super) fn probe_store(&mut self) {
        self.store_probe = None;
        self.store_probing = true;
        let store = self.store.clone();
        let (state, folder) =
            (self.config.daemon.state_dir.clone(), self.config.daemon.recordings_dir.clone());
        let recorded = self.config.recording.enabled;
        self.jobs.spawn(async move {
            // Room first: small writes often fit when nothing else does.
            let result = async {
                let all = |error: room::NoRoom| Trouble::of_all(error.code().as_str(), &error);
                room::probe(move || state).await.map_err(all)?;
                let written = store.reserve_event_seq(1).await;
                written.map_err(|error| Trouble::of_all(error.code(), &error))?;
                if recorded {
                    let within = folder.clone();
                    let probed =
                        room::probe(move || recordings::next(&within, crate::clock::now().wall)).await;
                    probed.map_err(|error| match error.code() {
                        ErrorCode::DiskFull => all(error),
                        _ => Trouble::of_recordings(&folder, error.source(), error.source()),
                    })?;
                }
                Ok(())
            };
            Done::Probed(result.await.map_err(Box::new))
        });
    }

    pub(super) fn probed(&mut self, result: Result<(), Box<Trouble>>, now: Now) {
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
                // What was begun goes on within a second.
                for call in
                    self.calls.values_mut().filter(|call| matches!(call.recording, Recording::Live(_)))
                {
                    call.recording_trouble = None;
                }
                for seat in &mut self.seats {
                    seat.dialer.store(true, now.into());
                }
            }
            Err(trouble) => {
                self.store_trouble = Some(*trouble);
                self.store_probe = Some(now.mono + PROBE);
            }
        }
    }
}

/// Between two looks at whether the disk takes anything again.
const PROBE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_a_folder_of_recordings_is_told_in_both_languages() {
        let folder = Path::new("/srv/recordings");
        for (kind, told) in [
            (io::ErrorKind::ReadOnlyFilesystem, "ReadWritePaths=/srv/recordings"),
            (io::ErrorKind::PermissionDenied, "chown"),
            (io::ErrorKind::NotADirectory, "recordings_dir"),
        ] {
            let trouble = Trouble::of_recordings(folder, &kind.into(), "why");
            assert_eq!(
                (trouble.code.as_str(), trouble.recordings()),
                ("E-DISK-IO", Some("/srv/recordings".into()))
            );
            let Detail { ja, en, .. } = trouble.detail;
            assert!(ja.contains(told) && en.contains(told) && en.contains("why"), "{ja} {en}");
            assert!(!crate::said::has_english(&ja), "{ja}");
        }
        assert_eq!(Trouble::of_all("E-DISK-FULL", "x").recordings(), None);
    }
}
