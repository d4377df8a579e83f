//! From the tree of a query to what is run: units, conditions on events, and how they combine in a session.

use super::bits::Bits;
use super::filter::Mask;
use super::found::SearchRequest;
use super::query::{Clause, Field, IsValue, Query, TextScan, UnitBody};
use crate::catalog::Catalog;

/// A query, ready to be run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) units: Vec<PlanUnit>,
    /// Conditions on events; units and filters name theirs by number. The first is the one of the whole query.
    pub(crate) masks: Vec<Mask>,
    pub(crate) root: Node,
    /// Sessions that are searched: those of the request, whatever the query says of them.
    pub(crate) scope: Bits,
    /// Of these, the sessions that can be found at all.
    pub(crate) sessions: Bits,
    /// Scans of texts, each with whether it must fail.
    pub(crate) scans: Vec<(TextScan, bool)>,
    /// Whether sub-agents' sessions stand for themselves.
    pub(crate) apart: bool,
}

/// A unit, ready to be run.
#[derive(Debug, Clone)]
pub(crate) struct PlanUnit {
    pub(crate) body: UnitBody,
    /// As typed.
    pub(crate) typed: String,
    pub(crate) mask: usize,
    pub(crate) role: Role,
    pub(crate) scored: bool,
    pub(crate) weight: f32,
    /// Its number among the units that the query looks for; `None` for what stands under a `-`.
    pub(crate) number: Option<usize>,
    /// The text that should stand literally.
    pub(crate) literal: bool,
}

/// What a unit does for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It must stand there.
    Required,
    /// It finds the session and ranks it.
    Ranked,
    /// It finds and ranks likewise, but stands for a similar word, so that it does not count as standing there.
    Similar,
}

impl PlanUnit {
    /// Whether it stands under a `-`.
    pub(crate) fn is_negative(&self) -> bool {
        self.number.is_none()
    }

    /// Whether it counts among the words of the query.
    pub(crate) fn counts(&self) -> bool {
        self.scored && !self.is_negative() && self.role != Role::Similar
    }
}

/// How units and conditions combine in a session.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A unit, by number.
    Unit(usize),
    /// Any event under the condition of that number.
    Filter(usize),
}

impl Plan {
    /// Plans a query. `without` leaves one part of it out: the child of that number of the outermost node.
    pub(crate) fn new(query: &Query, request: &SearchRequest, catalog: &Catalog, without: Option<usize>) -> Self {
        let limit = catalog.sessions.len();
        let mut builder = Builder {
            catalog,
            now_ms: request.now_ms,
            units: Vec::new(),
            masks: vec![Mask::everything()],
            scans: Vec::new(),
            main_thread: None,
            seen: 0,
        };
        // Conditions that hold for the whole query narrow everything; those on sessions are looked at once a session.
        let mut condition = Mask::everything();
        let mut others = Vec::new();
        for (part, clause) in parts(query).into_iter().enumerate() {
            if Some(part) == without {
                continue;
            }
            match builder.condition(clause) {
                Some(one) => condition = condition.and(one),
                None => others.push(clause),
            }
        }
        let (mut sessions, condition) = condition.split_sessions(limit);
        builder.masks[0] = condition;
        let root = match builder.all(&others, 0, false) {
            Some(node) if node.finds() => node,
            Some(node) => Node::All(vec![node, Node::Filter(0)]),
            None => Node::Filter(0),
        };
        let apart = query.fields().iter().any(|(field, negated)| {
            !negated && matches!(field, Field::Is(values) if values.contains(&IsValue::Subagent))
        });
        let mut scope = Bits::full(limit);
        for excluded in &request.exclude {
            scope.remove(*excluded);
        }
        if let Some(repository) = &request.repository {
            for entry in catalog.iter() {
                let here =
                    |entry: &crate::catalog::SessionEntry| entry.repository_identity.as_deref() == Some(&**repository);
                let root = || catalog.get(entry.root).is_some_and(|root| here(root));
                if !here(entry) && !root() {
                    scope.remove(entry.key);
                }
            }
        }
        sessions.intersect(&scope);
        Plan { units: builder.units, masks: builder.masks, root, scope, sessions, scans: builder.scans, apart }
    }

    /// The number of units that count in the score.
    pub(crate) fn scored(&self) -> u32 {
        self.units.iter().filter(|unit| unit.counts()).count() as u32
    }
}

/// The children of the outermost node that all must hold; the query itself where it is not such a node.
pub(crate) fn parts(query: &Query) -> Vec<&Clause> {
    match &query.clause {
        None => Vec::new(),
        Some(Clause::All(children)) => children.iter().collect(),
        Some(clause) => vec![clause],
    }
}

impl Node {
    /// Puts several units in the place of one.
    pub(crate) fn replace(&mut self, unit: usize, with: &[Node]) {
        match self {
            Node::All(nodes) => {
                if let Some(at) = nodes.iter().position(|node| matches!(node, Node::Unit(number) if *number == unit)) {
                    nodes.splice(at..=at, with.iter().cloned());
                } else {
                    for node in nodes {
                        node.replace(unit, with);
                    }
                }
            }
            Node::Any(nodes) => {
                for node in nodes {
                    node.replace(unit, with);
                }
            }
            Node::Not(node) => node.replace(unit, with),
            Node::Unit(number) if *number == unit => *self = Node::All(with.to_vec()),
            Node::Unit(_) | Node::Filter(_) => {}
        }
    }

    /// Whether it finds events, rather than only keeping sessions out.
    fn finds(&self) -> bool {
        match self {
            Node::All(nodes) => nodes.iter().any(Node::finds),
            Node::Any(nodes) => nodes.iter().all(Node::finds),
            Node::Not(_) => false,
            Node::Unit(_) | Node::Filter(_) => true,
        }
    }
}

struct Builder<'c> {
    catalog: &'c Catalog,
    now_ms: i64,
    units: Vec<PlanUnit>,
    masks: Vec<Mask>,
    scans: Vec<(TextScan, bool)>,
    main_thread: Option<usize>,
    /// Units seen that are not under a `-`.
    seen: usize,
}

impl Builder<'_> {
    fn node(&mut self, clause: &Clause, mask: usize, negative: bool) -> Option<Node> {
        if let Some(condition) = self.condition(clause) {
            return Some(Node::Filter(self.narrowed(mask, condition)));
        }
        match clause {
            Clause::All(children) => {
                let children: Vec<&Clause> = children.iter().collect();
                self.all(&children, mask, negative)
            }
            Clause::Any(children) => {
                let nodes = children.iter().filter_map(|child| self.node(child, mask, negative)).collect();
                Some(Node::Any(nodes))
            }
            Clause::Not(child) => {
                if let Clause::Field(field) = &**child
                    && let Field::Text(scans) = &field.field
                {
                    self.scans.extend(scans.iter().map(|scan| (scan.clone(), true)));
                    return None;
                }
                let main_thread = *self.main_thread.get_or_insert_with(|| {
                    self.masks.push(Mask::MainThread);
                    self.masks.len() - 1
                });
                let node = self.node(child, main_thread, !negative)?;
                Some(Node::Not(Box::new(node)))
            }
            Clause::Unit(unit) => {
                let number = (!negative).then_some(self.seen);
                self.seen += usize::from(!negative);
                if !unit.scored && !unit.required {
                    return None;
                }
                self.units.push(PlanUnit {
                    body: unit.body.clone(),
                    typed: unit.typed.clone(),
                    mask,
                    role: if unit.required { Role::Required } else { Role::Ranked },
                    scored: unit.scored,
                    weight: 1.0,
                    number,
                    literal: unit.literal.is_some() && !unit.verify,
                });
                Some(Node::Unit(self.units.len() - 1))
            }
            Clause::Field(field) => {
                if let Field::Text(scans) = &field.field {
                    self.scans.extend(scans.iter().map(|scan| (scan.clone(), false)));
                }
                None
            }
        }
    }

    /// What stands side by side: conditions narrow what the other children see.
    fn all(&mut self, children: &[&Clause], mask: usize, negative: bool) -> Option<Node> {
        let mut condition = Mask::everything();
        let mut others = Vec::new();
        for &child in children {
            match self.condition(child) {
                Some(one) => condition = condition.and(one),
                None => others.push(child),
            }
        }
        let narrower = !condition.is_everything();
        let mask = if narrower { self.narrowed(mask, condition) } else { mask };
        let mut nodes = Vec::new();
        for child in others {
            nodes.extend(self.node(child, mask, negative));
        }
        match nodes.len() {
            0 => narrower.then_some(Node::Filter(mask)),
            1 => nodes.pop(),
            _ => Some(Node::All(nodes)),
        }
    }

    /// The clause as a condition on events, when it is nothing else.
    fn condition(&self, clause: &Clause) -> Option<Mask> {
        let all =
            |children: &[Clause]| -> Option<Vec<Mask>> { children.iter().map(|child| self.condition(child)).collect() };
        match clause {
            Clause::All(children) => all(children).map(Mask::All),
            Clause::Any(children) => all(children).map(Mask::Any),
            Clause::Not(child) => Some(Mask::Not(Box::new(self.condition(child)?))),
            Clause::Unit(_) => None,
            Clause::Field(field) => Mask::of_field(&field.field, self.catalog, self.now_ms),
        }
    }

    fn narrowed(&mut self, mask: usize, condition: Mask) -> usize {
        let narrowed = self.masks[mask].clone().and(condition);
        self.masks.push(narrowed);
        self.masks.len() - 1
    }
}
