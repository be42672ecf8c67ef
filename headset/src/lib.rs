//! Buttons and lamps of headsets: the telephony page of HID (USB HID Usage Tables, page 0x0B) over Linux' hidraw.
//!
//! [`Layout`] reads a report descriptor, [`Buttons`] turns input reports into what the operator wants, [`Lamps`] become
//! output reports; none of them does I/O or knows the time. [`Link`] is the thread that finds the headset, reads and
//! writes it, and waits for it when it is pulled out.

mod buttons;
mod descriptor;
mod find;
mod layout;
mod link;

pub use buttons::{Buttons, Press};
pub use descriptor::{DescriptorError, Field, FieldKind, Report, parse};
pub use find::{Found, OpenError, RULE, Roots, find};
pub use layout::{Lamps, Layout};
pub use link::{Link, LinkError, Notice, serve};
