//! The profiles that we bring along; where they come from is told in profiles/README.md.

use super::caps;

/// A profile under a name of its own.
pub(super) struct Profile {
    pub(super) text: &'static str,
    /// What a container of that engine has, if it is not told otherwise.
    pub(super) caps: &'static [&'static str],
}

/// The names, for lists.
#[cfg(test)]
pub(super) const NAMES: [&str; 3] = ["docker", "podman", "k8s-runtime-default"];

/// The profile by this name.
pub(super) fn profile(name: &str) -> Option<Profile> {
    Some(match name {
        "docker" => Profile { text: include_str!("../../profiles/docker.json"), caps: caps::DOCKER },
        "podman" => Profile { text: include_str!("../../profiles/podman.json"), caps: caps::PODMAN },
        "k8s-runtime-default" => {
            Profile { text: include_str!("../../profiles/k8s-runtime-default.json"), caps: caps::DOCKER }
        }
        _ => return None,
    })
}
