//! Names of spans: few enough to group by.
//!
//! Contract: whatever paths clients ask for, a service gets at most [`Limits::ever`] names in the life of the engine, and
//! memory stays within them. Names depend on the order of the exchanges and on nothing else. `http.route` is never set
//! from here: what a path looks like is not what the framework's router says.

mod path;
mod routes;

use std::collections::HashMap;

use protocol_parsers::{Attribute, Facts, Target, Text, Value};

pub use routes::Limits;
use routes::{Route, Routes};

use crate::semconv;

/// Services that get routes of their own; the rest share one set. A machine runs fewer; a stream that names more is not
/// naming services.
const MAX_SERVICES: usize = 512;

/// The routes of every service.
#[derive(Debug, Default)]
pub struct Names {
    limits: Limits,
    services: HashMap<Text, Routes>,
}

/// What a span is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The name, if anything is known to make one of.
    pub name: Option<Text>,
    /// The path's template, if it has one.
    pub template: Option<Text>,
}

impl Names {
    /// With limits of one's own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            services: HashMap::new(),
        }
    }

    /// The low-cardinality form of a path of this service.
    fn route(&mut self, service: &str, path: &str) -> Route {
        if !self.services.contains_key(service) {
            let own = if self.services.len() < MAX_SERVICES {
                service
            } else {
                ""
            };
            self.services
                .entry(Text::from(own))
                .or_insert_with(|| Routes::new(self.limits));
        }
        match self.services.get_mut(service) {
            Some(routes) => routes.route(path),
            None => self
                .services
                .get_mut("")
                .map_or(Route::Overflow, |shared| shared.route(path)),
        }
    }
}

/// The name of the span of these facts. `attributes` are those that the span will have.
pub fn span_name(names: &mut Names, service: &str, facts: &Facts, attributes: &[Attribute]) -> Named {
    let operation = match facts.operation.as_deref() {
        // HTTP's word for a method that is not known.
        Some("_OTHER") => Some("HTTP"),
        Some("") => None,
        other => other,
    };
    let (target, template) = match &facts.target {
        Target::Path(path) => match names.route(service, path) {
            Route::Template(template) => (Some(template.clone()), Some(template)),
            Route::Overflow => (Some(Text::const_new("/*")), None),
            Route::None => (None, None),
        },
        Target::Name(name) if !name.is_empty() => (Some(name.clone()), None),
        Target::Name(_) | Target::None => (None, None),
    };
    if let (Target::Name(_) | Target::None, Some(summary)) =
        (&facts.target, find(attributes, semconv::DB_QUERY_SUMMARY))
    {
        return Named {
            name: Some(summary),
            template: None,
        };
    }
    let name = match (operation, target) {
        (Some(operation), Some(target)) => {
            let mut name = Text::with_capacity(operation.len() + 1 + target.len());
            name.push_str(operation);
            name.push(' ');
            name.push_str(&target);
            Some(name)
        }
        (Some(operation), None) => Some(Text::from(operation)),
        (None, Some(target)) => Some(target),
        (None, None) => find(attributes, semconv::DB_SYSTEM_NAME),
    };
    Named { name, template }
}

fn find(attributes: &[Attribute], key: &str) -> Option<Text> {
    attributes.iter().find_map(|attribute| match &attribute.value {
        Value::Text(text) if attribute.key == key && !text.is_empty() => Some(text.clone()),
        _ => None,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
