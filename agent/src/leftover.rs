//! What a crash left of recordings that nobody keeps: files whose rows say that they are gone (S4.33), however old the call.
//!
//! A seal, an archive or the housekeeper writes the row first and removes the file after it; a crash between the two leaves the
//! file for good, and it is personal data. Once after the start all recordings' folders are gone through, the newest day first. A
//! file goes only if its name is that of a call of ours, it lies where we put it, it is older than this run, and the row of exactly
//! this file, or of the archive that took its place, says so.
//!
//! A file of a call of which the database has no recording stays, and is told of ([`strays`]): a copy of the database that was put
//! back knows nothing of what was recorded since, and nobody else would ever find it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::result::StrayRecordings;
use store::{AttemptId, RecordingState, Store};

use crate::keeping;
use crate::off_thread::off_thread;

/// Looks through the folder of recordings once. `wall` is when this run began, UTC milliseconds: what was written since is not
/// looked at.
pub(crate) async fn sweep(store: Store, folder: PathBuf, wall: i64) {
    let mut gone = 0;
    let mut strays = StrayRecordings::default();
    let all = folder.clone();
    for day in off_thread(move || days(all)).await.unwrap_or_default() {
        let files = off_thread(move || files(&day, wall)).await.unwrap_or_default();
        for files in files.chunks(BATCH) {
            let (left, lost) = match looked_up(&store, files).await {
                Ok(found) => found,
                Err(error) => {
                    return tracing::warn!(%error, "recordings that nobody keeps could not be looked for");
                }
            };
            strays = with(strays, lost).await;
            if !left.is_empty() {
                let left = left.into_iter().map(|file| (0, file)).collect();
                let folder = folder.clone();
                let removed = off_thread(move || keeping::remove(left, &folder, wall)).await;
                gone += removed.unwrap_or_default().len();
            }
            keeping::pause(BREATH).await;
        }
    }
    if gone > 0 {
        tracing::info!(gone, "removed files of recordings that a crash had left and nobody keeps");
    }
    if strays.count > 0 {
        tracing::warn!(
            count = strays.count,
            bytes = strays.bytes,
            first = strays.first.join(" "),
            "files of recordings are of calls that the database does not have: they are in no quota, export or deletion; `kakeru doctor` says what to do"
        );
    }
}

/// Files of recordings of calls that the database does not have, the newest first; those written since `wall`, when this run began,
/// are not looked at.
///
/// # Errors
/// Storage errors.
pub(crate) async fn strays(
    store: &Store,
    folder: PathBuf,
    wall: i64,
) -> Result<StrayRecordings, store::Error> {
    let mut strays = StrayRecordings::default();
    for day in off_thread(move || days(folder)).await.unwrap_or_default() {
        let files = off_thread(move || files(&day, wall)).await.unwrap_or_default();
        for files in files.chunks(BATCH) {
            strays = with(strays, looked_up(store, files).await?.1).await;
        }
    }
    Ok(strays)
}

/// Of these files those that nobody keeps, and those whose calls have no recording.
async fn looked_up(
    store: &Store,
    files: &[(AttemptId, PathBuf)],
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), store::Error> {
    let rows = store.recording_files(files.iter().map(|(attempt, _)| *attempt).collect()).await?;
    let mut of: HashMap<AttemptId, Vec<(PathBuf, RecordingState)>> = HashMap::new();
    for (attempt, path, state) in rows {
        of.entry(attempt).or_default().push((path, state));
    }
    let (mut left, mut lost) = (Vec::new(), Vec::new());
    for (attempt, file) in files {
        match of.get(attempt) {
            None => lost.push(file.clone()),
            Some(rows) if is_left(file, rows) => left.push(file.clone()),
            Some(_) => {}
        }
    }
    Ok((left, lost))
}

/// Looks at what was found. Nearly always there is nothing.
async fn with(strays: StrayRecordings, files: Vec<PathBuf>) -> StrayRecordings {
    if files.is_empty() {
        return strays;
    }
    off_thread(move || added(strays, files)).await.unwrap_or_default()
}

fn added(mut strays: StrayRecordings, mut files: Vec<PathBuf>) -> StrayRecordings {
    files.sort_unstable_by(|one, other| other.cmp(one));
    for file in files {
        // One that is gone meanwhile is none.
        let Ok(data) = file.metadata() else { continue };
        strays.count += 1;
        strays.bytes += data.len();
        if strays.first.len() < FIRST {
            strays.first.push(file.display().to_string());
        }
    }
    strays
}

/// Folders `2026-11/29`, the newest first.
fn days(folder: PathBuf) -> Vec<PathBuf> {
    let is_number =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_month = |name: &str| name.split_once('-').is_some_and(|(y, m)| is_number(y, 4) && is_number(m, 2));
    let mut days: Vec<PathBuf> = below(&folder, is_month)
        .into_iter()
        .flat_map(|month| below(&month, |name| is_number(name, 2)))
        .collect();
    days.sort_unstable_by(|one, other| other.cmp(one));
    days
}

/// Folders in a folder, not links to some.
fn below(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .collect()
}

/// Files of a day that are called like recordings and were last written before `wall`.
fn files(day: &Path, wall: i64) -> Vec<(AttemptId, PathBuf)> {
    let begun = UNIX_EPOCH + Duration::from_millis(wall.unsigned_abs());
    let before = |time: SystemTime| time < begun;
    let entries = std::fs::read_dir(day).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let attempt = attempt_of(entry.file_name().to_str()?)?;
            let data = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            data.modified().is_ok_and(before).then(|| (attempt, entry.path()))
        })
        .collect()
}

/// The call that a recording, an archive, or an unfinished one of either is of.
fn attempt_of(name: &str) -> Option<AttemptId> {
    let (stem, extension) = name.strip_suffix(PART).unwrap_or(name).split_once('.')?;
    let attempt: AttemptId = stem.parse().ok().filter(|_| extension == WAV || extension == OPUS)?;
    // As we write it, and no other spelling.
    (attempt.to_string() == stem).then_some(attempt)
}

/// Whether nobody keeps a file, by the rows of its call.
fn is_left(file: &Path, rows: &[(PathBuf, RecordingState)]) -> bool {
    let Some(name) = file.to_str() else { return false };
    let whole = Path::new(name.strip_suffix(PART).unwrap_or(name));
    let of = |path: &Path| rows.iter().find(|(known, _)| known == path).map(|(_, state)| *state);
    let is_gone = |state| matches!(state, RecordingState::Discarded | RecordingState::Expired);
    if let Some(state) = of(whole) {
        return is_gone(state);
    }
    match whole.extension().and_then(|extension| extension.to_str()) {
        // The archive has taken its place: it is there, or it is gone too.
        Some(WAV) => {
            let archive = whole.with_extension(OPUS);
            of(&archive).is_some_and(|state| is_gone(state) || (is_kept(state) && archive.is_file()))
        }
        // Of a recording that went before its archive was ready.
        Some(OPUS) => of(&whole.with_extension(WAV)).is_some_and(is_gone),
        _ => false,
    }
}

const fn is_kept(state: RecordingState) -> bool {
    matches!(state, RecordingState::Final | RecordingState::Exported)
}

const WAV: &str = "wav";
const OPUS: &str = "opus";
const PART: &str = ".part";
/// Files that are named.
const FIRST: usize = 10;
/// Files looked up at a time.
const BATCH: usize = 200;
/// Between two looks: calls go first.
const BREATH: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recordings;

    const WALL: i64 = 1_795_222_800_000;

    /// S4.33: only what a row says is gone goes, and its unfinished pieces; what is kept, open or of nobody stays.
    #[test]
    fn a_file_goes_by_the_word_of_its_own_row() {
        let folder = tempfile::tempdir().unwrap();
        let wav = recordings::file(folder.path(), AttemptId(7), WALL);
        let opus = wav.with_extension("opus");
        let part = |path: &Path| PathBuf::from(format!("{}.part", path.display()));
        std::fs::create_dir_all(wav.parent().unwrap()).unwrap();
        use RecordingState::{Discarded, Expired, Exported, Failed, Final, Open};
        for state in [Discarded, Expired, Exported, Failed, Final, Open] {
            let gone = matches!(state, Discarded | Expired);
            let rows = [(wav.clone(), state)];
            for file in [&wav, &part(&wav), &opus, &part(&opus)] {
                assert_eq!(is_left(file, &rows), gone, "{state:?} {}", file.display());
            }
            let rows = [(opus.clone(), state)];
            assert_eq!(is_left(&opus, &rows), gone, "{state:?}");
            assert_eq!(is_left(&wav, &rows), gone, "{state:?}: its archive is not there");
            std::fs::write(&opus, "x").unwrap();
            assert_eq!(is_left(&wav, &rows), gone || is_kept(state), "{state:?}");
            std::fs::remove_file(&opus).unwrap();
        }
        // A file of the same name elsewhere is another one.
        let elsewhere = [(PathBuf::from("/other").join(wav.file_name().unwrap()), Discarded)];
        assert!(!is_left(&wav, &elsewhere) && !is_left(&wav, &[]));
    }

    #[test]
    fn only_files_of_ours_from_before_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let ours = recordings::file(folder.path(), AttemptId(7), WALL);
        let day = ours.parent().unwrap().to_owned();
        std::fs::create_dir_all(&day).unwrap();
        let spelled = day.join(format!("{}.wav", AttemptId(11).to_string().to_lowercase()));
        let others =
            ["notes.wav", "manifest.csv", "00000000000000000000000007.mp3"].map(|name| day.join(name));
        for file in others.iter().chain([&ours, &spelled]) {
            std::fs::write(file, "x").unwrap();
        }
        std::fs::create_dir(day.join(format!("{}.wav", AttemptId(9)))).unwrap();
        std::os::unix::fs::symlink(&ours, day.join(format!("{}.wav", AttemptId(10)))).unwrap();
        for name in ["2026-11/backup", "old/29", "2026-1x/29"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        assert_eq!(days(folder.path().to_owned()), std::slice::from_ref(&day));
        let later = crate::clock::now().wall + 60_000;
        assert_eq!(files(&day, later), [(AttemptId(7), ours)]);
        assert_eq!(files(&day, later - 3_600_000), [], "a call of this run may write it");
        assert_eq!(days(PathBuf::from("/nowhere")), Vec::<PathBuf>::new());
    }
}
