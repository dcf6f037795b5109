//! The names of the house: a person who had one of them would be believed to speak for the server.

use std::sync::LazyLock;

use super::Username;

/// The names of the house.
const WORDS: [&str; 11] = [
    "server",
    "admin",
    "administrator",
    "operator",
    "operators",
    "moderator",
    "root",
    "system",
    "sysadmin",
    "sysop",
    "chinwag",
];

static NAMES: LazyLock<[Username; WORDS.len()]> = LazyLock::new(|| WORDS.map(Username::of));

/// Whether a name is one of the house, or could be mistaken for one.
pub(crate) fn is_of_house(name: &Username) -> bool {
    NAMES.iter().any(|it| it.looks_like(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_house_are_those_that_look_like_them() {
        for text in ["server", "Admin", "ADMIN", "r00t", "0perator", "аdmin"] {
            let name = Username::parse(text).expect(text);
            assert!(is_of_house(&name), "{text}");
        }
        for text in ["ann", "rooty", "administer", "opera"] {
            let name = Username::parse(text).expect(text);
            assert!(!is_of_house(&name), "{text}");
        }
    }
}
