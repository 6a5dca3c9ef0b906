//! `duress doctor`: what this host allows, and what therefore works.

use super::{Screen, print};
use crate::cli::{DoctorArgs, ListFormat};
use crate::doctor::{Audit, Diagnosis, Gates, Host, Root, human};
use crate::exit::{Code, Failure, chain};

pub(super) fn run(args: &DoctorArgs, screen: Screen) -> Result<Code, Failure> {
    let root = match &args.root {
        None => Root::live(),
        Some(folder) if folder.is_dir() => Root::tree(folder),
        Some(folder) => return Err(Failure::yours(format!("{} is no folder", folder.display()))),
    };
    let cwd = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let host = Host::look(root, &cwd);
    let binary = args.binary.as_deref().map(|file| Audit::of(file, &host)).transpose()?;
    let gates =
        Gates { max_paranoid: args.max_paranoid, min_kernel: args.min_kernel, needs: args.need.clone() };
    let diagnosis = Diagnosis::of(&host, args.root.clone(), &gates, binary);
    print(&match args.format {
        ListFormat::Human => human(&diagnosis, screen.out),
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&diagnosis);
            format!("{}\n", text.map_err(|error| Failure::ours(chain(&error)))?)
        }
    })?;
    Ok(if diagnosis.is_well() { Code::Clean } else { Code::Theirs })
}
