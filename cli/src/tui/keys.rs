//! What can be done and by which keys: one table. Dispatch, the help overlay and the palette of actions come from it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Down,
    Up,
    HalfPageDown,
    HalfPageUp,
    First,
    Last,
    Open,
    Back,
    Clear,
    NextPane,
    ShowSessions,
    ShowStats,
    ShowProblems,
    ShowSettings,
    Search,
    Palette,
    Help,
    Quit,
    Suspend,
    Mark,
    Diff,
    Scope,
    Order,
    Facets,
    Preview,
    Subagents,
    Handoff,
    Resume,
    Export,
    Copy,
    Star,
    Forget,
    ListSmaller,
    ListLarger,
    NextHit,
    PreviousHit,
    LaterSearch,
    EarlierSearch,
    Complete,
    KeptSearches,
    SaveSearch,
    OpenHit,
    LeaveSearch,
    NextCandidate,
    PreviousCandidate,
    TakeCandidate,
    CloseCandidates,
    ForgetSearch,
    NextPrompt,
    PreviousPrompt,
    NextError,
    PreviousError,
    NextEdit,
    PreviousEdit,
    NextFound,
    PreviousFound,
    Fold,
    OpenAll,
    FoldAll,
    Thinking,
    Calls,
    Wrap,
    Follow,
    OpenFile,
    Parent,
    CopyText,
    Group,
    Span,
    DaysMap,
    Default,
    Save,
    Budget,
    SaveHandoff,
    RunInAgent,
}

/// Where keys mean something. A view names its places; an earlier place of it wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Wherever nobody types text.
    Everywhere,
    /// Where a session is chosen: in lists and in a session.
    Chosen,
    /// Lists of sessions.
    List,
    /// The line in which a query is typed.
    SearchLine,
    /// The list beneath that line.
    Candidates,
    /// Likewise, where it is of saved and earlier searches.
    KeptSearches,
    /// A session.
    Session,
    /// Figures.
    Stats,
    /// Settings.
    Settings,
    /// A handoff.
    Handoff,
    /// The line in which one types what to find in a session.
    FindLine,
    /// Two sessions compared.
    Diff,
}

/// An action, and how it is called for in a place.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) place: Place,
    pub(crate) action: Action,
    /// As [`name`] writes keys; two characters one after the other make a key of two.
    pub(crate) keys: &'static [&'static str],
}

const fn bind(place: Place, action: Action, keys: &'static [&'static str]) -> Binding {
    Binding { place, action, keys }
}

/// Every key of the terminal interface.
pub(crate) const BINDINGS: &[Binding] = &[
    bind(Place::List, Action::Mark, &["Space"]),
    bind(Place::List, Action::Diff, &["D"]),
    bind(Place::List, Action::Scope, &["s"]),
    bind(Place::List, Action::Order, &["O"]),
    bind(Place::List, Action::Facets, &["f"]),
    bind(Place::List, Action::Preview, &["v"]),
    bind(Place::List, Action::Subagents, &["u"]),
    bind(Place::List, Action::ListSmaller, &["<"]),
    bind(Place::List, Action::ListLarger, &[">"]),
    bind(Place::Session, Action::NextPrompt, &["]"]),
    bind(Place::Session, Action::PreviousPrompt, &["["]),
    bind(Place::Session, Action::NextError, &["e"]),
    bind(Place::Session, Action::PreviousError, &["E"]),
    bind(Place::Session, Action::NextEdit, &["c"]),
    bind(Place::Session, Action::PreviousEdit, &["C"]),
    bind(Place::Session, Action::NextFound, &["n"]),
    bind(Place::Session, Action::PreviousFound, &["N"]),
    bind(Place::Session, Action::Fold, &["Space", "za"]),
    bind(Place::Session, Action::OpenAll, &["zR"]),
    bind(Place::Session, Action::FoldAll, &["zM"]),
    bind(Place::Session, Action::Thinking, &["t"]),
    bind(Place::Session, Action::Calls, &["T"]),
    bind(Place::Session, Action::Wrap, &["w"]),
    bind(Place::Session, Action::Follow, &["F"]),
    bind(Place::Session, Action::OpenFile, &["o"]),
    bind(Place::Session, Action::Parent, &["p"]),
    bind(Place::Stats, Action::Group, &["O"]),
    bind(Place::Stats, Action::Span, &["d"]),
    bind(Place::Stats, Action::Scope, &["s"]),
    bind(Place::Stats, Action::DaysMap, &["m"]),
    bind(Place::Settings, Action::Default, &["Delete", "Backspace"]),
    bind(Place::Settings, Action::Save, &["Ctrl-s"]),
    bind(Place::Handoff, Action::Budget, &["b"]),
    bind(Place::Handoff, Action::CopyText, &["y"]),
    bind(Place::Handoff, Action::SaveHandoff, &["x"]),
    bind(Place::Handoff, Action::RunInAgent, &["r"]),
    bind(Place::Chosen, Action::Handoff, &["H"]),
    bind(Place::Chosen, Action::Resume, &["r"]),
    bind(Place::Chosen, Action::Export, &["x"]),
    bind(Place::Chosen, Action::Copy, &["y"]),
    bind(Place::Chosen, Action::Star, &["*"]),
    bind(Place::Chosen, Action::Forget, &["X"]),
    bind(Place::KeptSearches, Action::ForgetSearch, &["Delete"]),
    bind(Place::Candidates, Action::NextCandidate, &["Tab", "Down", "Ctrl-n"]),
    bind(Place::Candidates, Action::PreviousCandidate, &["Shift-Tab", "Up", "Ctrl-p"]),
    bind(Place::Candidates, Action::TakeCandidate, &["Enter", "Right"]),
    bind(Place::Candidates, Action::CloseCandidates, &["Esc"]),
    bind(Place::SearchLine, Action::NextHit, &["Ctrl-n"]),
    bind(Place::SearchLine, Action::PreviousHit, &["Ctrl-p"]),
    bind(Place::SearchLine, Action::LaterSearch, &["Down"]),
    bind(Place::SearchLine, Action::EarlierSearch, &["Up"]),
    bind(Place::SearchLine, Action::Complete, &["Tab"]),
    bind(Place::SearchLine, Action::KeptSearches, &["Ctrl-r"]),
    bind(Place::SearchLine, Action::SaveSearch, &["Ctrl-s"]),
    bind(Place::SearchLine, Action::OpenHit, &["Enter"]),
    bind(Place::SearchLine, Action::LeaveSearch, &["Esc"]),
    bind(Place::FindLine, Action::OpenHit, &["Enter"]),
    bind(Place::FindLine, Action::LeaveSearch, &["Esc"]),
    bind(Place::Diff, Action::CopyText, &["y"]),
    bind(Place::Everywhere, Action::Down, &["j", "Down"]),
    bind(Place::Everywhere, Action::Up, &["k", "Up"]),
    bind(Place::Everywhere, Action::HalfPageDown, &["Ctrl-d", "PgDn"]),
    bind(Place::Everywhere, Action::HalfPageUp, &["Ctrl-u", "PgUp"]),
    bind(Place::Everywhere, Action::First, &["g", "Home"]),
    bind(Place::Everywhere, Action::Last, &["G", "End"]),
    bind(Place::Everywhere, Action::Open, &["Enter", "l", "Right"]),
    bind(Place::Everywhere, Action::Back, &["q", "h", "Left"]),
    bind(Place::Everywhere, Action::Clear, &["Esc"]),
    bind(Place::Everywhere, Action::NextPane, &["Tab"]),
    bind(Place::Everywhere, Action::ShowSessions, &["1"]),
    bind(Place::Everywhere, Action::ShowStats, &["2"]),
    bind(Place::Everywhere, Action::ShowProblems, &["4"]),
    bind(Place::Everywhere, Action::ShowSettings, &["5"]),
    bind(Place::Everywhere, Action::Search, &["/"]),
    bind(Place::Everywhere, Action::Palette, &[":"]),
    bind(Place::Everywhere, Action::Help, &["?"]),
    bind(Place::Everywhere, Action::Quit, &["Ctrl-c"]),
    bind(Place::Everywhere, Action::Suspend, &["Ctrl-z"]),
];

/// What a key calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// This.
    Action(Action),
    /// Nothing yet: it is the first of two.
    Prefix,
    /// Nothing.
    Nothing,
}

/// What `key` (after `prefix`, when one was struck) calls for in the first of `places` that knows it.
pub(crate) fn called(places: &[Place], prefix: &str, key: &str) -> Called {
    let whole = format!("{prefix}{key}");
    for place in places {
        let here = || BINDINGS.iter().filter(|binding| binding.place == *place);
        if let Some(binding) = here().find(|binding| binding.keys.contains(&&*whole)) {
            return Called::Action(binding.action);
        }
        let begins = |keys: &&str| keys.len() == 2 && whole.len() == 1 && keys.starts_with(&*whole);
        if here().any(|binding| binding.keys.iter().any(begins)) {
            return Called::Prefix;
        }
    }
    Called::Nothing
}

/// The bindings of these places, the first place's first.
pub(crate) fn bindings(places: &[Place]) -> impl Iterator<Item = &'static Binding> {
    places.iter().flat_map(|place| BINDINGS.iter().filter(move |binding| binding.place == *place))
}

/// The first key of an action in these places.
pub(crate) fn key_of(places: &[Place], action: Action) -> Option<&'static str> {
    bindings(places).find(|binding| binding.action == action)?.keys.first().copied()
}

/// A key as the table writes it: `j`, `Space`, `Ctrl-d`, `PgDn`.
pub(crate) fn name(key: KeyEvent) -> Option<String> {
    let plain = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(character) => character.to_string(),
        KeyCode::Enter => "Enter".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Up => "Up".to_owned(),
        KeyCode::Down => "Down".to_owned(),
        KeyCode::Left => "Left".to_owned(),
        KeyCode::Right => "Right".to_owned(),
        KeyCode::Home => "Home".to_owned(),
        KeyCode::End => "End".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::Backspace => "Backspace".to_owned(),
        KeyCode::Delete => "Delete".to_owned(),
        _ => return None,
    };
    Some(if key.modifiers.contains(KeyModifiers::CONTROL) {
        format!("Ctrl-{}", plain.to_lowercase())
    } else if key.modifiers.contains(KeyModifiers::ALT) {
        format!("Alt-{plain}")
    } else {
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_one_place_a_key_has_one_meaning() {
        let mut seen = std::collections::BTreeSet::new();
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(seen.insert((format!("{:?}", binding.place), *key)), "{key} of {:?} twice", binding.place);
            }
        }
    }

    #[test]
    fn a_key_of_two_waits_for_its_second() {
        let places = [Place::Session, Place::Everywhere];
        assert_eq!(called(&places, "", "z"), Called::Prefix);
        assert_eq!(called(&places, "z", "R"), Called::Action(Action::OpenAll));
        assert_eq!(called(&places, "z", "q"), Called::Nothing);
        assert_eq!(called(&[Place::List, Place::Everywhere], "", "z"), Called::Nothing);
        assert_eq!(called(&[Place::SearchLine], "", "Tab"), Called::Action(Action::Complete));
        assert_eq!(called(&[Place::Candidates, Place::SearchLine], "", "Tab"), Called::Action(Action::NextCandidate));
    }
}
