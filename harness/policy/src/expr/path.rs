//! Paths, compared by their letters alone: links are not followed.

/// The path without `.`, `..`, `//` and a `/` at the end.
pub(super) fn cleaned(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    [b"/", parts.join(&b'/').as_slice()].concat()
}

/// A path as it is seen from a folder.
pub(super) fn joined(folder: &[u8], path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") { cleaned(path) } else { cleaned(&[folder, b"/", path].concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form() {
        for (path, form) in [
            ("/", "/"),
            ("//a///b/", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/../..", "/"),
            ("b/..", "/work"),
            ("../x", "/x"),
            ("", "/work"),
        ] {
            assert_eq!(String::from_utf8(joined(b"/work", path.as_bytes())).as_deref(), Ok(form), "{path}");
        }
    }
}
