//! Where Go's runtime keeps what we read, version by version.

use crate::Version;

/// Offsets in bytes, on a 64-bit machine.
///
/// # Go
/// runtime/symtab.go (`moduledata`, `inlinedCall`; since 1.21 symtabinl.go), runtime/runtime2.go (`_func`, `g`, `m`),
/// testing/testing.go (`common`). Offsets of structures are those of the compiler's own DWARF, the same for plain,
/// `-race`, cgo and `-N` builds of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Of `_func`: `funcID`, `flag`, `nfuncdata`, and its size without the tables behind it.
    pub(crate) func_id: usize,
    pub(crate) flag: usize,
    pub(crate) funcdata_count: usize,
    pub(crate) func_size: usize,
    /// The `funcID` of wrappers that the compiler made (internal/abi/symtab.go, `FuncIDWrapper`).
    pub(crate) wrapper: u8,
    /// Of `inlinedCall`: the function's `funcID` and name, the call's place, and its size.
    pub(crate) inlined_id: usize,
    pub(crate) inlined_name: usize,
    pub(crate) inlined_parent: usize,
    pub(crate) inlined_size: usize,
    /// Of `moduledata`.
    pub(crate) gofunc: u64,
    /// Of `g`.
    pub(crate) g_syscallsp: u64,
    pub(crate) g_status: u64,
    pub(crate) g_goid: u64,
    pub(crate) g_parent: Option<u64>,
    pub(crate) g_gopc: u64,
    pub(crate) g_startpc: u64,
    /// Of `m`.
    pub(crate) m_procid: u64,
    pub(crate) m_curg: u64,
    pub(crate) m_alllink: u64,
    /// Of `testing.common`, which every T, B and F begins with.
    pub(crate) test_name: u64,
}

/// Of `g`, the same in all versions: `stack.lo` is at 0.
pub(crate) const G_STACK_HI: u64 = 8;
pub(crate) const G_M: u64 = 48;
pub(crate) const G_SCHED_SP: u64 = 56;
pub(crate) const G_SCHED_PC: u64 = 64;

/// Of `moduledata`, the same in all versions.
pub(crate) const MODULE_MINPC: u64 = 160;
pub(crate) const MODULE_BSS: u64 = 224;

/// How well a Go version is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// Call paths and goroutines were compared with what such a Go says itself, frame by frame.
    Verified,
    /// Newer than what was compared, or of no known number: it is taken for the newest version that was, and what is
    /// read by that is checked for sense in the live process; what makes none is refused.
    Checked,
    /// Older than what can be read.
    TooOld,
}

/// The lines of releases of which call paths were verified, oldest first.
const VERIFIED: [u32; 9] = [19, 20, 21, 22, 23, 24, 25, 26, 27];

impl Support {
    /// How well this version is known.
    pub fn of(version: &Version) -> Support {
        match version.minor() {
            Some(minor) if VERIFIED.contains(&minor) => Support::Verified,
            Some(minor) if minor < VERIFIED[0] => Support::TooOld,
            Some(_) | None => Support::Checked,
        }
    }

    /// The lines of releases that were verified, oldest first: `1.19`, `1.21` … `1.27`.
    pub fn verified() -> Vec<String> {
        VERIFIED.iter().map(|minor| format!("1.{minor}")).collect()
    }
}

/// By the first minor version that has it: `g` (syscallsp, atomicstatus, goid, parentGoid or 0, gopc, startpc),
/// `m` (procid, curg, alllink), `moduledata.gofunc`, `testing.common.name`.
#[rustfmt::skip]
const OFFSETS: [(u32, [u64; 11]); 9] = [
    (19, [112, 144, 152,   0, 296, 312,  72, 192, 336,  304,  240]),
    (20, [112, 144, 152,   0, 296, 312,  72, 192, 336,  320,  256]),
    (21, [112, 144, 152, 272, 280, 296,  72, 192, 336,  320,  256]),
    (22, [112, 144, 152, 272, 280, 296,  72, 192, 328,  320,  248]),
    (23, [112, 152, 160, 280, 288, 304,  72, 192, 328,  320,  248]),
    (24, [112, 152, 160, 280, 288, 304,  72, 192, 352,  320,  248]),
    (25, [104, 144, 152, 272, 280, 296,  64, 184, 344,  320,  256]),
    (26, [104, 144, 152, 280, 288, 304,  64, 184, 352,  320,  288]),
    (27, [104, 144, 152, 280, 288, 304,  64, 184, 352,  344,  288]),
];

impl Layout {
    /// The layout of this version; that of the newest known for one that is not. A prerelease has that of its release,
    /// or the checks find out.
    pub(crate) fn of(version: &Version) -> Layout {
        let minor = version.minor().unwrap_or(u32::MAX);
        let row = OFFSETS.iter().rev().find(|(first, _)| *first <= minor).unwrap_or(&OFFSETS[0]);
        let [syscallsp, status, goid, parent, gopc, startpc, procid, curg, alllink, gofunc, name] = row.1;
        // 1.20 gave `_func` a `startLine`, and `inlinedCall` too.
        let is_old = minor < 20;
        Layout {
            func_id: if is_old { 36 } else { 40 },
            flag: if is_old { 37 } else { 41 },
            funcdata_count: if is_old { 39 } else { 43 },
            func_size: if is_old { 40 } else { 44 },
            wrapper: match minor {
                ..=21 => 21,
                22..=24 => 22,
                _ => 23,
            },
            inlined_id: if is_old { 2 } else { 0 },
            inlined_name: if is_old { 12 } else { 4 },
            inlined_parent: if is_old { 16 } else { 8 },
            inlined_size: if is_old { 20 } else { 16 },
            gofunc,
            g_syscallsp: syscallsp,
            g_status: status,
            g_goid: goid,
            g_parent: (parent != 0).then_some(parent),
            g_gopc: gopc,
            g_startpc: startpc,
            m_procid: procid,
            m_curg: curg,
            m_alllink: alllink,
            test_name: name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_the_layout_of_its_line() {
        let of = |text: &str| Layout::of(&Version::parse(text));
        assert_eq!((of("go1.19.8").func_size, of("go1.19.8").g_parent), (40, None));
        assert_eq!((of("go1.20.14").func_size, of("go1.20.14").g_parent), (44, None));
        assert_eq!((of("go1.21.13").func_size, of("go1.21.13").g_parent), (44, Some(272)));
        assert_eq!((of("go1.25rc1").m_procid, of("go1.24.11").m_procid), (64, 72));
        assert_eq!(of("go1.26.8").gofunc, 320);
        assert_eq!(of("devel go1.99-abc"), of("go1.27.3"));
    }

    #[test]
    fn versions_nobody_compared_are_known_as_such() {
        let of = |text: &str| Support::of(&Version::parse(text));
        assert_eq!(
            (of("go1.18.10"), of("go1.19"), of("go1.27.3")),
            (Support::TooOld, Support::Verified, Support::Verified)
        );
        assert_eq!(
            (of("go1.20.14"), of("go1.28.0"), of("devel abc")),
            (Support::Verified, Support::Checked, Support::Checked)
        );
    }
}
