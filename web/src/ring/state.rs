//! The state of the controls: what the user has typed and opened. Time and the ring are the engine's.

use std::rc::Rc;

use yew::Reducible;

use crate::ring::engine::command::Way;
use crate::ring::engine::snapshot::Question;

/// A field that the user types into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The key to look up.
    Key,
    /// The node to insert, remove or crash.
    Node,
}

/// A field's refused content: the reason in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: Field,
    /// The sentence.
    pub text: String,
}

/// The state of the controls.
#[derive(Clone, Debug, PartialEq)]
pub struct UiState {
    /// The key as typed.
    pub key: String,
    /// The node that asks, as the combobox holds it; empty is the first.
    pub from: String,
    /// The node to change, as typed.
    pub node: String,
    /// Routing and mode of lookups.
    pub way: Way,
    /// The refused field, if there is one.
    pub error: Option<FieldError>,
    /// Whether single keys are shortcuts.
    pub shortcuts: bool,
}

impl Default for UiState {
    fn default() -> Self {
        Self {
            key: "26".to_owned(),
            from: "1".to_owned(),
            node: "7".to_owned(),
            way: Way::default(),
            error: None,
            shortcuts: true,
        }
    }
}

/// A change of the controls.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A field was typed into.
    Typed(Field, String),
    /// Another asking node was chosen.
    From(String),
    /// The controls ask what a scenario asks; what they asked first if it asks nothing.
    Asks(Option<Question>),
    /// The routing was chosen: linear or not.
    Linear(bool),
    /// The mode was chosen: iterative or not.
    Iterative(bool),
    /// A field's content was refused.
    Refused(FieldError),
    /// The last input was good.
    Accepted,
    /// Single keys are shortcuts, or not.
    Shortcuts(bool),
}

impl UiState {
    /// Whether the controls ask this. Who drives the lookup makes no difference to its path.
    pub fn asks(&self, question: &Question) -> bool {
        self.key.trim() == question.key
            && self.from == question.from
            && self.way.linear == question.way.linear
    }
}

impl Reducible for UiState {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            Action::Typed(field, text) => {
                next.error = next.error.filter(|error| error.field != field);
                match field {
                    Field::Key => next.key = text,
                    Field::Node => next.node = text,
                }
            }
            Action::From(id) => next.from = id,
            Action::Asks(question) => {
                let first = Self::default();
                (next.key, next.from, next.way) = question.map_or_else(
                    || (first.key, first.from, first.way),
                    |asked| (asked.key, asked.from, asked.way),
                );
                next.error = None;
            }
            Action::Linear(linear) => next.way.linear = linear,
            Action::Iterative(iterative) => next.way.iterative = iterative,
            Action::Refused(error) => next.error = Some(error),
            Action::Accepted => next.error = None,
            Action::Shortcuts(on) => next.shortcuts = on,
        }
        if next == *self { self } else { Rc::new(next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(state: UiState, action: Action) -> UiState {
        (*Rc::new(state).reduce(action)).clone()
    }

    #[test]
    fn typing_into_a_field_clears_its_own_error_only() {
        let error = FieldError {
            field: Field::Key,
            text: "no".to_owned(),
        };
        let state = reduced(UiState::default(), Action::Refused(error.clone()));
        let other = reduced(state.clone(), Action::Typed(Field::Node, "8".to_owned()));
        assert_eq!(other.error, Some(error));
        let same = reduced(state, Action::Typed(Field::Key, "8".to_owned()));
        assert_eq!(same.error, None);
        assert_eq!(same.key, "8");
    }

    #[test]
    fn the_controls_ask_what_a_scenario_asks_until_something_else_is_chosen() {
        let question = Question {
            key: "12".to_owned(),
            from: "28".to_owned(),
            way: Way {
                linear: true,
                iterative: false,
            },
        };
        let state = reduced(UiState::default(), Action::Asks(Some(question.clone())));
        assert!(state.asks(&question) && state.way.linear);
        for other in [
            Action::Linear(false),
            Action::From("1".to_owned()),
            Action::Typed(Field::Key, "13".to_owned()),
        ] {
            assert!(!reduced(state.clone(), other).asks(&question));
        }
        assert!(reduced(state.clone(), Action::Iterative(true)).asks(&question));
        assert_eq!(reduced(state, Action::Asks(None)), UiState::default());
    }

    #[test]
    fn an_action_that_changes_nothing_keeps_the_same_state() {
        let state = Rc::new(UiState::default());
        assert!(Rc::ptr_eq(
            &state,
            &state.clone().reduce(Action::Shortcuts(true))
        ));
    }
}
