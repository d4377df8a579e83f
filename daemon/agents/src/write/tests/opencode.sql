PRAGMA synchronous = OFF;
CREATE TABLE project (
    id text PRIMARY KEY,
    worktree text NOT NULL,
    vcs text,
    time_created integer NOT NULL,
    time_updated integer NOT NULL,
    sandboxes text NOT NULL
);
CREATE TABLE session (
    id text PRIMARY KEY,
    project_id text NOT NULL REFERENCES project(id) ON DELETE CASCADE,
    slug text NOT NULL,
    directory text NOT NULL,
    title text NOT NULL,
    version text NOT NULL,
    time_created integer NOT NULL,
    time_updated integer NOT NULL
);
CREATE TABLE message (
    id text PRIMARY KEY,
    session_id text NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    time_created integer NOT NULL,
    time_updated integer NOT NULL,
    data text NOT NULL
);
CREATE TABLE part (
    id text PRIMARY KEY,
    message_id text NOT NULL REFERENCES message(id) ON DELETE CASCADE,
    session_id text NOT NULL,
    time_created integer NOT NULL,
    time_updated integer NOT NULL,
    data text NOT NULL
);
