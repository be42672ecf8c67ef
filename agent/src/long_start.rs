//! A start that takes long: the first after an upgrade brings the database to a newer schema, one after a crash takes back what an
//! import had written. Both are told to the log and to the service manager, which would end the daemon otherwise and start it again
//! for ever.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use crate::notify::Notifier;

/// Tells of it until this goes.
pub(crate) struct LongStart {
    _over: Option<Sender<()>>,
}

impl LongStart {
    pub(crate) fn begin() -> Self {
        Self::every(TOLD_EVERY, Notifier::from_env())
    }

    fn every(interval: Duration, notifier: Notifier) -> Self {
        let (over, is_over) = mpsc::channel::<()>();
        let tell = move || {
            let mut waited = Duration::ZERO;
            while let Err(RecvTimeoutError::Timeout) = is_over.recv_timeout(interval) {
                let first = waited.is_zero();
                waited += interval;
                if waited > LONGEST {
                    return tracing::error!(
                        "the database is not in order after an hour; the service manager is told no more"
                    );
                }
                notifier.extend_start(ROOM);
                notifier.status(&format!("putting the database in order, {} s so far", waited.as_secs()));
                if first {
                    tracing::info!(
                        "the database is put in order before the daemon is up; calls have to wait for that"
                    );
                }
            }
        };
        let thread = std::thread::Builder::new().name("start".to_owned()).stack_size(STACK_BYTES).spawn(tell);
        // Without the thread the start is as long, and nobody is told.
        Self { _over: thread.is_ok().then_some(over) }
    }
}

const TOLD_EVERY: Duration = Duration::from_secs(3);
/// What the service manager is asked for each time.
const ROOM: Duration = Duration::from_secs(60);
/// A daemon that is stuck must not look as if it worked for ever.
const LONGEST: Duration = Duration::from_secs(3600);
const STACK_BYTES: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn the_service_manager_is_asked_for_time_until_the_start_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let start = LongStart::every(Duration::from_millis(5), Notifier::to(&path));
        let mut buffer = [0; 256];
        let mut next = || {
            let length = manager.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        assert_eq!(next(), "EXTEND_TIMEOUT_USEC=60000000");
        assert!(next().starts_with("STATUS=putting the database in order"));
        assert_eq!(next(), "EXTEND_TIMEOUT_USEC=60000000");
        drop(start);
        // One that was on its way may still come; then it is quiet.
        manager.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let late = (0..20).take_while(|_| manager.recv(&mut [0; 256]).is_ok()).count();
        assert!(late < 20, "it ended");
    }
}
