//! A tracee made of bytes: its calls, and what it answers when it is asked.

use model::{
    Call, Caller, Code, Descriptor, Facts, FdKind, Frame, Goroutine, Nanos, Site, SocketEnds, Sysno, Tgid,
    Tid,
};
use policy::Plan;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many bytes make a call.
const CALL: usize = 16;

/// How many calls are made at most.
const MOST: usize = 64;

/// A thread in a call. Asked the same, it answers the same.
#[derive(Debug, Clone)]
pub struct Tracee<'b> {
    /// The call that it sleeps in.
    pub call: Call,
    bytes: &'b [u8],
    number: u64,
}

/// Some of the plan's calls, and one that is not.
pub fn known(plan: &Plan) -> Vec<Sysno> {
    let calls = plan.rules.iter().flat_map(|rule| rule.calls.iter().take(20)).copied();
    let mut known: Vec<Sysno> = calls.collect::<BTreeSet<_>>().into_iter().take(60).collect();
    known.push(Sysno::getpid);
    known
}

/// The calls that are in these bytes, all of them of the known ones, and when they are made.
pub fn calls<'b>(bytes: &'b [u8], known: &[Sysno]) -> Vec<(Tracee<'b>, Nanos)> {
    let mut now = 0;
    let mut calls = Vec::new();
    for (number, words) in (0..).zip(bytes.chunks_exact(CALL).take(MOST)) {
        let sysno = known[usize::from(words[0]) % known.len()];
        let mut args = [0; 6];
        for (arg, pair) in args.iter_mut().zip(words[1..].chunks_exact(2)) {
            let low = u64::from(pair[1]);
            *arg = match pair[0] % 5 {
                0 => low,
                1 => !low,
                2 => 1 << (low % 64),
                3 => low << 32 | u64::from(pair[0]),
                _ => low << 8 | u64::from(pair[0]),
            };
        }
        now += u64::from(words[13]) << (words[14] % 32);
        let call = Call { tid: Tid(i32::from(words[15] % 3)), sysno, args, pc: 0 };
        calls.push((Tracee { call, bytes, number }, Nanos(now)));
    }
    calls
}

impl Tracee<'_> {
    /// What a question is answered with: some of the bytes, or nothing.
    fn answer(&self, question: u64, at: u64) -> Option<Vec<u8>> {
        let mut hash = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ question << 56 ^ at;
        hash = (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^= hash >> 32;
        if hash.is_multiple_of(7) || self.bytes.is_empty() {
            return None;
        }
        let start = usize::try_from(hash >> 8).ok()? % self.bytes.len();
        let length = usize::try_from(hash >> 40).ok()? % 40;
        Some(self.bytes[start..].iter().take(length).copied().collect())
    }

    fn number(&self, question: u64) -> Option<u64> {
        self.answer(question, 0)
            .map(|bytes| bytes.iter().take(3).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn words(&self, question: u64, at: u64) -> Option<Vec<Vec<u8>>> {
        Some(self.answer(question, at)?.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect())
    }

    fn text(&self, question: u64, at: u64) -> Option<String> {
        Some(String::from_utf8_lossy(&self.answer(question, at)?).into_owned())
    }

    fn frame(&self, at: u64) -> Option<Frame> {
        const CODES: [Code; 4] = [Code::User, Code::Dependency, Code::Standard, Code::Foreign];
        let function = self.text(16, at)?;
        let code = CODES[function.len() % CODES.len()];
        Some(Frame {
            is_shown: !function.starts_with('r'),
            function: function.into(),
            file: "".into(),
            line: 1,
            code,
        })
    }
}

impl Facts for Tracee<'_> {
    fn string(&mut self, address: u64) -> Option<Vec<u8>> {
        self.answer(1, address)
            .map(|bytes| bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
    }
    fn bytes(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        let mut bytes = self.answer(2, address)?.repeat(1 + length / 40);
        bytes.truncate(length);
        Some(bytes)
    }
    fn strings(&mut self, address: u64) -> Option<Vec<Vec<u8>>> {
        self.words(3, address)
    }
    fn descriptor(&mut self, fd: i32) -> Option<Descriptor> {
        let name = self.answer(4, u64::from(fd.cast_unsigned()))?;
        let kind = FdKind::ALL[name.len() % FdKind::ALL.len()].1;
        Some(Descriptor { kind, name })
    }
    fn socket(&mut self, fd: i32) -> Option<SocketEnds> {
        let local = self.answer(5, u64::from(fd.cast_unsigned()))?;
        let peer = self.answer(6, u64::from(fd.cast_unsigned()))?;
        Some(SocketEnds { local, peer })
    }
    fn cwd(&mut self) -> Option<Vec<u8>> {
        self.answer(7, 0)
    }
    fn exe(&mut self) -> Option<Vec<u8>> {
        self.answer(8, 0)
    }
    fn argv(&mut self) -> Option<Vec<Vec<u8>>> {
        self.words(9, 0)
    }
    fn uid(&mut self) -> Option<u32> {
        self.number(10).and_then(|number| u32::try_from(number).ok())
    }
    fn process(&mut self) -> Option<Tgid> {
        self.number(11).and_then(|number| i32::try_from(number).ok()).map(Tgid)
    }
    fn generation(&mut self) -> Option<u32> {
        self.number(12).and_then(|number| u32::try_from(number % 4).ok())
    }
    fn open_descriptors(&mut self) -> Option<u64> {
        self.number(13)
    }
    fn mapped_bytes(&mut self) -> Option<u64> {
        self.number(14)
    }
    fn threads(&mut self) -> Option<u64> {
        self.number(15)
    }
    fn caller(&mut self) -> Option<Caller> {
        let goroutine = self.number(17).map(|id| Goroutine {
            id,
            parent: None,
            creator: self.frame(8),
            entry: self.frame(9),
            test: self.text(18, 0),
        });
        let site = Site {
            frames: (0..self.number(19)? % 4).filter_map(|at| self.frame(at)).collect(),
            is_whole: true,
        };
        Some(Caller { site: Arc::new(site), goroutine: goroutine.map(Arc::new) })
    }
}
