//! Signals, interruptions and ends.

use crate::mechanism::{Settling, Trapped};
use crate::puppet::{Puppet, listen, say};
use crate::sys::caught::{catch, caught};
use crate::sys::seccomp::getppid;
use model::{Errno, Execution, Fault, ForcedResult, Outcome, Signal, Victim};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::getpid;
use std::time::Duration;

/// `SI_KERNEL`, `SI_TKILL`, `SYS_SECCOMP` of `include/uapi/asm-generic/siginfo.h`.
const SI_KERNEL: i64 = 0x80;
const SI_TKILL: i64 = -6;
const SYS_SECCOMP: i64 = 1;
/// `AUDIT_ARCH_X86_64`, as a signed number.
const ARCHITECTURE: i64 = 0xc000_003e - (1 << 32);

fn signal(raw: i32) -> Fault {
    Fault { signal: Signal::from_raw(raw), ..Fault::default() }
}

fn ask() {
    say(getppid(&[0; 6]).is_ok());
}

#[test]
fn a_signal_looks_like_the_kernels() {
    let script = || {
        for signal in [libc::SIGUSR1, 40] {
            catch(signal, 0);
            ask();
            let (count, caught) = caught();
            say((count, caught.signal, caught.errno, caught.code, caught.rest));
        }
    };
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    let mut signals = [libc::SIGUSR1, 40].into_iter();
    let outcomes = puppet.drive(|_| signal(signals.next().unwrap()));
    assert_eq!(outcomes, [Outcome::Passed; 2]);
    let said = puppet.shell.hear_all();
    // As measured with strace 6.1, `-e inject=getppid:signal=SIGUSR1`.
    assert_eq!(said[..2], ["true".to_owned(), format!("(1, 10, 0, {SI_KERNEL}, [0, 0, 0, 0])")]);
    assert_eq!(said[2..4], ["true".to_owned(), format!("(2, 40, 0, {SI_KERNEL}, [0, 0, 0, 0])")]);
}

#[test]
fn a_real_signal_keeps_its_sender() {
    let script = || {
        catch(libc::SIGUSR1, 0);
        // Ours is sent first, and stays behind: it is blocked.
        let usr1 = SigSet::from(nix::sys::signal::Signal::SIGUSR1);
        usr1.thread_block().unwrap();
        ask();
        catch(libc::SIGUSR2, 0);
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGUSR2).unwrap();
        let (_, caught) = caught();
        say((caught.code, caught.rest[0] == i64::from(getpid().as_raw())));
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (_, said) = puppet.suffer(&signal(libc::SIGUSR1));
    assert_eq!(said[1..], [format!("({SI_TKILL}, true)"), "ended 0".to_owned()]);
}

#[test]
fn a_signal_interrupts_a_call_that_sleeps() {
    let script = || {
        catch(libc::SIGUSR1, 0);
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        say(nix::unistd::read(&reader, &mut [0; 1]));
        say(caught().0);
    };
    let Some(puppet) = Puppet::start(&["read"], script) else { return };
    let (outcomes, said) = puppet.suffer(&signal(libc::SIGUSR1));
    assert_eq!(outcomes, [Outcome::Passed]);
    assert_eq!(said, ["Err(EINTR)", "1", "ended 0"]);
}

#[test]
fn a_call_that_will_be_made_again_has_returned_interrupted() {
    let script = || {
        catch(libc::SIGUSR1, libc::SA_RESTART);
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        say(nix::unistd::read(&reader, &mut [0; 1]));
        say(caught().0);
    };
    let Some(mut puppet) = Puppet::start(&["read"], script) else { return };
    let mut is_first = true;
    let outcomes = puppet.drive(|_| {
        if std::mem::take(&mut is_first) {
            Fault { delay_exit: Duration::from_secs(1), ..signal(libc::SIGUSR1) }
        } else {
            Fault::forced(ForcedResult::Value(1))
        }
    });
    assert_eq!(outcomes, [Outcome::Executed(-4), Outcome::Injected]);
    assert_eq!(puppet.shell.hear_all(), ["Ok(1)", "1", "ended 0"]);
}

#[test]
fn a_signal_that_is_blocked_is_the_kernels_too() {
    let script = || {
        let usr1 = SigSet::from(nix::sys::signal::Signal::SIGUSR1);
        usr1.thread_block().unwrap();
        let signals = SignalFd::with_flags(&usr1, SfdFlags::SFD_NONBLOCK).unwrap();
        say(signals.read_signal().unwrap().is_none());
        ask();
        let info = signals.read_signal().unwrap().unwrap();
        say((info.ssi_signo, info.ssi_code, info.ssi_pid));
        say(signals.read_signal().unwrap().is_none());
    };
    let fault = signal(libc::SIGUSR1);
    for (fault, answer) in [
        (fault.clone(), "true"),
        (Fault { signal: fault.signal, ..Fault::forced(ForcedResult::Error(Errno::EPERM)) }, "false"),
        (Fault { execution: Execution::Changed(vec![(0, 1)]), ..fault.clone() }, "true"),
    ] {
        let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
        let (_, said) = puppet.suffer(&fault);
        assert_eq!(said, ["true", answer, &format!("(10, {SI_KERNEL}, 0)"), "true", "ended 0"], "{fault:?}");
    }
}

#[test]
fn sigkill_is_a_fault_that_befell_its_call() {
    let Some(puppet) = Puppet::start(&["getppid"], ask) else { return };
    let (outcomes, said) = puppet.suffer(&signal(libc::SIGKILL));
    assert_eq!(outcomes, [Outcome::Killed]);
    assert_eq!(said, ["ended 137"]);
}

fn interrupted() -> Fault {
    Fault { signal: Some(Signal::SIGURG), ..Fault::forced(ForcedResult::Interrupted) }
}

#[test]
fn an_interrupted_call_fails_without_sa_restart() {
    let script = || {
        catch(libc::SIGURG, 0);
        say(getppid(&[0; 6]).map_err(|errno| errno.0));
        say(caught().0);
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&interrupted());
    assert_eq!(outcomes, [Outcome::Injected]);
    assert_eq!(said, ["Err(4)", "1", "ended 0"]);
}

#[test]
fn an_interrupted_call_is_made_again_with_sa_restart() {
    let script = || {
        catch(libc::SIGURG, libc::SA_RESTART);
        say(getppid(&[7, 6, 5, 4, 3, 2]).is_ok());
        say(caught().0);
    };
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    let mut storm = 3;
    let outcomes = puppet.drive(|call| {
        assert_eq!(call.args, [7, 6, 5, 4, 3, 2], "it is the same call");
        storm -= 1;
        if storm >= 0 { interrupted() } else { Fault::default() }
    });
    assert_eq!(outcomes, [Outcome::Injected, Outcome::Injected, Outcome::Injected, Outcome::Passed]);
    assert_eq!(puppet.shell.hear_all(), ["true", "3", "ended 0"]);
}

#[test]
fn an_interrupted_call_is_made_again_where_nobody_catches_the_signal() {
    // SIGURG is ignored by default.
    let Some(mut puppet) = Puppet::start(&["getppid"], ask) else { return };
    let mut is_first = true;
    let outcomes =
        puppet.drive(|_| if std::mem::take(&mut is_first) { interrupted() } else { Fault::default() });
    assert_eq!(outcomes, [Outcome::Injected, Outcome::Passed]);
    assert_eq!(puppet.shell.hear_all(), ["true", "ended 0"]);
}

#[test]
fn a_blocked_signal_interrupts_with_an_error_and_nothing_later() {
    let script = || {
        catch(libc::SIGURG, libc::SA_RESTART);
        let urg = SigSet::from(nix::sys::signal::Signal::SIGURG);
        nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&urg), None).unwrap();
        say(getppid(&[0; 6]).map_err(|errno| errno.0));
        urg.thread_unblock().unwrap();
        say(caught().0);
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&interrupted());
    assert_eq!(outcomes, [Outcome::Injected]);
    assert_eq!(said, ["Err(4)", "1", "ended 0"]);
}

#[test]
fn an_executed_call_can_be_told_interrupted() {
    let script = || {
        catch(libc::SIGURG, 0);
        let path = std::env::temp_dir().join(format!("duress-{}", getpid()));
        say(nix::unistd::mkdir(&path, nix::sys::stat::Mode::S_IRWXU));
        say(std::fs::remove_dir(path));
    };
    let Some(puppet) = Puppet::start(&["mkdir"], script) else { return };
    let (outcomes, said) = puppet.suffer(&Fault { execution: Execution::AsMade, ..interrupted() });
    assert_eq!(outcomes, [Outcome::Executed(0)]);
    assert_eq!(said, ["Err(EINTR)", "Ok(())", "ended 0"]);
}

fn killed(victim: Victim) -> Fault {
    Fault { execution: Execution::Killed(victim), ..Fault::default() }
}

#[test]
fn a_trapped_thread_gets_what_seccomp_sends() {
    let script = || {
        catch(libc::SIGSYS, 0);
        say(getppid(&[0; 6]));
        let (count, caught) = caught();
        say((count, caught.errno, caught.code, &caught.rest[2..], caught.result));
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&killed(Victim::Trapped));
    assert_eq!(outcomes, [Outcome::Killed]);
    let number = libc::SYS_getppid;
    assert_eq!(said[0], format!("Ok({number})"), "seccomp(2): the result register is what it was");
    assert_eq!(said[1], format!("(1, 0, {SYS_SECCOMP}, [{number}, {ARCHITECTURE}], {number})"));
}

#[test]
fn a_trapped_thread_that_does_not_care_dies() {
    let Some(puppet) = Puppet::start(&["getppid"], ask) else { return };
    let (outcomes, said) = puppet.suffer(&killed(Victim::Trapped));
    assert_eq!(outcomes, [Outcome::Killed]);
    assert_eq!(said, [format!("ended {}", 128 + libc::SIGSYS)]);
}

#[test]
fn a_killed_thread_vanishes_alone() {
    let script = || {
        let victim = std::thread::spawn(|| {
            say("going");
            ask();
            say("never said");
        });
        // It is not joined: a thread that vanishes like this says goodbye to nobody.
        std::mem::forget(victim);
        listen();
        say("alive");
        std::process::abort();
    };
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    let stopped = puppet.call();
    let victim = stopped.call().tid;
    assert_eq!(stopped.settle(&killed(Victim::Thread)), Settling::Done(Outcome::Killed));
    while std::path::Path::new(&format!("/proc/{}/task/{victim}", puppet.process)).exists() {
        puppet.tracer.pump();
        std::thread::yield_now();
    }
    puppet.shell.tell("go");
    assert!(puppet.drive(|_| Fault::default()).is_empty());
    assert_eq!(puppet.shell.hear_all(), ["\"going\"", "\"alive\"", "ended 134"]);
}

#[test]
fn a_killed_process_dies_of_sigsys() {
    let script = || {
        catch(libc::SIGSYS, 0);
        std::thread::spawn(ask).join().unwrap();
        say("never said");
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&killed(Victim::Process));
    assert_eq!(outcomes, [Outcome::Killed]);
    assert_eq!(said, [format!("ended {}", 128 + libc::SIGSYS)]);
}
