//! The page that explains the language of queries.

/// The language of queries, in short. Every query in it is one that the daemon understands: a test reads them.
pub(crate) const QUERY_LANGUAGE: &str = r#"The language of queries

  auth bug                words: sessions with all of them first, then with some
  "race condition"        a phrase; in a shell '"race condition"' or "race condition"
  "race condition"~3      the same with up to three other words in between
  +word  a AND b          required
  -word  NOT word         not in the session
  jwt OR token  ( … )     either; groups
  condens*  *wingman*     beginning of a word; part of one
  /err(or)?s?/            regular expression, on single words
  text:"!="  text:/a.+b/  exactly this text, or a regular expression over it: slow, so narrow it
  --no-verify  src/auth.rs  manual_commit  C++
                          found as they are written, and by their parts
  A word that nothing holds is taken for a piece of one, or for a slip; the answer says so.

Fields: no space around the colon; (a,b) for several values; - before one leaves out
  agent:codex  model:opus  repo:owner/name  branch:main  title:lock  cwd:app
  session:4f2a91c7        this session; parent: those it started; root: all below it
  host:laptop             of that machine; host:local this one
  kind:output             prompt agent thinking call output edit command todo summary error
  role:human              human agent tool
  tool:bash               calls of this tool and their outputs; tool:mcp__*
  file:auth.rs            files that were edited; file:read:auth.rs read; path:src/auth named
  is:error                failures
  is:starred              subagent live waiting interrupted edited starred forked compacted
  has:pr                  edit command todo image thinking pr
  since:2w  until:yesterday  before:2026-02-01  after:2026-02  on:monday  on:2w..yesterday
                          today, yesterday, monday; 90m 6h 3d 2w 1mo 1y ago; a date, a month
  cost:>1  tokens:>100k  turns:5..20  duration:>1h  exit:101
                          k m for thousands, millions; s m h d for time; < <= > >= and ranges
  sort:new                best new old cost
  case:yes                capitals count; otherwise they only break ties

Examples
  opensession search lock panicked is:error since:2w
  opensession search git commit --no-verify
  opensession search file:auth.rs -agent:codex '"token expired"'
  opensession search '(jwt OR token) expired' kind:output sort:new
  opensession search is:error tool:bash cargo exit:101 --facets
  opensession search --save slow duration:'>1h' is:error
  opensession search --saved slow since:1w
"#;
