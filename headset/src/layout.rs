//! Where a headset has its telephony controls and lamps.

use crate::descriptor::{Field, FieldKind, Report};

/// What a headset's lamps are to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lamps {
    /// A call is up, or being made: the headset opens its voice.
    pub off_hook: bool,
    /// A call comes in.
    pub ring: bool,
    /// The microphone is silenced.
    pub mute: bool,
    /// The call is on hold.
    pub hold: bool,
}

/// The controls of a headset, as its descriptor tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    input: Vec<Field>,
    lamps: Vec<(Lamp, Field)>,
    /// Output reports with their lengths in bytes, their number not counted.
    outputs: Vec<(u8, usize)>,
    numbered: bool,
}

/// A control that was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Hook,
    Mute,
    Flash,
    Drop,
}

/// A control with its value in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) control: Control,
    pub(crate) on: bool,
    pub(crate) relative: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lamp {
    OffHook,
    Ring,
    Mute,
    Hold,
}

impl Layout {
    /// The layout of a device; `None` where it has no hook switch and no mute button: no headset for calls.
    pub fn new(report: Report) -> Option<Self> {
        let numbered = report.numbered;
        let controls = |field: &Field| match &field.kind {
            FieldKind::Variable { usage, .. } => control(*usage).is_some(),
            FieldKind::Array { usages, .. } => usages.iter().any(|usage| control(*usage).is_some()),
            FieldKind::Padding => false,
        };
        let input: Vec<Field> = report.input.into_iter().filter(controls).collect();
        if input.is_empty() {
            return None;
        }
        let mut lamps = Vec::new();
        let mut outputs: Vec<(u8, usize)> = Vec::new();
        for field in report.output {
            let bytes = ((field.bit + field.bits) as usize).div_ceil(8);
            match outputs.iter_mut().find(|(report, _)| *report == field.report) {
                Some((_, length)) => *length = bytes.max(*length),
                None => outputs.push((field.report, bytes)),
            }
            if let FieldKind::Variable { usage, .. } = field.kind
                && let Some(lamp) = lamp(usage)
            {
                lamps.push((lamp, field));
            }
        }
        // Reports without a lamp are none of our business.
        outputs.retain(|(report, _)| lamps.iter().any(|(_, field)| field.report == *report));
        Some(Self { input, lamps, outputs, numbered })
    }

    /// The longest input report that matters, with its number.
    pub fn longest(&self) -> usize {
        let bytes = self.input.iter().map(|field| ((field.bit + field.bits) as usize).div_ceil(8)).max();
        1 + bytes.unwrap_or(0)
    }

    /// What a report tells. Controls that it does not have are not told.
    pub(crate) fn read(&self, report: &[u8]) -> Vec<Told> {
        let (number, data) = match report.split_first() {
            Some((number, data)) if self.numbered => (*number, data),
            _ => (0, report),
        };
        let mut told = Vec::new();
        // Controls of arrays in this report, and whether one of the fields names them: a button that is let go is told too.
        let mut arrays: Vec<(Control, bool)> = Vec::new();
        for field in self.input.iter().filter(|field| field.report == number) {
            let Some(value) = value(data, field) else { continue };
            match &field.kind {
                FieldKind::Variable { usage, relative } => {
                    if let Some(control) = control(*usage) {
                        told.push(Told { control, on: value != 0, relative: *relative });
                    }
                }
                FieldKind::Array { usages, first } => {
                    let pressed = i64::from(value) - i64::from(*first);
                    for (index, usage) in usages.iter().enumerate() {
                        let Some(control) = control(*usage) else { continue };
                        let on = i64::try_from(index) == Ok(pressed);
                        match arrays.iter_mut().find(|(other, _)| *other == control) {
                            Some((_, any)) => *any |= on,
                            None => arrays.push((control, on)),
                        }
                    }
                }
                FieldKind::Padding => {}
            }
        }
        told.extend(arrays.into_iter().map(|(control, on)| Told { control, on, relative: true }));
        told
    }

    /// The output reports that make lamps so, as they are written to hidraw: their number first, 0 where they have none.
    pub fn write(&self, lamps: Lamps) -> Vec<Vec<u8>> {
        let reports = self.outputs.iter().map(|(number, length)| {
            let mut bytes = vec![0; 1 + length];
            bytes[0] = *number;
            for (lamp, field) in self.lamps.iter().filter(|(_, field)| field.report == *number) {
                let on = match lamp {
                    Lamp::OffHook => lamps.off_hook,
                    Lamp::Ring => lamps.ring,
                    Lamp::Mute => lamps.mute,
                    Lamp::Hold => lamps.hold,
                };
                if let Some(byte) = bytes.get_mut(1 + field.bit as usize / 8).filter(|_| on) {
                    *byte |= 1 << (field.bit % 8);
                }
            }
            bytes
        });
        reports.collect()
    }

    /// Whether the headset has a lamp for calls at all.
    pub fn has_lamps(&self) -> bool {
        !self.lamps.is_empty()
    }
}

/// Telephony page: hook switch, flash, drop, phone mute.
fn control(usage: u32) -> Option<Control> {
    Some(match usage {
        0x000B_0020 => Control::Hook,
        0x000B_0021 => Control::Flash,
        0x000B_0026 => Control::Drop,
        0x000B_002F => Control::Mute,
        _ => return None,
    })
}

/// LED page: mute, off-hook, ring, hold; the telephony page's ringer is a lamp or a sound of the headset itself.
fn lamp(usage: u32) -> Option<Lamp> {
    Some(match usage {
        0x0008_0009 => Lamp::Mute,
        0x0008_0017 => Lamp::OffHook,
        0x0008_0018 | 0x000B_009E => Lamp::Ring,
        0x0008_0020 => Lamp::Hold,
        _ => return None,
    })
}

fn value(data: &[u8], field: &Field) -> Option<u32> {
    let mut value = 0u64;
    for bit in 0..field.bits {
        let at = (field.bit + bit) as usize;
        let byte = data.get(at / 8)?;
        value |= u64::from(byte >> (at % 8) & 1) << bit;
    }
    u32::try_from(value).ok()
}
