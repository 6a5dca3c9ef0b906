//! `kernel=4.19`, `kernel=gvisor`: an older Linux, or one that is none.

mod calls;
mod flags;
mod gvisor;
mod persona;
mod release;

pub(crate) use persona::read;
