//! The rule of the audio callbacks: they never allocate, whatever happens to the ring or the format. A binary
//! of its own, because it counts the allocations of the whole process.

use std::sync::Arc;

use media::device::{CaptureCallback, Health, PlaybackCallback, ring};

#[test]
fn capture_never_allocates() {
    let (writer, mut reader) = ring(9_600);
    let health = Arc::new(Health::default());
    let mut mono = CaptureCallback::new(writer, Arc::clone(&health), 1);
    let (writer, mut stereo_reader) = ring(9_600);
    let mut stereo = CaptureCallback::new(writer, Arc::clone(&health), 2);
    let (floats, shorts) = (vec![0.25f32; 4_800], vec![1_000i16; 4_800]);
    let mut out = vec![0i16; 480];
    let report = allocation_counter::measure(|| {
        for round in 0..1_000 {
            // Steady state, chunks of other sizes, another format and channel count.
            mono.run_f32(&floats[..480]);
            mono.run_i16(&shorts[..round % 480]);
            stereo.run_i16(&shorts[..960]);
            stereo.run_f32(&floats[..961]);
            reader.pop(&mut out);
            stereo_reader.pop(&mut out);
        }
        // Nobody reads: overrun.
        for _ in 0..100 {
            mono.run_f32(&floats);
            stereo.run_i16(&shorts);
        }
        health.report(cpal::ErrorKind::Xrun);
        health.report(cpal::ErrorKind::DeviceNotAvailable);
    });
    assert_eq!(report.count_total, 0, "{report:?}");
    assert!(reader.dropped() > 0 && stereo_reader.dropped() > 0);
}

#[test]
fn playback_never_allocates() {
    let (mut writer, reader) = ring(9_600);
    let health = Arc::new(Health::default());
    let mut mono = PlaybackCallback::new(reader, Arc::clone(&health), 1);
    let (mut stereo_writer, reader) = ring(9_600);
    let mut stereo = PlaybackCallback::new(reader, Arc::clone(&health), 2);
    let samples = vec![1_000i16; 480];
    let (mut floats, mut shorts) = (vec![0.0f32; 4_801], vec![0i16; 4_801]);
    let report = allocation_counter::measure(|| {
        for round in 0..1_000 {
            writer.push(&samples);
            stereo_writer.push(&samples);
            mono.run_f32(&mut floats[..480]);
            mono.run_i16(&mut shorts[..round % 480]);
            stereo.run_i16(&mut shorts[..960]);
            stereo.run_f32(&mut floats[..961]);
        }
        // Nobody writes: underrun.
        for _ in 0..100 {
            mono.run_f32(&mut floats);
            stereo.run_i16(&mut shorts);
        }
    });
    assert_eq!(report.count_total, 0, "{report:?}");
    assert!(health.starved() > 0);
    assert!(floats.iter().all(|sample| *sample == 0.0));
}
