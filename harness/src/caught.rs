//! A trapped call of either mechanism. A subject may have both: some of its calls are notified, others are traced.

use kernel::{Behind, Notification, Received, Settling, Stopped, Trapped};
use model::{Call, Fault, Outcome};

/// A call that one of the mechanisms trapped.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one call, and a box would cost an allocation for each"
)]
pub(crate) enum Caught {
    /// By notification.
    Notified(Notification),
    /// By ptrace.
    Traced(Stopped),
}

impl Trapped for Caught {
    type Return = Behind;

    fn call(&self) -> &Call {
        match self {
            Caught::Notified(call) => call.call(),
            Caught::Traced(call) => call.call(),
        }
    }

    fn pass(self) -> Outcome {
        match self {
            Caught::Notified(call) => call.pass(),
            Caught::Traced(call) => call.pass(),
        }
    }

    fn settle(self, fault: &Fault) -> Settling {
        match self {
            Caught::Notified(call) => call.settle(fault),
            Caught::Traced(call) => call.settle(fault),
        }
    }
}

/// What a listener received.
pub(crate) fn notified(received: Received<Notification>) -> Received<Caught> {
    match received {
        Received::Call(call) => Received::Call(Caught::Notified(call)),
        Received::Returned(never) => match never {},
        Received::Lost(tid) => Received::Lost(tid),
        Received::Nothing => Received::Nothing,
        Received::Gone => Received::Gone,
    }
}

/// What a tracer received.
pub(crate) fn traced(received: Received<Stopped>) -> Received<Caught> {
    match received {
        Received::Call(call) => Received::Call(Caught::Traced(call)),
        Received::Returned(behind) => Received::Returned(behind),
        Received::Lost(tid) => Received::Lost(tid),
        Received::Nothing => Received::Nothing,
        Received::Gone => Received::Gone,
    }
}
