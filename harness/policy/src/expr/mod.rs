//! Conditions on calls: the language of `where`.
//!
//! ```text
//! text ─Where::read─► Where ─┬─ sieve ──► what the kernel's filter decides, for each system call
//!  │                         ├─ holds ──► whether it holds for a call, from what Facts answer
//!  └► mistakes               ├─ check ──► predicates that fit none of the rule's calls
//!                            └─ explain ► who decides what, and what that costs
//! ```
//!
//! ```text
//! path(/var/**) & !fdkind(pipe) | arg(3 & O_CREAT) and perf.exclude_kernel == 0
//! ```
//!
//! `!` (`not`) binds tightest, then `&` (`&&`, `and`), then `|` (`||`, `or`). A predicate's argument ends at its own
//! closing parenthesis; balanced ones inside, and those after a `\`, belong to it. `once-per(…)` stands outside of
//! everything else, and is asked last. In names of functions `(*T)` and `[...]` are Go's, not wildcards.
//!
//! **Invariants.** Every text is a condition or has a mistake with a place. What can hold passes the sieve; where the
//! sieve is exact, what passes holds. A condition reads back from its own text. A predicate about something that the
//! call has not, or that cannot be found out, does not hold, and its negation does.

mod address;
mod check;
mod claim;
mod compile;
mod cursor;
mod eval;
mod explain;
mod field;
mod function;
mod glob;
mod goroutine;
mod numbers;
mod parser;
mod path;
mod predicate;
#[cfg(test)]
mod properties;
mod state;
mod syntax;
mod test_name;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub(crate) use state::Memory;
pub(crate) use syntax::Where;
