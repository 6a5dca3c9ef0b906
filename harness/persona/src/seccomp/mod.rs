//! `seccomp=FILE`, `seccomp=docker`, …: the system calls that a container's or a service's filter takes away.
//!
//! ```text
//! a container engine's JSON ──oci──┐
//! a unit's SystemCallFilter= ─systemd─┴─► Filter: for each call, what it may and what not ──► rules that are quiet
//! ```
//!
//! On x86-64 and for calls that this build can name, the rules answer as the filter would. A value of 64 bits for an
//! argument that is an `int` is the plan's mistake to find, for it knows the arguments.

mod builtin;
mod caps;
mod filter;
mod oci;
mod place;
#[rustfmt::skip]
mod sets;
mod systemd;
mod term;
#[cfg(test)]
mod tests;

use crate::{Denials, Host, Open, Part, Refusal, Word};
use model::Source;
use std::sync::Arc;

const HELP: &str = "write `seccomp=docker`, `podman`, `k8s-runtime-default`, a set of systemd such as `@system-service`, or a file, and `:caps=SYS_ADMIN+SYS_PTRACE` \
                    behind it for capabilities that the container has in addition";

/// Reads the profile that the word names, and says what becomes of system calls under it.
pub(crate) fn read(word: &Word, host: &Host, open: Open<'_>, errno: Denials) -> Result<Part, Refusal> {
    let mistake = |message: String| Refusal::Mistakes(vec![word.error(message).help(HELP)]);
    let value = word.value().unwrap_or_default();
    let (name, added) = match value.rsplit_once(":caps=") {
        Some((name, added)) => (name, Some(added)),
        None => (value, None),
    };
    if name.is_empty() {
        return Err(mistake("a seccomp profile is missing".to_owned()));
    }
    let built_in = builtin::profile(name);
    let usual = built_in.as_ref().map_or(caps::DOCKER, |profile| profile.caps);
    let caps = caps::read(usual, added).map_err(mistake)?;
    let text = match built_in {
        Some(profile) => profile.text.to_owned(),
        // A set by itself: the allow list of a unit that asks for an error in the place of a signal.
        None if name.starts_with('@') => format!("SystemCallFilter={name}\nSystemCallErrorNumber=EPERM\n"),
        None => open(name).map_err(|error| mistake(format!("cannot read `{name}`: {error}")))?,
    };
    profile(name, text, &caps, &host.release, errno)
}

/// What becomes of system calls under the profile of this text, in a container with Docker's capabilities.
///
/// # Errors
/// Every mistake in the text, with its place.
pub fn read_profile(name: &str, text: &str, release: &str) -> Result<Part, Refusal> {
    let caps = caps::read(caps::DOCKER, None).unwrap_or_default();
    profile(name, text.to_owned(), &caps, release, Denials::AsWritten)
}

fn profile(
    name: &str,
    text: String,
    caps: &caps::Caps,
    release: &str,
    errno: Denials,
) -> Result<Part, Refusal> {
    let source = Arc::new(Source { name: name.to_owned(), text });
    let mut mistakes = place::Mistakes::new(&source);
    let filter = if source.text.len() > place::LONGEST {
        mistakes.push(0..0, format!("the profile is longer than {} bytes", place::LONGEST));
        None
    } else if source.text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        oci::read(&source, &oci::Container { caps, release }, &mut mistakes)
    } else {
        systemd::read(&source, &mut mistakes)
    };
    let part = filter.and_then(|filter| filter.part(errno, &mut mistakes));
    match part {
        Some(part) if mistakes.is_empty() => Ok(part),
        _ => Err(Refusal::Mistakes(mistakes.into_list())),
    }
}
