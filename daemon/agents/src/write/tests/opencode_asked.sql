INSERT INTO project VALUES ('p1', '/home/ann', 'git', 1, 1, '[]');
INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated)
VALUES ('ses_1', 'p1', 's', '/home/ann/my.app', 't', '1', 1, 1);
INSERT INTO message VALUES
('msg_1', 'ses_1', 1, 1, '{"role":"user","model":{"providerID":"acme","modelID":"m-1"}}');
