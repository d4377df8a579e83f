//! Where lines go: data to standard output (through a pager when it is taller than the screen), talk to standard error.

mod pager;
mod style;
mod table;

use std::io::Write;

pub(crate) use pager::command_line as pager_command;
pub(crate) use style::{ColorChoice, Style, locale_is_ascii};
pub(crate) use table::{Align, Cell, Table};

use crate::failure::Failure;
use crate::format::cells;
use crate::host::Terminal;
use pager::Pager;

/// Bytes gathered before they are written.
const BUFFER: usize = 64 * 1024;

/// The output of one command.
///
/// Everything is gathered and written at once; only what grows beyond a buffer's size goes out earlier. Talk waits for
/// the end so that it never stands between data.
pub(crate) struct Output<'h> {
    stdout: &'h mut dyn Write,
    stderr: &'h mut dyn Write,
    terminal: Terminal,
    buffer: String,
    /// Rows of the screen that the buffer takes.
    rows: usize,
    /// The command line of the pager, while paging is still possible.
    pager_command: Option<String>,
    pager: Option<Pager>,
    talk: String,
}

impl<'h> Output<'h> {
    pub(crate) fn new(
        stdout: &'h mut dyn Write,
        stderr: &'h mut dyn Write,
        terminal: Terminal,
        pager_command: Option<String>,
    ) -> Self {
        let pager_command = pager_command.filter(|_| terminal.stdout && terminal.height.is_some());
        Self {
            stdout,
            stderr,
            terminal,
            buffer: String::new(),
            rows: 0,
            pager_command,
            pager: None,
            talk: String::new(),
        }
    }

    /// Whether data goes to somebody's eyes.
    pub(crate) fn to_terminal(&self) -> bool {
        self.terminal.stdout
    }

    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Adds a line of data.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.buffer.push_str(line);
        self.buffer.push('\n');
        if self.pager_command.is_some() {
            self.rows += 1 + visible_cells(line).saturating_sub(1) / self.terminal.width.max(1);
            if self.terminal.height.is_some_and(|height| self.rows >= height) {
                self.start_pager();
            }
        }
        // What may still be paged is held back, for at most a screen of it.
        if self.buffer.len() >= BUFFER && self.pager_command.is_none() {
            self.write_out()?;
        }
        Ok(())
    }

    /// Adds a line of talk, told on standard error after the data.
    pub(crate) fn talk(&mut self, line: &str) {
        self.talk.push_str(line);
        self.talk.push('\n');
    }

    /// Adds a sentence of talk, broken between words where it is longer than the screen is wide.
    pub(crate) fn talk_wrapped(&mut self, sentence: &str) {
        if self.terminal.stderr {
            for line in cells::wrap(sentence, self.terminal.width) {
                self.talk(&line);
            }
        } else {
            self.talk(sentence);
        }
    }

    /// Writes out everything gathered, and from now on writes without a pager.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        if self.pager.is_none() {
            self.pager_command = None;
        }
        self.write_out()?;
        if !self.talk.is_empty() && self.pager.is_none() {
            let talk = std::mem::take(&mut self.talk);
            self.say(&talk);
        }
        Ok(())
    }

    /// Writes to standard error at once.
    pub(crate) fn say(&mut self, text: &str) {
        // Where standard error is closed there is nobody to be told.
        self.stderr.write_all(text.as_bytes()).and_then(|()| self.stderr.flush()).ok();
    }

    /// Ends the output: everything is written, and the pager has been left.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        if let Some(mut pager) = self.pager.take() {
            // In the pager data and talk are one text.
            self.buffer.push_str(&std::mem::take(&mut self.talk));
            let written = pager.write(self.buffer.as_bytes());
            self.buffer.clear();
            pager.wait();
            return written;
        }
        self.flush()
    }

    fn start_pager(&mut self) {
        if let Some(command) = self.pager_command.take() {
            // Without a pager the text simply scrolls by.
            self.pager = Pager::start(&command);
        }
    }

    fn write_out(&mut self) -> Result<(), Failure> {
        let buffer = std::mem::take(&mut self.buffer);
        match &mut self.pager {
            Some(pager) => pager.write(buffer.as_bytes()),
            None if buffer.is_empty() => Ok(()),
            None => {
                self.stdout.write_all(buffer.as_bytes())?;
                Ok(self.stdout.flush()?)
            }
        }
    }
}

/// Cells of a line without its colours.
fn visible_cells(line: &str) -> usize {
    let mut visible = 0;
    for (index, part) in line.split('\u{1b}').enumerate() {
        let shown = if index == 0 { part } else { part.split_once('m').map_or(part, |(_, shown)| shown) };
        visible += cells::cells(shown);
    }
    visible
}
