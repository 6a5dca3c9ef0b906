//! Tests of duress from outside, on real Go and the real kernel; and of the house itself.

mod attach;
mod bad_input;
mod bad_luck;
mod conditions;
mod doctor;
mod executed;
mod explain;
mod faults;
mod launch;
mod mistakes;
mod no_harm;
mod plans;
mod quiet;
mod readme;
mod replay;
mod resources;
mod rhythm;
mod scenarios;
mod sites;
mod strace;
mod strace_table;
mod surprises;
mod tidy;
mod tracing;
mod truth;
mod verdicts;
