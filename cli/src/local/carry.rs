//! Carrying bytes between this process's standard streams and the daemon's socket.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

/// Bytes carried at once.
const PIECE: usize = 64 << 10;
/// How long a client that has taken its leave may take to end its input: until then nobody can tell which side left.
const LEAVE_TIME: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client said all, and has all the answers; or it is gone.
    Client,
    /// The daemon closed the connection while the client was there.
    Daemon,
}

/// Carries in both directions until both are done. What the client sent last is answered before it ends.
pub(super) fn carry(stream: &UnixStream) -> io::Result<End> {
    let (input, mut output) = (own(&io::stdin())?, own(&io::stdout())?);
    let (client_ended, when_client_ended) = mpsc::channel();
    let to_daemon = stream.try_clone()?;
    let sending = move || {
        // Whichever side is gone, the other direction tells it.
        if copy(input, &to_daemon).is_ok() {
            client_ended.send(()).ok();
        }
        to_daemon.shutdown(Shutdown::Write).ok();
    };
    // It is not waited for: when the daemon is gone it may hang in reading what nobody will type.
    std::thread::Builder::new().name("carry".into()).spawn(sending)?;
    match copy(stream, &mut output) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(End::Client),
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error),
        Ok(()) | Err(_) => {}
    }
    Ok(if when_client_ended.recv_timeout(LEAVE_TIME).is_ok() { End::Client } else { End::Daemon })
}

/// A handle of our own, beside the locks of the standard library's.
fn own(stream: &impl AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

/// Passes on what comes as soon as it comes.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(&piece[..read])?;
    }
}
