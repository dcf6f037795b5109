//! HTTP/1.1 (RFC 9110, RFC 9112), as far as browsers need it to come in: a page, and the upgrade to WebSocket. One
//! request is answered for each connection. It has no body, and any doubt about what it means is refused.

mod answer;
mod head;
mod place;
mod refusal;
mod request;
mod upgrade;

pub use answer::{Answer, Page, Settings, answer, forwarded_for, is_browser};
pub use head::HeadDecoder;
pub use place::is_origin;
pub use refusal::Refusal;

#[cfg(test)]
mod tests;
