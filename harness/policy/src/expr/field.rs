//! Fields of the structures that arguments point to: `perf.exclude_kernel`, `clone.flags`, `open.flags`, `sockaddr.port`.

use crate::tables;
use model::Sysno;
use std::ops::Range;

/// A field of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(super) structure: Structure,
    pub(super) name: &'static str,
    /// The bit that it begins with; the first of the structure is 0.
    first: usize,
    /// How many it has.
    length: usize,
}

/// What fields belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Structure {
    /// `struct perf_event_attr` of perf_event_open(2).
    Perf,
    /// `struct clone_args` of clone3(2); for clone(2), what its registers say.
    Clone,
    /// `struct open_how` of openat2(2); for open(2) and openat(2), what their registers say.
    Open,
    /// The socket address that a call is given.
    Sockaddr,
}

/// Where the value of a field is, for one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// These bits of an argument.
    Register(Register),
    /// In the structure that this argument points to.
    Memory { pointer: u8, size: Size },
}

/// Those bits of an argument that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Register {
    pub(super) arg: u8,
    pub(super) bits: u64,
}

/// What says how large a structure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// This argument.
    Argument(u8),
    /// Four bytes at this offset within it, or this if they are 0.
    Within { offset: u64, least: u64 },
}

pub(super) const NARROW: u64 = u32::MAX as u64;

impl Structure {
    /// Every structure by the name that conditions use.
    pub(super) const ALL: [(&str, Structure); 4] = [
        ("perf", Structure::Perf),
        ("clone", Structure::Clone),
        ("open", Structure::Open),
        ("sockaddr", Structure::Sockaddr),
    ];

    pub(super) fn named(name: &str) -> Option<Structure> {
        Structure::ALL.iter().find(|(known, _)| *known == name).map(|(_, structure)| *structure)
    }

    pub(super) fn name(self) -> &'static str {
        Structure::ALL.iter().find(|(_, structure)| *structure == self).map_or("", |(name, _)| name)
    }

    /// Its fields.
    pub(super) fn fields(self) -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(move |field| field.structure == self)
    }

    /// The calls that have it.
    pub(super) fn calls(self) -> &'static str {
        match self {
            Structure::Perf => "perf_event_open",
            Structure::Clone => "clone and clone3",
            Structure::Open => "open, openat and openat2",
            Structure::Sockaddr => "connect, bind and sendto",
        }
    }
}

impl Field {
    pub(super) fn named(structure: Structure, name: &str) -> Option<Field> {
        structure.fields().find(|field| field.name == name).copied()
    }

    /// The bits that its value can have.
    pub(super) fn bits(&self) -> u64 {
        u64::MAX >> (64 - self.length)
    }

    /// The bytes of the structure that it is in.
    pub(super) fn bytes(&self) -> Range<usize> {
        self.first / 8..(self.first + self.length).div_ceil(8)
    }

    /// Its value, out of these bytes.
    pub(super) fn value(&self, bytes: &[u8]) -> Option<u64> {
        let mut whole = [0; 8];
        whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
        // ip(7): ports are in network byte order. For the rest: the machines that have tables here are little endian.
        if self.is_port() {
            return Some(u64::from(u16::from_be_bytes([whole[0], whole[1]])));
        }
        Some(u64::from_le_bytes(whole) >> (self.first % 8) & self.bits())
    }

    /// What it is where the structure ends before it.
    pub(super) fn beyond_the_end(&self) -> Option<u64> {
        match self.structure {
            // perf_event_open(2), clone3(2), openat2(2): an older, shorter structure means 0.
            Structure::Perf | Structure::Clone | Structure::Open => Some(0),
            Structure::Sockaddr => None,
        }
    }

    /// Whether only addresses of the internet have it.
    pub(super) fn is_port(&self) -> bool {
        self.structure == Structure::Sockaddr && self.name == "port"
    }

    /// Where it is for this call, if the call has it.
    pub(super) fn home(&self, sysno: Sysno) -> Option<Home> {
        let register = |arg, bits| Some(Home::Register(Register { arg, bits }));
        match (self.structure, sysno.name()?) {
            (Structure::Perf, "perf_event_open") => {
                // perf_event_open(2): a size of 0 stands for PERF_ATTR_SIZE_VER0.
                Some(Home::Memory { pointer: 0, size: Size::Within { offset: 4, least: 64 } })
            }
            (Structure::Clone, "clone3") => Some(Home::Memory { pointer: 0, size: Size::Argument(1) }),
            // Linux kernel/fork.c, SYSCALL_DEFINE5(clone): the lower half holds both, CSIGNAL is 0xff. clone3(2) has
            // the table of what corresponds to what.
            (Structure::Clone, "clone") => match self.name {
                "flags" => register(0, NARROW & !0xff),
                "exit_signal" => register(0, 0xff),
                "stack" => register(1, u64::MAX),
                _ => None,
            },
            (Structure::Open, "openat2") => Some(Home::Memory { pointer: 2, size: Size::Argument(3) }),
            (Structure::Open, "openat") => match self.name {
                "flags" => register(2, NARROW),
                "mode" => register(3, NARROW),
                _ => None,
            },
            (Structure::Open, "open") => match self.name {
                "flags" => register(1, NARROW),
                "mode" => register(2, NARROW),
                _ => None,
            },
            (Structure::Sockaddr, _) => tables::shape(sysno)
                .address
                .map(|(pointer, length)| Home::Memory { pointer, size: Size::Argument(length) }),
            (Structure::Perf | Structure::Clone | Structure::Open, _) => None,
        }
    }
}

/// A field by the byte that it begins with and its length in bits.
const fn field(structure: Structure, name: &'static str, byte: usize, length: usize) -> Field {
    Field { structure, name, first: 8 * byte, length }
}

/// One of the bits that follow `read_format` in `struct perf_event_attr`.
const fn perf_bits(name: &'static str, bit: usize, length: usize) -> Field {
    Field { structure: Structure::Perf, name, first: 8 * 40 + bit, length }
}

/// Sources: Linux 6.1, `include/uapi/linux/perf_event.h`, `sched.h`, `openat2.h`, and ip(7).
const FIELDS: &[Field] = &[
    field(Structure::Perf, "type", 0, 32),
    field(Structure::Perf, "size", 4, 32),
    field(Structure::Perf, "config", 8, 64),
    field(Structure::Perf, "sample_period", 16, 64),
    field(Structure::Perf, "sample_freq", 16, 64),
    field(Structure::Perf, "sample_type", 24, 64),
    field(Structure::Perf, "read_format", 32, 64),
    perf_bits("disabled", 0, 1),
    perf_bits("inherit", 1, 1),
    perf_bits("pinned", 2, 1),
    perf_bits("exclusive", 3, 1),
    perf_bits("exclude_user", 4, 1),
    perf_bits("exclude_kernel", 5, 1),
    perf_bits("exclude_hv", 6, 1),
    perf_bits("exclude_idle", 7, 1),
    perf_bits("mmap", 8, 1),
    perf_bits("comm", 9, 1),
    perf_bits("freq", 10, 1),
    perf_bits("inherit_stat", 11, 1),
    perf_bits("enable_on_exec", 12, 1),
    perf_bits("task", 13, 1),
    perf_bits("watermark", 14, 1),
    perf_bits("precise_ip", 15, 2),
    perf_bits("mmap_data", 17, 1),
    perf_bits("sample_id_all", 18, 1),
    perf_bits("exclude_host", 19, 1),
    perf_bits("exclude_guest", 20, 1),
    perf_bits("exclude_callchain_kernel", 21, 1),
    perf_bits("exclude_callchain_user", 22, 1),
    perf_bits("mmap2", 23, 1),
    perf_bits("comm_exec", 24, 1),
    perf_bits("use_clockid", 25, 1),
    perf_bits("context_switch", 26, 1),
    perf_bits("write_backward", 27, 1),
    perf_bits("namespaces", 28, 1),
    perf_bits("ksymbol", 29, 1),
    perf_bits("bpf_event", 30, 1),
    perf_bits("aux_output", 31, 1),
    perf_bits("cgroup", 32, 1),
    perf_bits("text_poke", 33, 1),
    perf_bits("build_id", 34, 1),
    perf_bits("inherit_thread", 35, 1),
    perf_bits("remove_on_exec", 36, 1),
    perf_bits("sigtrap", 37, 1),
    perf_bits("reserved_1", 38, 26),
    field(Structure::Perf, "wakeup_events", 48, 32),
    field(Structure::Perf, "wakeup_watermark", 48, 32),
    field(Structure::Perf, "bp_type", 52, 32),
    field(Structure::Perf, "bp_addr", 56, 64),
    field(Structure::Perf, "config1", 56, 64),
    field(Structure::Perf, "bp_len", 64, 64),
    field(Structure::Perf, "config2", 64, 64),
    field(Structure::Perf, "branch_sample_type", 72, 64),
    field(Structure::Perf, "sample_regs_user", 80, 64),
    field(Structure::Perf, "sample_stack_user", 88, 32),
    field(Structure::Perf, "clockid", 92, 32),
    field(Structure::Perf, "sample_regs_intr", 96, 64),
    field(Structure::Perf, "aux_watermark", 104, 32),
    field(Structure::Perf, "sample_max_stack", 108, 16),
    field(Structure::Perf, "reserved_2", 110, 16),
    field(Structure::Perf, "aux_sample_size", 112, 32),
    // Linux 6.13 has the first three bits of it as `aux_action`.
    field(Structure::Perf, "reserved_3", 116, 32),
    field(Structure::Perf, "sig_data", 120, 64),
    // Since Linux 6.3.
    field(Structure::Perf, "config3", 128, 64),
    field(Structure::Clone, "flags", 0, 64),
    field(Structure::Clone, "pidfd", 8, 64),
    field(Structure::Clone, "child_tid", 16, 64),
    field(Structure::Clone, "parent_tid", 24, 64),
    field(Structure::Clone, "exit_signal", 32, 64),
    field(Structure::Clone, "stack", 40, 64),
    field(Structure::Clone, "stack_size", 48, 64),
    field(Structure::Clone, "tls", 56, 64),
    field(Structure::Clone, "set_tid", 64, 64),
    field(Structure::Clone, "set_tid_size", 72, 64),
    field(Structure::Clone, "cgroup", 80, 64),
    field(Structure::Open, "flags", 0, 64),
    field(Structure::Open, "mode", 8, 64),
    field(Structure::Open, "resolve", 16, 64),
    field(Structure::Sockaddr, "family", 0, 16),
    field(Structure::Sockaddr, "port", 2, 16),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn value(structure: Structure, name: &str, bytes: &[u8]) -> Option<u64> {
        let field = Field::named(structure, name).expect(name);
        field.value(bytes.get(field.bytes())?)
    }

    #[test]
    fn fields_are_where_the_kernel_has_them() {
        // What a C program printed after setting just this one: (name, byte, value of the byte).
        for (name, byte, content, expect) in [
            ("type", 0, 7, 7),
            ("size", 4, 128, 128),
            ("config", 8, 7, 7),
            ("disabled", 40, 1, 1),
            ("exclude_user", 40, 0x10, 1),
            ("exclude_kernel", 40, 0x20, 1),
            ("exclude_hv", 40, 0x40, 1),
            ("precise_ip", 41, 0x80, 1),
            ("precise_ip", 42, 1, 2),
            ("mmap_data", 42, 2, 1),
            ("sigtrap", 44, 0x20, 1),
            ("reserved_1", 44, 0x40, 1),
            ("reserved_1", 47, 0x80, 1 << 25),
            ("clockid", 92, 7, 7),
            ("sample_max_stack", 108, 7, 7),
            ("reserved_2", 110, 7, 7),
            ("reserved_3", 116, 7, 7),
            ("sig_data", 120, 7, 7),
            ("config3", 128, 7, 7),
        ] {
            let mut bytes = [0; 136];
            bytes[byte] = content;
            assert_eq!(value(Structure::Perf, name, &bytes), Some(expect), "{name}");
            let all_but_this = bytes.map(|byte| !byte);
            let field = Field::named(Structure::Perf, name).expect(name);
            assert_eq!(value(Structure::Perf, name, &all_but_this), Some(!expect & field.bits()), "{name}");
        }
        let mut clone_args = [0; 88];
        clone_args[80] = 9;
        assert_eq!(value(Structure::Clone, "cgroup", &clone_args), Some(9));
        assert_eq!(value(Structure::Sockaddr, "port", &[2, 0, 0x1f, 0x90]), Some(8080));
        assert_eq!(value(Structure::Sockaddr, "port", &[2, 0, 0x1f]), None);
    }

    #[test]
    fn names_are_unique_and_values_fit() {
        for field in FIELDS {
            assert_eq!(Field::named(field.structure, field.name), Some(*field));
            assert!((1..=64).contains(&field.length) && field.bytes().len() <= 8, "{}", field.name);
        }
    }
}
