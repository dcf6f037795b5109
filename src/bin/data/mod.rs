//! `server data`: copies of what is kept, and the way back. The server need not run for it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chinwag::store;
use getopts::Matches;

use crate::args;
use crate::command_line::run_task;
use crate::keeping;

const HELP: &str = "\
Looks after the directory in which a server keeps what is said.

server data backup FILE   copies all that is kept to a new file, while a server runs or not, and checks the copy
server data restore FILE  puts such a copy in its place, while no server runs; what is there is moved aside

      --data DIR    the directory, as the server has it    [CHAT_DATA]
  -h, --help    -V, --version

Exit status: 0 when it is done; 1 when it cannot be done, and nothing was changed; 2 for a wrong command line.
";

/// What to do with a directory.
struct Task {
    act: Act,
    dir: PathBuf,
}

enum Act {
    Backup(PathBuf),
    Restore(PathBuf),
}

/// Does what the command line says, and tells the outcome.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    run_task("data", HELP, args, task, Task::run)
}

fn task(matches: &Matches) -> Result<Task, String> {
    const ACTS: &str = "data takes backup FILE or restore FILE";
    let words: Vec<&str> = matches.free.iter().map(String::as_str).collect();
    let act = match words[..] {
        [] => return Err(ACTS.into()),
        ["backup", file] => Act::Backup(file.into()),
        ["restore", file] => Act::Restore(file.into()),
        [act @ ("backup" | "restore")] => return Err(format!("data {act} takes a file")),
        ["backup" | "restore", _, extra, ..] => {
            return Err(format!("unexpected argument '{extra}'"));
        }
        [other, ..] => return Err(format!("{ACTS}, not '{other}'")),
    };
    match keeping::directory(matches)? {
        Some(dir) => Ok(Task {
            act,
            dir: dir.into(),
        }),
        None => Err(format!(
            "data {} needs a directory; give --data DIR",
            words[0]
        )),
    }
}

impl Task {
    /// Does it. Returns a sentence with a line end, or one without if it cannot be done.
    fn run(&self) -> Result<String, String> {
        keeping::check_kind(&self.dir)?;
        let dir = &self.dir;
        match &self.act {
            Act::Backup(file) => match store::backup(dir, file) {
                Ok(lines) => Ok(copied(lines, file)),
                Err(why) => Err(keeping::sentence(&why)),
            },
            Act::Restore(file) => {
                let aside = store::restore(dir, file);
                let aside = aside.map_err(|why| keeping::sentence(&why))?;
                give_to_owner(dir).map_err(|why| {
                    let (dir, why) = (dir.display(), args::cause(&why));
                    format!("{dir} is restored, but its files cannot be given to its owner: {why}")
                })?;
                Ok(restored(file, dir, aside.as_deref()))
            }
        }
    }
}

/// Gives the files of a directory to the owner of the directory. Where root restores the directory of a service, the
/// service could not read them otherwise.
pub(crate) fn give_to_owner(dir: &Path) -> io::Result<()> {
    let owner = fs::metadata(dir)?;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_ours = name == b"lock" || name.starts_with(b"chinwag.db");
        if is_ours && fs::symlink_metadata(&path)?.uid() != owner.uid() {
            lchown(&path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}

fn copied(lines: u64, file: &Path) -> String {
    let lines = match lines {
        1 => "1 line".into(),
        lines => format!("{} lines", in_thousands(lines)),
    };
    format!("Copied {lines} to {}.\n", file.display())
}

fn restored(file: &Path, dir: &Path, aside: Option<&Path>) -> String {
    let (file, dir) = (file.display(), dir.display());
    match aside {
        None => format!("Restored {dir} from {file}.\n"),
        Some(aside) => {
            let aside = aside.display();
            format!("Restored {dir} from {file}; what was there is in {aside}.\n")
        }
    }
}

/// A number with commas, as people read it.
fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_people_read_numbers() {
        for (lines, text) in [
            (0, "Copied 0 lines to x.\n"),
            (1, "Copied 1 line to x.\n"),
            (999, "Copied 999 lines to x.\n"),
            (4711, "Copied 4,711 lines to x.\n"),
            (1_234_567, "Copied 1,234,567 lines to x.\n"),
        ] {
            assert_eq!(copied(lines, Path::new("x")), text);
        }
    }
}
