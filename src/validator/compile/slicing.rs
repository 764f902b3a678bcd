//! How the values of an element are told apart: discriminators made into conditions (R4 §5.1.0.15).

use super::tree::{Tree, name_of};
use super::{CompileError, Compiling};
use crate::definitions::structure::{BindingStrength, Discriminator, ElementDefinition, StructureDefinition};
use crate::definitions::{Type, TypeId};
use crate::validator::path::{Path, Step};
use crate::validator::rule::{Child, ProfileRef};
use crate::validator::slice::{Condition, Openness, Slice, Slicing, Test};

/// How far below an element fixed values are looked for.
const MAX_DEPTH: usize = 6;

impl<'c> Compiling<'c> {
    /// The slices of the element at `index`.
    pub(super) fn slicing(
        &mut self,
        index: usize,
        owner: &Type,
        property: usize,
    ) -> Result<Option<Box<Slicing>>, CompileError> {
        let mut counters = 0;
        let mut slicing = self.slices(index, index, owner, property, &mut counters)?;
        if let Some(slicing) = &mut slicing {
            slicing.counters = counters;
        }
        Ok(slicing)
    }

    /// The slices of the element at `index`, which may itself be a slice of `outermost`.
    fn slices(
        &mut self,
        index: usize,
        outermost: usize,
        owner: &Type,
        property: usize,
        counters: &mut usize,
    ) -> Result<Option<Box<Slicing>>, CompileError> {
        let slices = self.tree.slices(index).to_vec();
        let element = self.element(index);
        if slices.is_empty() && element.slicing.is_none() || self.structure.is_type() {
            return Ok(None);
        }
        let discriminators = self.discriminators(index, outermost);
        let mut found = Vec::new();
        for slice in slices {
            let counter = *counters;
            *counters += 1;
            let conditions = discriminators.iter().map(|by| self.condition(slice, by)).collect();
            found.push(self.slice(slice, outermost, owner, property, conditions, counter, counters)?);
        }
        // Slices nobody can tell apart are for people.
        let told = |slice: &Slice| {
            let is_told =
                |condition: &Condition| !condition.tests.iter().any(|test| matches!(test, Test::Never));
            !slice.conditions.is_empty() && slice.conditions.iter().all(is_told)
        };
        if found.is_empty()
            || !found.iter().all(told) && found.iter().all(|slice| slice.min == 0) && !found.iter().any(told)
        {
            return Ok(None);
        }
        let rules = element.slicing.as_ref().map_or("open", |slicing| slicing.rules.as_str());
        Ok(Some(Box::new(Slicing {
            openness: match rules {
                "closed" => Openness::Closed,
                "openAtEnd" => Openness::OpenAtEnd,
                _ => Openness::Open,
            },
            ordered: element.slicing.as_ref().is_some_and(|slicing| slicing.ordered),
            slices: found,
            counters: 0,
        })))
    }

    #[expect(clippy::too_many_arguments, reason = "what a slice is made of")]
    fn slice(
        &mut self,
        index: usize,
        outermost: usize,
        owner: &Type,
        property: usize,
        conditions: Vec<Condition>,
        counter: usize,
        counters: &mut usize,
    ) -> Result<Slice, CompileError> {
        let element = self.element(index);
        let name = name_of(element);
        let stem = name.strip_suffix("[x]").unwrap_or(name);
        let json_name = owner.property_index(stem).is_none().then_some(name);
        let types = self.types_of(element, owner, property, json_name);
        Ok(Slice {
            name: element.slice_name.clone().unwrap_or_default(),
            min: element.min,
            max: self.max(element)?,
            must_support: element.must_support,
            conditions,
            content: self.content(index, owner, property, &types)?,
            slicing: self.slices(index, outermost, owner, property, counters)?,
            counter,
        })
    }

    /// What tells slices apart. Choices go by type, extensions by URL, where nothing is said.
    fn discriminators(&self, index: usize, outermost: usize) -> Vec<Discriminator> {
        let own = self.element(index).slicing.as_ref().or(self.element(outermost).slicing.as_ref());
        let told = own.map(|slicing| slicing.discriminator.clone()).unwrap_or_default();
        if !told.is_empty() {
            return told;
        }
        let name = name_of(self.element(outermost));
        let (kind, path) = match name {
            "extension" | "modifierExtension" => ("value", "url"),
            _ if name.ends_with("[x]") => ("type", "$this"),
            _ => return Vec::new(),
        };
        vec![Discriminator { kind: kind.to_owned(), path: path.to_owned() }]
    }

    /// `valueQuantity` as a child: the choice, with a slice for that type.
    pub(super) fn only_of_type(
        &mut self,
        child: Child,
        json_name: &str,
        types: &[(String, TypeId)],
    ) -> Result<Child, CompileError> {
        let empty = crate::validator::rule::Node::default();
        let node = self.add(empty);
        let slice = Slice {
            name: json_name.to_owned(),
            min: child.min,
            max: child.max,
            must_support: child.must_support,
            conditions: vec![Condition {
                path: Path::default(),
                tests: vec![Test::Types(types.iter().map(|(_, id)| *id).collect())],
            }],
            content: child.content,
            slicing: None,
            counter: 0,
        };
        let slicing = Slicing { openness: Openness::Open, ordered: false, slices: vec![slice], counters: 1 };
        Ok(Child {
            min: 0,
            max: None,
            content: crate::validator::rule::Content { node, of_types: Vec::new() },
            slicing: Some(Box::new(slicing)),
            ..child
        })
    }

    fn condition(&self, slice: usize, by: &Discriminator) -> Condition {
        let Some(path) = Path::parse(&by.path) else {
            return Condition { path: Path::default(), tests: vec![Test::Never] };
        };
        let start = Place {
            structure: self.structure,
            tree: std::rc::Rc::new(Tree::new(self.structure)),
            index: slice,
        };
        let places = self.places(start, &path.0, 0);
        let mut tests: Vec<Test> = places.iter().map(|place| self.test(&by.kind, place)).collect();
        tests.dedup_by(|a, b| matches!((a, b), (Test::Never, Test::Never)));
        if tests.len() > 1 {
            tests.retain(|test| !matches!(test, Test::Never));
        }
        // Types and profiles of what a reference leads to stand with the reference.
        if let Some((Step::Resolve, before)) = path.0.split_last() {
            let start = Place {
                structure: self.structure,
                tree: std::rc::Rc::new(Tree::new(self.structure)),
                index: slice,
            };
            let references = self.places(start, before, 0);
            tests = references.iter().map(|place| self.target_test(&by.kind, place)).collect();
        }
        if matches!(path.0.as_slice(), [Step::Property(name)] if &**name == "url")
            && let Some(urls) = self.extension_urls(slice)
        {
            tests = urls;
        }
        if tests.is_empty() {
            tests.push(Test::Never);
        }
        Condition { path, tests }
    }

    /// The URL of an extension is that of its definition, at hand or not.
    fn extension_urls(&self, slice: usize) -> Option<Vec<Test>> {
        let [of_type] = self.element(slice).types.as_slice() else { return None };
        let url = |profile: &String| Test::Fixed(profile.split('|').next().unwrap_or(profile).into());
        let is_extension = of_type.code == "Extension" && !of_type.profile.is_empty();
        is_extension.then(|| of_type.profile.iter().map(url).collect())
    }

    fn test(&self, kind: &str, place: &Place<'c>) -> Test {
        let element = place.element();
        match kind {
            "type" => self.type_test(element),
            "profile" => {
                let profiles = element.types.iter().flat_map(|of_type| &of_type.profile);
                let profiles: Vec<ProfileRef> = profiles.map(|profile| self.profile_ref(profile)).collect();
                if profiles.is_empty() { self.type_test(element) } else { Test::Profiles(profiles) }
            }
            "exists" => Test::Exists(element.max != "0"),
            _ => self.value_test(place),
        }
    }

    fn type_test(&self, element: &ElementDefinition) -> Test {
        let types = self.validator.definitions.types();
        let ids: Vec<TypeId> = element.types.iter().filter_map(|of_type| types.find(&of_type.code)).collect();
        if ids.is_empty() { Test::Never } else { Test::Types(ids) }
    }

    fn target_test(&self, kind: &str, place: &Place<'c>) -> Test {
        let types = self.validator.definitions.types();
        let targets = place.element().types.iter().flat_map(|of_type| &of_type.target_profile);
        let profiles: Vec<ProfileRef> = targets.map(|target| self.profile_ref(target)).collect();
        if profiles.is_empty() {
            return Test::Never;
        }
        if kind == "profile" {
            return Test::Profiles(profiles);
        }
        let of_profile = |profile: &ProfileRef| {
            types.find(&self.validator.definitions.structure(&profile.canonical)?.type_name)
        };
        Test::Types(profiles.iter().filter_map(of_profile).collect())
    }

    /// What a value must be: what is fixed, else the codes it is bound to, else whether it is there.
    fn value_test(&self, place: &Place<'c>) -> Test {
        let mut conditions = Vec::new();
        self.fixed(place, Vec::new(), 0, &mut conditions);
        let element = place.element();
        match conditions.len() {
            0 => {}
            1 if conditions.first().is_some_and(|only| only.path.0.is_empty()) => {
                let only = conditions.pop().and_then(|mut only| only.tests.pop());
                return only.unwrap_or(Test::Never);
            }
            _ => return Test::All(conditions),
        }
        let binding =
            element.binding.as_ref().filter(|binding| binding.strength == BindingStrength::Required);
        if let Some(value_set) = binding.and_then(|binding| binding.value_set.as_ref()) {
            let codes = self.codes(value_set);
            return Test::Codes { value_set: value_set.clone(), codes };
        }
        match (element.min, element.max.as_str()) {
            (_, "0") => Test::Exists(false),
            (1.., _) => Test::Exists(true),
            _ => Test::Never,
        }
    }

    /// What is fixed at a place and below it.
    fn fixed(&self, place: &Place<'c>, path: Vec<Step>, depth: usize, found: &mut Vec<Condition>) {
        let own = place.element().values.iter().find_map(|(name, value)| {
            let is_fixed = name.starts_with("fixed");
            (is_fixed || name.starts_with("pattern")).then_some((is_fixed, value))
        });
        if let Some((is_fixed, value)) = own {
            let test = if is_fixed { Test::Fixed(value.clone()) } else { Test::Pattern(value.clone()) };
            found.push(Condition { path: Path(path), tests: vec![test] });
            return;
        }
        if depth >= MAX_DEPTH {
            return;
        }
        for child in place.tree.children(place.index) {
            let below = Place { index: *child, ..place.clone() };
            let name = name_of(below.element());
            if matches!(name, "extension" | "id") {
                continue;
            }
            let mut path = path.clone();
            path.push(Step::Property(name.trim_end_matches("[x]").into()));
            self.fixed(&below, path, depth + 1, found);
        }
        // Slices that must be there tell as much.
        for slice in place.tree.slices(place.index) {
            let inner = Place { index: *slice, ..place.clone() };
            if inner.element().min > 0 {
                self.fixed(&inner, path.clone(), depth + 1, found);
            }
        }
        if place.tree.children(place.index).is_empty()
            && let Some(root) = self.profile_root(place)
        {
            self.fixed(&root, path, depth + 1, found);
        }
    }

    /// Where in this or another structure a path leads.
    fn places(&self, place: Place<'c>, steps: &[Step], depth: usize) -> Vec<Place<'c>> {
        let Some((step, rest)) = steps.split_first() else { return vec![place] };
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let next: Vec<Place<'c>> = match step {
            Step::Property(name) => self.property_places(&place, name),
            Step::Extension(url) => self.extension_place(&place, url).into_iter().collect(),
            Step::OfType(_) => vec![place],
            // What is asked of the target is for the caller to see when the path ends here.
            Step::Resolve => self.target_roots(&place),
        };
        next.into_iter().flat_map(|place| self.places(place, rest, depth + 1)).collect()
    }

    fn property_places(&self, place: &Place<'c>, name: &str) -> Vec<Place<'c>> {
        let named = |place: &Place<'c>| -> Vec<Place<'c>> {
            let children =
                place.tree.children(place.index).iter().map(|child| Place { index: *child, ..place.clone() });
            children.filter(|child| name_of(child.element()).trim_end_matches("[x]") == name).collect()
        };
        let mut found = named(place);
        // A slice that must be there says what the property is.
        let sliced: Vec<Place<'c>> = found
            .iter()
            .flat_map(|place| {
                place.tree.slices(place.index).iter().map(|slice| Place { index: *slice, ..place.clone() })
            })
            .filter(|slice| slice.element().min > 0)
            .collect();
        found.extend(sliced);
        if found.is_empty() {
            found = self.profile_root(place).map(|root| named(&root)).unwrap_or_default();
        }
        if found.is_empty() {
            found = self.type_root(place).map(|root| named(&root)).unwrap_or_default();
        }
        found
    }

    fn extension_place(&self, place: &Place<'c>, url: &str) -> Option<Place<'c>> {
        let children =
            place.tree.children(place.index).iter().map(|child| Place { index: *child, ..place.clone() });
        let extension = children.into_iter().find(|child| name_of(child.element()) == "extension")?;
        let slices =
            place.tree.slices(extension.index).iter().map(|slice| Place { index: *slice, ..place.clone() });
        slices.into_iter().find(|slice| {
            let profiles = slice.element().types.iter().flat_map(|of_type| &of_type.profile);
            profiles.into_iter().any(|profile| profile.split('|').next() == Some(url))
        })
    }

    /// The root of the one profile the values must meet.
    fn profile_root(&self, place: &Place<'c>) -> Option<Place<'c>> {
        let [of_type] = place.element().types.as_slice() else { return None };
        let [profile] = of_type.profile.as_slice() else { return None };
        self.root_of(profile)
    }

    fn type_root(&self, place: &Place<'c>) -> Option<Place<'c>> {
        let [of_type] = place.element().types.as_slice() else { return None };
        let structure = self.validator.definitions.type_definition(&of_type.code)?;
        Some(Place { structure, tree: std::rc::Rc::new(Tree::new(structure)), index: 0 })
    }

    fn target_roots(&self, place: &Place<'c>) -> Vec<Place<'c>> {
        let targets = place.element().types.iter().flat_map(|of_type| &of_type.target_profile);
        targets.filter_map(|target| self.root_of(target)).collect()
    }

    fn root_of(&self, canonical: &str) -> Option<Place<'c>> {
        let number = self.validator.definitions.structure_number_for(canonical, self.structure)?;
        let structure = self.validator.definitions.structure_of_number(number)?;
        Some(Place { structure, tree: std::rc::Rc::new(Tree::new(structure)), index: 0 })
    }
}

/// An element of some structure.
#[derive(Clone)]
struct Place<'c> {
    structure: &'c StructureDefinition,
    tree: std::rc::Rc<Tree<'c>>,
    index: usize,
}

impl<'c> Place<'c> {
    fn element(&self) -> &'c ElementDefinition {
        &self.structure.elements[self.index]
    }
}

impl Slicing {
    /// Adds the slices of another slicing of the same property.
    pub(super) fn append(&mut self, other: Slicing) {
        let shift = self.counters;
        self.counters += other.counters;
        self.slices
            .extend(other.slices.into_iter().map(|slice| Slice { counter: slice.counter + shift, ..slice }));
    }
}
