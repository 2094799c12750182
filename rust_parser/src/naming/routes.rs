//! The routes of one service: a tree of path segments that folds where it grows too wide.
//!
//! What a segment looks like ([`super::path`]) decides most cases; what it cannot tell is a user name from a route. So
//! the tree counts: a place with too many different children holds data, and from then on they are all `{name}`, except
//! those seen so often that they must be routes.

use protocol_parsers::Text;

use super::path::{segments, Segment, Segments, NAME};

/// How many names a service may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Templates alive at once.
    pub templates: usize,
    /// Templates given in all, those that were folded away later included.
    pub ever: usize,
    /// Different segments at one place.
    pub children: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            templates: 500,
            ever: 2000,
            children: 100,
        }
    }
}

/// A segment seen this often before its place folded is a route: names of users and things come back less often.
const ROUTE_HITS: u32 = 16;

/// A place with fewer children than this is not folded to make room: it is a list of routes, not of names.
const MIN_FOLD: usize = 10;

/// What a path becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Its template.
    Template(Text),
    /// The service has too many.
    Overflow,
    /// It is no path (`host:port` of CONNECT).
    None,
}

#[derive(Debug, Default)]
struct Node {
    hits: u32,
    folded: bool,
    /// Sorted by segment.
    children: Vec<(Text, Node)>,
    /// Set where a path ended.
    template: Option<Text>,
}

/// See the module.
#[derive(Debug)]
pub struct Routes {
    limits: Limits,
    root: Node,
    alive: usize,
    ever: usize,
    /// No new template will ever be given.
    full: bool,
}

impl Routes {
    /// No routes yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            root: Node::default(),
            alive: 0,
            ever: 0,
            full: false,
        }
    }

    /// The template of a path; a new one is remembered.
    pub fn route(&mut self, path: &str) -> Route {
        if path == "*" {
            return Route::Template(Text::const_new("*"));
        }
        let Some(segments) = segments(path) else {
            return Route::None;
        };
        if let Some(template) = self.root.find(segments.as_slice()) {
            return Route::Template(template);
        }
        self.make_room();
        if self.full {
            return Route::Overflow;
        }
        self.ever += 1;
        let template = self.root.insert(&segments, self.limits.children);
        self.alive = self.root.templates();
        Route::Template(template)
    }

    /// Places in the tree.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        fn size(node: &Node) -> usize {
            1 + node.children.iter().map(|(_, child)| size(child)).sum::<usize>()
        }
        size(&self.root)
    }

    /// Folds places until there is room for a template, or says that there will never be any.
    fn make_room(&mut self) {
        while !self.full && self.alive >= self.limits.templates {
            match self.root.fold_widest() {
                Some(freed) => self.alive -= freed.min(self.alive),
                None => self.full = true,
            }
        }
        self.full |= self.ever >= self.limits.ever;
    }
}

impl Node {
    fn child(&self, segment: &str) -> Result<usize, usize> {
        self.children.binary_search_by(|(name, _)| name.as_str().cmp(segment))
    }

    /// The known template of this path. Counts the visit.
    fn find(&mut self, segments: &[Segment<'_>]) -> Option<Text> {
        self.hits = self.hits.saturating_add(1);
        let Some((first, rest)) = segments.split_first() else {
            return self.template.clone();
        };
        let at = match self.child(first) {
            Ok(at) => at,
            Err(_) if self.folded && !is_placeholder(first) => self.child(NAME).ok()?,
            Err(_) => return None,
        };
        self.children.get_mut(at)?.1.find(rest)
    }

    /// Makes a place for this path and gives its template.
    fn insert(&mut self, segments: &Segments<'_>, max_children: usize) -> Text {
        let mut template = Text::const_new("");
        let mut node = self;
        for segment in segments.as_slice() {
            let mut segment: &str = segment;
            if node.child(segment).is_err() {
                if !node.folded && node.children.len() >= max_children {
                    node.fold();
                }
                if node.folded && !is_placeholder(segment) {
                    segment = NAME;
                }
            }
            template.push('/');
            template.push_str(segment);
            let at = match node.child(segment) {
                Ok(at) => at,
                Err(at) => {
                    node.children.insert(at, (Text::from(segment), Node::default()));
                    at
                }
            };
            let Some((_, child)) = node.children.get_mut(at) else {
                break;
            };
            node = child;
        }
        if template.is_empty() {
            template.push('/');
        }
        node.template.get_or_insert(template).clone()
    }

    /// From now on, unknown children are `{name}`; so are those known but rare. Returns how many templates went.
    fn fold(&mut self) -> usize {
        let before = self.templates();
        self.folded = true;
        self.children
            .retain(|(segment, child)| is_placeholder(segment) || child.hits >= ROUTE_HITS);
        before - self.templates()
    }

    /// Folds the place with the most children (the first of them, when some are equal), if any is wide enough.
    fn fold_widest(&mut self) -> Option<usize> {
        let widest = self.widest()?;
        self.fold_first(widest)
    }

    fn widest(&self) -> Option<usize> {
        let own = (!self.folded && self.children.len() >= MIN_FOLD).then_some(self.children.len());
        self.children
            .iter()
            .filter_map(|(_, child)| child.widest())
            .chain(own)
            .max()
    }

    fn fold_first(&mut self, children: usize) -> Option<usize> {
        if !self.folded && self.children.len() == children {
            return Some(self.fold());
        }
        self.children
            .iter_mut()
            .find_map(|(_, child)| child.fold_first(children))
    }

    /// Templates at and below this place. Walks the tree, which is as small as the limits; only for new paths.
    fn templates(&self) -> usize {
        let own = usize::from(self.template.is_some());
        own + self.children.iter().map(|(_, child)| child.templates()).sum::<usize>()
    }
}

/// A placeholder of the looks of a segment; there are few of them.
fn is_placeholder(segment: &str) -> bool {
    segment == super::path::REST || (segment.starts_with('{') && segment.ends_with('}'))
}
