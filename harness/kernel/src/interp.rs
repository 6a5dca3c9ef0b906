//! A small interpreter of classic BPF, so that filters are tested without putting them on.
//!
//! It knows the instructions that seccomp allows and our compiler makes; anything else is an error.

/// `struct seccomp_data`, as the program sees it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Data {
    pub(crate) nr: u32,
    pub(crate) arch: u32,
    pub(crate) instruction_pointer: u64,
    pub(crate) args: [u64; 6],
}

impl Data {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(self.nr.to_ne_bytes());
        bytes.extend(self.arch.to_ne_bytes());
        bytes.extend(self.instruction_pointer.to_ne_bytes());
        for arg in self.args {
            bytes.extend(arg.to_ne_bytes());
        }
        bytes
    }
}

/// Runs a program on a call and gives what it returns, or what is wrong with it.
pub(crate) fn run(instructions: &[u8], data: &Data) -> Result<u32, String> {
    let (data, mut pc, mut accumulator) = (data.bytes(), 0_usize, 0_u32);
    loop {
        let one = instructions.get(pc * 8..pc * 8 + 8).ok_or(format!("ran off the end at {pc}"))?;
        let code = u16::from_ne_bytes([one[0], one[1]]);
        let (jt, jf) = (usize::from(one[2]), usize::from(one[3]));
        let k = u32::from_ne_bytes([one[4], one[5], one[6], one[7]]);
        pc += 1;
        let mut jump = |taken: bool| pc += if taken { jt } else { jf };
        match code {
            // BPF_LD | BPF_W | BPF_ABS
            0x20 => {
                let at = k as usize;
                let word = data.get(at..at + 4).ok_or(format!("loads beyond the data at {k}"))?;
                accumulator = u32::from_ne_bytes([word[0], word[1], word[2], word[3]]);
            }
            // BPF_ALU | BPF_AND | BPF_K
            0x54 => accumulator &= k,
            // BPF_JMP | BPF_JA
            0x05 => pc += k as usize,
            // BPF_JMP | BPF_{JEQ, JGT, JGE, JSET} | BPF_K
            0x15 => jump(accumulator == k),
            0x25 => jump(accumulator > k),
            0x35 => jump(accumulator >= k),
            0x45 => jump(accumulator & k != 0),
            // BPF_RET | BPF_K
            0x06 => return Ok(k),
            other => return Err(format!("unknown instruction {other:#x} at {}", pc - 1)),
        }
    }
}
