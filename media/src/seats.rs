//! How a media worker opens and closes the voices of its seats.

use std::time::Instant;

use crate::device::{
    AudioBackend, AudioFeed, DeviceError, Duplex, FileTrack, FileVoice, OpenParams, PlaybackFeed, SeatParams,
};
use crate::mailbox::Message;
use crate::monitor::{Monitor, TappedEnd};
use crate::phone::Phone;
use crate::recorder::{Finish, RecorderCommand, Target};
use crate::seat::Seat;
use crate::thread::{Unsent, Worker};
use crate::types::{MediaEvent, SeatId, SessionId, VoiceSpec};

impl Worker {
    /// Opens a seat's voice, in place of the one it had; its sessions stay on it.
    pub(crate) fn open_seat(&mut self, id: SeatId, voice: VoiceSpec) {
        let before = self.seats.get(&id);
        let sessions = before.map(|seat| seat.sessions().to_vec()).unwrap_or_default();
        let rings = before.is_some_and(Seat::rings);
        let settings = before.map(Seat::settings);
        let mut former = self.close_seat(id);
        self.openings += 1;
        // Silent until its feeds arrive.
        let mut seat = Seat::new(self.openings, sessions);
        seat.set_rings(rings);
        if let Some((volume, processing)) = settings {
            seat.set_volume(volume);
            seat.set_processing(processing);
        }
        if let Some(former) = &mut former {
            seat.succeed(former);
        }
        self.seats.insert(id, seat);
        let asked = match voice {
            VoiceSpec::Device { capture, playback, ring } => {
                let params = SeatParams { capture, playback, ring };
                match &self.audio {
                    Some(audio) => audio.open(id, self.openings, params),
                    None => Err(DeviceError::NoHost(None)),
                }
            }
            VoiceSpec::Null => {
                self.opened_at_once(id);
                Ok(())
            }
            VoiceSpec::Phone { idle } => {
                let mut phone = Phone::new(idle);
                // Its leg may have come before it.
                phone.set_leg(self.phone_leg(id));
                if let Some(seat) = self.seats.get_mut(&id) {
                    seat.set_phone(phone);
                }
                self.opened_at_once(id);
                Ok(())
            }
            VoiceSpec::File { play, write } => {
                self.open_file(id, FileVoice::new(id, play, write, self.recorder.clone()))
            }
        };
        if let Err(error) = asked {
            self.events.push(MediaEvent::SeatFailed { seat: id, reason: error.reason() });
        }
    }

    /// Tells of a voice that has nothing to be opened.
    fn opened_at_once(&mut self, seat: SeatId) {
        self.events.push(MediaEvent::SeatOpened { seat, capture: None, playback: None, ring: None });
    }

    /// Opens a file voice on a thread of its own, since this one touches no disk.
    fn open_file(&mut self, seat: SeatId, voice: FileVoice) -> Result<(), DeviceError> {
        let (mailbox, opening, mut events) = (self.own_mailbox.clone(), self.openings, self.events.fork());
        let open = move || {
            let params =
                OpenParams { capture: Some(Vec::new()), playback: Some(Vec::new()), ..OpenParams::default() };
            events.push(match voice.open(&params) {
                Ok(Duplex { capture, playback }) => {
                    let feeds = [
                        capture.map(|half| AudioFeed::Capture(half.feed)),
                        playback.map(|half| AudioFeed::Playback(half.feed)),
                    ];
                    for feed in feeds.into_iter().flatten() {
                        // A worker that has ended needs no feed.
                        drop(mailbox.sender.blocking_send(Message::Feed { seat, opening, feed }));
                    }
                    mailbox.wake();
                    MediaEvent::SeatOpened { seat, capture: None, playback: None, ring: None }
                }
                Err(error) => MediaEvent::SeatFailed { seat, reason: error.reason() },
            });
            events.drain();
        };
        let thread = std::thread::Builder::new().name("voice-open".into()).stack_size(512 * 1_024);
        thread.spawn(open).map(drop).map_err(DeviceError::Thread)
    }

    /// Takes a feed that was opened elsewhere.
    pub(crate) fn feed(&mut self, id: SeatId, opening: u64, feed: AudioFeed) {
        let current = self.seats.get_mut(&id).filter(|seat| seat.opening() == opening);
        let unused = match (current, feed) {
            (Some(seat), AudioFeed::Capture(feed)) => {
                seat.set_capture(feed);
                return;
            }
            (Some(seat), AudioFeed::Playback(feed)) => seat.set_playback(feed),
            (Some(seat), AudioFeed::Ring(feed)) => {
                seat.ringer.set_feed(feed);
                return;
            }
            (None, AudioFeed::Capture(_) | AudioFeed::Ring(_)) => return,
            (None, AudioFeed::Playback(feed)) => feed,
        };
        self.end_file(id, &unused);
    }

    /// Lets it ring at a seat, or ends that.
    pub(crate) fn ring(&mut self, id: SeatId, on: bool, now: Instant) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        seat.set_rings(on);
        if seat.rings_by_clock() {
            self.wake_up(now);
        } else {
            self.rest();
        }
    }

    /// Changes a setting of a seat that is or will be opened.
    pub(crate) fn setting(&mut self, id: SeatId, change: impl FnOnce(&mut Seat)) {
        change(self.seats.entry(id).or_insert_with(|| Seat::new(0, Vec::new())));
    }

    /// Closes a seat's voice; sessions that name it go on in silence.
    pub(crate) fn close_seat(&mut self, id: SeatId) -> Option<Seat> {
        let mut seat = self.seats.remove(&id)?;
        self.end_file(id, &seat.set_playback(PlaybackFeed::Discard));
        if let Some(audio) = &self.audio {
            audio.close(id);
        }
        self.rest();
        Some(seat)
    }

    /// A leg became a seat's phone. A seat that is not open yet finds it when it opens.
    pub(crate) fn put_phone(&mut self, id: SeatId, session: SessionId) {
        if let Some(phone) = self.seats.get_mut(&id).and_then(Seat::phone) {
            phone.set_leg(Some(session));
        }
    }

    /// A leg is no longer a seat's phone.
    pub(crate) fn take_phone(&mut self, id: SeatId, session: SessionId) {
        let phone = self.seats.get_mut(&id).and_then(Seat::phone);
        if let Some(phone) = phone.filter(|phone| phone.leg() == Some(session)) {
            phone.set_leg(None);
        }
    }

    /// Somebody listens at a seat.
    pub(crate) fn add_tap(&mut self, id: SeatId, tap: TappedEnd) {
        self.seats.entry(id).or_insert_with(|| Seat::new(0, Vec::new())).add_tap(tap);
    }

    /// A seat listens to another.
    pub(crate) fn set_monitor(&mut self, id: SeatId, monitor: Monitor, now: Instant) {
        self.monitors.insert(id, monitor);
        self.wake_up(now);
    }

    fn end_file(&mut self, seat: SeatId, feed: &PlaybackFeed) {
        if let PlaybackFeed::Track(FileTrack(track)) = feed {
            let finish = Finish { frames: track.position(), keep: true };
            self.unsent
                .push_back(Unsent::Recorder(RecorderCommand::Finish { target: Target::Voice(seat), finish }));
        }
    }
}
