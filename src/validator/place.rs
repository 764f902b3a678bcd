//! Where in a resource the walk is. Kept as a chain on the stack; only an issue makes a text of it.

use std::fmt;

/// An element of a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    above: Option<&'p Place<'p>>,
    name: &'p str,
    index: Option<usize>,
    /// The type a choice was made for.
    choice: Option<&'p str>,
    pub(super) depth: usize,
}

impl<'p> Place<'p> {
    /// The resource itself.
    pub(super) fn root(type_name: &'p str) -> Place<'p> {
        Place { above: None, name: type_name, index: None, choice: None, depth: 0 }
    }

    /// Whether this is the resource that was given.
    pub(super) fn is_root(&self) -> bool {
        self.above.is_none()
    }

    /// A property.
    pub(super) fn below(&'p self, name: &'p str, choice: Option<&'p str>) -> Place<'p> {
        Place { above: Some(self), name, index: None, choice, depth: self.depth + 1 }
    }

    /// One repetition of it.
    pub(super) fn at(self, index: usize) -> Place<'p> {
        Place { index: Some(index), ..self }
    }
}

impl fmt::Display for Place<'_> {
    /// Simple FHIRPath: `Task.input[0].value.ofType(Reference).reference`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(f, "{above}.")?;
        }
        f.write_str(self.name)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        match self.choice {
            Some(type_name) => write!(f, ".ofType({type_name})"),
            None => Ok(()),
        }
    }
}
