//! What an idle connection of each way takes of the server's own memory, before it has a name and with one.

use std::io;

use crate::servers::Server;

use super::Certificate;
use super::crowd::Crowd;
use super::way::Way;

const PEOPLE: usize = 3000;

/// People who are in before.
const FIRST: usize = 1000;

/// Bytes of a connection that should be enough, before it has a name and with one.
fn goal(way: Way) -> &'static str {
    match way {
        Way::Text => "256, named 320",
        Way::Json => "none",
        Way::WebSocket => "400",
        Way::Tls => "3,600",
        Way::Wss => "none",
    }
}

pub(super) fn measure(certificate: &Certificate) -> io::Result<()> {
    println!("\nBytes of the server's memory for an idle connection, of {PEOPLE}:\n");
    println!("| way | without a name | named | goal |\n|---|---:|---:|---:|");
    for way in Way::ALL {
        let server = certificate.serve()?;
        let mut crowd = Crowd::new(server.addr)?;
        // What everyone shares is there, and so is room for what a tick needs.
        let first = crowd.connect(way, FIRST)?;
        let login = |place| way.login(&format!("p{place}"));
        crowd.send_each(first..first + FIRST, login)?;
        let memory = |server: &Server| server.process().memory() as f64;
        let before = memory(&server);
        let first = crowd.connect(way, PEOPLE)?;
        let unnamed = memory(&server) - before;
        crowd.send_each(first..first + PEOPLE, login)?;
        let named = memory(&server) - before;
        let [unnamed, named] = [unnamed, named].map(|it| it / PEOPLE as f64);
        println!(
            "| {} | {unnamed:.0} | {named:.0} | {} |",
            way.name(),
            goal(way)
        );
    }
    Ok(())
}
