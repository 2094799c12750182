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
        if let Some(routes) = self.services.get_mut(service) {
            return routes.route(path);
        }
        let own = if self.services.len() < MAX_SERVICES {
            service
        } else {
            ""
        };
        self.services
            .entry(Text::from(own))
            .or_insert_with(|| Routes::new(self.limits))
            .route(path)
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
    let route = match &facts.target {
        Target::Path(path) => names.route(service, path),
        Target::Name(_) | Target::None => Route::None,
    };
    let target = match (&route, &facts.target) {
        (Route::Template(template), _) => template.as_str(),
        (Route::Overflow, _) => "/*",
        (Route::None, Target::Name(name)) => name,
        (Route::None, _) => "",
    };
    // The conventions put a query's summary first; HTTP has none, so nobody looks for it there.
    let summary = match facts.target {
        Target::Path(_) => None,
        Target::Name(_) | Target::None => find(attributes, semconv::DB_QUERY_SUMMARY),
    };
    let name = match (operation, target) {
        _ if summary.is_some() => summary.cloned(),
        (Some(operation), "") => Some(Text::from(operation)),
        (Some(operation), target) => {
            let mut name = Text::with_capacity(operation.len() + 1 + target.len());
            name.push_str(operation);
            name.push(' ');
            name.push_str(target);
            Some(name)
        }
        (None, "") => find(attributes, semconv::DB_SYSTEM_NAME).cloned(),
        (None, target) => Some(Text::from(target)),
    };
    let template = match route {
        Route::Template(template) => Some(template),
        Route::Overflow | Route::None => None,
    };
    Named { name, template }
}

fn find<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Text> {
    attributes.iter().find_map(|attribute| match &attribute.value {
        Value::Text(text) if attribute.key == key && !text.is_empty() => Some(text),
        _ => None,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
