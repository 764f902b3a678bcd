//! What a search found.

use serde_json::Value;

use super::Answer;

/// A searchset, taken apart.
#[derive(Debug, Clone)]
pub struct Found {
    /// `Type/id` of the matches, in order.
    pub matches: Vec<String>,
    /// `Type/id` of what was included, sorted.
    pub included: Vec<String>,
    /// The outcomes in it.
    pub outcomes: Vec<Value>,
    pub total: Option<u64>,
    pub next: Option<String>,
    pub bundle: Value,
}

impl Found {
    /// Takes a searchset apart, and checks what each has to have.
    #[track_caller]
    pub fn new(answer: &Answer) -> Found {
        Found::of(answer.json(), &answer.asked)
    }

    /// As [`Found::new`], of a Bundle that may be nested in another.
    #[track_caller]
    pub fn of(bundle: Value, asked: &str) -> Found {
        assert_eq!(
            (&bundle["resourceType"], &bundle["type"]),
            (&"Bundle".into(), &"searchset".into()),
            "{asked}"
        );
        assert!(bundle["meta"]["lastUpdated"].is_string(), "{asked}: no Bundle.meta.lastUpdated");
        let mut found = Found {
            matches: Vec::new(),
            included: Vec::new(),
            outcomes: Vec::new(),
            total: bundle["total"].as_u64(),
            next: link(&bundle, "next"),
            bundle: Value::Null,
        };
        assert!(link(&bundle, "self").is_some(), "{asked}: no self link");
        for entry in bundle["entry"].as_array().into_iter().flatten() {
            let resource = &entry["resource"];
            let text = |name: &str| resource[name].as_str().unwrap_or_default();
            let name = format!("{}/{}", text("resourceType"), text("id"));
            let full_url = entry["fullUrl"].as_str().unwrap_or_default();
            match entry["search"]["mode"].as_str() {
                Some("match") => found.matches.push(name.clone()),
                Some("include") => found.included.push(name.clone()),
                Some("outcome") => {
                    found.outcomes.push(resource.clone());
                    continue;
                }
                other => panic!("{asked}: search.mode {other:?}"),
            }
            assert!(
                full_url.starts_with("http://") && full_url.ends_with(&name),
                "{asked}: fullUrl {full_url}"
            );
        }
        if let Some(total) = found.total
            && found.next.is_none()
        {
            assert!(total >= found.matches.len() as u64, "{asked}: total {total}");
        }
        found.included.sort();
        found.bundle = bundle;
        found
    }

    /// The ids of the matches, in order.
    pub fn ids(&self) -> Vec<String> {
        self.matches.iter().map(|name| name.split_once('/').unwrap().1.to_owned()).collect()
    }

    /// The resources that match.
    pub fn resources(&self) -> Vec<&Value> {
        let entries = self.bundle["entry"].as_array().into_iter().flatten();
        entries.filter(|entry| entry["search"]["mode"] == "match").map(|entry| &entry["resource"]).collect()
    }
}

fn link(bundle: &Value, relation: &str) -> Option<String> {
    let links = bundle["link"].as_array()?;
    Some(links.iter().find(|link| link["relation"] == relation)?["url"].as_str().unwrap().to_owned())
}
