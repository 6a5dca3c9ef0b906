//! Socket addresses: what the kernel writes, and what conditions say of them.

use super::text::Text;
use crate::piece::Piece;
use model::Diagnostic;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A socket address, as far as conditions can ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) family: u16,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Ip(IpAddr, u16),
    /// A path, or `@` and an abstract name.
    Unix(Vec<u8>),
    Other,
}

/// Families by the name that conditions use, and their number.
///
/// # Kernel
/// Linux 6.1, `include/linux/socket.h`.
pub(super) const FAMILIES: [(&str, u16); 7] =
    [("unix", 1), ("inet", 2), ("inet6", 10), ("netlink", 16), ("packet", 17), ("alg", 38), ("vsock", 40)];

impl Address {
    /// Reads a `sockaddr`; nothing where it is too short for its family.
    pub(super) fn decode(bytes: &[u8]) -> Option<Address> {
        let family = u16::from_ne_bytes(*bytes.first_chunk()?);
        let name = FAMILIES.iter().find(|(_, number)| *number == family).map(|(name, _)| *name);
        let port = || Some(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?));
        let place = match name {
            // ip(7), ipv6(7), unix(7).
            Some("inet") => Place::Ip(Ipv4Addr::from(*bytes.get(4..)?.first_chunk::<4>()?).into(), port()?),
            Some("inet6") => Place::Ip(Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?).into(), port()?),
            Some("unix") => Place::Unix(match bytes.get(2..)? {
                [0, rest @ ..] if !rest.is_empty() => [b"@", rest].concat(),
                path => path.split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
            }),
            Some(_) | None => Place::Other,
        };
        Some(Address { family, place })
    }

    pub(super) fn port(&self) -> Option<u16> {
        match self.place {
            Place::Ip(_, port) => Some(port),
            Place::Unix(_) | Place::Other => None,
        }
    }
}

/// Which addresses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Hosts {
    /// Those in one of these networks.
    Networks(Vec<Network>),
    /// Unix sockets with a path like this, or an abstract name like this after an `@`.
    Unix(Text),
}

/// The addresses that begin with these bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

const HELP: &str = "write `127.0.0.1`, `::1`, `10.0.0.0/8` or a list of them; or the path of a unix socket (`/run/*.sock`, `@name`)";

impl Hosts {
    pub(super) fn read(piece: &Piece<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Hosts> {
        let piece = piece.trim();
        if piece.text().is_empty() {
            diagnostics.push(piece.error("an address is missing").help(HELP));
            return None;
        }
        if piece.text().starts_with(['/', '@', '=', '~', '#', '*']) {
            return Text::read(&piece).map_err(|mistake| diagnostics.push(mistake)).ok().map(Hosts::Unix);
        }
        let parts = piece.split(',');
        let expected = parts.len();
        let mut networks = Vec::new();
        for part in parts {
            match network(&part.trim()) {
                Ok(network) => networks.push(network),
                Err(mistake) => diagnostics.push(mistake),
            }
        }
        let is_sound = networks.len() == expected;
        networks.sort_unstable();
        networks.dedup();
        is_sound.then_some(Hosts::Networks(networks))
    }

    pub(super) fn contains(&self, address: &Address) -> bool {
        match (self, &address.place) {
            (Hosts::Networks(networks), Place::Ip(address, _)) => {
                networks.iter().any(|network| network.contains(*address))
            }
            (Hosts::Unix(text), Place::Unix(path)) => text.matches(path),
            (Hosts::Networks(_) | Hosts::Unix(_), Place::Ip(..) | Place::Unix(_) | Place::Other) => false,
        }
    }
}

impl Network {
    /// An IPv4 address is in its network also where an IPv6 socket has it (`::ffff:127.0.0.1`), as Go's have.
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address, address.to_canonical()) {
            (IpAddr::V4(own), _, IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other), _) => {
                (own.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(self.prefix)
            }
            (IpAddr::V4(_), _, IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_), _) => false,
        }
    }
}

fn network(piece: &Piece<'_>) -> Result<Network, Diagnostic> {
    let (host, length) = match piece.split_once("/") {
        Some((host, length)) => (host, Some(length)),
        None => (piece.clone(), None),
    };
    let address: IpAddr = host.text().parse().map_err(|_| {
        let mistake = host.error(format!("`{}` is not an address", host.shown()));
        match host.text() {
            "localhost" => mistake.label("names are not looked up").help("write `127.0.0.0/8,::1`"),
            text if FAMILIES.iter().any(|(name, _)| *name == text) => {
                mistake.label("this is a family of addresses").help(format!("write `family({text})`"))
            }
            _ => mistake.help(HELP),
        }
    })?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let Some(length) = length else { return Ok(Network { address, prefix: most }) };
    let prefix = length.text().parse().ok().filter(|prefix| *prefix <= most).ok_or_else(|| {
        length
            .error(format!("`{}` is not the length of a network", length.shown()))
            .help(format!("write how many bits all its addresses share: 0 to {most}"))
    })?;
    Ok(Network { address: first(address, prefix), prefix })
}

/// The first address that shares so many bits with this one.
fn first(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let kept = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & kept).into()
        }
        IpAddr::V6(v6) => {
            let kept = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & kept).into()
        }
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hosts::Unix(text) => write!(f, "{text}"),
            Hosts::Networks(networks) => {
                let words: Vec<String> = networks.iter().map(Network::to_string).collect();
                f.write_str(&words.join(","))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.prefix) {
            (IpAddr::V4(host), 32) => write!(f, "{host}"),
            (IpAddr::V6(host), 128) => write!(f, "{host}"),
            (network, prefix) => write!(f, "{network}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Source;
    use std::sync::Arc;

    fn read(text: &str) -> Result<Hosts, Vec<(usize, usize)>> {
        let source = Arc::new(Source { name: "-e".into(), text: text.into() });
        let mut diagnostics = Vec::new();
        Hosts::read(&Piece::of(&source, 0..text.len()), &mut diagnostics).ok_or_else(|| {
            diagnostics
                .into_iter()
                .filter_map(|mistake| mistake.place)
                .map(|(_, span)| (span.start, span.end))
                .collect()
        })
    }

    /// As the kernel would write it.
    fn address(text: &str) -> Address {
        let bytes = match text.parse() {
            Ok(IpAddr::V4(v4)) => [&2_u16.to_ne_bytes()[..], &[0x1f, 0x90], &v4.octets(), &[0; 8]].concat(),
            Ok(IpAddr::V6(v6)) => {
                [&10_u16.to_ne_bytes()[..], &[0x1f, 0x90, 0, 0, 0, 0], &v6.octets(), &[0; 4]].concat()
            }
            Err(_) => [&1_u16.to_ne_bytes()[..], text.replace('@', "\0").as_bytes(), b"\0"].concat(),
        };
        Address::decode(&bytes).expect(text)
    }

    #[test]
    fn hosts_are_addresses_networks_and_unix_sockets() {
        for (hosts, yes, no) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("10.1.2.3/8", "10.255.0.1", "11.0.0.1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("::1", "::1", "::2"),
            ("fe80::/10", "febf::1", "fec0::1"),
            ("::/0", "::ffff:1.2.3.4", "1.2.3.4"),
            ("::1, 127.0.0.0/8", "127.1.1.1", "128.0.0.1"),
            ("/run/*.sock", "/run/a.sock", "/run/a/b.sock"),
            ("~run", "/run/a", "127.0.0.1"),
        ] {
            let hosts = read(hosts).expect(hosts);
            assert!(hosts.contains(&address(yes)), "{hosts} {yes}");
            assert!(!hosts.contains(&address(no)), "{hosts} {no}");
            assert_eq!(read(&hosts.to_string()).as_ref(), Ok(&hosts));
        }
        assert_eq!(address("::1").port(), Some(8080));
        assert!(read("@bus*").expect("sound").contains(&address("@bus-1")));
        assert_eq!(Address::decode(&[2, 0, 0, 80, 1, 2, 3]), None);
        assert_eq!(Address::decode(&[2]), None);
    }

    #[test]
    fn every_wrong_address_is_shown() {
        for (text, at) in [
            ("", vec![(0, 0)]),
            ("localhost", vec![(0, 9)]),
            ("inet", vec![(0, 4)]),
            ("1.2.3.4,x,5", vec![(8, 9), (10, 11)]),
            ("10.0.0.0/33", vec![(9, 11)]),
            ("::1/", vec![(4, 4)]),
            ("/run/a/", vec![(1, 6)]),
        ] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }
}
