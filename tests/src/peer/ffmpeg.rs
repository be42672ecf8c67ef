//! ffmpeg: what a player that is not ours makes of a recording.

use std::path::Path;
use std::process::Command;

use crate::process;
use crate::wav::Sound;

/// Both channels of a recording as ffmpeg plays them, at `rate` hertz.
///
/// # Panics
/// When ffmpeg is missing, finds anything wrong with the file, or finds other than one sound of two channels in it.
pub fn decode(file: &Path, rate: u32) -> [Sound; 2] {
    let probe = ["-v", "error", "-show_entries", "stream=codec_name,channels", "-of", "csv=p=0"];
    let mut command = Command::new(process::program("ffprobe", "ffmpeg"));
    let streams = process::output_of(command.args(probe).arg(file));
    assert_eq!(streams.trim(), "opus,2", "{}", file.display());
    let mut command = Command::new(process::program("ffmpeg", "ffmpeg"));
    command.args(["-nostdin", "-v", "warning", "-xerror", "-i"]).arg(file);
    let output = command.args(["-ar", &rate.to_string(), "-f", "s16le", "-"]).output();
    let output = output.unwrap_or_else(|error| panic!("ffmpeg: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", file.display());
    [0, 2].map(|at| {
        let pairs = output.stdout.chunks_exact(4);
        let samples = pairs.map(|pair| i16::from_le_bytes([pair[at], pair[at + 1]])).collect();
        Sound { rate, samples }
    })
}
