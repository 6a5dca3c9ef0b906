//! Journals made in memory, and what is said about them.

mod divergences;
mod drawings;
mod journals;
mod profiles;
mod properties;
mod verdicts;
