//! In place of TLS where the feature `tls` is off: values of these types cannot exist.

use std::io::{self, IoSlice};

use super::Socket;

#[derive(Debug, Clone)]
pub(crate) enum TlsIdentity {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    #[expect(dead_code, reason = "there is none")]
    Waiting,
    Begun,
}

#[derive(Debug)]
pub(super) enum Tls {}

impl Tls {
    pub(super) fn new(identity: &TlsIdentity, _: Vec<u8>) -> Box<Tls> {
        match *identity {}
    }

    pub(super) fn handshake(&self) -> Option<Handshake> {
        match *self {}
    }

    pub(super) fn begin(&mut self) {
        match *self {}
    }

    pub(super) fn has_input(&self) -> bool {
        match *self {}
    }

    pub(super) fn unsent(&self) -> usize {
        match *self {}
    }

    pub(super) fn is_cut(&self) -> bool {
        match *self {}
    }

    pub(super) fn read(&mut self, _: &mut Socket, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn write(&mut self, _: &mut Socket, _: &[IoSlice<'_>]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn flush(&mut self, _: &mut Socket) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn close(&mut self, _: &mut Socket) -> io::Result<()> {
        match *self {}
    }
}
