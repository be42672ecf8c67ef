//! Report descriptors (Device Class Definition for HID 1.11, 6.2.2): which bits of which report mean what.

/// The fields of all input and output reports of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the device tells.
    pub input: Vec<Field>,
    /// What it is told.
    pub output: Vec<Field>,
    /// Whether reports begin with their number.
    pub numbered: bool,
}

/// A run of bits with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Number of its report, 0 where reports are not numbered.
    pub report: u8,
    /// First bit, the number of the report not counted.
    pub bit: u32,
    /// Bits, 1 to 32.
    pub bits: u32,
    /// What it stands for.
    pub kind: FieldKind,
}

/// What the value of a [`Field`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// The state of one control: page in the upper, usage in the lower 16 bits.
    Variable {
        /// The control.
        usage: u32,
        /// Whether it tells changes only: a button that is 1 once for each press.
        relative: bool,
    },
    /// Which of several controls is pressed.
    Array {
        /// The controls; the value `first` is the first of them.
        usages: Vec<u32>,
        /// The smallest value.
        first: i32,
    },
    /// Nothing: padding. Kept for outputs, so that a report has its length.
    Padding,
}

/// A descriptor that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// It ends in the middle of an item.
    #[error("the report descriptor ends in the middle of an item")]
    Cut,
    /// It is longer than the kernel takes, or describes more than any device has.
    #[error("the report descriptor describes too much")]
    TooMuch,
    /// It takes back what it never put aside.
    #[error("the report descriptor pops an empty stack")]
    Pop,
}

#[derive(Clone, Copy, Default)]
struct Global {
    page: u32,
    first: i32,
    size: u32,
    count: u32,
    report: u8,
}

#[derive(Default)]
struct Local {
    usages: Vec<u32>,
    min: Option<u32>,
}

/// Reads a descriptor. Collections do not matter here: a usage says by itself what it is.
///
/// # Errors
/// [`DescriptorError`] for what no device has.
pub fn parse(bytes: &[u8]) -> Result<Report, DescriptorError> {
    if bytes.len() > MAX_DESCRIPTOR {
        return Err(DescriptorError::TooMuch);
    }
    let mut parsed = Report::default();
    let mut stack = Vec::new();
    let (mut global, mut local) = (Global::default(), Local::default());
    // Bits used so far by kind (input, output) and report.
    let mut used = [[0u32; 256]; 2];
    let mut rest = bytes;
    while let Some((&prefix, after)) = rest.split_first() {
        if prefix == LONG_ITEM {
            let size = usize::from(*after.first().ok_or(DescriptorError::Cut)?);
            rest = after.get(2 + size..).ok_or(DescriptorError::Cut)?;
            continue;
        }
        let size = [0, 1, 2, 4][usize::from(prefix & 3)];
        let data = after.get(..size).ok_or(DescriptorError::Cut)?;
        rest = after.get(size..).unwrap_or_default();
        let value = data.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte));
        match prefix & !3 {
            // Main: input, output.
            kind @ (0x80 | 0x90) => {
                let output = kind == 0x90;
                let used =
                    used.get_mut(usize::from(output)).and_then(|all| all.get_mut(usize::from(global.report)));
                let fields = if output { &mut parsed.output } else { &mut parsed.input };
                add(fields, used.ok_or(DescriptorError::TooMuch)?, &global, &local, value)?;
                local = Local::default();
            }
            // Feature, collection, end of collection.
            0xB0 | 0xA0 | 0xC0 => local = Local::default(),
            // Global.
            0x04 => global.page = value & 0xFFFF,
            0x14 => global.first = signed(value, size),
            0x74 => global.size = value,
            0x84 => {
                global.report = u8::try_from(value).map_err(|_| DescriptorError::TooMuch)?;
                parsed.numbered = true;
            }
            0x94 => global.count = value,
            0xA4 if stack.len() < MAX_STACK => stack.push(global),
            0xA4 => return Err(DescriptorError::TooMuch),
            0xB4 => global = stack.pop().ok_or(DescriptorError::Pop)?,
            // Local: usage, usage minimum, usage maximum. Four bytes bring their own page.
            0x08 => local.add(full(value, size, global.page))?,
            0x18 => local.min = Some(full(value, size, global.page)),
            0x28 => {
                let last = full(value, size, global.page);
                let first = local.min.take().unwrap_or(last);
                if last.wrapping_sub(first) > MAX_FIELDS as u32 {
                    return Err(DescriptorError::TooMuch);
                }
                (first..=last).try_for_each(|usage| local.add(usage))?;
            }
            _ => {}
        }
    }
    Ok(parsed)
}

impl Local {
    fn add(&mut self, usage: u32) -> Result<(), DescriptorError> {
        if self.usages.len() >= MAX_FIELDS {
            return Err(DescriptorError::TooMuch);
        }
        self.usages.push(usage);
        Ok(())
    }
}

fn add(
    fields: &mut Vec<Field>,
    used: &mut u32,
    global: &Global,
    local: &Local,
    flags: u32,
) -> Result<(), DescriptorError> {
    let Global { first, size, count, report, .. } = *global;
    let total = size.checked_mul(count).and_then(|bits| bits.checked_add(*used));
    let end = total.filter(|bits| *bits <= MAX_BITS).ok_or(DescriptorError::TooMuch)?;
    let (constant, variable, relative) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
    // Some headsets call their controls constant though they change; what has a usage is one.
    if (constant && local.usages.is_empty()) || !(1..=32).contains(&size) {
        fields.push(Field { report, bit: *used, bits: end - *used, kind: FieldKind::Padding });
    } else {
        if fields.len() + count as usize > MAX_FIELDS {
            return Err(DescriptorError::TooMuch);
        }
        for index in 0..count {
            let kind = if variable {
                // The last usage is that of all further ones (6.2.2.8).
                let usage = local.usages.get(index as usize).or(local.usages.last());
                usage.map_or(FieldKind::Padding, |usage| FieldKind::Variable { usage: *usage, relative })
            } else {
                FieldKind::Array { usages: local.usages.clone(), first }
            };
            fields.push(Field { report, bit: *used + index * size, bits: size, kind });
        }
    }
    *used = end;
    Ok(())
}

fn full(value: u32, size: usize, page: u32) -> u32 {
    if size == 4 { value } else { page << 16 | value }
}

fn signed(value: u32, size: usize) -> i32 {
    match size {
        1 => i32::from(value as u8 as i8),
        2 => i32::from(value as u16 as i16),
        _ => value as i32,
    }
}

const LONG_ITEM: u8 = 0xFE;
/// The kernel's HID_MAX_DESCRIPTOR_SIZE.
const MAX_DESCRIPTOR: usize = 4_096;
const MAX_STACK: usize = 8;
const MAX_FIELDS: usize = 1_024;
/// A report of 8 KiB, which is half of the kernel's limit.
const MAX_BITS: u32 = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variable(report: u8, bit: u32, usage: u32, relative: bool) -> Field {
        Field { report, bit, bits: 1, kind: FieldKind::Variable { usage, relative } }
    }

    #[test]
    fn usages_are_given_to_fields_one_after_another() {
        let bytes = [
            0x05, 0x0B, 0x09, 0x05, 0xA1, 0x01, 0x85, 0x03, 0x15, 0x00, 0x25, 0x01, 0x75,
            0x01, // report 3
            0x09, 0x20, 0x95, 0x01, 0x81, 0x22, // hook switch
            0x09, 0x2F, 0x81, 0x06, // mute, relative
            0x95, 0x06, 0x81, 0x01, // padding
            0xA4, 0x05, 0x08, 0x19, 0x17, 0x29, 0x18, 0x95, 0x02, 0x91, 0x02,
            0xB4, // LEDs off-hook and ring
            0xC0,
        ];
        let parsed = parse(&bytes).unwrap();
        assert!(parsed.numbered);
        assert_eq!(
            parsed.input,
            [
                variable(3, 0, 0x000B_0020, false),
                variable(3, 1, 0x000B_002F, true),
                Field { report: 3, bit: 2, bits: 6, kind: FieldKind::Padding },
            ]
        );
        assert_eq!(parsed.output, [variable(3, 0, 0x0008_0017, false), variable(3, 1, 0x0008_0018, false)]);
    }

    #[test]
    fn an_array_names_its_controls() {
        let bytes =
            [0x05, 0x0B, 0x19, 0x20, 0x29, 0x21, 0x15, 0x01, 0x25, 0x02, 0x75, 0x08, 0x95, 0x01, 0x81, 0x00];
        let kind = FieldKind::Array { usages: vec![0x000B_0020, 0x000B_0021], first: 1 };
        assert_eq!(parse(&bytes).unwrap().input, [Field { report: 0, bit: 0, bits: 8, kind }]);
    }

    #[test]
    fn what_no_device_has_is_refused() {
        assert_eq!(parse(&[0x05]), Err(DescriptorError::Cut));
        assert_eq!(parse(&[0xFE, 9, 0, 1]), Err(DescriptorError::Cut));
        assert_eq!(parse(&[0xB4]), Err(DescriptorError::Pop));
        assert_eq!(parse(&[0xA4; 9]), Err(DescriptorError::TooMuch));
        assert_eq!(parse(&[0; 5_000]), Err(DescriptorError::TooMuch));
        let huge = [0x77, 1, 0, 0, 0, 0x97, 0xFF, 0xFF, 0xFF, 0x7F, 0x81, 0x01];
        assert_eq!(parse(&huge), Err(DescriptorError::TooMuch));
        assert_eq!(parse(&[0x1A, 0, 0, 0x2A, 0xFF, 0xFF, 0x81, 0x02]), Err(DescriptorError::TooMuch));
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(parsed) = parse(&bytes) {
                prop_assert!(parsed.input.len() <= MAX_FIELDS + bytes.len());
            }
        }
    }
}
