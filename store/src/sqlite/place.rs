//! Where recordings lie. The database knows their places within the folder of recordings and nothing of the folder itself: both
//! can be moved, and a copy of the database never reaches the recordings of the box that it was made of.

use std::path::{Component, Path, PathBuf};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, Transaction};

/// The folder of recordings of this box. Without one, as in a database that is only looked at, places are what they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(Option<PathBuf>);

impl Place {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self(folder)
    }

    /// The place as it is kept.
    pub(super) fn inside(&self, path: &Path) -> String {
        let kept = self.0.as_deref().and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
        kept.to_string_lossy().into_owned()
    }

    /// The file as it is handed out.
    fn whole(&self, kept: &str) -> String {
        match &self.0 {
            Some(folder) if is_below(kept) => folder.join(kept).to_string_lossy().into_owned(),
            _ => kept.to_owned(),
        }
    }

    /// Whether the file is this box's own, to be repaired, archived and deleted. What lies elsewhere is read at most.
    fn own(&self, kept: &str) -> bool {
        self.0.is_none() || is_below(kept)
    }

    /// Teaches SQL `recording_inside`, `recording_whole` and `recording_own`, as above; the last is 0 or 1.
    pub(super) fn teach(&self, db: &Connection) -> rusqlite::Result<()> {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let place = self.clone();
        db.create_scalar_function("recording_inside", 1, flags, move |call| {
            let path: Option<String> = call.get(0)?;
            Ok(path.map(|path| place.inside(Path::new(&path))))
        })?;
        let place = self.clone();
        db.create_scalar_function("recording_whole", 1, flags, move |call| {
            let kept: Option<String> = call.get(0)?;
            Ok(kept.map(|kept| place.whole(&kept)))
        })?;
        let place = self.clone();
        db.create_scalar_function("recording_own", 1, flags, move |call| {
            let kept: String = call.get(0)?;
            Ok(place.own(&kept))
        })
    }

    /// Takes over rows of earlier versions, which kept the whole path, and of a box that had its folder elsewhere: those below our
    /// folder, and those whose file came along into it. Others stay as they are, to be looked for again at the next start.
    pub(super) fn adopt(&self, db: &mut Connection) -> rusqlite::Result<()> {
        let Some(folder) = &self.0 else { return Ok(()) };
        let known = "SELECT value FROM meta WHERE key = 'recordings_elsewhere'";
        let known: Option<i64> = db.query_row(known, [], |r| r.get(0)).optional()?;
        if known == Some(0) {
            return Ok(());
        }
        let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut prefix = folder.to_string_lossy().into_owned();
        if !prefix.ends_with('/') {
            prefix.push('/');
        }
        // One statement: there may be a million of them at the first start.
        let sql = "UPDATE OR IGNORE recordings SET path = substr(path, length(?1) + 1)
                   WHERE substr(path, 1, length(?1)) = ?1";
        let below = tx.execute(sql, [&prefix])?;
        let moved = moved(&tx, folder)?;
        let sql = "UPDATE outbox SET payload = json_replace(payload, '$.recording_path',
                     recording_inside(payload ->> '$.recording_path'))
                   WHERE payload ->> '$.recording_path' LIKE '/%'";
        tx.execute(sql, [])?;
        let sql = "UPDATE outbox SET payload = json_replace(payload, '$.recording_path', r.path)
                   FROM recordings r WHERE r.attempt_id = outbox.key AND substr(r.path, 1, 1) <> '/'
                     AND payload ->> '$.recording_path' LIKE '/%'
                     AND payload ->> '$.recording_path' LIKE '%/' || r.path";
        tx.execute(sql, [])?;
        let elsewhere: i64 =
            tx.query_row("SELECT count(*) FROM recordings WHERE substr(path, 1, 1) = '/'", [], |r| r.get(0))?;
        let sql = "INSERT INTO meta (key, value) VALUES ('recordings_elsewhere', ?1)
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        tx.execute(sql, [elsewhere])?;
        tx.commit()?;
        if elsewhere > 0 {
            tracing::warn!(
                elsewhere,
                folder = %folder.display(),
                "recordings lie outside of the folder of recordings: they are neither deleted nor counted; move them into it and start again"
            );
        }
        if below + moved > 0 {
            tracing::info!(
                below,
                moved,
                "recordings are known by their place in the folder of recordings now"
            );
        }
        Ok(())
    }
}

/// Rows of another folder whose files stand at the same place in ours: the folder was moved, or copied from the other box.
fn moved(tx: &Transaction<'_>, folder: &Path) -> rusqlite::Result<usize> {
    let mut statement = tx.prepare("SELECT id, path FROM recordings WHERE substr(path, 1, 1) = '/'")?;
    let mut rows = statement.query([])?;
    let mut update = tx.prepare("UPDATE OR IGNORE recordings SET path = ?2 WHERE id = ?1")?;
    // Days that are not here are asked for once, not once per recording.
    let mut day: (PathBuf, bool) = (PathBuf::new(), false);
    let mut moved = 0;
    while let Some(row) = rows.next()? {
        let (id, path): (i64, String) = (row.get(0)?, row.get(1)?);
        let Some(kept) = last_three(&path) else { continue };
        let here = folder.join(&kept);
        let Some(parent) = here.parent() else { continue };
        if day.0 != parent {
            day = (parent.to_owned(), parent.is_dir());
        }
        // What a call was being written to when it ended, and what takes the place of a WAV.
        let names = ["wav", "wav.part", "opus"].map(|extension| here.with_extension(extension));
        if day.1 && (here.exists() || names.iter().any(|name| name.exists())) {
            moved += update.execute((id, kept.to_string_lossy()))?;
        }
    }
    Ok(moved)
}

/// Month, day and name, as recordings are filed.
fn last_three(path: &str) -> Option<PathBuf> {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let (_, last) = parts.split_last_chunk::<3>()?;
    last.iter().all(|part| matches!(part, Component::Normal(_))).then(|| last.iter().collect())
}

/// Whether joining it to a folder stays below that folder.
fn is_below(kept: &str) -> bool {
    !kept.is_empty() && Path::new(kept).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_within_its_folder() {
        let place = Place::new(Some("/srv/rec".into()));
        assert_eq!(place.inside(Path::new("/srv/rec/2026-11/29/A.opus")), "2026-11/29/A.opus");
        assert_eq!(place.whole("2026-11/29/A.opus"), "/srv/rec/2026-11/29/A.opus");
        assert!(place.own("2026-11/29/A.opus"));
        // Of another box, of a file that somebody made up, of none.
        for kept in ["/old/rec/2026-11/29/A.opus", "../../etc/passwd", "a/../../b", ""] {
            assert_eq!((place.whole(kept), place.own(kept)), (kept.to_owned(), false));
            assert_eq!(place.inside(Path::new(kept)), kept);
        }
        let none = Place::default();
        assert_eq!((none.whole("/a/b").as_str(), none.own("/a/b")), ("/a/b", true));
        assert_eq!(last_three("/x/recordings/2026-11/29/A.wav"), Some("2026-11/29/A.wav".into()));
        assert_eq!((last_three("/A.wav"), last_three("/../../a")), (None, None));
    }
}
