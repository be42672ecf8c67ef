//! Headsets by their report descriptors and reports. The descriptors are built as the makers build theirs: one with
//! states and one-shot buttons in one numbered report, one with every lamp in a report of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::{Duration, Instant};

use headset::{Buttons, Lamps, Layout, Link, Notice, Press, Roots, find, parse, serve};

const SECOND: Duration = Duration::from_secs(1);
const RINGING: Lamps = Lamps { off_hook: false, ring: true, mute: false, hold: false };
const TALKING: Lamps = Lamps { off_hook: true, ring: false, mute: false, hold: false };
const IDLE: Lamps = Lamps { off_hook: false, ring: false, mute: false, hold: false };

/// Hook (state), line busy, mute and flash (one-shot), seven lamps and a ringer: all in report 2.
fn one_report() -> Vec<u8> {
    let mut d = vec![0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01];
    d.extend([0x09, 0x20, 0x09, 0x97, 0x95, 0x02, 0x81, 0x23]); // hook, line busy: state
    d.extend([0x09, 0x2F, 0x09, 0x21, 0x95, 0x02, 0x81, 0x07]); // mute, flash: one-shot
    d.extend([0x95, 0x0C, 0x81, 0x01]); // padding to 16 bits
    d.extend([
        0x05, 0x08, 0x09, 0x17, 0x09, 0x1E, 0x09, 0x09, 0x09, 0x18, 0x09, 0x20, 0x09, 0x21, 0x09, 0x2A,
    ]);
    d.extend([0x95, 0x07, 0x91, 0x22]); // off-hook, speaker, mute, ring, hold, microphone, on-line
    d.extend([0x05, 0x0B, 0x09, 0x9E, 0x95, 0x01, 0x91, 0x22]); // ringer
    d.extend([0x95, 0x08, 0x91, 0x01, 0xC0]); // padding to 16 bits
    d
}

/// A momentary hook button and a mute switch in report 8, drop in report 9; each lamp is a report of its own.
fn many_reports() -> Vec<u8> {
    // A volume collection comes first, as everywhere.
    let mut d = vec![0x05, 0x0C, 0x09, 0x01, 0xA1, 0x01, 0x85, 0x01, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01];
    d.extend([0x09, 0xE9, 0x09, 0xEA, 0x95, 0x02, 0x81, 0x02, 0x95, 0x06, 0x81, 0x03, 0xC0]);
    d.extend([0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x08, 0x75, 0x01, 0x95, 0x01]);
    d.extend([0x09, 0x20, 0x81, 0x06, 0x09, 0x2F, 0x81, 0x02, 0x95, 0x06, 0x81, 0x03]);
    d.extend([0x85, 0x09, 0x95, 0x01, 0x09, 0x26, 0x81, 0x06, 0x95, 0x07, 0x81, 0x03]);
    d.extend([0x05, 0x08]);
    for (report, lamp) in [(0x0B, 0x09), (0x0C, 0x18), (0x0D, 0x17)] {
        d.extend([0x85, report, 0x95, 0x01, 0x09, lamp, 0x91, 0x22, 0x95, 0x07, 0x91, 0x03]);
    }
    d.extend([0xC0]);
    d
}

fn layout(descriptor: &[u8]) -> Layout {
    Layout::new(parse(descriptor).unwrap()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a start for simulated time")]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn an_incoming_call_is_answered_muted_and_hung_up_by_buttons() {
    let mut now = start();
    let mut buttons = Buttons::new(layout(&one_report()));
    // Ring and ringer: bits 3 and 7.
    assert_eq!(buttons.show(RINGING, now), [[2, 0b1000_1000, 0]]);
    now += SECOND * 3;
    assert_eq!(buttons.take(&[2, 0b01, 0], now), [Press::Answer]);
    assert_eq!(buttons.show(TALKING, now), [[2, 0b0000_0001, 0]]);
    // The report is repeated while a key is down; that is no further press.
    assert_eq!(buttons.take(&[2, 0b01, 0], now), []);
    now += SECOND * 2;
    assert_eq!(buttons.take(&[2, 0b0101, 0], now), [Press::Mute(true)]);
    assert_eq!(buttons.take(&[2, 0b0001, 0], now), []);
    assert_eq!(buttons.show(Lamps { mute: true, ..TALKING }, now), [[2, 0b0000_0101, 0]]);
    assert_eq!(buttons.take(&[2, 0b0101, 0], now), [Press::Mute(false)]);
    assert_eq!(buttons.take(&[2, 0b0001, 0], now), []);
    assert_eq!(buttons.show(TALKING, now).len(), 1);
    assert_eq!(buttons.take(&[2, 0b1001, 0], now), [Press::Hold(true)]);
    assert_eq!(buttons.show(Lamps { hold: true, ..TALKING }, now), [[2, 0b0001_0001, 0]]);
    assert_eq!(buttons.take(&[2, 0b0001, 0], now), []);
    assert_eq!(buttons.take(&[2, 0b1001, 0], now), [Press::Hold(false)]);
    assert_eq!(buttons.take(&[2, 0, 0], now), [Press::HangUp]);
    assert_eq!(buttons.show(IDLE, now), [[2, 0, 0]]);
    // Reports that are not of telephony, cut or empty.
    assert_eq!(buttons.take(&[1, 0xFF], now), []);
    assert_eq!(buttons.take(&[2], now), []);
    assert_eq!(buttons.take(&[], now), []);
}

/// The daemon dials, the other side hangs up, the next call leaves at once: the headset repeats each state a little
/// later, and none of that ends a call.
#[test]
fn what_the_headset_repeats_is_no_press() {
    let mut now = start();
    let mut buttons = Buttons::new(layout(&one_report()));
    assert!(!buttons.show(TALKING, now).is_empty());
    now += SECOND / 5;
    assert_eq!(buttons.take(&[2, 0b01, 0], now), []);
    now += SECOND * 60;
    buttons.show(IDLE, now);
    buttons.show(TALKING, now);
    now += SECOND / 5;
    assert_eq!(buttons.take(&[2, 0, 0], now), [], "the end of the last call");
    assert_eq!(buttons.take(&[2, 0b01, 0], now), [], "the next call");
    // Now the operator means it.
    now += SECOND * 2;
    assert_eq!(buttons.take(&[2, 0, 0], now), [Press::HangUp]);
}

/// A hang-up that the daemon did not heed: the headset comes back, and the next press is one again.
#[test]
fn a_press_that_was_not_heeded_is_taken_back_by_the_lamp() {
    let mut now = start();
    let mut buttons = Buttons::new(layout(&one_report()));
    buttons.show(TALKING, now);
    assert_eq!(buttons.take(&[2, 0b01, 0], now), []);
    now += SECOND * 5;
    assert_eq!(buttons.take(&[2, 0, 0], now), [Press::HangUp]);
    assert_eq!(buttons.repeat(now), [[2, 0b0000_0001, 0]]);
    now += SECOND / 5;
    assert_eq!(buttons.take(&[2, 0b01, 0], now), [], "it repeats what its lamp says");
    now += SECOND / 5;
    assert_eq!(buttons.take(&[2, 0, 0], now), [Press::HangUp]);
}

#[test]
fn a_momentary_hook_toggles_and_each_lamp_has_its_report() {
    let now = start();
    let mut buttons = Buttons::new(layout(&many_reports()));
    assert!(buttons.layout().has_lamps());
    assert_eq!(buttons.show(RINGING, now), [[0x0B, 0], [0x0C, 1], [0x0D, 0]]);
    assert_eq!(buttons.take(&[8, 0b00], now), [], "the mute switch is open");
    assert_eq!(buttons.take(&[8, 0b01], now), [Press::Answer]);
    assert_eq!(buttons.take(&[8, 0b00], now), []);
    buttons.show(TALKING, now);
    assert_eq!(buttons.take(&[8, 0b10], now), [Press::Mute(true)], "a switch tells its state");
    buttons.show(Lamps { mute: true, ..TALKING }, now);
    assert_eq!(buttons.take(&[8, 0b10], now), []);
    assert_eq!(buttons.take(&[8, 0b00], now), [Press::Mute(false)]);
    buttons.show(TALKING, now);
    assert_eq!(buttons.take(&[8, 0b01], now), [Press::HangUp]);
    assert_eq!(buttons.take(&[8, 0b00], now), []);
    // A ringing call is refused by the drop key; without a call it does nothing.
    buttons.show(RINGING, now);
    assert_eq!(buttons.take(&[9, 1], now), [Press::HangUp]);
    assert_eq!(buttons.take(&[9, 0], now), []);
    buttons.show(IDLE, now);
    assert_eq!(buttons.take(&[9, 1], now), []);
    assert_eq!(buttons.take(&[8, 1], now), []);
}

/// Buttons as an array without numbered reports: two bytes that name what is down, 0 for nothing.
#[test]
fn buttons_of_an_array_are_pressed_and_let_go() {
    let mut d =
        vec![0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x15, 0x00, 0x25, 0x04, 0x09, 0x00, 0x09, 0x20, 0x09, 0x2F];
    d.extend([0x75, 0x08, 0x95, 0x02, 0x81, 0x00]);
    d.extend([
        0x05, 0x08, 0x09, 0x17, 0x09, 0x09, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x02, 0x91, 0x02,
    ]);
    d.extend([0x95, 0x06, 0x91, 0x03, 0xC0]);
    let now = start();
    let mut buttons = Buttons::new(layout(&d));
    assert_eq!(buttons.show(RINGING, now), [[0, 0]], "it has no ring lamp");
    assert_eq!(buttons.take(&[1, 0], now), [Press::Answer]);
    assert_eq!(buttons.take(&[0, 0], now), []);
    assert_eq!(buttons.show(TALKING, now), [[0, 1]]);
    assert_eq!(buttons.take(&[0, 2], now), [Press::Mute(true)]);
    assert_eq!(buttons.take(&[2, 1], now), [Press::HangUp], "the other one stays down");
    assert_eq!(buttons.take(&[0, 0], now), []);
    assert_eq!(buttons.take(&[1, 0], now), [Press::HangUp]);
}

#[test]
fn a_keyboard_is_no_headset() {
    let keyboard = [
        0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29, 0xE7, 0x15, 0x00, 0x25, 0x01, 0x75,
        0x01, 0x95, 0x08, 0x81, 0x02, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x95, 0x05, 0x91, 0x02, 0xC0,
    ];
    assert_eq!(Layout::new(parse(&keyboard).unwrap()), None);
}

fn plug(root: &Path, file: &str, name: &str, descriptor: &[u8]) {
    let device = root.join("class").join(file).join("device");
    std::fs::create_dir_all(&device).unwrap();
    std::fs::write(device.join("report_descriptor"), descriptor).unwrap();
    std::fs::write(device.join("uevent"), format!("DRIVER=hid-generic\nHID_NAME={name}\n")).unwrap();
}

fn roots(root: &Path) -> Roots {
    Roots { class: root.join("class"), dev: root.join("dev") }
}

#[test]
fn headsets_are_found_by_a_part_of_their_name() {
    let root = tempfile::tempdir().unwrap();
    assert!(find(&roots(root.path()), "").is_empty(), "a machine without hidraw");
    plug(root.path(), "hidraw0", "Some Keyboard", &[0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0xC0]);
    plug(root.path(), "hidraw1", "Jabra Engage 50", &one_report());
    plug(root.path(), "hidraw2", "Plantronics Blackwire 5220", &many_reports());
    plug(root.path(), "hidraw3", "Broken", &[0x05]);
    let names = |wanted: &str| {
        find(&roots(root.path()), wanted).into_iter().map(|found| found.name).collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["Jabra Engage 50", "Plantronics Blackwire 5220"]);
    assert_eq!(names("blackwire"), ["Plantronics Blackwire 5220"]);
    assert!(names("Evolve").is_empty());
}

/// Reports through a device file: a pair of sockets that keeps reports apart, as hidraw does.
#[test]
fn reports_and_lamps_go_through_the_device() {
    let (ours, device) = UnixDatagram::pair().unwrap();
    device.set_nonblocking(true).unwrap();
    ours.set_read_timeout(Some(SECOND * 10)).unwrap();
    let file = File::from(OwnedFd::from(device));
    let (mut wake, woken) = UnixStream::pair().unwrap();
    woken.set_nonblocking(true).unwrap();
    let wish = Arc::new(Mutex::new((RINGING, 0, false)));
    let asked = Arc::clone(&wish);
    let (sender, notices) = channel();
    let serving = Builder::new()
        .spawn(move || {
            let mut tell = |notice| sender.send(notice).unwrap();
            serve(file, layout(&one_report()), &woken, || *asked.lock().unwrap(), &mut tell)
        })
        .unwrap();
    let mut bytes = [0; 64];
    assert_eq!(ours.recv(&mut bytes).map(|count| bytes[..count].to_vec()).unwrap(), [2, 0b1000_1000, 0]);
    ours.send(&[2, 1, 0]).unwrap();
    assert_eq!(notices.recv_timeout(SECOND * 10).unwrap(), Notice::Press(Press::Answer));
    *wish.lock().unwrap() = (TALKING, 0, false);
    wake.write_all(&[0]).unwrap();
    assert_eq!(ours.recv(&mut bytes).map(|count| bytes[..count].to_vec()).unwrap(), [2, 1, 0]);
    ours.send(&[2, 0, 0]).unwrap();
    assert_eq!(notices.recv_timeout(SECOND * 10).unwrap(), Notice::Press(Press::HangUp));
    // The press was not heeded: the headset is told to come back.
    *wish.lock().unwrap() = (TALKING, 1, false);
    wake.write_all(&[0]).unwrap();
    assert_eq!(ours.recv(&mut bytes).map(|count| bytes[..count].to_vec()).unwrap(), [2, 1, 0]);
    *wish.lock().unwrap() = (IDLE, 1, true);
    wake.write_all(&[0]).unwrap();
    assert_eq!(
        ours.recv(&mut bytes).map(|count| bytes[..count].to_vec()).unwrap(),
        [2, 0, 0],
        "dark at the end"
    );
    serving.join().unwrap().unwrap();
}

/// The link waits for a headset, serves it, and ends when it is dropped.
#[test]
fn a_headset_that_is_plugged_in_later_is_served() {
    let root = tempfile::tempdir().unwrap();
    let (sender, notices) = channel();
    let link =
        Link::start(roots(root.path()), "jabra".into(), move |notice| sender.send(notice).unwrap()).unwrap();
    // It is there before its device file is.
    std::fs::create_dir(root.path().join("dev")).unwrap();
    plug(root.path(), "hidraw7", "Jabra Evolve2 65", &one_report());
    let Notice::Trouble { reason, .. } = notices.recv_timeout(SECOND * 10).unwrap() else { panic!() };
    assert!(reason.contains("hidraw7"), "{reason}");
    let path = root.path().join("dev/hidraw7");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR).unwrap();
    assert_eq!(notices.recv_timeout(SECOND * 10).unwrap(), Notice::Here { name: "Jabra Evolve2 65".into() });
    // A mute in a call is a press; the lamps of a pipe would come back as reports, so none are lit here.
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(&[2, 0b0100, 0]).unwrap();
    assert_eq!(notices.recv_timeout(SECOND * 10).unwrap(), Notice::Press(Press::Mute(true)));
    drop(link);
    assert_eq!(notices.recv_timeout(SECOND * 10).unwrap(), Notice::Gone);
}
