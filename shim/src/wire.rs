//! The frames that shim, guard and supervisor exchange, one packet each.
//!
//! ```text
//! shim:   Hello{Subject} ►   ◄ Program   Listener+fd ►   ◄ Go      (or at any step: Failed ►, ◄ Go away by closing;
//!                                        without a listener: Filtered ►)
//! guard:  Hello{Guard} ►   ◄ Go   Ended ►   ◄ Sweep   Swept ►
//! ```

/// Both ends must speak the same version; they are the same executable, unless somebody mixed two.
pub const VERSION: u8 = 2;

/// No frame is longer: the largest is a filter of 4,096 instructions of 8 bytes.
pub const MAX_FRAME: usize = 40 << 10;

/// Who says hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The guard: exactly one a run.
    Guard,
    /// A shim: one per launch of a target.
    Subject,
}

/// What the shim was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Starting the thread that hands over the listener.
    StartThread,
    /// Giving up the chance of new privileges, which an unprivileged filter requires.
    NoNewPrivs,
    /// Putting on the filter.
    InstallFilter,
    /// Becoming the target.
    Exec,
}

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The first words of either.
    Hello {
        /// Who speaks.
        role: Role,
        /// The folder it runs in.
        cwd: Vec<u8>,
        /// The executable it will become or start.
        program: Vec<u8>,
    },
    /// The filter to put on; empty for none at all.
    Program {
        /// Flags for seccomp(2), `SECCOMP_FILTER_FLAG_*`.
        flags: u32,
        /// `struct sock_filter` after `struct sock_filter`, in this machine's byte order.
        instructions: Vec<u8>,
    },
    /// The filter is on; its listener comes with this packet, as `SCM_RIGHTS`.
    Listener,
    /// The filter is on, and has no listener.
    Filtered,
    /// Go ahead.
    Go,
    /// It cannot be done.
    Failed {
        /// At which step.
        step: Step,
        /// The error number.
        errno: i32,
    },
    /// The command that the guard started has ended.
    Ended {
        /// What wait(2) said.
        status: i32,
    },
    /// End whatever is left of the target.
    Sweep,
    /// Nothing is left.
    Swept {
        /// How many processes had to be ended.
        count: u32,
    },
}

/// A packet that is no frame of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl Frame {
    /// The packet that says this.
    pub fn encode(&self) -> Vec<u8> {
        let mut packet = vec![VERSION, self.tag()];
        match self {
            Frame::Hello { role, cwd, program } => {
                packet.push(match role {
                    Role::Guard => 0,
                    Role::Subject => 1,
                });
                packet.extend_from_slice(&u32::try_from(cwd.len()).unwrap_or(u32::MAX).to_le_bytes());
                packet.extend_from_slice(cwd);
                packet.extend_from_slice(program);
            }
            Frame::Program { flags, instructions } => {
                packet.extend_from_slice(&flags.to_le_bytes());
                packet.extend_from_slice(instructions);
            }
            Frame::Failed { step, errno } => {
                packet.push(match step {
                    Step::StartThread => 0,
                    Step::NoNewPrivs => 1,
                    Step::InstallFilter => 2,
                    Step::Exec => 3,
                });
                packet.extend_from_slice(&errno.to_le_bytes());
            }
            Frame::Ended { status } => packet.extend_from_slice(&status.to_le_bytes()),
            Frame::Swept { count } => packet.extend_from_slice(&count.to_le_bytes()),
            Frame::Listener | Frame::Filtered | Frame::Go | Frame::Sweep => {}
        }
        packet
    }

    /// What a packet says.
    ///
    /// # Errors
    /// [`Malformed`] for another version or bytes that no frame has.
    pub fn decode(packet: &[u8]) -> Result<Frame, Malformed> {
        let [VERSION, tag, body @ ..] = packet else { return Err(Malformed) };
        match tag {
            0 => {
                let (role, rest) = body.split_first().ok_or(Malformed)?;
                let (length, rest) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
                let length = u32::from_le_bytes(*length) as usize;
                let (cwd, program) = rest.split_at_checked(length).ok_or(Malformed)?;
                let role = match role {
                    0 => Role::Guard,
                    1 => Role::Subject,
                    _ => return Err(Malformed),
                };
                Ok(Frame::Hello { role, cwd: cwd.to_vec(), program: program.to_vec() })
            }
            1 => {
                let (flags, instructions) = body.split_first_chunk::<4>().ok_or(Malformed)?;
                Ok(Frame::Program { flags: u32::from_le_bytes(*flags), instructions: instructions.to_vec() })
            }
            2 => Ok(Frame::Listener),
            3 => Ok(Frame::Go),
            4 => {
                let (step, errno) = body.split_first().ok_or(Malformed)?;
                let step = match step {
                    0 => Step::StartThread,
                    1 => Step::NoNewPrivs,
                    2 => Step::InstallFilter,
                    3 => Step::Exec,
                    _ => return Err(Malformed),
                };
                Ok(Frame::Failed { step, errno: i32::from_le_bytes(four(errno)?) })
            }
            5 => Ok(Frame::Ended { status: i32::from_le_bytes(four(body)?) }),
            6 => Ok(Frame::Sweep),
            7 => Ok(Frame::Swept { count: u32::from_le_bytes(four(body)?) }),
            8 => Ok(Frame::Filtered),
            _ => Err(Malformed),
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Frame::Hello { .. } => 0,
            Frame::Program { .. } => 1,
            Frame::Listener => 2,
            Frame::Go => 3,
            Frame::Failed { .. } => 4,
            Frame::Ended { .. } => 5,
            Frame::Sweep => 6,
            Frame::Swept { .. } => 7,
            Frame::Filtered => 8,
        }
    }
}

fn four(body: &[u8]) -> Result<[u8; 4], Malformed> {
    body.try_into().map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        vec![
            Frame::Hello { role: Role::Guard, cwd: b"/a".to_vec(), program: b"go".to_vec() },
            Frame::Hello { role: Role::Subject, cwd: Vec::new(), program: b"/tmp/x.test".to_vec() },
            Frame::Program { flags: 40, instructions: vec![6, 0, 0, 0, 0, 0, 0xff, 0x7f] },
            Frame::Listener,
            Frame::Filtered,
            Frame::Go,
            Frame::Failed { step: Step::Exec, errno: 8 },
            Frame::Failed { step: Step::InstallFilter, errno: 16 },
            Frame::Ended { status: 256 },
            Frame::Sweep,
            Frame::Swept { count: 3 },
        ]
    }

    #[test]
    fn frames_read_back_as_written() {
        for frame in frames() {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn cut_and_foreign_packets_are_malformed_not_fatal() {
        for frame in frames() {
            let packet = frame.encode();
            for cut in 0..packet.len() {
                // A cut Hello may still be one with a shorter program name; it must only not panic.
                let _ = Frame::decode(&packet[..cut]);
            }
            let mut foreign = packet.clone();
            foreign[0] = VERSION + 1;
            assert_eq!(Frame::decode(&foreign), Err(Malformed));
        }
        assert_eq!(Frame::decode(&[VERSION, 0, 1, 255, 255, 255, 255]), Err(Malformed));
        assert_eq!(Frame::decode(&[VERSION, 99]), Err(Malformed));
    }
}
