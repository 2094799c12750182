//! Statements and portals by name: what an Execute executes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::message::{Facts, Text};
use crate::sql::{self, Described, Dialect};
use crate::trace_context::TraceContext;

/// Prepared statements of one connection. Drivers keep 100 to 1,000 of them.
const MAX_STATEMENTS: usize = 4096;
/// Named portals of one connection: open cursors.
const MAX_PORTALS: usize = 1024;
/// A name that is longer is not remembered; the server cuts identifiers at 63 bytes, drivers' names are shorter.
pub(super) const MAX_NAME: usize = 128;

/// A statement that was parsed.
#[derive(Debug)]
struct Statement {
    described: Described,
    /// Its name is the driver's choice; empty for the unnamed one.
    name: Text,
}

/// What an Execute is about, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared {
    statement: Option<Arc<Statement>>,
    /// The name it was bound by, when nothing else is known.
    name: Text,
}

/// The statements of one connection.
#[derive(Debug, Default)]
#[allow(clippy::struct_field_names)]
pub(super) struct Statements {
    statements: HashMap<Text, Arc<Statement>>,
    unnamed: Option<Arc<Statement>>,
    portals: HashMap<Text, Prepared>,
    unnamed_portal: Prepared,
    /// The statement parsed last, until it is executed: only that execution is what its comment's context calls.
    fresh: Option<(Arc<Statement>, TraceContext)>,
    /// The statement of the batch that is parsed but not executed yet.
    pub(super) parsed: Prepared,
}

impl Statements {
    /// Parse. `cut`: the text is only the front of it.
    pub(super) fn parse(&mut self, name: &[u8], text: &[u8], cut: bool, dialect: Dialect) {
        let mut described = if cut {
            sql::describe_front(text, dialect)
        } else {
            sql::describe(text, dialect)
        };
        let context = described.context.take();
        let name = Text::from_utf8_lossy(name);
        let statement = Arc::new(Statement {
            described,
            name: name.clone(),
        });
        self.fresh = context.map(|context| (Arc::clone(&statement), context));
        self.parsed = Prepared {
            statement: Some(Arc::clone(&statement)),
            name: Text::default(),
        };
        if name.is_empty() {
            self.unnamed = Some(statement);
        } else {
            make_room(&mut self.statements, &name, MAX_STATEMENTS);
            self.statements.insert(name, statement);
        }
    }

    /// Bind.
    pub(super) fn bind(&mut self, portal: &[u8], statement: &[u8]) {
        let name = Text::from_utf8_lossy(statement);
        let statement = if name.is_empty() {
            self.unnamed.clone()
        } else {
            self.statements.get(&name).cloned()
        };
        let prepared = Prepared { statement, name };
        if portal.is_empty() {
            self.unnamed_portal = prepared;
        } else {
            let portal = Text::from_utf8_lossy(portal);
            make_room(&mut self.portals, &portal, MAX_PORTALS);
            self.portals.insert(portal, prepared);
        }
    }

    /// Close of a statement (`S`) or a portal (`P`).
    pub(super) fn close(&mut self, kind: u8, name: &[u8]) {
        let key = std::str::from_utf8(name).unwrap_or_default();
        match (kind, key.is_empty()) {
            (b'S', true) => self.unnamed = None,
            (b'S', false) => drop(self.statements.remove(key)),
            (_, true) => self.unnamed_portal = Prepared::default(),
            (_, false) => drop(self.portals.remove(key)),
        }
    }

    /// Execute.
    pub(super) fn executed(&mut self, portal: &[u8]) -> Prepared {
        self.parsed = Prepared::default();
        if portal.is_empty() {
            return self.unnamed_portal.clone();
        }
        std::str::from_utf8(portal)
            .ok()
            .and_then(|portal| self.portals.get(portal))
            .cloned()
            .unwrap_or_default()
    }

    /// The context that came with the text, once.
    pub(super) fn context(&mut self, prepared: &Prepared) -> Option<TraceContext> {
        let statement = prepared.statement.as_ref()?;
        self.fresh
            .take_if(|(fresh, _)| Arc::ptr_eq(fresh, statement))
            .map(|(_, context)| context)
    }
}

/// A full table loses an entry: which one is left to chance, as none is known to be unused.
fn make_room<V>(table: &mut HashMap<Text, V>, name: &Text, limit: usize) {
    if table.len() >= limit && !table.contains_key(name) {
        if let Some(victim) = table.keys().next().cloned() {
            table.remove(&victim);
        }
    }
}

impl Prepared {
    pub(super) fn is_known(&self) -> bool {
        self.statement.is_some()
    }

    /// Adds what is known of it.
    pub(super) fn tell(&self, facts: &mut Facts) {
        let name = match &self.statement {
            Some(statement) => {
                tell(&statement.described, facts);
                &statement.name
            }
            None => &self.name,
        };
        if !name.is_empty() {
            facts.text("ebpf_otlp_tracer.db.statement_name", name.clone());
        }
    }
}

/// Adds what a text says.
pub(super) fn tell(described: &Described, facts: &mut Facts) {
    if !described.text.is_empty() {
        facts.text("db.query.text", described.text.clone());
    }
    if !described.summary.is_empty() {
        facts.text("db.query.summary", described.summary.clone());
    }
    if let Some(operation) = &described.operation {
        facts.operation = Some(operation.clone());
        facts.text("db.operation.name", operation.clone());
    }
    if let Some(collection) = &described.collection {
        facts.text("db.collection.name", collection.clone());
    }
    if described.statements > 1 {
        facts.int("db.operation.batch.size", i64::from(described.statements));
    }
}
