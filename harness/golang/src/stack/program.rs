//! An executable, and what its processes have in common.

use super::image::Image;
use super::layout::Support;
use super::module::Module;
use super::sites::Sites;
use super::symbols::Symbols;
use super::threads::Variables;
use crate::Error;
use std::io;

/// An executable, and what was learned of it from its processes.
#[derive(Debug)]
pub struct Program {
    /// What the file says.
    pub image: Image,
    pub(super) symbols: Symbols,
    pub(super) sites: Sites,
    pub(super) variables: Variables,
    /// Where the runtime's table of itself is, counted from where the file is loaded.
    pub(super) module: Option<u64>,
}

impl Program {
    /// Reads an executable by way of `read_at`, which behaves like `std::os::unix::fs::FileExt::read_at`.
    ///
    /// # Errors
    /// Those of [`Image::read`].
    pub fn read(read_at: impl FnMut(u64, &mut [u8]) -> io::Result<usize>) -> Result<Program, Error> {
        Ok(Program {
            image: Image::read(read_at)?,
            symbols: Symbols::default(),
            sites: Sites::default(),
            variables: Variables::default(),
            module: None,
        })
    }

    /// How well its Go version is known.
    pub fn support(&self) -> Support {
        self.image.support
    }
}

/// A program in a process, for those who only look.
pub(crate) struct View<'a> {
    pub(crate) image: &'a Image,
    pub(crate) module: &'a Module,
}

impl View<'_> {
    /// The name of the function that an instruction belongs to.
    pub(crate) fn function_name(&self, pc: u64) -> Option<&[u8]> {
        let function = self.image.table.find(self.module.offset(pc)?)?;
        Some(self.image.table.name_at(self.image.table.name(function)))
    }
}
