//! Logs: text for people, JSON lines for collectors; filterable by `KAKERU_LOG` or the configuration.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

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
    let filter = std::env::var("KAKERU_LOG")
        .ok()
        .and_then(|filter| EnvFilter::try_new(filter).ok())
        .or_else(|| EnvFilter::try_new(level).ok())
        .unwrap_or_else(|| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    // Only a second call fails, and then the first one's choice stands.
    let _ = set;
}
