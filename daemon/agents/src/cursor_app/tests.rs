use std::path::{Path, PathBuf};

use crate::{Agent, check, cursor_app::CursorApp};

#[test]
fn every_sample_is_read() {
    for sample in ["2024-11", "2025-03", "2025-05", "2025-10", "2025-12", "2026-06", "2026-06-wal", "2026-09", "agent"]
    {
        let Some(home) = check::samples(&format!("cursor/home-{sample}")) else { return };
        for session in check::sessions(&CursorApp, &check::environment(&home)) {
            assert_eq!(session.derived.problems, [], "{}", session.source.path.display());
            eprintln!(
                "{} {} {:?}",
                session.source.path.display(),
                session.derived.events.len(),
                session.facts.agent_title
            );
        }
    }
}
