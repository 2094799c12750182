//! The words of SQL that say what a statement is about. A word that is not here is a name, or says nothing to us.

/// A word, by what it means to a summary or to the sanitised text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name, or a word that means nothing here.
    Name,
    /// A word of the grammar that no name should be taken for; nothing else.
    Grammar,
    Select,
    Insert,
    Replace,
    Update,
    Delete,
    Merge,
    With,
    Recursive,
    Explain,
    Create,
    Alter,
    Drop,
    Grant,
    Prepare,
    Show,
    /// An operation that is about the tables named next: TRUNCATE, LOCK, VACUUM.
    OnTables,
    /// An operation that is about what is named next, which is no table: CALL, USE.
    OnOther,
    Copy,
    Load,
    /// The kind of an object, as in CREATE VIEW.
    ObjectKind,
    Table,
    Index,
    Trigger,
    From,
    Join,
    Into,
    Using,
    On,
    As,
    /// Stands between the operation and the name of its object, and is no name itself.
    Filler,
    /// The same, but tables are called so too.
    Temporary,
    /// The same, before tables in FROM too.
    TableFiller,
    /// Ends a list of tables.
    EndsTables,
    /// UNION and the like: another operation follows.
    Combines,
    Values,
    In,
    Distinct,
    Is,
    Not,
    Boolean,
    /// Before it a sign belongs to an expression, after it to a number: LIMIT, AND, THEN.
    BeforeValue,
    /// The type of a literal that may touch it: DATE'2020-01-01'.
    LiteralType,
}

/// The longest word in the table; longer ones are names.
const LONGEST: usize = 16;

/// The word, whatever its case.
pub(super) fn word(bytes: &[u8]) -> Word {
    let Some(first) = bytes.first() else { return Word::Name };
    let lengths = LENGTHS.get(usize::from(first & 0x1f)).copied().unwrap_or(0);
    if bytes.len() > LONGEST || lengths >> bytes.len() & 1 == 0 {
        return Word::Name;
    }
    let wanted = key(bytes);
    let mut at = slot(wanted);
    loop {
        // There are empty places, so this ends.
        match TABLE.get(at) {
            Some((0, _)) | None => return Word::Name,
            Some((key, word)) if *key == wanted => return *word,
            Some(_) => at = (at + 1) % SLOTS,
        }
    }
}

/// A word as a number. Setting the bit of small letters makes two words of letters equal that differ in case only; no
/// other byte that a word can hold becomes a letter by it.
const fn key(word: &[u8]) -> u128 {
    let mut key = 0;
    let mut rest = word;
    while let [first, tail @ ..] = rest {
        key = key << 8 | (*first | 0x20) as u128;
        rest = tail;
    }
    key
}

/// Places of the table: four for each word, so that a name meets an empty one at once.
const SLOTS: usize = 512;

/// Where a word is looked for first.
#[allow(clippy::cast_possible_truncation)] // Every part of the key has its share in the bits that are kept.
const fn slot(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
}

/// For each first letter, the lengths of the words that begin with it: most names are told by that.
#[allow(clippy::indexing_slicing)] // At compile time.
static LENGTHS: [u32; 32] = {
    let mut lengths = [0; 32];
    let mut at = 0;
    while at < WORDS.len() {
        let word = WORDS[at].0.as_bytes();
        lengths[(word[0] & 0x1f) as usize] |= 1 << word.len();
        at += 1;
    }
    lengths
};

#[allow(clippy::indexing_slicing)] // At compile time.
static TABLE: [(u128, Word); SLOTS] = {
    let mut table = [(0, Word::Name); SLOTS];
    let mut filled = 0;
    while filled < WORDS.len() {
        let (text, word) = WORDS[filled];
        let key = key(text.as_bytes());
        let mut at = slot(key);
        while table[at].0 != 0 {
            at = (at + 1) % SLOTS;
        }
        table[at] = (key, word);
        filled += 1;
    }
    table
};

/// In alphabetical order, for people.
const WORDS: &[(&str, Word)] = &[
    ("alter", Word::Alter),
    ("analyse", Word::OnTables),
    ("analyze", Word::OnTables),
    ("and", Word::BeforeValue),
    ("as", Word::As),
    ("asc", Word::Grammar),
    ("between", Word::BeforeValue),
    ("by", Word::BeforeValue),
    ("call", Word::OnOther),
    ("case", Word::BeforeValue),
    ("check", Word::OnTables),
    ("cluster", Word::OnTables),
    ("collate", Word::Grammar),
    ("concurrently", Word::Filler),
    ("copy", Word::Copy),
    ("create", Word::Create),
    ("cross", Word::Grammar),
    ("database", Word::ObjectKind),
    ("date", Word::LiteralType),
    ("default", Word::Grammar),
    ("delayed", Word::Filler),
    ("delete", Word::Delete),
    ("desc", Word::Grammar),
    ("describe", Word::OnTables),
    ("distinct", Word::Distinct),
    ("domain", Word::ObjectKind),
    ("drop", Word::Drop),
    ("dumpfile", Word::Grammar),
    ("else", Word::BeforeValue),
    ("end", Word::Grammar),
    ("escape", Word::BeforeValue),
    ("event", Word::ObjectKind),
    ("except", Word::Combines),
    ("exists", Word::Filler),
    ("explain", Word::Explain),
    ("extension", Word::ObjectKind),
    ("false", Word::Boolean),
    ("fetch", Word::EndsTables),
    ("for", Word::EndsTables),
    ("from", Word::From),
    ("full", Word::Filler),
    ("function", Word::ObjectKind),
    ("grant", Word::Grant),
    ("group", Word::EndsTables),
    ("having", Word::EndsTables),
    ("high_priority", Word::Filler),
    ("if", Word::Filler),
    ("ignore", Word::Filler),
    ("ilike", Word::BeforeValue),
    ("in", Word::In),
    ("index", Word::Index),
    ("infile", Word::Grammar),
    ("inner", Word::Grammar),
    ("insert", Word::Insert),
    ("intersect", Word::Combines),
    ("interval", Word::LiteralType),
    ("into", Word::Into),
    ("is", Word::Is),
    ("join", Word::Join),
    ("lateral", Word::TableFiller),
    ("left", Word::Grammar),
    ("like", Word::BeforeValue),
    ("limit", Word::EndsTables),
    ("load", Word::Load),
    ("lock", Word::OnTables),
    ("low_priority", Word::Filler),
    ("materialized", Word::Filler),
    ("merge", Word::Merge),
    ("natural", Word::Grammar),
    ("not", Word::Not),
    ("null", Word::Grammar),
    ("offset", Word::EndsTables),
    ("on", Word::On),
    ("only", Word::TableFiller),
    ("optimize", Word::OnTables),
    ("or", Word::BeforeValue),
    ("order", Word::EndsTables),
    ("outer", Word::Grammar),
    ("outfile", Word::Grammar),
    ("prepare", Word::Prepare),
    ("procedure", Word::ObjectKind),
    ("publication", Word::ObjectKind),
    ("recursive", Word::Recursive),
    ("refresh", Word::OnTables),
    ("regexp", Word::BeforeValue),
    ("reindex", Word::OnTables),
    ("rename", Word::OnTables),
    ("repair", Word::OnTables),
    ("replace", Word::Replace),
    ("return", Word::BeforeValue),
    ("returning", Word::EndsTables),
    ("revoke", Word::Grant),
    ("right", Word::Grammar),
    ("rlike", Word::BeforeValue),
    ("role", Word::ObjectKind),
    ("schema", Word::ObjectKind),
    ("select", Word::Select),
    ("sequence", Word::ObjectKind),
    ("server", Word::ObjectKind),
    ("set", Word::EndsTables),
    ("show", Word::Show),
    ("straight_join", Word::Join),
    ("subscription", Word::ObjectKind),
    ("table", Word::Table),
    ("tables", Word::Filler),
    ("tablespace", Word::ObjectKind),
    ("temp", Word::Temporary),
    ("temporary", Word::Temporary),
    ("then", Word::BeforeValue),
    ("time", Word::LiteralType),
    ("timestamp", Word::LiteralType),
    ("trigger", Word::Trigger),
    ("true", Word::Boolean),
    ("truncate", Word::OnTables),
    ("type", Word::ObjectKind),
    ("union", Word::Combines),
    ("unlogged", Word::Temporary),
    ("update", Word::Update),
    ("use", Word::OnOther),
    ("user", Word::ObjectKind),
    ("using", Word::Using),
    ("vacuum", Word::OnTables),
    ("values", Word::Values),
    ("verbose", Word::Filler),
    ("view", Word::ObjectKind),
    ("when", Word::BeforeValue),
    ("where", Word::EndsTables),
    ("window", Word::EndsTables),
    ("with", Word::With),
];
