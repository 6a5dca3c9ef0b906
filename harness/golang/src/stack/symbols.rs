//! From code addresses to functions, files and lines; what was looked up is kept.

use super::image::Image;
use super::memory::Memory;
use super::names;
use super::pclntab::{Function, Inlined, TextOffset};
use model::{Code, Frame, Site};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// How many instructions are remembered for an executable, and how many call paths; what these may take in all, in bytes.
const PLACES: usize = 16 << 10;
const SITES: usize = 2 << 10;
const KEPT: usize = 64 << 20;

/// How many calls may be inlined into each other, and how many there may be in all of a path; what a path may take, in
/// bytes. Real ones have two or three each, and stay below 1024 and 100 KiB.
const DEEPEST: usize = 128;
const FRAMES: usize = 4096;
const LARGEST: usize = 1 << 20;

/// The longest name of a function or a file that is shown, in bytes: the longest path that Linux takes.
const SHOWN: usize = 4096;

/// What stands for all code that is not Go's in a call path.
pub(crate) const FOREIGN: TextOffset = TextOffset::MAX;

/// How the walk goes on from a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// As from any other.
    None,
    /// The last of its stack.
    Top,
    /// It writes the stack pointer: what is above cannot be found.
    SpWrite,
    /// `runtime.systemstack`: the caller is on the goroutine's own stack.
    SystemStack,
    /// `runtime.morestack`: likewise.
    MoreStack,
    /// `runtime.sigtramp`: the kernel's signal frame follows.
    SignalTrampoline,
    /// `runtime.asyncPreempt`, `runtime.sigpanic`, `runtime.debugCallV2`: what it seems to return to was interrupted, and did
    /// not call.
    Injected,
}

/// What the walk needs to know of an instruction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// How far the stack pointer is below the return address; nothing where no table says so.
    pub(crate) sp_delta: Option<i32>,
    pub(crate) special: Special,
    /// It is one of the two instructions by which Go's library calls the kernel, behind `entersyscall`.
    pub(crate) is_system_call: bool,
}

/// The code of an executable and what was looked up in it.
#[derive(Debug)]
pub(crate) struct Symbols {
    steps: HashMap<TextOffset, Option<Step>, Quick>,
    sites: HashMap<u64, Vec<KnownSite>, Quick>,
    /// How many sites there are, and how many bytes they take.
    kept: (usize, usize),
}

/// A call path and the site that it is.
#[derive(Debug)]
struct KnownSite {
    path: Box<[TextOffset]>,
    is_whole: bool,
    site: Arc<Site>,
}

/// Keys are addresses or hashes already: one multiplication spreads them.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

pub(crate) type Quick = BuildHasherDefault<Spread>;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // The odd number nearest to 2^64 divided by the golden ratio. The table takes its place from the high bits, too.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

impl Symbols {
    pub(crate) fn new() -> Symbols {
        Symbols { steps: HashMap::default(), sites: HashMap::default(), kept: (0, 0) }
    }

    /// What the walk needs to know of an instruction; nothing where it belongs to no function.
    pub(crate) fn step(&mut self, image: &Image, at: TextOffset) -> Option<Step> {
        if let Some(known) = self.steps.get(&at) {
            return *known;
        }
        if self.steps.len() >= PLACES {
            self.steps.clear();
        }
        let step = look(image, at);
        self.steps.insert(at, step);
        step
    }

    /// The site of a path of instructions, innermost first. `gofunc` is where the tables of inlined calls are in memory.
    pub(crate) fn site(
        &mut self,
        image: &Image,
        path: &[Place],
        is_whole: bool,
        gofunc: u64,
        memory: &mut dyn Memory,
    ) -> Arc<Site> {
        let mut spread = Spread::default();
        for place in path {
            spread.write_u32(place.at);
        }
        spread.write_u32(u32::from(is_whole));
        let hash = spread.finish();
        let same = |known: &[TextOffset]| {
            known.len() == path.len() && known.iter().zip(path).all(|(known, place)| *known == place.at)
        };
        let known = self
            .sites
            .get(&hash)
            .and_then(|sites| sites.iter().find(|known| same(&known.path) && known.is_whole == is_whole));
        if let Some(known) = known {
            return Arc::clone(&known.site);
        }
        let (site, size) = site(image, path, is_whole, gofunc, memory);
        let site = Arc::new(site);
        let path: Box<[TextOffset]> = path.iter().map(|place| place.at).collect();
        let size = size + size_of_val(&*path);
        if self.kept.0 >= SITES || self.kept.1 + size > KEPT {
            self.sites.clear();
            self.kept = (0, 0);
        }
        self.sites.entry(hash).or_default().push(KnownSite { path, is_whole, site: Arc::clone(&site) });
        self.kept = (self.kept.0 + 1, self.kept.1 + size);
        site
    }
}

/// An instruction of a call path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: TextOffset,
    /// Whether this very instruction was interrupted. Otherwise it is what a call returns to, and the call is before it.
    pub(crate) is_exact: bool,
}

impl Place {
    /// The instruction that was going on, of the function that this belongs to. A state that the scheduler saved may
    /// be a function's very beginning, where nothing called.
    fn within(self, function: Function) -> TextOffset {
        if self.is_exact || self.at <= function.entry { self.at } else { self.at - 1 }
    }
}

fn look(image: &Image, at: TextOffset) -> Option<Step> {
    let table = &image.table;
    let function = table.find(at)?;
    let name = table.name_at(table.name(function));
    let special = match name {
        b"runtime.systemstack" => Special::SystemStack,
        b"runtime.morestack" => Special::MoreStack,
        b"runtime.sigtramp" => Special::SignalTrampoline,
        b"runtime.asyncPreempt" | b"runtime.sigpanic" | b"runtime.debugCallV2" => Special::Injected,
        _ if table.is_top(function) => Special::Top,
        // It switches stacks with care: both can be walked (runtime/traceback.go, `resolveInternal`).
        _ if table.writes_sp(function) && name != b"runtime.cgocallback" => Special::SpWrite,
        _ => Special::None,
    };
    let is_system_call = name.ends_with(b"/syscall.Syscall6") || name.ends_with(b"/syscall/linux.Syscall6");
    Some(Step { sp_delta: table.sp_delta(function, at), special, is_system_call })
}

/// The site of a path, and how many bytes it takes. One that takes too many, or too long to find out, is cut.
fn site(
    image: &Image,
    path: &[Place],
    is_whole: bool,
    gofunc: u64,
    memory: &mut dyn Memory,
) -> (Site, usize) {
    let mut frames = Vec::new();
    let mut is_panic = false;
    let (mut size, mut found) = (0, 0);
    let mut is_cut = false;
    for place in path {
        let before = frames.len();
        found += logical(image, *place, gofunc, &mut is_panic, memory, &mut frames);
        let new = frames[before..].iter();
        size += new.map(|frame| size_of::<Frame>() + frame.function.len() + frame.file.len()).sum::<usize>();
        if size > LARGEST || found > FRAMES {
            is_cut = true;
            break;
        }
    }
    names::show(&mut frames);
    (Site { frames, is_whole: is_whole && !is_cut }, size)
}

/// Appends the frames of an instruction: those of inlined calls, and that of the function itself. Gives how many there
/// are, left out ones included.
fn logical(
    image: &Image,
    place: Place,
    gofunc: u64,
    is_panic: &mut bool,
    memory: &mut dyn Memory,
    frames: &mut Vec<Frame>,
) -> usize {
    if place.at == FOREIGN {
        frames.push(Frame {
            function: "<C>".to_owned(),
            file: String::new(),
            line: 0,
            code: Code::Foreign,
            is_shown: true,
        });
        return 1;
    }
    let table = &image.table;
    let Some(function) = table.find(place.at) else { return 1 };
    let mut at = place.within(function);
    let mut found = 1;
    for _ in 0..DEEPEST {
        let Some(inlined) = inlined(image, function, at, gofunc, memory) else { break };
        if !inlined.is_wrapper || *is_panic {
            frames.push(frame(image, inlined.name, function, at));
        }
        at = inlined.parent;
        *is_panic = false;
        found += 1;
    }
    // Go's own lists of callers leave wrappers out, unless they panicked (runtime/traceback.go, `elideWrapperCalling`).
    if table.is_wrapper(function) && !*is_panic {
        return found;
    }
    let name = table.name(function);
    *is_panic =
        [&b"runtime.gopanic"[..], b"runtime.sigpanic", b"runtime.panicwrap"].contains(&table.name_at(name));
    frames.push(frame(image, name, function, at));
    found
}

/// The inlined call that an instruction belongs to.
fn inlined(
    image: &Image,
    function: Function,
    at: TextOffset,
    gofunc: u64,
    memory: &mut dyn Memory,
) -> Option<Inlined> {
    let index = image.table.inline_index(function, at)?;
    let tree = image.table.inline_tree(function)?;
    inlined_at(image, function, gofunc.checked_add(u64::from(tree))?, index, memory)
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

fn frame(image: &Image, name: u32, function: Function, at: TextOffset) -> Frame {
    let name = short(generic(&String::from_utf8_lossy(image.table.name_at(name))));
    let line = image.table.line(function, at);
    let (file, line) = line.map_or_else(Default::default, |line| {
        (short(String::from_utf8_lossy(line.file).into_owned()), line.line)
    });
    Frame { code: image.names.code(&name, &file), function: name, file, line, is_shown: false }
}

/// The frame of an instruction alone, for where a goroutine was started: the innermost one.
pub(crate) fn innermost(image: &Image, place: Place, gofunc: u64, memory: &mut dyn Memory) -> Option<Frame> {
    let mut frames = Vec::new();
    let mut is_panic = true;
    logical(image, place, gofunc, &mut is_panic, memory, &mut frames);
    names::show(&mut frames);
    frames.into_iter().next()
}

/// As much of a name as is shown.
fn short(mut name: String) -> String {
    if name.len() > SHOWN {
        name.truncate(name.floor_char_boundary(SHOWN));
        name.shrink_to_fit();
    }
    name
}

/// A name with `[...]` in the place of type arguments, as Go prints it (runtime/traceback.go, `funcNameForPrint`).
fn generic(name: &str) -> String {
    match (name.find('['), name.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}[...]{}", &name[..open], &name[close + 1..]),
        _ => name.to_owned(),
    }
}
