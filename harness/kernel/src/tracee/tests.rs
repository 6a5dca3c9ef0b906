//! Facts about this very process, and about children that wait.

use super::*;
use crate::sys::guarded::Guarded;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::unistd::{Pid, geteuid, gettid};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

fn me() -> Tgid {
    Tgid(std::process::id().cast_signed())
}

/// A call of this thread.
fn call(tid: Tid) -> Call {
    Call { tid, sysno: model::Sysno::getppid, args: [0; 6], pc: 0 }
}

/// Asks about the calling thread.
fn ask<T>(question: impl FnOnce(&mut Witness<'_>) -> T) -> T {
    let mut processes = Processes::default();
    question(&mut Witness::of(&call(Tid(gettid().as_raw())), me(), &mut processes, &mut ()))
}

/// A shell that waits for a cat that waits for its input to end.
struct Waiting(Child);

impl Waiting {
    #[expect(clippy::disallowed_methods, reason = "a test needs a process that nothing else happens to")]
    fn start() -> Waiting {
        let script = "exec 7</dev/null; echo ready; cat; exit 0";
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", script, "two words", ""]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut word = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        // What cat repeats says that it runs.
        child.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut word).unwrap();
        Waiting(child)
    }

    fn shell(&self) -> Tid {
        Tid(self.0.id().cast_signed())
    }

    fn cat(&self) -> Tid {
        let shell = self.shell();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        Tid(children.trim().parse().unwrap())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn a_thread_belongs_to_its_process() {
    let tid = std::thread::spawn(|| Tid(gettid().as_raw())).join().unwrap();
    let mut processes = Processes::default();
    assert_eq!(processes.of(Tid(me().0)), Some(me()));
    assert_eq!(processes.of(Tid(me().0)), Some(me()), "remembered");
    assert_eq!(processes.of(Tid(gettid().as_raw())), Some(me()));
    assert_ne!(tid, Tid(me().0));
    assert_eq!(processes.of(Tid(i32::MAX)), None);
}

#[test]
fn a_string_ends_before_its_nul() {
    let text = [b"/tmp/x\0rest".to_vec(), vec![b'y'; 300], vec![0], vec![b'z'; 5000]].concat();
    let at = |offset: usize| text.as_ptr() as u64 + offset as u64;
    ask(|facts| {
        assert_eq!(facts.string(at(0)).unwrap(), b"/tmp/x");
        assert_eq!(facts.string(at(6)).unwrap(), b"");
        assert_eq!(facts.string(at(11)).unwrap(), vec![b'y'; 300]);
        assert_eq!(facts.string(at(312)).unwrap(), vec![b'z'; 4095], "no path is longer");
        assert_eq!(facts.string(0), None);
    });
}

#[test]
fn memory_is_read_up_to_where_it_ends() {
    let pages = Guarded::new(1);
    ask(|facts| {
        assert_eq!(facts.bytes(pages.end() - 3, 10), Some(vec![0; 3]));
        assert_eq!(facts.bytes(pages.end() - 3, usize::MAX), Some(vec![0; 3]));
        assert_eq!(facts.bytes(pages.end(), 10), None);
        assert_eq!(facts.bytes(pages.end(), 0), Some(Vec::new()));
        assert_eq!(facts.string(pages.end() - 3).unwrap(), b"");
        let text = vec![b'x'; 4096];
        crate::memory::poke(
            Tid(gettid().as_raw()),
            &[pages.end() - 4096, 0, 0, 0, 0, 0],
            &[model::Poke { arg: 0, bytes: text }],
        );
        assert_eq!(facts.string(pages.end() - 5), None, "it has no end");
    });
}

#[test]
fn a_list_of_strings_ends_with_a_null_pointer() {
    let words = [c"ls", c"-l", c""];
    let mut pointers: Vec<u64> = words.iter().map(|word| word.as_ptr() as u64).collect();
    pointers.push(0);
    let list = pointers.as_ptr() as u64;
    ask(|facts| {
        assert_eq!(facts.strings(list), Some(vec![b"ls".to_vec(), b"-l".to_vec(), Vec::new()]));
        assert_eq!(facts.strings(list + 24), Some(Vec::new()));
        assert_eq!(facts.strings(8), None);
    });
}

#[test]
fn descriptors_are_told_apart_by_kind() {
    let dir = tempfile::tempdir().unwrap();
    let file = File::create(dir.path().join("file")).unwrap();
    let folder = File::open(dir.path()).unwrap();
    let null = File::open("/dev/null").unwrap();
    let terminal = File::open("/dev/ptmx").unwrap();
    let (source, _sink) = nix::unistd::pipe().unwrap();
    let fifo_path = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo_path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let fifo = File::options().read(true).write(true).open(&fifo_path).unwrap();
    let (socket, _other) = UnixStream::pair().unwrap();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    let event = nix::sys::eventfd::EventFd::new().unwrap();
    let process = pidfd::open(me().0).unwrap();
    let kinds = [
        (file.as_raw_fd(), FdKind::File),
        (folder.as_raw_fd(), FdKind::Dir),
        (null.as_raw_fd(), FdKind::Char),
        (terminal.as_raw_fd(), FdKind::Tty),
        (source.as_raw_fd(), FdKind::Pipe),
        (fifo.as_raw_fd(), FdKind::Pipe),
        (socket.as_raw_fd(), FdKind::Socket),
        (epoll.0.as_raw_fd(), FdKind::Epoll),
        (event.as_raw_fd(), FdKind::Event),
        (process.as_raw_fd(), FdKind::Pid),
    ];
    ask(|facts| {
        for (fd, kind) in kinds {
            assert_eq!(facts.descriptor(fd).map(|descriptor| descriptor.kind), Some(kind), "{fd}");
        }
        let name = dir.path().join("file").into_os_string().into_vec();
        assert_eq!(facts.descriptor(file.as_raw_fd()).unwrap().name, name);
        assert_eq!(facts.descriptor(-1), None);
        assert_eq!(facts.descriptor(1 << 20), None);
    });
}

#[test]
fn a_socket_has_two_ends() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = |address: std::net::SocketAddr| {
        [&libc::AF_INET.to_ne_bytes()[..2], &address.port().to_be_bytes(), &[127, 0, 0, 1], &[0; 8]].concat()
    };
    let (here, there) = (port(client.local_addr().unwrap()), port(client.peer_addr().unwrap()));
    ask(|facts| {
        let ends = facts.socket(client.as_raw_fd()).unwrap();
        assert_eq!(ends, SocketEnds { local: here, peer: there.clone() });
        assert_eq!(
            facts.socket(listener.as_raw_fd()).unwrap(),
            SocketEnds { local: there, peer: Vec::new() }
        );
        let file = File::open("/dev/null").unwrap();
        assert_eq!(facts.socket(file.as_raw_fd()), None);
        assert_eq!(facts.socket(-1), None);
    });
}

#[test]
fn a_process_is_known_by_its_parts() {
    let waiting = Waiting::start();
    let mut processes = Processes::default();
    let callers = &mut ();
    let mut shell = Witness::of(&call(waiting.shell()), me(), &mut processes, callers);
    assert_eq!(shell.process(), Some(Tgid(waiting.shell().0)));
    let open = fs::read_dir(format!("/proc/{}/fd", waiting.shell())).unwrap().count();
    assert_eq!(shell.open_descriptors(), Some(open as u64));
    assert_eq!(shell.threads(), Some(1));
    assert_eq!(shell.uid(), Some(geteuid().as_raw()));
    assert_eq!(shell.cwd(), Some(std::env::current_dir().unwrap().into_os_string().into_vec()));
    let argv = shell.argv().unwrap();
    assert_eq!((&argv[0][..], &argv[3..]), (&b"sh"[..], &[b"two words".to_vec(), Vec::new()][..]));
    let status = fs::read_to_string(format!("/proc/{}/status", waiting.shell())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let size: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    assert_eq!(shell.mapped_bytes(), Some(size * 1024));
    let exe = fs::canonicalize("/proc/self/exe").unwrap().into_os_string().into_vec();
    ask(|me| {
        assert_eq!(me.exe(), Some(exe));
        assert!(me.threads() > Some(1), "the test and its runner");
    });
}

#[test]
fn generations_are_counted_from_the_first_process() {
    let waiting = Waiting::start();
    let (shell, cat) = (waiting.shell(), waiting.cat());
    let generation = |tid, first| {
        let mut processes = Processes::default();
        let once = Witness::of(&call(tid), first, &mut processes, &mut ()).generation();
        assert_eq!(Witness::of(&call(tid), first, &mut processes, &mut ()).generation(), once);
        once
    };
    assert_eq!(generation(Tid(gettid().as_raw()), me()), Some(0));
    assert_eq!(generation(shell, me()), Some(1));
    assert_eq!(generation(cat, me()), Some(2));
    assert_eq!(generation(cat, Tgid(shell.0)), Some(1));
    assert_eq!(generation(Tid(Pid::parent().as_raw()), me()), None, "it is none of the first's");
}

#[test]
fn nothing_is_known_of_who_is_gone() {
    let mut processes = Processes::default();
    let callers = &mut ();
    let mut gone = Witness::of(&call(Tid(i32::MAX)), me(), &mut processes, callers);
    assert_eq!(gone.string(0x1000), None);
    assert_eq!(gone.bytes(0x1000, 1), None);
    assert_eq!(gone.strings(0x1000), None);
    assert_eq!(gone.descriptor(0), None);
    assert_eq!(gone.socket(0), None);
    assert_eq!((gone.cwd(), gone.exe(), gone.argv()), (None, None, None));
    assert_eq!((gone.uid(), gone.process(), gone.generation()), (None, None, None));
    assert_eq!((gone.open_descriptors(), gone.mapped_bytes(), gone.threads()), (None, None, None));
}
