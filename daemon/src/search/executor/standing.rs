//! In which sessions the tree of a query matches, worked out over sets of sessions.

use super::Mode;
use crate::search::bits::Bits;
use crate::search::plan::{Node, Plan, Role};

/// In which sessions each unit and each condition of the tree stands.
pub(super) struct Standing {
    pub(super) units: Vec<Bits>,
    pub(super) filters: Vec<(usize, Bits)>,
    /// Conditions that stand under a `-` only.
    pub(super) negative_filters: Vec<usize>,
    /// Whether the tree says more than that any unit must stand in a session.
    pub(super) needed: bool,
}

impl Standing {
    pub(super) fn new(plan: &Plan, mode: Mode, limit: usize) -> Self {
        let mut filters = Vec::new();
        let mut negative_filters = Vec::new();
        collect_filters(&plan.root, false, &mut filters, &mut negative_filters);
        let needed = match (&plan.root, mode) {
            (Node::Unit(_) | Node::Filter(_), _) => false,
            (Node::All(nodes), _) => {
                !nodes.iter().all(|node| matches!(node, Node::Unit(unit) if plan.units[*unit].role != Role::Required))
            }
            _ => true,
        };
        if !needed && matches!(mode, Mode::Filter(_)) {
            filters.clear();
        }
        Self {
            units: plan.units.iter().map(|_| Bits::empty(limit)).collect(),
            filters: filters.into_iter().map(|mask| (mask, Bits::empty(limit))).collect(),
            negative_filters,
            needed,
        }
    }

    /// The sessions in which a node matches. With `all`, words that only rank must stand there too.
    pub(super) fn matching(&self, plan: &Plan, node: &Node, all: bool, limit: usize) -> Bits {
        match node {
            Node::Unit(unit) => self.units[*unit].clone(),
            Node::Filter(mask) => {
                let filter = self.filters.iter().find(|(filter, _)| filter == mask);
                filter.map_or_else(|| Bits::empty(limit), |(_, sessions)| sessions.clone())
            }
            Node::Not(child) => {
                let mut sessions = self.matching(plan, child, false, limit);
                sessions.invert();
                sessions
            }
            Node::Any(nodes) => {
                let mut any = Bits::empty(limit);
                for node in nodes {
                    any.unite(&self.matching(plan, node, all, limit));
                }
                any
            }
            Node::All(nodes) => {
                let ranked =
                    |node: &&Node| matches!(node, Node::Unit(unit) if plan.units[*unit].role != Role::Required);
                let similar =
                    |node: &&Node| matches!(node, Node::Unit(unit) if plan.units[*unit].role == Role::Similar);
                let mut sessions = Bits::full(limit);
                let mut hard = nodes.iter().filter(|node| if all { !similar(node) } else { !ranked(node) }).peekable();
                if hard.peek().is_none() {
                    let mut any = Bits::empty(limit);
                    for node in nodes {
                        any.unite(&self.matching(plan, node, all, limit));
                    }
                    return any;
                }
                for node in hard {
                    sessions.intersect(&self.matching(plan, node, all, limit));
                }
                sessions
            }
        }
    }
}

fn collect_filters(node: &Node, negative: bool, filters: &mut Vec<usize>, negatives: &mut Vec<usize>) {
    match node {
        Node::All(nodes) | Node::Any(nodes) => {
            for node in nodes {
                collect_filters(node, negative, filters, negatives);
            }
        }
        Node::Not(child) => collect_filters(child, !negative, filters, negatives),
        Node::Unit(_) => {}
        Node::Filter(mask) => {
            if !filters.contains(mask) {
                filters.push(*mask);
            }
            if negative {
                negatives.push(*mask);
            }
        }
    }
}
