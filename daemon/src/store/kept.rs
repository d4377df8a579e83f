//! What people keep: stars, saved searches and the queries they ran.

use jiff::Timestamp;
use opensession_protocol::{PastQuery, SavedSearch};
use rusqlite::{OptionalExtension, params};

use super::{Reader, StoreError, Writer};

/// Queries that are kept.
pub const PAST_QUERIES: u32 = 100;

impl Writer {
    /// Gives a session, named by its id, a star, or takes it; says whether that changed anything.
    pub fn set_star(&self, session: &str, starred: bool) -> Result<bool, StoreError> {
        let connection = &self.connection;
        let changed = if starred {
            let now = Timestamp::now().as_millisecond();
            connection
                .prepare_cached("INSERT OR IGNORE INTO star (session, starred_ms) VALUES (?, ?)")?
                .execute(params![session, now])?
        } else {
            connection.prepare_cached("DELETE FROM star WHERE session = ?")?.execute([session])?
        };
        Ok(changed > 0)
    }

    /// Saves a search in the place of the one of that name.
    pub fn save_search(&self, search: &SavedSearch) -> Result<(), StoreError> {
        let saved = search.saved.map_or(0, Timestamp::as_millisecond);
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO saved_search (name, query, saved_ms) VALUES (?, ?, ?)")?
            .execute(params![search.name, search.query, saved])?;
        Ok(())
    }

    /// Forgets the saved search of that name.
    pub fn unsave_search(&self, name: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM saved_search WHERE name = ?")?.execute([name])?;
        Ok(())
    }

    /// Keeps a query that was run; of more than [`PAST_QUERIES`] the last ones stay.
    pub fn keep_query(&self, query: &PastQuery) -> Result<(), StoreError> {
        let ran = query.ran.map_or(0, Timestamp::as_millisecond);
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO past_query (query, ran_ms, sessions) VALUES (?, ?, ?)")?
            .execute(params![query.query, ran, query.sessions as i64])?;
        self.connection
            .prepare_cached(
                "DELETE FROM past_query WHERE query NOT IN
                 (SELECT query FROM past_query ORDER BY ran_ms DESC, query LIMIT ?)",
            )?
            .execute([PAST_QUERIES])?;
        Ok(())
    }

    /// Forgets all queries that were run.
    pub fn forget_queries(&self) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM past_query")?.execute([])?;
        Ok(())
    }
}

impl Reader {
    /// Ids of the sessions with a star.
    pub fn stars(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT session FROM star")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Saved searches, by name.
    pub fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, query, saved_ms FROM saved_search ORDER BY name")?;
        let searches = statement.query_map([], saved_search)?;
        Ok(searches.collect::<Result<_, _>>()?)
    }

    /// The saved search of that name.
    pub fn saved_search(&self, name: &str) -> Result<Option<SavedSearch>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT name, query, saved_ms FROM saved_search WHERE name = ?")?;
        Ok(statement.query_row([name], saved_search).optional()?)
    }

    /// The last queries that were run, last first.
    pub fn past_queries(&self, limit: u32) -> Result<Vec<PastQuery>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT query, ran_ms, sessions FROM past_query ORDER BY ran_ms DESC, query LIMIT ?")?;
        let queries = statement.query_map([limit], |row| {
            let sessions: i64 = row.get(2)?;
            Ok(PastQuery { query: row.get(0)?, ran: time(row.get(1)?), sessions: sessions as u64 })
        })?;
        Ok(queries.collect::<Result<_, _>>()?)
    }
}

fn saved_search(row: &rusqlite::Row<'_>) -> rusqlite::Result<SavedSearch> {
    Ok(SavedSearch { name: row.get(0)?, query: row.get(1)?, saved: time(row.get(2)?) })
}

fn time(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok().filter(|_| ms != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn what_is_kept_is_there_after_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.db");
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        {
            let (_, writer) = Store::open(&path).unwrap();
            assert!(writer.set_star("aa", true).unwrap());
            assert!(!writer.set_star("aa", true).unwrap(), "it has one already");
            assert!(writer.set_star("bb", true).unwrap());
            assert!(writer.set_star("bb", false).unwrap());
            assert!(!writer.set_star("bb", false).unwrap());
            for (name, query) in [("slow", "is:error"), ("lock", "lock"), ("slow", "duration:>1h"), ("gone", "x")] {
                let saved = at(1_700_000_000);
                writer.save_search(&SavedSearch { name: name.to_owned(), query: query.to_owned(), saved }).unwrap();
            }
            writer.unsave_search("gone").unwrap();
        }
        let (store, _writer) = Store::open(&path).unwrap();
        let reader = store.reader().unwrap();
        assert_eq!(reader.stars().unwrap(), ["aa"]);
        let saved: Vec<_> =
            reader.saved_searches().unwrap().into_iter().map(|search| (search.name, search.query)).collect();
        let expected = [("lock", "lock"), ("slow", "duration:>1h")];
        assert_eq!(saved, expected.map(|(name, query)| (name.to_owned(), query.to_owned())));
        assert_eq!(reader.saved_search("lock").unwrap().unwrap().saved, at(1_700_000_000));
        assert_eq!(reader.saved_search("gone").unwrap(), None);
    }

    #[test]
    fn the_last_queries_are_kept_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let (store, writer) = Store::open(&folder.path().join("local.db")).unwrap();
        let ran = |number: i64, query: String| {
            let ran = Some(Timestamp::from_second(1_700_000_000 + number).unwrap());
            writer.keep_query(&PastQuery { query, ran, sessions: number as u64 }).unwrap();
        };
        for number in 0..120 {
            ran(number, format!("query {number}"));
        }
        ran(200, "query 30".to_owned());
        let reader = store.reader().unwrap();
        let queries = reader.past_queries(1000).unwrap();
        assert_eq!(queries.len(), PAST_QUERIES as usize);
        let first: Vec<(&str, u64)> = queries[..2].iter().map(|query| (query.query.as_str(), query.sessions)).collect();
        assert_eq!(first, [("query 30", 200), ("query 119", 119)]);
        assert_eq!(queries.iter().filter(|query| query.query == "query 30").count(), 1);
        assert_eq!(reader.past_queries(3).unwrap().len(), 3);
        writer.forget_queries().unwrap();
        assert_eq!(reader.past_queries(1000).unwrap(), []);
    }
}
