//! From instructions to functions, files and lines; what was put together is kept.

use super::image::Image;
use super::memory::Memory;
use super::names;
use super::pclntab::{Function, Inlined, TextOffset};
use super::symbols::{FOREIGN, Place, Quick, Spread};
use model::{Code, Frame, Site};
use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::Arc;

/// How many call paths are remembered for an executable, and what they and their texts may take, in bytes.
const SITES: usize = 1 << 10;
const KEPT: usize = 512 << 10;

/// How many calls may be inlined into each other, and how many there may be in all of a path; what its texts may take, in
/// bytes. Real ones have two or three each, and stay below 1024 and 100 KiB.
const DEEPEST: usize = 128;
const FRAMES: usize = 4096;
const LARGEST: usize = 1 << 20;

/// The longest name of a function or a file that is shown, in bytes: the longest path that Linux takes.
const SHOWN: usize = 4096;

/// The call paths of an executable that were put together.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    /// By a hash of the path; of two with the same, the newer is kept.
    known: HashMap<u64, KnownSite, Quick>,
    /// What they take in bytes, without their texts.
    size: usize,
    texts: Texts,
}

/// A call path and the site that it is.
#[derive(Debug)]
struct KnownSite {
    path: Box<[TextOffset]>,
    is_whole: bool,
    site: Arc<Site>,
}

/// Names of functions and files, each once, by where the table of functions has them.
#[derive(Debug, Default)]
struct Texts {
    known: HashMap<usize, Arc<str>, Quick>,
    /// What they take, in bytes.
    size: usize,
}

impl Texts {
    fn of(&mut self, text: &[u8]) -> Arc<str> {
        if text.is_empty() {
            return Arc::default();
        }
        let place = text.as_ptr().addr();
        if let Some(known) = self.known.get(&place) {
            return Arc::clone(known);
        }
        let new: Arc<str> = short(&generic(&String::from_utf8_lossy(text))).into();
        self.size += new.len() + size_of::<(usize, Arc<str>)>() * 2;
        self.known.insert(place, Arc::clone(&new));
        new
    }
}

impl Sites {
    /// The site of a path of instructions, innermost first. `gofunc` is where the tables of inlined calls are in memory.
    pub(crate) fn site(
        &mut self,
        image: &Image,
        path: &[Place],
        is_whole: bool,
        gofunc: u64,
        memory: &mut dyn Memory,
    ) -> Arc<Site> {
        let hash = digest(path, is_whole);
        let same = |known: &&KnownSite| {
            let places = known.path.iter().zip(path);
            known.is_whole == is_whole && known.path.len() == path.len() && { places }
                .all(|(known, place)| *known == place.at)
        };
        if let Some(known) = self.known.get(&hash).filter(same) {
            return Arc::clone(&known.site);
        }
        if self.known.len() >= SITES || self.size + self.texts.size > KEPT {
            *self = Sites::default();
        }
        let mut frames = Vec::new();
        let is_cut = !self.reading(image, gofunc, memory).all(path, &mut frames);
        names::show(&mut frames);
        frames.shrink_to_fit();
        let path: Box<[TextOffset]> = path.iter().map(|place| place.at).collect();
        self.size += size_of_val(&*frames) + size_of_val(&*path) + size_of::<(u64, KnownSite, Site)>() * 2;
        let site = Arc::new(Site { frames, is_whole: is_whole && !is_cut });
        self.known.insert(hash, KnownSite { path, is_whole, site: Arc::clone(&site) });
        site
    }

    /// The frame of an instruction alone, for where a goroutine was started: the innermost one.
    pub(crate) fn innermost(
        &mut self,
        image: &Image,
        place: Place,
        gofunc: u64,
        memory: &mut dyn Memory,
    ) -> Option<Frame> {
        let mut frames = Vec::new();
        let mut reading = self.reading(image, gofunc, memory);
        reading.is_panic = true;
        reading.logical(place, &mut frames);
        names::show(&mut frames);
        frames.into_iter().next()
    }

    fn reading<'r>(&'r mut self, image: &'r Image, gofunc: u64, memory: &'r mut dyn Memory) -> Reading<'r> {
        Reading { image, gofunc, memory, texts: &mut self.texts, is_panic: false }
    }
}

fn digest(path: &[Place], is_whole: bool) -> u64 {
    let mut spread = Spread::default();
    for place in path {
        spread.write_u32(place.at);
    }
    spread.write_u32(u32::from(is_whole));
    spread.finish()
}

/// A call path that is being read.
struct Reading<'r> {
    image: &'r Image,
    gofunc: u64,
    memory: &'r mut dyn Memory,
    texts: &'r mut Texts,
    /// The frame before is of a panic.
    is_panic: bool,
}

impl Reading<'_> {
    /// Appends the frames of a path; says whether all of them. A path that takes too much memory or time is cut.
    fn all(&mut self, path: &[Place], frames: &mut Vec<Frame>) -> bool {
        let before = self.texts.size;
        let mut found = 0;
        path.iter().all(|place| {
            found += self.logical(*place, frames);
            found <= FRAMES && self.texts.size - before <= LARGEST
        })
    }

    /// Appends the frames of an instruction: those of inlined calls, and that of the function itself. Gives how many
    /// there are, left out ones included.
    fn logical(&mut self, place: Place, frames: &mut Vec<Frame>) -> usize {
        if place.at == FOREIGN {
            frames.push(foreign());
            return 1;
        }
        let table = &self.image.table;
        let Some(function) = table.find(place.at) else { return 1 };
        let mut at = place.within(function);
        let mut found = 1;
        for _ in 0..DEEPEST {
            let Some(inlined) = self.inlined(function, at) else { break };
            if !inlined.is_wrapper || self.is_panic {
                frames.push(self.frame(inlined.name, function, at));
            }
            at = inlined.parent;
            self.is_panic = false;
            found += 1;
        }
        // Go's own lists of callers leave wrappers out, unless they panicked (runtime/traceback.go, `elideWrapperCalling`).
        if table.is_wrapper(function) && !self.is_panic {
            return found;
        }
        let name = table.name(function);
        let panics: [&[u8]; 3] = [b"runtime.gopanic", b"runtime.sigpanic", b"runtime.panicwrap"];
        self.is_panic = panics.contains(&table.name_at(name));
        frames.push(self.frame(name, function, at));
        found
    }

    /// The inlined call that an instruction belongs to.
    fn inlined(&mut self, function: Function, at: TextOffset) -> Option<Inlined> {
        let index = self.image.table.inline_index(function, at)?;
        let tree = self.image.table.inline_tree(function)?;
        inlined_at(self.image, function, self.gofunc.checked_add(u64::from(tree))?, index, self.memory)
    }

    fn frame(&mut self, name: u32, function: Function, at: TextOffset) -> Frame {
        let Image { table, names, .. } = self.image;
        let function_name = self.texts.of(table.name_at(name));
        let line = table.line(function, at);
        let file = self.texts.of(line.as_ref().map_or(&[], |line| line.file));
        Frame {
            code: names.code(&function_name, &file),
            function: function_name,
            file,
            line: line.map_or(0, |line| line.line),
            is_shown: false,
        }
    }
}

/// One entry of a function's tree of inlined calls.
pub(crate) fn inlined_at(
    image: &Image,
    function: Function,
    tree: u64,
    index: u32,
    memory: &mut dyn Memory,
) -> Option<Inlined> {
    let mut bytes = [0; 20];
    let bytes = bytes.get_mut(..image.table.inlined_size())?;
    let address = tree.checked_add(u64::from(index) * bytes.len() as u64)?;
    if memory.read(address, bytes) < bytes.len() {
        return None;
    }
    image.table.inlined(bytes, function)
}

/// The frame that stands for all code that is not Go's.
pub(crate) fn foreign() -> Frame {
    Frame { function: "<C>".into(), file: Arc::default(), line: 0, code: Code::Foreign, is_shown: true }
}

/// As much of a name as is shown.
fn short(name: &str) -> &str {
    &name[..name.floor_char_boundary(SHOWN)]
}

/// A name with `[...]` in the place of type arguments, as Go prints it (runtime/traceback.go, `funcNameForPrint`).
fn generic(name: &str) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}[...]{}", &name[..open], &name[close + 1..]),
        _ => name.to_owned(),
    }
}
