//! XML, read far enough to tell whether it is well-formed.

/// An element of an XML document.
#[derive(Debug)]
pub struct Element {
    /// Its name, behind those of the elements it is in.
    pub path: String,
    /// By name and value, in the order in which they stand.
    pub attributes: Vec<(String, String)>,
    /// The attributes of the element that it is in.
    parent: Vec<(String, String)>,
}

impl Element {
    /// The elements of a document that is well-formed, each before those in it. No DTD, no processing instruction but the
    /// declaration.
    ///
    /// # Errors
    /// What is not well-formed, in words.
    pub fn read(text: &str) -> Result<Vec<Element>, String> {
        parse(text)
    }

    /// An attribute of its test case, which is itself or what it is in; empty where there is none.
    pub fn owner(&self, name: &str) -> &str {
        let of_case = if self.path.ends_with("testcase") { &self.attributes } else { &self.parent };
        of_case.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn parse(text: &str) -> Result<Vec<Element>, String> {
    // XML 1.0, 2.2: of the control characters, tab and line ends alone.
    if let Some(bad) = text.chars().find(|c| c.is_ascii_control() && !"\t\n\r".contains(*c)) {
        return Err(format!("{bad:?} is no character of XML"));
    }
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("no declaration")?;
    while let Some((before, tag)) = rest.split_once('<') {
        if before.contains("]]>") {
            return Err("`]]>` in text".to_owned());
        }
        unescape(before)?;
        if open.is_empty() && !(before.trim().is_empty() && elements.is_empty()) {
            return Err("something stands outside of the root element".to_owned());
        }
        if let Some(data) = tag.strip_prefix("![CDATA[") {
            rest = data.split_once("]]>").ok_or("CDATA does not end")?.1;
            continue;
        }
        // A `>` in an attribute's value would be legal; it is not written.
        let (tag, after) = tag.split_once('>').ok_or("a tag does not end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().ok_or("closed and never opened")?;
            if elements[last].path.rsplit(' ').next() != Some(name) {
                return Err(format!("</{name}> closes {}", elements[last].path));
            }
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let parent = open.last().map(|parent: &usize| &elements[*parent]);
        let path = parent.map_or(name.to_owned(), |parent| format!("{} {name}", parent.path));
        let parent = parent.map(|parent| parent.attributes.clone()).unwrap_or_default();
        elements.push(Element { path, attributes: read_attributes(attributes)?, parent });
        if !is_empty {
            open.push(elements.len() - 1);
        }
    }
    if !open.is_empty() || !rest.trim().is_empty() {
        return Err(format!("{} elements are left open", open.len()));
    }
    Ok(elements)
}

fn read_attributes(mut text: &str) -> Result<Vec<(String, String)>, String> {
    let mut attributes = Vec::new();
    while !text.trim().is_empty() {
        let (name, after) =
            text.trim_start().split_once("=\"").ok_or_else(|| format!("no attribute: {text}"))?;
        let (value, after) = after.split_once('"').ok_or("a value does not end")?;
        if attributes.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} is given twice"));
        }
        attributes.push((name.to_owned(), unescape(value)?));
        text = after;
    }
    Ok(attributes)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, after) = piece.split_once(';').ok_or_else(|| format!("a bare & before {piece:?}"))?;
        plain.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            other => return Err(format!("&{other}; is not known")),
        });
        plain.push_str(after);
    }
    Ok(plain)
}
