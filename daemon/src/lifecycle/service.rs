//! What a service manager is given to start the daemon at log-in: a systemd user unit, a launchd agent.

use std::{fmt::Write, path::Path};

use opensession_protocol::client::ALLOCATOR_TUNABLES;

/// The file name of the systemd user unit, below `~/.config/systemd/user/`.
pub const SYSTEMD_UNIT: &str = "opensession.service";
/// The label of the launchd agent; its file is `~/Library/LaunchAgents/<label>.plist`.
pub const LAUNCHD_LABEL: &str = "org.opensession.daemon";

/// The text of a systemd user unit that runs `program daemon run`.
pub fn systemd_unit(program: &Path) -> String {
    format!(
        "\
[Unit]
Description=OpenSession: finds, keeps and searches the sessions of coding agents
Documentation=https://github.com/opensession/opensession

[Service]
ExecStart={} daemon run
Environment=GLIBC_TUNABLES={ALLOCATOR_TUNABLES}
Restart=on-failure
RestartSec=5
# Another daemon is at work: nothing to restart.
RestartPreventExitStatus=75
SuccessExitStatus=75
TimeoutStopSec=20
UMask=0077
NoNewPrivileges=true
Nice=5

[Install]
WantedBy=default.target
",
        systemd_quoted(program)
    )
}

/// The text of a launchd agent that runs `program daemon run`; its own output goes to `log`.
pub fn launchd_plist(program: &Path, log: &Path) -> String {
    let (program, log) = (xml_escaped(program), xml_escaped(log));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LAUNCHD_LABEL}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{program}</string>
    <string>daemon</string>
    <string>run</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>5</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>StandardErrorPath</key>
  <string>{log}</string>
  <key>Umask</key>
  <integer>63</integer>
</dict>
</plist>
"#
    )
}

/// A path as a word of a unit's command line: in quotes, with what systemd reads in them written out (systemd.service(5),
/// "Command lines").
fn systemd_quoted(path: &Path) -> String {
    let mut quoted = String::from("\"");
    for character in path.to_string_lossy().chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' | '$' => quoted.extend([character, character]),
            character if character.is_control() => {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    write!(quoted, "\\x{byte:02x}").expect("a String takes everything");
                }
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn xml_escaped(path: &Path) -> String {
    path.to_string_lossy().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    #[test]
    fn quotes_paths() {
        let unit = systemd_unit(Path::new("/home/ada/my \"tools\"/100%/$x/opensession"));
        assert!(unit.contains(r#"ExecStart="/home/ada/my \"tools\"/100%%/$$x/opensession" daemon run"#), "{unit}");
        let plist = launchd_plist(Path::new("/a&b/<c>"), Path::new("/log"));
        assert!(plist.contains("<string>/a&amp;b/&lt;c&gt;</string>"), "{plist}");
    }

    #[test]
    fn systemd_takes_the_unit() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("with space");
        fs::copy("/bin/true", &program).unwrap();
        let unit = directory.path().join(SYSTEMD_UNIT);
        fs::write(&unit, systemd_unit(&program)).unwrap();
        let Ok(output) = Command::new("systemd-analyze").args(["verify", "--user", "--man=no"]).arg(&unit).output()
        else {
            println!("skipped: there is no systemd-analyze");
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        // Other units of the machine are none of our business.
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("opensession")).collect();
        assert!(ours.is_empty(), "{said}");
    }
}
