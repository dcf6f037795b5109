//! `Lookup`: the addresses of a host. A thread asks the system's resolver, as the answer may take its time. There is at
//! most one such thread: a caller who asks again while it waits gets the same answer.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A question to the resolver, or none.
#[derive(Debug, Default)]
pub(super) struct Lookup(Option<Receiver<io::Result<Vec<SocketAddr>>>>);

impl Lookup {
    /// Lets a thread `find` the addresses and then `wake` us, unless one is already looking.
    pub(super) fn begin(
        &mut self,
        find: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
        wake: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        if self.0.is_some() {
            return Ok(());
        }
        let (sender, receiver) = channel();
        thread::Builder::new()
            .name("resolver".into())
            .spawn(move || {
                // If nobody waits any more, the program is about to end.
                let _ = sender.send(find());
                wake();
            })?;
        self.0 = Some(receiver);
        Ok(())
    }

    /// Takes the answer, once it is there.
    pub(super) fn take(&mut self) -> Option<io::Result<Vec<SocketAddr>>> {
        let answer = self.0.as_ref()?.try_recv().ok()?;
        self.0 = None;
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_one_lookup_waits_no_other_begins() {
        let (resolver, question) = channel::<()>();
        let (woken, wakes) = channel();
        let mut lookup = Lookup::default();
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let wake = move || woken.send(()).unwrap();
        let slow = move || {
            let _ = question.recv();
            Ok(vec![addr])
        };
        lookup.begin(slow, wake).unwrap();
        let (second, asked_again) = channel::<()>();
        let find = move || {
            second.send(()).unwrap();
            Ok(Vec::new())
        };
        lookup.begin(find, || {}).unwrap();
        assert!(asked_again.recv().is_err() && lookup.take().is_none());

        drop(resolver);
        wakes.recv().unwrap();
        assert_eq!(lookup.take().unwrap().unwrap(), [addr]);
        assert!(lookup.take().is_none());
    }
}
