//! The exchange between a service manager and the server, by systemd's protocols. The service manager hands over
//! sockets to listen on at the start; the server sends notices about its state. Without a service manager all of this
//! does nothing.
//!
//! It knows only figures about the chat. A separate thread sends the notices, so that a service manager that does not
//! read them delays nobody; but the loop itself makes each notice that says it turns.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use chinwag::Stats;
use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::output::{Job, PATIENCE};

/// Notices that may wait for the service manager. There are two besides those for the watchdog, and one waiting notice
/// for the watchdog is as good as many.
const WAITING_NOTICES: usize = 4;

/// The sockets that were handed over, if any. Call this before anything opens a descriptor or starts a thread: only the
/// numbers identify these sockets.
pub(crate) fn given_sockets() -> io::Result<Vec<TcpListener>> {
    let mut given = ListenFd::from_env();
    let sockets = (0..given.len()).filter_map(|i| given.take_tcp_listener(i).transpose());
    sockets.collect()
}

/// A notice for the service manager.
enum Notice {
    Ready(String),
    Alive(String),
    Stopping,
}

/// Tells the service manager about the state of the service. Dropping it waits, for a while, until everything is told.
pub(crate) struct Notices {
    sender: Option<SyncSender<Notice>>,
    job: Option<Job>,
    watchdog: Option<Watchdog>,
}

/// The service manager's watchdog. It restarts the service after too long a silence.
struct Watchdog {
    /// Half of the time that it waits, as its protocol asks.
    interval: Duration,
    next: Instant,
}

impl Notices {
    /// Finds out from the environment where to send notices, and how often.
    pub(crate) fn start() -> Notices {
        let mut notices = Notices {
            sender: None,
            job: None,
            watchdog: None,
        };
        if env::var_os("NOTIFY_SOCKET").is_none_or(|path| path.is_empty()) {
            return notices;
        }
        let (sender, receiver) = sync_channel(WAITING_NOTICES);
        match Job::start("notices", move || tell_all(receiver)) {
            Ok(job) => {
                notices.sender = Some(sender);
                notices.job = Some(job);
                notices.watchdog = Watchdog::from_env();
            }
            Err(error) => log::warn!("cannot tell the service manager anything: {error}"),
        }
        notices
    }

    /// How long the loop may wait for events, so that the watchdog hears from it in time.
    pub(crate) fn longest_tick(&self) -> Option<Duration> {
        let next = self.watchdog.as_ref()?.next;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// People can connect.
    pub(crate) fn ready(&self, addrs: &[SocketAddr]) {
        let addrs: Vec<String> = addrs.iter().map(SocketAddr::to_string).collect();
        self.send(Notice::Ready(format!("listening on {}", addrs.join(", "))));
    }

    /// Call this in each round of the loop: it turns, and these are its figures.
    pub(crate) fn alive(&mut self, stats: impl FnOnce() -> Stats) {
        let now = Instant::now;
        let Some(watchdog) = self.watchdog.as_mut().filter(|it| it.next <= now()) else {
            return;
        };
        watchdog.next = now() + watchdog.interval;
        let Stats {
            online,
            connections,
            ..
        } = stats();
        let figures = format!("online: {online}, connections: {connections}");
        self.send(Notice::Alive(figures));
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        self.send(Notice::Stopping);
    }

    fn send(&self, notice: Notice) {
        let Some(sender) = &self.sender else {
            return;
        };
        if sender.try_send(notice).is_err() {
            log::warn!("the service manager takes no notice");
        }
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        // Without a sender, the job ends once it has sent everything.
        self.sender = None;
        if let Some(job) = self.job.take() {
            job.wait(Instant::now() + PATIENCE);
        }
    }
}

impl Watchdog {
    /// The watchdog of this process, if there is one.
    fn from_env() -> Option<Watchdog> {
        let longest = sd_notify::watchdog_enabled().filter(|longest| !longest.is_zero())?;
        Some(Watchdog {
            interval: longest / 2,
            next: Instant::now(),
        })
    }
}

fn tell_all(notices: Receiver<Notice>) {
    for notice in notices {
        let told = match &notice {
            Notice::Ready(status) => {
                sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(status)])
            }
            Notice::Alive(status) => {
                sd_notify::notify(&[NotifyState::Watchdog, NotifyState::Status(status)])
            }
            Notice::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
        };
        if let Err(error) = told {
            log::warn!("cannot tell the service manager: {error}");
        }
    }
}
