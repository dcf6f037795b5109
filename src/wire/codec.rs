//! `Codec`: what is kept of a peer's input between two reads, by the protocol that the peer speaks.

use super::Decoder;
#[cfg(feature = "web")]
use super::http::HeadDecoder;
#[cfg(feature = "machine")]
use super::machine::ObjectDecoder;
#[cfg(feature = "web")]
use super::websocket::FrameDecoder;
use crate::moment::Medium;

/// A protocol in which a peer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tongue {
    /// Lines of text, and telnet.
    #[default]
    Lines,
    /// JSON objects, one a line.
    #[cfg(feature = "machine")]
    Objects,
    /// A request of HTTP, once.
    #[cfg(feature = "web")]
    Http,
    /// JSON objects, one a WebSocket message.
    #[cfg(feature = "web")]
    Frames,
}

impl Tongue {
    /// What its speakers read.
    pub(crate) fn medium(self) -> Medium {
        match self {
            Tongue::Lines => Medium::Text,
            #[cfg(feature = "machine")]
            Tongue::Objects => Medium::Json,
            // A request is answered by bytes of its own.
            #[cfg(feature = "web")]
            Tongue::Http => Medium::Text,
            #[cfg(feature = "web")]
            Tongue::Frames => Medium::WebSocket,
        }
    }
}

/// The state between two reads of one peer. While it [is idle](Codec::is_idle), it need not be kept.
#[derive(Debug)]
pub(crate) enum Codec {
    Lines(Decoder),
    #[cfg(feature = "machine")]
    Objects(ObjectDecoder),
    #[cfg(feature = "web")]
    Http(HeadDecoder),
    #[cfg(feature = "web")]
    Frames(FrameDecoder),
}

impl Codec {
    /// The state at the beginning.
    pub(crate) fn new(tongue: Tongue) -> Codec {
        match tongue {
            Tongue::Lines => Codec::Lines(Decoder::default()),
            #[cfg(feature = "machine")]
            Tongue::Objects => Codec::Objects(ObjectDecoder::default()),
            #[cfg(feature = "web")]
            Tongue::Http => Codec::Http(HeadDecoder::default()),
            #[cfg(feature = "web")]
            Tongue::Frames => Codec::Frames(FrameDecoder::default()),
        }
    }

    /// The state before the first byte of a connection: a byte order mark there is dropped.
    pub(crate) fn at_first(tongue: Tongue) -> Codec {
        let mut codec = Codec::new(tongue);
        match &mut codec {
            Codec::Lines(decoder) => decoder.begin_stream(),
            #[cfg(feature = "machine")]
            Codec::Objects(_) => {}
            #[cfg(feature = "web")]
            Codec::Http(_) | Codec::Frames(_) => {}
        }
        codec
    }

    /// Whether nothing has to be kept until the next read.
    pub(crate) fn is_idle(&self) -> bool {
        match self {
            Codec::Lines(it) => it.is_idle(),
            #[cfg(feature = "machine")]
            Codec::Objects(it) => it.is_idle(),
            #[cfg(feature = "web")]
            Codec::Http(it) => it.pending() == 0,
            #[cfg(feature = "web")]
            Codec::Frames(it) => it.is_idle(),
        }
    }

    /// Whether the kept bytes are a person's key that ends the input, unless more follows.
    pub(crate) fn awaits_end(&self) -> bool {
        match self {
            Codec::Lines(it) => it.awaits_end(),
            #[cfg(feature = "machine")]
            Codec::Objects(_) => false,
            #[cfg(feature = "web")]
            Codec::Http(_) | Codec::Frames(_) => false,
        }
    }
}
