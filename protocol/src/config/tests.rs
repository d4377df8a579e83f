use std::{collections::BTreeSet, os::unix::fs::PermissionsExt};

use super::*;

const AGENTS: &[&str] = &["claude_code", "codex"];

fn daemon(text: &str) -> Result<Loaded<DaemonConfig>, ConfigError> {
    DaemonConfig::parse(text, Path::new("daemon.toml"), AGENTS)
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = daemon(text).unwrap_err();
    assert_eq!(format!("{error} | {}", error.hint()), expected);
}

#[track_caller]
fn warned(text: &str, expected: &[&str]) {
    let loaded = daemon(text).unwrap();
    let warnings: Vec<String> = loaded.warnings.iter().map(|it| format!("{it} | {}", it.remedy)).collect();
    assert_eq!(warnings, expected);
}

#[test]
fn reads_every_key() {
    let loaded = daemon(
        r#"
        [daemon]
        auto_publish = true
        publish_on = "session_end"
        debounce_secs = 10
        [watchers]
        codex = false
        goose = true
        my_agent = true
        [server]
        url = "https://sessions.example.org"
        api_key = "key-0123456789"
        [identity]
        nickname = "ada"
        team_id = "t1"
        [privacy]
        strip_paths = false
        exclude_repositories = ["acme/*"]
        exclude_paths = ["~/private", "/srv"]
        exclude_agents = ["claude_code"]
        rules = [{ name = "ticket", pattern = "T-[0-9]+" }]
        [git_storage]
        method = "native"
        [storage]
        retention = "26w"
        [[readers]]
        name = "my-agent"
        command = ["my-reader", "--hail"]
        roots = ["~/.my-agent"]
        pattern = "*.log"
        "#,
    )
    .unwrap();
    assert_eq!(loaded.warnings, []);
    let config = loaded.settings;
    assert_eq!(config.daemon.publish_on, PublishOn::SessionEnd);
    assert!(!config.watchers.enabled("codex") && config.watchers.enabled("claude-code"));
    assert_eq!(config.storage.retention, Retention::Days(182));
    assert_eq!(config.readers[0].command, ["my-reader", "--hail"]);
    assert_eq!(config.git_storage.method, GitStorageMethod::Native);
    let privacy = &config.privacy;
    assert!(privacy.strip_env_vars && !privacy.strip_paths);
    assert!(privacy.excludes_repository("Acme/app") && !privacy.excludes_repository("acme2/app"));
    let home = Path::new("/home/ada");
    assert!(privacy.excludes_path(Path::new("/home/ada/private/x"), home));
    assert!(!privacy.excludes_path(Path::new("/home/ada/privateer"), home));
    assert!(privacy.excludes_path(Path::new("/srv/x"), home));
    assert!(privacy.excludes_agent("claude-code"));
    assert_eq!(config.server.api_key.as_ref().unwrap().masked(), "…6789");
    assert!(!format!("{config:?}").contains("0123456789"), "a key must not be in Debug");
    let written = toml::to_string(&config).unwrap();
    assert_eq!(daemon(&written).unwrap().settings, config);
}

#[test]
fn the_template_is_the_default() {
    assert_eq!(daemon(DAEMON_CONFIG_TEMPLATE).unwrap().settings, DaemonConfig::default());
    let shown: String = DAEMON_CONFIG_TEMPLATE
        .lines()
        .take_while(|line| !line.contains("[[readers]]"))
        .filter(|line| !line.contains('…') && !line.contains("example") && !line.contains("= ["))
        .filter(|line| !line.contains("nickname"))
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line).to_owned() + "\n")
        .collect();
    let shown = daemon(&shown).unwrap();
    assert_eq!(shown.warnings, []);
    assert!(shown.settings.watchers.0.values().all(|on| *on));
    assert_eq!(DaemonConfig { watchers: Watchers::default(), ..shown.settings }, DaemonConfig::default());
}

#[test]
fn says_where_a_value_is_wrong() {
    refused(
        "[daemon]\nauto_publish = \"yes\"\n",
        "daemon.toml:2:16: invalid type: string \"yes\", expected a boolean | write true or false, without quotes",
    );
    refused(
        "[daemon]\npublish_on = \"manul\"\n",
        "daemon.toml:2:14: unknown variant `manul`, expected one of `manual`, `session_end`, `realtime` | \
         expected one of `manual`, `session_end`, `realtime`",
    );
    refused(
        "[daemon]\ndebounce_secs = 0\n",
        "daemon.toml:2:17: debounce_secs is out of range | write a number from 1 to 3600",
    );
    refused(
        "[privacy]\nexclude_paths = [\"private\"]\n",
        "daemon.toml:2:17: `private` is no absolute path | begin it with / or ~/",
    );
    refused(
        "[discovery]\nprojects = [\"work\"]\n",
        "daemon.toml:2:12: `work` is no absolute path | begin it with / or ~/",
    );
    refused(
        "[server]\nurl = \"ftp://x\"\n",
        "daemon.toml:2:7: it is no web address | write it as https://sessions.example.org",
    );
    refused(
        "[server]\nurl = \"https://ada:pw@x\"\n",
        "daemon.toml:2:7: it holds a name or a password | use api_key for the key",
    );
    refused(
        "[server]\napi_key = 12345\n",
        "daemon.toml:2:11: the value of api_key is no text | write it between double quotes",
    );
    refused(
        "# 설정\n[storage]\nretention = \"soon\"\n",
        "daemon.toml:3:13: `soon` is no time to keep sessions for: `forever`, `90d`, `26w` or `2y` are | \
         see the defaults in the documentation of this file",
    );
    for text in ["[daemon\n", "= 1", "[daemon]\n[daemon]\n", "a = \"", "\u{0}"] {
        let ConfigError::Invalid(problem) = daemon(text).unwrap_err() else { panic!("{text}") };
        assert!(problem.line >= 1 && problem.column >= 1, "{problem}");
    }
}

#[test]
fn says_what_a_reader_lacks() {
    let reader = |name: &str, rest: &str| format!("[[readers]]\nname = \"{name}\"\n{rest}\n");
    let whole = "command = [\"x\"]\nroots = [\"/x\"]\npattern = \"*\"";
    refused(
        &reader("My Agent", whole),
        "daemon.toml:2:8: `My Agent` is no name for a reader | use lower-case letters, digits and -",
    );
    refused(
        &reader("roo-code", whole),
        "daemon.toml:2:8: `roo-code` is the name of another agent | choose another name",
    );
    refused(
        &reader("a", "command = []\nroots = [\"/x\"]\npattern = \"*\""),
        "daemon.toml:3:11: the reader `a` has no command | write the program: [\"…\"]",
    );
    refused(
        &reader("a", "command = [\"x\"]\nroots = [\"x\"]\npattern = \"*\""),
        "daemon.toml:4:9: `x` is no absolute path | begin it with / or ~/",
    );
    refused(
        &reader("a", "command = [\"x\"]\nroots = [\"/x\"]\npattern = \"a/*\""),
        "daemon.toml:5:11: `a/*` is no pattern for names | write one such as \"*.jsonl\"",
    );
    let twice = reader("a", whole) + &reader("a", whole);
    refused(&twice, "daemon.toml:7:8: a second reader `a` | give it another name");
    assert!(daemon(&reader("a", "command = [\"x\"]")).unwrap_err().to_string().contains("missing field"));
    let extra = reader("a", &format!("{whole}\npatern = 1"));
    warned(&extra, &["daemon.toml:6:1: unknown key `patern` | did you mean `pattern`?"]);
}

#[test]
fn warns_of_what_nobody_knows() {
    warned(
        "[daemon]\n자동 = 1\n".replace("자동", "\"자동\"").as_str(),
        &["daemon.toml:2:1: unknown key `자동` | remove it; known are auto_publish, publish_on, debounce_secs"],
    );
    warned(
        "[watchers]\ncladue_code = false\nopencode = true\n",
        &["daemon.toml:2:1: unknown key `cladue_code` | did you mean `claude_code`?"],
    );
    warned("[privcy]\nstrip_paths = false\n", &["daemon.toml:1:2: unknown table `privcy` | did you mean `privacy`?"]);
    warned("publish_on = \"manual\"\n", &["daemon.toml:1:1: unknown key `publish_on` | move it below [daemon]"]);
    warned(
        "[privacy]\nrules = [{ name = \"a\", pattern = \"b\", patern = \"c\" }]\n",
        &["daemon.toml:2:39: unknown key `patern` | did you mean `pattern`?"],
    );
}

#[test]
fn known_keys_are_those_of_the_types() {
    fn keys(schema: &serde_json::Value, root: &serde_json::Value) -> BTreeSet<String> {
        let schema = match schema.get("$ref").and_then(|it| it.as_str()) {
            Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        };
        schema["properties"].as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default()
    }
    fn check<T: Settings + schemars::JsonSchema>() {
        let root = serde_json::to_value(schemars::schema_for!(T)).unwrap();
        let known = T::known(&[]);
        let tables: BTreeSet<String> = known.list().keys().cloned().collect();
        assert_eq!(keys(&root, &root), tables);
        for (table, known) in known.list().iter().filter(|(table, _)| *table != "watchers") {
            let known: BTreeSet<String> = known.iter().cloned().collect();
            assert_eq!(keys(&root["properties"][table], &root), known, "[{table}]");
        }
    }
    check::<ClientConfig>();
    check::<DaemonConfig>();
}

#[test]
fn files_are_private_and_replaced_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    assert_eq!(ClientConfig::load(&file).unwrap(), Loaded::default());

    write_private(&file, "[server]\nurl = \"http://localhost:3000\"\napi_key = \"k\"\n").unwrap();
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
    let loaded = ClientConfig::load(&file).unwrap();
    assert_eq!((loaded.warnings.len(), loaded.present), (0, true));

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let loaded = ClientConfig::load(&file).unwrap();
    assert_eq!(loaded.warnings[0].remedy, format!("chmod 600 {}", file.display()));

    let link = directory.path().join("link.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    write_private(&link, "[ui]\nascii = true\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(ClientConfig::load(&file).unwrap().settings.ui.ascii);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "no temporary file stays");
}
