//! Voice: RTP, jitter buffer, codecs, tones and their detectors, recorder, audio devices.
