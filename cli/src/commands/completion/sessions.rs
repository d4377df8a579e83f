//! Names of sessions in completion scripts: asked of `opensession log` when they are wanted, so that nothing else pays for it.

use clap_complete::Shell;

/// Value names of arguments that name a session.
const NAMES: &[&str] = &["SESSION", "A", "B"];
/// Sessions offered.
const MOST: usize = 100;

/// The script of a shell, completing names of sessions where a command takes one.
pub(super) fn complete(shell: Shell, script: &str, cli: &clap::Command) -> String {
    let commands = commands(cli);
    match shell {
        Shell::Bash => format!("{script}{}", bash(&commands)),
        Shell::Zsh => zsh(script),
        Shell::Fish => format!("{script}{}", fish(&commands)),
        _ => script.to_owned(),
    }
}

/// The commands that take a session.
fn commands(cli: &clap::Command) -> Vec<&str> {
    let takes_session = |command: &&clap::Command| {
        command.get_positionals().flat_map(|argument| argument.get_value_names().unwrap_or_default()).any(is_session)
    };
    cli.get_subcommands().filter(takes_session).map(clap::Command::get_name).collect()
}

fn is_session(name: &clap::builder::Str) -> bool {
    NAMES.contains(&name.as_str())
}

fn bash(commands: &[&str]) -> String {
    // The registration at the script's end is replaced by a later one.
    format!(
        r#"
_opensession_and_sessions() {{
    _opensession "$@"
    local word=${{COMP_WORDS[COMP_CWORD]}}
    case "${{COMP_WORDS[1]}}" in
        {})
            if [[ $COMP_CWORD -gt 1 && $word != -* ]]; then
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$(opensession log -n {MOST} --format %h 2>/dev/null)" -- "$word"))
            fi
            ;;
    esac
}}

complete -F _opensession_and_sessions -o nosort -o bashdefault -o default opensession
"#,
        commands.join("|")
    )
}

fn fish(commands: &[&str]) -> String {
    format!(
        "complete -c opensession -n \"__fish_seen_subcommand_from {}\" -k -f -a \"(opensession log -n {MOST} --format \
         '%h%x09%s' 2>/dev/null)\"\n",
        commands.join(" ")
    )
}

fn zsh(script: &str) -> String {
    let function = format!(
        r#"
_opensession_sessions() {{
    local -a sessions
    sessions=(${{(f)"$(opensession log -n {MOST} --format '%h:%s' 2>/dev/null)"}})
    _describe -V 'session' sessions
}}

"#
    );
    let mut lines = Vec::new();
    for line in script.lines() {
        let argument = line.trim_start().trim_start_matches(['\'', '*', ':']);
        let is_session = NAMES.iter().any(|name| {
            argument
                .strip_prefix(name)
                .or(argument.strip_prefix(&*name.to_lowercase()))
                .is_some_and(|rest| rest.starts_with(" -- "))
        }) || argument.starts_with("session -- ")
            || argument.starts_with("sessions -- ");
        lines.push(match line.strip_suffix(":_default' \\").filter(|_| is_session) {
            Some(line) => format!("{line}:_opensession_sessions' \\"),
            None => line.to_owned(),
        });
        if line.starts_with("#compdef") {
            lines.push(function.trim_end().to_owned());
            lines.push(String::new());
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::arguments::Cli;

    use super::*;

    #[test]
    fn commands_that_take_a_session_complete_it() {
        let cli = Cli::command();
        let found = commands(&cli);
        for command in ["show", "handoff", "export", "diff", "resume", "restore", "forget"] {
            assert!(found.contains(&command), "{command}");
        }
        assert!(!found.contains(&"log") && !found.contains(&"search"), "{found:?}");
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "opensession", &mut script);
            let script = complete(shell, &String::from_utf8(script).unwrap(), &cli);
            let asked = script.matches("opensession log -n").count();
            assert_eq!(asked, 1, "{shell}");
            if shell == Shell::Zsh {
                assert!(script.matches(":_opensession_sessions'").count() >= 7, "{script}");
            }
        }
    }
}
