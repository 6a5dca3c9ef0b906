//! How the shim becomes the target without a system call in between.
//!
//! From the moment the filter is on, any system call of this thread may be trapped, and nobody holds the listener yet:
//! a plan that traps `sendmsg`, `read` or `futex` would deadlock its own launch. So a second thread, started before and
//! therefore without the filter, sends the listener, if there is one, and waits for the go-ahead; the first one waits
//! before a [`Gate`] and then calls `execve`, which removes the second.

use crate::gate::Gate;
use crate::surroundings::Limit;
use crate::wire::{Frame, MAX_FRAME, Role, Step};
use crate::{ORPHANED, install, padding, surroundings, sys};
use std::ffi::{CString, OsStr, OsString};
use std::hint;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

/// What the filtered thread tells the other where it does not name a listener (zero or more): nothing yet.
const NOT_YET: i32 = i32::MIN;
/// Or that the filter is on and has none.
const NO_LISTENER: i32 = -1;

/// What the two threads share.
struct Handshake {
    /// The listener's descriptor, once the filter is on, or why there is none.
    listener: AtomicI32,
    /// Open once the supervisor said go.
    go: Gate,
    /// The step and error that ended it, as `step << 16 | errno`; zero while all is well.
    failed: AtomicI32,
}

/// Plays the shim. Comes back only if the target never began.
pub(crate) fn become_target(socket: OsString, command: Vec<OsString>) -> ExitCode {
    let Ok(socket) = sys::connect(socket.as_bytes()) else { return ExitCode::from(ORPHANED) };
    let Some(program) = resolve(&command[0]) else {
        return fail(socket.as_fd(), Step::Exec, libc::ENOENT);
    };
    let cwd = std::env::current_dir().map(|path| path.into_os_string().into_vec()).unwrap_or_default();
    let hello = Frame::Hello { role: Role::Subject, cwd, program: program.as_bytes().to_vec() };
    if sys::send(socket.as_fd(), &hello.encode()).is_err() {
        return ExitCode::from(ORPHANED);
    }
    let Some(Frame::Program { flags, instructions }) = next(socket.as_fd()) else {
        return ExitCode::from(ORPHANED);
    };

    // Everything that allocates comes before the filter.
    let arguments: Vec<CString> =
        command.into_iter().filter_map(|word| CString::new(word.into_vec()).ok()).collect();
    let (launch, limits) = match different(&program, &arguments) {
        Ok(different) => different,
        Err(errno) => return fail(socket.as_fd(), Step::Exec, errno),
    };
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let argv = pointers(launch.as_ref().map_or(&arguments, |launch| &launch.arguments));
    let envp = launch.as_ref().map(|launch| pointers(&launch.variables));
    let Ok(program) = CString::new(program.into_vec()) else { return ExitCode::from(ORPHANED) };
    sys::default_sigpipe();

    if instructions.is_empty() {
        // An empty plan: no filter, no difference from a launch without us.
        if let Err(errno) = limit(&limits) {
            return fail(socket.as_fd(), Step::Exec, errno);
        }
        let errno = sys::exec(&program, &argv, envp.as_deref());
        return fail(socket.as_fd(), Step::Exec, errno);
    }

    let handshake = Arc::new(Handshake {
        listener: AtomicI32::new(NOT_YET),
        go: Gate::closed(),
        failed: AtomicI32::new(0),
    });
    let shared = Arc::clone(&handshake);
    let failures = match socket.try_clone() {
        Ok(failures) => failures,
        Err(_) => return ExitCode::from(ORPHANED),
    };
    // 64 KiB hold the one frame it receives, and cost less to map than the usual 2 MiB.
    let unfiltered =
        thread::Builder::new().stack_size(64 << 10).spawn(move || hand_over(&socket, &shared, &limits));
    if let Err(error) = unfiltered {
        return fail(failures.as_fd(), Step::StartThread, error.raw_os_error().unwrap_or(libc::EAGAIN));
    }

    match install::put_on(flags, &instructions) {
        Ok(listener) => handshake.listener.store(listener.unwrap_or(NO_LISTENER), Ordering::Release),
        Err((step, errno)) => give_up(&handshake, step, errno),
    }
    // No system call from here to execve.
    handshake.go.pass();
    let errno = sys::exec(&program, &argv, envp.as_deref());
    give_up(&handshake, Step::Exec, errno)
}

/// What the target is started with, where that is not what this process has, and its limits.
fn different(program: &OsStr, arguments: &[CString]) -> Result<(Option<padding::Launch>, Vec<Limit>), i32> {
    if let Some((launch, limits)) = surroundings::launch(program, arguments)? {
        return Ok((Some(launch), limits));
    }
    Ok((padding::launch(program, arguments)?, Vec::new()))
}

fn limit(limits: &[Limit]) -> Result<(), i32> {
    limits.iter().try_for_each(|(resource, soft, hard)| sys::limit(*resource, *soft, *hard))
}

/// The filtered thread's last act where it cannot go on: tell the other thread, which may still speak and ends us.
fn give_up(handshake: &Handshake, step: Step, errno: i32) -> ! {
    let code = match step {
        Step::StartThread => 0,
        Step::NoNewPrivs => 1,
        Step::InstallFilter => 2,
        Step::Exec => 3,
    };
    handshake.failed.store(code << 16 | errno, Ordering::Release);
    loop {
        // Before the go this waits without burning a CPU; after it, the other thread looks every 200 µs.
        handshake.go.pass();
        hint::spin_loop();
    }
}

/// The unfiltered thread: hands the listener over, releases the other, and stays until `execve` removes it.
fn hand_over(socket: &OwnedFd, handshake: &Handshake, limits: &[Limit]) {
    handshake.go.await_somebody();
    let listener = loop {
        check_failure(socket.as_fd(), handshake);
        match handshake.listener.load(Ordering::Acquire) {
            NOT_YET => sys::yield_now(),
            listener => break listener,
        }
    };
    let told = if listener == NO_LISTENER {
        sys::send(socket.as_fd(), &Frame::Filtered.encode())
    } else {
        sys::send_with_descriptor(socket.as_fd(), &Frame::Listener.encode(), listener)
    };
    if told.is_err() {
        sys::exit_now(ORPHANED);
    }
    match next(socket.as_fd()) {
        // The last moment: under some limits not even this thread could do its work.
        Some(Frame::Go) => match limit(limits) {
            Ok(()) => handshake.go.open(),
            Err(errno) => {
                fail(socket.as_fd(), Step::Exec, errno);
                sys::exit_now(exec_failure_code(Step::Exec));
            }
        },
        _ => sys::exit_now(ORPHANED),
    }
    loop {
        check_failure(socket.as_fd(), handshake);
        thread::sleep(Duration::from_micros(200));
    }
}

fn check_failure(socket: BorrowedFd<'_>, handshake: &Handshake) {
    let failed = handshake.failed.load(Ordering::Acquire);
    if failed == 0 {
        return;
    }
    let step = match failed >> 16 {
        0 => Step::StartThread,
        1 => Step::NoNewPrivs,
        2 => Step::InstallFilter,
        _ => Step::Exec,
    };
    fail(socket, step, failed & 0xffff);
    sys::exit_now(exec_failure_code(step));
}

/// Tells the supervisor; the exit code is the shell's for a command that cannot be run.
fn fail(socket: BorrowedFd<'_>, step: Step, errno: i32) -> ExitCode {
    // Whether anybody still listens makes no difference any more.
    let _ = sys::send(socket, &Frame::Failed { step, errno }.encode());
    ExitCode::from(exec_failure_code(step))
}

fn exec_failure_code(step: Step) -> u8 {
    match step {
        Step::Exec => 126,
        Step::StartThread | Step::NoNewPrivs | Step::InstallFilter => ORPHANED,
    }
}

fn next(socket: BorrowedFd<'_>) -> Option<Frame> {
    let mut packet = vec![0; MAX_FRAME];
    let got = sys::receive(socket, &mut packet).ok()?;
    Frame::decode(&packet[..got]).ok()
}

/// The file that a command's first word names: as it is if it has a slash, else the first executable of that name in
/// `PATH`, as execvp(3) looks for it.
fn resolve(word: &OsStr) -> Option<OsString> {
    if word.as_bytes().contains(&b'/') {
        return Some(word.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(word))
        .find(|file| is_executable(file))
        .map(Into::into)
}

fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
