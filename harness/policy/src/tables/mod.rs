//! Facts that the parsers and checks look up, one file per architecture and one for Go.

mod arguments;
mod constants;
mod errnos;
mod go;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("this architecture needs a file of its own beside x86_64.rs");

pub(crate) use arguments::{Direction, Shape, shape};
pub(crate) use constants::{constant, names};
pub(crate) use errnos::{legal, page};
pub(crate) use go::{FATAL, Fatal, POLLED, RETRIED};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{CLASSES, GO_MAKES, IN_VDSO};

#[cfg(test)]
mod tests {
    use super::*;
    use model::Sysno;

    fn known(name: &str) -> bool {
        Sysno::from_name(name).is_some()
    }

    #[test]
    fn every_name_in_the_tables_is_a_system_call() {
        let classes = CLASSES.iter().flat_map(|(_, calls)| calls.split(' '));
        let go = GO_MAKES.iter().flat_map(|(old, new, _)| [*old, *new]);
        let fatal = FATAL.iter().map(|fatal| fatal.call);
        let others = IN_VDSO.iter().chain(POLLED).chain(RETRIED).copied();
        let unknown: Vec<&str> =
            classes.chain(go).chain(fatal).chain(others).filter(|name| !known(name)).collect();
        assert_eq!(unknown, [""; 0]);
    }

    #[test]
    fn classes_hold_what_strace_says() {
        let members = |class: &str| {
            CLASSES
                .iter()
                .find(|(name, _)| *name == class)
                .map(|(_, calls)| calls.split(' ').collect::<Vec<_>>())
        };
        // Counts of distinct lines that strace 6.1 printed, and members that one would not guess.
        for (class, count, member) in [
            ("%file", 67, "fanotify_mark"),
            ("%desc", 123, "mmap"),
            ("%network", 21, "sendfile"),
            ("%process", 16, "pidfd_send_signal"),
            ("%signal", 17, "io_uring_enter"),
            ("%memory", 26, "shmat"),
            ("%clock", 8, "adjtimex"),
        ] {
            let members = members(class).expect("a class of the table");
            assert_eq!(members.len(), count, "{class}");
            assert!(members.contains(&member), "{class}");
        }
    }
}
