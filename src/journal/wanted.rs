//! `Wanted`: an act as it travels between servers, as JSON that people can read: `{"author":7,"act":{"go":{"room":…}}}`.
//!
//! An act, or a member of one, that this server does not know is an error, never skipped: it may change what all of them
//! must decide alike. A member that is missing is one that may be null, and is null then.

use std::sync::Arc;

#[cfg(feature = "cluster")]
use serde::de::Error;
#[cfg(feature = "cluster")]
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::PersonId;
#[cfg(feature = "cluster")]
use crate::limits::ID_BYTES;

use super::Act;

/// An act that somebody wants to happen. Once it stands in the order of all acts it is an [`Entry`](super::Entry).
///
/// Whoever wrote the JSON, one that was read is an act that a server could have sent: its texts have neither control
/// characters nor line ends, and its size is within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(Serialize))]
pub struct Wanted {
    /// The author. `None`: somebody who comes in by this act.
    #[cfg_attr(feature = "cluster", serde(skip_serializing_if = "Option::is_none"))]
    pub author: Option<PersonId>,
    /// The act.
    pub act: Act,
    /// The id that a program gave it; see [`Entry::id`](super::Entry::id).
    #[cfg_attr(feature = "cluster", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<Arc<str>>,
}

/// The same before it is checked.
#[cfg(feature = "cluster")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    author: Option<PersonId>,
    act: Act,
    id: Option<Arc<str>>,
}

#[cfg(feature = "cluster")]
impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Wanted, D::Error> {
        let Unchecked { author, act, id } = Unchecked::deserialize(from)?;
        act.check().map_err(D::Error::custom)?;
        if id.as_deref().is_some_and(|it| !is_id(it)) {
            return Err(D::Error::custom("no id"));
        }
        Ok(Wanted { author, act, id })
    }
}

/// Whether a text is what a program gave as an id, in the form in which servers keep it. It is written into objects as it
/// stands.
#[cfg(feature = "cluster")]
pub(crate) fn is_id(text: &str) -> bool {
    use serde_json::Value;
    // Each byte of a text takes six at most.
    let is_short = text.len() <= 6 * ID_BYTES + 2;
    let value = Some(text).filter(|_| is_short);
    let value = value.and_then(|it| serde_json::from_str::<Value>(it).ok());
    let is_one = match &value {
        Some(Value::String(text)) => text.len() <= ID_BYTES,
        Some(Value::Number(number)) => number.is_i64(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => false,
    };
    let written = value.and_then(|it| serde_json::to_string(&it).ok());
    is_one && written.as_deref() == Some(text)
}

#[cfg(feature = "cluster")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AccountId, Origin, Proof, Role};
    use crate::error::{CloseReason, Protocol, ProxyFault};
    use crate::journal::{AccountAct, Invited, OrderAct, OwnAct, Returning};
    use crate::name::{RoomName, Username};
    use crate::sanction::{SanctionKind, Target};

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn room() -> RoomName {
        RoomName::parse("tea").unwrap()
    }

    /// Acts with a text.
    fn with(text: &str) -> Vec<Act> {
        let text: Arc<str> = text.into();
        let some = Some(text.clone());
        let (to, account, by) = (PersonId(7), AccountId(8), text.clone());
        let role = Role::Operator;
        let mut acts = vec![
            Act::Say {
                room: None,
                text: text.clone(),
            },
            Act::Do {
                room: Some(room()),
                text: text.clone(),
            },
            Act::Write {
                to,
                is_reply: true,
                text: text.clone(),
            },
            Act::SetTopic {
                topic: some.clone(),
            },
            Act::GoAway { text: some.clone() },
            Act::Leave {
                reason: CloseReason::Quit,
                word: some.clone(),
            },
            Act::Notice { text: text.clone() },
            Act::Announce {
                room: room(),
                name: name("bot"),
                text: text.clone(),
            },
            Act::Account(AccountAct::Leave {
                to: account,
                text: text.clone(),
            }),
            Act::Account(AccountAct::Add {
                name: name("ann"),
                role,
                by: by.clone(),
            }),
            Act::Account(AccountAct::Reset {
                account,
                by: by.clone(),
            }),
            Act::Account(AccountAct::SetRole {
                account,
                role,
                by: by.clone(),
            }),
            Act::Account(AccountAct::Remove { account, by }),
        ];
        acts.extend(orders_with(&text));
        acts
    }

    /// Acts about order with a text.
    fn orders_with(text: &str) -> Vec<Act> {
        let text: Arc<str> = text.into();
        let (to, some) = (PersonId(7), Some(text.clone()));
        let target = Target::Network("10.0.0.0/8".parse().unwrap());
        let sanction = OrderAct::Sanction {
            kind: SanctionKind::Ban,
            target: target.clone(),
            name: Some(name("eve")),
            room: Some(room()),
            is_for_all: true,
            until: Some(-5),
            reason: some.clone(),
        };
        let send_out = OwnAct::SendOut {
            room: room(),
            whom: to,
            target: target.clone(),
            reason: some.clone(),
        };
        vec![
            Act::Order(OrderAct::Kick {
                whom: [(to, target)].into(),
                reason: some,
            }),
            Act::Order(sanction),
            Act::Order(OrderAct::Report { text: text.clone() }),
            Act::Order(OrderAct::Proclaim { text }),
            Act::Own(send_out),
        ]
    }

    /// Acts without a text.
    fn without() -> Vec<Act> {
        use std::io::ErrorKind;
        let (account, whom) = (AccountId(u64::MAX), PersonId(0));
        let from = Origin {
            address: "::1".parse().unwrap(),
            is_tls: true,
        };
        let returning = Returning {
            room: Some(room()),
            ignores: vec![name("eve")],
        };
        let proof = Some((
            Proof {
                account,
                changed: 9,
            },
            returning.into(),
        ));
        let reasons = [
            CloseReason::Broken(ErrorKind::ConnectionReset),
            CloseReason::WrongProtocol(Protocol::Ssh),
            CloseReason::NoProxyHeader(ProxyFault::Late),
            CloseReason::LinkLost,
        ];
        let reasons = reasons.map(|reason| Act::Lose {
            reason,
            came: Some(3),
        });
        let mut acts = vec![
            Act::ComeIn {
                name: name("Ann"),
                from,
                proof,
            },
            Act::ComeIn {
                name: name("Ann"),
                from,
                proof: None,
            },
            Act::Return { from },
            Act::ComeBack,
            Act::Go { room: room() },
            Act::Unlisten { room: None },
            Act::Ignore { whom },
            Act::Unignore { name: name("eve") },
            Act::Account(AccountAct::Register),
            Act::Account(AccountAct::Unregister {
                heir: Some(account),
            }),
        ];
        acts.extend(reasons);
        acts.extend(orders_without());
        acts
    }

    /// Acts about order and rooms without a text.
    fn orders_without() -> Vec<Act> {
        let (account, whom) = (AccountId(u64::MAX), PersonId(0));
        let whose = crate::erasure::Whose {
            account: None,
            person: Some(whom),
            name: name("eve"),
        };
        let invite = |whom| OwnAct::Invite {
            room: room(),
            whom,
            is_invited: true,
        };
        vec![
            Act::Order(OrderAct::Lift { ids: [1, 2].into() }),
            Act::Order(OrderAct::Erase {
                whose,
                room: None,
                since: Some(5),
            }),
            Act::Order(OrderAct::LockDown { until: None }),
            Act::Own(invite(Invited::Guest(whom))),
            Act::Own(invite(Invited::Member(account))),
            Act::Own(OwnAct::Slow {
                room: room(),
                seconds: 5,
            }),
        ]
    }

    fn wanted(act: Act) -> Wanted {
        Wanted {
            author: Some(PersonId(7)),
            act,
            id: None,
        }
    }

    fn read(text: &str) -> Result<Wanted, String> {
        serde_json::from_str(text).map_err(|it| it.to_string())
    }

    fn read_again(it: &Wanted) -> Result<Wanted, String> {
        read(&serde_json::to_string(it).unwrap())
    }

    #[test]
    fn an_act_is_read_as_it_was_written() {
        for act in with("a\tb \u{1f642} \"").into_iter().chain(without()) {
            let it = wanted(act);
            assert_eq!(read_again(&it), Ok(it));
        }
        let act = Act::ComeBack;
        for id in ["7", "-7", "\"a\\n\\\"b\""] {
            let it = Wanted {
                author: None,
                act: act.clone(),
                id: Some(id.into()),
            };
            assert_eq!(read_again(&it), Ok(it));
        }
        let text = serde_json::to_string(&wanted(act)).unwrap();
        assert_eq!(text, r#"{"author":7,"act":"come_back"}"#);
    }

    #[test]
    fn a_text_with_a_line_end_or_without_a_bound_is_refused() {
        for text in [
            "a\nb",
            "a\rb",
            "\u{1b}[2J",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{7f}b",
        ] {
            for act in with(text) {
                let error = read_again(&wanted(act.clone())).unwrap_err();
                assert!(error.contains("control character"), "{act:?}: {error}");
            }
        }
        let typed = "x".repeat(super::super::TYPED_BYTES + 1);
        for act in with(&typed) {
            assert!(read_again(&wanted(act)).is_err());
        }
        let short = with(&"ß".repeat(501))
            .into_iter()
            .filter(|it| read_again(&wanted(it.clone())).is_err());
        assert_eq!(
            short.count(),
            12,
            "texts of few characters are bounded by them"
        );
        let ids = vec![0; 5000].into();
        assert!(read_again(&wanted(Act::Order(OrderAct::Lift { ids }))).is_err());
        let until = Some(i64::MIN);
        assert!(read_again(&wanted(Act::Order(OrderAct::LockDown { until }))).is_err());
    }

    #[test]
    fn what_a_server_does_not_know_is_an_error() {
        for text in [
            "",
            "{}",
            "null",
            r#"{"author":7,"act":"fly"}"#,
            r#"{"author":7,"act":{"fly":{}}}"#,
            r#"{"author":7,"act":"come_back","loud":true}"#,
            r#"{"author":7,"act":{"say":{"room":null,"text":"x","loud":true}}}"#,
            r#"{"author":7,"act":{"say":{"room":null}}}"#,
            r#"{"author":-7,"act":"come_back"}"#,
            r#"{"author":7,"act":{"say":{"text":"x"},"come_back":null}}"#,
            r#"{"author":7,"act":"come_back","id":"x"}"#,
            r#"{"author":7,"act":"come_back","id":"7,\"op\":1"}"#,
            r#"{"author":7,"act":"come_back","id":" 7"}"#,
            r#"{"author":7,"act":"come_back","id":"[7]"}"#,
            r#"{"author":7,"act":{"return":{"from":{"address":"x","is_tls":true}}}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let known = r#"{"author":7,"act":{"say":{"text":"x"}}}"#;
        let (room, text) = (None, "x".into());
        assert_eq!(read(known), Ok(wanted(Act::Say { room, text })));
    }
}
