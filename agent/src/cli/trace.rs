//! `kakeru trace`: a call's SIP messages as a ladder, in full, or as a file for Wireshark.

mod ladder;
mod packets;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use protocol::params::CallTrace;
use protocol::result::{TraceMedia, TraceMessage, TraceResult};
use serde_json::json;

use super::args::{Global, TraceArgs};
use super::output::{Closed, Out};
use super::table::clean;
use super::unfinished::{Unfinished, is_stream, open_stream};
use super::{Failure, socket, time};
use crate::control::client::Client;

pub(super) fn trace(global: &Global, args: TraceArgs, out: Out) -> Result<(), Failure> {
    if let Some(path) = args.pcap.as_deref().filter(|path| is_taken(path, args.force)) {
        let path = path.display();
        let what = (
            &*format!("{path} は既にあります。上書きするには --force を付けてください"),
            &*format!("{path} exists; add --force to overwrite it"),
        );
        return Err(Failure::Exit(out.usage(what, "")));
    }
    let mut client = Client::connect(&socket(global))?;
    let verb = CallTrace {
        seat: global.seat.clone(),
        call: args.call,
        account: args.account,
        unmasked: args.unmasked,
    };
    if let Some(path) = &args.pcap {
        return capture(&client.call(verb)?, path, args.force, out);
    }
    if out.json {
        return Ok(out.object(&client.call_json(protocol::Verb::into_command(verb))?)?);
    }
    let trace = client.call(verb)?;
    head(&trace, out)?;
    if args.full {
        full(&trace, out)?;
    } else {
        ladder::lines(&trace, out).iter().try_for_each(|line| out.line(line))?;
    }
    foot(&trace, out)?;
    Ok(())
}

/// What, where and when.
fn head(trace: &TraceResult, out: Out) -> Result<(), Closed> {
    let mut line = Vec::new();
    if let Some(attempt) = &trace.attempt {
        let way = match trace.direction {
            Some(protocol::result::Direction::Incoming) => out.text("着信", "incoming"),
            _ => out.text("発信", "outgoing"),
        };
        line.push(format!("{way} {attempt}"));
    }
    if let Some(seat) = &trace.seat {
        line.push(format!("{} {}", out.text("席", "seat"), clean(seat)));
    }
    if let Some(account) = &trace.account {
        line.push(format!("{} {}", out.text("アカウント", "account"), clean(account)));
    }
    if let Some(first) = trace.messages.first() {
        line.push(time::full(first.at));
    }
    ladder::wrapped(&line).iter().try_for_each(|line| out.line(line))?;
    if trace.attempt.is_none() && trace.sip_call_ids.len() > SHOWN_IDS {
        return Ok(());
    }
    let several = trace.sip_call_ids.len() > 1;
    for (at, id) in trace.sip_call_ids.iter().enumerate() {
        let mark = if several { format!("#{} ", at + 1) } else { String::new() };
        out.line(&super::table::shorten(&format!("{mark}Call-ID {}", clean(id)), ladder::WIDTH))?;
    }
    Ok(())
}

/// Every message as it was, but for what is hidden.
fn full(trace: &TraceResult, out: Out) -> Result<(), Closed> {
    for message in &trace.messages {
        if message.left_out_before > 0 {
            out.line(&ladder::left_out(message.left_out_before, out))?;
        }
        let (from, to) = ladder::ends(message);
        let mark = if message.repeated { out.text("  (再送)", "  (repeated)") } else { "" };
        let transport = message.transport.to_ascii_uppercase();
        let seconds = ladder::seconds(message.offset_us);
        out.line(&format!("--- {} +{seconds} s  {transport} {from} -> {to}{mark}", time::full(message.at)))?;
        for line in message.text.lines() {
            out.line(&clean(line))?;
        }
        if message.length > message.text.len() as u64 && message.base64.is_none() {
            out.line(out.text("(以降は残っていません)", "(the rest was not kept)"))?;
        }
        out.line("")?;
    }
    Ok(())
}

fn foot(trace: &TraceResult, out: Out) -> Result<(), Closed> {
    if let Some(media) = &trace.media {
        ladder::wrapped(&voice(media, out)).iter().try_for_each(|line| out.line(line))?;
    }
    if trace.masked {
        out.line(out.text(
            "番号は下4桁のみ(管理者は --unmasked で全桁)",
            "numbers: last four digits only (managers: --unmasked)",
        ))?;
    }
    Ok(())
}

fn voice(media: &TraceMedia, out: Out) -> Vec<String> {
    let mut parts = vec![format!("{} {}", out.text("音声", "voice"), media.codec.as_deref().unwrap_or("-"))];
    for (label, value) in [
        (out.text("送信", "sent"), media.packets_sent.to_string()),
        (out.text("受信", "received"), media.packets_received.to_string()),
        (out.text("欠落", "lost"), media.lost.to_string()),
        (out.text("遅着", "late"), media.late.to_string()),
        (out.text("ゆらぎ", "jitter"), format!("{:.1} ms", media.jitter_ms)),
    ] {
        parts.push(format!("{label} {value}"));
    }
    if media.concealed_ms > 0 {
        parts.push(format!("{} {} ms", out.text("補間", "concealed"), media.concealed_ms));
    }
    if let Some(rtt) = media.rtt_ms {
        parts.push(format!("{} {rtt:.1} ms", out.text("往復", "round trip")));
    }
    if let Some(lost) = media.remote_lost {
        parts.push(format!("{} {lost}", out.text("相手側の欠落", "lost at the peer")));
    }
    if let Some(jitter) = media.remote_jitter_ms {
        parts.push(format!("{} {jitter:.1} ms", out.text("相手側のゆらぎ", "jitter at the peer")));
    }
    parts
}

fn capture(trace: &TraceResult, path: &Path, force: bool, out: Out) -> Result<(), Failure> {
    let bytes = packets::capture(&trace.messages);
    if path == Path::new("-") {
        return Ok(out.bytes(&bytes)?);
    }
    super::target::guard(path)?;
    write(path, &bytes, force).map_err(|source| Failure::File { path: path.to_path_buf(), source })?;
    if out.json {
        let messages = trace.messages.len();
        return Ok(out.object(
            &json!({ "path": path.display().to_string(), "messages": messages, "masked": trace.masked }),
        )?);
    }
    let count = trace.messages.len();
    let text = out.text("件のメッセージを書き出しました", "messages written");
    Ok(out.line(&format!("{}: {count} {text}", path.display()))?)
}

fn is_taken(path: &Path, force: bool) -> bool {
    path != Path::new("-") && !force && !is_stream(path) && path.symlink_metadata().is_ok()
}

/// A file for its owner's eyes; whole or not at all where another one stood.
fn write(path: &Path, bytes: &[u8], force: bool) -> io::Result<()> {
    if is_stream(path) {
        return open_stream(path)?.write_all(bytes);
    }
    if !force {
        return OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes);
    }
    let (unfinished, mut file) = Unfinished::create(path, 0o600)?;
    file.write_all(bytes)?;
    unfinished.place()
}

/// The bytes of a message as they were kept.
fn bytes(message: &TraceMessage) -> Vec<u8> {
    let exact = message.base64.as_deref().and_then(crate::control::base64::decode);
    exact.unwrap_or_else(|| message.text.clone().into_bytes())
}

/// An account has a Call-ID for each question; a few are worth a line.
const SHOWN_IDS: usize = 3;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_capture_is_for_its_owner_and_takes_no_other_file_s_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pcap");
        assert!(!is_taken(&path, false));
        write(&path, b"one", false).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(is_taken(&path, false) && !is_taken(&path, true) && !is_taken(Path::new("-"), false));
        assert_eq!(write(&path, b"two", false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, b"three", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"three");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (link, target) = (dir.path().join("link"), dir.path().join("target"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(is_taken(&link, false));
        assert!(write(&link, b"x", false).is_err());
        write(&link, b"x", true).unwrap();
        assert!(!target.exists() && link.metadata().unwrap().is_file());
    }
}
