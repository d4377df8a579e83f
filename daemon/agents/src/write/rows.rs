//! Sessions that are rows of an agent's database.
//!
//! What goes into a row may depend on what stands in the database (the project that a directory belongs to, the model
//! that the person works with), which is looked up in the same transaction. Columns that a version of the agent's does not
//! have are left out.

/// Rows that are put into a database in one transaction, in order.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// What is looked up first.
    pub lookups: Vec<Lookup>,
    /// The rows.
    pub inserts: Vec<Insert>,
}

/// A value that is looked up in the database before rows are put into it.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The parameter as which [`Cell::Made`] knows it: `:project`.
    pub name: &'static str,
    /// A question that has one column. The first row's is the value; NULL where there is no row.
    pub sql: &'static str,
    /// Its parameters, by name.
    pub parameters: Vec<(&'static str, Option<String>)>,
    /// Where the rows cannot do without it: what is missing when there is none.
    pub wanted: Option<&'static str>,
}

/// A row.
#[derive(Debug, Clone)]
pub struct Insert {
    /// Its table.
    pub table: &'static str,
    /// Its columns, each with what it holds.
    pub cells: Vec<(&'static str, Cell)>,
    /// Whether a row of the same key may be there: then that one stays.
    pub may_be_there: bool,
}

/// What a column holds.
#[derive(Debug, Clone)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number.
    Integer(i64),
    /// What an expression makes of `:text` and of what was looked up.
    Made {
        /// The expression.
        sql: &'static str,
        /// The text.
        text: String,
    },
}

impl Rows {
    /// Bytes of the texts.
    pub fn size(&self) -> u64 {
        let cells = self.inserts.iter().flat_map(|insert| &insert.cells);
        cells
            .map(|(_, cell)| match cell {
                Cell::Text(text) | Cell::Made { text, .. } => text.len() as u64,
                Cell::Integer(_) => 8,
            })
            .sum()
    }
}
