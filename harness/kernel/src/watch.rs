//! What the loop waits on.

use crate::Readiness;
use crate::sys::poll;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Descriptors to wait on, each with what its readiness means.
///
/// Every wait costs about 50 ns a descriptor that is polled, so only those that are often ready, the listeners, are;
/// all others are in an epoll set, which is polled as one. The listeners are not in it: through epoll the kernel's hint
/// to wake us on the tracee's CPU is lost (`ep_poll_callback` in `fs/eventpoll.c` wakes without it, Linux 6.18).
#[derive(Debug)]
pub struct Watch<T> {
    /// The epoll set first, then the listeners.
    polled: Vec<libc::pollfd>,
    /// What the listeners mean; one less than `polled`.
    listeners: Vec<T>,
    others: Epoll,
    /// The members of the epoll set, by the number they were added with.
    members: Vec<Option<Member<T>>>,
}

/// A descriptor of the epoll set, and what its readiness means.
///
/// It is a descriptor of our own: closing one does not take it out of the set as long as a forked process has a copy
/// (epoll(7), questions and answers), and what stays in the set stays ready.
#[derive(Debug)]
struct Member<T> {
    descriptor: OwnedFd,
    meaning: T,
}

impl<T: Copy + PartialEq> Watch<T> {
    /// Nothing to wait on yet.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> Result<Watch<T>, Errno> {
        let others = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let polled = vec![entry(others.0.as_fd())];
        Ok(Watch { polled, listeners: Vec::new(), others, members: Vec::new() })
    }

    /// Waits on a descriptor that is often ready, until [`Watch::forget`]; it must stay open until then.
    pub fn listen(&mut self, descriptor: BorrowedFd<'_>, meaning: T) {
        self.polled.push(entry(descriptor));
        self.listeners.push(meaning);
    }

    /// Waits on a descriptor that is seldom ready, until [`Watch::forget`].
    ///
    /// # Errors
    /// No memory or no descriptor is left.
    pub fn add(&mut self, descriptor: BorrowedFd<'_>, meaning: T) -> Result<(), Errno> {
        let descriptor = descriptor
            .try_clone_to_owned()
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))?;
        let place = self.members.iter().position(Option::is_none).unwrap_or(self.members.len());
        self.others.add(&descriptor, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
        if place == self.members.len() {
            self.members.push(None);
        }
        self.members[place] = Some(Member { descriptor, meaning });
        Ok(())
    }

    /// Waits no more on what means this.
    pub fn forget(&mut self, meaning: T) {
        while let Some(place) = self.listeners.iter().position(|one| *one == meaning) {
            self.listeners.remove(place);
            self.polled.remove(place + 1);
        }
        for place in &mut self.members {
            if let Some(member) = place.take_if(|member| member.meaning == meaning) {
                // It is in the set, so this cannot fail.
                let _ = self.others.delete(&member.descriptor);
            }
        }
    }

    /// Waits until something is ready, or so long. What is ready is added to `found`, listeners first.
    pub fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<(T, Readiness)>) {
        // Only a signal can be the error, and then the caller's next turn asks again.
        if poll::wait(&mut self.polled, timeout).unwrap_or(0) == 0 {
            return;
        }
        for (entry, meaning) in self.polled[1..].iter().zip(&self.listeners) {
            if entry.revents != 0 {
                let has_call = entry.revents & libc::POLLIN != 0;
                found.push((*meaning, if has_call { Readiness::Readable } else { Readiness::HungUp }));
            }
        }
        if self.polled[0].revents != 0 {
            let mut events = [EpollEvent::empty(); 16];
            let ready = self.others.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            for event in &events[..ready] {
                let place = usize::try_from(event.data()).unwrap_or(usize::MAX);
                if let Some(Some(member)) = self.members.get(place) {
                    found.push((member.meaning, Readiness::Readable));
                }
            }
        }
    }
}

fn entry(descriptor: BorrowedFd<'_>) -> libc::pollfd {
    libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Write, pipe};

    fn ready(watch: &mut Watch<u8>) -> Vec<(u8, Readiness)> {
        let mut found = Vec::new();
        watch.wait(Some(Duration::ZERO), &mut found);
        found
    }

    #[test]
    fn what_is_ready_is_found_by_its_meaning_listeners_first() {
        let mut watch = Watch::new().unwrap();
        let ((seldom, mut to_seldom), (often, mut to_often)) = (pipe().unwrap(), pipe().unwrap());
        watch.add(seldom.as_fd(), 1).unwrap();
        watch.listen(often.as_fd(), 2);
        assert_eq!(ready(&mut watch), []);
        to_seldom.write_all(b"x").unwrap();
        to_often.write_all(b"x").unwrap();
        assert_eq!(ready(&mut watch), [(2, Readiness::Readable), (1, Readiness::Readable)]);
    }

    #[test]
    fn the_end_of_a_listener_is_told_from_a_call() {
        let mut watch = Watch::new().unwrap();
        let (often, to_often) = pipe().unwrap();
        watch.listen(often.as_fd(), 2);
        drop(to_often);
        assert_eq!(ready(&mut watch), [(2, Readiness::HungUp)]);
    }

    #[test]
    fn what_was_forgotten_is_not_found_and_its_place_is_used_again() {
        let mut watch = Watch::new().unwrap();
        let mut pipes: Vec<_> = (0..40).map(|_| pipe().unwrap()).collect();
        for (number, (reader, _)) in (0_u8..).zip(&pipes) {
            watch.add(reader.as_fd(), number).unwrap();
        }
        for (number, (_reader, writer)) in (0_u8..).zip(&mut pipes) {
            writer.write_all(b"x").unwrap();
            assert_eq!(ready(&mut watch), [(number, Readiness::Readable)]);
            watch.forget(number);
            assert_eq!(
                ready(&mut watch),
                [],
                "the reader is still open, as a copy in a forked process might be"
            );
        }
        assert_eq!(watch.members.len(), 40);
        let (reader, _writer) = pipe().unwrap();
        watch.add(reader.as_fd(), 7).unwrap();
        assert_eq!(watch.members.len(), 40);
    }
}
