//! What a worker sleeps on: somebody rings, or a moment comes.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

/// One system call to sleep, to the microsecond: a worker does so 50 to 200 times a second.
#[derive(Debug)]
pub(crate) struct Bell(EventFd);

impl Bell {
    /// A bell that nobody has rung.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?))
    }

    /// Ends the sleep of now, or the next one before it begins.
    ///
    /// # Errors
    /// What the system says of its own object.
    pub(crate) fn ring(&self) -> io::Result<()> {
        match self.0.write(1) {
            // It has been rung very often and nobody came; it still rings.
            Ok(_) | Err(Errno::EAGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until it rings, at most for `time`, to the microsecond; a signal may end it too.
    ///
    /// # Errors
    /// What the system says of its own object.
    pub(crate) fn sleep(&self, time: Option<Duration>) -> io::Result<()> {
        let mut wait = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        match ppoll(&mut wait, time.map(TimeSpec::from_duration), None) {
            Ok(0) | Err(Errno::EINTR) => Ok(()),
            Ok(_) => match self.0.read() {
                Ok(_) | Err(Errno::EAGAIN) => Ok(()),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

/// Lets this thread's sleeps end when they are over. The system otherwise adds up to 50 µs, to wake several threads at once.
pub(crate) fn wake_in_time() {
    if let Err(error) = nix::sys::prctl::set_timerslack(1) {
        tracing::debug!(%error, "sleeps may last a little longer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::now;

    #[test]
    fn it_ends_one_sleep_however_often_it_was_rung() {
        let bell = Bell::new().unwrap();
        bell.ring().unwrap();
        bell.ring().unwrap();
        // Would last for ever otherwise.
        bell.sleep(None).unwrap();
        let (begun, time) = (now(), Duration::from_millis(20));
        bell.sleep(Some(time)).unwrap();
        assert!(now() - begun >= time);
        bell.sleep(Some(Duration::ZERO)).unwrap();
    }
}
