//! Two chat servers as small chat servers are commonly built, to measure beside Chinwag: a task per client over a
//! broadcast channel, and a thread per client over a locked map. Both leave a sender's own lines out.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::servers::WELCOME;

/// Lines that the broadcast channel holds. People who fall further behind miss some.
const CHANNEL_LINES: usize = 1024;

const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

type Said = (SocketAddr, String);

/// Serves with a task per client, on one thread, since each server here gets one core.
pub(crate) fn serve_tasks() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(ANY_PORT).await?;
        println!("listening on {}", listener.local_addr()?);
        let (channel, _) = broadcast::channel(CHANNEL_LINES);
        loop {
            let (stream, addr) = listener.accept().await?;
            // A client that fails is gone; this does not concern the others.
            tokio::spawn(task(stream, addr, channel.clone()));
        }
    })
}

async fn task(
    mut stream: tokio::net::TcpStream,
    addr: SocketAddr,
    channel: broadcast::Sender<Said>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut incoming = channel.subscribe();
    let (reader, mut writer) = stream.split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    writer.write_all(WELCOME).await?;
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                // There is a receiver: this task's own.
                let _ = channel.send((addr, line));
            }
            said = incoming.recv() => match said {
                Ok((from, _)) if from == addr => {}
                Ok((_, line)) => writer.write_all(format!("{line}\n").as_bytes()).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

type Clients = Arc<Mutex<HashMap<SocketAddr, TcpStream>>>;

/// Serves with a thread per client.
pub(crate) fn serve_threads() -> io::Result<()> {
    let listener = TcpListener::bind(ANY_PORT)?;
    println!("listening on {}", listener.local_addr()?);
    let clients = Clients::default();
    loop {
        let (stream, addr) = listener.accept()?;
        let clients = clients.clone();
        thread::spawn(move || {
            // A client that fails is gone; this does not concern the others.
            let _ = listen(stream, addr, &clients);
            lock(&clients).remove(&addr);
        });
    }
}

fn listen(mut stream: TcpStream, addr: SocketAddr, clients: &Clients) -> io::Result<()> {
    stream.set_nodelay(true)?;
    lock(clients).insert(addr, stream.try_clone()?);
    stream.write_all(WELCOME)?;
    for line in BufReader::new(stream).lines() {
        let line = format!("{}\n", line?);
        for (other, stream) in lock(clients).iter_mut() {
            if *other != addr {
                // Their own thread finds out if they are gone.
                let _ = stream.write_all(line.as_bytes());
            }
        }
    }
    Ok(())
}

fn lock(clients: &Clients) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, TcpStream>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
