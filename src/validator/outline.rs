//! Compiled definitions as text, for people and for tests.

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use super::rule::{Child, Compiled, Content, Node, NodeId, ProfileRef, Rule, Targets};
use super::slice::{Condition, Openness, Slice, Slicing, Test};

impl Display for Compiled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.canonical)?;
        Outline { of: self, seen: HashSet::from([NodeId::ROOT]) }.node(f, self.root(), 1)
    }
}

struct Outline<'o> {
    of: &'o Compiled,
    /// Nodes already told: contents that refer to themselves have no end.
    seen: HashSet<NodeId>,
}

impl Outline<'_> {
    /// The rest of the line that began with a name, and the lines of what is below.
    fn node(&mut self, f: &mut Formatter<'_>, node: &Node, depth: usize) -> fmt::Result {
        for rule in &node.rules {
            write!(f, " {rule}")?;
        }
        writeln!(f)?;
        node.children.iter().try_for_each(|child| self.child(f, child, depth))
    }

    fn child(&mut self, f: &mut Formatter<'_>, child: &Child, depth: usize) -> fmt::Result {
        write!(f, "{:indent$}{}{}", "", child.name, Range(child.min, child.max), indent = depth * 2)?;
        if child.must_support {
            write!(f, " S")?;
        }
        self.content(f, &child.content, depth)?;
        child.slicing.as_ref().map_or(Ok(()), |slicing| self.slicing(f, slicing, depth + 1))
    }

    fn content(&mut self, f: &mut Formatter<'_>, content: &Content, depth: usize) -> fmt::Result {
        for rule in &self.of.node(content.node).rules {
            write!(f, " {rule}")?;
        }
        let below: Vec<NodeId> = content.of_types.iter().map(|(_, id)| *id).collect();
        let below = below.into_iter().filter(|id| !self.of.node(*id).is_empty());
        let (new, told): (Vec<NodeId>, Vec<NodeId>) = below.partition(|id| self.seen.insert(*id));
        writeln!(f, "{}", if told.is_empty() { "" } else { " (as above)" })?;
        let nodes = new.into_iter().map(|id| self.of.node(id));
        nodes.flat_map(|node| &node.children).try_for_each(|child| self.child(f, child, depth + 1))
    }

    fn slicing(&mut self, f: &mut Formatter<'_>, slicing: &Slicing, depth: usize) -> fmt::Result {
        let is_open = slicing.openness == Openness::Open;
        if !is_open || slicing.ordered {
            let ordered = if slicing.ordered { ", ordered" } else { "" };
            writeln!(f, "{:indent$}({:?}{ordered})", "", slicing.openness, indent = depth * 2)?;
        }
        slicing.slices.iter().try_for_each(|slice| self.slice(f, slice, depth))
    }

    fn slice(&mut self, f: &mut Formatter<'_>, slice: &Slice, depth: usize) -> fmt::Result {
        write!(f, "{:indent$}:{}{}", "", slice.name, Range(slice.min, slice.max), indent = depth * 2)?;
        if slice.must_support {
            write!(f, " S")?;
        }
        let conditions: Vec<String> = slice.conditions.iter().map(ToString::to_string).collect();
        write!(f, " if {}", conditions.join(" and "))?;
        self.content(f, &slice.content, depth)?;
        slice.slicing.as_ref().map_or(Ok(()), |slicing| self.slicing(f, slicing, depth + 1))
    }
}

struct Range(u32, Option<u32>);

impl Display for Range {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Range(0, None) => Ok(()),
            Range(min, None) => write!(f, " {min}.."),
            Range(min, Some(max)) => write!(f, " {min}..{max}"),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.path)?;
        for (index, test) in self.tests.iter().enumerate() {
            write!(f, "{}{test}", if index == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Test::Fixed(value) => write!(f, "= {value}"),
            Test::Pattern(value) => write!(f, "has {value}"),
            Test::Codes { value_set, .. } => write!(f, "in {value_set}"),
            Test::Exists(true) => f.write_str("exists"),
            Test::Exists(false) => f.write_str("is not there"),
            Test::Types(types) => write!(f, "is one of {} types", types.len()),
            Test::Profiles(profiles) => write!(f, "meets {}", listed(profiles)),
            Test::All(conditions) => {
                let conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
                write!(f, "({})", conditions.join(" and "))
            }
            Test::Never => f.write_str("(cannot be told)"),
        }
    }
}

fn listed(profiles: &[ProfileRef]) -> String {
    profiles.iter().map(short).collect::<Vec<_>>().join(" or ")
}

/// The last part of a profile's URL.
fn short(profile: &ProfileRef) -> &str {
    profile.canonical.rsplit('/').next().unwrap_or_default()
}

impl Display for Targets {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let allowed: Vec<&str> =
            self.allowed.iter().filter_map(|(_, profile)| Some(short(profile.as_ref()?))).collect();
        let bare = self.allowed.iter().filter(|(_, profile)| profile.is_none()).count();
        write!(f, "to({}", allowed.join(" | "))?;
        if bare > 0 {
            write!(f, "{}{bare} types", if allowed.is_empty() { "" } else { " | " })?;
        }
        if !self.aggregation.is_empty() {
            write!(f, "; {}", self.aggregation.join(", "))?;
        }
        f.write_str(")")
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Types(types) => {
                let names: Vec<&str> = types.iter().map(|(name, _)| name.as_str()).collect();
                write!(f, "types({})", names.join(" | "))
            }
            Rule::Profiles(types) => {
                let profiles: Vec<String> = types.iter().map(|(_, profiles)| listed(profiles)).collect();
                write!(f, "profile({})", profiles.join(" | "))
            }
            Rule::Targets(targets) => write!(f, "{targets}"),
            Rule::Binding(binding) => {
                let known = if binding.codes.is_some() { "" } else { " (not at hand)" };
                write!(f, "codes({} {}{known}", binding.strength, binding.value_set)?;
                for usage in &binding.usage {
                    write!(f, " when {} has {}", usage.property, usage.code)?;
                }
                f.write_str(")")
            }
            Rule::Fixed(value) => write!(f, "fixed({value})"),
            Rule::Pattern(value) => write!(f, "pattern({value})"),
            Rule::Bound(bound) => write!(f, "{}({})", bound.name, bound.value),
            Rule::MaxLength(length) => write!(f, "length(..{length})"),
            Rule::Invariant(invariant) => write!(f, "{}", invariant.key),
        }
    }
}
