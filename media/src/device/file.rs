//! Files in place of a headset.

use std::path::PathBuf;

use crate::device::null::clocked;
use crate::device::{AudioBackend, CaptureFeed, DeviceError, Duplex, FileTrack, OpenParams, PlaybackFeed};
use crate::recorder::{Recorder, RecorderCommand, Target, track};
use crate::types::SeatId;
use crate::wav;

/// Plays a WAV as the operator's voice and writes what the operator would hear. Both run by the media
/// worker's clock and only while a session is attached, so the written file is the calls one after another.
#[derive(Debug)]
pub struct FileVoice {
    seat: SeatId,
    play: Option<PathBuf>,
    write: Option<PathBuf>,
    recorder: Recorder,
}

impl FileVoice {
    pub(crate) fn new(
        seat: SeatId,
        play: Option<PathBuf>,
        write: Option<PathBuf>,
        recorder: Recorder,
    ) -> Self {
        Self { seat, play, write, recorder }
    }
}

impl AudioBackend for FileVoice {
    fn open(&self, params: &OpenParams) -> Result<Duplex, DeviceError> {
        let capture = match &self.play {
            Some(path) if params.capture.is_some() => CaptureFeed::Clip(wav::read_voice(path)?),
            _ => CaptureFeed::Silence,
        };
        let playback = match &self.write {
            Some(path) if params.playback.is_some() => {
                let (writer, reader) = track(1, wav::VOICE_RATE);
                let begin = RecorderCommand::Begin {
                    target: Target::Voice(self.seat),
                    path: path.clone(),
                    channels: 1,
                    rate: wav::VOICE_RATE,
                    reader,
                };
                // A full queue or a missing thread shows as a file that is not there: this voice is for
                // tests and demonstrations, and the call does not depend on it.
                if self.recorder.try_send(begin).is_err() {
                    tracing::error!(path = %path.display(), "cannot write what the operator hears");
                }
                PlaybackFeed::Track(FileTrack(writer))
            }
            _ => PlaybackFeed::Discard,
        };
        Ok(Duplex {
            capture: params.capture.as_ref().map(|_| clocked(capture)),
            playback: params.playback.as_ref().map(|_| clocked(playback)),
        })
    }
}
