//! Several servers that are one chat: what the command line says about it, and the threads.

use std::thread;
use std::time::{Duration, Instant};

use chinwag::{ClusterOptions, Error, Server};
use getopts::Matches;

use crate::args::{self, Given};
use crate::output::Job;

/// The key of Redis under which all is that the servers share.
const KEY: &str = "chinwag";

/// How long the threads may take beside what the server itself takes to stop: the last acts, and the lease.
const LAST_ACTS: Duration = Duration::from_secs(5);

/// Reads `--cluster`, `--node` and `--cluster-key`.
pub(crate) fn given(
    matches: &Matches,
    is_anonymous: bool,
) -> Result<Option<ClusterOptions>, String> {
    let url = args::given(matches, "cluster", "CHAT_CLUSTER")?;
    let node = args::given(matches, "node", "CHAT_NODE")?;
    let key = args::given(matches, "cluster-key", "CHAT_CLUSTER_KEY")?;
    let Some(Given { source, text: url }) = url else {
        return match node.or(key) {
            None => Ok(None),
            Some(Given { source, .. }) => Err(format!(
                "{source} is for several servers that are one chat; give --cluster URL too"
            )),
        };
    };
    if is_anonymous {
        return Err(format!("{source} does not go with --anonymous"));
    }
    let Some(Given { text: node, .. }) = node else {
        return Err(format!(
            "{source} needs a name for this server that no other one has; give --node NAME"
        ));
    };
    let key = key.map_or_else(|| KEY.into(), |it| it.text);
    let options = ClusterOptions::new(&url, &node, &key);
    options.map(Some).map_err(|why| why.to_string())
}

/// The threads that write and read what the servers share.
pub(crate) struct Sharing {
    jobs: Vec<Job>,
}

impl Sharing {
    /// Makes a server one of several, before its first tick, if it is to be that.
    pub(crate) fn start(
        server: &mut Server,
        options: Option<ClusterOptions>,
    ) -> Result<Option<Sharing>, Error> {
        let Some(options) = options else {
            return Ok(None);
        };
        let mut wait = |time| {
            thread::sleep(time);
            true
        };
        let (publish, follow) = server.join(options, &mut wait)?.split();
        let publishing = Job::start("publisher", publish);
        let following = Job::start("follower", follow);
        let jobs: std::io::Result<Vec<Job>> = [publishing, following].into_iter().collect();
        let cannot = |why| {
            let why = args::cause(&why);
            Error::Cluster(format!("cannot be one of several servers: {why}"))
        };
        let jobs = jobs.map_err(cannot)?;
        Ok(Some(Sharing { jobs }))
    }

    /// Waits until the others know what was said last, once the server has ended, but not for long.
    pub(crate) fn end(sharing: Option<Sharing>) {
        let by = Instant::now() + LAST_ACTS;
        let jobs = sharing.into_iter().flat_map(|it| it.jobs);
        jobs.for_each(|it| it.wait(by));
    }
}
