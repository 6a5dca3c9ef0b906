//! Tests of duress from outside, on real Go and the real kernel; and of the house itself.

mod bad_input;
mod bad_luck;
mod doctor;
mod faults;
mod launch;
mod no_harm;
mod plans;
mod readme;
mod replay;
mod scenarios;
mod strace;
mod strace_table;
mod tidy;
mod verdicts;
