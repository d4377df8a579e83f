//! The page that explains the language of queries.

/// The language of queries, in short.
pub(crate) const QUERY_LANGUAGE: &str = r#"The language of queries

  auth bug                words: sessions with all of them first, then with some
  "race condition"        a phrase; in a shell '"race condition"' or "race condition"
  +word  a AND b          required
  -word  NOT word         not in the session
  jwt OR token  ( … )     either; groups
  condens*  *wingman*     beginning of a word; part of one
  /err(or)?s?/            regular expression, on single words
  --no-verify  src/auth.rs  manual_commit  C++
                          found as they are written, and by their parts

Fields: no space around the colon; (a,b) for several values
  agent:codex  model:opus*  repo:owner/name  branch:main  title:lock  cwd:app
  host:laptop             of that machine; host:local this one
  session:4f2a91c7        of this session
  kind:output             prompt agent thinking call output edit command todo summary error
  role:human              human agent tool
  tool:bash               calls of this tool and their outputs
  file:auth.rs            files that were edited; file:read:auth.rs read; path:src/ named at all
  is:error                error subagent live edited forked compacted
  has:edit                edit command todo image thinking
  since:2w  before:2026-02-01  on:yesterday  after:2026-02
  cost:>1  tokens:>100k  turns:>20  duration:>1h  exit:101
  sort:new                best new old cost;  case:yes  exact case

Examples
  opensession search lock panicked is:error since:2w
  opensession search git commit --no-verify
  opensession search file:auth.rs -agent:codex '"token expired"'
"#;
