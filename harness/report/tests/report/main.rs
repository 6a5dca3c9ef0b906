//! Journals made in memory, and what is said about them.

mod divergences;
mod drawings;
mod journals;
mod properties;
mod verdicts;
