//! Whether a condition holds for a call.

use super::address::Address;
use super::claim::Claim;
use super::compile::{is_execution, names_family, register, sent};
use super::field::{Field, Home, NARROW, Size};
use super::path::joined;
use super::state::Memory;
use super::syntax::{Expr, Key, Predicate, Where};
use super::text::Text;
use crate::tables::{self, Shape};
use model::{Call, Caller, Facts, Frame, Sysno};

/// How many bytes of a buffer are looked at.
const SAMPLE: u64 = 4096;

/// The largest socket address (`struct sockaddr_storage`).
const LONGEST_ADDRESS: u64 = 128;

impl Where {
    /// Whether it holds for this call; to be asked for every call of the subject, in order, that passes the sieve.
    ///
    /// A question that the facts do not answer is answered with no.
    pub(crate) fn holds(
        &self,
        call: &Call,
        facts: &mut dyn Facts,
        memory: &mut Memory,
        has_fired: &dyn Fn(&str) -> bool,
    ) -> bool {
        if is_execution(call.sysno) {
            memory.executions += 1;
        }
        let shape = tables::shape(call.sysno);
        let executions = memory.executions;
        let mut asked =
            Asked { call, shape, facts, executions, has_fired, names: None, addresses: None, caller: None };
        if !asked.holds(&self.condition) {
            return false;
        }
        let Some(once_per) = &self.once_per else { return true };
        let values: Option<Vec<_>> = once_per.keys.iter().map(|key| asked.value(*key)).collect();
        values.is_some_and(|values| memory.is_first(values))
    }
}

/// A call that conditions are asked about. What several predicates ask for is looked up once, and so is the same for all.
struct Asked<'a> {
    call: &'a Call,
    shape: &'static Shape,
    facts: &'a mut dyn Facts,
    executions: u64,
    has_fired: &'a dyn Fn(&str) -> bool,
    names: Option<Vec<Vec<u8>>>,
    addresses: Option<Vec<Address>>,
    caller: Option<Option<Caller>>,
}

impl Asked<'_> {
    fn holds(&mut self, condition: &Expr) -> bool {
        match condition {
            Expr::Leaf(leaf) => self.is(&leaf.predicate),
            Expr::Not(part) => !self.holds(part),
            Expr::All(parts) => parts.iter().all(|part| self.holds(part)),
            Expr::Any(parts) => parts.iter().any(|part| self.holds(part)),
        }
    }

    fn is(&mut self, predicate: &Predicate) -> bool {
        let sysno = self.call.sysno;
        match predicate {
            Predicate::Path(text) => self.names().iter().any(|name| text.matches(name)),
            Predicate::Fd(numbers) => {
                self.shape.fds.iter().any(|fd| numbers.contains(self.arg(*fd) & NARROW))
            }
            Predicate::FdKind(kinds) => {
                let descriptors: Vec<i32> = self.descriptors().collect();
                let mut is_one = |fd| self.facts.descriptor(fd).is_some_and(|it| kinds.contains(&it.kind));
                descriptors.into_iter().any(&mut is_one)
            }
            Predicate::Port(numbers) => {
                let mut ports = self.addresses().iter().filter_map(Address::port);
                ports.any(|port| numbers.contains(u64::from(port)))
            }
            Predicate::Addr(hosts) => self.addresses().iter().any(|address| hosts.contains(address)),
            Predicate::Family(families) if names_family(sysno) => {
                families.iter().any(|family| self.arg(0) & NARROW == u64::from(*family))
            }
            Predicate::Family(families) => {
                self.addresses().iter().any(|address| families.contains(&address.family))
            }
            Predicate::Arg(arg, claim) => {
                register(*arg, self.shape).is_some_and(|register| claim.holds(self.arg(*arg), register.bits))
            }
            Predicate::Field(field, claim) => self.is_claimed(field, claim).unwrap_or(false),
            Predicate::String(arg, text) => {
                let is_pointer = register(*arg, self.shape).is_some_and(|register| register.bits == u64::MAX);
                is_pointer && self.facts.string(self.arg(*arg)).is_some_and(|string| text.matches(&string))
            }
            Predicate::Data(arg, text) => self.is_sent(*arg, text).unwrap_or(false),
            Predicate::Exe(text) => {
                let is_old = self.facts.exe().is_some_and(|exe| text.matches(&exe));
                is_old || self.executed().is_some_and(|exe| text.matches(&exe))
            }
            Predicate::Argv(text) => {
                let is_like = |words: Vec<Vec<u8>>| words.iter().any(|word| text.matches(word));
                self.facts.argv().is_some_and(is_like) || self.new_argv().is_some_and(is_like)
            }
            Predicate::Child(numbers) => {
                self.facts.generation().is_some_and(|generation| numbers.contains(u64::from(generation)))
            }
            Predicate::Exec(numbers) => is_execution(sysno) && numbers.contains(self.executions),
            Predicate::Uid(numbers) => self.facts.uid().is_some_and(|uid| numbers.contains(u64::from(uid))),
            Predicate::After(rule) => (self.has_fired)(rule),
            Predicate::Site(function) => {
                self.caller().is_some_and(|caller| caller.site.frames.iter().any(|frame| function.is(frame)))
            }
            Predicate::Caller(function) => {
                self.caller().and_then(|caller| caller.site.user()).is_some_and(|frame| function.is(frame))
            }
            Predicate::Package(text) => self.caller().is_some_and(|caller| {
                let mut packages = caller.site.frames.iter().map(Frame::package);
                // What is not Go's has none.
                packages.any(|package| !package.is_empty() && text.matches(package.as_bytes()))
            }),
            Predicate::Test(name) => self.caller().and_then(Caller::test).is_some_and(|test| name.is(test)),
            Predicate::Goroutine(goroutines) => self.caller().is_some_and(|caller| goroutines.are_of(caller)),
        }
    }

    fn arg(&self, index: u8) -> u64 {
        self.call.args.get(usize::from(index)).copied().unwrap_or(0)
    }

    /// A descriptor as the kernel takes it: the lower half, signed. None where it stands for something else, such as
    /// the working folder.
    fn descriptor(&self, index: u8) -> Option<i32> {
        let fd = u32::try_from(self.arg(index) & NARROW).ok()?.cast_signed();
        (fd >= 0).then_some(fd)
    }

    fn descriptors(&self) -> impl Iterator<Item = i32> {
        self.shape.fds.iter().filter_map(|fd| self.descriptor(*fd))
    }

    /// The pathnames among the arguments, from the root.
    fn paths(&mut self) -> Vec<Vec<u8>> {
        let mut paths = Vec::new();
        for path in self.shape.paths {
            let Some(name) = self.facts.string(self.arg(path.pointer)).filter(|name| !name.is_empty()) else {
                // An empty one stands for the descriptor beside it (AT_EMPTY_PATH).
                continue;
            };
            let folder = match path.dirfd {
                _ if name.starts_with(b"/") => Some(Vec::new()),
                Some(dirfd) if self.descriptor(dirfd).is_some() => {
                    self.descriptor(dirfd).and_then(|fd| self.facts.descriptor(fd)).map(|folder| folder.name)
                }
                Some(_) | None => self.facts.cwd(),
            };
            paths.extend(folder.map(|folder| joined(&folder, &name)));
        }
        paths
    }

    /// The pathnames among the arguments, and the names of the descriptors.
    fn names(&mut self) -> &[Vec<u8>] {
        if self.names.is_none() {
            let mut names = self.paths();
            let descriptors: Vec<i32> = self.descriptors().collect();
            names.extend(descriptors.into_iter().filter_map(|fd| Some(self.facts.descriptor(fd)?.name)));
            self.names = Some(names);
        }
        self.names.as_deref().unwrap_or_default()
    }

    /// The address that the call is given, or else both ends of its sockets: the other end first.
    fn addresses(&mut self) -> &[Address] {
        if self.addresses.is_none() {
            let given = self.shape.address.filter(|(pointer, _)| self.arg(*pointer) != 0);
            let addresses = match given {
                Some((pointer, length)) => {
                    let length = (self.arg(length) & NARROW).min(LONGEST_ADDRESS);
                    let bytes = self.bytes(self.arg(pointer), length);
                    bytes.and_then(|bytes| Address::decode(&bytes)).into_iter().collect()
                }
                None => {
                    let descriptors: Vec<i32> = self.descriptors().collect();
                    let ends = descriptors.into_iter().filter_map(|fd| self.facts.socket(fd));
                    ends.flat_map(|ends| [ends.peer, ends.local])
                        .filter_map(|bytes| Address::decode(&bytes))
                        .collect()
                }
            };
            self.addresses = Some(addresses);
        }
        self.addresses.as_deref().unwrap_or_default()
    }

    fn bytes(&mut self, address: u64, length: u64) -> Option<Vec<u8>> {
        self.facts.bytes(address, usize::try_from(length).ok()?)
    }

    fn is_claimed(&mut self, field: &Field, claim: &Claim) -> Option<bool> {
        let (pointer, size) = match field.home(self.call.sysno)? {
            Home::Register(register) => return Some(claim.holds(self.arg(register.arg), register.bits)),
            Home::Memory { pointer, size } => (self.arg(pointer), size),
        };
        let how = size;
        let size = match size {
            Size::Argument(arg) => register(arg, self.shape).map(|register| self.arg(arg) & register.bits)?,
            Size::Within { offset, least } => {
                let bytes = self.bytes(pointer.checked_add(offset)?, 4)?;
                let size = u64::from(u32::from_ne_bytes(bytes.try_into().ok()?));
                if size == 0 { least } else { size }
            }
        };
        let place = field.bytes();
        let (start, end) = (u64::try_from(place.start).ok()?, u64::try_from(place.end).ok()?);
        // What says the size is read whatever it says.
        let says_the_size = matches!(how, Size::Within { offset, .. } if offset == start);
        if end > size && !says_the_size {
            return field.beyond_the_end().map(|value| claim.holds(value, field.bits()));
        }
        if field.is_port() && !self.addresses().iter().any(|address| address.port().is_some()) {
            return None;
        }
        let bytes = self.bytes(pointer.checked_add(start)?, end - start)?;
        Some(claim.holds(field.value(&bytes)?, field.bits()))
    }

    /// Whether the buffer that the call sends is this argument, and what it begins with is like that.
    fn is_sent(&mut self, arg: u8, text: &Text) -> Option<bool> {
        let (pointer, count) = sent(self.call.sysno).filter(|(pointer, _)| *pointer == arg)?;
        let count = self.arg(count) & register(count, self.shape)?.bits;
        Some(text.matches(&self.bytes(self.arg(pointer), count.min(SAMPLE))?))
    }

    /// The program that the call is about to execute.
    fn executed(&mut self) -> Option<Vec<u8>> {
        is_execution(self.call.sysno).then(|| self.names().first().cloned())?
    }

    /// The command line that the call is about to give.
    fn new_argv(&mut self) -> Option<Vec<Vec<u8>>> {
        let pointer = match self.call.sysno {
            Sysno::execve => self.arg(1),
            Sysno::execveat => self.arg(2),
            _ => return None,
        };
        self.facts.strings(pointer)
    }

    /// Who made the call, where that can be known.
    fn caller(&mut self) -> Option<&Caller> {
        if self.caller.is_none() {
            self.caller = Some(self.facts.caller());
        }
        self.caller.as_ref()?.as_ref()
    }

    /// What `once-per` tells calls apart by.
    fn value(&mut self, key: Key) -> Option<Vec<u8>> {
        let bytes = |number: u64| number.to_ne_bytes().to_vec();
        match key {
            Key::Path => self.names().first().cloned(),
            Key::Fd => self.descriptors().next().map(|fd| fd.to_ne_bytes().to_vec()),
            Key::Exe => self.executed().or_else(|| self.facts.exe()),
            Key::Pid => self.facts.process().map(|process| process.0.to_ne_bytes().to_vec()),
            Key::Tid => Some(self.call.tid.0.to_ne_bytes().to_vec()),
            Key::Arg(arg) => register(arg, self.shape).map(|register| bytes(self.arg(arg) & register.bits)),
            Key::Site => self.caller().map(|caller| bytes(caller.site.key().0)),
            Key::Test => self.caller().and_then(Caller::test).map(|test| test.as_bytes().to_vec()),
            // Every process counts its own.
            Key::Goroutine => {
                let goroutine = self.caller()?.goroutine.as_ref()?.id;
                let process = self.facts.process()?;
                Some([bytes(goroutine), process.0.to_ne_bytes().to_vec()].concat())
            }
            Key::Port => self.addresses().iter().find_map(Address::port).map(|port| bytes(u64::from(port))),
        }
    }
}
