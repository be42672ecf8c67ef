//! Logs: text for people, JSON lines for collectors; filterable by `KAKERU_LOG` or the configuration.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One readable line per event.
    Text,
    /// One JSON object per event.
    Json,
}

/// Sends logs to standard error (journald takes them from there). `KAKERU_LOG` overrides `level`, for example
/// `kakeru=debug,sip_stack=trace`. A second call changes nothing.
pub fn init(format: Format, level: &str) {
    let parse = |filter: &str| filter.parse::<Targets>().ok();
    let filter = std::env::var("KAKERU_LOG").ok().and_then(|filter| parse(&filter)).unwrap_or_else(|| {
        let configured = parse(level).unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
        // The PulseAudio client calls the end of a stream that we closed an error; a lost device we notice ourselves.
        let configured = configured.with_target("pulseaudio", LevelFilter::OFF);
        // The DTLS library warns of what anybody sends it.
        configured.with_target("rtc_dtls", LevelFilter::OFF)
    });
    let registry = registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr);
    let set = match format {
        Format::Text => registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init(),
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    // Only a second call fails, and then the first one's choice stands.
    let _ = set;
}
