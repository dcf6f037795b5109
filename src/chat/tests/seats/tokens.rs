//! Tokens of members, who come in by them when their seat has ended.

use super::*;
use crate::account::{AccountId, Proof, Role};
use crate::chat::tests::accounts::with_members_by;
use crate::error::Unanswered;
use crate::message::{AccountFacts, Keep, KeepAccount};

/// What an account has whose password was set by entry 2, as the second of [`members`] has it.
const BOB: Proof = Proof {
    account: AccountId(2),
    changed: 2,
};

fn members() -> Chat {
    with_members_by(rules(), &[("Olga", Role::Operator), ("bob", Role::Member)])
}

impl Chat {
    /// A member comes in as a program, by the password.
    fn member_program(&mut self, slot: u32, is_tls: bool) -> (PeerId, String) {
        let peer = self.connect_program(slot, is_tls);
        let op = Op::Login {
            name: "bob".into(),
            password: Some(Secret::new("as they know it")),
            position: None,
        };
        self.object(peer, None, op);
        self.verify(peer, Some(AccountFacts::default()));
        let welcome = self.welcome(peer).expect("a welcome");
        (peer, token_of(&welcome))
    }

    /// The worker is asked whose token this is, and answers.
    pub(super) fn owner(&mut self, peer: PeerId, token: &str, found: Result<Finding, Unanswered>) {
        let (asker, question) = self.asked.pop().expect("it is asked");
        let (_, token) = Token::parse(token).expect("a token");
        let is_tls = false;
        assert_eq!((asker, question), (peer, Question::Owner { token, is_tls }));
        let found = found.as_ref().map_err(|it| *it);
        self.event(peer, Event::Answered(found));
    }

    /// What happened to tokens in the file since the last call: `+` with one that was given, `-` with one that is over, and
    /// `0` if all are.
    fn tokens_kept(&mut self) -> Vec<String> {
        let kept = std::mem::take(&mut self.kept).into_iter();
        let tokens = kept.filter_map(|it| match it {
            Keep::Account(account, it) => Some((account, it)),
            _ => None,
        });
        let shown = |token: Token| token.write(PersonId(0)).split_off(2);
        let of_tokens = tokens.filter_map(|(account, it)| {
            let it = match it {
                KeepAccount::Token { token, .. } => format!("+{}", shown(token)),
                KeepAccount::TokenOver(token) => format!("-{}", shown(token)),
                KeepAccount::TokensOver => "0".into(),
                _ => return None,
            };
            assert_eq!(account, BOB.account);
            Some(it)
        });
        of_tokens.collect()
    }
}

/// The random part of a token.
fn random(token: &str) -> &str {
    token.split_once('-').expect("a token").1
}

fn found() -> Result<Finding, Unanswered> {
    Ok(Finding::Owner(BOB, AccountFacts::default().into()))
}

#[test]
fn a_member_comes_in_by_a_token_when_the_seat_has_ended() {
    let mut chat = members();
    let (bob, token) = chat.member_program(0, false);
    assert_eq!(chat.tokens_kept(), [format!("+{}", random(&token))]);
    chat.event(bob, BROKEN);
    chat.wait(11 * KEEP);
    assert!(chat.online().is_empty());
    let bob = chat.resumes(1, &token, Some(chat.last()));
    chat.owner(bob, &token, found());
    let welcome = chat.welcome(bob).expect("a welcome");
    assert!(!welcome.is_resumed && welcome.name == name("bob"));
    let new = token_of(&welcome);
    assert_eq!(chat.tokens_kept(), [format!("+{}", random(&new))]);
    // The welcome is lost, and the old token still good.
    chat.event(bob, BROKEN);
    let bob = chat.resumes(2, &token, Some(chat.last()));
    chat.owner(bob, &token, found());
    let welcome = chat.welcome(bob).expect("a welcome");
    assert!(welcome.is_resumed);
    let last = token_of(&welcome);
    let kept = [format!("+{}", random(&last)), format!("-{}", random(&new))];
    assert_eq!(chat.tokens_kept(), kept);
    chat.says(bob, "1", "here");
    assert_eq!(chat.tokens_kept(), [format!("-{}", random(&token))]);
    chat.object(bob, None, Op::Quit { text: None });
    assert_eq!(chat.tokens_kept(), [format!("-{}", random(&last))]);
}

#[test]
fn a_token_of_another_program_takes_the_seat() {
    let mut chat = members();
    let (elsewhere, token) = chat.member_program(0, false);
    let (here, _) = chat.member_program(1, true);
    assert!(
        chat.reads(elsewhere)
            .contains(&AboutConnection::Replaced.into())
    );
    let kept = chat.tokens_kept();
    assert!(kept.iter().all(|it| it.starts_with('+')), "{kept:?}");
    let elsewhere = chat.resumes(2, &token, Some(chat.last()));
    chat.owner(elsewhere, &token, found());
    assert!(chat.reads(here).contains(&AboutConnection::Replaced.into()));
    assert!(chat.welcome(elsewhere).expect("a welcome").is_resumed);
    assert_eq!(chat.online(), ["bob"]);
}

#[test]
fn a_token_that_is_nobodys_leads_to_the_door() {
    let mut chat = members();
    let (bob, token) = chat.member_program(0, false);
    chat.event(bob, BROKEN);
    chat.wait(11 * KEEP);
    let changed = Proof { changed: 1, ..BOB };
    let nobody = Proof {
        account: AccountId(7),
        ..BOB
    };
    for (slot, proof) in (1..).zip([None, Some(changed), Some(nobody)]) {
        let peer = chat.resumes(slot, &token, None);
        let facts = AccountFacts::default().into();
        let found = proof.map_or(Finding::Wrong, |it| Finding::Owner(it, facts));
        chat.owner(peer, &token, Ok(found));
        let told = chat.reads(peer);
        assert!(told.contains(&gone()), "{told:?}");
        assert!(chat.online().is_empty());
    }
    let peer = chat.resumes(4, &token, None);
    chat.owner(peer, &token, Err(Unanswered::Busy));
    let busy = AboutConnection::PasswordUnanswered(Unanswered::Busy);
    assert!(chat.reads(peer).contains(&busy.into()));
    // Whoever is gone meanwhile does not come in.
    let peer = chat.resumes(5, &token, None);
    chat.event(peer, BROKEN);
    chat.owner(peer, &token, found());
    assert!(chat.online().is_empty());
}

#[test]
fn a_kick_and_a_ban_end_all_tokens_also_of_who_is_away() {
    let mut chat = members();
    let olga = chat.comes_in(0, "Olga");
    for line in ["/kick bob", "/ban bob"] {
        chat.member_program(1, false);
        chat.tokens_kept();
        chat.types(olga, line);
        assert!(!chat.online().contains(&"bob"));
        let kept = chat.tokens_kept();
        assert!(
            !kept.is_empty() && kept.iter().all(|it| it == "0"),
            "{kept:?}"
        );
        chat.wait(2 * KEEP);
        chat.types(olga, "/unban bob");
        chat.asked.clear();
    }
    chat.types(olga, "/ban bob");
    assert_eq!(chat.tokens_kept(), ["0"]);
}
