//! Files of recordings: where they are, and what a crash left of them.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use media::recorder::{RecorderError, part_path, repair};
use store::{AttemptId, AttemptRow, RecordingFacts, RecordingState, Store};

use crate::archive::Archivist;
use crate::keeping::Kept;
use crate::off_thread::off_thread;

/// Where the recording of a call goes that was answered at that moment (UTC milliseconds): one folder per day, so that
/// a month can be handed over.
pub(crate) fn file(folder: &Path, attempt: AttemptId, wall: i64) -> PathBuf {
    let day = crate::clock::rfc3339_jst(wall);
    folder.join(&day[..7]).join(&day[8..10]).join(format!("{attempt}.wav"))
}

/// Where it is tried whether a recording can be made at that moment: its folder, or the one in which that is to be made.
pub(crate) fn next(folder: &Path, wall: i64) -> PathBuf {
    let day = file(folder, AttemptId::generate(wall), wall);
    let inside = day.ancestors().skip(1).take_while(|path| path.starts_with(folder));
    inside.filter(|path| path.is_dir()).map(Path::to_owned).next().unwrap_or_else(|| folder.to_owned())
}

/// What a crash left behind becomes playable recordings again.
///
/// The recorder does not wait for the row that says it began, since the first word of a callee is worth more; a crash
/// between the two leaves a file of an interrupted call without a row, which is looked for by its name.
///
/// Of a call that was under way when a copy of the database was made, which was put back later, the recording may be whole by
/// now: then it is kept as it is.
///
/// With `archived` those that are whole now stay open and are returned: they become archives as any other, by [`archive`], before
/// anybody is told of a file that is replaced.
pub(crate) async fn restore(
    store: &Store,
    folder: &Path,
    interrupted: &[AttemptRow],
    archived: bool,
    wall: i64,
) -> Result<Vec<RecordingFacts>, store::Error> {
    let (mut waiting, mut found) = (Vec::new(), Vec::new());
    for row in interrupted.iter().filter(|row| row.recording.is_none()) {
        let Some(dialed) = row.dialed_at else { continue };
        // Answered on the next day, when it rang over midnight.
        let days = [dialed, dialed + LONGEST_RINGING_MS].map(|at| file(folder, row.id, at));
        let is_there = |path: &PathBuf| {
            part_path(path).exists() || path.exists() || path.with_extension("opus").exists()
        };
        if let Some(path) = off_thread(move || days.into_iter().find(is_there)).await.flatten() {
            store.recording_opened(row.id, path, wall).await?;
            found.push(row.id);
        }
    }
    for (attempt, path) in store.open_recordings().await? {
        if !path.starts_with(folder) {
            // Of another box, or of this one before its folder was another: nothing there is ours to change.
            tracing::warn!(%attempt, path = %path.display(), "a recording outside of the folder of recordings is left as it is");
            store.recording_closed(failed(attempt, path)).await?;
            continue;
        }
        let archive = path.clone();
        if let Some(facts) = off_thread(move || whole_archive(attempt, &archive)).await.flatten() {
            tracing::warn!(%attempt, ms = facts.duration_ms, "a recording of a call that the database takes for interrupted is whole");
            store.recording_closed(facts).await?;
            continue;
        }
        let torn = part_path(&path);
        // The end of the runtime leaves it as it is, for the next start.
        let Some(repaired) = off_thread(move || repair(&torn)).await else { break };
        let facts = match repaired {
            Ok(file) => {
                tracing::warn!(%attempt, ms = file.duration_ms, "a torn recording was repaired");
                // An archive that the row never heard of.
                let archive = file.path.with_extension("opus");
                remove(&part_path(&archive));
                remove(&archive);
                // When one began whose row was never written, nobody knows.
                if !found.contains(&attempt) {
                    store.recording_repaired(attempt, path.clone(), file.duration_ms, wall).await?;
                }
                RecordingFacts {
                    attempt,
                    path: file.path,
                    duration_ms: file.duration_ms,
                    bytes: file.bytes,
                    sha256: file.sha256,
                    gaps_ms: 0,
                    state: RecordingState::Final,
                }
            }
            Err(error) => {
                tracing::warn!(%attempt, %error, "a recording of the last run cannot be repaired");
                if matches!(error, RecorderError::NoAudio { .. }) {
                    remove(&part_path(&path));
                }
                failed(attempt, path)
            }
        };
        if archived && facts.state == RecordingState::Final {
            waiting.push(facts);
        } else {
            store.recording_closed(facts).await?;
        }
    }
    Ok(waiting)
}

/// The archive of a recording of which nothing else is left.
fn whole_archive(attempt: AttemptId, path: &Path) -> Option<RecordingFacts> {
    let archive = path.with_extension("opus");
    if path.exists() || part_path(path).exists() || !archive.exists() {
        return None;
    }
    match media::archive::look(&archive) {
        Ok(made) => Some(RecordingFacts {
            attempt,
            path: made.path,
            duration_ms: made.duration_ms,
            bytes: made.bytes,
            sha256: made.sha256,
            gaps_ms: 0,
            state: RecordingState::Final,
        }),
        Err(error) => {
            tracing::warn!(%attempt, %error, "an archive that a database from before knows nothing of cannot be used");
            None
        }
    }
}

/// Archives what [`restore`] repaired, one after another, while the daemon works. Cut short, the next start goes on with the rest.
pub(crate) async fn archive(
    store: Store,
    archivist: Archivist,
    kept: Arc<Kept>,
    repaired: Vec<RecordingFacts>,
) {
    for facts in repaired {
        let wav = facts.path.clone();
        let facts = match archivist.archive(wav.clone()).await {
            Some(made) => RecordingFacts { path: made.path, bytes: made.bytes, sha256: made.sha256, ..facts },
            // It stays what it is, which was logged.
            None => facts,
        };
        let mut closed = store.recording_closed(facts.clone()).await;
        while closed.as_ref().is_err_and(|error| error.blame() == store::Blame::Resource) {
            pause(AGAIN).await;
            closed = store.recording_closed(facts.clone()).await;
        }
        match closed {
            Err(error) => {
                tracing::warn!(attempt = %facts.attempt, %error, "a repaired recording stays open until the next start");
                continue;
            }
            // Its status keeps none, which came first.
            Ok(RecordingState::Discarded) => remove(&facts.path),
            Ok(_) => {}
        }
        if facts.path != wav {
            remove(&wav);
        }
        kept.changed();
    }
}

async fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(time).await;
}

/// What is known of a recording that could not be written, or not be repaired.
pub(crate) fn failed(attempt: AttemptId, path: PathBuf) -> RecordingFacts {
    RecordingFacts {
        attempt,
        path,
        duration_ms: 0,
        bytes: 0,
        sha256: [0; 32],
        gaps_ms: 0,
        state: RecordingState::Failed,
    }
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "a recording that is not to be kept could not be removed");
    }
}

/// The ceiling of `ring_timeout`.
const LONGEST_RINGING_MS: i64 = 120_000;
/// A full disk, or a database that is held, is asked again after this.
const AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};

    use store::{DialPlan, DialRules, ManualCall, OpenOptions as StoreOptions, Origin, Role};

    use super::*;

    const NOW: i64 = 1_795_222_800_000;

    /// An archive that a restored copy knows nothing of is read to its end while the thread of calls goes on: this one, a pipe, is only
    /// written when something else has its turn there.
    #[tokio::test]
    async fn an_archive_is_summed_beside_the_thread_of_calls() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("kakeru.db"), StoreOptions::default()).unwrap();
        store.recover(NOW).await.unwrap();
        let user = store.ensure_user("a", "a", Role::Operator, NOW).await.unwrap();
        let call = ManualCall {
            attempt: None,
            phone: "0312345678".into(),
            plan: DialPlan::default(),
            seat: "a".into(),
            user,
            project: None,
            named: false,
            account: "main".into(),
            caller_id: None,
            origin: Origin::Manual,
            now: NOW,
            rules: DialRules::lawful(),
            second: None,
            stub: false,
            lead: None,
        };
        let attempt = store.open_manual(call).await.unwrap().attempt;
        let path = file(folder.path(), attempt, NOW);
        let archive = path.with_extension("opus");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&archive).status().unwrap().success());
        store.recording_opened(attempt, path, NOW).await.unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (seen, pipe) = (Arc::clone(&over), archive.clone());
        // Whoever waits for it on that thread waits for ever.
        let rescue = std::thread::Builder::new().spawn(move || {
            let rescued = (0..300).any(|_| {
                std::thread::park_timeout(Duration::from_millis(10));
                seen.load(Ordering::Relaxed)
            });
            if !rescued {
                drop(OpenOptions::new().write(true).open(pipe));
            }
            rescued
        });
        let write = off_thread(move || drop(OpenOptions::new().write(true).open(archive)));
        let (restored, _) = tokio::join!(restore(&store, folder.path(), &[], false, NOW), async {
            over.store(true, Ordering::Relaxed);
            write.await
        });
        assert!(restored.unwrap().is_empty());
        assert!(rescue.unwrap().join().unwrap(), "nothing else had its turn");
        store.close().await;
    }
}
