//! A handful of types for tests, so that these need no package.

use serde_json::{Value, json};

use crate::definitions::structure::StructureDefinition;
use crate::definitions::types::TypeGraph;

/// `kind name : base`, and under it the elements: `name type|type`, a star for lists.
const TYPES: &str = "
complex-type Element :
  id string
  extension Extension *
complex-type BackboneElement : Element
  id string
  extension Extension *
  modifierExtension Extension *
complex-type Extension : Element
  id string
  extension Extension *
  url uri
  value[x] string|code|boolean|integer|dateTime|Coding|Reference|Quantity
primitive-type string : Element
  id string
  extension Extension *
primitive-type boolean : Element
  id string
  extension Extension *
primitive-type integer : Element
primitive-type decimal : Element
primitive-type date : Element
  id string
  extension Extension *
primitive-type dateTime : Element
primitive-type uri : Element
primitive-type canonical : uri
primitive-type code : string
primitive-type id : string
complex-type Coding : Element
  system uri
  code code
complex-type CodeableConcept : Element
  coding Coding *
  text string
complex-type Quantity : Element
  value decimal
  unit string
  system uri
  code code
complex-type Age : Quantity
  value decimal
  unit string
  system uri
  code code
complex-type Reference : Element
  reference string
  type uri
complex-type HumanName : Element
  use code
  family string
  given string *
resource Resource :
  id id
resource DomainResource : Resource
  id id
  contained Resource *
  extension Extension *
  modifierExtension Extension *
resource Patient : DomainResource
  id id
  contained Resource *
  extension Extension *
  active boolean
  name HumanName *
  birthDate date
  deceased[x] boolean|dateTime
  contact BackboneElement *
  contact.name HumanName
  generalPractitioner Reference *
resource Observation : DomainResource
  id id
  contained Resource *
  extension Extension *
  modifierExtension Extension *
  status code
  code CodeableConcept
  subject Reference
  value[x] Quantity|CodeableConcept|string|dateTime
  component BackboneElement *
  component.value[x] Quantity|CodeableConcept
resource Bundle : Resource
  id id
  entry BackboneElement *
  entry.fullUrl uri
  entry.resource Resource
";

/// The types, under the names and paths they have in R4.
pub fn types() -> TypeGraph {
    let mut definitions: Vec<StructureDefinition> = Vec::new();
    for line in TYPES.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(definition) = definitions.last_mut().filter(|_| line.starts_with(' ')) {
            let types: Vec<Value> = words[1].split('|').map(|code| json!({"code": code})).collect();
            let path = format!("{}.{}", definition.type_name, words[0]);
            let max = if words.get(2) == Some(&"*") { "*" } else { "1" };
            let element = json!({"id": path, "path": path, "max": max, "type": types});
            definition.elements.push(serde_json::from_value(element).unwrap());
            continue;
        }
        let name = words[1];
        let base = words.get(3).map(|base| format!("http://hl7.org/fhir/StructureDefinition/{base}"));
        let is_abstract = matches!(name, "Element" | "BackboneElement" | "Resource" | "DomainResource");
        let definition = json!({
            "url": format!("http://hl7.org/fhir/StructureDefinition/{name}"),
            "version": "4.0.1",
            "name": name,
            "kind": words[0],
            "abstract": is_abstract,
            "type": name,
            "baseDefinition": base,
            "derivation": "specialization",
            "elements": [{"id": name, "path": name, "max": "*"}],
        });
        definitions.push(serde_json::from_value(definition).unwrap());
    }
    TypeGraph::new(definitions.iter())
}
