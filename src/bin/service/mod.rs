//! What a service manager and the server tell each other, by systemd's protocols: sockets to listen on are handed over
//! at the start, and notices tell how the service does. Without a service manager all of this does nothing.
//!
//! It knows nothing of the chat but figures. Notices go out on a thread of their own, so that a service manager that
//! does not read them holds nobody up; yet each that says the loop turns is made by the loop itself.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use chinwag::Stats;
use listenfd::ListenFd;
use sd_notify::NotifyState;

use crate::output::{Job, PATIENCE};

/// Notices that wait for the service manager to take them. There are two besides those for the watchdog, of which one
/// that waits is as good as many.
const WAITING_NOTICES: usize = 4;

/// The sockets that were handed over, if any. To be called before a descriptor is opened or a thread begins: what is
/// handed over is known by its number alone.
pub(crate) fn given_sockets() -> io::Result<Vec<TcpListener>> {
    let mut given = ListenFd::from_env();
    let sockets = (0..given.len()).filter_map(|i| given.take_tcp_listener(i).transpose());
    sockets.collect()
}

/// Something to tell the service manager.
enum Notice {
    Ready(String),
    Alive(String),
    Stopping,
}

/// Tells the service manager how the service does. Dropping it waits, for a while, until it is told.
pub(crate) struct Notices {
    sender: Option<SyncSender<Notice>>,
    job: Option<Job>,
    watchdog: Option<Watchdog>,
}

/// Someone who restarts the service when it has not been heard of for too long.
struct Watchdog {
    /// Half of how long it waits, as it asks for.
    interval: Duration,
    next: Instant,
}

impl Notices {
    /// Finds out from the environment whom to tell, and how often.
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

    /// How long the loop may wait for events, so that the watchdog hears of it in time.
    pub(crate) fn longest_tick(&self) -> Option<Duration> {
        let next = self.watchdog.as_ref()?.next;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// People can connect.
    pub(crate) fn ready(&self, addrs: &[SocketAddr]) {
        let addrs: Vec<String> = addrs.iter().map(SocketAddr::to_string).collect();
        self.send(Notice::Ready(format!("listening on {}", addrs.join(", "))));
    }

    /// To be called from each round of the loop: it turns, and these are its figures.
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
        // Without a sender the job ends once it has told all.
        self.sender = None;
        if let Some(job) = self.job.take() {
            job.wait(Instant::now() + PATIENCE);
        }
    }
}

impl Watchdog {
    /// The one that watches this process, if one does.
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
