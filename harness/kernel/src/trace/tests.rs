//! What the mechanism does to real processes.

mod family;
mod faults;
mod launch;
mod running;
mod signals;
