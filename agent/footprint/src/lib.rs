//! Lets go of what a process does not need any more: the code of its start, and memory that it freed.
//!
//! Reading a command line, a configuration and a schema touches most of the program's code once; the kernel maps 64 KiB
//! around each place and keeps them mapped as long as memory is plenty. [`release_code`] unmaps them all. What runs
//! afterwards comes back page by page out of the page cache, a minor fault each, and the resident size then says what
//! the process works with instead of what it began with.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::{fs, io};

use nix::sys::mman::{MmapAdvise, madvise};

/// Unmaps the pages of the program's own code, which stay in the page cache. Returns how many bytes of code there are.
/// To be called once the start is over; a call costs well below a millisecond, and the next use of each part of the
/// code a minor fault.
///
/// # Errors
/// `/proc` cannot be read, or the kernel refuses.
pub fn release_code() -> io::Result<usize> {
    let program = fs::read_link("/proc/self/exe")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let mut bytes = 0;
    for map in
        maps.lines().filter_map(Map::parse).filter(|map| map.is_code() && program.as_os_str() == map.path)
    {
        let Some(start) = NonNull::new(std::ptr::with_exposed_provenance_mut::<c_void>(map.start)) else {
            continue;
        };
        let length = map.end - map.start;
        #[expect(unsafe_code, reason = "ADR 0002: no safe call tells the kernel this")]
        // SAFETY: the range is one whole mapping of the program's file, private, readable, executable and never
        // writable (`is_code`), so it holds no page of its own: whatever is read there later is read from the same
        // file again, which cannot be written while it runs (ETXTBSY). No mapping of ours is removed meanwhile, since
        // the program's own code is never unmapped.
        unsafe {
            madvise(start, length, MmapAdvise::MADV_DONTNEED)?;
        }
        bytes += length;
    }
    Ok(bytes)
}

/// Gives memory that was freed back to the system: whole pages, in every thread's heap, wherever they lie. The C library does so by itself only
/// with what lies at the end of a heap, and where one piece is in use there, megabytes behind it stay. To be called when work that took
/// memory is over; it takes some tenths of a millisecond a megabyte, in which threads that need memory from the heap at hand wait. Does
/// nothing with a C library other than GNU's.
pub fn release_heap() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "ADR 0009: no safe call tells the C library this")]
    // SAFETY: malloc_trim(3) is thread-safe, takes a number and touches nothing but pages of the heap that nobody was given.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// A line of `/proc/self/maps` (proc_pid_maps(5)).
#[derive(Debug, PartialEq, Eq)]
struct Map<'a> {
    start: usize,
    end: usize,
    rights: &'a str,
    path: &'a str,
}

impl<'a> Map<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(6, ' ');
        let (range, rights) = (fields.next()?, fields.next()?);
        let (start, end) = range.split_once('-')?;
        let hexadecimal = |text| usize::from_str_radix(text, 16).ok();
        let path = fields.nth(3)?.trim_start();
        Some(Self { start: hexadecimal(start)?, end: hexadecimal(end)?, rights, path })
    }

    /// Code: what was relocated at start (`r--p`) has pages of its own and must stay.
    fn is_code(&self) -> bool {
        self.rights == "r-xp" && self.path.starts_with('/') && self.start < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_code_of_a_file_counts() {
        let code = "55d0c8a00000-55d0c91bd000 r-xp 002e7000 fe:00 1234      /usr/bin/a phone";
        let map = Map::parse(code).unwrap();
        assert_eq!((map.start, map.end, map.path), (0x55d0_c8a0_0000, 0x55d0_c91b_d000, "/usr/bin/a phone"));
        assert!(map.is_code());
        for other in [
            "55d0c91bd000-55d0c91ea000 r--p 00aa2000 fe:00 1234 /usr/bin/a",
            "55d0c91ea000-55d0c91f2000 rw-p 00ace000 fe:00 1234 /usr/bin/a",
            "7ffe1a5fe000-7ffe1a600000 r-xp 00000000 00:00 0    [vdso]",
            "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 ",
            "no map",
        ] {
            assert!(Map::parse(other).is_none_or(|map| !map.is_code()), "{other}");
        }
    }

    /// Resident KiB of the code of this program.
    fn resident() -> usize {
        let program = fs::read_link("/proc/self/exe").unwrap();
        let text = fs::read_to_string("/proc/self/smaps").unwrap();
        let mut ours = false;
        let mut sum = 0;
        for line in text.lines() {
            match Map::parse(line) {
                Some(map) if map.rights.len() == 4 => ours = map.is_code() && program.as_os_str() == map.path,
                _ => {}
            }
            if ours && let Some(rest) = line.strip_prefix("Rss:") {
                sum += rest.trim().trim_end_matches(" kB").parse::<usize>().unwrap();
            }
        }
        sum
    }

    /// KiB of memory of this program that no file has.
    fn anonymous() -> usize {
        let text = fs::read_to_string("/proc/self/smaps").unwrap();
        let sizes = text.lines().filter_map(|line| line.strip_prefix("Anonymous:"));
        sizes.map(|rest| rest.trim().trim_end_matches(" kB").parse::<usize>().unwrap()).sum()
    }

    #[test]
    fn memory_behind_a_piece_in_use_is_given_back() {
        let heap = std::thread::Builder::new().spawn(|| {
            let pages: Vec<Box<[u8; 4096]>> = (0..2_000).map(|_| Box::new([1; 4096])).collect();
            let last = Box::new([2_u8; 4096]);
            drop(pages);
            let before = anonymous();
            release_heap();
            (before, anonymous(), last)
        });
        let (before, after, last) = heap.unwrap().join().unwrap();
        assert!(before > after + 6_000, "{before} KiB before, {after} KiB after");
        assert_eq!(last[4095], 2, "what is in use stays");
    }

    #[test]
    fn code_is_let_go_and_still_runs() {
        let before = resident();
        assert!(before > 0, "the code of this test was not found");
        let bytes = release_code().unwrap();
        let after = resident();
        assert!(bytes >= before * 1_024, "{bytes} bytes, {before} KiB were resident");
        assert!(after < before, "{before} KiB before, {after} KiB after");
    }
}
