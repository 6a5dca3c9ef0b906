//! A Go program that makes the system calls it is told to make, and says what each of them gave.
//!
//! It starts within milliseconds, where `go test` takes a second: for what is the same under both.

use crate::{Module, Outcome};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Takes words such as `getpgid*12`, in order; all calls are made by one thread.
const SOURCE: &str = r#"package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func say(call string, number int, result uintptr, err error, took time.Duration) {
	errno := 0
	if e, is := err.(syscall.Errno); is {
		errno = int(e)
	}
	fmt.Printf("made %s %d result=%d errno=%d us=%d\n", call, number, int64(result), errno, took.Microseconds())
}

func main() {
	runtime.LockOSThread()
	made := map[string]int{}
	for _, word := range os.Args[1:] {
		call, times, _ := strings.Cut(word, "*")
		count, err := strconv.Atoi(times)
		if err != nil {
			count = 1
		}
		for i := 0; i < count; i++ {
			made[call]++
			var result uintptr
			var err error
			begin := time.Now()
			switch call {
			case "getpgid":
				r, _, e := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
				result, err = r, e
			case "getppid":
				r, _, e := syscall.RawSyscall(syscall.SYS_GETPPID, 0, 0, 0)
				result, err = r, e
			case "mkdir":
				if err = os.Mkdir("made", 0o755); err != nil {
					err = err.(*os.PathError).Err
				}
			case "open":
				if _, err = os.Open("absent"); err != nil {
					err = err.(*os.PathError).Err
				}
			case "exec":
				if err = exec.Command("/bin/true").Run(); err != nil {
					err = err.(*os.PathError).Err
				}
			case "child":
				child := exec.Command(os.Args[0], "getpgid*3")
				child.Stdout, child.Stderr = os.Stdout, os.Stderr
				if err := child.Run(); err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
			default:
				fmt.Println("no such call:", call)
				os.Exit(2)
			}
			say(call, made[call], result, err, time.Since(begin))
		}
	}
}
"#;

/// The program's path; built once.
///
/// # Panics
/// Where it cannot be built.
pub fn caller() -> &'static str {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| Module::new(&[("main.go", SOURCE)]).program("e2e-caller"));
    path.to_str().expect("the checkout's path is text")
}

/// One call as the program saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub call: String,
    /// Which of the calls of this name it was, from 1.
    pub number: u64,
    /// What it returned; `-1` with an error.
    pub result: i64,
    /// The error; 0 without one.
    pub errno: i32,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

impl Made {
    /// What the program said, from both streams: with JSON on standard output it is on standard error.
    ///
    /// # Panics
    /// Where it said nothing.
    pub fn all(outcome: &Outcome) -> Vec<Made> {
        let lines = outcome.stdout.lines().chain(outcome.stderr.lines());
        let made: Vec<Made> = lines.filter_map(Made::parse).collect();
        assert!(!made.is_empty(), "the program made no call\n{outcome:?}");
        made
    }

    /// The numbers of the calls of this name that had an error.
    pub fn failed(outcome: &Outcome, call: &str) -> Vec<u64> {
        let made = Made::all(outcome).into_iter().filter(|made| made.call == call && made.errno != 0);
        made.map(|made| made.number).collect()
    }

    /// The errors of the calls of this name, in order; 0 where there was none.
    pub fn errors(outcome: &Outcome, call: &str) -> Vec<i32> {
        Made::all(outcome).into_iter().filter(|made| made.call == call).map(|made| made.errno).collect()
    }

    /// The results of the calls of this name, in order.
    pub fn results(outcome: &Outcome, call: &str) -> Vec<i64> {
        Made::all(outcome).into_iter().filter(|made| made.call == call).map(|made| made.result).collect()
    }

    fn parse(line: &str) -> Option<Made> {
        let words: Vec<&str> = line.strip_prefix("made ")?.split(' ').collect();
        let [call, number, result, errno, took] = words[..] else { return None };
        Some(Made {
            call: call.to_owned(),
            number: number.parse().ok()?,
            result: result.strip_prefix("result=")?.parse().ok()?,
            errno: errno.strip_prefix("errno=")?.parse().ok()?,
            took_us: took.strip_prefix("us=")?.parse().ok()?,
        })
    }
}
