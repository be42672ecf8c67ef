//! A headset's buttons and lamps: what the system shows of a hidraw device, and a pseudo terminal in the place of its device file.
//! The daemon finds and opens it where it finds every headset, `/sys/class/hidraw` and `/dev`.

use std::fs::{DirEntry, File};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};

use crate::wait;

/// Hook switch, in the first byte of [`Headset::press`].
pub const HOOK: u8 = 1;
/// Mute button.
pub const MUTE: u8 = 1 << 2;
/// Flash button, which holds a call.
pub const FLASH: u8 = 1 << 3;
/// Drop button, which ends a call.
pub const DROP: u8 = 1 << 4;

/// Lamp that says that a call is up, in what [`Headset::wait_lamps`] waits for.
pub const OFF_HOOK_LAMP: u8 = 1;
/// Lamp of a silenced microphone.
pub const MUTE_LAMP: u8 = 1 << 2;
/// Lamp and ringer of a call that comes in.
pub const RING_LAMPS: u8 = 1 << 3 | 1 << 7;
/// Lamp of a call on hold.
pub const HOLD_LAMP: u8 = 1 << 4;

/// The report descriptor: all in report 2, of two bytes either way.
#[rustfmt::skip]
const DESCRIPTOR: [u8; 69] = [
    0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, // telephony, headset
    0x09, 0x20, 0x09, 0x97, 0x95, 0x02, 0x81, 0x23, // hook and line busy are states
    0x09, 0x2F, 0x09, 0x21, 0x09, 0x26, 0x95, 0x03, 0x81, 0x07, // mute, flash and drop are pressed and let go
    0x95, 0x0B, 0x81, 0x01,
    0x05, 0x08, 0x09, 0x17, 0x09, 0x1E, 0x09, 0x09, 0x09, 0x18, 0x09, 0x20, 0x09, 0x21, 0x09, 0x2A,
    0x95, 0x07, 0x91, 0x22, // off-hook, speaker, mute, ring, hold, microphone, on-line
    0x05, 0x0B, 0x09, 0x9E, 0x95, 0x01, 0x91, 0x22, // ringer
    0x95, 0x08, 0x91, 0x01, 0xC0,
];

/// `/sys/class` and `/dev` of this mount namespace, which has to be the test's own (`unshare -rm`), as a machine's to which headsets
/// can be plugged. Whatever else is in `/dev` stays.
#[derive(Debug)]
pub struct Machine {
    /// The folder that was `/dev`, through which links lead to what is in it. It is the whole machine's: bound to no other place, from
    /// where somebody might remove it.
    _devices: File,
}

impl Machine {
    /// Takes over both folders.
    ///
    /// # Panics
    /// Outside namespaces of its own.
    pub fn new() -> Self {
        let users = std::fs::read_to_string("/proc/self/uid_map").expect("a process knows its namespace");
        assert!(!users.contains("4294967295"), "this would take over the devices of the whole machine");
        let devices = File::open("/dev").expect("/dev can be read");
        let names: Vec<_> = std::fs::read_dir("/dev").expect("/dev can be read").flatten().collect();
        mount("/dev");
        let former = format!("/proc/{}/fd/{}", std::process::id(), devices.as_raw_fd());
        for name in names.iter().map(DirEntry::file_name) {
            symlink(Path::new(&former).join(&name), Path::new("/dev").join(&name))
                .expect("a file system of our own is writable");
        }
        mount("/sys/class");
        Self { _devices: devices }
    }

    /// Plugs a headset in: `file` is the name of its device file, `name` its own.
    ///
    /// # Panics
    /// When the system gives no pseudo terminal.
    pub fn plug(&self, file: &str, name: &str) -> Headset {
        self.plug_for(true, file, name)
    }

    /// The same without permission to open its device file, until [`Headset::allow`].
    ///
    /// # Panics
    /// See [`plug`](Self::plug).
    pub fn plug_forbidden(&self, file: &str, name: &str) -> Headset {
        self.plug_for(false, file, name)
    }

    fn plug_for(&self, allowed: bool, file: &str, name: &str) -> Headset {
        let pair = openpty(None, None).expect("a pseudo terminal");
        // Peers that are started later do not hold it open.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("it is open");
        }
        let mut raw = tcgetattr(&pair.slave).expect("it is a terminal");
        cfmakeraw(&mut raw);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &raw).expect("it can be raw");
        let opened = format!("/proc/self/fd/{}", pair.slave.as_raw_fd());
        let terminal = std::fs::read_link(opened).expect("a process knows its files");
        let node = Path::new("/dev").join(file);
        if allowed {
            symlink(&terminal, &node).expect("a file system of our own is writable");
        } else {
            // Who may everything is refused a device where the mount has none. The path leads through links that `mount` would follow wrongly.
            File::create(&node).expect("a file system of our own is writable");
            let terminal = terminal.to_str().expect("a name");
            run("mount", &["-c", "--bind", "-o", "nosuid,noexec,nodev", terminal, &node.to_string_lossy()]);
        }
        let class = Path::new("/sys/class/hidraw").join(file);
        let device = class.join("device");
        std::fs::create_dir_all(&device).expect("a file system of our own is writable");
        let write = |file: &str, bytes: &[u8]| std::fs::write(device.join(file), bytes).expect("writable");
        write("uevent", format!("DRIVER=hid-generic\nHID_NAME={name}\n").as_bytes());
        // The daemon looks at it as soon as this is there.
        write("report_descriptor", &DESCRIPTOR);
        Headset { reports: File::from(pair.master), device: pair.slave, terminal, node, class, lamps: 0 }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

/// A headset that is plugged in, pulled out when dropped.
#[derive(Debug)]
pub struct Headset {
    reports: File,
    device: OwnedFd,
    terminal: PathBuf,
    node: PathBuf,
    class: PathBuf,
    /// What it was told last.
    lamps: u8,
}

impl Headset {
    /// Lets a headset that was forbidden be opened, as the udev rule does.
    ///
    /// # Panics
    /// Where it was not forbidden.
    pub fn allow(&self) {
        run("umount", &["-c", &self.node.to_string_lossy()]);
        let allowed = std::fs::remove_file(&self.node).and_then(|()| symlink(&self.terminal, &self.node));
        allowed.expect("a file system of our own is writable");
    }

    /// Tells that these buttons are down now, and no others; returns when the daemon has read it.
    ///
    /// # Panics
    /// When nobody reads it.
    #[track_caller]
    pub fn press(&mut self, buttons: u8) {
        self.reports.write_all(&[REPORT, buttons, 0]).expect("the terminal stands");
        // A terminal joins what is not read apart, and has a moment between its two ends.
        wait::pass(Duration::from_millis(50));
        wait::until_true("somebody who reads the headset", LIMIT, || {
            let mut unread = [PollFd::new(self.device.as_fd(), PollFlags::POLLIN)];
            poll(&mut unread, PollTimeout::ZERO) == Ok(0)
        });
    }

    /// Waits until the lamps are told to be so.
    ///
    /// # Panics
    /// When they are not, soon.
    #[track_caller]
    pub fn wait_lamps(&mut self, wanted: u8) {
        let seen = wait::within(LIMIT, || {
            self.read();
            (self.lamps == wanted).then_some(())
        });
        assert!(seen.is_some(), "the lamps are {:08b} instead of {wanted:08b}", self.lamps);
    }

    fn read(&mut self) {
        let mut told = [PollFd::new(self.reports.as_fd(), PollFlags::POLLIN)];
        if poll(&mut told, PollTimeout::ZERO) != Ok(1) {
            return;
        }
        let mut bytes = [0; 3 * 64];
        let count = self.reports.read(&mut bytes).expect("the terminal stands");
        for report in bytes[..count].chunks(3) {
            assert!(report.len() == 3 && report[0] == REPORT && report[2] == 0, "{report:?}");
            self.lamps = report[1];
        }
    }
}

impl Drop for Headset {
    fn drop(&mut self) {
        // The system forgets a device before its file ends.
        let forgotten = std::fs::remove_dir_all(&self.class).and_then(|()| std::fs::remove_file(&self.node));
        if !std::thread::panicking() {
            forgotten.expect("a file system of our own is writable");
        }
    }
}

/// Puts an empty file system in the place of a folder.
fn mount(folder: &str) {
    run("mount", &["-t", "tmpfs", "none", folder]);
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(status.expect("it is there (package mount)").success(), "{program} {arguments:?}");
}

const REPORT: u8 = 2;
const LIMIT: Duration = Duration::from_secs(15);
