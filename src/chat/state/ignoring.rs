//! Whom people ignore, as it travels. Who ignores a target, and whose it is, stands with the people.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::chat::Hub;
use crate::chat::ignore::{Target, Targets};
use crate::chat::person::TargetId;
use crate::id::PersonId;
use crate::name::Username;

use super::InvalidState;

/// A person who is ignored, under one name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetForm {
    number: u64,
    name: Username,
    person: PersonId,
}

impl Hub {
    pub(super) fn targets_as_forms(&self) -> Vec<TargetForm> {
        let form = |it: &Target| TargetForm {
            number: it.number,
            name: it.name.clone(),
            person: it.person,
        };
        let mut forms: Vec<TargetForm> = self.targets.iter().map(|(_, it)| form(it)).collect();
        forms.sort_by_key(|it| it.number);
        forms
    }

    /// The numbers of some targets.
    pub(super) fn numbers_of(&self, ids: &[TargetId]) -> Vec<u64> {
        let targets = ids.iter().filter_map(|it| self.targets.get(*it));
        targets.map(|it| it.number).collect()
    }
}

type ByNumber = HashMap<u64, TargetId>;

pub(super) fn load(forms: Vec<TargetForm>, made: u64) -> Result<(Targets, ByNumber), InvalidState> {
    let is_sorted = forms.is_sorted_by(|a, b| a.number < b.number);
    if !is_sorted || forms.last().is_some_and(|it| it.number > made) {
        return Err(InvalidState("ignored people in no order"));
    }
    let (mut targets, mut numbers) = (Targets::default(), HashMap::new());
    for it in forms {
        let id = targets.put(it.number, it.name, it.person, None);
        numbers.insert(it.number, id);
    }
    targets.made = made;
    Ok((targets, numbers))
}
