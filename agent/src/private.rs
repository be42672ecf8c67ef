//! Whose eyes may see what the daemon keeps.
//!
//! One rule: folders 0700 and files 0600, for the daemon's user only. Who may hear a recording or see a number is told by role over
//! the control socket, and the group of the socket is everybody who works on the box. Results in a `drop_dir` outside of the folder
//! of state are also for the group (0750, 0640), since another program fetches them there.
//!
//! What is there already loses the rights beyond the rule at a start, if it is the daemon's own and of the names it gives.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// For the daemon's user only.
pub(crate) const OWNER: u32 = 0o700;
/// Also for the group, which only reads.
pub(crate) const GROUP: u32 = 0o750;

/// Makes a folder where there is none.
///
/// # Errors
/// As [`fs::create_dir_all`].
pub(crate) fn make(folder: &Path, most: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(most).create(folder)
}

/// Takes what goes beyond `most` from one file or folder that is the daemon's own.
pub(crate) fn tighten(path: &Path, most: u32) {
    if let Ok(meta) = path.symlink_metadata()
        && let Err(error) = lessen(path, &meta, most)
    {
        tracing::warn!(path = %path.display(), %error, "others can read what is kept here");
    }
}

fn lessen(path: &Path, meta: &Metadata, most: u32) -> io::Result<()> {
    let mode = meta.permissions().mode();
    // What goes through a link, or is somebody else's, is theirs to say.
    if meta.is_symlink() || meta.uid() != rustix::process::geteuid().as_raw() || !is_loose(meta, most) {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & (0o7000 | most)))
}

fn is_loose(meta: &Metadata, most: u32) -> bool {
    meta.permissions().mode() & 0o777 & !most != 0
}

/// The folder of recordings: it is closed at once, which closes all below it. Its months are looked at one by one, each folder after
/// what is in it, so that one that is closed needs no second look, also when this is cut short.
pub(crate) fn recordings(folder: &Path) {
    tighten(folder, OWNER);
    for month in folders(folder) {
        if !month.metadata().is_ok_and(|meta| is_loose(&meta, OWNER)) {
            continue;
        }
        for day in folders(&month.path()) {
            files(&day.path(), OWNER, |name| {
                [".wav", ".wav.part", ".opus", ".opus.part"].iter().any(|end| name.ends_with(end))
            });
            tighten(&day.path(), OWNER);
        }
        tighten(&month.path(), OWNER);
    }
}

/// The folder of results.
pub(crate) fn results(folder: &Path, most: u32) {
    if folder.metadata().is_ok_and(|meta| is_loose(&meta, most)) {
        files(folder, most, |name| name.starts_with("kakeru-") && name.ends_with(".csv"));
    }
    tighten(folder, most);
}

/// Folders that are named by a number, as months and days are.
fn folders(folder: &Path) -> Vec<fs::DirEntry> {
    let numbered = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
    };
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    fs::read_dir(folder).into_iter().flatten().flatten().filter(numbered).filter(is_folder).collect()
}

fn files(folder: &Path, most: u32, ours: impl Fn(&str) -> bool) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        if file.file_name().to_str().is_some_and(&ours) {
            tighten(&file.path(), most & 0o666);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_ours_is_closed_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("recordings");
        let day = folder.join("2026-11/29");
        make(&day, 0o755).unwrap();
        let [wav, opus, note] = ["A.wav", "B.opus", "note.txt"].map(|name| day.join(name));
        for path in [&wav, &opus, &note] {
            fs::write(path, "x").unwrap();
            set(path, 0o644);
        }
        let link = day.join("C.wav");
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "x").unwrap();
        set(&elsewhere, 0o644);
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        for path in [&folder, day.parent().unwrap(), &day] {
            set(path, 0o755);
        }
        recordings(&folder);
        for path in [&folder, day.parent().unwrap(), &day] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        assert_eq!([&wav, &opus, &note, &elsewhere].map(|path| mode(path)), [0o600, 0o600, 0o644, 0o644]);
    }

    #[test]
    fn a_group_that_fetches_results_keeps_its_rights() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("kakeru-box-1-1.csv");
        fs::write(&file, "x").unwrap();
        set(&file, 0o664);
        set(dir.path(), 0o2775);
        results(dir.path(), GROUP);
        assert_eq!(dir.path().metadata().unwrap().permissions().mode() & 0o7777, 0o2750);
        assert_eq!(mode(&file), 0o640);
    }
}
