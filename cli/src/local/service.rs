//! Having the system start the daemon at login: a systemd user unit, or a launchd agent on macOS.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use opensession_cli::ConnectError;
use opensession_daemon::lifecycle::{LAUNCHD_LABEL, SYSTEMD_UNIT, launchd_plist, systemd_unit};
use opensession_protocol::paths::{Environment, Paths};

/// Writes the service file and has the service manager start the daemon now and at every login.
pub(super) fn install(environment: &Environment, paths: &Paths, program: &Path) -> Result<Vec<String>, ConnectError> {
    let file = file(environment, paths);
    let text = if cfg!(target_os = "macos") { launchd_plist(program, &paths.log()) } else { systemd_unit(program) };
    let was_there = file.exists();
    write(&file, &text).map_err(|error| failed(&format!("cannot write {}", file.display()), &error))?;
    for command in install_commands(paths, &file) {
        run(&command).inspect_err(|_| {
            if !was_there {
                // What is not installed leaves no file behind; that it cannot be removed is not what went wrong.
                fs::remove_file(&file).ok();
            }
        })?;
    }
    Ok(vec![format!("Installed: {}", file.display()), "The daemon starts now and at every login.".to_owned()])
}

/// Takes the service away, and the file with it.
pub(super) fn uninstall(environment: &Environment, paths: &Paths) -> Result<Vec<String>, ConnectError> {
    let file = file(environment, paths);
    if !file.exists() {
        return Ok(vec![format!("Not installed: there is no {}", file.display())]);
    }
    let mut lines = vec![format!("Uninstalled: {}", file.display())];
    for command in uninstall_commands(paths, &file) {
        // Without its file the service is gone at the next login, whatever its manager says now.
        if let Err(error) = run(&command) {
            lines.push(format!("{}: {}", error.fact, error.place.join(" ")));
        }
    }
    fs::remove_file(&file).map_err(|error| failed(&format!("cannot remove {}", file.display()), &error))?;
    lines.push("The daemon starts when a command needs it.".to_owned());
    Ok(lines)
}

fn file(environment: &Environment, paths: &Paths) -> PathBuf {
    if cfg!(target_os = "macos") {
        return environment.home.join("Library/LaunchAgents").join(format!("{LAUNCHD_LABEL}.plist"));
    }
    // Beside our own folder of settings, wherever that is.
    paths.config_dir.with_file_name("systemd").join("user").join(SYSTEMD_UNIT)
}

fn install_commands(paths: &Paths, file: &Path) -> Vec<Vec<String>> {
    if cfg!(target_os = "macos") {
        let domain = format!("gui/{}", paths.uid);
        return vec![words(&["launchctl", "bootstrap", &domain, &file.to_string_lossy()])];
    }
    vec![
        words(&["systemctl", "--user", "daemon-reload"]),
        words(&["systemctl", "--user", "enable", "--now", SYSTEMD_UNIT]),
    ]
}

fn uninstall_commands(paths: &Paths, _file: &Path) -> Vec<Vec<String>> {
    if cfg!(target_os = "macos") {
        return vec![words(&["launchctl", "bootout", &format!("gui/{}/{LAUNCHD_LABEL}", paths.uid)])];
    }
    vec![words(&["systemctl", "--user", "disable", "--now", SYSTEMD_UNIT])]
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text)
}

fn run(command: &[String]) -> Result<(), ConnectError> {
    let line = command.join(" ");
    let output = Command::new(&command[0])
        .args(&command[1..])
        .output()
        .map_err(|error| failed(&format!("cannot run {line}"), &error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ConnectError {
        fact: format!("{line} failed"),
        place: said.trim().lines().take(3).map(str::to_owned).collect(),
        hint: Some("is a service manager of this user running? without one every command starts the daemon".to_owned()),
        ..ConnectError::default()
    })
}

fn failed(fact: &str, error: &io::Error) -> ConnectError {
    ConnectError { fact: format!("{fact}: {error}"), ..ConnectError::default() }
}
