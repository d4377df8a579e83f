//! The layout of the index on disk: its fields, and how an event becomes a document of them.
//!
//! Nothing is stored twice: the text stays in the store, the index holds words with their positions, whole paths, tool
//! and model names, and a few columns.

use opensession_hail::Kind;
use tantivy::Index;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf};
use tantivy::schema::{
    Document, FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::tokenizer::{RawTokenizer, TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};

use super::analysis::each_token;
use super::document::{PathAccess, SearchDocument};

/// Raised whenever the fields or the tokens change, so that an older index is built anew.
pub(crate) const FORMAT: u32 = 1;

/// Paths longer than this, in bytes, lose their beginning: the end is what people look for.
const LONGEST_PATH: usize = 4096;

/// The field numbers, in the order in which [`schema`] adds them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Words with positions.
    pub(crate) text: Field,
    /// Whole paths, each after a letter for its access: see [`path_term`].
    pub(crate) path: Field,
    /// Tools (`t…`) and models (`m…`) in lower case.
    pub(crate) label: Field,
    /// The session's number, for deletions.
    pub(crate) session: Field,
    /// The event's number.
    pub(crate) event: Field,
    /// Milliseconds since 1970.
    pub(crate) time: Field,
    /// Kind and flags: see [`pack_flags`].
    pub(crate) flags: Field,
    /// Identity of copies.
    pub(crate) identity: Field,
    /// Exit code, where there is one.
    pub(crate) exit: Field,
    /// The tool as written, for hits.
    pub(crate) tool: Field,
}

/// Names of the columns.
pub(crate) mod column {
    pub(crate) const SESSION: &str = "session";
    pub(crate) const EVENT: &str = "event";
    pub(crate) const TIME: &str = "time";
    pub(crate) const FLAGS: &str = "flags";
    pub(crate) const IDENTITY: &str = "identity";
    pub(crate) const EXIT: &str = "exit";
    pub(crate) const TOOL: &str = "tool";
}

/// The schema and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let indexed = |tokenizer: &str, option, norms| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(norms),
        )
    };
    let fast = || NumericOptions::default() | FAST;
    let mut builder = Schema::builder();
    let fields = Fields {
        text: builder.add_text_field("text", indexed("words", IndexRecordOption::WithFreqsAndPositions, true)),
        path: builder.add_text_field("path", indexed("raw", IndexRecordOption::Basic, false)),
        label: builder.add_text_field("label", indexed("raw", IndexRecordOption::Basic, false)),
        session: builder.add_u64_field(column::SESSION, fast() | INDEXED),
        event: builder.add_u64_field(column::EVENT, fast()),
        time: builder.add_i64_field(column::TIME, fast()),
        flags: builder.add_u64_field(column::FLAGS, fast()),
        identity: builder.add_u64_field(column::IDENTITY, fast()),
        exit: builder.add_i64_field(column::EXIT, fast()),
        tool: builder.add_text_field(column::TOOL, TextOptions::default() | FAST),
    };
    (builder.build(), fields)
}

/// Gives the index its analysers.
pub(crate) fn register_analysers(index: &mut Index) {
    let manager = TokenizerManager::new();
    manager.register("words", TextAnalyzer::from(Words));
    manager.register("raw", TextAnalyzer::from(RawTokenizer::default()));
    // Asked for by every field that has no tokens, and never used.
    manager.register("default", TextAnalyzer::from(RawTokenizer::default()));
    index.set_tokenizers(manager);
}

/// Kind in the low four bits, then the flags of [`flag`].
pub(crate) fn pack_flags(document: &SearchDocument) -> u16 {
    u16::from(document.kind as u8)
        | if document.error { flag::ERROR } else { 0 }
        | if document.subagent { flag::SUBAGENT } else { 0 }
        | if document.edit_call { flag::EDIT_CALL } else { 0 }
}

/// The kind in packed flags.
pub(crate) fn kind_of(flags: u16) -> Kind {
    Kind::ALL.get(usize::from(flags & 15)).copied().unwrap_or(Kind::System)
}

/// Bits beside the kind.
pub(crate) mod flag {
    /// A failure.
    pub(crate) const ERROR: u16 = 1 << 4;
    /// Produced by a sub-agent inside the session.
    pub(crate) const SUBAGENT: u16 = 1 << 5;
    /// The call of an edit tool.
    pub(crate) const EDIT_CALL: u16 = 1 << 6;
    /// Another session holds a copy; known in memory only, never on disk.
    pub(crate) const SHARED: u16 = 1 << 7;
}

/// The term of a path: a letter for the access, then the path in lower case with `/` between its parts.
pub(crate) fn path_term(access: PathAccess, path: &str) -> String {
    let letter = match access {
        PathAccess::Edited => 'e',
        PathAccess::Read => 'r',
        PathAccess::Named => 'n',
    };
    let mut start = path.len().saturating_sub(LONGEST_PATH);
    while !path.is_char_boundary(start) {
        start += 1;
    }
    let mut term = String::with_capacity(path.len() - start + 1);
    term.push(letter);
    for letter in path[start..].chars() {
        match letter {
            '\\' => term.push('/'),
            letter => term.extend(letter.to_lowercase()),
        }
    }
    term
}

/// The term of a tool.
pub(crate) fn tool_term(tool: &str) -> String {
    format!("t{}", tool.to_lowercase())
}

/// The term of a model.
pub(crate) fn model_term(model: &str) -> String {
    format!("m{}", model.to_lowercase())
}

/// An event on its way into tantivy.
#[derive(Debug)]
pub(crate) struct Entry {
    fields: Fields,
    numbers: [u64; 4],
    time: i64,
    exit: Option<i64>,
    /// The field of each string and the string, the text first.
    strings: Vec<(Field, String)>,
}

impl Entry {
    pub(crate) fn new(fields: Fields, document: SearchDocument) -> Self {
        let numbers = [
            u64::from(document.session),
            u64::from(document.event),
            u64::from(pack_flags(&document)),
            document.identity,
        ];
        let mut strings = Vec::with_capacity(4 + document.paths.len());
        strings.push((fields.text, document.text));
        for (access, path) in &document.paths {
            strings.push((fields.path, path_term(*access, path)));
        }
        if let Some(tool) = document.tool {
            strings.push((fields.label, tool_term(&tool)));
            strings.push((fields.tool, tool));
        }
        if let Some(model) = &document.model {
            strings.push((fields.label, model_term(model)));
        }
        Self { fields, numbers, time: document.ts_ms, exit: document.exit.map(i64::from), strings }
    }
}

impl Document for Entry {
    type Value<'a> = EntryValue<'a>;
    type FieldsValuesIter<'a> = EntryValues<'a>;

    fn iter_fields_and_values(&self) -> EntryValues<'_> {
        EntryValues { entry: self, next: 0 }
    }
}

/// The values of an [`Entry`], numbers first.
pub(crate) struct EntryValues<'a> {
    entry: &'a Entry,
    next: usize,
}

impl<'a> Iterator for EntryValues<'a> {
    type Item = (Field, EntryValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let Entry { fields, numbers, time, exit, strings } = self.entry;
        let index = self.next;
        self.next += 1;
        match index {
            0 => Some((fields.session, EntryValue::Number(numbers[0]))),
            1 => Some((fields.event, EntryValue::Number(numbers[1]))),
            2 => Some((fields.flags, EntryValue::Number(numbers[2]))),
            3 => Some((fields.identity, EntryValue::Number(numbers[3]))),
            4 => Some((fields.time, EntryValue::Signed(*time))),
            5 => match exit {
                Some(exit) => Some((fields.exit, EntryValue::Signed(*exit))),
                None => self.next(),
            },
            _ => strings.get(index - 6).map(|(field, text)| (*field, EntryValue::Text(text))),
        }
    }
}

/// One value of an [`Entry`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum EntryValue<'a> {
    Number(u64),
    Signed(i64),
    Text(&'a str),
}

impl<'a> Value<'a> for EntryValue<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match self {
            EntryValue::Number(number) => ReferenceValueLeaf::U64(*number),
            EntryValue::Signed(number) => ReferenceValueLeaf::I64(*number),
            EntryValue::Text(text) => ReferenceValueLeaf::Str(text),
        })
    }
}

/// The analyser of the text field.
#[derive(Clone)]
struct Words;

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream { text, token: Token::default() }
    }
}

/// Pushes the tokens of a text through one reused buffer.
struct WordStream<'a> {
    text: &'a str,
    token: Token,
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        // The indexer drains a stream through `process` alone.
        false
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }

    fn process(&mut self, sink: &mut dyn FnMut(&Token)) {
        let token = &mut self.token;
        each_token(self.text, &mut |text, position| {
            token.text.clear();
            token.text.push_str(text);
            token.position = position as usize;
            sink(token);
        });
    }
}
